//! Windows events as other tools write them, each in the form that the tool's own documentation or
//! recorded data shows.

use crate::{Read, read, stream, values};
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Row = BTreeMap<String, String>;

const SYSMON: &str = "Microsoft-Windows-Sysmon/Operational";
const IMAGE: &str = r"C:\Windows\System32\whoami.exe";

fn one(text: &str) -> Row {
    let both = [read(text.as_bytes()), stream(text.as_bytes())];
    for Read { rows, problems, .. } in &both {
        assert!(problems.is_empty(), "{problems:?}: {text}");
        assert_eq!(rows.len(), 1, "{text}");
    }
    both[0].rows[0].clone().into_iter().collect()
}

fn has(row: &Row, wanted: &[(&str, &str)]) {
    for (name, value) in wanted {
        assert_eq!(row.get(*name).map(String::as_str), Some(*value), "{name} of {row:#?}");
    }
}

/// A process that starts, of Sysmon.
const STARTED: [(&str, &str); 8] = [
    ("sourcetype", "XmlWinEventLog"),
    ("source", "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"),
    ("host", "ws.example"),
    ("EventCode", "1"),
    ("Image", IMAGE),
    ("CommandLine", "whoami /all"),
    ("ParentImage", r"C:\Windows\System32\cmd.exe"),
    ("User", r"MINE\ann"),
];

/// The data as converters from XML to JSON keep it.
fn named_texts() -> Vec<Value> {
    let data = data();
    let members = data.as_object().unwrap().iter();
    members.map(|(name, value)| json!({"@Name": name, "#text": value})).collect()
}

fn data() -> Value {
    json!({"UtcTime": "2026-05-04 06:19:26.666", "ProcessId": "420", "Image": IMAGE,
        "CommandLine": "whoami /all", "User": r"MINE\ann",
        "ParentImage": r"C:\Windows\System32\cmd.exe"})
}

fn message() -> String {
    let mut text = "Process Create:\r\nRuleName: -\r\n".to_owned();
    for (name, value) in data().as_object().unwrap() {
        text.push_str(&format!("{name}: {}\r\n", value.as_str().unwrap()));
    }
    text + "ParentUser: %23"
}

// Winlogbeat's Sysmon module moves most of the data to fields of ECS.
#[test]
fn what_a_module_of_winlogbeat_moved_comes_back() {
    let event = json!({"@timestamp": "2026-05-04T06:19:26.666Z",
        "event": {"code": "1", "module": "sysmon"}, "log": {"level": "information"},
        "process": {"pid": 420, "executable": IMAGE, "command_line": "whoami /all",
            "entity_id": "{9f32b55f-7c4e-5f98-5803-000000000500}",
            "hash": {"md5": "aa", "sha256": "bb"}, "pe": {"imphash": "cc"},
            "parent": {"executable": r"C:\Windows\System32\cmd.exe", "pid": 416}},
        "user": {"domain": "MINE", "name": "ann", "id": "S-1-5-18"},
        "winlog": {"channel": SYSMON, "computer_name": "ws.example", "event_id": "1",
            "event_data": {"IntegrityLevel": "High"}}});
    let row = one(&event.to_string());
    has(&row, &STARTED);
    has(
        &row,
        &[
            ("ProcessId", "420"),
            ("ParentProcessId", "416"),
            ("IntegrityLevel", "High"),
            ("UtcTime", "2026-05-04 06:19:26.666"),
            ("Hashes", "MD5=AA,SHA256=BB,IMPHASH=CC"),
        ],
    );
    let set = json!({"@timestamp": "2026-05-04T06:19:26.666Z", "event": {"code": "13"},
        "process": {"executable": IMAGE}, "registry": {"path": r"HKLM\a\b",
            "data": {"type": "SZ_DWORD", "strings": ["4"]}},
        "winlog": {"channel": SYSMON, "computer_name": "ws.example", "event_id": "13",
            "event_data": {"EventType": "SetValue"}}});
    has(
        &one(&set.to_string()),
        &[
            ("TargetObject", r"HKLM\a\b"),
            ("Details", "DWORD (0x00000004)"),
            ("EventType", "SetValue"),
        ],
    );
    let created = json!({"@timestamp": "2026-05-04T06:19:26.666Z", "event": {"code": "4688"},
        "process": {"executable": IMAGE, "pid": 4556, "parent": {"executable": "p.exe"}},
        "winlog": {"channel": "Security", "computer_name": "ws.example", "event_id": "4688",
            "event_data": {"ProcessId": "0x122c", "CommandLine": "whoami"}}});
    has(
        &one(&created.to_string()),
        &[
            ("NewProcessName", IMAGE),
            ("NewProcessId", "0x11cc"),
            ("ProcessId", "0x122c"),
            ("ParentProcessName", "p.exe"),
        ],
    );
    let script = json!({"@timestamp": "2026-05-04T06:19:26.666Z", "event": {"code": "4104"},
        "powershell": {"sequence": 1, "total": 1,
            "file": {"script_block_text": "Get-Secret", "script_block_id": "50d2"}},
        "winlog": {"channel": "Microsoft-Windows-PowerShell/Operational",
            "computer_name": "ws.example", "event_id": "4104"}});
    has(&one(&script.to_string()), &[("ScriptBlockText", "Get-Secret"), ("MessageTotal", "1")]);
    let pipeline = json!({"@timestamp": "2026-05-04T06:19:26.666Z", "event": {"code": "4103"},
        "message": "CommandInvocation(a): \"a\"\n\n\nContext:\n   Severity = Info\n\n\nUser Data:",
        "winlog": {"channel": "Microsoft-Windows-PowerShell/Operational",
            "computer_name": "ws.example", "event_id": "4103"}});
    has(
        &one(&pipeline.to_string()),
        &[("Payload", "CommandInvocation(a): \"a\""), ("ContextInfo", "   Severity = Info")],
    );
}

