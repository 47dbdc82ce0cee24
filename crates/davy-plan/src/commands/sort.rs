//! `sort`. Search Reference, sort.

use crate::codes;
use crate::column::{Column, Ty};
use crate::command::{Command, Order};
use crate::example;
use crate::expr::Typed;
use crate::fields::{FieldSet, Fields};
use crate::node::SortKey;
use crate::parse::{arg_call, arg_field, arg_text};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::{Val, parse_num};
use arrow::array::{ArrayRef, BinaryBuilder};
use arrow::datatypes::DataType;
use datafusion_common::Result as DfResult;
use datafusion_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use davy_diag::Span;
use davy_spl::ast::{Arg, ArgKind, Args, Grammar};
use std::net::IpAddr;
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "sort",
    aliases: &[],
    kind: Kind::Sequential,
    grammar: Grammar::General,
    syntax: "sort [<N>] [+|-]<field>[, [+|-]<field>]... [desc]",
    summary: "Sorts rows; at most 10,000 unless `sort 0`. Numbers come first, then addresses, then texts; rows without the field come last. A field may stand in auto(), num(), str() or ip().",
    examples: &[
        example!("| makeresults count=3 | streamstats count AS n | sort - n | head 1" => field "n" = "3"),
        example!("| makeresults format=csv data=\"v\n10\n9\nb\nA\" | sort v | table v" => table "v\n9\n10\nA\nb"),
        example!("| makeresults format=csv data=\"v\n10\n9\" | sort str(v) | head 1" => field "v" = "10"),
    ],
    source: "Search Reference, sort",
    support: Support::Full,
    parse,
};

#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) field: String,
    pub(super) descending: bool,
    pub(super) how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum How {
    Auto,
    Num,
    Str,
    Ip,
}

#[derive(Debug)]
struct Sort {
    keys: Vec<Key>,
    spans: Vec<Span>,
    limit: usize,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["limit"], cx);
    let mut limit = options.count("limit", cx).unwrap_or(10_000);
    let mut keys: Vec<Key> = Vec::new();
    let mut spans = Vec::new();
    let mut sign = None;
    for (i, arg) in left.iter().enumerate() {
        match &arg.kind {
            ArgKind::Comma => {}
            ArgKind::Sign(c @ ('-' | '+')) => sign = Some(*c),
            ArgKind::Call { .. } => {
                keys.push(called(arg, sign.take(), cx)?);
                spans.push(arg.span.0);
            }
            _ => {
                let Some(text) = arg_text(arg) else {
                    return cx.bad(arg.span.0, "a field is needed here");
                };
                let bare = matches!(arg.kind, ArgKind::Word(_));
                let last = i + 1 == left.len();
                if bare
                    && keys.is_empty()
                    && sign.is_none()
                    && let Ok(n) = text.parse::<usize>()
                {
                    limit = n;
                } else if bare && last && !keys.is_empty() && ["d", "desc"].contains(&text.as_str())
                {
                    keys.iter_mut().for_each(|k| k.descending = !k.descending);
                } else if bare && last && !keys.is_empty() && ["a", "asc"].contains(&text.as_str())
                {
                } else {
                    keys.push(signed(&text, sign.take(), bare));
                    spans.push(arg.span.0);
                }
            }
        }
    }
    if keys.is_empty() {
        return cx.missing("at least one field");
    }
    Some(Box::new(Sort { keys, spans, limit }))
}

/// `[+|-]field` up to the end: what `dedup sortby` takes. `None` is a mistake that was reported.
pub(super) fn keys(
    reader: &mut crate::parse::ArgReader<'_>,
    cx: &mut ParseCx<'_>,
) -> Option<Vec<Key>> {
    let mut keys = Vec::new();
    let mut sign = None;
    while let Some(arg) = reader.next_arg() {
        match &arg.kind {
            ArgKind::Comma => {}
            ArgKind::Sign(c @ ('-' | '+')) => sign = Some(*c),
            ArgKind::Call { .. } => {
                keys.push(called(arg, sign.take(), cx)?);
            }
            kind => match arg_text(arg) {
                Some(text) => {
                    keys.push(signed(&text, sign.take(), matches!(kind, ArgKind::Word(_))));
                }
                None => return cx.bad(arg.span.0, "a field is needed here"),
            },
        }
    }
    Some(keys)
}

/// `num(field)` and its kin; any other call is a field's name, as `stats` gives them: `sum(bytes)`.
fn called(arg: &Arg, sign: Option<char>, cx: &mut ParseCx<'_>) -> Option<Key> {
    let Some((name, items)) = arg_call(arg) else {
        return cx.bad(arg.span.0, "a field is needed here");
    };
    let how = match name.value.to_ascii_lowercase().as_str() {
        "auto" => How::Auto,
        "num" => How::Num,
        "str" => How::Str,
        "ip" => How::Ip,
        _ => return Some(key(&arg_field(arg)?, sign, How::Auto)),
    };
    match items.as_slice() {
        [field] => Some(key(&field.value, sign, how)),
        _ => cx.bad(arg.span.0, "one field is needed in the parentheses"),
    }
}

