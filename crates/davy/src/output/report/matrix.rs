//! The ATT&CK matrix of the findings: a column a tactic, a cell a technique with its findings.

use super::text;
use davy_content::Attack;
use davy_detect::Hunt;
use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) fn write(out: &mut dyn Write, hunt: &Hunt, attack: &Attack) -> io::Result<()> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for id in hunt.findings.iter().flat_map(|f| &f.techniques) {
        *counts.entry(id).or_default() += 1;
    }
    let Some(most) = counts.values().max().copied() else { return Ok(()) };
    out.write_all(
        b"<section aria-labelledby=\"matrix-head\"><h2 id=\"matrix-head\">ATT&amp;CK</h2>\n\
          <p>Findings of each technique; a technique chooses its findings in the table below.</p>\n\
          <div class=\"matrix\">\n",
    )?;
    for tactic in Attack::tactics() {
        let cells: Vec<(&str, &str, usize)> = counts
            .iter()
            .filter_map(|(id, count)| {
                let technique = attack.technique(id)?;
                let here = technique.tactics.iter().any(|t| t.id == tactic.id);
                here.then_some((*id, technique.name.as_str(), *count))
            })
            .collect();
        if cells.is_empty() {
            continue;
        }
        writeln!(out, "<section><h3>{}</h3>", text(tactic.name))?;
        for (id, name, count) in cells {
            let hot = 0.12 + 0.45 * (count as f64).ln_1p() / (most as f64).ln_1p();
            writeln!(
                out,
                "<button type=\"button\" data-technique=\"{0}\" style=\"--hot:{hot:.2}\">\
                 <b>{count}</b>{0} {1}</button>",
                text(id),
                text(name)
            )?;
        }
        out.write_all(b"</section>\n")?;
    }
    out.write_all(b"</div></section>\n")
}
