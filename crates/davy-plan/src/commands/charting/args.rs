//! The arguments of `chart` and `timechart`.

use super::measure::{self, Measure};
use crate::aggs::{self, Agg, AggInput};
use crate::buckets::BinOptions;
use crate::parse::{ArgReader, ParseCx, arg_text, parse_bool};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, ArgKind};

/// The field that an axis or the series come from.
#[derive(Debug, Clone)]
pub(crate) struct Split {
    pub(crate) field: Spanned<String>,
    pub(crate) bins: BinOptions,
}

/// How many series stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) top: bool,
    /// 0 for all.
    pub(crate) count: usize,
}

/// `where sum in top5`, `where max > 10`.
#[derive(Debug, Clone)]
pub(crate) struct Where {
    pub(crate) score: String,
    pub(crate) test: Test,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Test {
    In(Limit),
    NotIn(Limit),
    More(f64),
    Less(f64),
}

#[derive(Debug, Clone)]
pub(crate) struct ChartArgs {
    pub(crate) measures: Vec<Measure>,
    pub(crate) row: Option<Split>,
    pub(crate) column: Option<Split>,
    pub(crate) limit: Option<Limit>,
    pub(crate) filter: Option<Where>,
    /// `agg=`: what ranks the series.
    pub(crate) rank: Option<String>,
    pub(crate) sep: String,
    pub(crate) format: Option<String>,
    pub(crate) use_null: bool,
    pub(crate) use_other: bool,
    pub(crate) null_name: String,
    pub(crate) other_name: String,
    pub(crate) cont: bool,
    pub(crate) partial: bool,
    pub(crate) fixed_range: bool,
    /// Equal values within one event's BY field count once.
    pub(crate) dedup: bool,
}

impl ChartArgs {
    pub(crate) fn new() -> Self {
        ChartArgs {
            measures: Vec::new(),
            row: None,
            column: None,
            limit: None,
            filter: None,
            rank: None,
            sep: ": ".to_owned(),
            format: None,
            use_null: true,
            use_other: true,
            null_name: "NULL".to_owned(),
            other_name: "OTHER".to_owned(),
            cont: true,
            partial: true,
            fixed_range: true,
            dedup: false,
        }
    }

    /// The fields that the command reads, and where they are written.
    pub(crate) fn reads(&self) -> Vec<(String, Span)> {
        let mut out = Vec::new();
        for split in self.row.iter().chain(&self.column) {
            out.push((split.field.value.clone(), split.field.span));
        }
        self.measures.iter().flat_map(|m| &m.aggs).for_each(|a| a.reads(&mut out));
        out
    }

    pub(crate) fn aggs(&self) -> Vec<Agg> {
        self.measures.iter().flat_map(|m| m.aggs.iter().cloned()).collect()
    }

    pub(crate) fn wild(&self) -> bool {
        self.measures.iter().flat_map(|m| &m.aggs).any(|a| matches!(a.input, AggInput::Wildcard(_)))
    }

    /// The measures with wildcards spread over the fields that are there.
    pub(crate) fn spread(&self, fields: &[String]) -> Vec<Measure> {
        let mut out = Vec::new();
        for measure in &self.measures {
            let plain = measure.expr.is_none()
                && measure.aggs.iter().any(|a| matches!(a.input, AggInput::Wildcard(_)));
            if !plain {
                out.push(measure.clone());
                continue;
            }
            for agg in aggs::spread(&measure.aggs, fields) {
                out.push(Measure { alias: agg.alias.clone(), aggs: vec![agg], expr: None });
            }
        }
        out
    }
}

/// Which field the next span belongs to.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Row,
    Column,
}

