//! Regular expressions: `rex`, its sed mode, `regex`, `match` and `replace`.
#![no_main]

use libfuzzer_sys::fuzz_target;

include!("plan.in.rs");

fuzz_target!(|input: (&str, &str, &str)| {
    let (pattern, text, with) = input;
    let whole = quoted(&format!("(?<y>{pattern})"));
    run(&format!("rex field=x max_match=5 offset_field=o {whole}"), &[text, "aab1 c=2"]);
    run(&format!("rex field=x mode=sed {}", quoted(&format!("s/{pattern}/{with}/g"))), &[text]);
    run(&format!("regex x={}", quoted(pattern)), &[text]);
    let (pattern, text, with) = (quoted(pattern), quoted(text), quoted(with));
    let _ = value(&format!("replace({text}, {pattern}, {with})"));
    let _ = value(&format!("tostring(match({text}, {pattern}))"));
});
