//! Events of data models: which dataset a command means, and its fields under the names that SPL
//! gives them (`Processes.dest`).

use crate::codes;
use crate::fields::FieldSet;
use crate::node::ConcatNode;
use crate::plan::{DatasetRef, Failed, Plan, PlanCx, Scan};
use crate::search;
use crate::timerange;
use datafusion_expr::Expr;
use davy_diag::{Span, Spanned, closest};
use davy_knowledge::{Base, Model};
use davy_spl::ast::{CmpOp, SearchExpr};
use std::sync::Arc;

/// Fields that every dataset has from its events, under their own names.
const EVENT_FIELDS: [&str; 9] =
    ["_time", "_raw", "host", "source", "sourcetype", "index", "tag", "eventtype", "punct"];

/// A data model as named in a search: `Endpoint`, `Endpoint.Processes`,
/// `Change.All_Changes.Account_Management`.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) model: Spanned<String>,
    pub(super) datasets: Vec<String>,
}

impl Named {
    pub(super) fn read(text: &Spanned<String>) -> Named {
        let mut parts = text.value.trim().trim_matches('"').split('.').map(str::to_owned);
        let model = Spanned::new(parts.next().unwrap_or_default(), text.span);
        Named { model, datasets: parts.collect() }
    }
}

/// The knowledge base of a search.
pub(super) fn base(cx: &PlanCx<'_>, span: Span) -> Result<Arc<Base>, Failed> {
    cx.engine.knowledge().base().cloned().ok_or_else(|| {
        codes::NO_SUCH_MODEL.at(span, "no data models are loaded, so none can be searched").into()
    })
}

/// The model of that name.
pub(super) fn model<'b>(base: &'b Base, name: &Spanned<String>) -> Result<&'b Model, Failed> {
    base.model(&name.value).ok_or_else(|| {
        let names: Vec<&str> = base.models().iter().map(|m| m.name.as_str()).collect();
        let near = closest(&name.value, names.iter().copied());
        codes::NO_SUCH_MODEL
            .at(name.span, format!("no data model `{}`", name.value))
            .help(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", names.join(", ")),
            })
            .into()
    })
}

/// The dataset that a path's last part names.
pub(super) fn dataset(model: &Model, path: &[String], span: Span) -> Result<String, Failed> {
    for part in path {
        if model.dataset(part).is_none() {
            let near = closest(part, model.datasets.iter().map(|d| d.name.as_str()));
            return Err(codes::NO_SUCH_MODEL
                .at(span, format!("the data model `{}` has no dataset `{part}`", model.name))
                .help(match near {
                    Some(near) => format!("did you mean `{}.{near}`?", model.name),
                    None => format!("it has {}", listed(model)),
                })
                .into());
        }
    }
    Ok(path.last().cloned().unwrap_or_default())
}

fn listed(model: &Model) -> String {
    model.datasets.iter().map(|d| d.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// What becomes of fields of the events that are none of the dataset's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    Left,
    /// Those that are named.
    Named,
    All,
}

/// What a command reads of a data model.
#[derive(Debug)]
pub(super) struct Modelled<'b> {
    pub(super) model: &'b Model,
    /// One, or all roots where nothing says which.
    pub(super) datasets: Vec<String>,
}

impl<'b> Modelled<'b> {
    /// From the name, from `nodename=` in the filter, or from the names of fields.
    pub(super) fn new(
        base: &'b Base,
        named: &Named,
        filter: Option<&SearchExpr>,
        reads: &[(String, Span)],
    ) -> Result<Self, Failed> {
        let model = model(base, &named.model)?;
        let mut path = named.datasets.clone();
        if let Some((node, span)) = filter.and_then(nodename) {
            let parts: Vec<String> = node.split('.').map(str::to_owned).collect();
            dataset(model, &parts, span)?;
            path = parts;
        }
        if !path.is_empty() {
            let name = dataset(model, &path, named.model.span)?;
            return Ok(Modelled { model, datasets: vec![name] });
        }
        let root = reads.iter().find_map(|(name, _)| {
            let first = name.split('.').next()?;
            model.lineage(first).first().map(|d| d.name.clone())
        });
        let datasets = match root {
            Some(root) => vec![root],
            None => model.roots().map(|d| d.name.clone()).collect(),
        };
        Ok(Modelled { model, datasets })
    }

