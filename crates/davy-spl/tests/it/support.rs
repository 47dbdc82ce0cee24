//! Commands and macros for the tests.

use davy_diag::{Diagnostics, SourceMap, render};
use davy_spl::ast::{ArgKind, Args, Expr, Grammar, Pipeline, SearchExpr};
use davy_spl::{Grammars, MacroDef, Macros, expand, format, parse};

pub(crate) const COMMANDS: &[&str] = &[
    "search",
    "where",
    "eval",
    "fieldformat",
    "foreach",
    "tstats",
    "mstats",
    "stats",
    "rename",
    "rex",
    "table",
    "lookup",
    "spath",
    "bucket",
    "bin",
    "join",
    "fields",
    "eventstats",
    "fillnull",
    "regex",
    "inputlookup",
    "dedup",
    "mvexpand",
    "iplocation",
    "outputlookup",
    "sort",
    "apply",
    "append",
    "appendpipe",
    "appendcols",
    "transaction",
    "xmlkv",
    "map",
    "makemv",
    "from",
    "replace",
    "fromjson",
    "rare",
    "addtotals",
    "top",
    "timechart",
    "chart",
    "streamstats",
    "anomalydetection",
    "multikv",
    "extract",
    "convert",
    "outlier",
    "cyberchef",
    "makeresults",
    "head",
    "tail",
    "return",
    "format",
    "collect",
    "fit",
    "filldown",
    "mvcombine",
    "nomv",
    "untable",
    "xyseries",
    "transpose",
    "union",
    "datamodel",
    "rest",
    "metadata",
    "summary",
    "multisearch",
    "kmeans",
    "cluster",
    "predict",
    "delta",
    "accum",
    "autoregress",
    "metasearch",
    "typeahead",
    "addinfo",
    "strcat",
    "set",
    "tojson",
    "reverse",
    "sendemail",
    "kv",
    "eventcount",
    "loadjob",
    "makecontinuous",
    "dnstwist",
];

pub(crate) struct Commands;

impl Grammars for Commands {
    fn grammar(&self, command: &str) -> Option<Grammar> {
        COMMANDS.contains(&command).then_some(match command {
            "search" => Grammar::Search,
            "where" => Grammar::Where,
            "eval" | "fieldformat" => Grammar::Eval,
            "foreach" => Grammar::Template,
            "tstats" | "mstats" => Grammar::Tstats,
            _ => Grammar::General,
        })
    }

    fn names(&self) -> Vec<String> {
        COMMANDS.iter().map(|c| (*c).to_owned()).collect()
    }
}

#[derive(Default)]
pub(crate) struct Defs(pub(crate) Vec<MacroDef>);

impl Defs {
    pub(crate) fn with(mut self, name: &str, args: &[&str], definition: &str) -> Self {
        self.0.push(MacroDef {
            name: name.to_owned(),
            args: args.iter().map(|a| (*a).to_owned()).collect(),
            definition: definition.to_owned(),
            source: None,
            iseval: false,
            validation: None,
        });
        self
    }
}

impl Macros for Defs {
    fn find(&self, name: &str, argc: usize) -> Option<MacroDef> {
        self.0.iter().find(|m| m.name == name && m.args.len() == argc).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|m| m.name.clone()).collect()
    }
}

/// What a query came to.
pub(crate) struct Read {
    pub(crate) sources: SourceMap,
    pub(crate) text: String,
    pub(crate) pipeline: Pipeline,
    pub(crate) diags: Diagnostics,
}

impl Read {
    pub(crate) fn messages(&self) -> String {
        self.diags.sorted().iter().map(|d| render::text(&self.sources, d, false)).collect()
    }

    pub(crate) fn codes(&self) -> Vec<&'static str> {
        self.diags.sorted().iter().map(|d| d.code.id).collect()
    }
}

pub(crate) fn read_with(query: &str, macros: &dyn Macros) -> Read {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let file = sources.add("query", query);
    let file = expand(&mut sources, file, macros, &mut diags);
    let pipeline = parse(&sources, file, &Commands, &mut diags);
    Read { text: sources.file(file).text.to_string(), sources, pipeline, diags }
}

pub(crate) fn read(query: &str) -> Read {
    read_with(query, &Defs::default())
}

/// Reads a query that must be right.
pub(crate) fn good(query: &str) -> Pipeline {
    let read = read(query);
    assert!(read.diags.is_empty(), "{query}\n{}", read.messages());
    read.pipeline
}

/// Reads a text whose macros are expanded, such as a layout.
pub(crate) fn expanded(text: &str) -> Read {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let file = sources.add("layout", text);
    let pipeline = parse(&sources, file, &Commands, &mut diags);
    Read { text: text.to_owned(), sources, pipeline, diags }
}

/// The layout of a query, after checking that it reads as the same tree and stays as it is.
pub(crate) fn layout(query: &str) -> String {
    let tree = good(query);
    let text = format(&tree);
    let again = good(&text);
    assert_eq!(again, tree, "{query}\n{text}");
    assert_eq!(format(&again), text);
    text
}

pub(crate) fn search(query: &str) -> SearchExpr {
    match good(query).stages.remove(0).args {
        Args::Search(Some(expr)) => expr,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn condition(expr: &str) -> Expr {
    match good(&format!("| where {expr}")).stages.remove(0).args {
        Args::Where(expr) => expr,
        other => panic!("{other:?}"),
    }
}

/// The kinds of a command's arguments.
pub(crate) fn args(query: &str) -> Vec<ArgKind> {
    match good(query).stages.remove(0).args {
        Args::General(items) => items.into_iter().map(|a| a.kind).collect(),
        other => panic!("{other:?}"),
    }
}
