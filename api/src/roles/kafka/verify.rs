//! `kafka verify`: is the topic the log? It writes nothing, neither to the log nor to the topic.

use crate::config::Config;

/// How long to wait for the relay, and how the result is shown.
#[derive(Debug, Clone, clap::Args)]
pub struct Verify {
    /// One document.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<bool> {
        config.validate()?;
        anyhow::bail!("this version cannot look at a topic (json: {})", self.json)
    }
}
