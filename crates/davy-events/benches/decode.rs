//! EVTX decoding against rendering every record as JSON with the `evtx` crate, in one run.
//!
//! `cargo bench -p davy-events --bench decode -- FOLDER [--check | CASE]`; `--check` compares what is
//! read with the crate's own rendering instead.

use davy_events::{Counts, Demand, EventBatch, Meta, Options, Problem, Sink, Want};
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Default)]
struct Collect {
    rows: usize,
    problems: Vec<String>,
    keep: Option<Vec<EventBatch>>,
}

impl Sink for Collect {
    fn batch(&mut self, batch: EventBatch) -> ControlFlow<()> {
        self.rows += batch.batch.num_rows();
        if let Some(list) = &mut self.keep {
            list.push(batch);
        }
        ControlFlow::Continue(())
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(format!("{:?}: {}", problem.offset, problem.message));
    }
}

/// Every field that the shape names.
struct All;

impl Demand for All {
    fn want(&self, shape: &davy_events::Shape) -> Want {
        let names = shape.fields.clone().unwrap_or_default();
        let names = names.into_iter().filter(|name| !name.ends_with("_Xml") && &**name != "_raw");
        Want::Fields { names: names.collect(), rest: false }
    }
}

fn fields(names: &[&str]) -> Want {
    let names: Vec<Arc<str>> = names.iter().map(|name| Arc::from(*name)).collect();
    Want::Fields { names: names.into(), rest: false }
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "evtx") {
            out.push(path);
        }
    }
}

fn ours(data: &[Vec<u8>], demand: &dyn Demand) -> usize {
    let mut decoder = davy_events::Decoder::new(demand, Options::default());
    let mut sink = Collect::default();
    for bytes in data {
        decoder.decode(bytes, &Meta::default(), &mut sink);
    }
    decoder.finish(&mut sink);
    sink.rows
}

fn theirs(data: &[Vec<u8>]) -> usize {
    let mut size = 0;
    for bytes in data {
        let Ok(mut parser) = evtx::EvtxParser::from_read_seek(Cursor::new(bytes)) else { continue };
        let settings = Arc::new(evtx::ParserSettings::default().num_threads(1).indent(false));
        for mut chunk in parser.chunks().flatten() {
            let Ok(mut chunk) = chunk.parse(settings.clone()) else { continue };
            for record in chunk.iter().flatten() {
                size += record.into_json_bytes().map_or(0, |record| record.data.len());
            }
        }
    }
    size
}

fn best(mut work: impl FnMut() -> usize) -> (Duration, usize) {
    let mut result = 0;
    let times = (0..5).map(|_| {
        let start = Instant::now();
        result = std::hint::black_box(work());
        start.elapsed()
    });
    let time = times.min().unwrap_or_default();
    (time, result)
}

fn measure(data: &[Vec<u8>], only: Option<&str>) {
    let (base, size) = best(|| theirs(data));
    println!("evtx crate, into_json_bytes: {base:?} ({size} bytes of JSON)");
    let system = ["EventCode", "Channel", "Computer", "EventRecordID", "SystemTime", "Level"];
    let five = ["_time", "EventCode", "Computer", "Image", "CommandLine"];
    let cases: [(&str, Box<dyn Demand>); 6] = [
        ("counting", Box::new(Want::Skip)),
        ("system fields", Box::new(fields(&system))),
        ("five fields", Box::new(fields(&five))),
        ("all fields", Box::new(All)),
        ("_raw", Box::new(fields(&["_raw"]))),
        ("all packed", Box::new(Want::Fields { names: Arc::new([]), rest: true })),
    ];
    for (name, demand) in cases.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        let (time, rows) = best(|| ours(data, demand.as_ref()));
        let ratio = time.as_secs_f64() / base.as_secs_f64();
        println!("{name}: {time:?}, {rows} rows, {ratio:.2} of the crate's time");
    }
}

fn text(batch: &EventBatch, column: &str, row: usize) -> Option<String> {
    use arrow::array::{Array, AsArray};
    let array = batch.batch.column_by_name(column)?;
    let array = array.as_string_view_opt()?;
    (!array.is_null(row)).then(|| array.value(row).to_owned())
}

/// An event's number, its `_raw`, and its other fields, sorted.
type Row = (u64, String, Vec<String>);

