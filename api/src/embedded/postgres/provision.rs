//! The role and the database the service works with. The role owns the database and its schema and
//! is not a superuser: what the log refuses, it refuses to the service as well. Each start brings
//! this to the same state. Knows no table.

use super::settings::{PORT, SUPERUSER};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// The role of the service, and the name of its database.
pub(super) const ROLE: &str = "reward_ledger";
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);
const RETRY_EVERY: Duration = Duration::from_millis(50);

/// How the service connects.
pub(super) fn service_options(socket_folder: &Path) -> PgConnectOptions {
    options(socket_folder, ROLE, ROLE)
}

/// Makes the role and the database when they are not there. Waits while the server recovers.
pub(super) async fn prepare(socket_folder: &Path) -> Result<(), sqlx::Error> {
    let deadline = Instant::now() + ANSWER_PATIENCE;
    loop {
        let answer = timeout(ANSWER_PATIENCE, bring_to_state(socket_folder)).await;
        match answer.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            Err(error) if cannot_connect_now(&error) && Instant::now() < deadline => {
                sleep(RETRY_EVERY).await;
            }
            other => return other,
        }
    }
}

/// Whether the server was reached at all: one that answers with a refusal runs.
pub(super) fn was_answered(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some()
}

async fn bring_to_state(socket_folder: &Path) -> Result<(), sqlx::Error> {
    let mut server = connect(socket_folder, SUPERUSER).await?;
    if !exists(&mut server, "select exists (select from pg_roles where rolname = $1)").await? {
        let role = "create role reward_ledger login nosuperuser nocreatedb nocreaterole";
        server.execute(role).await?;
    }
    if !exists(&mut server, "select exists (select from pg_database where datname = $1)").await? {
        server.execute("create database reward_ledger owner reward_ledger").await?;
    }
    server.close().await?;
    let mut database = connect(socket_folder, ROLE).await?;
    database.execute("alter schema public owner to reward_ledger").await?;
    database.close().await
}

/// `cannot_connect_now`: it starts, recovers or shuts down.
fn cannot_connect_now(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|refusal| refusal.code()).is_some_and(|code| code == "57P03")
}

async fn connect(socket_folder: &Path, database: &str) -> Result<PgConnection, sqlx::Error> {
    options(socket_folder, SUPERUSER, database).connect().await
}

async fn exists(server: &mut PgConnection, question: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(question).bind(ROLE).fetch_one(server).await
}

fn options(socket_folder: &Path, user: &str, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket_folder)
        .port(PORT)
        .username(user)
        .database(database)
        .ssl_mode(PgSslMode::Disable)
        .application_name("reward-ledger")
}
