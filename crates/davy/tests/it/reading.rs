//! How texts break into events and when these happened, as an app's `props.conf` says.
//!
//! Expected results: props.conf.spec, "Line breaking", "Timestamp extraction configuration", SEDCMD.

use crate::{Folder, davy};
use serde_json::Value;

fn app(name: &str, props: &str) -> Folder {
    let folder = Folder::new(name);
    folder.file("app/default/props.conf", props);
    folder
}

/// The events' times and texts, the first one first.
fn read(folder: &Folder, log: &str, stated: &[&str]) -> Vec<(f64, String)> {
    let app = format!("{}/app", folder.path());
    let spl = "index=main | sort 0 _time __seq | eval t=_time | table t _raw";
    let args = ["search", spl, "--app", &app, "-i", log, "--format", "json", "--now", "1790000000"];
    let out = davy(&[&args[..], stated].concat(), "");
    // 1: all was read, but for bytes that are no text.
    assert!(out.status <= 1, "{}", out.err);
    let list = out.json().as_array().cloned().unwrap_or_default();
    let text = |event: &Value| event["_raw"].as_str().unwrap_or_default().to_owned();
    list.iter().map(|event| (event["t"].as_f64().unwrap_or_default(), text(event))).collect()
}

const TRACE: &str = "04.05.2026 09:12:33,123 ERROR card=1234567890123456\n\tat x.y(z)\n\n\tat \
                     a.b(c)\n04.05.2026 09:12:34,000 INFO ok\n";

#[test]
fn a_pattern_ends_lines_and_a_format_reads_times() {
    let folder = app(
        "reading",
        "[acme:java]\nSHOULD_LINEMERGE = false\nLINE_BREAKER = ([\\r\\n]+)\\d{2}\\.\\d{2}\\.\\d{4}\n\
         TIME_PREFIX = ^\nTIME_FORMAT = %d.%m.%Y %H:%M:%S,%3N\nTZ = Europe/Berlin\n\
         SEDCMD-mask = s/card=\\d{12}/card=xxxx/g\n[source::*other.log]\nsourcetype = acme:java\n",
    );
    let log = folder.file("app.log", TRACE);
    let stated = ["--sourcetype", "acme:java"];
    let want = vec![
        (
            1_777_878_753.123,
            "04.05.2026 09:12:33,123 ERROR card=xxxx3456\n\tat x.y(z)\n\n\tat a.b(c)".to_owned(),
        ),
        (1_777_878_754.0, "04.05.2026 09:12:34,000 INFO ok".to_owned()),
    ];
    assert_eq!(read(&folder, &log, &stated), want);
    // A source that an app gives a sourcetype is read by what is said of that.
    let other = folder.file("other.log", TRACE);
    assert_eq!(read(&folder, &other, &[]), want);
    assert_ne!(read(&folder, &log, &[]), want, "nothing is said of this one");
}

#[test]
fn lines_are_put_together_by_patterns() {
    let log =
        "#1 when=2026-01-02T03:04:05Z\n more\n#2 nothing\n#3 when=2026-01-02T03:04:09Z\nend\n";
    let texts = |name: &str, settings: &str| -> Vec<String> {
        let folder = app(name, &format!("[a]\n{settings}\n"));
        let log = folder.file("a.log", log);
        read(&folder, &log, &["--sourcetype", "a"]).into_iter().map(|(_, text)| text).collect()
    };
    let [one, three] = ["#1 when=2026-01-02T03:04:05Z", "#3 when=2026-01-02T03:04:09Z"];
    assert_eq!(
        texts("merge-before", "BREAK_ONLY_BEFORE = ^#"),
        [format!("{one}\n more"), "#2 nothing".into(), format!("{three}\nend")]
    );
    // As nothing else is said: a line with a date begins an event.
    let by_date = [format!("{one}\n more\n#2 nothing"), format!("{three}\nend")];
    assert_eq!(texts("merge-date", "TIME_PREFIX = when="), by_date);
    assert_eq!(
        texts("merge-after", "BREAK_ONLY_BEFORE = ^#3\nMUST_BREAK_AFTER = more"),
        [format!("{one}\n more"), "#2 nothing".into(), format!("{three}\nend")]
    );
    assert_eq!(
        texts("merge-not", "BREAK_ONLY_BEFORE = ^#\nMUST_NOT_BREAK_BEFORE = nothing"),
        [format!("{one}\n more\n#2 nothing"), format!("{three}\nend")]
    );
    assert_eq!(
        texts("merge-held", "BREAK_ONLY_BEFORE = ^#\nMUST_NOT_BREAK_AFTER = more"),
        [format!("{one}\n more\n#2 nothing\n{three}\nend")]
    );
    let most = texts("merge-most", "BREAK_ONLY_BEFORE = ^#\nMAX_EVENTS = 1");
    assert_eq!(most.len(), 5);
    assert_eq!(texts("merge-cut", "SHOULD_LINEMERGE = 0\nTRUNCATE = 2")[..2], ["#1", " m"]);
}

#[test]
fn events_without_a_time_have_that_of_the_one_before() {
    let folder = app(
        "reading-times",
        "[a]\nSHOULD_LINEMERGE = false\nTIME_PREFIX = when=\nMAX_TIMESTAMP_LOOKAHEAD = 20\n\
         TZ = America/New_York\n[now]\nDATETIME_CONFIG = CURRENT\n",
    );
    let log = "2020-01-01T00:00:00Z when=2026-01-02T03:04:05Z\n2021-01-01 00:00:00 x\n\
               when=2026-01-02 03:04:05 z\nwhen=far far far far far away 2026-01-02T03:04:05Z\n";
    let log = folder.file("a.log", log);
    let times = |sourcetype: &str| -> Vec<f64> {
        read(&folder, &log, &["--sourcetype", sourcetype]).into_iter().map(|(t, _)| t).collect()
    };
    let (utc, there) = (1_767_323_045.0, 1_767_341_045.0);
    assert_eq!(times("a"), [utc, utc, there, there]);
    assert_eq!(times("now"), [1_790_000_000.0; 4]);
}

#[test]
fn a_long_stream_breaks_as_a_file_does() {
    let folder = app(
        "reading-long",
        "[a]\nSHOULD_LINEMERGE = false\nLINE_BREAKER = (-+\\s*)<\nTIME_PREFIX = at=\n",
    );
    let events = 30_000;
    let log: Vec<u8> = (0..events)
        .flat_map(|i| format!("<{i} at=2026-01-02T03:04:05Z é\nb>---\n").into_bytes())
        .chain(*b"<\xff\xfe odd")
        .collect();
    let path = format!("{}/a.log", folder.path());
    std::fs::write(&path, &log).unwrap();
    let plain = read(&folder, &path, &["--sourcetype", "a"]);
    assert_eq!(plain.len(), events + 1);
    assert!(plain.iter().any(|(_, text)| text == "<7 at=2026-01-02T03:04:05Z é\nb>"));
    assert!(plain.iter().any(|(_, text)| text == "<?? odd"), "bytes that are no text");
    let packed = format!("{path}.gz");
    let mut gz = flate2::write::GzEncoder::new(
        std::fs::File::create(&packed).unwrap(),
        flate2::Compression::fast(),
    );
    std::io::Write::write_all(&mut gz, &log).unwrap();
    gz.finish().unwrap();
    assert_eq!(read(&folder, &packed, &["--sourcetype", "a"]), plain);
}
