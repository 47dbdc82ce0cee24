//! JSON functions. Search Reference, "JSON functions".
//!
//! A field that holds an object or array as text is one; a string literal stays a string. So the
//! functions that take values are told of each argument whether it is a literal.

use crate::example;
use crate::expr::{Compiler, Typed};
use crate::json::Json;
use crate::json_path::{JsonPath, Step};
use crate::spec::{Example, FunctionSpec, Kernel, Multi, Nulls, Ret, Support};
use crate::value::{Val, fmt_num, parse_num};
use davy_diag::Spanned;
use davy_spl::ast::{Expr, ExprKind};

/// Null for null; a text of JSON is one value.
const fn json(
    name: &'static str,
    syntax: &'static str,
    summary: &'static str,
    examples: &'static [Example],
    arity: (usize, usize),
    ret: Ret,
    kernel: Kernel,
) -> FunctionSpec {
    FunctionSpec {
        name,
        syntax,
        summary,
        examples,
        source: "Search Reference, JSON functions",
        support: Support::Full,
        arity,
        ret,
        nulls: Nulls::Propagate,
        multi: Multi::Aware,
        pure: true,
        kernel,
    }
}

/// The function behind a form: its first argument tells which others are string literals.
const fn inner(name: &'static str, kernel: Kernel) -> FunctionSpec {
    let spec = json(name, "", "", &[], (1, usize::MAX), Ret::Text, kernel);
    FunctionSpec { nulls: Nulls::Aware, ..spec }
}

const MANY: usize = usize::MAX;

