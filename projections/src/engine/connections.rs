//! How connections are set up whose statements are few, small and run with every batch: planned once, never
//! compiled, always by the index, and not asked whether they live each time they are taken.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::{Connection, PgPool};

/// How many may be on their way at the same time: who has one keeps it.
const CONNECTIONS: u32 = 8;
/// A connection that rested longer is asked whether it lives before it is used.
const RESTED: Duration = Duration::from_millis(100);
/// A connection that does not answer in this time is given up: a network that breaks says nothing.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// A statement that is planned anew for each batch costs more in planning than in doing. A plan that is kept must be
/// good for tables that were empty when it was made: hence by the index, row by row, whatever the planner thinks of
/// their size. Nothing that reads a whole table belongs on these connections.
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

/// The connection of one loop, kept from batch to batch: a pool asks the server once more whenever it takes one back.
#[derive(Debug)]
pub(crate) struct LoopConnection {
    pool: PgPool,
    kept: Option<(PgConnection, Instant)>,
}

impl LoopConnection {
    pub(crate) fn from(pool: PgPool) -> Self {
        Self { pool, kept: None }
    }

    /// The connection, the same as last time if it is still there. What happens to it is up to who takes it: one that is
    /// not given back is closed.
    pub(crate) async fn take(&mut self) -> sqlx::Result<PgConnection> {
        if let Some((mut connection, since)) = self.kept.take()
            && (since.elapsed() <= RESTED || lives(&mut connection).await)
        {
            return Ok(connection);
        }
        Ok(self.pool.acquire().await?.detach())
    }

    /// Gives it back after all went well.
    pub(crate) fn keep(&mut self, connection: PgConnection) {
        self.kept = Some((connection, Instant::now()));
    }

    /// Gives it back after something did not: what hangs on it still, a transaction say, ends now.
    pub(crate) async fn keep_if_sound(&mut self, mut connection: PgConnection) {
        if lives(&mut connection).await {
            self.keep(connection);
        }
    }
}

/// A pool that believes a connection to be there still which rested no longer than this. Any other is asked first, which
/// costs as much as a small query. One that was lost meanwhile is noticed by whoever uses it next.
#[must_use]
pub fn check_when_idle(options: PgPoolOptions, rested: Duration) -> PgPoolOptions {
    options.test_before_acquire(false).before_acquire(move |connection, about| {
        Box::pin(async move { Ok(about.idle_for <= rested || lives(connection).await) })
    })
}

async fn lives(connection: &mut PgConnection) -> bool {
    matches!(tokio::time::timeout(ANSWERS_WITHIN, connection.ping()).await, Ok(Ok(())))
}
