//! What Elastic Defend saw (`endpoint.events.*`), and processes, files and registry keys that other
//! agents tell in the names of ECS, as Sysmon writes the same thing, so that searches for that find
//! it. What Sysmon has no event for stays as it is.
//!
//! Sources: Elastic Common Schema, event.category and event.type; Elastic's endpoint package, exported fields and sample events; Sysmon's event manifest,
//! Sysmon for Linux.

use super::Found;
use super::parts::{Parts, SYSMON, at, text, time};
use super::winlogbeat::nested;
use serde_json::{Map, Value};

/// Names of the event's data, and the fields that hold them.
type Names = &'static [(&'static str, &'static str)];

const ACTOR: Names = &[
    ("ProcessGuid", "/process/entity_id"),
    ("ProcessId", "/process/pid"),
    ("Image", "/process/executable"),
];

const PROCESS: Names = &[
    ("OriginalFileName", "/process/pe/original_file_name"),
    ("FileVersion", "/process/pe/file_version"),
    ("Description", "/process/pe/description"),
    ("Product", "/process/pe/product"),
    ("Company", "/process/pe/company"),
    ("CommandLine", "/process/command_line"),
    ("CommandLine", "/process/title"),
    ("CurrentDirectory", "/process/working_directory"),
    ("LogonId", "/process/Ext/authentication_id"),
    ("ParentProcessGuid", "/process/parent/entity_id"),
    ("ParentProcessId", "/process/parent/pid"),
    ("ParentImage", "/process/parent/executable"),
    ("ParentCommandLine", "/process/parent/command_line"),
];

const FILE: Names = &[("TargetFilename", "/file/path")];
const LIBRARY: Names = &[
    ("ImageLoaded", "/dll/path"),
    ("OriginalFileName", "/dll/pe/original_file_name"),
    ("Signature", "/dll/code_signature/subject_name"),
    ("Signed", "/dll/code_signature/exists"),
    ("SignatureStatus", "/dll/code_signature/status"),
];
const CONNECTION: Names = &[
    ("Protocol", "/network/transport"),
    ("SourceIp", "/source/ip"),
    ("SourcePort", "/source/port"),
    ("DestinationIp", "/destination/ip"),
    ("DestinationHostname", "/destination/domain"),
    ("DestinationPort", "/destination/port"),
];
const QUERY: Names = &[("QueryName", "/dns/question/name")];
const ACCESS: Names = &[
    ("SourceProcessGUID", "/process/entity_id"),
    ("SourceProcessId", "/process/pid"),
    ("SourceThreadId", "/process/thread/id"),
    ("SourceImage", "/process/executable"),
    ("TargetProcessGUID", "/Target/process/entity_id"),
    ("TargetProcessId", "/Target/process/pid"),
    ("TargetImage", "/Target/process/executable"),
    ("TargetImage", "/Target/process/path"),
    ("TargetImage", "/Target/process/name"),
    ("CallTrace", "/process/thread/Ext/call_stack_summary"),
];

/// Sysmon's id for what was done, and the lists of what it tells of it.
fn names(dataset: &str, action: &str) -> Option<(&'static str, &'static [Names])> {
    Some(match (dataset, action) {
        ("process", "start" | "exec" | "creation_event" | "already_running") => {
            ("1", &[ACTOR, PROCESS])
        }
        ("process", "end" | "termination_event") => ("5", &[ACTOR]),
        ("file", "deletion") => ("23", &[ACTOR, FILE]),
        ("file", "creation" | "overwrite" | "modification" | "rename" | "extended_attributes") => {
            ("11", &[ACTOR, FILE])
        }
        ("registry", "modification") => ("13", &[ACTOR]),
        ("registry", "creation" | "deletion") => ("12", &[ACTOR]),
        ("network", "connection_attempted" | "connection_accepted") => ("3", &[ACTOR, CONNECTION]),
        ("network" | "dns", "lookup_requested" | "lookup_result") => ("22", &[ACTOR, QUERY]),
        ("library", "load") => ("7", &[ACTOR, LIBRARY]),
        ("api", "openprocess" | "OpenProcess") => ("10", &[ACCESS]),
        _ => return None,
    })
}

