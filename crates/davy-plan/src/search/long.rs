//! Searches of very many terms, such as a search in brackets writes: tested as one function.
//!
//! DataFusion walks trees of operators by recursion and looks at each pair of their parts, which
//! thousands of terms make slow at first and then impossible. Here the alternatives that ask for
//! equality with a text are found by that text.

use super::any_index;
use crate::column::Column;
use crate::matcher::{Matcher, Phrase};
use crate::plan::Plan;
use crate::value::{Val, fmt_num};
use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use davy_events::mv;
use davy_spl::ast::{CmpOp, SearchExpr};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// More terms than this are tested as one.
const MANY: usize = 64;

/// Fewer alternatives are tried one after the other.
const INDEXED: usize = 8;

/// Whether an expression holds very many terms.
pub(super) fn is_long(expr: &SearchExpr) -> bool {
    fn count(expr: &SearchExpr, left: usize) -> Option<usize> {
        match expr {
            SearchExpr::And(list) | SearchExpr::Or(list) => {
                list.iter().try_fold(left, |left, e| count(e, left))
            }
            SearchExpr::Not(inner, _) => count(inner, left),
            _ => left.checked_sub(1),
        }
    }
    count(expr, MANY).is_none()
}

/// The test of a long expression over the columns of `plan`. `None`: matches everything.
pub(super) fn condition(expr: &SearchExpr, plan: &Plan, base: bool) -> Option<Expr> {
    let mut making = Making { plan, base, names: Vec::new(), columns: Vec::new() };
    let node = match making.node(expr) {
        Node::All => return None,
        Node::Nothing => return Some(lit(false)),
        node => node,
    };
    let text = format!("{node:?} {:?}", making.names);
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let long = Long {
        node: Arc::new(node),
        key: format!("{:016x}", hasher.finish()),
        text,
        signature: Signature::user_defined(Volatility::Immutable),
    };
    Some(ScalarUDF::new_from_impl(long).call(making.columns))
}

/// A search expression over numbered columns.
#[derive(Debug)]
enum Node {
    All,
    Nothing,
    And(Vec<Node>),
    Or(Alternatives),
    Not(Box<Node>),
    Field(usize, Matcher),
    Raw(usize, Phrase),
}

/// What is joined by OR.
#[derive(Debug, Default)]
struct Alternatives {
    all: Vec<Node>,
    /// Those that need a text (in lower case) in this column, by the text.
    by_text: Option<(usize, BTreeMap<String, Vec<usize>>)>,
    /// The others.
    rest: Vec<usize>,
}

struct Making<'p> {
    plan: &'p Plan,
    base: bool,
    names: Vec<String>,
    columns: Vec<Expr>,
}

impl Making<'_> {
    fn node(&mut self, expr: &SearchExpr) -> Node {
        match expr {
            SearchExpr::And(list) => {
                let mut all: Vec<Node> = list.iter().map(|e| self.node(e)).collect();
                all.retain(|n| !matches!(n, Node::All));
                match all.len() {
                    0 => Node::All,
                    _ if all.iter().any(|n| matches!(n, Node::Nothing)) => Node::Nothing,
                    _ => Node::and(all),
                }
            }
            SearchExpr::Or(list) => {
                let list = list.iter().filter(|e| !matches!(e, SearchExpr::Time { .. }));
                let mut all: Vec<Node> = list.map(|e| self.node(e)).collect();
                if all.iter().any(|n| matches!(n, Node::All)) {
                    return Node::All;
                }
                all.retain(|n| !matches!(n, Node::Nothing));
                if all.is_empty() { Node::Nothing } else { Node::Or(Alternatives::of(all)) }
            }
            SearchExpr::Not(inner, _) => match self.node(inner) {
                Node::All => Node::Nothing,
                Node::Nothing => Node::All,
                node => Node::Not(Box::new(node)),
            },
            SearchExpr::Compare { field, op, value } => {
                if self.base && any_index(&field.value, op.value, &value.text) {
                    return Node::All;
                }
                self.field(&field.value, Matcher::new(op.value, &[&value.text]))
            }
            SearchExpr::In { field, values, .. } => {
                let texts: Vec<&str> = values.iter().map(|v| v.text.as_str()).collect();
                if self.base && texts.iter().any(|t| any_index(&field.value, CmpOp::Eq, t)) {
                    return Node::All;
                }
                self.field(&field.value, Matcher::new(CmpOp::Eq, &texts))
            }
            SearchExpr::Case { field: Some(field), value } => {
                self.field(&field.value, Matcher::case(&value.text))
            }
            SearchExpr::Term(value) if value.text == "*" => Node::All,
            SearchExpr::Term(value) | SearchExpr::IndexedTerm(value) => {
                self.raw(Phrase::new(&value.text, true))
            }
            SearchExpr::Case { field: None, value } => self.raw(Phrase::new(&value.text, false)),
            SearchExpr::Subsearch(..) | SearchExpr::CompareSub { .. } | SearchExpr::Time { .. } => {
                Node::All
            }
        }
    }

    fn field(&mut self, name: &str, matcher: Matcher) -> Node {
        self.column(name).map_or(Node::Nothing, |at| Node::Field(at, matcher))
    }

    fn raw(&mut self, phrase: Phrase) -> Node {
        self.column("_raw").map_or(Node::Nothing, |at| Node::Raw(at, phrase))
    }

    /// The number of a column; `None` when there is none of the name.
    fn column(&mut self, name: &str) -> Option<usize> {
        if let Some(at) = self.names.iter().position(|n| n == name) {
            return Some(at);
        }
        let column = self.plan.column(name);
        if column.ty == crate::column::Ty::Null {
            return None;
        }
        self.names.push(name.to_owned());
        self.columns.push(column.expr);
        Some(self.names.len() - 1)
    }
}

