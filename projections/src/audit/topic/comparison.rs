//! Compares the messages of a topic with the log, page by page. Memory holds one bit for each position, packed, and one
//! number for each partition.

use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt;
use rdkafka::message::{Message, OwnedMessage};
use roaring::RoaringTreemap;
use sqlx::postgres::PgConnection;

use crate::audit::{Check, UnreadableRow, stored};
use crate::kafka::topic::message;
use crate::log::Entry;
use crate::log::partition::partition_of;

/// After this many pages the bits are packed.
const PACKED_EACH_PAGES: u64 = 64;

/// One check of the topic, and how often it failed.
#[derive(Debug)]
pub(super) struct Promise {
    pub(super) check: Check,
    pub(super) broken: i64,
}

impl Promise {
    pub(super) fn new(name: &str) -> Self {
        Self { check: Check::new(name), broken: 0 }
    }

    pub(super) fn breaks(&mut self, position: Option<i64>, reason: impl Into<String>) {
        self.broken += 1;
        self.check.fails(position, reason);
    }
}

/// The results so far.
#[derive(Debug)]
pub(super) struct Comparison<'a> {
    ce_source: &'a str,
    partitions: i32,
    /// The positions that are on the topic.
    seen: RoaringTreemap,
    /// The highest position of each partition.
    furthest: BTreeMap<i32, i64>,
    pages: u64,
    pub(super) messages: i64,
    pub(super) duplicates: i64,
    /// Check: every message has a position of the log.
    pub(super) positions: Promise,
    /// Check: every message equals, byte for byte, the one that the log gives.
    pub(super) bytes: Promise,
    /// Check: the first copies of the messages of one key are in the order of the log.
    pub(super) order: Promise,
}

/// A first copy after a higher position of its partition. It is a failure only after a higher position of the same key.
struct Suspect {
    index: usize,
    position: i64,
    subject: String,
    furthest: i64,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(ce_source: &'a str, partitions: i32) -> Self {
        Self {
            ce_source,
            partitions,
            seen: RoaringTreemap::new(),
            furthest: BTreeMap::new(),
            pages: 0,
            messages: 0,
            duplicates: 0,
            positions: Promise::new("positions"),
            bytes: Promise::new("bytes"),
            order: Promise::new("order"),
        }
    }

    /// How many of the positions up to `head` are not on the topic.
    pub(super) fn missing(&self, head: i64) -> i64 {
        head - self.seen_up_to(head)
    }

    fn seen_up_to(&self, position: i64) -> i64 {
        i64::try_from(self.seen.range_cardinality(1..=number(position))).unwrap_or(i64::MAX)
    }

    /// The first position up to `head` that is not on the topic.
    pub(super) fn first_missing(&self, head: i64) -> Option<i64> {
        // every position up to `below` is on the topic
        let (mut below, mut above) = (0, head + 1);
        while below + 1 < above {
            let middle = below + (above - below) / 2;
            if self.seen_up_to(middle) == middle { below = middle } else { above = middle }
        }
        (above <= head).then_some(above)
    }

    pub(super) async fn take_in(&mut self, conn: &mut PgConnection, page: &[OwnedMessage]) -> sqlx::Result<()> {
        let positions: BTreeSet<i64> = page.iter().filter_map(message::position).collect();
        let positions: Vec<i64> = positions.into_iter().collect();
        let stored: BTreeMap<i64, _> = stored(conn, &positions).await?.into_iter().collect();
        // where in this page a position was seen first
        let mut first_at = BTreeMap::new();
        let mut suspects = Vec::new();
        for (index, message) in page.iter().enumerate() {
            self.messages += 1;
            let Some(entry) = self.entry(message, &stored) else { continue };
            if let Some(difference) = message::difference(message, entry, self.ce_source) {
                self.bytes.breaks(Some(entry.position), format!("{}: {difference}", place(message)));
            } else if self.seen.contains(number(entry.position)) {
                self.duplicates += 1;
                continue;
            } else {
                suspects.extend(self.put_in_order(index, message, entry));
            }
            if self.seen.insert(number(entry.position)) {
                first_at.insert(entry.position, index);
            }
        }
        self.bytes.check.checked = self.messages;
        self.positions.check.checked = self.messages;
        self.pages += 1;
        if self.pages.is_multiple_of(PACKED_EACH_PAGES) {
            self.seen.optimize();
        }
        self.judge(conn, suspects, &first_at).await
    }

