//! `lookup`. Search Reference, lookup.

use crate::codes;
use crate::column::Ty;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::lookups::{LookupIndex, LookupTable, SHANNON, shannon};
use crate::parse::ArgReader;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::tables::{find_table, found};
use crate::value::Val;
use crate::walk::{Row, Walk, Walker};
use datafusion_common::Result as DfResult;
use davy_diag::{Span, Spanned, closest};
use davy_spl::ast::{Arg, Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "lookup",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "lookup [local=<bool>] [update=<bool>] [event_time_field=<field>] <table> (<lookup-field> [AS <field>])... [(OUTPUT|OUTPUTNEW) (<lookup-field> [AS <field>])...]",
    summary: "Adds the fields of the table's row whose fields hold the same values. OUTPUT replaces fields, OUTPUTNEW fills those that are missing; without either, all other fields of the table are added.",
    examples: &[example!("index=main | lookup users.csv name AS user OUTPUT department" => varies)],
    source: "Search Reference, lookup",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct Lookup {
    table: Spanned<String>,
    /// The field of the table and that of the events.
    keys: Vec<Pair>,
    /// `None`: all other fields.
    outputs: Option<Vec<Pair>>,
    /// OUTPUTNEW
    new_only: bool,
    /// The field that holds the event's time.
    time: String,
}

#[derive(Debug, Clone)]
struct Pair {
    table: String,
    event: String,
    span: Span,
    /// The place of the events' field.
    event_span: Span,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = ["local", "update", "event_time_field"];
    let (options, left) = cx.reader(args).options(&names, cx);
    options.flag("local", false, cx);
    options.flag("update", false, cx);
    let time = options.text("event_time_field").map_or_else(|| "_time".to_owned(), |t| t.value);
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let Some(table) = reader.field() else { return cx.missing("the name of a lookup") };
    let keys = pairs(&mut reader, cx)?;
    if keys.is_empty() {
        return cx.missing("a field to match by");
    }
    if keys.first().is_some_and(|first| first.table == first.event) {
        let names: Vec<_> = keys.iter().map(|k| Spanned::new(k.table.clone(), k.span)).collect();
        super::join::no_on(&names, cx)?;
    }
    let mut new_only = false;
    let mut outputs = None;
    if reader.is_keyword(&["output", "outputnew"]) {
        new_only = reader.is_keyword(&["outputnew"]);
        reader.next_arg();
        let list = pairs(&mut reader, cx)?;
        // A clause without fields is as none.
        outputs = (!list.is_empty()).then_some(list);
    }
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "a field, OUTPUT or OUTPUTNEW is needed here");
    }
    Some(Box::new(Lookup { table, keys, outputs, new_only, time }))
}

fn pairs(reader: &mut ArgReader<'_>, cx: &mut ParseCx<'_>) -> Option<Vec<Pair>> {
    let mut out = Vec::new();
    loop {
        reader.skip_commas();
        if reader.is_keyword(&["output", "outputnew"]) {
            return Some(out);
        }
        let Some(field) = reader.field() else { return Some(out) };
        let mut event = field.clone();
        if reader.keyword("as") {
            match reader.field() {
                Some(name) => event = name,
                None => return cx.bad(field.span, "`AS` needs a name after it"),
            }
        }
        let (event, event_span) = (event.value, event.span);
        out.push(Pair { table: field.value, event, span: field.span, event_span });
    }
}

impl Command for Lookup {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let mut needs = out.clone();
        for pair in self.outputs.iter().flatten() {
            if needs.all || self.new_only {
                if needs.wants(&pair.event) {
                    needs.add(&pair.event);
                }
            } else {
                needs.names.remove(&pair.event);
            }
        }
        let keys = self.keys.iter().map(|k| k.event.clone());
        needs.with(keys.chain((self.time != "_time").then(|| self.time.clone())))
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        match &self.outputs {
            Some(outputs) => outputs.iter().for_each(|p| fields.add(&p.event)),
            None => fields.open = true,
        }
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.keys.iter().map(|k| (k.event.clone(), k.event_span)).collect()
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let known = cx.engine.knowledge().lookup_table(&self.table.value).is_some();
        if self.table.value == SHANNON && !known {
            return self.entropy(input);
        }
        let table = find_table(&self.table, cx)?;
        let columns = self
            .keys
            .iter()
            .map(|k| column(&table, &self.table.value, k))
            .collect::<Result<Vec<usize>, Failed>>()?;
        let mut outputs: Vec<(usize, String)> = Vec::new();
        match &self.outputs {
            Some(list) => {
                for pair in list {
                    let at = column(&table, &self.table.value, pair)?;
                    outputs.push((at, pair.event.clone()));
                }
            }
            None => {
                for (at, name) in table.rows.names.iter().enumerate() {
                    if !columns.contains(&at) && !name.starts_with('_') {
                        outputs.push((at, name.clone()));
                    }
                }
            }
        }
        outputs.retain(|(_, name)| cx.out.wants(name));
        // What is set must not be packed too.
        let hidden = input.open() && outputs.iter().any(|(_, n)| !input.has_column(n));
        let input = if hidden && self.outputs.is_none() { cx.close(input)? } else { input };
        let mut reads: Vec<String> = vec![self.time.clone()];
        reads.extend(self.keys.iter().map(|k| k.event.clone()));
        if self.new_only {
            reads.extend(outputs.iter().map(|(_, n)| n.clone()));
        }
        let index = table.index(&columns, cx.env);
        let sets = outputs.iter().map(|(_, n)| (n.clone(), Ty::Text)).collect();
        let (keys, new_only) = (columns.len(), self.new_only);
        let start = move || {
            let (table, index) = (table.clone(), index.clone());
            let outputs = outputs.iter().map(|(at, _)| *at).collect();
            Box::new(Find { table, index, keys, outputs, new_only }) as Box<dyn Walker>
        };
        Walk::new("lookup", reads, sets, start).in_any_order().plan(input)
    }
}

