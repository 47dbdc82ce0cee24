//! Choosing the series, and the table of axis values and series.

use super::args::{ChartArgs, Limit, Test};
use super::group::{Cell, NULL, OTHER, Prepared};
use super::measure::Measure;
use crate::buckets::Buckets;
use crate::codes;
use crate::commands::sort::{How, bytes};
use crate::plan::{Failed, PlanCx, Rows};
use crate::value::Val;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Buckets that an axis may have: `cont` fills no more.
const MOST_BUCKETS: usize = 50_000;

/// The first and the last bucket that the axis must show.
pub(crate) type Extent = Option<(f64, f64)>;

/// Groups, chooses the series and lays out the table.
pub(crate) fn table(
    prepared: &Prepared,
    args: &ChartArgs,
    measures: &[Measure],
    extent: Extent,
    cx: &PlanCx<'_>,
) -> Result<Rows, Failed> {
    let mut cells = prepared.cells(measures, None, cx)?;
    if let Some(Buckets::Time(_)) = &prepared.row {
        cells.retain(|c| !c.row.is_null());
    }
    let mut names = Vec::new();
    if args.column.is_some() {
        let (kept, others) = choose(args, measures, &cells);
        if !others.is_empty() {
            cells = settle(prepared, args, measures, cells, others, cx)?;
        }
        names = order(kept, &cells, prepared.column.as_ref());
    }
    per_time(&mut cells, measures, prepared.row.as_ref());
    let axis = axis(&cells, args, prepared.row.as_ref(), extent, cx);
    Ok(lay_out(args, measures, &names, axis, cells))
}

/// The series that stay, and the others. Ties are broken by name.
fn choose(
    args: &ChartArgs,
    measures: &[Measure],
    cells: &[Cell],
) -> (Vec<String>, BTreeSet<String>) {
    let mut series: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
    for cell in cells.iter().filter(|c| c.series != NULL) {
        series.entry(&cell.series).or_default().push(cell);
    }
    let how = match (&args.filter, &args.rank) {
        (Some(filter), _) => filter.score.as_str(),
        (None, Some(rank)) => rank,
        // Several measures have no sum in common: the most frequent series stay.
        (None, None) if measures.len() > 1 => "count",
        (None, None) => "sum",
    };
    let mut scored: Vec<(&str, f64)> =
        series.iter().map(|(name, cells)| (*name, score(how, cells))).collect();
    let test = match &args.filter {
        Some(filter) => filter.test,
        None => Test::In(args.limit.unwrap_or(Limit { top: true, count: 10 })),
    };
    let ranked = |scored: &mut Vec<(&str, f64)>, top: bool| {
        scored.sort_by(|a, b| {
            let by_score = if top { b.1.total_cmp(&a.1) } else { a.1.total_cmp(&b.1) };
            by_score.then_with(|| a.0.cmp(b.0))
        });
    };
    let kept: BTreeSet<String> = match test {
        Test::In(Limit { count: 0, .. }) => scored.iter().map(|s| s.0.to_owned()).collect(),
        Test::In(Limit { top, count }) => {
            ranked(&mut scored, top);
            scored.iter().take(count).map(|s| s.0.to_owned()).collect()
        }
        Test::NotIn(Limit { top, count }) => {
            ranked(&mut scored, top);
            scored.iter().skip(count).map(|s| s.0.to_owned()).collect()
        }
        Test::More(n) => scored.iter().filter(|s| s.1 > n).map(|s| s.0.to_owned()).collect(),
        Test::Less(n) => scored.iter().filter(|s| s.1 < n).map(|s| s.0.to_owned()).collect(),
    };
    let others = series.keys().filter(|n| !kept.contains(**n)).map(|n| (*n).to_owned()).collect();
    (kept.into_iter().collect(), others)
}

/// What ranks a series, from its values along the axis.
fn score(how: &str, cells: &[&Cell]) -> f64 {
    let values: Vec<f64> =
        cells.iter().filter_map(|c| c.values.first().and_then(Val::num)).collect();
    let sum: f64 = values.iter().sum();
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match how {
        "count" => cells.iter().map(|c| c.events).sum(),
        _ if values.is_empty() => f64::NEG_INFINITY,
        "avg" | "mean" => sum / values.len() as f64,
        "min" => least,
        "max" => most,
        "range" => most - least,
        _ => sum,
    }
}

