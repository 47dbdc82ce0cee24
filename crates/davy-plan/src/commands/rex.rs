//! `rex`. Search Reference, rex.

use crate::codes;
use crate::column::Ty;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::parse::arg_text;
use crate::pattern::Pattern;
use crate::plan::{Failed, Plan, PlanCx};
use crate::rowmap::{RowMap, Set, row_map};
use crate::sed::Sed;
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, ArgKind, Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "rex",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "rex [field=<field>] (\"<regex with named groups>\" [max_match=<N>] [offset_field=<field>] | mode=sed \"<sed-expression>\")",
    summary: "Puts what the named groups of a regular expression match into fields, or changes a field with `s/regex/replacement/g` or `y/abc/xyz/`. Rows that do not match stay as they are.",
    examples: &[
        example!("| makeresults | eval m=\"user=ann id=7\" | rex field=m \"user=(?<user>\\w+) id=(?<id>\\d+)\" | table user id" => table "user,id\nann,7"),
        example!("| makeresults | eval m=\"a1b2c3\" | rex field=m max_match=0 \"(?<n>\\d)\"" => field "n" = "1|2|3"),
        example!("| makeresults | eval card=\"1234-5678-9012\" | rex field=card mode=sed \"s/(\\d{4}-){2}/XXXX-XXXX-/g\"" => field "card" = "XXXX-XXXX-9012"),
    ],
    source: "Search Reference, rex",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
enum Mode {
    Extract { pattern: String, groups: Vec<String>, max_match: usize, offset_field: Option<String> },
    Sed(String),
}

#[derive(Debug)]
struct Rex {
    field: Spanned<String>,
    mode: Mode,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = ["field", "max_match", "offset_field", "mode"];
    let (options, left) = cx.reader(args).options(&names, cx);
    let field = options
        .text("field")
        .unwrap_or_else(|| Spanned::new("_raw".to_owned(), cx.stage.name.span));
    let sed = options.one_of("mode", &["sed"], cx).is_some();
    let (Some(first), Some(last)) = (left.first(), left.last()) else {
        return cx.missing(if sed { "a sed expression" } else { "a regular expression" });
    };
    // A regular expression without quotes falls into several items; it is what was written.
    let text = match arg_text(first) {
        Some(text) if left.len() == 1 && (sed || !cut_off(first, &text)) => {
            Spanned::new(text, first.span.0)
        }
        _ => {
            let span = first.span.0.to(last.span.0);
            return cx.bad(span, "the regular expression must stand in quotes");
        }
    };
    if sed {
        if let Err(why) = Sed::new(&text.value, Pattern::new) {
            return cx.bad(text.span, why);
        }
        return Some(Box::new(Rex { field, mode: Mode::Sed(text.value) }));
    }
    cx.pattern(&text)?;
    let pattern = Pattern::new(&text.value).ok()?;
    let mut groups: Vec<String> = Vec::new();
    for name in pattern.names().iter().flatten() {
        if !groups.contains(name) {
            groups.push(name.clone());
        }
    }
    if groups.is_empty() {
        cx.report(
            codes::BAD_REGEX
                .at(text.span, "the regular expression has no named group, so it extracts nothing")
                .help("name what is to be kept: `(?<name>...)`"),
        );
        return None;
    }
    let max_match = options.count("max_match", cx).unwrap_or(1);
    let offset_field = options.text("offset_field").map(|t| t.value);
    let mode = Mode::Extract { pattern: text.value, groups, max_match, offset_field };
    Some(Box::new(Rex { field, mode }))
}

/// Whether a pattern without quotes was cut off at a pipe or a blank.
pub(super) fn cut_off(arg: &Arg, text: &str) -> bool {
    matches!(arg.kind, ArgKind::Word(_)) && Pattern::new(text).is_err()
}

