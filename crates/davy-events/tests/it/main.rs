//! Decoders, through the public interface alone.

// Helpers outside test functions may fail like tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod carried;
mod evtx_file;
mod foreign;
mod hostile;
mod json;
mod known;
mod tables;
mod text;
mod wrapped;
mod xml;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, UInt64Type};
use davy_events::{
    Counts, Decoder, Demand, EventBatch, Meta, Options, Problem, Shape, Sink, Want, mv, rest,
};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The sample with a certificate export amid harmless events, in three forms.
const EVTX: &[u8] = include_bytes!("../../../../samples/certificate_export.evtx");
const XML: &[u8] = include_bytes!("../../../../samples/certificate_export.xml");
const JSON: &[u8] = include_bytes!("../../../../samples/certificate_export.json");

#[derive(Default)]
struct Collect {
    batches: Vec<EventBatch>,
    problems: Vec<Problem>,
}

impl Sink for Collect {
    fn batch(&mut self, batch: EventBatch) -> ControlFlow<()> {
        self.batches.push(batch);
        ControlFlow::Continue(())
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

type Row = BTreeMap<String, String>;

/// What an input came to: the events in order, all their fields as text.
struct Read {
    rows: Vec<Row>,
    numbers: Vec<u64>,
    times: Vec<f64>,
    problems: Vec<Problem>,
    counts: Counts,
    shapes: Vec<Arc<Shape>>,
}

fn names(names: &[&str]) -> Arc<[Arc<str>]> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

fn meta() -> Meta {
    Meta { name: "input.log".to_owned(), now: 1_777_900_000.0, ..Meta::default() }
}

fn read(bytes: &[u8]) -> Read {
    read_with(bytes, &meta(), &Options::default())
}

fn read_with(bytes: &[u8], meta: &Meta, options: &Options) -> Read {
    let want = Want::Fields { names: names(&["__seq", "_time"]), rest: true };
    let mut sink = Collect::default();
    let counts = davy_events::decode(bytes, meta, &want, options, &mut sink);
    gather(sink, counts)
}

/// The same as `read`, from a stream that gives a few bytes at a time.
fn stream(bytes: &[u8]) -> Read {
    struct Slow<'a>(&'a [u8]);
    impl std::io::Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = buffer.len().min(self.0.len()).min(7919);
            let (now, later) = self.0.split_at(count);
            buffer[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }
    let want = Want::Fields { names: names(&["__seq", "_time"]), rest: true };
    let mut sink = Collect::default();
    let (meta, options) = (meta(), Options::default());
    let counts = davy_events::decode_reader(&mut Slow(bytes), &meta, &want, &options, &mut sink);
    gather(sink, counts)
}

fn gather(sink: Collect, counts: Counts) -> Read {
    let mut all = Vec::new();
    let mut shapes = Vec::new();
    for EventBatch { shape, batch } in sink.batches {
        let seq = batch.column(0).as_primitive::<UInt64Type>();
        let time = batch.column(1).as_primitive::<Float64Type>();
        let packed = batch.column(2).as_string_view();
        for row in 0..batch.num_rows() {
            assert!(!packed.is_null(row));
            let fields = rest::iter(packed.value(row));
            let fields: Row = fields.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
            all.push((seq.value(row), time.value(row), fields));
        }
        shapes.push(shape);
    }
    all.sort_by_key(|(seq, _, _)| *seq);
    let times = all.iter().map(|(_, time, _)| *time).collect();
    let numbers = all.iter().map(|(number, _, _)| *number).collect();
    let rows = all.into_iter().map(|(_, _, row)| row).collect();
    Read { rows, numbers, times, problems: sink.problems, counts, shapes }
}

fn values(row: &Row, name: &str) -> Vec<String> {
    row.get(name).map(|cell| mv::split(cell).map(str::to_owned).collect()).unwrap_or_default()
}

/// Wants some fields of events with one event code, and skips all others.
struct OnlyCode(&'static str, Arc<[Arc<str>]>);

impl Demand for OnlyCode {
    fn want(&self, shape: &Shape) -> Want {
        if shape.constant("EventCode") == Some(self.0) {
            Want::Fields { names: self.1.clone(), rest: false }
        } else {
            Want::Skip
        }
    }
}

#[test]
fn multivalue_cells_give_back_what_was_put_in() {
    for list in [vec![], vec!["a"], vec!["a", "b"], vec!["", "b", ""], vec!["", ""]] {
        let cell = mv::encode(&list);
        assert_eq!(mv::is_multi(&cell), list.len() > 1);
        let back: Vec<&str> = mv::split(&cell).collect();
        assert_eq!(back, if list.is_empty() { vec![""] } else { list });
    }
}

#[test]
fn a_demand_gets_its_columns_in_order_and_the_rest_is_only_counted() {
    let wanted = ["UserData_Xml", "EventCode", "NoSuchField", "Channel", "_time"];
    let demand = OnlyCode("1007", names(&wanted));
    let mut sink = Collect::default();
    let counts = davy_events::decode(EVTX, &meta(), &demand, &Options::default(), &mut sink);
    assert_eq!((counts.events, counts.skipped, counts.problems), (6, 5, 0));
    let [EventBatch { shape, batch }] = sink.batches.as_slice() else { panic!("one batch") };
    assert!(shape.may_hold("UserData_Xml") && !shape.may_hold("CommandLine"));
    let schema = batch.schema();
    let columns: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(columns, wanted);
    let data = batch.column(0).as_string_view().value(0);
    assert!(data.starts_with("<CertNotificationData ProcessName='mmc.exe'"), "{data}");
    assert!(data.contains("<SubjectName>CN=vpn.mine.example</SubjectName>"), "{data}");
    assert_eq!(batch.column(1).as_string_view().value(0), "1007");
    assert!(batch.column(2).is_null(0));
}

#[test]
fn shape_ids_are_the_same_for_the_same_events_and_only_for_them() {
    let (first, second) = (read(XML), read(XML));
    let ids = |read: &Read| read.shapes.iter().map(|shape| shape.id).collect::<Vec<_>>();
    assert_eq!(ids(&first), ids(&second));
    let mut sorted = ids(&first);
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), first.shapes.len());
}

