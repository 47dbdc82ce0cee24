//! What a line is, told by how it is written.
//!
//! Sources: Linux audit records; RFC 3164 and 5424 headers; VPC flow log, S3 access log and CloudFront
//! log formats; Apache's combined format; Falco's output; BIND query log; Exchange's message tracking.

use crate::known::{Known, stem};

/// A line with a syslog header, in parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Syslog<'a> {
    pub(crate) host: &'a str,
    /// Without the number of the process.
    pub(crate) program: &'a str,
    pub(crate) message: &'a str,
}

/// What stands behind the time in a program's own log, where a header has the host.
const LEVELS: [&str; 14] = [
    "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "ERR", "CRIT", "CRITICAL",
    "FATAL", "SEVERE", "ALERT", "EMERG",
];

/// `<PRI>Mmm d HH:MM:SS HOST PROGRAM[PID]: …`, or with a time as of RFC 3339.
pub(crate) fn syslog(line: &str) -> Option<Syslog<'_>> {
    let rest = priority(line);
    let versioned = rest.strip_prefix("1 ");
    let rest = after_time(versioned.unwrap_or(rest))?;
    let (host, rest) = rest.split_once(' ')?;
    let rest = rest.trim_start();
    let (tag, message) = match rest.split_once(": ") {
        Some((tag, message)) if !tag.contains(char::is_whitespace) => (tag, message),
        _ => (rest.split(' ').next().unwrap_or_default(), rest),
    };
    let program = tag.split(['[', '(']).next().unwrap_or(tag).trim_end_matches(':');
    let message = versioned.and_then(|_| after_data(rest)).unwrap_or(message);
    let host_like = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
    let named = host.chars().any(|c| c.is_ascii_alphanumeric()) && !LEVELS.contains(&host);
    (named && host.chars().all(host_like)).then_some(Syslog { host, program, message })
}

/// The message of RFC 5424, behind `PROGRAM PID MSGID` and the structured data.
fn after_data(rest: &str) -> Option<&str> {
    let mut rest = rest.splitn(4, ' ').nth(3)?;
    if let Some(rest) = rest.strip_prefix('-') {
        return Some(rest.trim_start());
    }
    while rest.starts_with('[') {
        rest = rest.split_once("\"]").or_else(|| rest.split_once(']'))?.1;
    }
    Some(rest.trim_start())
}

/// The event behind a header of syslog, where it is a line of a kind that has no header of its own.
pub(crate) fn behind<'a>(header: &Syslog<'a>, file: &str) -> Option<(&'a str, Known)> {
    let message = header.message.trim_start();
    // What says no kind by itself needs its program.
    let known = tell(message, None, file)?;
    (known.sourcetype != "snort").then_some((message, known))
}

fn priority(line: &str) -> &str {
    let Some((number, rest)) = line.strip_prefix('<').and_then(|l| l.split_once('>')) else {
        return line;
    };
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    if digits && number.len() <= 3 { rest } else { line }
}

fn after_time(line: &str) -> Option<&str> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    if MONTHS.iter().any(|month| line.starts_with(month)) {
        // `Oct  9 10:00:00`, or with a year before the clock.
        let mut rest = line.get(3..)?;
        for _ in 0..3 {
            let trimmed = rest.trim_start();
            let (word, after) = trimmed.split_once(' ')?;
            rest = after;
            if word.matches(':').count() == 2 {
                return Some(rest.trim_start());
            }
        }
        return None;
    }
    let (time, rest) = line.split_once(' ')?;
    let bytes = time.as_bytes();
    let stamp = bytes.len() >= 19
        && bytes.get(4) == Some(&b'-')
        && bytes.get(10) == Some(&b'T')
        && bytes.first().is_some_and(u8::is_ascii_digit);
    stamp.then_some(rest)
}

/// Programs whose messages are of logins, rights and accounts.
const SECURE: [&str; 20] = [
    "sshd",
    "sudo",
    "su",
    "login",
    "useradd",
    "userdel",
    "usermod",
    "groupadd",
    "groupdel",
    "groupmod",
    "passwd",
    "chpasswd",
    "chage",
    "gpasswd",
    "systemd-logind",
    "polkitd",
    "pkexec",
    "gdm-password",
    "sshd-session",
    "unix_chkpwd",
];

