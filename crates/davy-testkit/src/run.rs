//! Running cases.

use crate::case::{Case, Expected};
use davy_diag::Diagnostics;
use davy_events::{Meta, Options, mv};
use davy_exec::{
    Answer, Config, EventSource, FileSource, Input, ManyEvents, Place, RunError, Search, Session,
    prepare,
};
use davy_knowledge::Base;
use davy_plan::{
    Env, FieldSet, Knowledge, LookupOptions, LookupTable, MatchType, Rows, Val, fmt_num, rows_of,
};
use davy_spl::{MacroDef, Macros, Validation};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// One way to run every case: the result must not depend on it.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub name: &'static str,
    pub batch_size: usize,
    pub partitions: usize,
    /// As hunts run it: what passes its filter is found first, in the reading of many searches, and
    /// its commands run over these few rows.
    pub hunted: bool,
}

/// Small and large batches, one thread and several, and as part of a hunt.
pub fn settings() -> [Setting; 4] {
    let setting = |name, batch_size, partitions| Setting {
        name,
        batch_size,
        partitions,
        hunted: name == "hunted",
    };
    [
        setting("whole", 8192, 1),
        setting("rows", 1, 1),
        setting("parts", 2, 4),
        setting("hunted", 8192, 2),
    ]
}

/// The clock of all cases: 2026-05-04T12:00:00Z.
pub(crate) const NOW: f64 = 1_777_896_000.0;

/// Runs cases under one setting.
#[derive(Debug)]
pub struct Runner {
    session: Session,
    setting: Setting,
    base: Arc<Base>,
}

impl Runner {
    pub fn new(setting: Setting) -> Result<Runner, RunError> {
        let config = Config {
            batch_size: setting.batch_size,
            partitions: setting.partitions,
            ..Config::default()
        };
        let base = Arc::new(Base::load(&[], &mut Diagnostics::default()));
        Ok(Runner { session: Session::new(config)?, setting, base })
    }

    /// Runs a case and compares; the error says what differs.
    pub fn check(&self, case: &Case) -> Result<(), String> {
        let got = self.run(case);
        let shown = |e: &[String]| e.join("\n");
        match (&case.expected, got) {
            (Expected::Missing, _) => Err("the case names no result".to_owned()),
            (Expected::Error(lines), Err(messages)) => {
                for line in lines {
                    let words: Vec<&str> = line.split_whitespace().collect();
                    let fits = |m: &String| words.iter().all(|w| m.contains(w));
                    if !messages.iter().any(fits) {
                        return Err(format!("no message with `{line}` in:\n{}", shown(&messages)));
                    }
                }
                Ok(())
            }
            (Expected::Error(lines), Ok(rows)) => Err(format!(
                "expected {}, got rows:\n{}",
                lines.join("; "),
                lines_of(&rows).join("\n")
            )),
            (_, Err(messages)) => Err(format!("the search failed:\n{}", shown(&messages))),
            (Expected::Rows { lines, unordered }, Ok(rows)) => {
                let want = lines.iter().map(|l| normal(l)).collect::<Result<Vec<_>, _>>()?;
                compare(want, lines_of(&rows), *unordered)
            }
            // Of a hunt's search that finds nothing nobody reads the columns.
            (Expected::Csv { text, .. }, Ok(rows))
                if self.setting.hunted && rows.names.is_empty() && csv_lines(text).len() == 1 =>
            {
                Ok(())
            }
            (Expected::Csv { text, unordered }, Ok(rows)) => {
                let want = csv_lines(text);
                compare(want, csv_of(&rows), *unordered)
            }
        }
        .map_err(|e| format!("setting `{}`: {e}", self.setting.name))
    }

    /// The rows of a case's search, or the rendered messages.
    pub fn run(&self, case: &Case) -> Result<Rows, Vec<String>> {
        let knowledge = CaseKnowledge::new(case, self.base.clone());
        let prepared = prepare("search", &case.search, knowledge.macros());
        if prepared.diags.has_errors() {
            return Err(prepared
                .diags
                .list()
                .iter()
                .map(|d| davy_diag::render::text(&prepared.sources, d, false))
                .collect());
        }
        let inputs = case
            .events
            .iter()
            .map(|text| Input {
                place: Place::Bytes(Arc::from(text.as_bytes())),
                meta: Meta { name: "events".to_owned(), now: NOW, ..Meta::default() },
            })
            .collect::<Vec<_>>();
        let given = !inputs.is_empty();
        let all: Arc<dyn EventSource> = Arc::new(FileSource::new(inputs, Options::default()));
        let source = given.then(|| all.clone());
        let search = Search {
            prepared: &prepared,
            env: Arc::new(Env { now: NOW, ..Env::default() }),
            source,
            knowledge: &knowledge,
            out: FieldSet::all(),
        };
        let answer = match self.setting.hunted {
            true => self.hunted(search, &all),
            false => self.session.run(&search),
        };
        let answer = answer.map_err(|e| match e {
            RunError::Diagnostic(d) => {
                vec![davy_diag::render::text(&prepared.sources, &d, false)]
            }
            other => vec![other.to_string()],
        })?;
        match rows_of(&answer.schema, &answer.batches) {
            Ok(rows) => Ok(rows),
            Err(e) => Err(vec![format!("{e:?}")]),
        }
    }
}

