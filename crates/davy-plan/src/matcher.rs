//! How the `search` command compares a value: without regard to case, `*` stands for anything,
//! text for text, numbers by size, an address by its network.
//! Search Reference, search, "Comparison expression options" and "CIDR matching".

use crate::column::Column;
use crate::value::{Val, fmt_num, parse_num, whole};
use arrow::array::{BooleanArray, BooleanBuilder};
use davy_events::mv;
use davy_spl::ast::CmpOp;
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// More texts than this are looked up.
const MANY: usize = 16;

/// One comparison, ready to run.
#[derive(Debug, Clone)]
pub struct Matcher {
    op: CmpOp,
    tests: Vec<Test>,
    /// The texts of many tests that all are for equality.
    texts: Option<BTreeSet<String>>,
    /// As written, for equality of plans.
    pub key: String,
}

/// A [`Matcher`] over whole numbers; a null fits none.
#[derive(Debug, PartialEq)]
pub(crate) enum WholeTest {
    OneOf(Vec<i64>),
    NoneOf(Vec<i64>),
    /// `<`, `<=`, `>`, `>=`.
    Ordered(CmpOp, i64),
}

#[derive(Debug, Clone)]
enum Test {
    /// `*`: any value.
    Any,
    /// Lower case.
    Equal(String),
    /// Lower case, split at `*`.
    Glob(Glob),
    Net(IpNet, String),
    /// For `<` and its kin: the number, or the text.
    Number(f64, String),
    Text(String),
    /// Exactly as written.
    Case(String),
}

/// A pattern with stars.
#[derive(Debug, Clone)]
pub(crate) struct Glob {
    first: String,
    middle: Vec<String>,
    last: String,
    fold: bool,
}

impl Glob {
    /// Splits at `*`. With `fold`, compares without regard to case.
    pub(crate) fn new(pattern: &str, fold: bool) -> Glob {
        let pattern = if fold { pattern.to_lowercase() } else { pattern.to_owned() };
        let mut parts: Vec<String> = pattern.split('*').map(str::to_owned).collect();
        let first = if parts.is_empty() { String::new() } else { parts.remove(0) };
        let last = parts.pop().unwrap_or_default();
        parts.retain(|p| !p.is_empty());
        Glob { first, middle: parts, last, fold }
    }

    /// The longest text that every value it matches holds; empty where there is none.
    pub(crate) fn literal(&self) -> &str {
        let ends = [&self.first, &self.last];
        let parts = self.middle.iter().chain(ends);
        parts.max_by_key(|part| part.len()).map_or("", String::as_str)
    }

    pub(crate) fn matches(&self, value: &str) -> bool {
        if self.fold && value.is_ascii() {
            return self.run(value.as_bytes(), true);
        }
        match self.fold {
            true => self.run(value.to_lowercase().as_bytes(), false),
            false => self.run(value.as_bytes(), false),
        }
    }

    fn run(&self, value: &[u8], fold: bool) -> bool {
        let (first, last) = (self.first.as_bytes(), self.last.as_bytes());
        if value.len() < first.len() + last.len()
            || !same(&value[..first.len()], first, fold)
            || !same(&value[value.len() - last.len()..], last, fold)
        {
            return false;
        }
        let mut rest = &value[first.len()..value.len() - last.len()];
        for part in &self.middle {
            match find(rest, part.as_bytes(), fold) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        true
    }
}

fn same(value: &[u8], lower: &[u8], fold: bool) -> bool {
    match fold {
        true => value.eq_ignore_ascii_case(lower),
        false => value == lower,
    }
}

/// Where `needle` (lower case when `fold`) begins in `hay`.
pub(crate) fn find(hay: &[u8], needle: &[u8], fold: bool) -> Option<usize> {
    if !fold {
        return memchr::memmem::find(hay, needle);
    }
    let Some(&first) = needle.first() else { return Some(0) };
    if hay.len() < needle.len() {
        return None;
    }
    let end = hay.len() - needle.len() + 1;
    let upper = first.to_ascii_uppercase();
    let mut at = 0;
    while at < end {
        at += memchr::memchr2(first, upper, &hay[at..end])?;
        if hay[at..at + needle.len()].eq_ignore_ascii_case(needle) {
            return Some(at);
        }
        at += 1;
    }
    None
}

impl Matcher {
    /// The comparison `op` with any of `values`, as written in a search.
    pub fn new(op: CmpOp, values: &[&str]) -> Matcher {
        let tests = values.iter().map(|v| Test::new(op, v)).collect();
        let mut matcher = Matcher { op, tests, texts: None, key: format!("{op:?} {values:?}") };
        if values.len() > MANY {
            matcher.texts = matcher.texts().map(BTreeSet::from_iter);
        }
        matcher
    }