#[test]
fn batches_are_cut_and_an_early_end_is_heeded() {
    let options = Options { batch_rows: 2, ..Options::default() };
    let want = Want::Fields { names: names(&["_raw"]), rest: false };
    let mut sink = Collect::default();
    davy_events::decode(b"a=1\nb=2\nc=3\n", &meta(), &want, &options, &mut sink);
    let sizes: Vec<usize> = sink.batches.iter().map(|b| b.batch.num_rows()).collect();
    assert_eq!(sizes, [2, 1]);

    struct Once(usize);
    impl Sink for Once {
        fn batch(&mut self, _: EventBatch) -> ControlFlow<()> {
            self.0 += 1;
            ControlFlow::Break(())
        }
        fn problem(&mut self, _: Problem) {}
    }
    let mut once = Once(0);
    davy_events::decode(b"a=1\nb=2\nc=3\nd=4\ne=5\n", &meta(), &want, &options, &mut once);
    assert_eq!(once.0, 1);
}

#[test]
fn rows_of_several_inputs_come_together_with_their_numbers() {
    let want = Want::Fields { names: names(&["__seq", "a"]), rest: false };
    let mut decoder = Decoder::new(&want, Options::default());
    let mut sink = Collect::default();
    for first in [100, 200] {
        let meta = Meta { first, ..meta() };
        decoder.decode(b"{\"a\":1}\n{\"a\":2}\n", &meta, &mut sink);
    }
    assert!(sink.batches.is_empty(), "the rows wait for more");
    decoder.finish(&mut sink);
    let numbers = sink.batches.iter().map(|b| b.batch.column(0).as_primitive::<UInt64Type>());
    let numbers: Vec<u64> = numbers.flat_map(|n| n.values().to_vec()).collect();
    assert_eq!(numbers, [100, 101, 200, 201]);
}

#[test]
fn a_decoder_that_is_used_again_gives_what_a_new_one_gives() {
    let want = Want::Fields { names: names(&["__seq", "_time"]), rest: true };
    let mut decoder = Decoder::new(&want, Options::default());
    let stated = Meta { source: Some("stated".to_owned()), ..meta() };
    for meta in [meta(), meta(), stated, meta()] {
        for bytes in [EVTX, XML, JSON, &EVTX[..8000], b"a=1\n"] {
            let mut sink = Collect::default();
            let counts = decoder.decode(bytes, &meta, &mut sink);
            decoder.finish(&mut sink);
            let again = gather(sink, counts);
            let fresh = read_with(bytes, &meta, &Options::default());
            assert_eq!((again.rows, again.counts), (fresh.rows, fresh.counts));
        }
    }
}
