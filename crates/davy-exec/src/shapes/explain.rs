//! What is known of events, told: which stanzas, event types and datasets hold for them, and why
//! others do not; and whether all expressions of a base can be compiled.

use super::compile;
use super::graph::{ALL, Graph, Scope};
use super::made::Made;
use super::node::{Node, Truth};
use crate::source::{EventSource, Read};
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::UInt64Type;
use davy_diag::{Diagnostics, Span};
use davy_events::{Kind, Shape, Want};
use davy_knowledge::{Base, codes};
use davy_plan::{Column, Compiler, DatasetRef, Env, SEQ, Val};
use davy_spl::ast::{Expr, SearchExpr};
use std::ops::ControlFlow;
use std::sync::Arc;

/// For which events of a kind something holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    All,
    /// It depends on the event.
    Some,
    /// It depends on the event; it is so in this many of those that were looked at.
    Of {
        held: usize,
        looked: usize,
    },
    /// With the term that rules it out, where one does.
    None(Option<String>),
}

/// One kind of event.
#[derive(Debug, Clone)]
pub struct Explained {
    /// Fields with one value in all of them.
    pub constants: Vec<(String, String)>,
    /// As the add-ons know it.
    pub sourcetype: String,
    /// The stanzas of add-ons for its source, and where they are written.
    pub stanzas: Vec<(Span, Holds)>,
    /// The event types; the tags that each gives.
    pub eventtypes: Vec<(String, Vec<String>, Span, Holds)>,
    /// (model, dataset)
    pub datasets: Vec<(String, String, Holds)>,
    /// What could not be compiled for it.
    pub problems: Vec<(Span, String)>,
    /// How many events there are of the kind.
    pub events: usize,
}

/// So many events of a kind are looked at one by one, and so many of all kinds.
const LOOKED_AT: usize = 20;
const LOOKED_AT_OF_ALL: usize = 400;

/// Explains the events of a source, kind by kind. What depends on the event is looked up in the first
/// events of each kind.
pub fn explain(base: &Arc<Base>, source: &dyn EventSource, env: &Arc<Env>) -> Vec<Explained> {
    let kinds = numbered(source);
    let made = Arc::new(Made::new(base.clone(), env.clone()));
    let mut chosen: Vec<u64> = Vec::new();
    if source.can_be_read_again() {
        for (_, numbers) in &kinds {
            let left = LOOKED_AT_OF_ALL - chosen.len();
            chosen.extend(numbers.iter().take(LOOKED_AT.min(left)));
        }
    }
    let events = read(source, chosen);
    kinds
        .into_iter()
        .map(|(shape, numbers)| {
            let mut kind = explained(&made, shape);
            kind.events = numbers.len();
            let own: Vec<Explained> = events
                .iter()
                .filter(|(number, _)| numbers.binary_search(number).is_ok())
                .map(|(_, shape)| explained(&made, shape.clone()))
                .collect();
            tally(&mut kind, &own);
            kind
        })
        .collect()
}

/// Explains one event of a source, told by its place from 1; nothing when there are not as many.
pub fn explain_event(
    base: &Arc<Base>,
    source: &dyn EventSource,
    env: &Arc<Env>,
    place: usize,
) -> Option<Explained> {
    let mut numbers: Vec<u64> = numbered(source).into_iter().flat_map(|(_, n)| n).collect();
    numbers.sort_unstable();
    let number = *numbers.get(place.checked_sub(1)?)?;
    let (_, shape) = read(source, vec![number]).into_iter().next()?;
    let made = Arc::new(Made::new(base.clone(), env.clone()));
    Some(Explained { events: 1, ..explained(&made, shape) })
}

/// Wants these columns of all events.
fn all(names: &[&str], rest: bool, only: Option<Arc<[u64]>>) -> Read {
    let names = names.iter().map(|n| Arc::from(*n)).collect();
    Read {
        demand: Arc::new(Want::Fields { names, rest }),
        earliest: f64::NEG_INFINITY,
        latest: f64::INFINITY,
        only,
        stop: None,
    }
}

/// The kinds of events of a source, with the numbers of the events of each.
fn numbered(source: &dyn EventSource) -> Vec<(Shape, Vec<u64>)> {
    let mut kinds: Vec<(Shape, Vec<u64>)> = Vec::new();
    source.start(all(&[SEQ], false, None), 1).part(0, &mut |found| {
        let numbers = found.batch.column(0).as_primitive_opt::<UInt64Type>();
        let numbers = numbers.into_iter().flat_map(|n| n.values().iter().copied());
        match kinds.iter_mut().find(|(shape, _)| *shape == *found.shape) {
            Some((_, known)) => known.extend(numbers),
            None => kinds.push((found.shape.as_ref().clone(), numbers.collect())),
        }
        ControlFlow::Continue(())
    });
    kinds.iter_mut().for_each(|(_, numbers)| numbers.sort_unstable());
    kinds
}

