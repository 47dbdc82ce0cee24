//! Macros that leave nothing beside `AND`, `OR` and `NOT`: the operator goes with its operand, as
//! whoever empties a filter macro means it.

use crate::mapped::Mapped;
use crate::parse::is_blank_char;

/// `out` without the operators that lack an operand since the macros at `places` left nothing.
pub(super) fn without_operators(out: Mapped, mut places: Vec<usize>) -> Mapped {
    if places.is_empty() {
        return out;
    }
    places.sort_unstable();
    let (mut kept, mut at) = (Mapped::default(), 0);
    for place in places {
        if place < at {
            continue;
        }
        kept.push_part(&out, at..place);
        at = place;
        let rest = out.text.get(place..).unwrap_or("");
        let right = rest.trim_start_matches(is_blank_char);
        let stage = Stage::of(&kept.text, right);
        let next = stage.begins(right, stage.joining());
        if next.is_none() && !stage.ends(right) {
            continue;
        }
        while let Some(cut) = stage.ended_by(&kept.text, &["NOT"]) {
            kept.truncate(cut);
        }
        if let Some(cut) = stage.ended_by(&kept.text, stage.joining()) {
            kept.truncate(cut);
        } else if let Some(word) = next.filter(|_| stage.starts(&kept.text)) {
            at = place + (rest.len() - right.len()) + word;
        }
    }
    kept.push_part(&out, at..out.text.len());
    kept
}

/// The command around a place.
enum Stage {
    Search,
    /// Operators in any case.
    Eval,
    /// `where` begins the terms, `by` ends them.
    Tstats,
}

impl Stage {
    /// The command that `left` ends in. What stands beside the place tells most often that no
    /// operator is there, without a look for the command's name.
    fn of(left: &str, right: &str) -> Stage {
        let beside = |word: &str| {
            ["and", "or", "not", "xor", "where", "by", "groupby"]
                .iter()
                .any(|w| w.eq_ignore_ascii_case(word))
        };
        let end = left.trim_end_matches(is_blank_char);
        if !beside(last_word(end)) && !beside(first_word(right)) {
            return Stage::Search;
        }
        let start = left.rfind(['|', '[']).map_or(0, |at| at + 1);
        let name = first_word(left.get(start..).unwrap_or("").trim_start_matches(is_blank_char));
        match name.to_ascii_lowercase().as_str() {
            "where" | "eval" => Stage::Eval,
            "tstats" | "mstats" => Stage::Tstats,
            _ => Stage::Search,
        }
    }

    fn joining(&self) -> &'static [&'static str] {
        match self {
            Stage::Eval => &["AND", "OR", "XOR"],
            _ => &["AND", "OR"],
        }
    }

    fn same(&self, a: &str, b: &str) -> bool {
        match self {
            Stage::Eval => a.eq_ignore_ascii_case(b),
            _ => a == b,
        }
    }

    /// The length of the operator that `right` begins with.
    fn begins(&self, right: &str, words: &[&str]) -> Option<usize> {
        let word = first_word(right);
        let after = right.get(word.len()..)?.chars().next();
        let apart = after.is_none_or(|c| is_blank_char(c) || "()[]\",".contains(c));
        (apart && words.iter().any(|w| self.same(w, word))).then_some(word.len())
    }

    /// Where one of `words` begins that `left` ends with.
    fn ended_by(&self, left: &str, words: &[&str]) -> Option<usize> {
        let end = left.trim_end_matches(is_blank_char);
        let word = last_word(end);
        let start = end.len() - word.len();
        let before = end.get(..start)?.chars().next_back();
        let apart = before.is_none_or(|c| is_blank_char(c) || "()[]|\",".contains(c));
        (apart && words.iter().any(|w| self.same(w, word))).then_some(start)
    }

    /// No term can follow.
    fn ends(&self, right: &str) -> bool {
        match right.as_bytes().first() {
            None | Some(b')' | b']' | b'|' | b',') => true,
            _ => {
                let word = first_word(right);
                matches!(self, Stage::Tstats)
                    && ["by", "groupby", "where"].iter().any(|w| w.eq_ignore_ascii_case(word))
            }
        }
    }

    /// No term stands before.
    fn starts(&self, left: &str) -> bool {
        let end = left.trim_end_matches(is_blank_char);
        if matches!(end.as_bytes().last(), None | Some(b'(' | b'[' | b'|' | b',')) {
            return true;
        }
        let word = last_word(end);
        let before = end.get(..end.len() - word.len()).unwrap_or("");
        let first = matches!(
            before.trim_end_matches(is_blank_char).as_bytes().last(),
            None | Some(b'|' | b'[')
        );
        match self {
            Stage::Tstats => word.eq_ignore_ascii_case("where"),
            _ => first && ["search", "where"].iter().any(|w| w.eq_ignore_ascii_case(word)),
        }
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn first_word(text: &str) -> &str {
    text.split(|c| !is_letter(c)).next().unwrap_or("")
}

fn last_word(text: &str) -> &str {
    text.rsplit(|c| !is_letter(c)).next().unwrap_or("")
}
