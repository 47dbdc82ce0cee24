//! Eval expressions as DataFusion expressions.
//!
//! Numbers meet numbers in DataFusion's own operators; whatever may be text goes through davy's
//! functions, which know what SPL does with text that looks like a number and with several values.

use crate::chain;
use crate::codes;
use crate::column::Ty;
use crate::env::Env;
use crate::func;
use crate::functions;
use crate::plan::{Plan, PlanCx};
use crate::spec::{FunctionSpec, Kernel, Support};
use crate::value::{Val, whole};
use arrow::datatypes::{DataType, TimeUnit};
use datafusion_common::ScalarValue;
use datafusion_expr::{Expr as DfExpr, Operator, binary_expr, cast, lit};
use davy_diag::{Diagnostic, Span, Spanned, closest};
use davy_spl::ast::{BinOp, Expr, ExprKind, Spanless};
use std::sync::Arc;

/// An expression and the kind of its value.
#[derive(Debug, Clone)]
pub struct Typed {
    pub expr: DfExpr,
    pub ty: Ty,
    pub data_type: DataType,
}

impl Typed {
    pub fn new(expr: DfExpr, data_type: &DataType) -> Self {
        Typed { expr, ty: Ty::of(data_type), data_type: data_type.clone() }
    }

    pub fn of(expr: DfExpr, ty: Ty) -> Self {
        Typed { expr, ty, data_type: if ty == Ty::Null { DataType::Null } else { ty.data_type() } }
    }

    pub fn null() -> Self {
        Typed::new(DfExpr::Literal(ScalarValue::Null, None), &DataType::Null)
    }

    pub fn text(text: &str) -> Self {
        Typed::of(lit(ScalarValue::Utf8View(Some(text.to_owned()))), Ty::Text)
    }

    pub fn num(n: f64) -> Self {
        Typed::of(lit(n), Ty::Num)
    }

    pub fn bool(b: bool) -> Self {
        Typed::of(lit(b), Ty::Bool)
    }

    /// The value of a literal.
    pub fn literal(&self) -> Option<Val<'static>> {
        let DfExpr::Literal(value, _) = &self.expr else { return None };
        func::scalar_val(value)
    }

    /// As an expression of that kind: text that looks like a number is one.
    pub fn into_ty(self, ty: Ty) -> Typed {
        match (self.ty, ty) {
            (a, b) if a == b => self,
            (_, Ty::Null) => self,
            (Ty::Null, ty) => Typed::of(cast(self.expr, ty.data_type()), ty),
            (_, Ty::Text) => Typed::of(func::to_text(self.expr), Ty::Text),
            (_, Ty::Num) => Typed::of(func::to_num(self.expr), Ty::Num),
            (_, Ty::Bool) => Typed::of(lit(ScalarValue::Boolean(None)), Ty::Bool),
        }
    }

    /// A column of whole numbers as `Int64`.
    pub(crate) fn whole(&self) -> Option<DfExpr> {
        match (&self.expr, &self.data_type) {
            (DfExpr::Column(_), DataType::Int64) => Some(self.expr.clone()),
            (DfExpr::Column(_), t) if t.is_integer() && *t != DataType::UInt64 => {
                Some(cast(self.expr.clone(), DataType::Int64))
            }
            _ => None,
        }
    }

    /// As a `Float64`, for DataFusion's own arithmetic.
    pub fn float(self) -> DfExpr {
        let num = self.into_ty(Ty::Num);
        match num.data_type {
            DataType::Float64 => num.expr,
            _ => cast(num.expr, DataType::Float64),
        }
    }

    /// As seconds since the epoch: what a point in time is in SPL.
    pub fn epoch(self) -> DfExpr {
        match self.data_type {
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {
                let micros = cast(self.expr, DataType::Timestamp(TimeUnit::Microsecond, None));
                let whole = cast(cast(micros, DataType::Int64), DataType::Float64);
                binary_expr(whole, Operator::Divide, lit(1e6))
            }
            _ => self.float(),
        }
    }

    /// As the expression of a column: a column cannot be of no type.
    pub fn materialized(self) -> DfExpr {
        match self.ty {
            Ty::Null => cast(self.expr, DataType::Utf8View),
            _ => self.expr,
        }
    }
}

/// Turns expressions over the columns of one plan into DataFusion expressions. Mistakes are
/// collected, not returned.
pub struct Compiler<'a> {
    pub plan: &'a Plan,
    pub env: &'a Arc<Env>,
    pub cx: Option<&'a PlanCx<'a>>,
    pub errors: Vec<Diagnostic>,
}

