//! `datamodel`. Search Reference, datamodel.

use super::modelled::{Modelled, Named, Others, base, dataset, model};
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::ArgReader;
use crate::plan::{Failed, Plan, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::Spanned;
use davy_knowledge::{Dataset, Model};
use davy_spl::ast::{Args, Grammar};
use serde_json::{Value, json};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "datamodel",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::General,
    syntax: "datamodel [<model>] [<dataset>] [search | flat | acceleration_search] [strict_fields=<bool>] [allow_old_summaries=<bool>] [summariesonly=<bool>]",
    summary: "With a model and a dataset and `search`, its events with fields named DATASET.FIELD; with `flat`, with the fields' own names. Otherwise a row for each data model, for one, or for one dataset, described as JSON in `_raw`. Events have the fields of the dataset only, unless `strict_fields=false`.",
    examples: &[
        example!("| datamodel Endpoint Processes search" => varies),
        example!("| datamodel Endpoint Processes flat" => varies),
    ],
    source: "Search Reference, datamodel",
    support: Support::Full,
    parse,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Describe,
    Search,
    Flat,
}

#[derive(Debug)]
struct DataModel {
    model: Option<Spanned<String>>,
    dataset: Option<Spanned<String>>,
    mode: Mode,
    /// Only the dataset's own fields.
    strict: bool,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = ["strict_fields", "allow_old_summaries", "summariesonly"];
    let (options, left) = cx.reader(args).options(&names, cx);
    let strict = options.flag("strict_fields", true, cx);
    for name in ["allow_old_summaries", "summariesonly"] {
        options.flag(name, false, cx);
    }
    let left: Vec<_> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let model = reader.field();
    let dataset = reader.field();
    let mode = match reader.field() {
        None => Mode::Describe,
        Some(word) => match word.value.to_ascii_lowercase().as_str() {
            "search" | "acceleration_search" => Mode::Search,
            "flat" => Mode::Flat,
            _ => return cx.bad(word.span, "this is one of search, flat, acceleration_search"),
        },
    };
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "`datamodel` takes a model, a dataset and how to show it");
    }
    Some(Box::new(DataModel { model, dataset, mode, strict }))
}

impl Command for DataModel {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::none()
    }

    fn fields(&self, _: &Fields) -> Fields {
        match self.mode {
            Mode::Describe => Fields::of(["modelName", "_raw"]),
            _ => Fields::open(),
        }
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn plan(&self, _: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let base = base(cx, cx.span)?;
        let Some(name) = &self.model else {
            let all: Vec<&Model> = base.models().iter().collect();
            return described(&all, None, cx);
        };
        let found = model(&base, name)?;
        let Some(part) = &self.dataset else { return described(&[found], None, cx) };
        let path: Vec<String> = part.value.split('.').map(str::to_owned).collect();
        let wanted = dataset(found, &path, part.span)?;
        if self.mode == Mode::Describe {
            return described(&[found], found.dataset(&wanted), cx);
        }
        let named = Named { model: name.clone(), datasets: path };
        let modelled = Modelled::new(&base, &named, None, &[])?;
        let mut shown: Vec<String> =
            ["_time", "_raw", "host", "source", "sourcetype"].map(str::to_owned).into();
        match self.mode {
            Mode::Search => shown.extend(modelled.shown()),
            _ => {
                for name in modelled.shown() {
                    let inner = modelled.inner(&name).to_owned();
                    if !shown.contains(&inner) {
                        shown.push(inner);
                    }
                }
            }
        }
        shown.retain(|n| cx.out.wants(n));
        let others = match (self.strict, cx.out.all) {
            (true, _) => Others::Left,
            (false, true) => Others::All,
            (false, false) => Others::Named,
        };
        if !self.strict {
            let more: Vec<String> =
                cx.out.names.iter().filter(|n| !shown.contains(n)).cloned().collect();
            shown.extend(more);
        }
        modelled.events_with(&shown, others, None, cx.ordered, cx)
    }
}

/// A row for each, with its description.
fn described(models: &[&Model], only: Option<&Dataset>, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
    let rows = models
        .iter()
        .map(|model| {
            let text = match only {
                Some(dataset) => object(model, dataset).to_string(),
                None => {
                    let objects: Vec<Value> =
                        model.datasets.iter().map(|d| object(model, d)).collect();
                    json!({"modelName": model.name, "objects": objects}).to_string()
                }
            };
            vec![Val::str(model.name.clone()), Val::str(text)]
        })
        .collect();
    let names = ["modelName", "_raw"].map(str::to_owned).into();
    cx.plan_of(Rows { names, rows })
}

fn object(model: &Model, dataset: &Dataset) -> Value {
    let line = model.lineage(&dataset.name);
    let lineage = line.iter().map(|d| d.name.as_str()).collect::<Vec<_>>().join(".");
    let fields: Vec<Value> =
        dataset.fields.iter().map(|f| json!({"fieldName": f.name.to_string()})).collect();
    let calculations: Vec<Value> = dataset
        .calculated
        .iter()
        .map(|c| {
            json!({
                "outputFields": [{"fieldName": c.name.to_string()}],
                "expression": davy_spl::format_expr(&c.expr),
            })
        })
        .collect();
    json!({
        "objectName": dataset.name,
        "parentName": dataset.parent.clone().unwrap_or_else(|| "BaseEvent".to_owned()),
        "lineage": lineage,
        "constraints": [{"search": davy_spl::format_search(&dataset.constraint)}],
        "fields": fields,
        "calculations": calculations,
    })
}
