//! Search expressions as DataFusion expressions.

use crate::column::{Column, Ty};
use crate::command::Bound;
use crate::fields::FieldSet;
use crate::matcher::{Matcher, Phrase, WholeTest};
use crate::plan::{Failed, Plan, PlanCx, Rows};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{CmpOp, Pipeline, SearchExpr, SearchValue, Spanless};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

mod long;

/// The subsearches of an expression, in the order in which they are written.
pub(crate) fn subsearches(expr: &SearchExpr) -> Vec<&Pipeline> {
    let mut out = Vec::new();
    walk(expr, &mut |e| {
        if let SearchExpr::Subsearch(pipeline, _) | SearchExpr::CompareSub { pipeline, .. } = e {
            out.push(pipeline);
        }
    });
    out
}

fn walk<'e>(expr: &'e SearchExpr, visit: &mut impl FnMut(&'e SearchExpr)) {
    visit(expr);
    match expr {
        SearchExpr::And(list) | SearchExpr::Or(list) => list.iter().for_each(|e| walk(e, visit)),
        SearchExpr::Not(inner, _) => walk(inner, visit),
        _ => {}
    }
}

/// The fields that an expression reads.
pub(crate) fn reads(expr: &SearchExpr, out: &mut Vec<(String, Span)>) {
    walk(expr, &mut |e| match e {
        SearchExpr::CompareSub { field, .. } if davy_spl::is_time_key(&field.value) => {}
        SearchExpr::Compare { field, .. }
        | SearchExpr::In { field, .. }
        | SearchExpr::CompareSub { field, .. } => {
            out.push((field.value.clone(), field.span));
        }
        SearchExpr::Case { field: Some(field), .. } => out.push((field.value.clone(), field.span)),
        SearchExpr::Term(value) if value.text != "*" => {
            out.push(("_raw".to_owned(), value.span.0));
        }
        SearchExpr::IndexedTerm(value) | SearchExpr::Case { field: None, value } => {
            out.push(("_raw".to_owned(), value.span.0));
        }
        _ => {}
    });
}

/// The time modifiers written in an expression.
pub(crate) fn time_modifiers(expr: &SearchExpr) -> Vec<(&Spanned<String>, &SearchValue)> {
    let mut out = Vec::new();
    walk(expr, &mut |e| {
        if let SearchExpr::Time { key, value } = e {
            out.push((key, value));
        }
    });
    out
}

/// A search expression with its searches in brackets replaced by what they gave.
pub(crate) fn resolve(
    expr: &SearchExpr,
    bound: &mut std::slice::Iter<'_, Bound>,
    cx: &PlanCx<'_>,
) -> Result<SearchExpr, Failed> {
    Ok(match expr {
        SearchExpr::And(list) => SearchExpr::And(
            list.iter().map(|e| resolve(e, bound, cx)).collect::<Result<_, Failed>>()?,
        ),
        SearchExpr::Or(list) => SearchExpr::Or(
            list.iter().map(|e| resolve(e, bound, cx)).collect::<Result<_, Failed>>()?,
        ),
        SearchExpr::Not(inner, span) => {
            SearchExpr::Not(Box::new(resolve(inner, bound, cx)?), *span)
        }
        SearchExpr::Subsearch(_, span) => match bound.next() {
            Some(sub) => {
                let limit = cx.engine.limits().subsearch_rows;
                let rows = cx.subrows(sub, &FieldSet::all(), limit)?;
                rows_as_search(&rows, span.0)
            }
            None => nothing(span.0),
        },
        SearchExpr::CompareSub { field, op, span, .. } => {
            let text = match bound.next() {
                Some(sub) => crate::splice::run(sub, cx)?,
                None => None,
            };
            match text {
                Some(text) => text_as_search(&compared(&field.value, op.as_ref(), &text), span.0),
                None => nothing(span.0),
            }
        }
        other => other.clone(),
    })
}

/// The comparison of a field with the text that a search in brackets gave, as it is typed.
fn compared(field: &str, op: Option<&Spanned<CmpOp>>, text: &str) -> String {
    let field = field.replace('\\', "\\\\").replace('"', "\\\"");
    match op.map(|op| op.value) {
        None => format!("\"{field}\" IN ({text})"),
        Some(CmpOp::Eq) => format!("\"{field}\"={text}"),
        Some(CmpOp::Ne) => format!("\"{field}\"!={text}"),
        Some(CmpOp::Lt) => format!("\"{field}\"<{text}"),
        Some(CmpOp::Le) => format!("\"{field}\"<={text}"),
        Some(CmpOp::Gt) => format!("\"{field}\">{text}"),
        Some(CmpOp::Ge) => format!("\"{field}\">={text}"),
    }
}

/// Matches no event.
fn nothing(span: Span) -> SearchExpr {
    let all =
        SearchExpr::Term(SearchValue { text: "*".into(), quoted: false, span: Spanless(span) });
    SearchExpr::Not(Box::new(all), Spanless(span))
}