impl<'a> Compiler<'a> {
    pub fn new(plan: &'a Plan, cx: &'a PlanCx<'a>) -> Self {
        Compiler { plan, env: cx.env, cx: Some(cx), errors: Vec::new() }
    }

    /// For an expression that stands in no search.
    pub fn alone(plan: &'a Plan, env: &'a Arc<Env>) -> Self {
        Compiler { plan, env, cx: None, errors: Vec::new() }
    }

    /// The fields that an expression reads.
    pub fn reads(expr: &Expr) -> Vec<String> {
        let mut out = Vec::new();
        reads(expr, &mut out);
        out.into_iter().map(|(name, _)| name).collect()
    }

    /// The expression as a value: a condition becomes a mistake.
    pub fn value(&mut self, expr: &Expr) -> Option<Typed> {
        let typed = self.compile(expr)?;
        if typed.ty == Ty::Bool {
            self.errors.push(
                codes::CONDITION_AS_VALUE
                    .at(expr.span.0, "a field cannot hold a condition")
                    .help("wrap it: if(…, \"true\", \"false\") or tostring(…)"),
            );
            return None;
        }
        Some(typed)
    }

    /// The expression as a condition.
    pub fn condition(&mut self, expr: &Expr) -> Option<DfExpr> {
        let typed = self.compile(expr)?;
        match typed.ty {
            Ty::Bool => Some(typed.expr),
            Ty::Null => Some(lit(ScalarValue::Boolean(None))),
            _ => {
                self.errors.push(
                    codes::NOT_A_CONDITION
                        .at(expr.span.0, "this is a value, not a condition")
                        .help("compare it with something, for instance with isnotnull(…) or `> 0`"),
                );
                None
            }
        }
    }

    pub fn compile(&mut self, expr: &Expr) -> Option<Typed> {
        match &expr.kind {
            ExprKind::Field(name) => Some(self.plan.column(name)),
            ExprKind::Str(text) => Some(Typed::text(text)),
            ExprKind::Num(n, _) => Some(Typed::num(*n)),
            ExprKind::Bool(b) => Some(Typed::bool(*b)),
            // Arguments that could not be read are never bound.
            ExprKind::Unread => None,
            ExprKind::Call { name, args } => self.call(name, args, expr.span.0),
            ExprKind::Negate(inner) => {
                let value = self.compile(inner)?.float();
                Some(Typed::of(DfExpr::Negative(Box::new(value)), Ty::Num))
            }
            ExprKind::Plus(inner) => {
                let value = self.compile(inner)?;
                Some(value.into_ty(Ty::Num))
            }
            ExprKind::Not(inner) => {
                let condition = self.condition(inner)?;
                Some(Typed::of(DfExpr::Not(Box::new(condition)), Ty::Bool))
            }
            ExprKind::Binary { op, left, right } => self.binary(op, left, right),
            ExprKind::Chain { first, rest } => chain::compile(self, first, rest),
            ExprKind::In { value, list } => self.one_of(value, list, expr.span.0),
            ExprKind::Between { value, low, high } => {
                let above = self.compare(BinOp::Ge, value, low)?;
                let below = self.compare(BinOp::Le, value, high)?;
                Some(Typed::of(above.expr.and(below.expr), Ty::Bool))
            }
            ExprKind::Subsearch(_) => {
                self.errors.push(
                    codes::BAD_ARGUMENT
                        .at(expr.span.0, "a search in brackets cannot stand here")
                        .help("give its result to the expression with `[search … | return $field]` in `where field IN (…)` or with `appendcols`"),
                );
                None
            }
        }
    }

    /// `value IN (list)`; a long list in parts, since DataFusion looks at each pair of arguments.
    fn one_of(&mut self, value: &Expr, list: &[Expr], span: Span) -> Option<Typed> {
        let mut parts = Vec::new();
        for part in list.chunks(64) {
            let args: Vec<Expr> = [value].into_iter().chain(part).cloned().collect();
            parts.push(self.named_call("in", &args, span)?);
        }
        let conditions = parts.into_iter().map(|p| p.expr).collect();
        chain::balanced(conditions, Operator::Or).map(|e| Typed::of(e, Ty::Bool))
    }

