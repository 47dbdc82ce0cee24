//! Commands that change how results are shown or where a search runs, and nothing in its result.

use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_spl::ast::{Args, Grammar};

/// The command of a name, its syntax, what it does in Splunk, and an example.
macro_rules! passing {
    ($spec:ident $name:literal $syntax:literal $summary:literal $example:literal) => {
        pub(super) static $spec: CommandSpec = CommandSpec {
            name: $name,
            aliases: &[],
            kind: Kind::Streaming,
            grammar: Grammar::General,
            syntax: $syntax,
            summary: $summary,
    examples: &[example!($example => rows 1)],
            source: concat!("Search Reference, ", $name),
            support: Support::Limited("without effect: it changes only how or where Splunk works"),
            parse,
        };
    };
}

passing!(ABSTRACT_SPEC "abstract" "abstract [maxterms=<N>] [maxlines=<N>]" "Shows a summary of each event in Splunk; without effect here." "| makeresults | abstract maxlines=5");
passing!(HIGHLIGHT_SPEC "highlight" "highlight <string>..." "Marks words in the events that Splunk shows; without effect here." "| makeresults | highlight login, logout");
passing!(ICONIFY_SPEC "iconify" "iconify <field-list>" "Shows an icon for each value in Splunk; without effect here." "| makeresults | iconify eventtype");
passing!(LOCALOP_SPEC "localop" "localop" "Runs the commands after it on the search head in Splunk; without effect here." "| makeresults | localop");
passing!(NOOP_SPEC "noop" "noop [<option>=<value>]..." "Does nothing; in Splunk its options help to look into problems." "| makeresults | noop search_optimization=false");
passing!(TYPER_SPEC "typer" "typer [eventtypes=<string>] [maxlen=<N>]" "Sets `eventtype` by the known event types. Events have it here without being asked for it, so it changes nothing." "| makeresults | typer");

#[derive(Debug)]
struct Passing;

fn parse(_: &Args, _: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    Some(Box::new(Passing))
}

impl Command for Passing {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone()
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn plan(&self, input: Plan, _: &PlanCx<'_>) -> Result<Plan, Failed> {
        Ok(input)
    }
}
