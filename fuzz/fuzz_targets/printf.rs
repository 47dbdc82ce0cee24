//! `printf` and the other ways in which numbers are printed.
#![no_main]

use libfuzzer_sys::fuzz_target;

include!("plan.in.rs");

fuzz_target!(|input: (&str, &str, f64, i8)| {
    let (format, text, number, digits) = input;
    let (format, text) = (quoted(format), quoted(text));
    let number = quoted(&number.to_string());
    let _ = value(&format!("printf({format}, {text}, {number}, {digits})"));
    let _ = value(&format!("printf({format})"));
    for as_ in ["hex", "commas", "binary", "duration"] {
        let _ = value(&format!("tostring({number}, \"{as_}\")"));
    }
    let _ = value(&format!("round({number}, {digits})"));
    let _ = value(&format!("sigfig({number}) . exact({number})"));
    let _ = value(&format!("tonumber({text}, {digits})"));
    let _ = value(&format!("substr({text}, {digits}, {digits}) . {number}"));
});