impl Alternatives {
    fn of(all: Vec<Node>) -> Alternatives {
        let everything = (0..all.len()).collect();
        let mut texts: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for (at, needed) in all.iter().flat_map(Node::needs) {
            texts.entry(at).or_default().extend(needed);
        }
        // The column whose texts tell most apart; of several the first, so that equal searches are
        // equal.
        let most = texts.into_iter().rev().max_by_key(|(_, texts)| texts.len());
        let Some((column, _)) = most.filter(|(_, texts)| texts.len() >= INDEXED) else {
            return Alternatives { all, by_text: None, rest: everything };
        };
        let mut by_text: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut rest = Vec::new();
        for (i, node) in all.iter().enumerate() {
            match node.needs().into_iter().find(|(at, _)| *at == column) {
                Some((_, texts)) => {
                    texts.into_iter().for_each(|t| by_text.entry(t).or_default().push(i));
                }
                None => rest.push(i),
            }
        }
        Alternatives { all, by_text: Some((column, by_text)), rest }
    }

    fn matches(&self, columns: &[Column], row: usize) -> bool {
        let holds = |i: &usize| self.all.get(*i).is_some_and(|n| n.matches(columns, row));
        if let Some((column, by_text)) = &self.by_text {
            let fits = |text: &str| {
                let list = match text.bytes().any(|b| b.is_ascii_uppercase() || b >= 0x80) {
                    true => by_text.get(&text.to_lowercase()),
                    false => by_text.get(text),
                };
                list.is_some_and(|list| list.iter().any(holds))
            };
            let found = match columns.get(*column).map(|c| c.get(row)) {
                None | Some(Val::Null) => false,
                Some(Val::Num(n)) => fits(&fmt_num(n)),
                Some(Val::Bool(b)) => fits(if b { "true" } else { "false" }),
                Some(Val::Str(s)) if mv::is_multi(&s) => mv::split(&s).any(fits),
                Some(Val::Str(s)) => fits(&s),
            };
            if found {
                return true;
            }
        }
        self.rest.iter().any(holds)
    }
}

impl Node {
    /// All of them; what several say NOT of is looked for at once.
    fn and(all: Vec<Node>) -> Node {
        let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
        for node in all {
            match node {
                Node::Not(inner) => unwanted.push(*inner),
                other => wanted.push(other),
            }
        }
        if !unwanted.is_empty() {
            wanted.push(Node::Not(Box::new(Node::Or(Alternatives::of(unwanted)))));
        }
        Node::And(wanted)
    }

    /// Columns of which one value at least must be one of the texts, in lower case.
    fn needs(&self) -> Vec<(usize, Vec<String>)> {
        match self {
            Node::Field(at, matcher) => matcher.texts().map(|t| (*at, t)).into_iter().collect(),
            Node::And(list) => list.iter().flat_map(Node::needs).collect(),
            _ => Vec::new(),
        }
    }

    fn matches(&self, columns: &[Column], row: usize) -> bool {
        match self {
            Node::All => true,
            Node::Nothing => false,
            Node::And(list) => list.iter().all(|n| n.matches(columns, row)),
            Node::Or(alternatives) => alternatives.matches(columns, row),
            Node::Not(inner) => !inner.matches(columns, row),
            Node::Field(at, matcher) => {
                columns.get(*at).is_some_and(|c| matcher.matches_val(&c.get(row)))
            }
            Node::Raw(at, phrase) => match columns.get(*at).map(|c| c.get(row)) {
                Some(Val::Str(raw)) => phrase.matches(&raw),
                Some(other) => other.text().is_some_and(|raw| phrase.matches(&raw)),
                None => false,
            },
        }
    }
}

/// A long search as a DataFusion function; true or false, never null.
#[derive(Debug)]
struct Long {
    node: Arc<Node>,
    /// Short, for names.
    key: String,
    text: String,
    signature: Signature,
}

impl PartialEq for Long {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Long {}

impl Hash for Long {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl ScalarUDFImpl for Long {
    fn name(&self) -> &str {
        "search_long"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn display_name(&self, args: &[Expr]) -> Result<String> {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        Ok(format!("search_long({}, {})", args.join(", "), self.key))
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        crate::func::call_name(&format!("search_long({})", self.key), args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let columns: Vec<Column> =
            args.args.iter().map(|arg| Column::new(&arg.to_array(rows)?)).collect::<Result<_>>()?;
        let found: BooleanArray =
            (0..rows).map(|row| Some(self.node.matches(&columns, row))).collect();
        let found: ArrayRef = Arc::new(found);
        if constant && !found.is_empty() {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&found, 0)?));
        }
        Ok(ColumnarValue::Array(found))
    }
}
