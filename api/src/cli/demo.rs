//! `reward-ledger demo`: how a database that was a demo is made fit for earnest.

pub mod history;
pub mod seed;

use super::Database;
use crate::config::Config;
use seed::Left;

/// Takes a demo away.
#[derive(Debug, Clone, Copy, clap::Subcommand)]
pub enum Demo {
    /// Erase the accounts that the demo made, end their log-ins and the demo's events. Its made-up members stay in the
    /// log. No administrator may be left: `admin create` makes one.
    Remove,
}

impl Demo {
    /// Does it, beside a running service or without one.
    ///
    /// # Errors
    /// With the remedy in the text, or the database's.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let Self::Remove = self;
        let database = Database::open(&config).await?;
        let removed = seed::remove(&database.pool).await;
        database.close().await?;
        let Left { accounts, events } = removed?;
        println!("erased {accounts} demo accounts and ended {events} demo events");
        Ok(())
    }
}
