//! A log that was restored from a copy may go on differently from the one that its readers know.
//! It then begins a new epoch, so that the same position of two lives is never taken for one event.

use sqlx::{PgPool, Row};

/// Compares the server that holds the log with the one that held it last, and begins a new epoch
/// when it is another: another cluster, or another timeline of it.
pub(crate) async fn begin_a_new_one_after_a_restore(pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let sql = "select h.system_identifier, h.timeline, s.system_identifier::text as current_system,
                      c.timeline_id::bigint as current_timeline
               from log_head h, pg_control_system() s, pg_control_checkpoint() c
               for update of h";
    let row = sqlx::query(sql).fetch_one(&mut *transaction).await?;
    let known = (row.try_get::<Option<String>, _>(0)?, row.try_get::<Option<i64>, _>(1)?);
    let current = (row.try_get::<Option<String>, _>(2)?, row.try_get::<Option<i64>, _>(3)?);
    if known == current {
        return Ok(());
    }
    let restored = known.0.is_some();
    let sql = "update log_head
               set system_identifier = $1, timeline = $2, epoch = epoch + $3::boolean::int";
    sqlx::query(sql).bind(current.0).bind(current.1).bind(restored).execute(&mut *transaction).await?;
    if restored {
        tracing::warn!("the log moved to another server or timeline: starting a new epoch");
    }
    transaction.commit().await
}
