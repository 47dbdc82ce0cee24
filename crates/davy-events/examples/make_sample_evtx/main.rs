//! Writes the sample events in three forms: `certificate_export.evtx`, `.xml` and `.json`.
//!
//! `cargo run -p davy-events --example make_sample_evtx -- samples`. All of it is invented.

mod writer;

use std::io::Write;
use std::path::Path;
use writer::{El, Event};

const COMPUTER: &str = "WS-ORE-07.mine.example";
const LIFECYCLE: &str = "Microsoft-Windows-CertificateServicesClient-Lifecycle-System";
/// 2026-05-04T06:00:00Z, in ticks of 100 ns since 1601.
const MORNING: u64 = (1_777_874_400 + 11_644_473_600) * 10_000_000;

fn el(name: &'static str, attributes: &[(&'static str, &str)], children: Vec<El>) -> El {
    let attributes = attributes.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
    El { name, attributes, text: None, children }
}

fn text(name: &'static str, attributes: &[(&'static str, &str)], text: &str) -> El {
    El { text: Some(text.to_owned()), ..el(name, attributes, Vec::new()) }
}

fn event_data(fields: &[(&str, &str)]) -> El {
    let data = fields.iter().map(|(name, value)| text("Data", &[("Name", name)], value));
    el("EventData", &[], data.collect())
}

fn base(record: u64, minutes: u64, id: u16, data: El) -> Event {
    Event {
        provider: "Microsoft-Windows-Security-Auditing",
        guid: *b"\x25\x96\x84\x54\x78\x54\x94\x49\xa5\xba\x3e\x3b\x03\x28\xc3\x0d",
        id,
        version: 0,
        level: 0,
        task: 12544,
        keywords: 0x8020_0000_0000_0000,
        time: MORNING + minutes * 600_000_000 + record * 1_234_567,
        record,
        process: 712,
        thread: 4416,
        channel: "Security",
        computer: COMPUTER,
        user: None,
        data,
    }
}

fn logon(record: u64, minutes: u64, user: &str, kind: &str) -> Event {
    let fields = [
        ("SubjectUserSid", "S-1-5-18"),
        ("SubjectUserName", "WS-ORE-07$"),
        ("SubjectDomainName", "MINE"),
        ("TargetUserName", user),
        ("TargetDomainName", "MINE"),
        ("TargetLogonId", "0x5c1d7e"),
        ("LogonType", kind),
        ("WorkstationName", "WS-ORE-07"),
        ("IpAddress", "-"),
        ("IpPort", ""),
    ];
    Event { version: 2, ..base(record, minutes, 4624, event_data(&fields)) }
}

fn process(record: u64, minutes: u64, image: &str, command: &str) -> Event {
    let fields = [
        ("SubjectUserSid", "S-1-5-21-1004-2008-3012-1107"),
        ("SubjectUserName", "a.galena"),
        ("SubjectDomainName", "MINE"),
        ("NewProcessId", "0x1a2c"),
        ("NewProcessName", image),
        ("TokenElevationType", "%%1938"),
        ("CommandLine", command),
        ("ParentProcessName", r"C:\Windows\explorer.exe"),
    ];
    Event { version: 2, task: 13312, ..base(record, minutes, 4688, event_data(&fields)) }
}

fn certificate(record: u64, minutes: u64, id: u16, subject: &str, thumbprint: &str) -> Event {
    let name = subject.trim_start_matches("CN=");
    let details = el(
        "CertificateDetails",
        &[("Thumbprint", thumbprint)],
        vec![
            el(
                "SubjectNames",
                &[],
                vec![text("SubjectName", &[], subject), text("SubjectName", &[], name)],
            ),
            el(
                "EKUs",
                &[],
                vec![el(
                    "EKU",
                    &[("Name", "Server Authentication"), ("OID", "1.3.6.1.5.5.7.3.1")],
                    Vec::new(),
                )],
            ),
            text("NotValidAfter", &[], "2027-03-31T22:00:00Z"),
        ],
    );
    let who =
        [("ProcessName", "mmc.exe"), ("AccountName", r"MINE\a.galena"), ("Context", "Machine")];
    let data = el("UserData", &[], vec![el("CertNotificationData", &who, vec![details])]);
    Event {
        provider: LIFECYCLE,
        guid: *b"\xe1\x69\x06\xbc\x0d\xa1\x78\x4a\x83\x4e\x1c\xa3\xc8\x06\xc9\x3b",
        level: 4,
        task: 0,
        keywords: 0x8000_0000_0000_0000,
        process: 6244,
        thread: 1980,
        channel: "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational",
        user: Some(vec![21, 1004, 2008, 3012, 1107]),
        ..base(record, minutes, id, data)
    }
}

