//! Windows events as XML text.

use crate::{XML, read, stream, values};
use davy_events::ProblemKind;

const ONE: &str = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
    <Provider Name='Ore' Guid='{1}'/><EventID Qualifiers='16384'>7045</EventID>\
    <TimeCreated SystemTime='2026-05-04T09:30:00.500000000Z'/><EventRecordID>7</EventRecordID>\
    <Channel>System</Channel><Computer>pit.mine.example</Computer></System><EventData>\
    <Data Name='ServiceName'>drill</Data><Data>loose</Data><Data>ends</Data>\
    <Data Name='Path'>C:\\a &amp; b</Data></EventData></Event>";

#[test]
fn one_or_more_events_a_line_are_read() {
    let text = format!("{ONE}\n{ONE}{ONE}\n\n{ONE}");
    for read in [read(text.as_bytes()), stream(text.as_bytes())] {
        assert_eq!(read.rows.len(), 4);
        assert!(read.problems.is_empty(), "{:?}", read.problems);
        let row = &read.rows[3];
        assert_eq!(row["EventCode"], "7045");
        assert_eq!(row["Qualifiers"], "16384");
        assert_eq!(row["Path"], "C:\\a &amp; b");
        assert_eq!(values(row, "Data"), ["loose", "ends"]);
        assert_eq!(row["_raw"], ONE);
        assert_eq!(row["source"], "XmlWinEventLog:System");
        assert_eq!(read.times[3], 1_777_887_000.5);
    }
}

#[test]
fn a_pretty_printed_document_gives_the_same_events() {
    let plain = read(ONE.as_bytes());
    let pretty = ONE.replace("><", ">\r\n    <").replace('\'', "\"");
    let document =
        format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Events>\n{pretty}\n</Events>\n");
    let read = read(document.as_bytes());
    assert!(read.problems.is_empty(), "{:?}", read.problems);
    assert_eq!(read.rows, plain.rows);
}

#[test]
fn utf_16_is_read_in_both_orders() {
    let plain = read(XML);
    let text = std::str::from_utf8(XML).unwrap();
    let little: Vec<u8> =
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> =
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    assert_eq!(read(&little).rows, plain.rows);
    assert_eq!(read(&big).rows, plain.rows);
    assert_eq!(stream(&big).rows, plain.rows);
}

#[test]
fn an_event_cut_short_keeps_what_came_before() {
    let cut = &ONE[..ONE.find("ends").unwrap()];
    let text = format!("{cut}\n{ONE}\n{cut}");
    let read = read(text.as_bytes());
    assert_eq!(read.rows.len(), 3);
    let kinds: Vec<ProblemKind> = read.problems.iter().map(|p| p.kind).collect();
    assert_eq!(kinds, [ProblemKind::Truncated, ProblemKind::Truncated]);
    for at in [0, 2] {
        assert_eq!(read.rows[at]["ServiceName"], "drill");
        assert!(!read.rows[at].contains_key("Path"));
    }
    assert_eq!(read.rows[1]["Path"], "C:\\a &amp; b");
}

#[test]
fn entities_are_never_expanded_and_wrong_tags_do_no_harm() {
    let bomb = "<!DOCTYPE lolz [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>";
    let event =
        ONE.replace("drill", "&b;&unknown;").replace("</Data></EventData>", "</Datum></EventData>");
    let read = read(format!("{bomb}\n{event}").as_bytes());
    assert_eq!(read.rows.len(), 1);
    assert_eq!(read.rows[0]["ServiceName"], "&b;&unknown;");
    assert_eq!(read.rows[0]["EventCode"], "7045");
}

#[test]
fn a_name_in_system_and_in_data_has_both_values() {
    let event = ONE.replace("ServiceName", "Name");
    assert_eq!(values(&read(event.as_bytes()).rows[0], "Name"), ["Ore", "drill"]);
}
