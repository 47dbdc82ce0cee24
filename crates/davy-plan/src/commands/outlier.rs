//! `outlier`. Search Reference, outlier.

use super::overrows::{Over, OverRows};
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields, wildcard_match};
use crate::parse::ArgReader;
use crate::plan::{Failed, PlanCx, Rows};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::{Val, fmt_num};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "outlier",
    aliases: &["outlierfilter"],
    kind: Kind::Barrier,
    grammar: Grammar::General,
    syntax: "outlier [action=<remove|rm|transform|tf>] [param=<number>] [uselower=<bool>] [mark=<bool>] [type=iqr] [<field-list>]",
    summary: "Cuts numbers that lie far above the others to the threshold (third quartile plus 2.5 times the distance of the quartiles), or removes their rows.",
    examples: &[
        example!("| makeresults format=csv data=\"n\n1\n2\n3\n4\n100\" | outlier n | table n" => table "n\n1\n2\n3\n4\n9"),
        example!("| makeresults format=csv data=\"n\n1\n2\n3\n4\n100\" | outlier action=rm n | table n" => table "n\n1\n2\n3\n4"),
    ],
    source: "Search Reference, outlier",
    support: Support::Full,
    parse,
};

#[derive(Debug)]
pub(super) struct Outlier {
    pub(super) remove: bool,
    pub(super) mark: bool,
    pub(super) lower: bool,
    pub(super) param: f64,
    pub(super) names: Vec<Spanned<String>>,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = ["action", "param", "uselower", "mark", "type"];
    let (options, left) = cx.reader(args).options(&names, cx);
    let actions = ["remove", "rm", "transform", "tf"];
    let remove = matches!(options.one_of("action", &actions, cx), Some("remove" | "rm"));
    options.one_of("type", &["iqr"], cx);
    let mark = options.flag("mark", false, cx);
    let lower = options.flag("uselower", false, cx);
    let param = options.number("param", cx).unwrap_or(2.5);
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let names = reader.fields(&[]);
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "a field is needed here");
    }
    Some(Box::new(Over(Outlier { remove, mark, lower, param, names })))
}

impl OverRows for Outlier {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        if self.names.is_empty() || self.names.iter().any(|n| n.value.contains('*')) {
            return FieldSet::all();
        }
        out.clone().with(self.names.iter().map(|n| n.value.clone()))
    }

    fn fields(&self, input: &Fields) -> Fields {
        input.clone()
    }

    fn reads(&self) -> Vec<(String, Span)> {
        self.names.iter().map(|n| (n.value.clone(), n.span)).collect()
    }

    fn run(&self, mut rows: Rows, _: &PlanCx<'_>) -> Result<Rows, Failed> {
        let mut remove = vec![false; rows.rows.len()];
        for (at, name) in rows.names.iter().enumerate() {
            let wanted = match self.names.is_empty() {
                true => !name.starts_with('_'),
                false => self.names.iter().any(|n| wildcard_match(&n.value, name)),
            };
            if !wanted {
                continue;
            }
            let number = |row: &Vec<Val<'static>>| row.get(at).and_then(Val::num);
            let mut numbers: Vec<f64> = rows.rows.iter().filter_map(number).collect();
            numbers.sort_by(f64::total_cmp);
            let (Some(q1), Some(q3)) = (quantile(&numbers, 0.25), quantile(&numbers, 0.75)) else {
                continue;
            };
            let reach = self.param * (q3 - q1);
            for (row, remove) in rows.rows.iter_mut().zip(&mut remove) {
                let Some(n) = number(row) else { continue };
                let threshold = match n {
                    n if n > q3 + reach => q3 + reach,
                    n if self.lower && n < q1 - reach => q1 - reach,
                    _ => continue,
                };
                *remove = true;
                if !self.remove
                    && let Some(slot) = row.get_mut(at)
                {
                    *slot = match self.mark {
                        true => Val::str(format!("000{}", fmt_num(threshold))),
                        false => Val::Num(threshold),
                    };
                }
            }
        }
        if self.remove {
            let mut remove = remove.into_iter();
            rows.rows.retain(|_| !remove.next().unwrap_or(false));
        }
        Ok(rows)
    }
}

/// The value below which that share of the sorted numbers lies, between two of them in proportion.
pub(super) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share * last as f64;
    let below = *sorted.get(place.floor() as usize)?;
    let above = *sorted.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}
