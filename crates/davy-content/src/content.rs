//! All content together: names resolved, later folders over earlier ones.

use crate::codes;
use crate::later::Later;
use crate::model::{
    Baseline, DataSource, Deployment, Detection, Investigation, Kind, Lookup, MacroFile,
    Scheduling, Story,
};
use davy_diag::{Code, Diagnostic, Diagnostics, Span, Spanned, closest};
use std::collections::HashMap;
use std::sync::OnceLock;

/// The definition of a filter macro that no file defines.
pub const EMPTY_FILTER: &str = "search *";

/// A macro as a search sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MacroValue<'a> {
    pub name: &'a str,
    pub args: &'a [String],
    pub definition: &'a str,
    /// Where the definition is written; a filter macro's is nowhere.
    pub source: Option<Span>,
    pub iseval: bool,
    pub validation: Option<&'a davy_spl::Validation>,
}

/// Everything that was loaded. Made by [`crate::load`], put together by [`Content::layer`].
#[derive(Debug, Clone, Default)]
pub struct Content {
    pub(crate) detections: Vec<Detection>,
    pub(crate) macros: Vec<MacroFile>,
    pub(crate) lookups: Vec<Lookup>,
    pub(crate) stories: Later<Vec<Story>>,
    pub(crate) data_sources: Later<Vec<DataSource>>,
    pub(crate) deployments: Vec<Deployment>,
    pub(crate) baselines: Vec<Baseline>,
    pub(crate) investigations: Later<Vec<Investigation>>,
    /// Made when they are first asked for.
    index: OnceLock<Index>,
    named: OnceLock<Named>,
}

/// Places in the lists of what searches ask for, by name.
#[derive(Debug, Clone, Default)]
struct Index {
    macros: HashMap<String, Vec<usize>>,
    filters: HashMap<String, usize>,
    lookups: HashMap<String, usize>,
}

/// As [`Index`], for what only pages and checks ask for.
#[derive(Debug, Clone, Default)]
struct Named {
    stories: HashMap<String, usize>,
    data_sources: HashMap<String, usize>,
    /// Detections of each story.
    told: HashMap<String, Vec<usize>>,
}

impl Content {
    /// Of what another reader than [`crate::load`] made.
    pub fn of(detections: Vec<Detection>, macros: Vec<MacroFile>, lookups: Vec<Lookup>) -> Content {
        Content { detections, macros, lookups, ..Content::default() }
    }

    /// Whether nothing was loaded at all.
    pub fn is_empty(&self) -> bool {
        self.detections.is_empty()
            && self.macros.is_empty()
            && self.lookups.is_empty()
            && self.stories.is_empty()
            && self.data_sources.is_empty()
            && self.deployments.is_empty()
            && self.baselines.is_empty()
            && self.investigations.is_empty()
    }

    pub fn detections(&self) -> &[Detection] {
        &self.detections
    }

    pub fn macros(&self) -> &[MacroFile] {
        &self.macros
    }

    pub fn lookups(&self) -> &[Lookup] {
        &self.lookups
    }

    pub fn stories(&self) -> &[Story] {
        &self.stories
    }

    pub fn data_sources(&self) -> &[DataSource] {
        &self.data_sources
    }

    pub fn deployments(&self) -> &[Deployment] {
        &self.deployments
    }

    pub fn baselines(&self) -> &[Baseline] {
        &self.baselines
    }

    pub fn investigations(&self) -> &[Investigation] {
        &self.investigations
    }

    /// Puts `above` over this: what has the same name (a macro: and as many arguments; a detection:
    /// or the same id; a deployment: the same type) is replaced, the rest is added.
    pub fn layer(&mut self, above: Content) {
        let Content {
            detections,
            macros,
            lookups,
            stories,
            data_sources,
            deployments,
            baselines,
            investigations,
            index: _,
            named: _,
        } = above;
        over(&mut self.macros, macros, |m| vec![format!("{}({})", m.name.value, m.args.len())]);
        over(&mut self.detections, detections, |d| {
            vec![d.name.value.to_lowercase(), d.id.value.to_lowercase()]
        });
        over(&mut self.lookups, lookups, |l| vec![l.name.value.clone()]);
        over_later(&mut self.stories, stories, |s| vec![s.name.value.clone()]);
        over_later(&mut self.data_sources, data_sources, |s| vec![s.name.value.to_lowercase()]);
        over(&mut self.deployments, deployments, |d| vec![d.kind.value.clone()]);
        over(&mut self.baselines, baselines, |b| vec![b.name.value.clone()]);
        over_later(&mut self.investigations, investigations, |i| vec![i.name.value.clone()]);
        self.forget_names();
    }

