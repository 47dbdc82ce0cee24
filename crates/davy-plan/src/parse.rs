//! Reading a command's arguments: options, fields, words, searches in brackets.

use crate::bind;
use crate::codes;
use crate::command::Bound;
use crate::spec::CommandSpec;
use davy_diag::{Diagnostic, Diagnostics, SourceMap, Span, Spanned, closest};
use davy_spl::ast::{Arg, ArgKind, Args, CallArgs, Expr, Pipeline, Stage};

/// What a command's `parse` may use.
pub struct ParseCx<'a> {
    pub sources: &'a SourceMap,
    pub diags: &'a mut Diagnostics,
    pub stage: &'a Stage,
    pub spec: &'static CommandSpec,
    /// The first command of its pipeline.
    pub first: bool,
    /// How deep in brackets this pipeline stands.
    pub depth: usize,
}

impl ParseCx<'_> {
    /// The whole command.
    pub fn span(&self) -> Span {
        self.stage.span.0
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diags.push(diagnostic);
    }

    /// Something that the command needs is not there.
    pub fn missing<T>(&mut self, what: &str) -> Option<T> {
        let diagnostic = codes::MISSING_ARGUMENT
            .at(self.stage.name.span, format!("`{}` needs {what}", self.spec.name))
            .help(format!("its syntax is `{}`", self.spec.syntax));
        self.report(diagnostic);
        None
    }

    /// As `missing`, but nothing is said when a mistake was: it stands where the thing should.
    pub fn lacks<T>(&mut self, what: &str) -> Option<T> {
        if self.diags.has_errors() { None } else { self.missing(what) }
    }

    /// An argument that cannot be what it is.
    pub fn bad<T>(&mut self, span: Span, message: impl Into<String>) -> Option<T> {
        let diagnostic = codes::BAD_ARGUMENT
            .at(span, message)
            .help(format!("the syntax of `{}` is `{}`", self.spec.name, self.spec.syntax));
        self.report(diagnostic);
        None
    }

    /// The fields among items whose options were taken out; anything else is reported.
    pub fn field_list(&mut self, items: &[&Arg]) -> Option<Vec<Spanned<String>>> {
        let mut fields = Vec::new();
        for item in items {
            match arg_field(item) {
                Some(name) => fields.push(Spanned::new(name, item.span.0)),
                None if matches!(item.kind, ArgKind::Comma) => {}
                None => return self.bad(item.span.0, "a field name is needed here"),
            }
        }
        Some(fields)
    }

    /// Warns of a condition among the fields after BY, where its words are names of fields. What a
    /// macro brought is left to whoever wrote the macro.
    pub fn condition_after_by(&mut self, by: &[Spanned<String>]) {
        let bare = |name: &Spanned<String>| {
            !self.sources.text(name.span).starts_with(['"', '\''])
                && self.sources.origin(name.span).1.is_empty()
        };
        // `user=`, as PREFIX() names it, is a field.
        let compares = |name: &str| name.trim_end_matches('=').contains(['<', '>', '=']);
        let is_where = |name: &Spanned<String>| name.value.eq_ignore_ascii_case("where");
        let found = by.iter().position(|n| bare(n) && (is_where(n) || compares(&n.value)));
        let Some((first, rest)) = found.and_then(|at| by.get(at..)?.split_first()) else { return };
        let end = rest.last().unwrap_or(first).span;
        let help = match (is_where(first), rest.first()) {
            (true, None) if by.len() == 1 => return,
            (true, None) => "type a condition: `| where count>5`".to_owned(),
            (true, Some(next)) => {
                let condition = self.sources.text(next.span.to(end));
                format!("type `| where {condition}`")
            }
            (false, _) => format!("type `| where {}` after the command", first.value),
        };
        let message = format!("BY takes fields: `{}` is read as the name of one", first.value);
        let span = first.span.to(end);
        self.report(codes::CONDITION_AFTER_BY.at(span, message).help(help));
    }

    /// A regular expression; one that cannot be read is reported.
    pub fn pattern(&mut self, text: &Spanned<String>) -> Option<()> {
        match crate::pattern::Pattern::new(&text.value) {
            Ok(_) => Some(()),
            Err(why) => {
                let diagnostic = codes::BAD_REGEX
                    .at(text.span, format!("the regular expression cannot be read: {why}"))
                    .help(format!("the syntax of `{}` is `{}`", self.spec.name, self.spec.syntax));
                self.report(diagnostic);
                None
            }
        }
    }

    /// Binds a search in brackets.
    pub fn bind(&mut self, pipeline: &Pipeline) -> Bound {
        bind::bind_at(pipeline, self.sources, self.diags, self.depth + 1, true)
    }

    /// Binds commands in brackets that work on the rows that are there.
    pub fn bind_following(&mut self, pipeline: &Pipeline) -> Bound {
        bind::bind_at(pipeline, self.sources, self.diags, self.depth + 1, false)
    }

    /// Looks for mistakes in an expression that need no data.
    pub fn check(&mut self, expr: &Expr) {
        let mut errors = Vec::new();
        crate::expr::check(expr, &mut errors);
        errors.into_iter().for_each(|e| self.diags.push(e));
    }

    /// Reads what stands at `span` (the inside of parentheses, a quoted text) as an expression.
    pub fn expr_at(&mut self, span: Span) -> Option<Expr> {
        let expr = davy_spl::parse_expr_at(self.sources, span, self.diags)?;
        self.check(&expr);
        Some(expr)
    }

    /// The items of a `General` command.
    pub fn reader<'r>(&self, args: &'r Args) -> ArgReader<'r> {
        match args {
            Args::General(items) => ArgReader { items, at: 0 },
            _ => ArgReader { items: &[], at: 0 },
        }
    }
}

