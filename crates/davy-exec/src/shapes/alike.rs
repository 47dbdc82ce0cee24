//! Rows that hold the same in some columns: what depends on these alone is worked out for one row
//! of each kind. Logs say much the same again and again.

use super::made::Fast;
use super::node::NodeId;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewArray, UInt32Array};
use datafusion::arrow::compute::take;
use datafusion::common::Result;
use datafusion::common::hash_utils::{RandomState, create_hashes};
use std::sync::Arc;

/// In fewer rows there is little to spare.
const FEWEST: usize = 64;

/// What was found for the nodes that others read.
pub(crate) type Known = Fast<Vec<NodeId>, Option<Arc<Alike>>>;

#[derive(Debug)]
pub(crate) struct Alike {
    /// The first row of each group.
    firsts: UInt32Array,
    /// The group of each row.
    group: UInt32Array,
}

impl Alike {
    /// Groups rows by columns. `None` where that spares little, or a column holds no text.
    pub(crate) fn of(columns: &[ArrayRef]) -> Result<Option<Alike>> {
        let rows = columns.first().map_or(0, |column| column.len());
        let texts: Option<Vec<&StringViewArray>> =
            columns.iter().map(|array| array.as_string_view_opt()).collect();
        let Some(texts) = texts.filter(|_| rows >= FEWEST) else { return Ok(None) };
        let mut hashes = vec![0; rows];
        create_hashes(columns, &RandomState::with_seed(0), &mut hashes)?;
        let mut firsts: Vec<u32> = Vec::new();
        let mut known: Fast<u64, u32> = Fast::with_capacity_and_hasher(rows, Default::default());
        let mut group: Vec<u32> = Vec::with_capacity(rows);
        for (row, hash) in hashes.into_iter().enumerate() {
            let next = firsts.len() as u32;
            let of = *known.entry(hash).or_insert(next);
            let same = match firsts.get(of as usize) {
                Some(first) => texts.iter().all(|texts| same(texts, *first as usize, row)),
                None => false,
            };
            // Of two that differ and hash alike, the second is a group of its own.
            group.push(if same { of } else { next });
            if !same {
                firsts.push(row as u32);
                if firsts.len() * 4 > rows * 3 {
                    return Ok(None);
                }
            }
        }
        Ok(Some(Alike { firsts: firsts.into(), group: group.into() }))
    }

    /// How many groups there are.
    pub(crate) fn len(&self) -> usize {
        self.firsts.len()
    }

    /// The values of each group's first row.
    pub(crate) fn firsts(&self, column: &ArrayRef) -> Result<ArrayRef> {
        Ok(take(column, &self.firsts, None)?)
    }

    /// Gives each row the value of its group.
    pub(crate) fn spread(&self, column: &ArrayRef) -> Result<ArrayRef> {
        Ok(take(column, &self.group, None)?)
    }

    /// All rows of some groups, in order.
    pub(crate) fn rows(&self, groups: &[u32]) -> Vec<u32> {
        let mut wanted = vec![false; self.len()];
        for group in groups {
            if let Some(slot) = wanted.get_mut(*group as usize) {
                *slot = true;
            }
        }
        let has = |group: &u32| wanted.get(*group as usize).copied().unwrap_or(false);
        let rows = self.group.values().iter().zip(0u32..);
        rows.filter(|(group, _)| has(group)).map(|(_, row)| row).collect()
    }
}

/// Whether two rows hold the same text, or both none.
fn same(texts: &StringViewArray, one: usize, other: usize) -> bool {
    match (texts.is_null(one), texts.is_null(other)) {
        (false, false) => texts.value(one) == texts.value(other),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::Alike;
    use datafusion::arrow::array::{ArrayRef, StringViewArray, UInt64Array};
    use std::sync::Arc;

    #[test]
    fn rows_that_are_alike_stand_for_each_other() {
        let long = "a text that is longer than twelve bytes";
        let one = [Some("a"), None, Some(long), Some(""), Some("a")];
        let texts: StringViewArray = one.iter().copied().cycle().take(100).collect();
        let texts: ArrayRef = Arc::new(texts);
        let alike = Alike::of(std::slice::from_ref(&texts)).unwrap().unwrap();
        assert_eq!(alike.len(), 4);
        let of_a: Vec<u32> = (0..100).filter(|row| row % 5 == 0 || row % 5 == 4).collect();
        assert_eq!(alike.rows(&[0]), of_a);
        let of_none: Vec<u32> = (0..100).filter(|row| row % 5 == 1).collect();
        assert_eq!(alike.rows(&[1]), of_none);
        let few = alike.firsts(&texts).unwrap();
        assert_eq!(&alike.spread(&few).unwrap(), &texts);
    }

    #[test]
    fn numbers_and_rows_that_differ_are_not_grouped() {
        let texts: StringViewArray = (0..100).map(|n| Some(n.to_string())).collect();
        assert!(Alike::of(&[Arc::new(texts)]).unwrap().is_none());
        let numbers = UInt64Array::from(vec![1; 100]);
        assert!(Alike::of(&[Arc::new(numbers)]).unwrap().is_none());
        assert!(Alike::of(&[]).unwrap().is_none());
    }
}
