//! Parquet files as events: a column is a field.

use crate::session::{RunError, Session};
use crate::source::{EventSource, Read, Reading};
use datafusion::catalog::TableProvider;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use davy_events::EventBatch;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Parquet files with one schema, read by DataFusion itself: its types, pruning and filters.
#[derive(Debug, Clone)]
pub struct ParquetSource {
    table: Arc<ListingTable>,
}

impl ParquetSource {
    pub fn open(session: &Session, paths: &[PathBuf]) -> Result<ParquetSource, RunError> {
        let urls = paths
            .iter()
            .map(|p| ListingTableUrl::parse(p.to_string_lossy()))
            .collect::<Result<Vec<_>, _>>()?;
        let options =
            ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension("");
        let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options);
        let config = session.block_on(config.infer_schema(&session.state()))?;
        Ok(ParquetSource { table: Arc::new(ListingTable::try_new(config)?) })
    }
}

impl EventSource for ParquetSource {
    fn start(&self, _: Read, _: usize) -> Arc<dyn Reading> {
        Arc::new(Nothing)
    }

    fn table(&self) -> Option<Arc<dyn TableProvider>> {
        Some(self.table.clone())
    }
}

/// DataFusion reads the table; there is nothing to decode.
struct Nothing;

impl Reading for Nothing {
    fn part(&self, _: usize, _: &mut dyn FnMut(EventBatch) -> ControlFlow<()>) -> Duration {
        Duration::ZERO
    }
}
