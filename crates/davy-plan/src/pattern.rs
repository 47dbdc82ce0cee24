//! Regular expressions as SPL means them: PCRE. A pattern that both engines read alike runs on the
//! one that never backtracks, so that no text of an attacker can make it slow.

use crate::env::Env;
use last::Last;
use regex_syntax::hir::{Hir, HirKind};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

mod last;
mod translate;

/// Steps that the backtracking engine may take on one text, unless told otherwise.
const LIMIT: u32 = 1_000_000;

/// Where each group matched; the whole match is the first.
pub(crate) type Groups = Vec<Option<(usize, usize)>>;

#[derive(Debug)]
pub(crate) struct Pattern {
    text: String,
    limit: u32,
    linear: Option<Linear>,
    backtracking: OnceLock<Result<pcre2::bytes::Regex, String>>,
    names: Vec<Option<String>>,
}

/// The pattern for the engine that never backtracks; built when it is first used, since a catalogue
/// holds many that no event comes to.
#[derive(Debug)]
struct Linear {
    pattern: String,
    /// `$` also matches before a newline that ends the text; this engine cannot say that.
    newline_matters: bool,
    /// The pattern is one that needs no automaton.
    last: Option<Last>,
    /// `None`: it is too large.
    regex: OnceLock<Option<regex::Regex>>,
}

impl Linear {
    fn get(&self) -> Option<&regex::Regex> {
        let build = || regex::RegexBuilder::new(&self.pattern).size_limit(4 << 20).build().ok();
        self.regex.get_or_init(build).as_ref()
    }
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Result<Pattern, String> {
        Self::with_limit(text, LIMIT)
    }

    /// With a limit of the steps that backtracking may take on one text.
    pub(crate) fn with_limit(text: &str, limit: u32) -> Result<Pattern, String> {
        let linear = translate::linear(text).and_then(|translated| {
            let parsed = regex_syntax::parse(&translated.pattern).ok()?;
            let mut names = vec![None];
            group_names(&parsed, &mut names);
            let newline_matters = translated.newline_matters;
            let last = Last::of(&parsed);
            let pattern = translated.pattern;
            Some((Linear { pattern, newline_matters, last, regex: OnceLock::new() }, names))
        });
        let (linear, names) = linear.unzip();
        let mut pattern = Pattern {
            text: text.to_owned(),
            limit,
            names: names.unwrap_or_default(),
            backtracking: OnceLock::new(),
            linear,
        };
        if pattern.linear.is_none() {
            pattern.names = pattern.backtracking()?.capture_names().to_vec();
        }
        Ok(pattern)
    }

    /// The names of the groups; the whole match is the first.
    pub(crate) fn names(&self) -> &[Option<String>] {
        &self.names
    }

    pub(crate) fn is_match(&self, text: &str) -> Result<bool, String> {
        if let Some(last) = self.last() {
            return Ok(last.end(text).is_some());
        }
        match self.linear_for(text) {
            Some(regex) => Ok(regex.is_match(text)),
            None => self.backtracking()?.is_match(text.as_bytes()).map_err(|e| self.failed(&e)),
        }
    }

    /// The first match at or after the byte `start`.
    pub(crate) fn captures(&self, text: &str, start: usize) -> Result<Option<Groups>, String> {
        if !text.is_char_boundary(start) {
            return Ok(None);
        }
        if let Some(last) = self.last() {
            let end = last.end(text).filter(|_| start == 0);
            return Ok(end.map(|end| vec![Some((0, end))]));
        }
        if let Some(regex) = self.linear_for(text) {
            // Where a match is, is found much faster than where its groups are.
            let Some(whole) = regex.find_at(text, start) else { return Ok(None) };
            if self.names.len() <= 1 {
                return Ok(Some(vec![Some((whole.start(), whole.end()))]));
            }
            let mut found = regex.capture_locations();
            return Ok(regex
                .captures_read_at(&mut found, text, whole.start())
                .map(|_| (0..found.len()).map(|i| found.get(i)).collect()));
        }
        let regex = self.backtracking()?;
        let mut found = regex.capture_locations();
        let whole = regex
            .captures_read_at(&mut found, text.as_bytes(), start)
            .map_err(|e| self.failed(&e))?;
        Ok(whole.map(|_| (0..found.len()).map(|i| found.get(i)).collect()))
    }

    /// Every match, from left to right, at most `limit` of them (0: all).
    pub(crate) fn matches(&self, text: &str, limit: usize) -> Result<Vec<Groups>, String> {
        let mut out = Vec::new();
        let mut at = 0;
        let mut last_end = None;
        while limit == 0 || out.len() < limit {
            let Some(groups) = self.captures(text, at)? else { break };
            let Some((from, to)) = groups.first().copied().flatten() else { break };
            // An empty match right after another is not one, as in Perl.
            let fresh = from != to || last_end != Some(to);
            if fresh {
                last_end = Some(to);
                out.push(groups);
            }
            at = match from == to {
                false => to,
                true => match text.get(to..).and_then(|t| t.chars().next()) {
                    Some(c) => to + c.len_utf8(),
                    None => break,
                },
            };
        }
        Ok(out)
    }

