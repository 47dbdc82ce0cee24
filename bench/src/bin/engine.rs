//! SPL against the same work in DataFusion SQL, over one Parquet file of 10 million rows, in one
//! process, in turn. Both sides run to the end and give their rows up; how many is printed, so that
//! what is compared can be seen to be the same.
//!
//! `cargo run --release --bin engine [-- ROWS [PART OF A NAME]]`

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

const RUNS: usize = 3;

/// What is compared: a name, the search, the query. Both give the same rows; where a search leaves
/// out what SQL would have to be told (the order of events is newest first), the query says it.
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
    (
        "where",
        "search * | where bytes>900000 | stats count",
        "SELECT count(*) FROM t WHERE bytes > 900000",
    ),
    (
        "where text",
        "search * | where process_name=\"cmd.exe\" | stats count",
        "SELECT count(*) FROM t WHERE process_name = 'cmd.exe'",
    ),
    (
        "rex",
        "search * | rex field=process_name \"^(?<stem>[a-z]+)\" | stats count by stem",
        "SELECT regexp_replace(process_name, '^([a-z]+).*$', '\\1') AS stem, count(*) FROM t \
         GROUP BY stem",
    ),
    (
        "stats count by 1",
        "search * | stats count by host",
        "SELECT host, count(*) FROM t GROUP BY host",
    ),
    (
        "stats count by 2",
        "search * | stats count by host, process_name",
        "SELECT host, process_name, count(*) FROM t GROUP BY host, process_name",
    ),
    (
        "stats count by 3",
        "search * | stats count by host, process_name, event_code",
        "SELECT host, process_name, event_code, count(*) FROM t \
         GROUP BY host, process_name, event_code",
    ),
    (
        "stats sum avg max",
        "search * | stats sum(bytes) avg(bytes) max(bytes) by host",
        "SELECT host, sum(bytes), avg(bytes), max(bytes) FROM t GROUP BY host",
    ),
    (
        "dc",
        "search * | stats dc(user) by host",
        "SELECT host, count(DISTINCT \"user\") FROM t GROUP BY host",
    ),
    (
        "values",
        "search * | stats values(process_name) by host",
        "SELECT host, array_agg(DISTINCT process_name) FROM t GROUP BY host",
    ),
    (
        "dedup",
        "search * | dedup user | fields user host",
        "SELECT \"user\", first_value(host ORDER BY _time DESC) FROM t GROUP BY \"user\"",
    ),
    (
        "sort head",
        "search * | sort 10 - bytes | fields bytes",
        "SELECT bytes FROM t ORDER BY bytes DESC LIMIT 10",
    ),
    (
        "timechart",
        "search * | timechart span=1h count",
        "SELECT floor(_time / 3600) AS hour, count(*) FROM t GROUP BY hour ORDER BY hour",
    ),
    (
        "timechart by",
        "search * | timechart span=1d limit=0 count by event_code",
        "SELECT floor(_time / 86400) AS day, event_code, count(*) FROM t \
         GROUP BY day, event_code ORDER BY day",
    ),
    (
        "eventstats",
        "search * | eventstats count by host | where count>50000 | stats count",
        "SELECT count(*) FROM (SELECT count(*) OVER (PARTITION BY host) AS c FROM t) \
         WHERE c > 50000",
    ),
    (
        "streamstats",
        "search * | streamstats count by host | where count=2 | stats count",
        "SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY host ORDER BY _time DESC) \
         AS c FROM t) WHERE c = 2",
    ),
    (
        "join",
        "search event_code=4688 | join user [search event_code=4690 | stats max(bytes) AS most by \
         user] | stats count",
        "SELECT count(*) FROM (SELECT \"user\" AS u FROM t WHERE event_code = 4688) JOIN (SELECT \
         \"user\", max(bytes) FROM t WHERE event_code = 4690 GROUP BY \"user\") ON u = \"user\"",
    ),
    (
        "transaction",
        "search event_code=4688 | transaction user maxpause=1h | stats count",
        "SELECT count(*) FROM (SELECT _time - lag(_time) OVER (PARTITION BY \"user\" ORDER BY \
         _time) AS gap FROM t WHERE event_code = 4688) WHERE gap IS NULL OR gap > 3600",
    ),
];

