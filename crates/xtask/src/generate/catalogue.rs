//! `docs/CATALOGUE.md`: how much of the published detections is understood.

use std::path::{Path, PathBuf};

const PAGE: &str = "docs/CATALOGUE.md";
const NOTICE: &str = "<!-- Made by `cargo xtask catalogue`; changes here are lost. -->\n\n";

pub(crate) fn catalogue(root: &Path, check: bool) -> Result<(), String> {
    let shared = std::env::var_os("DAVY_SHARED").map(PathBuf::from);
    let folder = shared.unwrap_or_else(|| root.join("../shared")).join("reference/escu");
    if !folder.is_dir() {
        println!("SKIPPED: no catalogue in {}; name its root with DAVY_SHARED", folder.display());
        return Ok(());
    }
    let page = format!("{NOTICE}{}", davy::catalogue(&folder)?);
    let path = root.join(PAGE);
    if std::fs::read_to_string(&path).ok().as_ref() == Some(&page) {
        return Ok(());
    }
    if check {
        return Err(format!("{PAGE} is not current: run `cargo xtask catalogue`"));
    }
    std::fs::write(&path, page).map_err(|e| format!("{PAGE}: {e}"))?;
    println!("{PAGE}");
    Ok(())
}
