//! `davy hunt --coverage`: which detections the logs have events for.

use crate::output::{self, Format, write_objects};
use comfy_table::{ContentArrangement, Table, presets};
use davy_detect::{DetectionCoverage, Verdict};
use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// Writes what the logs have for each detection, and the sums on standard error.
pub(super) fn write(
    all: &[DetectionCoverage],
    format: Format,
    path: Option<&Path>,
) -> io::Result<()> {
    output::write_to(path, |out| match format {
        Format::Table => table(out, all),
        Format::Csv => csv(out, all),
        Format::Json | Format::Ndjson => {
            let objects: Vec<_> = all.iter().map(DetectionCoverage::to_json).collect();
            write_objects(out, &objects, format)
        }
    })?;
    let mut sums: BTreeMap<Verdict, usize> = BTreeMap::new();
    all.iter().for_each(|one| *sums.entry(one.verdict).or_default() += 1);
    let sums: Vec<String> = sums.iter().map(|(v, n)| format!("{n} {}", v.as_str())).collect();
    tell!("{}: {}", output::counted(all.len(), "detection"), sums.join(", "));
    Ok(())
}

fn table(out: &mut dyn Write, all: &[DetectionCoverage]) -> io::Result<()> {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(["detection", "coverage", "what is lacking"]);
    for one in all {
        table.add_row([&*one.detection, one.verdict.as_str(), &one.reason]);
    }
    writeln!(out, "{table}")?;
    out.flush()
}

fn csv(out: &mut dyn Write, all: &[DetectionCoverage]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["detection", "id", "coverage", "reason", "unmet", "missing_fields"])?;
    for one in all {
        writer.write_record([
            &*one.detection,
            &one.id,
            one.verdict.as_str(),
            &one.reason,
            &one.unmet.join("\n"),
            &one.missing.join(";"),
        ])?;
    }
    writer.flush()
}
