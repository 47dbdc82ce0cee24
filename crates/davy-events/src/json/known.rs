//! What a JSON event is, told by the names of its members and a few values.
//!
//! Sources: CloudTrail record contents; AWS Security Hub finding format; GuardDuty finding format;
//! Azure Monitor log schemas; Office 365 Management Activity API schema; Okta System Log API;
//! Google Workspace Reports API; Cloud Logging `LogEntry`; Kubernetes auditing; osquery logging;
//! Suricata EVE JSON; Zeek log files; Falcon Data Replicator events; OCSF base event.

use super::parse::Flat;
use crate::known::{Known, stem, zeek};

/// Members of the object itself that must all be there, paths with one of some values (a star at
/// the end stands for any rest), and what the event is then.
struct Rule {
    members: &'static [&'static str],
    values: &'static [(&'static str, &'static [&'static str])],
    known: fn() -> Known,
}

const AZURE: &[&str] = &[
    "AuditLogs",
    "SignInLogs",
    "NonInteractiveUserSignInLogs",
    "ServicePrincipalSignInLogs",
    "ManagedIdentitySignInLogs",
    "ADFSSignInLogs",
    "ProvisioningLogs",
    "RiskyUsers",
    "UserRiskEvents",
    "MicrosoftGraphActivityLogs",
    "MicrosoftServicePrincipalSignInLogs",
];

