//! Tables of calls: what each function gives for nothing, the empty text, several values, a value
//! of the wrong type, a number below zero, and letters beyond ASCII.

use crate::case::{Case, Expected};
use serde_json::{Value, json};

/// The kinds of which every function has a row, or the reason why it has none.
pub const KINDS: [&str; 6] = ["null", "empty", "multivalue", "wrong type", "negative", "unicode"];

/// The time of the first of the events that `values` make; each next is a minute later.
const START: u64 = 1_777_890_000;

/// Stands between the values of a field that has several, until the search splits them.
const BETWEEN: &str = "¦";

/// The fields that calls may name; `nothing` is in no row.
const ROW: &str = "| makeresults\n| eval empty=\"\", mv=split(\"b,A,b\", \",\"), nums=split(\"4,-9,x\", \",\"), word=\"abc\", neg=\"-2.5\", uni=\"日本é\"";

/// A function that a row of a table is of, and the kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// `stats` functions and eval functions may have the same name.
    pub stats: bool,
    pub function: String,
    pub kind: String,
}

/// What a file of tables holds.
#[derive(Debug, Default)]
pub struct Kinds {
    pub cases: Vec<Case>,
    pub covered: Vec<Covered>,
    /// Rows that say neither a rule nor a reason, or that cannot be read.
    pub faults: Vec<String>,
}

/// Reads a file of tables. A heading names the functions of its rows (`ceil, ceiling`; after
/// `stats:` those of `stats`); calls are written for the first and asked of all.
pub fn read_kinds(stem: &str, text: &str) -> Kinds {
    let mut out = Kinds::default();
    let mut functions: Vec<String> = Vec::new();
    let mut stats = false;
    let mut rows: Vec<(usize, Row)> = Vec::new();
    for (number, line) in text.lines().enumerate().map(|(n, l)| (n + 1, l)) {
        if let Some(title) = line.strip_prefix("## ") {
            flush(stem, &functions, stats, &mut rows, &mut out);
            stats = title.starts_with("stats:");
            let names = title.strip_prefix("stats:").unwrap_or(title);
            functions = names.split(',').map(|n| n.trim().to_owned()).collect();
        } else if line.starts_with("| ") && !line.starts_with("| kind ") {
            match Row::read(line) {
                Some(row) => rows.push((number, row)),
                None => out.faults.push(format!("{stem} line {number}: no row of five cells")),
            }
        }
    }
    flush(stem, &functions, stats, &mut rows, &mut out);
    out
}

struct Row {
    kinds: Vec<String>,
    values: String,
    call: String,
    result: String,
    by: String,
}

impl Row {
    /// `| kind | values | call | result | by |`; a bar inside of a cell is written `\|`.
    fn read(line: &str) -> Option<Row> {
        let line = line.trim().strip_prefix('|')?.strip_suffix('|')?.replace("\\|", "\u{1}");
        let cells: Vec<String> = line.split('|').map(|c| plain(c).replace('\u{1}', "|")).collect();
        let [kinds, values, call, result, by] = cells.try_into().ok()?;
        let kinds = kinds.split(',').map(|k| k.trim().to_owned()).collect();
        Some(Row { kinds, values, call, result, by })
    }
}

/// The cell without the marks of code.
fn plain(cell: &str) -> String {
    let cell = cell.trim();
    cell.strip_prefix('`').and_then(|c| c.strip_suffix('`')).unwrap_or(cell).to_owned()
}

fn flush(
    stem: &str,
    functions: &[String],
    stats: bool,
    rows: &mut Vec<(usize, Row)>,
    out: &mut Kinds,
) {
    let Some(first) = functions.first() else { return };
    for (line, row) in rows.iter() {
        if row.by.is_empty() {
            out.faults.push(format!("{stem} line {line}: says neither a rule nor a reason"));
        }
        for kind in &row.kinds {
            if !KINDS.contains(&kind.as_str()) {
                out.faults.push(format!("{stem} line {line}: no kind `{kind}`"));
            }
            out.covered.extend(functions.iter().map(|function| Covered {
                stats,
                function: function.clone(),
                kind: kind.clone(),
            }));
        }
    }
    for function in functions {
        let mut together: Vec<(usize, String, Value)> = Vec::new();
        for (line, row) in rows.iter().filter(|(_, r)| !r.call.is_empty()) {
            let call = row.call.replace(&format!("{first}("), &format!("{function}("));
            let name = format!("{stem}: {function}, {}", row.kinds.join(" and "));
            let case = Case { name, line: *line, ..Case::default() };
            if let Some(code) = row.result.strip_prefix("error ") {
                let expected = Expected::Error(vec![code.to_owned()]);
                out.cases.push(Case { search: eval(&[call]), expected, ..case });
                continue;
            }
            let Ok(value) = serde_json::from_str::<Value>(&row.result) else {
                out.faults.push(format!("{stem} line {line}: the result is no JSON"));
                continue;
            };
            if stats {
                match events(&row.values) {
                    Some(events) => {
                        let search = format!(
                            "* | eval x=if(like(x, \"%{BETWEEN}%\"), split(x, \"{BETWEEN}\"), x) | stats {call} AS r1"
                        );
                        let expected = wanted(&[value]);
                        out.cases.push(Case { events: vec![events], search, expected, ..case });
                    }
                    None => out.faults.push(format!("{stem} line {line}: values are no JSON list")),
                }
            } else {
                together.push((*line, call, value));
            }
        }
        let Some((line, ..)) = together.first() else { continue };
        let calls: Vec<String> = together
            .iter()
            .map(|(_, call, value)| match value.is_boolean() {
                true => format!("if({call}, \"true\", \"false\")"),
                false => call.clone(),
            })
            .collect();
        let values: Vec<Value> = together.iter().map(|(_, _, value)| value.clone()).collect();
        out.cases.push(Case {
            name: format!("{stem}: {function}"),
            line: *line,
            search: eval(&calls),
            expected: wanted(&values),
            ..Case::default()
        });
    }
    rows.clear();
}

fn eval(calls: &[String]) -> String {
    let list: Vec<String> =
        calls.iter().enumerate().map(|(i, call)| format!("r{}={call}", i + 1)).collect();
    format!("{ROW}\n| eval {}\n| table r*", list.join(",\n    "))
}

fn wanted(values: &[Value]) -> Expected {
    let row: serde_json::Map<String, Value> = values
        .iter()
        .enumerate()
        .filter(|(_, value)| !value.is_null())
        .map(|(i, value)| {
            let value = value.as_bool().map_or(value.clone(), |b| json!(b.to_string()));
            (format!("r{}", i + 1), value)
        })
        .collect();
    Expected::Rows { lines: vec![Value::Object(row).to_string()], unordered: false }
}

/// An event for each value, the first the oldest; null leaves the field out.
fn events(values: &str) -> Option<String> {
    let values: Vec<Value> = serde_json::from_str(values).ok()?;
    let lines = values.iter().zip(0u64..).map(|(value, i)| {
        let time = START + 60 * i;
        let several = |list: &Vec<Value>| {
            let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            json!(texts.join(BETWEEN))
        };
        let value = value.as_array().map_or_else(|| value.clone(), several);
        match value {
            Value::Null => json!({ "_time": time, "y": 1 }),
            value => json!({ "_time": time, "x": value, "y": 1 }),
        }
        .to_string()
    });
    Some(lines.collect::<Vec<_>>().join("\n"))
}
