//! SPL against the same work in DataFusion SQL, over one Parquet file of 10 million rows, in one
//! process, in turn. Both sides run to the end and give their rows up.
//!
//! `cargo run --release --bin engine [-- ROWS]`

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringViewBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use davy_exec::{Config, ParquetSource, Search, Session, prepare};
use davy_plan::{Env, FieldSet, NoKnowledge};
use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const RUNS: usize = 5;

/// What is compared: a name, the search, the query.
const CASES: &[(&str, &str, &str)] = &[
    (
        "search",
        "search process_name=cmd* | stats count",
        "SELECT count(*) FROM t WHERE lower(process_name) LIKE 'cmd%'",
    ),
    (
        "search number",
        "search event_code=4688 | stats count",
        "SELECT count(*) FROM t WHERE event_code = 4688",
    ),
    ("where", "search * | where bytes>900000 | stats count", "SELECT count(*) FROM t WHERE bytes > 900000"),
    (
        "where text",
        "search * | where process_name=\"cmd.exe\" | stats count",
        "SELECT count(*) FROM t WHERE process_name = 'cmd.exe'",
    ),
    ("stats count by 1", "search * | stats count by host", "SELECT host, count(*) FROM t GROUP BY host"),
    (
        "stats count by 2",
        "search * | stats count by host, process_name",
        "SELECT host, process_name, count(*) FROM t GROUP BY host, process_name",
    ),
    (
        "stats count by 3",
        "search * | stats count by host, process_name, event_code",
        "SELECT host, process_name, event_code, count(*) FROM t GROUP BY host, process_name, event_code",
    ),
    (
        "stats sum avg max",
        "search * | stats sum(bytes) avg(bytes) max(bytes) by host",
        "SELECT host, sum(bytes), avg(bytes), max(bytes) FROM t GROUP BY host",
    ),
    ("dc", "search * | stats dc(user) by host", "SELECT host, count(DISTINCT \"user\") FROM t GROUP BY host"),
    (
        "values",
        "search * | stats values(process_name) by host",
        "SELECT host, array_agg(DISTINCT process_name) FROM t GROUP BY host",
    ),
    ("sort head", "search * | sort 10 - bytes | fields bytes", "SELECT bytes FROM t ORDER BY bytes DESC LIMIT 10"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let rows = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(10_000_000);
    let file = std::env::temp_dir().join(format!("davy-bench-{rows}.parquet"));
    if !file.exists() {
        write(&file, rows)?;
    }
    let config = Config::default();
    let threads = config.partitions;
    let session = Session::new(config)?;
    let source = Arc::new(ParquetSource::open(&session, &[file.clone()])?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?;
    let settings = SessionConfig::new().with_target_partitions(threads);
    let sql = SessionContext::new_with_config(settings);
    let path = file.to_string_lossy().into_owned();
    runtime.block_on(sql.register_parquet("t", path, ParquetReadOptions::default()))?;
    println!("{rows} rows, {threads} threads, median of {RUNS}");
    println!("{:<20} {:>10} {:>10} {:>7}", "", "SPL", "SQL", "ratio");
    for (name, spl, query) in CASES {
        let mut ours = Vec::new();
        let mut theirs = Vec::new();
        for _ in 0..RUNS {
            let start = Instant::now();
            let prepared = prepare("bench", spl, &NoKnowledge);
            let search = Search {
                prepared: &prepared,
                env: Arc::new(Env::default()),
                source: Some(source.clone()),
                knowledge: &NoKnowledge,
                out: FieldSet::all(),
            };
            session.run(&search)?;
            ours.push(start.elapsed().as_secs_f64());
            let start = Instant::now();
            runtime.block_on(async { sql.sql(query).await?.collect().await })?;
            theirs.push(start.elapsed().as_secs_f64());
        }
        ours.sort_by(f64::total_cmp);
        theirs.sort_by(f64::total_cmp);
        let (a, b) = (ours[RUNS / 2], theirs[RUNS / 2]);
        println!("{name:<20} {:>8.0}ms {:>8.0}ms {:>6.2}x", a * 1e3, b * 1e3, a / b);
    }
    Ok(())
}

/// Rows that look like process events: a few hosts, some hundred programs, many users.
fn write(path: &Path, rows: usize) -> Result<(), Box<dyn Error>> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("_time", DataType::Float64, false),
        Field::new("host", DataType::Utf8View, false),
        Field::new("process_name", DataType::Utf8View, false),
        Field::new("user", DataType::Utf8View, false),
        Field::new("event_code", DataType::Int64, false),
        Field::new("bytes", DataType::Int64, false),
    ]));
    let part: PathBuf = path.with_extension("part");
    let mut writer = ArrowWriter::try_new(File::create(&part)?, schema.clone(), None)?;
    let mut seed = 42u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for from in (0..rows).step_by(100_000) {
        let size = (rows - from).min(100_000);
        let mut host = StringViewBuilder::new();
        let mut process = StringViewBuilder::new();
        let mut user = StringViewBuilder::new();
        let (mut time, mut code, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..size {
            let n = next();
            time.push(1_777_896_000.0 + (from + i) as f64 / 10.0);
            host.append_value(format!("ws-{:03}.mine.example", n % 200));
            process.append_value(match (n >> 8) % 400 {
                0..=19 => "cmd.exe".to_owned(),
                other => format!("program_{other}.exe"),
            });
            user.append_value(format!("user{:05}", (n >> 20) % 20_000));
            code.push(4680 + ((n >> 40) % 20) as i64);
            bytes.push((n >> 16) as i64 & 0xf_ffff);
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Float64Array::from(time)),
            Arc::new(host.finish()),
            Arc::new(process.finish()),
            Arc::new(user.finish()),
            Arc::new(Int64Array::from(code)),
            Arc::new(Int64Array::from(bytes)),
        ];
        writer.write(&RecordBatch::try_new(schema.clone(), columns)?)?;
    }
    writer.close()?;
    std::fs::rename(part, path)?;
    Ok(())
}
