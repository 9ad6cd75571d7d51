//! `reward-ledger codes`: codes of a reward from a file, through the same rules and the same log as codes that are uploaded.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use commands::{AnswerFromReceipt, Ledger, Metadata};
use domain::id::RewardId;
use uuid::Uuid;

use super::Database;
use crate::app::clock;
use crate::app::coupons::add::Adding;
use crate::app::coupons::batch::{self, Form};
use crate::app::problem::Problem;
use crate::config::Config;

/// The largest file, in bytes: 100,000 codes of the longest kind are smaller.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Works on the codes of rewards.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum CodesOrder {
    /// Add the codes of a file to a reward, behind the others: all of them, or none where one is bad or there already.
    ///
    /// The file is CSV with one column, with or without the heading `code`, or NDJSON with one `{"code": …}` a line. Bad
    /// lines are named by their numbers, and never shown. Works beside a running service, with the same
    /// `CODES_KEY_FILE`.
    Import {
        /// The reward, by its id. It was created with `codes: true`.
        reward: Uuid,
        /// The file; `-` is standard input.
        file: PathBuf,
        /// The file is NDJSON.
        #[arg(long)]
        ndjson: bool,
    },
}

impl CodesOrder {
    /// Does it.
    ///
    /// # Errors
    /// With the remedy in the text.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let Self::Import { reward, file, ndjson } = self;
        let bytes = read(&file)?;
        let batch = batch::read(if ndjson { Form::Ndjson } else { Form::Csv }, &bytes).map_err(told)?;
        let keys = Arc::new(config.code_keys()?);
        let database = Database::open(&config).await?;
        let ledger = Ledger::start(database.pool.clone()).await?;
        let (metadata, answer) = (Metadata::system(clock::now()), AnswerFromReceipt::none());
        let (reward, batch_id) = (RewardId(reward), Uuid::now_v7());
        let adding = Adding { ledger: &ledger, keys: &keys, reward, batch_id, metadata: &metadata, answer: &answer };
        let added = adding.add(batch).await;
        database.close().await?;
        let receipt = added.map_err(told)?;
        let batch = receipt.state.last_added().ok_or_else(|| anyhow!("the codes that were added are not there"))?;
        println!(
            "{} codes added from number {} on\nbatch {}\nroot {}",
            batch.count.get(),
            batch.from,
            batch_id,
            batch.root
        );
        Ok(())
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let from: Box<dyn std::io::Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).with_context(|| format!("cannot open {}", file.display()))?)
    };
    let mut bytes = Vec::new();
    from.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).context("the file cannot be read")?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        bail!("the file is larger than {MAX_FILE_BYTES} bytes; import it in parts");
    }
    Ok(bytes)
}

/// What is wrong, line by line.
fn told(problem: Problem) -> anyhow::Error {
    let lines: Vec<String> =
        problem.errors().iter().map(|error| format!("{}: {}", error.field(), error.message())).collect();
    let title = problem.code().title();
    if lines.is_empty() { anyhow!("{title}") } else { anyhow!("no code was added\n{}", lines.join("\n")) }
}
