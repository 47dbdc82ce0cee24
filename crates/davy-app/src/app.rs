//! An app, read as a whole.

use crate::files::Files;
use crate::note::{Note, Notes};
use crate::reading::{self, Reading};
use crate::{expressions, filter, lookups, macros, models, props, saved, transforms, types};
use davy_conf::{Conf, Setting, Stanza};
use davy_content::Content;
use davy_content::model::{Lookup, LookupStore};
use davy_diag::{Diagnostics, Piece, SourceMap, Span, Spanned};
use davy_knowledge::{Addon, Base, Model, Table};
use davy_spl::{MacroDef, Macros};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is there before an app is read.
#[derive(Debug)]
pub struct Context<'a> {
    /// The texts of the content.
    pub sources: &'a mut SourceMap,
    pub base: &'a mut Base,
    /// Content whose macros the app may use.
    pub content: &'a Content,
    /// Mistakes in the syntax of files.
    pub diags: &'a mut Diagnostics,
}

/// A search to call by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    pub name: String,
    pub search: String,
}

/// How much of a kind was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stock {
    pub kind: &'static str,
    pub count: usize,
}

/// What an app brings.
#[derive(Debug, Clone)]
pub struct App {
    pub name: String,
    pub version: Option<String>,
    /// Macros, lookup definitions and detections.
    pub content: Content,
    pub saved: Vec<Saved>,
    /// Stanzas of `transactiontypes.conf` with their settings.
    pub transactions: Vec<(String, Vec<(String, String)>)>,
    /// By file name.
    pub tables: BTreeMap<String, Arc<Table>>,
    /// By the name of a definition with a `filter`: the rows that it lets be found.
    filtered: BTreeMap<String, Arc<Table>>,
    pub addon: Addon,
    /// How texts break into events.
    pub(crate) readings: Vec<Reading>,
    pub models: Vec<Model>,
    pub stock: Vec<Stock>,
    pub notes: Vec<Note>,
}

/// What the readers of single files share.
pub(crate) struct Reader<'a> {
    pub(crate) sources: &'a mut SourceMap,
    pub(crate) base: &'a mut Base,
    pub(crate) notes: Notes,
    name: String,
    label: String,
}

impl Reader<'_> {
    pub(crate) fn app_name(&self) -> &str {
        &self.name
    }

    /// What the app is called in the names of its searches.
    pub(crate) fn app_label(&self) -> String {
        self.label.clone()
    }

    pub(crate) fn unknown(&mut self, stanza: &Stanza, setting: &Setting) {
        self.notes.setting(self.sources, stanza, setting, "there is no such setting here");
    }

    pub(crate) fn file_of(&self, stanza: &Stanza) -> String {
        self.sources.file(stanza.name.span.file).name.clone()
    }

    /// Where a setting stands, in words.
    pub(crate) fn origin(&self, stanza: &Stanza, setting: &Setting) -> String {
        format!("{} [{}] {}", self.file_of(stanza), stanza.name.value, setting.key.value)
    }

    /// A setting's value as one whole text.
    pub(crate) fn whole(&mut self, stanza: &Stanza, setting: &Setting) -> Spanned<String> {
        let text = &setting.value.value;
        let pieces =
            vec![Piece { out: 0..text.len(), from: setting.value.span, calls: Vec::new() }];
        let name = self.origin(stanza, setting);
        let id = self.sources.add_derived(name, text.as_str(), pieces);
        Spanned::new(text.clone(), id.span(0..text.len()))
    }

    /// A stanza's name in a text of the knowledge.
    pub(crate) fn base_span(&mut self, stanza: &Stanza) -> Span {
        let file = self.file_of(stanza);
        let text = format!("[{}]", stanza.name.value);
        let length = text.len();
        self.base.sources_mut().add(file, text).span(0..length)
    }
}

/// The app's macros, then those of the content and of the knowledge.
struct AllMacros<'a>([&'a dyn Macros; 3]);

impl Macros for AllMacros<'_> {
    fn find(&self, name: &str, argc: usize) -> Option<MacroDef> {
        // A place in another map of texts would mislead.
        let found = self.0.iter().find_map(|m| m.find(name, argc))?;
        Some(MacroDef { source: None, ..found })
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().flat_map(|m| m.names()).collect()
    }
}

/// Files that are read, by name.
const KNOWN: [&str; 7] =
    ["macros", "savedsearches", "transforms", "props", "eventtypes", "tags", "transactiontypes"];