    /// `CASE(value)`
    pub fn case(value: &str) -> Matcher {
        Matcher {
            op: CmpOp::Eq,
            tests: vec![Test::Case(value.to_owned())],
            texts: None,
            key: format!("CASE {value:?}"),
        }
    }

    /// Whether one value fits; several values are not looked into here.
    pub fn matches(&self, value: &str) -> bool {
        let any = match &self.texts {
            Some(texts) if value.bytes().any(|b| b.is_ascii_uppercase() || b >= 0x80) => {
                texts.contains(&value.to_lowercase())
            }
            Some(texts) => texts.contains(value),
            None => self.tests.iter().any(|t| t.matches(self.op, value)),
        };
        any != (self.op == CmpOp::Ne)
    }

    /// The texts, in lower case, of which one is wanted; `None` where not only texts tell.
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        if self.op != CmpOp::Eq {
            return None;
        }
        let text = |t: &Test| match t {
            Test::Equal(lower) => Some(lower.clone()),
            _ => None,
        };
        self.tests.iter().map(text).collect()
    }

    /// Whether a field with this value, perhaps several, fits: any of them does.
    pub fn matches_val(&self, value: &Val<'_>) -> bool {
        match value {
            Val::Null => false,
            Val::Num(n) => self.matches(&fmt_num(*n)),
            Val::Str(s) if mv::is_multi(s) => mv::split(s).any(|v| self.matches(v)),
            Val::Str(s) => self.matches(s),
            Val::Bool(b) => self.matches(if *b { "True" } else { "False" }),
        }
    }

    /// The same test of a column of whole numbers as numbers; `None` where only their texts tell.
    pub(crate) fn whole_numbers(&self) -> Option<WholeTest> {
        if let [Test::Number(n, _)] = self.tests.as_slice() {
            return Some(WholeTest::Ordered(self.op, whole(*n)?));
        }
        let mut numbers = Vec::new();
        for test in &self.tests {
            let Test::Equal(text) = test else { return None };
            // `1.0` and `01` are the text of no number.
            if let Some(n) = parse_num(text) {
                let n = whole(n)?;
                if n.to_string() == *text {
                    numbers.push(n);
                }
            }
        }
        match self.op {
            CmpOp::Eq => Some(WholeTest::OneOf(numbers)),
            CmpOp::Ne => Some(WholeTest::NoneOf(numbers)),
            _ => None,
        }
    }

    /// The numbers of which a number must be one, but for the last digits, to be equal to any of
    /// the texts.
    fn near(&self) -> Option<Vec<f64>> {
        let mut near = Vec::new();
        for test in &self.tests {
            match test {
                Test::Equal(text) => match parse_num(text) {
                    Some(n) => near.push(n),
                    None if matches!(text.as_str(), "nan" | "inf" | "-inf") => return None,
                    None => {}
                },
                _ => return None,
            }
        }
        Some(near)
    }

    /// Never null: a field that is not there does not fit.
    pub fn run(&self, column: &Column) -> BooleanArray {
        let mut out = BooleanBuilder::with_capacity(column.len());
        if let (Column::Num(_) | Column::Int(_), Some(mut near)) = (column, self.near()) {
            near.sort_by(f64::total_cmp);
            // A number is printed with 15 digits at least, and printing takes long.
            let close = |v: f64| {
                let slack = v.abs() * 2e-12;
                let from = near.partition_point(|n| *n < v - slack);
                near.get(from..)
                    .unwrap_or_default()
                    .iter()
                    .take_while(|n| **n <= v + slack)
                    .any(|n| (v - n).abs() <= n.abs() * 1e-12)
            };
            for row in 0..column.len() {
                let value = column.get(row);
                out.append_value(match value {
                    Val::Num(v) if close(v) => self.matches_val(&value),
                    Val::Num(_) => self.op == CmpOp::Ne,
                    _ => false,
                });
            }
            return out.finish();
        }
        if let (Column::Num(_) | Column::Int(_), [Test::Number(n, _)]) =
            (column, self.tests.as_slice())
        {
            for row in 0..column.len() {
                let fits = column.get(row).num().is_some_and(|v| ordered(self.op, &v, n));
                out.append_value(fits);
            }
            return out.finish();
        }
        for row in 0..column.len() {
            out.append_value(self.matches_val(&column.get(row)));
        }
        out.finish()
    }
}

fn ordered<T: PartialOrd + ?Sized>(op: CmpOp, value: &T, than: &T) -> bool {
    match op {
        CmpOp::Lt => value < than,
        CmpOp::Le => value <= than,
        CmpOp::Gt => value > than,
        CmpOp::Ge => value >= than,
        CmpOp::Eq => value == than,
        CmpOp::Ne => value != than,
    }
}

