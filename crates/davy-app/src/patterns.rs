//! Names of sources, hosts and sourcetypes as `props.conf` writes them.

/// Most names that one pattern may stand for.
const MAX: usize = 64;

/// Whose events a stanza is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whose {
    Source(Vec<String>),
    Host(Vec<String>),
    Sourcetype(Vec<String>),
}

/// Reads a stanza's name; the error says why it cannot be honoured.
pub(crate) fn whose(stanza: &str) -> Result<Whose, String> {
    if let Some(source) = stanza.strip_prefix("source::") {
        return names(source).map(Whose::Source);
    }
    if let Some(host) = stanza.strip_prefix("host::") {
        return names(host).map(Whose::Host);
    }
    if stanza.starts_with("rule::") || stanza.starts_with("delayedrule::") {
        return Err("sourcetypes are not guessed by rules; give them with --sourcetype".into());
    }
    // A known trick: a pattern that matches nothing, so that the rest is a pattern too.
    for trick in ["(?::){0}", "(::){0}", "(?:::){0}"] {
        if let Some(rest) = stanza.strip_prefix(trick) {
            return names(rest).map(Whose::Sourcetype);
        }
    }
    Ok(Whose::Sourcetype(vec![stanza.to_owned()]))
}

/// A pattern as names with stars: `...` and `*` become `*`, `(a|b)` two names.
fn names(pattern: &str) -> Result<Vec<String>, String> {
    let mut open = vec![String::new()];
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '(' => {
                let mut group = String::new();
                let mut depth = 1;
                for c in chars.by_ref() {
                    match c {
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                    group.push(c);
                }
                let group = group.strip_prefix("?:").unwrap_or(&group);
                let optional = chars.next_if(|c| *c == '?').is_some();
                let mut choices = names(group)?;
                if optional {
                    choices.push(String::new());
                }
                open = open
                    .iter()
                    .flat_map(|head| choices.iter().map(move |tail| format!("{head}{tail}")))
                    .collect();
            }
            '|' => {
                let rest: String = chars.collect();
                let mut more = names(&rest)?;
                open.append(&mut more);
                break;
            }
            '.' if chars.peek() == Some(&'.') => {
                while chars.next_if(|c| *c == '.').is_some() {}
                open.iter_mut().for_each(|n| n.push('*'));
            }
            '.' if chars.peek() == Some(&'*') => {
                chars.next();
                open.iter_mut().for_each(|n| n.push('*'));
            }
            '\\' => match chars.next() {
                Some(c) if !c.is_alphanumeric() => open.iter_mut().for_each(|n| n.push(c)),
                // Signs of some kind, as `\d+`: a star stands for more, which names do not differ in.
                Some('d' | 'w' | 'S') => {
                    chars.next_if(|c| matches!(c, '+' | '*'));
                    open.iter_mut().for_each(|n| n.push('*'));
                }
                Some(c) => return Err(format!("`\\{c}` in a name is not understood")),
                None => open.iter_mut().for_each(|n| n.push('\\')),
            },
            '[' | ']' | '+' | '{' | '}' | '^' | '$' | '?' => {
                return Err(format!("`{c}` in a name is not understood; write stars"));
            }
            c => open.iter_mut().for_each(|n| n.push(c)),
        }
        if open.len() > MAX {
            return Err("the name stands for too many others".into());
        }
    }
    Ok(open)
}

#[cfg(test)]
mod tests {
    use super::{Whose, names, whose};

    // props.conf.spec, "[source::<source>] and [host::<host>] stanza match language".
    #[test]
    fn patterns_become_names_with_stars() {
        assert_eq!(names("/var/log/.../app.log"), Ok(vec!["/var/log/*/app.log".into()]));
        assert_eq!(names("...a(b|c)*"), Ok(vec!["*ab*".into(), "*ac*".into()]));
        assert_eq!(names(r"x\.log"), Ok(vec!["x.log".into()]));
        assert_eq!(
            names("WinEventLog:(?:Security|System)"),
            Ok(vec!["WinEventLog:Security".into(), "WinEventLog:System".into()])
        );
        assert_eq!(names("x(.old)?"), Ok(vec!["x.old".into(), "x".into()]));
        assert_eq!(names(r"....zip(.\d+)?"), Ok(vec!["*zip.*".into(), "*zip".into()]));
        assert!(names("a[bc]").is_err());
        assert!(names(r"a\s").is_err());
    }

    #[test]
    fn kinds_of_stanzas() {
        assert_eq!(whose("host::web*"), Ok(Whose::Host(vec!["web*".into()])));
        assert_eq!(
            whose("(?::){0}XmlWinEventLog:*"),
            Ok(Whose::Sourcetype(vec!["XmlWinEventLog:*".into()]))
        );
        assert_eq!(whose("a[b]"), Ok(Whose::Sourcetype(vec!["a[b]".into()])));
        assert!(whose("rule::x").is_err());
    }
}
