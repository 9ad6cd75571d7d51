//! How far the topic of facts is in the log: a row for each partition, moved in the transaction of the
//! facts by the member of the group that was given the partition last. It knows no Kafka.

use std::collections::BTreeMap;

use commands::failure::{Failure, classify};
use commands::{AlsoWrite, Appended};
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

/// The constraint that is violated when somebody else was given the partition meanwhile.
pub(super) const OWNER_MOVES_THEM: &str = "inbound_offsets_moved_by_their_owner";

/// Takes partitions over, and says from which message on each is to be read. Whoever had one before
/// writes no more of it; what they are just writing is waited for.
pub(super) async fn take_over(
    pool: &PgPool,
    topic: &str,
    partitions: &[i32],
    owner: Uuid,
) -> sqlx::Result<Vec<(i32, i64)>> {
    let sql = "
        insert into inbound_offsets as o (topic, partition, next_offset, owner)
        select $1, given.partition, 0, $3
        from unnest($2::integer[]) as given (partition)
        order by given.partition
        on conflict (topic, partition) do update
        set owner = excluded.owner
        returning o.partition, o.next_offset";
    sqlx::query_as(sql).bind(topic).bind(partitions).bind(owner).fetch_all(pool).await
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
    /// The first message behind the batch, by partition.
    pub(super) next: BTreeMap<i32, i64>,
}

/// Why the offsets were not moved.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotMoved {
    /// Somebody else has the partition by now.
    #[error("another member of the group has the partition by now")]
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

    async fn write_to(&self, connection: impl PgExecutor<'_>) -> sqlx::Result<()> {
        let sql = "
            insert into inbound_offsets as o (topic, partition, next_offset, owner)
            select $1, reached.partition, reached.next_offset, $4
            from unnest($2::integer[], $3::bigint[]) as reached (partition, next_offset)
            order by reached.partition
            on conflict (topic, partition) do update
            set next_offset = case when o.owner = excluded.owner then excluded.next_offset else -1 end";
        let (partitions, offsets): (Vec<i32>, Vec<i64>) = self.next.iter().map(|(at, next)| (*at, *next)).unzip();
        let query = sqlx::query(sql).bind(&self.topic).bind(partitions).bind(offsets).bind(self.owner);
        query.execute(connection).await.map(drop)
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
