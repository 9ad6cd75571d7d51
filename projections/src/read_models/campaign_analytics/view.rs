//! A view of campaigns as of one position: all reads are from one database snapshot, and contain nothing after the
//! position.

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Postgres, Transaction};

use crate::engine::error::FoldError;
use crate::read_models::dashboard::AsOf;

/// A snapshot of the read models as of one position.
pub struct View {
    pub(crate) tx: Transaction<'static, Postgres>,
    pub(crate) as_of: AsOf,
    /// The epoch of the log at that position.
    pub(crate) epoch: i64,
}

impl View {
    /// Opens a view as of the given position, or as of everything that all of these read models have folded, whichever
    /// is earlier.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn open(pool: &PgPool, models: &[&str], position: Option<i64>) -> Result<Self, FoldError> {
        Self::folded_to(pool, models, position, 0).await
    }

    /// The same for who knows how far these read models are `folded`: where no event of theirs comes, their checkpoints are
    /// saved later than that.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn folded_to(
        pool: &PgPool,
        models: &[&str],
        position: Option<i64>,
        folded: i64,
    ) -> Result<Self, FoldError> {
        let mut tx = pool.begin_with("begin transaction isolation level repeatable read read only").await?;
        let (position, recorded_at, epoch): (i64, DateTime<Utc>, i64) = sqlx::query_as(
            "select view.position, coalesce(events.recorded_at, '1970-01-01T00:00:00Z'), coalesce(events.epoch, 0)
            from (
                select least($1::bigint, min(greatest(coalesce(checkpoints.position, 0), $3::bigint))) as position
                from unnest($2::text[]) as model(name)
                left join checkpoints on checkpoints.name = model.name
            ) as view
            left join events on events.position = view.position",
        )
        .bind(position)
        .bind(models)
        .bind(folded)
        .fetch_one(&mut *tx)
        .await?;
        Ok(Self { tx, as_of: AsOf { position, recorded_at }, epoch })
    }

    /// The position and time of this view.
    #[must_use]
    pub fn as_of(&self) -> AsOf {
        self.as_of
    }
}
