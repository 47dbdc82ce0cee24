//! Logs in the forms that they are kept in, without a word on what they are: the fields of the
//! Common Information Model and the data models that searches find them by. Each sample was written
//! after the documentation that its case names.

use crate::davy;

/// The row of fields of the events of a sample that are in a dataset, as CSV.
fn row(text: &str, dataset: &str, fields: &str) -> String {
    let (model, set) = dataset.split_once('.').unwrap();
    let named: Vec<String> = fields.split(' ').map(|field| format!("{set}.{field}")).collect();
    let spl = format!("| datamodel {model} {set} search | table {}", named.join(" "));
    let ran = davy(&["search", &spl, "-i", "-", "--format", "csv"], text);
    ran.out.lines().nth(1).unwrap_or(&ran.err).to_owned()
}

#[test]
fn firewalls_and_proxies() {
    for (text, dataset, fields, wanted) in [
        // Check Point, Log Exporter, syslog and generic forms.
        (
            "<134>1 2026-05-04T09:30:00Z gw CheckPoint 1 - [action:\"Drop\"; origin:\"10.0.0.1\"; \
             src:\"10.0.0.7\"; dst:\"203.0.113.4\"; s_port:\"50000\"; service:\"443\"; \
             rule_name:\"out\"]",
            "Network_Traffic.All_Traffic",
            "src dest dest_port action rule dvc",
            "10.0.0.7,203.0.113.4,443,blocked,out,10.0.0.1",
        ),
        // FortiOS, log message fields.
        (
            "<189>date=2026-05-04 time=09:30:00 devname=\"f\" devid=\"F1\" logid=\"0000000013\" \
             type=\"traffic\" subtype=\"forward\" srcip=10.0.0.7 dstip=203.0.113.4 dstport=443 \
             proto=6 action=\"close\"",
            "Network_Traffic.All_Traffic",
            "src dest dest_port action",
            "10.0.0.7,203.0.113.4,443,allowed",
        ),
        // Squid, native access.log.
        (
            "1777887000.123     50 10.0.0.7 TCP_DENIED/403 512 GET http://a.example/x ann \
             HIER_NONE/- text/html",
            "Web.Web",
            "src status http_method url user action",
            "10.0.0.7,403,GET,http://a.example/x,ann,blocked",
        ),
        // Elastic Load Balancing, access logs of an Application Load Balancer.
        (
            "https 2026-05-04T09:30:00.186641Z app/lb/50dc 203.0.113.4:2817 10.0.0.1:80 0.086 \
             0.048 0.037 404 404 10 57 \"GET https://www.example.com:443/a?b=c HTTP/1.1\" \
             \"curl/8\" ECDHE TLSv1.2",
            "Web.Web",
            "src dest status http_method uri_path uri_query http_user_agent bytes",
            "203.0.113.4,10.0.0.1,404,GET,/a,b=c,curl/8,67",
        ),
    ] {
        assert_eq!(row(text, dataset, fields), wanted, "{text}");
    }
}

#[test]
fn alerts_of_snort_in_three_forms() {
    let fields = "src src_port dest signature signature_id category severity transport";
    let wanted = "203.0.113.4,80,10.0.0.7,A name,2000001,Bad traffic,high,tcp";
    let about = "[Classification: Bad traffic] [Priority: 1]";
    let flow = "203.0.113.4:80 -> 10.0.0.7:50000";
    for text in [
        format!(
            "[**] [1:2000001:1] A name [**]\n{about} \n05/04-09:30:00.5 {flow}\nTCP TTL:64 TOS:0x0\n\n"
        ),
        format!("05/04-09:30:00.5  [**] [1:2000001:1] A name [**] {about} {{TCP}} {flow}\n"),
        format!("<33>May  4 09:30:00 ids snort[7]: [1:2000001:1] A name {about}: {{TCP}} {flow}\n"),
    ] {
        assert_eq!(row(&text, "Intrusion_Detection.IDS_Attacks", fields), wanted, "{text}");
    }
}

