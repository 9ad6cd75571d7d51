//! Folds a projection again from position 1, in one transaction: readers see the old rows until it
//! commits, the follower waits meanwhile. Also the digest by which two folds are compared.

use sqlx::Connection;
use sqlx::PgPool;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::checkpoint;
use crate::error::FoldError;
use crate::log::{self, Entry};
use crate::projection::Projection;
use crate::registry::{self, Visitor};

/// How many positions are folded at once.
const BATCH: i64 = 5_000;

/// A rebuild, or a digest, was not possible.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// No projection has this name.
    #[error("no projection is called {0:?}")]
    Unknown(String),
    /// The fold did not come to its end; nothing has changed.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// The database did not answer; nothing has changed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Folds a projection again from position 1 and says the position it came to. `progress` is told
/// how many positions are done and how many there are.
///
/// # Errors
/// See [`RebuildError`].
pub async fn rebuild(pool: &PgPool, name: &str, progress: impl FnMut(i64, i64) + Send) -> Result<i64, RebuildError> {
    struct Again<'a, F> {
        pool: &'a PgPool,
        progress: F,
    }
    impl<F: FnMut(i64, i64) + Send> Visitor for Again<'_, F> {
        type Answer = Result<i64, RebuildError>;
        async fn visit<P: Projection>(self, projection: P) -> Self::Answer {
            let mut conn = self.pool.acquire().await?;
            Ok(again(&mut conn, &projection, self.progress).await?)
        }
    }
    match registry::visit(name, Again { pool, progress }).await {
        Some(answer) => answer,
        None => Err(RebuildError::Unknown(name.to_owned())),
    }
}

/// The same rows have the same digest, whoever folded them and in however many batches.
///
/// # Errors
/// See [`RebuildError`].
pub async fn digest(conn: &mut PgConnection, name: &str) -> Result<String, RebuildError> {
    struct Tables;
    impl Visitor for Tables {
        type Answer = &'static [&'static str];
        async fn visit<P: Projection>(self, _: P) -> Self::Answer {
            P::TABLES
        }
    }
    let tables = registry::visit(name, Tables).await.ok_or_else(|| RebuildError::Unknown(name.to_owned()))?;
    let mut digests = Vec::new();
    for table in tables {
        let digest: String = sqlx::query_scalar(&format!(
            "select count(*) || ':' || md5(coalesce(string_agg(md5(row_of::text), '' order by md5(row_of::text)), ''))
            from {table} as row_of"
        ))
        .fetch_one(&mut *conn)
        .await?;
        digests.push(format!("{table}={digest}"));
    }
    Ok(digests.join(" "))
}

pub(crate) async fn again<P: Projection>(
    conn: &mut PgConnection,
    projection: &P,
    mut progress: impl FnMut(i64, i64) + Send,
) -> Result<i64, FoldError> {
    let owner = Uuid::new_v4();
    let mut tx = conn.begin().await?;
    checkpoint::ensure(&mut tx, P::NAME, P::VERSION, owner).await?;
    checkpoint::lock(&mut tx, P::NAME).await?;
    projection.clear(&mut tx).await?;
    let mut done = 0;
    loop {
        let total = log::head(&mut tx).await?.position;
        progress(done, total);
        if done >= total {
            break;
        }
        let through = total.min(done + BATCH);
        let entries = log::read_between(&mut tx, done, through, P::STREAMS).await?;
        let events = entries
            .into_iter()
            .map(|entry| {
                let position = entry.position;
                Entry::recorded(entry).map_err(|source| FoldError::Event { position, source })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if !events.is_empty() {
            projection.fold(&mut tx, &events).await?;
        }
        done = through;
    }
    checkpoint::save(&mut tx, P::NAME, P::VERSION, done, owner).await?;
    tx.commit().await?;
    Ok(done)
}
