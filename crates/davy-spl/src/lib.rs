//! SPL: text to tree and back.
//!
//! [`expand`] puts the bodies of macros into a query, [`parse`] makes the tree of [`ast`],
//! [`format()`] writes it in one layout; [`format_source`] lays a text out with its macros and comments. [`parse_time_modifier`] reads `-70m@m`, [`parse_span`]
//! reads `1h`. All mistakes are reported at once, and a tree is returned even so.
//!
//! Never knows a command (its [`ast::Grammar`] is asked for by name), a macro, or the clock.

pub mod ast;
pub mod codes;
mod expand;
mod fmt;
mod mapped;
mod nested;
mod parse;
mod time;
mod validation;

pub use expand::{EvalMacro, MacroCall, MacroDef, Macros, expand, expand_with, macro_call_at};
pub use fmt::{format, format_expr, format_search, format_source};
pub use parse::{Grammars, is_time_key, parse, parse_expr_at, parse_pipeline_at, parse_search_at};
pub use time::{
    TimeModifier, TimeModifierError, TimeSpan, TimeStep, TimeUnit, parse_bin_span, parse_span,
    parse_time_modifier,
};
pub use validation::Validation;