pub(super) static FUNCTIONS: &[FunctionSpec] = &[
    json(
        "json",
        "json(<value>)",
        "The value if it is valid JSON, else null.",
        &[
            example!("| makeresults | eval a=\"{\\\"animal\\\" : \\\"pony\\\"}\", x=json(a)" => field "x" = "{\"animal\":\"pony\"}"),
            example!("| makeresults | eval x=json(\"Golden Gate Bridge\")" => field "x" = ""),
        ],
        (1, 1),
        Ret::Text,
        Kernel::Row(|v, _| parsed(&v[0]).map_or(Val::Null, |j| Val::str(j.to_string()))),
    ),
    json(
        "json_append",
        "json_append(<json>, <path>, <value>[, <path>, <value>]...)",
        "With values added at the end of the arrays that paths lead to. An array is added as one element.",
        &[
            example!("| makeresults | eval p=json_object(\"list\", json_array(\"a\")), x=json_append(p, \"list\", \"b\")" => field "x" = "{\"list\":[\"a\",\"b\"]}"),
        ],
        (3, MANY),
        Ret::Text,
        Kernel::Form(|c, n, a| form(c, n, a, "__json_append")),
    ),
    json(
        "json_array",
        "json_array(<value>, ...)",
        "A JSON array of the values.",
        &[
            example!("| makeresults | eval x=json_array(\"dubois\", json_object(\"name\", \"patel\"), 1)" => field "x" = "[\"dubois\",{\"name\":\"patel\"},1]"),
        ],
        (0, MANY),
        Ret::Text,
        Kernel::Form(|c, n, a| form(c, n, a, "__json_array")),
    ),
    json(
        "json_array_to_mv",
        "json_array_to_mv(<array>[, <keep quotes>])",
        "The elements of a JSON array as values; with true() strings keep their quotes.",
        &[
            example!("| makeresults | eval x=json_array_to_mv(json_array(\"a\", 2))" => field "x" = "a|2"),
            example!("| makeresults | eval x=json_array_to_mv(json_array(\"a\", 2), true())" => field "x" = "\"a\"|2"),
        ],
        (1, 2),
        Ret::Text,
        Kernel::Row(|v, _| to_mv(v)),
    ),
    json(
        "json_delete",
        "json_delete(<object>, <key>, ...)",
        "Without the members that keys such as `a.b` lead to.",
        &[
            example!("| makeresults | eval o=json_object(\"a\", 1, \"b\", json_object(\"c\", 2, \"d\", 3)), x=json_delete(o, \"a\", \"b.c\")" => field "x" = "{\"b\":{\"d\":3}}"),
        ],
        (2, MANY),
        Ret::Text,
        Kernel::Row(|v, _| delete(v)),
    ),
    json(
        "json_entries",
        "json_entries(<object>)",
        "The members of an object as an array of objects with `key` and `value`.",
        &[
            example!("| makeresults | eval x=json_entries(\"{\\\"a\\\": 1, \\\"b\\\": 2}\")" => field "x" = "[{\"key\":\"a\",\"value\":1},{\"key\":\"b\",\"value\":2}]"),
        ],
        (1, 1),
        Ret::Text,
        Kernel::Row(|v, _| entries(&v[0])),
    ),
    json(
        "json_extend",
        "json_extend(<json>, <path>, <array>[, <path>, <array>]...)",
        "With the elements of arrays added at the end of the arrays that paths lead to.",
        &[
            example!("| makeresults | eval p=json_object(\"list\", json_array(\"a\")), x=json_extend(p, \"list\", json_array(\"b\", \"c\"))" => field "x" = "{\"list\":[\"a\",\"b\",\"c\"]}"),
        ],
        (3, MANY),
        Ret::Text,
        Kernel::Form(|c, n, a| form(c, n, a, "__json_extend")),
    ),
    json(
        "json_extract",
        "json_extract(<json>[, <path>]...)",
        "What a path such as `a.b{0}.c` leads to; with `{}` or several paths, an array.",
        &[
            example!("| makeresults | eval c=\"[{\\\"name\\\":\\\"London\\\"},{\\\"name\\\":\\\"Venice\\\"}]\", x=json_extract(c, \"{}.name\")" => field "x" = "[\"London\",\"Venice\"]"),
            example!("| makeresults | eval c=\"[{\\\"name\\\":\\\"London\\\"}]\", x=json_extract(c, \"{0}.name\")" => field "x" = "London"),
        ],
        (1, MANY),
        Ret::Text,
        Kernel::Row(|v, _| extract(v, true)),
    ),
    json(
        "json_extract_exact",
        "json_extract_exact(<json>[, <key>]...)",
        "The member of that name, dots and braces in it meaning nothing; of several names, an array.",
        &[
            example!("| makeresults | eval j=\"{\\\"system.splunk.path\\\":\\\"/opt/splunk/\\\"}\", x=json_extract_exact(j, \"system.splunk.path\")" => field "x" = "/opt/splunk/"),
        ],
        (1, MANY),
        Ret::Text,
        Kernel::Row(|v, _| extract(v, false)),
    ),
    json(
        "json_has_key_exact",
        "json_has_key_exact(<object>, <key>)",
        "True when an object has a member of that name.",
        &[
            example!("| makeresults | where json_has_key_exact(\"{\\\"charlie.garcia\\\":10}\", \"charlie.garcia\")" => rows 1),
        ],
        (2, 2),
        Ret::Bool,
        Kernel::Row(|v, _| {
            let found = parsed(&v[0]).zip(v[1].text()).map(|(j, k)| j.member(&k).is_some());
            found.map_or(Val::Null, Val::Bool)
        }),
    ),
    json(
        "json_keys",
        "json_keys(<object>)",
        "The names of an object's members as a JSON array.",
        &[
            example!("| makeresults | eval x=json_keys(json_object(\"name\", \"Rialto\", \"length\", 157))" => field "x" = "[\"name\",\"length\"]"),
        ],
        (1, 1),
        Ret::Text,
        Kernel::Row(|v, _| keys(&v[0])),
    ),
    json(
        "json_object",
        "json_object([<key>, <value>]...)",
        "A JSON object of keys and values.",
        &[
            example!("| makeresults | eval x=json_object(\"name\", \"maria\", \"tags\", json_array(\"a\", true()))" => field "x" = "{\"name\":\"maria\",\"tags\":[\"a\",true]}"),
        ],
        (0, MANY),
        Ret::Text,
        Kernel::Form(|c, n, a| pairs(c, n, a, 0, "__json_object")),
    ),
    json(
        "json_set",
        "json_set(<json>, <path>, <value>[, <path>, <value>]...)",
        "With values put where paths lead; members that are not there are made.",
        &[
            example!("| makeresults | eval x=json_set(json_object(), \"system.path\", \"/opt\")" => field "x" = "{\"system\":{\"path\":\"/opt\"}}"),
        ],
        (3, MANY),
        Ret::Text,
        Kernel::Form(|c, n, a| pairs(c, n, a, 1, "__json_set")),
    ),
    json(
        "json_set_exact",
        "json_set_exact(<json>, <key>, <value>[, <key>, <value>]...)",
        "With members of these names, dots and braces in them meaning nothing.",
        &[
            example!("| makeresults | eval x=json_set_exact(json_object(), \"system.path\", \"/opt\")" => field "x" = "{\"system.path\":\"/opt\"}"),
        ],
        (3, MANY),
        Ret::Text,
        Kernel::Form(|c, n, a| pairs(c, n, a, 1, "__json_set_exact")),
    ),
    json(
        "json_valid",
        "json_valid(<text>)",
        "True when a text is valid JSON.",
        &[
            example!("| makeresults | eval x=if(json_valid(\"[1]\"), \"true\", \"false\")" => field "x" = "true"),
            example!("| makeresults | eval x=if(json_valid(\"[1\"), \"true\", \"false\")" => field "x" = "false"),
        ],
        (1, 1),
        Ret::Bool,
        Kernel::Row(|v, _| Val::Bool(parsed(&v[0]).is_some())),
    ),
    inner("__json_array", Kernel::Row(|v, _| Val::str(Json::Array(values(v)).to_string()))),
    inner("__json_object", Kernel::Row(|v, _| object(v))),
    inner(
        "__json_set",
        Kernel::Row(|v, _| updated(v, |j, key, value| JsonPath::new(key).set(j, &value))),
    ),
    inner("__json_set_exact", Kernel::Row(|v, _| updated(v, set_exact))),
    inner("__json_append", Kernel::Row(|v, _| updated(v, |j, k, value| extend(j, k, vec![value])))),
    inner(
        "__json_extend",
        Kernel::Row(|v, _| {
            updated(v, |j, key, value| match value {
                Json::Array(items) => extend(j, key, items),
                one => extend(j, key, vec![one]),
            })
        }),
    ),
];

