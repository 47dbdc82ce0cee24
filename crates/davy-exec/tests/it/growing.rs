//! Files that grow give, of what is new alone, the answers of one whole reading.

use crate::many::{ADDON, Dice, Quiet, event, filter, rest, shown};
use crate::{Only, base};
use davy_events::{Meta, Options};
use davy_exec::{
    Config, EventSource, FileSource, GrowingFiles, Input, Place, Prepared, Search, Session, prepare,
};
use davy_plan::{Env, FieldSet, Knowledge};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder of its own, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("davy-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn source(&self) -> FileSource {
        let mut files: Vec<PathBuf> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let input = |path: PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let sourcetype = name.starts_with('m').then(|| "made:json".to_owned());
            let meta = Meta { name, sourcetype, now: 1_777_000_000.0, ..Meta::default() };
            Input { place: Place::File(path), meta }
        };
        FileSource::new(files.into_iter().map(input).collect(), Options::default())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn sample(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)).unwrap()
}

/// Lines of which some tell no time.
fn lines(dice: &mut Dice, count: usize) -> Vec<u8> {
    let mut out = String::new();
    for at in 0..count {
        let (user, code) = (dice.pick(&["alice", "BOB", "x"]), dice.roll(3));
        if dice.roll(3) > 0 {
            out.push_str(&format!("2026-05-04T10:{:02}:{:02}Z ", at / 60 % 60, at % 60));
        }
        out.push_str(&format!("code={code} user={user} kind={}\n", dice.roll(3)));
    }
    out.into_bytes()
}

fn json(dice: &mut Dice, count: usize) -> Vec<u8> {
    let mut out = String::new();
    for at in 0..count {
        let text = event(dice, at);
        match dice.roll(6) {
            0 => out.push_str(&format!(
                "{{\"x\":1,{}",
                text.split_once(',').map_or("\"y\":2}", |t| t.1)
            )),
            _ => out.push_str(&text),
        }
        out.push('\n');
    }
    out.into_bytes()
}

fn searches(dice: &mut Dice, knowledge: &Only, count: usize) -> Vec<Prepared> {
    let fixed = [
        "search EventCode=1007 | stats count min(_time) AS first BY Computer SubjectName",
        "search EventCode=* | table _time _raw EventCode",
        "search code=* | streamstats count AS n BY user | table _time user n",
        "search user=alice | head 5 | table _time _raw",
    ];
    let made = (0..count).map(|_| format!("search {} {}", filter(dice, 2), rest(dice)));
    fixed
        .iter()
        .map(|text| (*text).to_owned())
        .chain(made)
        .map(|text| {
            let prepared = prepare("search", &text, knowledge.macros());
            assert!(!prepared.diags.has_errors(), "{text}: {:?}", prepared.diags.list());
            prepared
        })
        .collect()
}

/// What all searches give over a source.
fn answers(
    session: &Session,
    searches: &[Prepared],
    knowledge: &Only,
    source: &Arc<dyn EventSource>,
    env: &Arc<Env>,
) -> Vec<String> {
    let all: Vec<Search<'_>> = searches
        .iter()
        .map(|prepared| Search {
            prepared,
            env: env.clone(),
            source: Some(source.clone()),
            knowledge,
            out: FieldSet::all(),
        })
        .collect();
    let many = session.run_many(&all[..], source, &Arc::default(), &Quiet).unwrap();
    all.iter().zip(many.answers).map(|(search, answer)| shown(search.prepared, answer)).collect()
}

