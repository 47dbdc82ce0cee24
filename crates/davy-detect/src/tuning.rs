//! Findings that are known to be good, taken out before they become risk.

use crate::finding::Finding;
use crate::hunt::Hunt;
use crate::run::World;
use crate::selection::{any, named, unmatched_name};
use davy_content::codes::{TUNING, TUNING_EXPIRED, TUNING_IDLE, TUNING_UNUSED};
use davy_content::{TuningEntry, TuningTest};
use davy_diag::{Diagnostics, Severity, closest};
use davy_events::{Meta, Options};
use davy_exec::{FileSource, Input, Place, Prepared, RunError, Search, prepare};
use davy_plan::{Env, FieldSet, rows_of};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A finding that an entry of a tuning file knows.
#[derive(Debug, Clone)]
pub struct Suppressed {
    /// Without risk.
    pub finding: Finding,
    pub reason: String,
    /// The entry: `tuning.yml:12`.
    pub entry: String,
}

impl Suppressed {
    pub fn to_json(&self) -> Map<String, Value> {
        let mut map = self.finding.to_json();
        map.insert("suppressed".to_owned(), json!({ "reason": self.reason, "entry": self.entry }));
        map
    }
}

/// The entries of a tuning file, ready to be tried on findings.
#[derive(Debug, Default)]
pub struct Tuning {
    entries: Vec<(TuningEntry, Option<Prepared>)>,
}

/// The field by which a finding is known again.
const NUMBER: &str = "davy_finding";

impl Tuning {
    /// Reads the entries' searches. Entries that have expired or name no detection are warned of
    /// and do nothing; a mistake in a search is an error.
    pub fn new(
        entries: Vec<TuningEntry>,
        world: &World<'_>,
        env: &Env,
        diags: &mut Diagnostics,
    ) -> Tuning {
        let today = Timestamp::from_second(env.now as i64)
            .map(|t| t.to_zoned(env.zone.clone()).date())
            .unwrap_or_default();
        let mut out = Tuning::default();
        for entry in entries {
            if let Some(day) = entry.expires.as_ref().filter(|day| day.value < today) {
                diags.push(
                    TUNING_EXPIRED
                        .at(day.span, format!("the entry expired on {}", day.value))
                        .label("no longer suppresses anything")
                        .help("remove the entry, or look at it again and write a later `expires`"),
                );
                continue;
            }
            let word = &entry.detection;
            if let Some(idle) = unmatched_name(&word.value, world.content.detections()) {
                let help = idle.near.map(|near| format!("did you mean `{near}`?"));
                diags.push(
                    TUNING_IDLE
                        .at(word.span, format!("no detection has the name `{}`", word.value))
                        .help(help),
                );
                continue;
            }
            let text = match &entry.test {
                TuningTest::All | TuningTest::Field { .. } => None,
                TuningTest::Where(spl) => Some((spl, format!("* | where {}", spl.value))),
                TuningTest::Search(spl) => Some((spl, format!("* | search {}", spl.value))),
            };
            let Some((spl, text)) = text else {
                out.entries.push((entry, None));
                continue;
            };
            let text = format!("{text} | table {NUMBER}");
            let prepared = prepare(&entry.place, &text, world.knowledge.macros());
            let sorted = prepared.diags.sorted();
            if let Some(first) = sorted.iter().find(|d| d.severity == Severity::Error) {
                let message = format!("the SPL of the entry: {}", first.message);
                diags.push(TUNING.at(spl.span, message).help(first.help.clone()));
                continue;
            }
            out.entries.push((entry, Some(prepared)));
        }
        out
    }