impl Test {
    fn new(op: CmpOp, value: &str) -> Test {
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return match parse_num(value) {
                Some(n) => Test::Number(n, value.to_owned()),
                None => Test::Text(value.to_owned()),
            };
        }
        if !value.is_empty() && value.bytes().all(|b| b == b'*') {
            return Test::Any;
        }
        if value.contains('*') {
            return Test::Glob(Glob::new(value, true));
        }
        if value.contains('/')
            && let Ok(net) = value.parse::<IpNet>()
        {
            return Test::Net(net, value.to_owned());
        }
        Test::Equal(value.to_lowercase())
    }

    fn matches(&self, op: CmpOp, value: &str) -> bool {
        match self {
            Test::Any => true,
            Test::Equal(lower) => equal_fold(value, lower),
            Test::Glob(glob) => glob.matches(value),
            Test::Net(net, text) => {
                value == text || value.parse::<IpAddr>().is_ok_and(|ip| net.contains(&ip))
            }
            Test::Number(n, text) => match parse_num(value) {
                Some(v) => ordered(op, &v, n),
                None => ordered(op, value, text.as_str()),
            },
            Test::Text(text) => ordered(op, value, text.as_str()),
            Test::Case(text) => value == text,
        }
    }
}

/// Whether `value` is `lower` (lower case) but for case.
pub(crate) fn equal_fold(value: &str, lower: &str) -> bool {
    if value.is_ascii() {
        return value.eq_ignore_ascii_case(lower);
    }
    value.to_lowercase() == lower
}

/// What a value must hold to fit a predicate: a cheap test that may let too much through, and
/// never too little. All texts are lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Witness {
    /// It is one of these.
    Equal(Vec<String>),
    /// It contains one of these.
    Literals(Vec<String>),
}

/// Shorter literals let nearly everything through.
const SHORTEST_LITERAL: usize = 2;

impl Matcher {
    /// `None`: values that fit have nothing in common that is cheap to look for.
    pub fn witness(&self) -> Option<Witness> {
        if self.op != CmpOp::Eq {
            return None;
        }
        let equal: Option<Vec<String>> = self
            .tests
            .iter()
            .map(|t| match t {
                Test::Equal(lower) => Some(lower.clone()),
                Test::Case(text) => Some(text.to_lowercase()),
                _ => None,
            })
            .collect();
        if let Some(values) = equal {
            return Some(Witness::Equal(values));
        }
        let literals: Option<Vec<String>> = self
            .tests
            .iter()
            .map(|t| match t {
                Test::Equal(lower) => Some(lower.clone()),
                Test::Case(text) => Some(text.to_lowercase()),
                Test::Glob(glob) => glob.longest(),
                _ => None,
            })
            .map(|l| l.filter(|l| l.len() >= SHORTEST_LITERAL))
            .collect();
        literals.map(Witness::Literals)
    }
}

impl Glob {
    fn longest(&self) -> Option<String> {
        let parts = self.middle.iter().chain([&self.first, &self.last]);
        parts.max_by_key(|p| p.len()).map(|p| p.to_lowercase())
    }
}

impl Phrase {
    /// The longest piece that must stand in the raw event.
    pub fn witness(&self) -> Option<Witness> {
        let longest = self.pattern.iter().max_by_key(|p| p.len())?.to_lowercase();
        (longest.len() >= SHORTEST_LITERAL).then(|| Witness::Literals(vec![longest]))
    }
}

/// Words and phrases in the raw event.
#[derive(Debug, Clone)]
pub struct Phrase {
    pattern: Vec<String>,
    /// The phrase begins or ends with a star there.
    open_start: bool,
    open_end: bool,
    fold: bool,
    pub key: String,
}

impl Phrase {
    /// A bare word or quoted phrase, `*` standing for anything but a major break.
    pub fn new(text: &str, fold: bool) -> Phrase {
        let shown = if fold { text.to_lowercase() } else { text.to_owned() };
        Phrase {
            pattern: shown.split('*').filter(|p| !p.is_empty()).map(str::to_owned).collect(),
            open_start: shown.starts_with('*'),
            open_end: shown.ends_with('*'),
            fold,
            key: format!("{text:?} {fold}"),
        }
    }

    /// The texts that stand in every event with the phrase, lower-cased unless case matters.
    pub fn parts(&self) -> &[String] {
        &self.pattern
    }

