//! Compares the packed pages, which replays read, with the events table.

use sqlx::{Connection, PgPool};

use super::{Check, ProgressFn};
use crate::audit::AuditError;
use crate::log::packed;

pub(super) async fn check(pool: &PgPool, progress: ProgressFn<'_>) -> Result<Check, AuditError> {
    let mut check = Check::new("log_pages");
    let mut conn = pool.acquire().await?;
    let mut tx = conn.begin_with("begin isolation level repeatable read read only").await?;
    for through in packed::all(&mut tx).await? {
        check.checked += 1;
        if !packed::is_right(&mut tx, through).await? {
            let remedy = format!("delete the row (where through = {through}); it is packed again at the next start");
            check.fails(Some(through), format!("a page of log_pages differs from the log: {remedy}"));
        }
        progress(&check.name, through);
    }
    tx.rollback().await?;
    Ok(check)
}
