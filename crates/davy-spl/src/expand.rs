//! Macro expansion: backtick calls become text, triple-backtick comments become a blank.

mod call;
mod empty;

pub(crate) use call::{Call, after_string, read_call};

use crate::codes;
use crate::mapped::{Calls, Mapped};
use crate::validation::Validation;
use call::{arguments, in_order, is_name, push_argument};
use davy_diag::{Diagnostic, Diagnostics, FileId, SourceMap, Span, closest};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ops::Range;

const MAX_BYTES: usize = 1 << 20;
const MAX_CALLS: usize = 10_000;
const MAX_DEPTH: usize = 64;
/// Stands where a failed call left an operand out, so that no second error follows the first.
const STAND_IN: &str = "missing_macro";

/// The search macros that exist.
pub trait Macros {
    fn find(&self, name: &str, argc: usize) -> Option<MacroDef>;
    /// Names without the number of arguments.
    fn names(&self) -> Vec<String>;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MacroDef {
    pub name: String,
    /// The names of its arguments; `$name$` in the definition.
    pub args: Vec<String>,
    pub definition: String,
    /// Where the definition is written.
    pub source: Option<Span>,
    /// The definition is an eval expression that yields the text.
    pub iseval: bool,
    /// What its arguments must be.
    pub validation: Option<Validation>,
}

/// Computes an eval expression of a macro, for which the arguments are fields: the text, or why
/// there is none.
pub type EvalMacro<'a> = &'a dyn Fn(&str, &[(&str, String)]) -> Result<String, String>;

/// Adds a text in which comments are gone and macros are replaced, and returns it. Places in it
/// lead back to what was written (`SourceMap::origin`). Macros that are eval expressions are
/// mistakes here; see [`expand_with`].
pub fn expand(
    sources: &mut SourceMap,
    query: FileId,
    macros: &dyn Macros,
    diags: &mut Diagnostics,
) -> FileId {
    expand_with(
        sources,
        query,
        macros,
        &|_, _| Err("expressions are not computed here".into()),
        diags,
    )
}

/// As [`expand`]; `eval` computes the definitions that are eval expressions. Arguments are put into
/// the expression as text first: macros.conf, `iseval`.
pub fn expand_with(
    sources: &mut SourceMap,
    query: FileId,
    macros: &dyn Macros,
    eval: EvalMacro<'_>,
    diags: &mut Diagnostics,
) -> FileId {
    let (name, text) = {
        let file = sources.file(query);
        (file.name.clone(), file.text.clone())
    };
    let input = Mapped::new(&text, query.span(0..text.len()), Calls::new());
    let mut expander = Expander {
        sources,
        macros,
        eval,
        diags,
        bytes: 0,
        calls: 0,
        full: false,
        empty: Vec::new(),
        unsourced: HashMap::new(),
    };
    let mut out = Mapped::default();
    expander.run(&input, &mut Vec::new(), &mut out);
    let out = empty::without_operators(out, expander.empty);
    sources.add_derived(name, out.text, out.pieces)
}

struct Expander<'a> {
    sources: &'a mut SourceMap,
    macros: &'a dyn Macros,
    eval: EvalMacro<'a>,
    diags: &'a mut Diagnostics,
    bytes: usize,
    calls: usize,
    /// A bound was passed and reported: no macro is expanded any more.
    full: bool,
    /// Where in what was made a macro left nothing.
    empty: Vec<usize>,
    /// Texts added for definitions that are written nowhere.
    unsourced: HashMap<(String, usize), Span>,
}

/// A macro's call in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroCall {
    pub name: String,
    pub argc: usize,
    /// In bytes, with its backticks.
    pub range: Range<usize>,
}

/// The call of a macro whose first backtick stands at `at`.
pub fn macro_call_at(text: &str, at: usize) -> Option<MacroCall> {
    if text.as_bytes().get(at) != Some(&b'`') {
        return None;
    }
    let Call { name, args, range } = read_call(text, at)?;
    Some(MacroCall { name, argc: args.len(), range })
}

