//! Firewalls, proxies, load balancers and sensors that nobody says the kind of: each sample is made
//! after what its vendor documents or publishes.

use crate::kinds::check;

#[test]
fn firewalls() {
    check(&[
        // FortiOS, without the id of the device.
        (
            "<190>date=2026-05-04 time=09:30:00 logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" srcip=10.0.0.7 srcport=50123 dstip=203.0.113.9 dstport=443 proto=6 action=\"close\"",
            "network/communicate",
            "sourcetype=fgt_traffic src=10.0.0.7 dest=203.0.113.9 dest_port=443 transport=tcp action=allowed",
        ),
        // pfSense, RFC 5424.
        (
            "<134>1 2026-05-04T09:30:00.123456+00:00 gw.mine.example filterlog 72237 - - 146,,,1535324496,igb1,match,block,in,4,0x0,,63,32989,0,DF,6,tcp,60,10.0.0.7,203.0.113.9,49652,853,0,S,1818117648,,64240,,mss",
            "network/communicate",
            "sourcetype=pfsense:filterlog src=10.0.0.7 dest=203.0.113.9 dest_port=853 transport=tcp action=blocked",
        ),
        // WatchGuard, syslog.
        (
            "<140>2026-05-04T09:30:00Z box FVE1 (2026-05-04T09:30:00) firewall: msg_id=\"3000-0148\" Deny 0-External Firebox 52 tcp 20 127 203.0.113.9 10.0.0.7 51382 443 offset 8 S 3456 win 32 (Unhandled-00)",
            "network/communicate",
            "sourcetype=watchguard:firebox src=203.0.113.9 dest=10.0.0.7 dest_port=443 action=blocked rule=Unhandled-00",
        ),
        // SonicWall: the id is whatever was set.
        (
            "id=box sn=XXXX time=\"2026-05-04 09:30:00 UTC\" fw=10.0.0.1 pri=3 c=4 m=14 msg=\"Web site access denied\" src=10.0.0.7:59668:X0 dst=203.0.113.9:443:X1 proto=tcp/https",
            "network/communicate",
            "sourcetype=sonicwall src=10.0.0.7 dest=203.0.113.9 dest_port=443 action=blocked",
        ),
        // Juniper's structured messages beside those of flows.
        (
            "<12>1 2026-05-04T09:30:00.391Z srx RT_UTM - WEBFILTER_URL_BLOCKED [junos@2636.1.1.1.2.86 source-address=\"10.0.0.7\" source-port=\"58071\" destination-address=\"203.0.113.9\" destination-port=\"80\" category=\"cat1\" reason=\"BY_BLACK_LIST\" url=\"bad.example\" obj=\"/a\" username=\"ann\" roles=\"N/A\"]",
            "web/proxy",
            "sourcetype=juniper:junos:firewall src=10.0.0.7 dest=203.0.113.9 url=bad.example/a user=ann action=blocked",
        ),
        (
            "<165>1 2026-05-04T09:30:00.193Z srx RT_IDP - IDP_ATTACK_LOG_EVENT [junos@2636.1.1.1.2.28 source-address=\"203.0.113.9\" destination-address=\"10.0.0.7\" action=\"DROP\" threat-severity=\"HIGH\" attack-name=\"HTTP:DIR\" username=\"unknown-user\"]",
            "ids/attack",
            "sourcetype=juniper:junos:idp src=203.0.113.9 dest=10.0.0.7 signature=HTTP:DIR severity=high action=blocked",
        ),
        // RouterOS.
        (
            "2026-05-04T09:30:00Z gw firewall,info forward: in:ether1 out:bridge, connection-state:new src-mac aa:bb:cc:dd:ee:ff, proto TCP (SYN), 203.0.113.9:51234->10.0.0.7:443, len 60",
            "network/communicate",
            "sourcetype=mikrotik src=203.0.113.9 src_port=51234 dest=10.0.0.7 dest_port=443 transport=tcp",
        ),
        (
            "2026-05-04T09:30:02Z gw system,error,critical login failure for user root from 203.0.113.9 via ssh",
            "authentication",
            "sourcetype=mikrotik user=root src=203.0.113.9 action=failure app=ssh",
        ),
        // The firewall of Windows.
        (
            "#Version: 1.5\r\n#Software: Microsoft Windows Firewall\r\n#Time Format: Local\r\n#Fields: date time action protocol src-ip dst-ip src-port dst-port size tcpflags tcpsyn tcpack tcpwin icmptype icmpcode info path\r\n\r\n2026-05-04 09:30:00 DROP TCP 203.0.113.9 10.0.0.7 50123 445 0 - 0 0 0 - - - RECEIVE\r\n",
            "network/communicate",
            "sourcetype=windows:firewall src=203.0.113.9 dest=10.0.0.7 dest_port=445 transport=tcp action=blocked direction=inbound _time=1777887000",
        ),
        // Check Point says protocols by number.
        (
            "<134>1 2026-05-04T09:30:00Z gw CheckPoint 7776 - [action:\"Drop\"; ifdir:\"inbound\"; origin:\"10.0.0.1\"; dst:\"10.0.0.7\"; product:\"VPN-1 & FireWall-1\"; proto:\"6\"; s_port:\"43103\"; service:\"443\"; src:\"203.0.113.9\"]",
            "network/communicate",
            "src=203.0.113.9 dest=10.0.0.7 dest_port=443 transport=tcp action=blocked",
        ),
    ]);
}

