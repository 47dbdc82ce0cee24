//! Events, one function a kind, and the day of the workstation that the tests look at.

use crate::writer::{El, Event};

const COMPUTER: &str = "WS-ORE-07.mine.example";
const LIFECYCLE: &str = "Microsoft-Windows-CertificateServicesClient-Lifecycle-System";
/// 2026-05-04T06:00:00Z, in ticks of 100 ns since 1601.
const MORNING: u64 = (1_777_874_400 + 11_644_473_600) * 10_000_000;

pub(crate) fn el(name: &'static str, attributes: &[(&'static str, &str)], children: Vec<El>) -> El {
    let attributes = attributes.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
    El { name, attributes, text: None, children }
}

pub(crate) fn text(name: &'static str, attributes: &[(&'static str, &str)], text: &str) -> El {
    El { text: Some(text.to_owned()), ..el(name, attributes, Vec::new()) }
}

pub(crate) fn event_data(fields: &[(&str, &str)]) -> El {
    let data = fields.iter().map(|(name, value)| text("Data", &[("Name", name)], value));
    el("EventData", &[], data.collect())
}

pub(crate) fn base(record: u64, minutes: u64, id: u16, data: El) -> Event {
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

pub(crate) fn logon(record: u64, minutes: u64, user: &str, kind: &str) -> Event {
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

pub(crate) fn process(record: u64, minutes: u64, user: &str, image: &str, command: &str) -> Event {
    let sid = format!("S-1-5-21-1004-2008-3012-{}", number(user));
    let fields = [
        ("SubjectUserSid", &*sid),
        ("SubjectUserName", user),
        ("SubjectDomainName", "MINE"),
        ("NewProcessId", "0x1a2c"),
        ("NewProcessName", image),
        ("TokenElevationType", "%%1938"),
        ("CommandLine", command),
        ("ParentProcessName", r"C:\Windows\explorer.exe"),
    ];
    Event { version: 2, task: 13312, ..base(record, minutes, 4688, event_data(&fields)) }
}

/// The last part of a user's SID.
pub(crate) fn number(user: &str) -> u32 {
    match user {
        "a.galena" => 1107,
        "p.feldspar" => 1142,
        "o.gneiss" => 1118,
        "svc_backup" => 1131,
        _ => 1150,
    }
}

/// What happened to which certificate.
pub(crate) struct Change<'a> {
    pub(crate) id: u16,
    pub(crate) user: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) thumbprint: &'a str,
}

pub(crate) fn certificate(record: u64, minutes: u64, change: &Change<'_>) -> Event {
    let Change { id, user, subject, thumbprint } = *change;
    let account = format!(r"MINE\{user}");
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
    let who = [("ProcessName", "mmc.exe"), ("AccountName", &*account), ("Context", "Machine")];
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
        user: Some(vec![21, 1004, 2008, 3012, number(user)]),
        ..base(record, minutes, id, data)
    }
}

/// What one workstation logs while a certificate is exported on it.
pub(crate) fn certificate_export() -> Vec<Event> {
    vec![
        logon(4101, 2, "a.galena", "2"),
        process(
            4102,
            4,
            "a.galena",
            r"C:\Windows\System32\mmc.exe",
            r#""C:\Windows\System32\mmc.exe" certlm.msc"#,
        ),
        certificate(
            4103,
            9,
            &Change {
                id: 1006,
                user: "a.galena",
                subject: "CN=ws-ore-07.mine.example",
                thumbprint: "5a11e0c4d2b7439fa6c1083be27f4d90c5b6a7e8",
            },
        ),
        certificate(
            4104,
            11,
            &Change {
                id: 1007,
                user: "a.galena",
                subject: "CN=vpn.mine.example",
                thumbprint: "0c4e9b17ad3f5826e1b0774cd92a63f81e5d0b3a",
            },
        ),
        process(
            4105,
            15,
            "a.galena",
            r"C:\Windows\System32\notepad.exe",
            "notepad.exe shift & stope.txt",
        ),
        logon(4106, 31, "p.feldspar", "3"),
    ]
}
