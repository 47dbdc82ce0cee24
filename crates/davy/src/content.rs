//! Content from the built-in pack and from folders, later ones over earlier ones.

use crate::apps;
use crate::cache::{self, Cache};
use crate::exit::Exit;
use crate::folders::{self, Found, MAX_DEPTH};
use crate::geo::Database;
use clap::Args;
use davy_app::{App, Context};
use davy_content::model::LookupStore;
use davy_content::{Attack, Content, Detection, Hash, Trees, builtin_pack, load_with};
use davy_detect::{Cells, Compiled, ContentKnowledge, Keeper, World};
use davy_diag::{Diagnostics, Severity, SourceMap, render};
use davy_exec::{Session, VisitedFolders};
use davy_knowledge::{Base, Text};
use davy_plan::{Geo, Knowledge};
use std::collections::{HashMap, HashSet};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Content with its texts.
pub(crate) struct Loaded {
    pub(crate) content: Content,
    pub(crate) sources: SourceMap,
    pub(crate) diags: Diagnostics,
    folders: Vec<PathBuf>,
    pub(crate) base: Arc<Base>,
    pub(crate) apps: Vec<App>,
    geo: Option<Arc<dyn Geo>>,
    store: Option<Arc<dyn Keeper>>,
    cache: Option<Cache>,
    /// Add-ons or models of the user's have mistakes. They have been shown.
    flawed: bool,
    /// What is kept of its searches, and the content that it holds for.
    compiled: Option<([u8; 32], Compiled)>,
}

/// The built-in pack, and folders over it.
pub(crate) struct Layers {
    pub(crate) content: Content,
    pub(crate) sources: SourceMap,
    pub(crate) diags: Diagnostics,
    /// All names and texts, as a number.
    pub(crate) seal: Hash,
}

/// Which content stands over the built-in pack.
#[derive(Args, Default)]
pub(crate) struct ContentArgs {
    /// A folder in the layout of ESCU: detections, macros, lookups, stories, data sources,
    /// deployments, add-ons, models. May be repeated; later ones win.
    #[arg(long, value_name = "DIR")]
    pub(crate) content: Vec<String>,
    #[command(flatten)]
    apps: apps::AppArgs,
}

impl ContentArgs {
    /// Loads the pack, then each folder or file, and apps over them.
    pub(crate) fn open(&self) -> Result<Loaded, Exit> {
        open_with(&self.content, &self.apps, false)
    }
}

/// Loads the pack and then each folder or file.
pub(crate) fn open(paths: &[String]) -> Result<Loaded, Exit> {
    open_with(paths, &apps::AppArgs::default(), false)
}

/// As [`open`], for folders that may have nothing in them yet.
pub(crate) fn open_to_write(paths: &[String]) -> Result<Loaded, Exit> {
    load_all(paths, &apps::AppArgs::default(), false, true)
}

/// Loads the pack, then each folder or file, and apps over them. What of the apps cannot be
/// honoured is counted, unless it is `listed`.
pub(crate) fn open_with(
    paths: &[String],
    over: &apps::AppArgs,
    listed: bool,
) -> Result<Loaded, Exit> {
    load_all(paths, over, listed, false)
}

