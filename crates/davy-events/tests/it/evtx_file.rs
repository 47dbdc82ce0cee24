//! EVTX, and that the three forms of the same events are the same events.

use crate::{Collect, EVTX, JSON, XML, gather, meta, names, read, read_with};
use davy_events::{Decoder, Meta, Options, ProblemKind, Want};
use std::io::{Cursor, Read, Seek, SeekFrom};

#[test]
fn the_sample_is_a_valid_file() {
    let settings = evtx::ParserSettings::default().validate_checksums(true);
    let mut parser =
        evtx::EvtxParser::from_buffer(EVTX.to_vec()).unwrap().with_configuration(settings);
    assert!(parser.header().validate_checksum());
    assert_eq!(parser.records().filter(|record| record.is_ok()).count(), 6);
}

#[test]
fn fields_are_named_as_the_add_on_names_them() {
    let read = read(EVTX);
    assert_eq!(read.counts.events, 6);
    let row = &read.rows[3];
    let expect = [
        ("EventCode", "1007"),
        ("EventID", "1007"),
        ("EventRecordID", "4104"),
        ("RecordNumber", "4104"),
        ("Computer", "WS-ORE-07.mine.example"),
        ("host", "WS-ORE-07.mine.example"),
        ("Guid", "{bc0669e1-a10d-4a78-834e-1ca3c806c93b}"),
        ("Keywords", "0x8000000000000000"),
        ("SystemTime", "2026-05-04T06:19:26.6662968Z"),
        ("ProcessID", "6244"),
        ("ThreadID", "1980"),
        ("UserID", "S-1-5-21-1004-2008-3012-1107"),
        ("sourcetype", "XmlWinEventLog"),
        ("index", "main"),
        (
            "source",
            "XmlWinEventLog:Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational",
        ),
    ];
    for (name, value) in expect {
        assert_eq!(row.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(read.times[3], 1_777_875_566.666_297);
    let process = &read.rows[4];
    // As it stands in the XML, which is what Splunk's extractions see.
    assert_eq!(process["CommandLine"], "notepad.exe shift &amp; stope.txt");
    let logon = &read.rows[0];
    assert_eq!(logon["IpAddress"], "-");
    assert!(!logon.contains_key("IpPort"), "a value that is empty is no field");
    assert!(!logon.contains_key("ActivityID"));
}

#[test]
fn entities_can_be_decoded() {
    let options = Options { decode_entities: true, ..Options::default() };
    for bytes in [EVTX, XML] {
        let read = read_with(bytes, &meta(), &options);
        assert_eq!(read.rows[4]["CommandLine"], "notepad.exe shift & stope.txt");
        assert!(read.rows[4]["EventData_Xml"].contains("shift &amp; stope"));
    }
}

#[test]
fn evtx_xml_and_json_give_the_same_events() {
    let evtx = read(EVTX);
    for (form, bytes) in [("xml", XML), ("json", JSON)] {
        let other = read(bytes);
        assert_eq!(other.rows.len(), evtx.rows.len());
        assert_eq!(other.times, evtx.times, "{form}");
        for (a, b) in evtx.rows.iter().zip(&other.rows) {
            assert_eq!(a, b, "{form}");
        }
    }
}

#[test]
fn what_is_stated_stands_in_place_of_what_is_derived() {
    let stated = Meta {
        source: Some("XmlWinEventLog:Other".to_owned()),
        sourcetype: Some("xmlwineventlog".to_owned()),
        host: Some("stated".to_owned()),
        index: Some("win".to_owned()),
        ..meta()
    };
    for bytes in [EVTX, XML, JSON] {
        for row in read_with(bytes, &stated, &Options::default()).rows {
            let got = ["source", "sourcetype", "host", "index"].map(|name| row[name].as_str());
            assert_eq!(got, ["XmlWinEventLog:Other", "xmlwineventlog", "stated", "win"]);
        }
    }
}

#[test]
fn a_file_cut_anywhere_gives_the_records_before_the_cut() {
    let whole = read(EVTX).rows;
    let mut last = whole.len();
    for cut in (4097..9000).rev().step_by(97) {
        let part = read(&EVTX[..cut]);
        assert!(part.counts.problems > 0, "cut at {cut}");
        assert!(part.rows.len() <= last);
        assert_eq!(part.rows[..], whole[..part.rows.len()], "cut at {cut}");
        last = part.rows.len();
    }
    assert!(last < 2);
    assert_eq!(read(&EVTX[..4096]).problems[0].kind, ProblemKind::Truncated);
}

#[test]
fn a_damaged_record_is_told_and_the_others_are_read() {
    let mut bytes = EVTX.to_vec();
    // The magic of the second record.
    let places: Vec<usize> = (4096 + 512..bytes.len() - 4)
        .filter(|at| bytes[*at..*at + 4] == [0x2a, 0x2a, 0, 0])
        .collect();
    bytes[places[1]] = 0;
    let read = read(&bytes);
    assert_eq!(read.rows.len(), 5);
    assert_eq!(read.problems.len(), 1);
    assert_eq!(read.problems[0].offset, Some(places[1] as u64));
}

/// A file, and how many of its bytes were read.
struct Counting<'b>(Cursor<&'b [u8]>, usize);

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1 += count;
        Ok(count)
    }
}

