//! Data models: `data/models/*.json`.

use crate::app::Reader;
use crate::expressions::{eval, search};
use davy_knowledge::{Calculated, Dataset, DatasetField, Model};
use davy_spl::Macros;
use serde_json::Value;

/// Parents that are no datasets of the model.
const ROOTS: [&str; 4] = ["BaseEvent", "BaseSearch", "BaseTransaction", "BaseInterface"];

pub(crate) fn read(
    path: &str,
    text: &str,
    macros: &dyn Macros,
    cx: &mut Reader<'_>,
) -> Option<Model> {
    let json: Value = match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(json) => json,
        Err(e) => {
            cx.notes.file(path, format!("cannot be read as JSON: {e}"));
            return None;
        }
    };
    let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".json");
    let name = word(&json, "modelName").unwrap_or(stem).to_owned();
    let file = cx.base.sources_mut().add(path, text);
    let span = file.span(0..text.len());
    let mut model = Model { name, datasets: Vec::new(), span };
    let objects = json.get("objects").and_then(Value::as_array);
    for object in objects.into_iter().flatten() {
        if let Some(dataset) = dataset(path, object, macros, span, cx) {
            model.datasets.push(dataset);
        }
    }
    let names: Vec<String> = model.datasets.iter().map(|d| d.name.clone()).collect();
    model.datasets.retain(|d| {
        let known = d.parent.as_ref().is_none_or(|p| names.contains(p));
        if !known {
            let parent = d.parent.as_deref().unwrap_or_default();
            cx.notes.item(path, &d.name, "parentName", format!("no dataset `{parent}` to inherit"));
        }
        known
    });
    Some(model)
}

fn word<'j>(json: &'j Value, key: &str) -> Option<&'j str> {
    json.get(key).and_then(Value::as_str).filter(|t| !t.is_empty())
}

fn dataset(
    path: &str,
    object: &Value,
    macros: &dyn Macros,
    span: davy_diag::Span,
    cx: &mut Reader<'_>,
) -> Option<Dataset> {
    let Some(name) = word(object, "objectName") else {
        cx.notes.item(path, "", "objectName", "a dataset has no name");
        return None;
    };
    let parent = word(object, "parentName");
    if let Some(kind @ ("BaseSearch" | "BaseTransaction")) = parent {
        let why = format!("datasets of the kind `{kind}` are not known");
        cx.notes.item(path, name, "parentName", why);
        return None;
    }
    let items = |key: &str| object.get(key).and_then(Value::as_array).into_iter().flatten();
    let mut constraints = Vec::new();
    for constraint in items("constraints").filter_map(|c| word(c, "search")) {
        constraints.push(format!("({constraint})"));
    }
    let origin = format!("{path} {name}: constraint");
    let text = constraints.join(" ");
    let constraint = match search(cx.base.sources_mut(), macros, &origin, &text) {
        Ok((found, _)) => found,
        Err(why) => {
            cx.notes.item(path, name, "constraints", why);
            return None;
        }
    };
    let mut fields: Vec<DatasetField> = Vec::new();
    let mut add = |name: &str| {
        if !fields.iter().any(|f| *f.name == *name) {
            fields.push(DatasetField { name: name.into(), default: None });
        }
    };
    let inherited = |f: &Value| word(f, "owner").is_some_and(|o| ROOTS.contains(&o));
    items("fields")
        .filter(|f| !inherited(f))
        .filter_map(|f| word(f, "fieldName"))
        .for_each(&mut add);
    let mut calculated = Vec::new();
    for calculation in items("calculations") {
        let outputs = calculation.get("outputFields").and_then(Value::as_array);
        let outputs: Vec<&str> =
            outputs.into_iter().flatten().filter_map(|f| word(f, "fieldName")).collect();
        let kind = word(calculation, "calculationType").unwrap_or("Eval");
        if !kind.eq_ignore_ascii_case("eval") {
            let why = format!("fields by `{kind}` are not worked out");
            cx.notes.item(path, name, &outputs.join(", "), why);
            outputs.iter().for_each(|f| add(f));
            continue;
        }
        let expression = word(calculation, "expression").unwrap_or_default();
        for field in outputs {
            let origin = format!("{path} {name}: {field}");
            match eval(cx.base.sources_mut(), &origin, expression) {
                Ok((expr, span)) => calculated.push(Calculated { name: field.into(), expr, span }),
                Err(why) => {
                    cx.notes.item(path, name, field, why);
                    add(field);
                }
            }
        }
    }
    Some(Dataset {
        name: name.to_owned(),
        parent: parent.filter(|p| !ROOTS.contains(p)).map(str::to_owned),
        constraint,
        fields,
        calculated,
        span,
    })
}
