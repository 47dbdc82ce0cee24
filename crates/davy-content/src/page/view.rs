//! The page as sections of few kinds of blocks, which each format then writes in its own way.

use super::{PageInput, TestResult};
use crate::attack::{ATTACK_NOTICE, Enrichment};
use crate::content::{Content, EMPTY_FILTER};
use crate::model::{Detection, Form};
use crate::scan;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct View {
    pub(super) title: String,
    pub(super) sections: Vec<Section>,
    /// The last line: source and version.
    pub(super) footer: Vec<Cell>,
    pub(super) notices: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) blocks: Vec<Block>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Block {
    Text { text: String },
    Heading { text: &'static str },
    Search { lines: Vec<Vec<Segment>> },
    Table { caption: &'static str, headers: Vec<&'static str>, rows: Vec<Vec<Cell>> },
    List { items: Vec<Cell> },
}

/// A run of a search's line; a macro call has its value.
#[derive(Debug, Serialize)]
pub(super) struct Segment {
    pub(super) text: String,
    pub(super) call: bool,
    pub(super) value: String,
}

#[derive(Debug, Serialize, Clone)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) href: Option<String>,
    pub(super) code: bool,
}

impl Cell {
    fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), href: None, code: false }
    }

    fn code(text: impl Into<String>) -> Self {
        Self { text: text.into(), href: None, code: true }
    }

    /// Only web addresses become links: a reference is somebody else's text.
    fn link(text: impl Into<String>, href: &str) -> Self {
        let web = ["http://", "https://"].iter().any(|p| href.to_lowercase().starts_with(p));
        Self { text: text.into(), href: web.then(|| href.to_owned()), code: false }
    }
}

/// Macros that most searches use and that say nothing about this one.
const HELPERS: &[&str] = &[
    "security_content_ctime",
    "security_content_summariesonly",
    "drop_dm_object_name",
    "summariesonly_config",
    "oldsummaries_config",
    "fillnull_config",
];

impl View {
    pub(super) fn new(page: &PageInput<'_>) -> Self {
        let d = page.detection;
        let enrichment = page.attack.enrich(d);
        let section = |id, title, blocks| Section { id, title, blocks };
        let text = paragraphs;
        let sections = vec![
            section("description", "Description", text(&d.about.description)),
            section("search", "Search", vec![search(d, page.content)]),
            section("data-source", "Data Source", data_sources(d, page.content)),
            section("macros", "Macros Used", macros(d, page.content)),
            section("annotations", "Annotations", annotations(d, &enrichment)),
            section("configuration", "Default Configuration", configuration(d, page.content)),
            section("implementation", "Implementation", text(&d.about.how_to_implement)),
            section(
                "false-positives",
                "Known False Positives",
                text(&d.about.known_false_positives),
            ),
            section("stories", "Associated Analytic Story", stories(d)),
            section("risk", "Risk Based Analytics (RBA)", risk(d)),
            section("references", "References", references(d)),
            section("testing", "Detection Testing", testing(page)),
        ];
        Self {
            title: format!("Detection: {}", d.name.value),
            sections,
            footer: footer(page),
            notices: vec![
                format!("MITRE ATT&CK® v16.1. {ATTACK_NOTICE}"),
                "ATT&CK® is a registered trademark of The MITRE Corporation.".to_owned(),
            ],
        }
    }
}

/// A text's parts between empty lines.
fn paragraphs(text: &str) -> Vec<Block> {
    let parts = text.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| Block::Text { text: part.to_owned() }).collect()
}

fn search(d: &Detection, content: &Content) -> Block {
    let lines = scan::stages(&d.search.value)
        .into_iter()
        .flat_map(|stage| stage.lines().map(str::to_owned).collect::<Vec<_>>())
        .map(|line| segments(line.trim_end(), content))
        .collect();
    Block::Search { lines }
}

