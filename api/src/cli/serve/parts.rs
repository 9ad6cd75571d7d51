//! The parts of the service: what each is made of, and nothing about when they start and stop.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use axum::middleware::from_fn;
use commands::Ledger;
use domain::condition::Condition;
use projections::kafka::relay::{self, Relay, RelayConfig};
use projections::read_models::log_analytics::KnownEdges;
use projections::{Followers, Freshness, follow_all, keep_packed};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::broker::Broker;
use super::open_files;
use crate::app::accounts::Passwords;
use crate::app::audit::checkpoints::Checkpoints;
use crate::app::coupons::missing;
use crate::app::facts::LedgerFacts;
use crate::app::operations::intake::IntakeDesk;
use crate::app::problem::Problem;
use crate::app::security::SecurityLog;
use crate::app::session_cache::{self, SessionCache};
use crate::cli::Database;
use crate::cli::demo::seed::{self, Made};
use crate::cli::signals::asked_to_stop;
use crate::config::{Config, KafkaUse};
use crate::http::idempotency::{self, InProgress};
use crate::http::metrics;
use crate::http::router;
use crate::http::state::{AppState, Shared};
use crate::jobs::demo_traffic::DemoTraffic;
use crate::jobs::kafka_intake::{Desk, Inbound, InboundConfig};
use crate::jobs::low_codes;
use crate::jobs::reactors::{BudgetReactor, DebtReactor, ReferralProgramme, ReferralReactor};
use crate::jobs::scheduler::Scheduler;
use crate::pages;
use crate::routes;

/// How long requests that are being answered may take when we are asked to stop.
const DRAIN_TIME_LIMIT: Duration = Duration::from_secs(15);

/// The write side, and how far the read side is.
pub(super) struct Inside {
    pub(super) ledger: Ledger,
    pub(super) freshness: Freshness,
    facts: LedgerFacts,
    requests: PgPool,
}

impl Inside {
    pub(super) async fn start(database: &Database) -> anyhow::Result<Self> {
        let requests = database.for_requests();
        let (ledger, facts) = (Ledger::start(requests.clone()).await?, LedgerFacts::start(requests.clone()));
        Ok(Self { ledger, facts, requests, freshness: Freshness::new() })
    }

    /// What follows the log, but the relay.
    pub(super) fn follow(
        &self,
        config: &Config,
        broker: Option<&Broker>,
        followers: &Followers,
        stopping: &CancellationToken,
    ) -> anyhow::Result<()> {
        follow_all(followers);
        keep_packed(followers, stopping.clone());
        let condition = serde_json::from_str::<Condition>(&config.referral_condition).context("REFERRAL_CONDITION")?;
        if condition.counts_from_campaign_start() {
            bail!("REFERRAL_CONDITION: no event starts for a referral; give `since` a date instead of \"eventStart\"");
        }
        let (ledger, pool) = (|| self.ledger.clone(), || followers.pool().clone());
        let programme =
            ReferralProgramme::new(ledger(), self.facts.clone(), pool(), condition, config.email_verification);
        followers.follow(ReferralReactor::new(programme.clone()));
        followers.follow(DebtReactor::new(ledger()));
        followers.follow(BudgetReactor::new(ledger()));
        if let Some(broker) = broker.filter(|broker| broker.has_facts) {
            let facts = InboundConfig {
                brokers: broker.brokers.clone(),
                topic: config.kafka_activities_topic.clone(),
                group: config.activities_group().to_owned(),
                start_over: broker.embedded.is_some(),
            };
            Inbound::start(facts, ledger(), pool(), followers, stopping.clone())
                .context("activities cannot be consumed from Kafka")?;
        }
        low_codes::start(ledger(), followers, stopping.clone());
        Scheduler::start(ledger(), pool(), self.freshness.clone(), programme, followers, stopping.clone());
        Ok(())
    }

