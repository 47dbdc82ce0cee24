//! The data that the modules of winlogbeat for Sysmon, Security and PowerShell move to fields of
//! ECS, brought back to the names that the events have for them.
//!
//! Source: the ingest pipelines of Winlogbeat's modules `sysmon`, `security` and `powershell`.

use super::message;
use super::parts::{SYSMON, at, text};
use serde_json::Value;

/// Of every event of Sysmon.
const SYSMON_ALL: &[(&str, &str)] = &[
    ("RuleName", "/rule/name"),
    ("ProcessGuid", "/process/entity_id"),
    ("ProcessId", "/process/pid"),
    ("Image", "/process/executable"),
    ("CommandLine", "/process/command_line"),
    ("CurrentDirectory", "/process/working_directory"),
    ("ParentProcessGuid", "/process/parent/entity_id"),
    ("ParentProcessId", "/process/parent/pid"),
    ("ParentImage", "/process/parent/executable"),
    ("ParentCommandLine", "/process/parent/command_line"),
    ("OriginalFileName", "/process/pe/original_file_name"),
];

/// Of one process that does something to another.
const SYSMON_BETWEEN: &[(&str, &str)] = &[
    ("RuleName", "/rule/name"),
    ("SourceProcessId", "/process/pid"),
    ("SourceThreadId", "/process/thread/id"),
    ("SourceImage", "/process/executable"),
];

fn sysmon_own(id: &str) -> &'static [(&'static str, &'static str)] {
    match id {
        "2" | "11" | "15" | "23" | "26" | "27" | "28" | "29" => &[("TargetFilename", "/file/path")],
        "6" => &[("ImageLoaded", "/file/path")],
        "7" => {
            &[("ImageLoaded", "/file/path"), ("OriginalFileName", "/file/pe/original_file_name")]
        }
        "8" => &[("SourceProcessGuid", "/process/entity_id")],
        "10" => &[("SourceProcessGUID", "/process/entity_id")],
        "9" => &[("Device", "/file/path")],
        "3" => &[
            ("Protocol", "/network/transport"),
            ("SourceIp", "/source/ip"),
            ("SourceHostname", "/source/domain"),
            ("SourcePort", "/source/port"),
            ("DestinationIp", "/destination/ip"),
            ("DestinationHostname", "/destination/domain"),
            ("DestinationPort", "/destination/port"),
            ("DestinationPortName", "/network/protocol"),
        ],
        "12" | "13" | "14" => &[("TargetObject", "/registry/path")],
        "17" | "18" => &[("PipeName", "/file/name")],
        "22" => &[("QueryName", "/dns/question/name"), ("QueryStatus", "/sysmon/dns/status")],
        "25" => &[("Type", "/message")],
        _ => &[],
    }
}

fn security(id: &str) -> &'static [(&'static str, &'static str)] {
    match id {
        "4688" => &[
            ("NewProcessName", "/process/executable"),
            ("NewProcessId", "/process/pid"),
            ("CommandLine", "/process/command_line"),
            ("ParentProcessName", "/process/parent/executable"),
            ("ProcessId", "/process/parent/pid"),
        ],
        "4697" => &[("ServiceName", "/service/name")],
        _ => &[
            ("ProcessName", "/process/executable"),
            ("ProcessId", "/process/pid"),
            ("IpAddress", "/source/ip"),
            ("IpPort", "/source/port"),
            ("WorkstationName", "/source/domain"),
        ],
    }
}

const SCRIPT: &[(&str, &str)] = &[
    ("MessageNumber", "/powershell/sequence"),
    ("MessageTotal", "/powershell/total"),
    ("ScriptBlockText", "/powershell/file/script_block_text"),
    ("ScriptBlockId", "/powershell/file/script_block_id"),
    ("Path", "/file/path"),
];