    /// The field's name in its dataset: `Processes.dest` is `dest`.
    pub(super) fn inner<'n>(&self, shown: &'n str) -> &'n str {
        let mut rest = shown;
        while let Some((first, after)) = rest.split_once('.') {
            if self.model.dataset(first).is_none() {
                break;
            }
            rest = after;
        }
        rest
    }

    /// The names that SPL gives the dataset's fields.
    pub(super) fn shown(&self) -> Vec<String> {
        let mut out = Vec::new();
        for dataset in &self.datasets {
            let line = self.model.lineage(dataset);
            let root = line.first().map_or(dataset.as_str(), |d| d.name.as_str());
            out.extend(self.model.fields(dataset).iter().map(|f| format!("{root}.{}", f.name)));
        }
        out
    }

    /// `Root.Child`, as `nodename` has it.
    fn path(&self, dataset: &str) -> String {
        let line = self.model.lineage(dataset);
        line.iter().map(|d| d.name.as_str()).collect::<Vec<_>>().join(".")
    }

    /// Warns of fields that no dataset here has.
    pub(super) fn check(&self, reads: &[(String, Span)], cx: &PlanCx<'_>) {
        let all = || self.model.datasets.iter().flat_map(|d| &d.fields);
        let own = || self.datasets.iter().flat_map(|d| self.model.fields(d));
        for (name, span) in reads {
            let bare = self.inner(name);
            let plain = EVENT_FIELDS.contains(&bare) || bare == "nodename" || bare.starts_with('_');
            let known = || {
                all().any(|field| *field.name == *bare)
                    || own().any(|field| self.inner(&field.name) == bare)
            };
            if plain || name.contains('*') || known() {
                continue;
            }
            let known = self.shown();
            let near = closest(name, known.iter().map(String::as_str));
            cx.engine.warn(
                codes::UNKNOWN_FIELD
                    .at(
                        *span,
                        format!("the data model `{}` has no field `{name}`", self.model.name),
                    )
                    .help(near.map(|n| format!("did you mean `{n}`?"))),
            );
        }
    }

    /// The events, with these fields under the names that SPL gives them.
    pub(super) fn events(
        &self,
        shown: &[String],
        filter: Option<&SearchExpr>,
        ordered: bool,
        cx: &PlanCx<'_>,
    ) -> Result<Plan, Failed> {
        self.events_with(shown, Others::Left, filter, ordered, cx)
    }

    /// As `events`, with fields that are none of the dataset's.
    pub(super) fn events_with(
        &self,
        shown: &[String],
        others: Others,
        filter: Option<&SearchExpr>,
        ordered: bool,
        cx: &PlanCx<'_>,
    ) -> Result<Plan, Failed> {
        let range = timerange::of(filter, cx)?;
        let own = filter.map(|f| timerange::windows(self.rewritten(f), cx)).transpose()?;
        let mut parts = Vec::new();
        for dataset in &self.datasets {
            let mut needs = FieldSet { all: others == Others::All, ..FieldSet::none() };
            for name in shown.iter().filter(|n| *n != "nodename") {
                needs.add(self.inner(name));
            }
            let scan = Scan {
                needs,
                earliest: range.earliest,
                latest: range.latest,
                filter: own.clone().map(Arc::new),
                ordered,
                dataset: Some(DatasetRef {
                    model: self.model.name.clone(),
                    dataset: dataset.clone(),
                    loose: others != Others::Left,
                }),
            };
            let plan = Plan::new(cx.engine.scan(&scan)?);
            let mut columns: Vec<(String, Expr)> = Vec::new();
            for name in shown {
                let typed = match name.as_str() {
                    "nodename" => crate::expr::Typed::text(&self.path(dataset)),
                    _ => plan.column(self.inner(name)),
                };
                columns.push((name.clone(), typed.materialized()));
            }
            for hidden in plan.all_names().into_iter().filter(|n| n.starts_with("__")) {
                columns.push((hidden.clone(), plan.column(&hidden).expr));
            }
            if ordered && !columns.iter().any(|(n, _)| n == "_time") {
                columns.push(("_time".to_owned(), plan.column("_time").expr));
            }
            parts.push(plan.project(columns)?);
        }
        let mut plan = match parts.len() {
            1 => parts.remove(0),
            _ => Plan::new(ConcatNode::plan(parts.into_iter().map(|p| p.logical).collect())?),
        };
        if let Some(condition) = filter.and_then(|f| search::condition(f, &plan, true)) {
            plan = plan.filter(condition)?;
        }
        Ok(if ordered { plan.newest_first() } else { plan })
    }

    /// The filter over the dataset's own names, for leaving out events early.
    fn rewritten(&self, expr: &SearchExpr) -> SearchExpr {
        let name =
            |field: &Spanned<String>| Spanned::new(self.inner(&field.value).to_owned(), field.span);
        match expr {
            SearchExpr::And(list) => {
                SearchExpr::And(list.iter().map(|e| self.rewritten(e)).collect())
            }
            SearchExpr::Or(list) => {
                SearchExpr::Or(list.iter().map(|e| self.rewritten(e)).collect())
            }
            SearchExpr::Not(inner, span) => SearchExpr::Not(Box::new(self.rewritten(inner)), *span),
            // Decided above; no event has such a field.
            SearchExpr::Compare { field, .. } | SearchExpr::In { field, .. }
                if field.value == "nodename" =>
            {
                SearchExpr::And(Vec::new())
            }
            SearchExpr::Compare { field, op, value } => {
                SearchExpr::Compare { field: name(field), op: op.clone(), value: value.clone() }
            }
            SearchExpr::In { field, values, span } => {
                SearchExpr::In { field: name(field), values: values.clone(), span: *span }
            }
            SearchExpr::Case { field: Some(field), value } => {
                SearchExpr::Case { field: Some(name(field)), value: value.clone() }
            }
            other => other.clone(),
        }
    }
}

/// `nodename=Root.Child` among the terms that all must hold.
fn nodename(expr: &SearchExpr) -> Option<(String, Span)> {
    match expr {
        SearchExpr::And(list) => list.iter().find_map(nodename),
        SearchExpr::Compare { field, op, value }
            if field.value.eq_ignore_ascii_case("nodename") && op.value == CmpOp::Eq =>
        {
            Some((value.text.clone(), value.span.0))
        }
        _ => None,
    }
}
