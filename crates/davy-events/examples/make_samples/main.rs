//! Writes the sample events. All of them are invented.
//!
//! `cargo run -p davy-events --example make_samples -- samples`
//!
//! One workstation's events in three forms (`certificate_export.evtx`, `.xml`, `.json`), so that the
//! forms can be compared; then one computer each: a server on which nothing happens (EVTX), a
//! workstation as the Event Viewer exports it (XML), a build server as a JSON array.

mod days;
mod events;
mod writer;
mod xml;

use std::error::Error;
use std::path::Path;
use writer::Event;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "samples".to_owned());
    let folder = Path::new(&folder);
    let export = events::certificate_export();
    std::fs::write(folder.join("certificate_export.evtx"), writer::file(&export))?;
    let lines: String = export.iter().map(|event| xml::event_xml(event) + "\n").collect();
    std::fs::write(folder.join("certificate_export.xml"), lines)?;
    std::fs::write(folder.join("certificate_export.json"), json(&export)?.join("\n") + "\n")?;
    std::fs::write(folder.join("server.evtx"), writer::file(&days::server()))?;
    std::fs::write(folder.join("workstation.xml"), xml::document(&days::workstation()))?;
    let array = format!("[\n{}\n]\n", json(&days::build_server())?.join(",\n"));
    std::fs::write(folder.join("build_server.json"), array)?;
    Ok(())
}

/// One text an event, as the `evtx` crate writes it.
fn json(events: &[Event]) -> Result<Vec<String>, Box<dyn Error>> {
    let settings = evtx::ParserSettings::default().validate_checksums(true).indent(false);
    let mut parser =
        evtx::EvtxParser::from_buffer(writer::file(events))?.with_configuration(settings);
    parser.records_json().map(|record| Ok(record?.data)).collect()
}