#[test]
fn what_is_new_and_what_was_kept_is_one_whole_reading() {
    let mut dice = Dice(20_261_126);
    let knowledge = Only(base(ADDON, ""));
    let searches = searches(&mut dice, &knowledge, 30);
    let session = Session::new(Config { partitions: 2, ..Config::default() }).unwrap();
    let folder = Folder::new("growing");
    let mut evtx = sample("certificate_export.evtx");
    for _ in 0..3 {
        let chunk = evtx[4096..4096 + 65_536].to_vec();
        evtx.extend(chunk);
    }
    let csv: String = (0..200)
        .map(|n| format!("2026-05-04T11:00:{:02}Z,{},u{}\n", n % 60, n % 3, n % 5))
        .collect();
    let mut files: Vec<(&str, Vec<u8>, usize)> = vec![
        ("made.json", json(&mut dice, 300), 0),
        ("lines.log", lines(&mut dice, 300), 0),
        ("table.csv", format!("_time,code,user\n{csv}").into_bytes(), 0),
        ("log.evtx", evtx, 0),
        ("array.json", sample("build_server.json"), 0),
        ("events.xml", sample("workstation.xml"), 0),
        ("made-too.json", json(&mut dice, 100), 0),
    ];
    let growing = GrowingFiles::default();
    let (mut read, mut whole, mut found) = (0, 0, 0);
    for step in 0..24 {
        for (at, (name, bytes, length)) in files.iter_mut().enumerate() {
            // One file comes late, and stands before others.
            if dice.roll(3) == 0 || (at == 6 && step < 8) {
                continue;
            }
            *length = (*length + dice.roll(bytes.len() / 8 + 2)).min(bytes.len());
            fs::write(folder.0.join(&name), &bytes[..*length]).unwrap();
        }
        match step {
            // A file that was rotated begins anew, and one goes.
            10 => {
                files[1].1 = lines(&mut dice, 200);
                files[1].2 = 100;
                fs::write(folder.0.join("lines.log"), &files[1].1[..100]).unwrap();
            }
            14 => fs::remove_file(folder.0.join("made.json")).unwrap(),
            _ => {}
        }
        let env = Env {
            earliest: if step > 16 { 1_777_888_800.0 + step as f64 } else { 0.0 },
            ..Env::default()
        };
        let env = Arc::new(env);
        let fresh: Arc<dyn EventSource> = Arc::new(folder.source().copied());
        let look = growing.look(folder.source());
        let grown: Arc<dyn EventSource> = Arc::new(look.clone());
        let wanted = answers(&session, &searches, &knowledge, &fresh, &env);
        let got = answers(&session, &searches, &knowledge, &grown, &env);
        for (search, (got, wanted)) in searches.iter().zip(got.iter().zip(&wanted)) {
            let differs = got.lines().zip(wanted.lines()).find(|(a, b)| a != b);
            assert!(differs.is_none(), "step {step}: {}: {differs:?}", search.expanded);
            assert_eq!(got.len(), wanted.len(), "step {step}: {}", search.expanded);
            found += usize::from(!got.is_empty());
        }
        read = look.bytes_read();
        let sizes = fs::read_dir(&folder.0).unwrap().map(|f| f.unwrap().metadata().unwrap().len());
        whole += sizes.sum::<u64>();
    }
    assert!(found > 200, "{found}");
    assert!(read * 3 < whole, "{read} bytes of {whole} were read");
}

#[test]
fn of_a_file_that_grows_only_what_is_new_is_read() {
    let mut dice = Dice(7);
    let knowledge = Only(base(ADDON, ""));
    let searches = searches(&mut dice, &knowledge, 1);
    let session = Session::new(Config { partitions: 1, ..Config::default() }).unwrap();
    let folder = Folder::new("growing-only");
    let evtx = sample("certificate_export.evtx");
    let chunk = evtx[4096..4096 + 65_536].to_vec();
    let growing = GrowingFiles::default();
    let read_by = |name: &str, bytes: &[u8]| {
        fs::write(folder.0.join(name), bytes).unwrap();
        let look = growing.look(folder.source());
        let before = look.bytes_read();
        let source: Arc<dyn EventSource> = Arc::new(look.clone());
        answers(&session, &searches, &knowledge, &source, &Arc::new(Env::default()));
        look.bytes_read() - before
    };
    let lines = json(&mut dice, 1000);
    assert_eq!(read_by("made.json", &lines), lines.len() as u64);
    let more = [&lines[..], b"{\"code\":1}\n{\"code\":2"].concat();
    assert_eq!(read_by("made.json", &more), 20);
    // The line that was torn is read again when it is whole.
    assert_eq!(read_by("made.json", &[&more[..], b"2}\n"].concat()), 12);
    // Only its chunks that are new, and the header that they need.
    let two = [&evtx[..], &chunk[..]].concat();
    assert_eq!(read_by("log.evtx", &two), two.len() as u64);
    let three = [&two[..], &chunk[..]].concat();
    assert_eq!(read_by("log.evtx", &three), 4096 + 65_536);
    // In a table the names of the columns stand at the beginning.
    assert_eq!(read_by("table.csv", b"code,user\n1,ann\n"), 16);
    assert_eq!(read_by("table.csv", b"code,user\n1,ann\n2,bob\n"), 22);
}