impl Expander<'_> {
    fn run(&mut self, input: &Mapped, chain: &mut Vec<(String, usize)>, out: &mut Mapped) {
        let text = input.text.as_str();
        let bytes = text.as_bytes();
        let (mut at, mut copied) = (0, 0);
        while let Some(&b) = bytes.get(at) {
            match b {
                b'"' => at = after_string(bytes, at),
                b'\\' if bytes.get(at + 1) == Some(&b'"') => at += 2,
                b'`' => {
                    out.push_part(input, copied..at);
                    at = if text.get(at..).is_some_and(|t| t.starts_with("```")) {
                        self.comment(input, at, out)
                    } else {
                        self.call(input, at, chain, out)
                    };
                    copied = at;
                }
                _ => at += 1,
            }
        }
        out.push_part(input, copied..text.len());
    }

    /// A comment becomes one blank; returns where it ends.
    fn comment(&mut self, input: &Mapped, at: usize, out: &mut Mapped) -> usize {
        let end = match input.text.get(at + 3..).and_then(|t| t.find("```")) {
            Some(len) => at + 3 + len + 3,
            None => {
                self.report(input, at..at + 3, |span| {
                    codes::UNTERMINATED_COMMENT
                        .at(span, "this comment has no end")
                        .label("starts here")
                        .help("end the comment with ``` (three backticks)")
                });
                input.text.len()
            }
        };
        if let Some((span, calls)) = input.origin(at..end) {
            out.push(" ", span, calls);
        }
        end
    }

    /// Replaces the call that starts at `at`; returns where it ends.
    fn call(
        &mut self,
        input: &Mapped,
        at: usize,
        chain: &mut Vec<(String, usize)>,
        out: &mut Mapped,
    ) -> usize {
        let Some(call) = read_call(&input.text, at) else {
            self.report(input, at..at + 1, |span| {
                codes::UNTERMINATED_MACRO
                    .at(span, "this macro call has no closing backtick")
                    .label("starts here")
                    .help(
                        "write the call as `name` or `name(argument)`, with a backtick at each end",
                    )
            });
            let name = input.text.bytes().skip(at + 1).take_while(|b| is_name(*b)).count();
            let end = at + 1 + name;
            self.stand_in(input, at..end, out);
            return end;
        };
        let end = call.range.end;
        match self.body(input, &call, chain) {
            Some(body) => {
                let body = without_second_pipe(body, &out.text);
                let before = out.text.len();
                chain.push((call.name.clone(), call.args.len()));
                self.run(&body, chain, out);
                chain.pop();
                if out.text.get(before..).is_some_and(|t| t.trim().is_empty()) {
                    // A macro that is empty where a command must stand changes nothing.
                    let alone = stage_starts(&out.text)
                        && stage_ends(input.text.get(end..).unwrap_or(""))
                        && !out.text.trim().is_empty();
                    if alone || chain.is_empty() && self.compared(input, &call, out) {
                        self.stand_in(input, call.range, out);
                    } else {
                        self.empty.push(before);
                    }
                }
            }
            None => self.stand_in(input, call.range, out),
        }
        end
    }

    /// Reports an empty macro that should be the value of a comparison: nothing in what is made
    /// would lead back to it.
    fn compared(&mut self, input: &Mapped, call: &Call, out: &Mapped) -> bool {
        let Some(sign @ ('=' | '<' | '>')) = out.text.trim_end().chars().next_back() else {
            return false;
        };
        let rest = input.text.get(call.range.end..).unwrap_or("");
        if !stage_ends(rest) && !rest.trim_start().starts_with(')') {
            return false;
        }
        let name = &call.name;
        self.report(input, call.range.clone(), |span| {
            codes::MISSING_VALUE
                .at(span, format!("macro `{name}` expands to nothing, and `{sign}` needs a value"))
                .help("type a value in place of the call, or leave the comparison out")
        });
        true
    }

    /// The definition with its arguments put in; `None` when there is a mistake, now reported.
    fn body(&mut self, input: &Mapped, call: &Call, chain: &[(String, usize)]) -> Option<Mapped> {
        if self.full {
            return None;
        }
        let argc = call.args.len();
        let Some(def) = self.macros.find(&call.name, argc) else {
            self.unknown(input, call);
            return None;
        };
        let key = (call.name.clone(), argc);
        if let Some(first) = chain.iter().position(|c| *c == key) {
            let mut names: Vec<&str> = chain.iter().skip(first).map(|c| c.0.as_str()).collect();
            names.push(&call.name);
            let path = names.join("` calls `");
            self.report(input, call.range.clone(), |span| {
                codes::MACRO_RECURSION
                    .at(span, format!("macro `{}` never ends: `{path}`", call.name))
                    .label("calls itself here")
                    .help("take this call out of the macro's definition")
            });
            return None;
        }
        self.calls += 1;
        if chain.len() >= MAX_DEPTH || self.calls > MAX_CALLS {
            self.too_much(input, call);
            return None;
        }
        if self.refused(&def, input, call) {
            return None;
        }
        let (span, mut calls) = input.origin(call.range.clone())?;
        calls.push((span, format!("macro `{}`", call.name)));
        let source = self.source(&def, argc);
        let given = in_order(&def, input, call);
        let mut body = Mapped::default();
        let exact = self.sources.text(source) == def.definition;
        let place = |range: Range<usize>| if exact { source.part(range) } else { source };
        let (mut at, text) = (0, def.definition.as_str());
        while let Some(start) = text.get(at..).and_then(|t| t.find('$')).map(|i| at + i) {
            let found = def.args.iter().zip(&given).find(|(name, _)| {
                text.get(start + 1..)
                    .and_then(|t| t.strip_prefix(name.as_str()))
                    .is_some_and(|t| t.starts_with('$'))
            });
            if let Some((name, (range, quoted))) = found {
                body.push(text.get(at..start).unwrap_or(""), place(at..start), calls.clone());
                push_argument(&mut body, input, range.clone(), *quoted);
                at = start + name.len() + 2;
            } else {
                let next = start + 1;
                body.push(text.get(at..next).unwrap_or(""), place(at..next), calls.clone());
                at = next;
            }
            if self.bytes + body.text.len() > MAX_BYTES {
                break;
            }
        }
        body.push(text.get(at..).unwrap_or(""), place(at..text.len()), calls.clone());
        if def.iseval {
            match (self.eval)(&body.text, &arguments(&def, input, call)) {
                Ok(text) => {
                    body = Mapped::default();
                    body.push(&text, source, calls);
                }
                Err(why) => {
                    self.report(input, call.range.clone(), |span| {
                        let name = &call.name;
                        codes::MACRO_EVAL
                            .at(span, format!("macro `{name}` has no value: {why}"))
                            .help(format!("write what `{name}` yields in place of the call"))
                    });
                    return None;
                }
            }
        }
        self.bytes += body.text.len();
        if self.bytes > MAX_BYTES {
            self.too_much(input, call);
            return None;
        }
        Some(body)
    }

    /// Reports arguments that the macro does not take.
    fn refused(&mut self, def: &MacroDef, input: &Mapped, call: &Call) -> bool {
        let Some(validation) = &def.validation else { return false };
        let args = arguments(def, input, call);
        let Some(message) = validation.refuses(&args, self.eval) else { return false };
        let name = &call.name;
        self.report(input, call.range.clone(), |span| {
            codes::MACRO_VALIDATION
                .at(span, format!("macro `{name}` does not take these arguments: {message}"))
                .help(format!("its validation is `{}`", validation.expression))
        });
        true
    }

    /// Where the definition is written; a text of its own when it is written nowhere.
    fn source(&mut self, def: &MacroDef, argc: usize) -> Span {
        if let Some(span) = def.source {
            return span;
        }
        let sources = &mut *self.sources;
        *self.unsourced.entry((def.name.clone(), argc)).or_insert_with(|| {
            let file = sources.add(format!("macro `{}`", def.name), def.definition.as_str());
            file.span(0..def.definition.len())
        })
    }

    fn unknown(&mut self, input: &Mapped, call: &Call) {
        let argc = call.args.len();
        let other =
            (0..=20usize).filter(|n| *n != argc).find_map(|n| self.macros.find(&call.name, n));
        let names = self.macros.names();
        self.report(input, call.range.clone(), |span| match other {
            Some(def) => {
                let takes = count(def.args.len());
                let shape = if def.args.is_empty() {
                    format!("`{}`", def.name)
                } else {
                    format!("`{}({})`", def.name, def.args.join(", "))
                };
                codes::MACRO_ARGUMENTS
                    .at(span, format!("macro `{}` takes {takes}, not {argc}", call.name))
                    .label(format!("{} given", count(argc)))
                    .help(format!("write {shape}"))
            }
            None => {
                let near = closest(&call.name, names.iter().map(String::as_str));
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "define the macro, or write its text in place of the call".to_owned(),
                };
                codes::UNKNOWN_MACRO
                    .at(span, format!("no macro `{}`", call.name))
                    .label("not defined")
                    .help(help)
            }
        });
    }

    fn too_much(&mut self, input: &Mapped, call: &Call) {
        self.full = true;
        self.report(input, call.range.clone(), |span| {
            codes::MACRO_SIZE
                .at(span, format!("macro `{}` expands to too much", call.name))
                .label("given up here")
                .help("call fewer macros inside macros")
        });
    }

    /// Puts in what keeps the rest readable in place of a call that failed or is empty.
    fn stand_in(&mut self, input: &Mapped, range: Range<usize>, out: &mut Mapped) {
        let rest = input.text.get(range.end..).unwrap_or("");
        let before = out.text.trim_end();
        let text = if stage_starts(&out.text) {
            match (stage_ends(rest), before.is_empty()) {
                (true, _) => "search *",
                (false, true) if takes_operand(rest.trim_start()) => STAND_IN,
                (false, true) => "",
                (false, false) => "search ",
            }
        } else if wants_operand(before) || takes_operand(rest.trim_start()) {
            STAND_IN
        } else {
            ""
        };
        if let Some((span, calls)) = input.origin(range) {
            out.push(text, span, calls);
        }
    }

    fn report(
        &mut self,
        input: &Mapped,
        range: Range<usize>,
        make: impl FnOnce(Span) -> Diagnostic,
    ) {
        let Some((span, calls)) = input.origin(range) else { return };
        if self.diags.list().len() > 200 {
            return;
        }
        let mut diagnostic = make(span);
        for (call, what) in calls.into_iter().rev().take(2) {
            diagnostic = diagnostic.also(call, format!("in this use of {what}"));
        }
        self.diags.push(diagnostic);
    }
}

