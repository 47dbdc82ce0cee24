//! `bin`. Search Reference, bin.

use crate::buckets::{BinOptions, bucket, extent, log_span, resolve};
use crate::command::Command;
use crate::example;
use crate::expr::Typed;
use crate::fields::{FieldSet, Fields};
use crate::parse::ArgReader;
use crate::plan::{Failed, Plan, PlanCx};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Arg, Args, Grammar};

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "bin",
    aliases: &["bucket", "discretize"],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "bin [span=<N|time|log-span>] [bins=<N>] [minspan=<span>] [start=<N>] [end=<N>] [aligntime=<time>] <field> [AS <field>]",
    summary: "Puts numbers into ranges: a time becomes the start of its span, another number the text `0-10`, low end inclusive. Without `span`, the width is chosen so that there are at most `bins` (100) ranges.",
    examples: &[
        example!("| makeresults | eval n=17 | bin span=10 n" => field "n" = "10-20"),
        example!("| makeresults | eval _time=1777890123 | bin _time span=5m" => field "_time" = "1777890000"),
        example!("| makeresults | eval n=250 | bin span=log10 n AS range" => field "range" = "100-1000"),
    ],
    source: "Search Reference, bin",
    support: Support::Full,
    parse,
};

/// `[discretize] default_time_bins` and `maxbins` of `limits.conf` as they are shipped.
const BINS: usize = 100;

#[derive(Debug)]
struct Bin {
    field: Spanned<String>,
    to: Option<Spanned<String>>,
    options: BinOptions,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let names = ["span", "bins", "minspan", "start", "end", "aligntime"];
    let (options, left) = cx.reader(args).options(&names, cx);
    let left: Vec<Arg> = left.into_iter().cloned().collect();
    let mut reader = ArgReader::of(&left);
    let Some(field) = reader.field() else { return cx.missing("a field") };
    let to = match reader.keyword("as") {
        true => match reader.field() {
            Some(to) => Some(to),
            None => return cx.bad(field.span, "a new name must follow `AS`"),
        },
        false => None,
    };
    if let Some(extra) = reader.peek() {
        return cx.bad(extra.span.0, "`bin` takes one field");
    }
    if field.value.contains('*') {
        return cx.bad(field.span, "`bin` takes no wildcards");
    }
    let bins = match options.count("bins", cx) {
        Some(0) => return cx.bad(cx.span(), "`bins` is at least 1"),
        Some(n) => Some(Spanned::new(n, cx.span())),
        None => None,
    };
    let options = BinOptions {
        span: options.text("span"),
        bins,
        start: options.number("start", cx),
        end: options.number("end", cx),
        min_span: options.text("minspan"),
        align: options.text("aligntime"),
    };
    widths(&options, cx)?;
    Some(Box::new(Bin { field, to, options }))
}

/// Reports widths that are no number, no power and no span of time.
pub(super) fn widths(options: &BinOptions, cx: &mut ParseCx<'_>) -> Option<()> {
    for width in options.span.iter().chain(&options.min_span) {
        if width.value.parse::<f64>().is_err()
            && log_span(&width.value).is_none()
            && let Err(e) = davy_spl::parse_bin_span(&width.value)
        {
            return cx.bad(width.span, format!("this is no span: {e}"));
        }
    }
    Some(())
}

impl Bin {
    fn target(&self) -> &str {
        self.to.as_ref().map_or(&self.field.value, |t| &t.value)
    }

    /// A span with a unit of time makes a time of any field.
    fn time(&self) -> bool {
        let timed = |span: &Spanned<String>| {
            span.value.parse::<f64>().is_err()
                && log_span(&span.value).is_none()
                && davy_spl::parse_span(&span.value).is_ok()
        };
        self.field.value == "_time"
            || self.options.span.as_ref().or(self.options.min_span.as_ref()).is_some_and(timed)
    }
}

impl Command for Bin {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        let makes = [self.target().to_owned()];
        out.before(&makes, std::slice::from_ref(&self.field.value))
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        if let Some(to) = &self.to {
            fields.add(&to.value);
        }
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        vec![(self.field.value.clone(), self.field.span)]
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        if !input.has_column(&self.field.value) {
            return Ok(input);
        }
        // A width that depends on the data needs its least and greatest value first.
        let ready = self.options.span.is_some() && self.options.align.is_none();
        let input = if ready { input } else { cx.close(input)? };
        let range = || extent(&input, &self.field.value, cx);
        let buckets = resolve(&self.options, self.time(), BINS, cx, range)?;
        let value = input.column(&self.field.value).materialized();
        let ty = buckets.ty();
        let column = Typed::of(bucket(&buckets, value), ty);
        input.with_columns(vec![(self.target().to_owned(), column)])
    }
}
