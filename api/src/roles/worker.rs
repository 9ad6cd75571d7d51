//! `reward-ledger serve --only worker --projection NAME`: feeds projections from Kafka, beside other workers
//! and services on the same database. It answers no requests.

use std::time::Duration;

use anyhow::{Context, anyhow};
use projections::FED_BY_WORKERS;
use projections::worker::{self, WorkerConfig, WorkerError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Database;
use crate::config::Config;

/// Works until SIGTERM or SIGINT.
///
/// # Errors
/// With the remedy in the text.
pub(super) async fn work(config: Config, projections: Vec<String>) -> anyhow::Result<()> {
    config.validate()?;
    for name in &projections {
        worker::may_work(name).await.map_err(told)?;
    }
    let brokers = config.kafka().context(
        "KAFKA_BROKERS is not set: a worker reads a Kafka that the relay of another process publishes to; set it to that one",
    )?;
    brokers.check().context("Kafka cannot be reached this way")?;
    let worker = WorkerConfig {
        brokers,
        topic: config.kafka_topic.clone(),
        session: Duration::from_millis(config.worker_session_ms),
    };
    let database = Database::open(&config).await?;
    tracing::info!("database: {}", database.description);
    tracing::info!("broker: Kafka at {}, topic {}", worker.brokers.addresses, worker.topic);
    let worked = run(worker, projections, &database).await;
    let closed = database.close().await;
    worked.and(closed)
}

async fn run(config: WorkerConfig, projections: Vec<String>, database: &Database) -> anyhow::Result<()> {
    let (pool, stopping) = (database.for_followers(), CancellationToken::new());
    let mut workers = JoinSet::new();
    for name in projections {
        let (config, pool, stopping) = (config.clone(), pool.clone(), stopping.clone());
        tracing::info!("worker of {name}");
        workers.spawn(async move { worker::work(&name, config, &pool, stopping).await });
    }
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut outcome = Ok(());
    loop {
        tokio::select! {
            ended = workers.join_next() => match ended {
                None => return outcome,
                Some(Ok(Ok(()))) => {}
                // the others need not go on: whoever started us sees that one of them cannot
                Some(Ok(Err(error))) => outcome = outcome.and(Err(told(error))),
                Some(Err(error)) => outcome = outcome.and(Err(error.into())),
            },
            _ = terminate.recv() => tracing::info!("asked to stop: finishing what is under way"),
            _ = interrupt.recv() => tracing::info!("asked to stop: finishing what is under way"),
        }
        stopping.cancel();
    }
}

fn told(error: WorkerError) -> anyhow::Error {
    match &error {
        WorkerError::Unknown(_) | WorkerError::Whole { .. } => {
            anyhow!("{error}. Workers can feed {}", FED_BY_WORKERS.join(", "))
        }
        WorkerError::Stopped(_) => error.into(),
    }
}
