//! Input that is broken, huge, or an attack: told, bounded, and the rest is read.

use crate::{EVTX, XML, meta, read, read_with, stream};
use davy_events::{Meta, Options, ProblemKind, mv};
use std::io::Write;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The same noise in every run.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn compressed_input_is_read_through() {
    let plain = read(EVTX).rows;
    assert_eq!(read(&gzip(EVTX)).rows, plain);
    assert_eq!(stream(&gzip(EVTX)).rows, plain);
    assert_eq!(read(&zstd::encode_all(XML, 1).unwrap()).rows, plain);
    let both = archive(&[("a.evtx", EVTX), ("b.xml.gz", &gzip(XML))]);
    assert_eq!(read(&both).rows, [plain.clone(), plain].concat());
}

/// A second reading finds each event by its number, whichever member it is in.
#[test]
fn events_of_all_members_have_numbers_of_their_own() {
    let members: [(&str, &[u8]); 4] =
        [("a.evtx", EVTX), ("b.evtx", EVTX), ("c.xml", XML), ("d.evtx", EVTX)];
    for bytes in [archive(&members), tar(&members)] {
        let all = read(&bytes);
        assert_eq!(all.rows.len(), 4 * read(EVTX).rows.len());
        assert!(all.numbers.windows(2).all(|two| two[0] < two[1]), "{:?}", all.numbers);
        for (number, row) in all.numbers.iter().zip(&all.rows) {
            let meta = Meta { only: Some([*number].into()), ..meta() };
            let again = read_with(&bytes, &meta, &Options::default());
            assert_eq!((again.numbers, again.rows), (vec![*number], vec![row.clone()]));
        }
    }
}

#[test]
fn a_bomb_is_defused_and_the_other_member_read() {
    let zeros = vec![b' '; 64 << 20];
    let bytes = archive(&[("bomb", &zeros), ("good", XML)]);
    let options = Options { max_ratio: 100, ..Options::default() };
    let read = read_with(&bytes, &meta(), &options);
    assert_eq!(read.rows.len(), 6);
    assert_eq!(read.problems.len(), 1);
    assert_eq!(read.problems[0].kind, ProblemKind::Limit);
    let deep = gzip(&gzip(&gzip(XML)));
    assert_eq!(self::read(&deep).problems[0].kind, ProblemKind::Limit);
}

#[test]
fn cut_archives_tell_and_give_what_they_can() {
    let bytes = gzip(&XML.repeat(50));
    let read = read(&bytes[..bytes.len() / 2]);
    assert!(!read.problems.is_empty());
    assert!(!read.rows.is_empty());
    assert_eq!(self::read(&archive(&[("a", XML)])[..100]).problems.len(), 1);
}

