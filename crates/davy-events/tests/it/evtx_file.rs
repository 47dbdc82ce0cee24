//! EVTX, and that the three forms of the same events are the same events.

use crate::{EVTX, JSON, XML, meta, read, read_with};
use davy_events::{Meta, Options, ProblemKind};

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
