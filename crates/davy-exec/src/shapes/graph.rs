//! How each field of one kind of event comes about, followed back to what is decoded. Only what is
//! asked for is looked at, and once.

use super::compile::{self, Folded};
use super::node::{Node, NodeId, Truth};
use super::open::{Frame, Lookup, Open};
use super::run::Run;
use super::types::Types;
use davy_events::Shape;
use davy_knowledge::{Base, Def, Given};
use davy_plan::{
    Compiler, DatasetRef, Env, Facts, Failed, Matcher, Plan, SearchCondition, Typed, Val,
    specialise,
};
use davy_spl::ast::{Expr, SearchExpr};
use std::collections::HashMap;
use std::sync::Arc;

/// Where a name is looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope<'s> {
    /// Among the definitions of an add-on before this one.
    Event(usize),
    /// Among the fields of a dataset, calculated ones before this one.
    Dataset(&'s DatasetRef, usize),
}

fn is_tag(name: &str) -> bool {
    name == "tag" || name.starts_with("tag::")
}

/// After all definitions.
pub(crate) const ALL: Scope<'static> = Scope::Event(usize::MAX);

pub(crate) struct Graph {
    pub(super) base: Arc<Base>,
    shape: Shape,
    env: Arc<Env>,
    defs: Vec<Def>,
    by_name: HashMap<Arc<str>, Vec<usize>>,
    /// Extractions whose names depend on the event.
    dynamic: Vec<usize>,
    nodes: Vec<Arc<Node>>,
    memo: HashMap<(Arc<str>, usize), NodeId>,
    pub(super) open: Open,
    guards: HashMap<usize, Truth>,
    runs: HashMap<usize, Option<Arc<Run>>>,
    server: Option<Arc<Run>>,
    pub(super) types: Option<Types>,
    /// Fields of the event that are called `tag` or `eventtype` are not looked at.
    pub(super) only_types: bool,
    pub(super) dataset_memo: HashMap<(DatasetRef, String, usize), NodeId>,
    pub(super) dataset_truth: HashMap<DatasetRef, Truth>,
    /// What could not be compiled.
    pub(crate) problems: Vec<(davy_diag::Span, String)>,
}

impl Graph {
    pub(crate) fn new(base: Arc<Base>, shape: Shape, env: Arc<Env>) -> Graph {
        let constant = |name: &str| shape.constant(name).unwrap_or_default();
        let view = base.view(constant("sourcetype"), constant("source"));
        let mut defs: Vec<Def> = Vec::new();
        if *view.sourcetype != *constant("sourcetype")
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
        let mut by_name: HashMap<Arc<str>, Vec<usize>> = HashMap::new();
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
        Graph {
            base,
            shape,
            env,
            defs,
            by_name,
            dynamic,
            nodes: vec![Arc::new(Node::Absent)],
            memo: HashMap::new(),
            open: Open::default(),
            guards: HashMap::new(),
            runs: HashMap::new(),
            server: None,
            types: None,
            only_types: false,
            dataset_memo: HashMap::new(),
            dataset_truth: HashMap::new(),
            problems: Vec::new(),
        }
    }

    pub(crate) fn node(&self, id: NodeId) -> Arc<Node> {
        self.nodes.get(id).cloned().unwrap_or_else(|| Arc::new(Node::Absent))
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The names that definitions may give, but for those that depend on the event.
    pub(crate) fn defined(&self) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = self.by_name.keys().cloned().collect();
        names.sort();
        names
    }

    /// The runs that give names as they come, each with its condition.
    pub(crate) fn dynamic_runs(&mut self) -> Vec<(Truth, Arc<Run>, Vec<NodeId>)> {
        let mut out = Vec::new();
        for at in self.dynamic.clone() {
            let truth = self.guard(at);
            if truth != Truth::Never
                && let Some((run, inputs)) = self.run(at)
            {
                out.push((truth, run, inputs));
            }
        }
        out
    }