// Kibana and elasticdump give names with dots, lists of one, and an envelope.
#[test]
fn exports_of_elasticsearch_are_unwrapped() {
    let names = [
        ("@timestamp", "2026-05-04T06:19:26.666Z"),
        ("winlog.channel", SYSMON),
        ("winlog.computer_name", "ws.example"),
        ("winlog.event_id", "1"),
        ("winlog.event_data.Image", IMAGE),
        ("winlog.event_data.Image.keyword", IMAGE),
        ("winlog.event_data.CommandLine", "whoami /all"),
        ("winlog.event_data.ParentImage", r"C:\Windows\System32\cmd.exe"),
        ("winlog.event_data.User", r"MINE\ann"),
    ];
    let dotted: Value = names.iter().map(|(n, v)| ((*n).to_owned(), json!(v))).collect();
    let lists: Value = names.iter().map(|(n, v)| ((*n).to_owned(), json!([v]))).collect();
    let nested = json!({"@timestamp": "2026-05-04T06:19:26.666Z", "winlog": {"channel": SYSMON,
        "computer_name": "ws.example", "event_id": 1, "event_data": data()}});
    let header: Vec<&str> = names.iter().map(|(n, _)| *n).collect();
    let cells: Vec<&str> = names.iter().map(|(_, v)| *v).collect();
    let csv = format!("{}\n{}\n", header.join(","), cells.join(","));
    let csv = csv.replace("2026-05-04T06:19:26.666Z", "\"May 4, 2026 @ 06:19:26.666\"");
    for text in [
        dotted.to_string(),
        json!({"_index": "w", "_id": "1", "_source": nested}).to_string(),
        json!({"_index": "w", "_id": "1", "fields": lists}).to_string(),
        json!({"took": 5, "timed_out": false, "_shards": {"total": 1, "failed": 0}, "hits":
            {"total": {"value": 1}, "hits": [{"_index": "w", "_source": nested}]}})
        .to_string(),
        csv,
    ] {
        has(&one(&text), &STARTED);
        assert_eq!(read(text.as_bytes()).times[0], 1_777_875_566.666, "{text}");
    }
}

