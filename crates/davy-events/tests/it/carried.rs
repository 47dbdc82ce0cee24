//! Events inside what others put about them: headings, wrappers, headers of carriers, lists.

use crate::{Read, read, stream, values};
use serde_json::json;
use std::io::Write;

const IMAGE: &str = r"C:\Windows\System32\whoami.exe";

/// Reads at once and in small pieces, which must be the same, without a problem.
fn rows(text: &str) -> Read {
    let (whole, pieces) = (read(text.as_bytes()), stream(text.as_bytes()));
    assert_eq!(whole.rows, pieces.rows, "{text}");
    assert_eq!(whole.times, pieces.times, "{text}");
    assert!(whole.problems.is_empty(), "{:?}: {text}", whole.problems);
    whole
}

fn of(read: &Read, field: &str) -> Vec<String> {
    read.rows.iter().map(|row| row.get(field).cloned().unwrap_or_default()).collect()
}

fn xml(record: u32) -> String {
    format!(
        "<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\">\n  <System>\n    \
         <Provider Name=\"Microsoft-Windows-Sysmon\"/>\n    <EventID>1</EventID>\n    <TimeCreated \
         SystemTime=\"2026-05-04T06:19:26.666Z\"/>\n    <EventRecordID>{record}</EventRecordID>\n    \
         <Channel>Microsoft-Windows-Sysmon/Operational</Channel>\n    <Computer>ws.example</Computer>\n  \
         </System>\n  <EventData>\n    <Data Name=\"Image\">{IMAGE}</Data>\n  </EventData>\n</Event>"
    )
}

/// As `evtx_dump` has it: members in the order of the alphabet.
fn dumped(record: u32) -> serde_json::Value {
    json!({"Event": {"#attributes": {"xmlns": "x"}, "EventData": {"Image": IMAGE}, "System": {
        "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "ws.example", "EventID": 1,
        "EventRecordID": record, "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
        "TimeCreated": {"#attributes": {"SystemTime": "2026-05-04T06:19:26.666Z"}}}}})
}

// evtx_dump's README shows both outputs.
#[test]
fn records_under_headings() {
    let head = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
    let pretty = |record| serde_json::to_string_pretty(&dumped(record)).unwrap();
    for text in [
        format!("Record 1\n{head}{}\nRecord 22\n{head}{}\n", xml(1), xml(22)),
        format!("Record 1\r\n{}\r\n\r\nRecord 22\r\n{}\r\n", xml(1), xml(22)),
        format!("Record 1\n{}\nRecord 22\n{}\n", pretty(1), pretty(22)),
        format!("{}\n{}\n", dumped(1), dumped(22)),
    ] {
        let got = rows(&text);
        assert_eq!(of(&got, "EventRecordID"), ["1", "22"], "{text}");
        assert_eq!(of(&got, "Image"), [IMAGE, IMAGE], "{text}");
        assert_eq!(of(&got, "EventCode"), ["1", "1"]);
        assert_eq!(of(&got, "host"), ["ws.example", "ws.example"]);
        assert_eq!(got.times, [1_777_875_566.666, 1_777_875_566.666]);
    }
    // A line of prose that begins alike is a line.
    assert_eq!(of(&rows("Record high of 40 degrees\n"), "sourcetype"), ["input"]);
}

#[test]
fn chainsaw_keeps_the_record_in_a_document() {
    let hit = json!({"group": "Sigma", "kind": "individual", "name": "n", "timestamp": "x",
        "document": {"kind": "evtx", "path": "a.evtx", "data": dumped(7)}, "level": "high"});
    let got = rows(&json!([hit, hit]).to_string());
    assert_eq!(of(&got, "Image"), [IMAGE, IMAGE]);
}

#[test]
fn results_of_splunk_without_their_preview_mark() {
    let event = xml(3).replace('\n', " ");
    let lines = format!("{}\n", json!({"result": {"_raw": event}}));
    let all = json!({"preview": false, "init_offset": 0, "messages": [],
        "fields": [{"name": "_raw"}], "results": [{"_raw": event, "host": "h"}]});
    for text in [lines, all.to_string()] {
        let got = rows(&text);
        assert_eq!(of(&got, "Image"), [IMAGE], "{text}");
    }
    // An object with a result that is none of an event stays itself.
    assert_eq!(of(&rows("{\"result\":\"ok\"}\n"), "result"), ["ok"]);
}

