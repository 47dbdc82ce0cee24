//! OCSF 1.x. The event is kept in `raw_data`, or its own names in `unmapped`, or it is told by the
//! attributes of its class: what Windows or Sysmon would have written of the same thing. Classes
//! that have no such event stay as they are.
//!
//! Source: OCSF schema: base event (`raw_data`, `unmapped`), `metadata`, and the classes named
//! below; its published mappings of Windows events (`metadata.product.feature.name` is the channel,
//! `unmapped.EventCode` the id).

use super::Found;
use super::parts::{Parts, SYSMON, at, object, text, time};
use super::tree;
use serde_json::{Map, Value};

/// Names of the event's data, and the attributes that hold them.
type Names = &'static [(&'static str, &'static str)];

const PROCESS: Names = &[
    ("Image", "/process/file/path"),
    ("CommandLine", "/process/cmd_line"),
    ("CurrentDirectory", "/process/working_directory"),
    ("ProcessGuid", "/process/uid"),
    ("ProcessId", "/process/pid"),
    ("IntegrityLevel", "/process/integrity"),
    ("Product", "/process/file/product/name"),
    ("Company", "/process/file/company_name"),
    ("Description", "/process/file/desc"),
    ("OriginalFileName", "/process/file/internal_name"),
    ("ParentImage", "/process/parent_process/file/path"),
    ("ParentCommandLine", "/process/parent_process/cmd_line"),
    ("ParentProcessGuid", "/process/parent_process/uid"),
    ("ParentProcessId", "/process/parent_process/pid"),
    ("ParentImage", "/actor/process/file/path"),
    ("ParentCommandLine", "/actor/process/cmd_line"),
    ("ParentProcessId", "/actor/process/pid"),
];

const ACTOR: Names = &[
    ("Image", "/actor/process/file/path"),
    ("ProcessGuid", "/actor/process/uid"),
    ("ProcessId", "/actor/process/pid"),
];

const AUDITED: Names = &[
    ("NewProcessName", "/process/file/path"),
    ("CommandLine", "/process/cmd_line"),
    ("NewProcessId", "/process/pid"),
    ("ParentProcessName", "/process/parent_process/file/path"),
    ("ProcessId", "/process/parent_process/pid"),
    ("ParentProcessName", "/actor/process/file/path"),
    ("ProcessId", "/actor/process/pid"),
    ("TargetUserName", "/process/user/name"),
    ("TargetDomainName", "/process/user/domain"),
];

const SUBJECT: Names = &[
    ("SubjectUserName", "/actor/user/name"),
    ("SubjectDomainName", "/actor/user/domain"),
    ("SubjectUserSid", "/actor/user/uid"),
    ("SubjectLogonId", "/actor/session/uid"),
];

const LOGON: Names = &[
    ("TargetUserName", "/user/name"),
    ("TargetDomainName", "/user/domain"),
    ("TargetUserSid", "/user/uid"),
    ("TargetLogonId", "/session/uid"),
    ("LogonType", "/logon_type_id"),
    ("AuthenticationPackageName", "/auth_protocol"),
    ("LogonProcessName", "/logon_process/name"),
    ("ProcessName", "/actor/process/file/path"),
    ("ProcessId", "/actor/process/pid"),
    ("IpAddress", "/src_endpoint/ip"),
    ("IpPort", "/src_endpoint/port"),
    ("WorkstationName", "/src_endpoint/hostname"),
    ("WorkstationName", "/src_endpoint/name"),
    ("Status", "/status_code"),
];

const RESOURCE: Names = &[
    ("ObjectName", "/win_resource/name"),
    ("ObjectType", "/win_resource/type"),
    ("HandleId", "/win_resource/uid"),
    ("ProcessName", "/actor/process/file/path"),
    ("ProcessId", "/actor/process/pid"),
];

const FILE: Names = &[("TargetFilename", "/file/path")];
const MODULE: Names = &[("ImageLoaded", "/module/file/path")];

