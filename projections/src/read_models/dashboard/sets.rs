//! Sets of members on the writing side: what a batch adds to the sets of each span, and what a
//! withdrawn fact takes out of them again. A set is a roaring bitmap of ordinals.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use roaring::RoaringBitmap;
use sqlx::postgres::PgConnection;

use super::span::Width;
use crate::engine::error::FoldError;

/// Who has a fact that occurred in the span.
pub(super) const ACTIVE: &str = "active";
/// Who asked for a reward in the span.
pub(super) const ASKING: &str = "asking";
/// Who counts as a member; kept without a span.
pub(super) const COUNTED: &str = "counted";
/// So many ordinals share a row, so that no row grows beyond 8 KiB.
const SHARD_BITS: u32 = 16;

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    what: &'static str,
    minutes: i16,
    starts_at: DateTime<Utc>,
    shard: i32,
}

impl Key {
    fn of(what: &'static str, width: Option<Width>, moment: DateTime<Utc>, member: u32) -> Self {
        Self {
            what,
            minutes: width.map_or(0, Width::minutes),
            starts_at: width.map_or(DateTime::UNIX_EPOCH, |width| width.floor(moment)),
            shard: (member >> SHARD_BITS).try_into().unwrap_or(i32::MAX),
        }
    }
}

/// What a batch does to one row.
#[derive(Default)]
struct Change {
    position: i64,
    add: BTreeSet<u32>,
    remove: BTreeSet<u32>,
}

/// What a batch does to the sets.
#[derive(Default)]
pub(super) struct Changes {
    rows: BTreeMap<Key, Change>,
    /// Quarter of an hour and member of each withdrawn fact.
    withdrawn: BTreeSet<(DateTime<Utc>, u32)>,
}

impl Changes {
    fn row(&mut self, key: Key, position: i64) -> &mut Change {
        let row = self.rows.entry(key).or_default();
        row.position = position;
        row
    }

    /// A member did something at a moment.
    pub(super) fn seen(&mut self, what: &'static str, moment: DateTime<Utc>, member: u32, position: i64) {
        for width in Width::ALL {
            self.row(Key::of(what, Some(width), moment, member), position).add.insert(member);
        }
    }

    /// What a member is said to have done at a moment does not count any more.
    pub(super) fn withdrawn(&mut self, moment: DateTime<Utc>, member: u32, position: i64) {
        for width in Width::ALL {
            self.row(Key::of(ACTIVE, Some(width), moment, member), position);
        }
        self.withdrawn.insert((Width::Quarter.floor(moment), member));
    }

    /// Somebody began or ceased to count as a member.
    pub(super) fn counted(&mut self, counts: bool, member: u32, position: i64) {
        let row = self.row(Key::of(COUNTED, None, DateTime::UNIX_EPOCH, member), position);
        let (into, out_of) = if counts { (&mut row.add, &mut row.remove) } else { (&mut row.remove, &mut row.add) };
        into.insert(member);
        out_of.remove(&member);
    }

    /// Writes the rows. The facts of the batch are in their table already.
    pub(super) async fn write(self, tx: &mut PgConnection) -> Result<(), FoldError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut sets = load(tx, self.rows.keys().copied().chain(self.around_withdrawn()).collect()).await?;
        let mut changed: BTreeSet<Key> = self.rows.keys().filter(|key| !sets.contains_key(key)).copied().collect();
        for (key, change) in &self.rows {
            let set = sets.entry(*key).or_default();
            let added = change.add.iter().filter(|member| set.insert(**member)).count();
            let removed = change.remove.iter().filter(|member| set.remove(**member)).count();
            if added + removed > 0 {
                changed.insert(*key);
            }
        }
        self.withdraw(tx, &mut sets, &mut changed).await?;
        let (mut rows, mut touched) = (Vec::new(), Vec::new());
        for (key, change) in self.rows {
            match sets.get(&key).filter(|_| changed.contains(&key)) {
                Some(set) => rows.push((key, change.position, stored(set)?)),
                None => touched.push((key, change.position)),
            }
        }
        write_changed(tx, rows).await?;
        write_touched(tx, &touched).await
    }

    /// The rows that say whether an hour or a day still has a member when a quarter of it has not.
    fn around_withdrawn(&self) -> Vec<Key> {
        let mut keys = Vec::new();
        for (quarter, member) in &self.withdrawn {
            for (width, around) in [(Width::Quarter, Width::Hour), (Width::Hour, Width::Day)] {
                keys.extend(steps(width, around, *quarter).map(|at| Key::of(ACTIVE, Some(width), at, *member)));
            }
        }
        keys
    }

    /// Takes members out of the spans in which they have no fact any more: a quarter of an hour is
    /// counted, an hour has who is in one of its quarters, a day who is in one of its hours.
    async fn withdraw(
        &self,
        tx: &mut PgConnection,
        sets: &mut HashMap<Key, RoaringBitmap>,
        changed: &mut BTreeSet<Key>,
    ) -> Result<(), FoldError> {
        if self.withdrawn.is_empty() {
            return Ok(());
        }
        let still = still_active(tx, &self.withdrawn).await?;
        let mut take_out = |sets: &mut HashMap<Key, RoaringBitmap>, key: Key, member: u32| {
            if sets.get_mut(&key).is_some_and(|set| set.remove(member)) {
                changed.insert(key);
            }
        };
        for (quarter, member) in self.withdrawn.iter().filter(|gone| !still.contains(gone)) {
            take_out(sets, Key::of(ACTIVE, Some(Width::Quarter), *quarter, *member), *member);
        }
        for (width, around) in [(Width::Quarter, Width::Hour), (Width::Hour, Width::Day)] {
            for (quarter, member) in &self.withdrawn {
                let mut keys = steps(width, around, *quarter).map(|at| Key::of(ACTIVE, Some(width), at, *member));
                if !keys.any(|key| sets.get(&key).is_some_and(|set| set.contains(*member))) {
                    take_out(sets, Key::of(ACTIVE, Some(around), *quarter, *member), *member);
                }
            }
        }
        Ok(())
    }
}