impl Runner {
    fn hunted(
        &self,
        search: Search<'_>,
        source: &Arc<dyn EventSource>,
    ) -> Result<Answer, RunError> {
        let go_on = Arc::new(AtomicBool::new(false));
        let many = self.session.run_many([search].as_slice(), source, &go_on, &Untold)?;
        many.answers.into_iter().next().unwrap_or_else(|| Err(RunError::Start("no answer".into())))
    }
}

struct Untold;

impl ManyEvents for Untold {
    fn searched(&self, _: usize, _: usize) {}
}

/// The macros and lookups that a case brings.
struct CaseKnowledge {
    macros: Vec<MacroDef>,
    lookups: Vec<(String, Arc<LookupTable>)>,
    saved: Vec<(String, String)>,
    transactions: Vec<(String, String)>,
    base: Arc<Base>,
}

impl CaseKnowledge {
    fn new(case: &Case, base: Arc<Base>) -> Self {
        let macros = case
            .macros
            .iter()
            .map(|(head, definition)| {
                let (head, validation) = macro_validation(head);
                let (head, iseval) = match head.strip_suffix(" iseval") {
                    Some(head) => (head, true),
                    None => (head, false),
                };
                let (name, args) = head.split_once('(').unwrap_or((head, ""));
                let args = args.trim_end_matches(')').split(',').map(str::trim);
                MacroDef {
                    name: name.trim().to_owned(),
                    args: args.filter(|a| !a.is_empty()).map(str::to_owned).collect(),
                    definition: definition.clone(),
                    source: None,
                    iseval,
                    validation,
                }
            })
            .collect();
        let lookups = case
            .lookups
            .iter()
            .map(|(name, text)| {
                let mut lines = csv_cells(text).into_iter();
                let names = lines.next().unwrap_or_default();
                let rows = lines
                    .map(|cells| {
                        cells
                            .into_iter()
                            .map(|c| if c.is_empty() { Val::Null } else { Val::str(c) })
                            .collect()
                    })
                    .collect();
                let (name, options) = lookup_options(name);
                (name, Arc::new(LookupTable::new(Rows { names, rows }, options)))
            })
            .collect();
        let (saved, transactions) = (case.saved.clone(), case.transactions.clone());
        CaseKnowledge { macros, lookups, saved, transactions, base }
    }
}

impl Macros for CaseKnowledge {
    fn find(&self, name: &str, argc: usize) -> Option<MacroDef> {
        self.macros
            .iter()
            .find(|m| m.name == name && m.args.len() == argc)
            .cloned()
            .or_else(|| self.base.find(name, argc))
    }

    fn names(&self) -> Vec<String> {
        self.macros.iter().map(|m| m.name.clone()).collect()
    }
}

impl Knowledge for CaseKnowledge {
    fn macros(&self) -> &dyn Macros {
        self
    }

    fn lookup(&self, name: &str) -> Option<Rows> {
        self.lookups.iter().find(|(n, _)| n == name).map(|(_, t)| t.rows.clone())
    }

    fn lookup_table(&self, name: &str) -> Option<Arc<LookupTable>> {
        self.lookups.iter().find(|(n, _)| n == name).map(|(_, table)| table.clone())
    }

    fn lookup_names(&self) -> Vec<String> {
        self.lookups.iter().map(|(n, _)| n.clone()).collect()
    }

    fn transaction_type(&self, name: &str) -> Option<Vec<(String, String)>> {
        let (_, text) = self.transactions.iter().find(|(n, _)| n == name)?;
        let settings = text.lines().filter_map(|line| line.split_once('='));
        Some(settings.map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned())).collect())
    }

    fn saved_search(&self, name: &str) -> Option<String> {
        self.saved.iter().find(|(n, _)| n == name).map(|(_, text)| text.clone())
    }

    fn base(&self) -> Option<&Arc<Base>> {
        Some(&self.base)
    }
}

/// `head validation=EXPRESSION errormsg=TEXT`: what stands before the settings, and the settings.
fn macro_validation(head: &str) -> (&str, Option<Validation>) {
    let Some((head, settings)) = head.split_once(" validation=") else { return (head, None) };
    let (expression, message) = settings.split_once(" errormsg=").unwrap_or((settings, ""));
    (head, Some(Validation { expression: expression.into(), message: message.into() }))
}

