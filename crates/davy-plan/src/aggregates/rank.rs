//! `median`, percentiles, `mode`, and the estimating counts. Search Reference, "Aggregate
//! functions".
//!
//! The page says of `perc` that it takes the nearest rank, and shows results that lie between two
//! values; measured results lie between too. So `perc` interpolates, `exactperc` takes the nearest
//! rank.

use super::multivalue::Distinct;
use super::spread::numeric;
use crate::column::Ty;
use crate::example;
use crate::fold::Fold;
use crate::spec::{AggArity, AggKernel, AggSpec, Example, Ret, Support};
use crate::value::{Val, compare};
use datafusion_expr::cast;
use datafusion_functions_aggregate::expr_fn;
use std::cmp::Ordering;
use std::collections::HashMap;

const SOURCE: &str = "Search Reference, Aggregate functions";

const fn percentile(
    (name, syntax, summary): (&'static str, &'static str, &'static str),
    aliases: &'static [&'static str],
    examples: &'static [Example],
    kernel: fn(Ty) -> AggKernel,
) -> AggSpec {
    AggSpec { number: true, ..numeric((name, syntax, summary), aliases, SOURCE, examples, kernel) }
}

pub(super) static FUNCTIONS: &[AggSpec] = &[
    numeric(
        ("estdc", "estdc(<field>)", "The number of distinct values; davy always counts exactly."),
        &[],
        SOURCE,
        &[
            example!("| makeresults format=csv data=\"v\na\nb\na\" | stats estdc(v) AS n" => field "n" = "2"),
        ],
        |_| AggKernel::Fold(|_| Box::new(Distinct::default())),
    ),
    numeric(
        (
            "estdc_error",
            "estdc_error(<field>)",
            "The error of estdc: 0, since davy counts exactly.",
        ),
        &[],
        SOURCE,
        &[
            example!("| makeresults format=csv data=\"v\na\" | stats estdc_error(v) AS n" => field "n" = "0"),
        ],
        |_| AggKernel::Fold(|_| Box::new(Nothing)),
    ),
    percentile(
        (
            "exactperc",
            "exactperc<N>(<field>)",
            "The value at the N-th percentile: the nearest rank.",
        ),
        &[],
        &[
            example!("| makeresults count=10 | streamstats count AS n | stats exactperc50(n) AS p" => field "p" = "5"),
        ],
        |_| AggKernel::Fold(|n| Box::new(Ranked::new(n, nearest))),
    ),
    numeric(
        (
            "median",
            "median(<field>)",
            "The middle value; between the two middle ones where their number is even.",
        ),
        &[],
        SOURCE,
        &[
            example!("| makeresults format=csv data=\"v\n3\n1\n10\" | stats median(v) AS m" => field "m" = "3"),
        ],
        |ty| match ty {
            Ty::Num => AggKernel::Native(|arg| {
                Ok(expr_fn::median(cast(arg.expr.clone(), Ty::Num.data_type())))
            }),
            _ => AggKernel::Fold(|_| Box::new(Ranked::new(50.0, between))),
        },
    ),
    AggSpec {
        name: "mode",
        aliases: &[],
        syntax: "mode(<field>)",
        summary: "The most frequent value; the least of them where several are.",
        examples: &[
            example!("| makeresults format=csv data=\"v\nb\na\nb\" | stats mode(v) AS m" => field "m" = "b"),
        ],
        source: SOURCE,
        support: Support::Full,
        arg: AggArity::One,
        number: false,
        ordered: false,
        timed: false,
        ret: Ret::Text,
        kernel: |_| AggKernel::Fold(|_| Box::new(Mode::default())),
    },
    percentile(
        (
            "perc",
            "perc<N>(<field>) or p<N>(<field>)",
            "The N-th percentile, between two values where it falls between them.",
        ),
        &["p"],
        &[
            example!("| makeresults count=10 | streamstats count AS n | stats perc95(n) AS p" => field "p" = "9.55"),
            example!("| makeresults count=10 | streamstats count AS n | stats p50(n) AS p" => field "p" = "5.5"),
        ],
        |_| AggKernel::Fold(|n| Box::new(Ranked::new(n, between))),
    ),
    percentile(
        (
            "upperperc",
            "upperperc<N>(<field>)",
            "As perc: davy does not estimate, so there is no upper bound.",
        ),
        &[],
        &[
            example!("| makeresults count=10 | streamstats count AS n | stats upperperc50(n) AS p" => field "p" = "5.5"),
        ],
        |_| AggKernel::Fold(|n| Box::new(Ranked::new(n, between))),
    ),
];

