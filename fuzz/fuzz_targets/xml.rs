//! Windows events as XML.
#![no_main]

use libfuzzer_sys::fuzz_target;

include!("decode.in.rs");

fuzz_target!(|bytes: &[u8]| {
    decode(
        &[
            b"<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\">",
            bytes,
            b"</Event>",
        ]
        .concat(),
    );
    decode(bytes);
});
