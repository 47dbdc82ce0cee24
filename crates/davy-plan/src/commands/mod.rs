//! The commands, one file each. A new command is its file and a line here.

use crate::spec::{CommandSpec, Kind};
use davy_spl::ast::Args;

mod accum;
mod append;
mod appendcols;
mod appendpipe;
mod autoregress;
mod bin;
mod chart;
mod charting;
mod concurrency;
mod convert;
mod dedup;
mod delta;
mod eval;
mod eventstats;
mod extract;
mod fields;
mod fillnull;
mod foreach;
mod format;
mod fromjson;
mod head;
mod inputlookup;
mod join;
mod lookup;
mod makemv;
mod makeresults;
mod map;
mod multisearch;
mod mvcombine;
mod mvexpand;
mod nomv;
mod outputlookup;
mod regex;
mod gentimes;
mod makecontinuous;
mod outward;
mod overrows;
mod rare;
mod rename;
mod replace;
mod return_;
mod reverse;
mod rex;
mod savedsearch;
mod search;
mod selfjoin;
mod set;
mod sort;
mod spath;
mod stats;
mod streamstats;
mod table;
mod tail;
mod timechart;
mod top;
mod transaction;
mod transpose;
mod trendline;
mod union;
mod untable;
mod where_;
mod xmlkv;
mod xyseries;

static ALL: &[&CommandSpec] = &[
    &accum::SPEC,
    &append::SPEC,
    &appendcols::SPEC,
    &appendpipe::SPEC,
    &autoregress::SPEC,
    &bin::SPEC,
    &chart::SPEC,
    &concurrency::SPEC,
    &convert::SPEC,
    &dedup::SPEC,
    &delta::SPEC,
    &eval::SPEC,
    &eventstats::SPEC,
    &extract::SPEC,
    &fields::SPEC,
    &fillnull::SPEC,
    &foreach::SPEC,
    &format::SPEC,
    &fromjson::SPEC,
    &head::SPEC,
    &inputlookup::SPEC,
    &join::SPEC,
    &lookup::SPEC,
    &makemv::SPEC,
    &makeresults::SPEC,
    &map::SPEC,
    &multisearch::SPEC,
    &mvcombine::SPEC,
    &mvexpand::SPEC,
    &nomv::SPEC,
    &outputlookup::SPEC,
    &regex::SPEC,
    &gentimes::SPEC,
    &makecontinuous::SPEC,
    &rare::SPEC,
    &rename::SPEC,
    &replace::SPEC,
    &return_::SPEC,
    &reverse::SPEC,
    &rex::SPEC,
    &savedsearch::SPEC,
    &search::SPEC,
    &selfjoin::SPEC,
    &set::SPEC,
    &sort::SPEC,
    &spath::SPEC,
    &stats::SPEC,
    &streamstats::SPEC,
    &table::SPEC,
    &timechart::SPEC,
    &top::SPEC,
    &transaction::SPEC,
    &transpose::SPEC,
    &trendline::SPEC,
    &union::SPEC,
    &untable::SPEC,
    &tail::SPEC,
    &outward::COLLECT,
    &outward::LOADJOB,
    &outward::OUTPUTCSV,
    &outward::OUTPUTTEXT,
    &outward::SENDALERT,
    &outward::SENDEMAIL,
    &where_::SPEC,
    &xmlkv::SPEC,
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
