//! `foreach`. Search Reference, foreach.

use crate::aggs::fill;
use crate::codes;
use crate::column::Ty;
use crate::command::{Command, Order};
use crate::example;
use crate::expr::{Compiler, Typed};
use crate::fields::{FieldSet, Fields, wildcard_captures};
use crate::inner::{self, InnerSearch};
use crate::parse::arg_text;
use crate::plan::{Failed, Plan, PlanCx, column_expr};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use datafusion_expr::when;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{ArgKind, Args, Expr, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "foreach",
    aliases: &[],
    kind: Kind::Barrier,
    grammar: Grammar::Template,
    syntax: "foreach [mode=(multifield|multivalue|json_array|auto_collections)] <field-list> [fieldstr=<string>] [matchstr=<string>] [matchseg1=<string>] [matchseg2=<string>] [matchseg3=<string>] [itemstr=<string>] [iterstr=<string>] [<commands>]",
    summary: "Runs commands once for each field that fits: `<<FIELD>>` stands for its name, `<<MATCHSTR>>` and `<<MATCHSEG1>>` for what its stars stand for. With `mode=multivalue` or `mode=json_array`, runs an `eval` once for each value of one field, `<<ITEM>>`, whose place is `<<ITER>>`, 0 for the first; `mode=auto_collections` takes either, and without a field all that hold several values.",
    examples: &[
        example!("| makeresults | eval x1=1, x2=2, total=0 | foreach x* [eval total=total+<<FIELD>>]" => field "total" = "3"),
        example!("| makeresults | eval v=split(\"1,2,3\", \",\"), total=0 | foreach mode=multivalue v [eval total=total+<<ITEM>>]" => field "total" = "6"),
        example!("| makeresults | eval a_in=1, a_out=2 | foreach *_in [eval <<MATCHSTR>>_sum='<<MATCHSTR>>_in'+'<<MATCHSTR>>_out']" => field "a_sum" = "3"),
    ],
    source: "Search Reference, foreach",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
struct ForEach {
    mode: Mode,
    fields: Vec<Spanned<String>>,
    marks: Marks,
    /// Gives the one field's values: `json_array(1, 2)`.
    computed: Option<Expr>,
    template: String,
    span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Fields,
    Values,
    Json,
    Auto,
}

/// What the template names them by.
#[derive(Debug)]
struct Marks {
    field: String,
    matched: String,
    segments: [String; 3],
    item: String,
    iter: String,
}

/// What an operand such as `json_array(1, 2)` gives stands in this column.
const COMPUTED: &str = "davy foreach value";

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = [
        "mode",
        "fieldstr",
        "matchstr",
        "matchseg1",
        "matchseg2",
        "matchseg3",
        "itemstr",
        "iterstr",
    ];
    let (options, left) = cx.reader(args).options(&names, cx);
    let modes = ["multifield", "multivalue", "json_array", "auto_collections"];
    let mut mode = match options.one_of("mode", &modes, cx) {
        Some("multivalue") => Mode::Values,
        Some("json_array") => Mode::Json,
        Some("auto_collections") => Mode::Auto,
        _ => Mode::Fields,
    };
    let mark = |name: &str, default: &str| {
        options.text(name).map_or_else(|| default.to_owned(), |t| t.value)
    };
    let marks = Marks {
        field: mark("fieldstr", "<<FIELD>>"),
        matched: mark("matchstr", "<<MATCHSTR>>"),
        segments: [
            mark("matchseg1", "<<MATCHSEG1>>"),
            mark("matchseg2", "<<MATCHSEG2>>"),
            mark("matchseg3", "<<MATCHSEG3>>"),
        ],
        item: mark("itemstr", "<<ITEM>>"),
        iter: mark("iterstr", "<<ITER>>"),
    };
    let mut fields = Vec::new();
    let mut template = None;
    let mut computed = None;
    for arg in left {
        match &arg.kind {
            ArgKind::Comma => {}
            ArgKind::Template(text) if template.is_none() => {
                template = Some((text.clone(), arg.span.0));
            }
            ArgKind::Call { name, .. } if name.value.eq_ignore_ascii_case("json_array") => {
                computed = Some(cx.expr_at(arg.span.0)?);
                fields.push(Spanned::new(COMPUTED.to_owned(), arg.span.0));
                mode = if mode == Mode::Fields { Mode::Json } else { mode };
            }
            _ => match arg_text(arg) {
                Some(name) => fields.push(Spanned::new(name, arg.span.0)),
                None => return cx.bad(arg.span.0, "a field or commands in brackets go here"),
            },
        }
    }
    let Some((template, span)) = template else { return cx.missing("commands in brackets") };
    // Without a field `auto_collections` goes over all that hold several values or an array.
    if fields.is_empty() && mode != Mode::Auto {
        return cx.missing("a field");
    }
    if mode != Mode::Fields
        && let Some(second) = fields.get(1)
    {
        return cx.bad(second.span, "this mode takes one field");
    }
    Some(Box::new(ForEach { mode, fields, marks, computed, template, span }))
}