// EventBridge: `detail` is the event. GuardDuty's add-on reads the whole.
#[test]
fn events_on_a_bus() {
    let call = json!({"eventVersion": "1.08", "eventTime": "2026-05-04T09:30:00Z",
        "eventSource": "iam.amazonaws.com", "eventName": "CreateUser"});
    let bus = |kind: &str, detail: &serde_json::Value| {
        json!({"version": "0", "id": "x", "detail-type": kind, "source": "aws",
            "account": "123456789012", "time": "2026-05-04T10:00:00Z", "detail": detail})
        .to_string()
    };
    let got = rows(&bus("AWS API Call via CloudTrail", &call));
    assert_eq!(of(&got, "sourcetype"), ["aws:cloudtrail"]);
    assert_eq!((of(&got, "eventName"), got.times[0]), (vec!["CreateUser".into()], 1_777_887_000.0));
    let got = rows(&bus("GuardDuty Finding", &json!({"accountId": "1", "severity": 8})));
    assert_eq!(of(&got, "detail.severity"), ["8"]);
    let got = rows(&bus("Mine", &json!({"a": 1})));
    assert_eq!(of(&got, "detail.a"), ["1"]);
}

const FLOW: &str =
    "2 123456789012 eni-1 10.0.0.7 203.0.113.4 50000 443 6 10 100 1777887000 1777887060 ACCEPT OK";

// CloudWatch Logs, subscription filters and `FilterLogEvents`.
#[test]
fn log_events_of_cloudwatch() {
    let sent = json!({"messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "g",
        "logStream": "s", "subscriptionFilters": ["f"],
        "logEvents": [{"id": "1", "timestamp": 1777887000000_i64, "message": FLOW}]});
    let asked = json!({"events": [{"logStreamName": "s", "timestamp": 1777887000000_i64,
        "message": FLOW, "ingestionTime": 1777887001000_i64, "eventId": "1"}],
        "searchedLogStreams": []});
    for text in [sent.to_string(), asked.to_string()] {
        let got = rows(&text);
        assert_eq!(of(&got, "sourcetype"), ["aws:cloudwatchlogs:vpcflow"], "{text}");
        assert_eq!(got.times, [1_777_887_000.0]);
    }
}

#[test]
fn a_flow_log_has_its_start_for_a_time_and_a_first_line_of_names() {
    let names = "version account-id interface-id srcaddr dstaddr srcport dstport protocol";
    let got = rows(&format!("{names}\n{FLOW}\n"));
    assert_eq!((got.rows.len(), got.times[0]), (1, 1_777_887_000.0));
}

#[test]
fn lists_of_kubernetes_are_their_items() {
    let item = json!({"kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "1",
        "verb": "get", "requestReceivedTimestamp": "2026-05-04T09:30:00.5Z"});
    let list = json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1",
        "metadata": {"continue": ""}, "items": [item, item]});
    let got = rows(&list.to_string());
    assert_eq!(of(&got, "source"), ["kubernetes", "kubernetes"]);
    assert_eq!(got.times[0], 1_777_887_000.5);
}

// `gcloud logging read` gives a list, `entries.list` an answer.
#[test]
fn entries_of_cloud_logging() {
    let entry = json!({"protoPayload": {"methodName": "m"}, "insertId": "i",
        "resource": {"type": "x"}, "timestamp": "2026-05-04T09:30:00.5Z",
        "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity"});
    for text in [json!({"entries": [entry, entry]}), json!([entry, entry])] {
        let got = rows(&text.to_string());
        assert_eq!(of(&got, "data.protoPayload.methodName"), ["m", "m"]);
        assert_eq!(got.times, [1_777_887_000.5, 1_777_887_000.5]);
    }
}

