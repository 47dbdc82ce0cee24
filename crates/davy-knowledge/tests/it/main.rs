//! Add-ons and data models as a user writes them.

use davy_diag::Diagnostics;
use davy_knowledge::{Base, Text};

fn read(text: &str) -> (Base, Diagnostics) {
    let mut diags = Diagnostics::default();
    let texts = [Text { name: "models/own.yml".to_owned(), text: text.to_owned() }];
    (Base::of(&texts, &mut diags), diags)
}

/// A small text that is a thousand million values once its aliases are followed.
fn bomb() -> String {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..10 {
        let before = vec![format!("*a{}", i - 1); 10].join(", ");
        text.push_str(&format!("a{i}: &a{i} [{before}]\n"));
    }
    text
}

#[test]
fn a_small_file_cannot_become_a_large_one() {
    let deep = format!("model: {}{}", "[".repeat(5_000), "]".repeat(5_000));
    let long = format!("model: Own\ndescription: {}\n", "x".repeat(5 << 20));
    for text in [bomb(), deep, long] {
        let (_, diags) = read(&text);
        let codes: Vec<&str> = diags.list().iter().map(|d| d.code.id).collect();
        assert_eq!(codes, ["knowledge::too-large"], "{}", &text[..40]);
    }
}

#[test]
fn numbers_are_texts_as_they_were_written() {
    let (base, diags) = read(
        "model: Own\ndatasets:\n  - name: All\n    constraint: tag=own\n    fields:\n      \
         - version: 1.10\n      - place: 007\n      - other: &n 2.50\n      - same: *n\n",
    );
    assert!(diags.is_empty(), "{:?}", diags.list());
    let model = base.model("Own").expect("the model is read");
    let fields = model.fields("All");
    let of = |name: &str| fields.iter().find(|f| &*f.name == name).and_then(|f| f.default.clone());
    assert_eq!(of("version").as_deref(), Some("1.10"));
    assert_eq!(of("place").as_deref(), Some("007"));
    // An alias has the number's value.
    assert_eq!(of("same").as_deref(), Some("2.5"));
}

/// What is told of an add-on in a user's folder: place, code and headline of each mistake.
fn mistakes(text: &str) -> Vec<String> {
    let mut diags = Diagnostics::default();
    let texts = [Text { name: "own/addons/mine.yml".to_owned(), text: text.to_owned() }];
    let base = Base::of(&texts, &mut diags);
    let told = diags.sorted().into_iter().map(|d| {
        let shown = davy_diag::render::text(base.sources(), d, false);
        let place = shown.lines().nth(1).and_then(|line| line.trim().strip_prefix("--> "));
        let (place, _) = place.and_then(|p| p.rsplit_once(':')).unwrap_or_default();
        format!("{place} {} {}", d.code.id, d.message)
    });
    told.collect()
}

#[test]
fn every_mistake_names_file_line_and_key() {
    let head = "addon: a\nstanzas:\n  - sourcetype: x\n";
    for (text, wanted) in [
        ("    aliases: {b: c}\n", "4 knowledge::unknown-key no key `aliases` here"),
        ("    alias: [a]\n", "4 knowledge::wrong-type `alias` needs a map here"),
        ("    constant:\n      a: [1, 2]\n", "5 knowledge::wrong-type `a` needs a text here"),
        ("    extract: x\n", "4 knowledge::wrong-type `extract` needs a list here"),
        (
            "    extract:\n      - regex: '(?<a>b)'\n        multi: 3\n",
            "6 knowledge::wrong-type `multi` needs true or false here",
        ),
        (
            "    extract:\n      - regex: '(?<a>b)'\n        kv: {}\n",
            "5 knowledge::duplicate `regex` and `kv` are two extractions",
        ),
        ("    eval:\n      b: 1 +\n", "5 spl::missing-operand nothing stands after this `+`"),
        ("    source: a\n    source: b\n", "5 knowledge::yaml the key `source` stands here twice"),
        (
            "    lookup:\n      - match: {a: b}\n",
            "5 knowledge::missing-key `table` is missing here",
        ),
        (
            "eventtypes:\n  - {name: e, search: a=1}\n  - {name: e, search: a=2}\n",
            "6 knowledge::duplicate the add-on has an event type `e` already",
        ),
    ] {
        let told = mistakes(&format!("{head}{text}"));
        assert_eq!(told, [format!("own/addons/mine.yml:{wanted}")], "{text}");
    }
}

// An add-on of a later folder stands in place of an earlier one of its name; two files of one
// folder would hide each other.
#[test]
fn two_files_of_a_folder_do_not_hide_each_other() {
    let text =
        |name: &str| Text { name: name.to_owned(), text: "addon: a\nstanzas: []\n".to_owned() };
    let mut diags = Diagnostics::default();
    Base::of(&[text("one/addons/a.yml"), text("two/addons/a.yml")], &mut diags);
    assert!(diags.is_empty(), "{:?}", diags.list());
    Base::of(&[text("one/addons/a.yml"), text("one/addons/b.yml")], &mut diags);
    let [twice] = diags.list() else { panic!("{:?}", diags.list()) };
    assert_eq!(twice.code.id, "knowledge::duplicate");
    assert!(twice.message.contains("add-on `a`"), "{}", twice.message);
}

// A content may lie in a folder of any name.
#[test]
fn the_last_folder_tells_what_a_file_holds() {
    let mut diags = Diagnostics::default();
    let addon = Text {
        name: "/models/addons/my_macros.yml".to_owned(),
        text: "addon: a\nstanzas: []\n".to_owned(),
    };
    let base = Base::of(&[addon], &mut diags);
    assert!(diags.is_empty(), "{:?}", diags.list());
    assert_eq!(base.addons().len(), 1);
}
