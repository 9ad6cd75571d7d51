//! `reward-ledger migrate`: brings the database to the shape of this version, and ends.

use super::Database;
use crate::config::Config;

/// Migrates. What is in shape stays as it is.
///
/// # Errors
/// With the remedy in the text.
pub async fn migrate(config: Config) -> anyhow::Result<()> {
    let database = Database::open(&config).await?;
    println!("{} is in the shape of this version", database.description);
    database.close().await
}
