//! Windows events as other tools write them in JSON, told by their members and brought back to the
//! XML of the event, so that they get the same fields: winlogbeat (ECS), the flat objects of NXLog
//! and of the Security-Datasets, Velociraptor, and OCSF 1.x.
//!
//! Sources: Winlogbeat Reference, exported fields; NXLog, `im_msvistalog` fields; Velociraptor,
//! `parse_evtx`; OCSF schema, base event (`raw_data`, `unmapped`), `metadata`, `process_activity`.

use super::windows::{attribute, element, scalar};
use crate::stamp;
use serde_json::{Map, Value};

/// A Windows event in parts; empty texts are parts that the tool left out.
#[derive(Default)]
struct Parts {
    provider: String,
    guid: String,
    id: String,
    version: String,
    level: String,
    task: String,
    opcode: String,
    keywords: String,
    time: String,
    record: String,
    process: String,
    thread: String,
    channel: String,
    computer: String,
    user: String,
    data: Vec<(String, Value)>,
    /// The name of the element in `UserData`, and what is in it.
    user_data: Option<(String, Value)>,
}

/// The XML of the event in the object whose members are named so; `None` if it is none.
pub(super) fn to_xml(has: &dyn Fn(&str) -> bool, text: &str) -> Option<String> {
    let read: fn(&Map<String, Value>) -> Option<Found> = match () {
        () if has("winlog") => winlogbeat,
        () if has("event_data") && has("event_id") && has("log_name") => old_winlogbeat,
        () if has("System") && (has("EventData") || has("UserData")) => velociraptor,
        () if has("Channel") && has("EventID") => flat,
        () if has("class_uid") && has("metadata") => ocsf,
        () => return None,
    };
    let document: Value = serde_json::from_str(text).ok()?;
    match read(document.as_object()?)? {
        Found::Xml(xml) => Some(xml),
        Found::Parts(parts) => {
            let numbered = !parts.id.is_empty() && parts.id.bytes().all(|b| b.is_ascii_digit());
            (numbered && !parts.channel.is_empty()).then(|| parts.xml())
        }
    }
}

enum Found {
    Xml(String),
    Parts(Box<Parts>),
}

impl Parts {
    fn xml(&self) -> String {
        let mut out = String::with_capacity(1024);
        out.push_str(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>",
        );
        let tag = |name: &str, attributes: &[(&str, &str)], out: &mut String| {
            out.push('<');
            out.push_str(name);
            for (name, value) in attributes.iter().filter(|(_, value)| !value.is_empty()) {
                attribute(name, value, out);
            }
            out.push_str("/>");
        };
        tag("Provider", &[("Name", &self.provider), ("Guid", &self.guid)], &mut out);
        let own = [
            ("EventID", &self.id),
            ("Version", &self.version),
            ("Level", &self.level),
            ("Task", &self.task),
            ("Opcode", &self.opcode),
            ("Keywords", &self.keywords),
        ];
        for (name, text) in own.into_iter().filter(|(_, text)| !text.is_empty()) {
            element(name, &Value::from(text.as_str()), &mut out);
        }
        tag("TimeCreated", &[("SystemTime", &self.time)], &mut out);
        if !self.record.is_empty() {
            element("EventRecordID", &Value::from(self.record.as_str()), &mut out);
        }
        out.push_str("<Correlation/>");
        let execution = [("ProcessID", self.process.as_str()), ("ThreadID", &self.thread)];
        tag("Execution", &execution, &mut out);
        element("Channel", &Value::from(self.channel.as_str()), &mut out);
        element("Computer", &Value::from(self.computer.as_str()), &mut out);
        tag("Security", &[("UserID", &self.user)], &mut out);
        out.push_str("</System>");
        if let Some((name, value)) = &self.user_data {
            out.push_str("<UserData>");
            element(name, value, &mut out);
            out.push_str("</UserData>");
        } else {
            out.push_str("<EventData>");
            for (name, value) in &self.data {
                super::windows::datum(name, value, &mut out);
            }
            out.push_str("</EventData>");
        }
        out.push_str("</Event>");
        out
    }
}

fn text(value: &Value) -> String {
    let mut out = String::new();
    if !value.is_object() && !value.is_array() {
        scalar(value, &mut out);
    }
    out
}

