//! A search in brackets that gives its events as they are, under a limit of rows.

use super::{Lint, codes};
use crate::plan::Limits;
use davy_diag::Diagnostic;
use davy_spl::ast::{Pipeline, Stage};

/// Commands after which there are as few rows as there are groups, or a number that was asked for.
const BOUNDS: &[&str] = &[
    "stats",
    "tstats",
    "mstats",
    "chart",
    "timechart",
    "top",
    "rare",
    "head",
    "tail",
    "dedup",
    "return",
    "sistats",
    "inputlookup",
    "makeresults",
    "gentimes",
    "metadata",
    "eventcount",
    "rest",
    "dbinspect",
    "from",
    "loadjob",
    "transaction",
    "fieldsummary",
];

pub(super) fn check(lint: &Lint<'_>, found: &mut Vec<Diagnostic>) {
    let limits = Limits::default();
    let all = lint.pipeline.all_stages();
    for (host, inner) in all.iter().flat_map(|s| s.subsearches().into_iter().map(move |p| (*s, p)))
    {
        let limit = match host.name.value.as_str() {
            "join" => limits.join_rows,
            "append" | "appendcols" => limits.append_rows,
            "search" | "where" | "eval" | "tstats" => limits.subsearch_rows,
            _ => continue,
        };
        let Some(first) = inner.stages.first() else { continue };
        if first.name.value != "search" || bounded(inner) {
            continue;
        }
        let name = &host.name.value;
        found.push(
            codes::SUBSEARCH_LIMIT
                .at(first.span.0, format!("at most {limit} of these events reach `{name}`"))
                .label("gives its events as they are")
                .help(advice(host)),
        );
    }
}

fn bounded(pipeline: &Pipeline) -> bool {
    pipeline.stages.iter().any(|s| BOUNDS.contains(&s.name.value.as_str()))
}

fn advice(host: &Stage) -> &'static str {
    match host.name.value.as_str() {
        "join" | "append" => {
            "aggregate inside the brackets, or search both kinds of events and use `stats … by`"
        }
        _ => "end it with `| stats count by FIELD | fields FIELD`, or with `| return`",
    }
}
