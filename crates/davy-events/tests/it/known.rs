//! What events are, told by content where nobody says it.

use crate::{read, read_with, stream, values};
use davy_events::{Meta, Options};

fn kind(text: &str) -> String {
    let got = read(text.as_bytes());
    assert!(!got.rows.is_empty(), "{text}");
    got.rows.last().unwrap()["sourcetype"].clone()
}

fn named(name: &str, text: &str) -> crate::Read {
    let meta = Meta { name: name.to_owned(), now: 1_777_900_000.0, ..Meta::default() };
    read_with(text.as_bytes(), &meta, &Options::default())
}

#[test]
fn lines_are_told_by_how_they_are_written() {
    for (text, sourcetype) in [
        ("type=USER_CMD msg=audit(1777887000.500:44): pid=1 uid=0", "linux:audit"),
        (
            "May  4 09:30:00 pit sshd[7]: Failed password for root from 10.0.0.7 port 22 ssh2",
            "linux_secure",
        ),
        (
            "<86>2026-05-04T09:30:00.1+00:00 pit sudo: ann : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
            "linux_secure",
        ),
        (
            "May  4 09:30:00 pit CRON[7]: pam_unix(cron:session): session opened for user root",
            "linux_secure",
        ),
        ("May  4 09:30:00 pit CRON[7]: (root) CMD (/bin/true)", "syslog"),
        (
            "May  4 09:30:00 fw : %ASA-6-302013: Built outbound TCP connection 1 for outside:1.2.3.4/443",
            "cisco:asa",
        ),
        (
            "May  4 09:30:00 sw1 77: %SYS-5-CONFIG_I: Configured from console by ann on vty0",
            "cisco:ios",
        ),
        (
            "May  4 09:30:00 fw 1,2026/05/04 09:30:00,0123,TRAFFIC,end,2305,2026/05/04 09:30:00,10.0.0.1,1.2.3.4",
            "pan:traffic",
        ),
        (
            "1,2026/05/04 09:30:00,0123,THREAT,url,2305,2026/05/04 09:30:00,10.0.0.1,1.2.3.4",
            "pan:threat",
        ),
        (
            "date=2026-05-04 time=09:30:00 devname=\"f\" devid=\"F1\" logid=\"0000000013\" type=\"traffic\" srcip=10.0.0.1",
            "fgt_traffic",
        ),
        (
            "2 123456789012 eni-1 10.0.0.1 10.0.0.2 1 22 6 1 1 1777887000 1777887060 ACCEPT OK",
            "aws:cloudwatchlogs:vpcflow",
        ),
        (
            "10.0.0.1 - ann [04/May/2026:09:30:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"curl\"",
            "access_combined",
        ),
        (
            "Audit:[timestamp=05-04-2026 09:30:00.000, user=ann, action=search, info=granted]",
            "audittrail",
        ),
        ("09:30:00.123456789: Warning Shell in a container (user=root)", "kube:container:falco"),
        (
            "1777887000.123     50 10.0.0.7 TCP_MISS/200 5 GET http://a.example/ ann DIRECT/1.2.3.4 -",
            "squid:access",
        ),
        (
            "https 2026-05-04T09:30:00.1Z app/lb/1 1.2.3.4:5 10.0.0.1:80 0 0 0 200 200 0 57",
            "aws:elb:accesslogs",
        ),
        (
            "[Mon May 04 09:30:00.1 2026] [core:error] [pid 7] [client 1.2.3.4:5] AH00126: no",
            "apache_error",
        ),
        (
            "2026/05/04 09:30:00 [error] 7#7: *1 open() failed, client: 1.2.3.4, server: x",
            "nginx:plus:error",
        ),
        ("10,05/04/26,09:30:00,Assign,10.0.0.7,ws.example,AABBCCDDEEFF,", "DhcpSrvLog"),
        ("2026-05-04 09:30:00.12 Logon       Login failed for user 'sa'.", "mssql:errorlog"),
        (
            "May  4 09:30:00 ise CISE_Failed_Attempts 01 1 0 2026-05-04 09:30:00.1 +00:00 02 5400 NOTICE x",
            "cisco:ise:syslog",
        ),
        (
            "<134>1 2026-05-04T09:30:00Z gw CheckPoint 1 - [action:\"Accept\"; src:\"10.0.0.7\"]",
            "cp_log:syslog",
        ),
        ("May  4 09:30:00 gw CEF:0|V|P|1|7|name|5|src=10.0.0.7", "cef"),
        ("<131>May  4 09:30:00 b ASM:unit_hostname=\"b\",attack_type=\"x\"", "f5:bigip:asm:syslog"),
        (
            "5/4/2026 9:30:00 AM 0D0C PACKET  0028 UDP Rcv 10.0.0.7 0001 Q [0001 D NOERROR] A (4)evil(0)",
            "MSAD:NT6:DNS",
        ),
    ] {
        assert_eq!(kind(text), sourcetype, "{text}");
    }
    assert_eq!(
        named(
            "nginx/access.log",
            "10.0.0.1 - - [04/May/2026:09:30:00 +0000] \"GET / HTTP/1.1\" 200 5"
        )
        .rows[0]["sourcetype"],
        "nginx:plus:access"
    );
    // What nobody knows keeps the name of its file.
    assert_eq!(kind("nothing that is known"), "input");
}