pub(super) fn read(event: Map<String, Value>) -> Option<Found> {
    let document = Value::Object(nested(event));
    let at = |path: &str| at(&document, path);
    let dataset = text(at("/event/dataset"));
    let (kind, action) = match dataset.strip_prefix("endpoint.events.") {
        Some("api") => ("api".to_owned(), text(at("/process/Ext/api/name"))),
        Some(kind) => (kind.to_owned(), text(at("/event/action"))),
        // An alert about an event is not the event.
        None if text(at("/event/kind")) == "event" && text(at("/event/module")) != "endpoint" => {
            categorized(&document)?
        }
        None => return None,
    };
    let (id, lists) = names(&kind, &action)?;
    let linux = on_linux(&document)?;
    let mut data: Vec<(String, Value)> = Vec::new();
    let mut add = |name: &str, value: String| {
        if !value.is_empty() && !data.iter().any(|(known, _)| known == name) {
            data.push((name.to_owned(), Value::from(value)));
        }
    };
    let when = time(at("/@timestamp"));
    let clock = when.trim_end_matches('Z').replace('T', " ");
    add("UtcTime", clock.get(..23).unwrap_or(&clock).to_owned());
    for (name, path) in lists.iter().copied().flatten() {
        add(name, text(at(path)));
    }
    let (domain, user) = (text(at("/user/domain")), text(at("/user/name")));
    let both = [&*domain, "\\", &*user].concat();
    add("User", if linux || domain.is_empty() || user.is_empty() { user } else { both });
    let hashed = if id == "7" { "/dll/hash" } else { "/process/hash" };
    match id {
        "1" | "7" => add("Hashes", hashes(at(hashed))),
        "3" => {
            let outward = (action == "connection_attempted").to_string();
            add("Initiated", outward);
        }
        "10" => {
            let mask = at("/process/Ext/api/parameters/desired_access_numeric").as_u64();
            add("GrantedAccess", mask.map(|mask| format!("{mask:#x}")).unwrap_or_default());
        }
        "12" | "13" => {
            let (target, details) = registry(&document);
            let whole = text(at("/registry/value"));
            let kind = match (id, action.as_str()) {
                ("13", _) => "SetValue",
                (_, "creation") => "CreateKey",
                _ if whole.is_empty() => "DeleteKey",
                _ => "DeleteValue",
            };
            add("EventType", kind.to_owned());
            add("TargetObject", target);
            if id == "13" {
                add("Details", details);
            }
        }
        _ => {}
    }
    if id == "1" {
        let level = text(at("/process/Ext/token/integrity_level_name"));
        let (first, rest) = level.split_at_checked(1).unwrap_or_default();
        add("IntegrityLevel", first.to_ascii_uppercase() + rest);
    }
    let (provider, channel) = match linux {
        true => ("Linux-Sysmon", "Linux-Sysmon/Operational"),
        false => ("Microsoft-Windows-Sysmon", SYSMON),
    };
    Found::parts(Parts {
        provider: provider.to_owned(),
        channel: channel.to_owned(),
        id: id.to_owned(),
        level: "4".to_owned(),
        time: when,
        computer: match text(at("/host/hostname")) {
            name if name.is_empty() => text(at("/host/name")),
            name => name,
        },
        data,
        ..Parts::default()
    })
}

/// What was done, by the category and type of an event of any agent that tells the process.
fn categorized(document: &Value) -> Option<(String, String)> {
    let list = |path: &str| match at(document, path) {
        Value::Array(items) => items.iter().map(text).collect(),
        one => vec![text(one)],
    };
    (!text(at(document, "/process/executable")).is_empty()).then_some(())?;
    let (categories, types): (Vec<String>, Vec<String>) =
        (list("/event/category"), list("/event/type"));
    let is = |category: &str, kind: &str| {
        categories.iter().any(|c| c == category) && types.iter().any(|t| t == kind)
    };
    let (kind, action) = match () {
        () if is("process", "start") => ("process", "start"),
        () if is("process", "end") => ("process", "end"),
        () if is("file", "deletion") => ("file", "deletion"),
        () if is("file", "creation") => ("file", "creation"),
        () if is("registry", "change") => ("registry", "modification"),
        () if is("registry", "creation") => ("registry", "creation"),
        () if is("registry", "deletion") => ("registry", "deletion"),
        () => return None,
    };
    Some((kind.to_owned(), action.to_owned()))
}

/// Whether the host runs Linux, or else Windows; `None` if it is neither.
fn on_linux(document: &Value) -> Option<bool> {
    let told = ["/host/os/type", "/host/os/family", "/host/os/platform"];
    let system = told.iter().map(|path| text(at(document, path))).find(|name| !name.is_empty());
    match system.as_deref() {
        Some("windows") => Some(false),
        Some("macos" | "darwin") => None,
        Some(_) => Some(true),
        None => Some(text(at(document, "/process/executable")).starts_with('/')),
    }
}

/// `SHA1=…,MD5=…`, as Sysmon writes them.
fn hashes(hash: &Value) -> String {
    let of = |(name, key): (&str, &str)| {
        let value = text(hash.get(key)?);
        (!value.is_empty()).then(|| format!("{name}={}", value.to_ascii_uppercase()))
    };
    let names = [("SHA1", "sha1"), ("MD5", "md5"), ("SHA256", "sha256"), ("IMPHASH", "imphash")];
    names.into_iter().filter_map(of).collect::<Vec<_>>().join(",")
}

/// The key or value that was changed, with the root as Sysmon shortens it, and what was set.
fn registry(document: &Value) -> (String, String) {
    let path = text(at(document, "/registry/path"));
    let roots = [
        ("HKEY_LOCAL_MACHINE\\", "HKLM\\"),
        ("HKEY_USERS\\", "HKU\\"),
        ("HKEY_CURRENT_USER\\", "HKCU\\"),
        ("HKEY_CLASSES_ROOT\\", "HKCR\\"),
    ];
    let short = roots
        .iter()
        .find_map(|(long, short)| path.strip_prefix(long).map(|rest| [short, rest].concat()));
    let data = at(document, "/registry/data/strings");
    let set: Vec<String> = match data {
        Value::Array(items) => items.iter().map(text).collect(),
        one => vec![text(one)],
    };
    let number = || set.first().and_then(|text| text.parse::<u64>().ok());
    let details = match text(at(document, "/registry/data/type")).as_str() {
        "REG_DWORD" => number().map(|n| format!("DWORD (0x{n:08x})")),
        "REG_QWORD" => {
            number().map(|n| format!("QWORD (0x{:08x}-0x{:08x})", n >> 32, n & 0xffff_ffff))
        }
        "REG_BINARY" => Some("Binary Data".to_owned()),
        _ => None,
    };
    (short.unwrap_or(path), details.unwrap_or_else(|| set.join(" ")))
}
