//! A log of one's own for each test: a fresh database and a small writer that appends events with
//! right positions and hashes. It is not the sequencer and keeps no rule of the domain.

pub(crate) mod adjusted;
pub(crate) mod history;
pub(crate) mod payments;
pub(crate) mod publishing;
pub(crate) mod purse;
pub(crate) mod vouchers;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::chain::{GENESIS, Hash, Sealed};
use domain::{Event, Moment};
use projections::log;
use projections::log::partition::{PARTITIONS, partition_of_subject};
use projections::{Batch, FoldError, Follower, Projected, Projection};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, PgPool};
use tests::support::postgres::Database;
use uuid::Uuid;

/// An event on its way into the log.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) stream_id: Uuid,
    pub(crate) event: Event,
}

pub(crate) struct TestLog {
    pub(crate) pool: PgPool,
    pub(crate) events: Vec<(i64, Draft)>,
    pub(crate) epoch: i64,
    /// When the event of a position is recorded.
    pub(crate) clock: fn(i64) -> DateTime<Utc>,
    last_hash: Hash,
    sequences: BTreeMap<(&'static str, Uuid), i64>,
}

/// The moment at which the event of a position is recorded, unless a test has another clock.
pub(crate) fn recorded_at(position: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(position)
}

/// Runs a test on a fresh database.
pub(crate) async fn with_log(test: impl AsyncFnOnce(&mut TestLog)) {
    let database = Database::fresh().await;
    let options: PgConnectOptions = database.url.parse().unwrap();
    let pool =
        PgPoolOptions::new().max_connections(12).connect_with(options.disable_statement_logging()).await.unwrap();
    sqlx::migrate!("../migrations").run(&pool).await.unwrap();
    let (events, sequences) = (Vec::new(), BTreeMap::new());
    let mut log = TestLog { pool, events, epoch: 1, clock: recorded_at, last_hash: GENESIS, sequences };
    test(&mut log).await;
    log.pool.close().await;
}

#[derive(Default)]
struct Columns {
    position: Vec<i64>,
    event_id: Vec<Uuid>,
    aggregate_type: Vec<String>,
    aggregate_id: Vec<String>,
    sequence: Vec<i64>,
    event_type: Vec<String>,
    event_version: Vec<String>,
    payload: Vec<String>,
    subject: Vec<String>,
    occurred_at: Vec<DateTime<Utc>>,
    recorded_at: Vec<DateTime<Utc>>,
    previous_hash: Vec<Vec<u8>>,
    hash: Vec<Vec<u8>>,
}

impl TestLog {
    /// The position of the last event.
    pub(crate) fn head(&self) -> i64 {
        self.events.last().map_or(0, |(position, _)| *position)
    }

    pub(crate) async fn append(&mut self, drafts: Vec<Draft>) {
        for chunk in drafts.chunks(1_000) {
            self.append_chunk(chunk).await;
        }
    }

    /// An event that no program knows, in a stream that every projection but one reads.
    pub(crate) async fn append_poison(&mut self, event_type: &str) {
        let position = self.head() + 1;
        self.insert_raw(position, event_type).await;
    }

    /// An event whose payload is none of its type, in a stream of its own; the log goes on after it.
    pub(crate) async fn append_broken(&mut self, event_type: &str) {
        let position = self.head() + 1;
        self.insert_raw(position, event_type).await;
        let event = self.events.last().unwrap().1.clone();
        self.events.push((position, event));
    }

    async fn insert_raw(&self, position: i64, event_type: &str) {
        sqlx::query(
            "with head as (update log_head set position = $1)
            insert into events
            select $1, $2, split_part($3, '.', 1), 'poison', $1, $3, '1', '{}', '{}', 'poison', now(), now(),
                   $2, true, 'test', $2, null, 1, decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex')",
        )
        .bind(position)
        .bind(Uuid::new_v4())
        .bind(event_type)
        .execute(&self.pool)
        .await
        .unwrap();
    }

    async fn append_chunk(&mut self, drafts: &[Draft]) {
        let mut rows = Columns::default();
        let mut head = self.head();
        for draft in drafts {
            head += 1;
            let (event_type, payload) = (draft.event.name(), serde_json::to_string(&draft.event).unwrap());
            let version = draft.event.version().to_string();
            let stream_type = event_type.split_once('.').unwrap().0;
            let sequence = self.sequences.entry((stream_type, draft.stream_id)).or_default();
            *sequence += 1;
            let stream_id = draft.stream_id.to_string();
            let subject = draft.event.subject(&stream_id);
            let at = (self.clock)(head);
            let occurred_at = draft.event.occurred_at().unwrap_or(Moment::from(at));
            let event_id = Uuid::from_u128(u128::from(head.unsigned_abs()));
            let sealed = Sealed {
                position: head,
                epoch: self.epoch,
                event_id,
                stream_type,
                stream_id: &stream_id,
                sequence: *sequence,
                event_type,
                version: &version,
                subject: &subject,
                payload: &payload,
                metadata: "{}",
                occurred_at,
                recorded_at: at.into(),
                command_id: event_id,
                actor: "test",
                correlation_id: event_id,
                causation_id: None,
                previous_hash: self.last_hash,
            };
            rows.previous_hash.push(self.last_hash.to_vec());
            self.last_hash = sealed.hash();
            rows.hash.push(self.last_hash.to_vec());
            rows.position.push(head);
            rows.event_id.push(event_id);
            rows.aggregate_type.push(stream_type.to_owned());
            rows.sequence.push(*sequence);
            rows.event_type.push(event_type.to_owned());
            rows.event_version.push(version);
            rows.aggregate_id.push(stream_id);
            rows.payload.push(payload);
            rows.subject.push(subject);
            rows.occurred_at.push(occurred_at.utc());
            rows.recorded_at.push(at);
            self.events.push((head, draft.clone()));
        }
        self.insert(rows, head).await;
    }