/// `( ( a="x" AND b="y" ) OR ( … ) )`: what the rows of a search in brackets say. A field named
/// `search` or `query` is text of a search. Search Reference, format; Search Manual, "Use a
/// subsearch".
pub(crate) fn rows_as_search(rows: &Rows, span: Span) -> SearchExpr {
    let mut names: Vec<(usize, &String)> =
        rows.names.iter().enumerate().filter(|(_, n)| !n.starts_with('_')).collect();
    names.sort_by_key(|(_, n)| n.as_str());
    let mut alternatives = Vec::new();
    for row in &rows.rows {
        let mut terms = Vec::new();
        for (at, name) in &names {
            let values = row[*at].values();
            let parts: Vec<SearchExpr> = values.iter().map(|v| one_term(name, v, span)).collect();
            match parts.len() {
                0 => {}
                1 => terms.extend(parts),
                _ => terms.push(SearchExpr::Or(parts)),
            }
        }
        match terms.len() {
            0 => {}
            1 => alternatives.extend(terms),
            _ => alternatives.push(SearchExpr::And(terms)),
        }
    }
    match alternatives.len() {
        0 => nothing(span),
        1 => alternatives.remove(0),
        _ => SearchExpr::Or(alternatives),
    }
}

fn one_term(name: &str, value: &str, span: Span) -> SearchExpr {
    if name == "search" || name == "query" {
        return text_as_search(value, span);
    }
    let field = Spanned::new(name.to_owned(), span);
    let value = SearchValue { text: value.to_owned(), quoted: true, span: Spanless(span) };
    // Written out by `format`, these are time modifiers too.
    if davy_spl::is_time_key(name) {
        return SearchExpr::Time { key: field, value };
    }
    SearchExpr::Compare { field, op: Spanned::new(CmpOp::Eq, span), value }
}

/// A text as a search expression; a text that is none is a phrase.
fn text_as_search(text: &str, span: Span) -> SearchExpr {
    let mut sources = davy_diag::SourceMap::default();
    let file = sources.add("subsearch", text);
    let mut diags = davy_diag::Diagnostics::default();
    let whole = file.span(0..text.len());
    let parsed =
        davy_spl::parse_search_at(&sources, whole, &crate::bind::CommandGrammars, &mut diags);
    match parsed {
        Some(expr) if !diags.has_errors() => expr,
        _ => SearchExpr::Term(SearchValue {
            text: text.to_owned(),
            quoted: true,
            span: Spanless(span),
        }),
    }
}

/// A base search as a condition over the columns of a plan.
#[derive(Debug)]
pub struct SearchCondition;

impl SearchCondition {
    /// `None`: matches everything.
    pub fn of(expr: &SearchExpr, plan: &Plan) -> Option<Expr> {
        condition(expr, plan, true)
    }

    /// The fields that it reads.
    pub fn reads(expr: &SearchExpr) -> Vec<String> {
        let mut out = Vec::new();
        reads(expr, &mut out);
        out.into_iter().map(|(name, _)| name).collect()
    }
}

/// The condition of a resolved expression over the columns of `plan`. `None`: matches everything.
pub(crate) fn condition(expr: &SearchExpr, plan: &Plan, base: bool) -> Option<Expr> {
    match expr {
        // The parts of a search stay apart where only one of them is long.
        SearchExpr::And(list) if list.len() < 16 || !long::is_long(expr) => {
            list.iter().filter_map(|e| condition(e, plan, base)).reduce(Expr::and)
        }
        SearchExpr::And(_) => long::condition(expr, plan, base),
        SearchExpr::Or(_) if long::is_long(expr) => long::condition(expr, plan, base),
        SearchExpr::Or(list) => {
            let mut parts = Vec::new();
            for e in list {
                match condition(e, plan, base) {
                    Some(part) => parts.push(part),
                    None if matches!(e, SearchExpr::Time { .. }) => {}
                    None => return None,
                }
            }
            parts.into_iter().reduce(Expr::or)
        }
        SearchExpr::Not(inner, _) => Some(match condition(inner, plan, base) {
            Some(part) => Expr::Not(Box::new(part)),
            None => lit(false),
        }),
        SearchExpr::Compare { field, op, value } => {
            if base && any_index(&field.value, op.value, &value.text) {
                return None;
            }
            Some(compare(&field.value, Matcher::new(op.value, &[&value.text]), plan))
        }
        SearchExpr::In { field, values, .. } => {
            let texts: Vec<&str> = values.iter().map(|v| v.text.as_str()).collect();
            if base && texts.iter().any(|t| any_index(&field.value, CmpOp::Eq, t)) {
                return None;
            }
            Some(compare(&field.value, Matcher::new(CmpOp::Eq, &texts), plan))
        }
        SearchExpr::Case { field: Some(field), value } => {
            Some(compare(&field.value, Matcher::case(&value.text), plan))
        }
        SearchExpr::Term(value) if value.text == "*" => None,
        SearchExpr::Term(value) | SearchExpr::IndexedTerm(value) => {
            Some(phrase(Phrase::new(&value.text, true), plan))
        }
        SearchExpr::Case { field: None, value } => {
            Some(phrase(Phrase::new(&value.text, false), plan))
        }
        SearchExpr::Subsearch(..) | SearchExpr::CompareSub { .. } | SearchExpr::Time { .. } => None,
    }
}

