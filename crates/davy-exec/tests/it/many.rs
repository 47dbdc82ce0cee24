//! Many searches in one reading give what each gives alone.

use crate::{Only, base};
use davy_events::{Meta, Options};
use davy_exec::{
    Answer, Config, EventSource, FileSource, Input, ManyEvents, Place, Prepared, Search, Session,
    prepare,
};
use davy_plan::{Env, FieldSet, Knowledge, rows_of};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Numbers that look random and are the same each time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as usize % below
    }

    pub(crate) fn pick<'l>(&mut self, list: &[&'l str]) -> &'l str {
        list[self.roll(list.len())]
    }
}

const FIELDS: [&str; 6] = ["code", "user", "image", "host_name", "kind", "dest"];
const VALUES: [&str; 10] =
    ["1", "2", "10", "alice", "BOB", "C:\\\\Windows\\\\cmd.exe", "powershell.exe", "x y", "é", ""];
const WANTED: [&str; 14] = [
    "1",
    "2",
    "1*",
    "alice",
    "ALICE",
    "bo*",
    "*b",
    "*\\\\cmd.exe",
    "*shell*",
    "\"x y\"",
    "é",
    "*",
    "two",
    "\"\"",
];

pub(crate) fn event(dice: &mut Dice, at: usize) -> String {
    let mut text = format!("{{\"_time\":{}", 1_777_890_000 + at);
    for field in FIELDS {
        match dice.roll(5) {
            0 => {}
            1 => {
                let (a, b) = (dice.pick(&VALUES), dice.pick(&VALUES));
                let _ = write!(text, ",\"{field}\":[\"{a}\",\"{b}\"]");
            }
            _ => {
                let _ = write!(text, ",\"{field}\":\"{}\"", dice.pick(&VALUES));
            }
        }
    }
    text.push('}');
    text
}

pub(crate) fn filter(dice: &mut Dice, depth: usize) -> String {
    match dice.roll(if depth == 0 { 4 } else { 8 }) {
        0 | 1 => format!("{}={}", dice.pick(&FIELDS), dice.pick(&WANTED)),
        2 => format!("{}!={}", dice.pick(&FIELDS), dice.pick(&WANTED)),
        3 => match dice.roll(4) {
            0 => format!(
                "{} IN ({}, {})",
                dice.pick(&FIELDS),
                dice.pick(&WANTED),
                dice.pick(&WANTED)
            ),
            1 => format!("code>{}", dice.roll(3)),
            2 => dice.pick(&["alice", "cmd.exe", "power*", "\"x y\""]).to_owned(),
            _ => format!("tag={}", dice.pick(&["one", "all", "never"])),
        },
        4 => format!("NOT ({})", filter(dice, depth - 1)),
        5 => format!("({} OR {})", filter(dice, depth - 1), filter(dice, depth - 1)),
        _ => format!("({} {})", filter(dice, depth - 1), filter(dice, depth - 1)),
    }
}

/// Some of the times of events; most searches ask for all.
fn range(dice: &mut Dice) -> String {
    let from = 1_777_890_000 + dice.roll(240);
    match dice.roll(6) {
        0 => format!("earliest={from}"),
        1 => format!("earliest={from} latest={}", from + 1 + dice.roll(100)),
        _ => String::new(),
    }
}

pub(crate) fn rest(dice: &mut Dice) -> &'static str {
    dice.pick(&[
        "",
        "| stats count",
        "| stats count values(user) AS users by image",
        "| stats dc(code) AS codes min(_time) AS first by host_name kind | where codes > 0",
        "| eval both=user.\"-\".image | dedup both | table both code",
        "| rename user AS who | search who=a* | fields who code",
        "| where match(image, \"(?i)shell\") | head 3 | table image",
        "| eventstats count AS all by user | where all > 2 | table user all",
        "| join user [search code=1 | stats count AS ones by user] | table user ones",
        "| append [search kind=2 | stats count AS twos] | table user twos",
        "| appendpipe [stats count AS n] | table user n",
        "| fillnull value=none user | top user",
    ])
}

