//! The commands, one file each. A new command is its file and a line here.

use crate::spec::{CommandSpec, Kind};
use davy_spl::ast::Args;

mod addinfo;
mod addtotals;
mod bin;
mod chart;
mod charting;
mod convert;
mod dedup;
mod eval;
mod extract;
mod fieldformat;
mod fields;
mod filldown;
mod fillnull;
mod fromjson;
mod gentimes;
mod head;
mod iplocation;
mod makecontinuous;
mod makemv;
mod makeresults;
mod multikv;
mod mvcombine;
mod mvexpand;
mod nomv;
mod overrows;
mod passing;
mod rangemap;
mod rare;
mod regex;
mod reltime;
mod rename;
mod replace;
mod reverse;
mod rex;
mod search;
mod sort;
mod spath;
mod stats;
mod strcat;
mod streamstats;
mod table;
mod tail;
mod timechart;
mod tojson;
mod top;
mod transpose;
mod untable;
mod where_;
mod xmlkv;
mod xmlunescape;
mod xpath;
mod xyseries;

static ALL: &[&CommandSpec] = &[
    &addinfo::SPEC,
    &addtotals::SPEC,
    &addtotals::COLUMNS_SPEC,
    &bin::SPEC,
    &chart::SPEC,
    &convert::SPEC,
    &dedup::SPEC,
    &eval::SPEC,
    &extract::SPEC,
    &fieldformat::SPEC,
    &fields::SPEC,
    &filldown::SPEC,
    &fillnull::SPEC,
    &fromjson::SPEC,
    &gentimes::SPEC,
    &head::SPEC,
    &iplocation::SPEC,
    &makecontinuous::SPEC,
    &makemv::SPEC,
    &makeresults::SPEC,
    &multikv::SPEC,
    &mvcombine::SPEC,
    &mvexpand::SPEC,
    &nomv::SPEC,
    &passing::SCRUB_SPEC,
    &passing::ABSTRACT_SPEC,
    &passing::HIGHLIGHT_SPEC,
    &passing::ICONIFY_SPEC,
    &passing::LOCALOP_SPEC,
    &passing::NOOP_SPEC,
    &passing::TYPER_SPEC,
    &rangemap::SPEC,
    &rare::SPEC,
    &regex::SPEC,
    &reltime::SPEC,
    &rename::SPEC,
    &replace::SPEC,
    &reverse::SPEC,
    &rex::SPEC,
    &search::SPEC,
    &sort::SPEC,
    &spath::SPEC,
    &stats::SPEC,
    &strcat::SPEC,
    &streamstats::SPEC,
    &table::SPEC,
    &tail::SPEC,
    &timechart::SPEC,
    &tojson::SPEC,
    &top::SPEC,
    &transpose::SPEC,
    &untable::SPEC,
    &where_::SPEC,
    &xmlkv::SPEC,
    &xmlunescape::SPEC,
    &xpath::SPEC,
    &xyseries::SPEC,
];

/// Every command.
pub fn all() -> &'static [&'static CommandSpec] {
    ALL
}

/// The command of that name or other name, in any case.
pub fn find(name: &str) -> Option<&'static CommandSpec> {
    ALL.iter().copied().find(|s| {
        s.name.eq_ignore_ascii_case(name) || s.aliases.iter().any(|a| a.eq_ignore_ascii_case(name))
    })
}

/// A generating command may stand later where it appends: `inputlookup append=t`.
pub(crate) fn may_follow(spec: &CommandSpec, args: &Args) -> bool {
    debug_assert!(spec.kind == Kind::Generating);
    let items: &[davy_spl::ast::Arg] = match args {
        Args::General(items) => items,
        Args::Tstats(t) => &t.head,
        _ => return false,
    };
    items.iter().any(|item| match &item.kind {
        davy_spl::ast::ArgKind::Option { key, not: false, value } => {
            key.value.eq_ignore_ascii_case("append")
                && crate::parse::arg_text(value)
                    .and_then(|v| crate::parse::parse_bool(&v))
                    .unwrap_or(false)
        }
        _ => false,
    })
}
