//! The parts of a Windows event, and the XML that they make.

use super::tree::{self, attribute, element};
use super::{message, names, sections};
use crate::stamp;
use serde_json::{Map, Value};

/// A Windows event in parts; empty texts are parts that the tool left out.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) provider: String,
    pub(super) guid: String,
    pub(super) id: String,
    pub(super) version: String,
    pub(super) level: String,
    pub(super) task: String,
    pub(super) opcode: String,
    pub(super) keywords: String,
    pub(super) time: String,
    pub(super) record: String,
    pub(super) process: String,
    pub(super) thread: String,
    pub(super) channel: String,
    pub(super) computer: String,
    pub(super) user: String,
    pub(super) data: Vec<(String, Value)>,
    /// The values of the data in their order, where the tool does not tell the names.
    pub(super) values: Vec<Value>,
    /// The name of the element in `UserData`, and what is in it.
    pub(super) user_data: Option<(String, Value)>,
    /// The elements of the data as the XML that they were.
    pub(super) inner: Option<String>,
    /// The event as a text for people.
    pub(super) message: String,
}

impl Parts {
    /// The XML of the event; `None` if it has no id or no channel.
    pub(super) fn into_xml(mut self) -> Option<String> {
        let numbered = !self.id.is_empty() && self.id.bytes().all(|b| b.is_ascii_digit());
        if !numbered || self.channel.is_empty() {
            return None;
        }
        self.complete();
        Some(self.xml())
    }

    fn sysmon(&self) -> bool {
        self.channel == SYSMON || self.provider == "Microsoft-Windows-Sysmon"
    }

    /// Adds what only the message tells, and the names of values.
    fn complete(&mut self) {
        if self.data.is_empty() && !self.values.is_empty() {
            let provider = match self.provider.as_str() {
                "" if self.sysmon() => "Microsoft-Windows-Sysmon",
                "" if self.channel == "Security" => "Microsoft-Windows-Security-Auditing",
                provider => provider,
            };
            let values = std::mem::take(&mut self.values);
            self.data = names::named(provider, &self.id, values);
        }
        if self.data.is_empty() && self.inner.is_none() && self.user_data.is_none() {
            self.data = sections::data(&self.channel, &self.id, &self.message);
        }
        if self.sysmon() {
            for (name, value) in message::sysmon(&self.message) {
                if !self.data.iter().any(|(known, _)| *known == name) {
                    self.data.push((name, Value::from(value)));
                }
            }
            let fixed = match self.id.as_str() {
                "13" => "SetValue",
                "17" => "CreatePipe",
                "18" => "ConnectPipe",
                _ => return,
            };
            if !self.data.iter().any(|(known, _)| known == "EventType") {
                self.data.push(("EventType".to_owned(), Value::from(fixed)));
            }
        }
    }

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
        self.body(&mut out);
        out.push_str("</Event>");
        out
    }

    fn body(&self, out: &mut String) {
        if let Some((name, value)) = &self.user_data {
            out.push_str("<UserData>");
            element(name, value, out);
            out.push_str("</UserData>");
            return;
        }
        out.push_str("<EventData>");
        match &self.inner {
            Some(inner) => out.push_str(inner),
            None => self.data.iter().for_each(|(name, value)| tree::datum(name, value, out)),
        }
        out.push_str("</EventData>");
        // Without data the text is all that tells what happened.
        if self.inner.is_none() && self.data.is_empty() && !self.message.is_empty() {
            out.push_str("<RenderingInfo Culture='en-US'>");
            element("Message", &Value::from(self.message.as_str()), out);
            out.push_str("</RenderingInfo>");
        }
    }
}

pub(super) const SYSMON: &str = "Microsoft-Windows-Sysmon/Operational";

/// A member by its path.
pub(super) fn at<'v>(document: &'v Value, path: &str) -> &'v Value {
    document.pointer(path).unwrap_or(&Value::Null)
}

/// The first of these members that has a value.
pub(super) fn first(event: &Map<String, Value>, keys: &[&str]) -> Value {
    let found = keys.iter().filter_map(|key| event.get(*key)).find(|v| !text(v).is_empty());
    found.cloned().unwrap_or_default()
}

/// A plain value as text; exports give each value in a list of its own.
pub(super) fn text(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Array(items) => {
            if let [one] = items.as_slice() {
                return text(one);
            }
        }
        Value::Object(_) => {}
        value => tree::scalar(value, &mut out),
    }
    out
}

/// A number as it is; a name, which tools write in its place, is left out.
pub(super) fn number(value: &Value) -> String {
    let text = text(value);
    match !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        true => text,
        false => String::new(),
    }
}

/// The time as Windows writes it.
pub(super) fn time(value: &Value) -> String {
    // PowerShell wraps a date in an object.
    let value = value.get("value").unwrap_or(value);
    let text = text(value);
    if text.ends_with('Z') && text.contains('T') {
        return text;
    }
    // `/Date(1595374458918)/`
    let inner = text.split_once("Date(").and_then(|(_, rest)| rest.split_once(')'));
    let text = inner.map_or(text.as_str(), |(digits, _)| digits);
    // Without a zone it is UTC; no clock is needed, since all forms here have a year.
    let micros = stamp::value(text, 0.0).map(|seconds| (seconds * 1e6).round() as i64);
    let stamp = micros.and_then(|m| jiff::Timestamp::from_microsecond(m).ok());
    stamp.map(|t| t.to_string()).unwrap_or_default()
}

pub(super) fn object(value: &Value) -> Vec<(String, Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The keywords of an audit, by the words that stand for them.
pub(super) fn audit(words: &str) -> &'static str {
    let words = words.to_ascii_lowercase();
    match () {
        () if words.contains("success") => "0x8020000000000000",
        () if words.contains("fail") => "0x8010000000000000",
        () => "",
    }
}

/// The mask as a number, signed or not, or as hexadecimal text.
pub(super) fn keywords(value: &Value) -> String {
    match value {
        Value::Number(n) => match (n.as_u64(), n.as_i64()) {
            (Some(mask), _) => format!("{mask:#x}"),
            (_, Some(mask)) => format!("{:#x}", mask as u64),
            _ => String::new(),
        },
        value => {
            let text = text(value).to_ascii_lowercase();
            let decimal = text.parse::<i64>().map(|n| n as u64).or_else(|_| text.parse::<u64>());
            match (text.strip_prefix("0x"), decimal) {
                (Some(hex), _) => format!("0x{hex}"),
                (None, Ok(mask)) => format!("{mask:#x}"),
                (None, Err(_)) => audit(&text).to_owned(),
            }
        }
    }
}

/// The number of a level, where it is given as a word or as a number.
pub(super) fn level(channel: &str, value: &Value) -> String {
    let own = number(value);
    if !own.is_empty() {
        return own;
    }
    let word = text(value).to_ascii_lowercase();
    let level = match word.as_str() {
        _ if channel == "Security" => "0",
        "critical" => "1",
        "error" => "2",
        "warning" => "3",
        "information" | "info" | "informational" => "4",
        "verbose" | "debug" => "5",
        "logalways" | "log always" => "0",
        _ => "",
    };
    level.to_owned()
}