/// Events read from files lie in no index, so any that a base search names will do; davy's own
/// (`risk`, `notable`, those that begin with `_`) are told apart.
pub fn any_index(field: &str, op: CmpOp, value: &str) -> bool {
    let own = value.starts_with('_')
        || ["risk", "notable", "main"].iter().any(|i| value.eq_ignore_ascii_case(i));
    field == "index" && op == CmpOp::Eq && !own
}

fn compare(field: &str, matcher: Matcher, plan: &Plan) -> Expr {
    let column = plan.column(field);
    if column.ty == Ty::Null {
        return lit(false);
    }
    if let Some(test) = column.whole().and_then(|whole| over_whole_numbers(&matcher, whole)) {
        return test;
    }
    apply(Test::Compare(Arc::new(matcher)), column.expr)
}

/// The comparison in DataFusion's own operators, never null: fast, and a file's statistics tell
/// where nothing can fit.
fn over_whole_numbers(matcher: &Matcher, column: Expr) -> Option<Expr> {
    let test = match matcher.whole_numbers()? {
        WholeTest::OneOf(numbers) => match numbers.as_slice() {
            [] => return Some(lit(false)),
            [one] => column.clone().eq(lit(*one)),
            _ => column.clone().in_list(numbers.into_iter().map(lit).collect(), false),
        },
        WholeTest::NoneOf(numbers) => {
            let apart = numbers.into_iter().map(|n| column.clone().not_eq(lit(n)));
            apart.reduce(Expr::and).unwrap_or(lit(true))
        }
        WholeTest::Ordered(op, n) => match op {
            CmpOp::Lt => column.clone().lt(lit(n)),
            CmpOp::Le => column.clone().lt_eq(lit(n)),
            CmpOp::Gt => column.clone().gt(lit(n)),
            _ => column.clone().gt_eq(lit(n)),
        },
    };
    Some(column.is_not_null().and(test))
}

fn phrase(phrase: Phrase, plan: &Plan) -> Expr {
    let column = plan.column("_raw");
    if column.ty == Ty::Null {
        return lit(false);
    }
    apply(Test::Phrase(Arc::new(phrase)), column.expr)
}

fn apply(test: Test, column: Expr) -> Expr {
    let signature = Signature::user_defined(Volatility::Immutable);
    ScalarUDF::new_from_impl(SearchTest { test, signature }).call(vec![column])
}

#[derive(Debug, Clone)]
enum Test {
    Compare(Arc<Matcher>),
    Phrase(Arc<Phrase>),
}

impl Test {
    fn key(&self) -> (&'static str, &str) {
        match self {
            Test::Compare(m) => ("search", &m.key),
            Test::Phrase(p) => ("term", &p.key),
        }
    }
}

/// One comparison of a search as a DataFusion function; true or false, never null.
#[derive(Debug)]
struct SearchTest {
    test: Test,
    signature: Signature,
}

impl PartialEq for SearchTest {
    fn eq(&self, other: &Self) -> bool {
        self.test.key() == other.test.key()
    }
}

impl Eq for SearchTest {}

impl Hash for SearchTest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.test.key().hash(state);
    }
}

impl ScalarUDFImpl for SearchTest {
    fn name(&self) -> &str {
        self.test.key().0
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
        let (name, key) = self.test.key();
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        Ok(format!("{name}({}, {key})", args.join(", ")))
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let (name, key) = self.test.key();
        crate::func::call_name(&format!("{name}({key})"), args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(arg) = args.args.first() else {
            return Ok(ColumnarValue::Scalar(ScalarValue::Boolean(Some(false))));
        };
        let array = arg.to_array(args.number_rows)?;
        let found: ArrayRef = Arc::new(run(&self.test, &array)?);
        if matches!(arg, ColumnarValue::Scalar(_)) && !found.is_empty() {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&found, 0)?));
        }
        Ok(ColumnarValue::Array(found))
    }
}

fn run(test: &Test, array: &ArrayRef) -> Result<BooleanArray> {
    let column = Column::new(array)?;
    Ok(match test {
        Test::Compare(matcher) => matcher.run(&column),
        Test::Phrase(phrase) => match array.data_type() {
            DataType::Utf8View => array
                .as_string_view()
                .iter()
                .map(|raw| Some(raw.is_some_and(|raw| phrase.matches(raw))))
                .collect(),
            _ => column
                .to_text()
                .iter()
                .map(|raw| Some(raw.is_some_and(|raw| phrase.matches(raw))))
                .collect(),
        },
    })
}
