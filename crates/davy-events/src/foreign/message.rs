//! What the message of an event tells of its data.
//!
//! Source: Sysmon's event manifest, whose messages hold all of the data by name.

/// The data in a message of Sysmon: below a headline, `Name: value` a line. A place of the
/// message that was not filled is no value.
pub(super) fn sysmon(message: &str) -> impl Iterator<Item = (String, String)> {
    message.lines().skip(1).filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric());
        let value = value.strip_prefix(' ').unwrap_or(value);
        let unfilled = value.strip_prefix('%').is_some_and(|n| n.parse::<u8>().is_ok());
        (named && !value.is_empty() && !unfilled).then(|| (name.to_owned(), value.to_owned()))
    })
}

/// The parts of PowerShell's message of a pipeline: what was invoked, the context, user data.
pub(super) fn pipeline(message: &str) -> Option<[(&'static str, String); 3]> {
    let (payload, rest) = message.split_once("Context:")?;
    let (context, user) = rest.split_once("User Data:").unwrap_or((rest, ""));
    let inside = |text: &str| text.trim_matches(['\r', '\n']).to_owned();
    Some([
        ("ContextInfo", inside(context)),
        ("UserData", inside(user)),
        ("Payload", inside(payload)),
    ])
}
