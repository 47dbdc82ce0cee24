//! The table that says of each command and function whether it works.

use super::{Class, Entry, entries, slug};
use crate::spec::Support;
use std::fmt::Write;

/// How many are supported, supported with limits, and refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub full: usize,
    pub limited: usize,
    pub refused: usize,
}

impl Counts {
    fn of<'a>(list: impl Iterator<Item = &'a Entry>) -> Counts {
        let mut counts = Counts::default();
        for entry in list {
            match entry.support {
                Support::Full => counts.full += 1,
                Support::Limited(_) => counts.limited += 1,
                Support::Refused { .. } => counts.refused += 1,
            }
        }
        counts
    }
}

/// The first page of the language's documentation.
pub fn support_table() -> String {
    let list = entries();
    let mut out = String::from(
        "# SPL in davy\n\n\
         What each command and function of Splunk's search language does here. The pages are made \
         from the\nsame specifications that the program uses; their examples run as tests. \
         `davy help spl NAME` shows one.\n\n\
         | | supported | with limits | refused |\n|---|---|---|---|\n",
    );
    for (class, title) in [
        (Class::Command, "Commands"),
        (Class::Function, "Eval functions"),
        (Class::Statistic, "Statistical functions"),
    ] {
        let Counts { full, limited, refused } =
            Counts::of(list.iter().filter(|e| e.class == class));
        let _ = writeln!(out, "| {title} | {full} | {limited} | {refused} |");
    }
    out.push_str("\n## Commands\n\n| Command | Support | |\n|---|---|---|\n");
    for entry in list.iter().filter(|e| e.class == Class::Command) {
        row(&mut out, entry, &format!("commands/{}.md", entry.name));
    }
    for (class, title, folder) in [
        (Class::Function, "Eval functions", "functions"),
        (Class::Statistic, "Statistical functions", "stats"),
    ] {
        let _ = writeln!(out, "\n## {title}");
        let mut family = "";
        for entry in list.iter().filter(|e| e.class == class) {
            if entry.family != family {
                family = entry.family;
                let _ = writeln!(out, "\n### {family}\n\n| Function | Support | |\n|---|---|---|");
            }
            row(&mut out, entry, &format!("{folder}/{}.md#{}", slug(family), entry.name));
        }
    }
    out
}

fn row(out: &mut String, entry: &Entry, page: &str) {
    let support = match entry.support {
        Support::Full => "supported".to_owned(),
        Support::Limited(limits) => format!("limits: {}", cell(limits)),
        Support::Refused { why, instead } => {
            format!("refused: {}; {}", cell(why), cell(instead))
        }
    };
    let mut name = format!("[{}]({page})", entry.name);
    for alias in entry.aliases {
        let _ = write!(name, ", {alias}");
    }
    let _ = writeln!(out, "| {name} | {support} | {} |", cell(entry.summary));
}

/// A text that cannot break out of a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
