//! What is hunted in, for what, and how: the arguments that `hunt` and `watch` share.

use super::{SelectArgs, tuning};
use crate::content::ContentArgs;
use crate::exit::Exit;
use crate::settings::RangeArgs;
use clap::Args;
use davy_content::Detection;
use davy_detect::{Hunt, HuntEvents, Tuning, World, hunt, second_stage};
use davy_diag::SourceMap;
use davy_exec::{EventSource, RunError};
use davy_plan::Env;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

#[derive(Args)]
pub(crate) struct HuntArgs {
    /// Files, folders or globs to read; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    /// Known findings that are suppressed, in CSV or YAML: entries of detection, field and value or
    /// SPL in where or search, reason, expires. May be repeated.
    #[arg(long, value_name = "FILE")]
    tuning: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) range: RangeArgs,
}

/// What does not change between hunts over one content.
pub(crate) struct Quarry<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) chosen: &'a [&'a Detection],
    pub(crate) tuning: &'a Tuning,
}

impl HuntArgs {
    /// With the texts of the files.
    pub(crate) fn tuning(&self, world: &World<'_>, env: &Env) -> Result<(Tuning, SourceMap), Exit> {
        tuning::open(&self.tuning, world, env)
    }

    /// One hunt in both stages, without what is known to be good or scores too little.
    pub(crate) fn hunt(
        &self,
        quarry: &Quarry<'_>,
        source: &Arc<dyn EventSource>,
        env: &Env,
        stop: &Arc<AtomicBool>,
        watch: &dyn HuntEvents,
    ) -> Result<Hunt, RunError> {
        let Quarry { world, chosen, tuning } = *quarry;
        let mut found = hunt(world, chosen, source, env, stop, watch)?;
        tuning.apply(world, &mut found, env)?;
        second_stage(world, chosen, &mut found, env, watch)?;
        tuning.apply(world, &mut found, env)?;
        found.tuning_unused = tuning.unused(world, &found);
        found.findings.retain(|f| f.score >= self.select.min_risk);
        Ok(found)
    }
}
