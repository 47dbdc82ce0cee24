//! The distinct values of many groups: each text is held once, and a group holds numbers of texts.

use super::accumulate::passes;
use crate::column::Column;
use crate::explode::has_multi;
use crate::value::{Val, fmt_num};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, ListArray, MAX_INLINE_VIEW_LEN,
    StringViewArray, StringViewBuilder,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{Accumulator, EmitTo, GroupsAccumulator};
use davy_events::mv;
use foldhash::fast::RandomState;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What is made of the distinct values of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetResult {
    /// How many there are.
    Count,
    /// They themselves, in the order of their letters.
    Values,
}

/// Texts by their numbers, and numbers by their texts.
#[derive(Debug, Default)]
struct Texts {
    /// Views that hold their texts as a whole.
    short: HashMap<u128, u32, RandomState>,
    long: HashMap<Arc<str>, u32, RandomState>,
    /// Numbers by their bits, so that few are printed more than once.
    numbers: HashMap<u64, u32, RandomState>,
    all: Vec<Text>,
    /// Bytes of long texts.
    bytes: usize,
}

#[derive(Debug)]
enum Text {
    Short(u128),
    Long(Arc<str>),
}

impl Text {
    fn with<T>(&self, look: impl FnOnce(&str) -> T) -> T {
        match self {
            Text::Long(text) => look(text),
            Text::Short(view) => {
                let bytes = view.to_le_bytes();
                let end = 4 + bytes[0] as usize;
                look(bytes.get(4..end).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or(""))
            }
        }
    }
}

impl Texts {
    fn number_of(&mut self, text: &str) -> u32 {
        if text.len() <= MAX_INLINE_VIEW_LEN as usize {
            return self.short(arrow::array::make_view(text.as_bytes(), 0, 0));
        }
        if let Some(id) = self.long.get(text) {
            return *id;
        }
        let (text, id): (Arc<str>, u32) = (text.into(), self.all.len() as u32);
        self.bytes += text.len();
        self.long.insert(text.clone(), id);
        self.all.push(Text::Long(text));
        id
    }

    fn short(&mut self, view: u128) -> u32 {
        let all = &mut self.all;
        *self.short.entry(view).or_insert_with(|| {
            all.push(Text::Short(view));
            all.len() as u32 - 1
        })
    }

    fn number(&mut self, n: f64) -> u32 {
        if let Some(id) = self.numbers.get(&n.to_bits()) {
            return *id;
        }
        let id = self.number_of(&fmt_num(n));
        self.numbers.insert(n.to_bits(), id);
        id
    }

    fn size(&self) -> usize {
        self.short.capacity() * 33
            + self.long.capacity() * 25
            + self.numbers.capacity() * 17
            + self.all.capacity() * size_of::<Text>()
            + self.bytes
    }
}

/// The numbers of a group's texts.
#[derive(Debug)]
enum Set {
    Few(Vec<u32>),
    Many(HashSet<u32, RandomState>),
    /// A bit for each text, and how many are set.
    Most(Vec<u64>, usize),
}

/// A group with more texts looks them up.
const FEW: usize = 16;

impl Default for Set {
    fn default() -> Self {
        Set::Few(Vec::new())
    }
}

