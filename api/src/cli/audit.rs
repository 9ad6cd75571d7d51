//! `reward-ledger audit`: the auditor's tools on the command line. They write nothing, do not migrate, and need read
//! permission only. With `--json` one document goes to standard output; progress goes to standard error. Exit codes: 0:
//! no difference, 1: a difference was found and reported, 2: the check could not run.

mod backtest;
pub(super) mod earlier;
mod folds;
mod log;
mod re_evaluate;
mod report;
mod show;
mod spool;
mod verify;

use std::process::ExitCode;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use sqlx::PgPool;

pub(super) use self::show::{say, show_checks, to_whoever_listens};
use super::Database;
use crate::config::Config;

/// A difference was found.
pub(super) const DIFFERENCE: u8 = 1;
/// The check could not run.
pub(super) const COULD_NOT_LOOK: u8 = 2;

/// Looks into the log, and holds everything else against it.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Audit {
    /// Print the log, one event a line, as JSON or CSV.
    Log(log::Log),
    /// Print the state of a stream as of a position, or what changed between two positions.
    Stream(folds::Stream),
    /// Print what a condition would have seen of a member.
    Facts(folds::Facts),
    /// Judge decisions again: of one claim, of one event, or all.
    ReEvaluate(re_evaluate::ReEvaluate),
    /// Replay a draft of an event over the whole log.
    Backtest(backtest::Backtest),
    /// Verify the log, every decision in it and everything that is derived from it.
    Verify(verify::Verify),
    /// Print a signed checkpoint of the log, to keep elsewhere.
    Checkpoint(verify::MakeCheckpoint),
}

impl Audit {
    /// Does it.
    pub async fn run(self, config: Config) -> ExitCode {
        match self.look(&config).await {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::from(DIFFERENCE),
            // the reader has closed the pipe
            Err(error) if show::is_left(&error) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::from(COULD_NOT_LOOK)
            }
        }
    }

    /// Whether no difference was found.
    async fn look(self, config: &Config) -> anyhow::Result<bool> {
        let database = Database::open(config).await?;
        let pool = &database.pool;
        let looked = match self {
            Self::Log(order) => order.run(pool).await,
            Self::Stream(order) => order.run(pool).await,
            Self::Facts(order) => order.run(pool).await,
            Self::ReEvaluate(order) => order.run(pool).await,
            Self::Backtest(order) => order.run(pool).await,
            Self::Verify(order) => order.run(pool, config).await,
            Self::Checkpoint(order) => order.run(pool, config).await,
        };
        database.close().await?;
        looked
    }
}

/// Prints one JSON document to standard output.
pub(super) fn print_json(document: &impl Serialize) -> anyhow::Result<()> {
    say(serde_json::to_string_pretty(document)?)
}

/// A progress bar on standard error, if it is a terminal.
pub(super) fn bar(positions: i64) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(positions).unwrap_or(0));
    let style = ProgressStyle::with_template("{msg:24} {bar:40} {pos}/{len} {per_sec} {eta}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

pub(super) fn moved(bar: &ProgressBar, done: i64) {
    bar.set_position(u64::try_from(done).unwrap_or(0));
}

async fn head(pool: &PgPool) -> anyhow::Result<i64> {
    let mut connection = pool.acquire().await.context("the database cannot be reached")?;
    Ok(projections::log::head(&mut connection).await.context("the log cannot be read")?.position)
}