    /// What answers requests.
    pub(super) fn api(
        &self,
        config: &Config,
        database: &Database,
        broker: Option<&Broker>,
        checkpoints: Checkpoints,
        followers: &Followers,
        stopping: &CancellationToken,
    ) -> anyhow::Result<Api> {
        let pool = self.requests.clone();
        let rate_limits = config.rate_limits();
        let counting = rate_limits.clone();
        self.ledger.meter(move |metadata, events| counting.appended(metadata, events));
        let returns = config.returns()?;
        let code_keys = Arc::new(config.code_keys()?);
        tokio::spawn(missing::tell(self.ledger.clone(), code_keys.clone()));
        let state = AppState::from(Shared {
            ledger: self.ledger.clone(),
            facts: self.facts.clone(),
            head: followers.head(),
            freshness: self.freshness.clone(),
            log_edges: KnownEdges::default(),
            topic: config.named_topic(),
            kafka_is_off: config.kafka == KafkaUse::Off,
            intake: desk(config, broker, &pool),
            checkpoints,
            keys: returns.keys(),
            code_keys,
            returns: returns.clone(),
            security: SecurityLog::new(config.security_log_addresses),
            passwords: Passwords::new().map_err(told)?,
            session_cache: SessionCache::start(&pool),
            demo: config.demo,
            in_progress: InProgress::default(),
            separation_of_duties: config.duties_are_separated(),
            rate_limits,
            proxies: config.proxies().unwrap_or_default(),
            secure_cookie: config.cookie_is_secure(),
            pool: pool.clone(),
            heavy_reads: database.for_heavy_reads(),
            whole_log: database.pool.clone(),
        });
        let hearing = tokio::spawn(session_cache::listen(state.session_cache.clone(), pool.clone(), stopping.clone()));
        tokio::spawn(idempotency::clean_up(pool.clone(), stopping.clone()));
        tokio::spawn(returns.forget_old(pool, stopping.clone()));
        Ok(Api { state, hearing, stopping: stopping.clone() })
    }
}

/// The administration of the Kafka intake: it exists if this process reads facts, or if brokers are configured.
fn desk(config: &Config, broker: Option<&Broker>, pool: &PgPool) -> Option<Arc<dyn IntakeDesk>> {
    let ours = broker.filter(|broker| broker.has_facts).map(|broker| broker.brokers.clone());
    let brokers = ours.or_else(|| config.kafka().filter(|_| config.kafka == KafkaUse::On))?;
    let (topic, group) = (config.kafka_activities_topic.clone(), config.activities_group().to_owned());
    Some(Arc::new(Desk { brokers, pool: pool.clone(), topic, group }))
}

/// The HTTP API, ready to answer.
pub(super) struct Api {
    state: AppState,
    hearing: tokio::task::JoinHandle<()>,
    stopping: CancellationToken,
}

impl Api {
    /// Answers requests until asked to stop, and then those that are under way.
    pub(super) async fn answer(self, config: &Config, history: Option<Made>) -> anyhow::Result<()> {
        let Self { state, hearing, stopping } = self;
        let traffic = TaskTracker::new();
        let live = |going: DemoTraffic| drop(traffic.spawn(going.run(stopping.clone())));
        let answered = answer(config, state, history, live).await;
        stopping.cancel();
        traffic.close();
        traffic.wait().await;
        let _ = hearing.await; // it holds a connection
        answered
    }
}

async fn answer(
    config: &Config,
    state: AppState,
    history: Option<Made>,
    live: impl FnOnce(DemoTraffic),
) -> anyhow::Result<()> {
    if config.demo {
        seed::make(&state).await.map_err(told)?;
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}; set LISTEN to another address", config.listen))?;
    let address = listener.local_addr()?;
    tracing::info!("listening on http://{address}");
    if config.demo {
        seed::explain(address, history);
        seed::traffic(config, &state).await.map_err(told)?.map(live);
    }
    let asked = CancellationToken::new();
    let service = router::Service::new(routes::router, state.clone(), config.cors_origins()?);
    let mut router = service.api().merge(pages::router(&service, state));
    if config.metrics_listen.is_some() {
        router = router.layer(from_fn(metrics::measure));
    }
    let http = router::listen(listener, router, open_files::bounded(config.connection_limits()), asked.clone());
    tokio::pin!(http);
    tokio::select! {
        () = &mut http => return Ok(()),
        stop = asked_to_stop() => stop?,
    }
    asked.cancel();
    if tokio::time::timeout(DRAIN_TIME_LIMIT, http).await.is_err() {
        tracing::warn!("shutdown: some requests did not finish in time");
    }
    Ok(())
}

/// The log published to Kafka.
pub(super) fn relay(config: &Config, broker: &Broker, followers: &Followers, stopping: &CancellationToken) {
    let publishing =
        RelayConfig { topic: config.topic_at(broker.brokers.clone()), start_over: broker.embedded.is_some() };
    followers.follow(Relay::new(publishing, followers.lease(relay::NAME), stopping.clone()));
}

fn told(problem: Problem) -> anyhow::Error {
    anyhow!("{}", problem.code().title())
}
