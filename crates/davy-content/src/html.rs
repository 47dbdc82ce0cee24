//! What davy's HTML files share: how they begin, how they look, and texts that cannot become markup.

/// The look of all of them: colours in light, dark and print, headings, tables.
pub const BASE_CSS: &str = include_str!("../templates/base.css");

/// The beginning of a file up to its style: it loads nothing, and runs a script only where it has
/// one of its own.
pub fn head(title: &str, scripts: bool) -> String {
    let scripts = if scripts { "; script-src 'unsafe-inline'; img-src data:" } else { "" };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'{scripts}\">\n<title>{}</title>\n",
        escape(title)
    )
}

/// A text as it stands in HTML, also in an attribute between double quotes. Control characters are
/// no HTML.
pub fn escape(text: &str) -> String {
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
