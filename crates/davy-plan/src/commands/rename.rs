//! `rename`. Search Reference, rename.

use crate::aggs::fill;
use crate::codes;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields, HIDDEN, wildcard_captures};
use crate::parse::ArgReader;
use crate::plan::{Failed, Plan, PlanCx, column_expr};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use datafusion_expr::Expr;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{ArgKind, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "rename",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "rename <field> AS <field>[, <field> AS <field>]...",
    summary: "Renames fields; `a.* AS *` renames all that fit. A field of the new name is replaced.",
    examples: &[
        example!("| makeresults | eval a=1 | rename a AS b | table a b" => table "a,b\n,1"),
        example!("| makeresults | eval 'x.a'=1, 'x.b'=2 | rename x.* AS * | table a b" => table "a,b\n1,2"),
        example!("| makeresults | eval b=2 | rename missing AS b | table b" => field "b" = ""),
    ],
    source: "Search Reference, rename",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Rename {
    pairs: Vec<(Spanned<String>, Spanned<String>)>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let mut reader = cx.reader(args);
    let (mut pairs, mut sound) = (Vec::new(), true);
    loop {
        reader.skip_commas();
        let open = open_name(&mut reader);
        let Some(from) = open.clone().or_else(|| reader.field()) else { break };
        if open.is_none() && without_as(&from, &mut reader, cx) {
            sound = false;
            continue;
        }
        if open.is_none() && !reader.keyword("as") {
            return cx.bad(from.span, format!("`AS` and a new name must follow `{}`", from.value));
        }
        let Some(to) = reader.field() else {
            return cx.missing(&format!("a new name after `{} AS`", from.value));
        };
        let stars = |s: &str| s.matches('*').count();
        if stars(&from.value) != stars(&to.value) {
            return cx.bad(to.span, "both names need the same number of stars");
        }
        pairs.push((from, to));
    }
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "a field name is needed here");
    }
    if !sound {
        return None;
    }
    if pairs.is_empty() {
        return cx.missing("a field and its new name");
    }
    Some(Box::new(Rename { pairs }))
}

/// Steps over `x to y` and `x y` up to a comma or the end, and tells what to type.
fn without_as(from: &Spanned<String>, reader: &mut ArgReader<'_>, cx: &mut ParseCx<'_>) -> bool {
    let mut ahead = reader.clone();
    let mut names = vec![from.clone()];
    while names.len() < 4 && !ahead.is_keyword(&["as"]) {
        match ahead.field() {
            Some(name) => names.push(name),
            None => break,
        }
    }
    let ends = matches!(ahead.peek().map(|a| &a.kind), None | Some(ArgKind::Comma));
    let (to, between) = match names.as_slice() {
        [_, to] => (to, None),
        [_, word, to] => (to, Some(word)),
        _ => return false,
    };
    if !ends || between.is_some_and(|w| !["to", "into", "->", "=>", "="].contains(&&*w.value)) {
        return false;
    }
    let written = |name: &Spanned<String>| cx.sources.text(name.span).to_owned();
    let message = match between {
        Some(word) => format!("`AS` must stand between the names, not `{}`", word.value),
        None => format!("`AS` must stand between `{}` and `{}`", from.value, to.value),
    };
    let help = format!("type `{} AS {}`", written(from), written(to));
    cx.report(codes::BAD_ARGUMENT.at(from.span.to(to.span), message).help(help));
    *reader = ahead;
    true
}

/// `user= AS`: a name that ends in `=`, as `tstats` gives with PREFIX(), reads as an option.
fn open_name(reader: &mut ArgReader<'_>) -> Option<Spanned<String>> {
    let arg = reader.peek()?;
    let ArgKind::Option { key, not: false, value } = &arg.kind else { return None };
    let is_as = matches!(&value.kind, ArgKind::Word(w) if w.eq_ignore_ascii_case("as"));
    is_as.then(|| {
        reader.next_arg();
        Spanned::new(format!("{}=", key.value), key.span)
    })
}

impl Rename {
    fn wild(&self) -> bool {
        self.pairs.iter().any(|(from, _)| from.value.contains('*'))
    }

    /// What becomes of each of these columns; nothing where another one takes its name. Pairs
    /// apply one after the other, a pattern to all that fit at once: what it made is not made
    /// again.
    fn renamed(&self, names: &[String], open: bool) -> Vec<Option<String>> {
        let mut now: Vec<Option<String>> = names.iter().cloned().map(Some).collect();
        for (from, to) in &self.pairs {
            let made: Vec<Option<String>> = now
                .iter()
                .map(|name| {
                    let name = name.as_deref()?;
                    let internal = name.starts_with('_') && !from.value.starts_with('_');
                    if !from.value.contains('*') {
                        return (name == from.value).then(|| to.value.clone());
                    }
                    let parts = wildcard_captures(&from.value, name).filter(|_| !internal)?;
                    Some(fill(&to.value, &parts))
                })
                .collect();
            let absent = made.iter().all(Option::is_none) && !from.value.contains('*');
            for (slot, new) in now.iter_mut().zip(&made) {
                let gone = match slot {
                    _ if new.is_some() => false,
                    // A field that does not exist takes the other's place all the same.
                    Some(name) if absent && !open => *name == to.value,
                    Some(name) => made.iter().flatten().any(|m| m == name),
                    None => false,
                };
                match new {
                    Some(_) => slot.clone_from(new),
                    None if gone => *slot = None,
                    None => {}
                }
            }
        }
        now
    }
}

impl Command for Rename {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let mut needs = out.clone();
        for (from, to) in self.pairs.iter().rev() {
            if from.value.contains('*') {
                // What a pattern makes is not known; ask for what may become what is wanted.
                let wanted: Vec<String> = needs.names.iter().cloned().collect();
                for name in &wanted {
                    if let Some(parts) = wildcard_captures(&to.value, name) {
                        needs.add(fill(&from.value, &parts));
                    }
                }
                continue;
            }
            let wanted = needs.wants(&to.value);
            if !needs.all {
                needs.names.remove(&to.value);
            } else {
                needs.add(&to.value);
            }
            if wanted {
                needs.add(&from.value);
            }
        }
        needs
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = Fields { names: Vec::new(), ..input.clone() };
        for name in self.renamed(&input.names, input.open).into_iter().flatten() {
            fields.add(name);
        }
        for (from, to) in self.pairs.iter().filter(|(from, _)| !from.value.contains('*')) {
            if input.open && !input.names.contains(&from.value) {
                fields.add(&to.value);
            }
        }
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.pairs.iter().map(|(from, _)| (from.value.clone(), from.span)).collect()
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let input = if input.open() && self.wild() { cx.close(input)? } else { input };
        let names = input.all_names();
        let (hidden, visible): (Vec<String>, Vec<String>) =
            names.into_iter().partition(|n| n.starts_with(HIDDEN));
        let now = self.renamed(&visible, false);
        let mut columns: Vec<(String, Expr)> = Vec::with_capacity(visible.len() + hidden.len());
        for (name, to) in visible.iter().zip(now) {
            let Some(to) = to else { continue };
            columns.retain(|(n, _)| *n != to);
            columns.push((to, column_expr(name)));
        }
        columns.extend(hidden.into_iter().map(|n| (n.clone(), column_expr(&n))));
        input.project(columns)
    }
}