#[test]
fn threat_defense_tells_connections_by_name() {
    check(&[
        (
            "2026-05-04T09:30:00Z   %FTD-1-430003: EventPriority: Low, DeviceUUID: 1-1, InstanceID: 5, AccessControlRuleAction: Allow, SrcIP: 10.0.0.7, DstIP: 203.0.113.9, SrcPort: 56901, DstPort: 53, Protocol: udp, IngressZone: LAN, AccessControlRuleName: Out, Prefilter Policy: P, User: Not Found, Client: DNS client, ApplicationProtocol: DNS, InitiatorBytes: 88, ResponderBytes: 152, DNSQuery: a.example",
            "network/communicate",
            "sourcetype=cisco:ftd src=10.0.0.7 dest=203.0.113.9 dest_port=53 transport=udp app=DNS bytes=240 action=allowed query=a.example",
        ),
        (
            "<113>2026-05-04T09:30:00Z fw.mine.example  %FTD-1-430001: SrcIP: 203.0.113.9, DstIP: 10.0.0.7, Protocol: tcp, Priority: 1, GID: 1, SID: 58722, Message: SERVER-OTHER attempt, Classification: Attempted User, InlineResult: Blocked",
            "ids/attack",
            "src=203.0.113.9 dest=10.0.0.7 signature_id=58722 action=blocked dvc=fw.mine.example",
        ),
    ]);
}

