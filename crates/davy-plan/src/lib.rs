//! SPL as DataFusion plans: the commands, the functions, and how a search is bound and planned.
//!
//! [`bind()`] understands the commands of a parsed pipeline ([`Bound`]); [`plan_pipeline`] turns it
//! into a logical plan, asking an [`Engine`] for events and for the results that a plan depends
//! on. Adding a command or a function touches its own file and one line; see `commands` and
//! `functions`.
//!
//! Never opens a file, reads the clock or prints.

pub mod aggregates;
mod aggs;
mod bind;
mod buckets;
mod chain;
mod check;
pub mod codes;
mod column;
mod command;
pub mod commands;
mod counted;
mod decimal;
mod env;
mod explode;
mod expr;
mod extract;
mod extraction;
mod fields;
mod fold;
mod func;
pub mod functions;
mod geo;
mod hoist;
mod inner;
mod json;
mod json_path;
mod knowledge;
pub mod lint;
mod lookups;
mod macroeval;
mod markup;
mod matcher;
mod mend;
mod mistake;
mod narrow;
mod node;
mod parse;
mod pattern;
mod plan;
mod printf;
pub mod reference;
mod roweval;
mod rowmap;
mod search;
mod sed;
pub mod spec;
mod specialise;
mod splice;
mod structured;
mod tables;
mod timefmt;
mod timerange;
mod value;
mod walk;
mod xpath;

pub use bind::{CommandGrammars, bind};
pub use check::{Checked, check};
pub use column::{Column, Ty};
pub use command::{Bound, BoundStage, Command, Demand, Order};
pub use env::Env;
pub use expr::{Compiler, Typed};
pub use extraction::{Regex, Sed};
pub use fields::{FieldSet, Fields, HIDDEN, REST, SEQ};
pub use geo::{Geo, Place};
pub use knowledge::{Knowledge, NoKnowledge, WriteLookup};
pub use lookups::{LookupIndex, LookupOptions, LookupTable, MatchType};
pub use macroeval::eval_macro;
pub use matcher::{Matcher, Phrase, Witness};
pub use mistake::mistake_in;
pub use narrow::{Narrowing, ROW, ReadAs, narrowing, read_as, reads_of};
pub use node::{
    ConcatNode, FirstNode, SequentialNode, SequentialOp, SequentialState, SortKey, SortNode,
};
pub use pattern::PatternCache;
pub use plan::{
    DatasetRef, Engine, Failed, Limits, Plan, PlanCx, Rows, Scan, plan_pipeline, rows_of,
};
pub use search::SearchCondition;
pub use search::any_index;
pub use specialise::{Facts, specialise};
pub use timefmt::strptime;
pub use timerange::{Asked, TimeRange, parse_instant, range_of};
pub use value::{Val, fmt_num, parse_num};
