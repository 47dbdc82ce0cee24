//! A Windows event is the same event in whatever wrapper it comes, and in the words of whichever
//! agent.

use crate::{Row, read, stream};
use serde_json::{Value, json};

const XML: &str = r#"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Security-Auditing' Guid='{54849625-5478-4994-a5ba-3e3b0328c30d}'/><EventID>4688</EventID><Version>2</Version><Level>0</Level><Task>13312</Task><Opcode>0</Opcode><Keywords>0x8020000000000000</Keywords><TimeCreated SystemTime='2026-05-04T09:30:00.1234567Z'/><EventRecordID>4242</EventRecordID><Correlation/><Execution ProcessID='4' ThreadID='72'/><Channel>Security</Channel><Computer>ws.example</Computer><Security/></System><EventData><Data Name='SubjectUserName'>ann</Data><Data Name='NewProcessId'>0x32c</Data><Data Name='NewProcessName'>C:\Windows\System32\certutil.exe</Data><Data Name='ProcessId'>0x1267</Data><Data Name='CommandLine'>certutil -f "a b"</Data><Data Name='ParentProcessName'>C:\Windows\System32\cmd.exe</Data></EventData></Event>"#;

fn rows(text: &str) -> Vec<Row> {
    let whole = read(text.as_bytes());
    assert!(whole.problems.is_empty(), "{:?}: {text}", whole.problems);
    assert_eq!(whole.rows, stream(text.as_bytes()).rows, "{text}");
    whole.rows
}

fn one(text: &str) -> Row {
    let mut rows = rows(text);
    assert_eq!(rows.len(), 1, "{text}");
    rows.remove(0)
}

/// A process that starts, as any form tells it.
const STARTED: [(&str, &str); 8] = [
    ("sourcetype", "XmlWinEventLog"),
    ("source", "XmlWinEventLog:Security"),
    ("host", "ws.example"),
    ("EventCode", "4688"),
    ("NewProcessName", r"C:\Windows\System32\certutil.exe"),
    ("ParentProcessName", r"C:\Windows\System32\cmd.exe"),
    ("CommandLine", "certutil -f \"a b\""),
    ("SubjectUserName", "ann"),
];

fn has(row: &Row, wanted: &[(&str, &str)]) {
    for (name, value) in wanted {
        assert_eq!(row.get(*name).map(String::as_str), Some(*value), "{name} of {row:#?}");
    }
}

const MESSAGE: &str = "A new process has been created.\r\n\r\nCreator Subject:\r\n\tAccount Name:\t\tann\r\n\tLogon ID:\t\t0x3E7\r\n\r\nProcess Information:\r\n\tNew Process ID:\t\t0x32c\r\n\tNew Process Name:\tC:\\Windows\\System32\\certutil.exe\r\n\tCreator Process Name:\tC:\\Windows\\System32\\cmd.exe\r\n\tProcess Command Line:\tcertutil -f \"a b\"\r\n";

#[test]
fn xml_in_an_object_is_the_event() {
    let bare = one(XML);
    has(&bare, &STARTED);
    let header = format!("<13>May  4 09:30:00 relay {XML}");
    for wrapped in [
        json!({"xml": XML}),
        json!({"host": "relay", "Xml": XML, "EventID": 4688}),
        json!({"Message": XML}),
        json!({"@timestamp": "2026-05-04T10:00:00Z", "message": XML}),
        json!({"@timestamp": "2026-05-04T10:00:00Z", "message": header}),
        json!({"@timestamp": "2026-05-04T10:00:00Z", "event": {"original": XML, "code": "4688"}}),
        // GELF.
        json!({"version": "1.1", "host": "relay", "short_message": "A new process", "full_message": XML}),
        // Vector.
        json!({"file": "/x.xml", "host": "relay", "message": XML, "source_type": "file"}),
        // A record of Kafka, and a row that a tool put around one.
        json!({"topic": "win", "partition": 0, "offset": 7, "value": XML}),
        json!({"data_type": "windows:evtx:record", "xml_string": XML, "strings": ["ann"]}),
        json!({"value": {"payload": XML}}),
    ] {
        let row = one(&wrapped.to_string());
        for name in ["_raw", "host", "source", "sourcetype", "CommandLine", "SystemTime"] {
            assert_eq!(row.get(name), bare.get(name), "{name} of {wrapped}");
        }
        assert_eq!(row.len(), bare.len(), "{wrapped}");
    }
}

