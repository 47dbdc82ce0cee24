//! Statistical functions computed value by value, as DataFusion aggregates.

mod accumulate;
mod sets;
mod tally;

use crate::column::Ty;
use crate::spec::{AggKernel, AggSpec, Ret};
use crate::value::Val;
use accumulate::{FoldAccumulator, FoldGroups};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{DataFusionError, Result};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, GroupsAccumulator, Signature, Volatility,
};
pub(crate) use sets::SetResult;
use sets::{SetAccumulator, SetGroups};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use tally::Empty;
pub(crate) use tally::{Tally, exact};

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
    /// Takes the oldest value out again, as a window does that moves on. `false`: what is left
    /// cannot be told without the other values.
    fn forget(&mut self, _value: &Val<'_>, _time: f64) -> bool {
        false
    }
    /// Of a function of the distinct values alone, what it makes of them: those of many groups are
    /// held together.
    fn of_set(&self) -> Option<SetResult> {
        None
    }
    /// Of a function of the numbers alone, whose result is one: how it is computed without values.
    fn of_numbers(&self) -> Option<Box<dyn Empty>> {
        None
    }
}

/// The aggregate expression of a fold over `args` (the value, and `_time` where it is timed).
pub(crate) fn aggregate(spec: &'static AggSpec, number: f64, ty: Ty, args: Vec<Expr>) -> Expr {
    let number = number.to_bits();
    let udaf = FoldUdaf { spec, number, ty, make: None, signature: signature() };
    AggregateUDF::new_from_impl(udaf).call(args)
}

/// The aggregate expression of a fold that is made of another; `key` tells those of one `spec`
/// apart.
pub(crate) fn nested(
    spec: &'static AggSpec,
    key: String,
    args: Vec<Expr>,
    make: impl Fn() -> Box<dyn Fold> + Send + Sync + 'static,
) -> Expr {
    let make = Some(Make { key, make: Arc::new(make) });
    let udaf = FoldUdaf { spec, number: 0, ty: Ty::Text, make, signature: signature() };
    AggregateUDF::new_from_impl(udaf).call(args)
}

/// Makes a fold that has seen nothing.
pub(crate) type Maker = Arc<dyn Fn() -> Box<dyn Fold> + Send + Sync>;

struct Make {
    key: String,
    make: Maker,
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
        self.key().hash(state);
    }
}

impl FoldUdaf {
    fn maker(&self) -> Result<Maker> {
        if let Some(make) = &self.make {
            return Ok(make.make.clone());
        }
        let number = f64::from_bits(self.number);
        match (self.spec.kernel)(self.ty) {
            AggKernel::Fold(make) => Ok(Arc::new(move || make(number))),
            AggKernel::Native(_) => Err(DataFusionError::Internal(format!(
                "`{}` is not computed value by value",
                self.spec.name
            ))),
        }
    }

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
        let fold = self.maker()?();
        if let Some(empty) = fold.of_numbers() {
            return Ok(empty.one());
        }
        Ok(match fold.of_set() {
            Some(result) => Box::new(SetAccumulator(SetGroups::new(result))),
            None => Box::new(FoldAccumulator { fold, ret: self.ret() }),
        })
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        _: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let make = self.maker()?;
        let fold = make();
        if let Some(empty) = fold.of_numbers() {
            return Ok(empty.groups());
        }
        Ok(match fold.of_set() {
            Some(result) => Box::new(SetGroups::new(result)),
            None => Box::new(FoldGroups::new(make, self.ret())),
        })
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let fold = self.maker()?();
        let field = |i: usize, kind| {
            Arc::new(Field::new(format!("{}[saved {i}]", args.name), kind, true)) as FieldRef
        };
        if let Some(empty) = fold.of_numbers() {
            return Ok((0..empty.width()).map(|i| field(i, DataType::Float64)).collect());
        }
        Ok(vec![match fold.of_set() {
            Some(_) => field(0, sets::state_type()),
            None => field(0, DataType::Utf8View),
        }])
    }

    fn order_sensitivity(&self) -> datafusion_expr::utils::AggregateOrderSensitivity {
        // The order of rows is that of the single input partition; see `SortNode`.
        datafusion_expr::utils::AggregateOrderSensitivity::Insensitive
    }
}
