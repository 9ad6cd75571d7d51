//! A view of campaigns as of one position: everything that is read through it is of one snapshot of the database, and
//! nothing of it is newer than the position.

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Postgres, Transaction};

use crate::engine::error::FoldError;
use crate::read_models::dashboard::AsOf;

/// What is known of campaigns as of one position.
pub struct View {
    pub(crate) tx: Transaction<'static, Postgres>,
    pub(crate) as_of: AsOf,
    /// The life of the log in which the event at that position was recorded.
    pub(crate) epoch: i64,
}

impl View {
    /// As of everything that all of these read models have folded in; as of a position where it is before that.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn open(pool: &PgPool, models: &[&str], position: Option<i64>) -> Result<Self, FoldError> {
        let mut tx = pool.begin_with("begin transaction isolation level repeatable read read only").await?;
        let (position, recorded_at, epoch): (i64, DateTime<Utc>, i64) = sqlx::query_as(
            "select view.position, coalesce(events.recorded_at, '1970-01-01T00:00:00Z'), coalesce(events.epoch, 0)
            from (
                select least($1::bigint, min(coalesce(checkpoints.position, 0))) as position
                from unnest($2::text[]) as model(name)
                left join checkpoints on checkpoints.name = model.name
            ) as view
            left join events on events.position = view.position",
        )
        .bind(position)
        .bind(models)
        .fetch_one(&mut *tx)
        .await?;
        Ok(Self { tx, as_of: AsOf { position, recorded_at }, epoch })
    }

    /// What this view is as of.
    #[must_use]
    pub fn as_of(&self) -> AsOf {
        self.as_of
    }
}
