//! The page as one HTML file.

use super::view::View;
use crate::html::{BASE_CSS, escape, head};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
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
    // Both are markup of our own.
    environment.add_global("head", Value::from_safe_string(head(&view.title, false)));
    environment.add_global("base", Value::from_safe_string(BASE_CSS.to_owned()));
    environment.add_filter("ticks", |text: &str| Value::from_safe_string(ticks(text)));
    environment.add_template("detection.html", TEMPLATE)?;
    environment.get_template("detection.html")?.render(Serde(view))
}

/// A text in which what stands between backticks is code.
fn ticks(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // Without its other half a backtick is only a sign.
    if parts.len().is_multiple_of(2) {
        return escape(text);
    }
    let part = |(at, part): (usize, &&str)| match at % 2 {
        1 => format!("<code>{}</code>", escape(part)),
        _ => escape(part),
    };
    parts.iter().enumerate().map(part).collect()
}
