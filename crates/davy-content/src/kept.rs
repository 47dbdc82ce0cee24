//! Content as bytes, from one run to the next: what runs ask for comes first, the rest is decoded
//! when something asks for it.

use crate::codes;
use crate::content::Content;
use crate::later::{Later, Record};
use crate::model::{Baseline, Deployment, Detection, Lookup, MacroFile};
use crate::pack;
use crate::read::{Hash, hash};
use davy_diag::{
    Code, Diagnostic, Diagnostics, Label, Piece, Severity, SourceFile, SourceMap, Span, Texts,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Gives the text of a file by the name it was read under.
pub type ReadText = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What is decoded at once.
#[derive(Deserialize)]
struct Head {
    detections: Vec<Detection>,
    macros: Vec<MacroFile>,
    lookups: Vec<Lookup>,
    deployments: Vec<Deployment>,
    baselines: Vec<Baseline>,
    mistakes: Vec<Mistake>,
    /// How long each of the parts behind the head is: what is told about each detection, the
    /// stories, the data sources, the investigations, each text.
    parts: Vec<u32>,
}

/// As [`Head`], to be written.
#[derive(Serialize)]
struct HeadOf<'a> {
    detections: &'a [Detection],
    macros: &'a [MacroFile],
    lookups: &'a [Lookup],
    deployments: &'a [Deployment],
    baselines: &'a [Baseline],
    mistakes: Vec<Mistake>,
    parts: Vec<u32>,
}

/// A diagnostic, whose code goes by its name.
#[derive(Serialize, Deserialize)]
struct Mistake {
    code: String,
    severity: u8,
    message: String,
    primary: Option<(Span, String)>,
    others: Vec<(Span, String)>,
    help: Option<String>,
}

/// A text of the source map. A file's own is left where it is.
#[derive(Serialize, Deserialize)]
struct Text {
    name: String,
    text: Result<String, Hash>,
    pieces: Vec<Piece>,
}

impl Content {
    /// The content with its texts and the mistakes in it, to be written one behind the other; `None`
    /// where it cannot be kept. `known` gives the numbers of the files' texts, as [`crate::hash`]
    /// does.
    pub fn to_bytes(
        &self,
        sources: &SourceMap,
        diags: &Diagnostics,
        known: &HashMap<&str, Hash>,
    ) -> Option<[Vec<u8>; 2]> {
        let mut tail = Parts::default();
        // About as much.
        tail.bytes.reserve(sources.files().map(|file| file.text.len()).sum());
        for detection in &self.detections {
            tail.put(&*detection.about)?;
        }
        tail.put(&*self.stories)?;
        tail.put(&*self.data_sources)?;
        tail.put(&*self.investigations)?;
        for file in sources.files() {
            tail.put(&Text::of(file, known))?;
        }
        let head = HeadOf {
            detections: &self.detections,
            macros: &self.macros,
            lookups: &self.lookups,
            deployments: &self.deployments,
            baselines: &self.baselines,
            mistakes: diags.list().iter().map(Mistake::of).collect(),
            parts: tail.lengths,
        };
        Some([postcard::to_stdvec(&head).ok()?, tail.bytes])
    }

