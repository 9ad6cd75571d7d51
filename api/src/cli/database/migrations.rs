//! Applies migrations while other processes serve. A migration waits for a lock only briefly, then gives way and tries
//! again, so that writers queued behind it are not blocked for long. One that builds an index concurrently (`--
//! no-transaction`) starts over if it was killed. One process migrates at a time. It does not know what is in a
//! migration.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use sqlx::PgConnection;
use sqlx::migrate::{Migrate, MigrateError, Migration};

use super::schema;

/// Polls for the lock instead of waiting: a waiting session holds a snapshot, and building an index concurrently waits
/// for every older snapshot.
const LOCK: &str = "select pg_try_advisory_lock(hashtextextended('reward-ledger migrations ' || current_schema(), 0))";
const UNLOCK: &str = "select pg_advisory_unlock(hashtextextended('reward-ledger migrations ' || current_schema(), 0))";
/// How long writers may queue behind a migration that waits for a lock.
const LOCK_TIMEOUT: &str = "150ms";
/// How long a migration tries to get its locks.
const TO_GET_LOCKS: Duration = Duration::from_secs(120);
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// Applies the missing migrations, oldest first. Newer ones that were applied before stay.
///
/// # Errors
/// With the remedy in the message. Migrations applied so far stay, and the next run continues from there.
pub async fn apply(conn: &mut PgConnection, known: &[Migration]) -> anyhow::Result<()> {
    while !sqlx::query_scalar(LOCK).fetch_one(&mut *conn).await? {
        tokio::time::sleep(PAUSE).await;
    }
    let applied = apply_all(conn, known).await;
    // a broken connection has released the lock by itself
    let unlocked: sqlx::Result<bool> = sqlx::query_scalar(UNLOCK).fetch_one(&mut *conn).await;
    applied?;
    unlocked.map(|_| ()).context("the lock of the migrations")
}

async fn apply_all(conn: &mut PgConnection, known: &[Migration]) -> anyhow::Result<()> {
    let missing = schema::pending(known, &schema::applied(conn).await?)?;
    if missing.is_empty() {
        return Ok(());
    }
    conn.ensure_migrations_table().await?;
    for migration in missing {
        let took = apply_one(conn, migration).await?;
        let (version, description) = (migration.version, &migration.description);
        tracing::info!(version, %description, ms = took.as_millis(), "applied a migration of the schema");
    }
    sqlx::query("set lock_timeout to default").execute(conn).await?;
    Ok(())
}

async fn apply_one(conn: &mut PgConnection, migration: &Migration) -> anyhow::Result<Duration> {
    let version = migration.version;
    // a concurrent build blocks nobody while it waits
    let timeout = if migration.no_tx { "0" } else { LOCK_TIMEOUT };
    sqlx::query(&format!("set lock_timeout to '{timeout}'")).execute(&mut *conn).await?;
    let started = Instant::now();
    loop {
        if migration.no_tx {
            drop_index_of_an_interrupted_run(conn, migration).await?;
        }
        match conn.apply(migration).await {
            Ok(took) => return Ok(took),
            Err(MigrateError::ExecuteMigration(error, _)) if is_lock_timeout(&error) => {
                if started.elapsed() > TO_GET_LOCKS {
                    bail!(
                        "migration {version} does not get its locks: a long transaction holds a table; end it \
                         (pg_stat_activity names it), then run `reward-ledger migrate` again"
                    );
                }
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error).context(format!("migration {version} cannot be applied")),
        }
    }
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).as_deref() == Some("55P03")
}

/// Drops the index that an interrupted run of this migration left behind. It may be unfinished, or finished but not
/// recorded: PostgreSQL completes a concurrent build even after its client was killed.
async fn drop_index_of_an_interrupted_run(conn: &mut PgConnection, migration: &Migration) -> sqlx::Result<()> {
    let statement: Option<String> = sqlx::query_scalar(
        "select format('drop index concurrently %I', relname)
        from pg_class
        where relkind = 'i'
          and relnamespace = current_schema()::regnamespace
          and relname = (regexp_match($1, 'create\\s+(?:unique\\s+)?index\\s+concurrently\\s+(\\w+)', 'i'))[1]",
    )
    .bind(&*migration.sql)
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(statement) = statement {
        sqlx::query(&statement).execute(&mut *conn).await?;
    }
    Ok(())
}
