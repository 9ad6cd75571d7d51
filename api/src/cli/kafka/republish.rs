//! `kafka republish --from N`: publishes the log again from a position on, into a topic that is new, was emptied or has
//! lost messages. It sets the relay back; that of a running service publishes, or one started here.

use std::time::Duration;

use anyhow::bail;
use projections::kafka::relay::{self, Relay, RelayConfig};
use projections::kafka::topic::Topic;
use projections::{Freshness, log, start_followers};
use serde::Serialize;
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::named_topic;
use crate::cli::Database;
use crate::cli::audit::{bar, moved, print_json};
use crate::config::Config;

/// How often the progress of the relay is checked.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// From where on.
#[derive(Debug, Clone, clap::Args)]
pub struct Republish {
    /// The first position to publish again.
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(i64).range(1..))]
    from: i64,
    /// One document.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Republished {
    topic: String,
    from: i64,
    position: i64,
}

impl Republish {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<bool> {
        let topic = named_topic(config)?;
        let database = Database::open(config).await?;
        let head = log::head(&mut *database.pool.acquire().await?).await?.position;
        let done = self.publish(&database, &topic, head).await;
        database.close().await?;
        done?;
        if self.json {
            print_json(&Republished { topic: topic.name, from: self.from, position: head })?;
        } else {
            println!("{} has positions {} to {head} again", topic.name, self.from);
        }
        Ok(true)
    }

    async fn publish(&self, database: &Database, topic: &Topic, head: i64) -> anyhow::Result<()> {
        if self.from > head {
            bail!("the log ends at position {head}");
        }
        relay::set_back(&database.pool, self.from).await?;
        let shutdown = CancellationToken::new();
        let pool = database.for_followers();
        let followers = start_followers(pool.clone(), watch::channel(0).1, Freshness::new(), shutdown.clone());
        let config = RelayConfig { topic: topic.clone(), start_over: false };
        followers.follow(Relay::new(config, followers.lease(relay::NAME), shutdown.clone()));
        let published = tokio::select! {
            published = self.wait(&database.pool, head) => published,
            _ = tokio::signal::ctrl_c() => {
                Err(anyhow::anyhow!("interrupted; the relay of a running service continues, or run this command again with --from set to its position"))
            }
        };
        shutdown.cancel();
        followers.stopped().await;
        published
    }

    async fn wait(&self, pool: &PgPool, head: i64) -> anyhow::Result<()> {
        let told = bar(head - self.from + 1);
        told.set_message("published");
        loop {
            let status = relay::status(&mut *pool.acquire().await?).await?;
            moved(&told, status.position - self.from + 1);
            if let Some(trouble) = status.trouble {
                bail!("the relay stopped at position {}: {trouble}", status.position);
            }
            if status.position >= head {
                told.finish_and_clear();
                return Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}
