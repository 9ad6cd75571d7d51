//! `reward-ledger rebuild`: folds a projection again, beside a running service or without one.

use anyhow::Context;
use indicatif::ProgressBar;

use super::Database;
use crate::config::Config;

/// Which projection to fold again.
#[derive(Debug, Clone, clap::Args)]
pub struct Rebuild {
    /// Its name.
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(projections::ALL))]
    pub projection: String,
}

impl Rebuild {
    /// Folds it again from position 1. Readers see the old rows until the end.
    ///
    /// # Errors
    /// The database's; nothing has changed then.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let database = Database::open(&config).await?;
        let progress = ProgressBar::new(0);
        let told = progress.clone();
        let rebuilt = projections::rebuild(&database.pool, &self.projection, move |done, all| {
            told.set_length(u64::try_from(all).unwrap_or_default());
            told.set_position(u64::try_from(done).unwrap_or_default());
        });
        let position = rebuilt.await.with_context(|| format!("{} was not rebuilt", self.projection));
        progress.finish_and_clear();
        database.close().await?;
        println!("{} is folded again up to position {}", self.projection, position?);
        Ok(())
    }
}