pub(crate) fn shown(
    prepared: &Prepared,
    answer: Result<davy_exec::Answer, davy_exec::RunError>,
) -> String {
    match answer {
        Ok(answer) => {
            let rows = rows_of(&answer.schema, &answer.batches).unwrap();
            let mut text = String::new();
            for row in &rows.rows {
                // Where a search keeps all fields, their order says nothing.
                let mut cells: Vec<String> = (rows.names.iter().zip(row))
                    .filter(|(_, value)| !value.is_null())
                    .map(|(name, value)| format!("{name}={:?}", value.values()))
                    .collect();
                cells.sort();
                text.push_str(&cells.join(" "));
                text.push('\n');
            }
            text
        }
        Err(error) => format!("{}: {error}", prepared.expanded),
    }
}

/// A search of all times over a source, of which all fields are wanted.
pub(crate) fn search<'a>(
    prepared: &'a Prepared,
    source: &Arc<dyn EventSource>,
    knowledge: &'a dyn Knowledge,
) -> Search<'a> {
    Search {
        prepared,
        env: Arc::new(Env::default()),
        source: Some(source.clone()),
        knowledge,
        out: FieldSet::all(),
    }
}

pub(crate) struct Quiet;

impl ManyEvents for Quiet {
    fn searched(&self, _: usize, _: usize) {}
}

pub(crate) const ADDON: &str = "
addon: test
description: for tests
stanzas:
  - sourcetype: made:*
    alias: { dest: [host_name] }
    eval: { kind: 'if(code=1, \"one\", \"two\")' }
eventtypes:
  - { name: ones, search: 'sourcetype=made:* code=1', tags: [one] }
  - { name: alls, search: 'sourcetype=made:*', tags: [all] }
";

#[test]
fn a_hunt_of_made_searches_equals_each_alone() {
    let mut dice = Dice(20_261_124);
    let knowledge = Only(base(ADDON, ""));
    let inputs = (0..4)
        .map(|file| {
            let events: Vec<String> = (0..60).map(|at| event(&mut dice, file * 60 + at)).collect();
            Input {
                place: Place::Bytes(Arc::from(events.join("\n").into_bytes())),
                meta: Meta {
                    source: Some(format!("file{file}")),
                    sourcetype: Some(if file == 3 { "other" } else { "made:json" }.to_owned()),
                    name: format!("file{file}"),
                    ..Meta::default()
                },
            }
        })
        .collect();
    let source: Arc<dyn EventSource> = Arc::new(FileSource::new(inputs, Options::default()));
    let searches: Vec<Prepared> = (0..120)
        .map(|_| {
            let (filter, rest) = (filter(&mut dice, 3), rest(&mut dice));
            let text = format!("search {} {filter} {rest}", range(&mut dice));
            let prepared = prepare("search", &text, knowledge.macros());
            assert!(!prepared.diags.has_errors(), "{text}: {:?}", prepared.diags.list());
            prepared
        })
        .collect();
    let session = Session::new(Config { partitions: 2, ..Config::default() }).unwrap();
    let all: Vec<Search<'_>> =
        searches.iter().map(|one| search(one, &source, &knowledge)).collect();
    let many = session.run_many(all.as_slice(), &source, &Arc::default(), &Quiet).unwrap();
    assert_eq!(many.answers.len(), searches.len());
    let mut found = 0;
    for (one, together) in all.iter().zip(many.answers) {
        let together = shown(one.prepared, together);
        let alone = shown(one.prepared, session.run(one));
        assert_eq!(together, alone, "{}", one.prepared.expanded);
        found += usize::from(!together.is_empty());
    }
    // Most of them find something, or nothing would have been compared.
    assert!(found > 50, "{found}");
}

