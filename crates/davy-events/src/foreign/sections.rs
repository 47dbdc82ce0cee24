//! The data of Windows events of which only the message was kept, by the headings and labels of
//! the message: exports of `Get-WinEvent` and of the Event Viewer.
//!
//! Source: Windows security audit events, whose pages show each message beside the XML of the
//! event; the messages of the Service Control Manager's 7045 and of PowerShell's 4104.

use serde_json::Value;

/// A heading (empty: any), a label below it, and the datum that it shows. The narrower first.
const LABELS: &[(&str, &str, &str)] = &[
    ("Subject", "Security ID", "SubjectUserSid"),
    ("Subject", "Account Name", "SubjectUserName"),
    ("Subject", "Account Domain", "SubjectDomainName"),
    ("Subject", "Logon ID", "SubjectLogonId"),
    ("Subject", "Logon GUID", "LogonGuid"),
    ("New Logon", "Security ID", "TargetUserSid"),
    ("New Logon", "Logon ID", "TargetLogonId"),
    ("New Logon", "Logon GUID", "LogonGuid"),
    ("Account For Which Logon Failed", "Security ID", "TargetUserSid"),
    ("Target Subject", "Security ID", "TargetUserSid"),
    ("Target Subject", "Logon ID", "TargetLogonId"),
    ("Account Whose Credentials Were Used", "Logon GUID", "TargetLogonGuid"),
    ("Target Server", "Target Server Name", "TargetServerName"),
    ("Target Server", "Additional Information", "TargetInfo"),
    ("Member", "Security ID", "MemberSid"),
    ("Member", "Account Name", "MemberName"),
    ("", "Group Name", "TargetUserName"),
    ("", "Group Domain", "TargetDomainName"),
    ("Account Information", "User ID", "TargetSid"),
    ("Account Information", "Logon GUID", "LogonGuid"),
    ("Account Information", "Supplied Realm Name", "TargetDomainName"),
    ("", "Security ID", "TargetSid"),
    ("", "Account Name", "TargetUserName"),
    ("", "Account Domain", "TargetDomainName"),
    ("", "Logon Account", "TargetUserName"),
    ("", "Old Account Name", "OldTargetUserName"),
    ("", "New Account Name", "NewTargetUserName"),
    ("", "SAM Account Name", "SamAccountName"),
    ("", "Display Name", "DisplayName"),
    ("", "User Principal Name", "UserPrincipalName"),
    ("", "User Account Control", "UserAccountControl"),
    ("", "SID History", "SidHistory"),
    ("", "Logon Type", "LogonType"),
    ("", "Failure Reason", "FailureReason"),
    ("", "Status", "Status"),
    ("", "Sub Status", "SubStatus"),
    ("", "Error Code", "Status"),
    ("", "Result Code", "Status"),
    ("", "Failure Code", "Status"),
    ("", "New Process ID", "NewProcessId"),
    ("", "New Process Name", "NewProcessName"),
    ("", "Token Elevation Type", "TokenElevationType"),
    ("", "Mandatory Label", "MandatoryLabel"),
    ("", "Creator Process ID", "ProcessId"),
    ("", "Creator Process Name", "ParentProcessName"),
    ("", "Process Command Line", "CommandLine"),
    ("", "Caller Process ID", "ProcessId"),
    ("", "Caller Process Name", "ProcessName"),
    ("Process Information", "Process ID", "ProcessId"),
    ("Process Information", "Process Name", "ProcessName"),
    ("", "Workstation Name", "WorkstationName"),
    ("", "Source Workstation", "Workstation"),
    ("", "Source Network Address", "IpAddress"),
    ("", "Source Address", "IpAddress"),
    ("", "Client Address", "IpAddress"),
    ("Network Information", "Network Address", "IpAddress"),
    ("", "Source Port", "IpPort"),
    ("", "Client Port", "IpPort"),
    ("Network Information", "Port", "IpPort"),
    ("", "Logon Process", "LogonProcessName"),
    ("", "Authentication Package", "AuthenticationPackageName"),
    ("", "Package Name (NTLM only)", "LmPackageName"),
    ("", "Transited Services", "TransmittedServices"),
    ("", "Key Length", "KeyLength"),
    ("", "Object Server", "ObjectServer"),
    ("", "Object Type", "ObjectType"),
    ("", "Object Name", "ObjectName"),
    ("", "Handle ID", "HandleId"),
    ("", "Accesses", "AccessList"),
    ("", "Access Mask", "AccessMask"),
    ("", "Operation Type", "OperationType"),
    ("", "Share Name", "ShareName"),
    ("", "Share Path", "ShareLocalPath"),
    ("", "Relative Target Name", "RelativeTargetName"),
    ("", "Task Name", "TaskName"),
    ("", "Task Content", "TaskContent"),
    ("", "Task New Content", "TaskContentNew"),
    ("", "Service Name", "ServiceName"),
    ("", "Service ID", "ServiceSid"),
    ("", "Service File Name", "ServiceFileName"),
    ("", "Service Type", "ServiceType"),
    ("", "Service Start Type", "ServiceStartType"),
    ("", "Service Account", "ServiceAccount"),
    ("", "Ticket Options", "TicketOptions"),
    ("", "Ticket Encryption Type", "TicketEncryptionType"),
    ("", "Pre-Authentication Type", "PreAuthType"),
    ("", "Privileges", "PrivilegeList"),
];

