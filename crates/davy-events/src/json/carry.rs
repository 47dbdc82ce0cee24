//! Events inside of objects and rows: the wrappers of buses and stores, of Splunk's HTTP collector
//! and of its exports, and the cells of tables.

use super::parse::{self, Flat};
use super::times::time_of;
use super::{JsonDecoder, Wrapper, container, laurel, wrap};
use crate::foreign;
use crate::rows::Run;
use crate::shape::Kind;
use crate::stamp;

impl JsonDecoder {
    /// The event inside of an object that only carries it, or the events; false if there is none
    /// of a known kind, or the object is of one itself.
    pub(super) fn unwrapped(&mut self, run: &mut Run<'_>, raw: &str) -> bool {
        let texts = wrap::xml_inside(&self.flat);
        for xml in &texts {
            let canonical = crate::xml::scan::canonical(xml);
            let xml = canonical.as_deref().unwrap_or(xml);
            self.windows.event(run, Kind::Json, xml, None);
        }
        if !texts.is_empty() {
            return true;
        }
        let inner = wrap::inner(&self.flat, raw);
        // A record of Kinesis has the names of a CloudTrail event.
        let carrier = self.flat.members.iter().any(|(name, _)| name == "kinesis");
        let own = !carrier && self.recogniser.tell(&self.flat, &run.meta.name).is_some();
        if inner.is_empty() || own {
            return false;
        }
        let mut listed = false;
        for text in inner {
            if self.listed(run, &text) {
                listed = true;
                continue;
            }
            if listed {
                continue;
            }
            let mut inside = std::mem::take(&mut self.inner);
            let tells = inside.read(&text, run.options.json_depth).is_ok()
                && (inside.members.iter().any(|(name, _)| name == "Event")
                    || self.tells(run, &inside, &text));
            self.inner = inside;
            if tells {
                std::mem::swap(&mut self.flat, &mut self.inner);
                let before = self.outer;
                self.outer = time_of(&self.inner, run.meta.now).or(before);
                self.event(run, &text);
                self.outer = before;
                return true;
            }
        }
        listed
    }

    pub(super) fn hec(&mut self, run: &mut Run<'_>, raw: &str) {
        let text = |key: &str| self.flat.get(key).map(str::to_owned);
        let wrapper = Wrapper {
            source: text("source"),
            sourcetype: text("sourcetype"),
            host: text("host"),
            index: text("index"),
            time: self.flat.get("time").and_then(|time| stamp::value(time, run.meta.now)),
            row: false,
        };
        let event = self.flat.member(raw, "event").unwrap_or_default();
        let mut fields = Flat::default();
        if let Some(text) = self.flat.member(raw, "fields") {
            // It was read once, so it reads again.
            let _ = fields.read(text, run.options.json_depth);
        }
        match parse::string(event) {
            Some(text) => self.text(run, &text, &wrapper, Some(&fields)),
            None => self.text(run, event, &wrapper, Some(&fields)),
        }
    }

    /// A row of a search that was exported: its fields are as the search gave them.
    pub(super) fn export(&mut self, run: &mut Run<'_>, raw: &str) {
        let result = self.flat.member(raw, "result").unwrap_or_default();
        let mut flat = std::mem::take(&mut self.inner);
        if flat.read(result, run.options.json_depth).is_ok() {
            self.row(run, result, &flat);
        }
        self.inner = flat;
    }

    /// As `row`, of a table: the names and values of one row, and its text.
    pub(crate) fn table_row(&mut self, run: &mut Run<'_>, json: &str, fields: &[(&str, &str)]) {
        let mut flat = std::mem::take(&mut self.inner);
        flat.fill(fields);
        self.row(run, json, &flat);
        self.inner = flat;
    }

    /// An object at the end of a line, behind what carried it there, or the cells of a row; false
    /// if it is of no kind that is known, and carries none.
    pub(crate) fn carried(&mut self, run: &mut Run<'_>, text: &str, host: Option<&str>) -> bool {
        let mut flat = std::mem::take(&mut self.flat);
        let whole = flat.read(text, run.options.json_depth) == Ok(text.len());
        let xml = if whole { wrap::windows_of(&flat, text) } else { None };
        let record = match whole {
            true => self.tables.record(&flat, text, run.meta.now),
            false => None,
        };
        let known = whole && self.recogniser.tell(&flat, &run.meta.name).is_some();
        let wrapper = Wrapper { host: host.map(str::to_owned), ..Wrapper::default() };
        let found = xml.is_some() || record.is_some() || known;
        match (&xml, &record) {
            // Its own computer is the host, not who sent it on.
            (Some(xml), _) => self.windows.event(run, Kind::Json, xml, None),
            (_, Some(record)) => self.text(run, record, &wrapper, None),
            _ if known => self.object(run, text, &flat, &wrapper, None),
            _ => {}
        }
        self.flat = flat;
        if found || whole && (self.audited(run, text, host) || self.unwrapped(run, text)) {
            return true;
        }
        let shipped = if whole { wrap::shipped(&self.flat, run.meta.now) } else { None };
        if let Some((line, wrapper)) = &shipped {
            self.text(run, line, wrapper, None);
        }
        shipped.is_some()
    }