impl Seek for Counting<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

/// What a file comes to that is sought in, and how much of it was read.
fn sought(bytes: &[u8]) -> (crate::Read, usize) {
    let want = Want::Fields { names: names(&["__seq", "_time"]), rest: true };
    let mut decoder = Decoder::new(&want, Options::default());
    let mut sink = Collect::default();
    let mut file = Counting(Cursor::new(bytes), 0);
    let counts =
        decoder.decode_file(&mut file, bytes.len() as u64, &meta(), &mut sink).expect("no error");
    decoder.finish(&mut sink);
    (gather(sink, counts), file.1)
}

/// Two chunks that are in use, in a file with room for more.
fn roomy() -> Vec<u8> {
    let mut bytes = EVTX.to_vec();
    bytes.extend_from_slice(&EVTX[4096..]);
    bytes.extend(std::iter::repeat_n(0, 20 * 65_536));
    in_use(&mut bytes, 2);
    bytes
}

/// Says in a file's header how many chunks are in use.
fn in_use(bytes: &mut [u8], chunks: u16) {
    bytes[42..44].copy_from_slice(&chunks.to_le_bytes());
    let sum = crc32fast::hash(&bytes[..120]);
    bytes[124..128].copy_from_slice(&sum.to_le_bytes());
}

#[test]
fn a_file_that_is_sought_in_gives_what_its_bytes_give() {
    let mut files: Vec<Vec<u8>> = vec![EVTX.to_vec(), XML.to_vec(), JSON.to_vec(), roomy()];
    files.extend((0..140_000).step_by(1931).map(|cut| roomy()[..cut.min(EVTX.len() * 2)].to_vec()));
    let mut seed = 11u64;
    let mut roll = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (seed >> 33) as usize % below
    };
    for _ in 0..200 {
        let mut bytes = roomy();
        for _ in 0..=roll(3) {
            // In the headers, in records, and where nothing is in use.
            let at = match roll(4) {
                0 => roll(4096),
                1 => 4096 + roll(600),
                2 => 4096 + roll(8000) + 65_536 * roll(2),
                _ => roll(bytes.len()),
            };
            bytes[at] = roll(256) as u8;
        }
        files.push(bytes);
    }
    let mut damaged = 0;
    for bytes in &files {
        let (file, whole) = (sought(bytes).0, read(bytes));
        assert_eq!(file.counts, whole.counts);
        assert_eq!(file.problems, whole.problems);
        assert_eq!(file.rows, whole.rows);
        assert_eq!(file.times, whole.times);
        damaged += usize::from(!whole.problems.is_empty());
    }
    assert!(damaged > 50, "{damaged}");
}

#[test]
fn of_a_file_only_what_is_in_use_is_read() {
    let bytes = roomy();
    let (read, count) = sought(&bytes);
    assert_eq!(read.rows.len(), 12);
    assert!(count < 64 << 10, "{count}");
    // Where the header does not say that nothing follows, all is looked at.
    let mut open = bytes.clone();
    open[120] = 1;
    assert!(sought(&open).1 > bytes.len() / 2);
}

#[test]
fn chunks_that_the_header_does_not_know_are_read() {
    let mut bytes = roomy();
    in_use(&mut bytes, 1);
    assert_eq!(read(&bytes).rows.len(), 12);
    assert_eq!(sought(&bytes).0.rows.len(), 12);
    // What is no chunk is told, in a place where one may be and where none is.
    let damaged = 4096 + 9 * 65_536;
    bytes[damaged] = b'x';
    for read in [read(&bytes), sought(&bytes).0] {
        assert_eq!(read.problems.len(), 1);
        assert_eq!(read.problems[0].offset, Some(damaged as u64));
    }
}