// `journalctl -o json`: what it prints as text is the line of a log.
#[test]
fn records_of_the_journal_are_lines_of_syslog() {
    let login = json!({"__REALTIME_TIMESTAMP": "1777887000123456", "_HOSTNAME": "pit",
        "SYSLOG_IDENTIFIER": "sshd", "_PID": "7", "MESSAGE": "Failed password for root"});
    let call = json!({"__REALTIME_TIMESTAMP": "1777887000123000", "_HOSTNAME": "pit",
        "_TRANSPORT": "audit", "_AUDIT_TYPE_NAME": "SYSCALL", "_AUDIT_ID": "44",
        "MESSAGE": "SYSCALL arch=c000003e syscall=59 exe=\"/bin/sh\""});
    let got = rows(&format!("{login}\n{call}\n"));
    assert_eq!(of(&got, "sourcetype"), ["linux_secure", "linux:audit"]);
    assert_eq!(of(&got, "host"), ["pit", "pit"]);
    let lines = of(&got, "_raw");
    assert_eq!(lines[0], "2026-05-04T09:30:00.123456+00:00 pit sshd[7]: Failed password for root");
    assert!(lines[1].starts_with("type=SYSCALL msg=audit(1777887000.123:44): arch="), "{lines:?}");
    assert_eq!(got.rows[1]["exe"], "/bin/sh");
}

#[test]
fn alerts_of_wazuh_hold_their_line() {
    let line = "May  4 09:30:00 pit sshd[7]: Failed password for root from 10.0.0.7 port 22 ssh2";
    let alert = json!({"timestamp": "2026-05-04T09:30:01.000+0000", "rule": {"id": "5716"},
        "agent": {"id": "1"}, "full_log": line, "predecoder": {"hostname": "pit"},
        "decoder": {"name": "sshd"}, "data": {"srcip": "10.0.0.7"}, "location": "/var/log/auth.log"});
    let got = rows(&alert.to_string());
    assert_eq!((of(&got, "_raw"), of(&got, "host")), (vec![line.into()], vec!["pit".into()]));
    assert_eq!(of(&got, "sourcetype"), ["linux_secure"]);
}

// The forms of NXLog over syslog, of a container's log, of an export of CloudWatch.
#[test]
fn objects_behind_a_header() {
    let object = json!({"EventID": 4688, "Channel": "Security", "Hostname": "ws.example",
        "SourceName": "Microsoft-Windows-Security-Auditing", "EventTime": "2026-05-04 09:30:00",
        "NewProcessName": IMAGE});
    let call = json!({"eventVersion": "1", "eventTime": "2026-05-04T09:30:00Z",
        "eventSource": "s", "eventName": "n"});
    let text = format!(
        "<14>1 2026-05-04T09:30:00Z relay.example nx 4 - [a@1 b=\"c\"] {object}\n\
         2026-05-04T09:30:00.5Z stdout F {call}\n\
         2026-05-04T09:30:01Z app started {{\"a\":1}}\n\
         <13>May  4 09:30:00 relay fwd: {}\n",
        xml(9).replace('\n', " ")
    );
    let got = rows(&text);
    let kinds = ["XmlWinEventLog", "aws:cloudtrail", "syslog", "XmlWinEventLog"];
    let mut found = of(&got, "sourcetype");
    found.sort_unstable();
    let mut wanted = kinds.to_vec();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    let call = got.rows.iter().find(|row| row.contains_key("eventName")).unwrap();
    assert_eq!(call["host"], "unknown");
    let started = got.rows.iter().find(|row| row.contains_key("NewProcessName")).unwrap();
    assert_eq!((started["host"].as_str(), started["EventCode"].as_str()), ("ws.example", "4688"));
}

// What `ausearch` prints between records is none, and auditd's plug-in writes them to syslog.
#[test]
fn audit_records_of_other_ways() {
    let record = "type=SYSCALL msg=audit(1777887000.500:44): syscall=59 exe=\"/bin/sh\"";
    let text = format!(
        "----\ntime->Mon May  4 09:30:00 2026\n{record}\n----\n\
         May  4 09:30:02 pit audisp-syslog[7]: node=pit {record}\n"
    );
    let got = rows(&text);
    assert_eq!(of(&got, "sourcetype"), ["linux:audit", "linux:audit"]);
    assert_eq!(got.times, [1_777_887_000.5, 1_777_887_000.5]);
    assert_eq!(of(&got, "exe"), ["/bin/sh", "/bin/sh"]);
}

