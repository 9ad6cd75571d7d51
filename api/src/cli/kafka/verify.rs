//! `kafka verify`: compares the topic with the log. It writes to neither.

use std::time::Duration;

use indicatif::ProgressBar;
use projections::audit::topic::{self, TopicVerification, TopicVerificationProgress};

use super::named_topic;
use crate::cli::Database;
use crate::cli::audit::{bar, print_json, say, show_checks, to_whoever_listens};
use crate::config::Config;

/// How long to wait for the relay, and how the result is shown.
#[derive(Debug, Clone, clap::Args)]
pub struct Verify {
    /// How long to wait until the relay has published what was in the log at the start.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    wait: Duration,
    /// One document.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<bool> {
        let topic = named_topic(config)?;
        let database = Database::open(config).await?;
        let told = bar(0);
        let verified =
            topic::verify(&database.pool, &topic, self.wait, &mut |looking| show_progress(&told, looking)).await;
        told.finish_and_clear();
        database.close().await?;
        let verified = verified?;
        to_whoever_listens(if self.json { print_json(&verified) } else { show(&verified) })?;
        Ok(verified.is_ok())
    }
}

fn show_progress(told: &ProgressBar, looking: TopicVerificationProgress) {
    let number = |number: i64| u64::try_from(number).unwrap_or_default();
    match looking {
        TopicVerificationProgress::Reads { messages, of } => {
            told.set_message("messages");
            told.set_length(number(of));
            told.set_position(number(messages));
        }
        TopicVerificationProgress::Waits { relay_position } => told.set_message(format!("relay at {relay_position}")),
    }
}

fn show(verified: &TopicVerification) -> anyhow::Result<()> {
    show_checks(&verified.checks, 16)?;
    let TopicVerification { topic, position, messages, duplicates, missing, out_of_order, different, unknown, .. } =
        verified;
    say(format_args!(
        "{topic} up to position {position}: {messages} messages, {duplicates} repeated, {missing} missing, \
         {out_of_order} out of order, {different} different, {unknown} unknown"
    ))
}