fn segments(line: &str, content: &Content) -> Vec<Segment> {
    let plain = |text: &str| Segment { text: text.to_owned(), call: false, value: String::new() };
    let mut out = Vec::new();
    let mut at = 0;
    for call in scan::macro_calls(line) {
        let value = content.find_macro(&call.name, call.argc).map_or("", |m| m.definition);
        out.push(plain(line.get(at..call.range.start).unwrap_or_default()));
        out.push(Segment {
            text: line.get(call.range.clone()).unwrap_or_default().to_owned(),
            call: true,
            value: value.to_owned(),
        });
        at = call.range.end;
    }
    out.push(plain(line.get(at..).unwrap_or_default()));
    out.retain(|s| !s.text.is_empty());
    out
}

fn data_sources(d: &Detection, content: &Content) -> Vec<Block> {
    let quoted = |text: &str| Cell::text(format!("'{text}'"));
    let rows: Vec<Vec<Cell>> = d
        .data_source_names()
        .map(|name| match content.data_source(name.value) {
            Some(s) => vec![
                Cell::text(&s.name.value),
                Cell::text(s.platform()),
                quoted(&s.sourcetype),
                quoted(&s.source),
            ],
            None => vec![Cell::text(name.value), unknown(), unknown(), unknown()],
        })
        .collect();
    if rows.is_empty() {
        return vec![Block::Text { text: "The detection names no data source.".to_owned() }];
    }
    let headers = vec!["Name", "Platform", "Sourcetype", "Source"];
    vec![Block::Table { caption: "Data sources", headers, rows }]
}

fn unknown() -> Cell {
    Cell::text("unknown")
}

fn macros(d: &Detection, content: &Content) -> Vec<Block> {
    let mut seen: Vec<(String, usize)> = Vec::new();
    let mut rows = Vec::new();
    for call in scan::macro_calls(&d.search.value) {
        let key = (call.name, call.argc);
        if HELPERS.contains(&key.0.as_str()) || seen.contains(&key) {
            continue;
        }
        let value = content.find_macro(&key.0, key.1);
        let value = value.map_or_else(unknown, |m| Cell::code(m.definition));
        rows.push(vec![Cell::text(&key.0), value]);
        seen.push(key);
    }
    let headers = vec!["Name", "Value"];
    let mut blocks = vec![Block::Table { caption: "Macros", headers, rows }];
    let filter = d.filter_macro();
    let empty = content.find_macro(&filter, 0).is_some_and(|m| m.definition == EMPTY_FILTER);
    if empty && seen.iter().any(|(name, _)| *name == filter) {
        let text = format!(
            "{filter} is an empty macro by default. It allows the user to filter out any results \
             (false positives) without editing the SPL."
        );
        blocks.push(Block::Text { text });
    }
    blocks
}

fn annotations(d: &Detection, enrichment: &Enrichment) -> Vec<Block> {
    let mut blocks = vec![Block::Heading { text: "MITRE ATT&CK" }];
    let rows: Vec<Vec<Cell>> = d
        .annotations
        .mitre_ids
        .iter()
        .map(|id| {
            let href =
                format!("https://attack.mitre.org/techniques/{}/", id.value.replace('.', "/"));
            let id_cell = Cell::link(&id.value, &href);
            match enrichment.techniques.iter().find(|t| t.id == id.value) {
                Some(t) => {
                    let tactics: Vec<&str> = t.tactics.iter().map(|t| t.name).collect();
                    vec![id_cell, Cell::text(&t.name), Cell::text(tactics.join(", "))]
                }
                None => vec![id_cell, unknown(), unknown()],
            }
        })
        .collect();
    if rows.is_empty() {
        blocks.push(none());
    } else {
        let headers = vec!["ID", "Technique", "Tactic"];
        blocks.push(Block::Table { caption: "ATT&CK techniques", headers, rows });
    }
    let phases: Vec<Cell> = enrichment.kill_chain.iter().map(|p| Cell::text(*p)).collect();
    let actors: Vec<Cell> = enrichment.actors.iter().map(Cell::text).collect();
    let cve: Vec<Cell> = d
        .annotations
        .cve
        .iter()
        .map(|c| Cell::link(&c.value, &format!("https://nvd.nist.gov/vuln/detail/{}", c.value)))
        .collect();
    let mut list = |text: &'static str, items: Vec<Cell>| {
        blocks.push(Block::Heading { text });
        blocks.push(if items.is_empty() { none() } else { Block::List { items } });
    };
    list("Kill Chain Phases", phases);
    list("NIST", vec![Cell::text(enrichment.nist)]);
    list("CIS", vec![Cell::text(enrichment.cis)]);
    list("Threat Actors", actors);
    if !cve.is_empty() {
        list("CVE", cve);
    }
    blocks
}