    pub(super) fn add(&mut self, node: Node) -> NodeId {
        if matches!(node, Node::Absent) {
            return 0;
        }
        self.nodes.push(Arc::new(node));
        self.nodes.len() - 1
    }

    /// The value of a name.
    pub(crate) fn value(&mut self, name: &str, scope: Scope<'_>) -> NodeId {
        match scope {
            Scope::Dataset(dataset, before) => self.dataset_value(dataset, name, before),
            Scope::Event(before) => match name == "eventtype" || is_tag(name) {
                true => self.type_values(name, before),
                false => self.event_value(name, before),
            },
        }
    }

    /// A value by the definitions before one of them.
    pub(super) fn event_value(&mut self, name: &str, before: usize) -> NodeId {
        let named = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let dynamic = if name.starts_with('_') { &[][..] } else { self.dynamic.as_slice() };
        let at = named.iter().chain(dynamic).copied().filter(|at| *at < before).max();
        let Some(at) = at else { return self.ground(name, before) };
        let key = (Arc::from(name), at);
        let lookup = Lookup::Value(Arc::clone(&key.0), at);
        if let Some(id) = self.memo.get(&key) {
            self.open.used(&lookup);
            return *id;
        }
        let Some(frame) = self.open.enter(lookup) else { return self.decoded(name) };
        let id = self.defined_value(name, at);
        self.memo.insert(key, id);
        self.leave(frame);
        id
    }

    /// Ends a lookup, and forgets what held only while it was under way.
    pub(super) fn leave(&mut self, frame: Frame) {
        for lookup in self.open.leave(frame) {
            match lookup {
                Lookup::Value(name, at) => {
                    self.memo.remove(&(name, at));
                }
                Lookup::Guard(at) => {
                    self.guards.remove(&at);
                }
                Lookup::Types => self.types = None,
                Lookup::Ahead(_) => {}
            }
        }
    }

    fn defined_value(&mut self, name: &str, at: usize) -> NodeId {
        let truth = self.guard(at);
        if truth == Truth::Never {
            return self.event_value(name, at);
        }
        let Some(def) = self.defs.get(at).cloned() else { return 0 };
        // Names as they come do not stand in place of what is there, such as the sourcetype.
        let found = self.dynamic.contains(&at);
        if found {
            let old = self.event_value(name, at);
            if matches!(*self.node(old), Node::Const(_)) {
                return old;
            }
        }
        let (new, strict) = match &def.given {
            Given::Alias(_, from) => {
                let from: Vec<NodeId> =
                    from.iter().map(|f| self.value(f, Scope::Event(at))).collect();
                (self.coalesce(from), false)
            }
            Given::Constant(_, value) => (self.add(Node::Const(Val::str(value.to_string()))), true),
            Given::Eval(_, expr) => (self.eval(expr, Scope::Event(at), def.span), true),
            Given::Extract(_) | Given::Lookup(_) => (self.output(at, name), false),
        };
        match (truth, strict) {
            (Truth::When(condition), _) => {
                let old = self.event_value(name, at);
                let new = match (strict, found) {
                    (true, _) => new,
                    (false, true) => self.coalesce(vec![old, new]),
                    (false, false) => self.coalesce(vec![new, old]),
                };
                self.choose(condition, new, old)
            }
            (_, true) => new,
            (_, false) if found => {
                let old = self.event_value(name, at);
                self.coalesce(vec![old, new])
            }
            (_, false) if matches!(*self.node(new), Node::Const(_)) => new,
            (_, false) => {
                let old = self.event_value(name, at);
                self.coalesce(vec![new, old])
            }
        }
    }

