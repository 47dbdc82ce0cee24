//! GELF as NXLog writes it, its fields behind a `_`; and what Graylog makes of the names of
//! winlogbeat, all dots being underscores.
//!
//! Sources: GELF payload specification; NXLog, `xm_gelf`; Graylog, Beats input.

use super::winlogbeat;
use super::{Found, flat};
use serde_json::{Map, Value};

/// The fields under their own names.
pub(super) fn read(event: Map<String, Value>) -> Option<Found> {
    let text = |name: &str| event.get(name).cloned();
    let mut own: Map<String, Value> = event
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix('_')?.to_owned(), value.clone())))
        .collect();
    let message = text("full_message").or_else(|| text("short_message"));
    for (name, value) in
        [("Message", message), ("Hostname", text("host")), ("timestamp", text("timestamp"))]
    {
        if let Some(value) = value.filter(|_| !own.contains_key(name)) {
            own.insert(name.to_owned(), value);
        }
    }
    flat::read(own)
}

/// Where the parts of a name with underscores end, of the names that have several.
const PATHS: [(&str, &str); 9] = [
    ("winlog_event_data_", "winlog.event_data."),
    ("winlog_user_data_", "winlog.user_data."),
    ("winlog_process_thread_", "winlog.process.thread."),
    ("winlog_process_", "winlog.process."),
    ("winlog_user_", "winlog.user."),
    ("winlog_", "winlog."),
    ("event_", "event."),
    ("host_", "host."),
    ("log_", "log."),
];

/// The names with dots again.
pub(super) fn read_graylog(event: Map<String, Value>) -> Option<Found> {
    let mut own = Map::new();
    for (name, value) in event {
        let name = name.strip_prefix("winlogbeat_").unwrap_or(&name);
        let path = PATHS
            .iter()
            .find_map(|(start, path)| name.strip_prefix(start).map(|rest| [path, rest].concat()));
        let name = match name {
            "timestamp" | "@timestamp" => "@timestamp".to_owned(),
            name => path.unwrap_or_else(|| name.to_owned()),
        };
        own.insert(name, value);
    }
    winlogbeat::read(own)
}
