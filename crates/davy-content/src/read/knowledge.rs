//! Macros, lookups, stories, data sources, deployments, baselines, investigations.

use super::detection::{read_scheduling, scheduling};
use super::{Query, spl, stem, values, version, whole};
use crate::codes;
use crate::model::{
    AddOn, Baseline, CATEGORIES, DataSource, Deployment, Investigation, Lookup, LookupStore,
    MacroFile, NotableAction, Scheduling, Story, USE_CASES,
};
use crate::yaml::{Keys, Reader, Value};
use davy_diag::Spanned;

/// Keys that newer forms add to every kind.
const HEAD: &[&str] = &[
    "id",
    "version",
    "date",
    "author",
    "status",
    "creation_date",
    "modification_date",
    "deprecation_info",
];

pub(super) fn read_macro(
    cx: &mut Reader<'_>,
    mut keys: Keys<'_>,
    path: String,
    query: &mut Query,
) -> Option<MacroFile> {
    let k = &mut keys;
    let name = k.text(cx, "name");
    let args = k.scalars(cx, "arguments");
    let name = name.map(|name| plain_name(cx, name, args.len()));
    let definition = search_text(cx, k, "definition", query);
    let description = k.opt_text(cx, "description").map(|s| s.value).unwrap_or_default();
    k.ignore(HEAD);
    keys.finish(cx);
    if cx.errors > 0 {
        return None;
    }
    let (name, definition) = (name?, definition?);
    Some(MacroFile { name, args, definition, description, iseval: false, validation: None, path })
}

/// A macro's name without the number of its arguments, which stands behind it in `macros.conf`.
fn plain_name(cx: &mut Reader<'_>, mut name: Spanned<String>, args: usize) -> Spanned<String> {
    let parts = name.value.strip_suffix(')').and_then(|text| text.split_once('('));
    let Some((plain, count)) = parts else { return name };
    if count.trim().parse() == Ok(args) {
        name.value.truncate(plain.trim_end().len());
        return name;
    }
    let has = match args {
        1 => "1 name".to_owned(),
        n => format!("{n} names"),
    };
    cx.report(
        codes::BAD_VALUE
            .at(name.span, format!("`{}` says `({count})`, and `arguments` has {has}", name.value))
            .help(format!("write `name: {}` and list each argument in `arguments`", plain.trim())),
    );
    name
}

fn search_text(
    cx: &mut Reader<'_>,
    k: &mut Keys<'_>,
    key: &'static str,
    query: &mut Query,
) -> Option<Spanned<String>> {
    let node = k.need(cx, key)?;
    let text = cx.text(key, node)?;
    Some(spl(cx, node, text, key, query))
}

