//! Names of sources with stars in them.

/// Whether `text` fits `pattern` without regard to case; `*` stands for anything.
pub fn wild(pattern: &str, text: &str) -> bool {
    let fold = |s: &str| s.to_lowercase();
    let (pattern, text) = (fold(pattern), fold(text));
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, tail)) => rest = tail,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::wild;

    #[test]
    fn stars_and_case() {
        assert!(wild("XmlWinEventLog:*", "xmlwineventlog:Security"));
        assert!(wild("aws:cloudtrail", "AWS:CloudTrail"));
        assert!(!wild("aws:cloudtrail", "aws:cloudtrail:x"));
        assert!(wild("*a*b*", "xaxbx"));
        assert!(!wild("ab*ba", "aba"));
    }
}
