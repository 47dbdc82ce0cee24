//! A process that does nothing but render EVTX files to JSON with the `evtx` crate, to hold a hunt
//! against: `cargo bench -p davy-events --bench render -- FOLDER [THREADS]`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

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

/// The records and bytes of JSON of one file.
fn render(path: &Path) -> (usize, usize) {
    let Ok(bytes) = std::fs::read(path) else { return (0, 0) };
    let Ok(mut parser) = evtx::EvtxParser::from_buffer(bytes) else { return (0, 0) };
    let settings = Arc::new(evtx::ParserSettings::default().num_threads(1).indent(false));
    let (mut records, mut size) = (0, 0);
    for chunk in parser.chunks() {
        let Ok(mut chunk) = chunk else { continue };
        let Ok(mut chunk) = chunk.parse(settings.clone()) else { continue };
        for record in chunk.iter() {
            if let Ok(json) = record.and_then(|record| record.into_json_bytes()) {
                records += 1;
                size += json.data.len();
            }
        }
    }
    (records, size)
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let Some(folder) = args.first() else {
        println!("skipped: give a folder of EVTX files");
        return;
    };
    let threads = args.get(1).and_then(|n| n.parse().ok()).unwrap_or(2);
    let started = Instant::now();
    let mut all = Vec::new();
    files(Path::new(folder), &mut all);
    let next = AtomicUsize::new(0);
    let (records, size) = std::thread::scope(|scope| {
        let work = || {
            let mut sum = (0, 0);
            while let Some(path) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                let (records, size) = render(path);
                sum = (sum.0 + records, sum.1 + size);
            }
            sum
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended = running.into_iter().filter_map(|thread| thread.join().ok());
        ended.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    });
    let (count, took) = (all.len(), started.elapsed());
    println!("{count} files, {records} records, {size} bytes of JSON, {threads} threads: {took:?}");
}
