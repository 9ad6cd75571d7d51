//! The log as it stands in PostgreSQL, read directly: what the service says about itself is compared with this.

use std::collections::BTreeMap;

use sqlx::{PgConnection, PgPool, Row};

use super::Database;

/// One row of `events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the total order.
    pub position: i64,
    /// Its id.
    pub event_id: String,
    /// The type of its stream: `member`, `activity`, `campaign`, `claim`, `referral`.
    pub stream_type: String,
    /// The id of its stream.
    pub stream_id: String,
    /// Its place in the stream.
    pub sequence: i64,
    /// What happened, such as `claim.granted`.
    pub kind: String,
    /// The version that it was written in.
    pub version: String,
    /// Whom it concerns.
    pub subject: String,
    /// The stored bytes of the payload.
    pub payload: String,
    /// The moment of the log.
    pub recorded_at: chrono::DateTime<chrono::Utc>,
    /// The epoch it was appended in.
    pub epoch: i64,
    /// The hash of the event before it.
    pub previous_hash: Vec<u8>,
    /// Its own hash.
    pub hash: Vec<u8>,
}

/// A view of one database's log.
pub struct Log {
    pool: PgPool,
}

impl Log {
    /// Opens the log of a database.
    pub async fn of(database: &Database) -> Log {
        Log { pool: database.pool().await }
    }

    /// All events by position.
    pub async fn events(&self) -> Vec<Event> {
        let mut connection = self.pool.acquire().await.expect("the log can be reached");
        Log::read(&mut connection).await
    }

    async fn read(connection: &mut PgConnection) -> Vec<Event> {
        let rows = sqlx::query(
            "select position, event_id::text, aggregate_type, aggregate_id::text, sequence::bigint, event_type,
                    event_version, subject::text, payload::text, recorded_at, epoch::bigint, previous_hash, hash
             from events
             order by position",
        );
        let rows = rows.fetch_all(connection).await.expect("the log can be read");
        let events = rows.iter().map(|row| Event {
            position: row.get("position"),
            event_id: row.get("event_id"),
            stream_type: row.get("aggregate_type"),
            stream_id: row.get("aggregate_id"),
            sequence: row.get("sequence"),
            kind: row.get("event_type"),
            version: row.get("event_version"),
            subject: row.get("subject"),
            payload: row.get("payload"),
            recorded_at: row.get("recorded_at"),
            epoch: row.get("epoch"),
            previous_hash: row.get("previous_hash"),
            hash: row.get("hash"),
        });
        events.collect()
    }

    /// How many events of one type there are.
    pub async fn count(&self, kind: &str) -> i64 {
        let count = sqlx::query_scalar("select count(*) from events where event_type = $1").bind(kind);
        count.fetch_one(&self.pool).await.expect("the log can be counted")
    }

    /// The last position.
    pub async fn head(&self) -> i64 {
        let head = sqlx::query_scalar("select position from log_head");
        head.fetch_one(&self.pool).await.expect("the log has a head")
    }

    /// The stock guard of a reward: (quantity, held, granted).
    pub async fn stock(&self, reward: &str) -> (Option<i64>, i64, i64) {
        let row = sqlx::query(
            "select quantity::bigint, held::bigint, granted::bigint from reward_stock where reward_id::text = $1",
        );
        let row = row.bind(reward).fetch_one(&self.pool).await.expect("the reward has a stock row");
        (row.get("quantity"), row.get("held"), row.get("granted"))
    }

    /// The streams that saw one type of event, each with how often.
    pub async fn streams_with(&self, kind: &str) -> BTreeMap<String, usize> {
        let mut streams = BTreeMap::new();
        for event in self.events().await.into_iter().filter(|event| event.kind == kind) {
            *streams.entry(event.stream_id).or_default() += 1;
        }
        streams
    }

    /// Runs a statement as the service's own role.
    pub async fn run(&self, statement: &str) -> Result<u64, sqlx::Error> {
        sqlx::query(statement).execute(&self.pool).await.map(|done| done.rows_affected())
    }

    /// Checks what the log promises whatever happened: dense positions, dense streams, a clock that never goes back,
    /// a chain without a break, and a head that is the last event. Events and head are read in one snapshot, since other
    /// tests may append meanwhile.
    pub async fn assert_sound(&self) {
        let snapshot = self.pool.begin_with("begin isolation level repeatable read read only");
        let mut snapshot = snapshot.await.expect("a snapshot of the log");
        let events = Log::read(&mut snapshot).await;
        let head =
            sqlx::query("select position, hash from log_head").fetch_one(&mut *snapshot).await.expect("one head");
        let mut sequences: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        for (index, event) in events.iter().enumerate() {
            assert_eq!(event.position, i64::try_from(index).unwrap() + 1, "the positions have no hole");
            let last = sequences.entry((&event.stream_type, &event.stream_id)).or_default();
            assert_eq!(event.sequence, *last + 1, "the stream of {event:?} has no hole");
            *last = event.sequence;
        }
        for pair in events.windows(2) {
            assert_eq!(pair[1].previous_hash, pair[0].hash, "the chain holds at {}", pair[1].position);
            assert!(pair[1].recorded_at >= pair[0].recorded_at, "recorded_at goes back at {}", pair[1].position);
        }
        assert_eq!(head.get::<i64, _>("position"), i64::try_from(events.len()).unwrap(), "the head is the last event");
        if let Some(last) = events.last() {
            assert_eq!(head.get::<Vec<u8>, _>("hash"), last.hash, "the head has the last event's hash");
        }
    }
}