    fn binary(&mut self, op: &Spanned<BinOp>, left: &Expr, right: &Expr) -> Option<Typed> {
        functions::check_operator(op.value, left, right, &mut self.errors);
        match op.value {
            BinOp::And if chain::is_long_and(left, right) => {
                chain::compile(self, left, &[(op.clone(), right.clone())])
            }
            BinOp::And | BinOp::Or => {
                let (l, r) = (self.condition(left), self.condition(right));
                let (l, r) = (l?, r?);
                let expr = if op.value == BinOp::And { l.and(r) } else { l.or(r) };
                Some(Typed::of(expr, Ty::Bool))
            }
            BinOp::Xor => {
                let (l, r) = (self.condition(left), self.condition(right));
                Some(Typed::of(binary_expr(l?, Operator::NotEq, r?), Ty::Bool))
            }
            BinOp::Eq | BinOp::Ne | BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge => {
                self.compare(op.value, left, right)
            }
            BinOp::Like => self.pair("like", left, right, op.span),
            BinOp::Add if functions::is_text(left) && functions::is_text(right) => {
                self.pair("__concat", left, right, op.span)
            }
            BinOp::Add => {
                let number = [left, right].iter().any(|e| functions::is_number(e));
                let name = if number { "__add_number" } else { "__add" };
                self.arithmetic(name, Operator::Plus, left, right, op.span)
            }
            BinOp::Sub => self.arithmetic("__sub", Operator::Minus, left, right, op.span),
            BinOp::Mul => self.arithmetic("__mul", Operator::Multiply, left, right, op.span),
            BinOp::Div => self.pair("__div", left, right, op.span),
            BinOp::Rem => self.pair("__rem", left, right, op.span),
            BinOp::Concat => self.pair("__concat", left, right, op.span),
        }
    }

    fn pair(&mut self, name: &str, left: &Expr, right: &Expr, span: Span) -> Option<Typed> {
        self.named_call(name, &[left.clone(), right.clone()], span)
    }

    /// Two numbers go to DataFusion's operator; text goes to davy's function, which knows that
    /// text may be a number and that `+` joins two texts.
    fn arithmetic(
        &mut self,
        name: &str,
        op: Operator,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Option<Typed> {
        let (l, r) = (self.compile(left), self.compile(right));
        let (l, r) = (l?, r?);
        if l.ty == Ty::Num && r.ty == Ty::Num {
            return Some(Typed::of(binary_expr(l.float(), op, r.float()), Ty::Num));
        }
        self.apply(name, vec![l, r], span)
    }

    fn compare(&mut self, op: BinOp, left: &Expr, right: &Expr) -> Option<Typed> {
        let (l, r) = (self.compile(left), self.compile(right));
        let (l, r) = (l?, r?);
        let (operator, name) = match op {
            BinOp::Eq => (Operator::Eq, "__eq"),
            BinOp::Ne => (Operator::NotEq, "__ne"),
            BinOp::Lt => (Operator::Lt, "__lt"),
            BinOp::Le => (Operator::LtEq, "__le"),
            BinOp::Gt => (Operator::Gt, "__gt"),
            _ => (Operator::GtEq, "__ge"),
        };
        if l.ty == Ty::Num && r.ty == Ty::Num {
            let (l, r) = whole_sides(&l, &r).unwrap_or_else(|| (l.float(), r.float()));
            return Some(Typed::of(binary_expr(l, operator, r), Ty::Bool));
        }
        if l.ty == Ty::Bool && r.ty == Ty::Bool {
            return Some(Typed::of(binary_expr(l.expr, operator, r.expr), Ty::Bool));
        }
        self.apply(name, vec![l, r], left.span.0.to(right.span.0))
    }

    /// A call as written.
    pub fn call(&mut self, name: &Spanned<String>, args: &[Expr], span: Span) -> Option<Typed> {
        let spec = find_function(name, args.len(), span, &mut self.errors)?;
        functions::check(spec.name, args, &mut self.errors);
        if let Kernel::Form(form) = spec.kernel {
            return form(self, name, args);
        }
        let compiled: Vec<Option<Typed>> = args.iter().map(|a| self.compile(a)).collect();
        let compiled: Option<Vec<Typed>> = compiled.into_iter().collect();
        Some(func::call(spec, compiled?, self.env))
    }

    /// A call of a function by name, for operators and forms.
    pub fn named_call(&mut self, name: &str, args: &[Expr], span: Span) -> Option<Typed> {
        self.call(&Spanned::new(name.to_owned(), span), args, span)
    }

    /// A function on compiled arguments.
    pub fn apply(&mut self, name: &str, args: Vec<Typed>, span: Span) -> Option<Typed> {
        let name = Spanned::new(name.to_owned(), span);
        let spec = find_function(&name, args.len(), span, &mut self.errors)?;
        Some(func::call(spec, args, self.env))
    }

    /// The first mistake as an error, after all were looked for.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, crate::plan::Failed> {
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(self
                .errors
                .into_iter()
                .next()
                .unwrap_or_else(|| codes::RUNTIME.bare("an expression could not be read"))
                .into()),
        }
    }
}

