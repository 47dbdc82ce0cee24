//! `trendline`. Search Reference, trendline.

use crate::column::Ty;
use crate::command::{Command, Order};
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::arg_call;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use crate::walk::{Row, Walk, Walker};
use datafusion_common::Result as DfResult;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, ArgKind, Args, Grammar};
use std::collections::VecDeque;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "trendline",
    aliases: &[],
    kind: Kind::Sequential,
    grammar: Grammar::General,
    syntax: "trendline (sma|ema|wma)<N>(<field>) [AS <name>]...",
    summary: "Moving averages over the last N rows: simple, exponential or weighted. The first N-1 rows have none.",
    examples: &[
        example!("| makeresults count=4 | streamstats count AS n | trendline sma2(n) AS a | table n a" => table "n,a\n1,\n2,1.5\n3,2.5\n4,3.5"),
        example!("| makeresults count=3 | streamstats count AS n | trendline wma2(n) | table \"wma2(n)\"" => table "wma2(n)\n\n1.6666666666666667\n2.6666666666666665"),
    ],
    source: "Search Reference, trendline",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Trendline {
    lines: Vec<Line>,
}

#[derive(Debug, Clone)]
struct Line {
    how: How,
    period: usize,
    field: Spanned<String>,
    to: String,
}

#[derive(Debug, Clone, Copy)]
enum How {
    Simple,
    Exponential,
    Weighted,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let mut reader = cx.reader(args);
    let mut lines = Vec::new();
    loop {
        reader.skip_commas();
        let Some(arg) = reader.next_arg() else { break };
        let mut line = line(arg, cx)?;
        if reader.keyword("as") {
            match reader.field() {
                Some(name) => line.to = name.value,
                None => return cx.bad(arg.span.0, "`AS` needs a name after it"),
            }
        }
        lines.push(line);
    }
    if lines.is_empty() {
        return cx.missing("a trend such as sma5(bytes)");
    }
    Some(Box::new(Trendline { lines }))
}

fn line(arg: &Arg, cx: &mut ParseCx<'_>) -> Option<Line> {
    const WANTED: &str = "a trend such as sma5(bytes), ema5(bytes) or wma5(bytes) is needed here";
    let ArgKind::Call { .. } = &arg.kind else { return cx.bad(arg.span.0, WANTED) };
    let Some((name, items)) = arg_call(arg) else { return cx.bad(arg.span.0, WANTED) };
    let lower = name.value.to_ascii_lowercase();
    let (how, period) = match lower.get(..3).zip(lower.get(3..)) {
        Some(("sma", n)) => (How::Simple, n),
        Some(("ema", n)) => (How::Exponential, n),
        Some(("wma", n)) => (How::Weighted, n),
        _ => return cx.bad(name.span, WANTED),
    };
    let period = match period.parse::<usize>() {
        Ok(n) if (2..=10_000).contains(&n) => n,
        _ => return cx.bad(name.span, "the period of a trend is a number from 2 to 10000"),
    };
    let [field] = items.as_slice() else {
        return cx.bad(arg.span.0, "one field is needed in the parentheses");
    };
    let to = format!("{}({})", name.value, field.value);
    Some(Line { how, period, field: field.clone(), to })
}

impl Command for Trendline {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let mut needs = out.clone();
        for line in &self.lines {
            if needs.all {
                needs.add(&line.to);
            } else {
                needs.names.remove(&line.to);
            }
        }
        needs.with(self.lines.iter().map(|l| l.field.value.clone()))
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        self.lines.iter().for_each(|l| fields.add(&l.to));
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.lines.iter().map(|l| (l.field.value.clone(), l.field.span)).collect()
    }

    fn order(&self) -> Order {
        Order::Needs
    }

    fn plan(&self, input: Plan, _: &PlanCx<'_>) -> Result<Plan, Failed> {
        let reads = self.lines.iter().map(|l| l.field.value.clone()).collect();
        let sets = self.lines.iter().map(|l| (l.to.clone(), Ty::Num)).collect();
        let lines = self.lines.clone();
        let start = move || {
            let states = lines.iter().map(|l| Trend::new(l.how, l.period)).collect();
            Box::new(State { states }) as Box<dyn Walker>
        };
        Walk::new("trendline", reads, sets, start).plan(input)
    }
}

struct State {
    states: Vec<Trend>,
}

impl Walker for State {
    fn row(&mut self, row: Row<'_>, out: &mut [Val<'static>]) -> DfResult<bool> {
        for (i, (slot, trend)) in out.iter_mut().zip(&mut self.states).enumerate() {
            // A row without a number has no trend and does not change it.
            if let Some(n) = row.get(i).num().and_then(|n| trend.next(n)) {
                *slot = Val::Num(n);
            }
        }
        Ok(true)
    }
}

struct Trend {
    how: How,
    period: usize,
    window: VecDeque<f64>,
    seen: usize,
    average: f64,
}

impl Trend {
    fn new(how: How, period: usize) -> Self {
        Trend { how, period, window: VecDeque::new(), seen: 0, average: 0.0 }
    }

    fn next(&mut self, n: f64) -> Option<f64> {
        self.seen += 1;
        if let How::Exponential = self.how {
            let alpha = 2.0 / (self.period as f64 + 1.0);
            self.average = match self.seen {
                1 => n,
                // So the page has it, with alpha as the weight of what was.
                _ => alpha * self.average + (1.0 - alpha) * n,
            };
        } else {
            self.window.push_back(n);
            if self.window.len() > self.period {
                self.window.pop_front();
            }
        }
        if self.seen < self.period {
            return None;
        }
        let count = self.window.len() as f64;
        Some(match self.how {
            How::Exponential => self.average,
            How::Simple => self.window.iter().sum::<f64>() / count,
            How::Weighted => {
                let weighted = self.window.iter().zip(1u32..).map(|(n, w)| n * f64::from(w));
                weighted.sum::<f64>() / (count * (count + 1.0) / 2.0)
            }
        })
    }
}