fn count(argc: usize) -> String {
    match argc {
        0 => "no arguments".to_owned(),
        1 => "1 argument".to_owned(),
        n => format!("{n} arguments"),
    }
}

/// A body that brings its own pipe may be called after one.
fn without_second_pipe(body: Mapped, before: &str) -> Mapped {
    let start = body.text.len() - body.text.trim_start().len();
    if !(before.trim_end().ends_with('|') && body.text.trim_start().starts_with('|')) {
        return body;
    }
    let mut rest = Mapped::default();
    rest.push_part(&body, start + 1..body.text.len());
    rest
}

/// Nothing of the command stands yet.
fn stage_starts(text: &str) -> bool {
    matches!(text.trim_end().as_bytes().last(), None | Some(b'|' | b'['))
}

fn stage_ends(rest: &str) -> bool {
    matches!(rest.trim_start().as_bytes().first(), None | Some(b'|' | b']'))
}

fn wants_operand(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or("");
    matches!(
        before.as_bytes().last(),
        Some(b'=' | b'(' | b',' | b'<' | b'>' | b'+' | b'-' | b'/' | b'.' | b'%')
    ) || matches!(word.to_ascii_uppercase().as_str(), "AND" | "OR" | "NOT" | "XOR" | "WHERE")
}

fn takes_operand(rest: &str) -> bool {
    let word = rest.split(|c: char| c.is_whitespace() || c == '(').next().unwrap_or("");
    matches!(word, "AND" | "OR") || rest.starts_with(['=', '<', '>'])
}