fn events() -> Vec<Event> {
    vec![
        logon(4101, 2, "a.galena", "2"),
        process(
            4102,
            4,
            r"C:\Windows\System32\mmc.exe",
            r#""C:\Windows\System32\mmc.exe" certlm.msc"#,
        ),
        certificate(
            4103,
            9,
            1006,
            "CN=ws-ore-07.mine.example",
            "5a11e0c4d2b7439fa6c1083be27f4d90c5b6a7e8",
        ),
        certificate(
            4104,
            11,
            1007,
            "CN=vpn.mine.example",
            "0c4e9b17ad3f5826e1b0774cd92a63f81e5d0b3a",
        ),
        process(4105, 15, r"C:\Windows\System32\notepad.exe", "notepad.exe shift & stope.txt"),
        logon(4106, 31, "p.feldspar", "3"),
    ]
}

fn escape(text: &str, attribute: bool) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    if attribute { text.replace('"', "&quot;").replace('\'', "&apos;") } else { text }
}

fn xml(el: &El, out: &mut String) {
    out.push_str(&format!("<{}", el.name));
    for (name, value) in el.attributes.iter().filter(|(_, value)| !value.is_empty()) {
        out.push_str(&format!(" {name}='{}'", escape(value, true)));
    }
    if el.text.is_none() && el.children.is_empty() {
        return out.push_str("/>");
    }
    out.push('>');
    out.push_str(&escape(el.text.as_deref().unwrap_or_default(), false));
    el.children.iter().for_each(|child| xml(child, out));
    out.push_str(&format!("</{}>", el.name));
}

fn event_xml(event: &Event) -> String {
    let seconds = event.time / 10_000_000 % 86_400;
    let time = format!(
        "2026-05-04T{:02}:{:02}:{:02}.{:07}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        event.time % 10_000_000
    );
    let [a, b, c, d, e, f, g, h, rest @ ..] = event.guid;
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let guid = [hex(&[d, c, b, a]), hex(&[f, e]), hex(&[h, g]), hex(&rest[..2]), hex(&rest[2..])];
    let user = event.user.as_ref().map_or(String::new(), |parts| {
        let parts: Vec<String> = parts.iter().map(u32::to_string).collect();
        format!(" UserID='S-1-5-{}'", parts.join("-"))
    });
    let mut out = format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
         <Provider Name='{}' Guid='{{{}}}'/><EventID>{}</EventID><Version>{}</Version>\
         <Level>{}</Level><Task>{}</Task><Opcode>0</Opcode><Keywords>{:#x}</Keywords>\
         <TimeCreated SystemTime='{time}'/><EventRecordID>{}</EventRecordID><Correlation/>\
         <Execution ProcessID='{}' ThreadID='{}'/><Channel>{}</Channel>\
         <Computer>{}</Computer><Security{user}/></System>",
        event.provider,
        guid.join("-"),
        event.id,
        event.version,
        event.level,
        event.task,
        event.keywords,
        event.record,
        event.process,
        event.thread,
        event.channel,
        event.computer,
    );
    xml(&event.data, &mut out);
    out + "</Event>"
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "samples".to_owned());
    let folder = Path::new(&folder);
    let events = events();
    let bytes = writer::file(&events);
    std::fs::write(folder.join("certificate_export.evtx"), &bytes)?;
    let mut file = std::fs::File::create(folder.join("certificate_export.xml"))?;
    for event in &events {
        writeln!(file, "{}", event_xml(event))?;
    }
    let mut file = std::fs::File::create(folder.join("certificate_export.json"))?;
    let settings = evtx::ParserSettings::default().validate_checksums(true).indent(false);
    let mut parser = evtx::EvtxParser::from_buffer(bytes)?.with_configuration(settings);
    for record in parser.records_json() {
        writeln!(file, "{}", record?.data)?;
    }
    Ok(())
}
