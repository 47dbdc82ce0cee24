//! Windows events as other tools write them, in JSON or in the columns of a table, told by their
//! names and brought back to the XML of the event, so that they get the same fields: `evtx_dump`
//! and Chainsaw, winlogbeat (ECS), NXLog and the Security-Datasets, Log Analytics, Velociraptor,
//! EvtxECmd, Hayabusa, PowerShell's `Get-WinEvent` and `Get-EventLog`, WMI, the Event Viewer, Wazuh,
//! Fluentd, GELF, Graylog, Snare, WinCollect, Plaso, and OCSF 1.x; and what Elastic Defend saw, as Sysmon tells it.
//!
//! Each file names the documentation of what it reads.

mod ecs;
mod endpoint;
mod eventlog;
mod evtxecmd;
mod flat;
mod gelf;
mod message;
mod names;
mod ocsf;
mod parts;
mod plaso;
mod powershell;
mod sections;
pub(crate) mod snare;
mod tree;
mod velociraptor;
pub(crate) mod viewer;
mod wazuh;
mod winlogbeat;

use parts::Parts;
use serde_json::{Map, Value};

/// An event, or the text of one that was kept whole.
enum Found {
    Xml(String),
    Parts(Box<Parts>),
}

impl Found {
    fn parts(parts: Parts) -> Option<Found> {
        Some(Found::Parts(Box::new(parts)))
    }
}

/// How the events of a tool are read.
#[derive(Clone, Copy)]
pub(crate) struct Form(fn(Map<String, Value>) -> Option<Found>);

/// Members that tell a form, one bit each.
const MARKS: [&str; 43] = [
    "winlog",
    "event_data",
    "event_id",
    "log_name",
    "System",
    "EventData",
    "UserData",
    "Channel",
    "EventID",
    "class_uid",
    "metadata",
    "EventId",
    "Payload",
    "Provider",
    "LogName",
    "MachineName",
    "Id",
    "win",
    "data",
    "EventLog",
    "rule",
    "Event ID",
    "Date and Time",
    "TimeCreated",
    "Message",
    "EntryType",
    "InstanceId",
    "Source",
    "Logfile",
    "EventIdentifier",
    "SourceName",
    "short_message",
    "_EventID",
    "winlogbeat_winlog_channel",
    "winlog_channel",
    "event",
    "agent",
    "host",
    "process",
    "event.dataset",
    "event.module",
    "timestamp_desc",
    "message",
];

/// The letters that marks begin with: most names are told apart by these.
const FIRST: [bool; 256] = {
    let mut first = [false; 256];
    let mut at = 0;
    while at < MARKS.len() {
        first[MARKS[at].as_bytes()[0] as usize] = true;
        at += 1;
    }
    first
};

fn mark(name: &str) -> u64 {
    let first = name.bytes().next().unwrap_or_default();
    match FIRST[usize::from(first)] {
        true => MARKS.iter().position(|known| *known == name).map_or(0, |at| 1 << at),
        false => 0,
    }
}

/// The bits of some marks, worked out when this is compiled, which fails for a name that is none.
const fn bits<const N: usize>(names: [&str; N]) -> u64 {
    let (mut bits, mut of) = (0, 0);
    while of < N {
        let mut at = 0;
        while !same(MARKS[at].as_bytes(), names[of].as_bytes()) {
            at += 1;
        }
        bits |= 1 << at;
        of += 1;
    }
    bits
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// The form of an object or a row with these names, if it is one that is known.
pub(crate) fn form<'n>(names: impl Iterator<Item = &'n str>) -> Option<Form> {
    let (mut seen, mut dotted) = (0, false);
    for name in names {
        seen |= mark(name);
        dotted |= name.starts_with("winlog.");
    }
    if seen == 0 && !dotted {
        return None;
    }
    let has = |bits: u64| seen & bits == bits;
    Some(Form(match () {
        () if has(const { bits(["winlog"]) }) || dotted => winlogbeat::read,
        () if has(const { bits(["event_data", "event_id", "log_name"]) }) => winlogbeat::read_old,
        () if has(const { bits(["winlogbeat_winlog_channel"]) })
            || has(const { bits(["winlog_channel"]) }) =>
        {
            gelf::read_graylog
        }
        () if has(const { bits(["short_message", "_EventID"]) }) => gelf::read,
        () if has(const { bits(["System", "EventData"]) })
            || has(const { bits(["System", "UserData"]) }) =>
        {
            velociraptor::read
        }
        () if has(const { bits(["EventId", "Channel", "Payload"]) }) => evtxecmd::read,
        () if has(const { bits(["EventId", "Channel", "Provider"]) }) => evtxecmd::read,
        () if has(const { bits(["Channel", "EventID"]) })
            || has(const { bits(["EventLog", "EventID"]) }) =>
        {
            flat::read
        }
        () if has(const { bits(["LogName", "Id", "MachineName"]) }) => powershell::read,
        () if has(const { bits(["TimeCreated", "Id", "Message"]) }) => powershell::read_few,
        () if has(const { bits(["EventID", "EntryType", "Source", "InstanceId"]) }) => {
            eventlog::read
        }
        () if has(const { bits(["Logfile", "EventIdentifier", "SourceName"]) }) => {
            eventlog::read_wmi
        }
        () if has(const { bits(["timestamp_desc", "message"]) }) => plaso::read,
        () if has(const { bits(["win"]) }) => wazuh::read,
        () if has(const { bits(["data", "rule"]) }) => wazuh::read_alert,
        () if has(const { bits(["class_uid", "metadata"]) }) => ocsf::read,
        () if has(const { bits(["Event ID", "Date and Time"]) }) => viewer::read,
        () if has(const { bits(["event", "agent", "host", "process"]) }) => endpoint::read,
        () if has(const { bits(["event.dataset", "event.module"]) }) => endpoint::read,
        () => return None,
    }))
}

impl Form {
    /// The XML of an event of this form; `None` if it is none after all.
    pub(crate) fn xml(self, event: Map<String, Value>) -> Option<String> {
        match (self.0)(event)? {
            Found::Xml(xml) => Some(xml),
            Found::Parts(parts) => parts.into_xml(),
        }
    }

    /// As `xml`, of an object as text.
    pub(crate) fn xml_of(self, text: &str) -> Option<String> {
        match serde_json::from_str(text).ok()? {
            Value::Object(event) => self.xml(event),
            _ => None,
        }
    }
}

/// The XML of an event that is an object with the one member `Event`.
pub(crate) fn dumped(text: &str) -> Option<String> {
    tree::to_xml(text)
}
