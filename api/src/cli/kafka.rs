//! `reward-ledger kafka`: what is on Kafka, seen from the command line, beside a running service or without
//! one. Each command ends with 0: all right, 1: a difference was found and named, 2: it could not look.

mod dead_letters;
mod republish;
mod verify;

use std::process::ExitCode;

use anyhow::Context;
use projections::kafka::topic::Topic;

use crate::cli::audit::{COULD_NOT_LOOK, DIFFERENCE};
use crate::config::Config;

/// Looks at what is on Kafka, and puts it there again.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Kafka {
    /// Compare the topic with the log, byte for byte.
    Verify(verify::Verify),
    /// List and replay facts from Kafka that were refused.
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLetters),
    /// Publish the log again from a position on.
    Republish(republish::Republish),
}

impl Kafka {
    /// Does it.
    pub async fn run(self, config: Config) -> ExitCode {
        let looked = match self {
            Self::Verify(order) => order.run(&config).await,
            Self::DeadLetters(order) => order.run(&config).await,
            Self::Republish(order) => order.run(&config).await,
        };
        match looked {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::from(DIFFERENCE),
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::from(COULD_NOT_LOOK)
            }
        }
    }
}

/// The topic on the configured broker; an embedded broker is known to its own service only.
fn named_topic(config: &Config) -> anyhow::Result<Topic> {
    config
        .named_topic()
        .context("KAFKA_BROKERS is not set; a service with an embedded broker prints its address at start")
}
