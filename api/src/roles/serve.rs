//! `reward-ledger serve`: everything at once. It starts from the inside out (database, write side,
//! followers, HTTP) and stops from the outside in.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use axum::middleware::from_fn;
use commands::Ledger;
use domain::condition::Condition;
use projections::relay::{self, Relay, RelayConfig};
use projections::topic::PARTITIONS;
use projections::{Brokers, Followers, Freshness, start_all};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{Database, worker};
use crate::accounts::Passwords;
use crate::config::Config;
use crate::embedded::EmbeddedBroker;
use crate::facts::LedgerFacts;
use crate::inbound::dead_letters::topic_of;
use crate::inbound::{self, Inbound, InboundConfig};
use crate::once::{self, InProgress};
use crate::problem::Problem;
use crate::reactors::ReferralReactor;
use crate::scheduler::Scheduler;
use crate::standing::{self, Standings};
use crate::state::AppState;
use crate::tokens::Keys;
use crate::{demo, metrics, server};

/// How long requests that are being answered may take when we are asked to stop.
const DRAIN_TIME_LIMIT: Duration = Duration::from_secs(15);
/// How long the followers may take to finish their batches.
const FOLLOWERS_TIME_LIMIT: Duration = Duration::from_secs(10);

/// What to serve.
#[derive(Debug, Clone, clap::Args)]
pub struct Serve {
    /// Do this one thing and nothing else. `worker`: feed projections from Kafka, as members of a group.
    #[arg(long, value_enum, requires = "projection")]
    only: Option<Only>,
    /// The projection to feed; several with commas. Possible are member_facts, referral_tally, claim_history
    /// and campaign_windows: each of their rows follows from the events of one subject.
    #[arg(long, value_name = "NAME", requires = "only", value_delimiter = ',')]
    projection: Vec<String>,
}

/// What can be served alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    /// Projections fed from Kafka.
    Worker,
}

impl Serve {
    /// Does it.
    ///
    /// # Errors
    /// With the remedy in the text.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        match self.only {
            None => serve(config).await,
            Some(Only::Worker) => worker::work(config, self.projection).await,
        }
    }
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// With the remedy in the text.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    config.validate()?;
    let database = Database::open(&config).await?;
    let served = run(&config, &database).await;
    let closed = database.close().await;
    served.and(closed)
}

async fn run(config: &Config, database: &Database) -> anyhow::Result<()> {
    tracing::info!("database: {}", database.description);
    // made now, so that it is there when somebody wants a checkpoint, and nobody else makes it first
    crate::audit::key::open_or_make(config)?;
    let broker = Broker::of(config)?;
    tracing::info!("broker: {}", broker.description);
    let state = state(config, database).await?;
    let stopping = CancellationToken::new();
    let followers = follow(config, &state, database.for_followers(), &broker, stopping.clone())?;
    let hearing = tokio::spawn(standing::listen(state.standings.clone(), state.pool.clone(), stopping.clone()));
    tokio::spawn(once::clean_up(state.pool.clone(), stopping.clone()));
    if let Some(address) = config.metrics_listen {
        metrics::serve(address, state.ledger.clone(), state.freshness.clone(), stopping.clone()).await?;
    }
    let answered = answer(config, state).await;
    stopping.cancel();
    let _ = hearing.await; // it holds a connection
    if tokio::time::timeout(FOLLOWERS_TIME_LIMIT, followers.stopped()).await.is_err() {
        tracing::warn!("a follower did not finish its batch; it will be done again");
    }
    answered
}

async fn state(config: &Config, database: &Database) -> anyhow::Result<AppState> {
    let pool = database.pool.clone();
    Ok(AppState {
        ledger: Ledger::start(pool.clone()).await?,
        facts: LedgerFacts::start(pool.clone()),
        freshness: Freshness::new(),
        keys: Arc::new(Keys::open(config.token_key_file.as_deref(), &config.data_dir)?),
        passwords: Passwords::new().map_err(told)?,
        standings: Standings::start(&pool),
        service_log_in: config.demo,
        in_progress: InProgress::default(),
        rate_limits: config.rate_limits(),
        secure_cookie: config.cookie_is_secure(),
        pool,
    })
}