const CONNECTION: Names = &[
    ("Protocol", "/connection_info/protocol_name"),
    ("SourceIp", "/src_endpoint/ip"),
    ("SourceHostname", "/src_endpoint/hostname"),
    ("SourcePort", "/src_endpoint/port"),
    ("DestinationIp", "/dst_endpoint/ip"),
    ("DestinationHostname", "/dst_endpoint/hostname"),
    ("DestinationPort", "/dst_endpoint/port"),
];

const QUERY: Names = &[("QueryName", "/query/hostname"), ("QueryStatus", "/rcode_id")];

const REGISTRY: Names = &[("TargetObject", "/reg_key/path"), ("Details", "/reg_value/data")];

/// What of an event of this class stands where; `None` for what Windows has no event for.
fn names(class: u64, activity: u64, security: bool) -> Option<(&'static str, &'static [Names])> {
    Some(match (class, activity) {
        (1007, 1) if security => ("4688", &[AUDITED, SUBJECT]),
        (1007, 2) if security => ("4689", &[&[("ProcessName", "/process/file/path")], SUBJECT]),
        (1010 | 201_003, _) if security => ("4663", &[RESOURCE, SUBJECT]),
        (3002, 1) => ("4624", &[LOGON, SUBJECT]),
        (3002, 2) => ("4634", &[LOGON, SUBJECT]),
        (1007, 1) => ("1", &[PROCESS]),
        (1007, 2) => ("5", &[PROCESS]),
        (1001, 1) => ("11", &[FILE, ACTOR]),
        (1001, 4) => ("23", &[FILE, ACTOR]),
        (1005, 1) => ("7", &[MODULE, ACTOR]),
        (4001, 1) => ("3", &[CONNECTION, ACTOR]),
        (4003, 1 | 6) => ("22", &[QUERY, ACTOR]),
        (201_001 | 1009, 1 | 4) => ("12", &[REGISTRY, ACTOR]),
        (201_002 | 1012, _) => ("13", &[REGISTRY, ACTOR]),
        _ => return None,
    })
}

