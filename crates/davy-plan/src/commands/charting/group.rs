//! Grouping by the axis and the series field.

use super::args::ChartArgs;
use super::measure::Measure;
use crate::aggs::{Agg, AggInput};
use crate::buckets::{self, Buckets};
use crate::column::{Column, Ty};
use crate::commands::stats;
use crate::expr::{Compiler, Typed};
use crate::plan::{Failed, Plan, PlanCx, Rows, column_expr};
use crate::value::{Val, fmt_num};
use arrow::array::{Array, ArrayRef, StringViewArray, StringViewBuilder};
use arrow::datatypes::DataType;
use datafusion_common::Result as DfResult;
use datafusion_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
    when,
};
use std::collections::{BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

const ROW: &str = "\u{1}row";
const SERIES: &str = "\u{1}series";
const EVENTS: &str = "\u{1}events";
/// The series as text, where [`SERIES`] is a number.
const NAMED: &str = "\u{1}named";
/// The number that stands for a missing one.
const NO_NUMBER: f64 = f64::MIN;
/// The series of rows that lack the field.
pub(crate) const NULL: &str = "\u{1}null";
/// The series of all values that the limit leaves out.
pub(crate) const OTHER: &str = "\u{1}other";

/// Where an axis value and a series meet.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) row: Val<'static>,
    /// Empty where there are no series.
    pub(crate) series: String,
    pub(crate) events: f64,
    pub(crate) values: Vec<Val<'static>>,
}

/// The input with its axis and series cut and named, ready to be grouped.
pub(crate) struct Prepared {
    plan: Plan,
    keys: Vec<String>,
    /// Series are numbers.
    numbers: bool,
    pub(crate) row: Option<Buckets>,
    pub(crate) column: Option<Buckets>,
}

/// Cuts the axes; `row` where the command has already decided how.
pub(crate) fn prepare(
    input: Plan,
    args: &ChartArgs,
    row: Option<Buckets>,
    cx: &PlanCx<'_>,
) -> Result<Prepared, Failed> {
    let mut keys = Vec::new();
    let mut set = Vec::new();
    let mut axes = [row, None];
    let mut numbers = false;
    for (at, (split, name)) in [(&args.row, ROW), (&args.column, SERIES)].into_iter().enumerate() {
        let Some(split) = split else { continue };
        let field = split.field.value.as_str();
        if axes[at].is_none() && !split.bins.is_empty() {
            let range = || buckets::extent(&input, field, cx);
            let time = field == "_time";
            axes[at] = Some(buckets::resolve(&split.bins, time, 300, cx, range)?);
        }
        let mut value = input.column(field);
        if args.dedup {
            let mut compiler = Compiler::new(&input, cx);
            let once = compiler.apply("mvdedup", vec![value], cx.span);
            value = compiler.finish(once)?;
        }
        let value = match &axes[at] {
            Some(buckets) => {
                Typed::of(buckets::bucket(buckets, value.materialized()), buckets.ty())
            }
            None => value,
        };
        keys.push(name.to_owned());
        if name == SERIES && value.ty == Ty::Num {
            // Numbers are grouped as such; few of them need a text.
            numbers = true;
            let n = value.clone().float();
            let n = when(n.clone().is_null(), lit(NO_NUMBER)).otherwise(n)?;
            set.push((SERIES.to_owned(), Typed::of(n, Ty::Num)));
            set.push((NAMED.to_owned(), series(value)));
            continue;
        }
        let value = match name {
            SERIES => series(value),
            _ => value,
        };
        set.push((name.to_owned(), value));
    }
    let mut plan = input.with_columns(set)?;
    if args.column.is_some() && !args.use_null {
        let none = if numbers { lit(NO_NUMBER) } else { Typed::text(NULL).expr };
        plan = plan.filter(column_expr(SERIES).not_eq(none))?;
    }
    let [row, column] = axes;
    Ok(Prepared { plan, keys, numbers, row, column })
}

/// The series field as text, with a name of its own for what is missing.
fn series(value: Typed) -> Typed {
    let signature = Signature::user_defined(Volatility::Immutable);
    let udf = ScalarUDF::new_from_impl(SeriesFunction { signature });
    Typed::of(udf.call(vec![value.materialized()]), Ty::Text)
}

/// One pass over the values, instead of one for the texts and one for what is missing.
#[derive(Debug, PartialEq, Eq, Hash)]
struct SeriesFunction {
    signature: Signature,
}

impl ScalarUDFImpl for SeriesFunction {
    fn name(&self) -> &str {
        "__series"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DfResult<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> DfResult<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let texts = match args.args.first() {
            Some(arg) => Column::new(&arg.to_array(args.number_rows)?)?.to_text(),
            None => StringViewArray::new_null(args.number_rows),
        };
        if texts.null_count() == 0 {
            return Ok(ColumnarValue::Array(Arc::new(texts)));
        }
        let texts = texts.iter().map(|text| Some(text.unwrap_or(NULL)));
        Ok(ColumnarValue::Array(Arc::new(texts.collect::<StringViewArray>())))
    }
}