// Snort's manual: full alerts go on to an empty line, fast ones are a line.
#[test]
fn alerts_of_snort() {
    let full = "[**] [1:2000001:1] A name [**]\n[Classification: Bad] [Priority: 1] \n\
        05/04-09:30:00.500000 203.0.113.4:80 -> 10.0.0.7:50000\nTCP TTL:64 TOS:0x0\n\n";
    let fast = "05/04-09:30:00.500000  [**] [1:2000001:1] A name [**] [Classification: Bad] \
        [Priority: 1] {TCP} 203.0.113.4:80 -> 10.0.0.7:50000\n";
    for (text, count) in [(full.repeat(2), 2), (full.trim_end().to_owned(), 1), (fast.repeat(3), 3)]
    {
        let got = rows(&text);
        assert_eq!(of(&got, "sourcetype"), vec!["snort"; count], "{text}");
        assert_eq!(got.times, vec![1_777_887_000.5; count]);
    }
}

#[test]
fn fields_of_a_line_leave_its_host_alone() {
    let got = rows("May  4 09:30:00 gw httpd[1]: AUDIT user=admin host=203.0.113.4 source=x\n");
    assert_eq!((of(&got, "host"), of(&got, "user")), (vec!["gw".into()], vec!["admin".into()]));
    assert_eq!(values(&got.rows[0], "source").len(), 1);
}

#[test]
fn date_and_clock_with_names() {
    for line in [
        "date=2026-05-04 time=09:30:00 devname=\"f\" devid=\"F1\" logid=\"1\" type=\"traffic\"",
        "<189>date=\"2026-05-04\" time=\"09:30:00\" devid=\"F1\" logid=\"1\" type=\"event\"",
    ] {
        assert_eq!(rows(line).times, [1_777_887_000.0], "{line}");
    }
}

// A time that begins within reach may end beyond it; twelve digits are an account.
#[test]
fn times_in_objects() {
    for text in [
        json!({"owner": "123456789012", "pad": "x".repeat(80), "at": "2026-05-04T09:30:00Z"}),
        json!({"name": "snap", "unixTime": 1777887000, "action": "snapshot"}),
        json!({"metadata": {"eventType": "x", "eventCreationTime": 1777887000000_i64}}),
        json!({"when": "Mon May  4 09:30:00 2026 UTC"}),
    ] {
        assert_eq!(rows(&text.to_string()).times, [1_777_887_000.0], "{text}");
    }
}

#[test]
fn logs_of_exchange_are_apart_by_commas() {
    let text = "#Software: Microsoft Exchange Server\r\n#Version: 15.02.0000.000\r\n\
        #Log-type: Message Tracking Log\r\n#Date: 2026-05-04T09:30:00.000Z\r\n\
        #Fields: date-time,client-ip,message-subject,sender-address\r\n\
        2026-05-04T09:30:00.500Z,10.0.0.7,\"a, b\",ann@mine.example\r\n";
    let got = rows(text);
    assert_eq!(of(&got, "sourcetype"), ["MSExchange:2013:MessageTracking"]);
    assert_eq!((of(&got, "message_subject"), got.times[0]), (vec!["a, b".into()], 1_777_887_000.5));
}

#[test]
fn tables_of_powershell_and_of_advanced_hunting() {
    let text = "#TYPE Selected.EventLogRecord\r\n\"Id\",\"LogName\",\"MachineName\",\"ProviderName\",\
        \"TimeCreated\",\"Message\"\r\n\"7036\",\"System\",\"ws.example\",\"Service Control \
        Manager\",\"5/4/2026 9:30:00 AM\",\"it runs\"\r\n";
    let got = rows(text);
    assert_eq!(
        (of(&got, "EventCode"), of(&got, "host")),
        (vec!["7036".into()], vec!["ws.example".into()])
    );
    let row = "Timestamp,DeviceId,DeviceName,ActionType,FileName\n\
        2026-05-04T09:30:00Z,1,ws.example,ProcessCreated,whoami.exe\n";
    let object = json!({"Timestamp": "2026-05-04T09:30:00Z", "DeviceId": "1",
        "DeviceName": "ws.example", "ActionType": "ProcessCreated", "FileName": "whoami.exe"});
    for text in [row.to_owned(), object.to_string()] {
        let got = rows(&text);
        let kind = "mscs:azure:eventhub:defender:advancedhunting";
        assert_eq!(of(&got, "sourcetype"), [kind], "{text}");
        assert_eq!(of(&got, "properties.DeviceName"), ["ws.example"]);
        assert_eq!(got.times, [1_777_887_000.0]);
    }
}