/// The data that a message of the Security log or of a service's installation shows.
pub(super) fn data(channel: &str, id: &str, message: &str) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    match (channel, id) {
        ("Security", _) => security(message, &mut out),
        ("System", "7045") => {
            security(message, &mut out);
            for (name, _) in &mut out {
                let own = match name.as_str() {
                    "ServiceFileName" => "ImagePath",
                    "ServiceStartType" => "StartType",
                    "ServiceAccount" => "AccountName",
                    _ => continue,
                };
                own.clone_into(name);
            }
        }
        ("Microsoft-Windows-PowerShell/Operational", "4104") => script(message, &mut out),
        _ => {}
    }
    out
}

fn security(message: &str, out: &mut Vec<(String, Value)>) {
    let mut heading = "";
    // A datum of several lines, such as rights and the XML of a task, goes on below its label.
    let mut last: Option<usize> = None;
    for line in message.lines().skip(1) {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        let label = line.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
        let known = label.and_then(|(name, value)| {
            let fits = |(under, known, _): &&(&str, &str, &str)| {
                let same = heading == *under || *under == "Subject" && heading == "Creator Subject";
                name == *known && (under.is_empty() || same)
            };
            LABELS.iter().find(fits).map(|(_, _, datum)| (*datum, value))
        });
        match (known, label) {
            (Some((datum, value)), _) => {
                let new = !out.iter().any(|(name, _)| name == datum);
                if new && !value.is_empty() {
                    out.push((datum.to_owned(), Value::from(value)));
                }
                last = new.then(|| {
                    if value.is_empty() {
                        out.push((datum.to_owned(), Value::from("")));
                    }
                    out.len() - 1
                });
            }
            (None, Some((name, ""))) if !line.starts_with([' ', '\t']) => {
                heading = name;
                last = None;
            }
            (None, Some(_)) if !text.starts_with('<') && !line.starts_with("\t\t") => last = None,
            _ => {
                let Some((_, Value::String(value))) = last.and_then(|at| out.get_mut(at)) else {
                    continue;
                };
                if !value.is_empty() {
                    value.push('\n');
                }
                value.push_str(text);
            }
        }
    }
    out.retain(|(_, value)| value.as_str().is_some_and(|text| !text.is_empty()));
}

/// `Creating Scriptblock text (1 of 2):`, the text, and below it the block's id and path.
fn script(message: &str, out: &mut Vec<(String, Value)>) {
    let Some((head, rest)) = message.split_once("):") else { return };
    let Some((_, numbers)) = head.rsplit_once('(') else { return };
    let Some((number, total)) = numbers.split_once(" of ") else { return };
    let Some((text, tail)) = rest.rsplit_once("ScriptBlock ID:") else { return };
    let (id, path) = tail.split_once("Path:").unwrap_or((tail, ""));
    for (name, value) in [
        ("MessageNumber", number),
        ("MessageTotal", total),
        ("ScriptBlockText", text),
        ("ScriptBlockId", id),
        ("Path", path),
    ] {
        let value = value.trim();
        if !value.is_empty() {
            out.push((name.to_owned(), Value::from(value)));
        }
    }
}
