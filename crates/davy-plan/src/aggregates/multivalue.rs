//! `values`, `list`, `dc`. Search Reference, "Multivalue stats and chart functions".

use crate::example;
use crate::fold::{Fold, SetResult};
use crate::spec::{AggArity, AggKernel, AggSpec, Ret, Support};
use crate::value::Val;
use std::collections::{BTreeSet, HashSet};

const SOURCE: &str = "Search Reference, Multivalue stats and chart functions";

pub(super) static FUNCTIONS: &[AggSpec] = &[
    AggSpec {
        name: "values",
        aliases: &[],
        syntax: "values(<field>)",
        summary: "The distinct values, in the order of their letters.",
        examples: &[
            example!("| makeresults format=csv data=\"v\n10\n9\n100\n9\" | stats values(v) AS v" => field "v" = "10|100|9"),
        ],
        source: SOURCE,
        support: Support::Full,
        arg: AggArity::One,
        number: false,
        ordered: false,
        timed: false,
        ret: Ret::Text,
        kernel: |_| AggKernel::Fold(|_| Box::new(Values::default())),
    },
    AggSpec {
        name: "list",
        aliases: &[],
        syntax: "list(<field>)",
        summary: "The values in the order of the rows, with repetitions; the first 100.",
        examples: &[
            example!("| makeresults format=csv data=\"v\nb\na\nb\" | stats list(v) AS v" => field "v" = "b|a|b"),
        ],
        source: SOURCE,
        support: Support::Full,
        arg: AggArity::One,
        number: false,
        ordered: true,
        timed: false,
        ret: Ret::Text,
        kernel: |_| AggKernel::Fold(|_| Box::new(List::default())),
    },
    AggSpec {
        name: "dc",
        aliases: &["distinct_count"],
        syntax: "dc(<field>)",
        summary: "The number of distinct values.",
        examples: &[
            example!("| makeresults format=csv data=\"v\nb\na\nb\" | stats dc(v) AS n" => field "n" = "2"),
        ],
        source: SOURCE,
        support: Support::Full,
        arg: AggArity::One,
        number: false,
        ordered: false,
        timed: false,
        ret: Ret::Num,
        kernel: |_| AggKernel::Fold(|_| Box::new(Distinct::default())),
    },
];

#[derive(Debug, Default)]
struct Values {
    seen: BTreeSet<String>,
    bytes: usize,
}

impl Values {
    fn insert(&mut self, text: &str) {
        if !self.seen.contains(text) {
            self.bytes += text.len() + 32;
            self.seen.insert(text.to_owned());
        }
    }
}

impl Fold for Values {
    fn add(&mut self, value: &Val<'_>, _: f64) {
        if let Some(text) = value.text() {
            self.insert(&text);
        }
    }

    fn save(&self) -> Vec<String> {
        self.seen.iter().cloned().collect()
    }

    fn load(&mut self, saved: &[&str]) {
        saved.iter().for_each(|s| self.insert(s));
    }

    fn finish(&self) -> Val<'static> {
        let all: Vec<&String> = self.seen.iter().collect();
        Val::multi(&all)
    }

    fn of_set(&self) -> Option<SetResult> {
        Some(SetResult::Values)
    }

    fn size(&self) -> usize {
        self.bytes
    }
}

/// Splunk's limit (limits.conf, `[stats] list_maxsize`).
const LIST_MAX: usize = 100;

#[derive(Debug, Default)]
struct List {
    values: Vec<String>,
    bytes: usize,
}

impl List {
    fn push(&mut self, text: String) {
        if self.values.len() < LIST_MAX {
            self.bytes += text.len() + 24;
            self.values.push(text);
        }
    }
}

impl Fold for List {
    fn add(&mut self, value: &Val<'_>, _: f64) {
        if let Some(text) = value.text() {
            self.push(text.into_owned());
        }
    }

    fn save(&self) -> Vec<String> {
        self.values.clone()
    }

    fn load(&mut self, saved: &[&str]) {
        saved.iter().for_each(|s| self.push((*s).to_owned()));
    }

    fn finish(&self) -> Val<'static> {
        Val::multi(&self.values)
    }

    fn size(&self) -> usize {
        self.bytes
    }

    fn forget(&mut self, _: &Val<'_>, _: f64) -> bool {
        // Of a full list nobody knows what would have come next.
        if self.values.is_empty() || self.values.len() >= LIST_MAX {
            return false;
        }
        let text = self.values.remove(0);
        self.bytes -= text.len() + 24;
        true
    }
}

#[derive(Debug, Default)]
pub(super) struct Distinct {
    seen: HashSet<String>,
    bytes: usize,
}

impl Distinct {
    fn insert(&mut self, text: &str) {
        if !self.seen.contains(text) {
            self.bytes += text.len() + 48;
            self.seen.insert(text.to_owned());
        }
    }
}

impl Fold for Distinct {
    fn add(&mut self, value: &Val<'_>, _: f64) {
        if let Some(text) = value.text() {
            self.insert(&text);
        }
    }

    fn save(&self) -> Vec<String> {
        self.seen.iter().cloned().collect()
    }

    fn load(&mut self, saved: &[&str]) {
        saved.iter().for_each(|s| self.insert(s));
    }

    fn finish(&self) -> Val<'static> {
        Val::Num(self.seen.len() as f64)
    }

    fn of_set(&self) -> Option<SetResult> {
        Some(SetResult::Count)
    }

    fn size(&self) -> usize {
        self.bytes
    }
}