pub(super) fn read_lookup(cx: &mut Reader<'_>, mut keys: Keys<'_>, path: String) -> Option<Lookup> {
    let k = &mut keys;
    let name = k.text(cx, "name");
    let description = k.opt_text(cx, "description").map(|s| s.value).unwrap_or_default();
    let store = lookup_store(cx, k, &path);
    let default_match = k.opt_scalar(cx, "default_match");
    let match_type = comma_list(cx, k, "match_type");
    let mut count = |cx: &mut Reader<'_>, key: &'static str, low: u32, high: u32| {
        let number = k.opt_int(cx, key)?;
        whole(cx, number, key, low, high)
    };
    let min_matches = count(cx, "min_matches", 0, u32::MAX);
    let max_matches = count(cx, "max_matches", 1, 1000);
    let case_sensitive = k.opt_bool(cx, "case_sensitive_match").unwrap_or(true);
    let text = |cx: &mut Reader<'_>, k: &mut Keys<'_>, key: &'static str| {
        k.opt_text(cx, key).map(|t| t.value).filter(|t| !t.trim().is_empty())
    };
    let time_field = text(cx, k, "time_field");
    // The format that Splunk takes where none is given is that of plain seconds.
    let time_format = text(cx, k, "time_format").filter(|f| !matches!(f.trim(), "%s" | "%s.%Q"));
    let filter = text(cx, k, "filter");
    let mut seconds =
        |cx: &mut Reader<'_>, key: &'static str| k.opt_int(cx, key).map(|n| n.value as f64);
    let min_offset = seconds(cx, "min_offset_secs");
    let max_offset = seconds(cx, "max_offset_secs");
    k.ignore(HEAD);
    k.ignore(&["fields", "fields_list", "lookup_type", "filename", "collection"]);
    for entry in &match_type {
        let (kind, rest) = entry.value.split_once('(').unwrap_or((&entry.value, ""));
        if !matches!(kind.trim(), "WILDCARD" | "CIDR" | "EXACT") || !rest.ends_with(')') {
            cx.report(
                codes::BAD_VALUE
                    .at(entry.span, format!("no match type `{}`", entry.value))
                    .help("write WILDCARD(field) or CIDR(field)"),
            );
        }
    }
    keys.finish(cx);
    if cx.errors > 0 {
        return None;
    }
    Some(Lookup {
        name: name?,
        description,
        store: store?,
        default_match,
        match_type: values(match_type),
        min_matches,
        max_matches,
        case_sensitive,
        time_field,
        time_format,
        filter,
        min_offset,
        max_offset,
        path,
    })
}

/// A list, or the older text with commas.
fn comma_list(cx: &mut Reader<'_>, k: &mut Keys<'_>, key: &'static str) -> Vec<Spanned<String>> {
    let Some(node) = k.get(key) else { return Vec::new() };
    if let Value::Text(text) = &node.value {
        let parts = text.split(',').map(str::trim).filter(|p| !p.is_empty());
        return parts.map(|p| Spanned::new(p.to_owned(), node.span)).collect();
    }
    cx.texts(key, node)
}

fn lookup_store(cx: &mut Reader<'_>, k: &mut Keys<'_>, path: &str) -> Option<LookupStore> {
    if let Some(file) = k.opt_text(cx, "filename") {
        let model = file.value.ends_with(".mlmodel");
        let file = file.value;
        return Some(if model { LookupStore::Model { file } } else { LookupStore::Csv { file } });
    }
    if let Some(collection) = k.opt_text(cx, "collection") {
        let key = if k.has("fields_list") { "fields_list" } else { "fields" };
        let fields = values(comma_list(cx, k, key));
        return Some(LookupStore::KeyValue { collection: collection.value, fields });
    }
    let kinds = [("csv", 0), ("kvstore", 1), ("mlmodel", 2)];
    let Some(node) = k.get("lookup_type") else {
        cx.report(
            codes::MISSING_KEY
                .at(k.span, "the lookup does not say where its rows are")
                .label("in this map")
                .help("add `filename: name.csv`, or `collection:` with `fields_list:`"),
        );
        return None;
    };
    let stem = stem(path);
    let kind = cx.word("lookup_type", node, &kinds)?;
    Some(match kind.value {
        0 => LookupStore::Csv { file: format!("{stem}.csv") },
        1 => LookupStore::KeyValue { collection: stem, fields: values(k.texts(cx, "fields")) },
        _ => LookupStore::Model { file: format!("{stem}.mlmodel") },
    })
}

