//! What a JSON event is, told by the names of its members and a few values.
//!
//! Sources: CloudTrail record contents; AWS Security Hub finding format; GuardDuty finding format;
//! Azure Monitor log schemas; Office 365 Management Activity API schema; Okta System Log API;
//! Google Workspace Reports API; Cloud Logging `LogEntry`; Kubernetes auditing; osquery logging;
//! Suricata EVE JSON; Zeek log files; Falcon Data Replicator events; OCSF base event; SentinelOne Cloud
//! Funnel and threats API; Jamf Protect; eslogger(1); Tetragon events; Wazuh alerts; GitLab audit events;
//! Route 53 Resolver query logs; AWS WAF logs; Cloudflare Logpush; 1Password Events API; Slack Audit Logs
//! API; Zoom webhooks; Salesforce EventLogFile and LoginHistory; Snowflake ACCOUNT_USAGE; Box events;
//! Netskope REST API; Proofpoint TAP SIEM API; Mimecast SIEM logs; Auth0 log events.

use super::parse::Flat;
use crate::known::{Known, stem, zeek};

/// The kinds, the narrower before the wider, a line each: what the event is then, `<-`, and what must
/// all be there, with commas between: members of the object itself, and `PATH=VALUE|VALUE`, where a
/// star at the end stands for any rest.
const RULES: &str = include_str!("known.txt");

struct Rule {
    members: Vec<&'static str>,
    values: Vec<(&'static str, Vec<&'static str>)>,
    known: Known,
}

impl Rule {
    fn of(line: &'static str) -> Option<Rule> {
        let (known, conditions) = line.split_once(" <- ")?;
        let mut parts = known.split("; ");
        let mut known = Known::of(parts.next()?);
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            known = match name {
                "source" => known.source(value),
                "index" => known.index(value),
                _ => known.prefix(value),
            };
        }
        let mut rule = Rule { members: Vec::new(), values: Vec::new(), known };
        for condition in conditions.split(", ") {
            match condition.split_once('=') {
                Some((path, values)) => rule.values.push((path, values.split('|').collect())),
                None => rule.members.push(condition),
            }
        }
        Some(rule)
    }

    fn fits(&self, flat: &Flat) -> bool {
        let has = |key: &&str| flat.members.iter().any(|(name, _)| name == key);
        let is = |(path, wanted): &(&str, Vec<&str>)| {
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
    /// Read when the first object comes.
    rules: Vec<Rule>,
    last: usize,
}

impl Recogniser {
    fn rules(&mut self) -> &[Rule] {
        if self.rules.is_empty() {
            self.rules = RULES.lines().filter_map(Rule::of).collect();
        }
        &self.rules
    }

    /// Whether there is a kind whose members are all among these names.
    pub(crate) fn may_tell(&mut self, names: &[String]) -> bool {
        let has = |wanted: &&str| names.iter().any(|name| name == wanted);
        self.rules().iter().any(|rule| !rule.members.is_empty() && rule.members.iter().all(has))
    }

    /// What the object is, told by content; the name of the file helps where logs differ by it.
    pub(crate) fn tell(&mut self, flat: &Flat, file: &str) -> Option<Known> {
        if let Some(rule) = self.rules.get(self.last)
            && rule.fits(flat)
        {
            return Some(rule.known.clone());
        }
        let mut all = self.rules().iter().enumerate();
        if let Some((at, rule)) = all.find(|(_, rule)| rule.fits(flat)) {
            let known = rule.known.clone();
            self.last = at;
            return Some(known);
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
