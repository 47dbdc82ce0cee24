//! Lookup tables of add-ons.

use crate::codes;
use davy_diag::{Diagnostics, FileId};
use serde::{Deserialize, Serialize};

/// A CSV table: a header, and rows of as many cells.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Table {
    pub names: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn read(text: &str, file: FileId, diags: &mut Diagnostics) -> Table {
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
        let mut table = Table::default();
        let mut bad = |error: csv::Error| {
            let at = error.position().map_or(0, |p| p.byte() as usize);
            diags.push(codes::BAD_TABLE.at(file.span(at..at + 1), error.to_string()));
        };
        match reader.headers() {
            Ok(names) => table.names = names.iter().map(|n| n.trim().to_owned()).collect(),
            Err(error) => bad(error),
        }
        for row in reader.records() {
            match row {
                Ok(row) => table.rows.push(row.iter().map(str::to_owned).collect()),
                Err(error) => bad(error),
            }
        }
        table
    }

    pub fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }
}
