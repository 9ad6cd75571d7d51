//! Reads whole streams of events for decisions, many in one query.

use domain::event::StoredEvent;
use domain::{LedgerAggregate, Moment};
use futures::FutureExt;
use sqlx::types::chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool, Row};

use crate::log::append::StreamKey;
use crate::log::coalesce::{Coalescer, Gathering, ReadError};
use crate::log::lookups;

/// Every stream by its own walk over the index: a plan for `= any(…)` that was made while the table
/// was small would read the whole index for ever.
pub const READ_STREAMS: &str = "
select wanted.number, e.*
from unnest($1::text[], $2::text[]) with ordinality as wanted (stream_type, stream_id, number)
cross join lateral (
    select e.sequence, e.event_type, e.event_version, e.payload::text as payload, e.actor, e.position, e.recorded_at
    from events e
    where e.aggregate_type = wanted.stream_type and e.aggregate_id = wanted.stream_id
    order by e.aggregate_type, e.aggregate_id, e.sequence
) e";

/// An aggregate as its stream left it.
#[derive(Debug, Clone)]
pub struct Loaded<A> {
    /// The state; the default where nothing happened yet.
    pub state: A,
    /// The stream.
    pub stream: StreamKey,
    /// The number of its last event; 0 where nothing happened yet.
    pub sequence: i64,
    /// The position of its last event in the log; 0 where nothing happened yet.
    pub position: i64,
    /// When the log took its first event.
    pub created_at: Option<Moment>,
    /// When the log took its last event.
    pub updated_at: Option<Moment>,
}

impl<A: LedgerAggregate> Loaded<A> {
    /// An aggregate to which nothing happened yet.
    #[must_use]
    pub fn nothing(stream: StreamKey) -> Self {
        Self { state: A::default(), stream, sequence: 0, position: 0, created_at: None, updated_at: None }
    }

    pub(crate) fn fold(stream: StreamKey, events: &[StoredEvent]) -> Result<Self, ReadError> {
        let mut loaded = Self::nothing(stream);
        for stored in events {
            let event = A::decode(&stored.event_type, &stored.event_version, &stored.payload)
                .map_err(|error| ReadError::Broken(format!("position {}: {error}", stored.position).into()))?;
            loaded.state.apply(event);
            loaded.sequence = stored.sequence;
            loaded.position = stored.position;
            loaded.created_at.get_or_insert(stored.recorded_at);
            loaded.updated_at = Some(stored.recorded_at);
        }
        Ok(loaded)
    }
}

/// Gathers the streams that are wanted at the same moment.
pub(crate) type StreamReader = Coalescer<StreamKey, Vec<StoredEvent>>;

pub(crate) fn reader(pool: &PgPool) -> StreamReader {
    lookups::gathered(pool, Gathering::WhileSlow, |conn, keys| {
        async move { Ok(read_streams(conn, &keys).await?) }.boxed()
    })
}

pub(crate) async fn read_streams(
    conn: &mut PgConnection,
    keys: &[StreamKey],
) -> Result<Vec<Vec<StoredEvent>>, sqlx::Error> {
    let rows = sqlx::query(READ_STREAMS)
        .bind(keys.iter().map(|key| key.stream_type).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| &*key.stream_id).collect::<Vec<_>>())
        .fetch_all(conn)
        .await?;
    let mut streams = vec![Vec::new(); keys.len()];
    for row in rows {
        let number: i64 = row.try_get("number")?;
        let stored = StoredEvent {
            sequence: row.try_get("sequence")?,
            event_type: row.try_get("event_type")?,
            event_version: row.try_get("event_version")?,
            payload: row.try_get("payload")?,
            actor: row.try_get("actor")?,
            position: row.try_get("position")?,
            recorded_at: Moment::from(row.try_get::<DateTime<Utc>, _>("recorded_at")?),
        };
        if let Some(stream) = usize::try_from(number - 1).ok().and_then(|index| streams.get_mut(index)) {
            stream.push(stored);
        }
    }
    streams.iter_mut().for_each(|stream| stream.sort_unstable_by_key(|event| event.sequence));
    Ok(streams)
}
