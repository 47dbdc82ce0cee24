//! The commands, one file each. A new command is its file and a line here.

pub(crate) use format::format_rows;
pub(crate) use lookup::missing_table;

use crate::spec::{CommandSpec, Kind};
use davy_spl::ast::Args;

mod accum;
mod addinfo;
mod addtotals;
mod analyzefields;
mod anomalousvalue;
mod anomalydetection;
mod append;
mod appendcols;
mod appendpipe;
mod associate;
mod autoregress;
mod bin;
mod chart;
mod charting;
mod cluster;
mod cofilter;
mod concurrency;
mod contingency;
mod convert;
mod correlate;
mod datamodel;
mod dedup;
mod delta;
mod diff;
mod eval;
mod eventcount;
mod eventstats;
mod extract;
mod fieldformat;
mod fields;
mod fieldsummary;
mod filldown;
mod fillnull;
mod foreach;
mod format;
mod from;
mod fromjson;
mod gauge;
mod gentimes;
mod head;
mod inputlookup;
mod iplocation;
mod join;
mod kalman;
mod loadjob;
mod localize;
mod lookup;
mod makecontinuous;
mod makemv;
mod makeresults;
mod map;
mod metadata;
mod metasearch;
mod modelled;
mod mstats;
mod multikv;
mod multisearch;
mod mvcombine;
mod mvexpand;
mod nomv;
mod normal;
mod outlier;
mod outputlookup;
mod outward;
mod overrows;
mod passing;
mod pivot;
mod predict;
mod rangemap;
mod rare;
mod refused;
mod regex;
mod reltime;
mod rename;
mod replace;
mod require;
mod return_;
mod reverse;
mod rex;
mod savedsearch;
mod search;
mod searchtxn;
mod selfjoin;
mod set;
mod setfields;
mod sort;
mod spath;
mod stats;
mod strcat;
mod streamstats;
mod table;
mod tail;
mod timechart;
mod timewrap;
mod tojson;
mod top;
mod transaction;
mod transpose;
mod trendline;
mod tstats;
mod union;
mod uniq;
mod untable;
mod where_;
mod xmlkv;
mod xmlunescape;
mod xpath;
mod xyseries;

static ALL: &[&CommandSpec] = &[
    &accum::SPEC,
    &addinfo::SPEC,
    &addtotals::COLUMNS_SPEC,
    &addtotals::SPEC,
    &analyzefields::SPEC,
    &anomalousvalue::SPEC,
    &anomalydetection::SPEC,
    &append::SPEC,
    &appendcols::SPEC,
    &appendpipe::SPEC,
    &associate::SPEC,
    &autoregress::SPEC,
    &bin::SPEC,
    &chart::SPEC,
    &concurrency::SPEC,
    &cluster::SPEC,
    &cofilter::SPEC,
    &contingency::SPEC,
    &convert::SPEC,
    &correlate::SPEC,
    &datamodel::SPEC,
    &dedup::SPEC,
    &delta::SPEC,
    &diff::SPEC,
    &eval::SPEC,
    &eventcount::SPEC,
    &eventstats::SPEC,
    &extract::SPEC,
    &fieldformat::SPEC,
    &fields::SPEC,
    &fieldsummary::SPEC,
    &filldown::SPEC,
    &fillnull::SPEC,
    &foreach::SPEC,
    &format::SPEC,
    &from::SPEC,
    &fromjson::SPEC,
    &gauge::SPEC,
    &gentimes::SPEC,
    &head::SPEC,
    &iplocation::SPEC,
    &localize::SPEC,
    &makecontinuous::SPEC,
    &makemv::SPEC,
    &makeresults::SPEC,
    &metadata::SPEC,
    &mstats::SPEC,
    &multikv::SPEC,
    &inputlookup::SPEC,
    &join::SPEC,
    &lookup::SPEC,
    &map::SPEC,
    &multisearch::SPEC,
    &mvcombine::SPEC,
    &mvexpand::SPEC,
    &nomv::SPEC,
    &outputlookup::SPEC,
    &regex::SPEC,
    &outlier::SPEC,
    &passing::ABSTRACT_SPEC,
    &passing::HIGHLIGHT_SPEC,
    &passing::ICONIFY_SPEC,
    &passing::LOCALOP_SPEC,
    &passing::NOOP_SPEC,
    &passing::TYPER_SPEC,
    &pivot::SPEC,
    &predict::SPEC,
    &rangemap::SPEC,
    &rare::SPEC,
    &refused::ANOMALIES,
    &refused::APPLY,
    &refused::ARULES,
    &refused::AUDIT,
    &refused::AWSSNSALERT,
    &refused::BUCKETDIR,
    &refused::COLLAPSE,
    &refused::CRAWL,
    &refused::CREATERSS,
    &refused::CYBERCHEF,
    &refused::DBINSPECT,
    &refused::DBXQUERY,
    &refused::DEBUG,
    &refused::DELETE,
    &refused::DNSTWIST,
    &refused::DUMP,
    &refused::ENTITYMERGE,
    &refused::EREX,
    &refused::FILE,
    &refused::FINDKEYWORDS,
    &refused::FINDTYPES,
    &refused::FIT,
    &refused::FOLDERIZE,
    &refused::GEOM,
    &refused::GEOMFILTER,
    &refused::GEOSTATS,
    &refused::HISTORY,
    &refused::INPUT,
    &refused::INPUTCSV,
    &refused::INPUTINTELLIGENCE,
    &refused::INTERNALINPUTCSV,
    &refused::KMEANS,
    &refused::KVFORM,
    &refused::LDAPSEARCH,
    &refused::MAKEJSON,
    &refused::MCATALOG,
    &refused::MCOLLECT,
    &metasearch::SPEC,
    &refused::MEVENTCOLLECT,
    &refused::MLTK,
    &refused::MPREVIEW,
    &refused::OUTPUTRAW,
    &refused::OVERLAP,
    &refused::PREVIEW,
    &refused::PRJOB,
    &refused::RELEVANCY,
    &refused::REST,
    &refused::RTORDER,
    &refused::RUNSHELLSCRIPT,
    &refused::SCRIPT,
    &refused::SCRUB,
    &searchtxn::SPEC,
    &refused::SNOW,
    &refused::SUMMARY,
    &refused::TAGS,
    &refused::TSCOLLECT,
    &refused::TYPEAHEAD,
    &refused::TYPELEARNER,
    &refused::WALKLEX,
    &refused::X11,
    &reltime::SPEC,
    &rename::SPEC,
    &replace::SPEC,
    &require::SPEC,
    &reverse::SPEC,
    &rex::SPEC,
    &savedsearch::SPEC,
    &search::SPEC,
    &setfields::SPEC,
    &return_::SPEC,
    &selfjoin::SPEC,
    &set::SPEC,
    &sort::SPEC,
    &spath::SPEC,
    &stats::SPEC,
    &strcat::SPEC,
    &streamstats::SPEC,
    &table::SPEC,
    &tail::SPEC,
    &timechart::SPEC,
    &timewrap::SPEC,
    &tojson::SPEC,
    &top::SPEC,
    &transaction::SPEC,
    &transpose::SPEC,
    &trendline::SPEC,
    &union::SPEC,
    &untable::SPEC,
    &outward::COLLECT,
    &loadjob::SPEC,
    &outward::OUTPUTCSV,
    &outward::OUTPUTTEXT,
    &outward::SENDALERT,
    &outward::SENDEMAIL,
    &tstats::SPEC,
    &uniq::SPEC,
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
