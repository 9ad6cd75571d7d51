//! The database of a command: the configured one, or the embedded one, which starts and stops with the process. `serve`
//! and `migrate` migrate it, all other commands check its schema.

pub mod migrations;
mod ownership;
pub mod schema;

use std::time::Duration;

use anyhow::Context;
use projections::engine::connections::check_when_idle;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};

use crate::app::accounts::renew_earlier_keys;
use crate::config::Config;
use crate::embedded::EmbeddedPostgres;

pub use schema::MIGRATOR;

/// How many connections requests may use: reads are batched, and one writer appends.
const MAX_CONNECTIONS: u32 = 24;
/// How many connections followers may use, apart from those of requests.
const FOLLOWER_CONNECTIONS: u32 = 12;
/// How long a request waits for a connection before it fails as unavailable.
const ACQUIRE_TIME_LIMIT: Duration = Duration::from_secs(3);
/// How many connections expensive reads may use (the log by a filter, dashboards as of a position), apart from those of
/// other requests.
const HEAVY_CONNECTIONS: u32 = 6;
/// The time limit of a statement, a little below that of the request.
const STATEMENT_TIME_LIMIT: &str = "15s";
/// A connection that was used within this time is taken without a ping.
const BELIEVED_FOR: Duration = Duration::from_millis(250);
/// The schema that always exists.
const PUBLIC: &str = "public";

/// An open database whose schema this version works on.
#[derive(Debug)]
pub struct Database {
    /// The pool.
    pub pool: PgPool,
    /// The description in the start-up log.
    pub description: String,
    /// Which role owns the log and which writes to it, for the start-up log.
    pub ownership: String,
    embedded: Option<EmbeddedPostgres>,
}

/// What to do with an outdated schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Migrate it.
    Migrated,
    /// Refuse it.
    Checked,
}

impl Database {
    /// Opens the database of the configuration for whoever serves.
    ///
    /// # Errors
    /// With the remedy in the message.
    pub async fn start(config: &Config, schema: Schema) -> anyhow::Result<Self> {
        match schema {
            Schema::Migrated => Self::migrated(config).await,
            Schema::Checked => Self::open(config).await,
        }
    }

    /// Opens the database of the configuration and brings it to the schema of this version, for `serve` and `migrate`.
    ///
    /// # Errors
    /// With the remedy in the message.
    pub async fn migrated(config: &Config) -> anyhow::Result<Self> {
        let (options, description, embedded) = Self::place(config).await?;
        let schema = &config.database_schema;
        let parted = match config.database_owner() {
            Some(owner) => {
                let owner = owner.context("DATABASE_OWNER_URL is not a valid PostgreSQL URL")?;
                Some(ownership::migrate_as_owner(schema, owner, &options).await?)
            }
            None => {
                make_schema(schema, &options).await.context("the database cannot be reached")?;
                None
            }
        };
        let pool = connect(options).await?;
        let opened = Self { pool, description, ownership: parted.clone().unwrap_or_default(), embedded };
        let owns = ownership::owns_the_log(&mut *opened.pool.acquire().await?).await?;
        let opened = match (parted, owns) {
            (Some(_), _) => opened,
            (None, false) => opened.checked("with DATABASE_OWNER_URL").await?,
            (None, true) => {
                migrations::apply(&mut *opened.pool.acquire().await?, &MIGRATOR.migrations).await?;
                let role = ownership::role(&mut *opened.pool.acquire().await?).await?;
                let ownership = match &opened.embedded {
                    Some(_) => format!("{role} owns and writes the log"),
                    None => format!("{role} owns and writes the log; set DATABASE_OWNER_URL to separate the two"),
                };
                Self { ownership, ..opened }
            }
        };
        renew_earlier_keys(&opened.pool)
            .await
            .context("the canonical keys of e-mails and nicknames cannot be derived again")?;
        Ok(opened)
    }

