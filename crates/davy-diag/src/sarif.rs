//! Diagnostics as SARIF 2.1.0, the format that code hosts show beside the code.

use crate::render;
use crate::{Code, Diagnostic, Severity, SourceMap};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One run of the tool `name` in `version`, with all that it found.
pub fn sarif<'a>(
    name: &str,
    version: &str,
    found: impl IntoIterator<Item = (&'a SourceMap, &'a Diagnostic)>,
) -> Value {
    let mut rules: BTreeMap<&'static str, &'static Code> = BTreeMap::new();
    let mut results = Vec::new();
    for (sources, diagnostic) in found {
        rules.insert(diagnostic.code.id, diagnostic.code);
        results.push(result(sources, diagnostic));
    }
    let rules: Vec<Value> = rules
        .values()
        .map(|code| {
            json!({
                "id": code.id,
                "fullDescription": { "text": code.explanation },
                "defaultConfiguration": { "level": level(code.severity) },
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": name, "version": version, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn result(sources: &SourceMap, diagnostic: &Diagnostic) -> Value {
    let shown = render::json(sources, diagnostic);
    let mut locations = Vec::new();
    let mut related = Vec::new();
    for place in shown["places"].as_array().into_iter().flatten() {
        let mut location = json!({
            "physicalLocation": {
                "artifactLocation": { "uri": uri(place["file"].as_str().unwrap_or_default()) },
                "region": {
                    "startLine": place["line"], "startColumn": place["column"],
                    "endLine": place["end_line"], "endColumn": place["end_column"],
                },
            },
        });
        if let Some(label) = place["label"].as_str().filter(|l| !l.is_empty()) {
            location["message"] = json!({ "text": label });
        }
        let primary = place["primary"].as_bool() == Some(true);
        if primary { locations.push(location) } else { related.push(location) }
    }
    let help = diagnostic.help.as_ref().map(|h| format!("; {h}")).unwrap_or_default();
    let mut result = json!({
        "ruleId": diagnostic.code.id,
        "level": level(diagnostic.severity),
        "message": { "text": format!("{}{help}", diagnostic.message) },
        "locations": locations,
    });
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    result
}

/// A path as a relative reference: what a URI cannot hold is escaped.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for b in path.bytes() {
        match b {
            b'\\' => out.push('/'),
            b if b.is_ascii_alphanumeric() || b"/-_.~".contains(&b) => out.push(char::from(b)),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::sarif;
    use crate::{Code, SourceMap};

    #[test]
    fn a_result_names_its_rule_and_place() {
        static CODE: Code = Code::warning("lint::x", "Why.");
        let mut sources = SourceMap::default();
        let file = sources.add("my file.spl", "search\nfoo");
        let found = CODE.at(file.span(7..10), "a message").help("do this");
        let out = sarif("davy", "1", [(&sources, &found)]);
        let run = &out["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "lint::x");
        let result = &run["results"][0];
        assert_eq!(result["message"]["text"], "a message; do this");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20file.spl");
        assert_eq!(place["region"]["startLine"], 2);
        assert_eq!(place["region"]["endColumn"], 4);
    }
}