/// Reads an app over what is there.
pub fn read(files: &Files, cx: Context<'_>) -> App {
    let Context { sources, base, content, diags } = cx;
    let mut conf = |name: &str| {
        let mut conf = Conf::default();
        for layer in ["default", "local"] {
            let path = format!("{layer}/{name}.conf");
            if let Some(text) = files.text(&path) {
                conf.layer(Conf::read(&path, &text, sources, diags));
            }
        }
        conf
    };
    let about = conf("app");
    let [
        macros_conf,
        saved_conf,
        transforms_conf,
        props_conf,
        eventtypes_conf,
        tags_conf,
        transactions_conf,
    ] = KNOWN.map(&mut conf);
    let label = about.get("ui", "label").or(about.get("launcher", "label")).unwrap_or_default();
    let version = about.get("launcher", "version").or(about.get("id", "version"));
    // A copy, so that macros can be looked up while the knowledge grows.
    let base_macros = MacroList::of(base);
    let (notes, name) = (Notes::default(), files.name.clone());
    let mut cx = Reader { sources, base, notes, name, label: label.to_owned() };
    let macros = macros::read(&macros_conf, &mut cx);
    let tables = lookups::tables(files, &mut cx);
    let mut definitions = Vec::new();
    for stanza in transforms_conf.stanzas().filter(|s| lookups::is_lookup(s)) {
        let found = lookups::definition(&transforms_conf, stanza, &tables, &mut cx);
        definitions.extend(found);
    }
    let (detections, saved) = saved::read(&saved_conf, &mut cx);
    let own = Content::of(detections, macros, definitions);
    let all = AllMacros([&own, content, &base_macros]);
    let filtered = filtered(own.lookups(), &tables, &all, &mut cx);
    let around = props::Around {
        transforms: &transforms_conf,
        lookups: own.lookups(),
        tables: &tables,
        filtered: &filtered,
        macros: &all,
    };
    let stanzas = props::read(&props_conf, &around, &mut cx);
    let readings: Vec<Reading> = props_conf.stanzas().filter_map(reading::of).collect();
    unused(&transforms_conf, &props_conf, &mut cx);
    let eventtypes = types::read(&eventtypes_conf, &tags_conf, &all, &mut cx);
    let models = all_models(files, &all, &mut cx);
    others(files, &mut cx);
    let mut stock = vec![
        Stock { kind: "macros", count: own.macros().len() },
        Stock { kind: "saved searches", count: saved.len() },
        Stock { kind: "detections", count: own.detections().len() },
        Stock { kind: "lookup definitions", count: own.lookups().len() },
        Stock { kind: "lookup tables", count: tables.len() },
        Stock {
            kind: "event types",
            count: eventtypes.iter().filter(|e| !e.name.is_empty()).count(),
        },
        Stock { kind: "data models", count: models.len() },
    ];
    props::stock(&stanzas, &mut stock);
    let mut notes = cx.notes.list;
    notes.sort();
    notes.dedup();
    App {
        name: files.name.clone(),
        version: version.map(str::to_owned),
        saved,
        transactions: transactions(&transactions_conf),
        tables,
        filtered,
        readings,
        addon: Addon {
            name: format!("app {}", files.name),
            description: about.get("launcher", "description").unwrap_or_default().to_owned(),
            stanzas,
            eventtypes,
            field_tags: Vec::new(),
        },
        models,
        content: own,
        stock,
        notes,
    }
}

impl App {
    /// The tables by the names of their files and of their definitions.
    pub fn named_tables(&self) -> impl Iterator<Item = (&str, &Arc<Table>)> {
        let files = self.tables.iter().map(|(file, table)| (file.as_str(), table));
        files.chain(self.content.lookups().iter().filter_map(|lookup| {
            let LookupStore::Csv { file } = &lookup.store else { return None };
            let name = lookup.name.value.as_str();
            Some((name, self.filtered.get(name).or_else(|| self.tables.get(file))?))
        }))
    }

    /// Puts the app's knowledge and content over what is there.
    pub fn install(&self, content: &mut Content, base: &mut Base) {
        let tables: Vec<(String, Arc<Table>)> =
            self.named_tables().map(|(n, t)| (n.to_owned(), t.clone())).collect();
        base.layer(self.addon.clone(), self.models.clone(), tables);
        content.layer(self.content.clone());
    }
}

