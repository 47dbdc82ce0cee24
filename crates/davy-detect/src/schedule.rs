//! When a detection runs, and over which window, on a clock that is passed in.

use croner::Cron;
use davy_content::model::Scheduling;
use davy_spl::{TimeModifier, parse_time_modifier};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use std::str::FromStr;

/// A detection's schedule, understood.
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: Cron,
    earliest: TimeModifier,
    latest: TimeModifier,
    zone: TimeZone,
}

/// One run: when it is due, and the window that it searches, in epoch seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tick {
    pub at: f64,
    pub earliest: f64,
    pub latest: f64,
}

#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    #[error("`{0}` is no cron schedule: {1}")]
    Cron(String, String),
    #[error("`{0}` is no relative time")]
    Time(String),
    #[error("the schedule window `{0}` is neither `auto` nor a number of minutes")]
    Window(String),
}

impl Schedule {
    pub fn new(scheduling: &Scheduling, zone: TimeZone) -> Result<Schedule, ScheduleError> {
        let text = &scheduling.cron_schedule;
        let cron =
            Cron::from_str(text).map_err(|e| ScheduleError::Cron(text.clone(), e.to_string()))?;
        let time = |text: &str| {
            parse_time_modifier(text).map_err(|_| ScheduleError::Time(text.to_owned()))
        };
        let window = &scheduling.schedule_window;
        if window != "auto" && window.parse::<u32>().is_err() {
            return Err(ScheduleError::Window(window.clone()));
        }
        Ok(Schedule {
            cron,
            earliest: time(&scheduling.earliest_time)?,
            latest: time(&scheduling.latest_time)?,
            zone,
        })
    }

    /// The first run that is due after `after` (epoch seconds). The schedule window may put off
    /// when the run starts, not which window it searches.
    pub fn next(&self, after: f64) -> Option<Tick> {
        let start = zoned(after, &self.zone)?;
        let due = self.cron.find_next_occurrence(&start, false).ok()?;
        let seconds = |t: Timestamp| t.as_microsecond() as f64 / 1e6;
        Some(Tick {
            at: seconds(due.timestamp()),
            earliest: seconds(self.earliest.resolve(due.clone())),
            latest: seconds(self.latest.resolve(due)),
        })
    }
}

fn zoned(at: f64, zone: &TimeZone) -> Option<Zoned> {
    Some(Timestamp::from_microsecond((at * 1e6) as i64).ok()?.to_zoned(zone.clone()))
}