/// A whole number beside a column of whole numbers, to be compared as such: no value of the column
/// need be converted, and a file's statistics speak of them.
fn whole_sides(l: &Typed, r: &Typed) -> Option<(DfExpr, DfExpr)> {
    let literal = |t: &Typed| match t.literal()? {
        Val::Num(n) => Some(lit(whole(n)?)),
        _ => None,
    };
    match (l.whole(), r.whole()) {
        (Some(column), None) => Some((column, literal(r)?)),
        (None, Some(column)) => Some((literal(l)?, column)),
        _ => None,
    }
}

/// The function of that name that takes that many arguments.
pub(crate) fn find_function(
    name: &Spanned<String>,
    count: usize,
    span: Span,
    errors: &mut Vec<Diagnostic>,
) -> Option<&'static FunctionSpec> {
    let lower = name.value.to_ascii_lowercase();
    let Some(spec) = functions::find(&lower) else {
        let near = closest(&lower, functions::names());
        errors.push(
            codes::UNKNOWN_FUNCTION
                .at(name.span, format!("no eval function `{}`", name.value))
                .help(match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`davy help spl` lists all functions".to_owned(),
                }),
        );
        return None;
    };
    if let Support::Refused { why, instead } = spec.support {
        errors.push(
            codes::REFUSED
                .at(name.span, format!("`{}` is not here: {why}", spec.name))
                .help(instead),
        );
        return None;
    }
    let (min, max) = spec.arity;
    if count < min || count > max {
        let wanted = match (min, max) {
            (a, b) if a == b => format!("{a}"),
            (a, usize::MAX) => format!("at least {a}"),
            (a, b) => format!("{a} to {b}"),
        };
        errors.push(
            codes::WRONG_COUNT
                .at(span, format!("`{}` takes {wanted} arguments, here are {count}", spec.name))
                .help(format!("its syntax is `{}`", spec.syntax)),
        );
        return None;
    }
    Some(spec)
}

/// Looks for mistakes that need no data: unknown functions, wrong numbers of arguments.
pub(crate) fn check(expr: &Expr, errors: &mut Vec<Diagnostic>) {
    match &expr.kind {
        ExprKind::Call { name, args } => {
            find_function(name, args.len(), expr.span.0, errors);
            if !args.iter().any(|a| a.kind == ExprKind::Unread) {
                functions::check(&name.value, args, errors);
            }
            args.iter().for_each(|a| check(a, errors));
        }
        ExprKind::Negate(e) | ExprKind::Plus(e) | ExprKind::Not(e) => check(e, errors),
        ExprKind::Binary { op, left, right } => {
            functions::check_operator(op.value, left, right, errors);
            check(left, errors);
            check(right, errors);
        }
        ExprKind::Chain { first, rest } => {
            chain::check_operators(first, rest, errors);
            check(first, errors);
            rest.iter().for_each(|(_, e)| check(e, errors));
        }
        ExprKind::In { value, list } => {
            check(value, errors);
            list.iter().for_each(|a| check(a, errors));
        }
        ExprKind::Between { value, low, high } => {
            [value, low, high].into_iter().for_each(|e| check(e, errors));
        }
        _ => {}
    }
}

/// The fields that an expression reads, with their places.
pub(crate) fn reads(expr: &Expr, out: &mut Vec<(String, Span)>) {
    match &expr.kind {
        ExprKind::Field(name) => out.push((name.clone(), expr.span.0)),
        ExprKind::Call { name, args } => {
            if name.value.eq_ignore_ascii_case("searchmatch") {
                functions::search_reads(args, out);
            }
            args.iter().for_each(|a| reads(a, out));
        }
        ExprKind::Negate(e) | ExprKind::Plus(e) | ExprKind::Not(e) => reads(e, out),
        ExprKind::Binary { left, right, .. } => {
            reads(left, out);
            reads(right, out);
        }
        ExprKind::Chain { first, rest } => {
            reads(first, out);
            rest.iter().for_each(|(_, e)| reads(e, out));
        }
        ExprKind::In { value, list } => {
            reads(value, out);
            list.iter().for_each(|a| reads(a, out));
        }
        ExprKind::Between { value, low, high } => {
            [value, low, high].into_iter().for_each(|e| reads(e, out));
        }
        _ => {}
    }
}

/// An expression that is one field.
pub(crate) fn field(name: &str, span: Span) -> Expr {
    Expr { kind: ExprKind::Field(name.to_owned()), span: Spanless(span) }
}
