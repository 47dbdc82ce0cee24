//! `transaction name=TYPE`: a stanza of `transactiontypes.conf` holds the options, and those that
//! the search gives stand above them. Search Reference, transaction, name; transactiontypes.conf.

use crate::codes;
use crate::command::{Command, Order};
use crate::fields::{FieldSet, Fields};
use crate::inner;
use crate::parse::ParseCx;
use crate::plan::{Failed, Plan, PlanCx};
use davy_diag::{Spanned, closest};
use davy_spl::ast::{ArgKind, Args};

#[derive(Debug)]
pub(super) struct Named {
    name: Spanned<String>,
    /// The command's own arguments but `name`, as typed.
    own: String,
}

impl Named {
    pub(super) fn new(name: Spanned<String>, args: &Args, cx: &ParseCx<'_>) -> Named {
        let is_name = |kind: &ArgKind| matches!(kind, ArgKind::Option { key, .. } if key.value.eq_ignore_ascii_case("name"));
        let own = match args {
            Args::General(items) => items
                .iter()
                .filter(|a| !is_name(&a.kind))
                .map(|a| cx.sources.text(a.span.0))
                .collect::<Vec<_>>()
                .join(" "),
            _ => String::new(),
        };
        Named { name, own }
    }

    /// The command with the options of its type before its own, which win.
    fn text(&self, cx: &PlanCx<'_>) -> Result<String, Failed> {
        let knowledge = cx.engine.knowledge();
        let Some(settings) = knowledge.transaction_type(&self.name.value) else {
            let names = knowledge.transaction_types();
            let near = closest(&self.name.value, names.iter().map(String::as_str));
            return Err(codes::NO_SUCH_SEARCH
                .at(self.name.span, format!("no transaction type `{}`", self.name.value))
                .help(match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "types come from the transactiontypes.conf of an app".to_owned(),
                })
                .into());
        };
        let mut text = "transaction".to_owned();
        for (key, value) in &settings {
            // `search` is for `searchtxn` alone.
            if key != "search" && !value.trim().is_empty() {
                text.push_str(&format!(" {key}={}", argument(value)));
            }
        }
        Ok(format!("{text} {}", self.own))
    }
}

/// A setting as a search has it: in quotes, unless it is a condition or has them.
fn argument(value: &str) -> String {
    let value = value.trim();
    let condition = value.starts_with('(') || value.starts_with("eval(");
    match condition || value.starts_with('"') {
        true => value.to_owned(),
        false => format!("\"{}\"", value.replace('"', "\\\"")),
    }
}

impl Command for Named {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        // The type says which fields it reads.
        FieldSet::all()
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        super::MADE.iter().for_each(|n| fields.add(*n));
        fields
    }

    fn order(&self) -> Order {
        Order::Needs
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        inner::commands(&self.text(cx)?, cx)?.plan_over(input, cx)
    }
}
