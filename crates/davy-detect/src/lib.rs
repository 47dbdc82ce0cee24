//! davy-detect
