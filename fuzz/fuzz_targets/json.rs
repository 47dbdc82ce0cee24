//! JSON events, one a line and in an array.
#![no_main]

use libfuzzer_sys::fuzz_target;

include!("decode.in.rs");

fuzz_target!(|bytes: &[u8]| {
    decode(&[b"{", bytes, b"}"].concat());
    decode(&[b"[", bytes, b"]"].concat());
});