/// `-field`, `+field`: the sign may stand at the name.
fn signed(text: &str, sign: Option<char>, bare: bool) -> Key {
    match text.chars().next() {
        Some(c @ ('-' | '+')) if bare && text.len() > 1 => key(&text[1..], Some(c), How::Auto),
        _ => key(text, sign, How::Auto),
    }
}

fn key(field: &str, sign: Option<char>, how: How) -> Key {
    Key { field: field.to_owned(), descending: sign == Some('-'), how }
}

impl Command for Sort {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.clone().with(self.keys.iter().map(|k| k.field.clone()))
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.keys.iter().map(|k| k.field.clone()).zip(self.spans.iter().copied()).collect()
    }

    fn order(&self) -> Order {
        // Ties stay in the order they had.
        Order::Needs
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let fetch = (self.limit > 0).then_some(self.limit);
        sorted(input, &self.keys, fetch, cx)
    }
}

/// Sorted by `keys`, rows that lack one last in both directions.
pub(super) fn sorted(
    plan: Plan,
    keys: &[Key],
    fetch: Option<usize>,
    cx: &PlanCx<'_>,
) -> Result<Plan, Failed> {
    let mut held = Vec::new();
    let mut columns = Vec::new();
    for (i, key) in keys.iter().enumerate() {
        let column = plan.column(&key.field);
        let plain = column.ty == Ty::Num && matches!(key.how, How::Auto | How::Num);
        let name = if plain { key.field.clone() } else { format!("__key{i}") };
        if column.ty == Ty::Null {
            continue;
        }
        if !plain {
            let expr = sort_key(column.materialized(), key.how);
            held.push((name.clone(), Typed::new(expr, &DataType::Binary)));
        }
        columns.push(SortKey { column: name, descending: key.descending, nulls_first: false });
    }
    if fetch.is_some_and(|n| n > usize::MAX / 2) {
        return Err(codes::BAD_ARGUMENT.at(cx.span, "the number of rows is too large").into());
    }
    let names: Vec<String> = held.iter().map(|(n, _)| n.clone()).collect();
    if names.is_empty() {
        return plan.sort(columns, fetch);
    }
    plan.with_columns(held)?.sort(columns, fetch)?.without_columns(&names)
}

/// A value's place in the order of `sort`, as bytes that compare so.
fn sort_key(column: Expr, how: How) -> Expr {
    let signature = Signature::user_defined(Volatility::Immutable);
    ScalarUDF::new_from_impl(SortKeyFunction { how, signature }).call(vec![column])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SortKeyFunction {
    how: How,
    signature: Signature,
}

impl ScalarUDFImpl for SortKeyFunction {
    fn name(&self) -> &str {
        "sort_key"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> DfResult<DataType> {
        Ok(DataType::Binary)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let Some(arg) = args.args.first() else {
            return datafusion_common::internal_err!("sort_key takes one argument");
        };
        let column = Column::new(&arg.to_array(args.number_rows)?)?;
        let mut out = BinaryBuilder::with_capacity(column.len(), column.len() * 16);
        let mut key = Vec::new();
        for row in 0..column.len() {
            key.clear();
            match write(&column.get(row), self.how, &mut key) {
                Some(()) => out.append_value(&key),
                None => out.append_null(),
            }
        }
        let array: ArrayRef = Arc::new(out.finish());
        Ok(ColumnarValue::Array(array))
    }
}

/// A value's place as bytes; `None` for what has none.
pub(super) fn bytes(value: &Val<'_>, how: How) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    write(value, how, &mut out).map(|()| out)
}

/// Numbers (1), then addresses (2), then texts (3).
fn write(value: &Val<'_>, how: How, out: &mut Vec<u8>) -> Option<()> {
    if let (Val::Num(n), false) = (value, how == How::Str) {
        number(*n, out);
        return Some(());
    }
    let shown = value.text()?;
    match how {
        How::Str => text(&shown, out),
        How::Num => number(parse_num(&shown)?, out),
        How::Ip => address(shown.parse().ok()?, out),
        How::Auto => match (parse_num(&shown), ip(&shown)) {
            (Some(n), _) => number(n, out),
            (None, Some(ip)) => address(ip, out),
            (None, None) => text(&shown, out),
        },
    }
    Some(())
}

fn number(n: f64, out: &mut Vec<u8>) {
    let bits = n.to_bits();
    let bits = if bits >> 63 == 0 { bits ^ (1 << 63) } else { !bits };
    out.push(1);
    out.extend(bits.to_be_bytes());
}

fn address(ip: IpAddr, out: &mut Vec<u8>) {
    out.push(2);
    match ip {
        IpAddr::V4(v4) => out.extend(v4.to_ipv6_mapped().octets()),
        IpAddr::V6(v6) => out.extend(v6.octets()),
    }
}

fn text(s: &str, out: &mut Vec<u8>) {
    out.push(3);
    out.extend(s.as_bytes());
}

/// An address begins with a digit of one, and few texts do.
fn ip(text: &str) -> Option<IpAddr> {
    let first = *text.as_bytes().first()?;
    let may =
        first.is_ascii_digit() || first == b':' || first.is_ascii_hexdigit() && text.contains(':');
    if may { text.parse().ok() } else { None }
}
