//! `reward-ledger serve --only worker --projection NAME`: feeds projections from Kafka, beside other workers and
//! services on the same database. It serves metrics and health checks only (`METRICS_LISTEN`).

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use projections::kafka::worker::{WorkerConfig, WorkerError, may_work};
use projections::{Freshness, fed_by_workers, start_followers};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Database;
use crate::app::time_zones;
use crate::cli::database::Schema;
use crate::cli::metrics;
use crate::cli::signals::asked_to_stop;
use crate::config::Config;

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// With the remedy in the text.
pub(super) async fn work(config: Config, names: Vec<String>, schema: Schema) -> anyhow::Result<()> {
    config.validate()?;
    time_zones::tell();
    if names.is_empty() {
        bail!("--only worker needs --projection with one or more of: {}", fed_by_workers().join(", "));
    }
    for name in &names {
        may_work(name).map_err(told)?;
    }
    let brokers = config.kafka().context(
        "KAFKA_BROKERS is not set: a worker reads a Kafka that the relay of another process publishes to; set it to that one",
    )?;
    brokers.check().context("Kafka cannot be reached with these settings")?;
    let worker = WorkerConfig {
        brokers,
        topic: config.kafka_topic.clone(),
        session: Duration::from_millis(config.worker_session_ms),
    };
    let database = Database::start(&config, schema).await?;
    tracing::info!("database: {}", database.description);
    tracing::info!("roles: {}", database.ownership);
    tracing::info!("broker: Kafka at {}, topic {}", worker.brokers.addresses, worker.topic);
    let worked = run(&config, worker, names, &database).await;
    let closed = database.close().await;
    worked.and(closed)
}

async fn run(config: &Config, worker: WorkerConfig, names: Vec<String>, database: &Database) -> anyhow::Result<()> {
    let (pool, stopping) = (database.for_followers(), CancellationToken::new());
    if let Some(address) = config.metrics_listen {
        let freshness = Freshness::new();
        // these loops follow nothing; they only know the positions
        let known = start_followers(pool.clone(), watch::channel(0).1, freshness.clone(), stopping.clone());
        metrics::serve(address, database.pool.clone(), &known, freshness, stopping.clone()).await?;
    }
    let mut workers = JoinSet::new();
    for name in names {
        let (worker, pool, stopping) = (worker.clone(), pool.clone(), stopping.clone());
        tracing::info!("worker of {name}");
        workers.spawn(async move { projections::kafka::worker::work(&name, worker, &pool, stopping).await });
    }
    let asked = asked_to_stop();
    tokio::pin!(asked);
    let mut outcome = Ok(());
    loop {
        tokio::select! {
            ended = workers.join_next() => match ended {
                None => return outcome,
                Some(Ok(Ok(()))) => {}
                // one worker failed: stop the others too, so that the process ends with its error
                Some(Ok(Err(error))) => outcome = outcome.and(Err(told(error))),
                Some(Err(error)) => outcome = outcome.and(Err(error.into())),
            },
            stop = &mut asked, if !stopping.is_cancelled() => outcome = outcome.and(stop),
        }
        stopping.cancel();
    }
}

fn told(error: WorkerError) -> anyhow::Error {
    match &error {
        WorkerError::Unknown(_) | WorkerError::Whole { .. } => {
            anyhow!("{error}. Workers can feed {}", fed_by_workers().join(", "))
        }
        WorkerError::Stopped(_) => error.into(),
    }
}