#[test]
fn logins() {
    let fields = "user src action";
    let line = "Failed password for root from 203.0.113.4 port 50000 ssh2";
    for (text, wanted) in [
        // journalctl's manual, output `json`.
        (
            format!(
                "{{\"__REALTIME_TIMESTAMP\":\"1777887000123456\",\"_HOSTNAME\":\"pit\",\
                 \"SYSLOG_IDENTIFIER\":\"sshd\",\"_PID\":\"7\",\"MESSAGE\":\"{line}\"}}"
            ),
            "root,203.0.113.4,failure",
        ),
        // Wazuh, alerts.json.
        (
            format!(
                "{{\"timestamp\":\"2026-05-04T09:30:00.123+0000\",\"rule\":{{\"id\":\"5716\"}},\
                 \"full_log\":\"May  4 09:30:00 pit sshd[7]: {line}\",\
                 \"decoder\":{{\"name\":\"sshd\"}}}}"
            ),
            "root,203.0.113.4,failure",
        ),
        // Cisco ISE, syslog messages.
        (
            "<181>May  4 09:30:00 ise CISE_Failed_Attempts 01 1 0 2026-05-04 09:30:00.123 +00:00 \
             02 5400 NOTICE Failed-Attempt: Authentication failed, ConfigVersionId=1, \
             UserName=ann, NetworkDeviceName=sw1, Calling-Station-ID=10.0.0.7,"
                .to_owned(),
            "ann,10.0.0.7,failure",
        ),
        // SQL Server, error log.
        (
            "2026-05-04 09:30:00.12 Logon       Login failed for user 'sa'. Reason: Password did \
             not match. [CLIENT: 203.0.113.4]"
                .to_owned(),
            "sa,203.0.113.4,failure",
        ),
        // OCSF, Authentication.
        (
            "{\"class_uid\":3002,\"activity_id\":1,\"time\":1777887000123,\"status_id\":2,\
             \"metadata\":{\"version\":\"1.1.0\",\"product\":{\"name\":\"IdP\"}},\
             \"user\":{\"name\":\"ann\"},\"src_endpoint\":{\"ip\":\"203.0.113.4\"}}"
                .to_owned(),
            "ann,203.0.113.4,failure",
        ),
        // Okta's log over EventBridge.
        (
            "{\"detail-type\":\"SystemLog\",\"source\":\"aws.partner/okta.com/x\",\"detail\":\
             {\"eventType\":\"user.session.start\",\"published\":\"2026-05-04T09:30:00.123Z\",\
             \"actor\":{\"alternateId\":\"ann@mine.example\"},\"client\":{\"ipAddress\":\
             \"203.0.113.4\"},\"outcome\":{\"result\":\"FAILURE\"}}}"
                .to_owned(),
            "ann@mine.example,203.0.113.4,failure",
        ),
    ] {
        assert_eq!(row(&text, "Authentication.Authentication", fields), wanted, "{text}");
    }
}

#[test]
fn processes() {
    let fields = "dest user process process_name parent_process_name";
    let wanted = "ws.example,ann,whoami /all,whoami.exe,cmd.exe";
    let data = r#""Image":"C:\\Windows\\System32\\whoami.exe","CommandLine":"whoami /all","ParentImage":"C:\\Windows\\System32\\cmd.exe","User":"MINE\\ann""#;
    // evtx_dump's README, output `json`.
    let record = format!(
        "{{\"Event\":{{\"EventData\":{{{data}}},\"System\":{{\"Channel\":\
         \"Microsoft-Windows-Sysmon/Operational\",\"Computer\":\"ws.example\",\"EventID\":1,\
         \"Provider\":{{\"#attributes\":{{\"Name\":\"Microsoft-Windows-Sysmon\"}}}},\
         \"TimeCreated\":{{\"#attributes\":{{\"SystemTime\":\"2026-05-04T09:30:00Z\"}}}}}}}}}}"
    );
    // Advanced hunting schema, DeviceProcessEvents.
    let hunted = "Timestamp,DeviceId,DeviceName,ActionType,FileName,ProcessCommandLine,AccountName,\
        InitiatingProcessFileName\n2026-05-04T09:30:00Z,1,ws.example,ProcessCreated,whoami.exe,\
        whoami /all,ann,cmd.exe\n";
    // Carbon Black Cloud, data forwarder, endpoint.event.procstart.
    let forwarded = r#"{"type":"endpoint.event.procstart","org_key":"k","process_guid":"p","device_name":"ws.example","device_timestamp":"2026-05-04 09:30:00 +0000 UTC","process_path":"c:\\windows\\system32\\cmd.exe","process_cmdline":"cmd.exe","childproc_name":"c:\\windows\\system32\\whoami.exe","childproc_username":"ann","target_cmdline":"whoami /all"}"#;
    // OCSF, Process Activity, of a Linux host.
    let launched = r#"{"class_uid":1007,"activity_id":1,"time":1777887000123,"metadata":{"version":"1.1.0"},"device":{"hostname":"ws.example","os":{"name":"Linux"}},"actor":{"user":{"name":"ann"},"process":{"file":{"name":"cmd.exe"}}},"process":{"file":{"name":"whoami.exe"},"cmd_line":"whoami /all"}}"#;
    for text in [
        forwarded.to_owned(),
        launched.to_owned(),
        record.clone(),
        format!("Record 1\n{record}\n"),
        format!("{{\"document\":{{\"kind\":\"evtx\",\"data\":{record}}},\"name\":\"x\"}}"),
        hunted.to_owned(),
    ] {
        assert_eq!(row(&text, "Endpoint.Processes", fields), wanted, "{text}");
    }
}

