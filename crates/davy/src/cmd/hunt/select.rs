//! Which detections take part, and which of their findings count.

use crate::exit::Exit;
use crate::settings::usage;
use clap::Args;
use davy_content::Detection;
use davy_detect::{Selected, Selection};

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
        selected.idle.iter().for_each(|word| tell!("warning: --exclude: {word}"));
        Ok(selected)
    }
}
