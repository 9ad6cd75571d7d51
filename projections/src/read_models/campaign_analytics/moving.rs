//! Rows of counters along the log, of which the last of each group stays: while a group goes on, its row moves along. What
//! is counted is the affair of whoever counts.

use std::collections::BTreeMap;

/// Rows that go, by key and position, and rows that come.
pub(super) type Changes<K, V> = (Vec<(K, i64)>, Vec<(K, i64, V)>);

/// The last rows of what a batch counts, and what becomes of the stored ones.
pub(super) struct Moving<K, V> {
    last: BTreeMap<K, (i64, V)>,
    new: BTreeMap<(K, i64), V>,
    replaced: Vec<(K, i64)>,
}

impl<K: Ord + Copy, V: Clone + Default> Moving<K, V> {
    /// From the last stored rows, each with its position.
    pub(super) fn from(last: impl IntoIterator<Item = (K, i64, V)>) -> Self {
        let last = last.into_iter().map(|(key, position, value)| (key, (position, value))).collect();
        Self { last, new: BTreeMap::new(), replaced: Vec::new() }
    }

    /// The last row, if there is one.
    pub(super) fn last(&self, key: K) -> Option<&V> {
        self.last.get(&key).map(|(_, value)| value)
    }

    /// Counts something at a position of the group that began at another one.
    pub(super) fn count(&mut self, key: K, group_start: i64, position: i64, change: impl FnOnce(&mut V)) {
        let (before, value) = self.last.entry(key).or_default();
        if *before >= group_start && self.new.remove(&(key, *before)).is_none() {
            self.replaced.push((key, *before));
        }
        change(value);
        *before = position;
        self.new.insert((key, position), value.clone());
    }

    /// The stored rows that go, and the rows that come.
    pub(super) fn changes(self) -> Changes<K, V> {
        let new = self.new.into_iter().map(|((key, position), value)| (key, position, value));
        (self.replaced, new.collect())
    }
}
