//! `reward-ledger migrate`: brings the database to the schema of this version.

use super::Database;
use crate::config::Config;

/// Migrates. What is in shape stays as it is.
///
/// # Errors
/// With the remedy in the text.
pub async fn migrate(config: Config) -> anyhow::Result<()> {
    let database = Database::migrated(&config).await?;
    println!("{} is up to date; {}", database.description, database.ownership);
    database.close().await
}
