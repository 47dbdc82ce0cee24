//! Windows events as classic multi-line text: where they begin and end, and what their fields are.
//!
//! The events are written after Microsoft's documentation of each (Advanced security audit policy,
//! "4624(S)" and so on) and Splunk's of how it renders them ("Monitor Windows event log data").

use crate::{davy, shared};
use serde_json::Value;

const LOG: &str = include_str!("classic.log");

fn search(spl: &str) -> Vec<Value> {
    let ran = davy(&["search", spl, "-i", "-", "--format", "json"], LOG);
    assert_eq!(ran.status, 0, "{}", ran.err);
    ran.json().as_array().cloned().unwrap_or_default()
}

fn event(code: &str) -> Value {
    let found = search(&format!("search EventCode={code}"));
    assert_eq!(found.len(), 1, "{code}");
    found.into_iter().next().unwrap_or_default()
}

fn check(code: &str, fields: &[(&str, Value)]) {
    let event = event(code);
    for (name, value) in fields {
        assert_eq!(event[*name], *value, "{code}: {name}");
    }
}

#[test]
fn each_date_begins_an_event() {
    let all = search("search * | table _time EventCode sourcetype source host");
    assert_eq!(all.len(), 8);
    assert!(all.iter().all(|e| e["sourcetype"] == "WinEventLog"));
    for (spl, count) in [
        ("search source=\"WinEventLog:Security\"", 7),
        ("search sourcetype=WinEventLog", 8),
        ("search sourcetype=wineventlog source=wineventlog:system", 1),
        ("search eventtype=wineventlog_security", 7),
        ("search \"NtLmSsp\"", 1),
    ] {
        assert_eq!(search(spl).len(), count, "{spl}");
    }
    check("4624", &[("host", "dc.example.com".into()), ("_time", 1_777_885_953.into())]);
}

#[test]
fn logons_say_who_from_where() {
    check(
        "4624",
        &[
            ("Account_Name", vec!["DC$", "ann"].into()),
            ("Logon_Type", "10".into()),
            ("Security_ID", vec!["NT AUTHORITY\\SYSTEM", "EXAMPLE\\ann"].into()),
            ("Source_Network_Address", "10.0.0.5".into()),
            ("user", "ann".into()),
            ("src_user", "DC$".into()),
            ("src_ip", "10.0.0.5".into()),
            ("src", "WS1".into()),
            ("action", "success".into()),
            ("app", "win:remote".into()),
            ("Process_Name", "C:\\Windows\\System32\\svchost.exe".into()),
        ],
    );
    check(
        "4625",
        &[
            ("Account_Name", vec!["-", "bob"].into()),
            ("Sub_Status", "0xC000006A".into()),
            ("Failure_Reason", "Unknown user name or bad password.".into()),
            ("user", "bob".into()),
            ("action", "failure".into()),
            ("signature", "An account failed to log on".into()),
        ],
    );
    check(
        "4768",
        &[
            ("user", "ann".into()),
            ("Client_Address", "::ffff:10.0.0.5".into()),
            ("src_ip", "10.0.0.5".into()),
            ("Result_Code", "0x0".into()),
            ("service", "krbtgt".into()),
        ],
    );
    check(
        "4769",
        &[
            ("Service_Name", "svcsql".into()),
            ("Ticket_Encryption_Type", "0x17".into()),
            ("user", "ann".into()),
        ],
    );
}

#[test]
fn processes_services_and_changes() {
    check(
        "4688",
        &[
            ("New_Process_Name", "C:\\Windows\\System32\\cmd.exe".into()),
            ("process_name", "cmd.exe".into()),
            ("process", "cmd.exe /c \"echo a: b > c:\\x.txt\"".into()),
            ("parent_process_name", "explorer.exe".into()),
            ("process_id", "0x9c4".into()),
            ("user", "ann".into()),
        ],
    );
    check(
        "7045",
        &[
            ("service", "evilsvc".into()),
            ("Service_File_Name", "%COMSPEC% /C echo x ^> \\\\127.0.0.1\\ADMIN$\\out".into()),
            ("start_mode", "on_demand".into()),
            ("user", "LocalSystem".into()),
            ("signature", "A service was installed in the system".into()),
        ],
    );
    check(
        "4720",
        &[
            ("user", "eve".into()),
            ("src_user", "admin".into()),
            ("SAM_Account_Name", "eve".into()),
            ("action", "created".into()),
        ],
    );
    check("1102", &[("user", "ann".into()), ("action", "cleared".into())]);
}

#[test]
fn data_models_hold_them() {
    for (dataset, count) in [
        ("Endpoint.Processes", 1),
        ("Endpoint.Services", 1),
        ("Change.All_Changes", 2),
        ("Authentication.Authentication", 4),
    ] {
        let (model, set) = dataset.split_once('.').unwrap_or_default();
        let spl = format!("| tstats count from datamodel={model}.{set}");
        let ran = davy(&["search", &spl, "-i", "-", "--format", "csv"], LOG);
        assert_eq!(ran.out, format!("count\n{count}\n"), "{dataset} {}", ran.err);
    }
}

// A detection of the catalogue that reads the event log by its classic source.
#[test]
fn detections_find_them() {
    let Some(content) = shared("reference/escu") else { return };
    let args = ["hunt", "-", "--content", &content, "--format", "json", "--include"];
    let ran = davy(&[&args[..], &["Detect New Local Admin account"]].concat(), LOG);
    assert!(ran.out.contains("\"detection\""), "{} {}", ran.out, ran.err);
}
