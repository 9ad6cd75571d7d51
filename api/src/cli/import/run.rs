//! `reward-ledger import`: the wiring; what is imported and how is in `crate::cli::import`.

use std::process::ExitCode;

use commands::Ledger;

use crate::cli::Database;
use crate::cli::import::Import;
use crate::config::Config;

/// Imports, beside a running service or without one.
///
/// # Errors
/// The database cannot be opened or closed.
pub async fn import(config: Config, order: &Import) -> anyhow::Result<ExitCode> {
    let database = Database::open(&config).await?;
    let ledger = Ledger::start(database.pool.clone()).await?;
    let code = order.run(&ledger).await;
    database.close().await?;
    Ok(code)
}
