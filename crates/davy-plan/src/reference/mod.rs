//! The reference of the language, made from the specs: what `davy help spl`, the generated
//! documentation and an editor's hover show.

mod support;
mod write;

use crate::spec::{AggSpec, CommandSpec, Example, FunctionSpec, Kind, Support};
use crate::{aggregates, commands, functions};
use davy_diag::closest;

pub use support::{Counts, support_table};

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    Command,
    /// Of `eval`, `where` and their kin.
    Function,
    /// Of `stats` and its kin.
    Statistic,
}

impl Class {
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Command => "command",
            Class::Function => "eval function",
            Class::Statistic => "statistical function",
        }
    }
}

/// A command or function as a user looks it up.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub class: Class,
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// Of a function: `Text`, `Multivalue`. Of a command: how it treats rows.
    pub family: &'static str,
    pub syntax: &'static str,
    pub summary: &'static str,
    pub examples: &'static [Example],
    pub source: &'static str,
    pub support: Support,
}

impl Entry {
    pub(crate) fn command(spec: &'static CommandSpec) -> Entry {
        Entry {
            class: Class::Command,
            name: spec.name,
            aliases: spec.aliases,
            family: kind(spec.kind),
            syntax: spec.syntax,
            summary: spec.summary,
            examples: spec.examples,
            source: spec.source,
            support: spec.support,
        }
    }

    fn function(family: &'static str, spec: &'static FunctionSpec) -> Entry {
        Entry {
            class: Class::Function,
            name: spec.name,
            aliases: &[],
            family,
            syntax: spec.syntax,
            summary: spec.summary,
            examples: spec.examples,
            source: spec.source,
            support: spec.support,
        }
    }

    fn statistic(family: &'static str, spec: &'static AggSpec) -> Entry {
        Entry {
            class: Class::Statistic,
            name: spec.name,
            aliases: spec.aliases,
            family,
            syntax: spec.syntax,
            summary: spec.summary,
            examples: spec.examples,
            source: spec.source,
            support: spec.support,
        }
    }

    /// As it stands in a file of the documentation. `level` is that of its heading.
    pub fn markdown(&self, level: usize) -> String {
        write::markdown(self, level)
    }

    /// As it is read on a terminal.
    pub fn text(&self) -> String {
        write::text(self)
    }

    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
            || self.aliases.iter().any(|a| a.eq_ignore_ascii_case(name))
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Generating => "Makes rows",
        Kind::Streaming => "Row by row",
        Kind::Sequential => "Row by row, in order",
        Kind::Transforming => "All rows",
        Kind::Barrier => "All rows; columns depend on the data",
    }
}

/// Every command by name, then the functions by family, then the statistical functions.
pub fn entries() -> Vec<Entry> {
    let mut list: Vec<Entry> = commands::all().iter().map(|s| Entry::command(s)).collect();
    list.sort_by_key(|e| e.name);
    for (family, specs) in functions::families() {
        // Operators carry names that nobody can write.
        let written = specs.iter().filter(|s| !s.name.starts_with("__"));
        list.extend(written.map(|s| Entry::function(family, s)));
    }
    for (family, specs) in aggregates::families() {
        list.extend(specs.iter().map(|s| Entry::statistic(family, s)));
    }
    list
}

/// Everything of that name: `replace` is a command and a function. `p95` finds `perc`.
pub fn find(name: &str) -> Vec<Entry> {
    let mut found: Vec<Entry> = entries().into_iter().filter(|e| e.is(name)).collect();
    let lower = name.to_lowercase();
    if !found.iter().any(|e| e.class == Class::Statistic)
        && let Some((spec, _)) = aggregates::find(&lower)
    {
        found.extend(
            entries().into_iter().filter(|e| e.class == Class::Statistic && e.name == spec.name),
        );
    }
    found
}

/// The name nearest to one that does not exist.
pub fn nearest(name: &str) -> Option<&'static str> {
    let list = entries();
    let aliases = || closest(name, list.iter().flat_map(|e| e.aliases.iter().copied()));
    closest(name, list.iter().map(|e| e.name)).or_else(aliases)
}

/// A family's name as part of a file's name.
pub fn slug(family: &str) -> String {
    let words = family.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}
