//! EVTX files: values go from the binary to columns, with no XML in between.

pub(crate) mod body;
mod chunk;
mod plan;
mod render;
mod template;
mod value;

pub(crate) use value::epoch;

use crate::model::ProblemKind;
use crate::rows::Run;
use crate::shape::Kind;
use crate::xml::shaper::WindowsShaper;
use body::{Body, Part};
use chunk::{Chunk, Record, SIZE};
use plan::{Identity, Inner, Plan};
use render::{Filled, MAX_TEXT};
use std::collections::HashMap;
use std::rc::Rc;
use template::Node;
use value::{Escape, Value};

/// Room for the events of one chunk in the numbering of all, in bits: none is shorter than 28 bytes.
pub const EVENTS_PER_CHUNK: u32 = 12;
/// Past so many kinds of records in an input, the rest goes the long way.
const MAX_PLANS: usize = 4096;

pub(crate) fn decode(run: &mut Run<'_>, body: &mut dyn Body) {
    let start = body::start(body);
    let Some(len) = body.len().checked_sub(start).filter(|len| *len > 0) else {
        let message = "the EVTX file ends in its header".to_owned();
        return run.problem(ProblemKind::Truncated, Some(body.len()), message);
    };
    let offset = |at: usize| start + (at * SIZE) as u64;
    let in_use = body::in_use(body).filter(|_| start > 0).unwrap_or(usize::MAX);
    let count = len.div_ceil(SIZE as u64) as usize;
    // A log that wrapped around begins where its oldest records are.
    let mut oldest = None;
    for at in (0..count).filter(|_| count > 1) {
        let range = body.bytes(offset(at), 40).ok().and_then(chunk::id_range);
        let first = range.filter(|(first, last)| first <= last).map(|(first, _)| (first, at));
        oldest = oldest.into_iter().chain(first).min();
    }
    let oldest = oldest.map_or(0, |(_, at)| at);
    // Members of an archive are numbered one after another, each from the start of a chunk's room.
    let base = run.number.next_multiple_of(1 << EVENTS_PER_CHUNK);
    let number = |place: usize| base + ((place as u64) << EVENTS_PER_CHUNK);
    let mut known = run.take_evtx();
    let wanted = run.meta.chunks.clone().unwrap_or(0..usize::MAX);
    let in_order = (oldest..count).chain(0..oldest).enumerate();
    for (place, at) in in_order.filter(|(place, _)| wanted.contains(place)) {
        run.look_up();
        if run.stopped {
            break;
        }
        // A part of a file numbers its events as the whole does.
        run.number = number(place);
        if run.passes_over_all(1 << EVENTS_PER_CHUNK) {
            continue;
        }
        let offset = offset(at);
        if offset + SIZE as u64 > start + len {
            let message = "the EVTX file ends in the middle of a chunk".to_owned();
            run.problem(ProblemKind::Truncated, Some(offset), message);
        }
        let damaged = "this part of the EVTX file is damaged: it has no chunk header".to_owned();
        match body::part(body, offset, at >= in_use) {
            Ok(Part::Chunk(data)) => match Chunk::new(data) {
                Some(chunk) => known.chunk(run, &chunk, offset),
                None => run.problem(ProblemKind::Corrupt, Some(offset), damaged),
            },
            Ok(Part::Blank) => {}
            Ok(Part::Damaged) => run.problem(ProblemKind::Corrupt, Some(offset), damaged),
            Err(error) => {
                let message = format!("cannot read on: {error}");
                run.problem(ProblemKind::Read, Some(offset), message);
            }
        }
    }
    // Whether chunks were passed over or not.
    run.number = number(count);
    run.set_evtx(known);
}

/// A template, and where it says what an event is; not all templates are events'.
type Template = (Rc<Vec<Node>>, Option<Rc<Identity>>);

/// What is known of templates, over all chunks and files.
#[derive(Default)]
pub(crate) struct Known {
    /// Their places in the list, by what they say.
    numbers: HashMap<Vec<u8>, u32, foldhash::fast::RandomState>,
    templates: Vec<Template>,
    plans: HashMap<Vec<u8>, Option<Rc<Plan>>, foldhash::fast::RandomState>,
    long_way: WindowsShaper,
    key: Vec<u8>,
    /// What a template says.
    written: Vec<u8>,
    outer: Vec<Value>,
    inner: Vec<Value>,
    raw: String,
}

/// Templates of a chunk by where they are defined: their number in the file.
type Numbers = HashMap<u32, (u32, Rc<Vec<Node>>), foldhash::fast::RandomState>;

impl Known {
    /// More was kept than honest files need.
    pub(crate) fn is_full(&self) -> bool {
        self.templates.len() > MAX_PLANS || self.plans.len() >= MAX_PLANS
    }

    fn chunk(&mut self, run: &mut Run<'_>, chunk: &Chunk<'_>, offset: u64) {
        let mut numbers = Numbers::default();
        for record in chunk.records() {
            if run.stopped {
                return;
            }
            if record.is_ok() && run.passes_over() {
                run.pass_over();
                continue;
            }
            // One that cannot be read has a number too, so that passing over it gives the same.
            let next = run.number + 1;
            let place = match &record {
                Ok(record) => record.start.saturating_sub(24),
                Err(at) => *at,
            };
            let read = record.ok().and_then(|record| self.record(run, chunk, record, &mut numbers));
            if read.is_none() {
                let message = "a record of the EVTX file is damaged".to_owned();
                run.problem(ProblemKind::Corrupt, Some(offset + place as u64), message);
            }
            run.number = next;
        }
    }