/// Calls `inner` with a first argument that holds an `s` for each string literal.
fn form(c: &mut Compiler<'_>, name: &Spanned<String>, args: &[Expr], to: &str) -> Option<Typed> {
    match to {
        "__json_array" => told(c, name, args, to),
        _ => pairs(c, name, args, 1, to),
    }
}

fn told(c: &mut Compiler<'_>, name: &Spanned<String>, args: &[Expr], to: &str) -> Option<Typed> {
    let kinds: String =
        args.iter().map(|a| if matches!(a.kind, ExprKind::Str(_)) { 's' } else { 'v' }).collect();
    let compiled: Vec<Option<Typed>> = args.iter().map(|a| c.compile(a)).collect();
    let compiled: Option<Vec<Typed>> = compiled.into_iter().collect();
    let mut all = vec![Typed::text(&kinds)];
    all.extend(compiled?);
    c.apply(to, all, name.span)
}

/// As `told`, for arguments that come in pairs after the first `before`.
fn pairs(
    c: &mut Compiler<'_>,
    name: &Spanned<String>,
    args: &[Expr],
    before: usize,
    to: &str,
) -> Option<Typed> {
    if args.len().saturating_sub(before) % 2 == 1 {
        c.errors.push(
            crate::codes::WRONG_COUNT
                .at(name.span, format!("`{}` takes names and values in pairs", name.value))
                .help("add the value that belongs to the last name"),
        );
        return None;
    }
    told(c, name, args, to)
}

/// A valid JSON text; numbers and conditions are JSON too.
fn parsed(value: &Val<'_>) -> Option<Json> {
    match value {
        Val::Null => None,
        Val::Str(s) => Json::parse(s),
        other => Some(to_json(other, false)),
    }
}

/// A value as JSON: what is an object or array already stays one, several values become an array.
fn to_json(value: &Val<'_>, literal: bool) -> Json {
    match value {
        Val::Null => Json::Null,
        Val::Bool(b) => Json::Bool(*b),
        Val::Num(n) if n.is_finite() => Json::Num(fmt_num(*n)),
        Val::Num(_) => Json::Null,
        Val::Str(s) if literal => Json::Str(s.as_ref().to_owned()),
        Val::Str(_) if value.is_multi() => Json::Array(
            value.values().into_iter().map(|one| to_json(&Val::Str(one), false)).collect(),
        ),
        Val::Str(s) => match parse_num(s).filter(|n| fmt_num(*n) == s.as_ref()) {
            Some(_) => Json::Num(s.as_ref().to_owned()),
            None => Json::parse_nested(s).unwrap_or_else(|| Json::Str(s.as_ref().to_owned())),
        },
    }
}

