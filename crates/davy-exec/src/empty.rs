//! Searches and plans that give no rows whatever is in their tables.

use datafusion::common::JoinType;
use datafusion::logical_expr::LogicalPlan;
use davy_plan::Bound;

/// Whether a search reads events once, at its start, and nothing else ever: no tables, whose lack
/// is to be told even where no event was found.
pub(crate) fn reads_once(bound: &Bound) -> bool {
    let first = bound.stages.first().map(|stage| stage.spec.name);
    let reads = |name| matches!(name, "tstats" | "map" | "lookup" | "inputlookup" | "iplocation");
    matches!(first, Some("search" | "tstats"))
        && bound.stages.iter().all(|stage| stage.command.subsearches().is_empty())
        && bound.stages.iter().skip(1).all(|stage| !reads(stage.spec.name))
}

/// Whether such a search gives nothing when there is no event. `false` where that is not known.
pub(crate) fn needs_events(bound: &Bound) -> bool {
    let mut stages = bound.stages.iter();
    stages.next().is_some_and(|first| first.spec.name == "search" || !first.command.makes_rows())
        && stages.all(|stage| !stage.command.makes_rows())
}

/// Which of a search's readings, counted in the order in which planning asks for them, must find
/// events for there to be any result: the first, where searches in brackets only add to its rows,
/// and those of joins that keep rows with a match alone.
pub(crate) fn needed(bound: &Bound, readings: usize) -> Vec<usize> {
    let Some(first) = bound.stages.first().filter(|_| needs_events(bound)) else {
        return Vec::new();
    };
    if !reads_at_start(bound) || !first.command.subsearches().is_empty() {
        return Vec::new();
    }
    let joins = bound.stages.iter().filter(|stage| !stage.command.subsearches().is_empty());
    let joins: Vec<_> = joins.map(|stage| (&stage.command, stage.command.subsearches())).collect();
    let once = |inner: &Bound| {
        let nested = inner.stages.iter().any(|stage| !stage.command.subsearches().is_empty());
        reads_at_start(inner) && !nested
    };
    if readings != 1 + joins.len()
        || !joins.iter().all(|(_, inner)| matches!(&**inner, [one] if once(one)))
    {
        return vec![0];
    }
    let needs = |inner: &[&Bound]| inner.iter().all(|inner| needs_events(inner));
    let needed =
        joins.iter().zip(1..).filter(|((join, inner), _)| join.needs_subsearch() && needs(inner));
    std::iter::once(0).chain(needed.map(|(_, at)| at)).collect()
}

/// Whether the first command of a pipeline reads events and no other of its own does.
fn reads_at_start(bound: &Bound) -> bool {
    let mut names = bound.stages.iter().map(|stage| stage.spec.name);
    names.next().is_some_and(|first| matches!(first, "search" | "tstats"))
        && names.all(|name| !matches!(name, "tstats" | "mstats" | "map"))
}

/// Whether the first thing that a search does is to read events, which ones being plain from its
/// text.
pub(crate) fn reads_first(bound: &Bound) -> bool {
    bound.stages.first().is_some_and(|first| {
        matches!(first.spec.name, "search" | "tstats") && first.command.subsearches().is_empty()
    })
}

/// Whether a plan reads nothing, and so gives nothing: it need not be run. `false` where that is
/// not known.
pub(crate) fn gives_nothing(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::EmptyRelation(empty) => !empty.produce_one_row,
        LogicalPlan::Projection(p) => gives_nothing(&p.input),
        LogicalPlan::Filter(p) => gives_nothing(&p.input),
        LogicalPlan::Sort(p) => gives_nothing(&p.input),
        LogicalPlan::Limit(p) => gives_nothing(&p.input),
        LogicalPlan::SubqueryAlias(p) => gives_nothing(&p.input),
        LogicalPlan::Repartition(p) => gives_nothing(&p.input),
        LogicalPlan::Window(p) => gives_nothing(&p.input),
        LogicalPlan::Unnest(p) => gives_nothing(&p.input),
        // Without groups there is one row, with a count of 0.
        LogicalPlan::Aggregate(p) => !p.group_expr.is_empty() && gives_nothing(&p.input),
        LogicalPlan::Join(p) => {
            let (left, right) = (gives_nothing(&p.left), gives_nothing(&p.right));
            match p.join_type {
                JoinType::Inner => left || right,
                JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti => left,
                JoinType::Right | JoinType::RightSemi | JoinType::RightAnti => right,
                _ => left && right,
            }
        }
        LogicalPlan::Union(p) => p.inputs.iter().all(|i| gives_nothing(i)),
        // Davy's own nodes sort, put together, or walk over rows; none makes rows of its own.
        LogicalPlan::Extension(p) => p.node.inputs().into_iter().all(gives_nothing),
        _ => false,
    }
}
