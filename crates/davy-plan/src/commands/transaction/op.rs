//! The walk over events that puts them in transactions, and a row for each transaction.

use super::group::{Done, Event, Grouper, Rule, Shape, shape};
use super::{MADE, Shown};
use crate::column::{Builder, Column, Ty};
use crate::fields::{HIDDEN, REST};
use crate::node::{SequentialNode, SequentialOp, SequentialState};
use crate::value::Val;
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_common::{DataFusionError, Result};
use davy_events::rest;
use foldhash::fast::RandomState;
use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::sync::Arc;

/// Columns that are read beside those of the events; that of times where theirs are no numbers.
pub(super) const TIME: &str = "__transaction time";
pub(super) const STARTS: &str = "__transaction starts";
pub(super) const ENDS: &str = "__transaction ends";
const ORPHAN: &str = "_txn_orphan";

#[derive(Debug)]
pub(super) struct Transactions {
    pub(super) rule: Arc<Rule>,
    pub(super) shown: Shown,
    /// The visible columns, and that of packed fields.
    pub(super) names: Vec<String>,
    /// The column of their times.
    pub(super) time: &'static str,
}

impl Transactions {
    /// The columns of the events that transactions have too.
    fn kept(&self) -> impl Iterator<Item = (usize, &String)> {
        let made = |n: &str| MADE.contains(&n) || n == ORPHAN;
        self.names.iter().enumerate().filter(move |(_, n)| !made(n))
    }
}

impl SequentialOp for Transactions {
    fn name(&self) -> &'static str {
        "transaction"
    }

    fn schema(&self, input: &Schema) -> Result<Schema> {
        let field = |name: &str, ty: Ty| Field::new(name, ty.data_type(), true);
        let mut fields: Vec<Field> = self
            .kept()
            .map(|(_, name)| field(name, if name == "_time" { Ty::Num } else { Ty::Text }))
            .collect();
        fields.extend(MADE.map(|name| field(name, Ty::Num)));
        if self.rule.limits.keep_orphans {
            fields.push(field(ORPHAN, Ty::Num));
        }
        if input.index_of(SequentialNode::NUMBER).is_ok() {
            fields.push(Field::new(SequentialNode::NUMBER, DataType::UInt64, false));
        }
        Ok(Schema::new(fields))
    }

    fn start(&self, input: SchemaRef) -> Result<Box<dyn SequentialState>> {
        let at = |name: &str| input.index_of(name).ok();
        Ok(Box::new(State {
            schema: Arc::new(self.schema(&input)?),
            columns: self.names.iter().map(|n| at(n)).collect(),
            time: at(self.time),
            starts: at(STARTS),
            ends: at(ENDS),
            number: at(SequentialNode::NUMBER),
            came: 0,
            grouper: Grouper::new(self.rule.clone(), f64::INFINITY),
            render: Arc::new(Render {
                kept: self.kept().map(|(i, name)| (i, name.clone())).collect(),
                raw: self.names.iter().position(|n| n == "_raw"),
                unified: self.rule.fields.iter().flatten().copied().collect(),
                shown: self.shown.clone(),
                orphans: self.rule.limits.keep_orphans,
            }),
            rule: self.rule.clone(),
            hasher: RandomState::default(),
        }))
    }

    fn apart(&self) -> bool {
        let limits = &self.rule.limits;
        !self.rule.fields.is_empty()
            && limits.open == usize::MAX
            && limits.open_events == usize::MAX
    }

    fn keeps_rows(&self) -> bool {
        true
    }
}

/// Keys do not tell transactions apart.
fn together<T>() -> Result<T> {
    let what = "open transactions, which events without all fields may put together,";
    Err(DataFusionError::ResourcesExhausted(what.to_owned()))
}

struct State {
    schema: SchemaRef,
    columns: Vec<Option<usize>>,
    time: Option<usize>,
    starts: Option<usize>,
    ends: Option<usize>,
    number: Option<usize>,
    /// Events so far.
    came: u64,
    grouper: Grouper,
    render: Arc<Render>,
    rule: Arc<Rule>,
    hasher: RandomState,
}

/// A batch's columns.
struct Read {
    columns: Vec<Column>,
    time: Column,
    starts: Column,
    ends: Column,
    number: Column,
}

impl Read {
    fn time(&self, row: usize) -> f64 {
        self.time.get(row).num().unwrap_or(0.0)
    }
}

impl State {
    fn read(&self, batch: &RecordBatch) -> Result<Read> {
        let column = |at: &Option<usize>| match at {
            Some(at) => Column::new(batch.column(*at)),
            None => Ok(Column::Null(batch.num_rows())),
        };
        Ok(Read {
            columns: self.columns.iter().map(column).collect::<Result<_>>()?,
            time: column(&self.time)?,
            starts: column(&self.starts)?,
            ends: column(&self.ends)?,
            number: column(&self.number)?,
        })
    }

