//! The searches in files, folders and standard input: as they stand in `.spl`, under `search:` in
//! content, or as `search =` in a `.conf` of saved searches.

use crate::apps::AppArgs;
use crate::content::{self, Loaded};
use crate::exit::Exit;
use crate::settings::usage;
use davy_conf::Conf;
use davy_content::{InputFile, load};
use davy_diag::{Diagnostic, Diagnostics, FileId, Piece};
use davy_exec::VisitedFolders;
use davy_spl::codes::NOT_UTF8;
use std::collections::{BTreeSet, HashSet};
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A search to look at.
pub(super) struct Text {
    pub(super) file: FileId,
    /// All fields that its events can have, where the content tells.
    pub(super) fields: Option<Vec<String>>,
}

/// The searches at some paths, with the content around them.
pub(super) struct Opened {
    pub(super) loaded: Loaded,
    pub(super) texts: Vec<Text>,
    /// The YAML files among the paths, in full.
    pub(super) wanted: HashSet<PathBuf>,
    /// Bytes that are no text, lines that are no settings.
    pub(super) garbled: Diagnostics,
}

/// Loads the content, adds what the paths hold to it, and gives the searches at the paths. A file of
/// saved searches stands in an app, whose macros it may use, and a detection in a content, likewise.
pub(super) fn open(paths: &[String], content: &[String]) -> Result<Opened, Exit> {
    let mut below = Vec::new();
    for path in paths.iter().filter(|p| *p != "-") {
        let mut found = Vec::new();
        walk(Path::new(path), &mut found).map_err(|e| usage(&format!("{path}: {e}")))?;
        below.push(found);
    }
    let mut app: Vec<PathBuf> =
        below.iter().flatten().filter(|f| is_conf(f)).filter_map(|f| app_of(f)).collect();
    app.dedup();
    let apps = AppArgs { app, ..AppArgs::default() };
    let mut content = content.to_vec();
    let yaml = below.iter().flatten().filter(|f| is_yaml(f));
    let folders: BTreeSet<&Path> = yaml.filter_map(|f| f.parent()).collect();
    for around in folders.into_iter().filter_map(content_of) {
        if !content.iter().any(|known| canonical(known) == around) {
            content.push(around.display().to_string());
        }
    }
    let mut loaded = content::open_with(&content, &apps, true)?;
    let mut below = below.into_iter();
    let mut texts = Vec::new();
    let mut yaml = Vec::new();
    let known: HashSet<PathBuf> = paths_of(&loaded).map(canonical).collect();
    // A file of a folder that was loaded was read as all of it was, whatever came of it.
    let loaded_from: Vec<PathBuf> = content.iter().map(canonical).collect();
    let is_known = |place: &PathBuf| {
        known.contains(place) || loaded_from.iter().any(|folder| place.starts_with(folder))
    };
    let mut wanted = HashSet::new();
    let mut garbled = Diagnostics::default();
    for path in paths {
        if path == "-" {
            let Bytes { text, garbled: place } = stdin()?;
            let file = loaded.sources.add("standard input", text);
            place.into_iter().for_each(|place| garbled.push(not_utf8(file, place)));
            texts.push(Text { file, fields: None });
            continue;
        }
        for file in below.next().into_iter().flatten() {
            let place = canonical(&file);
            let Bytes { text, garbled: bad } = text_of(&file)?;
            let name = file.display().to_string();
            if let Some(bad) = bad {
                let file = loaded.sources.add(name.as_str(), text.as_str());
                garbled.push(not_utf8(file, bad));
            }
            if is_conf(&file) {
                texts.extend(saved(&name, &text, &mut loaded, &mut garbled));
            } else if !is_yaml(&file) {
                texts.push(Text { file: loaded.sources.add(name, text), fields: None });
            } else if wanted.insert(place.clone()) && !is_known(&place) {
                yaml.push(InputFile { path: name, text });
            }
        }
    }
    let Loaded { content, sources, diags, .. } = &mut loaded;
    content.layer(load(yaml, sources, diags));
    texts.extend(in_content(&loaded, &wanted));
    Ok(Opened { loaded, texts, wanted, garbled })
}

/// The folder of the app around a file of settings, or that of the file where macros lie beside it.
fn app_of(conf: &Path) -> Option<PathBuf> {
    let place = canonical(conf);
    let folder = place.parent()?;
    let layer = folder.file_name().is_some_and(|n| n == "default" || n == "local");
    match layer {
        true => folder.parent().map(Path::to_path_buf),
        false => folder.join("macros.conf").is_file().then(|| folder.to_path_buf()),
    }
}

/// The folder of the content around a folder of detections or baselines: it has macros too.
fn content_of(folder: &Path) -> Option<PathBuf> {
    let kinds = ["detections", "baselines"];
    let inside = |folder: &&Path| {
        folder.file_name().is_some_and(|name| kinds.iter().any(|kind| name == *kind))
    };
    let folder = canonical(folder);
    let root = folder.ancestors().find(inside).and_then(Path::parent)?;
    root.join("macros").is_dir().then(|| root.to_path_buf())
}

