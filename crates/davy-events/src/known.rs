//! What events are, told by their content, where nobody says it: the sourcetypes, sources and
//! indexes by which published detections and add-ons know them.

/// The metadata of events of a kind. `source` and `index` only where searches name them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Known {
    pub(crate) sourcetype: String,
    pub(crate) source: Option<&'static str>,
    pub(crate) index: Option<&'static str>,
    /// Stands before the names of all fields.
    pub(crate) prefix: &'static str,
}

impl Known {
    pub(crate) fn of(sourcetype: &str) -> Self {
        Self { sourcetype: sourcetype.to_owned(), ..Self::default() }
    }

    pub(crate) fn source(self, source: &'static str) -> Self {
        Self { source: Some(source), ..self }
    }

    pub(crate) fn index(self, index: &'static str) -> Self {
        Self { index: Some(index), ..self }
    }

    pub(crate) fn prefix(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }
}

/// The kind of a log of Zeek, by the name of its stream. Searches know them by the names of the
/// JSON form; the fields of the tab-separated form are named alike.
pub(crate) fn zeek(stream: &str) -> Known {
    Known::of(&format!("zeek:{stream}:json")).index("zeek")
}

/// The name of a file without folders and endings: `conn` of `logs/conn.2026-05-04.log.gz`.
pub(crate) fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.split('.').next().unwrap_or(file)
}