fn none() -> Block {
    Block::Text { text: "None.".to_owned() }
}

fn configuration(d: &Detection, content: &Content) -> Vec<Block> {
    let default = content.deployment(d.kind.value);
    let intro = "This detection is configured by default in Splunk Enterprise Security to run with \
                 the following settings:";
    let mut rows = vec![setting("Disabled", if d.enabled_by_default { "false" } else { "true" })];
    if let Some(s) = content.scheduling(d) {
        rows.push(setting("Cron Schedule", &s.cron_schedule));
        rows.push(setting("Earliest Time", &s.earliest_time));
        rows.push(setting("Latest Time", &s.latest_time));
        rows.push(setting("Schedule Window", &s.schedule_window));
    }
    if default.is_some_and(|x| x.risk) {
        rows.push(setting("Creates Risk Event", "True"));
    }
    if let Some(notable) = default.and_then(|x| x.notable.as_ref()) {
        rows.push(setting("Creates Notable", "Yes"));
        rows.push(setting("Rule Title", &fill(&notable.rule_title, d)));
        rows.push(setting("Rule Description", &fill(&notable.rule_description, d)));
        rows.push(setting("Notable Event Fields", &notable.fields.join(", ")));
    }
    let mut blocks = vec![
        Block::Text { text: intro.to_owned() },
        Block::Table { caption: "Settings", headers: vec!["Setting", "Value"], rows },
    ];
    if let Some(default) = default {
        blocks.push(Block::Text { text: default.description.clone() });
    }
    blocks
}

fn setting(name: &str, value: &str) -> Vec<Cell> {
    vec![Cell::text(name), Cell::text(value)]
}

/// `%name%` and the like in a deployment's texts.
fn fill(template: &str, d: &Detection) -> String {
    let title = d.finding.as_ref().map(|f| f.title.value.as_str());
    if let Some(title) = title.filter(|_| template == "%name%") {
        return title.to_owned();
    }
    template.replace("%name%", &d.name.value).replace("%description%", &d.about.description)
}

fn stories(d: &Detection) -> Vec<Block> {
    let items: Vec<Cell> = d.annotations.stories.iter().map(|s| Cell::text(&s.value)).collect();
    if items.is_empty() { vec![none()] } else { vec![Block::List { items }] }
}