    /// A name that no definition before gives: as decoded, or else by a later definition.
    fn ground(&mut self, name: &str, before: usize) -> NodeId {
        let known = self.shape.fields.is_some() && self.shape.may_hold(name)
            || self.shape.constant(name).is_some();
        let later = self.by_name.get(name).is_some_and(|list| list.iter().any(|at| *at >= before));
        let ahead = self.defs.get(before).is_some_and(|d| d.ahead);
        if !known && later && ahead {
            let name: Arc<str> = Arc::from(name);
            if let Some(frame) = self.open.enter(Lookup::Ahead(name.clone())) {
                let id = self.event_value(&name, usize::MAX);
                self.leave(frame);
                // Where the shape does not tell, an event that holds the field keeps its own.
                let own = match self.shape.fields.is_none() {
                    true => self.decoded(&name),
                    false => 0,
                };
                return self.coalesce(vec![own, id]);
            }
        }
        self.decoded(name)
    }

    /// A field as the decoder gives it, or as a server would add it.
    fn decoded(&mut self, name: &str) -> NodeId {
        let key = (Arc::from(name), usize::MAX);
        if let Some(id) = self.memo.get(&key) {
            return *id;
        }
        let id = match self.shape.constant(name) {
            Some(value) => {
                let value = value.to_owned();
                self.add(Node::Const(Val::str(value)))
            }
            None => {
                let raw = match self.shape.may_hold(name) {
                    true => self.add(Node::Raw(key.0.clone())),
                    false => 0,
                };
                match self.server_field(name) {
                    0 => raw,
                    added if raw == 0 => added,
                    added => self.coalesce(vec![raw, added]),
                }
            }
        };
        self.memo.insert(key, id);
        id
    }

    /// The fields that Splunk's indexing adds to every event, made where they are asked for.
    fn server_field(&mut self, name: &str) -> NodeId {
        let eval = match name {
            "linecount" | "punct" | "timestartpos" | "timeendpos" => {
                let input = self.decoded("_raw");
                let run = self.server.get_or_insert_with(|| Arc::new(Run::server())).clone();
                return self.add(Node::Out { run, inputs: vec![input], name: name.into() });
            }
            // Events have a host always; searches that group by it would lose those without.
            "host" => return self.add(Node::Const(Val::str("unknown"))),
            "splunk_server" => return self.add(Node::Const(Val::str("davy"))),
            "date_hour" => "tonumber(strftime(_time,\"%H\"))",
            "date_mday" => "tonumber(strftime(_time,\"%d\"))",
            "date_minute" => "tonumber(strftime(_time,\"%M\"))",
            "date_second" => "tonumber(strftime(_time,\"%S\"))",
            "date_year" => "tonumber(strftime(_time,\"%Y\"))",
            "date_month" => "lower(strftime(_time,\"%B\"))",
            "date_wday" => "lower(strftime(_time,\"%A\"))",
            "date_zone" => return self.add(Node::Const(Val::str("0"))),
            _ => return 0,
        };
        let mut sources = davy_diag::SourceMap::default();
        let file = sources.add(name, eval);
        let span = file.span(0..eval.len());
        let mut diags = davy_diag::Diagnostics::default();
        match davy_spl::parse_expr_at(&sources, span, &mut diags) {
            Some(expr) => self.eval(&expr, Scope::Event(0), span),
            None => 0,
        }
    }

    /// The run of an extraction or lookup.
    fn run(&mut self, at: usize) -> Option<(Arc<Run>, Vec<NodeId>)> {
        let def = self.defs.get(at).cloned()?;
        let made = match self.runs.get(&at) {
            Some(known) => known.clone(),
            None => {
                let made = self.made_run(&def);
                self.runs.insert(at, made.clone());
                made
            }
        }?;
        let inputs = match &def.given {
            Given::Extract(extract) => vec![self.value(&extract.field, Scope::Event(at))],
            Given::Lookup(lookup) => {
                lookup.on.iter().map(|(_, f)| self.value(f, Scope::Event(at))).collect()
            }
            _ => return None,
        };
        Some((made, inputs))
    }