// A recorded line of the Security-Datasets: NXLog's type of the event hides Sysmon's.
#[test]
fn the_security_datasets() {
    let mut event = json!({"@version": "1", "@timestamp": "2026-05-04T06:19:29.802Z",
        "tags": ["mordorDataset"], "EventTime": "2026-05-04 02:19:26", "EventType": "INFO",
        "SourceName": "Microsoft-Windows-Sysmon", "EventID": 13, "Channel": SYSMON,
        "Hostname": "ws.example", "host": "wec.internal", "port": 60122, "OpcodeValue": 0,
        "ExecutionProcessID": 3284, "ThreadID": 4364, "Keywords": -9223372036854775808i64,
        "SeverityValue": 2, "Severity": "INFO", "AccountName": "SYSTEM", "Domain": "NT AUTHORITY",
        "UserID": "S-1-5-18", "SourceModuleName": "eventlog", "RecordNumber": 7,
        "Message": "Registry value set:\r\nRuleName: -\r\nEventType: SetValue\r\nUtcTime: \
            2026-05-04 06:19:26.666\r\nImage: C:\\a.exe\r\nTargetObject: HKLM\\a\r\nDetails: x",
        "UtcTime": "2026-05-04 06:19:26.666", "Image": r"C:\a.exe", "TargetObject": r"HKLM\a",
        "Details": "x"});
    let row = one(&event.to_string());
    has(
        &row,
        &[
            ("EventType", "SetValue"),
            ("Details", "x"),
            ("host", "ws.example"),
            ("ProcessID", "3284"),
            ("UserID", "S-1-5-18"),
        ],
    );
    assert!(!row.contains_key("AccountName") && !row.contains_key("port"));
    assert_eq!(read(event.to_string().as_bytes()).times[0], 1_777_875_566.666);
    // Elsewhere only the collector's time has a zone.
    event["UtcTime"] = Value::Null;
    assert_eq!(read(event.to_string().as_bytes()).times[0], 1_777_875_569.802);
}

#[test]
fn log_analytics_keeps_the_data_as_xml() {
    let xml = format!(
        "<EventData xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\"><Data \
         Name=\"Image\">{IMAGE}</Data><Data Name=\"CommandLine\">whoami /all</Data><Data \
         Name=\"ParentImage\">C:\\Windows\\System32\\cmd.exe</Data><Data \
         Name=\"User\">MINE\\ann</Data></EventData>"
    );
    let security = json!([{"EventSourceName": "Microsoft-Windows-Sysmon", "Channel": SYSMON,
        "Level": "4", "Computer": "ws.example", "TimeCreated": "2026-05-04T06:19:26.666Z",
        "TimeGenerated": "2026-05-04T06:20:26.666Z", "EventID": 1, "EventData": xml}]);
    has(&one(&security.to_string()), &STARTED);
    let framed = format!("<DataItem type=\"System.XmlData\" time=\"t\">{xml}</DataItem>");
    let table = json!({"TimeGenerated": "2026-05-04T06:19:26.666Z", "Source":
        "Microsoft-Windows-Sysmon", "EventLog": SYSMON, "Computer": "ws.example", "EventID": 1,
        "EventLevelName": "Information", "EventData": framed, "RenderedDescription": "m"});
    has(&one(&table.to_string()), &STARTED);
}

#[test]
fn evtxecmd_as_json_and_as_csv() {
    let list = named_texts();
    let payload = json!({"EventData": {"Data": list}}).to_string();
    let event = json!({"PayloadData1": "ProcessID: 420", "MapDescription": "Process creation",
        "ChunkNumber": 0, "Computer": "ws.example", "Payload": payload, "UserId": "S-1-5-18",
        "Channel": SYSMON, "Provider": "Microsoft-Windows-Sysmon", "EventId": 1,
        "EventRecordId": "9", "ProcessId": 4, "ThreadId": 8, "Level": "Info", "Keywords": "0x8000",
        "SourceFile": "a.evtx", "TimeCreated": "2026-05-04T06:19:26.6660000+00:00"});
    let row = one(&event.to_string());
    has(&row, &STARTED);
    has(&row, &[("ProcessId", "420"), ("RecordNumber", "9")]);
    let csv = format!(
        "\u{feff}RecordNumber,EventRecordId,TimeCreated,EventId,Level,Provider,Channel,ProcessId,\
         ThreadId,Computer,ChunkNumber,UserId,MapDescription,UserName,RemoteHost,PayloadData1,\
         ExecutableInfo,HiddenRecord,SourceFile,Keywords,ExtraDataOffset,Payload\r\n9,9,2026-05-04 \
         06:19:26.6660000,1,Info,Microsoft-Windows-Sysmon,{SYSMON},4,8,ws.example,0,S-1-5-18,,,,,,\
         False,a.evtx,,0,\"{}\"\r\n",
        payload.replace('"', "\"\"")
    );
    has(&one(&csv), &STARTED);
    assert_eq!(read(csv.as_bytes()).times[0], 1_777_875_566.666);
    let cleared = json!({"Payload": "{\"UserData\":{\"LogFileCleared\":{\"SubjectUserName\":\"ann\"}}}",
        "MapDescription": "", "ChunkNumber": 0, "Computer": "ws.example", "Channel": "Security",
        "Provider": "Microsoft-Windows-Eventlog", "EventId": 1102, "Keywords": "Audit success",
        "TimeCreated": "2026-05-04T06:19:26.666+00:00"});
    has(&one(&cleared.to_string()), &[("SubjectUserName", "ann"), ("EventCode", "1102")]);
}

