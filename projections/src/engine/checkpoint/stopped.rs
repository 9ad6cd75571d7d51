//! The event that a follower stopped before, until an operator decides. This moves no checkpoint.

use sqlx::postgres::PgConnection;

/// Stops a follower before the event at a position.
///
/// # Errors
/// The database's.
pub(crate) async fn stop(conn: &mut PgConnection, name: &str, position: i64, reason: &str) -> sqlx::Result<()> {
    sqlx::query(
        "update checkpoints
        set state = 'stopped', trouble_position = $2, trouble = $3, updated_at = now()
        where name = $1
          and position < $2",
    )
    .bind(name)
    .bind(position)
    .bind(reason)
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a follower is stopped.
///
/// # Errors
/// The database's.
pub(crate) async fn is_stopped(conn: &mut PgConnection, name: &str) -> sqlx::Result<bool> {
    let state: Option<String> =
        sqlx::query_scalar("select state from checkpoints where name = $1").bind(name).fetch_optional(conn).await?;
    Ok(state.as_deref() == Some("stopped"))
}

/// The position before which a follower is stopped.
///
/// # Errors
/// The database's.
pub(crate) async fn position(conn: &mut PgConnection, name: &str) -> sqlx::Result<Option<i64>> {
    let position: Option<Option<i64>> =
        sqlx::query_scalar("select trouble_position from checkpoints where name = $1 and state = 'stopped'")
            .bind(name)
            .fetch_optional(conn)
            .await?;
    Ok(position.flatten())
}

/// Clears the stop, so that the follower retries.
///
/// # Errors
/// The database's.
pub(crate) async fn resume(conn: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    sqlx::query("update checkpoints set state = 'following', trouble_position = null, trouble = null where name = $1")
        .bind(name)
        .execute(conn)
        .await?;
    Ok(())
}