impl Set {
    /// Adds a text's number; `all` is how many texts there are.
    fn add(&mut self, id: u32, all: usize) {
        match self {
            Set::Few(ids) if ids.contains(&id) => {}
            Set::Few(ids) if ids.len() < FEW => ids.push(id),
            Set::Few(ids) => {
                let mut ids: HashSet<u32, RandomState> = ids.iter().copied().collect();
                ids.insert(id);
                *self = Set::Many(ids);
            }
            Set::Many(ids) => {
                // Bits take less than a table where one text in so many is there.
                if ids.insert(id) && ids.len() * 128 > all {
                    let mut bits = vec![0u64; all.div_ceil(64)];
                    ids.iter().for_each(|id| set(&mut bits, *id));
                    *self = Set::Most(bits, ids.len());
                }
            }
            Set::Most(bits, count) => {
                let (at, bit) = (id as usize / 64, 1u64 << (id % 64));
                if at >= bits.len() && at * 8 > *count * 64 {
                    let mut ids: HashSet<u32, RandomState> = ones(bits).collect();
                    ids.insert(id);
                    *self = Set::Many(ids);
                    return;
                }
                if at >= bits.len() {
                    bits.resize(at + 1, 0);
                }
                if let Some(word) = bits.get_mut(at) {
                    *count += usize::from(*word & bit == 0);
                    *word |= bit;
                }
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Set::Few(ids) => ids.len(),
            Set::Many(ids) => ids.len(),
            Set::Most(_, count) => *count,
        }
    }

    fn ids(&self) -> Vec<u32> {
        match self {
            Set::Few(ids) => ids.clone(),
            Set::Many(ids) => ids.iter().copied().collect(),
            Set::Most(bits, _) => ones(bits).collect(),
        }
    }

    /// Bytes besides the set itself.
    fn size(&self) -> usize {
        match self {
            Set::Few(ids) => ids.capacity() * 4,
            Set::Many(ids) => ids.capacity() * 6,
            Set::Most(bits, _) => bits.capacity() * 8,
        }
    }
}

fn set(bits: &mut [u64], id: u32) {
    if let Some(word) = bits.get_mut(id as usize / 64) {
        *word |= 1 << (id % 64);
    }
}

fn ones(bits: &[u64]) -> impl Iterator<Item = u32> {
    bits.iter().zip(0u32..).flat_map(|(word, at)| {
        (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit)
    })
}

/// The type of what is handed from one accumulator to another: the texts of a group.
pub(super) fn state_type() -> DataType {
    DataType::List(state_field())
}

fn state_field() -> FieldRef {
    Arc::new(Field::new_list_field(DataType::Utf8View, true))
}

#[derive(Debug)]
pub(super) struct SetGroups {
    result: SetResult,
    texts: Texts,
    sets: Vec<Set>,
    /// Bytes in the sets, kept up to date since asking each of many is slow.
    bytes: usize,
}

impl SetGroups {
    pub(super) fn new(result: SetResult) -> Self {
        SetGroups { result, texts: Texts::default(), sets: Vec::new(), bytes: 0 }
    }

    fn grow(&mut self, groups: usize) {
        if self.sets.len() < groups {
            self.sets.resize_with(groups, Set::default);
        }
    }

    fn add(&mut self, group: usize, id: u32) {
        let all = self.texts.all.len();
        if let Some(set) = self.sets.get_mut(group) {
            let before = set.size();
            set.add(id, all);
            self.bytes = (self.bytes + set.size()).saturating_sub(before);
        }
    }

    fn add_texts(
        &mut self,
        texts: &StringViewArray,
        rows: impl Iterator<Item = (usize, usize)>,
        multi: bool,
    ) {
        let views = texts.views();
        for (row, group) in rows.filter(|(row, _)| texts.is_valid(*row)) {
            let view = views.get(row).copied().unwrap_or_default();
            if view as u32 <= MAX_INLINE_VIEW_LEN && !multi {
                let id = self.texts.short(view);
                self.add(group, id);
                continue;
            }
            let text = texts.value(row);
            if !mv::is_multi(text) {
                let id = self.texts.number_of(text);
                self.add(group, id);
                continue;
            }
            for one in mv::split(text) {
                let id = self.texts.number_of(one);
                self.add(group, id);
            }
        }
    }

    fn update(&mut self, values: &Column, rows: impl Iterator<Item = (usize, usize)>) {
        if let Column::Text(texts) = values {
            return self.add_texts(texts, rows, has_multi(texts));
        }
        for (row, group) in rows {
            let id = match values.get(row) {
                Val::Null => continue,
                Val::Num(n) => self.texts.number(n),
                other => match other.text() {
                    Some(text) => self.texts.number_of(&text),
                    None => continue,
                },
            };
            self.add(group, id);
        }
    }

