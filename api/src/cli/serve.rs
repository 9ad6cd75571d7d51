//! `reward-ledger serve`: the whole service, or one part of it (`--only`). It starts the database, the write side, the
//! followers of the log and HTTP, in this order, and stops them in reverse. `parts` assembles the parts; `cli::worker`
//! is the part that is fed from Kafka.

mod broker;
mod open_files;
mod parts;

use std::time::Duration;

use projections::start_followers;
use tokio_util::sync::CancellationToken;

use self::broker::Broker;
use self::parts::Inside;
use crate::app::audit::checkpoints::Checkpoints;
use crate::app::audit::signing_key;
use crate::app::time_zones;
use crate::cli::database::Schema;
use crate::cli::demo::seed;
use crate::cli::metrics;
use crate::cli::signals::asked_to_stop;
use crate::cli::{Database, worker};
use crate::config::{Config, KafkaUse};
use crate::jobs::checkpoints::keep_checkpoints;

/// How long followers may take to finish their batches at shutdown.
const FOLLOWERS_TIME_LIMIT: Duration = Duration::from_secs(10);

/// What to serve.
#[derive(Debug, Clone, clap::Args)]
pub struct Serve {
    /// Serve only this part, beside processes that serve the others.
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// The projections that a worker feeds, separated by commas: member_facts, referral_tally, claim_history,
    /// campaign_windows, spends, wallets, adjustments or coupons.
    #[arg(long, value_name = "NAME", requires = "only", value_delimiter = ',')]
    projection: Vec<String>,
    /// Leave the schema of the database as it is, and refuse to start on an older one.
    #[arg(long)]
    no_migrate: bool,
}

/// What can be served alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    /// the HTTP API; what it shows is folded by others
    Api,
    /// what follows the log: all projections, the reactors, the scheduler, facts from Kafka
    Follow,
    /// the log published to Kafka
    Relay,
    /// the projections of `--projection`, fed from Kafka as a member of a consumer group
    Worker,
}

impl Serve {
    /// Does it.
    ///
    /// # Errors
    /// With the remedy in the text.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let schema = if self.no_migrate { Schema::Checked } else { Schema::Migrated };
        match self.only {
            Some(Only::Worker) => worker::work(config, self.projection, schema).await,
            _ if !self.projection.is_empty() => anyhow::bail!("--projection only applies to --only worker; remove it"),
            only => serve_part(config, only, schema).await,
        }
    }
}

/// Serves everything until SIGTERM or SIGINT.
///
/// # Errors
/// With the remedy in the text.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    serve_part(config, None, Schema::Migrated).await
}

async fn serve_part(config: Config, only: Option<Only>, schema: Schema) -> anyhow::Result<()> {
    config.validate()?;
    time_zones::tell();
    let does = |part| only.is_none_or(|only| only == part);
    let broker = Broker::of(&config, does)?;
    let database = Database::start(&config, schema).await?;
    let served = run(&config, &database, broker, does).await;
    let closed = database.close().await;
    served.and(closed)
}

async fn run(
    config: &Config,
    database: &Database,
    broker: Option<Broker>,
    does: impl Fn(Only) -> bool,
) -> anyhow::Result<()> {
    tracing::info!("database: {}", database.description);
    tracing::info!("roles: {}", database.ownership);
    if does(Only::Api) && !config.demo {
        seed::refuse_if_left(&database.pool).await?;
    }
    // the history has to be written before anything else
    let history = if does(Only::Api) && config.demo { seed::give_history(config, &database.pool).await } else { None };
    let checkpoints = if does(Only::Api) {
        // made now, so that it is there when somebody wants a checkpoint, and nobody else makes it first
        let key = signing_key::open_or_make(config.audit_key_file.as_deref(), &config.data_dir)?;
        Some(Checkpoints::new(&config.database_schema, key))
    } else {
        None
    };
    let without = match config.kafka {
        KafkaUse::On => "none is needed here",
        KafkaUse::Off => "none, KAFKA is off: nothing is published, and no facts are read from Kafka",
    };
    tracing::info!("broker: {}", broker.as_ref().map_or(without, |broker| &broker.description));
    let stopping = CancellationToken::new();
    let inside = Inside::start(database).await?;
    let followers =
        start_followers(database.for_followers(), inside.ledger.head(), inside.freshness.clone(), stopping.clone());
    let api = match checkpoints {
        Some(checkpoints) => {
            keep_checkpoints(checkpoints.clone(), database.pool.clone(), &followers, stopping.clone());
            Some(inside.api(config, database, broker.as_ref(), checkpoints, &followers, &stopping)?)
        }
        None => None,
    };
    if does(Only::Follow) {
        inside.ledger.tell(followers.keep_in_tail());
        inside.follow(config, broker.as_ref(), &followers, &stopping)?;
    }
    if let Some(broker) = broker.as_ref().filter(|_| does(Only::Relay)) {
        parts::relay(config, broker, &followers, &stopping);
    }
    if let Some(address) = config.metrics_listen {
        metrics::serve(address, database.pool.clone(), &followers, inside.freshness.clone(), stopping.clone()).await?;
    }
    let served = match api {
        Some(api) => api.answer(config, history).await,
        None => asked_to_stop().await,
    };
    stopping.cancel();
    if tokio::time::timeout(FOLLOWERS_TIME_LIMIT, followers.stopped()).await.is_err() {
        tracing::warn!("shutdown: a follower did not finish its batch; it is folded again at the next start");
    }
    served
}
