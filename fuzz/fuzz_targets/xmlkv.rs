//! `xmlkv` and `xpath` over any text.
#![no_main]

use libfuzzer_sys::fuzz_target;

include!("plan.in.rs");

fuzz_target!(|input: (&str, &str)| {
    let (text, path) = input;
    run("xmlkv x", &[text]);
    run(&format!("xpath field=x outfield=y {}", quoted(path)), &[text, "<a b='c'><d>e</d></a>"]);
    run("xmlunescape", &[text]);
});