    /// The number of a template in the file. Equal templates have equal numbers.
    fn number(
        &mut self,
        chunk: &Chunk<'_>,
        definition: u32,
        numbers: &mut Numbers,
    ) -> Option<(u32, Rc<Vec<Node>>)> {
        if let Some(known) = numbers.get(&definition) {
            return Some(known.clone());
        }
        let body = chunk.body(definition)?;
        template::identify(chunk.data, body.start, body.end, &mut self.written)?;
        let number = match self.numbers.get(&self.written) {
            Some(number) => *number,
            None => {
                let template = chunk.template(definition)?;
                let number = u32::try_from(self.templates.len()).ok()?;
                let identity = plan::identity(&template).map(Rc::new);
                self.templates.push((template, identity));
                self.numbers.insert(self.written.clone(), number);
                number
            }
        };
        let (template, _) = self.templates.get(number as usize)?;
        chunk.share(definition, template.clone());
        numbers.insert(definition, (number, template.clone()));
        Some((number, template.clone()))
    }

    /// `None` if the record cannot be read.
    fn record(
        &mut self,
        run: &mut Run<'_>,
        chunk: &Chunk<'_>,
        record: Record,
        numbers: &mut Numbers,
    ) -> Option<()> {
        self.outer.clear();
        self.inner.clear();
        chunk.current.set((record.start, record.end));
        let Some(instance) = chunk.instance(record.start, record.end, &mut self.outer) else {
            return self.long(run, chunk, record);
        };
        let (number, outer) = self.number(chunk, instance.definition, numbers)?;
        let known = self.templates.get(number as usize);
        let Some(identity) = known.and_then(|(_, identity)| identity.clone()) else {
            return self.long(run, chunk, record);
        };
        let mut nested =
            self.outer.iter().enumerate().filter(|(_, v)| v.kind == value::BINXML && v.len > 0);
        let found = nested.next().map(|(at, value)| (at as u16, *value));
        if nested.next().is_some() {
            return self.long(run, chunk, record);
        }
        self.key.clear();
        self.key.extend(number.to_le_bytes());
        let mut inner = None;
        if let Some((index, value)) = found {
            let start = value.start as usize;
            let end = start + usize::from(value.len);
            let Some(instance) = chunk.instance(start, end, &mut self.inner) else {
                return self.long(run, chunk, record);
            };
            let (number, nodes) = self.number(chunk, instance.definition, numbers)?;
            self.key.extend(index.to_le_bytes());
            self.key.extend(number.to_le_bytes());
            inner = Some(Inner { index, nodes });
        }
        let filled = Filled::new(chunk, &self.outer);
        for nodes in [&identity.provider, &identity.channel, &identity.event_id] {
            for node in nodes {
                if let Node::Value(index) = node {
                    let value = filled.value(*index);
                    self.key.extend([value.kind, value.len as u8, (value.len >> 8) as u8]);
                    self.key.extend(value.bytes(chunk.data));
                }
            }
        }
        let plan = match self.plans.get(&self.key) {
            Some(plan) => plan.clone(),
            None => self.plan(run, chunk, &outer, inner.as_ref(), &identity),
        };
        match plan {
            Some(plan) if plan.fits(&self.outer, &self.inner) => {
                run.meet(plan.slot);
                let ticks = plan.ticks(Filled::new(chunk, &self.outer), record.written);
                run.counts.latest = run.counts.latest.max(Some(ticks));
                let bytes = chunk.data.get(record.start..record.end).unwrap_or_default();
                let sought = plan.seek.as_ref().is_none_or(|seek| seek.needles.stand_in(bytes));
                if !sought && plan.seek.as_ref().is_some_and(|seek| seek.whole) {
                    run.pass_over();
                    return Some(());
                }
                let levels = [Filled::new(chunk, &self.outer), Filled::new(chunk, &self.inner)];
                let Some(rows) = run.row(plan.slot) else { return Some(()) };
                plan.fill(rows, levels, sought);
                run.end_row(plan.slot, value::epoch(ticks));
                Some(())
            }
            _ => self.long(run, chunk, record),
        }
    }

    fn plan(
        &mut self,
        run: &mut Run<'_>,
        chunk: &Chunk<'_>,
        outer: &[Node],
        inner: Option<&Inner>,
        identity: &Identity,
    ) -> Option<Rc<Plan>> {
        if self.plans.len() >= MAX_PLANS {
            return None;
        }
        let filled = Filled::new(chunk, &self.outer);
        let text = |nodes: &[Node], escape: Escape| {
            let mut out = String::new();
            filled.nodes(nodes, escape, &mut out);
            out
        };
        let provider = text(&identity.provider, Escape::Attribute);
        let channel = text(&identity.channel, Escape::Text);
        let event_id = text(&identity.event_id, Escape::Text);
        let texts = [provider.as_str(), &channel, &event_id];
        let plan = Plan::new(run, outer, inner, identity, texts).map(Rc::new);
        self.plans.insert(self.key.clone(), plan.clone());
        plan
    }

    /// Through the record's XML, for records whose fields no template tells.
    fn long(&mut self, run: &mut Run<'_>, chunk: &Chunk<'_>, record: Record) -> Option<()> {
        self.raw.clear();
        let read = chunk.write(record.start, record.end, (0, MAX_TEXT), &mut self.raw);
        if !read || self.raw.is_empty() {
            return None;
        }
        run.counts.latest = run.counts.latest.max(Some(record.written));
        let time = Some(value::epoch(record.written));
        self.long_way.event(run, Kind::Evtx, &self.raw, time);
        Some(())
    }
}
