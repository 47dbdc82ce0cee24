//! One event as different tools write it: the same finding, the same fields.

use crate::{Folder, davy};
use serde_json::{Value, json};

const CHANNEL: &str = "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational";
const PROVIDER: &str = "Microsoft-Windows-CertificateServicesClient-Lifecycle-System";
const COMPUTER: &str = "WS-ORE-07.mine.example";
const TIME: &str = "2026-05-04T06:19:26.666Z";

fn details() -> Value {
    json!({"Thumbprint": "0c4e", "SubjectNames": {"SubjectName": "vpn.mine.example"}})
}

/// The export of a certificate.
fn exports() -> Vec<(&'static str, Value)> {
    let flat = json!({"ProcessName": "mmc.exe", "SubjectName": "vpn.mine.example",
        "xml_name": "CertNotificationData"});
    let xml = format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
         <Provider Name='{PROVIDER}'/><EventID>1007</EventID><TimeCreated SystemTime='{TIME}'/>\
         <Channel>{CHANNEL}</Channel><Computer>{COMPUTER}</Computer></System><UserData>\
         <CertNotificationData><SubjectName>vpn.mine.example</SubjectName></CertNotificationData>\
         </UserData></Event>"
    );
    vec![
        (
            "evtx_dump",
            json!({"Event": {"System": {"Provider": {"#attributes": {"Name": PROVIDER}},
                "EventID": 1007, "TimeCreated": {"#attributes": {"SystemTime": TIME}},
                "Channel": CHANNEL, "Computer": COMPUTER},
                "UserData": {"CertNotificationData": {"CertificateDetails": details()}}}}),
        ),
        (
            "chainsaw",
            json!([{"Event_attributes": {"xmlns": "x"}, "Event": {"System": {
                "Provider_attributes": {"Name": PROVIDER}, "EventID": 1007,
                "TimeCreated_attributes": {"SystemTime": TIME},
                "Channel": CHANNEL, "Computer": COMPUTER},
                "UserData": {"CertNotificationData_attributes": {"ProcessName": "mmc.exe"},
                    "CertNotificationData": {"CertificateDetails": details()}}}}]),
        ),
        (
            "velociraptor",
            json!({"System": {"Provider": {"Name": PROVIDER}, "EventID": {"Value": 1007},
                "TimeCreated": {"SystemTime": 1777875566.666}, "Channel": CHANNEL,
                "Computer": COMPUTER, "Keywords": 9223372036854775808u64},
                "UserData": {"CertNotificationData": {"CertificateDetails": details()}}}),
        ),
        (
            "winlogbeat",
            json!({"@timestamp": TIME, "event": {"code": "1007"}, "log": {"level": "information"},
                "winlog": {"channel": CHANNEL, "provider_name": PROVIDER, "event_id": 1007,
                    "computer_name": COMPUTER, "record_id": 4104, "user_data": flat}}),
        ),
        (
            "winlogbeat with the event's XML",
            json!({"@timestamp": TIME, "event": {"original": xml},
                "winlog": {"channel": CHANNEL, "event_id": 1007}}),
        ),
        (
            "Security-Datasets",
            json!({"EventID": 1007, "Channel": CHANNEL, "SourceName": PROVIDER,
                "Hostname": COMPUTER, "@timestamp": TIME, "EventTime": "2026-05-04 02:19:26",
                "Keywords": -9223372036854775808i64, "Severity": "INFO", "Message": "Exported",
                "SourceModuleName": "eventlog", "UserData":
                    {"CertNotificationData": {"SubjectName": "vpn.mine.example"}}}),
        ),
        (
            "OCSF",
            json!({"class_uid": 1, "metadata": {"version": "1.3.0"}, "time": 1777875566666i64,
                "raw_data": xml}),
        ),
        (
            "OCSF without the event",
            json!({"class_uid": 1, "time": 1777875566666i64, "device": {"hostname": COMPUTER},
                "metadata": {"version": "1.3.0", "log_name": CHANNEL, "event_code": "1007",
                    "log_provider": PROVIDER},
                "unmapped": {"EventData": {"a": "b"}, "UserData":
                    {"CertNotificationData": {"SubjectName": "vpn.mine.example"}}}}),
        ),
    ]
}

