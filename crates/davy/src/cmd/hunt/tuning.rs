//! The tuning files of a hunt.

use crate::content;
use crate::exit::Exit;
use crate::settings::usage;
use davy_content::read_tuning;
use davy_detect::{Tuning, World};
use davy_diag::{Diagnostics, SourceMap};
use davy_plan::Env;
use std::path::PathBuf;

/// Reads them; any mistake in them ends the hunt before it began.
pub(crate) fn open(
    paths: &[PathBuf],
    world: &World<'_>,
    env: &Env,
) -> Result<(Tuning, SourceMap), Exit> {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let mut entries = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(path)
            .map_err(|e| usage(&format!("--tuning {}: {e}", path.display())))?;
        let file = sources.add(path.display().to_string(), text);
        entries.extend(read_tuning(file, &mut sources, &mut diags));
    }
    let tuning = Tuning::new(entries, world, env, &mut diags);
    match content::show(&sources, &diags, true) {
        true => Err(Exit::Usage),
        false => Ok((tuning, sources)),
    }
}