/// A number as it is; a name, which tools write in its place, is left out.
fn number(value: &Value) -> String {
    let text = text(value);
    match !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        true => text,
        false => String::new(),
    }
}

/// The time as Windows writes it.
fn time(value: &Value) -> String {
    let text = text(value);
    if text.ends_with('Z') && text.contains('T') {
        return text;
    }
    // Without a zone it is UTC; no clock is needed, since all forms here have a year.
    let micros = stamp::value(&text, 0.0).map(|seconds| (seconds * 1e6).round() as i64);
    let stamp = micros.and_then(|m| jiff::Timestamp::from_microsecond(m).ok());
    stamp.map(|t| t.to_string()).unwrap_or_default()
}

fn object(value: &Value) -> Vec<(String, Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The keywords of an audit, by the word that stands for them.
fn audit(words: &str) -> &'static str {
    let words = words.to_ascii_lowercase();
    match () {
        () if words.contains("success") => "0x8020000000000000",
        () if words.contains("fail") => "0x8010000000000000",
        () => "",
    }
}

fn level(channel: &str, word: &str) -> &'static str {
    match word.to_ascii_lowercase().as_str() {
        _ if channel == "Security" => "0",
        "critical" => "1",
        "error" => "2",
        "warning" => "3",
        "information" | "info" => "4",
        "verbose" | "debug" => "5",
        _ => "",
    }
}

fn winlogbeat(event: &Map<String, Value>) -> Option<Found> {
    let document = Value::Object(event.clone());
    let at = |path: &str| document.pointer(path).unwrap_or(&Value::Null);
    // With `include_xml` the event itself is there.
    if let Some(xml) = at("/event/original").as_str().filter(|xml| xml.starts_with("<Event")) {
        return Some(Found::Xml(xml.to_owned()));
    }
    let channel = text(at("/winlog/channel"));
    if channel.is_empty() {
        return None;
    }
    let words = at("/winlog/keywords");
    let words: String = words.as_array().into_iter().flatten().map(text).collect();
    let id = match text(at("/winlog/event_id")) {
        id if id.is_empty() => text(at("/event/code")),
        id => id,
    };
    let user_data = at("/winlog/user_data");
    let user_data = user_data.as_object().map(|members| {
        let name = members.get("xml_name").map(text).filter(|n| !n.is_empty());
        let mut members = members.clone();
        members.remove("xml_name");
        (name.unwrap_or_else(|| "EventXML".to_owned()), Value::Object(members))
    });
    Some(Found::Parts(Box::new(Parts {
        provider: text(at("/winlog/provider_name")),
        guid: text(at("/winlog/provider_guid")),
        id,
        version: text(at("/winlog/version")),
        level: level(&channel, &text(at("/log/level"))).to_owned(),
        task: number(at("/winlog/task")),
        opcode: number(at("/winlog/opcode")),
        keywords: audit(&words).to_owned(),
        time: time(at("/@timestamp")),
        record: text(at("/winlog/record_id")),
        process: text(at("/winlog/process/pid")),
        thread: text(at("/winlog/process/thread/id")),
        computer: text(at("/winlog/computer_name")),
        user: text(at("/winlog/user/identifier")),
        data: object(at("/winlog/event_data")),
        user_data,
        channel,
    })))
}

/// As winlogbeat wrote before its seventh version, without a wrapper.
fn old_winlogbeat(event: &Map<String, Value>) -> Option<Found> {
    let at = |key: &str| event.get(key).unwrap_or(&Value::Null);
    let channel = text(at("log_name"));
    let words: String = at("keywords").as_array().into_iter().flatten().map(text).collect();
    Some(Found::Parts(Box::new(Parts {
        provider: text(at("source_name")),
        guid: text(at("provider_guid")),
        id: text(at("event_id")),
        version: text(at("version")),
        level: level(&channel, &text(at("level"))).to_owned(),
        task: number(at("task")),
        opcode: number(at("opcode")),
        keywords: audit(&words).to_owned(),
        time: time(at("@timestamp")),
        record: text(at("record_number")),
        process: text(at("process_id")),
        thread: text(at("thread_id")),
        computer: text(at("computer_name")),
        user: at("user").get("identifier").map(text).unwrap_or_default(),
        data: object(at("event_data")),
        channel,
        ..Parts::default()
    })))
}

