//! From texts to [`Content`]: one pass over each file, all mistakes at once.

mod detection;
mod knowledge;
mod risk;
mod trees;

pub use trees::{Hash, Trees, hash};

use crate::codes;
use crate::content::Content;
use crate::yaml::{self, Keys, Node, Reader};
use davy_diag::{Diagnostics, FileId, SourceFile, SourceMap, Spanned};
use rayon::prelude::*;

/// A file's text under the name it is known by.
#[derive(Debug, Clone)]
pub struct InputFile {
    pub path: String,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Detection,
    Macro,
    Lookup,
    Story,
    DataSource,
    Deployment,
    Baseline,
    Investigation,
    /// Known and of no use here: dashboards, playbooks, the app's own configuration.
    Other,
}

/// Reads files that belong together: one folder tree, or one pack.
pub fn load(
    files: impl IntoIterator<Item = InputFile>,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Content {
    load_with(files, sources, diags, None)
}

/// As [`load`], with trees that an earlier run read.
pub fn load_with(
    files: impl IntoIterator<Item = InputFile>,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
    trees: Option<&Trees>,
) -> Content {
    let mut known = Vec::new();
    for file in files.into_iter().filter(|file| is_yaml(&file.path)) {
        let kind = kind_of_folder(&file.path);
        if kind != Some(FileKind::Other) {
            let id = sources.add(file.path.clone(), file.text);
            known.push(Known { path: file.path, kind, id, search: id });
        }
    }
    known.iter_mut().for_each(|file| file.search = sources.reserve());
    let held: &SourceMap = sources;
    let parts = known.into_par_iter().chunks(PART);
    let parts: Vec<Part> = parts.map(|files| Part::read(files, held, trees)).collect();
    let mut content = Content::default();
    for part in parts {
        content.append(part.content);
        diags.extend(part.diags);
        part.searches.into_iter().for_each(|(id, file)| sources.fill(id, file));
        if let Some(trees) = trees {
            trees.note(part.named.into_iter());
        }
    }
    content.check_unique(diags);
    content
}

/// Files that one thread reads at a time.
const PART: usize = 32;

/// A file that is of use.
struct Known {
    path: String,
    /// As its folder tells.
    kind: Option<FileKind>,
    id: FileId,
    /// Where the text of its search goes, if it has one.
    search: FileId,
}

/// What some files hold. A catalogue is thousands of files, and reading them is most of a short
/// run, so all cores take part.
#[derive(Default)]
struct Part {
    content: Content,
    diags: Diagnostics,
    searches: Vec<(FileId, SourceFile)>,
    /// Each file by its name and the number of its text.
    named: Vec<(String, Hash)>,
}

impl Part {
    fn read(files: Vec<Known>, sources: &SourceMap, trees: Option<&Trees>) -> Part {
        let mut part = Part::default();
        for file in files {
            part.garbled(file.id, sources);
            if let Some(node) = part.tree(file.id, sources, trees) {
                part.load(file, node, sources);
            }
        }
        part
    }

    /// Whoever read the file put a sign where its bytes were no text.
    fn garbled(&mut self, id: FileId, sources: &SourceMap) {
        const SIGN: char = char::REPLACEMENT_CHARACTER;
        if let Some(at) = sources.file(id).text.find(SIGN) {
            self.diags.push(
                codes::NOT_UTF8
                    .at(id.span(at..at + SIGN.len_utf8()), "these bytes are no UTF-8")
                    .help("save the file as UTF-8: `iconv -f latin1 -t utf-8` makes it of Latin-1"),
            );
        }
    }

    fn tree(&mut self, id: FileId, sources: &SourceMap, trees: Option<&Trees>) -> Option<Node> {
        let Some(trees) = trees else { return yaml::parse(id, sources, &mut self.diags) };
        let file = sources.file(id);
        let hash = trees::hash(&file.text);
        self.named.push((file.name.clone(), hash));
        if let Some(node) = trees.tree(&hash, id) {
            return Some(node);
        }
        let mut mistakes = Diagnostics::default();
        let node = yaml::parse(id, sources, &mut mistakes);
        if let (Some(node), true) = (&node, mistakes.is_empty()) {
            trees.keep(hash, node);
        }
        self.diags.extend(mistakes);
        node
    }

    fn load(&mut self, file: Known, node: Node, sources: &SourceMap) {
        let (content, diags) = (&mut self.content, &mut self.diags);
        let mut cx = Reader { sources, diags, errors: 0, strict: false };
        let Some(keys) = cx.map("", &node) else { return };
        let Some(kind) = file.kind.or_else(|| kind_of_keys(&keys)) else {
            cx.report(
                codes::UNKNOWN_KIND
                    .at(keys.span, "cannot tell what this file describes")
                    .help("put it in a folder named `detections`, `macros`, `lookups`, `stories`, `data_sources`, `deployments` or `baselines`"),
            );
            return;
        };
        placeholder(&mut cx, file.id);
        let Known { path, id, search, .. } = file;
        let query = &mut Query { id: search, text: None };
        match kind {
            FileKind::Detection => {
                content.detections.extend(detection::read(&mut cx, keys, id, path, query));
            }
            FileKind::Macro => {
                content.macros.extend(knowledge::read_macro(&mut cx, keys, path, query));
            }
            FileKind::Lookup => content.lookups.extend(knowledge::read_lookup(&mut cx, keys, path)),
            FileKind::Story => {
                let read = knowledge::read_story(&mut cx, keys, path);
                content.stories.change(|all| all.extend(read));
            }
            FileKind::DataSource => {
                let read = knowledge::read_data_source(&mut cx, keys, path);
                content.data_sources.change(|all| all.extend(read));
            }
            FileKind::Deployment => {
                content.deployments.extend(knowledge::read_deployment(&mut cx, keys, path));
            }
            FileKind::Baseline => {
                content.baselines.extend(knowledge::read_baseline(&mut cx, keys, path, query));
            }
            FileKind::Investigation => {
                let read = knowledge::read_investigation(&mut cx, keys, path, query);
                content.investigations.change(|all| all.extend(read));
            }
            FileKind::Other => {}
        }
        self.searches.extend(query.text.take().map(|text| (search, text)));
    }
}

/// The one search of a file, as a text of its own.
struct Query {
    id: FileId,
    text: Option<SourceFile>,
}

fn is_yaml(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    lower.ends_with(".yml") || lower.ends_with(".yaml")
}

/// The nearest folder above the file that names a kind.
fn kind_of_folder(path: &str) -> Option<FileKind> {
    let mut parts: Vec<&str> = path.split(['/', '\\']).collect();
    let name = parts.pop().unwrap_or_default();
    if matches!(name, "contentctl.yml" | "build.yml" | "deprecation_mapping.YML") {
        return Some(FileKind::Other);
    }
    parts.into_iter().rev().find_map(|part| {
        Some(match part {
            "detections" => FileKind::Detection,
            "macros" => FileKind::Macro,
            "lookups" => FileKind::Lookup,
            "stories" => FileKind::Story,
            "data_sources" => FileKind::DataSource,
            "deployments" => FileKind::Deployment,
            "baselines" => FileKind::Baseline,
            "investigations" => FileKind::Investigation,
            "dashboards" | "playbooks" | "schedules" | ".github" => FileKind::Other,
            _ => return None,
        })
    })
}

/// For a file on its own: what its keys say it is.
fn kind_of_keys(keys: &Keys<'_>) -> Option<FileKind> {
    let has = |key: &str| keys.has(key);
    let kind = keys.peek("type").and_then(|node| match &node.value {
        yaml::Value::Text(text) => Some(text.as_str()),
        _ => None,
    });
    if has("scheduling") && !has("search") {
        Some(FileKind::Deployment)
    } else if has("search") {
        Some(match kind {
            Some("Baseline") => FileKind::Baseline,
            Some("Investigation") => FileKind::Investigation,
            _ => FileKind::Detection,
        })
    } else if has("definition") {
        Some(FileKind::Macro)
    } else if has("narrative") {
        Some(FileKind::Story)
    } else if has("sourcetype") {
        Some(FileKind::DataSource)
    } else if has("filename") || has("collection") || has("lookup_type") {
        Some(FileKind::Lookup)
    } else if has("how_to_implement") || has("data_source") || has("rba") {
        Some(FileKind::Detection)
    } else {
        None
    }
}

fn placeholder(cx: &mut Reader<'_>, file: FileId) {
    const MARK: &str = "__UPDATE__";
    let at = cx.sources.file(file).text.find(MARK);
    if let Some(at) = at {
        cx.report(
            codes::PLACEHOLDER
                .at(file.span(at..at + MARK.len()), "unfinished: the marker `__UPDATE__`")
                .help("write what belongs here"),
        );
    }
}

/// A text of SPL as a source of its own, whose places lead back into the YAML.
fn spl(
    cx: &Reader<'_>,
    node: &Node,
    text: Spanned<String>,
    what: &str,
    query: &mut Query,
) -> Spanned<String> {
    let raw = cx.sources.text(node.span);
    let pieces = yaml::pieces(raw, &text.value, node.span);
    let name = format!("{}: {what}", cx.sources.file(node.span.file).name);
    let length = text.value.len();
    query.text = Some(SourceFile { name, text: text.value.as_str().into(), pieces });
    Spanned::new(text.value, query.id.span(0..length))
}

/// The file's name without folder and extension.
fn stem(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

fn version(cx: &mut Reader<'_>, keys: &mut Keys<'_>) -> Option<u32> {
    let version = keys.int(cx, "version")?;
    whole(cx, version, "version", 0, u32::MAX)
}

/// A whole number within bounds.
fn whole(
    cx: &mut Reader<'_>,
    number: Spanned<i64>,
    path: &str,
    low: u32,
    high: u32,
) -> Option<u32> {
    match u32::try_from(number.value).ok().filter(|n| (low..=high).contains(n)) {
        Some(n) => Some(n),
        None => {
            let message = format!("`{path}` cannot be {}", number.value);
            let help = match high {
                u32::MAX => format!("write {low} or more"),
                _ => format!("write a whole number from {low} to {high}"),
            };
            cx.report(codes::BAD_VALUE.at(number.span, message).label("out of range").help(help));
            None
        }
    }
}

fn values(texts: Vec<Spanned<String>>) -> Vec<String> {
    texts.into_iter().map(|t| t.value).collect()
}
