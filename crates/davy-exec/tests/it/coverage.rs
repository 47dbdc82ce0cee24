//! Coverage of published data sources.