/// Reads the arguments; `timechart` has `_time` as its axis and one BY field, `chart` may have two.
pub(crate) fn read(items: &[Arg], time: bool, cx: &mut ParseCx<'_>) -> Option<ChartArgs> {
    let mut reader = ArgReader::of(items);
    let mut args = ChartArgs::new();
    let mut early = BinOptions::default();
    let mut at = At::Row;
    if time {
        let field = Spanned::new("_time".to_owned(), cx.stage.name.span);
        args.row = Some(Split { field, bins: BinOptions::default() });
    }
    let mut by_seen = false;
    // A mistake is told, and the rest is read all the same: all mistakes at once.
    let mut sound = true;
    loop {
        reader.skip_commas();
        let Some(arg) = reader.peek() else { break };
        if let ArgKind::Option { key, not: false, value } = &arg.kind {
            reader.next_arg();
            let bins = match (at, &mut args.row, &mut args.column) {
                (At::Column, _, Some(column)) => &mut column.bins,
                (At::Row, Some(row), _) => &mut row.bins,
                _ => &mut early,
            };
            sound &= match bin_option(key, value, bins, cx) {
                Some(false) => chart_option(key, value, &mut args, time, cx).is_some(),
                read => read.is_some(),
            };
            continue;
        }
        if reader.is_keyword(&["where"]) && (args.column.is_some() || by_seen) {
            reader.next_arg();
            args.filter = Some(read_where(&mut reader, cx)?);
            continue;
        }
        if !time && reader.is_keyword(&["over"]) {
            let over = reader.next_arg().map_or(cx.span(), |a| a.span.0);
            let Some(field) = reader.field() else {
                return cx.bad(over, "a field must follow OVER");
            };
            args.row = Some(Split { field, bins: std::mem::take(&mut early) });
            at = At::Row;
            continue;
        }
        if reader.is_keyword(&["by"]) {
            let by = reader.next_arg().map_or(cx.span(), |a| a.span.0);
            by_seen = true;
            reader.skip_commas();
            let Some(field) = reader.field() else {
                return cx.bad(by, "a field must follow BY");
            };
            match place(field, &mut args, &mut early, cx) {
                Some(next) => at = next,
                None => sound = false,
            }
            continue;
        }
        if by_seen {
            match reader.field() {
                Some(field) => match place(field, &mut args, &mut early, cx) {
                    Some(next) => at = next,
                    None => sound = false,
                },
                None => return cx.bad(arg.span.0, "a field or an option is needed here"),
            }
            continue;
        }
        let base = args.measures.iter().map(|m| m.aggs.len()).sum();
        match measure::read(&mut reader, base, cx) {
            Some(measure) => args.measures.push(measure),
            None => {
                sound = false;
                skip_measure(&mut reader);
            }
        }
    }
    if time {
        sound &= whole_spans(&args, cx);
    }
    if !sound {
        return None;
    }
    if args.measures.is_empty() {
        return cx.missing("an aggregation such as `count` or `avg(bytes)`");
    }
    if !early.is_empty()
        && args.row.is_none()
        && let Some(span) = &early.span
    {
        return cx.bad(span.span, "`span` needs a field to cut: add `BY <field>`");
    }
    Some(args)
}

/// Steps over what is left of an aggregation that could not be read.
fn skip_measure(reader: &mut ArgReader<'_>) {
    while let Some(arg) = reader.peek() {
        let next =
            matches!(arg.kind, ArgKind::Option { .. } | ArgKind::Call { .. } | ArgKind::Comma);
        if next || reader.is_keyword(&["by", "over", "where"]) {
            return;
        }
        reader.next_arg();
    }
}

/// Whether the spans of the time axis are spans of time; one that is none is told.
fn whole_spans(args: &ChartArgs, cx: &mut ParseCx<'_>) -> bool {
    let bins = args.row.as_ref().map(|row| &row.bins);
    let mut sound = true;
    for text in bins.into_iter().flat_map(|b| b.span.iter().chain(&b.min_span)) {
        if let Err(e) = davy_spl::parse_bin_span(&text.value) {
            cx.bad::<()>(text.span, format!("this is no span of time: {e}"));
            sound = false;
        }
    }
    sound
}

/// A BY field is the axis where there is none yet, else it makes the series.
fn place(
    field: Spanned<String>,
    args: &mut ChartArgs,
    early: &mut BinOptions,
    cx: &mut ParseCx<'_>,
) -> Option<At> {
    cx.condition_after_by(std::slice::from_ref(&field));
    if args.row.is_none() {
        args.row = Some(Split { field, bins: std::mem::take(early) });
        return Some(At::Row);
    }
    if args.column.is_some() {
        return cx.bad(
            field.span,
            format!("`{}` splits by one field more than it can show", cx.spec.name),
        );
    }
    args.column = Some(Split { field, bins: BinOptions::default() });
    Some(At::Column)
}

/// Whether the option says how to cut an axis.
fn bin_option(
    key: &Spanned<String>,
    value: &Arg,
    bins: &mut BinOptions,
    cx: &mut ParseCx<'_>,
) -> Option<bool> {
    let span = value.span.0;
    let number = |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite());
    let name = key.value.to_ascii_lowercase();
    if !["span", "bins", "start", "end", "minspan", "aligntime"].contains(&name.as_str()) {
        return Some(false);
    }
    let Some(text) = arg_text(value) else {
        return cx.bad(span, format!("`{name}` needs a plain value"));
    };
    match name.as_str() {
        "span" => bins.span = Some(Spanned::new(text, span)),
        "minspan" => bins.min_span = Some(Spanned::new(text, span)),
        "aligntime" => bins.align = Some(Spanned::new(text, span)),
        "bins" => match text.parse::<usize>() {
            Ok(n) if n > 0 => bins.bins = Some(Spanned::new(n, span)),
            _ => return cx.bad(span, "`bins` is a whole number, 1 or more"),
        },
        _ => match number(&text) {
            Some(n) if name == "start" => bins.start = Some(n),
            Some(n) => bins.end = Some(n),
            None => return cx.bad(span, format!("`{name}` is a number")),
        },
    }
    Some(true)
}

