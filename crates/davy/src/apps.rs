//! Splunk apps given on the command line: a folder or an archive each.

use crate::exit::Exit;
use clap::Args;
use davy_app::{App, AppError, Files, Limits};
use std::path::{Path, PathBuf};

/// Which apps stand over content and built-in knowledge.
#[derive(Args, Default)]
pub(crate) struct AppArgs {
    /// A Splunk app: its folder, or a .spl or .tgz. May be repeated; later ones win.
    #[arg(long, value_name = "PATH")]
    pub(crate) app: Vec<PathBuf>,
    /// A database of addresses for `iplocation`: GeoLite2 City, DB-IP City or another MMDB file.
    /// Without one, the country is that of the registry.
    #[arg(long, value_name = "FILE")]
    pub(crate) mmdb: Option<PathBuf>,
    /// Assets as CSV in the layout of Enterprise Security (ip, mac, nt_host, dns, priority,
    /// category, ...): fills dest_priority, src_category and the like.
    #[arg(long, value_name = "FILE")]
    pub(crate) assets: Option<PathBuf>,
    /// Identities as CSV in the layout of Enterprise Security (identity, email, priority,
    /// category, ...): fills user_priority, user_category and the like.
    #[arg(long, value_name = "FILE")]
    pub(crate) identities: Option<PathBuf>,
    /// A folder in which `outputlookup` keeps tables and collections for later runs.
    #[arg(long, value_name = "DIR")]
    pub(crate) lookups: Option<PathBuf>,
}

impl AppArgs {
    /// Nothing stands over the content.
    pub(crate) fn is_empty(&self) -> bool {
        let AppArgs { app, mmdb, assets, identities, lookups } = self;
        let files = [mmdb, assets, identities, lookups];
        app.is_empty() && files.iter().all(|file| file.is_none())
    }
}

/// The files of an app.
pub(crate) fn open(path: &Path) -> Result<Files, Exit> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let fail = |why: String| crate::settings::usage(&format!("--app {}: {why}", path.display()));
    let files = if path.is_dir() {
        let mut found = Vec::new();
        let mut odd = Vec::new();
        let root = path.canonicalize().map_err(|e| fail(e.to_string()))?;
        let mut left = Limits::default().bytes;
        for part in ["default", "local", "lookups", "metadata", "bin"] {
            let folder = path.join(part);
            if folder.is_dir() {
                walk(&root, &folder, part, &mut found, &mut odd, &mut left, 0)
                    .map_err(|e| fail(e.to_string()))?;
            }
        }
        let loose = path.join("macros.conf");
        if found.is_empty() && loose.is_file() {
            // Settings without the layout of an app around them.
            let bytes = std::fs::read(&loose).map_err(|e| fail(e.to_string()))?;
            found.push(("default/macros.conf".to_owned(), bytes));
        }
        let name = match name.is_empty() {
            // Such as `.`, whose name is not written.
            true => path
                .canonicalize()
                .ok()
                .and_then(|p| p.file_name().map(|n| n.to_string_lossy().into_owned()))
                .unwrap_or_default(),
            false => name,
        };
        Files::of_folder(&name, found).map(|files| files.with_odd(odd))
    } else {
        let bytes = std::fs::read(path).map_err(|e| fail(e.to_string()))?;
        Files::of_archive(&name, &bytes, Limits::default())
    };
    files.map_err(|e: AppError| fail(e.to_string()))
}

const MAX_DEPTH: usize = 16;

/// The files below a folder; only their names where nothing reads them.
fn walk(
    root: &Path,
    folder: &Path,
    inside: &str,
    out: &mut Vec<(String, Vec<u8>)>,
    odd: &mut Vec<String>,
    left: &mut u64,
    depth: usize,
) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = format!("{inside}/{}", entry.file_name().to_string_lossy());
        // As in an archive, a link that leads out of the app is no file of it.
        let link = entry.file_type()?.is_symlink();
        if link && !path.canonicalize().is_ok_and(|to| to.starts_with(root) && to.is_file()) {
            odd.push(name);
            continue;
        }
        if path.is_dir() {
            if depth < MAX_DEPTH {
                walk(root, &path, &name, out, odd, left, depth + 1)?;
            }
            continue;
        }
        let bytes = match inside.starts_with("bin") {
            true => Vec::new(),
            false => std::fs::read(&path)?,
        };
        *left = left.checked_sub(bytes.len() as u64).ok_or_else(|| {
            std::io::Error::other(AppError::TooLarge(Limits::default().bytes).to_string())
        })?;
        if out.len() >= Limits::default().files {
            return Err(std::io::Error::other(AppError::TooMany(out.len()).to_string()));
        }
        out.push((name, bytes));
    }
    Ok(())
}

/// Says how much of an app cannot be honoured.
pub(crate) fn summary(app: &App, path: &Path) {
    if !app.notes.is_empty() {
        tell!(
            "davy: app {}: {} settings cannot be honoured; `davy app check {}` lists them",
            app.name,
            app.notes.len(),
            path.display()
        );
    }
}
