//! Signs that a word processor or a web page puts in place of SPL's: to Splunk they are letters of
//! a word, so that a search with them finds something else and says nothing.

use super::{Parser, scan};
use crate::codes;
use davy_diag::{SourceMap, Span};

/// Signs of one kind: how a message calls them, and what to type.
struct Kind {
    signs: &'static [char],
    what: &'static str,
    help: &'static str,
}

const KINDS: &[Kind] = &[
    Kind {
        signs: &['\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}'],
        what: "is no quote",
        help: "type a straight quote, `\"`",
    },
    Kind {
        signs: &['\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'],
        what: "is no quote",
        help: "type a straight quote: `\"` around a text, `'` around the name of a field",
    },
    Kind { signs: &['\u{2265}'], what: "compares nothing", help: "type `>=`" },
    Kind { signs: &['\u{2264}'], what: "compares nothing", help: "type `<=`" },
    Kind { signs: &['\u{2260}'], what: "compares nothing", help: "type `!=`" },
    Kind {
        signs: &['\u{200b}', '\u{feff}'],
        what: "has no width, and is part of a word all the same",
        help: "delete it, or type a plain space",
    },
    Kind {
        signs: &['\u{a0}', '\u{202f}'],
        what: "looks like a space, and is part of a word",
        help: "type a plain space",
    },
];

impl Parser<'_> {
    /// Warns of such signs outside quotes, once for each kind. What a macro brought is left to
    /// whoever wrote the macro.
    pub(super) fn look_alikes(&mut self, sources: &SourceMap) {
        let mut found: Vec<Vec<(char, Span)>> = vec![Vec::new(); KINDS.len()];
        for (at, sign) in scan::beyond_ascii(self.text, self.pos, self.end) {
            let Some(kind) = KINDS.iter().position(|k| k.signs.contains(&sign)) else { continue };
            let Some(places) = found.get_mut(kind) else { continue };
            let span = self.span(at, at + sign.len_utf8());
            let wanted = places.len() < 3 && !self.is_inner_apostrophe(at, sign);
            if wanted && sources.origin(span).1.is_empty() {
                places.push((sign, span));
            }
        }
        for (kind, places) in KINDS.iter().zip(found) {
            let mut places = places.into_iter();
            let Some((sign, span)) = places.next() else { continue };
            let name = match sign.is_whitespace() || matches!(sign, '\u{200b}' | '\u{feff}') {
                true => format!("the sign U+{:04X}", u32::from(sign)),
                false => format!("`{sign}`"),
            };
            let warning = codes::LOOK_ALIKE
                .at(span, format!("{name} {}", kind.what))
                .label("a letter to Splunk")
                .help(kind.help);
            let more = |warning: davy_diag::Diagnostic, (_, span)| warning.also(span, "and here");
            self.report(places.fold(warning, more));
        }
    }

    /// The apostrophe of a name such as O’Brien.
    fn is_inner_apostrophe(&self, at: usize, sign: char) -> bool {
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        sign == '\u{2019}'
            && letter(self.slice(0, at).chars().next_back())
            && letter(self.slice(at + sign.len_utf8(), self.end).chars().next())
    }
}