/// Walks over a command's items.
#[derive(Debug, Clone)]
pub struct ArgReader<'r> {
    pub items: &'r [Arg],
    pub at: usize,
}

impl<'r> ArgReader<'r> {
    pub fn of(items: &'r [Arg]) -> Self {
        ArgReader { items, at: 0 }
    }

    pub fn peek(&self) -> Option<&'r Arg> {
        self.items.get(self.at)
    }

    pub fn next_arg(&mut self) -> Option<&'r Arg> {
        let item = self.items.get(self.at)?;
        self.at += 1;
        Some(item)
    }

    pub fn done(&self) -> bool {
        self.at >= self.items.len()
    }

    /// Takes the word if it is next, in any case.
    pub fn keyword(&mut self, word: &str) -> bool {
        let found = matches!(self.peek().map(|a| &a.kind),
            Some(ArgKind::Word(w)) if w.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    pub fn is_keyword(&self, words: &[&str]) -> bool {
        matches!(self.peek().map(|a| &a.kind),
            Some(ArgKind::Word(w)) if words.iter().any(|x| w.eq_ignore_ascii_case(x)))
    }

    pub fn skip_commas(&mut self) {
        while matches!(self.peek().map(|a| &a.kind), Some(ArgKind::Comma)) {
            self.at += 1;
        }
    }

    /// A field name: a word, quoted in either way, or the default name of an aggregation.
    pub fn field(&mut self) -> Option<Spanned<String>> {
        let arg = self.peek()?;
        let name = arg_field(arg)?;
        self.at += 1;
        Some(Spanned::new(name, arg.span.0))
    }

    /// Fields up to the end, an option, or one of the `until` words; commas between are optional.
    pub fn fields(&mut self, until: &[&str]) -> Vec<Spanned<String>> {
        let mut fields = Vec::new();
        loop {
            self.skip_commas();
            if self.is_keyword(until) {
                return fields;
            }
            match self.field() {
                Some(field) => fields.push(field),
                None => return fields,
            }
        }
    }

    /// The fields after `BY`, if it is next: none is a mistake.
    pub fn by(&mut self, cx: &mut ParseCx<'_>) -> Option<Vec<Spanned<String>>> {
        if !self.keyword("by") {
            return Some(Vec::new());
        }
        let by = self.fields(&[]);
        if by.is_empty() {
            return cx.missing("a field after BY");
        }
        cx.condition_after_by(&by);
        Some(by)
    }

    /// Every `key=value` of `names` anywhere in the items, taken out of the order; other options
    /// are reported. Gives the options and the items that are left.
    pub fn options(
        self,
        names: &[&'static str],
        cx: &mut ParseCx<'_>,
    ) -> (Options<'r>, Vec<&'r Arg>) {
        let mut options = Options { list: Vec::new() };
        let mut left = Vec::new();
        for arg in &self.items[self.at.min(self.items.len())..] {
            let ArgKind::Option { key, not: false, value } = &arg.kind else {
                left.push(arg);
                continue;
            };
            match names.iter().find(|n| n.eq_ignore_ascii_case(&key.value)) {
                Some(name) => options.list.push((name, key.span, value)),
                None => {
                    let near = closest(&key.value, names.iter().copied());
                    let help = match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None if names.is_empty() => {
                            format!("the syntax is `{}`", cx.spec.syntax)
                        }
                        None => format!("`{}` has {}", cx.spec.name, names.join(", ")),
                    };
                    cx.report(
                        codes::UNKNOWN_OPTION
                            .at(
                                key.span,
                                format!("`{}` has no option `{}`", cx.spec.name, key.value),
                            )
                            .help(help),
                    );
                }
            }
        }
        (options, left)
    }
}

/// The `key=value` items of a command.
#[derive(Debug)]
pub struct Options<'r> {
    list: Vec<(&'static str, Span, &'r Arg)>,
}