/// The tables of definitions with a filter of comparisons.
fn filtered(
    definitions: &[Lookup],
    tables: &BTreeMap<String, Arc<Table>>,
    macros: &dyn Macros,
    cx: &mut Reader<'_>,
) -> BTreeMap<String, Arc<Table>> {
    let mut out = BTreeMap::new();
    for lookup in definitions {
        let (LookupStore::Csv { file }, Some(text)) = (&lookup.store, &lookup.filter) else {
            continue;
        };
        let Some(table) = tables.get(file) else { continue };
        let origin = format!("filter of {}", lookup.name.value);
        // What cannot be read is told where the lookup is used.
        let search = expressions::search(cx.base.sources_mut(), macros, &origin, text);
        if let Some(kept) = search.ok().and_then(|(search, _)| filter::kept(table, &search)) {
            out.insert(lookup.name.value.clone(), Arc::new(kept));
        }
    }
    out
}

fn transactions(conf: &Conf) -> Vec<(String, Vec<(String, String)>)> {
    let settings = |stanza| {
        conf.settings(stanza).map(|s| (s.key.value.clone(), s.value.value.clone())).collect()
    };
    conf.stanzas().map(|s| (s.name.value.clone(), settings(s))).collect()
}

/// Macros by themselves.
struct MacroList(Vec<MacroDef>);

impl MacroList {
    fn of(base: &Base) -> MacroList {
        MacroList(base.macros().to_vec())
    }
}

impl Macros for MacroList {
    fn find(&self, name: &str, argc: usize) -> Option<MacroDef> {
        self.0.iter().find(|m| m.name == name && m.args.len() == argc).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|m| m.name.clone()).collect()
    }
}

/// Notes the transforms that are about storing.
fn unused(transforms: &Conf, props: &Conf, cx: &mut Reader<'_>) {
    let named: std::collections::HashSet<String> = props
        .stanzas()
        .chain(props.stanza(davy_conf::DEFAULT))
        .flat_map(|s| s.own())
        .filter(|s| s.key.value.starts_with("REPORT-"))
        .flat_map(|s| davy_conf::words(&s.value.value))
        .collect();
    for stanza in transforms.stanzas() {
        let name = &stanza.name.value;
        if !named.contains(name) && !lookups::is_lookup(stanza) && transforms::is_index_time(stanza)
        {
            let why = "counts when an event is stored, not when it is searched";
            cx.notes.stanza(cx.sources, stanza, why);
        }
    }
}

fn all_models(files: &Files, macros: &dyn Macros, cx: &mut Reader<'_>) -> Vec<Model> {
    let mut paths: BTreeMap<&str, String> = BTreeMap::new();
    for layer in ["default/data/models", "local/data/models"] {
        for (name, _) in files.folder(layer) {
            match name.ends_with(".json") {
                true => {
                    paths.insert(name, format!("{layer}/{name}"));
                }
                false => cx.notes.file(&format!("{layer}/{name}"), "not a JSON file"),
            }
        }
    }
    let mut out = Vec::new();
    for path in paths.values() {
        let Some(text) = files.text(path) else { continue };
        out.extend(models::read(path, &text, macros, cx));
    }
    out
}

/// Notes the files that nothing reads.
fn others(files: &Files, cx: &mut Reader<'_>) {
    for path in &files.odd {
        cx.notes.file(path, "no file of the app, such as a link or a file beside it");
    }
    for layer in ["default", "local"] {
        for (name, _) in files.folder(layer) {
            let stem = name.strip_suffix(".conf");
            if stem.is_some_and(|s| s == "app" || KNOWN.contains(&s)) {
                continue;
            }
            let why = match stem {
                None => "not a configuration file",
                Some("commands") => "commands by scripts are never run",
                Some("fields") => "fields of several values and indexed fields are told otherwise",
                Some("datamodels") => "data models are never accelerated, and never need to be",
                Some("collections") => "collections have the fields that are put into them",
                Some("inputs" | "outputs" | "indexes") => {
                    "what is read is named on the command line"
                }
                Some("workflow_actions" | "times" | "ui-prefs" | "nav" | "web") => {
                    "there is no page that would use it"
                }
                Some("limits") => "limits are those of a fresh Splunk",
                Some(_) => "nothing here reads it",
            };
            cx.notes.file(&format!("{layer}/{name}"), why);
        }
    }
}
