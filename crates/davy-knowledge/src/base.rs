//! All add-ons, models, tables and macros, layered: what a user brings stands in place of what is
//! built in, by name.

use crate::addon::{self, Addon, Given, Stanza};
use crate::codes;
use crate::model::{self, Model};
use crate::pattern::wild;
use crate::table::Table;
use crate::yaml::{self, Reader};
use davy_diag::{Diagnostics, SourceMap, closest};
use davy_spl::{MacroDef, Macros};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

static MACROS: &str = include_str!("../macros.yml");

/// A file by its name, which says what it holds: `addons/NAME.yml`, `addons/lookups/NAME.csv`,
/// `models/NAME.yml`, `macros.yml`.
#[derive(Debug, Clone)]
pub struct Text {
    pub name: String,
    pub text: String,
}

/// Everything that is known about events.
#[derive(Debug, Default)]
pub struct Base {
    pub(crate) addons: Vec<Addon>,
    pub(crate) models: Vec<Model>,
    pub(crate) tables: BTreeMap<String, Arc<Table>>,
    pub(crate) macros: Vec<MacroDef>,
    pub(crate) sources: SourceMap,
}

/// The files that are built in.
pub(crate) fn built_in<'t>() -> impl Iterator<Item = (&'t str, &'t str)> {
    let files = [embedded::ADDONS, embedded::MODELS, embedded::TABLES].into_iter().flatten();
    files.map(|(name, text)| (*name, *text)).chain([("macros.yml", MACROS)])
}

/// What holds for the events of one source.
#[derive(Debug, Clone)]
pub struct View<'b> {
    /// As the events are known, `sourcetype_as` heeded.
    pub sourcetype: Arc<str>,
    /// In the order in which they apply.
    pub stanzas: Vec<&'b Stanza>,
}

impl View<'_> {
    /// The fields that definitions may give, as far as their names do not depend on the event.
    pub fn fields(&self) -> Vec<Arc<str>> {
        let mut names = Vec::new();
        for def in self.stanzas.iter().flat_map(|s| &s.defs) {
            match &def.given {
                Given::Alias(name, _) | Given::Constant(name, _) | Given::Eval(name, _) => {
                    names.push(name.clone());
                }
                Given::Extract(extract) => {
                    names.extend(extract.how.names().unwrap_or_default().iter().cloned());
                }
                Given::Lookup(lookup) => {
                    names.extend(lookup.out.iter().map(|(_, name)| name.clone()));
                }
            }
        }
        names
    }
}

impl Base {
    /// Knows nothing.
    pub fn empty() -> Base {
        Base::default()
    }

    /// What is built in, and over it the texts of a user.
    pub fn load(user: &[Text], diags: &mut Diagnostics) -> Base {
        let user = user.iter().map(|t| (t.name.as_str(), t.text.as_str()));
        Base::read(built_in().chain(user), diags)
    }

    /// As [`Base::load`], over what [`Base::to_bytes`] gave of what is built in.
    pub fn load_over(mut self, user: &[Text], diags: &mut Diagnostics) -> Base {
        let mut seen = HashSet::new();
        let addons =
            self.addons.iter().map(|a| ("addons".to_owned(), format!("add-on {}", a.name)));
        seen.extend(addons);
        let models = self.models.iter().map(|m| ("models".to_owned(), format!("model {}", m.name)));
        seen.extend(models);
        for text in user {
            self.add(&text.name, &text.text, &mut seen, diags);
        }
        self.check(diags);
        self
    }

    /// Only these texts.
    pub fn of(texts: &[Text], diags: &mut Diagnostics) -> Base {
        Base::read(texts.iter().map(|t| (t.name.as_str(), t.text.as_str())), diags)
    }

