//! What is known of the events that a detection reads.

use davy_content::Content;
use davy_content::model::{DataSource, Detection};
use davy_knowledge::Base;

/// All fields that the events can have: what the data sources list and show in their examples, and
/// what add-ons make of them. `None` where a data source is unknown or lists nothing.
pub fn source_fields(detection: &Detection, content: &Content, base: &Base) -> Option<Vec<String>> {
    let sources: Option<Vec<_>> =
        detection.data_source_names().map(|n| content.data_source(n.value)).collect();
    let known = |list: &Vec<_>| !list.is_empty() && list.iter().all(listed);
    let sources = sources.filter(known)?;
    Some(sources.into_iter().flat_map(|source| fields_of(source, base)).collect())
}

fn listed(source: &&DataSource) -> bool {
    !source.fields.is_empty()
}

fn fields_of(source: &DataSource, base: &Base) -> Vec<String> {
    let mut names = source.fields.clone();
    let made = base.view(&source.sourcetype, &source.source).fields();
    names.extend(made.iter().map(|name| name.to_string()));
    names.extend(source.example_names().into_iter().map(str::to_owned));
    if source.source.to_ascii_lowercase().starts_with("xmlwineventlog") {
        // Some lists name the data as the rendered text does: `Task_Name` is `TaskName` in XML.
        let plain = names.iter().filter(|n| n.contains('_')).map(|n| n.replace('_', ""));
        let plain: Vec<String> = plain.collect();
        names.extend(plain);
        names.extend(SYSTEM.iter().map(|name| (*name).to_owned()));
    }
    names
}

/// What the System part of each Windows event holds.
const SYSTEM: &[&str] = &[
    "Channel",
    "Computer",
    "EventCode",
    "EventID",
    "EventRecordID",
    "Keywords",
    "Level",
    "Opcode",
    "Task",
    "Version",
];
