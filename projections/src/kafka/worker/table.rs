//! The rows of `worker_partitions`: who folds a partition, how far it is, and where the topic is read on.
//! Whoever takes a partition over gets an epoch of its own, and every write says which it had: the fence.

use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};
use uuid::Uuid;

use crate::engine::checkpoint;
use crate::engine::error::FollowError;
use crate::engine::projection::Projection;
use crate::log::partition::PARTITIONS;

/// How long a partition counts as looked after when nobody says so again.
const ATTENDED_MS: i64 = 6_000;
/// How long to wait for whoever holds a row before trying again.
const LOCK_WITHIN: &str = "set local lock_timeout = '10s'";

/// A place in a partition of the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Where to read on.
    pub(super) offset: i64,
    /// The position of the message before.
    pub(super) seen: i64,
}

/// A partition that is ours now.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Taken {
    pub(super) partition: i32,
    pub(super) epoch: i64,
    pub(super) position: i64,
    pub(super) topic: Option<String>,
    pub(super) next_offset: Option<i64>,
    pub(super) seen_position: Option<i64>,
}

/// A partition of ours, locked for the rest of the transaction, and the log beside it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Ours {
    pub(super) partition: i32,
    pub(super) epoch: i64,
    pub(super) position: i64,
    pub(super) next_offset: Option<i64>,
    pub(super) head: i64,
    pub(super) head_epoch: i64,
    pub(super) leaves_aside: bool,
}

/// How far a partition is folded from now on, and where it is read on; no place leaves that as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) partition: i32,
    pub(super) through: i64,
    pub(super) place: Option<Place>,
}

/// The name of the consumer group: one for each projection of each programme, so that a copy of the database
/// does not take partitions away from the original.
pub(super) async fn group(pool: &PgPool, name: &str) -> sqlx::Result<String> {
    sqlx::query_scalar(
        "select 'reward-ledger.' || $1 || '.' || left(encode(sha256(convert_to(
                    concat_ws('/', system_identifier, current_database(), current_schema()), 'UTF8')), 'hex'), 12)
        from pg_control_system()",
    )
    .bind(name)
    .fetch_one(pool)
    .await
}

/// Takes partitions over. Those of a projection that a follower feeds begin where its checkpoint stands.
pub(super) async fn take_over<P: Projection>(
    pool: &PgPool,
    owner: Uuid,
    partitions: &[i32],
) -> Result<Vec<Taken>, FollowError> {
    let mut conn = pool.acquire().await?;
    let mut tx = conn.begin().await?;
    sqlx::query(LOCK_WITHIN).execute(&mut *tx).await?;
    checkpoint::ensure(&mut tx, P::NAME, P::VERSION, owner).await?;
    // before the partitions, as all do who lock both
    let known = checkpoint::lock(&mut tx, P::NAME).await?;
    let (version, position) = known.map_or((P::VERSION, 0), |known| (known.version, known.position));
    if version > P::VERSION {
        return Err(FollowError::Stop(format!("its rows are of version {version}, which another program writes")));
    }
    if version < P::VERSION {
        return Err(FollowError::Trouble(format!(
            "its rows are of version {version}: a follower folds them again first (`serve`, or `rebuild {}`)",
            P::NAME
        )));
    }
    sqlx::query(
        "insert into worker_partitions (follower, partition, position, owner, epoch, attended_until)
        select $1, partition, $2, $3, 0, now()
        from generate_series(0, $4 - 1) as partition
        on conflict (follower, partition) do nothing",
    )
    .bind(P::NAME)
    .bind(position)
    .bind(owner)
    .bind(PARTITIONS)
    .execute(&mut *tx)
    .await?;
    let taken = sqlx::query_as(
        "update worker_partitions
        set owner = $2, epoch = epoch + 1, updated_at = now(),
            attended_until = clock_timestamp() + $4 * interval '1 millisecond'
        where follower = $1 and partition = any($3)
        returning partition, epoch, position, topic, next_offset, seen_position",
    )
    .bind(P::NAME)
    .bind(owner)
    .bind(partitions)
    .bind(ATTENDED_MS)
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(taken)
}

/// Locks those of the partitions that are still this owner's.
pub(super) async fn lock(
    conn: &mut PgConnection,
    name: &str,
    owner: Uuid,
    partitions: &[i32],
) -> sqlx::Result<Vec<Ours>> {
    sqlx::query_as(
        "select ours.partition, ours.epoch, ours.position, ours.next_offset,
                log_head.position as head, log_head.epoch as head_epoch,
                exists (select from parked_streams where parked_streams.follower = $1)
                or exists (select from interventions where interventions.follower = $1 and step = 'skip') as leaves_aside
        from worker_partitions as ours
        cross join log_head
        where ours.follower = $1
          and ours.owner = $2
          and ours.partition = any($3)
        order by ours.partition
        for update of ours",
    )
    .bind(name)
    .bind(owner)
    .bind(partitions)
    .fetch_all(conn)
    .await
}

/// Saves how far partitions are folded that are locked.
pub(super) async fn save(
    conn: &mut PgConnection,
    name: &str,
    topic: &str,
    steps: impl Iterator<Item = Step> + Clone,
) -> sqlx::Result<()> {
    sqlx::query(
        "update worker_partitions as known
        set position = greatest(known.position, step.through),
            topic = case when step.next_offset is null then known.topic else $2 end,
            next_offset = coalesce(step.next_offset, known.next_offset),
            seen_position = coalesce(step.seen_position, known.seen_position),
            attended_until = clock_timestamp() + $3 * interval '1 millisecond',
            updated_at = now()
        from unnest($4::integer[], $5::bigint[], $6::bigint[], $7::bigint[])
            as step(partition, through, next_offset, seen_position)
        where known.follower = $1
          and known.partition = step.partition",
    )
    .bind(name)
    .bind(topic)
    .bind(ATTENDED_MS)
    .bind(steps.clone().map(|step| step.partition).collect::<Vec<_>>())
    .bind(steps.clone().map(|step| step.through).collect::<Vec<_>>())
    .bind(steps.clone().map(|step| step.place.map(|place| place.offset)).collect::<Vec<_>>())
    .bind(steps.map(|step| step.place.map(|place| place.seen)).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Says that this owner still looks after its partitions, and which those are, with their epochs.
pub(super) async fn attend(pool: &PgPool, name: &str, owner: Uuid) -> sqlx::Result<Vec<(i32, i64)>> {
    sqlx::query_as(
        "update worker_partitions
        set attended_until = clock_timestamp() + $3 * interval '1 millisecond'
        where follower = $1 and owner = $2
        returning partition, epoch",
    )
    .bind(name)
    .bind(owner)
    .bind(ATTENDED_MS)
    .fetch_all(pool)
    .await
}

/// Nobody need wait until this owner is missed.
pub(super) async fn leave(pool: &PgPool, name: &str, owner: Uuid) -> sqlx::Result<()> {
    sqlx::query("update worker_partitions set attended_until = now() where follower = $1 and owner = $2")
        .bind(name)
        .bind(owner)
        .execute(pool)
        .await?;
    Ok(())
}

/// The places of this owner's partitions are not believed any more (where one of them is astray the others
/// may be as well): the log is asked when they are taken over next.
pub(super) async fn forget(pool: &PgPool, name: &str, owner: Uuid) -> sqlx::Result<()> {
    sqlx::query(
        "update worker_partitions
        set next_offset = null, seen_position = null, updated_at = now()
        where follower = $1 and owner = $2",
    )
    .bind(name)
    .bind(owner)
    .execute(pool)
    .await?;
    Ok(())
}
