//! `reward-ledger projections`: the status of all followers, retrying or skipping events they could not process, and
//! digests to compare two folds. It works beside a running service.

use anyhow::Context;
use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser};
use projections::kafka::relay;
use projections::upkeep::status;
use projections::upkeep::status::Status;
use projections::{Intervention, InterventionKind, InterventionOutcome};
use serde::Serialize;

use super::Database;
use crate::config::{Config, KafkaUse};

/// How the projections are doing, or something about one of them.
#[derive(Debug, Clone, clap::Args)]
pub struct Projections {
    #[command(subcommand)]
    order: Option<Order>,
    /// Print one JSON document.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Order {
    /// Retry the event that a follower has stopped at or parked.
    Retry(Decision),
    /// Skip the event that a follower has stopped at or parked, for ever.
    Skip(Decision),
    /// Print a digest over all rows: the same for every fold of the same log by the same version.
    Digest {
        /// The projection.
        #[arg(value_parser = PossibleValuesParser::new(projections::ALL))]
        name: String,
    },
}

#[derive(Debug, Clone, clap::Args)]
struct Decision {
    /// The follower.
    name: String,
    /// The reason, kept in the table `interventions`.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    reason: String,
    /// Who decided it, kept as well.
    #[arg(long, env = "USER", default_value = "unknown")]
    by: String,
}

impl Projections {
    /// Does it.
    ///
    /// # Errors
    /// The database's, or when there is no such follower.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let database = Database::open(&config).await?;
        let answered = self.answer(&database, config.kafka == KafkaUse::Off).await;
        database.close().await?;
        println!("{}", answered?);
        Ok(())
    }

    async fn answer(self, database: &Database, is_published_nowhere: bool) -> anyhow::Result<String> {
        let mut conn = database.pool.acquire().await?;
        match self.order {
            None => {
                let mut all = Statuses {
                    projections: status::projections(&mut conn).await?,
                    followers: status::other_followers(&mut conn).await?,
                };
                if is_published_nowhere {
                    status::switch_off(&mut all.followers, relay::NAME);
                }
                if self.json { json(&all) } else { Ok(table(&all)) }
            }
            Some(Order::Digest { name }) => {
                let digest = projections::digest(&mut conn, &name).await?;
                if self.json {
                    json(&digest)
                } else {
                    Ok(format!("{name} at position {}: {}", digest.position, digest.digest))
                }
            }
            Some(Order::Retry(decision)) => decide(database, InterventionKind::Retry, decision, self.json).await,
            Some(Order::Skip(decision)) => decide(database, InterventionKind::Skip, decision, self.json).await,
        }
    }
}

#[derive(Debug, Serialize)]
struct Statuses {
    projections: Vec<Status>,
    /// The followers that are not projections: the relay and the reactors.
    followers: Vec<Status>,
}

async fn decide(
    database: &Database,
    step: InterventionKind,
    decision: Decision,
    as_json: bool,
) -> anyhow::Result<String> {
    let Decision { name, reason, by } = decision;
    let intervention = Intervention { step, position: None, reason, actor: by };
    let done = projections::intervene(&database.pool, &name, &intervention)
        .await
        .with_context(|| format!("{name} was not changed"))?;
    if as_json { json(&done) } else { Ok(told(&name, &done)) }
}

fn told(name: &str, done: &InterventionOutcome) -> String {
    if done.positions.is_empty() {
        return format!("{name} has not stopped at any event");
    }
    let positions: Vec<String> = done.positions.iter().map(ToString::to_string).collect();
    let mut text = format!("decision recorded for {name}, position {}", positions.join(", "));
    for (position, reason) in &done.still_in_the_way {
        text.push_str(&format!("\nstill failing: position {position}: {reason}"));
    }
    text
}

fn table(all: &Statuses) -> String {
    let mut lines = vec![line(["name", "version", "position", "lag (events)", "lag (s)", "state"])];
    for one in all.projections.iter().chain(&all.followers) {
        lines.push(line([
            &one.name,
            &one.version.to_string(),
            &one.position.to_string(),
            &one.lag_events.to_string(),
            &format!("{:.1}", one.lag_seconds),
            one.state,
        ]));
        if let Some(trouble) = &one.trouble {
            lines.push(format!("  position {}: {}", trouble.position, trouble.reason));
        }
        lines.extend(workers_of(one));
    }
    lines.join("\n")
}

/// The state of its Kafka workers, if any, and which partitions are behind.
fn workers_of(one: &Status) -> Option<String> {
    let attended = one.partitions.iter().filter(|partition| partition.attended).count();
    let behind = one.partitions.iter().filter(|partition| partition.lag_events > 0);
    let behind: Vec<_> =
        behind.map(|partition| format!("{} ({} events)", partition.partition, partition.lag_events)).collect();
    let told = format!("  fed by workers, {attended} of {} partitions attended", one.partitions.len());
    match (one.partitions.len(), behind.is_empty()) {
        (0, _) => None,
        (_, true) => Some(told),
        (_, false) => Some(format!("{told}; behind: {}", behind.join(", "))),
    }
}

fn line([name, version, position, events, seconds, state]: [&str; 6]) -> String {
    format!("{name:<20} {version:>7} {position:>12} {events:>12} {seconds:>9}  {state}")
}

fn json(document: &impl Serialize) -> anyhow::Result<String> {
    serde_json::to_string(document).context("the response cannot be serialized")
}