fn load_all(
    paths: &[String],
    over: &apps::AppArgs,
    listed: bool,
    may_be_bare: bool,
) -> Result<Loaded, Exit> {
    let folders: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    let mut texts = Vec::new();
    // Of which something must come, since what stands in them is of no use otherwise.
    let mut needed = Vec::new();
    for (path, root) in paths.iter().zip(&folders) {
        let before = texts.len();
        knowledge_texts(root, &mut texts).map_err(|e| unreadable(path, &e))?;
        needed.push(!may_be_bare && texts.len() == before && tables(root).next().is_none());
    }
    let entities = crate::entities::texts(over.assets.as_deref(), over.identities.as_deref());
    texts.extend(entities.map_err(|e| crate::settings::usage(&e))?);
    let store: Option<Arc<dyn Keeper>> = match &over.lookups {
        None => None,
        Some(folder) => {
            let store = crate::store::Store::open(folder).map_err(|e| {
                crate::settings::usage(&format!("--lookups {}: {e}", folder.display()))
            })?;
            Some(Arc::new(store))
        }
    };
    let cache = Cache::open(paths);
    let kept = cache.as_ref();
    // None needs another, and each has much to do that no second core can help with.
    let ((layers, compiled), (mut base, mistakes)) = rayon::join(
        || rayon::join(|| layers(paths, &needed, kept), || kept.and_then(Cache::compiled)),
        || base(kept, &texts),
    );
    let Layers { mut content, mut sources, mut diags, seal } = layers?;
    let mut flawed = show(base.sources(), &mistakes, true);
    let mut apps = Vec::new();
    let geo: Option<Arc<dyn Geo>> = match &over.mmdb {
        None => None,
        Some(path) => {
            let database = Database::open(path)
                .map_err(|e| crate::settings::usage(&format!("--mmdb {}: {e}", path.display())))?;
            Some(Arc::new(database))
        }
    };
    for path in &over.app {
        let files = apps::open(path)?;
        let (sources, diags) = (&mut sources, &mut diags);
        let context = Context { sources, base: &mut base, content: &content, diags };
        let app = davy_app::read(&files, context);
        app.install(&mut content, &mut base);
        if !listed {
            apps::summary(&app, path);
        }
        apps.push(app);
    }
    sources.share();
    let compiled = cache.as_ref().and_then(|_| {
        let seal = cache::seal(&seal, &texts, &folders, over)?;
        let known = compiled.filter(|(known, _)| *known == seal);
        Some((seal, known.map(|(_, compiled)| compiled).unwrap_or_default()))
    });
    let base = Arc::new(base);
    if !texts.is_empty() {
        let own: HashSet<&str> = texts.iter().map(|text| text.name.as_str()).collect();
        let env = Arc::new(davy_plan::Env::default());
        let mistakes = davy_exec::check_files(&base, &env, &|name| own.contains(name));
        flawed |= show(base.sources(), &mistakes, true);
    }
    Ok(Loaded { content, sources, diags, folders, base, apps, geo, store, cache, flawed, compiled })
}

/// The built-in pack, and each folder or file over those before.
fn layers(paths: &[String], needed: &[bool], cache: Option<&Cache>) -> Result<Layers, Exit> {
    let now = SystemTime::now();
    let list = |path: &String| {
        let found = folders::list(Path::new(path), cache.is_some());
        found.map_err(|e| unreadable(path, &e))
    };
    // Content is decoded while its files are looked at: nearly always they are as they were.
    let (found, kept) = rayon::join(
        || paths.iter().map(list).collect::<Result<Vec<_>, Exit>>(),
        || cache.and_then(Cache::content),
    );
    let found = found?;
    for ((path, found), needed) in paths.iter().zip(&found).zip(needed) {
        if *needed && found.is_empty() {
            return Err(nothing_in(path));
        }
    }
    let places = || paths.iter().zip(needed).map(|(path, needed)| needed.then_some(path.as_str()));
    let Some(cache) = cache else { return read_layers(&found, places(), None) };
    if let Some(layers) = kept.and_then(|kept| cache.same(kept, &found, now)) {
        return Ok(layers);
    }
    let trees = cache.trees();
    let mut layers = read_layers(&found, places(), Some(&trees))?;
    layers.seal = trees.seal();
    rayon::join(|| cache.keep_trees(&trees), || cache.keep_content(&layers, &trees, &found, now));
    Ok(layers)
}

/// `needed` gives the path of each folder or file of which something must come.
fn read_layers<'p>(
    found: &[Vec<Found>],
    needed: impl Iterator<Item = Option<&'p str>>,
    trees: Option<&Trees>,
) -> Result<Layers, Exit> {
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let mut content = load_with(builtin_pack(), &mut sources, &mut diags, trees);
    for (files, needed) in found.iter().zip(needed) {
        let files = folders::read_all(files)
            .map_err(|(path, e)| crate::settings::usage(&format!("{}: {e}", path.display())))?;
        let mut own = Diagnostics::default();
        let layer = load_with(files, &mut sources, &mut own, trees);
        // What could not be read is told as such.
        if let Some(path) = needed
            && layer.is_empty()
            && !own.has_errors()
        {
            return Err(nothing_in(path));
        }
        content.layer(layer);
        diags.extend(own);
    }
    Ok(Layers { content, sources, diags, seal: Hash::default() })
}

