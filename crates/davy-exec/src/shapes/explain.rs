//! What is known of events, told: which stanzas, event types and datasets hold for them, and why
//! others do not; and whether all expressions of a base can be compiled.

use super::graph::{ALL, Graph, Scope};
use super::lock;
use super::made::Made;
use super::node::{Node, Truth};
use crate::source::{EventSource, Read};
use davy_diag::{Diagnostics, Span};
use davy_events::{Demand, Kind, Shape, Want};
use davy_knowledge::{Base, codes};
use davy_plan::{DatasetRef, Env};
use davy_spl::ast::SearchExpr;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

/// For which events of a kind something holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    All,
    /// It depends on the event.
    Some,
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
}

/// Notes the shapes of a source and reads no event.
#[derive(Default)]
struct Seen(Mutex<Vec<Shape>>);

impl Demand for Seen {
    fn want(&self, shape: &Shape) -> Want {
        let mut seen = lock(&self.0);
        if !seen.contains(shape) {
            seen.push(shape.clone());
        }
        Want::Skip
    }
}

/// Explains the events of a source, kind by kind.
pub fn explain(base: &Arc<Base>, source: &dyn EventSource, env: &Arc<Env>) -> Vec<Explained> {
    let seen = Arc::new(Seen::default());
    let read = Read {
        demand: seen.clone(),
        earliest: f64::NEG_INFINITY,
        latest: f64::INFINITY,
        only: None,
    };
    source.start(read, 1).part(0, &mut |_| ControlFlow::Continue(()));
    let shapes = lock(&seen.0).clone();
    let made = Arc::new(Made::new(base.clone(), env.clone()));
    shapes.into_iter().map(|shape| explained(&made, shape)).collect()
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
            let wanted = DatasetRef { model: model.name.clone(), dataset: dataset.name.clone() };
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
    let made = Arc::new(Made::new(base.clone(), env.clone()));
    let mut diags = Diagnostics::default();
    let mut tell = |graph: &Graph| {
        for (span, message) in &graph.problems {
            diags.push(codes::EXPRESSION.at(*span, message.clone()));
        }
    };
    let plain = |list: &[String], otherwise: &str| {
        list.first().map_or(otherwise.to_owned(), |p| p.replace('*', "x"))
    };
    for stanza in base.addons().iter().flat_map(|a| &a.stanzas) {
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
    for model in base.models() {
        for dataset in &model.datasets {
            let wanted = DatasetRef { model: model.name.clone(), dataset: dataset.name.clone() };
            graph.dataset_truth(&wanted);
            for field in model.fields(&dataset.name) {
                let id = graph.value(&field.name, Scope::Dataset(&wanted, usize::MAX));
                debug_assert!(!matches!(*graph.node(id), Node::Const(davy_plan::Val::Null)));
            }
        }
    }
    tell(&graph);
    diags
}
