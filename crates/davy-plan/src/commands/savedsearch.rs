//! `savedsearch`. Search Reference, savedsearch.

use crate::codes;
use crate::command::{Command, Order};
use crate::fields::{FieldSet, Fields};
use crate::inner;
use crate::parse::arg_text;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_diag::{Diagnostic, Span, Spanned};
use davy_spl::ast::{ArgKind, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "savedsearch",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::General,
    syntax: "savedsearch <name> [<key>=<value>]... [<search>]",
    summary: "Runs a saved search or detection, with values in place of its `$key$`: those that are named, or the fields of the row that a search in brackets gives.",
    // An example would need content.
    examples: &[],
    source: "Search Reference, savedsearch",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct SavedSearch {
    name: Spanned<String>,
    values: Vec<(String, String)>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::General(items) = args else { return None };
    let mut words: Vec<Spanned<String>> = Vec::new();
    let mut values = Vec::new();
    for arg in items {
        match &arg.kind {
            ArgKind::Option { key, not: false, value } => {
                values.push((key.value.clone(), arg_text(value).unwrap_or_default()));
            }
            // What a search in brackets gave: `( ( limit="7" AND user="ann" ) )`.
            ArgKind::Group(text) => values.extend(pairs(text)),
            _ => match arg_text(arg) {
                Some(word) => words.push(Spanned::new(word, arg.span.0)),
                None => return cx.bad(arg.span.0, "the name of a saved search is needed here"),
            },
        }
    }
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return cx.missing("the name of a saved search");
    };
    // A name with blanks may stand without quotes.
    let span = first.span.to(last.span);
    let name = words.iter().map(|w| w.value.as_str()).collect::<Vec<_>>().join(" ");
    Some(Box::new(SavedSearch { name: Spanned::new(name, span), values }))
}

/// The comparisons `key="value"` in the text that `format` makes of a row.
fn pairs(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("=\"") {
        let key = rest[..at].rsplit([' ', '(']).next().unwrap_or_default();
        let mut value = String::new();
        let mut chars = rest[at + 2..].char_indices();
        let mut end = rest.len() - at - 2;
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => {
                    end = i + 1;
                    break;
                }
                '\\' => value.extend(chars.next().map(|(_, c)| c)),
                c => value.push(c),
            }
        }
        found.push((key.to_owned(), value));
        rest = &rest[at + 2 + end..];
    }
    found
}

pub(super) fn no_such_search(name: &str, span: Span) -> Diagnostic {
    codes::NO_SUCH_SEARCH
        .at(span, format!("no saved search `{name}`"))
        .help("give the detections or the app that hold it with --content DIR or --app PATH")
}

/// The text of a saved search.
pub(super) fn text_of(name: &str, span: Span, cx: &PlanCx<'_>) -> Result<String, Failed> {
    cx.engine.knowledge().saved_search(name).ok_or_else(|| no_such_search(name, span).into())
}

impl Command for SavedSearch {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::none()
    }

    fn fields(&self, _: &Fields) -> Fields {
        Fields::open()
    }

    fn order(&self) -> Order {
        Order::Makes
    }

    fn plan(&self, _: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let mut text = text_of(&self.name.value, self.name.span, cx)?;
        for (key, value) in &self.values {
            text = text.replace(&format!("${key}$"), value);
        }
        inner::search(&text, cx)?.plan(cx.out, cx.ordered, cx)
    }
}
