//! Texts and places in them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::Debug;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// One text of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId(u32);

impl FileId {
    /// The place `range` (bytes) in this text.
    pub fn span(self, range: Range<usize>) -> Span {
        Span { file: self, start: range.start as u32, end: range.end as u32 }
    }
}

/// A half-open byte range of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// In no text at all.
    pub const NOWHERE: Span = Span { file: FileId(u32::MAX), start: 0, end: 0 };

    /// The smallest span that covers both; `other` is ignored when it is of another text.
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The part `range` of this span, in bytes from its start.
    pub fn part(self, range: Range<usize>) -> Span {
        let start = self.start.saturating_add(range.start as u32).min(self.end);
        let end = self.start.saturating_add(range.end as u32).min(self.end);
        Span { file: self.file, start, end }
    }
}

/// A value and where it was written.
#[derive(Debug, Clone)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Spanned<T> {
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// Places differ between two ways of writing the same thing, so equality is that of the value.
impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}

/// A kept value has no place: the text it stood in is not there any more. Where its texts are kept
/// too, see [`crate::placed`].
impl<T: Serialize> Serialize for Spanned<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Spanned::new(T::deserialize(deserializer)?, Span::NOWHERE))
    }
}

/// A run of a derived text that came from another place unchanged (a macro's body, the query).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Where the run stands in the derived text.
    pub out: Range<usize>,
    /// Where it came from. A run that was computed (an argument put in) points at its origin as a
    /// whole and need not have the same length.
    pub from: Span,
    /// What brought it here, innermost last: (place of the call, what was called).
    pub calls: Vec<(Span, String)>,
}

#[derive(Debug, Clone, Default)]
pub struct SourceFile {
    pub name: String,
    pub text: Arc<str>,
    /// For a derived text: its runs, in order of `out`. Empty for a text that a user wrote.
    pub pieces: Vec<Piece>,
}

/// Texts that are fetched when something first asks for them.
pub trait Texts: Debug + Send + Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// One of them; empty where it is not what it was any more.
    fn fetch(&self, at: usize) -> SourceFile;
}

#[derive(Debug)]
struct Fetched {
    files: Vec<OnceLock<Box<SourceFile>>>,
    texts: Box<dyn Texts>,
}

/// Every text that a message may point into.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    /// The first of all.
    fetched: Option<Arc<Fetched>>,
    /// Those that copies of the map share: each search adds its own texts to the content's.
    shared: Arc<Vec<Arc<SourceFile>>>,
    files: Vec<Arc<SourceFile>>,
    /// Stands for the text of a `FileId` that another map made.
    unknown: SourceFile,
}

impl SourceMap {
    /// A map that begins with these texts, and fetches them when something asks for them.
    pub fn fetching(texts: Box<dyn Texts>) -> SourceMap {
        let files = (0..texts.count()).map(|_| OnceLock::new()).collect();
        SourceMap { fetched: Some(Arc::new(Fetched { files, texts })), ..SourceMap::default() }
    }

    /// All texts, in the order of their ids.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        (0..self.count()).map(|at| self.file(FileId(at as u32)))
    }

    fn count(&self) -> usize {
        self.before() + self.files.len()
    }

    /// How many texts there were when the map was last shared.
    fn before(&self) -> usize {
        self.fetched() + self.shared.len()
    }

    fn fetched(&self) -> usize {
        self.fetched.as_ref().map_or(0, |fetched| fetched.files.len())
    }

    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        self.add_derived(name, text, Vec::new())
    }

    /// Adds a text made from others, with the runs it is made of.
    pub fn add_derived(
        &mut self,
        name: impl Into<String>,
        text: impl Into<Arc<str>>,
        pieces: Vec<Piece>,
    ) -> FileId {
        let id = FileId(self.count() as u32);
        self.files.push(Arc::new(SourceFile { name: name.into(), text: text.into(), pieces }));
        id
    }

    /// Keeps a place for a text that [`SourceMap::fill`] puts there: threads that make texts of
    /// those that the map holds need their ids before.
    pub fn reserve(&mut self) -> FileId {
        self.add("", "")
    }

    /// Puts a text where one was reserved since the map was last shared.
    pub fn fill(&mut self, id: FileId, file: SourceFile) {
        let at = (id.0 as usize).checked_sub(self.before());
        if let Some(place) = at.and_then(|at| self.files.get_mut(at)) {
            *place = Arc::new(file);
        }
    }

    /// Makes the map cheap to copy, however many texts it holds now.
    pub fn share(&mut self) {
        let mut all = self.shared.to_vec();
        all.append(&mut self.files);
        self.shared = Arc::new(all);
    }

    pub fn file(&self, id: FileId) -> &SourceFile {
        let at = id.0 as usize;
        if let Some(fetched) = &self.fetched
            && let Some(place) = fetched.files.get(at)
        {
            return place.get_or_init(|| Box::new(fetched.texts.fetch(at)));
        }
        let at = at - self.fetched();
        let found = match at.checked_sub(self.shared.len()) {
            None => self.shared.get(at),
            Some(at) => self.files.get(at),
        };
        found.map_or(&self.unknown, AsRef::as_ref)
    }

    /// The text at `span`; empty when the span does not fall on character boundaries.
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).text.get(span.range()).unwrap_or("")
    }

    /// Line and column (both from 1, columns in characters) of the span's start.
    pub fn line_col(&self, span: Span) -> (usize, usize) {
        let text = &self.file(span.file).text;
        let before = text.get(..span.start as usize).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        (line, before[start..].chars().count() + 1)
    }

    /// The place a user wrote for a span that may lie in a derived text, and the calls that
    /// brought it there.
    pub fn origin(&self, span: Span) -> (Span, Vec<(Span, String)>) {
        let mut span = span;
        let mut calls = Vec::new();
        // Derived texts nest a few levels at most; the bound only guards against a cycle.
        for _ in 0..64 {
            let file = self.file(span.file);
            let at = span.start as usize;
            let piece = file
                .pieces
                .iter()
                .find(|p| p.out.contains(&at))
                .or_else(|| file.pieces.iter().rfind(|p| p.out.end <= at));
            let Some(piece) = piece else { return (span, calls) };
            calls.extend(piece.calls.iter().cloned());
            let same = piece.out.len() == piece.from.range().len();
            span = if same {
                let start = at.saturating_sub(piece.out.start);
                let end = (span.end as usize).min(piece.out.end).saturating_sub(piece.out.start);
                piece.from.part(start.min(piece.out.len())..end.max(start))
            } else {
                piece.from
            };
        }
        (span, calls)
    }
}
