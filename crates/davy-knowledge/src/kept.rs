//! What is built in as bytes, from one run to the next: reading its YAML takes ten times as long.

use crate::addon::Addon;
use crate::base::{Base, built_in};
use crate::model::Model;
use crate::table::Table;
use davy_diag::{SourceFile, SourceMap, Texts};
use davy_spl::MacroDef;
use davy_spl::ast::SearchExpr;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Deserialize)]
struct Kept {
    addons: Vec<Addon>,
    /// The condition of each stanza, which all its definitions share.
    whens: Vec<Option<Arc<SearchExpr>>>,
    models: Vec<Model>,
    tables: BTreeMap<String, Arc<Table>>,
    macros: Vec<MacroDef>,
    files: Vec<Option<u32>>,
}

/// As [`Kept`], to be written.
#[derive(Serialize)]
struct KeptOf<'a> {
    addons: &'a [Addon],
    whens: Vec<Option<&'a SearchExpr>>,
    models: &'a [Model],
    tables: &'a BTreeMap<String, Arc<Table>>,
    macros: &'a [MacroDef],
    files: Vec<Option<u32>>,
}

/// The texts of a base that was kept: of files, not of the expressions in them, whose places are
/// not kept.
#[derive(Debug)]
struct BuiltIn {
    /// For each text which of the built-in files it is.
    files: Vec<Option<u32>>,
}

impl Base {
    /// What is built in, as [`Base::load`] gave it. `None` where it cannot be kept.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut whens = Vec::new();
        for stanza in self.addons.iter().flat_map(|addon| &addon.stanzas) {
            let when = stanza.defs.first().and_then(|def| def.when.as_ref());
            if stanza.defs.iter().any(|def| def.when.as_ref() != when) {
                return None;
            }
            whens.push(when.map(AsRef::as_ref));
        }
        let place = |file: &SourceFile| {
            let at = built_in().position(|(_, text)| *file.text == *text)?;
            u32::try_from(at).ok()
        };
        let kept = KeptOf {
            addons: &self.addons,
            whens,
            models: &self.models,
            tables: &self.tables,
            macros: &self.macros,
            files: self.sources.files().map(place).collect(),
        };
        postcard::to_stdvec(&kept).ok()
    }

    /// What [`Base::to_bytes`] gave, in the same build of the program; `None` where the bytes are
    /// anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Base> {
        let Kept { mut addons, whens, models, tables, macros, files } =
            postcard::from_bytes(bytes).ok()?;
        let mut whens = whens.into_iter();
        for stanza in addons.iter_mut().flat_map(|addon| &mut addon.stanzas) {
            let when = whens.next()?;
            stanza.defs.iter_mut().for_each(|def| def.when = when.clone());
        }
        let sources = SourceMap::fetching(Box::new(BuiltIn { files }));
        Some(Base { addons, models, tables, macros, sources })
    }
}

impl Texts for BuiltIn {
    fn count(&self) -> usize {
        self.files.len()
    }

    fn fetch(&self, at: usize) -> SourceFile {
        let place = self.files.get(at).copied().flatten().and_then(|at| usize::try_from(at).ok());
        match place.and_then(|at| built_in().nth(at)) {
            Some((name, text)) => {
                SourceFile { name: name.to_owned(), text: text.into(), pieces: Vec::new() }
            }
            None => SourceFile::default(),
        }
    }
}