impl Prepared {
    /// The cells of the table; `others` become one series.
    pub(crate) fn cells(
        &self,
        measures: &[Measure],
        others: Option<BTreeSet<String>>,
        cx: &PlanCx<'_>,
    ) -> Result<Vec<Cell>, Failed> {
        let mut plan = self.plan.clone();
        let named = self.numbers && others.is_none();
        if !named && self.numbers {
            plan = plan.with_columns(vec![(SERIES.to_owned(), self.plan.column(NAMED))])?;
        }
        if let Some(others) = others {
            let merged = Typed::of(merge(others, column_expr(SERIES)), Ty::Text);
            // Several values in one event are told apart before they are merged.
            plan = crate::explode::explode(plan, &[SERIES.to_owned()])?;
            plan = plan.with_columns(vec![(SERIES.to_owned(), merged)])?;
        }
        let mut list: Vec<Agg> = Vec::new();
        for (i, measure) in measures.iter().enumerate() {
            for agg in &measure.aggs {
                let alias = if measure.expr.is_some() { agg.alias.clone() } else { value_name(i) };
                list.push(Agg { alias, ..agg.clone() });
            }
        }
        list.extend(event_count());
        let grouped = stats::aggregate(plan.clone(), &list, &self.keys, cx)?;
        let mut set = Vec::new();
        for (i, measure) in measures.iter().enumerate() {
            let Some(expr) = &measure.expr else { continue };
            let mut compiler = Compiler::new(&grouped, cx);
            let value = compiler.value(expr);
            set.push((value_name(i), compiler.finish(value)?));
        }
        let grouped = grouped.with_columns(set)?;
        let mut rows = cx.rows(&grouped)?;
        if named && !name_numbers(&mut rows) {
            let as_text = plan.with_columns(vec![(SERIES.to_owned(), self.plan.column(NAMED))])?;
            let texts = Prepared {
                plan: as_text,
                keys: self.keys.clone(),
                numbers: false,
                row: None,
                column: None,
            };
            return texts.cells(measures, None, cx);
        }
        let at = |name: &str| rows.column(name);
        let (row, series, events) = (at(ROW), at(SERIES), at(EVENTS));
        let values: Vec<Option<usize>> = (0..measures.len()).map(|i| at(&value_name(i))).collect();
        let get = |line: &[Val<'static>], at: Option<usize>| {
            at.and_then(|i| line.get(i)).cloned().unwrap_or(Val::Null)
        };
        Ok(rows
            .rows
            .iter()
            .map(|line| Cell {
                row: get(line, row),
                series: get(line, series).text().unwrap_or_default().into_owned(),
                events: get(line, events).num().unwrap_or(0.0),
                values: values.iter().map(|v| get(line, *v)).collect(),
            })
            .collect())
    }
}

/// Puts texts in the place of numbers; `false` where two of them have one text.
fn name_numbers(rows: &mut Rows) -> bool {
    let Some(at) = rows.column(SERIES) else { return true };
    let mut bits: HashMap<String, u64> = HashMap::new();
    for slot in rows.rows.iter_mut().filter_map(|row| row.get_mut(at)) {
        let Some(n) = slot.num() else { continue };
        let text = if n == NO_NUMBER { NULL.to_owned() } else { fmt_num(n) };
        if *bits.entry(text.clone()).or_insert(n.to_bits()) != n.to_bits() {
            return false;
        }
        *slot = Val::str(text);
    }
    true
}

fn value_name(measure: usize) -> String {
    format!("\u{1}m{measure}")
}

/// The number of rows, by which several measures rank their series.
fn event_count() -> Option<Agg> {
    let (spec, number) = crate::aggregates::find("count")?;
    Some(Agg {
        spec,
        number,
        input: AggInput::None,
        alias: EVENTS.to_owned(),
        named: true,
        span: davy_diag::SourceMap::default().add("count", "").span(0..0),
    })
}

fn merge(others: BTreeSet<String>, value: Expr) -> Expr {
    let udf = MergeFunction { others, signature: Signature::user_defined(Volatility::Immutable) };
    ScalarUDF::new_from_impl(udf).call(vec![value])
}

/// Gives one name to all the values of a set.
#[derive(Debug, PartialEq, Eq)]
struct MergeFunction {
    others: BTreeSet<String>,
    signature: Signature,
}

impl Hash for MergeFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.others.hash(state);
    }
}

impl ScalarUDFImpl for MergeFunction {
    fn name(&self) -> &str {
        "__merge_series"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DfResult<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> DfResult<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let mut out = StringViewBuilder::with_capacity(args.number_rows);
        for array in &arrays {
            let column = Column::new(array)?;
            for row in 0..column.len() {
                let value = column.get(row);
                let text = value.text();
                match text {
                    Some(text) if self.others.contains(text.as_ref()) => out.append_value(OTHER),
                    text => out.append_option(text),
                }
            }
        }
        let array: ArrayRef = Arc::new(out.finish());
        Ok(ColumnarValue::Array(array))
    }
}