impl Command for ForEach {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        // What the template reads is known only with the fields that there are.
        let plain = self.fields.iter().map(|f| f.value.clone()).filter(|f| !f.contains('*'));
        FieldSet::all().union(out).with(plain)
    }

    fn fields(&self, input: &Fields) -> Fields {
        Fields { names: input.names.clone(), open: true }
    }

    fn order(&self) -> Order {
        Order::Needs
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let input = if input.open() { cx.close(input)? } else { input };
        let cx = PlanCx { span: self.span, ..cx.clone() };
        match self.mode {
            Mode::Fields => self.each_field(input, &cx),
            _ => match &self.computed {
                None => self.each_collection(input, &cx),
                Some(expr) => {
                    let mut compiler = Compiler::new(&input, &cx);
                    let value = compiler.value(expr);
                    let value = compiler.finish(value)?;
                    let input = input.with_columns(vec![(COMPUTED.to_owned(), value)])?;
                    self.each_collection(input, &cx)?.without_columns(&[COMPUTED.to_owned()])
                }
            },
        }
    }
}

impl ForEach {
    fn each_field(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let mut texts: Vec<(String, String)> = Vec::new();
        for name in input.names() {
            let fit = self.fields.iter().find_map(|pattern| {
                let internal = name.starts_with('_') && !pattern.value.starts_with('_');
                let captures = wildcard_captures(&pattern.value, &name)?;
                (!internal || !pattern.value.contains('*')).then_some(captures)
            });
            if let Some(captures) = fit {
                texts.push((name.clone(), self.filled(&name, &captures)));
            }
        }
        // A field that is named need not exist: `foreach a b [eval <<FIELD>>="<<FIELD>>"]`.
        for field in self.fields.iter().filter(|f| !f.value.contains('*')) {
            if texts.iter().all(|(name, _)| *name != field.value) {
                texts.push((field.value.clone(), self.filled(&field.value, &[])));
            }
        }
        // Fields that are listed come in the order of the list.
        if self.fields.iter().all(|f| !f.value.contains('*')) {
            texts.sort_by_key(|(name, _)| self.fields.iter().position(|f| f.value == *name));
        }
        let mut plan = input;
        let all = FieldSet::all();
        let inner = PlanCx { out: &all, ..cx.clone() };
        for (i, some) in texts.chunks(Self::together(&texts, cx)?).enumerate() {
            if i > 0 {
                plan = cx.plan_of(cx.rows(&plan)?)?;
            }
            if let Some(one) = self.one_eval(some, cx)? {
                plan = one.plan_over(plan, &inner)?;
                continue;
            }
            for (_, text) in some {
                plan = inner::commands(text, cx)?.plan_over(plan, &inner)?;
            }
        }
        Ok(plan)
    }

    /// For how many fields the template is run at once: few where a field is set again and again,
    /// since its expression grows with each.
    fn together(texts: &[(String, String)], cx: &PlanCx<'_>) -> Result<usize, Failed> {
        let mut made = Vec::new();
        for (_, text) in texts.iter().take(2) {
            let search = inner::commands(text, cx)?;
            made.push(search.bound().left(Fields::default()).unwrap_or_default().names);
        }
        Ok(match made.as_slice() {
            [first, second] if first.iter().any(|name| second.contains(name)) => SAME_TOGETHER,
            _ => FIELDS_TOGETHER,
        })
    }

