//! Rows of counters along the log, one for each group of positions: while a group is unfinished, its row moves to the
//! latest position. It does not know what is counted.

use std::collections::BTreeMap;

/// Deleted rows (key and position), and new rows.
pub(super) type Changes<K, V> = (Vec<(K, i64)>, Vec<(K, i64, V)>);

/// The last row of each key in a batch, and what happens to the stored ones.
pub(super) struct Moving<K, V> {
    last: BTreeMap<K, (i64, V)>,
    new: BTreeMap<(K, i64), V>,
    replaced: Vec<(K, i64)>,
}

impl<K: Ord + Copy, V: Clone + Default> Moving<K, V> {
    /// Starts from the last stored rows, each with its position.
    pub(super) fn from(last: impl IntoIterator<Item = (K, i64, V)>) -> Self {
        let last = last.into_iter().map(|(key, position, value)| (key, (position, value))).collect();
        Self { last, new: BTreeMap::new(), replaced: Vec::new() }
    }

    /// The last row, if there is one.
    pub(super) fn last(&self, key: K) -> Option<&V> {
        self.last.get(&key).map(|(_, value)| value)
    }

    /// Changes the row of `key` at `position`, in the group that began at `group_start`.
    pub(super) fn count(&mut self, key: K, group_start: i64, position: i64, change: impl FnOnce(&mut V)) {
        let (before, value) = self.last.entry(key).or_default();
        if *before >= group_start && self.new.remove(&(key, *before)).is_none() {
            self.replaced.push((key, *before));
        }
        change(value);
        *before = position;
        self.new.insert((key, position), value.clone());
    }

    /// The stored rows to delete, and the rows to insert.
    pub(super) fn changes(self) -> Changes<K, V> {
        let new = self.new.into_iter().map(|((key, position), value)| (key, position, value));
        (self.replaced, new.collect())
    }
}
