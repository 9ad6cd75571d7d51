//! A view of campaigns as of one position: everything that is read through it is of one snapshot of the database, and
//! nothing of it is newer than the position.

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Postgres, Transaction};

use super::fold::CampaignAnalytics;
use crate::engine::error::FoldError;
use crate::engine::projection::Projection as _;
use crate::read_models::dashboard::AsOf;

/// The read models that a view needs to have folded in what it shows.
const MODELS: [&str; 1] = [CampaignAnalytics::NAME];

/// What is known of campaigns as of one position.
pub struct View {
    pub(crate) tx: Transaction<'static, Postgres>,
    pub(crate) as_of: AsOf,
}

impl View {
    /// The read models that a view is of: who waits for them sees at least as much.
    pub const MODELS: &'static [&'static str] = &MODELS;

    /// As of everything that is folded in.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn now(pool: &PgPool) -> Result<Self, FoldError> {
        Self::open(pool, None).await
    }

    /// As of a position; as of everything that is folded in when the position is beyond that.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn at(pool: &PgPool, position: i64) -> Result<Self, FoldError> {
        Self::open(pool, Some(position)).await
    }

    async fn open(pool: &PgPool, position: Option<i64>) -> Result<Self, FoldError> {
        let mut tx = pool.begin_with("begin transaction isolation level repeatable read read only").await?;
        let (position, recorded_at): (i64, DateTime<Utc>) = sqlx::query_as(
            "select view.position, coalesce(events.recorded_at, '1970-01-01T00:00:00Z')
            from (
                select least($1::bigint, min(coalesce(checkpoints.position, 0))) as position
                from unnest($2::text[]) as model(name)
                left join checkpoints on checkpoints.name = model.name
            ) as view
            left join events on events.position = view.position",
        )
        .bind(position)
        .bind(Self::MODELS)
        .fetch_one(&mut *tx)
        .await?;
        Ok(Self { tx, as_of: AsOf { position, recorded_at } })
    }

    /// What this view is as of.
    #[must_use]
    pub fn as_of(&self) -> AsOf {
        self.as_of
    }
}
