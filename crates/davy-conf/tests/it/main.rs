//! Conformance with Splunk's configuration files. Sources: Admin Manual, "Configuration file
//! structure" and "Configuration file precedence"; the heads of the `.conf.spec` files.

mod layers;
mod syntax;

use davy_conf::Conf;
use davy_diag::{Diagnostics, SourceMap};

/// Reads a text that has no mistakes.
fn read(text: &str) -> Conf {
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let conf = Conf::read("test.conf", text, &mut sources, &mut diags);
    let found: Vec<_> = diags.list().iter().map(|d| (d.code.id, &d.message)).collect();
    assert!(found.is_empty(), "{found:?}");
    conf
}

/// The codes of the mistakes, each with its line.
fn mistakes(text: &str) -> Vec<(&'static str, usize)> {
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    Conf::read("test.conf", text, &mut sources, &mut diags);
    let line =
        |d: &davy_diag::Diagnostic| d.primary.as_ref().map_or(0, |l| sources.line_col(l.span).0);
    diags.list().iter().map(|d| (d.code.id, line(d))).collect()
}