// OpenTelemetry's logs, a batch of an event hub.
#[test]
fn several_in_an_object_are_several_events() {
    let record = json!({"timeUnixNano": "1777887000123000000", "body": {"stringValue": XML}});
    let logs = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record, record]}]}]});
    assert_eq!(rows(&logs.to_string()).len(), 2);
    let batch = json!({"records": [{"category": "Event", "properties": {"RawXml": XML}}, {"category": "Event", "properties": {"RawXml": XML}}]});
    let found = rows(&batch.to_string());
    assert_eq!(found.len(), 2);
    has(&found[1], &STARTED);
}

// What an event's data holds stays there.
#[test]
fn xml_in_the_data_of_an_event_is_no_event() {
    let event = json!({"EventID": 4104, "Channel": "Microsoft-Windows-PowerShell/Operational",
        "Hostname": "ws.example", "EventData": {"ScriptBlockText": XML}});
    has(&one(&event.to_string()), &[("EventCode", "4104"), ("host", "ws.example")]);
}

#[test]
fn objects_in_members_of_a_bus() {
    let event = json!({"EventID": 4688, "Channel": "Security", "Hostname": "ws.example",
        "SourceName": "Microsoft-Windows-Security-Auditing", "SubjectUserName": "ann",
        "NewProcessName": r"C:\Windows\System32\certutil.exe",
        "ParentProcessName": r"C:\Windows\System32\cmd.exe", "CommandLine": "certutil -f \"a b\""});
    for wrapped in [
        json!({"topic": "win", "offset": 7, "value": event}),
        json!({"topic": "win", "offset": 7, "payload": event.to_string()}),
        json!({"@timestamp": "2026-05-04T10:00:00Z", "event": {"original": event.to_string()}}),
        json!({"Message": event.to_string()}),
    ] {
        has(&one(&wrapped.to_string()), &STARTED);
    }
    // An event without a time has that of the record of Kafka.
    let untimed = json!({"timestamp": 1_777_887_000_123_u64, "value": event});
    assert_eq!(read(untimed.to_string().as_bytes()).times, [1_777_887_000.123]);
    // An object whose own kind is known stays whole, and so does what holds nothing known.
    let whole = json!({"detail-type": "GuardDuty Finding", "detail": {"schemaVersion": "2.0",
        "accountId": "1", "service": {}, "resource": {}, "severity": 5}});
    assert_eq!(one(&whole.to_string())["_raw"], whole.to_string());
    let other = json!({"value": {"a": 1}, "offset": 3});
    assert_eq!(one(&other.to_string())["value.a"], "1");
}

// Amazon Kinesis as Lambda gets it, Pub/Sub's push messages; a table with a column of events.
#[test]
fn bytes_and_cells() {
    // {"eventVersion":"1.08","eventTime":"2026-05-04T09:30:00Z","eventSource":"s","eventName":"n"}
    let coded = "eyJldmVudFZlcnNpb24iOiIxLjA4IiwiZXZlbnRUaW1lIjoiMjAyNi0wNS0wNFQwOTozMDowMFoiLCJldmVudFNvdXJjZSI6InMiLCJldmVudE5hbWUiOiJuIn0=";
    let records = json!({"Records": [{"kinesis": {"data": coded}}, {"kinesis": {"data": coded}}]});
    let found = rows(&records.to_string());
    assert_eq!(found.len(), 2);
    has(&found[1], &[("sourcetype", "aws:cloudtrail"), ("eventName", "n")]);
    let pushed = json!({"message": {"data": coded, "messageId": "1"}, "subscription": "s"});
    has(&one(&pushed.to_string()), &[("eventName", "n")]);
    // A queue's message around that of a topic.
    let record = r#"{"eventVersion":"1.08","eventTime":"2026-05-04T09:30:00Z","eventSource":"s","eventName":"n"}"#;
    let topic = json!({"Type": "Notification", "Message": record}).to_string();
    has(&one(&json!({"MessageId": "1", "Body": topic}).to_string()), &[("eventName", "n")]);
    let quoted = XML.replace('"', "\"\"");
    has(&one(&format!("host,raw_event\nrelay,\"{quoted}\"\n")), &STARTED);
    let plain = "host,note\nrelay,{x}\n";
    has(&one(plain), &[("sourcetype", "csv"), ("note", "{x}")]);
}

