//! `count`, `sum`, `min` and their kin. Search Reference, "Aggregate functions".

use crate::column::Ty;
use crate::example;
use crate::fold::{Fold, Tally, exact};
use crate::spec::{AggArg, AggArity, AggKernel, AggSpec, Ret, Support};
use crate::value::{Val, compare, fmt_num, parse_num};
use datafusion_expr::{Expr, cast};
use datafusion_functions_aggregate::expr_fn;
use std::cmp::Ordering;

const SOURCE: &str = "Search Reference, Aggregate functions";

pub(super) static FUNCTIONS: &[AggSpec] = &[
    AggSpec {
        name: "count",
        aliases: &["c"],
        syntax: "count or count(<field>)",
        summary: "The number of rows, or of values of a field.",
        examples: &[
            example!("| makeresults count=3 | stats count" => field "count" = "3"),
            example!("| makeresults count=3 | streamstats count AS n | eval x=if(n>1, n, null()) | stats count(x) AS c" => field "c" = "2"),
        ],
        source: SOURCE,
        support: Support::Full,
        arg: AggArity::Optional,
        number: false,
        ordered: false,
        timed: false,
        ret: Ret::Num,
        kernel: |ty| match ty {
            Ty::Text => AggKernel::Fold(|_| Box::new(Count(0))),
            _ => AggKernel::Native(|arg| Ok(expr_fn::count(arg.expr.clone()))),
        },
    },
    AggSpec {
        name: "sum",
        aliases: &[],
        syntax: "sum(<field>)",
        summary: "The sum of the values that are numbers.",
        examples: &[
            example!("| makeresults count=3 | streamstats count AS n | stats sum(n) AS s" => field "s" = "6"),
        ],
        source: SOURCE,
        support: Support::Full,
        arg: AggArity::One,
        number: false,
        ordered: false,
        timed: false,
        ret: Ret::Num,
        // One after the other, as Splunk's own last digits show; a vectorized sum has others.
        kernel: |_| AggKernel::Fold(|_| Box::new(Moments::new(Moment::Sum))),
    },
    AggSpec {
        name: "avg",
        aliases: &["mean"],
        syntax: "avg(<field>)",
        summary: "The mean of the values that are numbers.",
        examples: &[
            example!("| makeresults count=4 | streamstats count AS n | stats avg(n) AS a" => field "a" = "2.5"),
            example!("| makeresults count=100 | eval test=3.99 | stats avg(test) AS a" => field "a" = "3.9900000000000055"),
        ],
        source: SOURCE,
        support: Support::Full,
        arg: AggArity::One,
        number: false,
        ordered: false,
        timed: false,
        ret: Ret::Num,
        kernel: |_| AggKernel::Fold(|_| Box::new(Moments::new(Moment::Mean))),
    },
    AggSpec {
        name: "min",
        aliases: &[],
        syntax: "min(<field>)",
        summary: "The least value: numbers by size, before every text; texts by their letters.",
        examples: &[
            example!("| makeresults format=csv data=\"v\n10\n9\nb\" | stats min(v) AS m" => field "m" = "9"),
        ],
        source: SOURCE,
        support: Support::Full,
        arg: AggArity::One,
        number: false,
        ordered: false,
        timed: false,
        ret: Ret::Of(same),
        kernel: |ty| match ty {
            Ty::Num => AggKernel::Native(|arg| Ok(expr_fn::min(float(arg)))),
            _ => AggKernel::Fold(|_| Box::new(Extreme { most: Ordering::Less, value: None })),
        },
    },
    AggSpec {
        name: "max",
        aliases: &[],
        syntax: "max(<field>)",
        summary: "The greatest value: numbers by size, before every text; texts by their letters.",
        examples: &[
            example!("| makeresults format=csv data=\"v\n10\n9\" | stats max(v) AS m" => field "m" = "10"),
            example!("| makeresults format=csv data=\"v\n10\nb\" | stats max(v) AS m" => field "m" = "b"),
        ],
        source: SOURCE,
        support: Support::Full,
        arg: AggArity::One,
        number: false,
        ordered: false,
        timed: false,
        ret: Ret::Of(same),
        kernel: |ty| match ty {
            Ty::Num => AggKernel::Native(|arg| Ok(expr_fn::max(float(arg)))),
            _ => AggKernel::Fold(|_| Box::new(Extreme { most: Ordering::Greater, value: None })),
        },
    },
];

