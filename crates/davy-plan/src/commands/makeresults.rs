//! `makeresults`. Search Reference, makeresults.

use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::arg_text;
use crate::plan::{Failed, Plan, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_spl::ast::{Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "makeresults",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::General,
    syntax: "makeresults [<N> | count=<N>] [annotate=<bool>] [splunk_server=<name>] [format=<csv|json>] [data=<string>]",
    summary: "Makes rows: one with `_time`, or as many as `count` says, or those of a CSV or JSON text.",
    examples: &[
        example!("| makeresults" => rows 1),
        example!("| makeresults count=5" => rows 5),
        example!("| makeresults 2" => rows 2),
        example!("| makeresults format=csv data=\"name,age\nAnn,7\nBob,9\" | table name age" => table "name,age\nAnn,7\nBob,9"),
        example!("| makeresults format=json data=\"[{\\\"a\\\":1},{\\\"a\\\":2}]\"" => rows 2),
    ],
    source: "Search Reference, makeresults",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct MakeResults {
    count: usize,
    annotate: bool,
    data: Option<Rows>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = ["count", "annotate", "splunk_server", "splunk_server_group", "format", "data"];
    let (options, left) = cx.reader(args).options(&names, cx);
    let mut count = options.count("count", cx);
    for arg in left {
        match arg_text(arg).and_then(|t| t.parse::<usize>().ok()) {
            Some(n) if count.is_none() => count = Some(n),
            _ => return cx.bad(arg.span.0, "`makeresults` takes only `key=value` arguments"),
        }
    }
    let count = count.unwrap_or(1);
    let annotate = options.flag("annotate", false, cx);
    let format = options.one_of("format", &["csv", "json"], cx);
    let data = match (format, options.text("data")) {
        (Some(format), Some(text)) => {
            let rows = if format == "csv" { from_csv(&text.value) } else { from_json(&text.value) };
            match rows {
                Ok(rows) => Some(rows),
                Err(message) => return cx.bad(text.span, message),
            }
        }
        (None, None) => None,
        _ => return cx.missing("`format` and `data` together"),
    };
    Some(Box::new(MakeResults { count, annotate, data }))
}

fn from_csv(text: &str) -> Result<Rows, String> {
    let mut lines = csv_lines(text.trim()).into_iter();
    let names = lines.next().ok_or("the CSV has no header")?;
    let rows = lines
        .map(|cells| {
            let mut row: Vec<Val<'static>> = cells
                .into_iter()
                .map(|c| if c.is_empty() { Val::Null } else { Val::str(c) })
                .collect();
            row.resize(names.len(), Val::Null);
            row
        })
        .collect();
    Ok(Rows { names, rows })
}

/// RFC 4180, in the few lines that a literal in a query needs.
fn csv_lines(text: &str) -> Vec<Vec<String>> {
    let mut lines = vec![vec![String::new()]];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(cell) = lines.last_mut().and_then(|l| l.last_mut()) else { break };
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => {
                if let Some(line) = lines.last_mut() {
                    line.push(String::new());
                }
            }
            '\r' if !quoted => {}
            '\n' if !quoted => lines.push(vec![String::new()]),
            c => cell.push(c),
        }
    }
    for cell in lines.iter_mut().flatten() {
        *cell = cell.trim().to_owned();
    }
    lines
}

fn from_json(text: &str) -> Result<Rows, String> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|e| format!("the JSON cannot be read: {e}"))?;
    let list = match value {
        serde_json::Value::Array(list) => list,
        one => vec![one],
    };
    let mut rows = Rows::default();
    let raw = rows.column_or_add("_raw");
    for (i, item) in list.into_iter().enumerate() {
        let text = item.to_string();
        let serde_json::Value::Object(map) = item else {
            return Err("the JSON must be a list of objects".to_owned());
        };
        rows.rows.push(vec![Val::Null; rows.names.len()]);
        rows.rows[i][raw] = Val::str(text);
        for (name, value) in map {
            let at = rows.column_or_add(&name);
            rows.rows[i][at] = match value {
                serde_json::Value::Null => Val::Null,
                serde_json::Value::String(s) => Val::str(s),
                serde_json::Value::Array(list) => {
                    let texts: Vec<String> = list.iter().map(json_text).collect();
                    Val::multi(&texts)
                }
                other => Val::str(other.to_string()),
            };
        }
    }
    Ok(rows)
}

fn json_text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

impl Command for MakeResults {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::none()
    }

    fn fields(&self, _: &Fields) -> Fields {
        let mut fields = Fields::of(["_time"]);
        if let Some(data) = &self.data {
            data.names.iter().for_each(|name| fields.add(name));
        }
        if self.annotate {
            ANNOTATIONS.iter().for_each(|name| fields.add(*name));
        }
        fields
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn plan(&self, _: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let mut rows = match &self.data {
            Some(data) => data.clone(),
            None => Rows { names: Vec::new(), rows: vec![Vec::new()] },
        };
        let time = rows.column_or_add("_time");
        for row in &mut rows.rows {
            if row[time].is_null() {
                // Splunk's own clock here has whole seconds.
                row[time] = Val::Num(cx.env.now.floor());
            }
        }
        if self.annotate {
            for name in ANNOTATIONS {
                rows.column_or_add(name);
            }
            let server = rows.column_or_add("splunk_server");
            for row in &mut rows.rows {
                row.resize(rows.names.len(), Val::Null);
                row[server] = Val::str(SERVER);
            }
        }
        // `_time` of data that brings its own is a number too.
        for row in &mut rows.rows {
            if let Some(n) = row[time].num() {
                row[time] = Val::Num(n);
            }
        }
        match &self.data {
            Some(_) => cx.plan_of(rows),
            None => cx.plan_of_copies(rows, self.count),
        }
    }
}

/// The server of all events here, as `eventcount` says.
const SERVER: &str = "local";
const ANNOTATIONS: [&str; 6] =
    ["_raw", "host", "source", "sourcetype", "splunk_server", "splunk_server_group"];
