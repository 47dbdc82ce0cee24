//! The page in its three formats.

use crate::forms::{V4, V6};
use crate::over_pack;
use davy_content::Attack;
use davy_content::page::{PageFormat, PageInput, TestReport, TestStatus, render};

fn page(list: &[(&str, &str)], name: &str, status: TestStatus, format: PageFormat) -> String {
    let loaded = over_pack(list);
    let detection = loaded.content.find_detection(name).unwrap();
    let mut tests = TestReport::not_run(detection);
    tests.validation = status;
    for result in tests.unit.iter_mut().chain(&mut tests.integration) {
        result.status = status;
    }
    let attack = Attack::builtin();
    let source_url = Some("https://github.com/splunk/security_content/blob/develop/x.yml");
    let content = &loaded.content;
    render(&PageInput { detection, content, attack: &attack, tests: &tests, source_url }, format)
}

fn seed(format: PageFormat) -> String {
    page(&[], "Windows Export Certificate", TestStatus::Passing, format)
}

fn packed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The published page's lines in their order, with its slips put right: the misspelt kill chain
/// phase and the names of enum members, an actor named twice, an icon's name, the tabs' marks, and
/// the tools that davy replaces.
const LINES: &str = "\
Detection: Windows Export Certificate
Description
The following analytic detects the export of a certificate from the Windows Certificate Store. It leverages the Certificates Lifecycle log channel, specifically event ID 1007, to identify this activity. Monitoring certificate exports is crucial as certificates can be used for authentication to VPNs or private resources. If malicious actors export certificates, they could potentially gain unauthorized access to sensitive systems or data, leading to significant security breaches.
1`certificateservices_lifecycle` EventCode=1007
2| xmlkv UserData_Xml
3| stats count min(_time) as firstTime max(_time) as lastTime by Computer, SubjectName, UserData_Xml
4| rename Computer as dest
5| `security_content_ctime(firstTime)`
6| `security_content_ctime(lastTime)`
7| `windows_export_certificate_filter`
Data Source
Name Platform Sourcetype Source
Windows Event Log CertificateServicesClient 1007 Windows 'XmlWinEventLog' 'XmlWinEventLog:Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational'
Macros Used
Name Value
certificateservices_lifecycle (source=XmlWinEventLog:Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational OR source=XmlWinEventLog:Microsoft-Windows-CertificateServicesClient-Lifecycle-User/Operational)
windows_export_certificate_filter search *
windows_export_certificate_filter is an empty macro by default. It allows the user to filter out any results (false positives) without editing the SPL.
Annotations
MITRE ATT&CK
ID Technique Tactic
T1552.004 Private Keys Credential Access
T1552 Unsecured Credentials Credential Access
T1649 Steal or Forge Authentication Certificates Credential Access
Kill Chain Phases
Exploitation
NIST
DE.AE
CIS
CIS 10
Threat Actors
Rocke
Scattered Spider
TeamTNT
Volt Typhoon
APT29
Default Configuration
This detection is configured by default in Splunk Enterprise Security to run with the following settings:
Setting Value
Disabled true
Cron Schedule 0 * * * *
Earliest Time -70m@m
Latest Time -10m@m
Schedule Window auto
Creates Risk Event True
This configuration file applies to all detections of type anomaly. These detections will use Risk Based Alerting.
Implementation
To implement this analytic, you must collect Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational or Microsoft-Windows-CertificateServicesClient-Lifecycle-User/Operational.
Known False Positives
False positives may be generated based on an automated process or service that exports certificates on the regular. Review is required before setting to alert. Monitor for abnormal processes performing an export.
Associated Analytic Story
Windows Certificate Services
Risk Based Analytics (RBA)
Risk Message Risk Score Impact Confidence
An certificate was exported on $dest$ from the Windows Certificate Store. 36 60 60
The Risk Score is calculated by the following formula: Risk Score = (Impact * Confidence/100). Initial Confidence and Impact is set by the analytic author.
References
Detection Testing
Test Type Status Dataset Source Sourcetype
Validation Passing N/A N/A N/A
Unit Passing Dataset XmlWinEventLog:Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational XmlWinEventLog
Integration Passing Dataset XmlWinEventLog:Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational XmlWinEventLog
davy test windows_export_certificate
Source: GitHub | Version: 4
";

#[test]
fn the_text_has_every_line_of_the_published_page_in_order() {
    let page = packed(&seed(PageFormat::Text));
    let mut rest = page.as_str();
    for line in LINES.lines() {
        let at = rest.find(&packed(line));
        let at = at.unwrap_or_else(|| panic!("not there, or out of order: {line}"));
        rest = &rest[at + packed(line).len()..];
    }
}

