//! Lexer, parser and formatter: no panic, and what is formatted parses to a text of the same form.
#![no_main]

use davy_diag::{Diagnostics, SourceMap};
use davy_spl::ast::Grammar;
use libfuzzer_sys::fuzz_target;

/// Commands of each grammar; `i` is short enough to be met by chance.
struct Commands;

impl davy_spl::Grammars for Commands {
    fn grammar(&self, command: &str) -> Option<Grammar> {
        Some(match command {
            "search" => Grammar::Search,
            "where" => Grammar::Where,
            "eval" => Grammar::Eval,
            "foreach" => Grammar::Template,
            "tstats" => Grammar::Tstats,
            "raw" => Grammar::Raw,
            "stats" | "head" | "append" | "rex" | "i" => Grammar::General,
            _ => return None,
        })
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

fuzz_target!(|text: &str| {
    let mut sources = SourceMap::default();
    let file = sources.add("fuzz", text);
    let mut diags = Diagnostics::default();
    let tree = davy_spl::parse(&sources, file, &Commands, &mut diags);
    if diags.has_errors() {
        return;
    }
    // Never panics; what it gives has been read again.
    davy_spl::format_source(&mut sources, file, &Commands, &mut Diagnostics::default());
    let once = davy_spl::format(&tree);
    let file = sources.add("again", once.as_str());
    let again = davy_spl::parse(&sources, file, &Commands, &mut diags);
    assert!(!diags.has_errors(), "what was formatted does not parse: {once}");
    assert_eq!(once, davy_spl::format(&again), "the layout is not stable");
});