    /// Opens the database of the configuration and leaves its schema as it is.
    ///
    /// # Errors
    /// With the remedy in the message, also for an outdated schema.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        let (options, description, embedded) = Self::place(config).await?;
        let opened = Self { pool: connect(options).await?, description, ownership: String::new(), embedded };
        opened.checked("").await
    }

    /// Checks the schema and reads the roles; closes the database when it is refused. `how` is added to the error.
    async fn checked(self, how: &'static str) -> anyhow::Result<Self> {
        match self.look().await {
            Ok(ownership) => Ok(Self { ownership, ..self }),
            Err(error) => {
                self.close().await?;
                Err(if how.is_empty() { error } else { anyhow::anyhow!("{error:#} {how}") })
            }
        }
    }

    async fn look(&self) -> anyhow::Result<String> {
        let mut connection = self.pool.acquire().await?;
        schema::check(&mut connection).await?;
        Ok(ownership::told(&mut connection).await?)
    }

    /// The options to connect; starts the embedded database.
    async fn place(config: &Config) -> anyhow::Result<(PgConnectOptions, String, Option<EmbeddedPostgres>)> {
        config.validate()?;
        Ok(match config.database() {
            Some(options) => (
                options.context("DATABASE_URL is not a valid PostgreSQL URL")?,
                format!("PostgreSQL at {}", config.database_url_masked()),
                None,
            ),
            None => {
                let embedded = EmbeddedPostgres::start(&config.data_dir).await?;
                (config.in_schema(embedded.connect_options()), embedded.describe(), Some(embedded))
            }
        })
    }

    /// The pool of requests. Their statements have a time limit, which also ends those of cancelled requests.
    #[must_use]
    pub fn for_requests(&self) -> PgPool {
        self.limited(MAX_CONNECTIONS)
    }

    /// The pool of expensive reads.
    #[must_use]
    pub fn for_heavy_reads(&self) -> PgPool {
        self.limited(HEAVY_CONNECTIONS)
    }

    fn limited(&self, connections: u32) -> PgPool {
        let limits = ["statement_timeout", "idle_in_transaction_session_timeout"].map(|it| (it, STATEMENT_TIME_LIMIT));
        let options = (*self.pool.connect_options()).clone().options(limits);
        let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIME_LIMIT);
        check_when_idle(pool, BELIEVED_FOR).connect_lazy_with(options)
    }

    /// The pool of followers. What they write is derived from the log and saved with a checkpoint, so that commits need
    /// not wait for the disk: what a crash of the server loses is folded, or sent, again.
    #[must_use]
    pub fn for_followers(&self) -> PgPool {
        let options = (*self.pool.connect_options()).clone().options([("synchronous_commit", "off")]);
        PgPoolOptions::new()
            .max_connections(FOLLOWER_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIME_LIMIT)
            .connect_lazy_with(options)
    }

    /// Closes all connections and stops the embedded server.
    ///
    /// # Errors
    /// The embedded server does not stop.
    pub async fn close(self) -> anyhow::Result<()> {
        self.pool.close().await;
        if let Some(embedded) = self.embedded {
            embedded.stop().await?;
        }
        Ok(())
    }
}

/// Disables JIT compilation: the planner overestimates batches of look-ups by key and would spend hundreds of
/// milliseconds on compiling each.
async fn connect(options: PgConnectOptions) -> anyhow::Result<PgPool> {
    let pool = PgPoolOptions::new().max_connections(MAX_CONNECTIONS).acquire_timeout(ACQUIRE_TIME_LIMIT);
    check_when_idle(pool, BELIEVED_FOR)
        .connect_with(options.options([("jit", "off")]))
        .await
        .context("the database cannot be reached")
}

/// the configuration has checked the name: lower-case letters, digits and `_`
async fn make_schema(schema: &str, options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    if schema == PUBLIC {
        return Ok(());
    }
    let mut connection = PgConnection::connect_with(options).await?;
    let there: bool = sqlx::query_scalar("select exists (select from pg_namespace where nspname = $1)")
        .bind(schema)
        .fetch_one(&mut connection)
        .await?;
    if there {
        return connection.close().await;
    }
    match sqlx::query(&format!("create schema if not exists \"{schema}\"")).execute(&mut connection).await {
        // another process that starts at the same moment has created it
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {}
        created => _ = created?,
    }
    connection.close().await
}