// NXLog's `to_json` behind GELF's names; Graylog's names of winlogbeat's fields.
#[test]
fn fields_of_gelf_and_of_graylog() {
    has(
        &one(&json!({"version": "1.1", "host": "ws.example", "short_message": "A new process",
            "timestamp": 1_777_887_000.1, "_EventID": 4688, "_Channel": "Security",
            "_SourceName": "Microsoft-Windows-Security-Auditing", "_SubjectUserName": "ann",
            "_NewProcessName": r"C:\Windows\System32\certutil.exe",
            "_ParentProcessName": r"C:\Windows\System32\cmd.exe",
            "_CommandLine": "certutil -f \"a b\""})
        .to_string()),
        &STARTED,
    );
    let mut stored = json!({"timestamp": "2026-05-04T09:30:00.123Z", "source": "ws"});
    for (name, value) in [
        ("channel", "Security"),
        ("event_id", "4688"),
        ("provider_name", "Microsoft-Windows-Security-Auditing"),
        ("computer_name", "ws.example"),
        ("event_data_SubjectUserName", "ann"),
        ("event_data_NewProcessName", r"C:\Windows\System32\certutil.exe"),
        ("event_data_ParentProcessName", r"C:\Windows\System32\cmd.exe"),
        ("event_data_CommandLine", "certutil -f \"a b\""),
    ] {
        stored[format!("winlogbeat_winlog_{name}")] = value.into();
    }
    has(&one(&stored.to_string()), &STARTED);
}

// The documentation's names of the properties; an entry type is a number in JSON.
#[test]
fn entries_of_get_eventlog_and_of_wmi() {
    let strings = json!([
        "S-1-5-21-1",
        "ann",
        "MINE",
        "0x3e7",
        "0x32c",
        r"C:\Windows\System32\certutil.exe",
        "%%1936",
        "0x1267",
        "certutil -f \"a b\"",
        "S-1-0-0",
        "-",
        "-",
        "0x0",
        r"C:\Windows\System32\cmd.exe",
        "S-1-16-8192"
    ]);
    let entry = json!({"MachineName": "ws.example", "Data": [], "Index": 4242, "EventID": 4688,
        "EntryType": 8, "Message": MESSAGE, "Source": "Microsoft-Windows-Security-Auditing",
        "ReplacementStrings": strings, "InstanceId": 4688, "CategoryNumber": 13312,
        "TimeGenerated": "/Date(1777887000000)/", "TimeWritten": "/Date(1777887000000)/"});
    has(&one(&entry.to_string()), &STARTED);
    has(&one(&entry.to_string()), &[("Keywords", "0x8020000000000000")]);
    let quoted = MESSAGE.replace('"', "\"\"");
    let table = format!(
        "\"EventID\",\"MachineName\",\"Index\",\"EntryType\",\"Message\",\"Source\",\"ReplacementStrings\",\"InstanceId\",\"TimeGenerated\"\r\n\"4688\",\"ws.example\",\"4242\",\"SuccessAudit\",\"{quoted}\",\"Microsoft-Windows-Security-Auditing\",\"System.String[]\",\"4688\",\"5/4/2026 9:30:00 AM\"\r\n"
    );
    has(&one(&table), &STARTED);
    let managed = json!({"ComputerName": "ws.example", "Logfile": "Security", "EventCode": 4688,
        "EventIdentifier": 4688, "EventType": 4, "RecordNumber": 4242, "Message": MESSAGE,
        "SourceName": "Microsoft-Windows-Security-Auditing", "InsertionStrings": strings,
        "TimeGenerated": "20260504113000.123456+120"});
    let read = read(managed.to_string().as_bytes());
    has(&read.rows[0], &STARTED);
    assert_eq!(read.times, [1_777_887_000.123_456]);
}

