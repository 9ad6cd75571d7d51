//! What the handlers share: the write side, the read side, keys. It holds no request and no rule.

use std::ops::Deref;
use std::sync::Arc;

use commands::Ledger;
use projections::Freshness;
use projections::kafka::topic::Topic;
use projections::read_models::log_analytics::KnownEdges;
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use tokio::sync::watch;

use crate::app::accounts::{Passwords, Returns, SignIn};
use crate::app::audit::checkpoints::Checkpoints;
use crate::app::coupons::keys::CodeKeys;
use crate::app::facts::LedgerFacts;
use crate::app::operations::intake::IntakeDesk;
use crate::app::problem::{Code, Problem};
use crate::app::security::SecurityLog;
use crate::app::session_cache::SessionCache;
use crate::app::tokens::Keys;
use crate::http::client_address::TrustedProxies;
use crate::http::idempotency::InProgress;
use crate::http::layers::rate_limits::RateLimits;

/// Shared by all handlers. A request clones it several times, so a clone is one reference more and nothing else.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// What is shared.
pub struct Shared {
    /// The database, for requests: each statement has a time limit.
    pub pool: PgPool,
    /// The same, for reads that look through much.
    pub heavy_reads: PgPool,
    /// The same without a time limit, for what reads the whole log in turns.
    pub whole_log: PgPool,
    /// The write side.
    pub ledger: Ledger,
    /// What claims are decided on.
    pub facts: LedgerFacts,
    /// Where the log ends, as far as this process knows.
    pub head: watch::Receiver<i64>,
    /// How far the projections are.
    pub freshness: Freshness,
    /// The cache of positions at which days and minutes of the log begin.
    pub log_edges: KnownEdges,
    /// Where the log is published, if a broker is named.
    pub topic: Option<Topic>,
    /// Whether the log is published nowhere, because somebody said so.
    pub kafka_is_off: bool,
    /// The administration of the Kafka intake, if there is one.
    pub intake: Option<Arc<dyn IntakeDesk>>,
    /// Signs checkpoints of the log.
    pub checkpoints: Checkpoints,
    /// The keys of the access tokens.
    pub keys: Arc<Keys>,
    /// The keys of the codes of coupons.
    pub code_keys: Arc<CodeKeys>,
    /// Hashes passwords, a few at a time.
    pub passwords: Passwords,
    /// What log-ins and service keys stand for now.
    pub session_cache: SessionCache,
    /// Whether this is a demo: only there the accounts of the demo are let in, its service with a password too.
    pub demo: bool,
    /// The idempotency keys that are being worked on.
    pub in_progress: InProgress,
    /// Whether nobody may serve themselves: claim in an event of their own, report or void facts about themselves, lift
    /// their own block.
    pub separation_of_duties: bool,
    /// How much one caller may ask.
    pub rate_limits: RateLimits,
    /// Who comes back after an erasure.
    pub returns: Returns,
    /// What whoever guards the service reads.
    pub security: SecurityLog,
    /// Whose word about addresses is believed.
    pub proxies: TrustedProxies,
    /// Whether the refresh cookie is for HTTPS only.
    pub secure_cookie: bool,
}

impl From<Shared> for AppState {
    fn from(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    /// What a log-in needs.
    #[must_use]
    pub fn sign_in(&self) -> SignIn<'_> {
        SignIn {
            pool: &self.pool,
            ledger: &self.ledger,
            keys: &self.keys,
            passwords: &self.passwords,
            guesses: self.rate_limits.guesses(),
            session_cache: &self.session_cache,
            security: &self.security,
            demo: self.demo,
        }
    }

    /// A connection for a read that looks through much.
    ///
    /// # Errors
    /// `overloaded` when all of them are in use for too long.
    pub async fn heavy_read(&self) -> Result<PoolConnection<Postgres>, Problem> {
        self.heavy_reads.acquire().await.map_err(|error| match error {
            sqlx::Error::PoolTimedOut => Problem::new(Code::Overloaded),
            error => error.into(),
        })
    }
}
