//! Rows in each format.

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use davy_detect::Row;
use davy_plan::{Rows, Val};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rayon::prelude::*;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::sync_channel;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Ndjson,
    Csv,
}

/// Writes the rows of a search. `_time` is epoch seconds in JSON and CSV, a date in the table.
pub(crate) fn print(
    out: &mut dyn Write,
    rows: &Rows,
    format: Format,
    zone: &TimeZone,
) -> io::Result<()> {
    match format {
        Format::Table => table(out, rows, zone),
        Format::Csv => csv(out, rows),
        Format::Json | Format::Ndjson => write_objects(out, &Row::all(rows), format),
    }
}

/// Writes JSON objects as one list or one a line.
pub(crate) fn write_objects(
    out: &mut dyn Write,
    objects: &[impl Serialize + Sync],
    format: Format,
) -> io::Result<()> {
    if format == Format::Ndjson {
        return write_lines(out, objects);
    }
    writeln!(out, "[")?;
    for (i, object) in objects.iter().enumerate() {
        let comma = if i + 1 < objects.len() { "," } else { "" };
        writeln!(out, "  {}{comma}", serde_json::to_string(object)?)?;
    }
    writeln!(out, "]")?;
    out.flush()
}

/// Findings carry their risk events, so that there is much to write: while some lines are written
/// the next are made, on all threads.
fn write_lines(out: &mut dyn Write, objects: &[impl Serialize + Sync]) -> io::Result<()> {
    const LINES: usize = 32;
    let (made, written) = sync_channel::<Vec<serde_json::Result<Vec<u8>>>>(1);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for part in objects.chunks(LINES * 8) {
                let texts = part.par_chunks(LINES).map(lines).collect();
                if made.send(texts).is_err() {
                    return;
                }
            }
        });
        for texts in written {
            for text in texts {
                out.write_all(&text?)?;
            }
        }
        out.flush()
    })
}

fn lines(objects: &[impl Serialize]) -> serde_json::Result<Vec<u8>> {
    let mut text = Vec::new();
    for object in objects {
        serde_json::to_writer(&mut text, object)?;
        text.push(b'\n');
    }
    Ok(text)
}

fn table(out: &mut dyn Write, rows: &Rows, zone: &TimeZone) -> io::Result<()> {
    if rows.rows.is_empty() {
        writeln!(out, "no results")?;
        return out.flush();
    }
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(&rows.names);
    for row in &rows.rows {
        table.add_row(rows.names.iter().zip(row).map(|(name, value)| cell(name, value, zone)));
    }
    writeln!(out, "{table}")?;
    out.flush()
}

/// A value as people read it: several on lines of their own, control characters shown.
fn cell(name: &str, value: &Val<'_>, zone: &TimeZone) -> String {
    if name == "_time"
        && let Some(n) = value.num()
        && let Ok(at) = Timestamp::from_microsecond((n * 1e6) as i64)
    {
        let at = at.to_zoned(zone.clone());
        return at.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string();
    }
    let values = value.values();
    let lines: Vec<String> = values.iter().map(|v| printable(v)).collect();
    lines.join("\n")
}

/// Text from a log must not steer the terminal.
fn printable(text: &str) -> String {
    let keep = |c: char| !c.is_control() || c == '\n' || c == '\t';
    text.chars().map(|c| if keep(c) { c } else { '\u{fffd}' }).collect()
}

fn csv(out: &mut dyn Write, rows: &Rows) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    if !rows.names.is_empty() {
        writer.write_record(&rows.names)?;
    }
    for row in &rows.rows {
        let cells: Vec<String> = row.iter().map(|v| v.values().join("\n")).collect();
        writer.write_record(&cells)?;
    }
    writer.flush()
}