/// Events by their numbers, each as a kind of its own of which all is known.
fn read(source: &dyn EventSource, mut numbers: Vec<u64>) -> Vec<(u64, Shape)> {
    numbers.sort_unstable();
    let mut events = Vec::new();
    if numbers.is_empty() {
        return events;
    }
    let names = [SEQ, "_time", "_raw", "host", "source", "sourcetype", "index"];
    let read = all(&names, true, Some(numbers.into()));
    source.start(read, 1).part(0, &mut |found| {
        let columns: Vec<Column> = found.batch.columns().iter().flat_map(Column::new).collect();
        for row in 0..found.batch.num_rows() {
            let cell = |at: usize| columns.get(at).map_or(Val::Null, |c| c.get(row));
            let mut fields: Vec<(Arc<str>, Arc<str>)> = found.shape.constants.clone();
            for (at, name) in names.iter().enumerate().skip(1) {
                if let Some(text) = cell(at).text()
                    && !fields.iter().any(|(known, _)| **known == **name)
                {
                    fields.push((Arc::from(*name), Arc::from(&*text)));
                }
            }
            if let Some(packed) = cell(names.len()).text() {
                let rest = davy_events::rest::iter(&packed);
                fields.extend(rest.map(|(name, value)| (Arc::from(name), Arc::from(value))));
            }
            let number = found.batch.column(0).as_primitive_opt::<UInt64Type>();
            let number = number.map_or(0, |n| n.value(row));
            events.push((number, Shape::new(found.shape.kind, fields, Some(Vec::new()))));
        }
        ControlFlow::Continue(())
    });
    events
}

/// Puts what was found of single events in place of what depends on the event.
fn tally(kind: &mut Explained, events: &[Explained]) {
    let whole = kind.events == events.len();
    let settle = |holds: &mut Holds, of: &dyn Fn(&Explained) -> Option<Holds>| {
        let found: Vec<Holds> = events.iter().filter_map(of).collect();
        let known = found.iter().all(|h| matches!(h, Holds::All | Holds::None(_)));
        if *holds != Holds::Some || found.len() != events.len() || found.is_empty() || !known {
            return;
        }
        let held = found.iter().filter(|h| **h == Holds::All).count();
        *holds = match held {
            0 if whole => found.into_iter().next().unwrap_or(Holds::None(None)),
            n if whole && n == events.len() => Holds::All,
            held => Holds::Of { held, looked: events.len() },
        };
    };
    for (at, (_, holds)) in kind.stanzas.iter_mut().enumerate() {
        settle(holds, &|e| e.stanzas.get(at).map(|(_, h)| h.clone()));
    }
    for (at, (_, _, _, holds)) in kind.eventtypes.iter_mut().enumerate() {
        settle(holds, &|e| e.eventtypes.get(at).map(|(_, _, _, h)| h.clone()));
    }
    for (at, (_, _, holds)) in kind.datasets.iter_mut().enumerate() {
        settle(holds, &|e| e.datasets.get(at).map(|(_, _, h)| h.clone()));
    }
}

fn explained(made: &Arc<Made>, shape: Shape) -> Explained {
    let base = &made.base;
    let of = |name: &str| shape.constant(name).unwrap_or_default().to_owned();
    let (sourcetype, source) = (of("sourcetype"), of("source"));
    let constants = shape.constants.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    let mut graph = Graph::new(made, shape);
    let view = base.view(&sourcetype, &source);
    let stanzas = view
        .stanzas
        .iter()
        .map(|stanza| {
            let when = stanza.defs.iter().find_map(|d| d.when.clone());
            let holds = when.map_or(Holds::All, |w| holds(&mut graph, &w, ALL));
            (stanza.span, holds)
        })
        .collect();
    let mut eventtypes = Vec::new();
    for eventtype in base.addons().iter().flat_map(|a| &a.eventtypes) {
        let tags = eventtype.tags.iter().map(|t| t.to_string()).collect();
        let holds = holds(&mut graph, &eventtype.search, ALL);
        eventtypes.push((eventtype.name.to_string(), tags, eventtype.span, holds));
    }
    let mut datasets = Vec::new();
    for model in base.models() {
        for dataset in &model.datasets {
            let wanted = DatasetRef {
                model: model.name.clone(),
                dataset: dataset.name.clone(),
                loose: false,
            };
            let holds = match graph.dataset_truth(&wanted) {
                Truth::Always => Holds::All,
                Truth::When(_) => Holds::Some,
                Truth::Never => {
                    let scope = Scope::Dataset(&wanted, usize::MAX);
                    let line = model.lineage(&dataset.name);
                    graph.only_types = true;
                    let why = line.iter().find_map(|d| against(&mut graph, &d.constraint, scope));
                    graph.only_types = false;
                    Holds::None(why)
                }
            };
            datasets.push((model.name.clone(), dataset.name.clone(), holds));
        }
    }
    Explained {
        constants,
        sourcetype: view.sourcetype.to_string(),
        stanzas,
        eventtypes,
        datasets,
        problems: graph.problems,
        events: 0,
    }
}

