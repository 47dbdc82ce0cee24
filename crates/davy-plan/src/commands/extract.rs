//! `extract`. Search Reference, extract.

use crate::command::Command;
use crate::example;
use crate::extract::{Extractor, Found, extracted};
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_spl::ast::{Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "extract",
    aliases: &["kv"],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "extract [pairdelim=<chars>] [kvdelim=<chars>] [limit=<N>] [maxchars=<N>] [mv_add=<bool>] [clean_keys=<bool>] [auto=<bool>]",
    summary: "Makes a field of each `key=value` in `_raw`. `pairdelim` and `kvdelim` are the characters between pairs and in them.",
    examples: &[
        example!("| makeresults | eval _raw=\"user=ann id=7 msg=\\\"two words\\\"\" | extract | table user id msg" => table "user,id,msg\nann,7,two words"),
        example!("| makeresults | eval _raw=\"a:1;b:2\" | extract pairdelim=\";\" kvdelim=\":\" | table a b" => table "a,b\n1,2"),
    ],
    source: "Search Reference, extract",
    support: Support::Limited("transforms of `transforms.conf` cannot be named"),
    parse,
};

#[derive(Debug, Clone)]
struct Extract {
    pair: Option<String>,
    kv: Option<String>,
    limit: usize,
    max_chars: usize,
    multi: bool,
    clean: bool,
    off: bool,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = [
        "pairdelim",
        "kvdelim",
        "limit",
        "maxchars",
        "mv_add",
        "clean_keys",
        "auto",
        "reload",
        "segment",
    ];
    let (options, left) = cx.reader(args).options(&names, cx);
    if let Some(name) = cx.field_list(&left)?.first() {
        return cx
            .bad(name.span, "there is no `transforms.conf` here whose extraction could be named");
    }
    let text = |name: &str| options.text(name).map(|t| escapes(&t.value)).filter(|t| !t.is_empty());
    let command = Extract {
        pair: text("pairdelim"),
        kv: text("kvdelim"),
        limit: options.count("limit", cx).unwrap_or(50),
        max_chars: options.count("maxchars", cx).unwrap_or(10_240),
        multi: options.flag("mv_add", false, cx),
        clean: options.flag("clean_keys", true, cx),
        off: !options.flag("auto", true, cx),
    };
    // Configuration is not read here, so it is always fresh.
    options.flag("reload", false, cx);
    options.flag("segment", false, cx);
    Some(Box::new(command))
}

fn escapes(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r")
}

impl Command for Extract {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone().with(["_raw"])
    }

    fn fields(&self, input: &Fields) -> Fields {
        Fields { names: input.names.clone(), open: true }
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        if self.off && self.pair.is_none() && self.kv.is_none() {
            return Ok(input);
        }
        extracted(input, "_raw", Arc::new(self.clone()), cx)
    }
}

impl Extractor for Extract {
    fn name(&self) -> &'static str {
        "extract"
    }

    fn extract(&self, text: &str, found: &mut Found) {
        let text = match text.char_indices().nth(self.max_chars) {
            Some((at, _)) => text.get(..at).unwrap_or(text),
            None => text,
        };
        match (&self.pair, &self.kv) {
            (None, None) => self.automatic(text, found),
            (pair, kv) => {
                let pair = pair.as_deref().unwrap_or(" ,;|\t\n");
                self.delimited(text, pair, kv.as_deref().unwrap_or("="), found);
            }
        }
    }
}

impl Extract {
    fn pair(&self, key: &str, value: &str, found: &mut Found) {
        let key = if self.clean { cleaned(key) } else { key.trim().to_owned() };
        if key.is_empty() || value.is_empty() || found.len() >= self.limit {
            return;
        }
        match self.multi {
            true => found.add(&key, value),
            false => found.put_first(&key, value),
        }
    }

    /// `key=value` and `key="value with blanks"`, wherever they stand.
    fn automatic(&self, text: &str, found: &mut Found) {
        let mut at = 0;
        while let Some(equals) = text.get(at..).and_then(|t| t.find('=')).map(|i| at + i) {
            let before = text.get(at..equals).unwrap_or_default();
            let start = before
                .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '-')))
                .map_or(0, |i| {
                    i + before.get(i..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8)
                });
            let key = before.get(start..).unwrap_or_default();
            let tail = text.get(equals + 1..).unwrap_or_default();
            let (value, len) =
                value(tail, |c| c.is_whitespace() || matches!(c, ',' | ';' | '|' | '&'));
            if !key.is_empty() {
                self.pair(key, &value, found);
            }
            at = equals + 1 + if key.is_empty() { 0 } else { len };
        }
    }

    fn delimited(&self, text: &str, pairs: &str, kv: &str, found: &mut Found) {
        let mut rest = text;
        loop {
            let Some(at) = rest.find(|c| kv.contains(c) || pairs.contains(c)) else { return };
            let sign = rest.get(at..).and_then(|t| t.chars().next()).unwrap_or(' ');
            let after = rest.get(at + sign.len_utf8()..).unwrap_or_default();
            if !kv.contains(sign) {
                rest = after;
                continue;
            }
            let key = rest.get(..at).unwrap_or_default();
            let (value, len) = value(after, |c| pairs.contains(c));
            let quoted = after.starts_with('"');
            // A value that holds the sign between key and value is not one.
            if quoted || !value.contains(|c| kv.contains(c)) {
                self.pair(key, &value, found);
            }
            rest = after.get(len..).unwrap_or_default();
        }
    }
}

/// The value at the start of a text, and how much of the text it takes.
fn value(text: &str, ends: impl Fn(char) -> bool) -> (String, usize) {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let len = text.find(ends).unwrap_or(text.len());
        return (text.get(..len).unwrap_or_default().trim().to_owned(), len);
    };
    let mut out = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            c if escaped => {
                if c != quote && c != '\\' {
                    out.push('\\');
                }
                out.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            c if c == quote => return (out, at + 1),
            c => out.push(c),
        }
    }
    // A quote that is never closed is part of a value without blanks.
    let len = text.find(ends).unwrap_or(text.len());
    (text.get(..len).unwrap_or_default().to_owned(), len)
}

/// A key as a field name: other signs than letters, digits and `_` become `_`, none in front.
pub(super) fn cleaned(key: &str) -> String {
    let key: String =
        key.trim().chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect();
    key.trim_start_matches(|c: char| c == '_' || c.is_ascii_digit()).to_owned()
}