    fn read<'t>(texts: impl Iterator<Item = (&'t str, &'t str)>, diags: &mut Diagnostics) -> Base {
        let mut base = Base::default();
        let mut seen = HashSet::new();
        for (name, text) in texts {
            base.add(name, text, &mut seen, diags);
        }
        base.check(diags);
        base
    }

    /// `seen` holds what the files of each folder gave: what one folder gives stands over what an
    /// earlier one gave, but two files of a folder must not hide each other.
    fn add(
        &mut self,
        name: &str,
        text: &str,
        seen: &mut HashSet<(String, String)>,
        diags: &mut Diagnostics,
    ) {
        let file = self.sources.add(name, text);
        let file_start = file.span(0..text.find('\n').unwrap_or(text.len()));
        let folder = name.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder).to_owned();
        let mut twice = |kind: &str, own: &str, diags: &mut Diagnostics| {
            if !seen.insert((folder.clone(), format!("{kind} {own}"))) {
                let message = format!("another file of this folder holds the {kind} `{own}` too");
                let help = "put both into one file, or give them different names";
                diags.push(codes::DUPLICATE.at(file_start, message).help(help));
            }
        };
        if let Some(stem) = name.strip_suffix(".csv") {
            let stem = stem.rsplit('/').next().unwrap_or(stem);
            let table = Table::read(text, file, diags);
            self.tables.insert(stem.to_owned(), Arc::new(table));
            return;
        }
        let Some(node) = yaml::parse(file, text, diags) else { return };
        let mut reader = Reader { root: &node, sources: &mut self.sources, diags };
        if name == "macros.yml" {
            for found in macros(&node, &mut reader) {
                self.macros.retain(|m| m.name != found.name || m.args.len() != found.args.len());
                self.macros.push(found);
            }
        } else if holds_model(name) {
            if let Some(model) = model::read(&node, &mut reader) {
                twice("model", &model.name, diags);
                self.models.retain(|m| m.name != model.name);
                self.models.push(model);
            }
        } else if let Some(addon) = addon::read(&node, &mut reader) {
            twice("add-on", &addon.name, diags);
            match self.addons.iter_mut().find(|a| a.name == addon.name) {
                Some(known) => *known = addon,
                None => self.addons.push(addon),
            }
        }
    }

    fn check(&self, diags: &mut Diagnostics) {
        let stanzas = self.addons.iter().flat_map(|a| &a.stanzas);
        for def in stanzas.flat_map(|s| &s.defs) {
            let Given::Lookup(lookup) = &def.given else { continue };
            let Some(table) = self.tables.get(&lookup.table) else {
                let near = closest(&lookup.table, self.tables.keys().map(String::as_str));
                diags.push(
                    codes::NO_SUCH_TABLE
                        .at(def.span, format!("no lookup table `{}`", lookup.table))
                        .help(near.map(|n| format!("did you mean `{n}`?"))),
                );
                continue;
            };
            for (column, _) in lookup.on.iter().chain(&lookup.out) {
                if table.column(column).is_none() {
                    let near = closest(column, table.names.iter().map(String::as_str));
                    diags.push(
                        codes::NO_SUCH_TABLE
                            .at(
                                def.span,
                                format!("the table `{}` has no column `{column}`", lookup.table),
                            )
                            .help(near.map(|n| format!("did you mean `{n}`?"))),
                    );
                }
            }
        }
    }

    /// The stanzas for a source; narrower ones later.
    pub fn view(&self, sourcetype: &str, source: &str) -> View<'_> {
        let mut sourcetype: Arc<str> = Arc::from(sourcetype);
        // A renamed sourcetype may be one that is renamed again.
        for _ in 0..4 {
            let stanzas = self.stanzas(&sourcetype, source);
            let renamed = stanzas.iter().rev().find_map(|s| s.sourcetype_as.clone());
            match renamed {
                Some(name) if !name.eq_ignore_ascii_case(&sourcetype) => sourcetype = name,
                _ => return View { sourcetype, stanzas },
            }
        }
        let stanzas = self.stanzas(&sourcetype, source);
        View { sourcetype, stanzas }
    }

    fn stanzas(&self, sourcetype: &str, source: &str) -> Vec<&Stanza> {
        let fits =
            |list: &[String], text: &str| list.is_empty() || list.iter().any(|p| wild(p, text));
        let mut found: Vec<&Stanza> = self
            .addons
            .iter()
            .flat_map(|a| &a.stanzas)
            .filter(|s| fits(&s.sourcetype, sourcetype) && fits(&s.source, source))
            .collect();
        found.sort_by_key(|s| s.rank);
        found
    }

    pub fn addons(&self) -> &[Addon] {
        &self.addons
    }

    pub fn models(&self) -> &[Model] {
        &self.models
    }

    pub fn model(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|m| m.name == name)
    }

    pub fn table(&self, name: &str) -> Option<&Arc<Table>> {
        self.tables.get(name)
    }

    pub fn tables(&self) -> impl Iterator<Item = (&str, &Arc<Table>)> {
        self.tables.iter().map(|(name, table)| (name.as_str(), table))
    }

    pub fn macros(&self) -> &[MacroDef] {
        &self.macros
    }

    /// For the texts of what is layered over.
    pub fn sources_mut(&mut self) -> &mut SourceMap {
        &mut self.sources
    }

    /// Puts more over what is there, by name. Places in it are places of [`Base::sources_mut`].
    pub fn layer(
        &mut self,
        addon: Addon,
        models: Vec<Model>,
        tables: impl IntoIterator<Item = (String, Arc<Table>)>,
    ) {
        let names: Vec<&str> = addon.eventtypes.iter().map(|e| &*e.name).collect();
        for below in &mut self.addons {
            below.eventtypes.retain(|e| e.name.is_empty() || !names.contains(&&*e.name));
        }
        self.addons.retain(|a| a.name != addon.name);
        self.addons.push(addon);
        self.models.retain(|m| !models.iter().any(|n| n.name == m.name));
        self.models.extend(models);
        self.tables.extend(tables);
    }

    /// Where expressions and stanzas were written.
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }
}

/// The macros that Splunk and its Common Information Model bring.
impl Macros for Base {
    fn find(&self, name: &str, argc: usize) -> Option<MacroDef> {
        self.macros.iter().find(|m| m.name == name && m.args.len() == argc).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.macros.iter().map(|m| m.name.clone()).collect()
    }
}

/// Whether the last folder whose name says what is in it is that of the models.
fn holds_model(name: &str) -> bool {
    let last = name.rsplit(['/', '\\']).find(|part| matches!(*part, "models" | "addons"));
    last == Some("models")
}

fn macros(node: &yaml::Node, reader: &mut Reader<'_>) -> Vec<MacroDef> {
    let mut out = Vec::new();
    for item in reader.list(node) {
        let keys = reader.keys(item, &["name", "args", "definition", "description", "iseval"]);
        let name = keys.need("name", reader).and_then(|n| reader.text(n));
        let definition = keys.need("definition", reader).and_then(|n| reader.text(n));
        let args = keys.get("args").map(|n| reader.texts(n)).unwrap_or_default();
        let iseval = keys.get("iseval").and_then(|n| reader.flag(n)).unwrap_or_default();
        if let (Some(name), Some(definition)) = (name, definition) {
            out.push(MacroDef { name, args, definition, source: None, iseval, validation: None });
        }
    }
    out
}