/// The searches of a file of saved searches.
fn saved(name: &str, text: &str, loaded: &mut Loaded, found: &mut Diagnostics) -> Vec<Text> {
    let Loaded { sources, .. } = loaded;
    let conf = Conf::read(name, text, sources, found);
    let mut texts = Vec::new();
    for stanza in conf.stanzas() {
        let Some(search) = stanza.setting("search").map(|s| &s.value) else { continue };
        let whole = Piece { out: 0..search.value.len(), from: search.span, calls: Vec::new() };
        let title = format!("{name} [{}]", stanza.name.value);
        let file = sources.add_derived(title, search.value.as_str(), vec![whole]);
        texts.push(Text { file, fields: None });
    }
    texts
}

/// The searches of the wanted files.
fn in_content(loaded: &Loaded, wanted: &HashSet<PathBuf>) -> Vec<Text> {
    let content = &loaded.content;
    let is_wanted = |path: &str| wanted.contains(&canonical(Path::new(path)));
    let mut texts = Vec::new();
    for detection in content.detections().iter().filter(|d| is_wanted(&d.path)) {
        let fields = davy_lsp::source_fields(detection, content, &loaded.base);
        texts.push(Text { file: detection.search.span.file, fields });
    }
    let others = content.baselines().iter().map(|b| (&b.path, &b.search));
    for (_, search) in others.filter(|(path, _)| is_wanted(path)) {
        texts.push(Text { file: search.span.file, fields: None });
    }
    texts
}

fn paths_of(loaded: &Loaded) -> impl Iterator<Item = &Path> {
    let content = &loaded.content;
    let detections = content.detections().iter().map(|d| &d.path);
    detections.chain(content.baselines().iter().map(|b| &b.path)).map(Path::new)
}

pub(super) fn canonical(path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

pub(super) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "yml" || e == "yaml")
}

pub(super) fn is_conf(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "conf")
}

/// What was read as a text.
pub(super) struct Bytes {
    pub(super) text: String,
    /// Where in it the first bytes stood that are no UTF-8.
    pub(super) garbled: Option<Range<usize>>,
}

impl From<Vec<u8>> for Bytes {
    fn from(mut bytes: Vec<u8>) -> Self {
        // Editors on Windows begin a file with this mark.
        if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        match String::from_utf8(bytes) {
            Ok(text) => Bytes { text, garbled: None },
            Err(e) => {
                let at = e.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(e.as_bytes()).into_owned();
                // The sign that stands for them.
                let garbled = Some(at..at + char::REPLACEMENT_CHARACTER.len_utf8());
                Bytes { text, garbled }
            }
        }
    }
}

pub(super) fn not_utf8(file: FileId, place: Range<usize>) -> Diagnostic {
    NOT_UTF8
        .at(file.span(place), "these bytes are no UTF-8")
        .help("save the text as UTF-8: `iconv -f latin1 -t utf-8` makes it of Latin-1")
}

pub(super) fn text_of(path: &Path) -> Result<Bytes, Exit> {
    let bytes = std::fs::read(path).map_err(|e| usage(&format!("{}: {e}", path.display())))?;
    Ok(bytes.into())
}

pub(super) fn stdin() -> Result<Bytes, Exit> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|e| usage(&format!("standard input: {e}")))?;
    Ok(bytes.into())
}

const MAX_DEPTH: usize = 16;

/// A file that was named, whatever it is called; below a folder, `.spl`, YAML and saved searches.
pub(super) fn walk(path: &Path, out: &mut Vec<PathBuf>) -> std::io::Result<()> {
    match path.metadata()?.is_dir() {
        true => walk_folder(path, out, &mut VisitedFolders::default(), 0),
        false => {
            out.push(path.to_path_buf());
            Ok(())
        }
    }
}

fn walk_folder(
    path: &Path,
    out: &mut Vec<PathBuf>,
    visited: &mut VisitedFolders,
    depth: usize,
) -> std::io::Result<()> {
    if depth > MAX_DEPTH || !visited.visit(path)? {
        return Ok(());
    }
    let mut children: Vec<PathBuf> = std::fs::read_dir(path)?.flatten().map(|e| e.path()).collect();
    children.sort();
    for child in children {
        let hidden = child.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        // A link that leads nowhere below a folder is no reason to stop.
        let Ok(meta) = child.metadata() else { continue };
        let spl = child.extension().is_some_and(|e| e == "spl");
        let saved = child.file_name().is_some_and(|n| n == "savedsearches.conf");
        if hidden {
            continue;
        } else if meta.is_dir() {
            walk_folder(&child, out, visited, depth + 1)?;
        } else if meta.is_file() && (spl || saved || is_yaml(&child)) {
            out.push(child);
        }
    }
    Ok(())
}
