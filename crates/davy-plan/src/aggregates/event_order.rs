//! `first`, `last`, and the functions of time. Search Reference, "Event order functions" and "Time
//! functions".

use super::spread::numeric;
use crate::column::Ty;
use crate::example;
use crate::fold::Fold;
use crate::spec::{AggArity, AggKernel, AggSpec, Example, Ret, Support};
use crate::value::{Val, compare};
use std::borrow::Cow;
use std::cmp::Ordering;

const ORDER: &str = "Search Reference, Event order functions";
const TIME: &str = "Search Reference, Time functions";

const fn ordered(
    (name, syntax, summary): (&'static str, &'static str, &'static str),
    examples: &'static [Example],
    kernel: fn(Ty) -> AggKernel,
) -> AggSpec {
    AggSpec {
        ordered: true,
        ret: Ret::Of(same),
        ..numeric((name, syntax, summary), &[], ORDER, examples, kernel)
    }
}

const fn timed(
    (name, syntax, summary): (&'static str, &'static str, &'static str),
    ret: Ret,
    support: Support,
    examples: &'static [Example],
    kernel: fn(Ty) -> AggKernel,
) -> AggSpec {
    AggSpec {
        name,
        aliases: &[],
        syntax,
        summary,
        examples,
        source: TIME,
        support,
        arg: AggArity::One,
        number: false,
        ordered: false,
        timed: true,
        ret,
        kernel,
    }
}

/// A sum that `timechart` divides by the length of its spans.
const fn rate_of(
    name: &'static str,
    syntax: &'static str,
    summary: &'static str,
    examples: &'static [Example],
) -> AggSpec {
    AggSpec {
        support: Support::Limited(
            "only `timechart` knows the length of a span; elsewhere it is the sum",
        ),
        ..numeric((name, syntax, summary), &[], TIME, examples, |_| {
            AggKernel::Fold(|_| Box::new(Sum(None)))
        })
    }
}

fn same(types: &[Ty]) -> Ty {
    types.first().copied().unwrap_or(Ty::Text)
}

pub(super) static FUNCTIONS: &[AggSpec] = &[
    ordered(
        (
            "first",
            "first(<field>)",
            "The value of the first row that has one, in the order of the rows.",
        ),
        &[
            example!("| makeresults format=csv data=\"v\nb\na\nc\" | stats first(v) AS f" => field "f" = "b"),
        ],
        |_| AggKernel::Fold(|_| Box::new(Kept { newest: false, value: None, met: 0 })),
    ),
    ordered(
        (
            "last",
            "last(<field>)",
            "The value of the last row that has one, in the order of the rows.",
        ),
        &[
            example!("| makeresults format=csv data=\"v\nb\na\nc\" | stats last(v) AS f" => field "f" = "c"),
        ],
        |_| AggKernel::Fold(|_| Box::new(Kept { newest: true, value: None, met: 0 })),
    ),
    timed(
        ("earliest", "earliest(<field>)", "The value of the event that is first by time."),
        Ret::Of(same),
        Support::Full,
        &[
            example!("| makeresults count=3 | streamstats count AS n | eval _time=_time-n | stats earliest(n) AS e" => field "e" = "3"),
        ],
        |_| AggKernel::Fold(|_| Timed::make(|t| t.early.as_ref().map(|(_, v)| v.clone()))),
    ),
    timed(
        ("latest", "latest(<field>)", "The value of the event that is last by time."),
        Ret::Of(same),
        Support::Full,
        &[
            example!("| makeresults count=3 | streamstats count AS n | eval _time=_time-n | stats latest(n) AS e" => field "e" = "1"),
        ],
        |_| AggKernel::Fold(|_| Timed::make(|t| t.late.as_ref().map(|(_, v)| v.clone()))),
    ),
    timed(
        (
            "earliest_time",
            "earliest_time(<field>)",
            "The time of the first event by time that has a value.",
        ),
        Ret::Text,
        Support::Full,
        &[
            example!("| makeresults count=3 | streamstats count AS n | eval _time=n*10 | stats earliest_time(n) AS e" => field "e" = "10.000000"),
        ],
        |_| AggKernel::Fold(|_| Timed::make(|t| t.early.as_ref().map(|(at, _)| six(*at)))),
    ),
    timed(
        (
            "latest_time",
            "latest_time(<field>)",
            "The time of the last event by time that has a value.",
        ),
        Ret::Text,
        Support::Full,
        &[
            example!("| makeresults count=3 | streamstats count AS n | eval _time=n*10 | stats latest_time(n) AS e" => field "e" = "30.000000"),
        ],
        |_| AggKernel::Fold(|_| Timed::make(|t| t.late.as_ref().map(|(at, _)| six(*at)))),
    ),
    timed(
        (
            "rate",
            "rate(<field>)",
            "The growth of a counter in a second, from its first to its last value by time.",
        ),
        Ret::Num,
        Support::Full,
        &[
            example!("| makeresults count=3 | streamstats count AS n | eval _time=n*10, c=n*5 | stats rate(c) AS r" => field "r" = "0.5"),
        ],
        |_| AggKernel::Fold(|_| Timed::make(Timed::rate)),
    ),
    timed(
        ("rate_avg", "rate_avg(<field>)", "The mean growth of counters in a second."),
        Ret::Num,
        Support::Limited("all rows of a group count as one time series"),
        &[
            example!("| makeresults count=3 | streamstats count AS n | eval _time=n*10, c=n*5 | stats rate_avg(c) AS r" => field "r" = "0.5"),
        ],
        |_| AggKernel::Fold(|_| Timed::make(Timed::rate)),
    ),
    timed(
        ("rate_sum", "rate_sum(<field>)", "The summed growth of counters in a second."),
        Ret::Num,
        Support::Limited("all rows of a group count as one time series"),
        &[
            example!("| makeresults count=3 | streamstats count AS n | eval _time=n*10, c=n*5 | stats rate_sum(c) AS r" => field "r" = "0.5"),
        ],
        |_| AggKernel::Fold(|_| Timed::make(Timed::rate)),
    ),
    rate_of(
        "per_second",
        "per_second(<field>)",
        "The sum of a span for each second of it.",
        &[
            example!("| makeresults count=2 | eval _time=60, v=15 | timechart span=1m per_second(v) AS r" => field "r" = "0.500000"),
        ],
    ),
    rate_of(
        "per_minute",
        "per_minute(<field>)",
        "The sum of a span for each minute of it.",
        &[
            example!("| makeresults count=2 | eval _time=60, v=15 | timechart span=1m per_minute(v) AS r" => field "r" = "30.000000"),
        ],
    ),
    rate_of(
        "per_hour",
        "per_hour(<field>)",
        "The sum of a span for each hour of it.",
        &[
            example!("| makeresults count=2 | eval _time=60, v=15 | timechart span=1m per_hour(v) AS r" => field "r" = "1800.000000"),
        ],
    ),
    rate_of(
        "per_day",
        "per_day(<field>)",
        "The sum of a span for each day of it.",
        &[
            example!("| makeresults count=2 | eval _time=60, v=15 | timechart span=1m per_day(v) AS r" => field "r" = "43200.000000"),
        ],
    ),
];

/// Times are shown with six decimals, as `strptime` shows them.
fn six(at: f64) -> Val<'static> {
    Val::str(format!("{at:.6}"))
}

#[derive(Debug)]
struct Sum(Option<f64>);

impl Fold for Sum {
    fn add(&mut self, value: &Val<'_>, _: f64) {
        if let Some(n) = value.num() {
            self.0 = Some(self.0.unwrap_or(0.0) + n);
        }
    }

    fn save(&self) -> Vec<String> {
        self.0.iter().map(|n| format!("{n:?}")).collect()
    }

    fn load(&mut self, saved: &[&str]) {
        saved.iter().for_each(|s| self.add(&Val::str(*s), 0.0));
    }

    fn finish(&self) -> Val<'static> {
        self.0.map_or(Val::Null, Val::Num)
    }

    fn size(&self) -> usize {
        16
    }
}

