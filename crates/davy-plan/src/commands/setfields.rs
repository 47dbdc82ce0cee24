//! `setfields`. Search Reference, setfields.

use crate::command::Command;
use crate::example;
use crate::expr::Typed;
use crate::fields::{FieldSet, Fields};
use crate::parse::arg_text;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_spl::ast::{ArgKind, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "setfields",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "setfields <field>=\"<value>\"[, <field>=\"<value>\"]...",
    summary: "Gives fields one text in all rows. Signs other than letters and digits in a name become `_`, and none stand in front.",
    examples: &[
        example!("| makeresults | setfields vendor=\"acme\", kind=\"x\" | table vendor kind" => table "vendor,kind\nacme,x"),
    ],
    source: "Search Reference, setfields",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct SetFields {
    pairs: Vec<(String, String)>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let mut pairs = Vec::new();
    for arg in cx.reader(args).items {
        match &arg.kind {
            ArgKind::Comma => {}
            ArgKind::Option { key, not: false, value } => match arg_text(value) {
                Some(text) => pairs.push((cleaned(&key.value), text)),
                None => return cx.bad(value.span.0, "a text is needed here"),
            },
            _ => return cx.bad(arg.span.0, "`setfields` takes field=\"value\" pairs"),
        }
    }
    if pairs.is_empty() {
        return cx.missing("a field and its value");
    }
    Some(Box::new(SetFields { pairs }))
}

/// "All non-alphanumeric characters are replaced with '_' and leading '_' are removed."
fn cleaned(key: &str) -> String {
    let key: String = key.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    key.trim_start_matches('_').to_owned()
}

impl Command for SetFields {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let mut needs = out.clone();
        for (name, _) in &self.pairs {
            if needs.all {
                needs.add(name.clone());
            } else {
                needs.names.remove(name);
            }
        }
        needs
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        self.pairs.iter().for_each(|(name, _)| fields.add(name.clone()));
        fields
    }

    fn plan(&self, input: Plan, _: &PlanCx<'_>) -> Result<Plan, Failed> {
        let mut set: Vec<(String, Typed)> = Vec::new();
        for (name, text) in &self.pairs {
            set.retain(|(n, _)| n != name);
            set.push((name.clone(), Typed::text(text)));
        }
        input.with_columns(set)
    }
}