    /// What [`Content::to_bytes`] gave, from `start` on; `None` where the bytes are anything else.
    /// The text of a file is asked of `read`, and is empty where it is not what it was.
    pub fn from_bytes(
        bytes: Arc<Vec<u8>>,
        start: usize,
        read: ReadText,
    ) -> Option<(Content, SourceMap, Diagnostics)> {
        let (head, rest) = postcard::take_from_bytes::<Head>(bytes.get(start..)?).ok()?;
        let mut at = bytes.len() - rest.len();
        let mut parts = Vec::with_capacity(head.parts.len());
        for length in head.parts {
            let end = at.checked_add(usize::try_from(length).ok()?)?;
            parts.push(at..end);
            at = end;
        }
        if at != bytes.len() || parts.len() < head.detections.len() + 3 {
            return None;
        }
        let texts = parts.split_off(head.detections.len() + 3);
        let record = |at: Range<usize>| Record { bytes: bytes.clone(), at };
        let mut parts = parts.into_iter().map(record);
        let mut content = Content::of(head.detections, head.macros, head.lookups);
        for detection in &mut content.detections {
            detection.about = Later::kept(parts.next()?);
        }
        content.stories = Later::kept(parts.next()?);
        content.data_sources = Later::kept(parts.next()?);
        content.investigations = Later::kept(parts.next()?);
        content.deployments = head.deployments;
        content.baselines = head.baselines;
        let mut diags = Diagnostics::default();
        for mistake in head.mistakes {
            diags.push(mistake.diagnostic()?);
        }
        let texts = KeptTexts { bytes, texts, read };
        Some((content, SourceMap::fetching(Box::new(texts)), diags))
    }
}

/// Values one behind the other.
#[derive(Default)]
struct Parts {
    bytes: Vec<u8>,
    lengths: Vec<u32>,
}

impl Parts {
    fn put<T: Serialize + ?Sized>(&mut self, part: &T) -> Option<()> {
        let before = self.bytes.len();
        self.bytes = postcard::to_extend(part, std::mem::take(&mut self.bytes)).ok()?;
        self.lengths.push(u32::try_from(self.bytes.len() - before).ok()?);
        Some(())
    }
}

impl Mistake {
    fn of(diagnostic: &Diagnostic) -> Mistake {
        let label = |label: &Label| (label.span, label.text.clone());
        Mistake {
            code: diagnostic.code.id.to_owned(),
            severity: diagnostic.severity as u8,
            message: diagnostic.message.clone(),
            primary: diagnostic.primary.as_ref().map(label),
            others: diagnostic.others.iter().map(label).collect(),
            help: diagnostic.help.clone(),
        }
    }

    fn diagnostic(self) -> Option<Diagnostic> {
        let code: &'static Code = codes::ALL.iter().find(|code| code.id == self.code)?;
        let all = [Severity::Note, Severity::Warning, Severity::Error];
        let label = |(span, text)| Label { span, text };
        Some(Diagnostic {
            code,
            severity: all.into_iter().find(|one| *one as u8 == self.severity)?,
            message: self.message,
            primary: self.primary.map(label),
            others: self.others.into_iter().map(label).collect(),
            help: self.help,
        })
    }
}

impl Text {
    fn of(file: &SourceFile, known: &HashMap<&str, Hash>) -> Text {
        // Derived texts have pieces, and places that were kept for one are empty.
        let own = file.pieces.is_empty() && !file.text.is_empty();
        let number = || known.get(&*file.name).copied().unwrap_or_else(|| hash(&file.text));
        Text {
            name: file.name.clone(),
            text: if own { Err(number()) } else { Ok(file.text.to_string()) },
            pieces: file.pieces.clone(),
        }
    }
}

/// The texts of kept content.
struct KeptTexts {
    bytes: Arc<Vec<u8>>,
    texts: Vec<Range<usize>>,
    read: ReadText,
}

impl fmt::Debug for KeptTexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptTexts").field("count", &self.texts.len()).finish()
    }
}

impl Texts for KeptTexts {
    fn count(&self) -> usize {
        self.texts.len()
    }

    fn fetch(&self, at: usize) -> SourceFile {
        let record = self.texts.get(at).cloned().map(|at| Record { bytes: self.bytes.clone(), at });
        let Some(kept) = record.and_then(|record| record.decode::<Text>()) else {
            return SourceFile::default();
        };
        let text = kept.text.unwrap_or_else(|was| {
            let found = pack::text(&kept.name).or_else(|| (self.read)(&kept.name));
            found.filter(|text| hash(text) == was).unwrap_or_default()
        });
        SourceFile { name: kept.name, text: text.into(), pieces: kept.pieces }
    }
}
