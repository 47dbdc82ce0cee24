//! Any bytes: telling formats apart, lines, key=value, CSV, compression.
#![no_main]

use libfuzzer_sys::fuzz_target;

include!("decode.in.rs");

fuzz_target!(|bytes: &[u8]| {
    decode(bytes);
});
