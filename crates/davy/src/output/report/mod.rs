//! A hunt as one HTML file that needs nothing else.
//!
//! What came from logs stands in the page as JSON in which no `<` is left, and the script makes
//! only text nodes of it: no value can become markup. Details are read in parts, when they are
//! opened, so that a page of many findings opens at once.

mod chart;
mod data;
mod matrix;

use davy_content::html::{self, escape as text};
use davy_content::{ATTACK_NOTICE, Attack};
use davy_detect::Hunt;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::io::{self, Write};

const CSS: &str = include_str!("report.css");
const JS: &str = include_str!("report.js");

/// What a report is made of.
pub(crate) struct Report<'a> {
    pub(crate) hunt: &'a Hunt,
    pub(crate) attack: &'a Attack,
    pub(crate) files: usize,
    pub(crate) events: u64,
    /// Inputs that could not be read, or not all of them.
    pub(crate) unread: usize,
    /// When it is made, in seconds since the epoch.
    pub(crate) now: f64,
    pub(crate) zone: &'a TimeZone,
}

/// Writes the report.
pub(crate) fn report(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let hunt = report.hunt;
    out.write_all(html::head("Hunt report", true).as_bytes())?;
    out.write_all(b"<link rel=\"icon\" href=\"data:,\">\n")?;
    write!(out, "<style>\n{}{CSS}</style>\n</head>\n<body>\n", html::BASE_CSS)?;
    out.write_all(b"<a class=\"skip\" href=\"#findings-head\">To the findings</a>\n")?;
    write!(out, "<header>\n<h1>Hunt report</h1>\n")?;
    sums(out, report)?;
    out.write_all(
        b"</header>\n<main>\n<noscript><p class=\"note\">The tables need JavaScript, \
        which is in this file; the charts do not.</p></noscript>\n",
    )?;
    if hunt.stopped {
        out.write_all(
            b"<p class=\"note\">The hunt was stopped before its end: these are the \
            findings so far.</p>\n",
        )?;
    }
    if report.unread > 0 {
        writeln!(
            out,
            "<p class=\"note\">Of {} inputs something could not be read.</p>",
            report.unread
        )?;
    }
    chart::write(out, hunt, report.zone)?;
    matrix::write(out, hunt, report.attack)?;
    section(out, "entities", "Hosts, users and others by risk", true)?;
    section(out, "notables", "Risk notables", !data::notables(report).is_empty())?;
    section(out, "detections", "Detections with findings", true)?;
    section(out, "findings", "Findings", true)?;
    section(
        out,
        "suppressed",
        "Suppressed as known to be good",
        !data::suppressed(report).is_empty(),
    )?;
    let lacking = !hunt.left_out.is_empty() || !hunt.without_baseline.is_empty();
    section(out, "left-out", "Detections that did not run, or without their baseline", lacking)?;
    writeln!(
        out,
        "</main>\n<footer><p>Made by davy. ATT&amp;CK: {}</p></footer>",
        text(ATTACK_NOTICE)
    )?;
    data::write(out, report)?;
    write!(out, "<script>\n{JS}</script>\n</body>\n</html>\n")?;
    out.flush()
}

fn section(out: &mut dyn Write, id: &str, title: &str, there: bool) -> io::Result<()> {
    if !there {
        return Ok(());
    }
    writeln!(
        out,
        "<section aria-labelledby=\"{id}-head\"><h2 id=\"{id}-head\">{title}</h2>\
         <div id=\"{id}\"></div></section>"
    )
}

fn sums(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let hunt = report.hunt;
    let times = || hunt.findings.iter().map(|f| f.time);
    let mut sums = vec![
        ("Findings", hunt.findings.len().to_string()),
        ("Risk events", hunt.findings.iter().map(|f| f.risk.len()).sum::<usize>().to_string()),
        ("Detections run", hunt.ran.to_string()),
        ("Events read", report.events.to_string()),
        ("Files", report.files.to_string()),
    ];
    if let Some(first) = times().min_by(f64::total_cmp)
        && let Some(last) = times().max_by(f64::total_cmp)
    {
        sums.push(("First finding", shown_time(first, report.zone)));
        sums.push(("Last finding", shown_time(last, report.zone)));
    }
    sums.push(("Report of", shown_time(report.now, report.zone)));
    out.write_all(b"<dl class=\"sums\">\n")?;
    for (name, value) in sums {
        writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", text(&value))?;
    }
    out.write_all(b"</dl>\n")
}

/// Seconds since the epoch in the zone of the report.
fn shown_time(at: f64, zone: &TimeZone) -> String {
    Timestamp::from_microsecond((at * 1e6) as i64)
        .map(|t| t.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S%:z").to_string())
        .unwrap_or_default()
}
