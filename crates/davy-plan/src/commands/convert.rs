//! `convert`. Search Reference, convert.

use crate::column::Ty;
use crate::command::Command;
use crate::env::Env;
use crate::example;
use crate::fields::{FieldSet, Fields, wildcard_match};
use crate::parse::{ArgReader, arg_call};
use crate::plan::{Failed, Plan, PlanCx, Rows};
use crate::rowmap::{RowMap, Set, row_map};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::timefmt::{strftime, strptime};
use crate::value::{Val, parse_num};
use davy_diag::{Span, Spanned, closest};
use davy_spl::ast::{Arg, Args, Grammar};
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "convert",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "convert [timeformat=<format>] (<function>(<wildcard-field>) [AS <field>])...",
    summary: "Turns values into numbers or times into text: auto, ctime, dur2sec, memk, mktime, mstime, none, num, rmcomma, rmunit. What cannot be converted becomes null; ctime and auto leave it.",
    examples: &[
        example!("| makeresults | eval t=1777890000 | convert ctime(t)" => field "t" = "05/04/2026 10:20:00"),
        example!("| makeresults | eval t=1777890000 | convert timeformat=\"%Y-%m-%d\" ctime(t) AS day | table t day" => table "t,day\n1777890000,2026-05-04"),
        example!("| makeresults | eval d=\"01:02:03\", m=\"2m\", c=\"1,000\" | convert dur2sec(d) memk(m) rmcomma(c) | table d m c" => table "d,m,c\n3723,2048,1000"),
    ],
    source: "Search Reference, convert",
    support: Support::Full,
    parse,
};

const FORMAT: &str = "%m/%d/%Y %H:%M:%S";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Auto,
    CTime,
    Dur2Sec,
    MemK,
    MkTime,
    MsTime,
    None,
    Num,
    /// `num`: each value by the first conversion that fits it.
    NumEach,
    RmComma,
    RmUnit,
}

const NAMES: [(&str, How); 10] = [
    ("auto", How::Auto),
    ("ctime", How::CTime),
    ("dur2sec", How::Dur2Sec),
    ("memk", How::MemK),
    ("mktime", How::MkTime),
    ("mstime", How::MsTime),
    ("none", How::None),
    ("num", How::NumEach),
    ("rmcomma", How::RmComma),
    ("rmunit", How::RmUnit),
];

#[derive(Debug, Clone)]
struct Step {
    how: How,
    from: Spanned<String>,
    to: Option<String>,
}

#[derive(Debug)]
struct Convert {
    format: String,
    steps: Vec<Step>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["timeformat"], cx);
    let format = options.text("timeformat").map_or_else(|| FORMAT.to_owned(), |t| t.value);
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let mut steps: Vec<Step> = Vec::new();
    loop {
        reader.skip_commas();
        let Some(arg) = reader.next_arg() else { break };
        let Some((name, items)) = arg_call(arg) else {
            return cx.bad(arg.span.0, "a conversion such as `ctime(field)` is needed here");
        };
        let lower = name.value.to_ascii_lowercase();
        let Some((_, how)) = NAMES.iter().find(|(n, _)| *n == lower) else {
            let near = closest(&lower, NAMES.iter().map(|(n, _)| *n));
            let near = near.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
            return cx.bad(name.span, format!("`convert` has no `{}`{near}", name.value));
        };
        if items.is_empty() {
            return cx.bad(arg.span.0, "a field is needed in the parentheses");
        }
        let to = match reader.keyword("as") {
            false => None,
            true => match reader.field() {
                Some(to) => Some(to.value),
                None => return cx.bad(arg.span.0, "a new name must follow `AS`"),
            },
        };
        for from in items {
            if to.is_some() && from.value.contains('*') {
                return cx.bad(from.span, "a pattern of fields cannot have one new name");
            }
            steps.push(Step { how: *how, from, to: to.clone() });
        }
    }
    if steps.is_empty() {
        return cx.missing("a conversion such as `ctime(field)`");
    }
    Some(Box::new(Convert { format, steps }))
}

impl Convert {
    fn wild(&self) -> bool {
        self.steps.iter().any(|s| s.from.value.contains('*'))
    }

    /// Whether the pattern `of` may change the field: `none` keeps it out of other patterns.
    fn fits(&self, of: &Step, name: &str) -> bool {
        if !of.from.value.contains('*') {
            return of.from.value == name;
        }
        let kept = |s: &Step| s.how == How::None && wildcard_match(&s.from.value, name);
        let internal = name.starts_with('_') && !of.from.value.starts_with('_');
        wildcard_match(&of.from.value, name) && !internal && !self.steps.iter().any(kept)
    }

    /// The conversions, field by field, of the columns that are there.
    fn plain(&self, there: &[String]) -> Vec<(How, String, String)> {
        let mut out: Vec<(How, String, String)> = Vec::new();
        for step in self.steps.iter().filter(|s| s.how != How::None) {
            for name in there.iter().filter(|n| self.fits(step, n)) {
                let to = step.to.clone().unwrap_or_else(|| name.clone());
                out.retain(|(_, _, t)| *t != to);
                out.push((step.how, name.clone(), to));
            }
        }
        out
    }
}

