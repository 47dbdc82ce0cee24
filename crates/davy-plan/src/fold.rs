//! Statistical functions computed value by value, as DataFusion aggregates.

use crate::column::{Builder, Column, Ty};
use crate::spec::{AggSpec, Ret};
use crate::value::Val;
use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{DataFusionError, Result, ScalarValue};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility};
use davy_events::mv;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A statistical function over the values of one group. Several values in one row come one by one;
/// nulls do not come.
pub trait Fold: std::fmt::Debug + Send + Sync {
    /// `time` is the row's `_time` where the function asked for it (NaN where it is missing), else 0.
    fn add(&mut self, value: &Val<'_>, time: f64);
    /// All that was seen, as texts from which [`Fold::load`] can go on.
    fn save(&self) -> Vec<String>;
    /// Adds what another fold of this kind had seen. Folds of one input come in its order.
    fn load(&mut self, saved: &[&str]);
    fn finish(&self) -> Val<'static>;
    /// Bytes held, roughly.
    fn size(&self) -> usize;
}

/// The aggregate expression of a fold over `args` (the value, and `_time` where it is timed).
pub fn aggregate(spec: &'static AggSpec, number: f64, ty: Ty, args: Vec<Expr>) -> Expr {
    let number = number.to_bits();
    let udaf = FoldUdaf { spec, number, ty, make: None, signature: signature() };
    AggregateUDF::new_from_impl(udaf).call(args)
}

/// The aggregate expression of a fold that is made of another; `key` tells those of one `spec`
/// apart.
pub fn nested(
    spec: &'static AggSpec,
    key: String,
    args: Vec<Expr>,
    make: impl Fn() -> Box<dyn Fold> + Send + Sync + 'static,
) -> Expr {
    let make = Some(Make { key, make: Arc::new(make) });
    let udaf = FoldUdaf { spec, number: 0, ty: Ty::Text, make, signature: signature() };
    AggregateUDF::new_from_impl(udaf).call(args)
}

struct Make {
    key: String,
    make: Arc<dyn Fn() -> Box<dyn Fold> + Send + Sync>,
}

impl std::fmt::Debug for Make {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.key)
    }
}

fn signature() -> Signature {
    Signature::user_defined(Volatility::Immutable)
}

#[derive(Debug)]
struct FoldUdaf {
    spec: &'static AggSpec,
    number: u64,
    ty: Ty,
    make: Option<Make>,
    signature: Signature,
}

impl FoldUdaf {
    fn key(&self) -> Option<&str> {
        self.make.as_ref().map(|m| m.key.as_str())
    }
}

impl PartialEq for FoldUdaf {
    fn eq(&self, other: &Self) -> bool {
        self.spec.name == other.spec.name
            && self.number == other.number
            && self.ty == other.ty
            && self.key() == other.key()
    }
}

impl Eq for FoldUdaf {}

impl Hash for FoldUdaf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spec.name.hash(state);
        self.number.hash(state);
    }
}

impl FoldUdaf {
    fn ret(&self) -> Ty {
        match self.spec.ret {
            Ret::Text => Ty::Text,
            Ret::Num => Ty::Num,
            Ret::Bool => Ty::Bool,
            Ret::Of(f) => f(&[self.ty]),
        }
    }
}

impl AggregateUDFImpl for FoldUdaf {
    fn name(&self) -> &str {
        self.spec.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.ret().data_type())
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if let Some(make) = &self.make {
            return Ok(Box::new(FoldAccumulator { fold: (make.make)(), ret: self.ret() }));
        }
        match (self.spec.kernel)(self.ty) {
            crate::spec::AggKernel::Fold(make) => Ok(Box::new(FoldAccumulator {
                fold: make(f64::from_bits(self.number)),
                ret: self.ret(),
            })),
            crate::spec::AggKernel::Native(_) => Err(DataFusionError::Internal(format!(
                "`{}` is not computed value by value",
                self.spec.name
            ))),
        }
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[saved]", args.name), DataType::Utf8View, true))])
    }

    fn order_sensitivity(&self) -> datafusion_expr::utils::AggregateOrderSensitivity {
        // The order of rows is that of the single input partition; see `SortNode`.
        datafusion_expr::utils::AggregateOrderSensitivity::Insensitive
    }
}

#[derive(Debug)]
struct FoldAccumulator {
    fold: Box<dyn Fold>,
    ret: Ty,
}

impl Accumulator for FoldAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(first) = values.first() else { return Ok(()) };
        let column = Column::new(first)?;
        let times = values.get(1).map(Column::new).transpose()?;
        for row in 0..column.len() {
            let value = column.get(row);
            if value.is_null() {
                continue;
            }
            let time = times.as_ref().map_or(0.0, |t| t.get(row).num().unwrap_or(f64::NAN));
            if value.is_multi() {
                for one in value.values() {
                    self.fold.add(&Val::Str(one), time);
                }
            } else {
                self.fold.add(&value, time);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut out = Builder::new(self.ret, 1);
        out.push(&self.fold.finish());
        ScalarValue::try_from_array(&out.finish(), 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.fold.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let saved = self.fold.save();
        let text = (!saved.is_empty()).then(|| mv::encode(&saved));
        Ok(vec![ScalarValue::Utf8View(text)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(first) = states.first() else { return Ok(()) };
        let column = Column::new(first)?;
        for row in 0..column.len() {
            let value = column.get(row);
            let values = value.values();
            let saved: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
            if !saved.is_empty() {
                self.fold.load(&saved);
            }
        }
        Ok(())
    }
}