    fn forget_names(&mut self) {
        self.index = OnceLock::new();
        self.named = OnceLock::new();
    }

    /// Puts what was read of further files of the same folder behind what it holds.
    pub(crate) fn append(&mut self, mut more: Content) {
        self.detections.extend(more.detections);
        self.macros.extend(more.macros);
        self.lookups.extend(more.lookups);
        self.stories.change(|all| all.append(&mut more.stories.take()));
        self.data_sources.change(|all| all.append(&mut more.data_sources.take()));
        self.deployments.extend(more.deployments);
        self.baselines.extend(more.baselines);
        self.investigations.change(|all| all.append(&mut more.investigations.take()));
        self.forget_names();
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| self.indexed())
    }

    fn indexed(&self) -> Index {
        let mut index = Index::default();
        for (i, m) in self.macros.iter().enumerate() {
            index.macros.entry(m.name.value.clone()).or_default().push(i);
        }
        for (i, d) in self.detections.iter().enumerate() {
            index.filters.insert(d.filter_macro(), i);
        }
        let names = |(i, l): (usize, &Lookup)| (l.name.value.clone(), i);
        index.lookups = self.lookups.iter().enumerate().map(names).collect();
        index
    }

    fn named(&self) -> &Named {
        self.named.get_or_init(|| {
            let mut named = Named::default();
            for (i, d) in self.detections.iter().enumerate() {
                for story in &d.annotations.stories {
                    named.told.entry(story.value.clone()).or_default().push(i);
                }
            }
            let names = |(i, s): (usize, &Story)| (s.name.value.clone(), i);
            named.stories = self.stories.iter().enumerate().map(names).collect();
            let names = |(i, s): (usize, &DataSource)| (s.name.value.to_lowercase(), i);
            named.data_sources = self.data_sources.iter().enumerate().map(names).collect();
            named
        })
    }

    /// The macro of this name that takes so many arguments. A detection's filter macro always
    /// exists: unless a file defines it, it is empty.
    pub fn find_macro(&self, name: &str, argc: usize) -> Option<MacroValue<'_>> {
        let written = self.index().macros.get(name).into_iter().flatten();
        let written = written.filter_map(|i| self.macros.get(*i)).rfind(|m| m.args.len() == argc);
        if let Some(m) = written {
            return Some(MacroValue {
                name: &m.name.value,
                args: &m.args,
                definition: &m.definition.value,
                source: Some(m.definition.span),
                iseval: m.iseval,
                validation: m.validation.as_ref(),
            });
        }
        let (name, _) = self.index().filters.get_key_value(name).filter(|_| argc == 0)?;
        Some(MacroValue {
            name,
            args: &[],
            definition: EMPTY_FILTER,
            source: None,
            iseval: false,
            validation: None,
        })
    }

    /// Whether some file defines a macro of this name.
    pub(crate) fn defines_macro(&self, name: &str) -> bool {
        self.index().macros.contains_key(name)
    }

    pub fn macro_names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.index().macros.keys().chain(self.index().filters.keys()).cloned().collect();
        names.sort();
        names.dedup();
        names
    }

    pub fn story(&self, name: &str) -> Option<&Story> {
        self.named().stories.get(name).and_then(|i| self.stories.get(*i))
    }

    /// The detections that name this story.
    pub fn story_detections(&self, name: &str) -> Vec<&Detection> {
        let list = self.named().told.get(name).into_iter().flatten();
        list.filter_map(|i| self.detections.get(*i)).collect()
    }

    /// A data source by its name; case does not count.
    pub fn data_source(&self, name: &str) -> Option<&DataSource> {
        let i = self.named().data_sources.get(&name.to_lowercase())?;
        self.data_sources.get(*i)
    }

    pub fn lookup(&self, name: &str) -> Option<&Lookup> {
        self.index().lookups.get(name).and_then(|i| self.lookups.get(*i))
    }

    /// The default configuration of a type.
    pub fn deployment(&self, kind: Kind) -> Option<&Deployment> {
        self.deployments.iter().rfind(|d| d.kind.value == kind.as_str())
    }

    /// Whether a detection's results become risk events: as its own deployment says, else as its
    /// type's does. Where neither is there they do.
    pub fn makes_risk(&self, detection: &Detection) -> bool {
        let default = || self.deployment(detection.kind.value).map(|d| d.risk);
        detection.risk.enabled.or_else(default).unwrap_or(true)
    }

    /// When a detection runs: by its own schedule, else by its type's.
    pub fn scheduling<'a>(&'a self, detection: &'a Detection) -> Option<&'a Scheduling> {
        let default = || self.deployment(detection.kind.value).map(|d| &d.scheduling);
        detection.scheduling.as_ref().or_else(default)
    }

    /// By name (case does not count), id, or file name with or without folder and extension.
    pub fn find_detection(&self, wanted: &str) -> Result<&Detection, Box<Diagnostic>> {
        let wanted = wanted.trim();
        let lower = wanted.to_lowercase();
        let file = lower.rsplit(['/', '\\']).next().unwrap_or(&lower);
        let stem = file.trim_end_matches(".yml").trim_end_matches(".yaml");
        let by = |test: &dyn Fn(&Detection) -> bool| self.detections.iter().rfind(|d| test(d));
        by(&|d| d.name.value.to_lowercase() == lower)
            .or_else(|| by(&|d| d.id.value.eq_ignore_ascii_case(&lower)))
            .or_else(|| by(&|d| d.stem.eq_ignore_ascii_case(stem)))
            .ok_or_else(|| Box::new(self.no_detection(wanted)))
    }

    fn no_detection(&self, wanted: &str) -> Diagnostic {
        let names = self.detections.iter().map(|d| d.name.value.as_str());
        let stems = self.detections.iter().map(|d| d.stem.as_str());
        let help = match closest(wanted, names.chain(stems)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "give a detection's name, id or file name".to_owned(),
        };
        codes::UNKNOWN_DETECTION.bare(format!("no detection `{wanted}`")).help(help)
    }

    /// Reports names that stand twice in their kind and ids that stand twice anywhere.
    pub(crate) fn check_unique(&self, diags: &mut Diagnostics) {
        let names = |diags: &mut Diagnostics, kind: &str, list: Vec<(&Spanned<String>, usize)>| {
            let list = list.into_iter().map(|(s, argc)| ((s.value.to_lowercase(), argc), s));
            twice(diags, &codes::DUPLICATE_NAME, list, |name| {
                format!("two {kind} are named `{name}`")
            });
        };
        let plain = |s| (s, 0);
        names(diags, "detections", self.detections.iter().map(|d| plain(&d.name)).collect());
        names(diags, "macros", self.macros.iter().map(|m| (&m.name, m.args.len())).collect());
        names(diags, "lookups", self.lookups.iter().map(|l| plain(&l.name)).collect());
        names(diags, "stories", self.stories.iter().map(|s| plain(&s.name)).collect());
        names(diags, "data sources", self.data_sources.iter().map(|s| plain(&s.name)).collect());
        let ids = self.detections.iter().map(|d| &d.id);
        let ids = ids.chain(self.stories.iter().map(|s| &s.id));
        let ids = ids.chain(self.data_sources.iter().map(|s| &s.id));
        let ids = ids.chain(self.deployments.iter().map(|d| &d.id));
        let ids = ids.chain(self.baselines.iter().map(|b| &b.id));
        let ids = ids.chain(self.investigations.iter().map(|i| &i.id));
        let ids = ids.map(|id| ((id.value.to_lowercase(), 0), id));
        twice(diags, &codes::DUPLICATE_ID, ids, |id| format!("two objects have the id `{id}`"));
        let mut kinds: HashMap<&str, Span> = HashMap::new();
        for d in &self.deployments {
            if let Some(first) = kinds.insert(&d.kind.value, d.kind.span) {
                let message = format!("two default configurations for type {}", d.kind.value);
                diags.push(
                    codes::DEPLOYMENT
                        .at(d.kind.span, message)
                        .also(first, "first here")
                        .help("keep one of the two"),
                );
            }
        }
    }
}