impl Command for Convert {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let mut needs = out.clone();
        for step in self.steps.iter().rev() {
            let from = std::slice::from_ref(&step.from.value);
            if step.from.value.contains('*') || step.how == How::None {
                continue;
            }
            let to = step.to.clone().unwrap_or_else(|| step.from.value.clone());
            needs = needs.before(&[to], from);
        }
        needs
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        for to in self.steps.iter().filter_map(|s| s.to.as_ref()) {
            fields.add(to);
        }
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.steps.iter().map(|s| (s.from.value.clone(), s.from.span)).collect()
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let input = if input.open() && self.wild() { cx.close(input)? } else { input };
        let mut input = input;
        let mut list = self.plain(&input.names());
        let mut kinds: Vec<String> = Vec::new();
        if list.iter().any(|(how, ..)| *how == How::Auto) {
            // Whether a column converts depends on all of its values.
            let rows = cx.rows(&input)?;
            for (_, from, _) in list.iter().filter(|(how, ..)| *how == How::Auto) {
                if converts(&rows, from, cx.env) {
                    kinds.push(from.clone());
                }
            }
            input = cx.plan_of(rows)?;
        }
        list.retain_mut(|(how, from, to)| {
            if *how != How::Auto {
                return true;
            }
            match kinds.contains(from) {
                true => *how = How::NumEach,
                false if to == from => return false,
                false => *how = How::None,
            }
            true
        });
        list.retain(|(_, from, _)| input.has_column(from));
        let reads = list.iter().map(|(_, from, _)| from.clone()).collect();
        let set = |how: How, to: &str| match how {
            How::CTime | How::RmComma | How::None => Set::new(to, Ty::Text),
            _ => Set::new(to, Ty::Num),
        };
        let multi = |from: &str| input.column(from).ty == Ty::Text;
        let sets = list
            .iter()
            .map(|(how, from, to)| match multi(from) {
                // A text may hold several values.
                true => Set::new(to, Ty::Text),
                false => set(*how, to),
            })
            .collect();
        let map = Values {
            hows: list.iter().map(|(how, ..)| *how).collect(),
            format: self.format.clone(),
            env: cx.env.clone(),
        };
        row_map(input, reads, sets, Arc::new(map))
    }
}

/// What `auto` and `num` try, in this order.
const TO_NUMBERS: [How; 6] =
    [How::Num, How::RmComma, How::Dur2Sec, How::MsTime, How::MemK, How::RmUnit];

/// Whether every value of the column is a number in some form.
fn converts(rows: &Rows, name: &str, env: &Env) -> bool {
    let Some(at) = rows.column(name) else { return false };
    let mut any = false;
    for value in rows.rows.iter().filter_map(|row| row.get(at)) {
        for text in value.values().iter() {
            any = true;
            if one(How::NumEach, text, FORMAT, env).is_none() {
                return false;
            }
        }
    }
    any
}

#[derive(Debug)]
struct Values {
    hows: Vec<How>,
    format: String,
    env: Arc<Env>,
}

impl RowMap for Values {
    fn name(&self) -> &'static str {
        "convert"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        for ((value, how), slot) in args.iter().zip(&self.hows).zip(out) {
            if value.is_null() {
                continue;
            }
            let convert = |text: &str| one(*how, text, &self.format, &self.env);
            *slot = match value.is_multi() {
                false => value.text().and_then(|t| convert(&t)),
                true => {
                    let texts: Vec<String> = value
                        .values()
                        .iter()
                        .filter_map(|t| convert(t)?.text().map(|t| t.into_owned()))
                        .collect();
                    Some(Val::multi(&texts))
                }
            };
        }
        Ok(())
    }
}

/// One value; `None` when it cannot be converted.
fn one(how: How, text: &str, format: &str, env: &Env) -> Option<Val<'static>> {
    let number = match how {
        How::CTime => {
            return Some(match parse_num(text) {
                Some(n) => Val::str(strftime(n, format, &env.zone)),
                None => Val::str(text.to_owned()),
            });
        }
        How::None | How::Auto => return Some(Val::str(text.to_owned())),
        How::RmComma => return Some(Val::str(text.replace(',', ""))),
        How::MkTime => strptime(text, format, &env.zone, env.now),
        How::Num => parse_num(text),
        How::NumEach => TO_NUMBERS.into_iter().find_map(|h| one(h, text, format, env)?.num()),
        How::Dur2Sec => dur2sec(text),
        How::MemK => memk(text),
        How::MsTime => mstime(text),
        How::RmUnit => rmunit(text),
    };
    number.map(Val::Num)
}

/// `[D+]HH:MM:SS` in seconds.
fn dur2sec(text: &str) -> Option<f64> {
    let (days, clock) = match text.split_once('+') {
        Some((days, clock)) => (days.parse::<u32>().ok()?, clock),
        None => (0, text),
    };
    let parts: Vec<&str> = clock.split(':').collect();
    if parts.len() != 3 {
        return None;
    }
    let mut seconds = 0.0;
    for part in parts {
        seconds = seconds * 60.0 + parse_num(part).filter(|n| *n >= 0.0)?;
    }
    Some(f64::from(days) * 86_400.0 + seconds)
}

/// A number with `k`, `m` or `g` after it, in kilobytes.
fn memk(text: &str) -> Option<f64> {
    let text = text.trim();
    let (number, factor) = match text.chars().last()?.to_ascii_lowercase() {
        'k' => (text.get(..text.len() - 1)?, 1.0),
        'm' => (text.get(..text.len() - 1)?, 1024.0),
        'g' => (text.get(..text.len() - 1)?, 1024.0 * 1024.0),
        _ => (text, 1.0),
    };
    Some(parse_num(number)? * factor)
}

/// `[MM:]SS.SSS` in seconds.
fn mstime(text: &str) -> Option<f64> {
    match text.split_once(':') {
        Some((minutes, seconds)) => {
            Some(f64::from(minutes.parse::<u32>().ok()?) * 60.0 + parse_num(seconds)?)
        }
        None => parse_num(text),
    }
}

/// The number with which the text begins.
fn rmunit(text: &str) -> Option<f64> {
    let sign = usize::from(text.starts_with(['-', '+']));
    let len = text
        .get(sign..)?
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map_or(text.len(), |at| at + sign);
    parse_num(text.get(..len)?)
}
