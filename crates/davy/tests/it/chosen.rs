//! What is asked for and cannot be: content that is none, filters that leave nothing, times.

use crate::{Folder, davy};

const EVENTS: &str = "{\"_time\": 1546300800, \"a\": 1}\n{\"_time\": 1546387200, \"a\": 2}\n";

fn samples() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples").to_owned()
}

#[test]
fn content_that_is_none_is_a_mistake() {
    let folder = Folder::new("none");
    let log = folder.file("logs/a.evtx", "ElfFile");
    folder.file("other/dashboards/x.yml", "a: 1\n");
    folder.file("tables/lookups/x.csv", "a,b\n1,2\n");
    std::fs::create_dir_all(format!("{}/empty", folder.path())).unwrap();
    let hunt = |content: &str| davy(&["hunt", &samples(), "--content", content], "");
    for name in ["logs", "empty", "other"] {
        let path = format!("{}/{name}", folder.path());
        let out = hunt(&path);
        assert_eq!(out.status, 2, "{name}: {}", out.err);
        assert!(out.err.contains(&path) && out.err.contains("detections, macros"), "{}", out.err);
    }
    assert_eq!(hunt(&log).status, 2);
    // Tables alone are of use to searches.
    assert_eq!(hunt(&format!("{}/tables", folder.path())).status, 0);
    let tested = davy(&["test", &format!("{}/empty", folder.path())], "");
    assert_eq!(tested.status, 2, "{}", tested.err);
    folder.file("mine/macros/m.yml", "name: m\ndefinition: a=1\ndescription: d\n");
    let tested = davy(&["test", &format!("{}/mine", folder.path())], "");
    assert_eq!(tested.status, 2, "{}", tested.err);
    assert!(tested.err.contains("no detection can be read there"), "{}", tested.err);
    // What could not be read is told as such.
    let broken = folder.file("broken/detections/x.yml", "name: [\n");
    let out = davy(&["test", &broken], "");
    assert!(out.status != 0 && out.err.contains("content::yaml"), "{}", out.err);
}

#[test]
fn filters_that_leave_nothing_are_named() {
    let narrowed = ["--include", "Windows Export Certificate", "--type", "TTP"];
    let out = davy(&[&["hunt", &samples()], &narrowed[..]].concat(), "");
    assert_eq!(out.status, 2, "{}", out.err);
    for said in ["--include `Windows Export Certificate`", "--type `TTP`", "it is of another type"]
    {
        assert!(out.err.contains(said), "{said}: {}", out.err);
    }
}

#[test]
fn a_loop_of_links_in_content_ends() {
    let folder = Folder::new("content-loop");
    folder.file("c/macros/m.yml", "name: m\ndefinition: a=1\ndescription: d\n");
    folder.file("c/addons/x.yml", "addon: x\ndescription: d\nstanzas: []\n");
    #[cfg(unix)]
    for place in ["c", "c/macros", "c/addons"] {
        for name in ["one", "two"] {
            std::os::unix::fs::symlink(".", format!("{}/{place}/{name}", folder.path())).unwrap();
        }
    }
    let content = format!("{}/c", folder.path());
    let out = davy(&["search", "`m` | stats count", "-i", "-", "--content", &content], EVENTS);
    assert_eq!(out.status, 0, "{}", out.err);
    assert!(!out.err.contains("content::duplicate"), "{}", out.err);
    let checked = davy(&["spl", "check", &content], "");
    // The add-on, which is no content, and once.
    assert!(checked.out.contains("1 error,"), "{}", checked.out);
}

#[test]
fn times_are_read_as_people_write_them() {
    let count = |range: &[&str]| {
        let all = [&["search", "a=* | stats count", "-i", "-", "--format", "csv"], range].concat();
        let out = davy(&all, EVENTS);
        assert_eq!(out.status, 0, "{range:?}: {}", out.err);
        out.out.lines().nth(1).unwrap().to_owned()
    };
    for at in ["2019-01-02", "2019-01-02T00:00:00", "2019-01-02 00:00:00", "01/02/2019:00:00:00"] {
        assert_eq!(count(&["--earliest", at]), "1", "{at}");
        assert_eq!(count(&["--latest", at]), "1", "{at}");
        assert_eq!(count(&["--earliest", at, "--zone", "Asia/Tokyo"]), "1", "{at}");
        assert_eq!(count(&["--earliest", at, "--zone", "America/New_York"]), "0", "{at}");
    }
    let wrong = davy(&["search", "a=*", "-i", "-", "--earliest", "yesterday"], EVENTS);
    assert_eq!(wrong.status, 2);
    for form in ["-7d@d", "2026-05-04 12:00:00", "2026-05-04T12:00:00Z", "05/04/2026:12:00:00"] {
        assert!(wrong.err.contains(form), "{form}: {}", wrong.err);
    }
    let turned = ["--earliest", "2019-01-02", "--latest", "2019-01-01"];
    let turned = davy(&[&["search", "a=*", "-i", "-"], &turned[..]].concat(), EVENTS);
    assert_eq!(turned.status, 2);
    assert!(turned.err.contains("2019-01-02") && turned.err.contains("--latest"), "{}", turned.err);
}

#[test]
fn a_range_that_leaves_no_event_is_told() {
    let out = davy(&["hunt", &samples(), "--earliest", "2090-01-01"], "");
    assert_eq!(out.status, 0);
    assert!(out.err.contains("in the time range: 0 of the "), "{}", out.err);
    let all = davy(&["hunt", &samples()], "");
    assert!(!all.err.contains("time range"), "{}", all.err);
    let some = davy(&["hunt", &samples(), "--latest", "2090-01-01"], "");
    assert!(!some.err.contains(": 0 of the"), "{}", some.err);
}
