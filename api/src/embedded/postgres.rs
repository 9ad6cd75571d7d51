//! A PostgreSQL server of our own under `DATA_DIR/postgres`, around the machine's `initdb`,
//! `postgres` and `pg_ctl`. Real in every respect: it syncs to the disk, it survives a `kill -9` of
//! us, and the next start finds it. It opens no TCP port.
//!
//! Several processes may use one at once; the last that stops takes the server with it. It does not
//! know tables, migrations or who asks.

mod account;
mod binaries;
mod cluster;
mod error;
mod folders;
mod lock;
mod log;
mod pidfile;
mod provision;
mod settings;
mod supervise;
mod wheel;

pub use error::EmbeddedPostgresError;

use cluster::{Cluster, Running};
use folders::Folders;
use lock::{StartLock, UserLock};
use sqlx::postgres::PgConnectOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A running server, looked after while this value lives.
///
/// Dropped without [`stop`](Self::stop), as by a crash, the server runs on and the next start
/// attaches to it.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    shared: Arc<Shared>,
    running: Running,
    user: UserLock,
    /// Dropped, it ends the supervisor.
    looked_after: DropGuard,
    supervisor: JoinHandle<()>,
}

/// What the handle and its supervisor have in common.
#[derive(Debug)]
struct Shared {
    cluster: Arc<Cluster>,
}

impl EmbeddedPostgres {
    /// Attaches to the server on `data_dir`, or starts one; the first time makes its cluster.
    ///
    /// # Errors
    /// With the remedy in the text: no programs, a folder that cannot be written or entered, data
    /// of another major version, a full disk, a server that does not come up.
    pub async fn start(data_dir: &Path) -> Result<Self, EmbeddedPostgresError> {
        let data_dir = data_dir.to_owned();
        let folders = blocking(move || Folders::prepare(&data_dir)).await?;
        let turn = StartLock::take(&folders).await?;
        let user = UserLock::join(&folders, &turn)?;
        let cluster = blocking(move || Cluster::prepare(folders)).await?;
        let shared = Arc::new(Shared { cluster: Arc::new(cluster) });
        let running = shared.bring_up_in_turn(&turn).await?;
        drop(turn);
        let stopping = CancellationToken::new();
        let supervisor = tokio::spawn(supervise::supervise(Arc::clone(&shared), stopping.clone()));
        Ok(Self { shared, running, user, looked_after: stopping.drop_guard(), supervisor })
    }

    /// How to connect: over the socket, as the role `reward_ledger`, which owns the database
    /// `reward_ledger` and is not a superuser.
    #[must_use]
    pub fn connect_options(&self) -> PgConnectOptions {
        provision::service_options(&self.running.socket_folder)
    }

    /// The words for the start-up line.
    #[must_use]
    pub fn describe(&self) -> String {
        let Cluster { folders, account, binaries, .. } = &*self.shared.cluster;
        format!(
            "embedded PostgreSQL {} in {} ({}, user {}, socket in {})",
            binaries.version,
            folders.root.display(),
            if self.running.attached { "was running" } else { "started" },
            account.name,
            self.running.socket_folder.display()
        )
    }

    /// Leaves the server, and stops it when no other process uses it.
    ///
    /// # Errors
    /// When the server does not end; the next start attaches to it.
    pub async fn stop(self) -> Result<(), EmbeddedPostgresError> {
        let Self { shared, user, looked_after, supervisor, .. } = self;
        drop(looked_after);
        let _ = supervisor.await;
        let turn = StartLock::take(&shared.cluster.folders).await?;
        if !user.leave(&shared.cluster.folders, &turn)? {
            tracing::info!("embedded PostgreSQL is in use by another process and stays running");
            return Ok(());
        }
        let cluster = Arc::clone(&shared.cluster);
        blocking(move || cluster.stop()).await
    }
}

impl Shared {
    async fn bring_up(&self) -> Result<Running, EmbeddedPostgresError> {
        let turn = StartLock::take(&self.cluster.folders).await?;
        self.bring_up_in_turn(&turn).await
    }

    /// Ends with a server that answered. One that runs but does not answer (its socket was removed,
    /// say) is stopped and started again, once.
    async fn bring_up_in_turn(&self, _turn: &StartLock) -> Result<Running, EmbeddedPostgresError> {
        let running = self.ensure_running().await?;
        match provision::prepare(&running.socket_folder).await {
            Ok(()) => Ok(running),
            Err(error) if running.attached && !provision::was_answered(&error) => {
                tracing::warn!(%error, "embedded PostgreSQL is running but does not answer: restarting it");
                let cluster = Arc::clone(&self.cluster);
                blocking(move || cluster.stop()).await?;
                let running = self.ensure_running().await?;
                provision::prepare(&running.socket_folder).await?;
                Ok(running)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn ensure_running(&self) -> Result<Running, EmbeddedPostgresError> {
        let cluster = Arc::clone(&self.cluster);
        blocking(move || cluster.ensure_running()).await
    }

    /// A look that fails counts as alive: the next one decides.
    async fn is_alive(&self) -> bool {
        let cluster = Arc::clone(&self.cluster);
        spawn_blocking(move || cluster.is_alive()).await.unwrap_or(true)
    }

    fn server_log(&self) -> PathBuf {
        self.cluster.folders.server_log()
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EmbeddedPostgresError> + Send + 'static,
) -> Result<T, EmbeddedPostgresError> {
    spawn_blocking(work).await.unwrap_or(Err(EmbeddedPostgresError::Interrupted))
}
