//! Objects around an event: what shippers and buses put about it.
//!
//! Sources: Filebeat and Logstash event fields; Docker's json-file driver; CloudWatch Logs
//! subscriptions and `FilterLogEvents`; EventBridge events; Wazuh alerts; Chainsaw's output of
//! `hunt --json`; systemd's journal export (`journalctl -o json`).

use super::Wrapper;
use super::parse::Flat;
use crate::foreign;
use crate::stamp;
use crate::text;

/// The members of an object that goes to Splunk's HTTP collector.
pub(super) const HEC: [&str; 7] =
    ["time", "host", "source", "sourcetype", "index", "event", "fields"];

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

/// The object inside that is the event: that of an EventBridge event that only carries it, and the
/// record that Chainsaw found.
pub(super) fn inner<'t>(flat: &Flat, raw: &'t str) -> Option<&'t str> {
    if let Some(document) = flat.member(raw, "document") {
        let mut wrapper = Flat::default();
        wrapper.read(document, 256).ok()?;
        return wrapper.member(document, "data");
    }
    flat.member(raw, "detail-type")?;
    flat.member(raw, "detail").filter(|detail| detail.starts_with('{'))
}

/// The line that a shipper of logs (Filebeat, Logstash, Fluent Bit, Docker, CloudWatch, Wazuh) put
/// into an object, if the line is of a known kind: then it is the event, and the object its wrapper.
pub(super) fn shipped(flat: &Flat, now: f64) -> Option<(String, Wrapper)> {
    let first = |names: &[&str]| names.iter().find_map(|name| flat.get(name)).map(str::to_owned);
    if let Some(found) = journal(flat) {
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
    ];
    if !is_log_event(flat) {
        first(&marks)?;
    }
    let text = first(&["message", "full_log", "log"])?.trim().to_owned();
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
        time: text::time(&text, known.as_ref(), now).or(time).filter(|_| !own),
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

/// The XML of the Windows event that an object is, in whichever tool's form.
pub(super) fn windows_of(flat: &Flat, text: &str) -> Option<String> {
    let names = || flat.members.iter().map(|(name, _)| name.as_str());
    let dumped = names().any(|name| name == "Event") && names().all(|n| n.starts_with("Event"));
    let xml = match dumped {
        true => foreign::dumped(text)?,
        false => foreign::form(names())?.xml_of(text)?,
    };
    Some(crate::xml::scan::canonical(&xml).unwrap_or(xml))
}