#[test]
fn powershell_gives_values_without_names() {
    let event = |properties: Value, message: &str| {
        json!({"Id": 1, "Version": 5, "Level": 4, "Task": 1, "Opcode": 0,
            "Keywords": -9223372036854775808i64, "RecordId": 9, "ProviderName":
            "Microsoft-Windows-Sysmon", "LogName": SYSMON, "ProcessId": 4, "ThreadId": 8,
            "MachineName": "ws.example", "UserId": {"BinaryLength": 12, "Value": "S-1-5-18"},
            "TimeCreated": "/Date(1777875566666)/", "Properties": properties, "Message": message})
    };
    // Shallow conversions lose the values; the message has them.
    let shallow = json!(["System.Diagnostics.Eventing.Reader.EventProperty"]);
    let row = one(&event(shallow, &message()).to_string());
    has(&row, &STARTED);
    assert!(!row.contains_key("ParentUser"));
    let logon = json!({"Id": 4624, "LogName": "Security", "MachineName": "ws.example",
        "ProviderName": "Microsoft-Windows-Security-Auditing", "TimeCreated":
        "2026-05-04T06:19:26.666+00:00", "Message": "An account was successfully logged on.",
        "Properties": json!(["S-1-5-18", "WS$", "MINE", 999, {"Value": "S-1-5-21-1"}, "ann",
            "MINE", 74565, 3, "NtLmSsp ", "NTLM", "WS2", "{0}", "-", "NTLM V2", 128, 0, "-",
            "10.0.0.7", "4242"])
        .as_array()
        .unwrap()
        .iter()
        .map(|value| json!({"Value": value}))
        .collect::<Vec<_>>()});
    has(
        &one(&logon.to_string()),
        &[
            ("TargetUserName", "ann"),
            ("SubjectLogonId", "0x3e7"),
            ("TargetLogonId", "0x12345"),
            ("LogonType", "3"),
            ("IpAddress", "10.0.0.7"),
        ],
    );
    // What nobody knows the names of keeps its values, and its message.
    let other = json!({"Id": 9999, "LogName": "Application", "MachineName": "ws.example",
        "ProviderName": "Mine", "TimeCreated": "2026-05-04T06:19:26Z", "Message": "caved in",
        "Properties": [{"Value": "a"}, {"Value": "b"}]});
    let row = one(&other.to_string());
    assert_eq!(values(&row.into_iter().collect(), "Data"), ["a", "b"]);
}

#[test]
fn wazuh_writes_names_in_lower_case() {
    let lower = |value: Value| -> Value {
        let members = value.as_object().unwrap().clone().into_iter();
        members.map(|(n, v)| (n[..1].to_ascii_lowercase() + &n[1..], v)).collect()
    };
    let win = json!({"system": {"providerName": "Microsoft-Windows-Sysmon", "eventID": "1",
        "systemTime": "2026-05-04T06:19:26.6660000Z", "channel": SYSMON, "computer": "ws.example"},
        "eventdata": lower(data())});
    let alert = json!({"timestamp": "2026-05-04T06:19:28.000+0000", "rule": {"level": 12},
        "agent": {"id": "1"}, "data": {"win": win}, "location": "EventChannel"});
    has(&one(&json!({"win": win}).to_string()), &STARTED);
    has(&one(&alert.to_string()), &STARTED);
    let transfer = json!({"win": {"system": {"providerName": "Microsoft-Windows-Bits-Client",
        "eventID": "59", "channel": "Microsoft-Windows-Bits-Client/Operational"},
        "eventdata": {"url": "http://mine.example/a"}}});
    has(&one(&transfer.to_string()), &[("url", "http://mine.example/a")]);
}

// Attributes with `@`, as converters from XML to JSON have them.
#[test]
fn converted_xml() {
    let list = named_texts();
    let event = json!({"Event": {"@xmlns": "x", "System": {"Provider": {"@Name":
        "Microsoft-Windows-Sysmon"}, "EventID": {"@Qualifiers": "0", "#text": "1"},
        "TimeCreated": {"@SystemTime": "2026-05-04T06:19:26.666Z"}, "Channel": SYSMON,
        "Computer": "ws.example"}, "EventData": {"Data": list}}});
    has(&one(&event.to_string()), &STARTED);
}