/// A tar archive of these files.
fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in members {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        out.extend(header);
        out.extend(*bytes);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

// What collectors write: logs, some of them packed, in one `.tar.gz`.
#[test]
fn members_of_a_tar_are_read() {
    let plain = read(EVTX).rows;
    let both: Vec<_> = plain.iter().chain(&read(XML).rows).cloned().collect();
    let packed = gzip(XML);
    let archive = tar(&[("logs/", b""), ("logs/a.evtx", EVTX), ("logs/b.xml.gz", &packed)]);
    for bytes in [archive.clone(), gzip(&archive)] {
        assert_eq!(read(&bytes).rows, both);
        assert_eq!(stream(&bytes).rows, both);
    }
    let nested = tar(&[("a.tar", &tar(&[("b.tar", &tar(&[("c", XML)]))]))]);
    let got = read(&nested);
    assert_eq!((got.rows.len(), got.problems[0].kind), (0, ProblemKind::Limit));
    let cut = read(&archive[..archive.len() / 2]);
    assert!(!cut.problems.is_empty());
    let mut damaged = tar(&[("a", XML), ("b", XML)]);
    let second = 512 + XML.len().next_multiple_of(512);
    damaged[second + 257] = b'x';
    let got = read(&damaged);
    assert_eq!(got.rows, read(XML).rows);
    assert_eq!(got.problems[0].kind, ProblemKind::Corrupt);
}

#[test]
fn random_bytes_are_told_to_be_no_format() {
    let read = read(&noise(100_000));
    assert_eq!((read.rows.len(), read.problems.len()), (0, 1));
    let mut named = b"ElfFile\0".to_vec();
    named.extend(noise(200_000));
    let read = self::read(&named);
    assert_eq!(read.rows.len(), 0);
    assert!(read.counts.problems > 0);
}

#[test]
fn noise_in_a_file_never_stops_the_reading() {
    let spoil = noise(4000);
    for (round, pair) in spoil.chunks(20).enumerate() {
        let mut bytes = EVTX[..12_000].to_vec();
        for (at, byte) in pair.iter().enumerate() {
            let place = 4608 + (round * 131 + at * 977 + usize::from(*byte) * 17) % 5000;
            bytes[place] = *byte;
        }
        let read = read(&bytes);
        assert!(read.rows.len() <= 7);
        let mut text = XML.to_vec();
        for (at, byte) in pair.iter().enumerate() {
            let place = (round * 31 + at * 277) % text.len();
            text[place] = *byte;
        }
        assert!(!self::read(&text).rows.is_empty());
    }
}

#[test]
fn a_line_of_50_megabytes_is_cut_and_the_next_is_read() {
    let mut bytes = vec![b'x'; 50 << 20];
    bytes.extend(b"\nnext=1\n");
    let options = Options { max_line: 1 << 20, ..Options::default() };
    let read = read_with(&bytes, &meta(), &options);
    assert_eq!(read.rows.len(), 2);
    assert_eq!(read.rows[0]["_raw"].len(), 1 << 20);
    assert_eq!(read.rows[1]["next"], "1");
    assert_eq!(read.problems.len(), 1);
    assert_eq!(read.problems[0].kind, ProblemKind::Limit);
    let streamed = stream(&bytes);
    assert_eq!(streamed.rows.len(), 2);
    assert_eq!(streamed.problems.len(), 1);
    assert_eq!(streamed.rows[1]["next"], "1");
}

#[test]
fn text_that_is_not_utf_8_is_read_and_counted() {
    let read = read(b"a=1 \xff\xfe\nb=2\n");
    assert_eq!(read.rows[0]["_raw"], "a=1 \u{fffd}\u{fffd}");
    assert_eq!(read.problems.len(), 1);
    assert_eq!(read.problems[0].kind, ProblemKind::Encoding);
    let read = self::read(b"{\"a\":\"\xff\"}\n{\"a\":2}\n");
    assert_eq!((read.rows[0]["a"].as_str(), read.rows[1]["a"].as_str()), ("\u{fffd}", "2"));
    assert_eq!(read.problems.len(), 1);
}

#[test]
fn json_nested_ten_thousand_deep_is_a_problem_and_no_crash() {
    let deep = ["{\"a\":".repeat(10_000), "1".to_owned(), "}".repeat(10_000)].concat();
    let text = format!("{deep}\n{{\"a\":2}}\n");
    let read = read(text.as_bytes());
    assert_eq!(read.rows.len(), 2);
    assert_eq!(read.problems.len(), 1);
    assert_eq!(read.problems[0].kind, ProblemKind::Limit);
    assert_eq!(read.rows[1]["a"], "2");
}

#[test]
fn input_cannot_forge_a_multivalue_or_a_packed_field() {
    let text = format!("a={}x{}y b=p\u{fdd3}admin\u{fdd2}yes\n", mv::MARK, mv::SEP);
    let read = read(text.as_bytes());
    assert!(!mv::is_multi(&read.rows[0]["a"]));
    assert!(!read.rows[0].contains_key("admin"));
}

#[test]
fn an_empty_input_is_no_event() {
    for bytes in [b"".as_slice(), b"\n\n", b"  "] {
        let read = read(bytes);
        assert_eq!((read.counts.events, read.problems.len()), (0, 0));
    }
}

// Names that never end and labels of each other cost no more than their length.
#[test]
fn pairs_of_cef_without_an_end() {
    for body in ["=".repeat(1 << 19), "a=".repeat(1 << 18), "aLabel=b ".repeat(1 << 16)] {
        let line = format!("CEF:0|V|P|1|2|n|3|{body}\n");
        let read = read(line.as_bytes());
        assert_eq!(read.rows.len(), 1);
    }
}
