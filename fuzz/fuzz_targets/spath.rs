//! `spath`, command and function, over JSON and XML with any path; the JSON functions beside it.
#![no_main]

use libfuzzer_sys::fuzz_target;

include!("plan.in.rs");

fuzz_target!(|input: (&str, &str)| {
    let (text, path) = input;
    run("spath input=x", &[text]);
    run(&format!("spath input=x output=y path={}", quoted(path)), &[
        text,
        r#"{"a":[{"b":1},{"b":[2,3]}],"c.d":null}"#,
        "<a b='c'><d>e</d><d>f</d></a>",
    ]);
    let (text, path) = (quoted(text), quoted(path));
    for call in ["spath", "json_extract", "json_extract_exact", "json_delete", "json_keys"] {
        let _ = value(&match call {
            "json_keys" => format!("json_keys({text})"),
            _ => format!("{call}({text}, {path})"),
        });
    }
    let _ = value(&format!("json_set({text}, {path}, 1)"));
    let _ = value(&format!("json_append({text}, {path}, \"v\")"));
});
