//! The page as one HTML file.

use super::view::View;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, escape_formatter};

const TEMPLATE: &str = include_str!("../../templates/detection.html");

pub(super) fn render(view: &View) -> String {
    try_render(view).unwrap_or_else(|_| {
        // Not reached with the template as it is; the words are never lost all the same.
        let text = super::text::render(view);
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        format!("<!doctype html><html lang=\"en\"><title>Detection</title><pre>{text}</pre></html>")
    })
}

fn try_render(view: &View) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => Ok(out.write_str(&escape(text))?),
        _ => escape_formatter(out, state, value),
    });
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_template("detection.html", TEMPLATE)?;
    environment.get_template("detection.html")?.render(Serde(view))
}

/// Every attribute of the template stands between double quotes, so the rest can stay readable.
/// Control characters are no HTML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
