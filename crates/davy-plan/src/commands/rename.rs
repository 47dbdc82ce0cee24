//! `rename`. Search Reference, rename.

use crate::aggs::fill;
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
    let mut pairs = Vec::new();
    loop {
        reader.skip_commas();
        let open = open_name(&mut reader);
        let Some(from) = open.clone().or_else(|| reader.field()) else { break };
        if open.is_none() && !reader.keyword("as") {
            return cx.bad(from.span, format!("`AS` and a new name must follow `{}`", from.value));
        }
        let Some(to) = reader.field() else {
            return cx.bad(from.span, "a new name must follow `AS`");
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
    if pairs.is_empty() {
        return cx.missing("a field and its new name");
    }
    Some(Box::new(Rename { pairs }))
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

    /// The plain pairs that `names` turn the patterns into.
    fn spread(&self, names: &[String]) -> Vec<(String, String)> {
        let mut out: Vec<(String, String)> = Vec::new();
        for (from, to) in &self.pairs {
            if !from.value.contains('*') {
                out.push((from.value.clone(), to.value.clone()));
                continue;
            }
            for name in names {
                if name.starts_with('_') && !from.value.starts_with('_') {
                    continue;
                }
                if let Some(parts) = wildcard_captures(&from.value, name) {
                    out.push((name.clone(), fill(&to.value, &parts)));
                }
            }
        }
        out
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
        let mut fields = input.clone();
        for (from, to) in self.spread(&input.names) {
            match fields.names.iter().position(|n| *n == from) {
                Some(at) => {
                    fields.names[at] = to.clone();
                    let mut seen = false;
                    fields.names.retain(|n| *n != to || !std::mem::replace(&mut seen, true));
                }
                None if input.open => fields.add(to),
                None => fields.remove(&to),
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
        let mut columns: Vec<(String, Expr)> =
            names.iter().map(|n| (n.clone(), column_expr(n))).collect();
        let visible: Vec<String> =
            names.iter().filter(|n| !n.starts_with(HIDDEN)).cloned().collect();
        for (from, to) in self.spread(&visible) {
            if from == to {
                continue;
            }
            let at = columns.iter().position(|(n, _)| *n == from);
            match at {
                Some(at) => {
                    columns[at].0 = to.clone();
                    let mut i = 0;
                    columns.retain(|(n, _)| {
                        i += 1;
                        *n != to || i - 1 == at
                    });
                }
                // A field that does not exist takes the other's place all the same.
                None => columns.retain(|(n, _)| *n != to),
            }
        }
        input.project(columns)
    }
}
