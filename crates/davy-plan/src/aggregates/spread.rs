//! `stdev`, `var`, `range`, `sumsq` and their kin. Search Reference, "Aggregate functions".

use crate::column::Ty;
use crate::example;
use crate::fold::Fold;
use crate::spec::{AggArg, AggArity, AggKernel, AggSpec, Example, Ret, Support};
use crate::value::Val;
use datafusion_expr::{Expr, cast};
use datafusion_functions_aggregate::expr_fn;

const SOURCE: &str = "Search Reference, Aggregate functions";

/// A number from the values that are numbers, in any order.
pub(super) const fn numeric(
    (name, syntax, summary): (&'static str, &'static str, &'static str),
    aliases: &'static [&'static str],
    source: &'static str,
    examples: &'static [Example],
    kernel: fn(Ty) -> AggKernel,
) -> AggSpec {
    AggSpec {
        name,
        aliases,
        syntax,
        summary,
        examples,
        source,
        support: Support::Full,
        arg: AggArity::One,
        number: false,
        ordered: false,
        timed: false,
        ret: Ret::Num,
        kernel,
    }
}

pub(super) static FUNCTIONS: &[AggSpec] = &[
    numeric(
        ("range", "range(<field>)", "The difference of the greatest and the least number."),
        &[],
        SOURCE,
        &[
            example!("| makeresults format=csv data=\"v\n10\n4\nb\" | stats range(v) AS r" => field "r" = "6"),
        ],
        |_| AggKernel::Fold(|_| Box::new(Range(None))),
    ),
    numeric(
        ("stdev", "stdev(<field>)", "The standard deviation of a sample; 0 for one value."),
        &[],
        SOURCE,
        &[
            example!("| makeresults format=csv data=\"v\n2\n4\n4\n6\" | stats stdev(v) AS s | eval s=round(s, 4)" => field "s" = "1.633"),
            example!("| makeresults format=csv data=\"v\n2\" | stats stdev(v) AS s" => field "s" = "0"),
        ],
        |_| AggKernel::Fold(|_| Spread::make(|s| s.sample().sqrt())),
    ),
    numeric(
        ("stdevp", "stdevp(<field>)", "The standard deviation of a whole population."),
        &[],
        SOURCE,
        &[
            example!("| makeresults format=csv data=\"v\n2\n4\n4\n4\n5\n5\n7\n9\" | stats stdevp(v) AS s" => field "s" = "2"),
        ],
        |ty| match ty {
            Ty::Num => AggKernel::Native(|arg| Ok(expr_fn::stddev_pop(float(arg)))),
            _ => AggKernel::Fold(|_| Spread::make(|s| s.population().sqrt())),
        },
    ),
    numeric(
        ("sumsq", "sumsq(<field>)", "The sum of the squares."),
        &[],
        SOURCE,
        &[
            example!("| makeresults format=csv data=\"v\n1\n2\n3\" | stats sumsq(v) AS s" => field "s" = "14"),
        ],
        |_| AggKernel::Fold(|_| Box::new(Squares::default())),
    ),
    numeric(
        ("var", "var(<field>)", "The variance of a sample; 0 for one value."),
        &[],
        SOURCE,
        &[
            example!("| makeresults format=csv data=\"v\n1\n2\n3\n4\n5\" | stats var(v) AS s" => field "s" = "2.5"),
        ],
        |_| AggKernel::Fold(|_| Spread::make(Spread::sample)),
    ),
    numeric(
        ("varp", "varp(<field>)", "The variance of a whole population."),
        &[],
        SOURCE,
        &[
            example!("| makeresults format=csv data=\"v\n1\n2\n3\n4\n5\" | stats varp(v) AS s" => field "s" = "2"),
        ],
        |ty| match ty {
            Ty::Num => AggKernel::Native(|arg| Ok(expr_fn::var_pop(float(arg)))),
            _ => AggKernel::Fold(|_| Spread::make(Spread::population)),
        },
    ),
];

fn float(arg: &AggArg) -> Expr {
    cast(arg.expr.clone(), Ty::Num.data_type())
}

/// The least and the greatest number.
#[derive(Debug)]
struct Range(Option<(f64, f64)>);

impl Range {
    fn meet(&mut self, low: f64, high: f64) {
        let (a, b) = self.0.unwrap_or((low, high));
        self.0 = Some((a.min(low), b.max(high)));
    }
}

impl Fold for Range {
    fn add(&mut self, value: &Val<'_>, _: f64) {
        if let Some(n) = value.num() {
            self.meet(n, n);
        }
    }

    fn save(&self) -> Vec<String> {
        self.0.map_or_else(Vec::new, |(a, b)| vec![format!("{a:?}"), format!("{b:?}")])
    }

    fn load(&mut self, saved: &[&str]) {
        if let [Ok(low), Ok(high)] = saved.iter().map(|s| s.parse()).collect::<Vec<_>>()[..] {
            self.meet(low, high);
        }
    }

    fn finish(&self) -> Val<'static> {
        self.0.map_or(Val::Null, |(a, b)| Val::Num(b - a))
    }

    fn size(&self) -> usize {
        16
    }
}

#[derive(Debug, Default)]
struct Squares {
    sum: f64,
    any: bool,
}

impl Fold for Squares {
    fn add(&mut self, value: &Val<'_>, _: f64) {
        if let Some(n) = value.num() {
            self.sum += n * n;
            self.any = true;
        }
    }

    fn save(&self) -> Vec<String> {
        if self.any { vec![format!("{:?}", self.sum)] } else { Vec::new() }
    }

    fn load(&mut self, saved: &[&str]) {
        if let Some(sum) = saved.first().and_then(|s| s.parse::<f64>().ok()) {
            self.sum += sum;
            self.any = true;
        }
    }

    fn finish(&self) -> Val<'static> {
        if self.any { Val::Num(self.sum) } else { Val::Null }
    }

    fn size(&self) -> usize {
        16
    }
}

/// Number, mean and squared distances, kept up to date value by value (Welford), so that great
/// values near each other do not lose their differences.
#[derive(Debug)]
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
    result: fn(&Spread) -> f64,
}

impl Spread {
    fn make(result: fn(&Spread) -> f64) -> Box<dyn Fold> {
        Box::new(Spread { count: 0.0, mean: 0.0, squares: 0.0, result })
    }

    fn sample(&self) -> f64 {
        if self.count < 2.0 { 0.0 } else { self.squares / (self.count - 1.0) }
    }

    fn population(&self) -> f64 {
        self.squares / self.count
    }
}

impl Fold for Spread {
    fn add(&mut self, value: &Val<'_>, _: f64) {
        if let Some(n) = value.num() {
            self.count += 1.0;
            let distance = n - self.mean;
            self.mean += distance / self.count;
            self.squares += distance * (n - self.mean);
        }
    }

    fn save(&self) -> Vec<String> {
        [self.count, self.mean, self.squares].iter().map(|n| format!("{n:?}")).collect()
    }

    fn load(&mut self, saved: &[&str]) {
        let saved: Vec<f64> = saved.iter().filter_map(|s| s.parse().ok()).collect();
        let [count, mean, squares] = saved[..] else { return };
        if count == 0.0 {
            return;
        }
        let total = self.count + count;
        let distance = mean - self.mean;
        self.squares += squares + distance * distance * self.count * count / total;
        self.mean += distance * count / total;
        self.count = total;
    }

    fn finish(&self) -> Val<'static> {
        if self.count == 0.0 { Val::Null } else { Val::Num((self.result)(self)) }
    }

    fn size(&self) -> usize {
        32
    }
}