#[test]
fn two_bytes_a_letter_without_a_mark() {
    let wide = |text: &str, big: bool| -> Vec<u8> {
        let each = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        text.encode_utf16().flat_map(each).collect()
    };
    let text = "Channel,EventID,Computer\r\nSecurity,4688,ws.example\r\n";
    for big in [false, true] {
        let got = read(&wide(text, big));
        assert_eq!(of(&got, "EventCode"), ["4688"], "{:?}", got.problems);
    }
}

#[test]
fn a_date_above_other_lines_is_a_line() {
    let got = rows("05/04/2026 09:30:00\n2026-05-04 09:30:01 started\n2026-05-04 09:30:02 ended\n");
    assert_eq!(got.times, [1_777_887_000.0, 1_777_887_001.0, 1_777_887_002.0]);
}

// Splunk's admon input; the end of an event is not in every recording.
#[test]
fn objects_of_active_directory_are_blocks() {
    let object = "05/04/2026 09:30:00.500\ndcName=dc.example\nadmonEventType=Update\nNames:\n\t\
        objectCategory=CN=Group-Policy-Container,CN=Schema\r\n\n\tdisplayName=My policy\r\nObject \
        Details:\n\tobjectClass=top|container\r\n";
    for end in ["", "\n---splunk-admon-end-of-event---\n"] {
        let got = rows(&format!("{object}{end}{object}{end}"));
        assert_eq!(of(&got, "sourcetype"), ["ActiveDirectory", "ActiveDirectory"]);
        assert_eq!(of(&got, "source"), ["ActiveDirectory", "ActiveDirectory"]);
        assert_eq!(got.times, [1_777_887_000.5, 1_777_887_000.5]);
        assert!(got.rows[0]["_raw"].contains("\n\tdisplayName=My policy"), "{:?}", got.rows[0]);
    }
}

// Windows Server, DHCP audit log.
#[test]
fn leases_have_their_time() {
    let text = "\t\tMicrosoft DHCP Service Activity Log\r\n\r\nID,Date,Time,Description,IP Address\r\n\
        10,05/04/26,09:30:00,Assign,10.0.0.7,ws.example,AABBCCDDEEFF\r\n";
    let got = rows(text);
    assert_eq!(of(&got, "sourcetype"), ["input", "DhcpSrvLog"]);
    assert_eq!(got.times[1], 1_777_887_000.0);
}

