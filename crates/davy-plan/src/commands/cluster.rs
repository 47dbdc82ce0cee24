//! `cluster`. Search Reference, cluster.

use super::overrows::{Over, OverRows};
use crate::command::Command;
use crate::counted::Counted;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use kinds::Kinds;
use std::collections::{BTreeSet, HashMap};

mod kinds;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "cluster",
    aliases: &["slc"],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "cluster [t=<0..1>] [field=<field>] [match=<termlist|termset|ngramset>] [delims=<string>] [showcount=<bool>] [countfield=<name>] [labelfield=<name>] [labelonly=<bool>]",
    summary: "Puts events with similar text together and keeps the first of each kind (all of them, labelled, with labelonly=t).",
    examples: &[
        example!("| makeresults format=csv data=\"m\nuser ann logged in from home today again ok\nuser bob logged in from home today again ok\ndisk full\" | cluster field=m showcount=t | table m cluster_count cluster_label" => table "m,cluster_count,cluster_label\nuser ann logged in from home today again ok,2,1\ndisk full,1,2"),
        example!("| makeresults format=csv data=\"m\na b\nc d\na b\" | cluster field=m labelonly=t | table m cluster_label" => table "m,cluster_label\na b,1\nc d,2\na b,1"),
    ],
    source: "Search Reference, cluster",
    support: Support::Limited(
        "how Splunk measures similarity is not published: here, the share of terms that two events have in common",
    ),
    parse,
};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Match {
    List,
    Set,
    Ngrams,
}

#[derive(Debug)]
struct Cluster {
    threshold: f64,
    field: Spanned<String>,
    how: Match,
    delims: Option<String>,
    count: Option<String>,
    label: String,
    label_only: bool,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names =
        ["t", "field", "match", "delims", "showcount", "countfield", "labelfield", "labelonly"];
    let (options, left) = cx.reader(args).options(&names, cx);
    if let Some(extra) = left.first() {
        return cx.bad(extra.span.0, "`cluster` takes only `key=value` arguments");
    }
    let threshold = options.number("t", cx).unwrap_or(0.8);
    if threshold <= 0.0 || threshold >= 1.0 {
        let span = options.text("t").map_or(cx.span(), |t| t.span);
        return cx.bad(span, "`t` is greater than 0 and less than 1");
    }
    let how = match options.one_of("match", &["termlist", "termset", "ngramset"], cx) {
        Some("termset") => Match::Set,
        Some("ngramset") => Match::Ngrams,
        _ => Match::List,
    };
    let name = |option: &str, default: &str| {
        options.text(option).map_or_else(|| default.to_owned(), |t| t.value)
    };
    let count = options.flag("showcount", false, cx).then(|| name("countfield", "cluster_count"));
    let label = name("labelfield", "cluster_label");
    let label_only = options.flag("labelonly", false, cx);
    let field = options.text("field").unwrap_or_else(|| Spanned::new("_raw".to_owned(), cx.span()));
    let delims = options.text("delims").map(|t| t.value);
    Some(Box::new(Over(Cluster { threshold, field, how, delims, count, label, label_only })))
}

/// The terms of an event; in a list, a term is its place too.
type Terms = BTreeSet<(usize, String)>;

impl Cluster {
    fn terms(&self, text: &str) -> Terms {
        if self.how == Match::Ngrams {
            let chars: Vec<char> = text.chars().collect();
            return chars.windows(3).map(|w| (0, w.iter().collect())).collect();
        }
        let splits = |c: char| match &self.delims {
            Some(delims) => delims.contains(c),
            None => !(c.is_ascii_alphanumeric() || c == '_'),
        };
        text.split(splits)
            .filter(|t| !t.is_empty())
            .enumerate()
            .map(|(i, t)| (if self.how == Match::List { i } else { 0 }, t.to_owned()))
            .collect()
    }
}

impl OverRows for Cluster {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let mut needs = out.clone().with([self.field.value.clone()]);
        for made in self.count.iter().chain([&self.label]) {
            if !needs.all && *made != self.field.value {
                needs.names.remove(made);
            }
        }
        needs
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        self.count.iter().for_each(|c| fields.add(c.clone()));
        fields.add(self.label.clone());
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        vec![(self.field.value.clone(), self.field.span)]
    }

    fn run(&self, mut rows: Rows, cx: &PlanCx<'_>) -> Result<Rows, Failed> {
        let Some(at) = rows.column(&self.field.value) else {
            rows.rows.clear();
            return Ok(rows);
        };
        let mut kinds = Kinds::new(self.threshold);
        // The same text comes often; it is compared once.
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut labels: Vec<usize> = Vec::new();
        let mut steps = Counted::new(cx);
        let mut firsts: Vec<bool> = Vec::new();
        rows.rows.retain(|row| row.get(at).is_some_and(|v| !v.is_null()));
        for row in &rows.rows {
            let text = row.get(at).map(|v| v.values().join("\n")).unwrap_or_default();
            let label = match known.get(&text) {
                Some(label) => *label,
                None => {
                    let label = kinds.of(self.terms(&text), &mut steps)?;
                    known.insert(text, label);
                    label
                }
            };
            firsts.push(kinds.meet(label));
            labels.push(label);
        }
        if let Some(count) = &self.count {
            let column = rows.column_or_add(count);
            for (row, label) in rows.rows.iter_mut().zip(&labels) {
                let n = kinds.count(*label);
                if let Some(slot) = row.get_mut(column) {
                    *slot = Val::Num(n as f64);
                }
            }
        }
        let column = rows.column_or_add(&self.label);
        for (row, label) in rows.rows.iter_mut().zip(&labels) {
            if let Some(slot) = row.get_mut(column) {
                *slot = Val::Num((label + 1) as f64);
            }
        }
        if !self.label_only {
            let mut firsts = firsts.into_iter();
            rows.rows.retain(|_| firsts.next().unwrap_or(false));
        }
        Ok(rows)
    }
}
