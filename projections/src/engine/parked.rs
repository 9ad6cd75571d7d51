//! What a follower does not process: streams that it parked because of an event it could not process, and single events
//! that an operator skipped. It does not know what makes an event impossible.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::postgres::PgConnection;

/// The parked streams and skipped events of one follower.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeftOut {
    /// (stream type, stream id) → the position from which on.
    streams: BTreeMap<(String, String), i64>,
    skipped: BTreeSet<i64>,
}

impl LeftOut {
    /// Whether the follower processes the event of a stream at a position.
    pub(crate) fn admits(&self, stream_type: &str, stream_id: &str, position: i64) -> bool {
        if self.streams.is_empty() && self.skipped.is_empty() {
            return true;
        }
        let stream = (stream_type.to_owned(), stream_id.to_owned());
        let parked = self.streams.get(&stream).is_some_and(|from| position >= *from);
        !parked && !self.skipped.contains(&position)
    }
}

/// The parked streams and skipped events of a follower. `parked_as` is the name under which its parked streams are
/// stored: a rebuild has its own until it is swapped in.
///
/// # Errors
/// The database's.
pub(crate) async fn aside(conn: &mut PgConnection, follower: &str, parked_as: &str) -> sqlx::Result<LeftOut> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "select stream_type, stream_id, position
        from parked_streams
        where follower = $2
        union all
        select '', '', position
        from interventions
        where follower = $1
          and step = 'skip'",
    )
    .bind(follower)
    .bind(parked_as)
    .fetch_all(conn)
    .await?;
    let mut aside = LeftOut::default();
    for (stream_type, stream_id, position) in rows {
        if stream_type.is_empty() {
            aside.skipped.insert(position);
        } else {
            aside.streams.insert((stream_type, stream_id), position);
        }
    }
    Ok(aside)
}

/// Parks the stream of the event at a position.
///
/// # Errors
/// The database's.
pub(crate) async fn park(conn: &mut PgConnection, parked_as: &str, position: i64, reason: &str) -> sqlx::Result<()> {
    sqlx::query(
        "insert into parked_streams (follower, stream_type, stream_id, position, reason)
        select $1, aggregate_type, aggregate_id, position, $3
        from events
        where position = $2
        on conflict (follower, stream_type, stream_id) do nothing",
    )
    .bind(parked_as)
    .bind(position)
    .bind(reason)
    .execute(conn)
    .await?;
    Ok(())
}

/// One parked stream.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Parked {
    pub(crate) stream_type: String,
    pub(crate) stream_id: String,
    pub(crate) position: i64,
}

/// The parked streams of a follower, in the order of the log.
///
/// # Errors
/// The database's.
pub(crate) async fn of(conn: &mut PgConnection, follower: &str) -> sqlx::Result<Vec<Parked>> {
    sqlx::query_as(
        "select stream_type, stream_id, position
        from parked_streams
        where follower = $1
        order by position",
    )
    .bind(follower)
    .fetch_all(conn)
    .await
}

/// A stream is no longer parked.
///
/// # Errors
/// The database's.
pub(crate) async fn release(conn: &mut PgConnection, follower: &str, parked: &Parked) -> sqlx::Result<()> {
    sqlx::query("delete from parked_streams where follower = $1 and stream_type = $2 and stream_id = $3")
        .bind(follower)
        .bind(&parked.stream_type)
        .bind(&parked.stream_id)
        .execute(conn)
        .await?;
    Ok(())
}
