//! What a command is, and commands in a row.

use crate::fields::{FieldSet, Fields};
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::CommandSpec;
use davy_diag::Span;
use std::sync::Arc;

/// A command with its arguments understood.
pub trait Command: std::fmt::Debug + Send + Sync {
    /// The fields needed before this command when `out` is needed after it.
    fn needs(&self, out: &FieldSet) -> FieldSet;

    /// What is there after this command.
    fn fields(&self, input: &Fields) -> Fields;

    /// The fields that the command itself names, and where: for warnings about fields that nothing
    /// made.
    fn reads(&self) -> Vec<(String, Span)> {
        Vec::new()
    }

    /// What the order of the rows means to this command.
    fn order(&self) -> Order {
        Order::Keeps
    }

    /// The searches in brackets.
    fn subsearches(&self) -> Vec<&Bound> {
        Vec::new()
    }

    /// Whether there may be rows after the command where there was none before.
    fn makes_rows(&self) -> bool {
        true
    }

    /// Whether no row comes through where the command's search in brackets gives none.
    fn needs_subsearch(&self) -> bool {
        false
    }

    /// Fields in each of which a row must hold the text that a row of the command's search in brackets
    /// holds in the field of that name, or no row comes of it.
    fn meets(&self) -> Vec<String> {
        Vec::new()
    }

    /// What the command does to results where a person looks at them, and not to their values.
    fn shown(&self) -> Option<Arc<dyn Command>> {
        None
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed>;
}

/// What a command does about the order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Rows stay in their order, and the command does not look at it.
    Keeps,
    /// The command's result depends on the order of its input.
    Needs,
    /// The command makes an order of its own, whatever its input's.
    Makes,
}

/// A pipeline whose commands are known and whose arguments are understood.
#[derive(Debug, Clone, Default)]
pub struct Bound {
    pub stages: Vec<BoundStage>,
    /// How many commands stand before the first that could not be understood, where one could not.
    pub understood: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct BoundStage {
    pub spec: &'static CommandSpec,
    pub command: Arc<dyn Command>,
    pub span: Span,
}

/// What later commands want of each stage.
#[derive(Debug, Clone)]
pub struct Demand {
    /// Fields needed after the stage.
    pub out: FieldSet,
    /// Fields needed before it.
    pub needs: FieldSet,
    /// The order of its rows matters.
    pub ordered: bool,
}

impl Bound {
    /// The pipeline whose results are as a person is shown them: [`Command::shown`].
    pub fn shown(&self) -> Bound {
        let shown = self.stages.iter().filter_map(|stage| {
            let command = stage.command.shown()?;
            Some(BoundStage { command, ..stage.clone() })
        });
        let stages = self.stages.iter().cloned().chain(shown).collect();
        Bound { stages, understood: self.understood }
    }

    /// Walks backwards from `out`, the fields wanted of the result.
    pub fn demands(&self, out: &FieldSet, ordered: bool) -> Vec<Demand> {
        let mut demands = Vec::with_capacity(self.stages.len());
        let mut out = out.clone();
        let mut ordered = ordered;
        for stage in self.stages.iter().rev() {
            let needs = stage.command.needs(&out);
            demands.push(Demand { out, needs: needs.clone(), ordered });
            ordered = match stage.command.order() {
                Order::Keeps => ordered,
                Order::Needs => true,
                Order::Makes => false,
            };
            out = needs;
        }
        demands.reverse();
        demands
    }

    /// What is there at the end, walking forwards: anything, once a command was not understood.
    pub fn left(&self, input: Fields) -> Option<Fields> {
        match self.understood {
            Some(_) => Some(Fields::open()),
            None => self.fields(input).pop(),
        }
    }

    /// What is there after each stage, walking forwards.
    pub fn fields(&self, input: Fields) -> Vec<Fields> {
        let mut fields = input;
        self.stages
            .iter()
            .map(|stage| {
                fields = stage.command.fields(&fields);
                fields.clone()
            })
            .collect()
    }
}
