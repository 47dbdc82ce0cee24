//! `eval`. Search Reference, eval.

use crate::codes;
use crate::command::Command;
use crate::example;
use crate::expr::{Compiler, Typed, reads};
use crate::fields::{FieldSet, Fields};
use crate::functions::precision;
use crate::plan::{Failed, Plan, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::Span;
use davy_spl::ast::{Args, Assignment, Grammar, Target, TargetPart};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "eval",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::Eval,
    syntax: "eval <field>=<expression>[, <field>=<expression>]...",
    summary: "Computes fields. Later assignments see earlier ones; a null result removes the field.",
    examples: &[
        example!("| makeresults | eval a=2, b=a*3" => field "b" = "6"),
        example!("| makeresults | eval a=1/0" => field "a" = ""),
        example!("| makeresults | eval kind=\"x\", {kind}_count=3" => field "x_count" = "3"),
        example!("| makeresults | eval 'a b'=\"q\" . 1" => field "a b" = "q1"),
    ],
    source: "Search Reference, eval",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Eval {
    list: Vec<Assignment>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let Args::Eval(list) = args else { return None };
    if list.is_empty() {
        return cx.missing("an assignment");
    }
    for assignment in list {
        cx.check(&assignment.value);
    }
    Some(Box::new(Eval { list: list.clone() }))
}

impl Eval {
    fn dynamic(&self) -> bool {
        self.list.iter().any(|a| matches!(a.target, Target::Dynamic(..)))
    }
}

impl Command for Eval {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let mut needs = out.clone();
        for assignment in self.list.iter().rev() {
            match &assignment.target {
                Target::Field(name) => {
                    // With all fields wanted, the name keeps the packed fields from holding it too.
                    if !needs.all {
                        needs.names.remove(&name.value);
                    } else {
                        needs.add(&name.value);
                    }
                }
                Target::Dynamic(parts, _) => {
                    for part in parts {
                        if let TargetPart::Field(name) = part {
                            needs.add(name);
                        }
                    }
                }
            }
            let mut names = Vec::new();
            reads(&assignment.value, &mut names);
            needs = needs.with(names.into_iter().map(|(n, _)| n));
        }
        needs
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        for assignment in &self.list {
            match &assignment.target {
                Target::Field(name) => fields.add(&name.value),
                Target::Dynamic(..) => fields.open = true,
            }
        }
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        let mut made: Vec<&str> = Vec::new();
        let mut out = Vec::new();
        for assignment in &self.list {
            let mut names = Vec::new();
            reads(&assignment.value, &mut names);
            out.extend(names.into_iter().filter(|(n, _)| !made.contains(&n.as_str())));
            if let Target::Field(name) = &assignment.target {
                made.push(&name.value);
            }
        }
        out
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let mut plan = input;
        // Assignments that read nothing that is set beside them are one step.
        let mut set: Vec<(String, Typed)> = Vec::new();
        for assignment in &self.list {
            let mut names = Vec::new();
            reads(&assignment.value, &mut names);
            let is_set = |name: &str| set.iter().any(|(n, _)| n == name);
            let after = match &assignment.target {
                Target::Field(name) => is_set(&name.value),
                Target::Dynamic(..) => true,
            };
            if !set.is_empty() && (after || names.iter().any(|(n, _)| is_set(n))) {
                plan = plan.with_columns(std::mem::take(&mut set))?;
            }
            let mut compiler = Compiler::new(&plan, cx);
            let value = compiler.value(&assignment.value);
            let value = value.and_then(|v| precision::shown(&mut compiler, &assignment.value, v));
            let value = compiler.finish(value)?;
            match &assignment.target {
                Target::Field(name) => set.push((name.value.clone(), value)),
                Target::Dynamic(parts, _) => {
                    const HELD: &str = "__dynamic";
                    let with = plan.with_columns(vec![(HELD.to_owned(), value)])?;
                    plan = self.spread(with, HELD, parts, cx)?;
                }
            }
        }
        if set.is_empty() { Ok(plan) } else { plan.with_columns(set) }
    }
}

impl Eval {
    /// Puts the held value into the field that each row names: the columns depend on the data.
    fn spread(
        &self,
        plan: Plan,
        held: &str,
        parts: &[TargetPart],
        cx: &PlanCx<'_>,
    ) -> Result<Plan, Failed> {
        debug_assert!(self.dynamic());
        const SHOWN: &str = "davy dynamic value";
        let columns = vec![(SHOWN.to_owned(), plan.column(held))];
        let plan = plan.with_columns(columns)?.without_columns(&[held.to_owned()])?;
        let mut rows: Rows = cx.rows(&plan)?;
        let at = rows.column_or_add(SHOWN);
        let mut values: Vec<(usize, String, Val<'static>)> = Vec::new();
        for (i, row) in rows.rows.iter().enumerate() {
            let mut name = String::new();
            let mut whole = true;
            for part in parts {
                match part {
                    TargetPart::Text(text) => name.push_str(text),
                    TargetPart::Field(field) => {
                        let value = rows.names.iter().position(|n| n == field).map(|c| &row[c]);
                        match value.and_then(Val::joined) {
                            Some(text) => name.push_str(&text),
                            None => whole = false,
                        }
                    }
                }
            }
            if whole && !name.is_empty() {
                values.push((i, name, row[at].clone()));
            }
        }
        if values.iter().map(|(_, n, _)| n).collect::<std::collections::BTreeSet<_>>().len()
            > 10_000
        {
            return Err(codes::TOO_MANY_ROWS
                .at(cx.span, "this makes more than 10,000 different fields")
                .help("name the field after something with fewer values")
                .into());
        }
        for (row, name, value) in values {
            let column = rows.column_or_add(&name);
            rows.rows[row][column] = value;
        }
        rows.names.remove(at);
        rows.rows.iter_mut().for_each(|row| {
            row.remove(at);
        });
        cx.plan_of(rows)
    }
}
