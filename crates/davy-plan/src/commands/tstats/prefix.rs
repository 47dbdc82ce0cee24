//! `PREFIX(user=)`: what follows a text in the segments of raw events, as if it were a field named
//! `user=`. Search Reference, tstats, "Use PREFIX() to aggregate or group by raw tokens"; About
//! event segmentation, for what ends a segment.

use crate::column::Ty;
use crate::parse::ParseCx;
use crate::plan::{Failed, Plan};
use crate::rowmap::{RowMap, Set, row_map};
use crate::value::Val;
use davy_diag::Spanned;
use davy_spl::ast::{Arg, ArgKind, CallArgs};
use std::sync::Arc;

/// Puts fields in the place of each `PREFIX(…)`, also within an aggregation.
pub(super) fn take(
    args: &mut [Arg],
    out: &mut Vec<Spanned<String>>,
    cx: &mut ParseCx<'_>,
) -> Option<()> {
    for arg in args {
        let ArgKind::Call { name, args: CallArgs::Items(items) } = &mut arg.kind else { continue };
        if name.value != "PREFIX" {
            take(items, out, cx)?;
            continue;
        }
        let span = arg.span.0;
        let text = match items.first().map(|i| &i.kind) {
            Some(ArgKind::FieldQuoted(text)) => text.trim_matches('"').to_owned(),
            _ => String::new(),
        };
        if text.is_empty() {
            return cx.bad(span, "`PREFIX()` needs the text before the value: `PREFIX(user=)`");
        }
        if text.chars().any(char::is_uppercase) {
            return cx.bad(span, "the text in `PREFIX()` is in lower case; it finds both cases");
        }
        if text.contains(is_major) {
            return cx.bad(span, "a blank, a bracket, a quote or a comma ends a segment");
        }
        arg.kind = ArgKind::FieldQuoted(text.clone());
        if out.iter().all(|p| p.value != text) {
            out.push(Spanned::new(text, span));
        }
    }
    Some(())
}

/// The plan with a column for each prefix.
pub(super) fn columns(plan: Plan, prefixes: &[Spanned<String>]) -> Result<Plan, Failed> {
    let texts: Vec<String> = prefixes.iter().map(|p| p.value.clone()).collect();
    let sets = texts.iter().map(|t| Set::new(t.as_str(), Ty::Text)).collect();
    row_map(plan, vec!["_raw".to_owned()], sets, Arc::new(Segments { prefixes: texts }))
}

/// Splunk's major breakers: what stands between them is one segment of the index.
fn is_major(c: char) -> bool {
    c.is_whitespace() || "[]<>(){}|!;,'\"*&?+".contains(c)
}

#[derive(Debug)]
struct Segments {
    prefixes: Vec<String>,
}

impl RowMap for Segments {
    fn name(&self) -> &'static str {
        "tstats prefix"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        // An index holds segments in lower case, and each once an event.
        let Some(raw) = args.first().and_then(Val::text).map(|t| t.to_lowercase()) else {
            return Ok(());
        };
        for (prefix, slot) in self.prefixes.iter().zip(out) {
            let mut values: Vec<&str> = raw
                .split(is_major)
                .filter_map(|segment| segment.strip_prefix(prefix.as_str()))
                .filter(|value| !value.is_empty())
                .collect();
            values.sort_unstable();
            values.dedup();
            if !values.is_empty() {
                *slot = Some(Val::multi(&values));
            }
        }
        Ok(())
    }
}