    /// The text with its matches replaced, at most `limit` of them (0: all). `\1` stands for a
    /// group, `\0` for the whole match, `\\` for a backslash.
    pub(crate) fn replace<'t>(
        &self,
        text: &'t str,
        with: &str,
        limit: usize,
    ) -> Result<Cow<'t, str>, String> {
        if let Some((last, false)) = self.last().map(|last| (last, with.contains('\\'))) {
            let Some(end) = last.end(text) else { return Ok(Cow::Borrowed(text)) };
            let rest = text.get(end..).unwrap_or_default();
            return Ok(match with.is_empty() {
                true => Cow::Borrowed(rest),
                false => Cow::Owned(format!("{with}{rest}")),
            });
        }
        let found = self.matches(text, limit)?;
        if found.is_empty() {
            return Ok(Cow::Borrowed(text));
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for groups in found {
            let Some((from, to)) = groups.first().copied().flatten() else { continue };
            out.push_str(text.get(at..from).unwrap_or_default());
            expand(&mut out, with, text, &groups);
            at = to;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        Ok(Cow::Owned(out))
    }

    /// The text with every match replaced.
    pub(crate) fn replace_all<'t>(
        &self,
        text: &'t str,
        with: &str,
    ) -> Result<Cow<'t, str>, String> {
        self.replace(text, with, 0)
    }

    fn last(&self) -> Option<Last> {
        self.linear.as_ref()?.last
    }

    fn linear_for(&self, text: &str) -> Option<&regex::Regex> {
        let linear = self.linear.as_ref();
        linear.filter(|linear| !(linear.newline_matters && text.ends_with('\n')))?.get()
    }

    fn backtracking(&self) -> Result<&pcre2::bytes::Regex, String> {
        let built = self.backtracking.get_or_init(|| {
            let build = |text: &str| {
                pcre2::bytes::RegexBuilder::new()
                    .utf(true)
                    .jit_if_available(true)
                    .max_jit_stack_size(Some(4 << 20))
                    .build(text)
            };
            // The prefix would shift the places that a mistake is told at.
            build(&self.text).map_err(|e| mistake(&e))?;
            build(&format!("(*LIMIT_MATCH={})(*LIMIT_DEPTH=20000){}", self.limit, self.text))
                .map_err(|e| mistake(&e))
        });
        built.as_ref().map_err(String::clone)
    }

    fn failed(&self, error: &pcre2::Error) -> String {
        // Match, depth and heap limits, and the stack of the compiled form.
        match error.code() {
            -47 | -53 | -63 | -46 => format!(
                "the regular expression `{}` took more than {} steps on one value",
                self.text, self.limit
            ),
            _ => format!("the regular expression `{}` failed: {error}", self.text),
        }
    }
}

/// The names of the groups, in the order of their numbers.
fn group_names(pattern: &Hir, names: &mut Vec<Option<String>>) {
    match pattern.kind() {
        HirKind::Capture(group) => {
            let at = group.index as usize;
            names.resize(names.len().max(at + 1), None);
            if let Some(slot) = names.get_mut(at) {
                *slot = group.name.as_deref().map(str::to_owned);
            }
            group_names(&group.sub, names);
        }
        HirKind::Repetition(repeated) => group_names(&repeated.sub, names),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().for_each(|part| group_names(part, names));
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {}
    }
}

fn mistake(error: &pcre2::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(": ") {
        Some((_, reason)) => match error.offset() {
            Some(at) => format!("{reason}, at character {at}"),
            None => reason.to_owned(),
        },
        None => message,
    }
}

/// Writes a replacement: `\1` to `\99` are groups; other escapes lose their backslash.
pub(crate) fn expand(out: &mut String, with: &str, text: &str, groups: &Groups) {
    let mut rest = with;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let digits = after.bytes().take(2).take_while(u8::is_ascii_digit).count();
        // `\12` is the twelfth group only when there is one.
        let number = |len: usize| after.get(..len).and_then(|d| d.parse::<usize>().ok());
        let len = match number(digits) {
            Some(n) if digits == 2 && n >= groups.len() => 1,
            _ => digits,
        };
        match number(len).filter(|_| len > 0) {
            Some(n) => {
                if let Some((from, to)) = groups.get(n).copied().flatten() {
                    out.push_str(text.get(from..to).unwrap_or_default());
                }
                rest = after.get(len..).unwrap_or_default();
            }
            None => {
                let escaped = after.strip_prefix('\\');
                out.push('\\');
                rest = escaped.unwrap_or(after);
            }
        }
    }
    out.push_str(rest);
}

/// The most patterns that are kept: those of a catalogue's literals, and a bound where patterns are
/// values of a field.
const KEPT: usize = 1024;

/// Patterns that were compiled, for all batches and searches of one [`Env`](crate::Env): compiling
/// takes longer than a batch of a few rows does.
#[derive(Clone, Default)]
pub struct PatternCache(Arc<Mutex<HashMap<String, Arc<Pattern>>>>);