/// What the line is, if anything is known of it. `file` is the name of the file, which helps where
/// the text alone does not tell.
pub(crate) fn tell(line: &str, header: Option<&Syslog<'_>>, file: &str) -> Option<Known> {
    let of = Known::of;
    // By itself, or as auditd's plug-in hands it to syslog.
    let audit = |text: &str| text.starts_with("type=") || text.starts_with("node=");
    if line.contains("msg=audit(") && (audit(line) || header.is_some_and(|h| audit(h.message))) {
        return Some(of("linux:audit"));
    }
    if line.contains("\nadmonEventType=") {
        return Some(of("ActiveDirectory").source("ActiveDirectory"));
    }
    if line.starts_with("Audit:[timestamp=") {
        return Some(of("audittrail").source("audittrail").index("_audit"));
    }
    if let Some(known) = super::devices::device(line, header) {
        return Some(known);
    }
    if let Some(known) = cloud(line) {
        return Some(known);
    }
    if access(line) {
        return Some(match () {
            () if line.contains("/splunkd/__raw/") || line.contains(" /en-US/") => {
                of("splunkd_ui_access").index("_internal")
            }
            () if file.contains("nginx") => of("nginx:plus:access"),
            () => of("access_combined"),
        });
    }
    if line.starts_with("site=\"") && line.contains("time_local=\"") {
        return Some(of("nginx:plus:kv"));
    }
    if falco(line) {
        return Some(of("kube:container:falco").source("kubernetes"));
    }
    if line.starts_with("SESSION|") && line.contains("|[") {
        return Some(of("crushftp:sessionlogs").source("crushftp"));
    }
    if line.contains("OPERATION=") && line.contains("MODUSER=") {
        return Some(of("ivanti_vtm_audit").source("ivanti_vtm"));
    }
    if line.contains("): query: ") && line.contains("client ") {
        return Some(of("isc:bind:query"));
    }
    server(line).or_else(|| program(header?, file))
}

/// What servers write of themselves.
fn server(line: &str) -> Option<Known> {
    let of = |sourcetype| Some(Known::of(sourcetype));
    if line.contains("[**] [") || line.contains("} ") && line.contains("[Classification: ") {
        return of("snort");
    }
    if line.contains("] [client ") && line.starts_with('[')
        || line.starts_with('[') && line.contains("] [pid ")
    {
        return of("apache_error");
    }
    if line.contains("#0: *") || line.contains(", client: ") && line.contains(", server: ") {
        return of("nginx:plus:error");
    }
    if line.contains(" PACKET  ") && line.contains(" [") {
        return of("MSAD:NT6:DNS");
    }
    if is_lease(line) {
        return of("DhcpSrvLog");
    }
    if is_tracking(line) {
        return of("MSExchange:2013:MessageTracking");
    }
    let mut words = line.split_ascii_whitespace();
    let words = [words.next()?, words.next()?, words.next()?, words.next()?];
    // `TIME DURATION CLIENT CODE/STATUS …`
    let squid = words[0].split_once('.').is_some_and(|(s, f)| s.len() == 10 && f.len() == 3)
        && words[1].bytes().all(|b| b.is_ascii_digit())
        && words[3].split_once('/').is_some_and(|(code, status)| {
            ["TCP_", "UDP_", "NONE"].iter().any(|start| code.starts_with(start))
                && status.len() == 3
        });
    if squid {
        return of("squid:access");
    }
    // `TYPE TIME NAME CLIENT:PORT …` of an Application Load Balancer.
    let balancer = matches!(words[0], "http" | "https" | "h2" | "grpcs" | "ws" | "wss")
        && words[1].ends_with('Z')
        && words[2].starts_with("app/");
    // `TIME NAME CLIENT:PORT BACKEND:PORT …` of a classic one, `tls VERSION TIME net/…` of a network's.
    let classic = words[0].ends_with('Z')
        && words[0].contains('T')
        && [words[2], words[3]].iter().all(|w| *w == "-" || is_address(w))
        && is_address(words[2]);
    let network = words[0] == "tls" && words[3].starts_with("net/");
    if balancer || classic || network {
        return of("aws:elb:accesslogs");
    }
    // `DATE TIME+ZONE 0xTHREAD TYPE 0xACTIVITY …` of `log show`.
    if words[2].starts_with("0x") && line.contains(" 0x") && words[1].len() > 15 {
        return of("macos:unifiedlog");
    }
    // `2026-05-04 09:30:00.12 Logon       …`
    let error_log = words[0].len() == 10
        && words[1].len() == 11
        && (matches!(words[2], "Logon" | "Server" | "Backup") || words[2].starts_with("spid"))
        && line.as_bytes().get(22) == Some(&b' ');
    error_log.then(|| Known::of("mssql:errorlog"))
}

/// `ADDRESS:PORT`
fn is_address(word: &str) -> bool {
    word.rsplit_once(':').is_some_and(|(address, port)| {
        !port.is_empty()
            && port.bytes().all(|b| b.is_ascii_digit())
            && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b'.' || b == b':')
            && address.contains(['.', ':'])
    })
}

