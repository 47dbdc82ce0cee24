//! The one layout of a search: a command a line, subsearches indented, operators in upper case.

mod expr;
mod search;
mod source;

use crate::ast::{
    Arg, ArgKind, Args, Assignment, CallArgs, Expr, Pipeline, SearchExpr, Stage, Target, TargetPart,
};
use crate::parse::{Grammars, is_blank_char, is_name, opens_single};
use source::Written;
pub use source::format_source;
use std::fmt::Write;

/// Writes a pipeline that was read without errors; reading it again gives the same tree, except
/// where a term begins with a single quote that pairs with a later one in this layout
/// ([`format_source`] sees that and refuses).
pub fn format(pipeline: &Pipeline) -> String {
    let mut out = Writer::default();
    out.pipeline(pipeline);
    out.out.push('\n');
    out.out
}

/// Writes one eval expression on a line.
pub fn format_expr(expr: &Expr) -> String {
    let mut out = Writer::default();
    out.expr(expr, 0);
    out.out
}

/// Writes one search expression on a line.
pub fn format_search(expr: &SearchExpr) -> String {
    let mut out = Writer::default();
    out.search(expr, true);
    out.out
}

#[derive(Default)]
struct Writer<'a> {
    out: String,
    indent: usize,
    /// The text that is laid out, where its comments and its macros' calls are to stay.
    written: Option<&'a Written>,
    /// The commands; where they are not known, any word may be one.
    commands: Option<&'a dyn Grammars>,
    /// Searches in brackets around this place.
    depth: usize,
    /// The next term is a word that would be read as a command, so it needs parentheses.
    wrap: bool,
}

