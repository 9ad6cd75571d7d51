//! The log as `cqrs-es` persistence: reads go through the repository of `postgres-es`, writes through
//! the sequencer. Where that repository loses errors (streams) or order (replay of everything), the
//! log is read here, page by page, to an end that is known before. The ledger's own store reads single streams
//! through it; appends and replays are for programs of the framework, which the ledger promises to run
//! (`tests/tests/log/framework.rs`).

use cqrs_es::Aggregate;
use cqrs_es::persist::{
    PersistedEventRepository, PersistenceError, ReplayFeed, ReplayStream, SerializedEvent, SerializedSnapshot,
};
use domain::{Event, Moment};
use postgres_es::PostgresEventRepository;
use serde_json::Value;
use sqlx::{PgPool, Row};

use crate::guards::changes_of;
use crate::guards::value::{coupon_use_of, value_changes_of};
use crate::log::append::{Append, AppendError, NewEvent, StreamKey};
use crate::log::metadata::Metadata;
use crate::log::sequencer::Sequencer;

/// How many events a replay holds ready.
const REPLAY_AHEAD: usize = 200;
/// How many events one page of a replay reads.
const PAGE_EVENTS: i64 = 1_000;

/// Reads and appends events for `cqrs_es::persist::PersistedEventStore`.
/// It keeps no snapshots: what is cached must never be able to lie.
pub struct LedgerRepository {
    reads: PostgresEventRepository,
    pool: PgPool,
    sequencer: Sequencer,
}

impl LedgerRepository {
    pub(crate) fn new(pool: PgPool, sequencer: Sequencer) -> Self {
        Self { reads: PostgresEventRepository::new(pool.clone()), pool, sequencer }
    }

    fn replay(&self, stream_type: &'static str, stream_id: Option<String>) -> ReplayStream {
        let (feed, stream) = ReplayStream::new(REPLAY_AHEAD);
        tokio::spawn(feed_pages(self.pool.clone(), stream_type, stream_id, feed));
        stream
    }
}

impl PersistedEventRepository for LedgerRepository {
    async fn get_events<A: Aggregate>(&self, id: &str) -> Result<Vec<SerializedEvent>, PersistenceError> {
        self.reads.get_events::<A>(id).await
    }

    async fn get_last_events<A: Aggregate>(
        &self,
        id: &str,
        last_sequence: usize,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        self.reads.get_last_events::<A>(id, last_sequence).await
    }

    async fn get_snapshot<A: Aggregate>(&self, _id: &str) -> Result<Option<SerializedSnapshot>, PersistenceError> {
        Ok(None)
    }

    async fn persist<A: Aggregate>(
        &self,
        events: &[SerializedEvent],
        _snapshot_update: Option<(String, Value, usize)>,
    ) -> Result<(), PersistenceError> {
        let Some(first) = events.first() else { return Ok(()) };
        let now = Moment::from(chrono::Utc::now());
        let metadata = serde_json::from_value(first.metadata.clone()).unwrap_or_default();
        let mut append = Append {
            metadata: Metadata::from_map(&metadata, now),
            events: Vec::with_capacity(events.len()),
            expects: vec![],
            guards: vec![],
            value: vec![],
            caps: vec![],
            also: None,
            stored_answer: None,
        };
        for event in events {
            let payload = serde_json::to_string(&event.payload)?;
            let known = Event::decode(&event.event_type, &event.event_version, &payload).ok();
            append.guards.extend(known.as_ref().and_then(|known| changes_of(known, &event.aggregate_id)));
            let place = i64::try_from(append.events.len()).unwrap_or(i64::MAX);
            append.value.extend(known.iter().flat_map(|known| value_changes_of(known, place)));
            append.value.extend(known.as_ref().and_then(|known| coupon_use_of(known, &event.aggregate_id)));
            append.events.push(NewEvent {
                stream: StreamKey { stream_type: A::TYPE, stream_id: event.aggregate_id.as_str().into() },
                sequence: i64::try_from(event.sequence)
                    .map_err(|error| PersistenceError::UnknownError(error.into()))?,
                event_type: event.event_type.clone(),
                event_version: event.event_version.clone(),
                subject: known
                    .as_ref()
                    .map_or_else(|| event.aggregate_id.clone(), |known| known.subject(&event.aggregate_id)),
                payload,
                occurred_at: known.as_ref().and_then(Event::occurred_at),
            });
        }
        match self.sequencer.append(append).await {
            Ok(_) => Ok(()),
            Err(AppendError::Conflict(_)) => Err(PersistenceError::OptimisticLockError),
            Err(error @ (AppendError::Unavailable | AppendError::Overloaded)) => {
                Err(PersistenceError::ConnectionError(error.into()))
            }
            Err(error @ (AppendError::Guard(_) | AppendError::TooLarge { .. } | AppendError::Broken(_))) => {
                Err(PersistenceError::UnknownError(error.into()))
            }
        }
    }

    async fn stream_events<A: Aggregate>(&self, id: &str) -> Result<ReplayStream, PersistenceError> {
        Ok(self.replay(A::TYPE, Some(id.to_owned())))
    }

    async fn stream_all_events<A: Aggregate>(&self) -> Result<ReplayStream, PersistenceError> {
        Ok(self.replay(A::TYPE, None))
    }
}

/// Feeds the events of one type, or of one stream, in the order of the log. An error ends the feed
/// as its last item, so that nobody takes a part for the whole.
async fn feed_pages(pool: PgPool, stream_type: &'static str, stream_id: Option<String>, mut feed: ReplayFeed) {
    if let Err(error) = try_feed(&pool, stream_type, stream_id.as_deref(), &mut feed).await {
        // A reader that went away needs no answer.
        let _ = feed.push(Err(PersistenceError::ConnectionError(error.into()))).await;
    }
}

async fn try_feed(
    pool: &PgPool,
    stream_type: &str,
    stream_id: Option<&str>,
    feed: &mut ReplayFeed,
) -> Result<(), sqlx::Error> {
    let end: i64 = sqlx::query_scalar("select position from log_head").fetch_one(pool).await?;
    let mut after: i64 = 0;
    loop {
        let sql = "select position, aggregate_id, sequence, event_type, event_version, payload, metadata
                   from events
                   where position > $1 and position <= $2 and aggregate_type = $3
                     and ($4::text is null or aggregate_id = $4)
                   order by position
                   limit $5";
        let rows = sqlx::query(sql)
            .bind(after)
            .bind(end)
            .bind(stream_type)
            .bind(stream_id)
            .bind(PAGE_EVENTS)
            .fetch_all(pool)
            .await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.try_get("position")?;
        for row in &rows {
            let sequence: i64 = row.try_get("sequence")?;
            let event = SerializedEvent::new(
                row.try_get("aggregate_id")?,
                usize::try_from(sequence).unwrap_or(usize::MAX),
                stream_type.to_owned(),
                row.try_get("event_type")?,
                row.try_get("event_version")?,
                row.try_get("payload")?,
                row.try_get("metadata")?,
            );
            if feed.push(Ok(event)).await.is_err() {
                return Ok(());
            }
        }
    }
}
