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