fn twice<'a>(
    diags: &mut Diagnostics,
    code: &'static Code,
    list: impl Iterator<Item = ((String, usize), &'a Spanned<String>)>,
    message: impl Fn(&str) -> String,
) {
    let mut seen: HashMap<(String, usize), Span> = HashMap::new();
    for (key, at) in list {
        if let Some(first) = seen.get(&key) {
            diags.push(
                code.at(at.span, message(&at.value))
                    .label("again")
                    .also(*first, "first here")
                    .help("change one of the two"),
            );
        } else {
            seen.insert(key, at.span);
        }
    }
}

fn over_later<T>(
    below: &mut Later<Vec<T>>,
    mut above: Later<Vec<T>>,
    keys: impl Fn(&T) -> Vec<String>,
) where
    Vec<T>: serde::de::DeserializeOwned,
{
    if !above.is_empty() {
        below.change(|below| over(below, above.take(), keys));
    }
}

/// Replaces what shares a key with something of `above`, then appends it all.
fn over<T>(below: &mut Vec<T>, above: Vec<T>, keys: impl Fn(&T) -> Vec<String>) {
    let taken: std::collections::HashSet<String> = above.iter().flat_map(&keys).collect();
    below.retain(|item| !keys(item).iter().any(|key| taken.contains(key)));
    below.extend(above);
}
