//! What a search comes to: the expanded text, its commands with the fields they read and leave,
//! the segments it is cut into, the plans.

use davy_exec::{RunError, Search, Session};
use davy_plan::spec::Kind;
use davy_plan::{FieldSet, Fields, Order};
use serde_json::{Value, json};
use std::fmt::Write;

pub(crate) struct Explained {
    expanded: String,
    pub(crate) stages: Vec<StageInfo>,
    logical: String,
    physical: String,
}

pub(crate) struct StageInfo {
    name: &'static str,
    kind: Kind,
    text: String,
    /// Which segment it is in, from 1. A segment ends with a command whose columns depend on data.
    segment: usize,
    needs: FieldSet,
    leaves: Fields,
    ordered: bool,
}

/// Explains a search. What stands before a barrier is run, since the plan behind it depends on it.
pub(crate) fn explain_search(
    session: &Session,
    search: &Search<'_>,
) -> Result<Explained, RunError> {
    let prepared = search.prepared;
    let bound = &prepared.bound;
    let demands = bound.demands(&search.out, true);
    let fields = bound.fields(Fields::open());
    let mut segment = 1;
    let mut stages = Vec::new();
    for ((stage, demand), leaves) in bound.stages.iter().zip(demands).zip(fields) {
        stages.push(StageInfo {
            name: stage.spec.name,
            kind: stage.spec.kind,
            text: prepared.sources.text(stage.span).trim().to_owned(),
            segment,
            needs: demand.needs,
            leaves,
            ordered: demand.ordered || stage.command.order() == Order::Needs,
        });
        if stage.spec.kind == Kind::Barrier {
            segment += 1;
        }
    }
    let (logical, physical) = session.explain(search)?;
    let expanded = davy_spl::format(&prepared.pipeline);
    Ok(Explained { expanded, stages, logical, physical })
}

impl StageInfo {
    fn needs(&self) -> String {
        listed(self.needs.names.iter(), self.needs.all, "all other fields")
    }

    fn leaves(&self) -> String {
        listed(self.leaves.names.iter(), self.leaves.open, "others")
    }

    fn write(&self, out: &mut String, n: usize) {
        let ordered = if self.ordered { ", order of rows matters" } else { "" };
        let _ = writeln!(out, "{n:>3}  {}  ({}{ordered})", self.name, kind(self.kind));
        let _ = writeln!(out, "     needs   {}", self.needs());
        let _ = writeln!(out, "     leaves  {}", self.leaves());
    }

    fn json(&self, n: usize) -> Value {
        json!({
            "stage": n,
            "command": self.name,
            "text": self.text,
            "kind": kind(self.kind),
            "segment": self.segment,
            "needs": { "fields": self.needs.names, "all_others": self.needs.all },
            "leaves": { "fields": self.leaves.names, "others": self.leaves.open },
            "order_matters": self.ordered,
        })
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a String>, more: bool, others: &str) -> String {
    let names: Vec<&str> =
        names.map(String::as_str).filter(|n| !n.starts_with(davy_plan::HIDDEN)).collect();
    match (names.is_empty(), more) {
        (true, true) => "all fields".to_owned(),
        (true, false) => "nothing".to_owned(),
        (false, true) => format!("{} and {others}", names.join(", ")),
        (false, false) => names.join(", "),
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Generating => "makes rows",
        Kind::Streaming => "row by row",
        Kind::Sequential => "row by row, in order",
        Kind::Transforming => "all rows",
        Kind::Barrier => "all rows; columns depend on the data",
    }
}

impl Explained {
    /// All of it, or one stage.
    pub(crate) fn text(&self, only: Option<usize>) -> String {
        let mut out = String::new();
        if let Some(n) = only {
            if let Some(stage) = self.stages.get(n.saturating_sub(1)) {
                let _ = writeln!(out, "{}\n", stage.text);
                stage.write(&mut out, n);
            }
            return out;
        }
        let _ = writeln!(out, "{}", self.expanded);
        let mut segment = 0;
        for (i, stage) in self.stages.iter().enumerate() {
            if stage.segment != segment {
                segment = stage.segment;
                let _ = writeln!(out, "segment {segment}");
            }
            stage.write(&mut out, i + 1);
        }
        let _ = writeln!(
            out,
            "\nlogical plan{}\n{}\n\nphysical plan\n{}",
            if segment > 1 { " of the last segment" } else { "" },
            self.logical,
            self.physical
        );
        out
    }

    pub(crate) fn json(&self, only: Option<usize>) -> Value {
        let stages: Vec<Value> =
            self.stages.iter().enumerate().map(|(i, s)| s.json(i + 1)).collect();
        if let Some(n) = only {
            return stages.into_iter().nth(n.saturating_sub(1)).unwrap_or_default();
        }
        json!({
            "expanded": self.expanded,
            "stages": stages,
            "logical_plan": self.logical,
            "physical_plan": self.physical,
        })
    }
}
