//! How connections are set up whose statements are few, small and run with every batch: planned once, never
//! compiled, always by the index, and not asked whether they live each time they are taken.

use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgPool};

/// The most of them: a loop needs one at a time.
const CONNECTIONS: u32 = 8;
/// A connection that rested longer is asked whether it lives before it is used.
const RESTED: Duration = Duration::from_millis(100);

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
    // a loop takes a connection several times for each batch; when it loses one, it tries again
    believing(options, RESTED).connect_lazy_with((*pool.connect_options()).clone().options(PLANNED_ONCE))
}

/// A pool that believes a connection to be there still which rested no longer than this. Any other is asked first, which
/// costs as much as a small query. One that was lost meanwhile is noticed by whoever uses it next.
#[must_use]
pub fn believing(options: PgPoolOptions, rested: Duration) -> PgPoolOptions {
    options.test_before_acquire(false).before_acquire(move |connection, about| {
        Box::pin(async move { Ok(about.idle_for <= rested || connection.ping().await.is_ok()) })
    })
}