impl<'r> Options<'r> {
    pub fn get(&self, name: &str) -> Option<&'r Arg> {
        self.list.iter().rev().find(|(n, ..)| *n == name).map(|(.., arg)| *arg)
    }

    pub fn text(&self, name: &str) -> Option<Spanned<String>> {
        let arg = self.get(name)?;
        Some(Spanned::new(arg_text(arg)?, arg.span.0))
    }

    /// `t`, `true`, `1`, `yes` and their opposites; a mistake is reported and gives `default`.
    pub fn flag(&self, name: &str, default: bool, cx: &mut ParseCx<'_>) -> bool {
        let Some(text) = self.text(name) else { return default };
        match parse_bool(&text.value) {
            Some(flag) => flag,
            None => {
                cx.bad::<()>(text.span, format!("`{name}` is true or false"));
                default
            }
        }
    }

    pub fn number(&self, name: &str, cx: &mut ParseCx<'_>) -> Option<f64> {
        let text = self.text(name)?;
        match text.value.parse::<f64>() {
            Ok(n) if n.is_finite() => Some(n),
            _ => cx.bad(text.span, format!("`{name}` is a number")),
        }
    }

    pub fn count(&self, name: &str, cx: &mut ParseCx<'_>) -> Option<usize> {
        let text = self.text(name)?;
        match text.value.parse::<usize>() {
            Ok(n) => Some(n),
            Err(_) => cx.bad(text.span, format!("`{name}` is a whole number, 0 or more")),
        }
    }

    /// One of `words`; a mistake is reported.
    pub fn one_of(
        &self,
        name: &str,
        words: &[&'static str],
        cx: &mut ParseCx<'_>,
    ) -> Option<&'static str> {
        let text = self.text(name)?;
        match words.iter().find(|w| w.eq_ignore_ascii_case(&text.value)) {
            Some(word) => Some(word),
            None => cx.bad(text.span, format!("`{name}` is one of {}", words.join(", "))),
        }
    }
}

/// The text of a word or quoted item.
pub(crate) fn arg_text(arg: &Arg) -> Option<String> {
    match &arg.kind {
        ArgKind::Word(w) | ArgKind::Quoted(w) | ArgKind::FieldQuoted(w) => Some(w.clone()),
        _ => None,
    }
}

/// The field that an item names: its text, or `sum(bytes)` as `stats` names its results.
pub(crate) fn arg_field(arg: &Arg) -> Option<String> {
    // A backslash in a name without quotes is written as two (fields, rename).
    if let ArgKind::Word(word) = &arg.kind {
        return Some(word.replace(r"\\", r"\"));
    }
    let ArgKind::Call { name, args: CallArgs::Items(items) } = &arg.kind else {
        return arg_text(arg);
    };
    let inner: Vec<String> = items.iter().filter_map(arg_field).collect();
    Some(format!("{}({})", name.value, inner.join(",")))
}

/// The search in brackets, if the item is one.
pub(crate) fn arg_subsearch(arg: &Arg) -> Option<&Pipeline> {
    match &arg.kind {
        ArgKind::Subsearch(pipeline) => Some(pipeline),
        _ => None,
    }
}

/// `name(item)`: the name and its only item as text, for calls such as `ctime(x)`.
pub(crate) fn arg_call(arg: &Arg) -> Option<(&Spanned<String>, Vec<Spanned<String>>)> {
    let ArgKind::Call { name, args: CallArgs::Items(items) } = &arg.kind else { return None };
    let items =
        items.iter().filter_map(|a| arg_text(a).map(|t| Spanned::new(t, a.span.0))).collect();
    Some((name, items))
}

pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "t" | "true" | "1" | "yes" | "y" | "on" => Some(true),
        "f" | "false" | "0" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}