pub(super) fn read_story(cx: &mut Reader<'_>, mut keys: Keys<'_>, path: String) -> Option<Story> {
    let k = &mut keys;
    let name = k.text(cx, "name");
    let id = k.text(cx, "id");
    let version = version(cx, k);
    let date = k.opt_text(cx, "date").or_else(|| k.opt_text(cx, "modification_date"));
    let author = k.text(cx, "author");
    let description = k.text(cx, "description");
    let narrative = k.text(cx, "narrative");
    let references = k.texts(cx, "references");
    k.ignore(HEAD);
    k.ignore(&["type"]);
    // The third form has the tags' keys at the top.
    let tags = match k.get("tags") {
        Some(node) => cx.map("tags", node).map(|mut t| {
            let read = story_tags(cx, &mut t);
            t.finish(cx);
            read
        }),
        None => Some(story_tags(cx, k)),
    };
    keys.finish(cx);
    if cx.errors > 0 {
        return None;
    }
    let (categories, use_case, products) = tags?;
    Some(Story {
        name: name?,
        id: id?,
        version: version?,
        date: date.map(|s| s.value).unwrap_or_default(),
        author: author?.value,
        description: description?.value,
        narrative: narrative?.value,
        references,
        categories,
        use_case,
        products,
        path,
    })
}

fn story_tags(cx: &mut Reader<'_>, t: &mut Keys<'_>) -> (Vec<String>, String, Vec<String>) {
    let mut categories = Vec::new();
    if let Some(node) = t.need(cx, "category") {
        let path = t.path("category");
        for item in cx.list(&path, node) {
            categories.extend(cx.word(&path, item, CATEGORIES).map(|w| w.value.to_owned()));
        }
    }
    let use_case = t.word(cx, "usecase", USE_CASES).map_or("", |w| w.value).to_owned();
    let products = values(t.texts(cx, "product"));
    t.ignore(&["cve", "group", "threat_group"]);
    (categories, use_case, products)
}

pub(super) fn read_data_source(
    cx: &mut Reader<'_>,
    mut keys: Keys<'_>,
    path: String,
) -> Option<DataSource> {
    let k = &mut keys;
    let name = k.text(cx, "name");
    let id = k.text(cx, "id");
    let version = version(cx, k);
    let description = k.opt_text(cx, "description").map(|s| s.value).unwrap_or_default();
    let source = k.text(cx, "source");
    let sourcetype = k.text(cx, "sourcetype");
    let separator = k.opt_text(cx, "separator").map(|s| s.value);
    let separator_value = k.opt_scalar(cx, "separator_value");
    let configuration = k.opt_text(cx, "configuration").map(|s| s.value);
    let mut add_ons = Vec::new();
    for mut a in k.maps(cx, "supported_TA") {
        let name = a.text(cx, "name");
        let url = a.opt_text(cx, "url").map(|s| s.value).unwrap_or_default();
        let version = a.opt_scalar(cx, "version").unwrap_or_default();
        a.finish(cx);
        add_ons.extend(name.map(|name| AddOn { name: name.value, url, version }));
    }
    let fields = k.scalars(cx, "fields");
    let output_fields = k.scalars(cx, "output_fields");
    let example_log = k.opt_scalar(cx, "example_log");
    k.ignore(HEAD);
    k.ignore(&["field_mappings", "convert_to_log_source", "mitre_components"]);
    keys.finish(cx);
    if cx.errors > 0 {
        return None;
    }
    let unquoted = |s: Spanned<String>| s.value.trim_matches(['\'', '"']).to_owned();
    Some(DataSource {
        name: name?,
        id: id?,
        version: version?,
        description,
        source: unquoted(source?),
        sourcetype: unquoted(sourcetype?),
        separator,
        separator_value,
        configuration,
        add_ons,
        fields,
        output_fields,
        example_log,
        path,
    })
}