#[test]
fn proxies_and_balancers() {
    check(&[
        // HAProxy, `option httplog`.
        (
            "2026-05-04T09:30:00Z lb haproxy[32450]: 203.0.113.9:38862 [04/May/2026:09:30:00.726] www~ app/web1 0/0/1/0/2 304 168 - - ---- 6/6/0/0/0 0/0 {www.mine.example||} {|||} \"GET /a?x=1 HTTP/1.1\"",
            "web",
            "sourcetype=haproxy:http src=203.0.113.9 dest=web1 status=304 http_method=GET url=/a?x=1 uri_query=x=1",
        ),
        // A classic load balancer of AWS.
        (
            "2026-05-04T09:30:00.945958Z lb 203.0.113.9:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 \"GET http://www.mine.example:80/a HTTP/1.1\" \"curl/8\" - -",
            "web/cloud",
            "sourcetype=aws:elb:accesslogs src=203.0.113.9 dest=10.0.0.1 status=200 http_user_agent=curl/8 site=www.mine.example",
        ),
        // Umbrella, rows that nothing names.
        (
            "\"2026-05-04 09:30:00\",\"ann\",\"ann,Net\",\"10.0.0.7\",\"203.0.113.1\",\"Blocked\",\"1 (A)\",\"NOERROR\",\"bad.example.\",\"Malware\",\"Roaming Computers\",\"ann\",\"Roaming Computers\",\"Malware\"\n",
            "network/resolution/dns",
            "sourcetype=cisco:umbrella:dns src=10.0.0.7 query=bad.example record_type=A action=blocked user=ann",
        ),
        (
            "\"2026-05-04 09:30:00\",\"ann\",\"Net\",\"10.0.0.7\",\"203.0.113.1\",\"203.0.113.9\",\"\",\"ALLOWED\",\"https://a.example/x\",\"\",\"curl/8\",\"200\",\"850\",\"\",\"\",\"\",\"Business\",\"\",\"\",\"\",\"\",\"\",\"Roaming Computers\",\"\"\n",
            "web/proxy",
            "sourcetype=cisco:umbrella:proxy src=10.0.0.7 dest=a.example status=200 action=allowed",
        ),
        // What has no header of its own, behind one.
        (
            "<190>2026-05-04T09:30:00Z web nginx: 203.0.113.9 - - [04/May/2026:09:30:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"curl\"",
            "web",
            "sourcetype=access_combined host=web src=203.0.113.9 url=/a status=200",
        ),
        (
            "<134>1 2026-05-04T09:30:00Z proxy squid 12 - - 1777887000.123     50 10.0.0.7 TCP_DENIED/403 5 GET http://bad.example/ ann HIER_NONE/- text/html",
            "web/proxy",
            "sourcetype=squid:access host=proxy src=10.0.0.7 url=http://bad.example/ action=blocked",
        ),
    ]);
}

#[test]
fn servers_of_names_and_machines() {
    check(&[
        (
            "2026-05-04T09:30:00Z pihole dnsmasq[812]: query[A] bad.example from 10.0.0.7",
            "network/resolution/dns",
            "sourcetype=dnsmasq query=bad.example src=10.0.0.7 record_type=A",
        ),
        (
            "2026-05-04T09:30:01Z fw unbound[1]: [1:0] info: 10.0.0.7 bad.example. A IN",
            "network/resolution/dns",
            "sourcetype=unbound query=bad.example src=10.0.0.7",
        ),
        // Exchange, rows whose header stands in another file.
        (
            "2026-05-04T09:30:00.949Z,10.0.0.5,mx,10.0.0.6,mail,08DC;0,Default,SMTP,RECEIVE,709,<1@mine.example>,1e,bo@mine.example,,7229,1,,,Hello,ann@mine.example,ann@mine.example,0cA,Incoming,,,,S:a=b,Email,05,15.02",
            "email",
            "sourcetype=MSExchange:2013:MessageTracking src_user=ann@mine.example recipient=bo@mine.example subject=Hello src=10.0.0.5",
        ),
        // ESXi.
        (
            "<166>2026-05-04T09:30:00.123Z esx01 Hostd: info hostd[2099160] [Originator@6876 sub=Vimsvc.ha-eventmgr] Event 123 : User root@10.0.0.7 logged in as VMware-client/6.5.0",
            "authentication",
            "sourcetype=vmw-syslog dest=esx01 user=root src=10.0.0.7 action=success",
        ),
    ]);
}