#[test]
fn html_and_markdown_have_the_same_words() {
    let (html, markdown) = (seed(PageFormat::Html), seed(PageFormat::Markdown));
    for words in [
        "source=XmlWinEventLog:Microsoft-Windows-CertificateServicesClient-Lifecycle-User/Operational)",
        "'XmlWinEventLog'",
        "windows_export_certificate_filter is an empty macro by default.",
        "Risk Score = (Impact * Confidence/100)",
        "An certificate was exported on $dest$ from the Windows Certificate Store.",
        "Steal or Forge Authentication Certificates",
        "0 * * * *",
        "Volt Typhoon",
        "Windows Certificate Services",
    ] {
        assert!(html.contains(words), "{words} is not in:\n{html}");
        assert!(markdown.contains(words), "{words} is not in:\n{markdown}");
    }
}

#[test]
fn html_needs_nothing_from_outside_and_is_accessible() {
    let page = seed(PageFormat::Html);
    for mark in [
        "<!doctype html>",
        "<html lang=\"en\">",
        "<main id=\"main\">",
        "class=\"skip\"",
        "<caption>ATT&amp;CK techniques</caption>",
        "<th scope=\"col\">Technique</th>",
        "prefers-color-scheme: dark",
        "@media print",
        "© 2024 The MITRE Corporation",
        "<mark title=\"search *\">`windows_export_certificate_filter`</mark>",
        "<li>APT29</li>",
        "<code>davy test windows_export_certificate</code>",
        // In print an address stands behind a name, and not behind itself.
        "<a class=\"named\" href=\"https://attack.mitre.org/techniques/T1649/\"",
        "<a href=\"https://atomicredteam.io/",
    ] {
        assert!(page.contains(mark), "{mark} is not in the page:\n{page}");
    }
    for outside in ["<script", "<link", "src=", "url(", "@import", "<img"] {
        assert!(!page.contains(outside), "{outside} is in the page");
    }
    assert_eq!(page.matches("<section").count(), page.matches("</section>").count());
}

#[test]
fn hostile_texts_are_only_texts() {
    let text = V4
        .replace("A lamp went out.", "'<script>alert(1)</script> | # *x* [a](javascript:b) `c`'")
        .replace("https://lamp.example/\n", "'javascript://x/%0aalert(1)'\n")
        .replace("Wind may do it.", "\"\\e[31mred\\a\"")
        .replace("`lamps` event=out", "x=\"</code><img src=x>\"");
    let list: [(&str, &str); 1] = [("detections/lamp_goes_out.yml", &text)];
    let show = |format| page(&list, "lamp_goes_out", TestStatus::NotRun, format);
    let html = show(PageFormat::Html);
    assert!(html.contains("&lt;script&gt;"), "{html}");
    assert!(html.contains("<code>c</code>"), "{html}");
    for bad in ["<script", "<img", "href=\"javascript"] {
        assert!(!html.contains(bad), "{bad} in {html}");
    }
    let markdown = show(PageFormat::Markdown);
    assert!(!markdown.contains("<script") && !markdown.contains("[a]("), "{markdown}");
    assert!(markdown.contains("\\[a\\](javascript:b) `c`"), "{markdown}");
    assert!(!show(PageFormat::Text).contains('\u{1b}'));
}

#[test]
fn markdown_tables_have_whole_rows() {
    let page = seed(PageFormat::Markdown);
    assert!(page.contains("| [T1649](https://attack.mitre.org/techniques/T1649/) | Steal or Forge Authentication Certificates | Credential Access |"), "{page}");
    assert!(
        page.contains("```spl\n`certificateservices_lifecycle` EventCode=1007\n| xmlkv"),
        "{page}"
    );
    assert!(page.contains("| Cron Schedule | 0 * * * * |"), "{page}");
}

#[test]
fn a_finding_and_its_objects_have_tables() {
    let list = [("detections/lamp_goes_out.yml", V6)];
    let text = page(&list, "lamp_goes_out", TestStatus::NotRun, PageFormat::Text);
    for line in [
        "Creates Notable Yes",
        "Rule Title $miner$ sits in the dark",
        "Notable Event Fields user, dest",
        "$miner$ sits in the dark miner user 60",
        "lamp system 30 $lamp$ went out",
        "gas uri",
        "Cron Schedule 5 * * * *",
    ] {
        assert!(packed(&text).contains(&packed(line)), "{line} is not in:\n{text}");
    }
    assert!(!text.contains("Passing"), "nothing ran, so nothing passes");
}