/// The cells with those of `others` made one series, or left out.
fn settle(
    prepared: &Prepared,
    args: &ChartArgs,
    measures: &[Measure],
    mut cells: Vec<Cell>,
    others: BTreeSet<String>,
    cx: &PlanCx<'_>,
) -> Result<Vec<Cell>, Failed> {
    if !args.use_other {
        cells.retain(|c| !others.contains(&c.series));
        return Ok(cells);
    }
    let ways: Option<Vec<Merge>> = measures.iter().map(Merge::of).collect();
    let Some(ways) = ways else {
        // An average of averages is none: the events are grouped again.
        return prepared.cells(measures, Some(others), cx);
    };
    let mut merged: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut out: Vec<Cell> = Vec::new();
    for mut cell in cells {
        if !others.contains(&cell.series) {
            out.push(cell);
            continue;
        }
        cell.series = OTHER.to_owned();
        let key = key(&cell.row);
        match merged.get(&key).and_then(|at| out.get_mut(*at)) {
            Some(into) => {
                into.events += cell.events;
                for ((slot, value), way) in into.values.iter_mut().zip(&cell.values).zip(&ways) {
                    way.add(slot, value);
                }
            }
            None => {
                merged.insert(key, out.len());
                out.push(cell);
            }
        }
    }
    Ok(out)
}

/// How the results of a function for two groups give that for both.
#[derive(Clone, Copy)]
enum Merge {
    Sum,
    Least,
    Most,
}

impl Merge {
    fn of(measure: &Measure) -> Option<Merge> {
        let [agg] = measure.aggs.as_slice() else { return None };
        if measure.expr.is_some() {
            return None;
        }
        match agg.spec.name {
            "count" | "sum" | "sumsq" => Some(Merge::Sum),
            "min" => Some(Merge::Least),
            "max" => Some(Merge::Most),
            _ => None,
        }
    }

    fn add(self, slot: &mut Val<'static>, value: &Val<'static>) {
        if value.is_null() {
            return;
        }
        if slot.is_null() {
            *slot = value.clone();
            return;
        }
        let order = crate::value::compare(value, slot);
        match self {
            Merge::Sum => {
                *slot = Val::Num(slot.num().unwrap_or(0.0) + value.num().unwrap_or(0.0));
            }
            Merge::Least if order.is_lt() => *slot = value.clone(),
            Merge::Most if order.is_gt() => *slot = value.clone(),
            Merge::Least | Merge::Most => {}
        }
    }
}

/// The series as columns: by name, then what is missing, then the others.
fn order(mut kept: Vec<String>, cells: &[Cell], buckets: Option<&Buckets>) -> Vec<String> {
    if let Some(buckets) = buckets {
        let start = |name: &String| buckets.start_of(&Val::str(name.as_str()));
        kept.sort_by(|a, b| match (start(a), start(b)) {
            (Some(x), Some(y)) => x.total_cmp(&y),
            (x, y) => y.is_some().cmp(&x.is_some()).then_with(|| a.cmp(b)),
        });
    }
    for special in [NULL, OTHER] {
        if cells.iter().any(|c| c.series == special) {
            kept.push(special.to_owned());
        }
    }
    kept
}

/// `per_hour(x)` is the sum of a bucket as it would be over an hour, with six decimals.
fn per_time(cells: &mut [Cell], measures: &[Measure], buckets: Option<&Buckets>) {
    let Some(buckets @ Buckets::Time(_)) = buckets else { return };
    for (i, measure) in measures.iter().enumerate() {
        let [agg] = measure.aggs.as_slice() else { continue };
        let unit = match agg.spec.name {
            "per_second" => 1.0,
            "per_minute" => 60.0,
            "per_hour" => 3_600.0,
            "per_day" => 86_400.0,
            _ => continue,
        };
        for cell in cells.iter_mut() {
            let Some(start) = cell.row.num() else { continue };
            let length = buckets.next(start) - start;
            if let Some(slot) = cell.values.get_mut(i)
                && let Some(n) = slot.num()
                && length > 0.0
            {
                *slot = Val::str(format!("{:.6}", n * unit / length));
            }
        }
    }
}

/// A value's place among others, and its identity.
pub(crate) fn key(value: &Val<'_>) -> Vec<u8> {
    bytes(value, How::Auto).unwrap_or_default()
}

