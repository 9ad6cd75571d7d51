//! Resolves "as of" to a position: a time means the last event recorded at or before it. Recorded times never decrease
//! along the log, so that a binary search over positions needs no index on time.

use chrono::{DateTime, Utc};
use domain::Moment;
use sqlx::PgConnection;

use crate::log;

/// The point in the log that a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AsOf {
    /// After the last event.
    #[default]
    Head,
    /// After the event at this position; 0 is before the first.
    Position(i64),
    /// At this moment, by the recorded times of the log.
    Time(Moment),
}

/// The question is about a position or time after the end of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotYet {
    /// The last position of the log.
    pub head: i64,
}

/// The position, and the moment that the answer is valid for. `now` is the time of the request.
///
/// # Errors
/// The outer error is the database's, the inner one says that the log does not reach that far.
pub async fn resolve(conn: &mut PgConnection, as_of: AsOf, now: Moment) -> sqlx::Result<Result<(i64, Moment), NotYet>> {
    let head = log::head(conn).await?;
    let not_yet = Err(NotYet { head: head.position });
    Ok(match as_of {
        AsOf::Head => Ok((head.position, head.recorded_at)),
        AsOf::Position(position) if position > head.position => not_yet,
        AsOf::Position(position) if position < 1 => Ok((0, Moment::from(DateTime::<Utc>::UNIX_EPOCH))),
        AsOf::Position(position) => Ok((position, recorded_at(conn, position).await?)),
        AsOf::Time(time) if time >= head.recorded_at && time > now => not_yet,
        AsOf::Time(time) => Ok((last_until(conn, time, head.position).await?, time)),
    })
}

async fn recorded_at(conn: &mut PgConnection, position: i64) -> sqlx::Result<Moment> {
    let at: DateTime<Utc> =
        sqlx::query_scalar("select recorded_at from events where position = $1").bind(position).fetch_one(conn).await?;
    Ok(Moment::from(at))
}

/// The last position that was recorded at or before a moment; 0 when none was.
async fn last_until(conn: &mut PgConnection, time: Moment, head: i64) -> sqlx::Result<i64> {
    let (mut before, mut after) = (0, head + 1);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if recorded_at(conn, middle).await? <= time {
            before = middle;
        } else {
            after = middle;
        }
    }
    Ok(before)
}
