//! Fields that Splunk adds when it indexes an event, made of its text and its time.

use davy_events::stamp_of;
use davy_plan::{Column, Val};
use jiff::Timestamp;

/// As many signs of punctuation are kept. The Splexicon says thirty; values of `punct` in exported
/// events have fifty.
const PUNCT: usize = 50;

/// `linecount` and `punct`.
pub(super) fn of_text(raw: &str, push: &mut impl FnMut(&str, &str)) {
    push("linecount", &raw.trim_end_matches('\n').split('\n').count().to_string());
    let sign = |c: char| match c {
        '\t' => 't',
        c if c.is_whitespace() => '_',
        c => c,
    };
    let first = raw.lines().next().unwrap_or_default();
    let signs = first.chars().filter(|c| !c.is_alphanumeric()).map(sign);
    push("punct", &signs.take(PUNCT).collect::<String>());
}

/// `timestartpos`, `timeendpos` and the fields named `date_`, of the time and, where its own clock
/// may differ from that of Greenwich, the text: they are what the text says, whatever its zone.
/// Knowledge Manager Manual, "Use default fields".
pub(super) fn of_time(columns: &[Column], row: usize, out: &mut Vec<(String, String)>) {
    let Some(time) = columns.first().and_then(|c| c.get(row).num()) else { return };
    let raw = columns.get(1).map_or(Val::Null, |c| c.get(row));
    let stamp = raw.text().and_then(|raw| stamp_of(&raw, time));
    let mut push = |name: &str, value: String| out.push((name.to_owned(), value));
    let mut zone = Some(0.0);
    if let Some(stamp) = stamp {
        push("timestartpos", stamp.from.to_string());
        push("timeendpos", stamp.to.to_string());
        zone = stamp.east;
    }
    let east = zone.unwrap_or_default();
    let Ok(clock) = Timestamp::from_second((time + east).floor() as i64) else { return };
    let clock = clock.to_zoned(jiff::tz::TimeZone::UTC);
    push("date_hour", clock.hour().to_string());
    push("date_mday", clock.day().to_string());
    push("date_minute", clock.minute().to_string());
    push("date_second", clock.second().to_string());
    push("date_year", clock.year().to_string());
    push("date_month", clock.strftime("%B").to_string().to_lowercase());
    push("date_wday", clock.strftime("%A").to_string().to_lowercase());
    push("date_zone", zone.map_or("local".to_owned(), |east| format!("{:.0}", east / 60.0)));
}