// The published mapping of a 4688, and processes that no event log wrote.
#[test]
fn ocsf_is_told_by_its_attributes() {
    let mapped = json!({"class_uid": 1007, "activity_id": 1, "time": 1777875566666i64,
        "actor": {"process": {"file": {"path": r"C:\Windows\System32\cmd.exe"}, "pid": 3948},
            "user": {"domain": "MINE", "name": "ann", "session_uid": "0x55E621"}},
        "metadata": {"product": {"feature": {"name": "Security"}, "name": "Microsoft Windows"},
            "version": "1.0.0"},
        "process": {"file": {"path": IMAGE}, "cmd_line": "whoami /all", "pid": 4696},
        "device": {"os": {"name": "Windows", "type_id": 100}, "name": "ws.example"},
        "unmapped": {"EventCode": "4688", "EventType": "0", "RecordNumber": "7"}});
    has(
        &one(&mapped.to_string()),
        &[
            ("source", "XmlWinEventLog:Security"),
            ("EventCode", "4688"),
            ("NewProcessName", IMAGE),
            ("NewProcessId", "0x1258"),
            ("ParentProcessName", r"C:\Windows\System32\cmd.exe"),
            ("SubjectUserName", "ann"),
            ("host", "ws.example"),
        ],
    );
    let observed = json!({"class_uid": 1007, "activity_id": 1, "time": 1777875566666i64,
        "metadata": {"version": "1.3.0", "product": {"name": "Some EDR"}},
        "device": {"hostname": "ws.example", "os": {"type": "Windows", "type_id": 100}},
        "actor": {"user": {"name": "ann", "domain": "MINE"}},
        "process": {"file": {"path": IMAGE}, "cmd_line": "whoami /all", "pid": 420,
            "parent_process": {"file": {"path": r"C:\Windows\System32\cmd.exe"}}}});
    has(&one(&observed.to_string()), &STARTED);
    // OCSF schema: `reg_value.path` is the key's, `connection_info.direction_id` 2 is outbound.
    let of = |class: u64, activity: u64, more: Value| {
        let mut event = json!({"class_uid": class, "activity_id": activity, "time": 1777875566666i64,
            "metadata": {"version": "1.3.0"}, "device": {"os": {"name": "Windows"}}});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        one(&event.to_string())
    };
    let value =
        json!({"reg_value": {"path": r"HKLM\Software\Run", "name": "evil", "data": "x.exe"}});
    has(
        &of(201_002, 2, value),
        &[("TargetObject", r"HKLM\Software\Run\evil"), ("Details", "x.exe")],
    );
    let outward = json!({"connection_info": {"direction_id": 2}, "dst_endpoint": {"port": 445}});
    has(&of(4001, 1, outward), &[("Initiated", "true"), ("DestinationPort", "445")]);
    let file = json!({"process": {"file": {"path": IMAGE, "internal_name": "whoami.exe", "hashes": [
        {"algorithm_id": 1, "value": "AA"}, {"algorithm": "SHA-256", "algorithm_id": 3, "value": "BB"}]}}});
    has(&of(1007, 1, file), &[("Hashes", "MD5=AA,SHA256=BB"), ("OriginalFileName", "whoami.exe")]);
    let linux = json!({"class_uid": 1007, "activity_id": 1, "time": 1777875566666i64,
        "metadata": {"version": "1.3.0"}, "device": {"os": {"type": "Linux"}},
        "process": {"file": {"path": "/bin/sh"}}});
    has(&one(&linux.to_string()), &[("sourcetype", "ocsf"), ("process.file.path", "/bin/sh")]);
}

