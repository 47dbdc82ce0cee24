//! Values cut into buckets, as a function of DataFusion.

use super::{Buckets, TimeBuckets};
use crate::column::Column;
use arrow::array::{Array, ArrayRef, Float64Array, StringViewBuilder};
use arrow::datatypes::DataType;
use datafusion_common::Result as DfResult;
use datafusion_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The bucket of a column's values; what is no number stays as it is, or is null for a time.
pub(crate) fn bucket(buckets: &Buckets, value: Expr) -> Expr {
    let udf = BucketFunction {
        buckets: buckets.clone(),
        signature: Signature::user_defined(Volatility::Immutable),
    };
    ScalarUDF::new_from_impl(udf).call(vec![value])
}

#[derive(Debug, PartialEq)]
struct BucketFunction {
    buckets: Buckets,
    signature: Signature,
}

impl Eq for BucketFunction {}

impl Hash for BucketFunction {
    /// Of two functions of one name, DataFusion takes those with the same hash for the same.
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.buckets {
            Buckets::Time(time) => {
                format!("{:?}", time.span).hash(state);
                time.align.to_bits().hash(state);
            }
            Buckets::Width(width) => width.to_bits().hash(state),
            Buckets::Log { coefficient, base } => {
                (coefficient.to_bits(), base.to_bits()).hash(state);
            }
        }
    }
}

impl ScalarUDFImpl for BucketFunction {
    fn name(&self) -> &str {
        "__bucket"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DfResult<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> DfResult<DataType> {
        Ok(self.buckets.ty().data_type())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let Some(array) = arrays.first() else {
            return Ok(ColumnarValue::Array(arrow::array::new_null_array(
                &self.buckets.ty().data_type(),
                args.number_rows,
            )));
        };
        let column = Column::new(array)?;
        let out: ArrayRef = match &self.buckets {
            Buckets::Time(time) => Arc::new(times(time, &column.to_num())),
            buckets => {
                let mut out = StringViewBuilder::with_capacity(column.len());
                for row in 0..column.len() {
                    let value = column.get(row);
                    match value.num() {
                        // Zero has no logarithm: it stays what it is.
                        Some(0.0) if matches!(buckets, Buckets::Log { .. }) => {
                            out.append_value("0");
                        }
                        Some(n) => {
                            out.append_option(buckets.label(buckets.floor(n)).text());
                        }
                        None => out.append_option(value.text()),
                    }
                }
                Arc::new(out.finish())
            }
        };
        Ok(ColumnarValue::Array(out))
    }
}

/// Events come near each other: the last bucket is tried before the calendar is asked.
fn times(buckets: &TimeBuckets, values: &Float64Array) -> Float64Array {
    let mut last: Option<(f64, f64)> = None;
    (0..values.len())
        .map(|row| {
            if values.is_null(row) {
                return None;
            }
            let at = values.value(row);
            if let Some((start, end)) = last
                && start <= at
                && at < end
            {
                return Some(start);
            }
            let start = buckets.floor(at);
            last = Some((start, buckets.next(start)));
            Some(start)
        })
        .collect()
}
