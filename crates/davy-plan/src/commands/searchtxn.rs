//! `searchtxn`. Search Reference, searchtxn.

use crate::codes;
use crate::command::{Command, Order};
use crate::fields::{FieldSet, Fields};
use crate::inner;
use crate::parse::{arg_text, parse_bool};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_diag::Spanned;
use davy_spl::ast::{ArgKind, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "searchtxn",
    aliases: &[],
    kind: Kind::Generating,
    grammar: Grammar::General,
    syntax: "searchtxn <transaction-type> [max_terms=<N>] [use_disjunct=<bool>] <search>",
    summary: "Transactions of a type of `transactiontypes.conf` that match a search: the type's own search, `transaction name=TYPE`, and the search over the transactions.",
    // An example would need an app.
    examples: &[],
    source: "Search Reference, searchtxn",
    support: Support::Limited("eventsonly"),
    parse,
};

#[derive(Debug)]
struct SearchTxn {
    kind: Spanned<String>,
    terms: String,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::General(items) = args else { return None };
    let mut kind: Option<Spanned<String>> = None;
    let mut terms = Vec::new();
    for item in items {
        let span = item.span.0;
        match &item.kind {
            ArgKind::Option { key, not: false, value } if key.value == "eventsonly" => {
                if arg_text(value).and_then(|t| parse_bool(&t)) != Some(false) {
                    cx.report(
                        codes::REFUSED
                            .at(span, "`eventsonly` is not here")
                            .help("leave it out, or search the events with `search`"),
                    );
                    return None;
                }
            }
            // They say how Splunk gets at the events, and change nothing in the result.
            ArgKind::Option { key, not: false, .. }
                if ["max_terms", "maxterms", "use_disjunct"].contains(&key.value.as_str()) => {}
            _ if kind.is_none() => match arg_text(item) {
                Some(name) => kind = Some(Spanned::new(name, span)),
                None => return cx.bad(span, "the name of a transaction type is needed first"),
            },
            _ => terms.push(cx.sources.text(span).to_owned()),
        }
    }
    match (kind, terms.is_empty()) {
        (Some(kind), false) => Some(Box::new(SearchTxn { kind, terms: terms.join(" ") })),
        _ => cx.missing("a transaction type and a search"),
    }
}

impl Command for SearchTxn {
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
        let name = &self.kind.value;
        let Some(settings) = cx.engine.knowledge().transaction_type(name) else {
            let message = format!("no transaction type `{name}`");
            return Err(codes::NO_SUCH_SEARCH.at(self.kind.span, message).into());
        };
        // "Default: *".
        let base = settings.iter().find(|(key, _)| key == "search").map_or("*", |(_, v)| v.trim());
        let text = format!("search {base} | transaction name=\"{name}\" | search {}", self.terms);
        inner::search(&format!("| {text}"), cx)?.plan(cx.out, cx.ordered, cx)
    }
}
