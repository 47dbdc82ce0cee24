//! Recorded data for tests: from a path, from a folder, or from its address.

use davy_content::model::AttackData;
use davy_detect::testing::{Dataset, Datasets};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where data is looked for.
pub(crate) struct DataFolders {
    pub(crate) folders: Vec<PathBuf>,
    /// Do not fetch by HTTP(S) what no folder has.
    pub(crate) offline: bool,
    /// Hosts that could not be reached, with the reason: each is asked once.
    pub(crate) unreachable: RefCell<BTreeMap<String, String>>,
}

/// Larger answers are refused.
const MAX_BYTES: u64 = 1 << 30;
/// For a connection to stand, and for a whole answer.
const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(120);

impl DataFolders {
    pub(crate) fn new(folders: Vec<PathBuf>, offline: bool) -> Self {
        DataFolders { folders, offline, unreachable: RefCell::default() }
    }

    /// A line for each host that could not be reached.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let line = |(host, why): (&String, &String)| {
            format!("{host} cannot be reached ({why}): name a folder of datasets with --data DIR")
        };
        self.unreachable.borrow().iter().map(line).collect()
    }

    fn download(&self, address: &str) -> Result<Dataset, String> {
        let host = address.split('/').nth(2).unwrap_or(address).to_owned();
        if let Some(why) = self.unreachable.borrow().get(&host) {
            return Err(format!("{host} cannot be reached: {why}"));
        }
        let bytes = download(address).map_err(|error| match error {
            ureq::Error::StatusCode(code) => format!("{address}: the server answers {code}"),
            ureq::Error::BodyExceedsLimit(limit) => {
                format!("{address}: larger than {limit} bytes")
            }
            error => {
                let why = error.to_string();
                self.unreachable.borrow_mut().insert(host.clone(), why.clone());
                format!("{host} cannot be reached: {why}")
            }
        })?;
        dataset(bytes, address.to_owned())
    }
}

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
        if url && !self.offline {
            return self.download(name);
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
    dataset(bytes, path.display().to_string())
}

fn dataset(bytes: Vec<u8>, origin: String) -> Result<Dataset, String> {
    if bytes.starts_with(b"version https://git-lfs") {
        return Err(format!("{origin} is a Git LFS pointer, not the data"));
    }
    Ok(Dataset { bytes: Arc::from(bytes), origin, example: false })
}

fn download(address: &str) -> Result<Vec<u8>, ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(CONNECT))
        .timeout_global(Some(WHOLE))
        .build()
        .into();
    let mut answer = agent.get(address).call()?;
    let mut bytes = Vec::new();
    answer.body_mut().as_reader().take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ureq::Error::BodyExceedsLimit(MAX_BYTES));
    }
    Ok(bytes)
}