fn same(types: &[Ty]) -> Ty {
    types.first().copied().unwrap_or(Ty::Text)
}

fn float(arg: &AggArg) -> Expr {
    cast(arg.expr.clone(), Ty::Num.data_type())
}

#[derive(Debug)]
struct Count(u64);

impl Fold for Count {
    fn add(&mut self, _: &Val<'_>, _: f64) {
        self.0 += 1;
    }

    fn save(&self) -> Vec<String> {
        vec![self.0.to_string()]
    }

    fn load(&mut self, saved: &[&str]) {
        self.0 += saved.first().and_then(|s| s.parse::<u64>().ok()).unwrap_or(0);
    }

    fn finish(&self) -> Val<'static> {
        Val::Num(self.0 as f64)
    }

    fn size(&self) -> usize {
        8
    }

    fn forget(&mut self, _: &Val<'_>, _: f64) -> bool {
        self.0 = self.0.saturating_sub(1);
        true
    }
}

#[derive(Debug, Clone, Copy)]
enum Moment {
    Sum,
    Mean,
}

/// Sum and number of the values that are numbers.
#[derive(Debug, Clone)]
struct Moments {
    moment: Moment,
    sum: f64,
    count: f64,
}

impl Moments {
    fn new(moment: Moment) -> Self {
        Moments { moment, sum: 0.0, count: 0.0 }
    }
}

impl Tally for Moments {
    const WIDTH: usize = 2;

    fn add(&mut self, n: f64) {
        self.sum += n;
        self.count += 1.0;
    }

    fn save(&self, saved: &mut [f64]) {
        saved.copy_from_slice(&[self.sum, self.count]);
    }

    fn load(&mut self, saved: &[f64]) {
        if let [sum, count] = saved {
            self.sum += sum;
            self.count += count;
        }
    }

    fn finish(&self) -> Option<f64> {
        (self.count > 0.0).then_some(match self.moment {
            Moment::Sum => self.sum,
            Moment::Mean => self.sum / self.count,
        })
    }

    fn forget(&mut self, n: f64) -> bool {
        let exact = exact(n, self.sum);
        self.sum -= n;
        self.count -= 1.0;
        exact
    }
}

#[derive(Debug)]
struct Extreme {
    most: Ordering,
    value: Option<String>,
}

impl Extreme {
    fn meet(&mut self, text: &str) {
        let wins = match &self.value {
            None => true,
            Some(held) => compare(&Val::str(text), &Val::str(held.as_str())) == self.most,
        };
        if wins {
            self.value = Some(text.to_owned());
        }
    }
}

impl Fold for Extreme {
    fn add(&mut self, value: &Val<'_>, _: f64) {
        match value {
            Val::Str(s) => self.meet(s),
            Val::Num(n) => self.meet(&fmt_num(*n)),
            _ => {}
        }
    }

    fn save(&self) -> Vec<String> {
        self.value.iter().cloned().collect()
    }

    fn load(&mut self, saved: &[&str]) {
        saved.iter().for_each(|s| self.meet(s));
    }

    fn finish(&self) -> Val<'static> {
        match &self.value {
            None => Val::Null,
            Some(s) => match parse_num(s) {
                Some(n) if fmt_num(n) == *s => Val::Num(n),
                _ => Val::str(s.clone()),
            },
        }
    }

    fn size(&self) -> usize {
        self.value.as_ref().map_or(0, String::len) + 32
    }

    fn forget(&mut self, value: &Val<'_>, _: f64) -> bool {
        let Some(held) = &self.value else { return true };
        compare(value, &Val::str(held.as_str())) != Ordering::Equal
    }
}
