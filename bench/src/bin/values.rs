//! How should a field hold several values? The same `where`, `search` and `stats count by` over a
//! plain text column, a text column in which one row in a thousand holds two values in-band, and a
//! list column with the same values.
//!
//! `cargo run --release --bin values`

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListArray, ListBuilder, StringViewArray,
    StringViewBuilder,
};
use davy_events::mv;
use davy_spl::ast::CmpOp;
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROWS: usize = 4_000_000;
const BATCH: usize = 8192;
const RUNS: usize = 7;

fn value(i: usize) -> String {
    format!("process_{:03}.exe", (i.wrapping_mul(2_654_435_761)) % 500)
}

fn two(i: usize) -> bool {
    i % 1000 == 7
}

fn plain() -> Vec<StringViewArray> {
    batches(|range| {
        let mut out = StringViewBuilder::new();
        range.for_each(|i| out.append_value(value(i)));
        out.finish()
    })
}

fn in_band() -> Vec<StringViewArray> {
    batches(|range| {
        let mut out = StringViewBuilder::new();
        range.for_each(|i| match two(i) {
            true => out.append_value(mv::encode([value(i), value(i + 1)])),
            false => out.append_value(value(i)),
        });
        out.finish()
    })
}

fn lists() -> Vec<ListArray> {
    batches(|range| {
        let mut out = ListBuilder::new(StringViewBuilder::new());
        range.for_each(|i| {
            out.values().append_value(value(i));
            if two(i) {
                out.values().append_value(value(i + 1));
            }
            out.append(true);
        });
        out.finish()
    })
}

fn batches<T>(make: impl Fn(std::ops::Range<usize>) -> T) -> Vec<T> {
    (0..ROWS).step_by(BATCH).map(|from| make(from..(from + BATCH).min(ROWS))).collect()
}

/// A predicate over text, on each of the three forms.
fn over_text(array: &StringViewArray, test: impl Fn(&str) -> bool) -> BooleanArray {
    array.iter().map(|v| v.map(&test)).collect()
}

fn over_in_band(array: &StringViewArray, test: impl Fn(&str) -> bool) -> BooleanArray {
    array
        .iter()
        .map(|v| v.map(|v| if mv::is_multi(v) { mv::split(v).any(&test) } else { test(v) }))
        .collect()
}

fn over_list(array: &ListArray, test: impl Fn(&str) -> bool) -> BooleanArray {
    let values = array.values().as_string_view();
    if values.len() == array.len() {
        return over_text(values, test);
    }
    let offsets = array.value_offsets();
    (0..array.len())
        .map(|row| {
            let (from, to) = (offsets[row] as usize, offsets[row + 1] as usize);
            Some((from..to).any(|i| test(values.value(i))))
        })
        .collect()
}

fn count<'a>(groups: &mut HashMap<&'a str, u64>, value: &'a str) {
    *groups.entry(value).or_default() += 1;
}

fn time(mut run: impl FnMut() -> usize) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed()
        })
        .collect();
    times.sort();
    times[RUNS / 2]
}

fn main() {
    let (plain, in_band, lists) = (plain(), in_band(), lists());
    let bytes =
        |arrays: Vec<ArrayRef>| -> usize { arrays.iter().map(|a| a.get_array_memory_size()).sum() };
    let size = [
        bytes(plain.iter().map(|a| Arc::new(a.clone()) as ArrayRef).collect()),
        bytes(in_band.iter().map(|a| Arc::new(a.clone()) as ArrayRef).collect()),
        bytes(lists.iter().map(|a| Arc::new(a.clone()) as ArrayRef).collect()),
    ];
    println!(
        "{ROWS} rows in batches of {BATCH}, one row in 1,000 with two values; median of {RUNS}"
    );
    println!("{:<28} {:>10} {:>10} {:>10}", "", "plain", "in-band", "list");
    let equal = |v: &str| v == "process_017.exe";
    let glob = davy_plan::Matcher::new(CmpOp::Eq, &["process_01*"]);
    let matches = |v: &str| glob.matches(v);
    let row = |name: &str, a: Duration, b: Duration, c: Duration| {
        let ratio = |d: Duration| d.as_secs_f64() / a.as_secs_f64();
        println!(
            "{name:<28} {:>8.0}ms {:>9.2}x {:>9.2}x",
            a.as_secs_f64() * 1e3,
            ratio(b),
            ratio(c)
        );
    };
    row(
        "where x=\"process_017.exe\"",
        time(|| plain.iter().map(|a| over_text(a, equal).true_count()).sum()),
        time(|| in_band.iter().map(|a| over_in_band(a, equal).true_count()).sum()),
        time(|| lists.iter().map(|a| over_list(a, equal).true_count()).sum()),
    );
    row(
        "search x=process_01*",
        time(|| plain.iter().map(|a| over_text(a, matches).true_count()).sum()),
        time(|| in_band.iter().map(|a| over_in_band(a, matches).true_count()).sum()),
        time(|| lists.iter().map(|a| over_list(a, matches).true_count()).sum()),
    );
    row(
        "stats count by x",
        time(|| {
            let mut groups = HashMap::new();
            plain.iter().flat_map(|a| a.iter()).flatten().for_each(|v| count(&mut groups, v));
            groups.len()
        }),
        time(|| {
            let mut groups = HashMap::new();
            for v in in_band.iter().flat_map(|a| a.iter()).flatten() {
                match mv::is_multi(v) {
                    true => mv::split(v).for_each(|v| count(&mut groups, v)),
                    false => count(&mut groups, v),
                }
            }
            groups.len()
        }),
        time(|| {
            let mut groups = HashMap::new();
            for a in &lists {
                a.values().as_string_view().iter().flatten().for_each(|v| count(&mut groups, v));
            }
            groups.len()
        }),
    );
    println!(
        "{:<28} {:>8.0}MB {:>9.2}x {:>9.2}x",
        "memory",
        size[0] as f64 / 1e6,
        size[1] as f64 / size[0] as f64,
        size[2] as f64 / size[0] as f64
    );
}
