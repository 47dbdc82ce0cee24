//! Events that nobody says the kind of: told by their content, with the fields and tags by which
//! data models know them. Each sample has the members that its vendor's documentation shows.

use crate::lines;
use davy_diag::Diagnostics;
use davy_knowledge::Base;
use std::sync::Arc;

/// A text, the tags that its events must have, and what stands in their fields.
pub(crate) type Sample = (&'static str, &'static str, &'static str);

pub(crate) fn check(samples: &[Sample]) {
    let base = Arc::new(Base::load(&[], &mut Diagnostics::default()));
    for (text, tags, wanted) in samples {
        let names: Vec<&str> =
            wanted.split(' ').filter_map(|part| part.split('=').next()).collect();
        let tagged: String = tags.split('/').map(|tag| format!(" tag={tag}")).collect();
        let search = format!("search{tagged} | table {}", names.join(" "));
        assert_eq!(lines(&base, &[("", "", text)], &search), [*wanted], "{text}");
    }
}

#[test]
fn sensors_on_endpoints() {
    check(&[
        // SentinelOne, Cloud Funnel 2.0.
        (
            r#"{"event.time":1777887000123,"event.type":"Process Creation","endpoint.name":"ws","src.process.name":"cmd.exe","src.process.cmdline":"cmd","tgt.process.name":"curl.exe","tgt.process.cmdline":"curl x","tgt.process.image.path":"C:\\curl.exe","tgt.process.user":"ann"}"#,
            "process/report",
            "sourcetype=sentinelone:deepvisibility dest=ws process_name=curl.exe parent_process_name=cmd.exe user=ann",
        ),
        (
            r#"{"event.time":1777887000123,"event.type":"Registry Value Modified","endpoint.name":"ws","src.process.name":"reg.exe","registry.keyPath":"MACHINE\\SOFTWARE\\Run\\a","registry.value":"x"}"#,
            "endpoint/registry",
            r"registry_value_name=a registry_key_name=MACHINE\SOFTWARE\Run action=modified",
        ),
        // Tetragon.
        (
            r#"{"process_exec":{"process":{"pid":7,"uid":0,"binary":"/usr/bin/curl","arguments":"x","pod":{"name":"web"}},"parent":{"binary":"/bin/sh"}},"node_name":"n","time":"2026-05-04T09:30:00Z"}"#,
            "process/report",
            "dest=web process_name=curl parent_process_name=sh process_id=7",
        ),
        // eslogger(1).
        (
            r#"{"schema_version":1,"mach_time":1,"event_type":9,"time":"2026-05-04T09:30:00Z","process":{"executable":{"path":"/bin/zsh"},"audit_token":{"pid":5,"euid":501}},"event":{"exec":{"args":["curl","x"],"target":{"executable":{"path":"/usr/bin/curl"},"audit_token":{"pid":6,"euid":501}}}}}"#,
            "process/report",
            "process_name=curl process_path=/usr/bin/curl parent_process_name=zsh process_id=6",
        ),
        // Jamf Protect, alerts over HTTP.
        (
            r#"{"caid":"c","certid":"d","input":{"eventType":"GPProcessEvent","host":{"hostname":"mac"},"match":{"severity":2,"event":{"timestamp":1777887000.12},"facts":[{"name":"Download"}]}}}"#,
            "alert",
            "sourcetype=jamf:protect:alerts dest=mac signature=Download severity=medium",
        ),
        // Wazuh, alerts.json.
        (
            r#"{"timestamp":"2026-05-04T09:30:00.123+0000","rule":{"level":10,"description":"flood","id":"1"},"agent":{"name":"web"},"manager":{"name":"m"},"decoder":{"name":"x"},"location":"l","data":{"srcip":"203.0.113.9"}}"#,
            "ids/attack",
            "dest=web src=203.0.113.9 signature=flood severity=high",
        ),
        // Falco, `json_output`.
        (
            r#"{"output":"09:30:00: Warning Shell (x)","priority":"Warning","rule":"Shell","time":"2026-05-04T09:30:00Z","output_fields":{"proc.cmdline":"bash -i","proc.name":"bash","user.name":"root","k8s.pod.name":"web"}}"#,
            "alert",
            "dest=web process_name=bash user=root severity=medium",
        ),
    ]);
}

#[test]
fn services_on_the_web() {
    check(&[
        // Slack, Audit Logs API.
        (
            r#"{"entries":[{"id":"1","date_create":1777887000,"action":"user_login","actor":{"type":"user","user":{"id":"W1","email":"ann@mine.example"}},"entity":{"type":"user"},"context":{"ua":"x","ip_address":"203.0.113.9"}}]}"#,
            "authentication",
            "sourcetype=slack:audit user=ann@mine.example src=203.0.113.9 action=success _time=1777887000",
        ),
        // 1Password, Events API.
        (
            r#"{"uuid":"u","session_uuid":"s","timestamp":"2026-05-04T09:30:00Z","category":"mfa_failed","type":"mfa_invalid","target_user":{"email":"ann@mine.example"},"client":{"ip_address":"203.0.113.9"}}"#,
            "authentication",
            "user=ann@mine.example src=203.0.113.9 action=failure",
        ),
        // Box, enterprise events.
        (
            r#"{"type":"event","event_id":"1","event_type":"FAILED_LOGIN","created_at":"2026-05-04T09:30:00Z","created_by":{"login":"ann@mine.example"},"source":{"type":"user"},"ip_address":"203.0.113.9"}"#,
            "authentication",
            "sourcetype=box:events user=ann@mine.example src=203.0.113.9 action=failure",
        ),
        // Salesforce, event log files.
        (
            "\"EVENT_TYPE\",\"TIMESTAMP\",\"ORGANIZATION_ID\",\"SOURCE_IP\",\"LOGIN_STATUS\",\"USER_NAME\",\"TIMESTAMP_DERIVED\"\n\"Login\",\"20260504093000.123\",\"00D\",\"203.0.113.9\",\"LOGIN_NO_ERROR\",\"ann\",\"2026-05-04T09:30:00.123Z\"\n",
            "authentication",
            "sourcetype=sfdc:logfile user=ann src=203.0.113.9 action=success _time=1777887000.123",
        ),
        // Snowflake, ACCOUNT_USAGE.LOGIN_HISTORY.
        (
            "EVENT_TIMESTAMP,EVENT_TYPE,USER_NAME,CLIENT_IP,IS_SUCCESS\n2026-05-04T09:30:00Z,LOGIN,ANN,203.0.113.9,NO\n",
            "authentication",
            "sourcetype=snowflake:login_history user=ANN action=failure",
        ),
        // GitLab, audit events API and audit_json.log.
        (
            r#"{"id":1,"author_id":1,"entity_id":6,"entity_type":"Project","details":{"add":"user_access","author_name":"ann","target_details":"bo","ip_address":"203.0.113.9"},"created_at":"2026-05-04T09:30:00Z"}"#,
            "change",
            "sourcetype=gitlab:audit user=ann object=bo src=203.0.113.9 action=created",
        ),
        // Cloudflare, Logpush.
        (
            r#"{"ClientIP":"203.0.113.9","ClientRequestHost":"www.mine.example","ClientRequestMethod":"GET","ClientRequestURI":"/a?x=1","EdgeResponseStatus":200,"EdgeStartTimestamp":"2026-05-04T09:30:00Z","RayID":"r"}"#,
            "web",
            "src=203.0.113.9 dest=www.mine.example url=https://www.mine.example/a?x=1 status=200 http_method=GET",
        ),
        // AWS WAF, web ACL traffic logs.
        (
            r#"{"timestamp":1777887000123,"webaclId":"w","terminatingRuleId":"bad","action":"BLOCK","httpRequest":{"clientIp":"203.0.113.9","headers":[{"name":"Host","value":"www.mine.example"},{"name":"User-Agent","value":"curl/8"}],"uri":"/a","args":"x=1","httpMethod":"GET"}}"#,
            "web",
            "sourcetype=aws:waf src=203.0.113.9 url=https://www.mine.example/a?x=1 http_user_agent=curl/8 action=blocked",
        ),
        // Route 53, Resolver query logs.
        (
            r#"{"version":"1.1","query_timestamp":"2026-05-04T09:30:00Z","query_name":"x.example.","query_type":"A","rcode":"NOERROR","answers":[{"Rdata":"192.0.2.7"}],"srcaddr":"10.0.0.5","transport":"UDP"}"#,
            "network/resolution/dns",
            "query=x.example src=10.0.0.5 answer=192.0.2.7 transport=udp",
        ),
        // Netskope, REST API v2.
        (
            r#"{"_id":"1","access_method":"Client","alert_name":"x","alert_type":"Malware","user":"ann","timestamp":1777887000,"srcip":"10.0.0.5"}"#,
            "malware/attack",
            "sourcetype=netskope:alert user=ann src=10.0.0.5 signature=x",
        ),
        // `aws guardduty get-findings`
        (
            r#"{"Findings":[{"AccountId":"1","CreatedAt":"2026-05-04T09:30:00Z","Id":"i","Region":"r","Resource":{"InstanceDetails":{"InstanceId":"i-0"}},"SchemaVersion":"2.0","Service":{"Count":1},"Severity":8,"Title":"Bad","Type":"Backdoor"}]}"#,
            "ids/attack",
            "sourcetype=aws:cloudwatch:guardduty dest=i-0 signature=Bad severity=high",
        ),
    ]);
}

// A second list of an answer is read too: Proofpoint's SIEM API has four.
#[test]
fn several_lists_in_an_answer() {
    let base = Arc::new(Base::load(&[], &mut Diagnostics::default()));
    let text = r#"{"queryEndTime":"2026-05-04T09:30:00Z","clicksBlocked":[],"clicksPermitted":[{"url":"http://x","clickTime":"2026-05-04T09:29:00Z","clickIP":"203.0.113.9","recipient":"ann"}],"messagesBlocked":[],"messagesDelivered":[{"GUID":"g","sender":"x@y.example","recipient":["ann"],"messageTime":"2026-05-04T09:28:00Z","threatsInfoMap":[]},{"GUID":"h","sender":"z@y.example","recipient":["bo"],"messageTime":"2026-05-04T09:27:00Z","threatsInfoMap":[]}]}"#;
    let found = lines(&base, &[("", "", text)], "search * | sort 0 _time | table sourcetype GUID");
    assert_eq!(
        found,
        [
            "sourcetype=proofpoint:tap:message GUID=h",
            "sourcetype=proofpoint:tap:message GUID=g",
            "sourcetype=proofpoint:tap:click",
        ]
    );
}

// ArcSight's implementation standard; IBM's guide to LEEF, whose examples these follow.
#[test]
fn cef_and_leef_by_product() {
    check(&[
        (
            "2026-05-04T09:30:00Z fw CEF:0|Check Point|VPN-1 & FireWall-1|Check Point|Accept|https|Unknown|act=Accept spt=50000 dpt=443 src=10.0.0.5 dst=203.0.113.9 proto=6 cs1Label=Rule Name cs1=Allow the web msg=a \\= b in words\n",
            "network/communicate",
            "src=10.0.0.5 dest=203.0.113.9 dest_port=443 transport=tcp action=allowed",
        ),
        (
            "CEF:0|Trend Micro|Deep Security Agent|20|4000000|Eicar_test_file|6|rt=1777887000123 dvchost=ws filePath=C:\\\\a b.exe act=Delete\n",
            "malware/attack",
            "_time=1777887000.123 dest=ws signature=Eicar_test_file severity=medium action=blocked",
        ),
        (
            "2026-05-04T09:30:00Z h CEF:0|Microsoft|Microsoft Windows||4624|An account was successfully logged on.|Low|duser=ann src=10.0.0.9 categoryBehavior=/Authentication/Verify categoryOutcome=/Success\n",
            "authentication",
            "user=ann src=10.0.0.9 action=success",
        ),
        (
            "2026-05-04T09:30:00Z fw LEEF:1.0|Vendor|Big Firewall|4.0|deny|src=192.0.2.0\tdst=172.50.123.1\tsev=5\tcat=denied traffic\tsrcPort=81\tdstPort=21\tusrName=joe black\n",
            "network/communicate",
            "src=192.0.2.0 dest=172.50.123.1 dest_port=21 action=blocked severity=medium",
        ),
        (
            "2026-05-04T09:30:00Z fw LEEF:2.0|Lancope|StealthWatch|1.0|41|^|src=192.0.2.0^dst=172.50.123.1^sev=5^srcPort=81^dstPort=21^usrName=joe\n",
            "network/communicate",
            "src=192.0.2.0 dest=172.50.123.1 src_port=81 user=joe",
        ),
        (
            "LEEF:2.0|V|P|1|7|x7C|devTime=1777887000123|cat=login|usrName=joe|src=192.0.2.0|action=failed\n",
            "authentication",
            "user=joe src=192.0.2.0 action=failure _time=1777887000.123",
        ),
    ]);
    // Microsoft Sentinel, CEF and CommonSecurityLog field mapping.
    check(&[(
        "TimeGenerated,DeviceVendor,DeviceProduct,DeviceEventClassID,Activity,LogSeverity,DeviceAction,SourceIP,DestinationIP,DestinationPort,Protocol\n2026-05-04T09:30:00Z,Fortinet,FortiGate,1,traffic,3,deny,10.0.0.5,203.0.113.9,443,TCP\n",
        "network/communicate",
        "sourcetype=cef src=10.0.0.5 dest=203.0.113.9 dest_port=443 transport=tcp action=blocked",
    )]);
    let base = Arc::new(Base::load(&[], &mut Diagnostics::default()));
    let text = "CEF:0|V|P|1|2|n|3|cs1Label=Rule Name cs1=Allow the web msg=a \\= b in words\n";
    let search = "search * | eval r=Rule_Name.\";\".msg | table r";
    assert_eq!(lines(&base, &[("", "", text)], search), ["r=Allow the web;a = b in words"]);
}

// iptables' LOG target; pfSense's filter log; Junos RT_FLOW; SonicWall and Sophos log guides.
#[test]
fn packet_filters() {
    check(&[
        (
            "2026-05-04T09:30:00Z web kernel: [123.4] [UFW BLOCK] IN=eth0 OUT= MAC=aa SRC=203.0.113.9 DST=10.0.0.5 LEN=60 PROTO=TCP SPT=50000 DPT=22 SYN\n",
            "network/communicate",
            "src=203.0.113.9 dest=10.0.0.5 dest_port=22 transport=tcp action=blocked dvc=web",
        ),
        (
            "2026-05-04T09:30:00Z fw filterlog[123]: 5,,,1000000103,em0,match,block,in,4,0x0,,64,0,0,DF,6,tcp,60,203.0.113.9,10.0.0.5,50000,443,0,S,1,,1024,,\n",
            "network/communicate",
            "src=203.0.113.9 dest=10.0.0.5 src_port=50000 dest_port=443 transport=tcp action=blocked bytes=60",
        ),
        (
            "2026-05-04T09:30:00Z fw RT_FLOW: RT_FLOW_SESSION_CREATE: session created 10.0.0.5/50000->203.0.113.9/443 junos-https\n",
            "network/communicate",
            "src=10.0.0.5 dest=203.0.113.9 dest_port=443 action=allowed",
        ),
        (
            "<14>1 2026-05-04T09:30:00Z fw RT_FLOW - RT_FLOW_SESSION_DENY [junos@2636 source-address=\"10.0.0.5\" source-port=\"50000\" destination-address=\"203.0.113.9\" destination-port=\"443\" protocol-id=\"6\" policy-name=\"p\"]\n",
            "network/communicate",
            "src=10.0.0.5 dest=203.0.113.9 dest_port=443 transport=tcp action=blocked rule=p",
        ),
        (
            "2026-05-04T09:30:00Z fw id=firewall sn=00 time=\"2026-05-04 09:30:00\" fw=192.0.2.1 pri=6 m=98 msg=\"Connection Opened\" src=10.0.0.5:50000:X0 dst=203.0.113.9:443:X1 proto=tcp/https\n",
            "network/communicate",
            "dest_ip=203.0.113.9 dest_port=443 transport=tcp action=allowed",
        ),
        (
            "[2026-05-04T09:30:00.123Z] I santad: action=EXEC|decision=DENY|reason=BINARY|sha256=ab|path=/tmp/a b|args=/tmp/a b -x|pid=7|ppid=5|uid=501|user=ann\n",
            "process/report",
            "process_path=/tmp/a b process_id=7 user=ann action=blocked",
        ),
    ]);
}

// Azure Monitor Logs, table `Syslog`; rsyslog's JSON; Filebeat's module `system`, without the line.
#[test]
fn messages_of_syslog_without_their_header() {
    check(&[
        (
            "TimeGenerated,Computer,EventTime,Facility,HostName,SeverityLevel,SyslogMessage,ProcessID,ProcessName,Type\n2026-05-04T09:30:01Z,web,2026-05-04T09:30:00Z,auth,web,info,Failed password for root from 203.0.113.9 port 5 ssh2,812,sshd,Syslog\n",
            "authentication",
            "sourcetype=linux_secure host=web user=root src=203.0.113.9 action=failure _time=1777887000",
        ),
        (
            r#"{"@timestamp":"2026-05-04T09:30:00Z","@version":"1","host":"web","programname":"sshd","procid":"812","message":"Failed password for root from 203.0.113.9 port 5 ssh2"}"#,
            "authentication",
            "sourcetype=linux_secure host=web user=root src=203.0.113.9 action=failure",
        ),
        (
            r#"{"@timestamp":"2026-05-04T09:30:00Z","agent":{"type":"filebeat"},"host":{"name":"web"},"process":{"name":"sshd","pid":812},"message":"Failed password for root from 203.0.113.9 port 5 ssh2"}"#,
            "authentication",
            "sourcetype=linux_secure host=web user=root src=203.0.113.9 action=failure",
        ),
    ]);
    // Other objects with such members stay whole.
    let base = Arc::new(Base::load(&[], &mut Diagnostics::default()));
    let text = r#"{"timestamp":"2026-05-04T09:30:00Z","host":"web","program":"shop","message":"sold","n":7}"#;
    let found = lines(&base, &[("", "", text)], "search * | table sourcetype n");
    assert_eq!(found, ["sourcetype=_json n=7"]);
}