    /// Whether the phrase stands in `raw` as whole words.
    pub fn matches(&self, raw: &str) -> bool {
        let fold = self.fold && raw.is_ascii();
        let lowered;
        let raw = if self.fold && !fold {
            lowered = raw.to_lowercase();
            lowered.as_bytes()
        } else {
            raw.as_bytes()
        };
        let Some((first, rest)) = self.pattern.split_first() else { return true };
        let mut from = 0;
        while let Some(at) = find(&raw[from..], first.as_bytes(), fold) {
            let start = from + at;
            if (self.open_start || boundary(raw, start))
                && self.rest(raw, start + first.len(), rest, fold)
            {
                return true;
            }
            from = start + 1;
        }
        false
    }

    fn rest(&self, raw: &[u8], mut end: usize, rest: &[String], fold: bool) -> bool {
        for (i, part) in rest.iter().enumerate() {
            let last = i + 1 == rest.len();
            loop {
                let Some(at) = find(&raw[end..], part.as_bytes(), fold) else { return false };
                // What a star stands for does not reach over a blank.
                if raw[end..end + at].iter().any(|b| b.is_ascii_whitespace()) {
                    return false;
                }
                end += at + part.len();
                if !last || self.open_end || boundary(raw, end) {
                    break;
                }
            }
        }
        self.open_end || boundary(raw, end)
    }
}

/// Whether a word may begin or end at `at`: one side is no letter or digit.
fn boundary(raw: &[u8], at: usize) -> bool {
    let word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    !(at > 0 && word(raw.get(at - 1)) && word(raw.get(at)))
}

#[cfg(test)]
mod tests {
    use super::{Matcher, Phrase, WholeTest};
    use crate::column::Column;
    use crate::value::fmt_num;
    use arrow::array::Float64Array;
    use davy_spl::ast::CmpOp;

    #[test]
    fn values_compare_as_search_does() {
        let eq = |pattern: &str, value: &str| Matcher::new(CmpOp::Eq, &[pattern]).matches(value);
        assert!(eq("ADMIN", "admin"));
        assert!(!eq("1", "1.0"));
        assert!(eq("*\\cmd.exe", "C:\\Windows\\CMD.exe"));
        assert!(!eq("*.exe", "a.exe.bak"));
        assert!(eq("10.0.0.0/8", "10.9.8.7"));
        assert!(!eq("10.0.0.0/8", "11.9.8.7"));
        assert!(Matcher::new(CmpOp::Gt, &["9"]).matches("10"));
        assert!(Matcher::new(CmpOp::Ne, &["a"]).matches("b"));
    }

    #[test]
    fn numbers_compare_as_their_texts_do() {
        let numbers = [0.0, -0.0, 1.0, 1.5, 0.1 + 0.2, 1.005 * 1000.0, 1e20, -7.0, f64::NAN];
        let column = Column::Num(Float64Array::from(numbers.to_vec()));
        let texts = ["0", "-0", "1", "1.0", "01", "1.5", "0.3", "1005", "1e+20", "-7", "nan", "x"];
        for text in texts {
            for op in [CmpOp::Eq, CmpOp::Ne] {
                let matcher = Matcher::new(op, &[text]);
                let found: Vec<bool> = matcher.run(&column).values().iter().collect();
                let wanted = numbers.map(|n| matcher.matches(&fmt_num(n)));
                assert_eq!(found, wanted, "{op:?} {text}");
            }
        }
    }

    #[test]
    fn whole_numbers_are_told_by_their_text() {
        let whole = |op, texts: &[&str]| Matcher::new(op, texts).whole_numbers();
        assert_eq!(whole(CmpOp::Eq, &["46", "-1"]), Some(WholeTest::OneOf(vec![46, -1])));
        assert_eq!(whole(CmpOp::Eq, &["46.0", "046", "x", "-0"]), Some(WholeTest::OneOf(vec![])));
        assert_eq!(whole(CmpOp::Ne, &["46"]), Some(WholeTest::NoneOf(vec![46])));
        assert_eq!(whole(CmpOp::Lt, &["4.0"]), Some(WholeTest::Ordered(CmpOp::Lt, 4)));
        for texts in [["4*"], ["1e+20"], ["9007199254740992"]] {
            assert_eq!(whole(CmpOp::Eq, &texts), None, "{texts:?}");
        }
        assert_eq!(whole(CmpOp::Lt, &["4.5"]), None);
    }

    #[test]
    fn words_are_whole() {
        let has = |p: &str, raw: &str| Phrase::new(p, true).matches(raw);
        assert!(has("error", "an ERROR: here"));
        assert!(!has("error", "errors here"));
        assert!(has("error*", "errors here"));
        assert!(has("fail* login", "failed login") || !has("fail* login", "failed x"));
        assert!(has("quick brown", "the quick brown fox"));
    }
}