fn follow(
    config: &Config,
    state: &AppState,
    pool: PgPool,
    broker: &Broker,
    stopping: CancellationToken,
) -> anyhow::Result<Followers> {
    let followers = start_all(pool.clone(), state.ledger.head(), state.freshness.clone(), stopping.clone());
    let condition = serde_json::from_str::<Condition>(&config.referral_condition).context("REFERRAL_CONDITION")?;
    if condition.counts_from_event_start() {
        bail!("REFERRAL_CONDITION: no event starts for a referral; give `since` a date instead of \"eventStart\"");
    }
    followers.follow(ReferralReactor::new(state.ledger.clone(), state.facts.clone(), condition));
    let facts = InboundConfig {
        brokers: broker.brokers.clone(),
        topic: config.kafka_activities_topic.clone(),
        group: config.activities_group().to_owned(),
        start_over: broker.embedded.is_some(),
    };
    Inbound::start(facts, state.ledger.clone(), pool.clone(), &followers, stopping.clone())
        .context("the facts of Kafka cannot be read")?;
    let publishing =
        RelayConfig { topic: config.topic_at(broker.brokers.clone()), start_over: broker.embedded.is_some() };
    Scheduler::start(state.ledger.clone(), pool.clone(), state.freshness.clone(), &followers, stopping.clone());
    followers.follow(Relay::new(publishing, pool, followers.lease(relay::NAME), stopping));
    Ok(followers)
}

/// Answers requests until asked to stop, and then those that are under way.
async fn answer(config: &Config, state: AppState) -> anyhow::Result<()> {
    if config.demo {
        demo::make(&state).await.map_err(told)?;
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}; set LISTEN to another address", config.listen))?;
    let address = listener.local_addr()?;
    tracing::info!("listening on http://{address}");
    if config.demo {
        demo::explain(address);
    }
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let asked = CancellationToken::new();
    let draining = asked.clone();
    let mut router = server::router(state, &config.cors_origins()?);
    if config.metrics_listen.is_some() {
        router = router.layer(from_fn(metrics::measure));
    }
    let http = server::listen(listener, router, draining);
    tokio::pin!(http);
    tokio::select! {
        () = &mut http => return Ok(()),
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("asked to stop: finishing what is under way");
    asked.cancel();
    if tokio::time::timeout(DRAIN_TIME_LIMIT, http).await.is_err() {
        tracing::warn!("some requests were not finished in time");
    }
    Ok(())
}

fn told(problem: Problem) -> anyhow::Error {
    anyhow!("{}", problem.code().title())
}

/// The broker that is published to.
struct Broker {
    brokers: Brokers,
    description: String,
    /// Lives as long as we do.
    embedded: Option<EmbeddedBroker>,
}

impl Broker {
    fn of(config: &Config) -> anyhow::Result<Self> {
        if let Some(brokers) = config.kafka() {
            brokers.check().context("Kafka cannot be reached this way")?;
            let description = format!("Kafka at {}", brokers.addresses);
            return Ok(Self { brokers, description, embedded: None });
        }
        let embedded = EmbeddedBroker::start()?;
        embedded.create_topic(&config.kafka_topic, PARTITIONS)?;
        embedded.create_topic(&config.kafka_activities_topic, inbound::PARTITIONS)?;
        embedded.create_topic(&topic_of(&config.kafka_activities_topic), inbound::dead_letters::PARTITIONS)?;
        Ok(Self {
            brokers: Brokers::at(embedded.bootstrap_servers()),
            description: embedded.describe(),
            embedded: Some(embedded),
        })
    }
}
