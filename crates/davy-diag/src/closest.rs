//! "Did you mean": the nearest of the names that exist.

/// The closest name to `word`, if one is near enough to be a slip of the hand.
pub fn closest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word_lower = word.to_lowercase();
    let limit = (word.chars().count() / 3).clamp(1, 3);
    names
        .into_iter()
        .map(|name| (distance(&word_lower, &name.to_lowercase()), name))
        // A word of one letter is not near to every other letter.
        .filter(|(d, _)| *d <= limit && *d < word_lower.chars().count())
        .min_by_key(|(d, name)| (*d, name.len()))
        .map(|(_, name)| name)
}

/// Optimal string alignment: insertions, deletions, substitutions, neighbours swapped.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_slip_is_found_and_a_stranger_is_not() {
        assert_eq!(closest("stast", ["stats", "sort"]), Some("stats"));
        assert_eq!(closest("Fields", ["fields"]), Some("fields"));
        assert_eq!(closest("frobnicate", ["stats", "sort"]), None);
        assert_eq!(closest("d", ["c"]), None);
    }
}