/// Seconds of the clock and of processors.
#[derive(Clone, Copy)]
struct Spent {
    wall: f64,
    cpu: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let rows = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(10_000_000);
    let only = arguments.next().unwrap_or_default();
    let file = std::env::temp_dir().join(format!("davy-bench-{rows}.parquet"));
    if !file.exists() {
        write(&file, rows)?;
    }
    let config = Config::default();
    let threads = config.partitions;
    let session = Session::new(config)?;
    let source = Arc::new(ParquetSource::open(&session, &[file.clone()])?);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    let settings = SessionConfig::new().with_target_partitions(threads);
    let sql = SessionContext::new_with_config(settings);
    let path = file.to_string_lossy().into_owned();
    runtime.block_on(sql.register_parquet("t", path, ParquetReadOptions::default()))?;
    println!("{rows} rows, {threads} threads, median of {RUNS}");
    println!(
        "{:<18} {:>9} {:>9} {:>9} {:>9}  {:>10} {:>10}",
        "", "SPL", "SQL", "by clock", "by cores", "rows SPL", "rows SQL"
    );
    for (name, spl, query) in CASES.iter().filter(|(name, ..)| name.contains(&*only)) {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut seen = (String::new(), String::new());
        for _ in 0..RUNS {
            let (spent, batches) = timed(|| {
                let prepared = prepare("bench", spl, &NoKnowledge);
                let search = Search {
                    prepared: &prepared,
                    env: Arc::new(Env::default()),
                    source: Some(source.clone()),
                    knowledge: &NoKnowledge,
                    out: FieldSet::all(),
                };
                Ok(session.run(&search)?.batches)
            })?;
            ours.push(spent);
            seen.0 = shape(&batches);
            let (spent, batches) =
                timed(|| Ok(runtime.block_on(async { sql.sql(query).await?.collect().await })?))?;
            theirs.push(spent);
            seen.1 = shape(&batches);
        }
        let (a, b) = (median(&mut ours), median(&mut theirs));
        println!(
            "{name:<18} {:>7.0}ms {:>7.0}ms {:>8.2}x {:>8.2}x  {:>10} {:>10}",
            a.wall * 1e3,
            b.wall * 1e3,
            a.wall / b.wall,
            a.cpu / b.cpu,
            seen.0,
            seen.1
        );
    }
    Ok(())
}

type Batches = Vec<RecordBatch>;

fn timed(
    run: impl FnOnce() -> Result<Batches, Box<dyn Error>>,
) -> Result<(Spent, Batches), Box<dyn Error>> {
    let (start, cpu) = (Instant::now(), cores());
    let batches = run()?;
    Ok((Spent { wall: start.elapsed().as_secs_f64(), cpu: cores() - cpu }, batches))
}

/// The time that all threads of this process had a core, where the system tells it: what other
/// processes do counts less in it than on the clock.
fn cores() -> f64 {
    let told = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = told.rsplit(") ").next().unwrap_or_default();
    let ticks: u64 = after.split(' ').skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

fn median(all: &mut [Spent]) -> Spent {
    let mut of = |value: fn(&Spent) -> f64| {
        all.sort_by(|a, b| value(a).total_cmp(&value(b)));
        value(&all[all.len() / 2])
    };
    Spent { wall: of(|s| s.wall), cpu: of(|s| s.cpu) }
}

/// How many rows there are; of one row with one number, the number.
fn shape(batches: &[RecordBatch]) -> String {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let one = batches.iter().find(|b| b.num_rows() == 1 && b.num_columns() == 1);
    match one.filter(|_| rows == 1) {
        Some(batch) => arrow::util::display::array_value_to_string(batch.column(0), 0)
            .map_or_else(|e| e.to_string(), |n| format!("={}", n.trim_end_matches(".0"))),
        None => rows.to_string(),
    }
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
