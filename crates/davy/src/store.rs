//! Lookups that searches write, kept in a folder of the user's: tables named `NAME.csv` as files,
//! collections in one embedded database. Nothing outside the folder is touched.

use davy_detect::Keeper;
use davy_events::mv;
use davy_plan::{Rows, Val};
use redb::{Database, ReadableDatabase, TableDefinition};
use std::path::{Path, PathBuf};

/// By the name of the collection: its names and rows, as JSON.
const COLLECTIONS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("collections");
const FILE: &str = "collections.redb";

pub(crate) struct Store {
    folder: PathBuf,
    database: Database,
}

impl Store {
    /// Opens the folder; makes it if it is not there.
    pub(crate) fn open(folder: &Path) -> Result<Store, String> {
        std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
        let database = Database::create(folder.join(FILE)).map_err(|e| e.to_string())?;
        let store = Store { folder: folder.to_path_buf(), database };
        // So that reading finds the table.
        let write = store.database.begin_write().map_err(|e| e.to_string())?;
        write.open_table(COLLECTIONS).map(|_| ()).map_err(|e| e.to_string())?;
        write.commit().map_err(|e| e.to_string())?;
        Ok(store)
    }

    /// The file of a table; `None` for a collection. Names lead nowhere else.
    fn file(&self, name: &str) -> Result<Option<PathBuf>, String> {
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || name.starts_with('.') || !name.chars().all(fine) {
            return Err(format!("`{name}` is no name of a lookup: letters, digits, `_`, `-`, `.`"));
        }
        Ok(name.ends_with(".csv").then(|| self.folder.join(name)))
    }
}

impl Keeper for Store {
    fn keep(&self, name: &str, rows: &Rows) -> Result<(), String> {
        match self.file(name)? {
            Some(path) => write_csv(&path, rows).map_err(|e| e.to_string()),
            None => {
                let text = |v: &Val<'_>| v.text().map(|t| t.into_owned());
                let cells: Vec<Vec<Option<String>>> =
                    rows.rows.iter().map(|row| row.iter().map(text).collect()).collect();
                let json = serde_json::to_vec(&(&rows.names, cells)).map_err(|e| e.to_string())?;
                let write = self.database.begin_write().map_err(|e| e.to_string())?;
                write
                    .open_table(COLLECTIONS)
                    .map_err(|e| e.to_string())?
                    .insert(name, json.as_slice())
                    .map_err(|e| e.to_string())?;
                write.commit().map_err(|e| e.to_string())
            }
        }
    }

    fn kept(&self, name: &str) -> Option<Rows> {
        if let Some(path) = self.file(name).ok()? {
            return read_csv(&path);
        }
        let read = self.database.begin_read().ok()?;
        let table = read.open_table(COLLECTIONS).ok()?;
        let json = table.get(name).ok()??;
        let (names, cells): (Vec<String>, Vec<Vec<Option<String>>>) =
            serde_json::from_slice(json.value()).ok()?;
        let value = |cell: Option<String>| cell.map_or(Val::Null, Val::str);
        let rows = cells.into_iter().map(|row| row.into_iter().map(value).collect()).collect();
        Some(Rows { names, rows })
    }
}

/// Written beside and then moved, so that a reader never sees half of it.
fn write_csv(path: &Path, rows: &Rows) -> Result<(), csv::Error> {
    let beside = path.with_extension("csv.new");
    let mut writer = csv::Writer::from_path(&beside)?;
    writer.write_record(&rows.names)?;
    for row in &rows.rows {
        writer.write_record(row.iter().map(|value| value.values().join("\n")))?;
    }
    writer.flush()?;
    std::fs::rename(&beside, path)?;
    Ok(())
}

fn read_csv(path: &Path) -> Option<Rows> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).ok()?;
    let names: Vec<String> = reader.headers().ok()?.iter().map(str::to_owned).collect();
    let value = |cell: &str| match cell {
        "" => Val::Null,
        // Several values stand on lines of their own.
        cell if cell.contains('\n') => Val::str(mv::encode(cell.split('\n').collect::<Vec<_>>())),
        cell => Val::str(cell.to_owned()),
    };
    let rows = reader.records().flatten().map(|record| record.iter().map(value).collect());
    Some(Rows { names, rows: rows.collect() })
}
