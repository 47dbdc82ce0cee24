//! The groups of a regular expression: their names, and names given to them by number.

/// A group that captures: where its content begins, and its name.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    /// Behind `(`, or for a named group behind `(?<name>`.
    start: usize,
    name: Option<String>,
}

fn groups(pattern: &str) -> Vec<Group> {
    let mut out = Vec::new();
    let mut in_class = false;
    let mut chars = pattern.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '[' if !in_class => {
                in_class = true;
                // A bracket right at the start of a class is a character.
                let rest = pattern.get(at + 1..).unwrap_or_default();
                let skip =
                    ["^]", "]"].iter().find(|p| rest.starts_with(**p)).map_or(0, |p| p.len());
                (0..skip).for_each(|_| {
                    chars.next();
                });
            }
            ']' => in_class = false,
            '(' if !in_class => {
                let rest = pattern.get(at + 1..).unwrap_or_default();
                if !rest.starts_with(['?', '*']) {
                    out.push(Group { start: at + 1, name: None });
                } else if let Some((name, length)) = group_name(rest) {
                    out.push(Group { start: at + 1 + length, name: Some(name.to_owned()) });
                }
            }
            _ => {}
        }
    }
    out
}

/// The name in `?<name>`, `?P<name>` or `?'name'`, and how long that is.
fn group_name(rest: &str) -> Option<(&str, usize)> {
    for (open, close) in [("?<", '>'), ("?P<", '>'), ("?'", '\'')] {
        let Some(after) = rest.strip_prefix(open) else { continue };
        let name = after.split(close).next()?;
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.is_empty() && name.chars().all(word) && after.len() > name.len() {
            return Some((name, open.len() + name.len() + 1));
        }
    }
    None
}

/// The names of a pattern's groups, each once.
pub(crate) fn names(pattern: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in groups(pattern).into_iter().filter_map(|g| g.name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Whether a pattern asks again for what a group of it held, by the group's number.
pub(crate) fn refers_by_number(pattern: &str) -> bool {
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c == '\\' && chars.next().is_some_and(|c| matches!(c, '1'..='9' | 'g')) {
            return true;
        }
    }
    false
}

/// The pattern with names for groups by their number (from 1; 0 is all that matches). Nothing when
/// there is no such group.
pub(crate) fn named(pattern: &str, wanted: &[(usize, String)]) -> Option<String> {
    let groups = groups(pattern);
    let mut out = pattern.to_owned();
    let mut inserts: Vec<(usize, usize, String)> = Vec::new();
    for (number, name) in wanted {
        if *number == 0 {
            continue;
        }
        let group = groups.get(number - 1)?;
        inserts.push((group.start, *number, name.clone()));
    }
    // From the end, so that places before stay right. A group with several names nests.
    inserts.sort();
    while let Some((start, number, name)) = inserts.pop() {
        let first = inserts.iter().any(|(s, n, _)| *s == start && *n == number);
        let unnamed = groups.get(number - 1).is_some_and(|g| g.name.is_none());
        if unnamed && !first {
            out.insert_str(start, &format!("?<{name}>"));
        } else {
            let end = closing(&out, start)?;
            out.insert(end, ')');
            out.insert_str(start, &format!("(?<{name}>"));
        }
    }
    for (_, name) in wanted.iter().filter(|(number, _)| *number == 0) {
        out = format!("(?<{name}>{out})");
    }
    Some(out)
}

/// Where the group closes whose content begins at `start`.
fn closing(pattern: &str, start: usize) -> Option<usize> {
    let (mut depth, mut in_class) = (1_usize, false);
    let mut chars = pattern.get(start..)?.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => depth += 1,
            ')' if !in_class => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(start + at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{named, names};

    #[test]
    fn names_of_groups() {
        assert_eq!(names(r"(?<a>x)(?P<b_2>y)(?<=z)(?:q)(?'c'x)\((?<a>[(?<d>]"), ["a", "b_2", "c"]);
    }

    #[test]
    fn groups_get_names_by_number() {
        let of = |pattern: &str, wanted: &[(usize, &str)]| {
            let wanted: Vec<_> = wanted.iter().map(|(n, s)| (*n, (*s).to_owned())).collect();
            named(pattern, &wanted)
        };
        assert_eq!(
            of(r"(\w+)=(?:x)([)]+)", &[(1, "a"), (2, "b")]).as_deref(),
            Some(r"(?<a>\w+)=(?:x)(?<b>[)]+)")
        );
        assert_eq!(of("(x)", &[(1, "a"), (1, "b")]).as_deref(), Some("(?<a>(?<b>x))"));
        assert_eq!(
            of("(?<n>x(y))", &[(1, "a"), (2, "b")]).as_deref(),
            Some("(?<n>(?<a>x(?<b>y)))")
        );
        assert_eq!(of("x", &[(0, "a")]).as_deref(), Some("(?<a>x)"));
        assert_eq!(of("x", &[(1, "a")]), None);
    }
}