/// What is built in, and the user's own over it.
fn base(cache: Option<&Cache>, texts: &[Text]) -> (Base, Diagnostics) {
    let mut mistakes = Diagnostics::default();
    let Some(cache) = cache else { return (Base::load(texts, &mut mistakes), mistakes) };
    let built_in = cache.base().unwrap_or_else(|| {
        let built_in = Base::load(&[], &mut mistakes);
        cache.keep_base(&built_in);
        built_in
    });
    if texts.is_empty() {
        return (built_in, mistakes);
    }
    (built_in.load_over(texts, &mut mistakes), mistakes)
}

/// A hunt without the detections that were meant looks like a clean machine.
fn nothing_in(path: &str) -> Exit {
    crate::settings::usage(&format!(
        "content {path}: there is none; name a folder that holds detections, macros, lookups, \
         stories, data_sources, deployments, addons or models, or a YAML file of one of them"
    ))
}

fn unreadable(path: &str, error: &std::io::Error) -> Exit {
    tell!("davy: --content {path}: {error}");
    Exit::Usage
}

impl Loaded {
    /// What every run of a detection shares.
    pub(crate) fn world<'a>(
        &'a self,
        attack: &'a Attack,
        session: &'a Session,
        knowledge: &'a dyn Knowledge,
    ) -> World<'a> {
        World {
            content: &self.content,
            attack,
            session,
            knowledge,
            sources: &self.sources,
            compiled: self.compiled.as_ref().map(|(_, compiled)| compiled),
        }
    }

    /// Leaves it to the end of the process, which frees it in no time: for a command that is about
    /// to end. Kept lookups are closed as they should be.
    pub(crate) fn leave(self) {
        if self.store.is_none() {
            std::mem::forget(self);
        }
    }

    /// Keeps what was learnt of the searches for the next run.
    pub(crate) fn keep(&self) {
        if let (Some(cache), Some((seal, compiled))) = (&self.cache, &self.compiled) {
            cache.keep_compiled(seal, compiled);
        }
    }

    /// The macros, saved searches and lookup tables of the content.
    pub(crate) fn knowledge(&self) -> ContentKnowledge<'_> {
        let mut knowledge = ContentKnowledge::new(&self.content).with_base(self.base.clone());
        if let Some(geo) = &self.geo {
            knowledge = knowledge.with_geo(geo.clone());
        }
        if let Some(store) = &self.store {
            knowledge = knowledge.with_keeper(store.clone());
        }
        // Tables are read when a search asks for them: a content has many, and some are large. Files
        // are there by their own names too, whether or not a definition names them.
        let mut files: HashMap<String, PathBuf> = HashMap::new();
        for folder in &self.folders {
            for path in tables(folder) {
                if let Some(name) = path.file_name() {
                    files.insert(name.to_string_lossy().into_owned(), path);
                }
            }
        }
        for (name, path) in &files {
            let path = path.clone();
            knowledge.add_table_later(name, move || table(&path));
        }
        for lookup in self.content.lookups() {
            if let LookupStore::KeyValue { fields, .. } = &lookup.store {
                // A collection that nothing has filled is there, and empty. Where its fields are
                // not told, those of a shipped table of the name are.
                let shipped = self.base.table(&lookup.name.value).is_some();
                if !(fields.is_empty() && shipped) {
                    knowledge.add_table(&lookup.name.value, fields.clone(), Vec::new());
                }
            } else if let Some(path) = lookup_file(lookup).and_then(|file| files.get(&file)) {
                let path = path.clone();
                knowledge.add_table_later(&lookup.name.value, move || table(&path));
            }
        }
        for app in &self.apps {
            for (name, table) in app.named_tables() {
                let table = table.clone();
                knowledge
                    .add_table_later(name, move || Some((table.names.clone(), table.rows.clone())));
            }
            for saved in &app.saved {
                knowledge.add_saved_search(&saved.name, &saved.search);
            }
            for (name, settings) in &app.transactions {
                knowledge.add_transaction_type(name, settings.clone());
            }
        }
        knowledge
    }

    /// The detection of this name, id or file; says what is wrong where there is none. `told` says
    /// that the content's mistakes have been shown.
    pub(crate) fn detection(&self, name: &str, told: bool) -> Result<&Detection, Exit> {
        let show_content = || {
            if !told {
                self.report(false);
            }
        };
        if Path::new(name).is_file() {
            // What is given as a file must not be mistaken for another of its name.
            let mut all = self.content.detections().iter();
            return all.rfind(|d| Path::new(&d.path) == Path::new(name)).ok_or_else(|| {
                show_content();
                crate::settings::usage(&format!("{name} holds no detection that can be read"))
            });
        }
        self.content.find_detection(name).map_err(|diagnostic| {
            show_content();
            let mut diags = Diagnostics::default();
            diags.push(*diagnostic);
            show(&self.sources, &diags, true);
            Exit::Usage
        })
    }

    /// Shows the content's mistakes; gives whether any is an error, in add-ons and models too.
    pub(crate) fn report(&self, warnings: bool) -> bool {
        show(&self.sources, &self.diags, warnings) || self.flawed
    }
}