#[test]
fn endpoints() {
    check(&[
        // LAUREL: one object for the records of one call.
        (
            r#"{"ID":"1777887000.720:348501","NODE":"pit","SYSCALL":{"arch":"0xc000003e","syscall":59,"success":"yes","exit":0,"ppid":7,"pid":8,"auid":1000,"uid":0,"tty":"pts3","comm":"perl","exe":"/usr/bin/perl","key":null,"ARCH":"x86_64","SYSCALL":"execve","AUID":"ann","UID":"root","PPID":{"comm":"bash"}},"EXECVE":{"argc":3,"ARGV":["perl","-e","say \"a b\""]},"CWD":{"cwd":"/root"},"PATH":[{"item":0,"name":"/usr/bin/perl","mode":"0o100755","nametype":"NORMAL"}],"PROCTITLE":{"ARGV":["perl","-e","x"]}}"#,
            "process/report",
            "sourcetype=linux:audit host=pit process_name=perl process_id=8 parent_process_id=7 user=root action=allowed",
        ),
        // Carbon Black EDR, event forwarder.
        (
            r#"{"cb_server":"cb","command_line":"whoami /all","computer_name":"ws","event_type":"proc","md5":"D6","parent_path":"c:\\windows\\system32\\cmd.exe","path":"c:\\windows\\system32\\whoami.exe","pid":1972,"process_guid":"g","timestamp":1777887000,"type":"ingress.event.procstart","username":"ann"}"#,
            "process/report",
            "sourcetype=bit9:carbonblack:json dest=ws process_name=whoami.exe parent_process_name=cmd.exe user=ann",
        ),
        (
            r#"{"action":"writeval","cb_server":"cb","computer_name":"ws","event_type":"regmod","path":"\\registry\\machine\\software\\run\\a","pid":1,"process_guid":"g","timestamp":1777887000,"type":"ingress.event.regmod"}"#,
            "endpoint/registry",
            "dest=ws registry_value_name=a action=modified",
        ),
        (
            r#"{"cb_server":"cb","computer_name":"ws","direction":"outbound","domain":"bad.example","event_type":"netconn","local_ip":"10.0.0.7","local_port":49352,"pid":1,"protocol":6,"remote_ip":"203.0.113.9","remote_port":80,"timestamp":1777887000,"type":"ingress.event.netconn"}"#,
            "network/communicate",
            "dvc=ws src=10.0.0.7 dest=bad.example dest_ip=203.0.113.9 dest_port=80 transport=tcp",
        ),
        // Cisco Secure Endpoint, with and without the answer around it.
        (
            r#"{"version":"v1.2.0","metadata":{"results":{"total":1}},"data":{"id":1,"timestamp":1777887000,"event_type":"Threat Quarantined","event_type_id":1,"detection":"W32.Bad","connector_guid":"c","severity":"High","computer":{"hostname":"ws","user":"ann"},"file":{"file_name":"bad.exe","identity":{"sha256":"b2"}}}}"#,
            "malware/attack",
            "sourcetype=cisco:amp:event dest=ws user=ann signature=W32.Bad file_name=bad.exe file_hash=b2 severity=high action=blocked _time=1777887000",
        ),
        // Trellix ePO in the cloud.
        (
            r#"{"type":"MVEvents","id":"1","attributes":{"timestamp":"2026-05-04T09:30:00.041Z","analyzerhostname":"ws","targetfilename":"C:\\bad.exe","targetusername":"ann","threatactiontaken":"IDS_ALERT_ACT_TAK_DEN","threatname":"Bad","threatseverity":"6"}}"#,
            "malware/attack",
            "sourcetype=trellix:epo:cloud dest=ws user=ann signature=Bad file_name=bad.exe action=blocked _time=1777887000.041",
        ),
        // Trend Micro Vision One, workbench alerts.
        (
            r#"{"id":"WB-1","createdDateTime":"2026-05-04T09:30:00Z","impactScope":{"entities":[{"entityType":"host","entityValue":{"name":"ws"}}]},"matchedRules":[{"matchedFilters":[{"mitreTechniqueIds":["T1192"]}]}],"model":"Possible attack","severity":"critical","workbenchLink":"https://x.example"}"#,
            "alert",
            "sourcetype=trendmicro:visionone:alert dest=ws signature=Possible attack severity=critical mitre_technique_id=T1192 _time=1777887000",
        ),
        // Symantec Endpoint Protection, traffic.
        (
            "<165>1 2026-05-04T09:30:00Z sepm p 8710 - - ws,Local Host IP: 10.0.0.7,Local Port: 80,Local Host MAC: CC,Remote Host IP: 203.0.113.9,Remote Host Name: ,Remote Port: 33424,Remote Host MAC: 2C,TCP,Inbound,Begin: 2026-05-04 09:25:21,End Time: 2026-05-04 09:25:28,Occurrences: 4,Application: C:/a.exe,Rule: R,Location: Default,User Name: ann,Domain Name: M,Action: Blocked",
            "network/communicate",
            "src=203.0.113.9 dest=10.0.0.7 dest_port=80 transport=tcp rule=R action=blocked",
        ),
    ]);
}

