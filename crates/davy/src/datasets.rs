//! Recorded data for tests: from a path, from a folder, or from its address.

use davy_content::model::AttackData;
use davy_detect::testing::{Dataset, Datasets};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where data is looked for.
pub(crate) struct DataFolders {
    pub(crate) folders: Vec<PathBuf>,
    /// Fetch by HTTP(S) what no folder has.
    pub(crate) fetch: bool,
}

/// Larger answers are refused.
const MAX_BYTES: u64 = 1 << 30;

impl Datasets for DataFolders {
    fn fetch(&self, data: &AttackData) -> Result<Dataset, String> {
        let name = &data.data.value;
        let url = name.starts_with("http://") || name.starts_with("https://");
        if !url {
            let found = std::iter::once(PathBuf::from(name))
                .chain(self.folders.iter().map(|f| f.join(name)))
                .find(|p| p.is_file());
            if let Some(path) = found {
                return read(&path);
            }
        }
        for folder in &self.folders {
            if let Some(path) = below(folder, name) {
                return read(&path);
            }
        }
        if url && self.fetch {
            return download(name);
        }
        Err(format!("{name} is in no folder given with --data"))
    }
}

/// The file whose path ends as the address does: the longest end that is there wins.
fn below(folder: &Path, address: &str) -> Option<PathBuf> {
    let path = address.split_once("://").map_or(address, |(_, rest)| rest);
    let parts: Vec<&str> =
        path.split('/').filter(|p| !p.is_empty() && *p != ".." && *p != ".").collect();
    (0..parts.len())
        .map(|from| parts[from..].iter().fold(folder.to_path_buf(), |p, part| p.join(part)))
        .find(|p| p.is_file())
}

fn read(path: &Path) -> Result<Dataset, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    if bytes.starts_with(b"version https://git-lfs") {
        return Err(format!("{} is a Git LFS pointer, not the data", path.display()));
    }
    Ok(Dataset { bytes: Arc::from(bytes), origin: path.display().to_string(), example: false })
}

fn download(address: &str) -> Result<Dataset, String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(std::time::Duration::from_secs(60)))
        .build()
        .into();
    let mut answer = agent.get(address).call().map_err(|e| format!("{address}: {e}"))?;
    let mut bytes = Vec::new();
    answer
        .body_mut()
        .as_reader()
        .take(MAX_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|e| format!("{address}: {e}"))?;
    Ok(Dataset { bytes: Arc::from(bytes), origin: address.to_owned(), example: false })
}