/// Reads one of the options that say how a chart looks.
pub(crate) fn chart_option(
    key: &Spanned<String>,
    value: &Arg,
    args: &mut ChartArgs,
    time: bool,
    cx: &mut ParseCx<'_>,
) -> Option<()> {
    let span = value.span.0;
    let name = key.value.to_ascii_lowercase();
    if name == "agg" {
        args.rank = Some(score_name(value, cx)?);
        return Some(());
    }
    let text = arg_text(value);
    let Some(text) = text else {
        return cx.bad(span, format!("`{}` needs a plain value", key.value));
    };
    let mut flag = |slot: &mut bool| match parse_bool(&text) {
        Some(b) => {
            *slot = b;
            Some(())
        }
        None => cx.bad(span, format!("`{name}` is true or false")),
    };
    match name.as_str() {
        "usenull" => flag(&mut args.use_null),
        "useother" => flag(&mut args.use_other),
        "cont" => flag(&mut args.cont),
        "partial" if time => flag(&mut args.partial),
        "fixedrange" if time => flag(&mut args.fixed_range),
        // The page of `chart` writes both.
        "dedup_splitvals" | "dedup_splitval" => flag(&mut args.dedup),
        "nullstr" => {
            args.null_name = text;
            Some(())
        }
        "otherstr" => {
            args.other_name = text;
            Some(())
        }
        "sep" => {
            args.sep = text;
            Some(())
        }
        "format" => {
            args.format = Some(text);
            Some(())
        }
        "limit" => {
            args.limit = Some(limit(&text, span, cx)?);
            Some(())
        }
        _ => {
            let known = [
                "limit",
                "useother",
                "usenull",
                "otherstr",
                "nullstr",
                "agg",
                "span",
                "bins",
                "minspan",
                "aligntime",
                "cont",
                "sep",
                "format",
                "start",
                "end",
            ];
            let near = davy_diag::closest(&name, known);
            cx.report(
                crate::codes::UNKNOWN_OPTION
                    .at(key.span, format!("`{}` has no option `{}`", cx.spec.name, key.value))
                    .help(match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("`{}` has {}", cx.spec.name, known.join(", ")),
                    }),
            );
            None
        }
    }
}

/// `5`, `top5`, `bottom3`.
fn limit(text: &str, span: Span, cx: &mut ParseCx<'_>) -> Option<Limit> {
    let lower = text.to_ascii_lowercase();
    let (top, digits) = match lower.strip_prefix("bottom") {
        Some(rest) => (false, rest),
        None => (true, lower.strip_prefix("top").unwrap_or(&lower)),
    };
    match digits.trim().parse::<usize>() {
        Ok(count) => Some(Limit { top, count }),
        Err(_) => cx.bad(span, "`limit` is a number of series: 5, top5 or bottom5"),
    }
}

/// The name of the function in `sum`, `max(x)`.
fn score_name(arg: &Arg, cx: &mut ParseCx<'_>) -> Option<String> {
    let name = match &arg.kind {
        ArgKind::Call { name, .. } => name.clone(),
        ArgKind::Word(word) => Spanned::new(word.clone(), arg.span.0),
        _ => return cx.bad(arg.span.0, "a statistical function is needed here, such as `sum`"),
    };
    let (spec, _) = aggs::find(&name, cx)?;
    Some(spec.name.to_owned())
}

/// What follows WHERE.
fn read_where(reader: &mut ArgReader<'_>, cx: &mut ParseCx<'_>) -> Option<Where> {
    let Some(first) = reader.next_arg() else {
        return cx.missing("a condition after WHERE, such as `sum in top5`");
    };
    let mut span = first.span.0;
    let mut rest = String::new();
    // `sum>10` is one word; `sum > 10` is three.
    let score = match &first.kind {
        ArgKind::Word(word) if word.contains(['>', '<']) => {
            let cut = word.find(['>', '<']).unwrap_or(0);
            let (name, tail) = word.split_at(cut);
            rest.push_str(tail);
            let arg = Arg { kind: ArgKind::Word(name.to_owned()), span: first.span };
            score_name(&arg, cx)?
        }
        _ => score_name(first, cx)?,
    };
    let complete = |rest: &str| {
        rest.ends_with(|c: char| c.is_ascii_digit())
            && rest.starts_with(['>', '<', 'i', 'n', 'I', 'N'])
    };
    while !complete(&rest) {
        let Some(next) = reader.peek() else { break };
        let text = match &next.kind {
            ArgKind::Word(word) => word.clone(),
            ArgKind::Sign(sign) => sign.to_string(),
            _ => break,
        };
        reader.next_arg();
        span = span.to(next.span.0);
        rest.push_str(&text);
    }
    let lower = rest.to_ascii_lowercase();
    let number = |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite());
    let test = if let Some(rest) = lower.strip_prefix("notin") {
        limit(rest, span, cx).map(Test::NotIn)?
    } else if let Some(rest) = lower.strip_prefix("in") {
        limit(rest, span, cx).map(Test::In)?
    } else if let Some(n) = lower.strip_prefix('>').and_then(number) {
        Test::More(n)
    } else if let Some(n) = lower.strip_prefix('<').and_then(number) {
        Test::Less(n)
    } else {
        return cx.bad(span, "WHERE takes `in top5`, `notin bottom5`, `> 10` or `< 10`");
    };
    Some(Where { score, test })
}