#[test]
fn changes_in_azure_from_an_event_hub() {
    // Azure Monitor, activity log schema: storage and event hubs.
    let text = "{\"time\":\"2026-05-04T09:30:00Z\",\"resourceId\":\"/SUBSCRIPTIONS/X/PROVIDERS/\
        MICROSOFT.COMPUTE/VIRTUALMACHINES/V\",\"operationName\":\"MICROSOFT.COMPUTE/VIRTUALMACHINES/\
        DELETE\",\"category\":\"Administrative\",\"resultType\":\"Success\",\"callerIpAddress\":\
        \"203.0.113.4\",\"identity\":{\"claims\":{\"http://schemas.xmlsoap.org/ws/2005/05/identity/\
        claims/upn\":\"ann@mine.example\"}}}";
    assert_eq!(
        row(text, "Change.All_Changes", "user src object action status"),
        "ann@mine.example,203.0.113.4,V,deleted,success"
    );
}

#[test]
fn objects_of_active_directory_have_whole_values() {
    let text = "05/04/2026 09:30:00.500\ndcName=dc.example\nadmonEventType=Update\nNames:\n\t\
        objectCategory=CN=Group-Policy-Container,CN=Schema,DC=mine\r\n\tdisplayName=My policy\r\n\t\
        distinguishedName=CN={06F1A879},CN=Policies,DC=mine\r\nEvent Details:\n\tversionNumber=3\r\n";
    let spl = "search source=ActiveDirectory objectCategory=\"CN=Group-Policy-Container*\" \
        admonEventType=Update | table dcName displayName distinguishedName versionNumber";
    for stated in [&["--sourcetype", "ActiveDirectory", "--source", "ActiveDirectory"][..], &[]] {
        let args = [&["search", spl, "-i", "-", "--format", "csv"][..], stated].concat();
        let ran = davy(&args, text);
        let row = "dc.example,My policy,\"CN={06F1A879},CN=Policies,DC=mine\",3";
        assert_eq!(ran.out.lines().nth(1), Some(row), "{} {}", ran.out, ran.err);
    }
}

// OCSF, DNS Activity and Network Activity.
#[test]
fn the_network_in_ocsf() {
    let event = |class: u32, own: &str| {
        format!(
            "{{\"class_uid\":{class},\"activity_id\":6,\"time\":1777887000123,\"metadata\":\
             {{\"version\":\"1.1.0\"}},\"src_endpoint\":{{\"ip\":\"10.0.0.7\",\"port\":50000}},{own}}}"
        )
    };
    let asked = event(
        4003,
        r#""query":{"hostname":"a.example","type":"A"},"rcode":"NoError","answers":[{"rdata":"203.0.113.4"}]"#,
    );
    let fields = "src query record_type answer message_type";
    assert_eq!(
        row(&asked, "Network_Resolution.DNS", fields),
        "10.0.0.7,a.example,A,203.0.113.4,Response"
    );
    let sent = event(
        4001,
        r#""dst_endpoint":{"ip":"203.0.113.4","port":443},"connection_info":{"protocol_num":6},"disposition":"Blocked""#,
    );
    let fields = "src dest dest_port transport action";
    assert_eq!(
        row(&sent, "Network_Traffic.All_Traffic", fields),
        "10.0.0.7,203.0.113.4,443,tcp,blocked"
    );
}
