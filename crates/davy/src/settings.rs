//! What most subcommands share: the clock, the zone, the time range, the session.

use crate::exit::Exit;
use clap::Args;
use davy_exec::{Config, Session};
use davy_plan::{Env, parse_instant};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::time::Duration;

/// The time range and the resources of a run.
#[derive(Args, Clone, Default)]
pub(crate) struct RangeArgs {
    /// Events from then on: -24h, -7d@d, an epoch time, 2026-05-04, 2026-05-04T12:00:00 (in
    /// --zone), 2026-05-04T12:00:00Z.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) earliest: Option<String>,
    /// Events before then.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) latest: Option<String>,
    /// The time zone in which times are printed and read; UTC unless given.
    #[arg(long, value_name = "ZONE")]
    pub(crate) zone: Option<String>,
    /// The clock of the search, in place of now.
    #[arg(long, value_name = "TIME", hide = true)]
    pub(crate) now: Option<String>,
    /// Threads that read and compute; all cores unless given.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Memory that searches may hold, 512M or 4G: sorts and groups spill to disk before that, a
    /// search that needs more is ended. Half of the machine's memory unless given (4G where the
    /// system does not tell it).
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory_limit: Option<String>,
    /// Seconds that the commands of one search may take.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
}

impl RangeArgs {
    pub(crate) fn env(&self) -> Result<Env, Exit> {
        let zone = match &self.zone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|e| usage(&format!("--zone: {e}")))?,
        };
        let wall = Timestamp::now().as_microsecond() as f64 / 1e6;
        let now = match &self.now {
            None => wall,
            Some(text) => instant("--now", text, wall, &zone)?,
        };
        let mut env = Env { now, zone: zone.clone(), ..Env::default() };
        if let Some(text) = &self.earliest {
            env.earliest = instant("--earliest", text, now, &zone)?;
        }
        if let Some(text) = &self.latest {
            env.latest = instant("--latest", text, now, &zone)?;
        }
        if env.earliest >= env.latest {
            let [from, to] =
                [&self.earliest, &self.latest].map(|text| text.as_deref().unwrap_or("0"));
            return Err(usage(&format!(
                "no event is from `{from}` on and before `{to}`; give --latest a later time than \
                 --earliest"
            )));
        }
        Ok(env)
    }

    pub(crate) fn session(&self) -> Result<Session, Exit> {
        let mut config = Config::default();
        if let Some(threads) = self.threads {
            config.partitions = threads.max(1);
        }
        config.timeout = self.timeout;
        match &self.memory_limit {
            Some(size) => {
                config.memory = Some(bytes(size).ok_or_else(|| {
                    usage(&format!("--memory-limit: `{size}` is no size; write 512M or 4G"))
                })?);
            }
            None => config.guard = Some(half_of_memory().unwrap_or(4 << 30)),
        }
        Session::new(config).map_err(|e| usage(&e.to_string()))
    }
}

fn instant(flag: &str, text: &str, now: f64, zone: &TimeZone) -> Result<f64, Exit> {
    let seconds = |at: Timestamp| at.as_microsecond() as f64 / 1e6;
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(seconds(at));
    }
    // Digits alone are seconds, not a date.
    let civil = || {
        let at: DateTime = text.parse().ok()?;
        Some(seconds(at.to_zoned(zone.clone()).ok()?.timestamp()))
    };
    parse_instant(text, now, zone).or_else(civil).ok_or_else(|| {
        usage(&format!(
            "{flag}: `{text}` is no time; write -24h, -7d@d or now, seconds since 1970, 2026-05-04, \
             2026-05-04T12:00:00 or `2026-05-04 12:00:00` in --zone (UTC unless given), \
             2026-05-04T12:00:00Z, or 05/04/2026:12:00:00"
        ))
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no number of seconds; write 30 or 0.5");
    let seconds: f64 = text.trim_end_matches('s').parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

/// As far as the system tells it.
fn half_of_memory() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024 / 2)
}

fn bytes(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_uppercase().trim_end_matches('B') {
        "" => 1,
        "K" | "KI" => 1 << 10,
        "M" | "MI" => 1 << 20,
        "G" | "GI" => 1 << 30,
        _ => return None,
    };
    digits.parse::<usize>().ok()?.checked_mul(unit)
}

/// Tells of a mistake in the arguments.
pub(crate) fn usage(message: &str) -> Exit {
    tell!("davy: {message}");
    Exit::Usage
}
