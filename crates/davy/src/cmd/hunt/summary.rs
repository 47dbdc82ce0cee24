//! What a hunt came to, on standard error.

use crate::output::counted;
use davy_detect::{Hunt, LeftOut, Why, object_risk, risk_notables};
use davy_diag::Diagnostic;
use davy_exec::InputReport;
use std::collections::BTreeMap;

/// Rows of each list; the rest is counted.
const SHOWN: usize = 10;

/// `inputs`: how many files there are, read or not.
pub(super) fn summary(hunt: &Hunt, reports: &[InputReport], inputs: usize) {
    let events: u64 = reports.iter().map(|r| r.counts.events).sum();
    let risk: usize = hunt.findings.iter().map(|f| f.risk.len()).sum();
    tell!(
        "{}, {}, {}: {}, {}",
        counted(reports.len(), "file"),
        counted(usize::try_from(events).unwrap_or(usize::MAX), "event"),
        counted(hunt.ran, "detection"),
        counted(hunt.findings.len(), "finding"),
        counted(risk, "risk event"),
    );
    if hunt.stopped {
        let cut = reports.iter().filter(|report| report.cut).count();
        tell!(
            "stopped before the end: these are the findings so far, of {} read whole, {cut} in part \
             and {} not at all",
            counted(reports.len() - cut, "file"),
            inputs.saturating_sub(reports.len()),
        );
    }
    by_risk(hunt);
    suppressed(hunt);
    if !hunt.second_stage.is_empty() {
        let n = hunt.second_stage.len();
        let read = if n == 1 { "reads" } else { "read" };
        tell!("{} {read} the risk events and notables of the others", counted(n, "detection"));
    }
    without_risk(hunt);
    let cut: Vec<_> = hunt.notes.iter().filter(|(_, note)| is_cut(note)).collect();
    list("detections whose result was cut", &cut, |(name, note)| {
        format!("  {name}: {}", note.message)
    });
    let no_table: Vec<_> = hunt.notes.iter().filter(|(_, note)| is_no_table(note)).collect();
    list("detections that ran without a lookup table", &no_table, |(name, note)| {
        format!("  {name}: {}", note.message)
    });
    let without: Vec<_> = hunt.without_baseline.iter().filter(|b| b.had_events).collect();
    list("detections that ran without their baseline", &without, |b| {
        format!("  {}: {}", b.detection, b.reason())
    });
    left_out(&hunt.left_out);
}

/// A hunt for nothing but what builds on others' findings is in vain.
fn without_risk(hunt: &Hunt) {
    let n = hunt.without_risk;
    if n > 0 && hunt.ran <= n {
        let read = if n == 1 { "reads" } else { "read" };
        tell!(
            "{} {read} the risk events of others, and none was chosen that makes some; add --type \
             TTP --type Anomaly",
            counted(n, "detection")
        );
    }
}

fn is_cut(note: &Diagnostic) -> bool {
    ["run::limit-cut", "run::subsearch-cut"].contains(&note.code.id)
}

/// A list that a search leaves out, or looks for, was empty for it.
fn is_no_table(note: &Diagnostic) -> bool {
    note.code.id == "knowledge::no-such-lookup"
}

fn suppressed(hunt: &Hunt) {
    let mut entries: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for one in &hunt.suppressed {
        *entries.entry((&one.entry, &one.reason)).or_default() += 1;
    }
    let entries: Vec<_> = entries.into_iter().collect();
    list("findings suppressed as known to be good", &entries, |((entry, reason), count)| {
        format!("{count:>7}  {entry}: {reason}")
    });
}

/// Faults one by one, as far as there is room; the rest by kind.
fn left_out(all: &[LeftOut]) {
    let faults: Vec<&LeftOut> = all.iter().filter(|l| l.why.is_fault()).collect();
    list("detections that could not run", &faults, |l| format!("  {}: {}", l.detection, l.reason));
    let mut kinds: BTreeMap<Why, usize> = BTreeMap::new();
    all.iter().for_each(|l| *kinds.entry(l.why).or_default() += 1);
    if kinds.is_empty() {
        return;
    }
    let counts: Vec<String> =
        kinds.iter().map(|(why, n)| format!("{n} {}", why.as_str())).collect();
    let n = counted(all.len(), "detection");
    tell!("{n} did not run ({}); --left-out lists them", counts.join(", "));
}

fn by_risk(hunt: &Hunt) {
    let objects = object_risk(&hunt.findings);
    if objects.len() < 2 {
        return;
    }
    let mut detections: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
    let mut tactics: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &hunt.findings {
        let (score, count) = detections.entry(&finding.detection).or_default();
        *score += finding.risk.iter().map(|r| u64::from(r.score)).sum::<u64>();
        *count += 1;
        for tactic in &finding.tactics {
            *tactics.entry(tactic).or_default() += 1;
        }
    }
    let mut detections: Vec<_> = detections.into_iter().collect();
    detections.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
    list("detections by risk", &detections, |(name, (score, count))| {
        format!("{score:>7}  {name} ({count})")
    });
    list("hosts, users and others by risk", &objects, |o| {
        let sources = counted(o.sources, "detection");
        format!("{:>7}  {} ({}, {sources})", o.score, o.object, o.object_type)
    });
    let row: Vec<String> = tactics.iter().map(|(name, count)| format!("{name} {count}")).collect();
    tell!("ATT&CK tactics: {}", row.join(", "));
    let notables = risk_notables(&hunt.findings);
    list("risk notables", &notables, |n| {
        format!("{:>7}  {} ({}): {}, {}", n.score, n.object, n.object_type, n.rule, n.severity)
    });
}

fn list<T>(title: &str, rows: &[T], line: impl Fn(&T) -> String) {
    if rows.is_empty() {
        return;
    }
    tell!("{title}:");
    rows.iter().take(SHOWN).for_each(|row| tell!("{}", line(row)));
    if rows.len() > SHOWN {
        tell!("         and {} more", rows.len() - SHOWN);
    }
}

/// Where the time went, for `--profile`.
pub(super) fn profile(hunt: &Hunt) {
    let p = &hunt.profile;
    let ms = |d: std::time::Duration| d.as_secs_f64() * 1e3;
    tell!(
        "read searches {:.0} ms, plan {:.0} ms, scan {:.0} ms, commands {:.0} ms, findings {:.0} ms, \
         second stage {:.0} ms",
        ms(p.prepare),
        ms(p.plan),
        ms(p.scan),
        ms(p.rest),
        ms(p.findings),
        ms(p.second),
    );
    let within = &p.within_scan;
    tell!(
        "core time of the scan: read {:.0} ms, decode {:.0} ms, match {:.0} ms, rest {:.0} ms",
        ms(within.read),
        ms(within.decode),
        ms(within.matched),
        ms(within.rest),
    );
    let mut rows: Vec<_> = p.detections.iter().filter(|(_, spent)| spent.rows_in > 0).collect();
    rows.sort_by(|(a, x), (b, y)| y.time.cmp(&x.time).then_with(|| a.cmp(b)));
    tell!("  events past filter     rows out         ms  detection");
    for (name, spent) in rows {
        tell!("{:>20} {:>12} {:>10.1}  {name}", spent.rows_in, spent.rows_out, ms(spent.time));
    }
}
