//! Macro expansion over a text and two definitions taken from the input.
#![no_main]

use davy_diag::{Diagnostics, SourceMap};
use davy_spl::{MacroDef, Macros};
use libfuzzer_sys::fuzz_target;

struct Two<'a>(&'a str, &'a str);

impl Macros for Two<'_> {
    fn find(&self, name: &str, args: usize) -> Option<MacroDef> {
        let (definition, iseval) = match name {
            "a" => (self.0, false),
            "b" => (self.1, true),
            _ => return None,
        };
        Some(MacroDef {
            name: name.to_owned(),
            args: (0..args).map(|i| format!("x{i}")).collect(),
            definition: definition.to_owned(),
            source: None,
            iseval,
            validation: None,
        })
    }

    fn names(&self) -> Vec<String> {
        vec!["a".to_owned(), "b".to_owned()]
    }
}

fuzz_target!(|input: (&str, &str, &str)| {
    let (text, a, b) = input;
    let mut sources = SourceMap::default();
    let file = sources.add("fuzz", text);
    let mut diags = Diagnostics::default();
    davy_spl::expand(&mut sources, file, &Two(a, b), &mut diags);
    for diag in diags.list() {
        davy_diag::render::text(&sources, diag, false);
    }
});