// `Get-WinEvent | Select TimeCreated, Id, LevelDisplayName, Message | Export-Csv`.
#[test]
fn a_few_columns_tell_the_log_by_the_message() {
    let quoted = MESSAGE.replace('"', "\"\"");
    let table = format!(
        "\"TimeCreated\",\"Id\",\"LevelDisplayName\",\"Message\"\r\n\"5/4/2026 9:30:00 AM\",\"4688\",\"Information\",\"{quoted}\"\r\n"
    );
    let row = one(&table);
    has(&row, &STARTED[3..]);
    has(&row, &[("source", "XmlWinEventLog:Security"), ("host", "unknown")]);
    let sysmon = json!({"TimeCreated": "2026-05-04T09:30:00Z", "Id": 1, "Message":
        "Process Create:\nRuleName: -\nUtcTime: 2026-05-04 09:30:00.000\nImage: C:\\a.exe\n"});
    has(&one(&sysmon.to_string()), &[("EventCode", "1"), ("Image", r"C:\a.exe")]);
    // Other objects with such members are none.
    let other = json!({"TimeCreated": "2026-05-04T09:30:00Z", "Id": 4711, "Message": "stored"});
    assert_eq!(one(&other.to_string())["sourcetype"], "_json");
}

// Azure Monitor Logs, table `WindowsEvent`: `EventData` is dynamic, and text in an export.
#[test]
fn data_as_a_text_of_json() {
    let data = json!({"SubjectUserName": "ann", "CommandLine": "certutil -f \"a b\"",
        "NewProcessName": r"C:\Windows\System32\certutil.exe",
        "ParentProcessName": r"C:\Windows\System32\cmd.exe"});
    for data in [data.clone(), Value::from(data.to_string())] {
        let event = json!({"TimeGenerated": "2026-05-04T09:30:00.123Z", "Channel": "Security",
            "Provider": "Microsoft-Windows-Security-Auditing", "Computer": "ws.example",
            "EventID": 4688, "EventLevelName": "LogAlways", "EventData": data});
        has(&one(&event.to_string()), &STARTED);
    }
}

// Snare's guide shows the order of the values; messages are in one line there. NXLog's
// `to_syslog_ietf` writes fields as structured data.
#[test]
fn agents_over_syslog() {
    let flat = MESSAGE.replace("\r\n", "  ").replace('\t', "  ");
    let snare = format!(
        "<13>May  4 09:30:00 relay MSWinEventLog\t1\tSecurity\t1024\tMon May 04 09:30:00 2026\t4688\tMicrosoft-Windows-Security-Auditing\tMINE\\ann\tN/A\tSuccess Audit\tws.example\tProcess Creation\t\t{flat}\t4242"
    );
    for line in [snare.clone(), snare.replace('\t', "#011")] {
        let read = read(line.as_bytes());
        has(&read.rows[0], &STARTED);
        assert_eq!(read.times, [1_777_887_000.0]);
    }
    let collected = format!(
        "<13>May  4 09:30:00 relay AgentDevice=WindowsLog\tAgentLogFile=Security\tPluginVersion=7.3\tSource=Microsoft-Windows-Security-Auditing\tComputer=ws.example\tEventID=4688\tEventIDCode=4688\tEventType=8\tRecordNumber=4242\tTimeGenerated=1777887000\tLevel=Log Always\tKeywords=Audit Success\tMessage={flat}"
    );
    let read_one = read(collected.as_bytes());
    has(&read_one.rows[0], &STARTED);
    assert_eq!(read_one.times, [1_777_887_000.0]);
    let nxlog = r#"<13>1 2026-05-04T09:30:00Z ws.example Security-Auditing 4 - [NXLOG@14506 EventID="4688" Channel="Security" SourceName="Microsoft-Windows-Security-Auditing" SubjectUserName="ann" NewProcessName="C:\\Windows\\System32\\certutil.exe" ParentProcessName="C:\\Windows\\System32\\cmd.exe" CommandLine="certutil -f \"a b\""] A new process"#;
    has(&one(nxlog), &STARTED);
    assert_eq!(read(nxlog.as_bytes()).times, [1_777_887_000.0]);
}

// Plaso's formatter of `windows:evtx:record`, in the columns of `dynamic`.
#[test]
fn timelines_of_plaso() {
    let message = r#"[4688 / 0x1250] Source Name: Microsoft-Windows-Security-Auditing Strings: ['S-1-5-21-1', 'ann', 'MINE', '0x3e7', '0x32c', 'C:\\Windows\\System32\\certutil.exe', '%%1936', '0x1267', 'certutil -f "a b"', 'S-1-0-0', '-', '-', '0x0', 'C:\\Windows\\System32\\cmd.exe', 'S-1-16-8192'] Computer Name: ws.example Record Number: 4242 Event Level: 0"#;
    let quoted = message.replace('"', "\"\"");
    let table = format!(
        "datetime,timestamp_desc,source,source_long,message,parser,display_name,tag\n2026-05-04T09:30:00.123456+00:00,Creation Time,EVT,WinEVTX,\"{quoted}\",winevtx,x,-\n"
    );
    has(&one(&table), &STARTED);
    assert_eq!(read(table.as_bytes()).times, [1_777_887_000.123_456]);
    let other = "datetime,timestamp_desc,source,message\n2026-05-04T09:30:00+00:00,Content Modification Time,FILE,/a/b\n";
    assert_eq!(one(other)["sourcetype"], "csv");
}