/// Variants of one event differ in fields of which searches ask some: they may share how they are
/// looked at only as far as nobody can tell.
#[test]
fn variants_of_an_event_are_told_apart() {
    let mut dice = Dice(7);
    let knowledge = Only(base(ADDON, ""));
    let event = |dice: &mut Dice| {
        let mut data = String::new();
        for name in ["code", "user", "image", "unasked", "other"] {
            if dice.roll(3) > 0 {
                let value = dice.pick(&["1", "2", "alice", "cmd.exe"]);
                let _ = write!(data, "<Data Name='{name}'>{value}</Data>");
            }
        }
        format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
             <Provider Name='p'/><EventID>1</EventID><Channel>c</Channel>\
             <TimeCreated SystemTime='2026-05-04T11:03:46.6Z'/><Computer>pc</Computer></System>\
             <EventData>{data}</EventData></Event>"
        )
    };
    let events: Vec<String> = (0..300).map(|_| event(&mut dice)).collect();
    let source: Arc<dyn EventSource> = Arc::new(FileSource::new(
        vec![Input {
            place: Place::Bytes(Arc::from(events.join("\n").into_bytes())),
            meta: Meta { sourcetype: Some("made:xml".to_owned()), ..Meta::default() },
        }],
        Options::default(),
    ));
    let session = Session::new(Config { partitions: 2, ..Config::default() }).unwrap();
    let compare = |texts: &[&str]| {
        let prepared = texts.iter().map(|text| prepare("search", text, knowledge.macros()));
        let prepared: Vec<Prepared> = prepared.collect();
        let all: Vec<_> = prepared.iter().map(|one| search(one, &source, &knowledge)).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let many = session.run_many(all.as_slice(), &source, &stop, &Quiet).unwrap();
        for (one, together) in all.iter().zip(many.answers) {
            let together = shown(one.prepared, together);
            assert!(!together.is_empty(), "{}", one.prepared.expanded);
            assert_eq!(together, shown(one.prepared, session.run(one)));
        }
    };
    compare(&["search user=alice | table user code", "search tag=one image=* | table image kind"]);
    // Packed with all others, a field that nobody named is still there.
    compare(&["search code=1 | table code", "search user=alice"]);
}

/// A file large enough to be read in parts gives each event once, on any number of threads, alone
/// and among many searches.
#[test]
fn a_large_file_is_read_in_parts() {
    const COPIES: usize = 300;
    let sample: &[u8] = include_bytes!("../../../../samples/certificate_export.evtx");
    let mut bytes = sample.to_vec();
    (1..COPIES).for_each(|_| bytes.extend_from_slice(&sample[4096..4096 + 65_536]));
    let (alone, events) = of_file(sample, 1, None);
    assert!(events > 0 && !alone[0].is_empty());
    // With so little memory the rows wait on disk for their searches.
    for (threads, waiting) in [(1, None), (3, None), (2, Some(256 << 10))] {
        let (found, read) = of_file(&bytes, threads, waiting);
        assert_eq!(read, events * COPIES as u64);
        assert_eq!(found[0].len(), alone[0].len() * COPIES);
        assert_eq!(found[1], [format!("{}", alone[0].len() * COPIES)]);
        assert_eq!(found[2], found[1]);
        assert_eq!(found[3], ["0"]);
    }
}

/// The `_raw` of each event, oldest first, and their count, each by a search of its own; and how
/// many events were read.
fn of_file(bytes: &[u8], threads: usize, waiting: Option<usize>) -> (Vec<Vec<String>>, u64) {
    let meta = Meta { name: "log.evtx".to_owned(), ..Meta::default() };
    let inputs = vec![Input { place: Place::Bytes(Arc::from(bytes)), meta }];
    let files = FileSource::new(inputs, Options::default());
    let source: Arc<dyn EventSource> = Arc::new(files.clone());
    let knowledge = Only(base(ADDON, ""));
    let texts = [
        "search EventCode=* | fields _raw",
        "search EventCode=* | stats count",
        // In the template of all events.
        "search EventRecordID | stats count",
        "search nowhere_in_any_event | stats count",
    ];
    let prepared = texts.map(|text| prepare("search", text, knowledge.macros()));
    let searches = prepared.each_ref().map(|prepared| search(prepared, &source, &knowledge));
    let mut config = Config { partitions: threads, ..Config::default() };
    config.waiting = waiting.unwrap_or(config.waiting);
    let session = Session::new(config).unwrap();
    let many = session.run_many(searches.as_slice(), &source, &Arc::default(), &Quiet).unwrap();
    let column = |answer: Answer, name: &str| -> Vec<String> {
        let rows = rows_of(&answer.schema, &answer.batches).unwrap();
        let at = rows.column(name).unwrap();
        rows.rows.iter().map(|row| row[at].text().unwrap_or_default().into_owned()).collect()
    };
    let mut found = Vec::new();
    for (answer, name) in many.answers.into_iter().zip(["_raw", "count", "count", "count"]) {
        found.push(column(answer.unwrap(), name));
    }
    let again = column(session.run(&searches[0]).unwrap(), "_raw");
    assert_eq!(found[0], again);
    let reports = files.reports();
    assert_eq!(reports.len(), 1);
    assert!(reports[0].problems.is_empty(), "{:?}", reports[0].problems);
    (found, reports[0].counts.events)
}