pub(super) fn read_deployment(
    cx: &mut Reader<'_>,
    mut keys: Keys<'_>,
    path: String,
) -> Option<Deployment> {
    const KINDS: &[(&str, &str)] = &[
        ("TTP", "TTP"),
        ("Anomaly", "Anomaly"),
        ("Hunting", "Hunting"),
        ("Correlation", "Correlation"),
        ("Baseline", "Baseline"),
        ("Finding-based", "Finding-based"),
    ];
    let k = &mut keys;
    let name = k.text(cx, "name");
    let id = k.text(cx, "id");
    let kind = k.word(cx, "type", KINDS);
    let description = k.text(cx, "description");
    let scheduling = k.need(cx, "scheduling").and_then(|node| cx.map("scheduling", node));
    let scheduling = scheduling.and_then(|keys| read_scheduling(cx, keys));
    let mut risk = false;
    let mut notable = None;
    if let Some(node) = k.get("alert_action")
        && let Some(mut action) = cx.map("alert_action", node)
    {
        if let Some(node) = action.get("rba")
            && let Some(mut rba) = cx.map("alert_action.rba", node)
        {
            risk = rba.opt_bool(cx, "enabled").unwrap_or(false);
            rba.finish(cx);
        }
        notable = notable_action(cx, &mut action);
        action.ignore(&["email", "slack", "phantom", "suppress"]);
        action.finish(cx);
    }
    k.ignore(HEAD);
    keys.finish(cx);
    if cx.errors > 0 {
        return None;
    }
    let kind = kind?;
    Some(Deployment {
        name: name?,
        id: id?,
        kind: Spanned::new(kind.value.to_owned(), kind.span),
        description: description?.value,
        scheduling: scheduling?,
        risk,
        notable,
        path,
    })
}

fn notable_action(cx: &mut Reader<'_>, action: &mut Keys<'_>) -> Option<NotableAction> {
    let node = action.get("notable")?;
    let mut n = cx.map("alert_action.notable", node)?;
    let rule_title = n.text(cx, "rule_title");
    let rule_description = n.text(cx, "rule_description");
    let fields = values(n.texts(cx, "nes_fields"));
    n.finish(cx);
    Some(NotableAction {
        rule_title: rule_title?.value,
        rule_description: rule_description?.value,
        fields,
    })
}

/// What baselines and investigations share.
struct Common {
    name: Spanned<String>,
    id: Spanned<String>,
    search: Spanned<String>,
    description: String,
    stories: Vec<Spanned<String>>,
    detections: Vec<Spanned<String>>,
    scheduling: Option<Scheduling>,
}

fn read_common(cx: &mut Reader<'_>, mut keys: Keys<'_>, query: &mut Query) -> Option<Common> {
    let k = &mut keys;
    let name = k.text(cx, "name");
    let id = k.text(cx, "id");
    let search = search_text(cx, k, "search", query);
    let description = k.text(cx, "description");
    let scheduling = scheduling(cx, k);
    let mut stories = k.texts(cx, "analytic_story");
    let mut detections = Vec::new();
    // The rest of the tags are left-overs of detections and mean nothing here.
    if let Some(node) = k.get("tags")
        && let Some(mut tags) = cx.map("tags", node)
    {
        stories.extend(tags.texts(cx, "analytic_story"));
        detections = tags.texts(cx, "detections");
    }
    k.ignore(HEAD);
    k.ignore(&[
        "type",
        "datamodel",
        "how_to_implement",
        "known_false_positives",
        "references",
        "schedule",
        "inputs",
        "product",
        "security_domain",
    ]);
    keys.finish(cx);
    if cx.errors > 0 {
        return None;
    }
    Some(Common {
        name: name?,
        id: id?,
        search: search?,
        description: description?.value,
        stories,
        detections,
        scheduling,
    })
}

pub(super) fn read_baseline(
    cx: &mut Reader<'_>,
    keys: Keys<'_>,
    path: String,
    query: &mut Query,
) -> Option<Baseline> {
    let Common { name, id, search, description, stories, detections, scheduling } =
        read_common(cx, keys, query)?;
    Some(Baseline { name, id, search, description, stories, detections, scheduling, path })
}

pub(super) fn read_investigation(
    cx: &mut Reader<'_>,
    keys: Keys<'_>,
    path: String,
    query: &mut Query,
) -> Option<Investigation> {
    let Common { name, id, search, description, stories, .. } = read_common(cx, keys, query)?;
    Some(Investigation { name, id, search, description, stories, path })
}
