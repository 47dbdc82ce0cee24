//! Objects and rows of one level that have `Channel` and `EventID`: NXLog and with it the
//! Security-Datasets, Log Analytics (`SecurityEvent`, `Event`), rows of Velociraptor's artifacts,
//! Fluentd, Hayabusa.
//!
//! Sources: NXLog, `im_msvistalog` fields; the data of the Security-Datasets; Azure Monitor Logs,
//! tables `SecurityEvent`, `Event`, `WindowsEvent`; fluent-plugin-windows-eventlog; Hayabusa,
//! output profile `all-field-info`.

use super::Found;
use super::parts::{Parts, SYSMON, audit, first, keywords, level, number, object, text, time};
use super::tree::named_data;
use serde_json::{Map, Value};

/// Members that are not the event's own data.
const OTHER: [&str; 86] = [
    "@timestamp",
    "@version",
    "AccountType",
    "Activity",
    "ActivityID",
    "AllFieldInfo",
    "Category",
    "Channel",
    "Computer",
    "Correlation",
    "Details",
    "DeviceProduct",
    "DeviceVendor",
    "Domain",
    "EventData",
    "EventID",
    "EventLevel",
    "EventLevelName",
    "EventLog",
    "EventOriginId",
    "EventReceivedTime",
    "EventRecordID",
    "EventRecordId",
    "EventSourceName",
    "EventTime",
    "EventType",
    "EvtxFile",
    "ExecutionProcessID",
    "ExecutionThreadID",
    "ExtraFieldInfo",
    "Fqdn",
    "Guid",
    "Hostname",
    "Keywords",
    "Level",
    "MG",
    "ManagementGroupName",
    "Message",
    "OSPath",
    "Opcode",
    "OpcodeValue",
    "ParameterXml",
    "Provider",
    "ProviderGUID",
    "ProviderGuid",
    "ProviderName",
    "RecordID",
    "RecordNumber",
    "RelatedActivityID",
    "RenderedDescription",
    "RuleAuthor",
    "RuleFile",
    "RuleID",
    "RuleTitle",
    "Severity",
    "SeverityValue",
    "Source",
    "SourceComputerId",
    "SourceModuleName",
    "SourceModuleType",
    "SourceName",
    "SourceSystem",
    "StringInserts",
    "SystemProcessId",
    "SystemThreadId",
    "SystemTime",
    "SystemUserId",
    "Task",
    "TaskValue",
    "TenantId",
    "ThreadID",
    "TimeCollected",
    "TimeCreated",
    "TimeGenerated",
    "Timestamp",
    "UserData",
    "UserID",
    "UserSID",
    "Username",
    "Version",
    "_ResourceId",
    "_Source",
    "_TimeReceived",
    "host",
    "port",
    "tags",
];

pub(super) fn read(event: Map<String, Value>) -> Option<Found> {
    let first = |keys: &[&str]| first(&event, keys);
    let channel = channel(&text(&first(&["Channel", "EventLog"])));
    let provider = first(&["SourceName", "ProviderName", "Provider", "EventSourceName", "Source"]);
    let words = text(&first(&["EventType", "Keywords"]));
    let mask = match keywords(&first(&["Keywords"])) {
        mask if mask.is_empty() => audit(&words).to_owned(),
        mask => mask,
    };
    let message = first(&["Message", "RenderedDescription", "Description"]);
    // Of old versions of NXLog the process that wrote the event stands where data may, too.
    let own_process = !event.contains_key("ExecutionProcessID") && event.contains_key("ThreadID");
    let process = if own_process { "ProcessID" } else { "ExecutionProcessID" };
    let mut parts = Parts {
        provider: text(&provider),
        guid: text(&first(&["ProviderGuid", "ProviderGUID", "Guid"])),
        id: text(&first(&["EventID"])),
        version: text(&first(&["Version"])),
        level: level(&channel, &first(&["Level", "EventLevelName", "Severity"])),
        task: first_number(&[first(&["Task"]), first(&["TaskValue"])]),
        opcode: first_number(&[first(&["OpcodeValue"]), first(&["Opcode"])]),
        keywords: mask,
        time: time(&created(&event)),
        record: text(&first(&["RecordNumber", "EventRecordID", "EventRecordId", "RecordID"])),
        process: text(&first(&[process, "SystemProcessId"])),
        thread: text(&first(&["ThreadID", "ExecutionThreadID", "SystemThreadId"])),
        computer: text(&first(&["Hostname", "Computer", "Fqdn"])),
        user: text(&first(&["UserSID", "UserID", "SystemUserId"])),
        message: text(&message),
        user_data: event.get("UserData").and_then(|data| object(data).into_iter().next()),
        ..Parts::default()
    };
    match event.get("EventData").or_else(|| event.get("AllFieldInfo")) {
        Some(Value::Object(data)) => {
            parts.data = data.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
        }
        Some(Value::Array(values)) => parts.values = values.clone(),
        Some(Value::String(xml)) if xml.contains("<Data") => parts.inner = inner(xml),
        // A column of a table holds an object as its text.
        Some(Value::String(json)) if json.starts_with('{') => {
            let data: Value = serde_json::from_str(json).unwrap_or_default();
            parts.data = named_data(&data);
        }
        _ => {
            let inserts = event.get("StringInserts").and_then(Value::as_array);
            match inserts {
                Some(values) => parts.values = values.clone(),
                None => parts.data = own(event, &channel, process),
            }
        }
    }
    parts.channel = channel;
    Found::parts(parts)
}

