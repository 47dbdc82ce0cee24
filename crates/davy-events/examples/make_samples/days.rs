//! The days of three more computers.

use crate::events::{Change, base, certificate, el, event_data, logon, number, process, text};
use crate::writer::{El, Event};

fn on(computer: &'static str, first: u64, mut events: Vec<Event>) -> Vec<Event> {
    for (record, event) in (first..).zip(&mut events) {
        event.computer = computer;
        rename(&mut event.data, computer.split('.').next().unwrap_or(computer));
        event.record = record;
        event.time += record % 100 * 4_321_987;
    }
    events
}

/// The events are made for one workstation; its name stands in their data too.
fn rename(el: &mut El, computer: &str) {
    el.text = el.text.take().map(|text| text.replace("WS-ORE-07", computer));
    el.children.iter_mut().for_each(|child| rename(child, computer));
}

fn sid(user: &str) -> String {
    format!("S-1-5-21-1004-2008-3012-{}", number(user))
}

fn logoff(minutes: u64, user: &str) -> Event {
    let sid = sid(user);
    let fields = [
        ("TargetUserSid", &*sid),
        ("TargetUserName", user),
        ("TargetDomainName", "MINE"),
        ("TargetLogonId", "0x5c1d7e"),
        ("LogonType", "3"),
    ];
    Event { task: 12545, ..base(0, minutes, 4634, event_data(&fields)) }
}

fn failed_logon(minutes: u64, user: &str, from: &str) -> Event {
    let fields = [
        ("SubjectUserSid", "S-1-0-0"),
        ("SubjectUserName", "-"),
        ("SubjectDomainName", "-"),
        ("TargetUserName", user),
        ("TargetDomainName", "MINE"),
        ("Status", "0xc000006d"),
        ("SubStatus", "0xc000006a"),
        ("LogonType", "3"),
        ("WorkstationName", from),
        ("IpAddress", "10.20.4.11"),
    ];
    Event { keywords: 0x8010_0000_0000_0000, ..base(0, minutes, 4625, event_data(&fields)) }
}

/// A service that starts or stops.
fn service(minutes: u64, name: &str, state: &str) -> Event {
    Event {
        provider: "Service Control Manager",
        guid: *b"\xd1\x08\x59\x55\xd7\xa6\x95\x46\x8e\x1e\x26\x93\x1d\x20\x12\xf4",
        level: 4,
        task: 0,
        keywords: 0x8080_0000_0000_0000,
        channel: "System",
        ..base(0, minutes, 7036, event_data(&[("param1", name), ("param2", state)]))
    }
}

fn script(minutes: u64, block: &str) -> Event {
    let fields = [
        ("MessageNumber", "1"),
        ("MessageTotal", "1"),
        ("ScriptBlockText", block),
        ("ScriptBlockId", "2f0b6a1e-7c0d-4f0e-9a57-5d6c1f0e8b31"),
        ("Path", ""),
    ];
    Event {
        provider: "Microsoft-Windows-PowerShell",
        guid: *b"\x1c\x95\xc1\xa0\x4b\x88\x1c\x4f\xbd\xa6\x00\x0c\xc7\xbe\x13\x5c",
        level: 5,
        task: 2,
        keywords: 0,
        channel: "Microsoft-Windows-PowerShell/Operational",
        ..base(0, minutes, 4104, event_data(&fields))
    }
}

fn log_cleared(minutes: u64, user: &str) -> Event {
    let space = "http://manifests.microsoft.com/win/2004/08/windows/eventlog";
    let who = vec![
        text("SubjectUserSid", &[], &sid(user)),
        text("SubjectUserName", &[], user),
        text("SubjectDomainName", &[], "MINE"),
        text("SubjectLogonId", &[], "0x7a11c4"),
    ];
    let data = el("UserData", &[], vec![el("LogFileCleared", &[("xmlns", space)], who)]);
    Event {
        provider: "Microsoft-Windows-Eventlog",
        guid: *b"\x38\x1b\xfc\xfc\xbf\x7a\xd6\x4e\x9a\x43\x3d\xcb\xdd\x1c\xd8\xe8",
        level: 4,
        task: 104,
        keywords: 0x4020_0000_0000_0000,
        ..base(0, minutes, 1102, data)
    }
}

