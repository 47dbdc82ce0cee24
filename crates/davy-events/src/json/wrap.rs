//! Objects around an event: what shippers and buses put about it.
//!
//! Sources: Filebeat and Logstash event fields; GELF; Vector's log events; Docker's json-file driver; CloudWatch Logs
//! subscriptions and `FilterLogEvents`; EventBridge events; Wazuh alerts; Azure Monitor Logs,
//! table `Syslog`; rsyslog's and syslog-ng's JSON; Chainsaw's output of
//! `hunt --json`; systemd's journal export (`journalctl -o json`).

use super::Wrapper;
use super::parse::Flat;
use crate::foreign;
use crate::stamp;
use crate::text;
use flate2::read::MultiGzDecoder;
use std::io::Read;

/// The members of an object that goes to Splunk's HTTP collector.
pub(super) const HEC: [&str; 7] =
    ["time", "host", "source", "sourcetype", "index", "event", "fields"];

/// Where shippers put the line.
const TEXTS: [&str; 6] =
    ["event.original", "message", "full_log", "log", "full_message", "short_message"];

/// What exports say of every event.
pub(super) const META: [&str; 8] =
    ["host", "source", "sourcetype", "index", "splunk_server", "linecount", "punct", "eventtype"];

/// Whether this is one of the events that CloudWatch Logs hands on.
pub(super) fn is_log_event(flat: &Flat) -> bool {
    const NAMES: [&str; 7] = [
        "id",
        "timestamp",
        "message",
        "eventId",
        "ingestionTime",
        "logStreamName",
        "extractedFields",
    ];
    let has = |name: &str| flat.members.iter().any(|(known, _)| known == name);
    has("message")
        && has("timestamp")
        && flat.members.len() > 2
        && flat.members.iter().all(|(name, _)| NAMES.contains(&name.as_str()))
}

/// Members in which a bus, a collector or a store keeps an event, as an object or as its text.
const CARRIERS: [&str; 31] = [
    "detail",
    "value",
    "payload",
    "Payload",
    "body",
    "Body",
    "data",
    "record",
    "event",
    "log",
    "message",
    "Message",
    "MESSAGE",
    "msg",
    "original",
    "full_message",
    "short_message",
    "json",
    "content",
    "properties",
    "object",
    "doc",
    "document",
    "_source",
    "raw",
    "rawEvent",
    "raw_log",
    "stringValue",
    "entry",
    "RawEventData",
    "@rawstring",
];

/// The objects inside that may be the event: the record that Chainsaw found, and what stands in
/// the members in which wrappers have it, there or one level below.
pub(super) fn inner(flat: &Flat, raw: &str) -> Vec<String> {
    let mut found = Vec::new();
    let objects = flat.members.iter().filter(|(name, _)| CARRIERS.contains(&name.as_str()));
    for (name, place) in objects {
        let Some(text) = raw.get(place.clone()).filter(|text| text.starts_with('{')) else {
            continue;
        };
        found.push(text.to_owned());
        let mut wrapper = Flat::default();
        if name == "document" && wrapper.read(text, 256).is_ok() {
            found.extend(wrapper.member(text, "data").map(str::to_owned));
        }
    }
    // Kinesis and Pub/Sub give bytes.
    if flat.named_data() {
        let coded = flat.fields().filter(|(path, _)| *path == "data" || path.ends_with(".data"));
        found.extend(coded.filter_map(|(_, value)| decoded(value)).filter(|t| t.starts_with('{')));
    }
    if !flat.holds("{") {
        return found;
    }
    let texts = flat.fields().filter(|(path, value)| {
        value.starts_with('{') && CARRIERS.contains(&path.rsplit('.').next().unwrap_or(path))
    });
    found.extend(texts.map(|(_, value)| value.to_owned()));
    found
}

