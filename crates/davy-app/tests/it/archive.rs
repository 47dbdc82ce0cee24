//! Archives: what is in them is read in memory, and bounded.

use crate::{acme, acme_files, install};
use davy_app::{AppError, Files, Limits};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// A tar archive with these names, whatever they are.
fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        // The library refuses to write names that lead outside; an attacker does not.
        let name = header.as_old_mut();
        name.name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, bytes.as_slice()).expect("an entry");
    }
    builder.into_inner().expect("an archive").finish().expect("gzip")
}

fn file(path: &str, text: &str) -> (String, Vec<u8>) {
    (path.to_owned(), text.as_bytes().to_vec())
}

#[test]
fn an_archive_is_as_its_folder() {
    let files: Vec<_> =
        acme_files().into_iter().map(|(p, b)| (format!("acme/{p}"), b)).collect();
    let packed = Files::of_archive("x.spl", &archive(&files), Limits::default()).expect("an app");
    assert_eq!(packed.name, "acme");
    let (packed, folder) = (install(&packed), acme());
    assert_eq!(packed.app.stock, folder.app.stock);
    assert_eq!(packed.app.saved, folder.app.saved);
    assert_eq!(packed.app.notes, folder.app.notes);
}

#[test]
fn an_archive_without_a_folder_above() {
    let packed = archive(&[file("./default/app.conf", "[launcher]\nversion = 2\n")]);
    let files = Files::of_archive("x", &packed, Limits::default()).expect("an app");
    assert_eq!(install(&files).app.version.as_deref(), Some("2"));
}

#[test]
fn paths_that_lead_outside_are_refused() {
    for path in ["../evil.conf", "a/../../evil", "/etc/passwd", "a/..\\..\\evil"] {
        let packed = archive(&[file("a/default/app.conf", ""), file(path, "x")]);
        let found = Files::of_archive("x", &packed, Limits::default());
        assert!(matches!(found, Err(AppError::Outside(_))), "{path}: {found:?}");
    }
}

#[test]
fn links_are_not_followed_but_noted() {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(0);
    header.set_entry_type(tar::EntryType::Symlink);
    builder.append_link(&mut header, "a/default/props.conf", "/etc/passwd").expect("a link");
    let mut header = tar::Header::new_gnu();
    header.set_size(0);
    header.set_cksum();
    builder.append_data(&mut header, "a/default/app.conf", &b""[..]).expect("a file");
    let packed = builder.into_inner().expect("an archive").finish().expect("gzip");
    let files = Files::of_archive("x", &packed, Limits::default()).expect("an app");
    assert_eq!(install(&files).notes(), ["a/default/props.conf:0 [] "]);
}

#[test]
fn bounds_hold_while_unpacking() {
    let big = file("a/default/big.conf", &" ".repeat(1 << 20));
    let packed = archive(&[file("a/default/app.conf", ""), big]);
    assert!(packed.len() < 1 << 16);
    let small = Limits { bytes: 1 << 16, ..Limits::default() };
    let found = Files::of_archive("x", &packed, small);
    assert!(matches!(found, Err(AppError::TooLarge(_))), "{found:?}");
    let few = Limits { files: 1, ..Limits::default() };
    assert!(matches!(Files::of_archive("x", &packed, few), Err(AppError::TooMany(1))));
}

#[test]
fn what_is_no_archive_and_what_is_no_app() {
    let limits = Limits::default();
    assert!(matches!(Files::of_archive("x", b"text", limits), Err(AppError::NotAnArchive(_))));
    let mut cut = archive(&[file("a/default/app.conf", &"x".repeat(4000))]);
    cut.truncate(cut.len() / 2);
    assert!(matches!(Files::of_archive("x", &cut, limits), Err(AppError::NotAnArchive(_))));
    let packed = archive(&[file("a/readme", "x")]);
    assert!(matches!(Files::of_archive("x", &packed, limits), Err(AppError::NoApp)));
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(b"").expect("gzip");
    let empty = gz.finish().expect("gzip");
    assert!(matches!(Files::of_archive("x", &empty, limits), Err(AppError::NoApp)));
    assert!(matches!(Files::of_folder("x", Vec::new()), Err(AppError::NoApp)));
}
