//! `docs/CODES.md`: every kind of mistake with what it means.

use davy_diag::{Code, Severity};
use std::fmt::Write;

pub(super) fn page() -> String {
    let mut out = String::from(
        "# Codes\n\nWhat stands in brackets after a message. `davy explain CODE` prints one.\n",
    );
    let mut area = "";
    for code in davy::codes() {
        let Code { id, severity, explanation } = code;
        let of = id.split("::").next().unwrap_or(id);
        if of != area {
            area = of;
            let _ = writeln!(out, "\n## {area}");
        }
        let severity = match severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let _ = writeln!(out, "\n### {id}\n\n({severity}) {explanation}");
    }
    out
}
