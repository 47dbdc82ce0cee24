//! Which ATT&CK technique a recorded attack is of, as far as the name of its file says.

/// A part of a name, in lower case, and the technique that it stands for. All that fit count.
const WORDS: &[(&str, &str)] = &[
    ("mimikatz", "T1003"),
    ("lsass", "T1003.001"),
    ("memdump", "T1003.001"),
    ("minidump", "T1003.001"),
    ("dumpert", "T1003.001"),
    ("logonpasswords", "T1003.001"),
    ("ntdsutil", "T1003.003"),
    ("dcsync", "T1003.006"),
    ("remote_sam", "T1003.002"),
    ("samdump", "T1003.002"),
    ("dcshadow", "T1207"),
    ("sidhistory", "T1134.005"),
    ("kerberoast", "T1558.003"),
    ("asrep", "T1558.004"),
    ("kerberos_pwd_spray", "T1110.003"),
    ("password_spray", "T1110.003"),
    ("keylogger", "T1056.001"),
    ("bruteforce", "T1110"),
    ("pth", "T1550.002"),
    ("pass the hash", "T1550.002"),
    ("log_cleared", "T1070.001"),
    ("logs_cleared", "T1070.001"),
    ("eventlog_service_crash", "T1562.002"),
    ("psscriptblocklogging", "T1562"),
    ("uac_disabled", "T1548.002"),
    ("uacbypass", "T1548.002"),
    ("uac_bypass", "T1548.002"),
    ("uacme", "T1548.002"),
    ("wscriptbypassuac", "T1548.002"),
    ("timestomp", "T1070.006"),
    ("ppid_spoofing", "T1134.004"),
    ("hiding_files_via_attrib", "T1564.001"),
    ("hidden_local_account", "T1564.002"),
    ("doppelganging", "T1055.013"),
    ("prochollow", "T1055.012"),
    ("codeinj", "T1055"),
    ("peinjection", "T1055"),
    ("psinject", "T1055"),
    ("dllhijack", "T1574.001"),
    ("dll hijack", "T1574.001"),
    ("sideloading", "T1574.002"),
    ("unquoted_svc", "T1574.009"),
    ("netsh", "T1562.004"),
    ("portforward", "T1090"),
    ("execpolicy", "T1059.001"),
    ("powershell", "T1059.001"),
    ("_ps_4104", "T1059.001"),
    ("powercat", "T1059.001"),
    ("bloodhound", "T1087.002"),
    ("domain_admins", "T1069.002"),
    ("groups_enumeration", "T1069"),
    ("local_user_or_group", "T1069.001"),
    ("enum_shares", "T1135"),
    ("userhunter", "T1033"),
    ("rundll32", "T1218.011"),
    ("mshta", "T1218.005"),
    ("regsvr32", "T1218.010"),
    ("compiledhtml", "T1218.001"),
    ("msipackage", "T1218.007"),
    ("rogue_msi", "T1218.007"),
    ("cmstp", "T1218.003"),
    ("_cpl_", "T1218.002"),
    ("pcalua", "T1202"),
    ("xsl", "T1220"),
    ("wmic", "T1047"),
    ("wmi", "T1047"),
    ("desktopimgdownldr", "T1105"),
    ("bits", "T1197"),
    ("scheduled_task", "T1053.005"),
    ("scheduledtask", "T1053.005"),
    ("schtask", "T1053.005"),
    ("schedtask", "T1053.005"),
    ("atsvc", "T1053.005"),
    ("remote_task", "T1053.005"),
    ("remote task", "T1053.005"),
    ("psexec", "T1569.002"),
    ("remcom", "T1569.002"),
    ("remote_service", "T1543.003"),
    ("7045", "T1543.003"),
    ("rdp", "T1021.001"),
    ("winrm", "T1021.006"),
    ("wsmprovhost", "T1021.006"),
    ("powershellremoting", "T1021.006"),
    ("dcom", "T1021.003"),
    ("remote_filecopy", "T1021.002"),
    ("webshell", "T1505.003"),
    ("xp_cmdshell", "T1505.001"),
    ("xpcmdshell", "T1505.001"),
    ("fake_computeraccount", "T1136"),
    ("account_creation", "T1136.001"),
    ("added_to_admins", "T1098"),
    ("run_keyvalue", "T1547.001"),
    ("startup", "T1547.001"),
    ("winlogon_shell", "T1547.004"),
    ("shime", "T1546.011"),
    ("accessibility", "T1546.008"),
    ("comhijack", "T1546.015"),
    ("silentprocessexit", "T1546.012"),
    ("commandlineeventconsumer", "T1546.003"),
    ("wmighost", "T1546.003"),
    ("potato", "T1134"),
    ("tokenduplication", "T1134"),
    ("token_manip", "T1134"),
    ("seimpersonate", "T1134"),
    ("sedebugprivilege", "T1134"),
    ("getsystem", "T1134"),
    ("spoolfool", "T1547.012"),
    ("spooler", "T1547.012"),
    ("spoolsv", "T1547.012"),
    ("krbrelayup", "T1558"),
    ("samaccount_spoofing", "T1078.002"),
    ("zerologon", "T1210"),
];

/// The techniques of a file, in order, each once. An id that stands in the name counts as well.
pub(super) fn techniques(path: &str) -> Vec<String> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_lowercase();
    let mut found: Vec<String> = WORDS
        .iter()
        .filter(|(word, _)| name.contains(word))
        .map(|(_, technique)| (*technique).to_owned())
        .collect();
    for (at, _) in name.match_indices("_t1") {
        let id: String = name.chars().skip(at + 1).take(5).collect();
        if id.len() == 5 && id.chars().skip(1).all(|c| c.is_ascii_digit()) {
            found.push(id.to_uppercase());
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Whether a detection's technique is one of a file's, or a part of one.
pub(super) fn of(own: &[String], id: &str) -> bool {
    own.iter().any(|t| id == t || id.strip_prefix(t.as_str()).is_some_and(|s| s.starts_with('.')))
}

#[cfg(test)]
mod tests {
    use super::{of, techniques};

    #[test]
    fn names_tell_techniques() {
        assert_eq!(
            techniques("Credential Access/sysmon_10_lsass_mimikatz_x.evtx"),
            ["T1003", "T1003.001"]
        );
        assert_eq!(techniques("a/4765_sidhistory_add_t1178.evtx"), ["T1134.005", "T1178"]);
        assert!(techniques("a/nothing_known.evtx").is_empty());
        let own = ["T1003".to_owned()];
        assert!(of(&own, "T1003.006") && of(&own, "T1003") && !of(&own, "T10031"));
    }
}
