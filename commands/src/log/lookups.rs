//! Look-ups that are gathered, and how connections are set up whose statements are few, small and run all the time:
//! planned once, never compiled, always by the index, and kept at hand. The planner estimates a batch of look-ups far too high,
//! and just-in-time compilation would then cost each of them hundreds of milliseconds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{Connection, PgPool};

use crate::log::coalesce::{Coalescer, Gathering, ReadError};

/// How many may be on their way at the same time; each look-up answers a whole batch.
const CONNECTIONS: u32 = 4;
/// A connection that rested longer is asked whether it lives before it is used.
const RESTED: Duration = Duration::from_millis(100);
/// A connection that does not answer in this time is given up: a network that breaks says nothing.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// The same database, for statements that are look-ups by a key.
#[must_use]
pub fn for_lookups(database: &PgConnectOptions) -> PgConnectOptions {
    database.clone().options([("jit", "off"), ("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off")])
}

/// The same database, for the one connection that appends. It does not wait for the head for ever:
/// whoever holds it so long is not writing but stuck. A batch has no other limit, whatever the connections of requests have.
#[must_use]
pub fn for_appends(database: &PgConnectOptions) -> PgConnectOptions {
    for_lookups(database).options([("lock_timeout", "5s"), ("statement_timeout", "0")])
}

/// Gathers look-ups in the database of a pool: `read` answers every key it is given, in order, over a connection that is
/// kept for the next when all went well, and closed otherwise.
pub fn gathered<K, V, R>(pool: &PgPool, gathering: Gathering, read: R) -> Coalescer<K, V>
where
    K: Send + 'static,
    V: Send + 'static,
    R: for<'c> Fn(&'c mut PgConnection, Vec<K>) -> BoxFuture<'c, Result<Vec<V>, ReadError>>,
    R: Copy + Send + Sync + 'static,
{
    let lookups = Lookups::beside(pool);
    Coalescer::start(gathering, move |keys| {
        let lookups = lookups.clone();
        async move {
            let mut connection = lookups.take().await?;
            let values = read(&mut connection, keys).await?;
            lookups.keep(connection);
            Ok(values)
        }
        .boxed()
    })
}

/// Connections for look-ups, kept at hand: a pool asks the server once more whenever it takes one back, which is half the
/// way of a look-up.
#[derive(Debug, Clone)]
struct Lookups {
    pool: PgPool,
    at_hand: Arc<Mutex<Vec<(PgConnection, Instant)>>>,
}

impl Lookups {
    /// To the database of a pool.
    fn beside(pool: &PgPool) -> Self {
        let options: PgPoolOptions = pool.options().clone().min_connections(0).max_connections(CONNECTIONS);
        let pool = options.connect_lazy_with(for_lookups(&pool.connect_options()));
        Self { pool, at_hand: Arc::default() }
    }

    /// The connection that was used last, of those that are not in use.
    async fn take(&self) -> sqlx::Result<PgConnection> {
        loop {
            let Some((mut connection, since)) = self.at_hand().pop() else {
                return Ok(self.pool.acquire().await?.detach());
            };
            if since.elapsed() <= RESTED || lives(&mut connection).await {
                return Ok(connection);
            }
        }
    }

    /// Keeps a connection at hand.
    fn keep(&self, connection: PgConnection) {
        self.at_hand().push((connection, Instant::now()));
    }

    fn at_hand(&self) -> MutexGuard<'_, Vec<(PgConnection, Instant)>> {
        self.at_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn lives(connection: &mut PgConnection) -> bool {
    matches!(tokio::time::timeout(ANSWERS_WITHIN, connection.ping()).await, Ok(Ok(())))
}