impl Lookup {
    /// The computed lookup: its field is `word`, and `ut_shannon` comes out.
    fn entropy(&self, input: Plan) -> Result<Plan, Failed> {
        let fits = |pair: &Pair, name: &str| -> Result<String, Failed> {
            match pair.table == name {
                true => Ok(pair.event.clone()),
                false => Err(codes::BAD_ARGUMENT
                    .at(pair.span, format!("the lookup `{SHANNON}` has no field `{}`", pair.table))
                    .help(Some(format!("did you mean `{name}`?")))
                    .into()),
            }
        };
        let mut word = String::new();
        for key in &self.keys {
            word = fits(key, "word")?;
        }
        let mut out = "ut_shannon".to_owned();
        for pair in self.outputs.iter().flatten() {
            out = fits(pair, "ut_shannon")?;
        }
        let sets = vec![(out, Ty::Num)];
        Walk::new("lookup", vec![word], sets, || Box::new(Entropy) as Box<dyn Walker>)
            .in_any_order()
            .plan(input)
    }
}

struct Entropy;

impl Walker for Entropy {
    fn row(&mut self, row: Row<'_>, out: &mut [Val<'static>]) -> DfResult<bool> {
        let word = row.get(0);
        let bits = word.values().first().map(|word| shannon(word));
        if let Some(slot) = out.first_mut() {
            *slot = bits.map_or(Val::Null, Val::Num);
        }
        Ok(true)
    }
}

fn column(table: &LookupTable, name: &str, pair: &Pair) -> Result<usize, Failed> {
    table.rows.column(&pair.table).ok_or_else(|| {
        const SHOWN: usize = 20;
        let columns = &table.rows.names;
        let near = closest(&pair.table, columns.iter().map(String::as_str));
        let near = near.map(|n| format!("did you mean `{n}`? ")).unwrap_or_default();
        let shown = columns.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        let more = if columns.len() > SHOWN { ", ..." } else { "" };
        codes::BAD_ARGUMENT
            .at(pair.span, format!("the lookup `{name}` has no field `{}`", pair.table))
            .help(format!("{near}its columns are {shown}{more}"))
            .into()
    })
}

struct Find {
    table: Arc<LookupTable>,
    index: Arc<LookupIndex>,
    keys: usize,
    outputs: Vec<usize>,
    new_only: bool,
}

impl Walker for Find {
    fn row(&mut self, row: Row<'_>, out: &mut [Val<'static>]) -> DfResult<bool> {
        let keys: Vec<Val<'_>> = (0..self.keys).map(|i| row.get(i + 1)).collect();
        let found = found(&self.index, &keys, row.get(0).num(), &self.table.options);
        let fallback = match &self.table.options.default_match {
            Some(text) if found.len() < self.table.options.min_matches => Some(text),
            _ => None,
        };
        for (i, (slot, column)) in out.iter_mut().zip(&self.outputs).enumerate() {
            if self.new_only {
                let held = row.get(1 + self.keys + i);
                if !held.is_null() {
                    *slot = held.into_owned();
                    continue;
                }
            }
            if let Some(text) = fallback {
                *slot = Val::str(text.clone());
                continue;
            }
            let cells = found.iter().filter_map(|r| self.table.rows.rows.get(*r as usize));
            let texts: Vec<String> = cells
                .filter_map(|cells| cells.get(*column))
                .flat_map(|v| v.values().into_iter().map(|t| t.into_owned()))
                .collect();
            *slot = Val::multi(&texts);
        }
        Ok(true)
    }
}