impl Writer<'_> {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn line(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("    ", self.indent));
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        for (i, stage) in pipeline.stages.iter().enumerate() {
            if i > 0 {
                self.line();
            }
            for comment in self.written.map_or(&[][..], |w| w.comments_before(stage)) {
                self.push(comment);
                self.line();
            }
            // A search may start with `search` or its terms; any other command needs its pipe.
            // A macro may be either, so it stays as it is.
            let pipeless = stage.implicit
                || stage.name.value == "search"
                || self.written.is_some_and(|w| w.is_pipeless_macro(pipeline, stage));
            if i > 0 || !pipeless {
                self.push("| ");
            }
            let from = self.out.len();
            self.stage(stage);
            // `[(head) x]` without its parentheses would be the command `head`.
            if i == 0 && stage.implicit && self.reads_as_command(from) {
                self.out.truncate(from);
                self.wrap = true;
                self.stage(stage);
                self.wrap = false;
            }
        }
    }

    /// Whether the terms written since `from` begin with a word that the parser takes for a
    /// command; see `Parser::command_here`.
    fn reads_as_command(&self, from: usize) -> bool {
        let text = self.out.get(from..).unwrap_or_default();
        let word = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
        let word = word.unwrap_or_default();
        let rest = text.get(word.len()..).unwrap_or_default();
        let apart = rest.is_empty() || rest.starts_with(|c| is_blank_char(c) || "([\"".contains(c));
        let after = rest.trim_start_matches(is_blank_char);
        if !apart || after.starts_with(['=', '<', '>']) || after.starts_with("!=") {
            return false;
        }
        let name = word.to_ascii_lowercase();
        let known = || self.commands.is_none_or(|c| c.grammar(&name).is_some());
        name == "search" || self.depth > 0 && !name.is_empty() && known()
    }

    fn stage(&mut self, stage: &Stage) {
        if !stage.implicit {
            self.push(&stage.name.value);
            if !is_empty(&stage.args)
                || self.written.is_some_and(|w| !w.arguments(stage).is_empty())
            {
                self.push(" ");
            }
        }
        match &stage.args {
            Args::Search(Some(expr)) => self.search(expr, true),
            Args::Search(None) => {}
            Args::Broken(_) => {
                if let Some(written) = self.written {
                    self.push(written.arguments(stage));
                }
            }
            Args::Where(expr) => self.expr(expr, 0),
            Args::Eval(list) => self.assignments(list),
            Args::General(items) => self.items(items),
            Args::Tstats(args) => {
                self.items(&args.head);
                if let Some(filter) = &args.filter {
                    self.push(if args.head.is_empty() { "WHERE " } else { " WHERE " });
                    self.search(filter, true);
                }
                if args.grouped {
                    self.push(if args.by.is_empty() { " BY" } else { " BY " });
                    self.items(&args.by);
                }
            }
            Args::Raw(text) => self.push(&text.value),
        }
    }

    fn assignments(&mut self, list: &[Assignment]) {
        for (i, assignment) in list.iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            match &assignment.target {
                Target::Field(name) => self.target(&name.value),
                Target::Dynamic(parts, _) => {
                    for part in parts {
                        match part {
                            TargetPart::Text(text) => self.push(text),
                            TargetPart::Field(name) => {
                                let _ = write!(self.out, "{{{name}}}");
                            }
                        }
                    }
                }
            }
            self.push("=");
            self.expr(&assignment.value, 0);
        }
    }

    fn target(&mut self, name: &str) {
        // A brace with a name in it would make the target dynamic.
        let plain = !name.is_empty()
            && name.bytes().all(|b| is_name(b) || b == b'.')
            && !name
                .split('{')
                .skip(1)
                .any(|part| !part.starts_with(|c: char| c == '}' || c.is_ascii_digit()));
        if plain { self.push(name) } else { self.quote(name, '\'') }
    }

    fn items(&mut self, items: &[Arg]) {
        for (i, item) in items.iter().enumerate() {
            if i > 0 && item.kind != ArgKind::Comma {
                self.push(" ");
            }
            self.item(item);
        }
    }

    fn item(&mut self, item: &Arg) {
        match &item.kind {
            ArgKind::Word(word) => self.push(word),
            ArgKind::Quoted(text) => self.quote(text, '"'),
            ArgKind::FieldQuoted(name) => self.quote(name, '\''),
            ArgKind::Comma => self.push(","),
            ArgKind::Sign(sign) => self.out.push(*sign),
            ArgKind::Option { key, not, value } => {
                if is_plain_key(&key.value) {
                    self.push(&key.value);
                } else {
                    self.quote(&key.value, '"');
                }
                self.push(if *not { "!=" } else { "=" });
                if matches!(&value.kind, ArgKind::Word(word) if word.starts_with('=')) {
                    self.push(" ");
                }
                self.item(value);
            }
            ArgKind::Call { name, args } => {
                self.push(&name.value);
                self.push("(");
                match args {
                    CallArgs::Items(items) => self.items(items),
                    CallArgs::Eval(expr) => self.expr(expr, 0),
                }
                self.push(")");
            }
            ArgKind::Group(text) => {
                let _ = write!(self.out, "({text})");
            }
            ArgKind::Template(text) => {
                let _ = write!(self.out, "[{text}]");
            }
            ArgKind::Subsearch(pipeline) => self.subsearch(pipeline),
        }
    }

    /// One command stands in the line; more are indented, one a line.
    fn subsearch(&mut self, pipeline: &Pipeline) {
        self.push("[");
        self.depth += 1;
        let commented =
            |w: &Written| pipeline.stages.iter().any(|s| !w.comments_before(s).is_empty());
        if pipeline.stages.len() < 2 && !self.written.is_some_and(commented) {
            self.pipeline(pipeline);
        } else {
            self.indent += 1;
            self.line();
            self.pipeline(pipeline);
            self.indent -= 1;
            self.line();
        }
        self.depth -= 1;
        self.push("]");
    }

    /// The text in quotes: a quote gets a backslash, and so does a backslash that would
    /// otherwise be read as one half of an escape.
    fn quote(&mut self, text: &str, quote: char) {
        self.out.push(quote);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if chars.peek().is_none_or(|n| *n == '\\' || *n == quote) => self.push("\\\\"),
                c if c == quote => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                c => self.out.push(c),
            }
        }
        self.out.push(quote);
    }
}

fn is_empty(args: &Args) -> bool {
    match args {
        Args::Search(expr) => expr.is_none(),
        Args::General(items) => items.is_empty(),
        Args::Raw(text) => text.value.is_empty(),
        Args::Broken(_) => true,
        Args::Where(_) | Args::Eval(_) | Args::Tstats(_) => false,
    }
}

fn is_plain_key(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with(['-', '+'])
        && !opens_single(key)
        && !key.contains(|c: char| c.is_whitespace() || ",()[]\"=!|\\`".contains(c))
}
