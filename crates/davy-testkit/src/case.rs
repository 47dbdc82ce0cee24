//! Cases in Markdown.

/// One search and what it gives.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// File stem, then the heading.
    pub name: String,
    pub line: usize,
    /// Events, in the formats that davy reads; each block is an input of its own.
    pub events: Vec<String>,
    pub search: String,
    /// `name(args)` to definition.
    pub macros: Vec<(String, String)>,
    /// Lookup tables: name and CSV.
    pub lookups: Vec<(String, String)>,
    /// Saved searches: name and text.
    pub saved: Vec<(String, String)>,
    /// Transaction types: name and settings.
    pub transactions: Vec<(String, String)>,
    pub expected: Expected,
}

#[derive(Debug, Clone, Default)]
pub enum Expected {
    #[default]
    Missing,
    /// Rows as JSON objects, one a line; in any order when `unordered`.
    Rows { lines: Vec<String>, unordered: bool },
    /// Header and rows.
    Csv { text: String, unordered: bool },
    /// Each line: a code, then words that the message holds.
    Error(Vec<String>),
}

/// The cases of one file.
pub fn read(stem: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if let Some(title) = line.strip_prefix("## ") {
            cases.push(Case {
                name: format!("{stem}: {}", title.trim()),
                line: number + 1,
                ..Case::default()
            });
            continue;
        }
        let Some(info) = line.strip_prefix("```") else { continue };
        let mut body = Vec::new();
        for (_, line) in lines.by_ref() {
            if line.starts_with("```") {
                break;
            }
            body.push(line);
        }
        if let Some(case) = cases.last_mut() {
            block(case, info.trim(), &body);
        }
    }
    cases
}

fn block(case: &mut Case, info: &str, body: &[&str]) {
    let mut words = info.split_whitespace();
    let kind = words.next().unwrap_or("");
    let rest: Vec<&str> = words.collect();
    let unordered = rest.contains(&"unordered");
    let text = body.join("\n");
    match kind {
        "events" => case.events.push(text),
        "spl" => case.search = text,
        "macro" => case.macros.push((rest.join(" "), text)),
        "savedsearch" => case.saved.push((rest.join(" "), text)),
        "transactiontype" => case.transactions.push((rest.join(" "), text)),
        "lookup" => case.lookups.push((rest.join(" "), text)),
        "json" => {
            let lines = body.iter().filter(|l| !l.trim().is_empty());
            let lines = lines.map(|l| (*l).to_owned()).collect();
            case.expected = Expected::Rows { lines, unordered };
        }
        "csv" => case.expected = Expected::Csv { text, unordered },
        "error" => {
            let lines = body.iter().filter(|l| !l.trim().is_empty());
            case.expected = Expected::Error(lines.map(|l| (*l).to_owned()).collect());
        }
        _ => {}
    }
}
