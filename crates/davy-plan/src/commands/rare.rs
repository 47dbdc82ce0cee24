//! `rare`. Search Reference, rare.

use crate::example;
use crate::spec::{CommandSpec, Kind, Support};
use davy_spl::ast::Grammar;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "rare",
    aliases: &["sirare"],
    kind: Kind::Transforming,
    grammar: Grammar::General,
    syntax: "rare [<N>] [limit=<N>] [countfield=<name>] [percentfield=<name>] [showcount=<bool>] [showperc=<bool>] [useother=<bool>] [otherstr=<string>] <field-list> [BY <field-list>]",
    summary: "The least frequent combinations of values (10, or 10 of each BY group), how often each comes, and what share of the rows it is.",
    examples: &[
        example!("| makeresults format=csv data=\"u\na\na\na\nb\" | rare u" => table "u,count,percent\nb,1,25.000000\na,3,75.000000"),
        example!("| makeresults format=csv data=\"u\na\na\nb\" | rare limit=1 u" => field "u" = "b"),
    ],
    source: "Search Reference, rare",
    support: Support::Full,
    parse: |args, cx| super::top::parse(args, false, cx),
};