/// The members that are the event's data.
fn own(event: Map<String, Value>, channel: &str, process: &str) -> Vec<(String, Value)> {
    let sysmon = channel == SYSMON;
    // Only what Sysmon says of itself has a version of its own.
    let state = sysmon && event.contains_key("SchemaVersion");
    let mut data = Vec::new();
    for (name, value) in event {
        let known = match name.as_str() {
            // NXLog's own type of the event stands in the place of Sysmon's.
            "EventType" if sysmon => {
                let word = text(&value);
                word.is_empty() || word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
            }
            "Details" | "Source" if sysmon => false,
            "Version" if state => false,
            // Of the account NXLog says the name beside the event's data, which may have its own.
            "AccountName" => channel != "System",
            name => name == process || OTHER.contains(&name),
        };
        if known || text(&value).is_empty() && !value.is_array() {
            continue;
        }
        let unnamed = name.strip_prefix("Data_").is_some_and(|n| n.parse::<u32>().is_ok());
        data.push((if unnamed { "Data".to_owned() } else { name }, value));
    }
    data
}

/// The elements inside of `EventData`, in whatever frame the text has them.
fn inner(xml: &str) -> Option<String> {
    let start = xml.find("<Data ").or_else(|| xml.find("<Data>"))?;
    let end = xml.rfind("</Data>").map(|at| at + "</Data>".len())?;
    xml.get(start..end).map(str::to_owned)
}

fn first_number(values: &[Value]) -> String {
    values.iter().map(number).find(|n| !n.is_empty()).unwrap_or_default()
}

/// When the event was made: its own times stand before those of the collector, and times with a
/// zone before those that may be of any.
fn created(event: &Map<String, Value>) -> Value {
    let zoned = |value: &Value| {
        let text = text(value);
        let clock = text.get(10..).unwrap_or_default();
        clock.contains(['Z', '+', '-']) || text.parse::<f64>().is_ok()
    };
    let own = first(event, &["TimeCreated", "SystemTime", "UtcTime"]);
    if !text(&own).is_empty() {
        return own;
    }
    match event.get("EventTime").filter(|value| zoned(value)) {
        Some(time) => time.clone(),
        None => {
            first(event, &["@timestamp", "TimeGenerated", "EventTime", "Timestamp", "timestamp"])
        }
    }
}

/// The channel by its name, or by the letters that Hayabusa has for it.
fn channel(name: &str) -> String {
    let whole = match name {
        "Sec" => "Security",
        "Sys" => "System",
        "App" => "Application",
        "Sysmon" => SYSMON,
        "PwSh" => "Microsoft-Windows-PowerShell/Operational",
        "PwShClassic" => "Windows PowerShell",
        "Defender" => "Microsoft-Windows-Windows Defender/Operational",
        "TaskSch" => "Microsoft-Windows-TaskScheduler/Operational",
        "WMI" => "Microsoft-Windows-WMI-Activity/Operational",
        "BitsCli" => "Microsoft-Windows-Bits-Client/Operational",
        "Firewall" => "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",
        "RDP-Client" => "Microsoft-Windows-TerminalServices-RDPClient/Operational",
        "NTLM" => "Microsoft-Windows-NTLM/Operational",
        name => name,
    };
    whole.to_owned()
}