    async fn insert(&self, rows: Columns, head: i64) {
        sqlx::query(
            "with head as (update log_head set position = $13, hash = $14, recorded_at = $15)
            insert into events
            select position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload::json, '{}',
                   subject, occurred_at, recorded_at, event_id, true, 'test', event_id, null, $16, previous_hash, hash
            from unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[],
                        $8::text[], $9::timestamptz[], $10::timestamptz[], $11::bytea[], $12::bytea[], $17::text[])
                as new(position, event_id, aggregate_type, aggregate_id, sequence, event_type, payload, subject,
                       occurred_at, recorded_at, previous_hash, hash, event_version)",
        )
        .bind(rows.position)
        .bind(rows.event_id)
        .bind(rows.aggregate_type)
        .bind(rows.aggregate_id)
        .bind(rows.sequence)
        .bind(rows.event_type)
        .bind(rows.payload)
        .bind(rows.subject)
        .bind(rows.occurred_at)
        .bind(rows.recorded_at)
        .bind(rows.previous_hash)
        .bind(rows.hash)
        .bind(head)
        .bind(self.last_hash.to_vec())
        .bind((self.clock)(head))
        .bind(self.epoch)
        .bind(rows.event_version)
        .execute(&self.pool)
        .await
        .unwrap();
    }

    /// The piece of the log between two positions, as a projection is given it.
    pub(crate) async fn batch<P: Projection>(&self, after: i64, through: i64) -> Batch {
        let mut conn = self.pool.acquire().await.unwrap();
        let entries = log::read_between(&mut conn, after, through, P::STREAMS).await.unwrap();
        Batch { after, through, entries: entries.into_iter().map(Arc::new).collect() }
    }

    /// Folds the log up to a position, `size` positions at a time, each batch given so many times.
    pub(crate) async fn project<P: Projection + Copy>(&self, projection: P, through: i64, size: i64, times: usize) {
        let follower = Projected::new(projection);
        let mut position = follower.begin(&self.pool, Uuid::nil()).await.unwrap().position();
        let mut conn = self.pool.acquire().await.unwrap();
        while position < through {
            let next = through.min(position + size);
            let batch = self.batch::<P>(position, next).await;
            for _ in 0..times {
                follower.handle(&mut conn, &batch).await.unwrap();
            }
            position = next;
        }
    }

    pub(crate) async fn digest(&self, name: &str) -> String {
        let digest = projections::digest(&mut self.pool.acquire().await.unwrap(), name).await.unwrap();
        let tables = digest.tables.iter().map(|table| format!("{}={}:{}", table.table, table.rows, table.digest));
        tables.collect::<Vec<_>>().join(" ")
    }
}

/// Who looks after the partitions of a projection that workers feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workers {
    There,
    Gone,
}

impl TestLog {
    /// Folds each partition of the topic up to a position of its own, one partition after the other, as
    /// workers that know nothing of one another would.
    pub(crate) async fn fold_apart<P: Projection>(
        &self,
        projection: P,
        progress: &[i64],
        workers: Workers,
    ) -> Result<(), FoldError> {
        let mut tx = self.pool.begin().await?;
        let entries = log::read_between(&mut tx, 0, self.head(), P::STREAMS).await?;
        let known = progress_of(&mut tx, P::NAME).await?;
        for (partition, through) in (0..PARTITIONS).zip(progress).rev() {
            let after = known.get(usize::try_from(partition).unwrap()).copied().unwrap_or(0);
            let of_partition = entries.iter().filter(|entry| {
                partition_of_subject(&entry.subject) == partition
                    && entry.position > after
                    && entry.position <= *through
            });
            let batch: Vec<_> = of_partition.map(|entry| entry.clone().recorded().unwrap()).collect();
            projection.fold(&mut tx, &batch).await?;
        }
        projections::engine::checkpoint::ensure(&mut tx, P::NAME, P::VERSION, Uuid::nil()).await?;
        sqlx::query(
            "insert into worker_partitions (follower, partition, position, owner, epoch, attended_until)
            select $1, number - 1, position, gen_random_uuid(), 1,
                   case when $3 then now() + interval '1 hour' else now() - interval '1 second' end
            from unnest($2::bigint[]) with ordinality as progress(position, number)
            on conflict (follower, partition) do update
            set position = excluded.position, attended_until = excluded.attended_until",
        )
        .bind(P::NAME)
        .bind(progress)
        .bind(workers == Workers::There)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn progress_of(conn: &mut sqlx::PgConnection, name: &str) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar("select position from worker_partitions where follower = $1 order by partition")
        .bind(name)
        .fetch_all(conn)
        .await
}
