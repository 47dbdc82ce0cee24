//! `cidrmatch`, `like` and the patterns with wildcards.
#![no_main]

use libfuzzer_sys::fuzz_target;

include!("plan.in.rs");

fuzz_target!(|input: (&str, &str, u8)| {
    let (net, address, bits) = input;
    let slash = quoted(&format!("{net}/{bits}"));
    let (net, address) = (quoted(net), quoted(address));
    let _ = value(&format!("tostring(cidrmatch({net}, {address}))"));
    let _ = value(&format!("tostring(cidrmatch({slash}, {address}))"));
    let _ = value(&format!("tostring(cidrmatch(\"10.0.0.0/{bits}\", {address}))"));
    let _ = value(&format!("tostring(cidrmatch(\"2001:db8::/{bits}\", {address}))"));
    let _ = value(&format!("tostring(like({address}, {net}))"));
    let _ = value(&format!("tostring(searchmatch({net}))"));
});
