//! `davy knowledge`, and the macros of the Common Information Model.

use crate::{Folder, davy, shared};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/certificate_export.evtx");

#[test]
fn explain_names_the_lines_that_hold() {
    let ran = davy(&["knowledge", "explain", "-i", SAMPLE, "--kind", "2"], "");
    assert_eq!(ran.status, 0, "{}", ran.err);
    for part in ["event kind 2", "EventCode=4688", "Endpoint.Processes", "tags: process report"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(ran.out.contains("addons/microsoft_windows_security.yml:"), "{}", ran.out);
    assert!(!ran.out.contains("kind 1"), "{}", ran.out);
}

#[test]
fn explain_says_why_not() {
    let args = ["knowledge", "explain", "-i", SAMPLE, "--kind", "2", "--why-not", "registry"];
    let ran = davy(&args, "");
    let line = "windows_registry_modified: no such event has `EventCode=4657`";
    assert!(ran.out.contains(line), "{}", ran.out);
    let none = davy(&["knowledge", "explain", "-i", SAMPLE, "--kind", "99"], "");
    assert_eq!(none.status, 2);
}

#[test]
fn explain_speaks_json() {
    let args = ["knowledge", "explain", "-i", SAMPLE, "--format", "json"];
    let kinds = davy(&args, "").json();
    let process = &kinds[1];
    assert_eq!(process["fields"]["EventCode"], "4688");
    let sets = process["datasets"].as_array().unwrap();
    let set = sets.iter().find(|d| d["model"] == "Endpoint" && d["dataset"] == "Registry").unwrap();
    assert_eq!((&set["holds"], &set["because"]), (&"none".into(), &"tag=endpoint".into()));
}

// `docs/COVERAGE.md` is what the command prints.
#[test]
fn the_committed_coverage_is_current() {
    let Some(content) = shared("reference/escu") else { return };
    let ran = davy(&["knowledge", "coverage", "--content", &content, "--format", "md"], "");
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/COVERAGE.md");
    let kept = std::fs::read_to_string(kept).unwrap();
    let differs = kept.lines().zip(ran.out.lines()).find(|(a, b)| a != b);
    assert_eq!(differs, None, "write it anew with `davy knowledge coverage --format md`");
    assert_eq!(kept, ran.out);
}

// No name is one of the organization's until there is a table that says so.
#[test]
fn corporate_domains_are_an_empty_table() {
    let made = "| makeresults | eval q=\"a.example\" | search ";
    let spl = format!("{made} NOT `cim_corporate_web_domain_search(q)` | table q");
    let ran = davy(&["search", &spl, "--format", "csv"], "");
    assert_eq!(ran.out, "q\na.example\n", "{}", ran.err);
    let spl = format!("{made} `cim_corporate_web_domain_search(q)` | stats count");
    let ran = davy(&["search", &spl, "--format", "csv"], "");
    assert_eq!(ran.out, "count\n0\n", "{}", ran.err);
}

// Definitions lead back to each other; what a field is does not depend on what else is asked for.
#[test]
fn a_field_is_the_same_whatever_else_is_asked_for() {
    let data = |name: &str, value: &str| format!("<Data Name='{name}'>{value}</Data>");
    let event = format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
         <Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4703</EventID>\
         <Keywords>0x8020000000000000</Keywords><TimeCreated SystemTime='2026-05-04T09:00:00Z'/>\
         <Channel>Security</Channel><Computer>dc.example</Computer></System><EventData>{}{}{}\
         </EventData></Event>",
        data("SubjectUserName", "ann"),
        data("TargetUserName", "ann"),
        data("ProcessName", "C:\\tools\\agent.exe"),
    );
    let asked = |spl: &str| davy(&["search", spl, "-i", "-", "--format", "json"], &event).json();
    let all = asked("search *");
    for field in ["process", "process_path", "process_name", "action", "user", "src_user", "tag"] {
        let alone = asked(&format!("search * | table {field}"));
        assert_eq!(all[0][field], alone[0][field], "{field}");
    }
    assert_eq!(all[0]["process_path"], "C:\\tools\\agent.exe");
}

// Cisco's message 302013: what goes out names the far side first.
#[test]
fn connections_have_the_side_that_opened_them_as_source() {
    let line = |way: &str| {
        format!(
            "May  4 09:30:00 fw : %ASA-6-302013: Built {way} TCP connection 1 for \
             outside:203.0.113.5/443 (203.0.113.5/443) to inside:10.0.0.7/50123 (10.0.0.7/50123)\n"
        )
    };
    let spl = "search sourcetype=cisco:asa | table src src_port dest dest_port host";
    let args = ["search", spl, "-i", "-", "--format", "csv"];
    let out = davy(&args, &line("outbound")).out;
    assert_eq!(out.lines().nth(1), Some("10.0.0.7,50123,203.0.113.5,443,fw"));
    let out = davy(&args, &line("inbound")).out;
    assert_eq!(out.lines().nth(1), Some("203.0.113.5,443,10.0.0.7,50123,fw"));
}

// What Microsoft Graph gives has the names that a diagnostic setting would give it.
#[test]
fn records_of_graph_are_sign_ins() {
    let event = r#"{"createdDateTime":"2026-05-04T09:30:00Z","userPrincipalName":"ann@example.com",
        "appDisplayName":"Portal","ipAddress":"203.0.113.9","status":{"errorCode":50126}}"#;
    let text = format!("{{\"@odata.context\":\"x\",\"value\":[{event}]}}");
    let spl = "search sourcetype=azure:monitor:aad category=SignInLogs \
               properties.status.errorCode=50126 operationName=\"Sign-in activity\" \
               | table user src action";
    let ran = davy(&["search", spl, "-i", "-", "--format", "csv"], &text);
    assert_eq!(ran.out, "user,src,action\nann@example.com,203.0.113.9,failure\n", "{}", ran.err);
}