    /// Takes the findings that an entry knows out of the hunt; the first entry that does counts.
    pub fn apply(&self, world: &World<'_>, hunt: &mut Hunt, env: &Env) -> Result<(), RunError> {
        for (entry, prepared) in &self.entries {
            let list = [entry.detection.value.clone()];
            let mine: BTreeSet<usize> = hunt
                .findings
                .iter()
                .enumerate()
                .filter(|(_, f)| of(&list, f, world))
                .map(|(at, _)| at)
                .collect();
            if mine.is_empty() {
                continue;
            }
            let known: BTreeSet<usize> = match (&entry.test, prepared) {
                (TuningTest::Field { field, value }, _) => {
                    let value = [value.clone()];
                    let fits = |at: &usize| {
                        let finding = hunt.findings.get(*at);
                        let had = finding.map(|f| f.row.values(&field.value)).unwrap_or_default();
                        had.iter().any(|v| any(&value, v))
                    };
                    mine.into_iter().filter(fits).collect()
                }
                (_, Some(prepared)) => matching(world, prepared, &hunt.findings, &mine, env)?,
                (_, None) => mine,
            };
            let all = std::mem::take(&mut hunt.findings);
            for (at, mut finding) in all.into_iter().enumerate() {
                if !known.contains(&at) {
                    hunt.findings.push(finding);
                    continue;
                }
                finding.risk.clear();
                hunt.suppressed.push(Suppressed {
                    finding,
                    reason: entry.reason.clone(),
                    entry: entry.place.clone(),
                });
            }
        }
        hunt.suppressed.sort_by(|a, b| a.finding.time.total_cmp(&b.finding.time));
        Ok(())
    }

    /// Warns of entries whose field no finding of their detections has.
    pub fn unused(&self, world: &World<'_>, hunt: &Hunt) -> Diagnostics {
        let mut diags = Diagnostics::default();
        for (entry, _) in &self.entries {
            let TuningTest::Field { field, .. } = &entry.test else { continue };
            let list = [entry.detection.value.clone()];
            let all = hunt.findings.iter().chain(hunt.suppressed.iter().map(|s| &s.finding));
            let mine: Vec<&Finding> = all.filter(|f| of(&list, f, world)).collect();
            if mine.is_empty() || mine.iter().any(|f| f.row.get(&field.value).is_some()) {
                continue;
            }
            let names: BTreeSet<&str> =
                mine.iter().flat_map(|f| f.row.fields.iter().map(|(name, _)| &**name)).collect();
            let help = match closest(&field.value, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let names: Vec<&str> = names.into_iter().take(12).collect();
                    format!("the findings have {}", names.join(", "))
                }
            };
            let detection = &entry.detection.value;
            let message = format!("no finding of `{detection}` has a field `{}`", field.value);
            diags.push(TUNING_UNUSED.at(field.span, message).help(help));
        }
        diags
    }
}

fn of(list: &[String], finding: &Finding, world: &World<'_>) -> bool {
    if any(list, &finding.detection) || any(list, &finding.id) {
        return true;
    }
    let detection = world.content.detections().iter().find(|d| d.id.value == finding.id);
    detection.is_some_and(|d| named(list, d))
}

/// The numbers of the findings whose rows the search lets through.
fn matching(
    world: &World<'_>,
    prepared: &Prepared,
    findings: &[Finding],
    which: &BTreeSet<usize>,
    env: &Env,
) -> Result<BTreeSet<usize>, RunError> {
    let mut text = String::new();
    for at in which {
        let Some(finding) = findings.get(*at) else { continue };
        crate::risk::stash_line(&mut text, finding.time, &finding.row.fields);
        text.push_str(&format!(", {NUMBER}=\"{at}\"\n"));
    }
    let input = Input {
        place: Place::Bytes(Arc::from(text.into_bytes())),
        meta: Meta { sourcetype: Some("stash".to_owned()), now: env.now, ..Meta::default() },
    };
    let source = FileSource::new(vec![input], Options::default());
    let search = Search {
        prepared,
        // The entry is about findings, whatever the time range of the events.
        env: Arc::new(Env { earliest: 0.0, latest: f64::INFINITY, ..env.clone() }),
        source: Some(Arc::new(source)),
        knowledge: world.knowledge,
        out: FieldSet::of([NUMBER.to_owned()]),
    };
    let answer = world.session.run(&search)?;
    let rows = rows_of(&answer.schema, &answer.batches)?;
    let Some(column) = rows.column(NUMBER) else { return Ok(BTreeSet::new()) };
    let numbers = rows.rows.iter().filter_map(|row| row.get(column)?.num());
    Ok(numbers.map(|n| n as usize).collect())
}