    /// Templates that are one `eval` each, as one `eval`.
    fn one_eval(
        &self,
        texts: &[(String, String)],
        cx: &PlanCx<'_>,
    ) -> Result<Option<InnerSearch>, Failed> {
        let Some((_, first)) = texts.first().filter(|_| texts.len() > 1) else { return Ok(None) };
        let first = inner::commands(first, cx)?;
        if !matches!(first.bound().stages.as_slice(), [one] if one.spec.name == "eval") {
            return Ok(None);
        }
        let assignments = |text: &str| {
            let text = text.trim().trim_start_matches('|').trim_start();
            text.get(..4).filter(|word| word.eq_ignore_ascii_case("eval"))?;
            text.get(4..).map(|rest| rest.trim().to_owned())
        };
        let all: Option<Vec<String>> = texts.iter().map(|(_, text)| assignments(text)).collect();
        let Some(all) = all else { return Ok(None) };
        // What cannot be read so is told of by itself.
        let one = inner::commands(&format!("eval {}", all.join(", ")), cx).ok();
        Ok(one.filter(|one| one.bound().stages.len() == 1))
    }

    fn filled(&self, name: &str, captures: &[&str]) -> String {
        let stars = vec!["*"; captures.len()].join("");
        let matched = if captures.is_empty() { String::new() } else { fill(&stars, captures) };
        let mut text = self.template.replace(&self.marks.field, name);
        text = text.replace(&self.marks.matched, &matched);
        for (i, mark) in self.marks.segments.iter().enumerate() {
            text = text.replace(mark, captures.get(i).copied().unwrap_or(""));
        }
        text
    }

    /// Runs the template over the values of the named field, or of each that holds several.
    fn each_collection(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        if let Some(field) = self.fields.first() {
            return self.each_value(field, input, cx);
        }
        let rows = cx.rows(&input)?;
        let several =
            |v: &Val<'_>| v.is_multi() || v.text().is_some_and(|t| json_items(&t).is_some());
        let holds = |at: usize| rows.rows.iter().any(|row| row.get(at).is_some_and(several));
        let names = rows.names.iter().enumerate();
        let fields: Vec<Spanned<String>> = names
            .filter(|(at, name)| !name.starts_with('_') && holds(*at))
            .map(|(_, name)| Spanned::new(name.clone(), self.span))
            .collect();
        let mut plan = cx.plan_of(rows)?;
        for field in &fields {
            plan = self.each_value(field, plan, cx)?;
        }
        Ok(plan)
    }

    /// Runs the template once for each place among the values; rows that have no value there stay
    /// as they are.
    fn each_value(
        &self,
        field: &Spanned<String>,
        input: Plan,
        cx: &PlanCx<'_>,
    ) -> Result<Plan, Failed> {
        let mut rows = cx.rows(&input)?;
        let Some(at) = rows.column(&field.value) else { return cx.plan_of(rows) };
        let mut items: Vec<Vec<String>> = rows
            .rows
            .iter()
            .map(|row| row.get(at).map(|v| self.items(v)).unwrap_or_default())
            .collect();
        let count = items.iter().map(Vec::len).max().unwrap_or(0);
        if count > MOST_ITEMS {
            cx.engine.warn(codes::LIMIT_CUT.at(
                field.span,
                format!("`foreach` takes the first {MOST_ITEMS} of {count} values"),
            ));
        }
        let count = count.min(MOST_ITEMS);
        // Plans of very many steps take long to make and to run.
        for from in (0..count).step_by(TOGETHER) {
            let places = from..count.min(from + TOGETHER);
            for i in places.clone() {
                let at = rows.column_or_add(&item_name(i));
                for (row, items) in rows.rows.iter_mut().zip(&mut items) {
                    if let (Some(slot), Some(text)) = (row.get_mut(at), items.get_mut(i)) {
                        *slot = Val::str(std::mem::take(text));
                    }
                }
            }
            let hidden: Vec<String> = places.clone().map(item_name).collect();
            let plan = self.each_place(places, cx.plan_of(rows)?, cx)?;
            rows = cx.rows(&plan.without_columns(&hidden)?)?;
        }
        cx.plan_of(rows)
    }