/// Shows diagnostics on standard error; gives whether any is an error.
pub(crate) fn show(sources: &SourceMap, diags: &Diagnostics, warnings: bool) -> bool {
    let color = std::io::stderr().is_terminal();
    for diagnostic in diags.sorted() {
        if warnings || diagnostic.severity == Severity::Error {
            tell!("{}", render::text(sources, diagnostic, color).trim_end_matches('\n'));
        }
    }
    diags.has_errors()
}

/// The files of lookup tables in a content folder.
fn tables(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder.join("lookups")).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path()).filter(|path| path.is_file());
    files.filter(|path| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")))
}

fn lookup_file(lookup: &davy_content::model::Lookup) -> Option<String> {
    match &lookup.store {
        LookupStore::Csv { file } => Some(file.clone()),
        _ => None,
    }
}

/// The table of a file; a file that cannot be read is told.
fn table(path: &Path) -> Option<Cells> {
    let read = read_csv(path);
    read.map_err(|e| tell!("davy: the lookup {} cannot be read: {e}", path.display())).ok()
}

/// Bytes that are no UTF-8 are replaced.
fn read_csv(path: &Path) -> Result<Cells, csv::Error> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path)?;
    let text = |cell: &[u8]| String::from_utf8_lossy(cell).into_owned();
    // As in apps: a blank before a name in the header is no part of the name.
    let names = reader.byte_headers()?.iter().map(|n| text(n).trim().to_owned()).collect();
    let mut cells = Vec::new();
    for record in reader.byte_records() {
        cells.push(record?.iter().map(text).collect());
    }
    Ok((names, cells))
}

/// A folder's own add-ons, lookup tables of add-ons, and data models.
fn knowledge_texts(root: &Path, out: &mut Vec<Text>) -> std::io::Result<()> {
    for (folder, endings) in
        [("addons", &["yml", "yaml", "csv"][..]), ("models", &["yml", "yaml"][..])]
    {
        let mut files = Vec::new();
        let folder = root.join(folder);
        if folder.is_dir() {
            files_below(&folder, &mut files, &mut VisitedFolders::default(), 0)?;
        }
        for file in files {
            let ending = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
            if endings.contains(&ending) {
                let bytes = std::fs::read(&file)?;
                let text = String::from_utf8_lossy(&bytes).into_owned();
                out.push(Text { name: file.display().to_string(), text });
            }
        }
    }
    Ok(())
}

/// The files of a folder and of those in it, in the order of their names.
fn files_below(
    folder: &Path,
    out: &mut Vec<PathBuf>,
    visited: &mut VisitedFolders,
    depth: usize,
) -> std::io::Result<()> {
    if depth > MAX_DEPTH || !visited.visit(folder)? {
        return Ok(());
    }
    let mut children: Vec<PathBuf> =
        std::fs::read_dir(folder)?.flatten().map(|e| e.path()).collect();
    children.sort();
    for child in children {
        let hidden = child.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        match child.is_dir() {
            _ if hidden => {}
            true => files_below(&child, out, visited, depth + 1)?,
            false => out.push(child),
        }
    }
    Ok(())
}
