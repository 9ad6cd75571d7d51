//! Connections for the few small statements that run with every batch: planned once, without JIT, always by index, and
//! not pinged each time they are taken.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::{Connection, PgPool};

/// How many connections may be opened; each loop keeps its own.
const CONNECTIONS: u32 = 8;
/// A connection that was idle for longer is pinged before it is used.
const RESTED: Duration = Duration::from_millis(100);
/// A connection that does not answer a ping in this time is dropped: a broken network reports no error.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Planning these statements for each batch would cost more than running them. A cached plan must not depend on table
/// sizes at planning time, when tables may be empty: hence index and nested-loop plans only. No statement that reads a
/// whole table belongs on these connections.
const PLANNED_ONCE: [(&str, &str); 6] = [
    ("jit", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_material", "off"),
];

/// A small pool of such connections beside `pool`.
pub(crate) fn for_batches(pool: &PgPool) -> PgPool {
    let options: PgPoolOptions = pool.options().clone().min_connections(0).max_connections(CONNECTIONS);
    options.connect_lazy_with((*pool.connect_options()).clone().options(PLANNED_ONCE))
}

/// The connection of one loop, kept from batch to batch: a pool would ping the server whenever a connection is returned.
#[derive(Debug)]
pub(crate) struct LoopConnection {
    pool: PgPool,
    kept: Option<(PgConnection, Instant)>,
}

impl LoopConnection {
    pub(crate) fn from(pool: PgPool) -> Self {
        Self { pool, kept: None }
    }

    /// The connection of the last batch if it still works, or a new one. It is closed unless it is given back.
    pub(crate) async fn take(&mut self) -> sqlx::Result<PgConnection> {
        if let Some((mut connection, since)) = self.kept.take()
            && (since.elapsed() <= RESTED || lives(&mut connection).await)
        {
            return Ok(connection);
        }
        Ok(self.pool.acquire().await?.detach())
    }

    /// Gives it back after success.
    pub(crate) fn keep(&mut self, connection: PgConnection) {
        self.kept = Some((connection, Instant::now()));
    }

    /// Gives it back after a failure. The ping rolls back a transaction that was left open.
    pub(crate) async fn keep_if_sound(&mut self, mut connection: PgConnection) {
        if lives(&mut connection).await {
            self.keep(connection);
        }
    }
}

/// A pool that pings a connection before use only if it was idle for longer than this: a ping costs as much as a small
/// query. A connection that was lost within that time fails at its next use.
#[must_use]
pub fn check_when_idle(options: PgPoolOptions, rested: Duration) -> PgPoolOptions {
    options.test_before_acquire(false).before_acquire(move |connection, about| {
        Box::pin(async move { Ok(about.idle_for <= rested || lives(connection).await) })
    })
}

async fn lives(connection: &mut PgConnection) -> bool {
    matches!(tokio::time::timeout(ANSWERS_WITHIN, connection.ping()).await, Ok(Ok(())))
}