    /// The rows of the transactions that are done.
    fn made(&mut self) -> Result<Vec<RecordBatch>> {
        let done = self.grouper.take();
        let rows = |part: &[Done]| self.render.rows(part, &self.schema, self.number.is_some());
        done.chunks(8192).map(rows).collect()
    }
}

impl SequentialState for State {
    fn push(&mut self, batch: &RecordBatch) -> Result<Vec<RecordBatch>> {
        let read = self.read(batch)?;
        for row in 0..batch.num_rows() {
            self.came += 1;
            self.grouper.event(Event {
                time: read.time(row),
                number: read.number.get(row).num().map_or(self.came, |n| n as u64),
                values: read.columns.iter().map(|c| c.get(row).into_owned()).collect(),
                is_start: read.starts.get(row) == Val::Bool(true),
                is_end: read.ends.get(row) == Val::Bool(true),
            });
        }
        self.made()
    }

    fn finish(&mut self) -> Result<Vec<RecordBatch>> {
        self.grouper.finish();
        self.made()
    }

    fn size(&self) -> usize {
        self.grouper.size()
    }

    fn apart(&self, batch: &RecordBatch) -> Result<Vec<Option<u64>>> {
        let read = self.read(batch)?;
        if !self.grouper.is_plain() {
            return together();
        }
        let bounded = (self.rule.has_starts || self.rule.has_ends) && !self.rule.limits.unify_ends;
        let one = |row: usize| {
            let value = |at: &Option<usize>| {
                let value = at.and_then(|at| read.columns.get(at))?.get(row).into_owned();
                (!value.is_null()).then_some(value)
            };
            let values: Vec<_> = self.rule.fields.iter().map(value).collect();
            match shape(values.iter().map(Option::as_ref)) {
                (Shape::Single, Some(key)) => {
                    let held = self.grouper.holds(&key);
                    Ok((!held).then(|| self.hasher.hash_one(&key)))
                }
                (Shape::Bare, _) if !bounded => Ok(None),
                _ => together(),
            }
        };
        (0..batch.num_rows()).map(one).collect()
    }

    fn put_off(&mut self, batch: &RecordBatch) -> Result<()> {
        let read = self.read(batch)?;
        (0..batch.num_rows()).for_each(|row| self.grouper.meet(read.time(row)));
        Ok(())
    }

    fn part(&self) -> Option<Box<dyn SequentialState>> {
        Some(Box::new(State {
            schema: self.schema.clone(),
            columns: self.columns.clone(),
            grouper: Grouper::new(self.rule.clone(), self.grouper.last()),
            render: self.render.clone(),
            rule: self.rule.clone(),
            hasher: RandomState::default(),
            ..*self
        }))
    }
}

/// How transactions are shown.
struct Render {
    /// Columns of the events, and their names.
    kept: Vec<(usize, String)>,
    raw: Option<usize>,
    /// Columns of the fields that unify transactions.
    unified: Vec<usize>,
    shown: Shown,
    orphans: bool,
}

impl Render {
    /// One row for each transaction.
    fn rows(&self, done: &[Done], schema: &SchemaRef, numbered: bool) -> Result<RecordBatch> {
        let mut built: Vec<Builder> = schema
            .fields()
            .iter()
            .filter(|f| f.name() != SequentialNode::NUMBER)
            .map(|f| Builder::new(Ty::of(f.data_type()), done.len()))
            .collect();
        for txn in done {
            let columns = self.kept.iter().map(|(at, name)| self.column(txn, *at, name));
            let made = self.made(txn);
            let orphan = if txn.orphan { Val::Num(1.0) } else { Val::Null };
            let all = columns.chain(made).chain(self.orphans.then_some(orphan));
            built.iter_mut().zip(all).for_each(|(builder, value)| builder.push(&value));
        }
        let mut arrays: Vec<ArrayRef> = built.into_iter().map(Builder::finish).collect();
        if numbered {
            arrays.push(Arc::new(UInt64Array::from_iter_values(done.iter().map(|d| d.number))));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(done.len()));
        Ok(RecordBatch::try_new_with_options(schema.clone(), arrays, &options)?)
    }

