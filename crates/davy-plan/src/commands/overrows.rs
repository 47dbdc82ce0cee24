//! Commands that hold all rows in hand.

use crate::command::{Command, Order};
use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx, Rows};
use davy_diag::Span;
use std::fmt::Debug;

/// What such a command says of itself; [`Over`] makes a [`Command`] of it.
pub(super) trait OverRows: Debug + Send + Sync {
    fn needs(&self, _: &FieldSet) -> FieldSet {
        FieldSet::all()
    }

    fn fields(&self, input: &Fields) -> Fields;

    fn reads(&self) -> Vec<(String, Span)> {
        Vec::new()
    }

    fn order(&self) -> Order {
        Order::Needs
    }

    fn run(&self, rows: Rows, cx: &PlanCx<'_>) -> Result<Rows, Failed>;
}

#[derive(Debug)]
pub(super) struct Over<T>(pub(super) T);

impl<T: OverRows> Command for Over<T> {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        self.0.needs(out)
    }

    fn fields(&self, input: &Fields) -> Fields {
        self.0.fields(input)
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.0.reads()
    }

    fn order(&self) -> Order {
        self.0.order()
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let rows = cx.rows(&input)?;
        cx.plan_of(self.0.run(rows, cx)?)
    }
}