impl std::fmt::Debug for PatternCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PatternCache")
    }
}

impl PatternCache {
    fn get(&self, text: &str, limit: u32) -> Result<Arc<Pattern>, String> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(text).filter(|p| p.limit == limit) {
            return Ok(known.clone());
        }
        let made = Arc::new(Pattern::with_limit(text, limit)?);
        let mut known = lock();
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(text.to_owned(), made.clone());
        Ok(made)
    }
}

/// The compiled patterns of one batch: looked up again only when a row's pattern differs from that
/// of the row before.
#[derive(Debug)]
pub(crate) struct Patterns<'e> {
    limit: u32,
    cache: &'e PatternCache,
    last: Option<Arc<Pattern>>,
}

impl<'e> Patterns<'e> {
    pub(crate) fn new(env: &'e Env) -> Self {
        Patterns { limit: env.regex_limit, cache: &env.patterns, last: None }
    }

    pub(crate) fn get(&mut self, text: &str) -> Result<&Pattern, String> {
        let last = match self.last.take() {
            Some(last) if last.text == text => last,
            _ => self.cache.get(text, self.limit)?,
        };
        Ok(self.last.insert(last))
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn found(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap().is_match(text).unwrap()
    }

    #[test]
    fn dollar_matches_before_a_last_newline() {
        assert!(found("a$", "a\n"));
        assert!(found("a\\Z", "a\n"));
        assert!(!found("a\\z", "a\n"));
        assert!(!found("a$", "a\n\n"));
        assert!(found("(?m)a$", "a\nb"));
    }

    #[test]
    fn both_engines_give_groups_and_names() {
        for pattern in ["(?<x>a+)(b)?", "(?=a)(?<x>a+)(b)?"] {
            let pattern = Pattern::new(pattern).unwrap();
            let groups = pattern.captures("caa", 0).unwrap().unwrap();
            assert_eq!(groups, [Some((1, 3)), Some((1, 3)), None]);
            assert_eq!(pattern.names()[1].as_deref(), Some("x"));
        }
    }

    #[test]
    fn letters_are_ascii_for_classes_and_whole_characters_for_dots() {
        assert!(!found(r"^\w$", "é"));
        assert!(!found(r"(?!x)^\w$", "é"));
        assert!(found("^.$", "é"));
        assert!(found("(?i)^É$", "é"));
    }

    #[test]
    fn replacing_takes_groups_and_empty_matches() {
        let swap = Pattern::new(r"(\w)(\d)?").unwrap();
        assert_eq!(swap.replace_all("a1 b", r"\2\1").unwrap(), "1a b");
        assert_eq!(Pattern::new("x*").unwrap().replace_all("axb", "-").unwrap(), "-a-b-");
        assert_eq!(Pattern::new("(?=b)").unwrap().replace_all("ab", "-").unwrap(), "a-b");
        assert_eq!(Pattern::new("a").unwrap().replace("aaa", "b", 2).unwrap(), "bba");
        assert_eq!(Pattern::new("é").unwrap().replace_all("éé", r"\0\\").unwrap(), r"é\é\");
    }

    #[test]
    fn what_ends_at_a_last_character_is_found_without_an_automaton() {
        let texts =
            ["", "a", r"\\", r"C:\\a\\b.exe", "a/b\\c", "a\n\\b", "\\a\n\\b\n", "é\\é", "\\\n"];
        for pattern in [r"^.*\\", r"^.*[\\/]", "^.*a"] {
            let (fast, slow) = (Pattern::new(pattern), Pattern::new(&format!("(?=){pattern}")));
            let (fast, slow) = (fast.unwrap(), slow.unwrap());
            assert!(fast.last().is_some() && slow.last().is_none(), "{pattern}");
            for text in texts {
                assert_eq!(fast.is_match(text), slow.is_match(text), "{pattern} {text:?}");
                assert_eq!(fast.captures(text, 0), slow.captures(text, 0), "{pattern} {text:?}");
                for with in ["", "<", r"\0\0"] {
                    let replaced = fast.replace_all(text, with);
                    assert_eq!(replaced, slow.replace_all(text, with), "{pattern} {text:?}");
                }
            }
        }
        for other in [
            r"^.*?\\",
            r"^.+\\",
            r"^(.*)\\",
            r".*\\",
            r"(?s)^.*\\",
            r"(?m)^.*\\",
            "^.*é",
            "^.*[a-z]",
        ] {
            assert!(Pattern::new(other).unwrap().last().is_none(), "{other}");
        }
    }

    #[test]
    fn endless_backtracking_is_an_error() {
        let pattern = Pattern::with_limit(r"(?=a)(a+)+$", 10_000).unwrap();
        let error = pattern.is_match(&format!("{}!", "a".repeat(40))).unwrap_err();
        assert!(error.contains("10000 steps"), "{error}");
    }

    #[test]
    fn mistakes_are_told() {
        let error = Pattern::new("a(b").unwrap_err();
        assert!(error.contains("parenthesis"), "{error}");
        assert!(Pattern::new("*a").is_err());
        assert!(Pattern::new("[z-a]").is_err());
    }
}