    fn made_run(&mut self, def: &Def) -> Option<Arc<Run>> {
        match &def.given {
            Given::Extract(extract) => match Run::extract(extract) {
                Ok(run) => Some(Arc::new(run)),
                Err(message) => {
                    self.problems.push((def.span, message));
                    None
                }
            },
            Given::Lookup(lookup) => {
                let table = self.base.table(&lookup.table)?;
                Some(Arc::new(Run::lookup(lookup, table)))
            }
            _ => None,
        }
    }

    fn output(&mut self, at: usize, name: &str) -> NodeId {
        let Some((run, inputs)) = self.run(at) else { return 0 };
        let nodes: Vec<Arc<Node>> = inputs.iter().map(|id| self.node(*id)).collect();
        if nodes.iter().any(|n| matches!(**n, Node::Absent)) {
            return 0;
        }
        let constants: Vec<_> = nodes
            .iter()
            .filter_map(|n| match n.as_ref() {
                Node::Const(value) => compile::scalar(value).to_array().ok(),
                _ => None,
            })
            .collect();
        if constants.len() == nodes.len()
            && let Ok(fields) = run.run(&constants, 1)
        {
            let column = davy_plan::Column::new(&fields.column(name));
            let value = column.map(|c| c.get(0).into_owned());
            return match value {
                Ok(Val::Null) | Err(_) => 0,
                Ok(value) => self.add(Node::Const(value)),
            };
        }
        self.add(Node::Out { run, inputs, name: name.into() })
    }

    /// The condition under which a definition holds.
    fn guard(&mut self, at: usize) -> Truth {
        let Some(when) = self.defs.get(at).and_then(|d| d.when.clone()) else {
            return Truth::Always;
        };
        let key = Arc::as_ptr(&when) as usize;
        if let Some(truth) = self.guards.get(&key) {
            let truth = *truth;
            self.open.used(&Lookup::Guard(key));
            return truth;
        }
        // A condition that reads what it guards sees the field as decoded.
        let Some(frame) = self.open.enter(Lookup::Guard(key)) else { return Truth::Never };
        let truth = self.truth(&when, Scope::Event(at));
        self.guards.insert(key, truth);
        self.leave(frame);
        truth
    }

    /// What a search expression comes to.
    pub(crate) fn truth(&mut self, expr: &SearchExpr, scope: Scope<'_>) -> Truth {
        match specialise(expr, &mut Known { graph: self, scope }) {
            Some(true) => return Truth::Always,
            Some(false) => return Truth::Never,
            None => {}
        }
        let names = SearchCondition::reads(expr);
        let mut always = false;
        let inputs = self.inputs(names, scope);
        let compiled = compile::compile(&inputs, |plan: &Plan| {
            let condition = SearchCondition::of(expr, plan);
            always = condition.is_none();
            Ok(condition.map_or(Typed::bool(true), |c| Typed::of(c, davy_plan::Ty::Bool)))
        });
        if always {
            return Truth::Always;
        }
        let id = self.compiled(compiled, None);
        match self.node(id).as_ref() {
            Node::Const(Val::Bool(true)) => Truth::Always,
            Node::Const(_) | Node::Absent => Truth::Never,
            _ => Truth::When(id),
        }
    }

    pub(crate) fn both(&mut self, a: Truth, b: Truth) -> Truth {
        match (a, b) {
            (Truth::Never, _) | (_, Truth::Never) => Truth::Never,
            (Truth::Always, other) | (other, Truth::Always) => other,
            (Truth::When(x), Truth::When(y)) => {
                let inputs = self.named(&[x, y]);
                let compiled = compile::compile(&inputs, |plan| {
                    let (a, b) = (plan.column("0").expr, plan.column("1").expr);
                    Ok(Typed::of(a.and(b), davy_plan::Ty::Bool))
                });
                Truth::When(self.compiled(compiled, None))
            }
        }
    }

