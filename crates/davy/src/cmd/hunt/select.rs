//! Which detections take part, and which of their findings count.

use crate::exit::Exit;
use crate::settings::usage;
use clap::Args;
use davy_content::Detection;
use davy_detect::{Selected, Selection};
use std::collections::BTreeMap;

#[derive(Args)]
pub(crate) struct SelectArgs {
    /// Run deprecated detections too.
    #[arg(long)]
    deprecated: bool,
    /// Only detections of these names, ids or patterns. May be repeated, as the next four.
    #[arg(long, value_name = "NAME")]
    include: Vec<String>,
    /// No detections of these names, ids or patterns.
    #[arg(long, value_name = "NAME")]
    exclude: Vec<String>,
    /// Only detections of this ATT&CK technique or its sub-techniques.
    #[arg(long, value_name = "ID")]
    technique: Vec<String>,
    /// Only detections of this analytic story.
    #[arg(long, value_name = "NAME")]
    story: Vec<String>,
    /// Only detections of this type: TTP, Anomaly, Hunting, Correlation.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Vec<String>,
    /// Only detections of this status: production, experimental, ...
    #[arg(long, value_name = "STATUS")]
    status: Vec<String>,
    /// Only findings whose risk score is at least this.
    #[arg(long, value_name = "SCORE", default_value_t = 0)]
    pub(crate) min_risk: u32,
}

impl SelectArgs {
    /// Chooses; a word that names nothing is a mistake, or only told where it excludes.
    pub(crate) fn choose<'d>(&self, all: &'d [Detection]) -> Result<Selected<'d>, Exit> {
        let selection = Selection {
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            techniques: self.technique.clone(),
            stories: self.story.clone(),
            kinds: self.kind.clone(),
            statuses: self.status.clone(),
            deprecated: self.deprecated,
        };
        let selected = selection.choose(all).map_err(|e| usage(&e.to_string()))?;
        if selected.chosen.is_empty()
            && let Some(filters) = self.filters()
        {
            return Err(usage(&none_left(&filters, &selected)));
        }
        selected.idle.iter().for_each(|word| tell!("warning: --exclude: {word}"));
        Ok(selected)
    }

    /// What narrows the choice, as it was typed; `None` where nothing does.
    fn filters(&self) -> Option<String> {
        let lists = [
            ("--include", &self.include),
            ("--exclude", &self.exclude),
            ("--technique", &self.technique),
            ("--story", &self.story),
            ("--type", &self.kind),
            ("--status", &self.status),
        ];
        let words = lists.iter().flat_map(|(flag, words)| words.iter().map(move |w| (flag, w)));
        let words: Vec<String> = words.map(|(flag, word)| format!("{flag} `{word}`")).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// A hunt that runs nothing looks like a clean machine.
fn none_left(filters: &str, selected: &Selected<'_>) -> String {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in &selected.left_out {
        reasons.entry(&one.reason).or_default().push(&one.detection);
    }
    // Those few that came far tell what is in the way.
    let nearest = reasons.into_iter().min_by_key(|(_, names)| names.len());
    let near = nearest.map(|(reason, names)| match names.as_slice() {
        [name] => format!(" (`{name}`: {reason})"),
        names => format!(" ({} detections: {reason})", names.len()),
    });
    let near = near.unwrap_or_default();
    format!("{filters}: together they leave no detection{near}; drop or widen one of them")
}
