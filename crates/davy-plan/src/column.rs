//! Arrow arrays read and written as columns of [`Val`].

use crate::value::{DIGITS, Val, decimal, fmt_num, whole};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, Float64Array, Float64Builder,
    Int64Array, NullArray, StringViewArray, StringViewBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit};
use datafusion_common::Result;
use std::sync::Arc;

/// The kind of a column or expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ty {
    /// Holds nothing: a field that does not exist.
    Null,
    Bool,
    Num,
    Text,
}

impl Ty {
    pub fn of(data_type: &DataType) -> Ty {
        match data_type {
            DataType::Null => Ty::Null,
            DataType::Boolean => Ty::Bool,
            t if t.is_numeric() => Ty::Num,
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => Ty::Num,
            _ => Ty::Text,
        }
    }

    /// The Arrow type of a column of this kind that davy makes.
    pub fn data_type(self) -> DataType {
        match self {
            Ty::Null | Ty::Text => DataType::Utf8View,
            Ty::Bool => DataType::Boolean,
            Ty::Num => DataType::Float64,
        }
    }

    /// The kind that holds both: text unless they agree.
    pub fn unify(self, other: Ty) -> Ty {
        match (self, other) {
            (Ty::Null, t) | (t, Ty::Null) => t,
            (a, b) if a == b => a,
            _ => Ty::Text,
        }
    }
}

/// A column whose values can be read one by one, whatever array holds it.
#[derive(Debug, Clone)]
pub enum Column {
    Null(usize),
    Bool(BooleanArray),
    Int(Int64Array),
    Num(Float64Array),
    Text(StringViewArray),
}

impl Column {
    pub fn new(array: &ArrayRef) -> Result<Column> {
        Ok(match array.data_type() {
            DataType::Null => Column::Null(array.len()),
            DataType::Boolean => Column::Bool(array.as_boolean().clone()),
            DataType::Float64 => Column::Num(array.as_primitive::<Float64Type>().clone()),
            DataType::Int64 => Column::Int(array.as_primitive::<Int64Type>().clone()),
            DataType::Utf8View => Column::Text(array.as_string_view().clone()),
            t if t.is_integer() && *t != DataType::UInt64 => {
                Column::Int(cast(array, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
            }
            t if t.is_numeric() => {
                Column::Num(cast(array, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
            }
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {
                let micros = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
                let micros = cast(&micros, &DataType::Int64)?;
                let micros = micros.as_primitive::<Int64Type>();
                Column::Num(micros.unary(|us| us as f64 / 1e6))
            }
            _ => Column::Text(cast(array, &DataType::Utf8View)?.as_string_view().clone()),
        })
    }

    pub fn len(&self) -> usize {
        match self {
            Column::Null(len) => *len,
            Column::Bool(a) => a.len(),
            Column::Int(a) => a.len(),
            Column::Num(a) => a.len(),
            Column::Text(a) => a.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn ty(&self) -> Ty {
        match self {
            Column::Null(_) => Ty::Null,
            Column::Bool(_) => Ty::Bool,
            Column::Int(_) | Column::Num(_) => Ty::Num,
            Column::Text(_) => Ty::Text,
        }
    }

    /// The value of row `i`, which must be below `len`.
    pub fn get(&self, i: usize) -> Val<'_> {
        match self {
            Column::Null(_) => Val::Null,
            Column::Bool(a) if a.is_valid(i) => Val::Bool(a.value(i)),
            Column::Int(a) if a.is_valid(i) => Val::Num(a.value(i) as f64),
            Column::Num(a) if a.is_valid(i) => Val::Num(a.value(i)),
            Column::Text(a) if a.is_valid(i) => Val::str(a.value(i)),
            _ => Val::Null,
        }
    }

    /// The column as text, numbers printed as SPL prints them.
    pub fn to_text(&self) -> StringViewArray {
        if let Column::Text(a) = self {
            return a.clone();
        }
        let mut out = StringViewBuilder::with_capacity(self.len());
        let mut digits = [0; DIGITS];
        for i in 0..self.len() {
            match self.get(i) {
                Val::Null => out.append_null(),
                Val::Num(n) => match whole(n) {
                    Some(n) => out.append_value(decimal(n, &mut digits)),
                    None => out.append_value(fmt_num(n)),
                },
                other => out.append_option(other.text()),
            }
        }
        out.finish()
    }

    /// The column as numbers: what is none, or holds several values, is null.
    pub fn to_num(&self) -> Float64Array {
        match self {
            Column::Num(a) => a.clone(),
            Column::Int(a) => a.unary(|i| i as f64),
            Column::Text(a) => a.iter().map(|v| v.and_then(crate::value::parse_num)).collect(),
            other => std::iter::repeat_n(None, other.len()).collect::<Float64Array>(),
        }
    }

    /// The array of this column in the form that `ty` has.
    pub fn to_array(&self, ty: Ty) -> ArrayRef {
        match (ty, self) {
            (Ty::Null, _) => Arc::new(NullArray::new(self.len())),
            (Ty::Num, Column::Int(a)) => Arc::new(a.clone()),
            (Ty::Num, _) => Arc::new(self.to_num()),
            (Ty::Bool, Column::Bool(a)) => Arc::new(a.clone()),
            (Ty::Bool, _) => {
                Arc::new(std::iter::repeat_n(None, self.len()).collect::<BooleanArray>())
            }
            (Ty::Text, _) => Arc::new(self.to_text()),
        }
    }
}

/// Builds a column of one kind from values; a value of another kind is converted.
#[derive(Debug)]
pub(crate) enum Builder {
    Bool(BooleanBuilder),
    Num(Float64Builder),
    Text(StringViewBuilder),
}

impl Builder {
    pub(crate) fn new(ty: Ty, rows: usize) -> Builder {
        match ty {
            Ty::Bool => Builder::Bool(BooleanBuilder::with_capacity(rows)),
            Ty::Num => Builder::Num(Float64Builder::with_capacity(rows)),
            Ty::Null | Ty::Text => Builder::Text(StringViewBuilder::with_capacity(rows)),
        }
    }

    pub(crate) fn push(&mut self, value: &Val<'_>) {
        match self {
            Builder::Bool(b) => b.append_option(value.truth()),
            Builder::Num(b) => b.append_option(value.num()),
            Builder::Text(b) => match value {
                Val::Str(s) => b.append_value(s),
                other => b.append_option(other.text()),
            },
        }
    }

    pub(crate) fn finish(mut self) -> ArrayRef {
        match &mut self {
            Builder::Bool(b) => Arc::new(b.finish()),
            Builder::Num(b) => Arc::new(b.finish()),
            Builder::Text(b) => Arc::new(b.finish()),
        }
    }
}