#[test]
fn exports_of_splunk_as_csv() {
    let text = "\"_time\",\"_raw\",host,source,sourcetype,index,tag,\"__mv_tag\"\n\
        \"2026-05-04T06:19:26.666+0000\",\"{\"\"a\"\": \"\"b\"\"}\",h,s,mine,i,\"x\ny\",\"$x$;$y$$z$\"\n";
    let row = one(text);
    has(
        &row,
        &[("a", "b"), ("host", "h"), ("source", "s"), ("sourcetype", "mine"), ("index", "i")],
    );
    assert_eq!(values(&row.into_iter().collect(), "tag"), ["x", "y$z"]);
    assert_eq!(read(text.as_bytes()).times[0], 1_777_875_566.666);
    let classic = "_raw,_time,sourcetype\n\"05/04/2026 06:19:26 AM\nLogName=Security\nEventCode=4625\n\
        ComputerName=ws.example\nMessage=An account failed to log on.\n\nSubject:\n\tAccount \
        Name:\t\tann\n\",1777875566,WinEventLog\n";
    has(
        &one(classic),
        &[
            ("EventCode", "4625"),
            ("Account_Name", "ann"),
            ("host", "ws.example"),
            ("sourcetype", "WinEventLog"),
        ],
    );
    // Only the text was exported: what it is shows by itself.
    let line = "_raw\n\"type=USER_CMD msg=audit(1777875566.666:44): pid=1 uid=0\"\n";
    has(&one(line), &[("sourcetype", "linux:audit"), ("uid", "0")]);
}

#[test]
fn audit_records_of_microsoft_365_in_a_table() {
    let record = r#"{""CreationTime"":""2026-05-04T06:19:26"",""Operation"":""New-InboxRule"",""Workload"":""Exchange"",""RecordType"":1}"#;
    let text = format!(
        "RecordId,CreationDate,RecordType,Operation,UserId,AuditData\n1,2026-05-04,1,New-InboxRule,\
         ann,\"{record}\"\n"
    );
    let wanted = [("sourcetype", "o365:management:activity"), ("Operation", "New-InboxRule")];
    has(&one(&text), &wanted);
    let json = json!({"PSComputerName": "p", "AuditData": record.replace("\"\"", "\"")});
    has(&one(&json.to_string()), &wanted);
}

// A stated sourcetype means the row as it is.
#[test]
fn a_stated_table_stays_a_table() {
    let meta = davy_events::Meta { sourcetype: Some("mine".into()), ..Default::default() };
    let text = "Channel,EventID\na,7\n";
    let got = crate::read_with(text.as_bytes(), &meta, &davy_events::Options::default());
    assert_eq!(
        (got.rows[0]["sourcetype"].as_str(), got.rows[0]["Channel"].as_str()),
        ("mine", "a")
    );
}

// The pages on 4688 and 4625 show each message beside its XML.
#[test]
fn data_that_only_the_message_shows() {
    let started = "A new process has been created.\r\n\r\nCreator Subject:\r\n\tSecurity ID:\t\t\
        S-1-5-18\r\n\tAccount Name:\t\tann\r\n\tAccount Domain:\t\tMINE\r\n\tLogon ID:\t\t0x3E7\r\n\
        \r\nTarget Subject:\r\n\tSecurity ID:\t\tS-1-0-0\r\n\tAccount Name:\t\tbob\r\n\r\nProcess \
        Information:\r\n\tNew Process ID:\t\t0x1a4\r\n\tNew Process Name:\tC:\\Windows\\System32\\\
        whoami.exe\r\n\tCreator Process Name:\tC:\\Windows\\System32\\cmd.exe\r\n\tProcess Command \
        Line:\twhoami /all\r\n\r\nToken Elevation Type indicates: the type of token.\r\n";
    let event = json!({"Id": 4688, "LogName": "Security", "MachineName": "ws.example",
        "ProviderName": "Microsoft-Windows-Security-Auditing", "TimeCreated":
        "2026-05-04T09:30:00Z", "Message": started});
    let wanted = [
        ("EventCode", "4688"),
        ("SubjectUserSid", "S-1-5-18"),
        ("SubjectUserName", "ann"),
        ("TargetUserSid", "S-1-0-0"),
        ("TargetUserName", "bob"),
        ("NewProcessId", "0x1a4"),
        ("NewProcessName", IMAGE),
        ("ParentProcessName", r"C:\Windows\System32\cmd.exe"),
        ("CommandLine", "whoami /all"),
    ];
    has(&one(&event.to_string()), &wanted);
    let saved = format!(
        "Keywords,Date and Time,Source,Event ID,Task Category\r\nAudit Success,5/4/2026 9:30:00 \
         AM,Microsoft-Windows-Security-Auditing,4688,Process Creation,\"{started}\"\r\n"
    );
    let row = one(&saved);
    has(&row, &wanted);
    has(&row, &[("source", "XmlWinEventLog:Security"), ("Keywords", "0x8020000000000000")]);
    let failed = "An account failed to log on.\r\n\r\nSubject:\r\n\tSecurity ID:\t\tS-1-0-0\r\n\r\n\
        Logon Type:\t\t\t3\r\n\r\nAccount For Which Logon Failed:\r\n\tSecurity ID:\t\tS-1-0-0\r\n\
        \tAccount Name:\t\tann\r\n\r\nFailure Information:\r\n\tFailure Reason:\t\tUnknown user.\r\n\
        \tStatus:\t\t\t0xC000006D\r\n\tSub Status:\t\t0xC0000064\r\n\r\nNetwork Information:\r\n\
        \tWorkstation Name:\tWS\r\n\tSource Network Address:\t10.0.0.7\r\n\tSource Port:\t\t50000\r\n";
    let mut event = event;
    event["Id"] = json!(4625);
    event["Message"] = json!(failed);
    has(
        &one(&event.to_string()),
        &[
            ("LogonType", "3"),
            ("TargetUserName", "ann"),
            ("SubStatus", "0xC0000064"),
            ("IpAddress", "10.0.0.7"),
            ("IpPort", "50000"),
        ],
    );
    event["Id"] = json!(4672);
    event["Message"] = json!(
        "Special privileges assigned to new logon.\r\n\r\nSubject:\r\n\tAccount Name:\t\tann\r\n\r\n\
         Privileges:\t\tSeSecurityPrivilege\r\n\t\t\tSeBackupPrivilege\r\n"
    );
    let row = one(&event.to_string());
    has(&row, &[("PrivilegeList", "SeSecurityPrivilege\nSeBackupPrivilege")]);
}