#[test]
fn the_same_finding() {
    let folder = Folder::new("shapes-finding");
    for (name, event) in exports() {
        let path = folder.file("events.json", event.to_string());
        let ran = davy(&["hunt", &path, "--format", "ndjson"], "");
        assert_eq!(ran.status, 0, "{name}: {}", ran.err);
        assert!(ran.err.contains("1 finding, 1 risk event"), "{name}: {}", ran.err);
        let rows = davy(
            &[
                "search",
                "search * | table _time host source sourcetype EventCode",
                "-i",
                &path,
                "--format",
                "csv",
            ],
            "",
        );
        let row = rows.out.lines().nth(1).unwrap_or_default();
        let rest = format!("{COMPUTER},XmlWinEventLog:{CHANNEL},XmlWinEventLog,1007");
        assert_eq!(row.split_once(',').map(|(_, rest)| rest), Some(rest.as_str()), "{name}");
        assert!(row.starts_with("1777875566.666,"), "{name}: {row}");
    }
}

const COMMAND: &str = r#""C:\Windows\System32\whoami.exe" /all"#;

/// A process that starts.
fn starts() -> Vec<(&'static str, Value)> {
    let data = json!({"SubjectUserName": "a.galena", "SubjectDomainName": "MINE",
        "NewProcessId": "0x1a4", "NewProcessName": r"C:\Windows\System32\whoami.exe",
        "CommandLine": COMMAND, "ParentProcessName": r"C:\Windows\System32\cmd.exe",
        "ProcessId": "0x1a0"});
    let mut mordor = json!({"EventID": 4688, "Channel": "Security", "Hostname": COMPUTER,
        "SourceName": "Microsoft-Windows-Security-Auditing", "@timestamp": TIME,
        "EventType": "AUDIT_SUCCESS", "ExecutionProcessID": 4, "ThreadID": 8});
    if let (Some(all), Some(own)) = (mordor.as_object_mut(), data.as_object()) {
        all.extend(own.clone());
    }
    let system = json!({"EventID": 4688, "Channel": "Security", "Computer": COMPUTER});
    vec![
        ("evtx_dump", json!({"Event": {"System": system, "EventData": data}})),
        ("Velociraptor", json!({"System": system, "EventData": data, "Message": "m"})),
        (
            "a row of a Velociraptor artifact",
            json!({"EventTime": TIME, "Computer": COMPUTER, "Channel": "Security",
                "EventID": 4688, "EventData": data, "Message": "m"}),
        ),
        (
            "winlogbeat",
            json!({"@timestamp": TIME, "winlog": {"channel": "Security", "event_id": "4688",
                "computer_name": COMPUTER, "event_data": data, "keywords": ["Audit Success"]}}),
        ),
        (
            "winlogbeat 6",
            json!({"@timestamp": TIME, "log_name": "Security", "event_id": 4688,
                "computer_name": COMPUTER, "event_data": data}),
        ),
        ("Security-Datasets", mordor),
        (
            "OCSF",
            json!({"class_uid": 1007, "activity_id": 1, "time": 1777875566666i64,
                "metadata": {"log_name": "Security", "event_code": "4688"},
                "device": {"hostname": COMPUTER},
                "actor": {"user": {"name": "a.galena", "domain": "MINE"}},
                "process": {"pid": 420, "cmd_line": COMMAND,
                    "file": {"path": r"C:\Windows\System32\whoami.exe"},
                    "parent_process": {"pid": 416,
                        "file": {"path": r"C:\Windows\System32\cmd.exe"}}}}),
        ),
    ]
}

#[test]
fn the_same_process() {
    let folder = Folder::new("shapes-process");
    let spl = "| tstats count from datamodel=Endpoint.Processes by Processes.dest Processes.user \
               Processes.process_name Processes.parent_process_name Processes.process \
               Processes.process_id | fields - count";
    for (name, event) in starts() {
        let path = folder.file("events.json", event.to_string());
        let ran = davy(&["search", spl, "-i", &path, "--format", "ndjson"], "");
        let row: Value = serde_json::from_str(&ran.out).unwrap_or_default();
        let got = ["dest", "user", "process_name", "parent_process_name", "process", "process_id"]
            .map(|field| row[format!("Processes.{field}")].as_str().unwrap_or_default().to_owned());
        let wanted = [COMPUTER, "a.galena", "whoami.exe", "cmd.exe", COMMAND, "0x1a4"];
        assert_eq!(got, wanted, "{name}: {}", ran.err);
    }
}

// Who states that it is another source means the object as it is.
#[test]
fn a_stated_sourcetype_keeps_the_object() {
    let folder = Folder::new("shapes-stated");
    let path = folder.file("events.json", r#"{"Channel":"a","EventID":7,"_x":1}"#);
    let spl = "search * | table Channel sourcetype _raw";
    let args = ["search", spl, "-i", &path, "--sourcetype", "mine", "--format", "ndjson"];
    let row = davy(&args, "").json();
    assert_eq!((&row["sourcetype"], &row["Channel"]), (&json!("mine"), &json!("a")));
}
