//! What runs over many rows gives what a plain walk over them would.

use crate::{Only, base};
use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringViewArray};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use davy_events::EventBatch;
use davy_exec::{
    Config, EventSource, ParquetSource, Read, Reading, RunError, Search, Session, prepare,
};
use davy_plan::{Env, FieldSet, Knowledge, rows_of};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

const ROWS: usize = 105_000;

/// A row: its number, a time that others share, a group of 500, a name that few others have.
#[derive(Clone)]
struct Line {
    id: usize,
    time: f64,
    group: Option<String>,
    name: String,
    size: i64,
}

fn lines() -> Vec<Line> {
    let mut seed = 42u64;
    let mut roll = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (seed >> 33) % below
    };
    let line = |id: usize| Line {
        id,
        time: 1_777_890_000.0 + (id / 7 + roll(40) as usize) as f64,
        group: (roll(50) > 0).then(|| format!("group {} of the five hundred", roll(500))),
        name: format!("n{}", roll(3_000_000)),
        size: roll(1_000_000) as i64 - 500_000,
    };
    (0..ROWS).map(line).collect()
}

fn batch(lines: &[Line]) -> RecordBatch {
    let columns: [(&str, ArrayRef); 5] = [
        ("_time", Arc::new(lines.iter().map(|l| Some(l.time)).collect::<Float64Array>())),
        ("id", Arc::new(lines.iter().map(|l| Some(l.id as i64)).collect::<Int64Array>())),
        ("group", Arc::new(lines.iter().map(|l| l.group.as_ref()).collect::<StringViewArray>())),
        ("name", Arc::new(lines.iter().map(|l| Some(&l.name)).collect::<StringViewArray>())),
        ("size", Arc::new(lines.iter().map(|l| Some(l.size)).collect::<Int64Array>())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
}

/// Rows in three partitions, as columns of a table.
#[derive(Debug)]
struct Table(Arc<MemTable>);

impl Table {
    fn of(lines: &[Line]) -> Table {
        let parts: Vec<Vec<RecordBatch>> = lines
            .chunks(ROWS.div_ceil(3))
            .map(|part| part.chunks(1024).map(batch).collect())
            .collect();
        let schema = parts[0][0].schema();
        Table(Arc::new(MemTable::try_new(schema, parts).unwrap()))
    }
}

impl EventSource for Table {
    fn start(&self, _: Read, _: usize) -> Arc<dyn Reading> {
        Arc::new(Nothing)
    }

    fn table(&self) -> Option<Arc<dyn TableProvider>> {
        Some(self.0.clone())
    }
}

struct Nothing;

impl Reading for Nothing {
    fn part(&self, _: usize, _: &mut dyn FnMut(EventBatch) -> ControlFlow<()>) -> Duration {
        Duration::ZERO
    }
}

fn answer(
    lines: &[Line],
    search: &str,
    memory: Option<usize>,
) -> Result<Vec<Vec<String>>, RunError> {
    let session =
        Session::new(Config { partitions: 3, batch_size: 1024, memory, ..Config::default() })?;
    over(&session, Arc::new(Table::of(lines)), search)
}

fn over(
    session: &Session,
    source: Arc<dyn EventSource>,
    search: &str,
) -> Result<Vec<Vec<String>>, RunError> {
    let knowledge = Only(base("addon: none\ndescription: None.\n", ""));
    let prepared = prepare("search", search, knowledge.macros());
    assert!(!prepared.diags.has_errors(), "{search}: {:?}", prepared.diags.list());
    let answer = session.run(&Search {
        prepared: &prepared,
        env: Arc::new(Env::default()),
        source: Some(source),
        knowledge: &knowledge,
        out: FieldSet::all(),
    })?;
    let rows = rows_of(&answer.schema, &answer.batches).unwrap();
    let text = |v: &davy_plan::Val<'_>| v.values().join("|");
    Ok(rows.rows.iter().map(|row| row.iter().map(text).collect()).collect())
}

fn rows(lines: &[Line], search: &str) -> Vec<Vec<String>> {
    answer(lines, search, None).unwrap_or_else(|e| panic!("{search}: {e:?}"))
}

/// As a search begins: newest first, those of one time as they are read.
fn newest_first(mut lines: Vec<Line>) -> Vec<Line> {
    lines.sort_by(|a, b| b.time.total_cmp(&a.time));
    lines
}

fn ids(lines: impl IntoIterator<Item = Line>) -> Vec<Vec<String>> {
    lines.into_iter().map(|l| vec![l.id.to_string()]).collect()
}

#[test]
fn the_first_rows_of_an_order_are_those_of_all() {
    let lines = lines();
    let newest = newest_first(lines.clone());
    let first = |n: usize, mut all: Vec<Line>, by: fn(&Line) -> i64| {
        all.sort_by_key(by);
        ids(all.into_iter().take(n))
    };
    assert_eq!(rows(&lines, "search * | head 20 | table id"), ids(newest[..20].to_vec()));
    for (search, n, by) in [
        ("search * | sort 10 - size | table id", 10, (|l| -l.size) as fn(&Line) -> i64),
        ("search * | eval s=floor(size/1000) | sort 50 s | table id", 50, |l| {
            l.size.div_euclid(1000)
        }),
        ("search * | sort 30 _time | table id", 30, |l| l.time as i64),
        ("search * | eval t=_time | fields - _time | sort 12 t | table id", 12, |l| l.time as i64),
        ("search * | sort 0 size | head 9 | table id", 9, |l| l.size),
    ] {
        assert_eq!(rows(&lines, search), first(n, newest.clone(), by), "{search}");
    }
    let few: Vec<Line> = newest.iter().filter(|l| l.size > 499_000).cloned().collect();
    let search = "search * | where size>499000 | eval x=id.\"!\" | head 15 | table id";
    assert_eq!(rows(&lines, search), ids(few[..15].to_vec()));
    // More than are kept in hand.
    let search = "search * | sort 102000 size | table id";
    assert_eq!(rows(&lines, search), first(102_000, newest.clone(), |l| l.size));
}

#[test]
fn dedup_keeps_the_first_of_each_in_order() {
    let lines = lines();
    let newest = newest_first(lines.clone());
    let kept = |all: &[Line], key: fn(&Line) -> Option<String>| {
        let mut seen = BTreeSet::new();
        let first = all.iter().filter(|l| key(l).is_some_and(|k| seen.insert(k)));
        ids(first.cloned())
    };
    let oldest = {
        let mut all = newest.clone();
        all.sort_by(|a, b| a.time.total_cmp(&b.time));
        all
    };
    let by_group = kept(&newest, |l| l.group.clone());
    assert_eq!(by_group.len(), 500);
    assert_eq!(rows(&lines, "search * | dedup group | table id"), by_group);
    let search = "search * | dedup name | table id";
    assert_eq!(rows(&lines, search), kept(&newest, |l| Some(l.name.clone())));
    // Groups that do not fit are given on and looked at again.
    let little = answer(&lines, search, Some(24 << 20)).unwrap();
    assert_eq!(little, kept(&newest, |l| Some(l.name.clone())));
    let search = "search * | dedup group sortby _time | table id";
    assert_eq!(rows(&lines, search), kept(&oldest, |l| l.group.clone()));
    let search = "search * | eval g=floor(size/100) | dedup g group | table id";
    let both = kept(&newest, |l| Some(format!("{} {}", l.size.div_euclid(100), l.group.as_ref()?)));
    assert_eq!(rows(&lines, search), both);
}

#[test]
fn distinct_values_are_those_of_a_set() {
    let lines = lines();
    let mut groups: BTreeMap<i64, [BTreeSet<String>; 3]> = BTreeMap::new();
    for line in &lines {
        // A group with nearly all rows, one with some, and many with few.
        let group = match line.size {
            0.. => 0,
            -100_000..0 => 1,
            _ => line.size.div_euclid(50_000),
        };
        let [names, texts, sizes] = groups.entry(group).or_default();
        names.insert(line.name.clone());
        texts.extend(line.group.clone());
        sizes.insert((line.size / 1000).to_string());
    }
    let wanted: Vec<Vec<String>> = groups
        .iter()
        .map(|(group, [names, texts, sizes])| {
            let list = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join("|");
            let count = names.len().to_string();
            vec![group.to_string(), count, list(texts), list(sizes)]
        })
        .collect();
    let search = "search * | eval g=case(size>=0, 0, size>=-100000, 1, true(), floor(size/50000)), \
                  k=if(size<0, ceiling(size/1000), floor(size/1000)) \
                  | stats dc(name) AS n values(group) AS v values(k) AS s by g";
    assert_eq!(rows(&lines, search), wanted);
    let all = lines.iter().map(|l| &l.name).collect::<BTreeSet<_>>().len();
    assert_eq!(rows(&lines, "search * | stats dc(name)"), [[all.to_string()]]);
}

#[test]
fn little_memory_changes_no_result() {
    let lines = lines();
    for search in [
        "search * | sort 0 size name | table id",
        "search * | dedup name | table id",
        "search * | streamstats count AS n | dedup name | table id n",
        "search * | dedup 2 name group | table id",
        "search * | dedup name keepempty=t keepevents=t | table id name",
        "search * | stats count max(size) by name | stats sum(count) max(\"max(size)\") dc(name)",
        "search * | stats dc(group) AS n by name | stats sum(n)",
        "search * | stats count by name group | sort 0 - count name | table name group",
        "search * | eventstats count avg(size) AS mean by group | where size>mean+400000 | table id",
        "search * | eventstats count avg(size) AS mean by name | where count>1 AND size>mean | table id",
        "search * | eventstats allnum=t max(size) AS most by name, group | table id most",
        "search * | streamstats count sum(size) AS s by name | where count>1 | table id s",
        "search * | streamstats current=f window=2 global=f last(id) AS before by name | table id before",
        "search * | streamstats time_window=1h dc(id) AS n by name | where n>1 | table id n",
        "search * | streamstats reset_before=(id%50000=3) count sum(size) AS s by name \
         | where count>1 | table id s",
        "search * | transaction name maxpause=1h | streamstats count AS n \
         | where eventcount>1 OR n%100=0 | table n _time name duration eventcount closed_txn id",
        "search * | join group [search * | stats max(size) AS most by group] | stats sum(most)",
        "search * | appendpipe [stats count AS id] | tail 3 | table id",
    ] {
        let little = answer(&lines, search, Some(32 << 20));
        let little = little.unwrap_or_else(|e| panic!("{search}: {e:?}"));
        let much = rows(&lines, search);
        // Sums of parts differ in their last digits.
        assert_eq!(little.len(), much.len(), "{search}");
        assert_eq!(little, much, "{search}");
    }
}

/// Rows between partitions go to disk from several at once, and none waits for what only another
/// could write: https://github.com/apache/datafusion/issues/24883.
#[test]
fn what_goes_to_disk_from_several_parts_at_once_comes_to_an_end() {
    let lines = lines();
    let of = |memory, timeout| {
        let config = Config { partitions: 8, batch_size: 64, memory, timeout, ..Config::default() };
        let session = Session::new(config).unwrap();
        let search = "search * | stats count by name group | stats count by group";
        over(&session, Arc::new(Table::of(&lines)), search)
    };
    let much = of(None, None).unwrap();
    for memory in 12..24 {
        let little = of(Some(memory << 20), Some(Duration::from_secs(120)));
        let little = little.unwrap_or_else(|e| panic!("{memory} MB: {e:?}"));
        assert_eq!(little, much, "{memory} MB");
    }
}

/// With a limit, results of many groups are put into the rows in another way.
#[test]
fn rows_in_several_of_many_groups_hold_the_results_of_all() {
    let lines = lines();
    let search = "search * | eval k=case(id%1000=7, mvappend(name, \"g\".(id%7000)), id!=3, name) \
                  | eventstats values(size) AS most by k | where mvcount(most)>1 OR isnull(most) \
                  | table id most";
    let much = rows(&lines, search);
    assert!(much.iter().any(|row| row[1].contains('|')) && much.len() < 9000, "{}", much.len());
    assert_eq!(answer(&lines, search, Some(1 << 30)).unwrap(), much);
}

/// What takes rows between partitions gathers them by number, and counts none that it gathers.
#[test]
fn states_that_hold_many_values_are_not_gathered() {
    let source: Arc<dyn EventSource> = Arc::new(Table::of(&lines()));
    let session = Session::new(Config { partitions: 3, ..Config::default() }).unwrap();
    let knowledge = Only(base("addon: none\ndescription: None.\n", ""));
    let gathered = |fold: &str| {
        let search = format!("search * | stats {fold} by group");
        let prepared = prepare("search", &search, knowledge.macros());
        let (_, physical) = session
            .explain(&Search {
                prepared: &prepared,
                env: Arc::new(Env::default()),
                source: Some(source.clone()),
                knowledge: &knowledge,
                out: FieldSet::all(),
            })
            .unwrap();
        assert!(physical.contains("RepartitionExec: partitioning=Hash"), "{physical}");
        !physical.contains("HeavyExec")
    };
    for fold in ["count", "sum(size)"] {
        assert!(gathered(fold), "{fold}");
    }
    for fold in ["dc(name)", "values(name)", "list(name)", "count values(size)", "median(size)"] {
        assert!(!gathered(fold), "{fold}");
    }
}

#[test]
fn what_cannot_go_to_disk_ends_with_a_name() {
    let lines = lines();
    for search in [
        "search * | reverse | table id name group",
        "search * | streamstats reset_after=(id=7) count by name | stats max(count)",
        "search * | transaction name group | stats count",
        "search * | stats values(name) list(name) by _time | table *",
        "search * | table *",
    ] {
        match answer(&lines, search, Some(1 << 20)) {
            Err(RunError::Diagnostic(d)) => assert_eq!(d.code.id, "run::out-of-memory", "{search}"),
            other => panic!("{search}: {:?}", other.map(|rows| rows.len())),
        }
    }
}

#[test]
fn a_file_that_tells_what_it_holds_gives_the_same_rows() {
    let lines = lines();
    let table = Table::of(&lines);
    let path = std::env::temp_dir().join(format!("davy-large-{}.parquet", std::process::id()));
    let groups = WriterProperties::builder().set_max_row_group_row_count(Some(4000)).build();
    let file = File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, table.0.schema(), Some(groups)).unwrap();
    for part in lines.chunks(4000) {
        writer.write(&batch(part)).unwrap();
    }
    writer.close().unwrap();
    let session = Session::new(Config { partitions: 3, ..Config::default() }).unwrap();
    let source = Arc::new(ParquetSource::open(&session, std::slice::from_ref(&path)).unwrap());
    let some = lines[ROWS / 2].size;
    for search in [
        "search * | sort 10 - size | table id",
        "search * | sort 25 - _time, size | table id",
        "search * | head 12 | table id _time",
        "search * | sort 15 group, - size | table id group",
        &format!("search size={some} | table id"),
        &format!("search size IN ({some}, 17, 23.0, x) size!=17 | sort id | table id"),
        "search size>=499900 | sort id | table id",
        "search NOT size<499900 | sort id | table id",
        "search * | where size>499900 | sort id | table id",
        "search * | where group=\"group 7 of the five hundred\" AND size>0 | sort id | table id",
        "search * | where name!=\"n1\" | stats count",
    ] {
        let found = over(&session, source.clone(), search);
        let found = found.unwrap_or_else(|e| panic!("{search}: {e:?}"));
        assert!(!found.is_empty(), "{search}");
        assert_eq!(found, rows(&lines, search), "{search}");
    }
    std::fs::remove_file(path).unwrap();
}
