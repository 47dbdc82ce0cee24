//! What is made for one kind of event and serves for others: the definitions for a source, the runs
//! of extractions and lookups, and compiled expressions. Hundreds of kinds differ only in which
//! fields their events have.
//!
//! Expressions of the base are known by their address, which stays while the base does.

use super::compile::{self, Compiled};
use super::dataset::Modelled;
use super::known::Tests;
use super::lock;
use super::node::{Node, NodeId};
use super::run::Run;
use davy_knowledge::{Base, Def, Given};
use davy_plan::{DatasetRef, Env, Failed, Matcher, Plan, Ty, Typed, Val};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

/// A map for names and numbers that no input chooses alone; seeded all the same.
pub(crate) type Fast<K, V> = HashMap<K, V, RandomState>;

/// The definitions for events of one source and sourcetype.
#[derive(Debug)]
pub(super) struct Definitions {
    pub(super) defs: Vec<Def>,
    /// By the names that they give.
    pub(super) by_name: Fast<Arc<str>, Vec<usize>>,
    /// Extractions whose names depend on the event.
    pub(super) dynamic: Vec<usize>,
}

impl Definitions {
    fn new(base: &Base, sourcetype: &str, source: &str) -> Definitions {
        let view = base.view(sourcetype, source);
        let mut defs: Vec<Def> = Vec::new();
        if *view.sourcetype != *sourcetype
            && let Some(stanza) = view.stanzas.first()
        {
            defs.push(Def {
                given: Given::Constant("sourcetype".into(), view.sourcetype.clone()),
                when: None,
                ahead: true,
                span: stanza.span,
            });
        }
        defs.extend(view.stanzas.iter().flat_map(|s| s.defs.iter().cloned()));
        let mut by_name: Fast<Arc<str>, Vec<usize>> = Fast::default();
        let mut dynamic = Vec::new();
        for (at, def) in defs.iter().enumerate() {
            let mut add = |name: &Arc<str>| by_name.entry(name.clone()).or_default().push(at);
            match &def.given {
                Given::Alias(name, _) | Given::Constant(name, _) | Given::Eval(name, _) => {
                    add(name);
                }
                Given::Extract(extract) => match extract.how.names() {
                    Some(names) => names.iter().for_each(add),
                    None => dynamic.push(at),
                },
                Given::Lookup(lookup) => lookup.out.iter().for_each(|(_, field)| add(field)),
            }
        }
        Definitions { defs, by_name, dynamic }
    }
}

/// What an expression over named nodes is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Of {
    /// An eval expression of the base.
    Eval(usize),
    /// A search expression of the base.
    Search(usize),
    Both,
    Coalesce,
    Choose,
    Default(Arc<str>),
    /// Not of the base: nothing tells it from another.
    Once,
}

/// A node as far as what is made of it depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Known {
    Absent,
    Num(u64),
    Bool(bool),
    Str(String),
    Of(Ty),
}

impl Known {
    fn of(node: &Node) -> Known {
        match node {
            Node::Absent | Node::Const(Val::Null) => Known::Absent,
            Node::Const(Val::Num(n)) => Known::Num(n.to_bits()),
            Node::Const(Val::Bool(b)) => Known::Bool(*b),
            Node::Const(Val::Str(s)) => Known::Str(s.to_string()),
            other => Known::Of(other.ty()),
        }
    }
}

type Key = (Of, Vec<(String, Known)>);

/// One base's.
pub(crate) struct Made {
    pub(super) base: Arc<Base>,
    pub(super) env: Arc<Env>,
    definitions: Mutex<HashMap<(String, String), Arc<Definitions>>>,
    runs: Mutex<HashMap<usize, Option<Result<Arc<Run>, String>>>>,
    compiled: Mutex<Fast<Key, Result<Compiled, String>>>,
    matchers: Mutex<Fast<usize, Arc<Matcher>>>,
    tests: OnceLock<Arc<Tests>>,
    modelled: Mutex<Fast<DatasetRef, Option<Arc<Modelled>>>>,
}

/// Kinds of events come from logs; a log with ever new constants must not fill the memory.
const MAX_COMPILED: usize = 100_000;

impl Made {
    pub(crate) fn new(base: Arc<Base>, env: Arc<Env>) -> Made {
        let (definitions, runs, compiled, matchers, tests, modelled) = Default::default();
        Made { base, env, definitions, runs, compiled, matchers, tests, modelled }
    }

    pub(super) fn definitions(&self, sourcetype: &str, source: &str) -> Arc<Definitions> {
        let mut known = lock(&self.definitions);
        if known.len() > MAX_COMPILED {
            known.clear();
        }
        let key = (sourcetype.to_owned(), source.to_owned());
        let made = || Arc::new(Definitions::new(&self.base, sourcetype, source));
        known.entry(key).or_insert_with(made).clone()
    }

    /// The run of an extraction or a lookup; `None` for any other definition, and for a lookup in
    /// a table that is not there.
    pub(super) fn run(&self, def: &Def) -> Option<Result<Arc<Run>, String>> {
        let key = match &def.given {
            Given::Extract(extract) => Arc::as_ptr(extract) as usize,
            Given::Lookup(lookup) => Arc::as_ptr(lookup) as usize,
            _ => return None,
        };
        let made = || match &def.given {
            Given::Extract(extract) => Some(Run::extract(extract).map(Arc::new)),
            Given::Lookup(lookup) => {
                let table = self.base.table(&lookup.table)?;
                Some(Ok(Arc::new(Run::lookup(lookup, table, &self.env))))
            }
            _ => None,
        };
        lock(&self.runs).entry(key).or_insert_with(made).clone()
    }

    /// The tests in the searches of event types and tags.
    pub(super) fn tests(&self) -> Arc<Tests> {
        self.tests.get_or_init(|| Arc::new(Tests::of(&self.base))).clone()
    }

    /// What its model says of a dataset.
    pub(super) fn modelled(&self, dataset: &DatasetRef) -> Option<Arc<Modelled>> {
        let mut known = lock(&self.modelled);
        if let Some(modelled) = known.get(dataset) {
            return modelled.clone();
        }
        let made = Modelled::of(&self.base, dataset).map(Arc::new);
        known.insert(dataset.clone(), made.clone());
        made
    }

    /// The test at an address of the base.
    pub(super) fn matcher(&self, at: usize, make: &dyn Fn() -> Matcher) -> Arc<Matcher> {
        lock(&self.matchers).entry(at).or_insert_with(|| Arc::new(make())).clone()
    }

    /// What an expression over these comes to, which `build` makes where it is not known.
    pub(super) fn compiled(
        &self,
        of: Of,
        inputs: &[(String, NodeId, Arc<Node>)],
        build: impl FnOnce(&Plan) -> Result<Typed, Failed>,
    ) -> Result<Compiled, String> {
        let make = || compile::compile(inputs, build).map_err(|failed| compile::words(&failed));
        if of == Of::Once {
            return make();
        }
        let known = inputs.iter().map(|(name, _, node)| (name.clone(), Known::of(node)));
        let key = (of, known.collect());
        if let Some(made) = lock(&self.compiled).get(&key) {
            return made.clone();
        }
        let made = make();
        let mut compiled = lock(&self.compiled);
        if compiled.len() > MAX_COMPILED {
            compiled.clear();
        }
        compiled.insert(key, made.clone());
        made
    }
}
