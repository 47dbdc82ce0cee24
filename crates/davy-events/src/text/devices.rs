//! What a line of a firewall, a router or a proxy is.
//!
//! Sources: Cisco ASA, FTD, IOS and ISE message formats; Umbrella's log format; PAN-OS traffic and
//! threat log fields; FortiOS log fields; Juniper's RT_FLOW, RT_UTM and RT_IDP messages; SonicWall, Sophos,
//! WatchGuard, RouterOS and pfSense log fields; ESXi's syslog; HAProxy's HTTP log; netfilter's LOG target; Santa; Symantec's
//! external logging; Zscaler NSS feeds.

use super::known::Syslog;
use crate::known::Known;

/// Firewalls, routers and proxies.
pub(super) fn device(line: &str, header: Option<&Syslog<'_>>) -> Option<Known> {
    cisco(line).or_else(|| palo_alto(line)).or_else(|| signed(line)).or_else(|| told(line, header))
}

/// `%ASA-6-302013: …`
fn cisco(line: &str) -> Option<Known> {
    if let Some((_, code)) = line.split_once('%') {
        for (sign, sourcetype) in [
            ("ASA-", "cisco:asa"),
            ("FTD-", "cisco:ftd"),
            ("NGIPS-", "cisco:ftd"),
            ("PIX-", "cisco:pix"),
            ("FWSM-", "cisco:fwsm"),
        ] {
            if code.starts_with(sign) {
                return Some(Known::of(sourcetype));
            }
        }
        if ios(code) {
            return Some(Known::of("cisco:ios"));
        }
    }
    None
}

/// Rows of PAN-OS: `…,TIME,SERIAL,KIND,…`.
fn palo_alto(line: &str) -> Option<Known> {
    for (kind, sourcetype) in [
        (",TRAFFIC,", "pan:traffic"),
        (",THREAT,", "pan:threat"),
        (",SYSTEM,", "pan:system"),
        (",CONFIG,", "pan:config"),
        (",GLOBALPROTECT,", "pan:globalprotect"),
    ] {
        if let Some((before, _)) = line.split_once(kind)
            && let [.., date, serial] = before.split(',').collect::<Vec<_>>().as_slice()
            && !serial.is_empty()
            && serial.bytes().all(|b| b.is_ascii_alphanumeric())
            && date.as_bytes().get(4) == Some(&b'/')
            && date.contains(':')
        {
            return Some(Known::of(sourcetype));
        }
    }
    None
}

/// What a text in the line tells.
fn signed(line: &str) -> Option<Known> {
    // Not every setting writes the device's id.
    if line.contains("logid=") && (line.contains("devid=") || line.contains(" level=")) {
        return [
            ("type=\"traffic\"", "fgt_traffic"),
            ("type=traffic", "fgt_traffic"),
            ("type=\"utm\"", "fgt_utm"),
            ("type=utm", "fgt_utm"),
            ("type=\"event\"", "fgt_event"),
            ("type=event", "fgt_event"),
        ]
        .iter()
        .find(|(text, _)| line.contains(text))
        .map(|(_, sourcetype)| Known::of(sourcetype));
    }
    for (sign, sourcetype) in [
        ("CEF:0|", "cef"),
        ("CEF:1|", "cef"),
        ("LEEF:1.0|", "leef"),
        ("LEEF:2.0|", "leef"),
        ("|aCode=", "mimecast:siem"),
        ("santad: action=", "santa"),
        ("RT_FLOW_SESSION_", "juniper:junos:firewall"),
        (" RT_UTM ", "juniper:junos:firewall"),
        (" RT_UTM: ", "juniper:junos:firewall"),
        ("IDP_ATTACK_LOG_EVENT", "juniper:junos:idp"),
        ("log_type=\"Firewall\" log_component=", "sophos:xg:firewall"),
        (" filterlog[", "pfsense:filterlog"),
        (" filterlog: ", "pfsense:filterlog"),
        ("CISE_", "cisco:ise:syslog"),
        (" CheckPoint ", "cp_log:syslog"),
        ("|product=VPN-1", "cp_log"),
        ("|product=Firewall", "cp_log"),
        ("ASM:unit_hostname=", "f5:bigip:asm:syslog"),
        ("[Originator@6876 ", "vmw-syslog"),
        (" ASM:\"", "f5:bigip:asm:syslog"),
        (",Local Host IP: ", "symantec:ep:traffic:file"),
        (",Risk name: ", "symantec:ep:risk:file"),
        ("attack_type=\"", "f5:bigip:asm:syslog"),
    ] {
        if line.contains(sign) {
            return Some(Known::of(sourcetype));
        }
    }
    None
}

/// What its program tells, or how it is written.
fn told(line: &str, header: Option<&Syslog<'_>>) -> Option<Known> {
    if header.is_some_and(|h| h.program == "filterlog") {
        return Some(Known::of("pfsense:filterlog"));
    }
    // Each firewall may have an id of its own.
    let numbered = line.contains(" sn=") && line.contains(" fw=") && line.contains(" pri=");
    if numbered && line.contains("id=") {
        return Some(Known::of("sonicwall"));
    }
    if line.contains(" in:") && line.contains(" out:") && line.contains(", proto ")
        || header.is_some_and(|h| h.program.starts_with("system,") && h.program.contains("account"))
        || header.is_some_and(|h| h.program == "system,error,critical")
    {
        return Some(Known::of("mikrotik"));
    }
    let decided = line.contains(" Allow ") || line.contains(" Deny ");
    if decided && line.contains(" msg_id=\"") {
        return Some(Known::of("watchguard:firebox"));
    }
    if header.is_some_and(|h| h.program == "haproxy") && line.contains("] ") {
        return Some(Known::of(if line.ends_with('"') { "haproxy:http" } else { "haproxy:tcp" }));
    }
    if let Some(known) = umbrella(line) {
        return Some(known);
    }
    // Linux's packet filter, by whichever front end.
    if line.contains(" SRC=") && line.contains(" DST=") && line.contains(" PROTO=") {
        return Some(Known::of("netfilter"));
    }
    let zscaler = line.contains("urlsupercategory=") || line.contains("\turlclass=");
    zscaler.then(|| Known::of("zscalernss-web").source("zscaler"))
}

/// `FACILITY-SEVERITY-MNEMONIC:`
fn ios(code: &str) -> bool {
    let word = |w: &str| {
        !w.is_empty()
            && w.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    let mut parts = code.splitn(3, '-');
    let (facility, severity) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mnemonic = parts.next().and_then(|rest| rest.split_once(':')).map_or("", |(m, _)| m);
    word(facility)
        && severity.len() == 1
        && severity.bytes().all(|b| b.is_ascii_digit())
        && word(mnemonic)
}

/// Rows of Umbrella's logs, whose columns nothing names: `"TIME","WHO",…`.
fn umbrella(line: &str) -> Option<Known> {
    let rest = line.strip_prefix('"')?;
    let (time, rest) = rest.split_once("\",\"")?;
    let dated = time.len() == 19
        && time.as_bytes().get(4) == Some(&b'-')
        && time.as_bytes().get(10) == Some(&b' ');
    dated.then_some(())?;
    let mut cells = rest.split("\",\"");
    match (cells.nth(4)?, cells.nth(1)?) {
        ("Allowed" | "Blocked" | "Proxied", _) => Some(Known::of("cisco:umbrella:dns")),
        (_, "ALLOWED" | "BLOCKED") => Some(Known::of("cisco:umbrella:proxy")),
        _ => None,
    }
}