    fn column(&self, txn: &Done, at: usize, name: &str) -> Val<'static> {
        // From the oldest on.
        let values = || txn.events.iter().rev().map(|e| e.values.get(at).unwrap_or(&Val::Null));
        match name {
            "_time" => txn.events.last().map_or(Val::Null, |e| Val::Num(e.time)),
            "_raw" => raw(values(), &self.shown),
            REST => self.packed(values()),
            _ if self.lists(name) => listed(values(), &self.shown),
            _ => distinct(values()),
        }
    }

    fn lists(&self, name: &str) -> bool {
        self.shown.list_all || self.shown.list.iter().any(|n| n == name)
    }

    /// The packed fields of all events.
    fn packed<'v>(&self, packed: impl Iterator<Item = &'v Val<'static>>) -> Val<'static> {
        let packed: Vec<&str> = packed
            .map(|v| match v {
                Val::Str(text) => text.as_ref(),
                _ => "",
            })
            .collect();
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in packed.iter().flat_map(|text| rest::iter(text)) {
            if !names.contains(&name) && !MADE.contains(&name) && name != ORPHAN {
                names.push(name);
            }
        }
        let of = |text: &&str, name: &str| {
            let found = rest::iter(text).find(|(n, _)| *n == name);
            found.map_or(Val::Null, |(_, value)| Val::str(value.to_owned()))
        };
        let mut fields: Vec<(&str, String)> = Vec::new();
        for name in names {
            let values: Vec<Val<'static>> = packed.iter().map(|text| of(text, name)).collect();
            let value = match self.lists(name) {
                true => listed(values.iter(), &self.shown),
                false => distinct(values.iter()),
            };
            fields.extend(value.text().map(|text| (name, text.into_owned())));
        }
        match fields.is_empty() {
            true => Val::Null,
            false => Val::str(rest::pack(fields.iter().map(|(n, v)| (*n, v.as_str())))),
        }
    }

    /// The values of `MADE`.
    fn made(&self, txn: &Done) -> [Val<'static>; 5] {
        let ends = txn.events.first().zip(txn.events.last());
        let duration = ends.map_or(0.0, |(newest, oldest)| newest.time - oldest.time);
        // As the page's last example shows them: the unifying fields of all events, and their lines.
        let value = |e: &Event, at: usize| e.values.get(at).is_some_and(|v| !v.is_null());
        let held = |e: &Event| self.unified.iter().filter(|at| value(e, **at)).count();
        let text =
            |e: &Event| self.raw.and_then(|at| e.values.get(at)?.text().map(|t| t.lines().count()));
        let lines = |e: &Event| text(e).map_or(1, |lines| lines.max(1));
        let sum = |per: &dyn Fn(&Event) -> usize| {
            Val::Num(txn.events.iter().map(per).sum::<usize>() as f64)
        };
        [
            Val::Num(duration),
            Val::Num(txn.events.len() as f64),
            Val::Num(f64::from(u8::from(txn.closed))),
            sum(&held),
            sum(&lines),
        ]
    }
}

fn raw<'v>(values: impl Iterator<Item = &'v Val<'static>>, shown: &Shown) -> Val<'static> {
    let texts: Vec<String> = values.filter_map(|v| v.text().map(|t| t.into_owned())).collect();
    match (texts.is_empty(), shown.mv_raw) {
        (true, _) => Val::Null,
        (false, true) => Val::multi(&texts),
        (false, false) => Val::str(texts.join(shown.delim.as_deref().unwrap_or("\n"))),
    }
}

fn listed<'v>(values: impl Iterator<Item = &'v Val<'static>>, shown: &Shown) -> Val<'static> {
    let mut texts: Vec<String> = Vec::new();
    let mut any = false;
    for value in values {
        let list = value.values();
        any |= !list.is_empty();
        if list.is_empty() {
            texts.push(shown.null.clone());
        }
        texts.extend(list.into_iter().map(|t| t.into_owned()));
    }
    if any { Val::multi(&texts) } else { Val::Null }
}

fn distinct<'v>(mut values: impl Iterator<Item = &'v Val<'static>>) -> Val<'static> {
    // In most transactions all events have the same value.
    let Some(first) = values.find(|v| !v.is_null()) else { return Val::Null };
    let mut others = values.filter(|v| !v.is_null() && *v != first).peekable();
    if others.peek().is_none() && !first.is_multi() {
        return first.clone();
    }
    let mut set: BTreeSet<String> = BTreeSet::new();
    for value in std::iter::once(first).chain(others) {
        set.extend(value.values().into_iter().map(|t| t.into_owned()));
    }
    let all: Vec<String> = set.into_iter().collect();
    Val::multi(&all)
}

/// The columns of a plan that transactions have.
pub(super) fn shown_names(all: Vec<String>) -> Vec<String> {
    all.into_iter().filter(|n| !n.starts_with(HIDDEN) || n == REST).collect()
}
