//! Expansion, parsing, binding and lints of a text; messages are rendered as well.
#![no_main]

use davy_diag::{Diagnostics, SourceMap};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut sources = SourceMap::default();
    let file = sources.add("fuzz", text);
    let mut diags = Diagnostics::default();
    davy_plan::check(&mut sources, file, &davy_plan::NoKnowledge, None, &mut diags);
    for diag in diags.list() {
        davy_diag::render::text(&sources, diag, false);
    }
});