/// The arguments after the first, which tells of literals, as JSON.
fn values(v: &[Val<'_>]) -> Vec<Json> {
    let Some((kinds, rest)) = v.split_first() else { return Vec::new() };
    let kinds = kinds.text().unwrap_or_default().into_owned();
    rest.iter().zip(kinds.bytes()).map(|(value, kind)| to_json(value, kind == b's')).collect()
}

fn object(v: &[Val<'_>]) -> Val<'static> {
    let values = values(v);
    let mut made = Json::Object(Vec::new());
    for (key, value) in v.iter().skip(1).zip(values.into_iter().skip(1)).step_by(2) {
        // A key that is null names no member.
        if let Some(key) = key.joined() {
            set_exact(&mut made, &key, value);
        }
    }
    Val::str(made.to_string())
}

/// Applies each pair of a name and a value to the document, from left to right.
fn updated(v: &[Val<'_>], apply: fn(&mut Json, &str, Json)) -> Val<'static> {
    let Some(mut json) = v.get(1).and_then(parsed) else { return Val::Null };
    let values = values(v);
    for (key, value) in v.iter().skip(2).zip(values.into_iter().skip(2)).step_by(2) {
        if let Some(key) = key.joined() {
            apply(&mut json, &key, value);
        }
    }
    Val::str(json.to_string())
}

fn set_exact(json: &mut Json, key: &str, value: Json) {
    if let Json::Object(members) = json {
        match members.iter_mut().rev().find(|(k, _)| k == key) {
            Some(member) => member.1 = value,
            None => members.push((key.to_owned(), value)),
        }
    }
}

/// What a path leads to becomes an array, if it is none, and takes the values at its end.
/// An empty path is the whole. Search Reference, foreach, example 13.
fn extend(json: &mut Json, path: &str, values: Vec<Json>) {
    let mut add = |place: &mut Json| {
        let old = std::mem::replace(place, Json::Null);
        let mut items = match old {
            Json::Array(items) => items,
            one => vec![one],
        };
        items.extend(values.iter().cloned());
        *place = Json::Array(items);
    };
    match path.is_empty() {
        true => add(json),
        false => JsonPath::new(path).change(json, &mut add),
    }
}

/// A piece of JSON as the value of a field.
fn native(json: &Json) -> Val<'static> {
    match json {
        Json::Null => Val::Null,
        other => Val::str(other.field_text().into_owned()),
    }
}

fn extract(v: &[Val<'_>], paths: bool) -> Val<'static> {
    let Some(json) = parsed(&v[0]) else { return Val::Null };
    let look = |key: &Val<'_>| -> Option<Json> {
        let key = key.text()?;
        if !paths {
            return json.member(&key).cloned();
        }
        // The whole, even when it is no array: as the reference shows it.
        if key == "{}" {
            return Some(json.clone());
        }
        let path = JsonPath::new(&key);
        let found = path.find(&json);
        match path.many() {
            true if found.is_empty() && !leads_to_array(&path, &json) => None,
            true => Some(Json::Array(found.into_iter().cloned().collect())),
            false => found.first().map(|j| (*j).clone()),
        }
    };
    match &v[1..] {
        [] => native(&json),
        [key] => look(key).map_or(Val::Null, |j| native(&j)),
        keys => {
            let found = keys.iter().map(|k| look(k).unwrap_or(Json::Null)).collect();
            Val::str(Json::Array(found).to_string())
        }
    }
}

/// Whether there is an array, perhaps empty, where the path's first `{}` stands.
fn leads_to_array(path: &JsonPath, json: &Json) -> bool {
    let mut at = Some(json);
    for step in path.steps() {
        at = match (step, at) {
            (Step::Each, at) => return matches!(at, Some(Json::Array(_))),
            (Step::Key(key), Some(j)) => j.member(key),
            (Step::Index(i), Some(Json::Array(items))) => items.get(*i),
            _ => None,
        };
    }
    false
}

fn to_mv(v: &[Val<'_>]) -> Val<'static> {
    let quotes = v.get(1).and_then(Val::truth).unwrap_or(false);
    let Some(Json::Array(items)) = parsed(&v[0]) else { return Val::Null };
    let texts: Vec<String> = items
        .iter()
        .map(|item| if quotes { item.to_string() } else { item.field_text().into_owned() })
        .collect();
    Val::multi(&texts)
}

fn entries(value: &Val<'_>) -> Val<'static> {
    let Some(Json::Object(members)) = parsed(value) else { return Val::Null };
    let entry = |(key, value): (String, Json)| {
        Json::Object(vec![("key".to_owned(), Json::Str(key)), ("value".to_owned(), value)])
    };
    Val::str(Json::Array(members.into_iter().map(entry).collect()).to_string())
}

fn keys(value: &Val<'_>) -> Val<'static> {
    let Some(Json::Object(members)) = parsed(value) else { return Val::Null };
    let keys = members.into_iter().map(|(key, _)| Json::Str(key)).collect();
    Val::str(Json::Array(keys).to_string())
}

/// Keys are arguments, or the strings of a JSON array.
fn delete(v: &[Val<'_>]) -> Val<'static> {
    let Some(mut json) = parsed(&v[0]) else { return Val::Null };
    for argument in &v[1..] {
        let Some(text) = argument.text() else { continue };
        let keys = match Json::parse_nested(&text) {
            Some(Json::Array(items)) => items.iter().map(|k| k.field_text().into_owned()).collect(),
            _ => vec![text.into_owned()],
        };
        for key in keys {
            let (parent, last) = key.rsplit_once('.').unwrap_or(("", &key));
            let mut remove = |place: &mut Json| {
                if let Json::Object(members) = place {
                    members.retain(|(k, _)| k != last);
                }
            };
            match parent {
                "" => remove(&mut json),
                parent => JsonPath::new(parent).change(&mut json, &mut remove),
            }
        }
    }
    Val::str(json.to_string())
}
