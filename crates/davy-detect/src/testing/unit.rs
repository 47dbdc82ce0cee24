//! The unit test: the recorded data, replayed, gives a result with the fields that risk needs.

use super::{Dataset, Datasets, Fault};
use crate::run::{World, run_detection};
use davy_content::model::{AttackData, Kind, Status, Test};
use davy_content::{Content, Detection};
use davy_events::{Meta, Options};
use davy_exec::{FileSource, Input, Place, Prepared};
use davy_plan::Env;
use jiff::tz::TimeZone;
use std::sync::Arc;

/// A test's data, ready to be read any number of times.
#[derive(Debug, Clone)]
pub(super) struct Replay {
    pub(super) inputs: Vec<Input>,
    /// What is shown for each.
    pub(super) origins: Vec<String>,
    /// A data source's example stands in for one of them.
    pub(super) example: bool,
}

impl Replay {
    pub(super) fn source(&self) -> FileSource {
        FileSource::new(self.inputs.clone(), Options::default())
    }
}

/// Fetches a test's data; the data source's example stands in for what is not at hand.
pub(super) fn replay(
    detection: &Detection,
    list: &[AttackData],
    content: &Content,
    datasets: &dyn Datasets,
    now: f64,
) -> Result<Replay, Fault> {
    let mut replay = Replay { inputs: Vec::new(), origins: Vec::new(), example: false };
    for data in list {
        let dataset = match datasets.fetch(data) {
            Ok(dataset) => dataset,
            Err(why) => example(detection, data, content).ok_or(Fault::NotRun(why))?,
        };
        replay.example |= dataset.example;
        let name = data.data.value.rsplit('/').next().unwrap_or("data").to_owned();
        replay.inputs.push(Input {
            place: Place::Bytes(dataset.bytes),
            meta: Meta {
                source: Some(data.source.clone()),
                sourcetype: Some(data.sourcetype.clone()),
                host: data.host.clone(),
                index: data.index.clone(),
                name,
                now,
                ..Meta::default()
            },
        });
        replay.origins.push(dataset.origin);
    }
    Ok(replay)
}

/// The `example_log` of the detection's data source that has the dataset's source and sourcetype.
fn example(detection: &Detection, data: &AttackData, content: &Content) -> Option<Dataset> {
    let bare = |s: &str| s.trim_matches(['\'', '"']).to_lowercase();
    let sources = detection.data_source_names();
    let found = sources.filter_map(|n| content.data_source(n.value)).find(|source| {
        bare(&source.source) == bare(&data.source)
            && bare(&source.sourcetype) == bare(&data.sourcetype)
            && source.example_log.is_some()
    })?;
    let text = found.example_log.clone()?;
    Some(Dataset {
        bytes: Arc::from(text.as_bytes()),
        origin: format!("example log of {}", found.name.value),
        example: true,
    })
}

/// Runs the search over all of the data, whatever its time.
pub(super) fn run(
    world: &World<'_>,
    detection: &Detection,
    prepared: &Prepared,
    test: &Test,
    replay: &Replay,
    now: f64,
    zone: &TimeZone,
) -> Result<(), Fault> {
    if detection.status != Status::Production || test.experimental {
        return Err(Fault::Skipped("only production detections are tested".to_owned()));
    }
    if detection.kind.value == Kind::Correlation {
        return Err(Fault::Skipped("a correlation needs the risk events of others".to_owned()));
    }
    let env = Env { now, zone: zone.clone(), ..Env::default() };
    let run = run_detection(world, detection, prepared, Arc::new(replay.source()), &env)
        .map_err(|e| Fault::Failed(e.to_string()))?;
    let wanted = test.expected_results.unwrap_or(1) as usize;
    if run.rows.len() < wanted {
        return Err(Fault::Failed(format!(
            "the search gave {} results over {}, at least {wanted} are expected",
            run.rows.len(),
            replay.origins.join(", "),
        )));
    }
    if matches!(detection.kind.value, Kind::Hunting | Kind::Correlation) {
        return Ok(());
    }
    let filled = |name: &str| {
        run.rows.iter().any(|row| row.values(name).iter().any(|v| !v.is_empty() && v != "null"))
    };
    let risk = &detection.risk;
    let objects = risk.objects.iter().map(|o| &o.field.value);
    let missing: Vec<&String> =
        objects.chain(risk.threats.iter().map(|t| &t.field.value)).filter(|f| !filled(f)).collect();
    if !missing.is_empty() {
        let list: Vec<&str> = missing.iter().map(|s| s.as_str()).collect();
        return Err(Fault::Failed(format!("no result fills {}", list.join(", "))));
    }
    Ok(())
}
