//! What a watch keeps over its end, however it ends.
//!
//! Findings are written and brought to disk first, then the state, which replaces the old one at
//! once. The state knows how long the output was: what a killed watch wrote behind it is cut off
//! and told again. On standard output, which cannot be cut, such a finding comes twice, with the
//! same key.

use davy_detect::Ledger;
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const VERSION: u64 = 1;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) ledger: Ledger,
    /// The file that findings go to, and its length up to which they are told.
    output: Option<(PathBuf, u64)>,
    /// There was no event when the findings were told.
    no_events: bool,
}

impl State {
    /// The keys of what was told before the first event came, which is to be told anew. `events`:
    /// there are some now.
    pub(super) fn renew(&mut self, events: bool) -> Vec<String> {
        match std::mem::replace(&mut self.no_events, !events) && events {
            true => std::mem::take(&mut self.ledger).keys().map(str::to_owned).collect(),
            false => Vec::new(),
        }
    }

    /// The state in a file; a new one where there is none.
    pub(super) fn open(path: &Path) -> io::Result<State> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(State::default()),
            Err(e) => return Err(e),
        };
        let foreign = || {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "this is no state of `davy watch`; name another file, or remove it to start anew",
            )
        };
        let value: Value = serde_json::from_str(&text).map_err(|_| foreign())?;
        if value.get("davy_watch").and_then(Value::as_u64) != Some(VERSION) {
            return Err(foreign());
        }
        let keys = value.get("told").and_then(Value::as_array).ok_or_else(foreign)?;
        let keys = keys.iter().filter_map(Value::as_str).map(str::to_owned);
        let output = value.get("output").and_then(|output| {
            let path = output.get("path")?.as_str()?;
            Some((PathBuf::from(path), output.get("length")?.as_u64()?))
        });
        let no_events = value.get("no_events").and_then(Value::as_bool).unwrap_or_default();
        Ok(State { ledger: Ledger::of(keys), output, no_events })
    }

    /// Replaces the file at once: whoever reads it finds the old state or the new one.
    pub(super) fn save(&self, path: Option<&Path>) -> io::Result<()> {
        let Some(path) = path else { return Ok(()) };
        let output = self
            .output
            .as_ref()
            .map(|(path, length)| json!({ "path": path.display().to_string(), "length": length }));
        let keys: Vec<&str> = self.ledger.keys().collect();
        let value = json!({
            "davy_watch": VERSION, "output": output, "told": keys, "no_events": self.no_events,
        });
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".new");
        let new = path.with_file_name(name);
        let mut file = File::create(&new)?;
        file.write_all(value.to_string().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, path)?;
        // The folder holds the name.
        #[cfg(unix)]
        {
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        Ok(())
    }
}

/// Where findings go.
pub(super) enum Output {
    Screen,
    File(File),
}

impl Output {
    /// Opens the output, without what a killed watch wrote and did not come to keep in its state.
    pub(super) fn open(path: Option<&Path>, state: &mut State) -> io::Result<Output> {
        let Some(path) = path else {
            state.output = None;
            return Ok(Output::Screen);
        };
        let mut file =
            OpenOptions::new().create(true).write(true).read(true).truncate(false).open(path)?;
        let path = path.canonicalize()?;
        let length = file.metadata()?.len();
        let kept = match &state.output {
            Some((known, kept)) if *known == path && *kept <= length => *kept,
            _ => length,
        };
        file.set_len(kept)?;
        file.seek(SeekFrom::Start(kept))?;
        state.output = Some((path, kept));
        Ok(Output::File(file))
    }

    pub(super) fn write(&mut self, text: &str, state: &mut State) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        match self {
            Output::Screen => {
                let mut out = io::stdout().lock();
                out.write_all(text.as_bytes())?;
                out.flush()
            }
            Output::File(file) => {
                file.write_all(text.as_bytes())?;
                file.sync_data()?;
                if let Some((_, length)) = &mut state.output {
                    *length += text.len() as u64;
                }
                Ok(())
            }
        }
    }
}