/// The axis values in order, with the empty buckets between them.
fn axis(
    cells: &[Cell],
    args: &ChartArgs,
    buckets: Option<&Buckets>,
    extent: Extent,
    cx: &PlanCx<'_>,
) -> Vec<Val<'static>> {
    let Some(buckets) = buckets else {
        let rows: BTreeMap<Vec<u8>, Val<'static>> =
            cells.iter().map(|c| (key(&c.row), c.row.clone())).collect();
        return rows.into_values().collect();
    };
    if let Buckets::Log { .. } = buckets {
        // Ranges of powers without rows are left out, as the reference shows (chart, example 3).
        let mut rows: Vec<(Option<f64>, Vec<u8>, Val<'static>)> =
            cells.iter().map(|c| (buckets.start_of(&c.row), key(&c.row), c.row.clone())).collect();
        let first = |start: &Option<f64>| start.unwrap_or(f64::INFINITY);
        rows.sort_by(|a, b| first(&a.0).total_cmp(&first(&b.0)).then_with(|| a.1.cmp(&b.1)));
        rows.dedup_by(|a, b| a.1 == b.1);
        return rows.into_iter().map(|(.., value)| value).collect();
    }
    let mut starts: Vec<f64> = Vec::new();
    let mut texts: BTreeMap<Vec<u8>, Val<'static>> = BTreeMap::new();
    for cell in cells {
        match buckets.start_of(&cell.row) {
            Some(start) => starts.push(start),
            None => {
                texts.insert(key(&cell.row), cell.row.clone());
            }
        }
    }
    starts.sort_by(f64::total_cmp);
    starts.dedup();
    if args.cont {
        let first = extent.map(|e| e.0).or(starts.first().copied());
        let last = extent.map(|e| e.1).or(starts.last().copied());
        if let (Some(first), Some(last)) = (first, last) {
            let filled = fill(buckets, first, last);
            if filled.len() > MOST_BUCKETS {
                cx.engine.warn(
                    codes::LIMIT_CUT
                        .at(
                            cx.span,
                            format!(
                                "empty buckets are left out: there are more than {MOST_BUCKETS}"
                            ),
                        )
                        .help("choose a longer span, or say cont=false"),
                );
            } else {
                starts.extend(filled);
                starts.sort_by(f64::total_cmp);
                starts.dedup();
            }
        }
    }
    starts.into_iter().map(|s| buckets.label(s)).chain(texts.into_values()).collect()
}

/// The starts from `first` to `last`; one more than the most that are wanted when there are more.
pub(crate) fn fill(buckets: &Buckets, first: f64, last: f64) -> Vec<f64> {
    let mut out = Vec::new();
    let mut at = first;
    while at <= last && out.len() <= MOST_BUCKETS {
        out.push(at);
        let next = buckets.next(at);
        if next <= at {
            break;
        }
        at = next;
    }
    out
}

/// What an empty cell holds.
fn empty(measure: &Measure) -> Val<'static> {
    match measure.aggs.as_slice() {
        [agg]
            if measure.expr.is_none()
                && ["count", "dc", "distinct_count", "estdc"].contains(&agg.spec.name) =>
        {
            Val::Num(0.0)
        }
        _ => Val::Null,
    }
}

/// The name of the column of a measure and a series.
fn column_name(args: &ChartArgs, measure: &Measure, series: &str, several: bool) -> String {
    // A column whose name starts with an underscore would be hidden. Search Reference, timechart,
    // "Prepending VALUE to the names of some fields".
    let shown = format!("VALUE{series}");
    let series = match series {
        NULL => args.null_name.as_str(),
        OTHER => args.other_name.as_str(),
        name if name.starts_with('_') => shown.as_str(),
        name => name,
    };
    match &args.format {
        _ if !several => series.to_owned(),
        Some(format) => format.replace("$AGG$", &measure.alias).replace("$VAL$", series),
        None => format!("{}{}{series}", measure.alias, args.sep),
    }
}

fn lay_out(
    args: &ChartArgs,
    measures: &[Measure],
    series: &[String],
    axis: Vec<Val<'static>>,
    cells: Vec<Cell>,
) -> Rows {
    let mut rows = Rows::default();
    let line: HashMap<Vec<u8>, usize> = axis.iter().enumerate().map(|(i, v)| (key(v), i)).collect();
    rows.rows = vec![Vec::new(); axis.len()];
    if let Some(split) = &args.row {
        rows.names.push(split.field.value.clone());
        for (row, value) in rows.rows.iter_mut().zip(axis) {
            row.push(value);
        }
    }
    // Where each measure of each series stands.
    let mut places: HashMap<(&str, usize), usize> = HashMap::new();
    let one = [String::new()];
    let split = args.column.is_some();
    let series = if split { series } else { &one };
    for (i, measure) in measures.iter().enumerate() {
        for name in series {
            let column = match split {
                true => column_name(args, measure, name, measures.len() > 1),
                false => measure.alias.clone(),
            };
            let known = rows.names.len();
            let at = rows.column_or_add(&column);
            if at == known {
                let empty = empty(measure);
                rows.rows.iter_mut().for_each(|r| {
                    if let Some(slot) = r.get_mut(at) {
                        *slot = empty.clone();
                    }
                });
            }
            places.insert((name, i), at);
        }
    }
    for cell in cells {
        let Some(row) = line.get(&key(&cell.row)).and_then(|at| rows.rows.get_mut(*at)) else {
            continue;
        };
        for (i, value) in cell.values.into_iter().enumerate() {
            if let Some(at) = places.get(&(cell.series.as_str(), i))
                && let Some(slot) = row.get_mut(*at)
                && !value.is_null()
            {
                *slot = value;
            }
        }
    }
    rows
}