/// The same as on the computer's own store, in that of a user.
fn in_user_store(event: Event) -> Event {
    Event {
        provider: "Microsoft-Windows-CertificateServicesClient-Lifecycle-User",
        guid: *b"\x1a\xc4\xe0\xbe\x0c\x91\x94\x4d\x96\x6f\x4b\x8a\x9b\x2f\x6a\x41",
        channel: "Microsoft-Windows-CertificateServicesClient-Lifecycle-User/Operational",
        ..event
    }
}

/// A server with nothing to find: people come and go, services start, a certificate is renewed.
pub(crate) fn server() -> Vec<Event> {
    let cmd = r"C:\Windows\System32\cmd.exe";
    let backup = r"C:\Program Files\Skip Backup\skip.exe";
    let thumbprint = "9b02f4de61c83a75e0d94b1f27a8c6635d10e4f2";
    on(
        "SRV-ADIT-02.mine.example",
        88_010,
        vec![
            service(1, "Skip Backup Agent", "running"),
            logon(0, 3, "svc_backup", "5"),
            process(
                0,
                3,
                "svc_backup",
                backup,
                r#""C:\Program Files\Skip Backup\skip.exe" --nightly"#,
            ),
            process(0, 9, "svc_backup", cmd, r"cmd.exe /c dir D:\assays"),
            failed_logon(14, "p.feldspar", "WS-LODE-03"),
            logon(0, 15, "p.feldspar", "3"),
            certificate(
                0,
                21,
                &Change {
                    id: 1006,
                    user: "o.gneiss",
                    subject: "CN=srv-adit-02.mine.example",
                    thumbprint,
                },
            ),
            logoff(40, "p.feldspar"),
            logon(0, 48, "o.gneiss", "10"),
            process(0, 50, "o.gneiss", r"C:\Windows\System32\mmc.exe", "mmc.exe services.msc"),
            service(52, "Print Spooler", "stopped"),
            logoff(59, "o.gneiss"),
        ],
    )
}

/// A workstation on which a user's certificate is taken by script, and the log cleared after it.
pub(crate) fn workstation() -> Vec<Event> {
    let shell = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe";
    let export = "Get-ChildItem Cert:\\CurrentUser\\My | Export-PfxCertificate -FilePath \
                  C:\\Users\\Public\\q.pfx -Password $p";
    let thumbprint = "e41d70b59c2f8a6630b7d1e5f49a08c2736fb51d";
    let taken = certificate(
        0,
        94,
        &Change { id: 1007, user: "p.feldspar", subject: "CN=p.feldspar", thumbprint },
    );
    on(
        "WS-LODE-03.mine.example",
        5_210,
        vec![
            logon(0, 70, "p.feldspar", "2"),
            process(
                0,
                72,
                "p.feldspar",
                r"C:\Program Files\Survey\survey.exe",
                "survey.exe north.map",
            ),
            process(
                0,
                91,
                "p.feldspar",
                shell,
                "powershell.exe -nop -w hidden -ep bypass -file q.ps1",
            ),
            script(92, export),
            in_user_store(taken),
            process(
                0,
                97,
                "p.feldspar",
                r"C:\Windows\System32\wevtutil.exe",
                "wevtutil.exe cl Security",
            ),
            log_cleared(97, "p.feldspar"),
            logoff(120, "p.feldspar"),
        ],
    )
}

/// A build server whose two certificates are exported, one after the other, between its builds.
pub(crate) fn build_server() -> Vec<Event> {
    let build = r"C:\Tools\cargo.exe";
    let first = "7d58c3a1b09e46f2d7c1508ea94f36b2e05c718d";
    let second = "36fa902ce7b14d58810dc6f7359ae2b40c68d1f7";
    on(
        "BLD-SHAFT-01.mine.example",
        19_400,
        vec![
            logon(0, 130, "svc_build", "5"),
            process(0, 131, "svc_build", build, "cargo.exe build --release"),
            certificate(
                0,
                150,
                &Change {
                    id: 1007,
                    user: "svc_build",
                    subject: "CN=signing.mine.example",
                    thumbprint: first,
                },
            ),
            certificate(
                0,
                152,
                &Change {
                    id: 1007,
                    user: "svc_build",
                    subject: "CN=feed.mine.example",
                    thumbprint: second,
                },
            ),
            process(0, 160, "svc_build", build, "cargo.exe test"),
            service(171, "Windows Update", "running"),
        ],
    )
}