#[test]
fn services_and_scripts_that_only_the_message_shows() {
    let event = |id: u32, log: &str, message: &str| {
        json!({"Id": id, "LogName": log, "MachineName": "ws.example", "ProviderName": "P",
            "TimeCreated": "2026-05-04T09:30:00Z", "Message": message})
        .to_string()
    };
    let service = "A service was installed in the system.\r\n\r\nService Name:  evil\r\nService File \
        Name:  C:\\a.exe -k\r\nService Type:  user mode service\r\nService Start Type:  demand \
        start\r\nService Account:  LocalSystem";
    has(
        &one(&event(7045, "System", service)),
        &[
            ("ServiceName", "evil"),
            ("ImagePath", r"C:\a.exe -k"),
            ("StartType", "demand start"),
            ("AccountName", "LocalSystem"),
        ],
    );
    let script = "Creating Scriptblock text (1 of 2):\r\nGet-Process (a) # ScriptBlock\r\n\r\n\
        ScriptBlock ID: b-1\r\nPath: C:\\a.ps1";
    has(
        &one(&event(4104, "Microsoft-Windows-PowerShell/Operational", script)),
        &[
            ("ScriptBlockText", "Get-Process (a) # ScriptBlock"),
            ("MessageTotal", "2"),
            ("ScriptBlockId", "b-1"),
            ("Path", r"C:\a.ps1"),
        ],
    );
}

// `wevtutil query-events`, format `text`.
#[test]
fn events_that_wevtutil_listed() {
    let event = |number: u32, id: u32| {
        format!(
            "Event[{number}]:\r\n  Log Name: Security\r\n  Source: \
             Microsoft-Windows-Security-Auditing\r\n  Date: 2026-05-04T09:30:00.500\r\n  Event ID: \
             {id}\r\n  Level: Information\r\n  Keyword: Audit Success\r\n  Computer: ws.example\r\n  \
             Description: \r\nA new process has been created.\r\n\r\nCreator Subject:\r\n\tAccount \
             Name:\t\tann\r\n\r\nProcess Information:\r\n\tNew Process Name:\t{IMAGE}\r\n\r\n"
        )
    };
    let text = event(0, 4688) + &event(1, 4688);
    for got in [read(text.as_bytes()), stream(text.as_bytes())] {
        assert_eq!((got.rows.len(), got.problems.len()), (2, 0), "{:?}", got.problems);
        assert_eq!(got.times, [1_777_887_000.5, 1_777_887_000.5]);
        let row: Row = got.rows[1].clone().into_iter().collect();
        has(
            &row,
            &[
                ("source", "XmlWinEventLog:Security"),
                ("EventCode", "4688"),
                ("host", "ws.example"),
                ("SubjectUserName", "ann"),
                ("NewProcessName", IMAGE),
                ("Keywords", "0x8020000000000000"),
            ],
        );
    }
}