/// The narrower before the wider.
const RULES: &[Rule] = &[
    Rule {
        members: &["eventVersion", "eventTime", "eventSource", "eventName"],
        values: &[],
        known: || Known::of("aws:cloudtrail").source("aws_cloudtrail"),
    },
    // Logstash and others put the time into a member of their own.
    Rule {
        members: &["eventVersion", "eventSource", "eventName", "awsRegion"],
        values: &[],
        known: || Known::of("aws:cloudtrail").source("aws_cloudtrail"),
    },
    Rule {
        members: &["SchemaVersion", "ProductArn", "AwsAccountId"],
        values: &[],
        known: || Known::of("aws:securityhub:finding").source("aws_securityhub_finding"),
    },
    Rule {
        members: &["detail-type", "detail"],
        values: &[("detail-type", &["Security Hub Findings*"])],
        known: || Known::of("aws:securityhub:firehose"),
    },
    Rule {
        members: &["detail-type", "detail"],
        values: &[("detail-type", &["GuardDuty Finding"])],
        known: || Known::of("aws:cloudwatch:guardduty"),
    },
    Rule {
        members: &["schemaVersion", "accountId", "service", "resource", "severity"],
        values: &[],
        known: || Known::of("aws:cloudwatch:guardduty"),
    },
    Rule {
        members: &["configurationItem"],
        values: &[],
        known: || Known::of("aws:config:notification"),
    },
    Rule {
        members: &["class_uid", "metadata", "api"],
        values: &[("metadata.product.name", &["CloudTrail"])],
        known: || Known::of("aws:cloudtrail:lake"),
    },
    Rule {
        members: &["class_uid", "metadata", "time"],
        values: &[("metadata.version", &["*"])],
        known: || Known::of("ocsf"),
    },
    // Carbon Black Cloud, data forwarder.
    Rule {
        members: &["type", "org_key", "device_name", "process_guid"],
        values: &[("type", &["endpoint.event.*"])],
        known: || Known::of("vmware:cbc:s3:events"),
    },
    Rule {
        members: &["kind", "apiVersion", "auditID", "verb"],
        values: &[],
        known: || Known::of("_json").source("kubernetes"),
    },
    Rule {
        members: &["kind", "apiVersion", "involvedObject"],
        values: &[],
        known: || Known::of("kube:objects:events"),
    },
    Rule {
        members: &["output", "priority", "rule", "output_fields"],
        values: &[],
        known: || Known::of("kube:container:falco").source("kubernetes"),
    },
    Rule {
        members: &["operationName", "properties"],
        values: &[("category", AZURE)],
        known: || Known::of("azure:monitor:aad").source("Azure AD"),
    },
    // The records of Microsoft Graph are what stands in `properties` elsewhere.
    Rule {
        members: &["activityDisplayName", "activityDateTime", "targetResources", "initiatedBy"],
        values: &[],
        known: || Known::of("azure:monitor:aad").source("Azure AD").prefix("properties."),
    },
    Rule {
        members: &["userPrincipalName", "appDisplayName", "createdDateTime", "ipAddress", "status"],
        values: &[],
        known: || Known::of("azure:monitor:aad").source("Azure AD").prefix("properties."),
    },
    Rule {
        members: &["category", "properties"],
        values: &[("category", &["AdvancedHunting-*"])],
        known: || {
            Known::of("mscs:azure:eventhub:defender:advancedhunting")
                .source("eventhub://windowsdefenderlogs")
        },
    },
    // A table of advanced hunting, as queries and exports give it: what stands in `properties` else.
    Rule {
        members: &["DeviceId", "DeviceName", "ActionType"],
        values: &[],
        known: || {
            Known::of("mscs:azure:eventhub:defender:advancedhunting")
                .source("eventhub://windowsdefenderlogs")
                .prefix("properties.")
        },
    },
    Rule {
        members: &["alertCreationTime", "machineId", "severity"],
        values: &[],
        known: || Known::of("ms:defender:atp:alerts"),
    },
    Rule {
        members: &["authorization", "caller", "eventTimestamp", "operationName"],
        values: &[],
        known: || Known::of("mscs:azure:audit").source("mscs:azure:audit"),
    },
    Rule {
        members: &["CreationTime", "Operation", "Workload", "RecordType"],
        values: &[],
        known: || Known::of("o365:management:activity").source("o365"),
    },
    Rule {
        members: &["eventType", "published", "actor", "outcome"],
        values: &[],
        known: || Known::of("OktaIM2:log").source("Okta"),
    },
    Rule {
        members: &["data", "attributes"],
        values: &[("data.logName", &["projects/*", "organizations/*", "folders/*"])],
        known: || Known::of("google:gcp:pubsub:message"),
    },
    // A log entry of Cloud Logging, without the message that carries it.
    Rule {
        members: &["logName", "insertId", "resource"],
        values: &[("logName", &["projects/*", "organizations/*", "folders/*"])],
        known: || Known::of("google:gcp:pubsub:message").prefix("data."),
    },
    Rule {
        members: &["message_info", "event_info"],
        values: &[],
        known: || Known::of("gsuite:gmail:bigquery").source("http:gsuite"),
    },
    Rule {
        members: &["rfc2822_message_id", "payload_size", "source", "destination"],
        values: &[],
        known: || Known::of("gsuite:gmail:bigquery").source("http:gsuite"),
    },
    Rule {
        members: &["parameters", "email", "unique_id", "ip_address"],
        values: &[],
        known: || Known::of("gsuite:drive:json").source("http:gsuite"),
    },
    Rule {
        members: &["name", "hostIdentifier", "calendarTime", "unixTime"],
        values: &[],
        known: || Known::of("osquery:results").source("osquery"),
    },
    Rule {
        members: &["timestamp", "event_type", "flow_id"],
        values: &[],
        known: || Known::of("suricata").source("suricata"),
    },
    Rule {
        members: &["timestamp", "event_type", "stats"],
        values: &[],
        known: || Known::of("suricata").source("suricata"),
    },
    Rule {
        members: &["event_simpleName", "aid"],
        values: &[],
        known: || Known::of("crowdstrike:events:sensor").source("crowdstrike"),
    },
    Rule {
        members: &["metadata", "event"],
        values: &[("metadata.eventType", &["*"])],
        known: || Known::of("CrowdStrike:Event:Streams:JSON"),
    },
    Rule {
        members: &["recorded", "actors"],
        values: &[("source", &["PINGID"])],
        known: || Known::of("_json").source("PINGID"),
    },
    Rule {
        members: &["resourceId", "operationName", "category", "identity"],
        values: &[("category", &["Administrative", "Action", "Write", "Delete"])],
        known: || Known::of("azure:monitor:activity"),
    },
    Rule {
        members: &["action", "description", "isotimestamp", "object", "username"],
        values: &[],
        known: || Known::of("cisco:duo"),
    },
    Rule {
        members: &["factor", "result", "access_device"],
        values: &[],
        known: || Known::of("cisco:duo"),
    },
    Rule {
        members: &["@timestamp", "action", "actor", "_document_id"],
        values: &[],
        known: || Known::of("github:cloud:audit").source("github"),
    },
    Rule {
        members: &["@timestamp", "action", "actor", "created_at", "org"],
        values: &[],
        known: || Known::of("github:cloud:audit").source("github"),
    },
    Rule {
        members: &["@timestamp", "action", "actor", "created_at", "business"],
        values: &[],
        known: || Known::of("github:cloud:audit").source("github"),
    },
    Rule {
        members: &["repository", "sender"],
        values: &[("repository.full_name", &["*"])],
        known: || Known::of("aws:firehose:json").source("github"),
    },
    Rule {
        members: &["job_name", "reponame", "build_num", "build_url"],
        values: &[],
        known: || Known::of("circleci").source("circleci"),
    },
    Rule {
        members: &["endtime", "timestamp", "protocol_stack", "http_method"],
        values: &[],
        known: || Known::of("stream:http").source("stream:http"),
    },
    Rule {
        members: &["endtime", "timestamp", "protocol_stack", "query"],
        values: &[],
        known: || Known::of("stream:dns").source("stream:dns"),
    },
    Rule {
        members: &["endtime", "timestamp", "protocol_stack"],
        values: &[],
        known: || Known::of("stream:tcp").source("stream:tcp"),
    },
];