// CloudWatch Logs, subscriptions: packed, in base64, as Lambda, Kinesis and Firehose hand it on.
#[test]
fn packed_subscriptions_are_their_events() {
    let flow = "2 123456789012 eni-1 10.0.0.1 10.0.0.2 1 22 6 1 1 1777887000 1777887060 ACCEPT OK";
    let call = r#"{"eventVersion":"1","eventTime":"2026-05-04T09:30:00Z","eventSource":"s","eventName":"n"}"#;
    let call = serde_json::to_string(call).unwrap();
    let data = format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":[{{"id":"1","timestamp":1777887000123,"message":"{flow}"}},{{"id":"2","timestamp":1777887000124,"message":{call}}}]}}"#
    );
    let data = base64(&gzip(data.as_bytes()));
    for text in [
        format!(r#"{{"awslogs":{{"data":"{data}"}}}}"#),
        format!(r#"{{"requestId":"r","timestamp":1777887000999,"records":[{{"data":"{data}"}}]}}"#),
        format!(
            r#"{{"Records":[{{"kinesis":{{"partitionKey":"p","data":"{data}"}},"eventSource":"aws:kinesis","eventVersion":"1.0","eventName":"aws:kinesis:record","awsRegion":"r"}}]}}"#
        ),
    ] {
        let got = read(text.as_bytes());
        let kinds: Vec<&str> = got.rows.iter().map(|r| r["sourcetype"].as_str()).collect();
        assert_eq!(kinds, ["aws:cloudwatchlogs:vpcflow", "aws:cloudtrail"], "{text}");
        assert_eq!(got.rows[0]["_raw"], flow);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for part in bytes.chunks(3) {
        let bits = (0..3).fold(0, |n, at| n << 8 | usize::from(*part.get(at).unwrap_or(&0)));
        for at in 0..4 {
            match at <= part.len() {
                true => out.push(char::from(LETTERS[bits >> (18 - 6 * at) & 63])),
                false => out.push('='),
            }
        }
    }
    out
}

// `journalctl -o export`
#[test]
fn exported_records_of_the_journal_are_lines() {
    let text = "__CURSOR=s=b;i=1\n__REALTIME_TIMESTAMP=1777887000000000\nSYSLOG_IDENTIFIER=sshd\n\
        SYSLOG_PID=812\n_HOSTNAME=pit\nMESSAGE=Failed password for root from 203.0.113.9 port 22 ssh2\n\n\
        __CURSOR=s=b;i=2\n__REALTIME_TIMESTAMP=1777887001000000\n_HOSTNAME=pit\n\
        SYSLOG_IDENTIFIER=cron\nMESSAGE=x=1\n\n";
    for got in [read(text.as_bytes()), stream(text.as_bytes())] {
        let kinds: Vec<&str> = got.rows.iter().map(|r| r["sourcetype"].as_str()).collect();
        assert_eq!(kinds, ["linux_secure", "syslog"]);
        assert!(
            got.rows[0]["_raw"]
                .ends_with("pit sshd[812]: Failed password for root from 203.0.113.9 port 22 ssh2")
        );
        assert_eq!((got.rows[0]["host"].as_str(), got.times[1]), ("pit", 1_777_887_001.0));
    }
}

// laurel(8): what auditd would have written.
#[test]
fn records_of_laurel_are_audit_records() {
    let event = r#"{"ID":"1777887000.720:7","NODE":"pit","EXECVE":{"argc":2,"ARGV":["sh","say \"a b\""]},"SYSCALL":{"arch":"0xc000003e","syscall":59,"exe":"/bin/sh","key":null,"SYSCALL":"execve","UID":"root","PPID":{"comm":"x"}},"PATH":[{"item":0,"name":"/bin/sh","mode":"0o100755"},{"item":1,"name":"/lib/ld"}]}"#;
    let own = [
        "type=SYSCALL msg=audit(1777887000.720:7): arch=c000003e syscall=59 exe=\"/bin/sh\" key=(null)\u{1d}SYSCALL=execve UID=\"root\"",
        "type=EXECVE msg=audit(1777887000.720:7): a0=\"sh\" a1='say \"a b\"' argc=2",
        "type=PATH msg=audit(1777887000.720:7): item=0 name=\"/bin/sh\" mode=0100755",
        "type=PATH msg=audit(1777887000.720:7): item=1 name=\"/lib/ld\"",
    ];
    let behind = format!("<13>1 2026-05-04T09:30:01Z relay laurel 7 - - {event}\n");
    for text in [event.to_owned(), format!("[{event}]"), behind] {
        let got = read(text.as_bytes());
        let raw: Vec<&str> = got.rows.iter().map(|r| r["_raw"].as_str()).collect();
        assert_eq!(raw, own, "{text}");
        assert_eq!((got.rows[0]["host"].as_str(), got.times[3]), ("pit", 1_777_887_000.72));
        assert_eq!(got.rows[1]["a1"], "say \"a b\"");
        assert_eq!(got.rows[0]["sourcetype"], "linux:audit");
    }
}

// What has no header of its own is the event; what has is not cut.
#[test]
fn lines_behind_a_header_of_syslog_are_the_events() {
    let access =
        "203.0.113.9 - - [04/May/2026:09:30:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"x\"";
    for header in [
        "2026-05-04T09:30:01Z web nginx: ",
        "<190>1 2026-05-04T09:30:01Z web nginx 7 - [a b=\"c]\\\"\"] ",
    ] {
        let got = read(format!("{header}{access}\n").as_bytes());
        let row = &got.rows[0];
        assert_eq!((row["_raw"].as_str(), row["host"].as_str()), (access, "web"), "{header}");
        assert_eq!(
            (row["sourcetype"].as_str(), got.times[0]),
            ("access_combined", 1_777_887_000.0)
        );
    }
    let login =
        "2026-05-04T09:30:01Z web sshd[7]: Failed password for root from 203.0.113.9 port 22 ssh2";
    assert_eq!(read(login.as_bytes()).rows[0]["_raw"], login);
}
