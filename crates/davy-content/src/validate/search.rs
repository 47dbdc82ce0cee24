//! What a search calls: macros, lookups, its filter macro.

use super::Check;
use crate::codes;
use crate::content::Content;
use crate::model::Status;
use crate::scan::{self, MacroCall};
use davy_diag::{Severity, Span, closest};
use std::collections::HashSet;

/// Macros that other apps bring.
pub(super) const FOREIGN_MACROS: &[&str] = &[
    "drop_dm_object_name",
    "get_asset",
    "get_risk_severity",
    "cim_corporate_web_domain_search",
    "globedistance",
];

/// Lookups that other apps bring.
const FOREIGN_LOOKUPS: &[&str] = &[
    "identity_lookup_expanded",
    "asset_lookup_by_str",
    "cim_corporate_web_domain_lookup",
    "cim_corporate_email_domain_lookup",
    "cim_cloud_domain_lookup",
    "alexa_lookup_by_str",
    "interesting_ports_lookup",
    "admon_groups_def",
    "asn_lookup_by_cidr",
    "mitre_attack_lookup",
    "ut_shannon_lookup",
    "other_lookups",
];

impl Check<'_> {
    pub(super) fn search(&mut self) {
        let search = &self.detection.search;
        let text = &search.value;
        if let Some(at) = text.find("````") {
            self.diags.push(
                codes::BAD_COMMENT
                    .at(search.span.part(at..at + 4), "four back-quotes in a row")
                    .help("put a blank between a comment and a macro"),
            );
            return;
        }
        let calls = scan::macro_calls(text);
        self.filter_macro(&calls);
        for call in &calls {
            self.macro_call(call, search.span);
        }
        for (name, range) in scan::lookups(text) {
            self.lookup(&name, search.span.part(range));
        }
    }

    fn filter_macro(&mut self, calls: &[MacroCall]) {
        let wanted = self.detection.filter_macro();
        if calls.iter().any(|c| c.name == wanted) {
            return;
        }
        let search = &self.detection.search;
        let near = calls.iter().rev().find(|c| c.name.ends_with("_filter"));
        let diagnostic = match near {
            Some(call) => codes::NO_FILTER_MACRO
                .at(search.span.part(call.range.clone()), "this is not the detection's own filter")
                .help(format!("write `{wanted}` in back-quotes")),
            None => {
                let end = search.value.len();
                let last = search.value.trim_end().chars().last().map_or(0, char::len_utf8);
                codes::NO_FILTER_MACRO
                    .at(search.span.part(end - last..end), "the search has no filter macro")
                    .label("ends here")
                    .help(format!("add | `{wanted}`"))
            }
        };
        self.diags.push(diagnostic);
    }

    fn macro_call(&mut self, call: &MacroCall, search: Span) {
        let foreign = FOREIGN_MACROS.contains(&call.name.as_str());
        let span = search.part(call.range.clone());
        if self.content.find_macro(&call.name, call.argc).is_some() {
            let mut chain = Vec::new();
            if let Some(cycle) = cycle(self.content, call, &mut chain, &mut HashSet::new()) {
                let mut diagnostic = codes::MACRO_CYCLE
                    .at(span, format!("macro `{}` never ends", call.name))
                    .label(cycle.join(" calls "));
                let first = cycle
                    .first()
                    .and_then(|name| self.content.macros().iter().find(|m| m.name.value == *name));
                if let Some(m) = first {
                    diagnostic = diagnostic.also(m.name.span, "defined here");
                }
                self.diags.push(diagnostic.help("take the call out of one of these macros"));
            }
            return;
        }
        if foreign {
            return;
        }
        let (message, help) = if self.content.defines_macro(&call.name) {
            let counts: Vec<String> = self
                .content
                .macros()
                .iter()
                .filter(|m| m.name.value == call.name)
                .map(|m| m.args.len().to_string())
                .collect();
            (
                format!("macro `{}` does not take {} arguments", call.name, call.argc),
                format!("it takes {}", counts.join(" or ")),
            )
        } else {
            let names = self.content.macro_names();
            let near = closest(&call.name, names.iter().map(String::as_str));
            (
                format!("no macro `{}`", call.name),
                near.map_or_else(
                    || "add it to `macros/`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ),
            )
        };
        self.diags.push(codes::UNKNOWN_MACRO.at(span, message).label("not known").help(help));
    }

    fn lookup(&mut self, name: &str, span: Span) {
        let plain = name.strip_suffix(".csv").unwrap_or(name);
        let known = self.content.lookup(name).or_else(|| self.content.lookup(plain)).is_some();
        if known || name.is_empty() || FOREIGN_LOOKUPS.contains(&name) || name.contains(['`', '$'])
        {
            return;
        }
        let names = self.content.lookups().iter().map(|l| l.name.value.as_str());
        let near = closest(name, names);
        let mut diagnostic = codes::UNKNOWN_LOOKUP
            .at(span, format!("no lookup `{name}`"))
            .label("not known")
            .help(near.map_or_else(
                || "add it to `lookups/`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            ));
        // What is on its way out often outlives its data.
        if matches!(self.detection.status, Status::Deprecated | Status::Removed) {
            diagnostic.severity = Severity::Warning;
        }
        self.diags.push(diagnostic);
    }
}

/// The calls that lead from a macro back to itself. `done` holds what is known to end.
pub(super) fn cycle(
    content: &Content,
    call: &MacroCall,
    chain: &mut Vec<String>,
    done: &mut HashSet<String>,
) -> Option<Vec<String>> {
    if let Some(at) = chain.iter().position(|name| *name == call.name) {
        let mut found: Vec<String> = chain.iter().skip(at).cloned().collect();
        found.push(call.name.clone());
        return Some(found);
    }
    // So deep a chain is hostile; the expansion has its own limit and says so.
    if done.contains(&call.name) || chain.len() > 64 {
        return None;
    }
    let value = content.find_macro(&call.name, call.argc)?;
    chain.push(call.name.clone());
    for inner in scan::macro_calls(value.definition) {
        if let Some(found) = cycle(content, &inner, chain, done) {
            return Some(found);
        }
    }
    chain.pop();
    done.insert(call.name.clone());
    None
}