// REST API Reference, `output_mode=xml`.
#[test]
fn results_of_splunk_in_xml() {
    let escaped = XML.replace('&', "&amp;").replace('<', "&lt;");
    let text = format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<results preview='0'>\n<meta>\n<fieldOrder><field>_raw</field></fieldOrder>\n</meta>\n\t<result offset='0'>\n\t\t<field k='_raw'><v xml:space='preserve' trim='0'>{escaped}</v></field>\n\t\t<field k='_time'><value><text>2026-05-04T09:30:00.123+00:00</text></value></field>\n\t\t<field k='host'><value><text>ws.example</text></value></field>\n\t\t<field k='sourcetype'><value><text>XmlWinEventLog</text></value></field>\n\t\t<field k='source'><value><text>XmlWinEventLog:Security</text></value></field>\n\t</result>\n\t<result offset='1'>\n\t\t<field k='_raw'><v xml:space='preserve' trim='0'>user=<sg h=\"1\">ann</sg> a&amp;b</v></field>\n\t\t<field k='_time'><value><text>2026-05-04T09:31:00.000+00:00</text></value></field>\n\t\t<field k='tag'><value><text>x</text></value><value><text>y</text></value></field>\n\t</result>\n</results>"
    );
    let found = rows(&text);
    assert_eq!(found.len(), 2);
    has(&found[0], &STARTED);
    has(&found[1], &[("_raw", "user=ann a&b")]);
    assert_eq!(crate::values(&found[1], "tag"), ["x", "y"]);
}

fn defended(dataset: &str, action: &str, more: Value) -> Value {
    let mut event = json!({"@timestamp": "2026-05-04T09:30:00.1234567Z", "message": "Endpoint event",
        "agent": {"type": "endpoint", "version": "8.15.0"},
        "data_stream": {"dataset": format!("endpoint.events.{dataset}"), "type": "logs"},
        "event": {"module": "endpoint", "dataset": format!("endpoint.events.{dataset}"),
            "action": action, "kind": "event"},
        "host": {"hostname": "ws.example", "os": {"type": "windows"}},
        "process": {"pid": 812, "entity_id": "MmI=", "name": "certutil.exe",
            "executable": r"C:\Windows\System32\certutil.exe"},
        "user": {"domain": "MINE", "name": "ann"}});
    for (name, value) in more.as_object().unwrap() {
        match (event.get_mut(name), value) {
            (Some(Value::Object(there)), Value::Object(more)) => there.extend(more.clone()),
            _ => event[name] = value.clone(),
        }
    }
    event
}

