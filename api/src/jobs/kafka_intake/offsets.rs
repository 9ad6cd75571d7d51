//! How far the topic of facts is in the log: a row for each partition, moved in the transaction of the
//! facts by the member of the group that was given the partition last. It knows no Kafka.

use std::collections::BTreeMap;

use commands::failure::{Failure, classify};
use commands::{AlsoWrite, Appended};
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use super::identity::Known;

/// The constraint that is violated when somebody else was given the partition meanwhile.
pub(super) const OWNER_MOVES_THEM: &str = "inbound_offsets_moved_by_their_owner";

/// A partition that was taken over, and from which message on it is to be read, if the topic is the same one.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Taken {
    pub(super) partition: i32,
    pub(super) next_offset: i64,
    /// The cluster on which the offset was counted.
    pub(super) cluster_id: Option<String>,
    /// A message that was read of the topic, and its digest.
    pub(super) known_offset: Option<i64>,
    pub(super) known_message: Option<Vec<u8>>,
}

impl Taken {
    /// That message.
    pub(super) fn known(&self) -> Option<Known> {
        let digest = self.known_message.as_deref()?.try_into().ok()?;
        Some(Known { offset: self.known_offset?, digest })
    }
}

/// Takes partitions over, and says how far each is. Whoever had one before writes no more of it; what they are just
/// writing is waited for.
pub(super) async fn take_over(pool: &PgPool, topic: &str, partitions: &[i32], owner: Uuid) -> sqlx::Result<Vec<Taken>> {
    let sql = "
        insert into inbound_offsets as o (topic, partition, next_offset, owner)
        select $1, given.partition, 0, $3
        from unnest($2::integer[]) as given (partition)
        order by given.partition
        on conflict (topic, partition) do update
        set owner = excluded.owner
        returning o.partition, o.next_offset, o.cluster_id, o.known_offset, o.known_message";
    sqlx::query_as(sql).bind(topic).bind(partitions).bind(owner).fetch_all(pool).await
}

/// The next offset of each partition of a topic.
pub(super) async fn reached(pool: &PgPool, topic: &str, limit: i64) -> sqlx::Result<Vec<(i32, i64)>> {
    let sql = "select partition, next_offset from inbound_offsets where topic = $1 order by partition limit $2";
    sqlx::query_as(sql).bind(topic).bind(limit).fetch_all(pool).await
}

/// Forgets how far a topic was: the broker has forgotten its messages.
pub(super) async fn forget(pool: &PgPool, topic: &str) -> sqlx::Result<()> {
    sqlx::query("delete from inbound_offsets where topic = $1").bind(topic).execute(pool).await.map(drop)
}

/// How far a batch of messages goes.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    pub(super) topic: String,
    /// Who was given the partitions, and when: another token each time.
    pub(super) owner: Uuid,
    /// The cluster of the topic, where it says one.
    pub(super) cluster: Option<String>,
    /// By partition.
    pub(super) reached: BTreeMap<i32, Reached>,
}

/// How far a partition is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reached {
    /// The first message that is not.
    pub(super) next_offset: i64,
    /// A message by which the topic is known again.
    pub(super) known: Option<Known>,
}

/// Has partitions stand where it is found that they do, with what they are known by, as long as they are ours.
pub(super) async fn correct(pool: &PgPool, progress: &Progress) -> sqlx::Result<()> {
    let sql = "
        update inbound_offsets as o
        set next_offset = found.next_offset, cluster_id = $6, known_offset = found.known_offset,
            known_message = found.known_message
        from unnest($2::integer[], $3::bigint[], $4::bigint[], $5::bytea[])
            as found (partition, next_offset, known_offset, known_message)
        where o.topic = $1 and o.partition = found.partition and o.owner = $7";
    let columns = progress.columns();
    let query = sqlx::query(sql).bind(&progress.topic).bind(columns.partitions).bind(columns.next_offsets);
    let query = query.bind(columns.known_offsets).bind(columns.known_messages);
    query.bind(&progress.cluster).bind(progress.owner).execute(pool).await.map(drop)
}

struct Columns {
    partitions: Vec<i32>,
    next_offsets: Vec<i64>,
    known_offsets: Vec<Option<i64>>,
    known_messages: Vec<Option<Vec<u8>>>,
}

/// Why the offsets were not moved.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotMoved {
    /// Somebody else has the partition by now.
    #[error("another group member owns the partition now")]
    Fenced,
    /// The database did not do it.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Progress {
    /// Moves the offsets of a batch that has nothing new for the log.
    pub(super) async fn save(&self, pool: &PgPool) -> Result<(), NotMoved> {
        self.write_to(pool).await.map_err(|error| match classify(&error) {
            Failure::Constraint(constraint) if constraint == OWNER_MOVES_THEM => NotMoved::Fenced,
            Failure::Constraint(_) | Failure::Retryable | Failure::Away | Failure::Defect => NotMoved::Database(error),
        })
    }

    /// By what the topic is known stays as it is, where it is known.
    async fn write_to(&self, connection: impl PgExecutor<'_>) -> sqlx::Result<()> {
        let sql = "
            insert into inbound_offsets as o
                (topic, partition, next_offset, known_offset, known_message, cluster_id, owner)
            select $1, reached.*, $6, $7
            from unnest($2::integer[], $3::bigint[], $4::bigint[], $5::bytea[])
                as reached (partition, next_offset, known_offset, known_message)
            order by reached.partition
            on conflict (topic, partition) do update
            set next_offset = case when o.owner = excluded.owner then excluded.next_offset else -1 end,
                known_offset = coalesce(o.known_offset, excluded.known_offset),
                known_message = coalesce(o.known_message, excluded.known_message),
                cluster_id = coalesce(o.cluster_id, excluded.cluster_id)";
        let columns = self.columns();
        let query = sqlx::query(sql).bind(&self.topic).bind(columns.partitions).bind(columns.next_offsets);
        let query = query.bind(columns.known_offsets).bind(columns.known_messages);
        query.bind(&self.cluster).bind(self.owner).execute(connection).await.map(drop)
    }

    fn columns(&self) -> Columns {
        let all = || self.reached.values();
        Columns {
            partitions: self.reached.keys().copied().collect(),
            next_offsets: all().map(|reached| reached.next_offset).collect(),
            known_offsets: all().map(|reached| reached.known.map(|known| known.offset)).collect(),
            known_messages: all().map(|reached| reached.known.map(|known| known.digest.to_vec())).collect(),
        }
    }
}

impl AlsoWrite for Progress {
    fn write<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        _: &'a Appended,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(self.write_to(connection))
    }
}
