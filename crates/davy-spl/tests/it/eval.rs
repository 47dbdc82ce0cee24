//! The language of `eval` and `where`.

use crate::support::{args, condition, good, layout, read};
use davy_spl::ast::{Args, Assignment, Expr, ExprKind, Target, TargetPart};
use davy_spl::format_expr;

/// The expression with all its parentheses.
fn shape(expr: &Expr) -> String {
    let all = |list: &[Expr]| list.iter().map(shape).collect::<Vec<_>>().join(", ");
    match &expr.kind {
        ExprKind::Field(name) => format!("<{name}>"),
        ExprKind::Str(text) => format!("{text:?}"),
        ExprKind::Num(value, _) => format!("{value}"),
        ExprKind::Bool(value) => format!("{value}!"),
        ExprKind::Unread => "?".to_owned(),
        ExprKind::Call { name, args } => format!("{}({})", name.value, all(args)),
        ExprKind::Negate(inner) => format!("-{}", shape(inner)),
        ExprKind::Plus(inner) => format!("+{}", shape(inner)),
        ExprKind::Not(inner) => format!("Not({})", shape(inner)),
        ExprKind::Binary { op, left, right } => {
            format!("({} {:?} {})", shape(left), op.value, shape(right))
        }
        ExprKind::Chain { first, rest } => {
            let parts = rest.iter().map(|(op, e)| format!(" {:?} {}", op.value, shape(e)));
            format!("[{}{}]", shape(first), parts.collect::<String>())
        }
        ExprKind::In { value, list } => format!("({} In {})", shape(value), all(list)),
        ExprKind::Between { value, low, high } => {
            format!("({} Between {} {})", shape(value), shape(low), shape(high))
        }
        ExprKind::Subsearch(_) => "[]".to_owned(),
    }
}

#[track_caller]
fn is(text: &str, expected: &str) {
    assert_eq!(shape(&condition(text)), expected, "{text}");
    layout(&format!("| where {text}"));
}

#[test]
fn and_binds_before_or_before_xor() {
    is("a OR b AND c", "(<a> Or (<b> And <c>))");
    is("a xor b or c", "(<a> Xor (<b> Or <c>))");
    is("NOT a=1 AND b", "(Not((<a> Eq 1)) And <b>)");
    is("(a OR b) and c", "((<a> Or <b>) And <c>)");
    is("NOT NOT a", "Not(Not(<a>))");
}

#[test]
fn arithmetic() {
    is("1+2*3-4/5%6", "((1 Add (2 Mul 3)) Sub ((4 Div 5) Rem 6))");
    is("a-b-c", "((<a> Sub <b>) Sub <c>)");
    is("a-(b-c)", "(<a> Sub (<b> Sub <c>))");
    is("-a*2", "(-<a> Mul 2)");
    is("a . \"-\" . b+1", "(((<a> Concat \"-\") Concat <b>) Add 1)");
    is("a.b{}.c", "((<a> Concat <b{}>) Concat <c>)");
    is("a>=1.5 AND b<.5 OR c!=1e6", "(((<a> Ge 1.5) And (<b> Lt 0.5)) Or (<c> Ne 1000000))");
    is("0x1F==31", "(31 Eq 31)");
    is("1e-3+a-1", "((0.001 Add <a>) Sub 1)");
}

#[test]
fn words_as_operators_and_as_calls() {
    is("a LIKE \"x%\" AND like(b, \"y\")", "((<a> Like \"x%\") And like(<b>, \"y\"))");
    is("x IN(\"a\", \"b\",)", "(<x> In \"a\", \"b\")");
    is("in(x, \"a\")", "in(<x>, \"a\")");
    is("x NOT IN (1)", "Not((<x> In 1))");
    is("NOT new IN (old)", "Not((<new> In <old>))");
    is("x between 1 and 2 and y", "((<x> Between 1 2) And <y>)");
    is("if (a=1, true, null())", "if((<a> Eq 1), true!, null())");
    is("true()", "true()");
}

#[test]
fn names_and_texts() {
    is("'a b.c'=\"d\"", "(<a b.c> Eq \"d\")");
    is("{a}_b@c:d$", "<{a}_b@c:d$>");
    is("2fa=1", "(<2fa> Eq 1)");
    is(r#"match(a, "\d+\\\\\"x\n")"#, r#"match(<a>, "\\d+\\\\\"x\\n")"#);
    is("'and'=1", "(<and> Eq 1)");
    is("'true'", "<true>");
}

fn eval(query: &str) -> Vec<Assignment> {
    match good(query).stages.remove(0).args {
        Args::Eval(list) => list,
        other => panic!("{other:?}"),
    }
}

#[test]
fn assignments() {
    let list = eval("| eval a=1, 'c d'=b , \"e f\" = 3, x.y{}.z=4, {k}_n{}=5,_a=\"|,\"");
    let targets: Vec<String> = list
        .iter()
        .map(|a| match &a.target {
            Target::Field(name) => name.value.clone(),
            Target::Dynamic(parts, _) => format!("{parts:?}"),
        })
        .collect();
    let dynamic = vec![TargetPart::Field("k".into()), TargetPart::Text("_n{}".into())];
    assert_eq!(targets, ["a", "c d", "e f", "x.y{}.z", &format!("{dynamic:?}"), "_a"]);
    layout("| eval a=1, 'c d'=b , \"e f\" = 3, x.y{}.z=4, {k}_n{}=5, '{q}'=6");
}

#[test]
fn an_expression_is_laid_out_with_no_more_parentheses_than_it_needs() {
    let lay = |text: &str| format_expr(&condition(text));
    assert_eq!(lay("((a)) and (b or c) and (d and e)"), "a AND (b OR c) AND (d AND e)");
    assert_eq!(lay("(a=1)=2"), "a=1=2");
    assert_eq!(lay("not (a in(1))"), "NOT a IN (1)");
    assert_eq!(lay("(NOT a)=b"), "(NOT a)=b");
}

#[test]
fn eval_inside_aggregations() {
    let kinds = args("| stats count(eval(x>5 AND y=\"a)\")) as c");
    assert_eq!(kinds.len(), 3);
    layout("| stats count(eval (x>5)) as c, avg(eval(a/b)) by c");
    assert_eq!(read("| stats count(eval(x>))").codes(), ["spl::missing-operand"]);
}