/// Velociraptor keeps the tree of the event; attributes are members like any other.
fn velociraptor(event: &Map<String, Value>) -> Option<Found> {
    let document = Value::Object(event.clone());
    let at = |path: &str| document.pointer(path).unwrap_or(&Value::Null);
    let id = match at("/System/EventID") {
        Value::Object(id) => id.get("Value").map(text).unwrap_or_default(),
        id => text(id),
    };
    Some(Found::Parts(Box::new(Parts {
        provider: text(at("/System/Provider/Name")),
        guid: text(at("/System/Provider/Guid")),
        id,
        version: text(at("/System/Version")),
        level: text(at("/System/Level")),
        task: text(at("/System/Task")),
        opcode: text(at("/System/Opcode")),
        keywords: keywords(at("/System/Keywords")),
        time: time(at("/System/TimeCreated/SystemTime")),
        record: text(at("/System/EventRecordID")),
        process: text(at("/System/Execution/ProcessID")),
        thread: text(at("/System/Execution/ThreadID")),
        channel: text(at("/System/Channel")),
        computer: text(at("/System/Computer")),
        user: text(at("/System/Security/UserID")),
        data: object(at("/EventData")),
        user_data: object(at("/UserData")).into_iter().next(),
    })))
}

/// The mask as a number, signed or not, or as hexadecimal text.
fn keywords(value: &Value) -> String {
    match value {
        Value::Number(n) => match (n.as_u64(), n.as_i64()) {
            (Some(mask), _) => format!("{mask:#x}"),
            (_, Some(mask)) => format!("{:#x}", mask as u64),
            _ => String::new(),
        },
        value => text(value)
            .to_ascii_lowercase()
            .strip_prefix("0x")
            .map_or(String::new(), |hex| format!("0x{hex}")),
    }
}

/// Members of flat objects that are not the event's own data.
const FLAT: [&str; 47] = [
    "@timestamp",
    "@version",
    "ActivityID",
    "Category",
    "Channel",
    "Computer",
    "Domain",
    "AccountType",
    "EventData",
    "EventID",
    "EventReceivedTime",
    "EventRecordID",
    "EventTime",
    "EventType",
    "ExecutionProcessID",
    "Fqdn",
    "Guid",
    "Hostname",
    "Keywords",
    "Level",
    "Message",
    "OSPath",
    "Opcode",
    "OpcodeValue",
    "Provider",
    "ProviderGuid",
    "ProviderName",
    "RecordNumber",
    "RelatedActivityID",
    "Severity",
    "SeverityValue",
    "SourceModuleName",
    "SourceModuleType",
    "SourceName",
    "SystemTime",
    "Task",
    "ThreadID",
    "TimeCreated",
    "UserData",
    "UserID",
    "UserSID",
    "Username",
    "Version",
    "_Source",
    "host",
    "port",
    "tags",
];

/// NXLog, the Security-Datasets, and rows of Velociraptor's artifacts: one level.
fn flat(event: &Map<String, Value>) -> Option<Found> {
    let first = |keys: &[&str]| {
        let found = keys.iter().filter_map(|key| event.get(*key)).find(|v| !text(v).is_empty());
        found.cloned().unwrap_or_default()
    };
    // The two forms of Sysmon's own time and of the others' creation stand before the collector's.
    let zoned = |value: Value| match text(&value) {
        t if t.contains(['Z', '+']) || t.parse::<f64>().is_ok() => value,
        t => Value::from(t.replace(' ', "T") + "Z"),
    };
    let at = zoned(first(&["TimeCreated", "SystemTime", "UtcTime", "@timestamp", "EventTime"]));
    let channel = text(&first(&["Channel"]));
    let own = event.get("EventData").and_then(Value::as_object);
    let user_data = event.get("UserData").and_then(Value::as_object);
    let data = match own {
        Some(data) => data.iter().map(|(n, v)| (n.clone(), v.clone())).collect(),
        None => {
            let others = event.iter().filter(|(name, _)| !FLAT.contains(&name.as_str()));
            // Of the account NXLog says the name beside the event's data, which may have its own.
            let others = others.filter(|(n, _)| *n != "AccountName" || channel == "System");
            others.map(|(n, v)| (n.clone(), v.clone())).collect()
        }
    };
    let words = text(&first(&["EventType", "Keywords"]));
    let mask = match keywords(&first(&["Keywords"])) {
        mask if mask.is_empty() => audit(&words).to_owned(),
        mask => mask,
    };
    let level = match number(&first(&["Level"])) {
        word if word.is_empty() => {
            level(&channel, &text(&first(&["Level", "Severity"]))).to_owned()
        }
        level => level,
    };
    Some(Found::Parts(Box::new(Parts {
        provider: text(&first(&["SourceName", "ProviderName", "Provider"])),
        guid: text(&first(&["ProviderGuid", "Guid"])),
        id: text(&first(&["EventID"])),
        version: text(&first(&["Version"])),
        level,
        task: number(&first(&["Task"])),
        opcode: number(&first(&["OpcodeValue", "Opcode"])),
        keywords: mask,
        time: time(&at),
        record: text(&first(&["RecordNumber", "EventRecordID"])),
        process: text(&first(&["ExecutionProcessID"])),
        thread: text(&first(&["ThreadID"])),
        computer: text(&first(&["Hostname", "Computer", "Fqdn"])),
        user: text(&first(&["UserSID", "UserID"])),
        data,
        user_data: user_data
            .and_then(|data| data.iter().next())
            .map(|(n, v)| (n.clone(), v.clone())),
        channel,
    })))
}