/// The text that was written in base64.
fn decoded(text: &str) -> Option<String> {
    let long = text.len() >= 24 && text.len().is_multiple_of(4);
    let bytes = text.trim_end_matches('=').bytes();
    long.then_some(())?;
    let (mut out, mut held, mut bits) = (Vec::with_capacity(text.len() * 3 / 4), 0_u32, 0);
    for byte in bytes {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    if out.starts_with(&[0x1f, 0x8b]) {
        // What CloudWatch hands to a stream is packed; nothing says how large it becomes.
        let mut text = String::new();
        let unpacked = MultiGzDecoder::new(out.as_slice()).take(UNPACKED).read_to_string(&mut text);
        return unpacked.is_ok().then_some(text);
    }
    String::from_utf8(out).ok()
}

/// As much is unpacked of one event.
const UNPACKED: u64 = 16 << 20;

/// The Windows events that stand in an object as texts of XML, wherever, maybe behind a header.
pub(super) fn xml_inside(flat: &Flat) -> Vec<String> {
    if !flat.holds("</Event>") {
        return Vec::new();
    }
    // What an event's data hold is no event.
    let own = |path: &str| !path.contains("EventData") && !path.contains("event_data");
    let whole = |(path, value): (&str, &str)| {
        let text = value.trim_end();
        let ends = text.ends_with("</Event>") && own(path);
        let start = ends.then(|| text.find("<Event ").or_else(|| text.find("<Event>")))??;
        text.get(start..).filter(|xml| xml.contains("<System>")).map(str::to_owned)
    };
    flat.fields().filter_map(whole).collect()
}

/// The line that a shipper of logs (Filebeat, Logstash, Fluent Bit, Docker, CloudWatch, Wazuh) put
/// into an object, if the line is of a known kind: then it is the event, and the object its wrapper.
pub(super) fn shipped(flat: &Flat, now: f64) -> Option<(String, Wrapper)> {
    let first = |names: &[&str]| names.iter().find_map(|name| flat.get(name)).map(str::to_owned);
    if let Some(found) = journal(flat).or_else(|| parted(flat, now)) {
        return Some(found);
    }
    let marks = [
        "agent.type",
        "beat.version",
        "@version",
        "log.file.path",
        "stream",
        "input.type",
        "decoder.name",
        "predecoder.program_name",
        "short_message",
        "source_type",
    ];
    if !is_log_event(flat) {
        first(&marks)?;
    }
    let text = first(&TEXTS)?.trim().to_owned();
    let own = text.starts_with("<Event") || text.starts_with('{');
    let header = text::known::syslog(&text);
    let path = first(&["log.file.path", "path", "source", "location"]).unwrap_or_default();
    let known = text::known::tell(&text, header.as_ref(), &path);
    if !own && known.is_none() {
        return None;
    }
    let host = header.map(|h| h.host.to_owned());
    let time = first(&["@timestamp", "time", "timestamp"]);
    let time = time.and_then(|time| stamp::value(&time, now));
    let hosts = ["host.name", "host.hostname", "agent.hostname", "predecoder.hostname", "host"];
    let wrapper = Wrapper {
        source: known.as_ref().and_then(|k| k.source).map(str::to_owned),
        sourcetype: known.as_ref().map(|k| k.sourcetype.clone()),
        index: known.as_ref().and_then(|k| k.index).map(str::to_owned),
        host: host.or_else(|| first(&hosts)),
        // A line that says its time itself says it better.
        time: text::time(&text, known.as_ref().map(|k| k.sourcetype.as_str()), now)
            .or(time)
            .filter(|_| !own),
        row: false,
    };
    Some((text, wrapper))
}

/// A record of the journal, as the line that `journalctl -o short-iso-precise` prints of it; what
/// the audit system wrote, as auditd does.
fn journal(flat: &Flat) -> Option<(String, Wrapper)> {
    let micros: i64 = flat.get("__REALTIME_TIMESTAMP")?.parse().ok()?;
    let (seconds, message) = (micros as f64 / 1e6, flat.get("MESSAGE")?);
    let host = flat.get("_HOSTNAME").unwrap_or("unknown");
    let program = flat.get("SYSLOG_IDENTIFIER").or_else(|| flat.get("_COMM"));
    let text = match flat.get("_AUDIT_TYPE_NAME").zip(flat.get("_AUDIT_ID")) {
        Some((kind, id)) => {
            let fields = message.strip_prefix(kind).unwrap_or(message).trim_start();
            format!("type={kind} msg=audit({seconds:.3}:{id}): {fields}")
        }
        None => {
            let pid = flat.get("_PID").or_else(|| flat.get("SYSLOG_PID"));
            let pid = pid.map(|pid| format!("[{pid}]")).unwrap_or_default();
            let program = program.unwrap_or("unknown");
            format!("{} {host} {program}{pid}: {message}", stamp::iso_text(micros))
        }
    };
    let header = text::known::syslog(&text);
    let known = text::known::tell(&text, header.as_ref(), "");
    let wrapper = Wrapper {
        source: known.as_ref().and_then(|k| k.source).map(str::to_owned),
        sourcetype: Some(known.map_or_else(|| "journald".to_owned(), |k| k.sourcetype)),
        host: Some(host.to_owned()),
        time: Some(seconds),
        ..Wrapper::default()
    };
    Some((text, wrapper))
}

/// A message of syslog whose header was taken apart (Log Analytics' `Syslog`, rsyslog, syslog-ng,
/// Filebeat), as the line that it was; only of programs that are known, since other objects have
/// such members too.
fn parted(flat: &Flat, now: f64) -> Option<(String, Wrapper)> {
    let first = |names: &[&str]| {
        names.iter().find_map(|name| flat.get(name)).filter(|text| !text.trim().is_empty())
    };
    let table = flat.get("SyslogMessage");
    let message = table.or_else(|| first(&["message", "msg", "MSG"]))?;
    let host =
        first(&["HostName", "Computer", "host.name", "host.hostname", "hostname", "host", "HOST"])?;
    let program = first(&[
        "ProcessName",
        "process.name",
        "programname",
        "program",
        "appname",
        "app_name",
        "log.syslog.appname",
        "syslogtag",
        "ident",
        "PROGRAM",
    ])?;
    let time = first(&["EventTime", "TimeGenerated", "@timestamp", "timestamp", "time"])?;
    let seconds = stamp::value(time, now)?;
    let program = program.split(['[', ':']).next().unwrap_or(program);
    let pid = first(&["ProcessID", "process.pid", "procid", "pid"]);
    let pid = pid.map(|pid| format!("[{pid}]")).unwrap_or_default();
    let stamp = stamp::iso_text((seconds * 1e6).round() as i64);
    let text = format!("{stamp} {host} {program}{pid}: {message}");
    let header = text::known::syslog(&text);
    let known = text::known::tell(&text, header.as_ref(), "")?;
    (table.is_some() || known.sourcetype != "syslog").then_some(())?;
    let wrapper = Wrapper {
        source: known.source.map(str::to_owned),
        sourcetype: Some(known.sourcetype),
        index: known.index.map(str::to_owned),
        host: Some(host.to_owned()),
        time: Some(seconds),
        ..Wrapper::default()
    };
    Some((text, wrapper))
}

/// The XML of the Windows event that an object is, in whichever tool's form.
pub(super) fn windows_of(flat: &Flat, text: &str) -> Option<String> {
    if let [xml] = xml_inside(flat).as_slice() {
        return Some(crate::xml::scan::canonical(xml).unwrap_or_else(|| xml.clone()));
    }
    let names = || flat.members.iter().map(|(name, _)| name.as_str());
    let dumped = names().any(|name| name == "Event") && names().all(|n| n.starts_with("Event"));
    let xml = match dumped {
        true => foreign::dumped(text)?,
        false => foreign::form(names())?.xml_of(text)?,
    };
    Some(crate::xml::scan::canonical(&xml).unwrap_or(xml))
}
