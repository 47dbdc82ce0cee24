//! Data models: datasets with a constraint, fields and what is calculated in them.

use crate::addon::{eval, search};
use crate::codes;
use crate::yaml::{Node, Reader, Value};
use davy_diag::Span;
use davy_spl::ast::{Expr, SearchExpr};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    pub name: String,
    pub datasets: Vec<Dataset>,
    pub span: Span,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dataset {
    pub name: String,
    pub parent: Option<String>,
    pub constraint: Arc<SearchExpr>,
    /// Its own fields, without those of its parent.
    pub fields: Vec<DatasetField>,
    pub calculated: Vec<Calculated>,
    pub span: Span,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DatasetField {
    pub name: Arc<str>,
    /// Stands where the event has no value.
    pub default: Option<Arc<str>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Calculated {
    pub name: Arc<str>,
    pub expr: Arc<Expr>,
    pub span: Span,
}

impl Model {
    pub fn dataset(&self, name: &str) -> Option<&Dataset> {
        self.datasets.iter().find(|d| d.name == name)
    }

    /// The datasets that have no parent.
    pub fn roots(&self) -> impl Iterator<Item = &Dataset> {
        self.datasets.iter().filter(|d| d.parent.is_none())
    }

    /// A dataset behind its ancestors, the oldest first.
    pub fn lineage(&self, name: &str) -> Vec<&Dataset> {
        let mut line = Vec::new();
        let mut next = self.dataset(name);
        while let Some(dataset) = next {
            line.insert(0, dataset);
            if line.len() > self.datasets.len() {
                return Vec::new();
            }
            next = dataset.parent.as_deref().and_then(|p| self.dataset(p));
        }
        line
    }

    /// All fields of a dataset, inherited ones first, calculated ones too.
    pub fn fields(&self, name: &str) -> Vec<DatasetField> {
        let mut fields: Vec<DatasetField> = Vec::new();
        for dataset in self.lineage(name) {
            let calculated = dataset
                .calculated
                .iter()
                .map(|c| DatasetField { name: c.name.clone(), default: None });
            for field in dataset.fields.iter().cloned().chain(calculated) {
                match fields.iter_mut().find(|f| f.name == field.name) {
                    Some(known) if field.default.is_some() => *known = field,
                    Some(_) => {}
                    None => fields.push(field),
                }
            }
        }
        fields
    }
}

impl Model {
    /// A field of a dataset, or of one below it: events of a child are events of the parent.
    pub fn field(&self, dataset: &str, name: &str) -> Option<DatasetField> {
        let own = self.fields(dataset).into_iter().find(|f| *f.name == *name);
        own.or_else(|| {
            self.datasets
                .iter()
                .filter(|d| self.lineage(&d.name).iter().any(|above| above.name == dataset))
                .flat_map(|d| &d.fields)
                .find(|f| *f.name == *name)
                .cloned()
        })
    }
}

pub(crate) fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Model> {
    let keys = reader.keys(node, &["model", "description", "datasets"]);
    let name = keys.need("model", reader).and_then(|n| reader.text(n))?;
    let mut model = Model { name, datasets: Vec::new(), span: node.span };
    if let Some(list) = keys.need("datasets", reader) {
        for item in reader.list(list) {
            let Some(dataset) = dataset(item, reader) else { continue };
            if model.dataset(&dataset.name).is_some() {
                let message = format!("the model has a dataset `{}` already", dataset.name);
                reader.diags.push(codes::DUPLICATE.at(item.span, message));
                continue;
            }
            model.datasets.push(dataset);
        }
    }
    for dataset in &model.datasets {
        let known = dataset.parent.as_ref().is_none_or(|p| model.dataset(p).is_some());
        if !known || model.lineage(&dataset.name).is_empty() {
            let message = format!("the parent of `{}` is not there", dataset.name);
            reader.diags.push(codes::NO_SUCH_PARENT.at(dataset.span, message));
        }
    }
    Some(model)
}

fn dataset(node: &Node, reader: &mut Reader<'_>) -> Option<Dataset> {
    let known = ["name", "description", "parent", "constraint", "fields", "calculated"];
    let keys = reader.keys(node, &known);
    let name = keys.need("name", reader).and_then(|n| reader.text(n));
    let parent = match keys.get("parent") {
        Some(Node { value: Value::Null, .. }) | None => None,
        Some(node) => reader.text(node),
    };
    let constraint = match keys.get("constraint") {
        Some(Node { value: Value::Null, .. }) | None => Some(Arc::new(SearchExpr::And(Vec::new()))),
        Some(node) => search(node, reader),
    };
    let mut fields = Vec::new();
    match keys.get("fields").map(|n| (&n.value, n)) {
        Some((Value::Map(entries), _)) => {
            for (name, default) in entries {
                let default = match &default.value {
                    Value::Null => None,
                    _ => reader.text(default),
                };
                fields.push(DatasetField {
                    name: name.value.as_str().into(),
                    default: default.map(Arc::from),
                });
            }
        }
        // A list may mix names and `name: default`.
        Some((Value::List(items), _)) => {
            for item in items {
                match &item.value {
                    Value::Map(entries) => {
                        for (name, default) in entries {
                            let default = reader.text(default).map(Arc::from);
                            fields.push(DatasetField { name: name.value.as_str().into(), default });
                        }
                    }
                    _ => fields.extend(
                        reader.text(item).map(|n| DatasetField { name: n.into(), default: None }),
                    ),
                }
            }
        }
        Some((Value::Null, _)) | None => {}
        Some((_, node)) => {
            reader.list(node);
        }
    }
    let mut calculated = Vec::new();
    if let Some(map) = keys.get("calculated") {
        for (name, expr) in reader.map(map) {
            if let Some(expr) = eval(expr, reader) {
                calculated.push(Calculated {
                    name: name.value.as_str().into(),
                    expr,
                    span: name.span,
                });
            }
        }
    }
    Some(Dataset {
        name: name?,
        parent,
        constraint: constraint?,
        fields,
        calculated,
        span: node.span,
    })
}