impl Rule {
    fn fits(&self, flat: &Flat) -> bool {
        let has = |key: &&str| flat.members.iter().any(|(name, _)| name == key);
        let is = |(path, wanted): &(&str, &[&str])| {
            flat.get(path).is_some_and(|value| {
                wanted.iter().any(|w| match w.strip_suffix('*') {
                    Some(start) => value.starts_with(start),
                    None => value == *w,
                })
            })
        };
        self.members.iter().all(has) && self.values.iter().all(is)
    }
}

/// Remembers what the last event was: the next is likely of the same kind.
#[derive(Default)]
pub(crate) struct Recogniser {
    last: usize,
}

impl Recogniser {
    /// What the object is, told by content; the name of the file helps where logs differ by it.
    pub(crate) fn tell(&mut self, flat: &Flat, file: &str) -> Option<Known> {
        if let Some(rule) = RULES.get(self.last)
            && rule.fits(flat)
        {
            return Some((rule.known)());
        }
        if let Some((at, rule)) = RULES.iter().enumerate().find(|(_, rule)| rule.fits(flat)) {
            self.last = at;
            return Some((rule.known)());
        }
        workspace(flat).or_else(|| zeek_stream(flat, file))
    }
}

/// Google Workspace names each application's reports on their own.
fn workspace(flat: &Flat) -> Option<Known> {
    (flat.get("kind")? == "admin#reports#activity").then_some(())?;
    let application = flat.get("id.applicationName").unwrap_or("admin");
    Some(Known::of(&format!("gws:reports:{application}")))
}

/// Zeek's JSON says its stream where a collector adds it; else the file's name does, or a field
/// that no other stream has.
fn zeek_stream(flat: &Flat, file: &str) -> Option<Known> {
    const OWN: [(&str, &str); 26] = [
        ("conn", "conn_state"),
        ("dns", "qtype_name"),
        ("dns", "query"),
        ("kerberos", "request_type"),
        ("sip", "call_id"),
        ("http", "uri"),
        ("ssl", "cipher"),
        ("x509", "certificate.subject"),
        ("pe", "compile_ts"),
        ("notice", "note"),
        ("dce_rpc", "endpoint"),
        ("smb_mapping", "share_type"),
        ("smtp", "mailfrom"),
        ("ftp", "command"),
        ("rdp", "cookie"),
        ("rdp", "security_protocol"),
        ("ssh", "auth_attempts"),
        ("ssh", "client"),
        ("ntlm", "server_nb_computer_name"),
        ("ntlm", "domainname"),
        ("snmp", "community"),
        ("tunnel", "tunnel_type"),
        ("smb_files", "path"),
        ("files", "mime_type"),
        ("files", "fuid"),
        ("weird", "peer"),
    ];
    let named = flat.get("_path").or_else(|| flat.get("@stream"));
    if let Some(stream) = named.filter(|_| flat.get("ts").is_some()) {
        return Some(zeek(stream));
    }
    flat.get("ts")?;
    let certificate = flat.get("certificate.subject").is_some();
    flat.get("uid").or(flat.get("fuid")).or(certificate.then_some(""))?;
    let stem = stem(file);
    if OWN.iter().any(|(stream, _)| *stream == stem) {
        return Some(zeek(stem));
    }
    OWN.iter().find(|(_, field)| flat.get(field).is_some()).map(|(stream, _)| zeek(stream))
}
