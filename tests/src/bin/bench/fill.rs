//! Writes a log of any length as it would have come about: the events are valid, in order, sealed by the hash chain
//! and their commands opened, and what is complete is packed; only the way is shorter (COPY, and the indexes made
//! afterwards, as they were). What decides about them, the guards, is not asked and not told.

use chrono::{DateTime, Utc};
use commands::Metadata;
use domain::chain::{Hash, Sealed};
use domain::id::{ActivityId, MemberId};
use domain::role::Role;
use domain::{Event, Moment};
use sqlx::PgPool;
use sqlx::postgres::PgPoolCopyExt;
use tokio::sync::mpsc;
use uuid::Uuid;

const COPY: &str = "
copy events (
    position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, subject,
    occurred_at, recorded_at, command_id, opens_command, actor, correlation_id, causation_id, epoch, previous_hash, hash
) from stdin (format binary)";
const COLUMNS: i16 = 20;
/// How much is sent at once, in bytes.
const PIECE: usize = 1 << 20;
/// PostgreSQL counts µs from 2000-01-01.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// An event that is to be in the log.
pub(crate) struct Made {
    /// Type and id.
    pub(crate) stream: (&'static str, String),
    pub(crate) sequence: i64,
    pub(crate) event: Event,
    /// Never before that of the event before it.
    pub(crate) recorded_at: Moment,
}

impl Made {
    pub(crate) fn activity(fact: domain::activity::Recorded, recorded_at: Moment) -> Self {
        let stream = ("activity", ActivityId::of(&fact.source, &fact.id).to_string());
        let event = Event::Activity(domain::activity::ActivityEvent::Recorded(fact));
        Self { stream, sequence: 1, event, recorded_at }
    }