    pub(super) fn eval(&mut self, expr: &Expr, scope: Scope<'_>, span: davy_diag::Span) -> NodeId {
        let inputs = self.inputs(Compiler::reads(expr), scope);
        let env = self.env.clone();
        let compiled = compile::compile(&inputs, |plan| {
            let mut compiler = Compiler::alone(plan, &env);
            let value = compiler.value(expr);
            compiler.finish(value)
        });
        self.compiled(compiled, Some(span))
    }

    fn inputs(
        &mut self,
        mut names: Vec<String>,
        scope: Scope<'_>,
    ) -> Vec<(String, NodeId, Arc<Node>)> {
        names.sort();
        names.dedup();
        names
            .into_iter()
            .map(|name| {
                let id = self.value(&name, scope);
                (name, id, self.node(id))
            })
            .collect()
    }

    /// Nodes as columns named by their place.
    fn named(&self, ids: &[NodeId]) -> Vec<(String, NodeId, Arc<Node>)> {
        ids.iter().enumerate().map(|(i, id)| (i.to_string(), *id, self.node(*id))).collect()
    }

    fn compiled(
        &mut self,
        compiled: Result<Folded, Failed>,
        span: Option<davy_diag::Span>,
    ) -> NodeId {
        match compiled {
            Ok(Folded::Same(id)) => id,
            Ok(Folded::Node(node)) => self.add(node),
            Err(failed) => {
                let span = span.unwrap_or(davy_diag::SourceMap::default().add("", "").span(0..0));
                self.problems.push((span, compile::words(&failed)));
                0
            }
        }
    }

    /// The first of these that is there.
    pub(super) fn coalesce(&mut self, ids: Vec<NodeId>) -> NodeId {
        let mut list: Vec<NodeId> = Vec::new();
        for id in ids {
            let node = self.node(id);
            if matches!(*node, Node::Absent) || list.contains(&id) {
                continue;
            }
            list.push(id);
            if matches!(*node, Node::Const(_)) {
                break;
            }
        }
        match list.as_slice() {
            [] => 0,
            [one] => *one,
            _ => {
                let inputs = self.named(&list);
                let names: Vec<String> = inputs.iter().map(|(n, _, _)| n.clone()).collect();
                let compiled = compile::compile(&inputs, |plan| compile::coalesce(plan, &names));
                self.compiled(compiled, None)
            }
        }
    }

    fn choose(&mut self, condition: NodeId, yes: NodeId, no: NodeId) -> NodeId {
        if yes == no {
            return yes;
        }
        let inputs = self.named(&[condition, yes, no]);
        let compiled = compile::compile(&inputs, |plan| compile::choose(plan, "0", "1", "2"));
        self.compiled(compiled, None)
    }

    pub(super) fn or_default(&mut self, value: NodeId, default: &str) -> NodeId {
        let inputs = self.named(&[value]);
        let compiled = compile::compile(&inputs, |plan| compile::or_default(plan, "0", default));
        self.compiled(compiled, None)
    }
}

/// What a graph knows, as facts for folding a search.
struct Known<'g, 's> {
    graph: &'g mut Graph,
    scope: Scope<'s>,
}

impl Facts for Known<'_, '_> {
    fn fits(&mut self, field: &str, matcher: &dyn Fn() -> Matcher) -> Option<bool> {
        let id = self.graph.value(field, self.scope);
        match self.graph.node(id).as_ref() {
            Node::Absent => Some(false),
            Node::Const(value) => Some(matcher().matches_val(value)),
            Node::Types { always, some } => {
                let matcher = matcher();
                if always.iter().any(|v| matcher.matches(v)) {
                    return Some(true);
                }
                let possible = some.iter().flat_map(|(_, values)| values);
                match possible.into_iter().any(|v| matcher.matches(v)) {
                    true => None,
                    false => Some(false),
                }
            }
            _ => None,
        }
    }
}
