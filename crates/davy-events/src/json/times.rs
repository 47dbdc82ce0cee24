//! Where JSON events keep their time.

use super::parse::Flat;
use crate::stamp;

/// Where an event's time may be, the likeliest first.
const TIMES: [&str; 28] = [
    "_time",
    "time",
    "timestamp",
    "@timestamp",
    "eventTime",
    "event_time",
    "EventTime",
    "TimeCreated",
    "UtcTime",
    "published",
    "CreationTime",
    "createdDateTime",
    "activityDateTime",
    "recorded",
    "created_at",
    "TimeGenerated",
    "ts",
    "datetime",
    "date",
    "id.time",
    "Event.System.TimeCreated.#attributes.SystemTime",
    "requestReceivedTimestamp",
    "Timestamp",
    "eventTimestamp",
    "EventTimestamp",
    "updatedAt",
    "UpdatedAt",
    "createdAt",
];

/// Where it is if it is in none of these.
const MORE: [&str; 38] = [
    "unixTime",
    "metadata.eventCreationTime",
    "isotimestamp",
    "event.time",
    "device_timestamp",
    "query_timestamp",
    "lastTimestamp",
    "eventTime.value",
    "firstTimestamp",
    "event_timestamp",
    "ContextTimeStamp",
    "receiveTimestamp",
    "CreatedAt",
    "created",
    "event.created",
    "EventDateTime",
    "start_time",
    "startTime",
    "StartTime",
    "time_local",
    "eventtime",
    "input.event.timestamp",
    "occurred_at",
    "date_time",
    "date_create",
    "input.match.event.timestamp",
    "EVENT_TIMESTAMP",
    "TIMESTAMP_DERIVED",
    "TIMESTAMP",
    "LoginTime",
    "EdgeStartTimestamp",
    "Datetime",
    "When",
    "event_ts",
    "messageTime",
    "clickTime",
    "threatInfo.createdAt",
    "START_TIME",
];

/// The first value that is a date with a clock.
pub(super) fn any_time(flat: &Flat, now: f64) -> Option<f64> {
    flat.fields().find_map(|(_, value)| {
        let bytes = value.as_bytes();
        let dated = bytes.len() >= 19 && bytes.len() < 40 && bytes.get(4) == Some(&b'-');
        let clock = matches!(bytes.get(10), Some(b'T' | b' ')) && bytes.get(13) == Some(&b':');
        if dated && clock { stamp::value(value, now) } else { None }
    })
}

/// The time in the likeliest of the members that are known to hold it.
pub(super) fn time_of(flat: &Flat, now: f64) -> Option<f64> {
    best_of(&TIMES, flat, now).or_else(|| best_of(&MORE, flat, now))
}

fn best_of(names: &[&str], flat: &Flat, now: f64) -> Option<f64> {
    names.iter().filter(|name| flat.may_have(name)).find_map(|name| {
        let mut values = flat.fields().filter(|(own, _)| own == name).map(|(_, value)| value);
        values.find_map(|value| stamp::value(value, now))
    })
}