    pub(crate) fn member(id: MemberId, joined: Moment) -> Self {
        let registered = domain::member::Registered {
            time_zone: domain::zone::Tz::UTC,
            joined_on: joined.utc().date_naive(),
            birthday: None,
            role: Role::User,
            returned: None,
        };
        let event = Event::Member(domain::member::MemberEvent::Registered(registered));
        Self { stream: ("member", id.to_string()), sequence: 1, event, recorded_at: joined }
    }
}

/// Appends events to a log that nobody else writes to; says how many there were.
pub(crate) async fn fill(pool: &PgPool, events: impl Iterator<Item = Made> + Send + 'static) -> i64 {
    let dropped = drop_indexes(pool).await;
    let sql = "select position, epoch, hash, recorded_at from log_head";
    let (position, epoch, hash, _): (i64, i64, Vec<u8>, DateTime<Utc>) =
        sqlx::query_as(sql).fetch_one(pool).await.unwrap();
    let mut seal = Seal { position, epoch, hash: hash.try_into().unwrap(), piece: Vec::new(), last: None };
    let (pieces, mut to_send) = mpsc::channel::<Vec<u8>>(4);
    let sealing = std::thread::spawn(move || {
        seal.piece.extend_from_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
        for made in events {
            seal.add(&made);
            if seal.piece.len() > PIECE {
                let full = std::mem::replace(&mut seal.piece, Vec::with_capacity(PIECE + PIECE / 8));
                pieces.blocking_send(full).unwrap();
            }
        }
        seal.piece.extend_from_slice(&(-1_i16).to_be_bytes());
        pieces.blocking_send(std::mem::take(&mut seal.piece)).unwrap();
        seal
    });
    let mut copy = pool.copy_in_raw(COPY).await.unwrap();
    while let Some(piece) = to_send.recv().await {
        copy.send(piece).await.unwrap();
    }
    copy.finish().await.unwrap();
    let seal = sealing.join().unwrap();
    if let Some(last) = seal.last {
        sqlx::query("update log_head set position = $1, hash = $2, recorded_at = $3")
            .bind(seal.position)
            .bind(&seal.hash[..])
            .bind(last.utc())
            .execute(pool)
            .await
            .unwrap();
    }
    for statement in dropped {
        sqlx::query(&statement).execute(pool).await.unwrap();
    }
    sqlx::query("vacuum analyze events").execute(pool).await.unwrap();
    projections::pack_all(pool).await.unwrap();
    seal.position - position
}

/// Drops what is slow to keep while rows come in, and says how to make it again.
async fn drop_indexes(pool: &PgPool) -> Vec<String> {
    let constraints: Vec<(String, String)> = sqlx::query_as(
        "select conname::text, pg_get_constraintdef(oid)
        from pg_constraint
        where conrelid = 'events'::regclass and contype in ('p', 'u')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut again = Vec::new();
    for (name, definition) in constraints {
        again.push(format!("alter table events add constraint {name} {definition}"));
        sqlx::query(&format!("alter table events drop constraint {name}")).execute(pool).await.unwrap();
    }
    let indexes: Vec<(String, String)> = sqlx::query_as(
        "select indexname::text, indexdef from pg_indexes where tablename = 'events' and schemaname = current_schema()",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    for (name, definition) in indexes {
        again.push(definition);
        sqlx::query(&format!("drop index {name}")).execute(pool).await.unwrap();
    }
    again
}

/// The end of the log, and what is written but not sent.
struct Seal {
    position: i64,
    epoch: i64,
    hash: Hash,
    piece: Vec<u8>,
    last: Option<Moment>,
}

impl Seal {
    fn add(&mut self, made: &Made) {
        let (version, payload) = (made.event.version().to_string(), serde_json::to_string(&made.event).unwrap());
        let metadata = Metadata::system(made.recorded_at);
        let metadata_text = serde_json::to_string(&metadata).unwrap();
        let subject = made.event.subject(&made.stream.1);
        let sealed = Sealed {
            position: self.position + 1,
            epoch: self.epoch,
            event_id: Uuid::now_v7(),
            stream_type: made.stream.0,
            stream_id: &made.stream.1,
            sequence: made.sequence,
            event_type: made.event.name(),
            version: &version,
            subject: &subject,
            payload: &payload,
            metadata: &metadata_text,
            occurred_at: made.event.occurred_at().unwrap_or(made.recorded_at),
            recorded_at: made.recorded_at,
            command_id: metadata.command_id,
            actor: &metadata.actor,
            correlation_id: metadata.correlation_id,
            causation_id: None,
            previous_hash: self.hash,
        };
        let hash = sealed.hash();
        put(&mut self.piece, &sealed, &hash);
        (self.position, self.hash, self.last) = (sealed.position, hash, Some(made.recorded_at));
    }
}

fn put(row: &mut Vec<u8>, event: &Sealed<'_>, hash: &Hash) {
    row.extend_from_slice(&COLUMNS.to_be_bytes());
    field(row, &event.position.to_be_bytes());
    field(row, event.event_id.as_bytes());
    field(row, event.stream_type.as_bytes());
    field(row, event.stream_id.as_bytes());
    field(row, &event.sequence.to_be_bytes());
    field(row, event.event_type.as_bytes());
    field(row, event.version.as_bytes());
    field(row, event.payload.as_bytes());
    field(row, event.metadata.as_bytes());
    field(row, event.subject.as_bytes());
    field(row, &micros(event.occurred_at).to_be_bytes());
    field(row, &micros(event.recorded_at).to_be_bytes());
    field(row, event.command_id.as_bytes());
    field(row, &[1]);
    field(row, event.actor.as_bytes());
    field(row, event.correlation_id.as_bytes());
    row.extend_from_slice(&(-1_i32).to_be_bytes());
    field(row, &event.epoch.to_be_bytes());
    field(row, &event.previous_hash);
    field(row, hash);
}

fn field(row: &mut Vec<u8>, bytes: &[u8]) {
    row.extend_from_slice(&i32::try_from(bytes.len()).unwrap().to_be_bytes());
    row.extend_from_slice(bytes);
}

fn micros(moment: Moment) -> i64 {
    moment.utc().timestamp_micros() - EPOCH_MICROS
}