fn read(bytes: &[u8], demand: &dyn Demand) -> (Vec<Row>, Collect, Counts) {
    use arrow::array::AsArray;
    let mut sink = Collect { keep: Some(Vec::new()), ..Default::default() };
    let counts =
        davy_events::decode(bytes, &Meta::default(), demand, &Options::default(), &mut sink);
    let mut rows = Vec::new();
    for batch in sink.keep.take().unwrap_or_default() {
        let columns = ["__seq", "_time"].map(|name| batch.batch.column_by_name(name));
        let [Some(seq), Some(time)] = columns else { continue };
        let seq = seq.as_primitive::<arrow::datatypes::UInt64Type>();
        let time = time.as_primitive::<arrow::datatypes::Float64Type>();
        for row in 0..batch.batch.num_rows() {
            let raw = text(&batch, "_raw", row).unwrap_or_default();
            let rest = text(&batch, "__rest", row).unwrap_or_default();
            let mut all: Vec<String> =
                davy_events::rest::iter(&rest).map(|(n, v)| format!("{n}={v}")).collect();
            all.push(format!("_time={}", time.value(row)));
            all.sort();
            rows.push((seq.value(row), raw, all));
        }
    }
    rows.sort();
    (rows, sink, counts)
}

/// Compares counts and XML with the crate's, and fields with those read from our own XML.
fn check(path: &Path, bytes: &[u8]) {
    let names: Vec<Arc<str>> = ["__seq", "_time", "_raw"].iter().map(|n| Arc::from(*n)).collect();
    let want = Want::Fields { names: names.into(), rest: true };
    let (rows, sink, counts) = read(bytes, &want);
    let mut xml = String::new();
    let (mut good, mut bad) = (0u64, 0);
    let settings = Arc::new(evtx::ParserSettings::default().num_threads(1).indent(false));
    if let Ok(mut parser) = evtx::EvtxParser::from_buffer(bytes.to_vec()) {
        for chunk in parser.chunks() {
            let Ok(mut chunk) = chunk else {
                bad += 1;
                continue;
            };
            let Ok(mut chunk) = chunk.parse(settings.clone()) else { continue };
            for record in chunk.iter() {
                match record {
                    Ok(record) => {
                        good += 1;
                        xml.push_str(&record.into_xml().map(|r| r.data).unwrap_or_default());
                        xml.push('\n');
                    }
                    Err(_) => bad += 1,
                }
            }
        }
    }
    let show = path.display();
    if counts.events != good {
        println!(
            "{show}: {} events, the crate has {good} and {bad} bad; {:?}",
            counts.events, sink.problems
        );
    }
    let (theirs, _, _) = read(xml.as_bytes(), &want);
    let ours: String = rows.iter().map(|(_, raw, _)| raw.clone() + "\n").collect();
    let (again, _, _) = read(ours.as_bytes(), &want);
    for (a, b) in rows.iter().zip(&theirs) {
        if a.1 != b.1 {
            println!("{show}: raw differs\n  ours   {}\n  theirs {}", a.1, b.1);
            break;
        }
    }
    for (a, b) in rows.iter().zip(&again) {
        if a.2 != b.2 {
            let only = |x: &[String], y: &[String]| {
                x.iter().filter(|f| !y.contains(f)).cloned().collect::<Vec<_>>()
            };
            println!(
                "{show}: fields differ\n  evtx {:?}\n  xml  {:?}",
                only(&a.2, &b.2),
                only(&b.2, &a.2)
            );
            break;
        }
    }
    if rows.len() != again.len() || rows.len() != theirs.len() {
        println!(
            "{show}: {} rows, {} from XML, {} from theirs",
            rows.len(),
            again.len(),
            theirs.len()
        );
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let Some(folder) = args.first() else {
        println!("no folder of EVTX files given, nothing measured");
        return;
    };
    let mut paths = Vec::new();
    files(Path::new(folder), &mut paths);
    paths.sort();
    let data: Vec<Vec<u8>> = paths.iter().filter_map(|path| std::fs::read(path).ok()).collect();
    println!("{} files, {} bytes", data.len(), data.iter().map(Vec::len).sum::<usize>());
    if args.iter().any(|arg| arg == "--check") {
        for (path, bytes) in paths.iter().zip(&data) {
            check(path, bytes);
        }
    } else {
        measure(&data, args.get(1).map(String::as_str));
    }
}
