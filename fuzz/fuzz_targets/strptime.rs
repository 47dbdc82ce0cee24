//! `strptime`, `strftime`, `relative_time` and the conversions of times.
#![no_main]

use libfuzzer_sys::fuzz_target;

include!("plan.in.rs");

fuzz_target!(|input: (&str, &str, f64)| {
    let (text, format, time) = input;
    let (text, format) = (quoted(text), quoted(format));
    let read = value(&format!("strptime({text}, {format})"));
    if let Ok(time) = read {
        // What was read can be written.
        let _ = value(&format!("strftime({time}, {format})"));
    }
    let time = quoted(&time.to_string());
    let _ = value(&format!("strftime({time}, {format})"));
    let _ = value(&format!("relative_time({time}, {format})"));
    let _ = value(&format!("tostring({time}, \"duration\")"));
    run("convert dur2sec(x) as a memk(x) as b mstime(x) as c mktime(x) as d", &[text.as_str()]);
});
