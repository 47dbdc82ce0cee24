//! What becomes of a whole catalogue of searches, as a page: how many parse, how many bind, and
//! what is refused for which reason.

use super::check;
use super::texts::{self, Opened};
use davy_diag::{Diagnostic, Severity};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// The report on the detections and baselines of a folder in the ESCU layout.
pub(crate) fn page(catalogue: &Path) -> Result<String, String> {
    let content = [catalogue.display().to_string()];
    let mut out = String::from(
        "# The published catalogue\n\nEvery search of a copy of the published detections and \
         baselines, with its macros, lookups and data models: parsed, and bound (each command, \
         option and function understood). A refusal is a message by design: it says why, and \
         what works instead.\n",
    );
    for kind in ["detections", "baselines"] {
        let folder = catalogue.join(kind).display().to_string();
        let opened = texts::open(&[folder], &content)
            .map_err(|_| format!("{kind}: the catalogue cannot be read"))?;
        section(&mut out, kind, &opened);
    }
    Ok(out)
}

fn section(out: &mut String, kind: &str, opened: &Opened) {
    let syntax: Vec<&str> = davy_spl::codes::ALL.iter().map(|c| c.id).collect();
    let refused = davy_plan::codes::REFUSED.id;
    let checked = check::all(&opened.loaded, &opened.texts);
    let (mut all, mut parsed, mut bound, mut designed) = (0, 0, 0, 0);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut failed: BTreeMap<String, usize> = BTreeMap::new();
    let mut warnings: BTreeMap<&str, usize> = BTreeMap::new();
    for found in checked.iter().flat_map(|part| &part.found) {
        all += 1;
        let of = |severity| found.list().iter().filter(move |d| d.severity == severity);
        let errors: Vec<&Diagnostic> = of(Severity::Error).collect();
        parsed += usize::from(!errors.iter().any(|d| syntax.contains(&d.code.id)));
        bound += usize::from(errors.is_empty());
        if !errors.is_empty() && errors.iter().all(|d| d.code.id == refused) {
            designed += 1;
        }
        for error in errors {
            let into = if error.code.id == refused { &mut reasons } else { &mut failed };
            *into.entry(format!("{} ({})", error.message, error.code.id)).or_default() += 1;
        }
        let mut codes: Vec<&str> = of(Severity::Warning).map(|d| d.code.id).collect();
        codes.sort_unstable();
        codes.dedup();
        codes.into_iter().for_each(|code| *warnings.entry(code).or_default() += 1);
    }
    let _ = write!(
        out,
        "\n## {kind}\n\n| | searches | of all |\n|---|--:|--:|\n| there | {all} | |\n| parse | \
         {parsed} | {} |\n| bind | {bound} | {} |\n| refused by design | {designed} | {} |\n| bind \
         or are refused | {} | {} |\n",
        percent(parsed, all),
        percent(bound, all),
        percent(designed, all),
        bound + designed,
        percent(bound + designed, all),
    );
    table(out, "refusal", &reasons);
    table(out, "other mistake", &failed);
    table(out, "searches with a warning", &warnings);
}

fn percent(part: usize, all: usize) -> String {
    if part == all {
        return "100 %".to_owned();
    }
    // Rounded down: less than all is never shown as all.
    let tenths = part * 1000 / all.max(1);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn table<K: AsRef<str>>(out: &mut String, title: &str, counts: &BTreeMap<K, usize>) {
    if counts.is_empty() {
        return;
    }
    let _ = write!(out, "\n| {title} | times |\n|---|--:|\n");
    let mut list: Vec<(&str, usize)> = counts.iter().map(|(k, n)| (k.as_ref(), *n)).collect();
    list.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    for (name, n) in list {
        let _ = writeln!(out, "| {} | {n} |", name.replace('|', "\\|"));
    }
}