    /// The event of the log at the position of a message.
    fn entry<'e>(
        &mut self,
        message: &OwnedMessage,
        stored: &'e BTreeMap<i64, Result<Entry, UnreadableRow>>,
    ) -> Option<&'e Entry> {
        let Some(position) = message::position(message) else {
            self.positions.breaks(None, format!("{}: it has no ce_position", place(message)));
            return None;
        };
        match stored.get(&position) {
            Some(Ok(entry)) => return Some(entry),
            Some(Err(unreadable)) => {
                self.bytes.breaks(Some(position), format!("the log cannot be read there: {}", unreadable.reason));
                self.seen.insert(number(position));
            }
            None => {
                self.positions.breaks(Some(position), format!("{}: the log has no such position", place(message)));
            }
        }
        None
    }

    /// Records a first copy in the order of its partition.
    fn put_in_order(&mut self, index: usize, message: &OwnedMessage, entry: &Entry) -> Option<Suspect> {
        self.order.check.checked += 1;
        let partition = partition_of(&entry.subject, self.partitions);
        if partition != message.partition() {
            let reason = format!("{}: its key belongs to partition {partition}", place(message));
            self.order.breaks(Some(entry.position), reason);
            return None;
        }
        let furthest = self.furthest.entry(partition).or_insert(0);
        if entry.position > *furthest {
            *furthest = entry.position;
            return None;
        }
        Some(Suspect { index, position: entry.position, subject: entry.subject.clone(), furthest: *furthest })
    }

    /// Which suspects came after a later event of the same key. A topic that only our relay writes to has no suspects.
    async fn judge(
        &mut self,
        conn: &mut PgConnection,
        suspects: Vec<Suspect>,
        first_at: &BTreeMap<i64, usize>,
    ) -> sqlx::Result<()> {
        let (Some(from), Some(to)) = (
            suspects.iter().map(|suspect| suspect.position).min(),
            suspects.iter().map(|suspect| suspect.furthest).max(),
        ) else {
            return Ok(());
        };
        let index_of: BTreeMap<i64, usize> = suspects.iter().map(|suspect| (suspect.position, suspect.index)).collect();
        let mut behind: BTreeMap<usize, (i64, i64)> = BTreeMap::new();
        let mut later = sqlx::query_as::<_, (i64, i64)>(
            "select suspect.position, later.position
            from unnest($1::bigint[], $2::text[], $3::bigint[]) as suspect (position, subject, furthest)
            join events as later
              on later.subject = suspect.subject
             and later.position > suspect.position
             and later.position <= suspect.furthest
            where later.position > $4
              and later.position <= $5",
        )
        .bind(suspects.iter().map(|suspect| suspect.position).collect::<Vec<_>>())
        .bind(suspects.iter().map(|suspect| suspect.subject.clone()).collect::<Vec<_>>())
        .bind(suspects.iter().map(|suspect| suspect.furthest).collect::<Vec<_>>())
        .bind(from)
        .bind(to)
        .persistent(false)
        .fetch(conn);
        while let Some((position, later)) = later.try_next().await? {
            let Some(index) = index_of.get(&position) else { continue };
            let came_before = first_at.get(&later).is_none_or(|at| at < index);
            if came_before && self.seen.contains(number(later)) {
                behind.entry(*index).or_insert((position, later));
            }
        }
        for (position, later) in behind.into_values() {
            let reason = format!("it comes after position {later}, which has the same key");
            self.order.breaks(Some(position), reason);
        }
        Ok(())
    }
}

/// The partition and offset of a message.
fn place(message: &OwnedMessage) -> String {
    format!("partition {}, offset {}", message.partition(), message.offset())
}

/// Positions start at 1.
fn number(position: i64) -> u64 {
    u64::try_from(position).unwrap_or_default()
}
