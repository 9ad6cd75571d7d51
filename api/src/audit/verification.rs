//! Everything verified at once: what the read side can check and what the write side can, in one result.

use commands::guards::compare;
use projections::audit::{AuditError, Check, Progress, Verification, checks, left_out};
use sqlx::PgPool;

use crate::clock;

/// Checks everything, beside a running service.
///
/// # Errors
/// The database's: it could not be looked.
pub async fn verify(pool: &PgPool, progress: Progress<'_>) -> Result<Verification, AuditError> {
    let started_at = clock::now();
    let (position, mut checks) = checks(pool, progress).await?;
    checks.extend(guards(pool, progress).await?);
    let left_out = left_out(&mut *pool.acquire().await?, &compare::TABLES).await?;
    Ok(Verification { position, started_at, finished_at: Some(clock::now()), checks, left_out })
}

async fn guards(pool: &PgPool, progress: Progress<'_>) -> Result<Vec<Check>, AuditError> {
    let mut connection = pool.acquire().await?;
    let compared = compare::compare_tables(&mut connection, |done| progress("guards", done)).await;
    let compared = compared.map_err(|error| match error.downcast::<sqlx::Error>() {
        Ok(error) => AuditError::Database(*error),
        Err(error) => AuditError::Impossible { position: 0, reason: error.to_string() },
    })?;
    let check = |table: compare::Compared| {
        let mut check = Check::new(format!("guard.{}", table.table));
        check.checked = table.rows;
        if let Some(difference) = table.difference {
            check.fails(None, difference);
        }
        check
    };
    Ok(compared.into_iter().map(check).collect())
}