/// The starts of the steps of one width in the step of another that a moment is in.
fn steps(width: Width, around: Width, moment: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let first = around.floor(moment);
    (0..around.minutes() / width.minutes()).map(move |nth| first + width.length() * nth.into())
}

/// Which of these quarters of an hour and members have a fact that counts.
async fn still_active(
    tx: &mut PgConnection,
    asked: &BTreeSet<(DateTime<Utc>, u32)>,
) -> Result<HashSet<(DateTime<Utc>, u32)>, FoldError> {
    let quarters: BTreeSet<_> = asked.iter().map(|(quarter, _)| *quarter).collect();
    let members: BTreeSet<_> = asked.iter().map(|(_, member)| i64::from(*member)).collect();
    let rows: Vec<(DateTime<Utc>, i32)> = sqlx::query_as(
        "select quarter.starts_at, active.member
        from unnest($1::timestamptz[]) as quarter(starts_at)
        cross join lateral (
            select member
            from dashboard_facts
            where occurred_at >= quarter.starts_at
              and occurred_at < quarter.starts_at + interval '15 minutes'
              and member = any($2)
            group by member
            having sum(change) > 0
        ) as active",
    )
    .bind(quarters.into_iter().collect::<Vec<_>>())
    .bind(members.into_iter().collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|(quarter, member)| (quarter, member.unsigned_abs())).collect())
}

async fn load(tx: &mut PgConnection, keys: BTreeSet<Key>) -> Result<HashMap<Key, RoaringBitmap>, FoldError> {
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "select wanted.nth, stored.members
        from unnest($1::text[], $2::smallint[], $3::timestamptz[], $4::integer[])
            with ordinality as wanted(what, minutes, starts_at, shard, nth)
        cross join lateral (
            select members
            from dashboard_sets
            where dashboard_sets.what = wanted.what
              and dashboard_sets.minutes = wanted.minutes
              and dashboard_sets.starts_at = wanted.starts_at
              and dashboard_sets.shard = wanted.shard
            limit 1
        ) as stored",
    )
    .bind(keys.iter().map(|key| key.what).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.minutes).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.starts_at).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.shard).collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    let keys: Vec<_> = keys.into_iter().collect();
    let mut sets = HashMap::with_capacity(rows.len());
    for (nth, members) in rows {
        let key = usize::try_from(nth - 1).ok().and_then(|nth| keys.get(nth));
        let key = key.ok_or_else(|| FoldError::stored("place of a set", nth.to_string()))?;
        sets.insert(*key, read(&members)?);
    }
    Ok(sets)
}

/// A set as it is stored.
pub(super) fn read(members: &[u8]) -> Result<RoaringBitmap, FoldError> {
    RoaringBitmap::deserialize_from(members).map_err(|error| FoldError::stored("set of members", error.to_string()))
}

fn stored(set: &RoaringBitmap) -> Result<Vec<u8>, FoldError> {
    let mut bytes = Vec::with_capacity(set.serialized_size());
    set.serialize_into(&mut bytes).map_err(|error| FoldError::stored("set of members", error.to_string()))?;
    Ok(bytes)
}

async fn write_changed(tx: &mut PgConnection, rows: Vec<(Key, i64, Vec<u8>)>) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into dashboard_sets (what, minutes, starts_at, shard, position, members)
        select * from unnest($1::text[], $2::smallint[], $3::timestamptz[], $4::integer[], $5::bigint[], $6::bytea[])
        on conflict (what, minutes, starts_at, shard) do update
        set position = excluded.position,
            members = excluded.members",
    )
    .bind(rows.iter().map(|(key, _, _)| key.what).collect::<Vec<_>>())
    .bind(rows.iter().map(|(key, _, _)| key.minutes).collect::<Vec<_>>())
    .bind(rows.iter().map(|(key, _, _)| key.starts_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|(key, _, _)| key.shard).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, position, _)| *position).collect::<Vec<_>>())
    .bind(rows.into_iter().map(|(_, _, members)| members).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// The position alone: a set that stays as it is need not be written again.
async fn write_touched(tx: &mut PgConnection, rows: &[(Key, i64)]) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update dashboard_sets
        set position = touched.position
        from unnest($1::text[], $2::smallint[], $3::timestamptz[], $4::integer[], $5::bigint[])
            as touched(what, minutes, starts_at, shard, position)
        where dashboard_sets.what = touched.what
          and dashboard_sets.minutes = touched.minutes
          and dashboard_sets.starts_at = touched.starts_at
          and dashboard_sets.shard = touched.shard",
    )
    .bind(rows.iter().map(|(key, _)| key.what).collect::<Vec<_>>())
    .bind(rows.iter().map(|(key, _)| key.minutes).collect::<Vec<_>>())
    .bind(rows.iter().map(|(key, _)| key.starts_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|(key, _)| key.shard).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, position)| *position).collect::<Vec<_>>())
    // planned each time: a plan made while the table was empty would read all of it ever after
    .persistent(false)
    .execute(tx)
    .await?;
    Ok(())
}