#[test]
fn who_authenticates_whom() {
    check(&[
        (
            r#"{"time":"2026-05-04T09:30:00.743284857Z","type":"response","auth":{"display_name":"userpass-ann","entity_id":"e"},"request":{"id":"r","operation":"update","mount_type":"userpass","path":"auth/userpass/login/ann","remote_address":"203.0.113.9"},"response":{},"error":"denied"}"#,
            "authentication",
            "sourcetype=hashicorp_vault_audit_log user=userpass-ann src=203.0.113.9 action=failure",
        ),
        (
            r#"{"client_ip":"203.0.113.9","event_type":"admin_login_attempt","id":"1","initiated_by":{"email":"ann@mine.example","type":"admin"},"organization":"o","service":"directory","success":false,"timestamp":"2026-05-04T09:30:00.495Z"}"#,
            "authentication",
            "sourcetype=jumpcloud:events user=ann@mine.example src=203.0.113.9 action=failure",
        ),
        (
            r#"{"time":1777887000123,"type":"LOGIN_ERROR","realmId":"master","clientId":"portal","ipAddress":"203.0.113.9","error":"invalid_user_credentials","details":{"username":"ann"}}"#,
            "authentication",
            "sourcetype=keycloak:event user=ann src=203.0.113.9 app=portal action=failure _time=1777887000.123",
        ),
        (
            r#"{"uuid":"x","event_timestamp":"2026-05-04 09:30:00 UTC","event_type_id":6,"account_id":1,"user_id":2,"user_name":"ann","ipaddr":"203.0.113.9"}"#,
            "authentication",
            "sourcetype=onelogin:event user=ann src=203.0.113.9 action=failure",
        ),
        (
            r#"{"ei":0,"event":"user.login","uid":"x","code":"T1000I","time":"2026-05-04T09:30:00Z","cluster_name":"c","user":"ann","success":true,"addr.remote":"203.0.113.9:5000"}"#,
            "authentication",
            "sourcetype=teleport:audit user=ann src=203.0.113.9 dest=c action=success",
        ),
        (
            r#"{"content":{"email":"bo@mine.example"},"created":"2026-05-04T09:30:00.000Z","event":"org.user.invite","groupId":"g","orgId":"o","projectId":null,"userId":"u"}"#,
            "change",
            "sourcetype=snyk:audit object=bo@mine.example action=created _time=1777887000",
        ),
        (
            r#"{"auditType":"User Logged On","category":"authentication_logs","eventInfo":"Successful, Date: 2026-05-04, IP: 203.0.113.9, Application: Console","eventTime":"2026-05-04T09:30:00+0000","id":"e","user":"ann@mine.example"}"#,
            "authentication",
            "sourcetype=mimecast:audit user=ann@mine.example src=203.0.113.9 app=Console action=success",
        ),
    ]);
}

// What the tutorial searches for (Search Tutorial, "sourcetype=access_* status=200 action=purchase") and
// what `[access-extractions]` of Splunk's own transforms.conf gives.
#[test]
fn pairs_of_a_web_request_are_the_events_own() {
    let line = "203.0.113.9 - - [04/May/2026:09:30:00 +0000] \"POST /shop/cart.do?action=purchase&itemId=EST-14&JSESSIONID=S1 HTTP/1.1\" 200 3814 \"http://www.mine.example/product.screen?x=1\" \"curl/8\" \"u=1\" 506";
    let plain = "203.0.113.9 - - [04/May/2026:09:30:00 +0000] \"GET http://a.example:8080/x.gif HTTP/1.0\" 404 -";
    check(&[
        (
            line,
            "web",
            "action=purchase itemId=EST-14 status=200 clientip=203.0.113.9 root=shop file=cart.do version=HTTP/1.1 referer_domain=http://www.mine.example cookie=u=1 other=506 uri_path=/shop/cart.do useragent=curl/8",
        ),
        (
            plain,
            "web",
            "action=blocked status=404 file=x.gif uri_domain=http://a.example:8080 version=HTTP/1.0 method=GET",
        ),
    ]);
}
