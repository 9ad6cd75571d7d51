//! Notifies other instances of changes and listens for theirs (PostgreSQL `notify`). Notifications may be lost with the
//! connection; nothing depends on them but speed.

use std::time::Duration;

use domain::id::MemberId;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio_util::sync::CancellationToken;

use super::SessionCache;

/// Shared by all schemas of a database; an id of another schema is ignored.
const CHANNEL: &str = "reward_ledger_standing";
/// How long to wait before listening again after a failure.
const RECONNECT_PAUSE: Duration = Duration::from_millis(250);

/// Notifies every instance that an account has changed. In a transaction of its own, because `notify` at the commit of
/// an append would hold up the log.
pub async fn announce(pool: &PgPool, account: MemberId) {
    let told = sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(account.to_string()).execute(pool).await;
    if let Err(error) = told {
        tracing::warn!(%error, "session cache: cannot notify other instances of a change; they see it when their entries expire");
    }
}

/// Listens for changes of other instances until shutdown.
pub async fn listen(session_cache: SessionCache, pool: PgPool, stopping: CancellationToken) {
    while !stopping.is_cancelled() {
        let heard = tokio::select! {
            () = stopping.cancelled() => return,
            heard = hear(&session_cache, &pool) => heard,
        };
        session_cache.forget_all();
        if let Err(error) = heard {
            tracing::warn!(%error, "session cache: lost the database notifications; changes made by other instances are seen when entries expire");
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
    }
}

/// Listens until the connection is lost.
async fn hear(session_cache: &SessionCache, pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    session_cache.forget_all();
    while let Some(word) = listener.try_recv().await? {
        match word.payload().parse::<MemberId>() {
            Ok(account) => session_cache.forget(account),
            Err(_) => session_cache.forget_all(),
        }
    }
    Ok(())
}
