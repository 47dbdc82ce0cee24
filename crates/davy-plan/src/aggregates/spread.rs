//! `stdev`, `var`, `range`, `sumsq` and their kin. Search Reference, "Aggregate functions".

use crate::column::Ty;
use crate::example;
use crate::fold::{Fold, Tally, exact};
use crate::spec::{AggArity, AggKernel, AggSpec, Example, Ret, Support};

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
        |_| AggKernel::Fold(|_| Box::new(Range::NONE)),
    ),
    numeric(
        ("stdev", "stdev(<field>)", "The standard deviation of a sample; 0 for one value."),
        &[],
        SOURCE,
        &[
            example!("| makeresults format=csv data=\"v\n2\n4\n4\n6\" | stats stdev(v) AS s | eval s=round(s, 4)" => field "s" = "1.6330"),
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
        |_| AggKernel::Fold(|_| Spread::make(|s| s.population().sqrt())),
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
        |_| AggKernel::Fold(|_| Spread::make(Spread::population)),
    ),
];

/// The least and the greatest number.
#[derive(Debug, Clone)]
struct Range {
    low: f64,
    high: f64,
}

impl Range {
    const NONE: Range = Range { low: f64::INFINITY, high: f64::NEG_INFINITY };
}

impl Tally for Range {
    const WIDTH: usize = 2;

    fn add(&mut self, n: f64) {
        self.low = self.low.min(n);
        self.high = self.high.max(n);
    }

    fn save(&self, saved: &mut [f64]) {
        saved.copy_from_slice(&[self.low, self.high]);
    }

    fn load(&mut self, saved: &[f64]) {
        if let [low, high] = saved {
            self.low = self.low.min(*low);
            self.high = self.high.max(*high);
        }
    }

    fn finish(&self) -> Option<f64> {
        (self.low <= self.high).then_some(self.high - self.low)
    }

    fn forget(&mut self, n: f64) -> bool {
        self.low < n && n < self.high
    }
}

#[derive(Debug, Clone, Default)]
struct Squares {
    sum: f64,
    count: f64,
}

impl Tally for Squares {
    const WIDTH: usize = 2;

    fn add(&mut self, n: f64) {
        self.sum += n * n;
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
        (self.count > 0.0).then_some(self.sum)
    }

    fn forget(&mut self, n: f64) -> bool {
        let exact = exact(n * n, self.sum);
        self.sum -= n * n;
        self.count -= 1.0;
        exact
    }
}

/// A number of twice the digits of `f64`: the nearest `f64`, and what is missing. Sums of these
/// come out the same in whatever order they are made, but for inputs that differ by thirty digits.
/// (Dekker 1971; Knuth, The Art of Computer Programming 2, 4.2.2.)
#[derive(Debug, Clone, Copy, Default)]
struct Double(f64, f64);

impl Double {
    fn sum(a: f64, b: f64) -> Double {
        let sum = a + b;
        let from_b = sum - a;
        Double(sum, (a - (sum - from_b)) + (b - from_b))
    }

    fn product(a: f64, b: f64) -> Double {
        let product = a * b;
        Double(product, a.mul_add(b, -product))
    }

    fn plus(self, other: Double) -> Double {
        let high = Double::sum(self.0, other.0);
        let low = Double::sum(self.1, other.1);
        let middle = Double::sum(high.0, high.1 + low.0);
        Double::sum(middle.0, middle.1 + low.1)
    }

    fn times(self, other: Double) -> Double {
        let high = Double::product(self.0, other.0);
        Double::sum(high.0, high.1 + (self.0 * other.1 + self.1 * other.0))
    }

    fn over(self, n: f64) -> Double {
        let first = self.0 / n;
        let back = Double::product(first, n);
        let left = ((self.0 - back.0) - back.1 + self.1) / n;
        Double::sum(first, left)
    }

    fn minus(self, other: Double) -> Double {
        self.plus(Double(-other.0, -other.1))
    }
}

/// Number, sum and sum of squares, with enough digits that great values near each other do not
/// lose their differences, and that the order of the rows does not show in the result.
#[derive(Debug, Clone)]
struct Spread {
    count: f64,
    sum: Double,
    squares: Double,
    result: fn(&Spread) -> f64,
}

/// Below this share of the squares' sum few digits of a plain difference mean anything.
const PLAIN: f64 = 1e-6;

impl Spread {
    fn make(result: fn(&Spread) -> f64) -> Box<dyn Fold> {
        let none = Double::default();
        Box::new(Spread { count: 0.0, sum: none, squares: none, result })
    }

    /// The squared distances from the mean, added up.
    fn distances(&self) -> f64 {
        // As Splunk computes it, by the digits of the example on its page; but where values are
        // great and near each other, that leaves nothing of their differences.
        let plain = self.squares.0 - self.sum.0 / self.count * self.sum.0;
        if plain > self.squares.0 * PLAIN {
            return plain;
        }
        let distances = self.squares.minus(self.sum.times(self.sum).over(self.count));
        (distances.0 + distances.1).max(0.0)
    }

    fn sample(&self) -> f64 {
        if self.count < 2.0 { 0.0 } else { self.distances() / (self.count - 1.0) }
    }

    fn population(&self) -> f64 {
        self.distances() / self.count
    }
}

impl Tally for Spread {
    const WIDTH: usize = 5;

    fn add(&mut self, n: f64) {
        self.count += 1.0;
        self.sum = self.sum.plus(Double(n, 0.0));
        self.squares = self.squares.plus(Double::product(n, n));
    }

    fn save(&self, saved: &mut [f64]) {
        let (sum, squares) = (self.sum, self.squares);
        saved.copy_from_slice(&[self.count, sum.0, sum.1, squares.0, squares.1]);
    }

    fn load(&mut self, saved: &[f64]) {
        let [count, sum, sum_low, squares, squares_low] = *saved else { return };
        self.count += count;
        self.sum = self.sum.plus(Double(sum, sum_low));
        self.squares = self.squares.plus(Double(squares, squares_low));
    }

    fn finish(&self) -> Option<f64> {
        (self.count > 0.0).then(|| (self.result)(self))
    }

    fn forget(&mut self, n: f64) -> bool {
        let exact = exact(n, self.sum.0);
        self.count -= 1.0;
        self.sum = self.sum.minus(Double(n, 0.0));
        self.squares = self.squares.minus(Double::product(n, n));
        exact
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;
    use crate::value::Val;

    #[test]
    fn great_values_near_each_other_and_any_order() {
        let of = |values: &[f64]| {
            let mut spread = Spread::make(Spread::population);
            values.iter().for_each(|n| spread.add(&Val::Num(*n), 0.0));
            match spread.finish() {
                Val::Num(n) => n,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(of(&[1e15 + 1.0, 1e15 + 2.0, 1e15 + 3.0]), 2.0 / 3.0);
        let mut values: Vec<f64> = (0..500).map(|n| f64::from(n * 7919 % 503) / 3.0).collect();
        let one = of(&values);
        values.sort_by(f64::total_cmp);
        assert_eq!(of(&values), one);
    }
}
