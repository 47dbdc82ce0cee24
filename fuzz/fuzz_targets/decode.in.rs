// Shared by the targets of decoders.
use davy_events::{Decoder, EventBatch, Meta, Options, Problem, Sink, Want};

struct Nowhere;

impl Sink for Nowhere {
    fn batch(&mut self, _: EventBatch) -> std::ops::ControlFlow<()> {
        std::ops::ControlFlow::Continue(())
    }

    fn problem(&mut self, _: Problem) {}
}

/// Decodes with all fields and with a few of them; a file gives what its bytes give.
fn decode(bytes: &[u8]) {
    let meta = Meta { name: "fuzz".to_owned(), now: 1_777_900_000.0, ..Meta::default() };
    let names = ["__seq", "_time", "_raw", "EventCode", "a", "a{}.b"].map(std::sync::Arc::from);
    for rest in [true, false] {
        let want = Want::Fields { names: names.clone().into(), rest };
        let counts = davy_events::decode(bytes, &meta, &want, &Options::default(), &mut Nowhere);
        let mut decoder = Decoder::new(&want, Options::default());
        let (mut file, len) = (std::io::Cursor::new(bytes), bytes.len() as u64);
        let of_file = decoder.decode_file(&mut file, len, &meta, &mut Nowhere);
        assert_eq!(of_file.ok(), Some(counts));
    }
}