/// The first or the last value met.
#[derive(Debug)]
struct Kept {
    newest: bool,
    value: Option<String>,
    met: u64,
}

impl Fold for Kept {
    fn add(&mut self, value: &Val<'_>, _: f64) {
        self.met += 1;
        if self.newest || self.value.is_none() {
            self.value = value.text().map(|t| t.into_owned());
        }
    }

    fn save(&self) -> Vec<String> {
        self.value.iter().cloned().collect()
    }

    fn load(&mut self, saved: &[&str]) {
        saved.iter().for_each(|s| self.add(&Val::str(*s), 0.0));
    }

    fn finish(&self) -> Val<'static> {
        self.value.as_ref().map_or(Val::Null, |s| Val::str(s.clone()))
    }

    fn size(&self) -> usize {
        self.value.as_ref().map_or(0, String::len) + 32
    }

    fn forget(&mut self, _: &Val<'_>, _: f64) -> bool {
        self.met = self.met.saturating_sub(1);
        if self.met == 0 {
            self.value = None;
        }
        self.newest || self.met == 0
    }
}

/// The first and the last value by time. Of events of one time, the least value counts as first
/// and the greatest as last, so that the result does not depend on the order of the rows.
#[derive(Debug)]
struct Timed {
    early: Option<(f64, Val<'static>)>,
    late: Option<(f64, Val<'static>)>,
    result: fn(&Timed) -> Option<Val<'static>>,
}

impl Timed {
    fn make(result: fn(&Timed) -> Option<Val<'static>>) -> Box<dyn Fold> {
        Box::new(Timed { early: None, late: None, result })
    }

    fn rate(&self) -> Option<Val<'static>> {
        let ((start, from), (end, to)) = (self.early.as_ref()?, self.late.as_ref()?);
        let (from, to) = (from.num()?, to.num()?);
        (end > start).then(|| Val::Num((to - from) / (end - start)))
    }
}

/// Puts the value in place of the held one when it comes before it (or after it).
fn meet(held: &mut Option<(f64, Val<'static>)>, at: f64, value: &Val<'_>, wins: Ordering) {
    let better = match held {
        None => true,
        Some((time, v)) => at.total_cmp(time).then_with(|| compare(value, v)) == wins,
    };
    if !better {
        return;
    }
    // Rows that come from the oldest on replace the last value each time: its room is used again.
    match (held.as_mut(), value) {
        (Some((time, Val::Str(Cow::Owned(old)))), Val::Str(new)) => {
            *time = at;
            old.clear();
            old.push_str(new);
        }
        _ => *held = Some((at, value.clone().into_owned())),
    }
}

impl Fold for Timed {
    fn add(&mut self, value: &Val<'_>, time: f64) {
        if !time.is_nan() {
            meet(&mut self.early, time, value, Ordering::Less);
            meet(&mut self.late, time, value, Ordering::Greater);
        }
    }

    fn save(&self) -> Vec<String> {
        let pair = |held: &Option<(f64, Val<'static>)>| {
            held.as_ref()
                .map(|(at, v)| [format!("{at:?}"), v.text().unwrap_or_default().into_owned()])
        };
        pair(&self.early).into_iter().chain(pair(&self.late)).flatten().collect()
    }

    fn load(&mut self, saved: &[&str]) {
        for pair in saved.chunks_exact(2) {
            if let [at, value] = pair {
                self.add(&Val::str(*value), at.parse().unwrap_or(f64::NAN));
            }
        }
    }

    fn finish(&self) -> Val<'static> {
        (self.result)(self).unwrap_or(Val::Null)
    }

    fn size(&self) -> usize {
        let text = |held: &Option<(f64, Val<'static>)>| match held {
            Some((_, Val::Str(s))) => s.len(),
            _ => 0,
        };
        text(&self.early) + text(&self.late) + 80
    }

    fn forget(&mut self, _: &Val<'_>, time: f64) -> bool {
        // Of a value that was neither the first nor the last nothing is held.
        let held = |held: &Option<(f64, Val<'static>)>| held.as_ref().is_some_and(|h| h.0 == time);
        !held(&self.early) && !held(&self.late)
    }
}
