//! How connections are set up whose statements are few, small and run all the time: planned once,
//! never compiled, and always by the index. The planner estimates a batch of look-ups far too high,
//! and just-in-time compilation would then cost each of them hundreds of milliseconds.

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// How many look-ups run at the same time; each answers a whole batch.
const CONNECTIONS: u32 = 4;

/// The same database, for statements that are look-ups by a key.
#[must_use]
pub fn for_lookups(database: &PgConnectOptions) -> PgConnectOptions {
    database.clone().options([("jit", "off"), ("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off")])
}

/// The same database, for the one connection that appends. It does not wait for the head for ever:
/// whoever holds it so long is not writing but stuck.
#[must_use]
pub fn for_appends(database: &PgConnectOptions) -> PgConnectOptions {
    for_lookups(database).options([("lock_timeout", "5s")])
}

/// A small pool of such connections beside `pool`.
#[must_use]
pub fn lookup_pool(pool: &PgPool) -> PgPool {
    let options = pool.options().clone().min_connections(0).max_connections(CONNECTIONS);
    PgPoolOptions::connect_lazy_with(options, for_lookups(&pool.connect_options()))
}