// Two files of the table of `docs/FIRED.md`; all of them take minutes.
#[test]
fn the_committed_table_of_recorded_attacks_is_current() {
    let (Some(content), Some(evtx)) = (shared("reference/escu"), shared("reference/evtx")) else {
        return;
    };
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/FIRED.md");
    let kept = std::fs::read_to_string(kept).unwrap();
    for file in [
        "Execution/temp_scheduled_task_4698_4699.evtx",
        "Credential Access/sysmon_10_lsass_mimikatz_sekurlsa_logonpasswords.evtx",
    ] {
        let path = format!("{evtx}/{file}");
        let args = ["knowledge", "fired", &path, "--content", &content, "--lines"];
        let ran = davy(&args, "");
        let line = ran.out.replace(&path, file);
        assert!(kept.contains(line.trim()), "not in docs/FIRED.md: {line} {}", ran.err);
    }
}

// What cannot be compiled is told when the content is read, whatever events come; `hunt` ends as with
// any other mistake in the content.
#[test]
fn patterns_and_expressions_of_add_ons_are_checked() {
    let folder = Folder::new("flawed");
    folder.file(
        "addons/mine.yaml",
        "addon: mine\nstanzas:\n  - sourcetype: x\n    extract:\n      - regex: '(?<a>[z'\n    eval:\n      \
         b: nosuch(a)\n",
    );
    folder.file("addons/deep/er.yml", "addon: deep\nstanzas:\n  - sourcetype: y\n    evals: {}\n");
    let event = "{\"a\":1}\n";
    let ran = davy(&["search", "search *", "-i", "-", "--content", &folder.path()], event);
    assert!(ran.err.contains("addons/mine.yaml:5"), "{}", ran.err);
    assert!(ran.err.contains("`b`: ") && ran.err.contains("`nosuch`"), "{}", ran.err);
    assert!(ran.err.contains("addons/mine.yaml:7"), "{}", ran.err);
    assert!(ran.err.contains("addons/deep/er.yml:4"), "{}", ran.err);
    assert_eq!(ran.err.matches("error[").count(), 3, "{}", ran.err);
    let input = folder.file("events.json", event);
    let ran = davy(&["hunt", &input, "--content", &folder.path()], "");
    assert_eq!(ran.status, 1, "{}", ran.err);
}

#[test]
fn one_event_is_explained() {
    let events = "{\"sourcetype\":\"okta\",\"eventType\":\"user.session.start\",\"published\":\
        \"2026-05-04T09:30:00Z\",\"outcome\":{\"result\":\"FAILURE\"}}\n{\"eventType\":\
        \"policy.rule.add\",\"published\":\"2026-05-04T09:31:00Z\"}\n";
    let explain = |more: &[&str]| {
        let args = [&["knowledge", "explain", "-i", "-", "--sourcetype", "OktaIM2:log"], more];
        davy(&args.concat(), events)
    };
    let all = explain(&[]).out;
    assert!(all.contains("event kind 1, 2 events, sourcetype OktaIM2:log"), "{all}");
    assert!(all.contains("Authentication.Failed_Authentication, of 1 of 2 events"), "{all}");
    let one = explain(&["--event", "1", "--why-not", "authentication"]).out;
    assert!(one.contains("    Authentication.Failed_Authentication\n"), "{one}");
    let not = "Authentication.Successful_Authentication: the event has not `action=success OR result=success`";
    assert!(one.contains(not), "{one}");
    let two = explain(&["--event", "2", "--why-not", "okta_authentication"]).out;
    assert!(two.contains("okta_authentication: the event has not `eventType IN ("), "{two}");
    assert!(two.contains("    Change.All_Changes\n"), "{two}");
    assert_eq!(explain(&["--event", "3"]).status, 2);
}

// The examples of `docs/KNOWLEDGE.md`.
#[test]
fn the_documented_add_on_and_model_work() {
    let text = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/KNOWLEDGE.md");
    let text = std::fs::read_to_string(text).unwrap();
    let blocks: Vec<&str> =
        text.split("```yaml\n").skip(1).map(|b| b.split("```").next().unwrap()).collect();
    let [addon, model] = blocks.as_slice() else { panic!("{blocks:?}") };
    let folder = Folder::new("documented");
    folder.file("addons/mine.yml", addon);
    folder.file("addons/lookups/gates.csv", "gate,level\nnorth*,deep\n");
    folder.file("models/gates.yml", model);
    let event = "{\"name\":\"ANN\",\"door\":\"d1\",\"gate\":\"North-7\",\"result\":\"shut\",\"extra\":\
        \"a:1;b:2\",\"text\":\"card 42\"}\n";
    let content = folder.path();
    let search = |spl: &str| {
        let stated = ["-i", "-", "--sourcetype", "Mine:Gate", "--content", &content];
        let ran = davy(&[&["search", spl, "--format", "csv"][..], &stated].concat(), event);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{spl}");
        ran.out
    };
    let spl = "* | table card a b dest vendor_product gate_level user action reason eventtype \
               | eval tags=mvjoin(eventtype,\",\")";
    let row = search(spl);
    let wanted = "42,1,2,North-7,Gate,deep,ann,failure,the gate was shut,mine_gate,mine_gate";
    assert_eq!(row.lines().nth(1), Some(wanted), "{row}");
    assert_eq!(search("tag=denied tag=authentication | stats count"), "count\n1\n");
    let spl = "| tstats count FROM datamodel=Gates.Shut BY Gate.user Gate.who";
    assert_eq!(search(spl).lines().nth(1), Some("ann,ann@North-7,1"));
}