/// Adds to the event's data what stands elsewhere in the document.
pub(super) fn complete(document: &Value, channel: &str, id: &str, data: &mut Vec<(String, Value)>) {
    let mut add = |name: &str, value: String| {
        if !value.is_empty() && !data.iter().any(|(known, _)| known == name) {
            data.push((name.to_owned(), Value::from(value)));
        }
    };
    let mut move_back = |names: &[(&str, &str)], hex: bool| {
        for (name, path) in names {
            let value = at(document, path);
            match value.as_u64().filter(|_| hex && name.ends_with("ProcessId")) {
                Some(number) => add(name, format!("{number:#x}")),
                None => add(name, text(value)),
            }
        }
    };
    match channel {
        SYSMON => {
            move_back(sysmon_own(id), false);
            let between = matches!(id, "8" | "10");
            move_back(if between { SYSMON_BETWEEN } else { SYSMON_ALL }, false);
            sysmon_rest(document, id, &mut add);
        }
        "Security" => move_back(security(id), true),
        "Microsoft-Windows-PowerShell/Operational" if id == "4104" => move_back(SCRIPT, false),
        "Microsoft-Windows-PowerShell/Operational" if id == "4103" => {
            let message = text(at(document, "/message"));
            for (name, value) in message::pipeline(&message).into_iter().flatten() {
                add(name, value);
            }
        }
        _ => {}
    }
}

/// What Sysmon's module puts together or takes apart.
fn sysmon_rest(document: &Value, id: &str, add: &mut dyn FnMut(&str, String)) {
    let at = |path: &str| at(document, path);
    let (domain, name) = (text(at("/user/domain")), text(at("/user/name")));
    if !name.is_empty() {
        add("User", if domain.is_empty() { name } else { format!("{domain}\\{name}") });
    }
    if let Some(time) = at("/@timestamp").as_str() {
        let time = time.trim_end_matches('Z').replacen('T', " ", 1);
        add("UtcTime", time.get(..23).unwrap_or(&time).to_owned());
    }
    if id == "3" {
        let initiated = match text(at("/network/direction")).as_str() {
            "egress" | "outbound" => "true",
            "ingress" | "inbound" => "false",
            _ => "",
        };
        add("Initiated", initiated.to_owned());
    }
    if id == "13" {
        add("Details", details(at("/registry/data")));
    }
    if id == "22" {
        add("QueryResults", answers(at("/dns/answers")));
    }
    add("Hashes", hashes(document));
}

/// `SHA1=…,MD5=…`, in the order and the letters that Sysmon uses.
fn hashes(document: &Value) -> String {
    const KINDS: [&str; 3] = ["sha1", "md5", "sha256"];
    let mut found: Vec<String> = Vec::new();
    for place in ["process", "file", "dll"] {
        let hash = |kind: &str| text(at(document, &format!("/{place}/hash/{kind}")));
        found.extend(
            KINDS
                .iter()
                .map(|kind| (kind, hash(kind)))
                .filter(|(_, h)| !h.is_empty())
                .map(|(kind, hash)| format!("{}={}", kind.to_uppercase(), hash.to_uppercase())),
        );
        let imphash = text(at(document, &format!("/{place}/pe/imphash")));
        if !imphash.is_empty() {
            found.push(format!("IMPHASH={}", imphash.to_uppercase()));
        }
        if !found.is_empty() {
            break;
        }
    }
    found.join(",")
}

/// The value that was set, as Sysmon writes it.
fn details(data: &Value) -> String {
    let strings = data.get("strings").unwrap_or(&Value::Null);
    let value = match strings {
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(" "),
        value => text(value),
    };
    match (text(data.get("type").unwrap_or(&Value::Null)).as_str(), value.parse::<u64>()) {
        ("SZ_DWORD" | "REG_DWORD", Ok(number)) => format!("DWORD ({number:#010x})"),
        ("SZ_QWORD" | "REG_QWORD", Ok(number)) => {
            format!("QWORD ({:#010x}-{:#010x})", number >> 32, number & 0xffff_ffff)
        }
        _ => value,
    }
}

/// `type:  5 name;::ffff:10.0.0.1;`
fn answers(list: &Value) -> String {
    let mut out = String::new();
    for answer in list.as_array().into_iter().flatten() {
        let data = text(answer.get("data").unwrap_or(&Value::Null));
        match text(answer.get("type").unwrap_or(&Value::Null)).as_str() {
            "A" => out.push_str(&format!("::ffff:{data};")),
            "AAAA" => out.push_str(&format!("{data};")),
            "CNAME" => out.push_str(&format!("type:  5 {data};")),
            _ => out.push_str(&format!("{data};")),
        }
    }
    out
}
