//! How much memory searches take that must hold much, with a limit and without: each in a process
//! of its own, over the Parquet file that `engine` writes.
//!
//! `cargo run --release --bin memory [-- MEGABYTES [ROWS [PART OF A SEARCH]]]`

use davy_exec::{Config, ParquetSource, RunError, Search, Session, prepare};
use davy_plan::{Env, FieldSet, NoKnowledge};
use std::error::Error;
use std::ops::ControlFlow;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

/// A time is one of its own for each row.
const CASES: &[&str] = &[
    "search * | stats count by host",
    "search * | sort 0 - bytes | streamstats count AS n | where n=5000000 | table n bytes",
    "search * | stats count by _time | stats count max(count)",
    "search * | stats count dc(host) by _time | stats count max(count)",
    "search * | stats dc(user) by host | stats count",
    "search * | dedup user | stats count",
    "search * | dedup _time | stats count",
    "search * | eventstats count by user | where count<400 | stats count",
    "search * | eventstats count by _time | where count>1 | stats count",
    "search * | join user [search event_code=4690 | stats max(bytes) AS most by user] | stats count",
    "search * | streamstats count by _time | stats max(count)",
    "search * | transaction user maxpause=1h | stats count",
    "search * | table host user bytes",
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, limit, rows, search] = arguments.as_slice()
        && first == "one"
    {
        return one(limit.parse()?, rows, search);
    }
    let limit = arguments.first().map_or("512", String::as_str);
    let rows = arguments.get(1).map_or("10000000", String::as_str);
    let only = arguments.get(2).map_or("", String::as_str);
    println!("{rows} rows");
    println!("{:>9} {:>9} {:>8}  search: what came of it", "limit", "peak", "clock");
    for search in CASES.iter().copied().filter(|s| s.contains(only)) {
        for limit in ["0", limit] {
            let me = std::env::current_exe()?;
            let out = Command::new(me).args(["one", limit, rows, search]).output()?;
            let told = String::from_utf8_lossy(&out.stdout);
            match out.status.success() {
                true => print!("{told}"),
                false => println!("{limit:>9} {:>9} {:>8}  {search}: {}", "", "", out.status),
            }
        }
    }
    Ok(())
}

fn one(limit: usize, rows: &str, search: &str) -> Result<(), Box<dyn Error>> {
    let file = std::env::temp_dir().join(format!("davy-bench-{rows}.parquet"));
    if !file.exists() {
        return Err(format!("{} is not there; `engine {rows}` writes it", file.display()).into());
    }
    let memory = (limit > 0).then_some(limit << 20);
    let session = Session::new(Config { memory, ..Config::default() })?;
    let source = Arc::new(ParquetSource::open(&session, &[file])?);
    let prepared = prepare("memory", search, &NoKnowledge);
    let start = Instant::now();
    let mut seen = 0;
    let ran = session.stream(
        &Search {
            prepared: &prepared,
            env: Arc::new(Env::default()),
            source: Some(source),
            knowledge: &NoKnowledge,
            out: FieldSet::all(),
        },
        &mut |batch| {
            seen += batch.num_rows();
            ControlFlow::Continue(())
        },
    );
    let came = match ran {
        Ok(_) => format!("{seen} rows"),
        Err(RunError::Diagnostic(d)) => format!("{}: {}", d.code.id, d.message),
        Err(other) => other.to_string(),
    };
    let shown = if limit == 0 { "none".to_owned() } else { format!("{limit} MB") };
    let clock = start.elapsed().as_secs_f64();
    println!("{shown:>9} {:>6} MB {clock:>7.1}s  {search}: {came}", peak() >> 10);
    Ok(())
}

/// The most memory that this process had, in kilobytes, where the system tells it.
fn peak() -> u64 {
    let told = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = told.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}
