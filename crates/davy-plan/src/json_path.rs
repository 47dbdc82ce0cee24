//! Paths into JSON: `a.b{0}.c{}`. Search Reference, spath, and JSON functions.

use crate::json::Json;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    /// `{2}`
    Index(usize),
    /// `{}`
    Each,
}

/// A path as written, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonPath {
    steps: Vec<Step>,
}

impl JsonPath {
    /// Anything is a path; braces that hold no number belong to the name.
    pub(crate) fn new(text: &str) -> JsonPath {
        let mut steps = Vec::new();
        for part in text.split('.') {
            let mut name = part;
            let mut indexes = Vec::new();
            while let Some((before, inside)) =
                name.strip_suffix('}').and_then(|n| n.rsplit_once('{'))
            {
                let step = match inside {
                    "" => Step::Each,
                    digits => match digits.parse() {
                        Ok(index) => Step::Index(index),
                        Err(_) => break,
                    },
                };
                indexes.push(step);
                name = before;
            }
            if !name.is_empty() || indexes.is_empty() {
                steps.push(Step::Key(name.to_owned()));
            }
            steps.extend(indexes.into_iter().rev());
        }
        JsonPath { steps }
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// `{}` stands in it: it may lead to many values.
    pub(crate) fn many(&self) -> bool {
        self.steps.contains(&Step::Each)
    }

    /// Every value that the path leads to, in order.
    pub(crate) fn find<'j>(&self, json: &'j Json) -> Vec<&'j Json> {
        let mut found = vec![json];
        for step in &self.steps {
            found = match step {
                Step::Key(key) => found.into_iter().filter_map(|j| j.member(key)).collect(),
                Step::Index(i) => found.into_iter().filter_map(|j| element(j, *i)).collect(),
                Step::Each => found
                    .into_iter()
                    .flat_map(|j| match j {
                        Json::Array(items) => items.as_slice(),
                        _ => &[],
                    })
                    .collect(),
            };
        }
        found
    }

    /// The places that the path leads to are handed to `change`.
    pub(crate) fn change(&self, json: &mut Json, change: &mut dyn FnMut(&mut Json)) {
        change_at(json, &self.steps, change);
    }

    /// Puts a value where the path leads. Missing members are made; a step that does not fit what
    /// is there leaves it as it is.
    pub(crate) fn set(&self, json: &mut Json, value: &Json) {
        set_at(json, &self.steps, value);
    }
}

fn element(json: &Json, index: usize) -> Option<&Json> {
    match json {
        Json::Array(items) => items.get(index),
        _ => None,
    }
}

fn change_at(json: &mut Json, steps: &[Step], change: &mut dyn FnMut(&mut Json)) {
    let Some((step, rest)) = steps.split_first() else { return change(json) };
    match (step, json) {
        (Step::Key(key), Json::Object(members)) => {
            if let Some((_, value)) = members.iter_mut().rev().find(|(k, _)| k == key) {
                change_at(value, rest, change);
            }
        }
        (Step::Index(i), Json::Array(items)) => {
            if let Some(item) = items.get_mut(*i) {
                change_at(item, rest, change);
            }
        }
        (Step::Each, Json::Array(items)) => {
            items.iter_mut().for_each(|item| change_at(item, rest, change));
        }
        _ => {}
    }
}

fn set_at(json: &mut Json, steps: &[Step], value: &Json) {
    let Some((step, rest)) = steps.split_first() else {
        *json = value.clone();
        return;
    };
    match (step, json) {
        (Step::Key(key), Json::Object(members)) => {
            if let Some((_, inner)) = members.iter_mut().rev().find(|(k, _)| k == key) {
                return set_at(inner, rest, value);
            }
            // Only members can be made; an index into nothing fits nothing.
            if rest.iter().all(|s| matches!(s, Step::Key(_))) {
                let mut made = Json::Object(Vec::new());
                set_at(&mut made, rest, value);
                members.push((key.clone(), made));
            }
        }
        (Step::Index(i), Json::Array(items)) => {
            if *i == items.len() && rest.is_empty() {
                items.push(value.clone());
            } else if let Some(item) = items.get_mut(*i) {
                set_at(item, rest, value);
            }
        }
        (Step::Each, Json::Array(items)) => {
            items.iter_mut().for_each(|item| set_at(item, rest, value));
        }
        _ => {}
    }
}