#[derive(Debug)]
struct Nothing;

impl Fold for Nothing {
    fn add(&mut self, _: &Val<'_>, _: f64) {}

    fn save(&self) -> Vec<String> {
        Vec::new()
    }

    fn load(&mut self, _: &[&str]) {}

    fn finish(&self) -> Val<'static> {
        Val::Num(0.0)
    }

    fn size(&self) -> usize {
        0
    }
}

/// All numbers, for what depends on their order by size.
#[derive(Debug)]
struct Ranked {
    percent: f64,
    pick: fn(&[f64], f64) -> Option<f64>,
    values: Vec<f64>,
}

impl Ranked {
    fn new(percent: f64, pick: fn(&[f64], f64) -> Option<f64>) -> Self {
        Ranked { percent, pick, values: Vec::new() }
    }
}

impl Fold for Ranked {
    fn add(&mut self, value: &Val<'_>, _: f64) {
        self.values.extend(value.num());
    }

    fn save(&self) -> Vec<String> {
        self.values.iter().map(|n| format!("{n:?}")).collect()
    }

    fn load(&mut self, saved: &[&str]) {
        self.values.extend(saved.iter().filter_map(|s| s.parse::<f64>().ok()));
    }

    fn finish(&self) -> Val<'static> {
        let mut sorted = self.values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        (self.pick)(&sorted, self.percent).map_or(Val::Null, Val::Num)
    }

    fn size(&self) -> usize {
        self.values.capacity() * 8 + 24
    }

    fn forget(&mut self, value: &Val<'_>, _: f64) -> bool {
        if value.num().is_some() && !self.values.is_empty() {
            self.values.remove(0);
        }
        true
    }
}

/// Between the two values around the rank, in proportion.
fn between(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = percent * last as f64 / 100.0;
    let below = sorted.get(rank.floor() as usize)?;
    let above = sorted.get((rank.ceil() as usize).min(last))?;
    Some(below + (above - below) * rank.fract())
}

fn nearest(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = (percent * sorted.len() as f64 / 100.0).ceil() as usize;
    sorted.get(rank.saturating_sub(1).min(last)).copied()
}

#[derive(Debug, Default)]
struct Mode {
    counts: HashMap<String, u64>,
    bytes: usize,
}

impl Mode {
    fn count(&mut self, text: &str, n: u64) {
        match self.counts.get_mut(text) {
            Some(held) => *held += n,
            None => {
                self.bytes += text.len() + 56;
                self.counts.insert(text.to_owned(), n);
            }
        }
    }
}

impl Fold for Mode {
    fn add(&mut self, value: &Val<'_>, _: f64) {
        if let Some(text) = value.text() {
            self.count(&text, 1);
        }
    }

    fn save(&self) -> Vec<String> {
        self.counts.iter().flat_map(|(text, n)| [text.clone(), n.to_string()]).collect()
    }

    fn load(&mut self, saved: &[&str]) {
        for pair in saved.chunks_exact(2) {
            if let [text, n] = pair {
                self.count(text, n.parse().unwrap_or(0));
            }
        }
    }

    fn finish(&self) -> Val<'static> {
        let most = self.counts.iter().max_by(|(a, n), (b, m)| {
            let less = compare(&Val::str(a.as_str()), &Val::str(b.as_str()));
            let less = if less == Ordering::Equal { a.cmp(b) } else { less };
            n.cmp(m).then(less.reverse())
        });
        most.map_or(Val::Null, |(text, _)| Val::str(text.clone()))
    }

    fn size(&self) -> usize {
        self.bytes
    }

    fn forget(&mut self, value: &Val<'_>, _: f64) -> bool {
        let Some(text) = value.text() else { return true };
        match self.counts.get_mut(text.as_ref()) {
            Some(held) if *held > 1 => *held -= 1,
            Some(_) => {
                self.bytes -= text.len() + 56;
                self.counts.remove(text.as_ref());
            }
            None => return false,
        }
        true
    }
}