/// OCSF keeps the event in `raw_data`, or its own names in `unmapped`; a process that starts is
/// told by its attributes. Other classes stay as they are.
fn ocsf(event: &Map<String, Value>) -> Option<Found> {
    let document = Value::Object(event.clone());
    let at = |path: &str| document.pointer(path).unwrap_or(&Value::Null);
    if let Some(raw) = at("/raw_data").as_str() {
        if raw.trim_start().starts_with("<Event") {
            return Some(Found::Xml(raw.trim().to_owned()));
        }
        if let Some(xml) = super::windows::to_xml(raw) {
            return Some(Found::Xml(xml));
        }
    }
    let channel = text(at("/metadata/log_name"));
    let id = text(at("/metadata/event_code"));
    if channel.is_empty() || id.is_empty() {
        return None;
    }
    let unmapped = match at("/unmapped/EventData") {
        Value::Null => at("/unmapped"),
        own => own,
    };
    let mut data = object(unmapped);
    let mut add = |name: &str, value: &Value| {
        let value = text(value);
        if !value.is_empty() && !data.iter().any(|(known, _)| known == name) {
            data.push((name.to_owned(), Value::from(value)));
        }
    };
    if *at("/class_uid") == 1007 && *at("/activity_id") == 1 {
        let names: [(&str, &str); 6] = match id.as_str() {
            "4688" => [
                ("NewProcessName", "/process/file/path"),
                ("CommandLine", "/process/cmd_line"),
                ("ParentProcessName", "/process/parent_process/file/path"),
                ("SubjectUserName", "/actor/user/name"),
                ("SubjectDomainName", "/actor/user/domain"),
                ("SubjectUserSid", "/actor/user/uid"),
            ],
            "1" => [
                ("Image", "/process/file/path"),
                ("CommandLine", "/process/cmd_line"),
                ("ProcessGuid", "/process/uid"),
                ("ProcessId", "/process/pid"),
                ("ParentImage", "/process/parent_process/file/path"),
                ("ParentCommandLine", "/process/parent_process/cmd_line"),
            ],
            _ => return None,
        };
        names.iter().for_each(|(name, path)| add(name, at(path)));
        if id == "4688" {
            let hex = |value: &Value| value.as_u64().map(|pid| Value::from(format!("{pid:#x}")));
            add("NewProcessId", &hex(at("/process/pid")).unwrap_or_default());
            add("ProcessId", &hex(at("/process/parent_process/pid")).unwrap_or_default());
        }
    } else if data.is_empty() {
        return None;
    }
    let user_data = match at("/unmapped/UserData") {
        Value::Object(members) => members.iter().next().map(|(n, v)| (n.clone(), v.clone())),
        _ => None,
    };
    Some(Found::Parts(Box::new(Parts {
        provider: text(at("/metadata/log_provider")),
        id,
        time: time(at("/time")),
        record: text(at("/metadata/uid")),
        channel,
        computer: text(at("/device/hostname")),
        data,
        user_data,
        ..Parts::default()
    })))
}