/// `name key=value …`: the name of a lookup and its definition, as transforms.conf has it.
fn lookup_options(head: &str) -> (String, LookupOptions) {
    let (head, filter) = head.split_once(" filter=").unwrap_or((head, ""));
    let mut words = head.split_whitespace();
    let name = words.next().unwrap_or("").to_owned();
    let filter = (!filter.is_empty()).then(|| filter.to_owned());
    let mut options = LookupOptions { filter, ..LookupOptions::default() };
    for word in words {
        let Some((key, value)) = word.split_once('=') else { continue };
        match key {
            "case_sensitive_match" => options.case_sensitive = value == "true",
            "match_type" => options.match_types = MatchType::parse(value),
            "min_matches" => options.min_matches = value.parse().unwrap_or(0),
            "max_matches" => options.max_matches = value.parse().unwrap_or(1000),
            "default_match" => options.default_match = Some(value.to_owned()),
            "time_field" => {
                options.time_field = Some(value.to_owned());
                options.max_matches = 1;
            }
            "time_format" => options.time_format = Some(value.to_owned()),
            "min_offset_secs" => options.offsets.0 = value.parse().unwrap_or(0.0),
            "max_offset_secs" => options.offsets.1 = value.parse().unwrap_or(0.0),
            _ => {}
        }
    }
    (name, options)
}

/// Each row as a JSON object: names sorted, nulls left out, numbers as text, several values as a
/// list.
pub fn rows_json(rows: &Rows) -> Vec<Map<String, Value>> {
    rows.rows
        .iter()
        .map(|row| {
            let mut map = Map::new();
            for (name, value) in rows.names.iter().zip(row) {
                let value = match value {
                    Val::Null => continue,
                    Val::Num(n) => Value::String(fmt_num(*n)),
                    Val::Bool(b) => Value::String(if *b { "True" } else { "False" }.to_owned()),
                    Val::Str(s) if mv::is_multi(s) => {
                        Value::Array(mv::split(s).map(|v| Value::String(v.to_owned())).collect())
                    }
                    Val::Str(s) => Value::String(s.to_string()),
                };
                map.insert(name.clone(), value);
            }
            map.sort_keys();
            map
        })
        .collect()
}

fn lines_of(rows: &Rows) -> Vec<String> {
    rows_json(rows).into_iter().map(|m| Value::Object(m).to_string()).collect()
}

/// An expected row in the form that results have.
fn normal(line: &str) -> Result<String, String> {
    let value: Value =
        serde_json::from_str(line).map_err(|e| format!("expected row `{line}`: {e}"))?;
    let Value::Object(map) = value else { return Err(format!("`{line}` is no object")) };
    let text = |v: &Value| match v {
        Value::String(s) => s.clone(),
        Value::Number(n) => n.as_f64().map_or_else(|| n.to_string(), fmt_num),
        other => other.to_string(),
    };
    let mut out = Map::new();
    for (name, value) in map {
        let value = match &value {
            Value::Null => continue,
            Value::Array(list) => {
                Value::Array(list.iter().map(|v| Value::String(text(v))).collect())
            }
            one => Value::String(text(one)),
        };
        out.insert(name, value);
    }
    out.sort_keys();
    Ok(Value::Object(out).to_string())
}

/// Header and rows as lines; several values in one cell are joined by `|`.
fn csv_of(rows: &Rows) -> Vec<String> {
    let mut lines = vec![rows.names.join(",")];
    for row in &rows.rows {
        let cells: Vec<String> = row
            .iter()
            .map(|v| v.values().iter().map(|c| c.to_string()).collect::<Vec<_>>().join("|"))
            .collect();
        lines.push(cells.join(","));
    }
    lines
}

fn csv_lines(text: &str) -> Vec<String> {
    csv_cells(text).into_iter().map(|cells| cells.join(",")).collect()
}

fn csv_cells(text: &str) -> Vec<Vec<String>> {
    let mut lines = vec![vec![String::new()]];
    let mut quoted = false;
    let mut chars = text.trim_end_matches('\n').chars().peekable();
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
            '\n' if !quoted => lines.push(vec![String::new()]),
            c => cell.push(c),
        }
    }
    lines
}

fn compare(mut want: Vec<String>, mut got: Vec<String>, unordered: bool) -> Result<(), String> {
    if unordered {
        want.sort();
        got.sort();
    }
    if want == got {
        return Ok(());
    }
    Err(format!("expected:\n{}\ngot:\n{}", want.join("\n"), got.join("\n")))
}
