//! What lies over what, and how things are found.

use crate::forms::{V4, V6};
use crate::{files, over_pack};
use davy_content::EMPTY_FILTER;
use davy_content::model::Kind;

#[test]
fn a_users_macro_replaces_the_packs() {
    let loaded = over_pack(&[(
        "macros/certificateservices_lifecycle.yml",
        "name: certificateservices_lifecycle\ndefinition: index=certs\n",
    )]);
    let found = loaded.content.find_macro("certificateservices_lifecycle", 0).unwrap();
    assert_eq!(found.definition, "index=certs");
    assert!(loaded.content.find_macro("certificateservices_lifecycle", 1).is_none());
    assert!(loaded.content.find_macro("security_content_ctime", 1).is_some());
}

#[test]
fn a_filter_macro_is_made_unless_it_is_written() {
    let filter = "windows_export_certificate_filter";
    let made = over_pack(&[]);
    let found = made.content.find_macro(filter, 0).unwrap();
    assert_eq!((found.definition, found.source), (EMPTY_FILTER, None));
    assert!(made.content.find_macro("some_other_filter", 0).is_none());
    let text = format!("name: {filter}\ndefinition: search dest!=ca01\n");
    let written = over_pack(&[("macros/f.yml", &text)]);
    assert_eq!(written.content.find_macro(filter, 0).unwrap().definition, "search dest!=ca01");
    assert!(made.content.macro_names().contains(&filter.to_owned()));
}

#[test]
fn a_detection_is_found_by_name_id_and_file() {
    let loaded = over_pack(&[("detections/endpoint/lamp_goes_out.yml", V4)]);
    let wanted = [
        "lamp goes OUT",
        "11111111-2222-3333-4444-555555555555",
        "lamp_goes_out",
        "x/detections/lamp_goes_out.yml",
    ];
    for wanted in wanted {
        assert_eq!(loaded.content.find_detection(wanted).unwrap().stem, "lamp_goes_out");
    }
    let error = loaded.content.find_detection("Windows Exprot Certificate").unwrap_err();
    assert_eq!(error.code.id, "content::unknown-detection");
    assert_eq!(error.help.as_deref(), Some("did you mean `Windows Export Certificate`?"));
}

#[test]
fn a_later_folder_replaces_a_detection() {
    let mut below = files(&[("detections/lamp_goes_out.yml", V4)]).content;
    below.layer(files(&[("mine/detections/lamp_goes_out.yml", V6)]).content);
    assert_eq!(below.detections().len(), 1);
    assert_eq!(below.detections()[0].version, 5);
}

#[test]
fn a_story_tells_its_detections() {
    let loaded = over_pack(&[("detections/lamp_goes_out.yml", V4)]);
    let told = loaded.content.story_detections("Windows Certificate Services");
    let names: Vec<_> = told.iter().map(|d| d.name.value.as_str()).collect();
    assert_eq!(names, ["Windows Export Certificate", "Lamp Goes Out"]);
}

#[test]
fn the_pack_has_a_configuration_for_every_type() {
    let content = over_pack(&[]).content;
    let shape = |kind| content.deployment(kind).map(|d| (d.risk, d.notable.is_some()));
    assert_eq!(shape(Kind::Ttp), Some((true, true)));
    assert_eq!(shape(Kind::Anomaly), Some((true, false)));
    assert_eq!(shape(Kind::Hunting), Some((false, false)));
    assert_eq!(shape(Kind::Correlation), Some((false, true)));
}
