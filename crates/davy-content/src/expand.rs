//! Content's macros as the expansion of a search asks for them.

use crate::content::Content;
use davy_spl::{MacroDef, Macros};

impl Macros for Content {
    fn find(&self, name: &str, argc: usize) -> Option<MacroDef> {
        self.find_macro(name, argc).map(|m| MacroDef {
            name: m.name.to_owned(),
            args: m.args.to_vec(),
            definition: m.definition.to_owned(),
            source: m.source,
            iseval: m.iseval,
            validation: m.validation.cloned(),
        })
    }

    fn names(&self) -> Vec<String> {
        self.macro_names()
    }
}
