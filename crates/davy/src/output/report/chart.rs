//! The risk of each entity over time, as inline SVG.

use super::{shown_time, text};
use davy_detect::{Hunt, object_risk};
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Entities with a chart, those of the highest risk.
const SHOWN: usize = 15;
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 40.0;

pub(super) fn write(out: &mut dyn Write, hunt: &Hunt, zone: &TimeZone) -> io::Result<()> {
    let entities = object_risk(&hunt.findings);
    if entities.is_empty() {
        return Ok(());
    }
    let first = entities.iter().map(|e| e.first).fold(f64::INFINITY, f64::min);
    let last = entities.iter().map(|e| e.last).fold(f64::NEG_INFINITY, f64::max);
    let mut risks: HashMap<(String, &str), Vec<(f64, u64)>> = HashMap::new();
    for risk in hunt.findings.iter().flat_map(|f| &f.risk) {
        let key = (risk.object.to_lowercase(), risk.object_type.as_str());
        risks.entry(key).or_default().push((risk.time, u64::from(risk.score)));
    }
    out.write_all(
        b"<section aria-labelledby=\"over-head\"><h2 id=\"over-head\">Risk over time</h2>\n\
          <div class=\"wide\"><table class=\"over\"><caption>Summed risk of each object over \
          time</caption>\n<thead><tr><th scope=\"col\">Object</th><th scope=\"col\">Type</th>\
          <th scope=\"col\" class=\"n\">Risk</th><th scope=\"col\">Summed over time</th></tr>\
          </thead>\n<tbody>\n",
    )?;
    for entity in entities.iter().take(SHOWN) {
        let key = (entity.object.to_lowercase(), entity.object_type.as_str());
        let mut own = risks.remove(&key).unwrap_or_default();
        own.sort_by(|a, b| a.0.total_cmp(&b.0));
        let label = format!(
            "Risk of {} grows to {} between {} and {}",
            entity.object,
            entity.score,
            shown_time(entity.first, zone),
            shown_time(entity.last, zone)
        );
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td class=\"t\">{}</td><td class=\"n\">{}</td>\
             <td class=\"chart\">{}</td></tr>",
            text(&entity.object),
            text(&entity.object_type),
            entity.score,
            steps(&own, first, last, &label)
        )?;
    }
    write!(
        out,
        "</tbody></table></div>\n<p class=\"ends\"><span>from {}</span><span>to {}</span></p>\n",
        text(&shown_time(first, zone)),
        text(&shown_time(last, zone))
    )?;
    if entities.len() > SHOWN {
        writeln!(out, "<p>{} more stand in the table below.</p>", entities.len() - SHOWN)?;
    }
    out.write_all(b"</section>\n")
}

/// The sum as steps; each chart has its own scale.
fn steps(risks: &[(f64, u64)], first: f64, last: f64, label: &str) -> String {
    let total: u64 = risks.iter().map(|(_, score)| score).sum();
    let span = (last - first).max(1.0);
    let mut path = format!("M0 {HEIGHT}");
    let mut sum = 0u64;
    let mut at = 0i64;
    for (i, (time, score)) in risks.iter().enumerate() {
        let x = ((time - first) / span * (WIDTH - 4.0) + 2.0).round() as i64;
        sum += score;
        // Events of one pixel are one step.
        let next =
            risks.get(i + 1).map(|(t, _)| ((t - first) / span * (WIDTH - 4.0) + 2.0).round());
        if next == Some(x as f64) {
            continue;
        }
        let y = HEIGHT - (HEIGHT - 4.0) * sum as f64 / total.max(1) as f64;
        let _ = write!(path, "H{x}V{y:.1}");
        at = x;
    }
    debug_assert!(at as f64 <= WIDTH);
    let _ = write!(path, "H{WIDTH}");
    format!(
        "<svg class=\"risk\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" \
         role=\"img\" aria-label=\"{}\"><path class=\"area\" d=\"{path}V{HEIGHT}Z\"/>\
         <path class=\"step\" d=\"{path}\"/>\
         <path class=\"base\" d=\"M0 {HEIGHT}H{WIDTH}\"/></svg>",
        text(label)
    )
}