fn holds(graph: &mut Graph, expr: &SearchExpr, scope: Scope<'_>) -> Holds {
    match graph.truth(expr, scope) {
        Truth::Always => Holds::All,
        Truth::When(_) => Holds::Some,
        Truth::Never => Holds::None(against(graph, expr, scope)),
    }
}

/// The term that no event satisfies.
fn against(graph: &mut Graph, expr: &SearchExpr, scope: Scope<'_>) -> Option<String> {
    match expr {
        SearchExpr::And(list) => list.iter().find_map(|e| against(graph, e, scope)),
        other => {
            (graph.truth(other, scope) == Truth::Never).then(|| davy_spl::format_search(other))
        }
    }
}

/// Compiles every expression of a base, for events of which nothing but the source is known.
pub fn check_base(base: &Arc<Base>, env: &Arc<Env>) -> Diagnostics {
    check_files(base, env, &|_| true)
}

/// Compiles the expressions of a base that stand in some of its files, told by their names.
pub fn check_files(base: &Arc<Base>, env: &Arc<Env>, of: &dyn Fn(&str) -> bool) -> Diagnostics {
    let made = Arc::new(Made::new(base.clone(), env.clone()));
    let mut diags = Diagnostics::default();
    let mut told: Vec<Span> = Vec::new();
    let sources = base.sources();
    let ours = |span: Span| of(&sources.file(span.file).name);
    let mut tell = |graph: &Graph| {
        for (span, message) in &graph.problems {
            if told.contains(span) || !ours(*span) {
                continue;
            }
            told.push(*span);
            // Where the key stands, it says which field this is about.
            let key = sources.text(*span);
            let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
            let named = !key.is_empty() && key.chars().all(word);
            let headline = if named { format!("`{key}`: {message}") } else { message.clone() };
            diags.push(codes::EXPRESSION.at(*span, headline));
        }
    };
    let plain = |list: &[String], otherwise: &str| {
        list.first().map_or(otherwise.to_owned(), |p| p.replace('*', "x"))
    };
    for stanza in base.addons().iter().flat_map(|a| &a.stanzas).filter(|s| ours(s.span)) {
        let constants = vec![
            ("sourcetype".into(), plain(&stanza.sourcetype, "any").into()),
            ("source".into(), plain(&stanza.source, "any").into()),
        ];
        let shape = Shape::new(Kind::Json, constants, None);
        let mut graph = Graph::new(&made, shape);
        for name in graph.defined() {
            graph.value(&name, ALL);
        }
        graph.dynamic_runs();
        tell(&graph);
    }
    let mut graph = Graph::new(&made, Shape::new(Kind::Json, Vec::new(), None));
    for model in base.models().iter().filter(|m| ours(m.span)) {
        for dataset in &model.datasets {
            let wanted = DatasetRef {
                model: model.name.clone(),
                dataset: dataset.name.clone(),
                loose: false,
            };
            graph.dataset_truth(&wanted);
            for field in model.fields(&dataset.name) {
                let id = graph.value(&field.name, Scope::Dataset(&wanted, usize::MAX));
                debug_assert!(!matches!(*graph.node(id), Node::Const(Val::Null)));
            }
        }
    }
    tell(&graph);
    diags
}

/// Why an eval expression cannot be compiled; nothing where it can.
pub fn check_eval(expr: &Expr, env: &Arc<Env>) -> Option<String> {
    let plan = Compiler::reads(expr);
    let inputs: Vec<(String, usize, Arc<Node>)> =
        plan.into_iter().map(|name| (name, 0, Arc::new(Node::Absent))).collect();
    let built = compile::compile(&inputs, |plan| {
        let mut compiler = Compiler::alone(plan, env);
        let value = compiler.value(expr);
        compiler.finish(value)
    });
    built.err().map(|failed| compile::words(&failed))
}