// The fields of the sample events of Elastic's endpoint package, under Sysmon's names.
#[test]
fn elastic_defend_as_sysmon() {
    let row = |dataset: &str, action: &str, more: Value| {
        one(&defended(dataset, action, more).to_string())
    };
    let started = row(
        "process",
        "start",
        json!({"process": {"command_line": "certutil -f \"a b\"",
        "hash": {"md5": "aa", "sha1": "bb", "sha256": "cc"}, "pe": {"original_file_name": "CertUtil.exe"},
        "parent": {"executable": r"C:\Windows\System32\cmd.exe", "command_line": "cmd", "pid": 4},
        "Ext": {"token": {"integrity_level_name": "high"}}}}),
    );
    has(
        &started,
        &[
            ("sourcetype", "XmlWinEventLog"),
            ("source", "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"),
            ("host", "ws.example"),
            ("EventCode", "1"),
            ("UtcTime", "2026-05-04 09:30:00.123"),
            ("Image", r"C:\Windows\System32\certutil.exe"),
            ("OriginalFileName", "CertUtil.exe"),
            ("CommandLine", "certutil -f \"a b\""),
            ("ParentImage", r"C:\Windows\System32\cmd.exe"),
            ("User", r"MINE\ann"),
            ("Hashes", "SHA1=BB,MD5=AA,SHA256=CC"),
            ("IntegrityLevel", "High"),
        ],
    );
    let file = json!({"file": {"path": r"C:\a.exe", "name": "a.exe"}});
    has(
        &row("file", "creation", file.clone()),
        &[("EventCode", "11"), ("TargetFilename", r"C:\a.exe")],
    );
    has(&row("file", "deletion", file), &[("EventCode", "23")]);
    let run = r"HKEY_LOCAL_MACHINE\SOFTWARE\Run\a";
    let set = json!({"registry": {"path": run, "value": "a", "data": {"type": "REG_DWORD", "strings": ["1"]}}});
    has(
        &row("registry", "modification", set),
        &[
            ("EventCode", "13"),
            ("EventType", "SetValue"),
            ("TargetObject", r"HKLM\SOFTWARE\Run\a"),
            ("Details", "DWORD (0x00000001)"),
        ],
    );
    let to = json!({"source": {"ip": "10.0.0.5", "port": 50000}, "network": {"transport": "tcp"},
        "destination": {"ip": "192.0.2.7", "port": 443}});
    has(
        &row("network", "connection_attempted", to),
        &[
            ("EventCode", "3"),
            ("DestinationIp", "192.0.2.7"),
            ("DestinationPort", "443"),
            ("Initiated", "true"),
            ("Protocol", "tcp"),
        ],
    );
    let asked = json!({"dns": {"question": {"name": "x.example"}}});
    has(
        &row("network", "lookup_requested", asked),
        &[("EventCode", "22"), ("QueryName", "x.example")],
    );
    let loaded = json!({"dll": {"path": r"C:\x.dll", "hash": {"sha256": "dd"}}});
    has(
        &row("library", "load", loaded),
        &[("EventCode", "7"), ("ImageLoaded", r"C:\x.dll"), ("Hashes", "SHA256=DD")],
    );
    let opened = json!({"Target": {"process": {"executable": r"C:\Windows\System32\lsass.exe"}},
        "process": {"Ext": {"api": {"name": "OpenProcess", "parameters": {"desired_access_numeric": 0x1410}}}}});
    has(
        &row("api", "api", opened),
        &[
            ("EventCode", "10"),
            ("TargetImage", r"C:\Windows\System32\lsass.exe"),
            ("GrantedAccess", "0x1410"),
        ],
    );
    // Kibana's exports have names with dots.
    let dotted = json!({"@timestamp": "2026-05-04T09:30:00.123Z", "event.module": ["endpoint"],
        "event.dataset": ["endpoint.events.process"], "event.action": ["start"],
        "host.hostname": ["ws.example"], "process.executable": [r"C:\a.exe"]});
    has(&one(&dotted.to_string()), &[("EventCode", "1"), ("Image", r"C:\a.exe")]);
}

#[test]
fn elastic_defend_on_linux_and_what_sysmon_does_not_tell() {
    let linux = json!({"host": {"os": {"type": "linux"}}, "process": {"executable": "/usr/bin/curl", "command_line": "curl x"}});
    let row = one(&defended("process", "exec", linux).to_string());
    has(
        &row,
        &[
            ("sourcetype", "sysmon:linux"),
            ("source", "Syslog:Linux-Sysmon/Operational"),
            ("EventCode", "1"),
            ("User", "ann"),
            ("Image", "/usr/bin/curl"),
        ],
    );
    // Auditbeat, in the names of ECS.
    let audited = json!({"@timestamp": "2026-05-04T09:30:00Z", "agent": {"type": "auditbeat"},
        "event": {"kind": "event", "module": "auditd", "category": ["process"], "type": ["start"]},
        "host": {"name": "web", "os": {"family": "debian"}}, "user": {"name": "root"},
        "process": {"executable": "/usr/bin/curl", "title": "curl x", "pid": 7}});
    has(
        &one(&audited.to_string()),
        &[
            ("sourcetype", "sysmon:linux"),
            ("EventCode", "1"),
            ("host", "web"),
            ("CommandLine", "curl x"),
        ],
    );
    let mut alert = audited.clone();
    alert["event"]["kind"] = "alert".into();
    for other in [
        alert,
        defended("registry", "query", json!({})),
        defended("process", "fork", json!({})),
        defended("process", "start", json!({"host": {"os": {"type": "macos"}}})),
    ] {
        assert_eq!(one(&other.to_string())["sourcetype"], "_json");
    }
}