    /// Runs the template for the items at some places, which stand in columns of their own.
    fn each_place(
        &self,
        places: std::ops::Range<usize>,
        mut plan: Plan,
        cx: &PlanCx<'_>,
    ) -> Result<Plan, Failed> {
        let all = FieldSet::all();
        for i in places {
            let text = self.template.replace(&self.marks.iter, &i.to_string());
            let text = in_expressions(&text, &self.marks.item, &item_name(i));
            let search = inner::commands(&text, cx)?;
            if search.bound().stages.iter().any(|s| s.spec.name != "eval") {
                return Err(codes::BAD_ARGUMENT
                    .at(self.span, "only `eval` can stand here in this mode")
                    .help("Splunk's `foreach` takes one `eval` with mode=multivalue or json_array")
                    .into());
            }
            let made = search.bound().left(Fields::default()).unwrap_or_default();
            let before = plan.clone();
            let inner = PlanCx { out: &all, ..cx.clone() };
            let held: Vec<(String, Typed)> =
                made.names.iter().map(|n| (format!("__was {n}"), before.column(n))).collect();
            let hidden: Vec<String> = held.iter().map(|(n, _)| n.clone()).collect();
            plan = search.plan_over(plan.with_columns(held)?, &inner)?;
            let mut set = Vec::new();
            for name in made.names {
                let (new, old) = (plan.column(&name), plan.column(&format!("__was {name}")));
                let ty = match new.ty.unify(before.column(&name).ty) {
                    Ty::Null => continue,
                    ty => ty,
                };
                let there = column_expr(&item_name(i)).is_not_null();
                let expr = when(there, new.into_ty(ty).materialized())
                    .otherwise(old.into_ty(ty).materialized())?;
                set.push((name, Typed::of(expr, ty)));
            }
            plan = plan.with_columns(set)?.without_columns(&hidden)?;
        }
        Ok(plan)
    }

    fn items(&self, value: &Val<'_>) -> Vec<String> {
        let plain = || value.values().into_iter().map(|t| t.into_owned()).collect();
        match self.mode {
            Mode::Json => value.text().and_then(|t| json_items(&t)).unwrap_or_default(),
            Mode::Auto if !value.is_multi() => {
                value.text().and_then(|t| json_items(&t)).unwrap_or_else(plain)
            }
            _ => plain(),
        }
    }
}

/// Values of one row that are gone through.
const MOST_ITEMS: usize = 1000;
/// Of so many at once.
const TOGETHER: usize = 16;
/// Fields for which the template is run at once. Events seldom have so many; the rows of what has
/// more are made in between.
const FIELDS_TOGETHER: usize = 256;
const SAME_TOGETHER: usize = 64;

fn item_name(i: usize) -> String {
    format!("__item {i}")
}

/// The elements of a JSON array as texts.
fn json_items(text: &str) -> Option<Vec<String>> {
    let serde_json::Value::Array(list) = serde_json::from_str(text).ok()? else { return None };
    let element = |v: serde_json::Value| match v {
        serde_json::Value::String(s) => s,
        other => other.to_string(),
    };
    Some(list.into_iter().map(element).collect())
}

/// The template with a field in place of `mark`, which may stand in quotes or in a longer text.
fn in_expressions(template: &str, mark: &str, field: &str) -> String {
    if mark.is_empty() {
        return template.to_owned();
    }
    let quoted = format!("'{field}'");
    let whole =
        template.replace(&format!("\"{mark}\""), &quoted).replace(&format!("'{mark}'"), &quoted);
    let mut out = String::new();
    let mut rest = whole.as_str();
    let mut inside = false;
    while let Some(at) = rest.find(mark) {
        let (before, after) = rest.split_at(at);
        let mut escaped = false;
        for c in before.chars() {
            inside ^= c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
        }
        out.push_str(before);
        match inside {
            true => out.push_str(&format!("\".{quoted}.\"")),
            false => out.push_str(&quoted),
        }
        rest = after.get(mark.len()..).unwrap_or("");
    }
    out.push_str(rest);
    out
}