/// `10,05/04/26,09:30:00,Assign,…` of Windows' DHCP server.
pub(crate) fn is_lease(line: &str) -> bool {
    let mut cells = line.splitn(4, ',');
    let id = cells.next().unwrap_or_default();
    let (date, clock) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
    let apart = |text: &str, by: u8| {
        text.len() == 8
            && text.bytes().enumerate().all(|(at, b)| match at {
                2 | 5 => b == by,
                _ => b.is_ascii_digit(),
            })
    };
    matches!(id.len(), 2 | 5)
        && id.bytes().all(|b| b.is_ascii_digit())
        && apart(date, b'/')
        && apart(clock, b':')
        && cells.next().is_some()
}

/// A row of Exchange's message tracking without the names of its columns: `TIME,…,SMTP,RECEIVE,…`.
fn is_tracking(line: &str) -> bool {
    const SOURCES: [&str; 8] = [
        ",SMTP,",
        ",STOREDRIVER,",
        ",AGENT,",
        ",ROUTING,",
        ",DSN,",
        ",MAILBOXRULE,",
        ",RESUBMIT,",
        ",SAFETYNET,",
    ];
    let timed = line.get(..25).is_some_and(|start| start.ends_with("Z,") && start.contains('T'));
    let named = |source: &&str| {
        let event = line.split_once(*source).and_then(|(_, rest)| rest.split_once(','));
        event.is_some_and(|(event, _)| {
            !event.is_empty() && event.bytes().all(|b| b.is_ascii_uppercase())
        })
    };
    timed && line.bytes().filter(|b| *b == b',').count() >= 20 && SOURCES.iter().any(named)
}

fn program(header: &Syslog<'_>, file: &str) -> Option<Known> {
    let secure = SECURE.contains(&header.program)
        || header.message.contains("pam_unix(")
        || matches!(stem(file), "secure" | "auth");
    Some(match header.program {
        _ if secure => Known::of("linux_secure").source("/var/log/secure"),
        "dhcpd" => Known::of("isc:dhcp"),
        "named" if header.message.contains("query: ") => Known::of("isc:bind:query"),
        "dnsmasq" => Known::of("dnsmasq"),
        "unbound" => Known::of("unbound"),
        name if name.starts_with("postfix") => Known::of("postfix_syslog"),
        _ => Known::of("syslog"),
    })
}

/// Logs of AWS that are plain lines.
fn cloud(line: &str) -> Option<Known> {
    let mut words = line.split_ascii_whitespace();
    let first = words.next()?;
    if first.len() == 1
        && first.bytes().all(|b| (b'2'..=b'9').contains(&b))
        && words.nth(1).is_some_and(|w| w.starts_with("eni-"))
    {
        return Some(Known::of("aws:cloudwatchlogs:vpcflow").source("aws_cloudwatchlogs_vpcflow"));
    }
    if first.len() == 64
        && first.bytes().all(|b| b.is_ascii_hexdigit())
        && line.get(65..).is_some_and(|rest| rest.contains(" [") && rest.contains(" REST."))
    {
        return Some(Known::of("aws:s3:accesslogs"));
    }
    let tabs: Vec<&str> = line.splitn(21, '\t').collect();
    let edge = |text: &&str| {
        text.len() >= 5 && text.get(..3).is_some_and(|t| t.bytes().all(|b| b.is_ascii_uppercase()))
    };
    (tabs.len() > 20 && tabs.first()?.len() == 10 && tabs.get(2).is_some_and(edge))
        .then(|| Known::of("aws:cloudfront:accesslogs").source("aws"))
}

/// `HOST IDENT USER [04/May/2026:09:30:00 +0000] "GET …`, maybe with a virtual host before.
fn access(line: &str) -> bool {
    let Some((before, after)) = line.split_once(" [") else { return false };
    let words = before.split(' ').count();
    let bytes = after.as_bytes();
    (3..=5).contains(&words)
        && bytes.get(2) == Some(&b'/')
        && bytes.get(6) == Some(&b'/')
        && bytes.get(11) == Some(&b':')
        && after.contains("] \"")
}

/// `12:18:18.691725165: Notice …`
fn falco(line: &str) -> bool {
    let Some((time, rest)) = line.split_once(": ") else { return false };
    let level = rest.split(' ').next().unwrap_or_default();
    time.len() > 9
        && time.bytes().all(|b| b.is_ascii_digit() || b == b':' || b == b'.')
        && matches!(
            level,
            "Emergency"
                | "Alert"
                | "Critical"
                | "Error"
                | "Warning"
                | "Notice"
                | "Informational"
                | "Debug"
        )
}