/// Every scalar with the name that automatic extraction gives it (`a{}.b`), in order of first
/// appearance; a name that occurs several times holds several values.
pub(crate) fn flatten(json: &Json) -> Vec<(String, Vec<String>)> {
    let mut out: Vec<(String, Vec<String>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    walk(json, &mut String::new(), &mut |name, value| {
        let at = *places.entry(name.to_owned()).or_insert_with(|| {
            out.push((name.to_owned(), Vec::new()));
            out.len() - 1
        });
        if let Some((_, values)) = out.get_mut(at) {
            values.push(value);
        }
    });
    out
}

fn walk(json: &Json, name: &mut String, found: &mut dyn FnMut(&str, String)) {
    let len = name.len();
    match json {
        Json::Object(members) => {
            for (key, value) in members {
                if len > 0 {
                    name.push('.');
                }
                name.push_str(key);
                walk(value, name, found);
                name.truncate(len);
            }
        }
        Json::Array(items) => {
            name.push_str("{}");
            items.iter().for_each(|item| walk(item, name, found));
            name.truncate(len);
        }
        scalar => found(name, scalar.field_text().into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{JsonPath, flatten};
    use crate::json::Json;

    const TEXT: &str = r#"{"a":{"b":[{"c":1,"d":[7]},{"c":"x"}]},"":2,"e.f":3,"g{x}":4}"#;

    fn find(path: &str) -> Vec<String> {
        let json = Json::parse(TEXT).unwrap();
        JsonPath::new(path).find(&json).iter().map(|j| j.to_string()).collect()
    }

    #[test]
    fn paths_lead_to_values() {
        for (path, wanted) in [
            ("a.b{0}.c", vec!["1"]),
            ("a.b{}.c", vec!["1", "\"x\""]),
            ("a.b{}.d{}", vec!["7"]),
            ("a.b{5}", vec![]),
            ("a.b.c", vec![]),
            ("e.f", vec![]),
            ("g{x}", vec!["4"]),
            ("a.b{1}", vec![r#"{"c":"x"}"#]),
        ] {
            assert_eq!(find(path), wanted, "{path}");
        }
    }

    #[test]
    fn setting_makes_members_and_keeps_what_does_not_fit() {
        for (text, path, wanted) in [
            ("{}", "a.b", r#"{"a":{"b":9}}"#),
            (r#"{"a":"x"}"#, "a.b", r#"{"a":"x"}"#),
            (r#"{"a":[{},{}]}"#, "a{}.b", r#"{"a":[{"b":9},{"b":9}]}"#),
            (r#"{"a":[1,2]}"#, "a{1}", r#"{"a":[1,9]}"#),
            (r#"{"a":[1,2]}"#, "a{7}", r#"{"a":[1,2]}"#),
            ("[1]", "{0}", "[9]"),
        ] {
            let mut json = Json::parse(text).unwrap();
            JsonPath::new(path).set(&mut json, &Json::Num("9".into()));
            assert_eq!(json.to_string(), wanted, "{text} {path}");
        }
    }

    #[test]
    fn flattened_names_carry_braces() {
        let json = Json::parse(r#"{"a":[{"b":1},{"b":2}],"c":{"d":null},"e":[true]}"#).unwrap();
        let names: Vec<(String, String)> =
            flatten(&json).into_iter().map(|(n, v)| (n, v.join("|"))).collect();
        let wanted = [("a{}.b", "1|2"), ("c.d", "null"), ("e{}", "true")];
        assert_eq!(names, wanted.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }
}