    /// The records of Linux's audit system that are now in `flat` as one object; false if it is none.
    pub(super) fn audited(&mut self, run: &mut Run<'_>, raw: &str, host: Option<&str>) -> bool {
        let Some((lines, node)) = laurel::lines(&self.flat, raw) else { return false };
        let host = node.or_else(|| host.map(str::to_owned));
        let wrapper = Wrapper { host, ..Wrapper::default() };
        for line in lines {
            self.plain(run, &line, &wrapper, None);
        }
        true
    }

    /// A record of the journal, by its fields; false if it is none.
    pub(crate) fn journal(&mut self, run: &mut Run<'_>, fields: &[(&str, &str)]) -> bool {
        let mut flat = std::mem::take(&mut self.flat);
        flat.fill(fields);
        let shipped = wrap::shipped(&flat, run.meta.now);
        self.flat = flat;
        if let Some((line, wrapper)) = &shipped {
            self.text(run, line, wrapper, None);
        }
        shipped.is_some()
    }

    /// The events of a list that stands in an object, each as if it stood alone; false if there is
    /// no such list, or what it holds is of no kind that is known.
    fn listed(&mut self, run: &mut Run<'_>, text: &str) -> bool {
        let Some((mut at, _)) = container::start(text.as_bytes(), true) else { return false };
        let mut found = false;
        loop {
            let rest = text.get(at..).unwrap_or_default();
            let rest = rest.trim_start_matches([',', ' ', '\n', '\r', '\t']);
            let mut inside = std::mem::take(&mut self.inner);
            let size = inside.read(rest, run.options.json_depth).ok();
            let own = size.and_then(|size| rest.get(..size));
            let tells = own.is_some_and(|own| found || self.tells(run, &inside, own));
            self.inner = inside;
            let Some(own) = own.filter(|_| tells) else { return found };
            std::mem::swap(&mut self.flat, &mut self.inner);
            self.event(run, own);
            found = true;
            at = text.len() - rest.len() + own.len();
        }
    }

    /// Whether an object is an event of a kind that is known, or carries one.
    pub(super) fn tells(&mut self, run: &Run<'_>, flat: &Flat, text: &str) -> bool {
        let own = flat.get("CloudTrailEvent").is_some()
            || flat.members.iter().any(|(name, _)| matches!(name.as_str(), "_source" | "_raw"))
            || wrap::is_log_event(flat)
            || !wrap::xml_inside(flat).is_empty()
            || foreign::form(flat.members.iter().map(|(name, _)| name.as_str())).is_some()
            || self.recogniser.tell(flat, &run.meta.name).is_some()
            || laurel::lines(flat, text).is_some()
            || self.tables.record(flat, text, run.meta.now).is_some();
        let mut inside = Flat::default();
        own || wrap::inner(flat, text).iter().any(|text| {
            // The object itself, or the first of the list in it.
            let first = container::start(text.as_bytes(), true).map(|(at, _)| at);
            [Some(0), first].into_iter().flatten().any(|at| {
                let text = text.get(at..).unwrap_or_default().trim_start();
                let size = inside.read(text, run.options.json_depth);
                let own = size.ok().and_then(|size| text.get(..size));
                own.is_some_and(|own| {
                    wrap::windows_of(&inside, own).is_some()
                        || laurel::lines(&inside, own).is_some()
                        || at > 0 && wrap::is_log_event(&inside)
                        || self.recogniser.tell(&inside, &run.meta.name).is_some()
                })
            })
        })
    }

    /// Whether rows with these columns may be events of a kind that is known.
    pub(crate) fn may_tell(&mut self, columns: &[String]) -> bool {
        let syslog = columns.iter().any(|name| name == "SyslogMessage");
        syslog || self.tables.fits(columns) || self.recogniser.may_tell(columns)
    }

    /// The text of an event that stood in a column of a table.
    pub(crate) fn wrapped(&mut self, run: &mut Run<'_>, text: &str) {
        self.text(run, text, &Wrapper::default(), None);
    }

    /// A result row, told by its `_time` or `_raw`: these and the default fields are as they stand.
    pub(super) fn row(&mut self, run: &mut Run<'_>, json: &str, flat: &Flat) {
        let text = |key: &str| flat.get(key).map(str::to_owned);
        // A number is seconds here, however few digits it has.
        let time = |text: &str| {
            let number = text.parse::<f64>().ok().filter(|n| n.is_finite() && n.abs() < 1e11);
            number.or_else(|| stamp::value(text, run.meta.now))
        };
        let wrapper = Wrapper {
            source: text("source"),
            sourcetype: text("sourcetype"),
            host: text("host"),
            index: text("index"),
            time: flat.get("_time").and_then(time),
            row: true,
        };
        match text("_raw") {
            Some(own) => self.text(run, &own, &wrapper, Some(flat)),
            None => self.object(run, json, flat, &wrapper, None),
        }
    }
}
