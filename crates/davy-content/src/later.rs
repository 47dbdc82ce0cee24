//! Values that are decoded when something asks for them.

use serde::de::DeserializeOwned;
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::{Arc, OnceLock};

/// A value, or the bytes that an earlier run kept it in: most runs look at few of a catalogue's
/// texts.
#[derive(Clone)]
pub struct Later<T> {
    made: OnceLock<T>,
    record: Option<Record>,
}

/// A part of kept bytes.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) bytes: Arc<Vec<u8>>,
    pub(crate) at: Range<usize>,
}

impl Record {
    /// `None` where the bytes hold something else.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Option<T> {
        postcard::from_bytes(self.bytes.get(self.at.clone())?).ok()
    }
}

impl<T> Later<T> {
    /// A value that is decoded when it is first asked for.
    pub(crate) fn kept(record: Record) -> Later<T> {
        Later { made: OnceLock::new(), record: Some(record) }
    }
}

impl<T: DeserializeOwned + Default> Later<T> {
    fn decode(&self) -> T {
        self.record.as_ref().and_then(Record::decode).unwrap_or_default()
    }

    /// The value, taken out.
    pub(crate) fn take(&mut self) -> T {
        let later: Later<T> = std::mem::take(self);
        let decoded = later.made.get().is_none().then(|| later.decode());
        decoded.or(later.made.into_inner()).unwrap_or_default()
    }

    /// Changes the value.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut T)) {
        let mut value = self.take();
        change(&mut value);
        *self = value.into();
    }
}

impl<T> From<T> for Later<T> {
    fn from(value: T) -> Self {
        Later { made: OnceLock::from(value), record: None }
    }
}

impl<T: Default> Default for Later<T> {
    fn default() -> Self {
        T::default().into()
    }
}

impl<T: DeserializeOwned + Default> Deref for Later<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.made.get_or_init(|| self.decode())
    }
}

impl<T: DeserializeOwned + Default + fmt::Debug> fmt::Debug for Later<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
