//! The statistical functions, one file a family. A new function is a spec in its family's table.

use crate::spec::AggSpec;

mod basic;
mod event_order;
mod multivalue;
mod rank;
pub(crate) mod sparkline;
mod spread;

static FAMILIES: &[(&str, &[AggSpec])] = &[
    ("Aggregate", basic::FUNCTIONS),
    ("Multivalue", multivalue::FUNCTIONS),
    ("Percentiles and modes", rank::FUNCTIONS),
    ("Deviation", spread::FUNCTIONS),
    ("Event order and time", event_order::FUNCTIONS),
    ("Sparkline", sparkline::FUNCTIONS),
];

/// Every family with its functions.
pub fn families() -> &'static [(&'static str, &'static [AggSpec])] {
    FAMILIES
}

pub(crate) fn all() -> impl Iterator<Item = &'static AggSpec> {
    FAMILIES.iter().flat_map(|(_, list)| list.iter())
}

/// The function of that (lower-case) name, and the number after the name (`p95`: 95).
pub fn find(name: &str) -> Option<(&'static AggSpec, f64)> {
    let exact = all().find(|f| !f.number && (f.name == name || f.aliases.contains(&name)));
    if let Some(spec) = exact {
        return Some((spec, 0.0));
    }
    let digits = name.find(|c: char| c.is_ascii_digit())?;
    let (stem, number) = name.split_at(digits);
    let number: f64 = number.parse().ok().filter(|n| (0.0..=100.0).contains(n))?;
    let spec = all().find(|f| f.number && (f.name == stem || f.aliases.contains(&stem)))?;
    Some((spec, number))
}

pub fn names() -> impl Iterator<Item = &'static str> {
    all().flat_map(|f| std::iter::once(f.name).chain(f.aliases.iter().copied()))
}