#[test]
fn what_is_stated_stands() {
    let meta = Meta { sourcetype: Some("mine".into()), ..Meta::default() };
    let line = "type=USER_CMD msg=audit(1777887000.500:44): pid=1";
    let got = read_with(line.as_bytes(), &meta, &Options::default());
    assert_eq!(got.rows[0]["sourcetype"], "mine");
    let json = r#"{"eventVersion":"1","eventTime":"2026-05-04T09:30:00Z","eventSource":"s","eventName":"n"}"#;
    let got = read_with(json.as_bytes(), &meta, &Options::default());
    assert_eq!(got.rows[0]["sourcetype"], "mine");
}

#[test]
fn json_is_told_by_its_members() {
    for (text, sourcetype) in [
        (
            r#"{"eventVersion":"1","eventTime":"2026-05-04T09:30:00Z","eventSource":"s","eventName":"n"}"#,
            "aws:cloudtrail",
        ),
        (
            r#"{"time":"2026-05-04T09:30:00Z","operationName":"Add user","category":"AuditLogs","properties":{"id":"1"}}"#,
            "azure:monitor:aad",
        ),
        (
            r#"{"CreationTime":"2026-05-04T09:30:00","Operation":"New-InboxRule","Workload":"Exchange","RecordType":1}"#,
            "o365:management:activity",
        ),
        (
            r#"{"eventType":"user.session.start","published":"2026-05-04T09:30:00Z","actor":{"id":"1"},"outcome":{"result":"SUCCESS"}}"#,
            "OktaIM2:log",
        ),
        (
            r#"{"kind":"admin#reports#activity","id":{"time":"2026-05-04T09:30:00Z","applicationName":"login"}}"#,
            "gws:reports:login",
        ),
        (r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"1","verb":"get"}"#, "_json"),
        (
            r#"{"name":"pack","hostIdentifier":"h","calendarTime":"x","unixTime":1777887000}"#,
            "osquery:results",
        ),
        (
            r#"{"timestamp":"2026-05-04T09:30:00.1+0000","flow_id":1,"event_type":"alert"}"#,
            "suricata",
        ),
        (
            r#"{"event_simpleName":"ProcessRollup2","aid":"1","timestamp":"1777887000123"}"#,
            "crowdstrike:events:sensor",
        ),
        (
            r#"{"action":"completed","repository":{"full_name":"a/b"},"sender":{"login":"ann"}}"#,
            "aws:firehose:json",
        ),
        (
            r#"{"ts":1777887000.5,"uid":"C1","id.orig_h":"10.0.0.1","conn_state":"SF"}"#,
            "zeek:conn:json",
        ),
        (r#"{"@stream":"dns","@system":"s","ts":1777887000.5,"uid":"C1"}"#, "zeek:dns:json"),
        (
            r#"{"ts":1777887000.5,"uid":"C1","request_type":"TGS","cipher":"rc4-hmac"}"#,
            "zeek:kerberos:json",
        ),
        (
            r#"{"ts":1777887000.5,"uid":"C1","path":"\\\\srv\\ADMIN$","share_type":"DISK"}"#,
            "zeek:smb_mapping:json",
        ),
        (
            r#"{"@timestamp":1777887000123,"action":"repo.create","actor":"ann","created_at":1777887000123,"org":"o"}"#,
            "github:cloud:audit",
        ),
        (
            r#"{"time":"2026-05-04T09:30:00Z","resourceId":"/SUBSCRIPTIONS/X","operationName":"A/WRITE","category":"Administrative","identity":{}}"#,
            "azure:monitor:activity",
        ),
        (
            r#"{"@timestamp":"2026-05-04T09:30:00.000Z","@version":"1","awsRegion":"us-east-1","eventVersion":"1.05","eventSource":"ec2.amazonaws.com","eventName":"DescribeHosts"}"#,
            "aws:cloudtrail",
        ),
        (r#"{"a":1}"#, "_json"),
    ] {
        assert_eq!(kind(text), sourcetype, "{text}");
    }
    let audit = read(
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"1","verb":"get"}"#.as_bytes(),
    );
    assert_eq!(audit.rows[0]["source"], "kubernetes");
    let entry = r#"{"logName":"projects/p/logs/a","insertId":"1","resource":{"type":"gcs_bucket"},"protoPayload":{"methodName":"storage.get"}}"#;
    let entry = read(entry.as_bytes());
    assert_eq!(entry.rows[0]["data.protoPayload.methodName"], "storage.get");
    assert_eq!(entry.rows[0]["sourcetype"], "google:gcp:pubsub:message");
}

const CALL: &str = r#"{"eventVersion":"1","eventTime":"2026-05-04T09:30:00Z","eventSource":"iam.amazonaws.com","eventName":"NAME","tags":[{"k":"v"}]}"#;

#[test]
fn events_of_a_container_are_events() {
    let (a, b) = (CALL.replace("NAME", "A"), CALL.replace("NAME", "B"));
    for text in [
        format!("{{\"Records\":[{a},{b}]}}"),
        format!("{{ \"Records\" : [\n {a},\n {b}\n ]\n}}\n"),
        format!("{{\"Records\":[{a}]}}\n{{\"Records\":[{b}]}}\n"),
        format!(
            "{{\"@odata.context\":\"x\",\"value\":[{a},{b}],\"nextLink\":\"http://x/]}}\",\"more\":{{\"c\":[1]}}}}\n"
        ),
    ] {
        for got in [read(text.as_bytes()), stream(text.as_bytes())] {
            let names: Vec<&str> = got.rows.iter().map(|r| r["eventName"].as_str()).collect();
            assert_eq!(names, ["A", "B"], "{text} {:?}", got.problems);
            assert!(got.problems.is_empty(), "{text} {:?}", got.problems);
            assert_eq!(got.rows[0]["_raw"], a);
            assert_eq!(values(&got.rows[0], "tags{}.k"), ["v"]);
            assert_eq!(got.rows[1]["sourcetype"], "aws:cloudtrail");
        }
    }
    // An array of what nobody knows is part of its event.
    let other = r#"{"items":[{"a":1},{"a":2}]}"#;
    let got = read(other.as_bytes());
    assert_eq!((got.rows.len(), values(&got.rows[0], "items{}.a").len()), (1, 2));
    // The command line gives events as texts.
    let quoted = serde_json::to_string(&a).unwrap();
    let text = format!("{{\"Events\":[{{\"EventId\":\"1\",\"CloudTrailEvent\":{quoted}}}]}}");
    assert_eq!(read(text.as_bytes()).rows[0]["eventName"], "A");
}

#[test]
fn columns_are_named_by_the_log() {
    let zeek = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n\
        #fields\tts\tuid\tid.orig_h\tquery\tanswers\n#types\ttime\tstring\taddr\tstring\tvector[string]\n\
        1777887000.500000\tC1\t10.0.0.1\ta.example\t1.1.1.1,2.2.2.2\n\
        1777887001.500000\tC2\t10.0.0.1\t-\t(empty)\n#close\t2026-05-04-09-30-00\n";
    for got in [read(zeek.as_bytes()), stream(zeek.as_bytes())] {
        assert_eq!((got.rows.len(), got.rows[0]["sourcetype"].as_str()), (2, "zeek:dns:json"));
        assert_eq!(values(&got.rows[0], "answers"), ["1.1.1.1", "2.2.2.2"]);
        assert!(!got.rows[1].contains_key("query") && !got.rows[1].contains_key("answers"));
        assert_eq!(got.times, [1_777_887_000.5, 1_777_887_001.5]);
    }
    let iis = "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n\
        #Fields: date time s-ip cs-method cs-uri-stem cs(User-Agent) sc-status\r\n\
        2026-05-04 09:30:00 10.0.0.1 GET /owa/ curl/8 200\r\n";
    let got = read(iis.as_bytes());
    assert_eq!((got.rows[0]["cs_uri_stem"].as_str(), got.times[0]), ("/owa/", 1_777_887_000.0));
    assert_eq!(got.rows[0]["cs_User_Agent"], "curl/8");
}

#[test]
fn sysmon_for_linux_stands_behind_a_syslog_header() {
    let event = "<Event><System><Provider Name=\"Linux-Sysmon\" Guid=\"{1}\"/><EventID>1</EventID>\
        <TimeCreated SystemTime=\"2026-05-04T09:30:00.5Z\"/><Channel>Linux-Sysmon/Operational</Channel>\
        <Computer>pit</Computer></System><EventData><Data Name=\"Image\">/bin/sh</Data></EventData></Event>";
    let text = format!(
        "May  4 09:30:00 pit systemd[1]: Started x.\nMay  4 09:30:00 pit sysmon: {event}\n<30>May  4 09:30:01 pit sysmon[2]: {event}\n"
    );
    let got = read(text.as_bytes());
    let kinds: Vec<&str> = got.rows.iter().map(|r| r["sourcetype"].as_str()).collect();
    assert_eq!(kinds.iter().filter(|k| **k == "sysmon:linux").count(), 2, "{kinds:?}");
    let event = got.rows.iter().find(|r| r["sourcetype"] == "sysmon:linux").unwrap();
    assert_eq!(
        (event["source"].as_str(), event["Image"].as_str()),
        ("Syslog:Linux-Sysmon/Operational", "/bin/sh")
    );
}

#[test]
fn enriched_audit_records_end_where_the_names_of_ids_begin() {
    let line = "type=SYSCALL msg=audit(1777887000.500:44): syscall=59 uid=0 key=k1\u{1d}ARCH=x86_64 SYSCALL=execve UID=\"root\"";
    let got = read(line.as_bytes());
    assert_eq!((got.rows[0]["key"].as_str(), got.rows[0]["SYSCALL"].as_str()), ("k1", "execve"));
}

#[test]
fn lines_that_a_shipper_wrapped_are_the_events() {
    let audit = "type=SYSCALL msg=audit(1777887000.500:44): syscall=59 exe=\\\"/bin/sh\\\"";
    let beat = format!(
        "{{\"@timestamp\":\"2026-05-04T10:00:00Z\",\"agent\":{{\"type\":\"filebeat\"}},\"host\":{{\"name\":\"pit\"}},\"message\":\"{audit}\"}}"
    );
    let got = read(beat.as_bytes());
    assert_eq!(got.rows[0]["sourcetype"], "linux:audit");
    assert_eq!((got.rows[0]["exe"].as_str(), got.rows[0]["host"].as_str()), ("/bin/sh", "pit"));
    assert!(got.rows[0]["_raw"].starts_with("type=SYSCALL"));
    assert_eq!(got.times, [1_777_887_000.5]);
    let call = CALL.replace("NAME", "A");
    let quoted = serde_json::to_string(&call).unwrap();
    let docker =
        format!("{{\"log\":{quoted},\"stream\":\"stdout\",\"time\":\"2026-05-04T10:00:00Z\"}}");
    assert_eq!(read(docker.as_bytes()).rows[0]["sourcetype"], "aws:cloudtrail");
    // Prose in an object is a field of it.
    let prose = r#"{"@timestamp":"2026-05-04T10:00:00Z","@version":"1","message":"all is well"}"#;
    assert_eq!(read(prose.as_bytes()).rows[0]["message"], "all is well");
}