fn risk(d: &Detection) -> Vec<Block> {
    let r = &d.risk;
    if let (Form::V4, Some(message), Some(score)) = (d.form, &r.message, r.score()) {
        let percent = |n: Option<u32>| Cell::text(n.unwrap_or_default().to_string());
        let row = vec![
            Cell::text(&message.value),
            Cell::text(score.to_string()),
            percent(r.impact),
            percent(r.confidence),
        ];
        let headers = vec!["Risk Message", "Risk Score", "Impact", "Confidence"];
        let formula = "The Risk Score is calculated by the following formula: Risk Score = (Impact \
                       * Confidence/100). Initial Confidence and Impact is set by the analytic \
                       author.";
        return vec![
            Block::Table { caption: "Risk", headers, rows: vec![row] },
            Block::Text { text: formula.to_owned() },
        ];
    }
    let mut blocks = Vec::new();
    if let Some(finding) = &d.finding {
        let e = &finding.entity;
        let row = [&finding.title.value, &e.field.value, &e.kind, &e.score.to_string()];
        let headers = vec!["Finding", "Entity", "Type", "Score"];
        let rows = vec![row.map(Cell::text).to_vec()];
        blocks.push(Block::Table { caption: "Finding", headers, rows });
    }
    if let Some(message) = &r.message {
        blocks.push(Block::Heading { text: "Risk Message" });
        blocks.push(Block::Text { text: message.value.clone() });
    }
    if !r.objects.is_empty() {
        let own = r.objects.iter().any(|o| o.message.is_some());
        let mut headers = vec!["Risk Object", "Type", "Score"];
        headers.extend(own.then_some("Message"));
        let row = |o: &crate::model::RiskObject| {
            let mut row = [&o.field.value, &o.kind, &o.score.to_string()].map(Cell::text).to_vec();
            let message = o.message.as_ref().map_or("", |m| m.value.as_str());
            row.extend(own.then(|| Cell::text(message)));
            row
        };
        let rows = r.objects.iter().map(row).collect();
        blocks.push(Block::Table { caption: "Risk objects", headers, rows });
    }
    if !r.threats.is_empty() {
        let row =
            |t: &crate::model::ThreatObject| [&t.field.value, &t.kind].map(Cell::text).to_vec();
        let rows = r.threats.iter().map(row).collect();
        let headers = vec!["Threat Object", "Type"];
        blocks.push(Block::Table { caption: "Threat objects", headers, rows });
    }
    if blocks.is_empty() {
        blocks.push(Block::Text { text: "This detection scores no risk.".to_owned() });
    }
    blocks
}

fn references(d: &Detection) -> Vec<Block> {
    let items: Vec<Cell> =
        d.about.references.iter().map(|r| Cell::link(&r.value, &r.value)).collect();
    if items.is_empty() { vec![none()] } else { vec![Block::List { items }] }
}

fn testing(page: &PageInput<'_>) -> Vec<Block> {
    let report = page.tests;
    let na = || Cell::text("N/A");
    let mut rows = vec![vec![
        Cell::text("Validation"),
        Cell::text(report.validation.as_str()),
        na(),
        na(),
        na(),
    ]];
    let mut add = |kind: &str, results: &[TestResult]| {
        if results.is_empty() {
            rows.push(vec![Cell::text(kind), Cell::text("no test"), na(), na(), na()]);
        }
        for r in results {
            rows.push(vec![
                Cell::text(kind),
                Cell::text(r.status.as_str()),
                dataset(&r.dataset),
                Cell::text(&r.source),
                Cell::text(&r.sourcetype),
            ]);
        }
    };
    add("Unit", &report.unit);
    add("Integration", &report.integration);
    let headers = vec!["Test Type", "Status", "Dataset", "Source", "Sourcetype"];
    let mut blocks = vec![Block::Table { caption: "Tests", headers, rows }];
    let d = page.detection;
    if let Some(manual) = &d.about.manual_test {
        blocks.push(Block::Text { text: format!("Tested by hand: {}", manual.reason) });
    }
    let text = format!(
        "Run these tests yourself with `davy test {}`. A dataset that is on disk can be searched \
         with `davy hunt <file>`.",
        d.stem
    );
    blocks.push(Block::Text { text });
    blocks
}

/// An address is shown as a word with a link, a path as it is.
fn dataset(data: &str) -> Cell {
    let cell = Cell::link("Dataset", data);
    if cell.href.is_some() { cell } else { Cell::text(data) }
}

fn footer(page: &PageInput<'_>) -> Vec<Cell> {
    let d = page.detection;
    let source = match page.source_url {
        Some(url) if url.starts_with("https://github.com/") => Cell::link("GitHub", url),
        Some(url) => Cell::link(url, url),
        None => Cell::text(&d.path),
    };
    vec![Cell::text("Source: "), source, Cell::text(format!(" | Version: {}", d.version))]
}