    fn take(&mut self, emit_to: EmitTo) -> Vec<Set> {
        let taken = emit_to.take_needed(&mut self.sets);
        let size: usize = taken.iter().map(Set::size).sum();
        self.bytes = self.bytes.saturating_sub(size);
        taken
    }

    /// Without groups there are no texts.
    fn forget(&mut self) {
        if self.sets.is_empty() {
            self.texts = Texts::default();
        }
    }

    fn text(&self, id: u32) -> Option<&Text> {
        self.texts.all.get(id as usize)
    }

    /// The texts of a set in the order of their letters, as one value.
    fn values(&self, set: &Set) -> Option<String> {
        let owned = |id: u32| self.text(id).map(|t| t.with(str::to_owned));
        let mut texts: Vec<String> = set.ids().into_iter().filter_map(owned).collect();
        texts.sort_unstable();
        (!texts.is_empty()).then(|| mv::encode(&texts))
    }
}

impl GroupsAccumulator for SetGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.grow(total_num_groups);
        let Some(first) = values.first() else { return Ok(()) };
        let rows = group_indices.iter().copied().enumerate();
        self.update(&Column::new(first)?, rows.filter(|(row, _)| passes(opt_filter, *row)));
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let taken = self.take(emit_to);
        let out: ArrayRef = match self.result {
            SetResult::Count => {
                Arc::new(taken.iter().map(|s| Some(s.len() as f64)).collect::<Float64Array>())
            }
            SetResult::Values => {
                let mut out = StringViewBuilder::with_capacity(taken.len());
                taken.iter().for_each(|set| out.append_option(self.values(set)));
                Arc::new(out.finish())
            }
        };
        self.forget();
        Ok(out)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let taken = self.take(emit_to);
        let mut texts = StringViewBuilder::with_capacity(taken.iter().map(Set::len).sum());
        for id in taken.iter().flat_map(Set::ids) {
            if let Some(text) = self.text(id) {
                text.with(|text| texts.append_value(text));
            }
        }
        let lengths = OffsetBuffer::from_lengths(taken.iter().map(Set::len));
        let list = ListArray::try_new(state_field(), lengths, Arc::new(texts.finish()), None)?;
        self.forget();
        Ok(vec![Arc::new(list)])
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.grow(total_num_groups);
        let Some(lists) = values.first().map(|v| v.as_list::<i32>()) else { return Ok(()) };
        let texts = lists.values().as_string_view();
        let ends = lists.offsets().iter().zip(lists.offsets().iter().skip(1));
        let rows = group_indices
            .iter()
            .zip(ends)
            .flat_map(|(group, (from, to))| (*from as usize..*to as usize).map(|at| (at, *group)));
        // The texts of a state are single ones.
        self.add_texts(texts, rows, false);
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |v| v.len());
        let mut each = SetGroups::new(self.result);
        let groups: Vec<usize> = (0..rows).collect();
        each.update_batch(values, &groups, opt_filter, rows)?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.texts.size() + self.sets.capacity() * size_of::<Set>() + self.bytes
    }
}

/// One group.
#[derive(Debug)]
pub(super) struct SetAccumulator(pub(super) SetGroups);

impl Accumulator for SetAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let rows = values.first().map_or(0, |v| v.len());
        self.0.update_batch(values, &vec![0; rows], None, 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.grow(1);
        ScalarValue::try_from_array(&self.0.evaluate(EmitTo::All)?, 0)
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.grow(1);
        let state = self.0.state(EmitTo::All)?;
        state.iter().map(|array| ScalarValue::try_from_array(array, 0)).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let rows = states.first().map_or(0, |v| v.len());
        self.0.merge_batch(states, &vec![0; rows], 1)
    }
}