pub(super) fn read(event: Map<String, Value>) -> Option<Found> {
    let document = Value::Object(event);
    let at = |path: &str| at(&document, path);
    if let Some(raw) = at("/raw_data").as_str() {
        if raw.trim_start().starts_with("<Event") {
            return Some(Found::Xml(raw.trim().to_owned()));
        }
        if let Some(xml) = tree::to_xml(raw) {
            return Some(Found::Xml(xml));
        }
    }
    let channel = first(&[at("/metadata/log_name"), at("/metadata/product/feature/name")]);
    let product = text(at("/metadata/product/name"));
    let own = [at("/metadata/event_code"), at("/unmapped/EventCode"), at("/unmapped/EventID")];
    let id = first(&own);
    let numbered = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
    let windows =
        product.contains("Windows") || product.contains("Sysmon") || on_windows(&document);
    let event_log = numbered && !channel.is_empty() && (windows || !at("/unmapped").is_null());
    let security = event_log && channel == "Security";
    let (class, activity) = (at("/class_uid").as_u64()?, at("/activity_id").as_u64());
    let known =
        names(class, activity.unwrap_or_default(), security).filter(|_| windows || event_log);
    let mut data = object(match at("/unmapped/EventData") {
        Value::Null if event_log => at("/unmapped"),
        own => own,
    });
    data.retain(|(name, value)| {
        !value.is_object() && !matches!(name.as_str(), "EventCode" | "EventType" | "OpCode")
    });
    if known.is_none() && (!event_log || data.is_empty()) {
        return None;
    }
    let failed = text(at("/status_id")) == "2";
    let (like, lists) = known.unwrap_or_default();
    let like = if like == "4624" && failed { "4625" } else { like };
    let (channel, id) = match (event_log, like) {
        (true, _) => (channel, id),
        (false, "4624" | "4625" | "4634") => ("Security".to_owned(), like.to_owned()),
        (false, _) => (SYSMON.to_owned(), like.to_owned()),
    };
    let mut add = |name: &str, value: String| {
        if !value.is_empty() && !data.iter().any(|(known, _)| known == name) {
            data.push((name.to_owned(), Value::from(value)));
        }
    };
    for (name, path) in lists.iter().copied().flatten() {
        let value = at(path);
        let hex = channel == "Security" && name.ends_with("ProcessId");
        match value.as_u64().filter(|_| hex) {
            Some(number) => add(name, format!("{number:#x}")),
            None => add(name, text(value)),
        }
    }
    if channel == SYSMON {
        add("TargetObject", registry_value(&document));
        add("Hashes", hashes(at("/process/file/hashes")));
        // Direction: 1 is inbound, 2 outbound.
        let direction = at("/connection_info/direction_id").as_u64();
        let initiated = direction.filter(|d| matches!(d, 1 | 2)).map(|d| (d == 2).to_string());
        add("Initiated", initiated.unwrap_or_default());
        let user = first(&[at("/process/user/name"), at("/actor/user/name")]);
        let domain = first(&[at("/process/user/domain"), at("/actor/user/domain")]);
        let both = format!("{domain}\\{user}");
        add("User", if domain.is_empty() || user.is_empty() { user } else { both });
    }
    let user_data = object(at("/unmapped/UserData")).into_iter().next();
    let provider = match first(&[at("/metadata/log_provider"), at("/unmapped/SourceName")]) {
        name if channel == SYSMON && name.is_empty() => "Microsoft-Windows-Sysmon".to_owned(),
        name if channel == "Security" && !name.starts_with("Microsoft-Windows-") => {
            "Microsoft-Windows-Security-Auditing".to_owned()
        }
        name => name,
    };
    Found::parts(Parts {
        provider,
        id,
        time: time(at("/time")),
        record: first(&[at("/unmapped/RecordNumber"), at("/metadata/uid")]),
        keywords: match (channel.as_str(), failed) {
            ("Security", true) => "0x8010000000000000".to_owned(),
            ("Security", false) => "0x8020000000000000".to_owned(),
            _ => String::new(),
        },
        channel,
        computer: first(&[
            at("/device/hostname"),
            at("/device/name"),
            at("/dst_endpoint/hostname"),
        ]),
        data,
        user_data,
        ..Parts::default()
    })
}

/// A registry value by the path of its key and its name, as Sysmon writes both in one.
fn registry_value(document: &Value) -> String {
    let (path, name) =
        (text(at(document, "/reg_value/path")), text(at(document, "/reg_value/name")));
    let whole = path.rsplit('\\').next().is_some_and(|last| last.eq_ignore_ascii_case(&name));
    if path.is_empty() || name.is_empty() || whole { path } else { format!("{path}\\{name}") }
}

/// Fingerprints as Sysmon writes them: `MD5=…,SHA256=…`.
fn hashes(list: &Value) -> String {
    let one = |hash: &Value| {
        let name = match hash.get("algorithm_id").and_then(Value::as_u64) {
            Some(1) => "MD5".to_owned(),
            Some(2) => "SHA1".to_owned(),
            Some(3) => "SHA256".to_owned(),
            _ => text(hash.get("algorithm").unwrap_or(&Value::Null)).replace('-', ""),
        };
        let value = text(hash.get("value").unwrap_or(&Value::Null));
        (!name.is_empty() && !value.is_empty()).then(|| format!("{name}={value}"))
    };
    list.as_array().into_iter().flatten().filter_map(one).collect::<Vec<_>>().join(",")
}

/// Whether the thing happened on Windows, as far as the event tells.
fn on_windows(document: &Value) -> bool {
    let system = ["/device/os/type", "/device/os/name"]
        .iter()
        .any(|path| text(at(document, path)).to_ascii_lowercase().contains("windows"));
    let drive = |path: &str| text(at(document, path)).as_bytes().get(1..3) == Some(b":\\");
    system || text(at(document, "/device/os/type_id")) == "100" || drive("/process/file/path")
}

fn first(values: &[&Value]) -> String {
    values.iter().map(|value| text(value)).find(|text| !text.is_empty()).unwrap_or_default()
}
