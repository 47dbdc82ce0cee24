//! `davy test`: the validation, unit and integration tests of detections.

use crate::content::ContentArgs;
use crate::datasets::DataFolders;
use crate::exit::Exit;
use crate::interrupt;
use crate::progress::Bar;
use crate::settings::RangeArgs;
use crate::{content, output};
use clap::{Args, ValueEnum};
use comfy_table::{Table, presets};
use davy_content::page::{TestResult, TestStatus};
use davy_content::{Attack, Detection};
use davy_detect::testing::{Tested, test_detection};
use davy_diag::render;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Runs the validation, unit and integration tests of detections.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Names, ids, YAML files, or folders of them; all of the content without any.
    detections: Vec<String>,
    #[command(flatten)]
    content: ContentArgs,
    /// A folder of datasets, in which the last parts of an address are looked up. May be repeated.
    #[arg(long, value_name = "DIR")]
    data: Vec<PathBuf>,
    /// Fetch no dataset from its address; the data source's example stands in for it.
    #[arg(long)]
    offline: bool,
    #[arg(long, value_enum, default_value = "table")]
    format: TestFormat,
    #[command(flatten)]
    range: RangeArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TestFormat {
    Table,
    Json,
    Ndjson,
}

pub(crate) fn run(args: Arguments) -> Exit {
    match test(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn test(mut args: Arguments) -> Result<Exit, Exit> {
    let env = args.range.env()?;
    let own = args.detections.iter().filter(|d| Path::new(d).exists()).cloned();
    args.content.content.extend(own.collect::<Vec<_>>());
    let loaded = args.content.open()?;
    let unsound = loaded.report(true);
    let attack = Attack::builtin();
    let session = args.range.session()?;
    interrupt::ends(&session);
    let knowledge = loaded.knowledge();
    let world = loaded.world(&attack, &session, &knowledge);
    let chosen = choose(&args.detections, &loaded)?;
    let datasets = DataFolders::new(args.data.clone(), args.offline);
    let bar = Bar::new(chosen.len() as u64);
    let mut tested = Vec::new();
    for detection in chosen {
        bar.step(&detection.name.value);
        let result = test_detection(&world, detection, &datasets, env.now, &env.zone);
        tested.push((detection, result));
    }
    bar.finish();
    let written = print(&tested, args.format);
    for (_, result) in &tested {
        content::show(&result.prepared.sources, &result.prepared.diags, false);
    }
    for line in datasets.warnings() {
        tell!("warning: {line}");
    }
    let failed = tested.iter().filter(|(_, t)| !t.passed()).count();
    let without = tested.iter().filter(|(_, t)| t.passed() && t.lacks_data()).count();
    let lacking = match without {
        0 => String::new(),
        1 => ", 1 lacks its data".to_owned(),
        n => format!(", {n} lack their data"),
    };
    let passed = tested.len() - failed - without;
    let all = output::counted(tested.len(), "detection");
    tell!("{all} tested, {passed} passed, {failed} failed{lacking}");
    Ok(output::ended(written, failed > 0 || unsound))
}

/// The detections that the arguments name.
fn choose<'a>(names: &[String], loaded: &'a content::Loaded) -> Result<Vec<&'a Detection>, Exit> {
    let mut chosen: Vec<&Detection> = Vec::new();
    if names.is_empty() {
        return Ok(loaded.content.detections().iter().collect());
    }
    for name in names {
        if Path::new(name).is_dir() {
            let root = Path::new(name);
            let inside = loaded.content.detections().iter();
            chosen.extend(inside.filter(|d| Path::new(&d.path).starts_with(root)));
            continue;
        }
        chosen.push(loaded.detection(name, true)?);
    }
    if chosen.is_empty() {
        let names = names.join(", ");
        return Err(crate::settings::usage(&format!("{names}: no detection can be read there")));
    }
    Ok(chosen)
}

fn print(tested: &[(&Detection, Tested)], format: TestFormat) -> std::io::Result<()> {
    let mut out = output::target(None)?;
    if format == TestFormat::Table {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
        table.set_header(["detection", "test", "status", "dataset", "sourcetype", "note"]);
        for (detection, result) in tested {
            rows(&mut table, detection, result);
        }
        writeln!(out, "{table}")?;
        return out.flush();
    }
    let objects: Vec<_> = tested.iter().map(|(d, t)| object(d, t)).collect();
    let format = match format {
        TestFormat::Ndjson => output::Format::Ndjson,
        _ => output::Format::Json,
    };
    output::write_objects(&mut *out, &objects, format)
}

fn rows(table: &mut Table, detection: &Detection, tested: &Tested) {
    let note = |kind: &str| {
        let told = tested.failures.iter().chain(&tested.notes);
        let found = told.into_iter().find(|f| f.starts_with(kind));
        found.map(|f| f.split_once(": ").map_or(f.as_str(), |(_, why)| why).to_owned())
    };
    let name = &detection.name.value;
    let status = tested.report.validation.as_str();
    table.add_row([
        name,
        "Validation",
        status,
        "N/A",
        "N/A",
        &note("validation").unwrap_or_default(),
    ]);
    let lists = [("Unit", &tested.report.unit), ("Integration", &tested.report.integration)];
    for (kind, list) in lists {
        for result in list {
            let why = note(&kind.to_lowercase()).unwrap_or_default();
            let shown =
                [name, kind, result.status.as_str(), &result.dataset, &result.sourcetype, &why];
            table.add_row(shown);
        }
    }
}

fn object(detection: &Detection, tested: &Tested) -> serde_json::Map<String, serde_json::Value> {
    let list = |list: &[TestResult]| {
        list.iter()
            .map(|r| {
                json!({"status": r.status.as_str(), "dataset": r.dataset, "source": r.source,
                       "sourcetype": r.sourcetype})
            })
            .collect::<Vec<_>>()
    };
    let value = json!({
        "detection": detection.name.value,
        "id": detection.id.value,
        "passed": tested.passed() && !tested.lacks_data(),
        "validation": tested.report.validation.as_str(),
        "unit": list(&tested.report.unit),
        "integration": list(&tested.report.integration),
        "failures": tested.failures,
        "notes": tested.notes,
        "diagnostics": tested
            .prepared
            .diags
            .sorted()
            .into_iter()
            .map(|diagnostic| render::json(&tested.prepared.sources, diagnostic))
            .collect::<Vec<_>>(),
    });
    debug_assert!(tested.report.validation != TestStatus::NotRun);
    match value {
        serde_json::Value::Object(map) => map,
        _ => serde_json::Map::new(),
    }
}
