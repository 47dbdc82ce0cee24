//! `[default]`, settings before any stanza, and `local/` over `default/`.

use crate::read;

// "You can define global settings at the top of the file or in the [default] stanza. If a setting
// is defined at both a global level and in a specific stanza, the value in the stanza wins."
#[test]
fn default_settings_hold_everywhere() {
    let conf = read("[default]\ndisabled = 1\ncron = a\n[x]\ncron = b\n[y]\n");
    assert_eq!(conf.get("x", "disabled"), Some("1"));
    assert_eq!(conf.get("x", "cron"), Some("b"));
    assert_eq!(conf.get("y", "cron"), Some("a"));
    let keys: Vec<&str> = conf.stanzas().map(|s| s.name.value.as_str()).collect();
    assert_eq!(keys, ["x", "y"], "the default stanza is no stanza of its own");
    let x = conf.stanza("x").expect("the stanza");
    assert_eq!(conf.settings(x).count(), 2);
}

#[test]
fn settings_before_any_stanza_are_global() {
    let conf = read("a = 1\n[x]\nb = 2\n[default]\nc = 3\n");
    assert_eq!(conf.get("x", "a"), Some("1"));
    assert_eq!(conf.get("x", "c"), Some("3"));
}

// "The values in the local directory override the default ones": setting by setting.
#[test]
fn local_over_default_key_by_key() {
    let mut conf = read("[a]\nk = default\nl = default\n[b]\nk = default\n");
    conf.layer(read("[a]\nk = local\n[c]\nk = local\n"));
    assert_eq!(conf.get("a", "k"), Some("local"));
    assert_eq!(conf.get("a", "l"), Some("default"));
    assert_eq!(conf.get("b", "k"), Some("default"));
    assert_eq!(conf.get("c", "k"), Some("local"));
}

// A stanza's own setting in default/ still goes before a global one in local/.
#[test]
fn a_global_setting_of_local_is_still_global() {
    let mut conf = read("[default]\nk = 1\n[a]\nk = 2\n[b]\n");
    conf.layer(read("[default]\nk = 3\n"));
    assert_eq!(conf.get("a", "k"), Some("2"));
    assert_eq!(conf.get("b", "k"), Some("3"));
}

// An empty value in local/ is a value.
#[test]
fn an_empty_local_value_counts() {
    let mut conf = read("[a]\nk = 1\n");
    conf.layer(read("[a]\nk =\n"));
    assert_eq!(conf.get("a", "k"), Some(""));
}
