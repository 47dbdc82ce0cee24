//! `--mmdb`: `iplocation` with a database of addresses. The database is written here, after the
//! description of the format: <https://maxmind.github.io/MaxMind-DB/>.

use crate::{Folder, davy, shared};
use std::net::Ipv4Addr;

fn text(out: &mut Vec<u8>, text: &str) {
    assert!(text.len() < 29);
    out.push(2 << 5 | text.len() as u8);
    out.extend(text.as_bytes());
}

fn map(out: &mut Vec<u8>, pairs: u8) {
    out.push(7 << 5 | pairs);
}

fn array(out: &mut Vec<u8>, items: u8) {
    out.extend([items, 11 - 7]);
}

fn number(out: &mut Vec<u8>, kind: u8, value: u32) {
    let bytes = value.to_be_bytes();
    let bytes = if kind == 5 { &bytes[2..] } else { &bytes[..] };
    out.push(kind << 5 | bytes.len() as u8);
    out.extend(bytes);
}

fn double(out: &mut Vec<u8>, value: f64) {
    out.push(3 << 5 | 8);
    out.extend(value.to_be_bytes());
}

fn named(out: &mut Vec<u8>, key: &str, name: &str) {
    text(out, key);
    map(out, 1);
    text(out, "names");
    map(out, 1);
    text(out, "en");
    text(out, name);
}

/// A record with all that `iplocation` gives.
fn record(city: &str, region: &str, country: &str) -> Vec<u8> {
    let mut out = Vec::new();
    map(&mut out, 5);
    named(&mut out, "city", city);
    named(&mut out, "country", country);
    named(&mut out, "continent", "Somewhere");
    text(&mut out, "subdivisions");
    array(&mut out, 1);
    map(&mut out, 1);
    text(&mut out, "names");
    map(&mut out, 1);
    text(&mut out, "en");
    text(&mut out, region);
    text(&mut out, "location");
    map(&mut out, 4);
    text(&mut out, "latitude");
    double(&mut out, 12.5);
    text(&mut out, "longitude");
    double(&mut out, -0.25);
    text(&mut out, "metro_code");
    number(&mut out, 5, 807);
    text(&mut out, "time_zone");
    text(&mut out, "Etc/UTC");
    out
}

/// Where a bit of an address leads.
#[derive(Clone, Copy)]
enum Next {
    Nowhere,
    Node(usize),
    Data(usize),
}

/// A database that knows single addresses.
pub(crate) fn database(places: &[(&str, [&str; 3])]) -> Vec<u8> {
    let mut nodes = vec![[Next::Nowhere; 2]];
    let mut data = Vec::new();
    for (ip, [city, region, country]) in places {
        let bits = u32::from(ip.parse::<Ipv4Addr>().unwrap());
        let mut at = 0;
        for depth in (1..32).rev() {
            let side = (bits >> depth & 1) as usize;
            at = match nodes[at][side] {
                Next::Node(next) => next,
                _ => {
                    nodes.push([Next::Nowhere; 2]);
                    nodes[at][side] = Next::Node(nodes.len() - 1);
                    nodes.len() - 1
                }
            };
        }
        nodes[at][(bits & 1) as usize] = Next::Data(data.len());
        data.extend(record(city, region, country));
    }
    let mut out = Vec::new();
    for next in nodes.iter().flatten() {
        let value = match next {
            Next::Nowhere => nodes.len(),
            Next::Node(node) => *node,
            Next::Data(offset) => nodes.len() + 16 + offset,
        };
        out.extend(&u32::try_from(value).unwrap().to_be_bytes()[1..]);
    }
    out.extend([0; 16]);
    out.extend(data);
    out.extend(b"\xab\xcd\xefMaxMind.com");
    map(&mut out, 9);
    for (key, kind, value) in [
        ("node_count", 6, nodes.len() as u32),
        ("record_size", 5, 24),
        ("ip_version", 5, 4),
        ("binary_format_major_version", 5, 2),
        ("binary_format_minor_version", 5, 0),
    ] {
        text(&mut out, key);
        number(&mut out, kind, value);
    }
    text(&mut out, "database_type");
    text(&mut out, "Test-City");
    text(&mut out, "languages");
    array(&mut out, 0);
    text(&mut out, "build_epoch");
    out.extend([1, 9 - 7, 1]);
    text(&mut out, "description");
    map(&mut out, 0);
    out
}

const SEARCH: &str = "| makeresults | eval ip=\"192.0.2.7\" | iplocation allfields=t ip \
                      | table City Region Country Continent MetroCode Timezone lat lon";

#[test]
fn fields_of_an_address() {
    let folder = Folder::new("mmdb");
    let path = folder.file("city.mmdb", database(&[("192.0.2.7", ["Oslo", "Ost", "Norway"])]));
    let ran = davy(&["search", SEARCH, "--mmdb", &path, "--format", "csv"], "");
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(ran.out.lines().nth(1), Some("Oslo,Ost,Norway,Somewhere,807,Etc/UTC,12.5,-0.25"));
    assert_eq!(ran.err, "");
}

#[test]
fn an_address_that_it_does_not_know() {
    let folder = Folder::new("mmdb-unknown");
    let path = folder.file("city.mmdb", database(&[("192.0.2.8", ["Oslo", "Ost", "Norway"])]));
    let ran = davy(&["search", SEARCH, "--mmdb", &path, "--format", "csv"], "");
    assert_eq!(ran.out.lines().nth(1), Some(",,,,,,,"));
}

#[test]
fn without_a_database_a_note_says_how_to_give_one() {
    let ran = davy(&["search", SEARCH, "--format", "csv"], "");
    assert_eq!(ran.status, 0);
    assert_eq!(ran.err.matches("--mmdb FILE").count(), 1, "{}", ran.err);
}

#[test]
fn a_file_of_another_kind() {
    let folder = Folder::new("mmdb-bad");
    let path = folder.file("city.mmdb", "no database");
    let ran = davy(&["search", SEARCH, "--mmdb", &path], "");
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("city.mmdb"), "{}", ran.err);
}

// The two addresses of the recorded sign-ins are in different countries.
#[test]
fn a_detection_that_compares_countries() {
    let (Some(content), Some(data)) = (shared("reference/escu"), shared("reference/attack_data"))
    else {
        return;
    };
    let folder = Folder::new("mmdb-pingid");
    let places = [("74.208.236.210", ["A", "A", "Here"]), ("41.76.192.9", ["B", "B", "There"])];
    let path = folder.file("city.mmdb", database(&places));
    let name = "PingID Mismatch Auth Source and Verification Response";
    let args = ["test", name, "--content", &content, "--data", &data];
    for more in [&["--mmdb", path.as_str()][..], &[]] {
        let ran = davy(&[&args[..], more].concat(), "");
        assert!(ran.err.contains("1 passed, 0 failed"), "{}\n{}", ran.out, ran.err);
    }
}