impl Rex {
    fn makes(&self) -> Vec<String> {
        match &self.mode {
            Mode::Extract { groups, offset_field, .. } => {
                groups.iter().chain(offset_field).cloned().collect()
            }
            Mode::Sed(_) => vec![self.field.value.clone()],
        }
    }
}

impl Command for Rex {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.before_keeping(&self.makes(), std::slice::from_ref(&self.field.value))
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        if let Mode::Extract { .. } = &self.mode {
            self.makes().into_iter().for_each(|name| fields.add(name));
        }
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        match self.field.value.as_str() {
            "_raw" => Vec::new(),
            _ => vec![(self.field.value.clone(), self.field.span)],
        }
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        if !input.has_column(&self.field.value) {
            return Ok(input);
        }
        let limit = cx.env.regex_limit;
        let broken = |why: String| Failed::from(codes::BAD_REGEX.at(cx.span, why));
        let reads = vec![self.field.value.clone()];
        match &self.mode {
            Mode::Extract { pattern, groups, max_match, offset_field } => {
                let pattern = Pattern::with_limit(pattern, limit).map_err(broken)?;
                let at = |name: &Option<String>| {
                    name.as_ref().and_then(|n| groups.iter().position(|g| g == n))
                };
                let places = pattern.names().iter().map(at).collect();
                let sets = self.makes().into_iter().map(|n| Set::keep(n, Ty::Text)).collect();
                let map = Extract {
                    pattern,
                    places,
                    groups: groups.clone(),
                    max_match: *max_match,
                    offsets: offset_field.is_some(),
                };
                row_map(input, reads, sets, Arc::new(map))
            }
            Mode::Sed(text) => {
                let sed = Sed::new(text, |p| Pattern::with_limit(p, limit)).map_err(broken)?;
                let sets = vec![Set::new(&self.field.value, Ty::Text)];
                row_map(input, reads, sets, Arc::new(Change { sed }))
            }
        }
    }
}

#[derive(Debug)]
struct Extract {
    pattern: Pattern,
    /// For each group of the pattern, the field that it sets.
    places: Vec<Option<usize>>,
    groups: Vec<String>,
    max_match: usize,
    offsets: bool,
}

impl RowMap for Extract {
    fn name(&self) -> &'static str {
        "rex"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        let Some(value) = args.first() else { return Ok(()) };
        let mut found: Vec<Vec<String>> = vec![Vec::new(); self.groups.len()];
        let mut offsets: Vec<String> = Vec::new();
        for text in value.values() {
            for groups in self.pattern.matches(&text, self.max_match)? {
                for (place, group) in self.places.iter().zip(&groups) {
                    let (Some(place), Some((from, to))) = (place, group) else { continue };
                    let Some(part) = text.get(*from..*to).filter(|p| !p.is_empty()) else {
                        continue;
                    };
                    if let Some(values) = found.get_mut(*place) {
                        values.push(part.to_owned());
                    }
                    if let Some(name) = self.groups.get(*place).filter(|_| self.offsets) {
                        let start = text.get(..*from).map_or(0, |t| t.chars().count());
                        let end = start + part.chars().count() - 1;
                        offsets.push(format!("{name}={start}-{end}"));
                    }
                }
            }
        }
        for (slot, values) in out.iter_mut().zip(&found) {
            if !values.is_empty() {
                *slot = Some(Val::multi(values));
            }
        }
        if !offsets.is_empty()
            && let Some(slot) = out.last_mut().filter(|_| self.offsets)
        {
            *slot = Some(Val::str(offsets.join("&")));
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Change {
    sed: Sed,
}

impl RowMap for Change {
    fn name(&self) -> &'static str {
        "rex"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        let (Some(value), Some(slot)) = (args.first(), out.first_mut()) else { return Ok(()) };
        let values = value
            .values()
            .iter()
            .map(|text| self.sed.apply(text))
            .collect::<Result<Vec<String>, String>>()?;
        *slot = Some(Val::multi(&values));
        Ok(())
    }
}
