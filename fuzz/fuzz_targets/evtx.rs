//! EVTX files: the sample with the fuzzer's bytes written over it, so that its headers stay.
#![no_main]

use libfuzzer_sys::fuzz_target;

include!("decode.in.rs");

fuzz_target!(|bytes: &[u8]| {
    // Each four bytes are a place (three) and what is written there (one).
    let mut file = include_bytes!("../../samples/certificate_export.evtx").to_vec();
    for edit in bytes.chunks_exact(4) {
        let at = usize::from(edit[0]) | usize::from(edit[1]) << 8 | usize::from(edit[2]) << 16;
        let len = file.len();
        file[at % len] = edit[3];
    }
    decode(&file);
    decode(bytes);
});
