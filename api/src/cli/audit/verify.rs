//! `audit verify` and `audit checkpoint`: verifies everything, and prints a signed checkpoint for later comparison. The
//! key comes from a file and never from the database.

use std::path::PathBuf;

use anyhow::Context;
use projections::audit::{Check, Tree, Verification, tree};
use sqlx::PgPool;

use super::{bar, head, moved, print_json, say, show_checks, to_whoever_listens};
use crate::app::audit::checkpoints::{Checkpoints, origin};
use crate::app::audit::signed_note::{Checkpoint, NoteError};
use crate::app::audit::signing_key;
use crate::app::audit::verification::verify;
use crate::config::Config;

/// What else to hold the log against, and how the result is shown.
#[derive(Debug, Clone, clap::Args)]
pub struct Verify {
    /// A signed checkpoint from earlier.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The key it was signed with, Ed25519 in PEM. None: that of `AUDIT_KEY_FILE`.
    #[arg(long, value_name = "FILE", requires = "checkpoint")]
    public_key: Option<PathBuf>,
    /// One document.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) async fn run(self, pool: &PgPool, config: &Config) -> anyhow::Result<bool> {
        let checkpoint = self.checkpoint(pool, config).await?;
        let told = bar(head(pool).await?);
        let topic = config.named_topic();
        let keys = config.code_keys_if_there()?;
        let (mut verified, in_the_way) = verify(pool, topic.as_ref(), keys.as_ref(), &mut |check, done| {
            told.set_message(check.to_owned());
            moved(&told, done);
        })
        .await?;
        if let Some(checkpoint) = checkpoint {
            verified.checks.push(checkpoint);
        }
        told.finish_and_clear();
        to_whoever_listens(if self.json { print_json(&verified) } else { show(&verified) })?;
        match in_the_way {
            Some(error) => Err(error).context("the topic could not be read; unset KAFKA_BROKERS to skip it"),
            None => Ok(verified.is_ok()),
        }
    }

    /// Compares the log with the checkpoint. A wrong signature is a difference, and so is a checkpoint that contradicts
    /// the log, whoever signed it. One that agrees with the log but lacks our signature proves nothing.
    async fn checkpoint(&self, pool: &PgPool, config: &Config) -> anyhow::Result<Option<Check>> {
        let Some(file) = &self.checkpoint else { return Ok(None) };
        let note = std::fs::read_to_string(file).with_context(|| format!("the checkpoint {}", file.display()))?;
        let key = self
            .public_key
            .clone()
            .unwrap_or_else(|| signing_key::path(config.audit_key_file.as_deref(), &config.data_dir));
        let key = signing_key::open_public(&key)
            .context("no key to verify the checkpoint with; give --public-key or AUDIT_KEY_FILE")?;
        let of_this_file = || format!("the checkpoint {}", file.display());
        let (checkpoint, signed) = Checkpoint::read_note(&note, &key).with_context(of_this_file)?;
        let mut check = held_to(&checkpoint, pool, config).await?;
        match signed {
            Ok(()) => {}
            Err(forged @ NoteError::Forged) => check.fails(None, forged.to_string()),
            Err(error) if check.ok => return Err(error).with_context(of_this_file),
            Err(_) => {}
        }
        Ok(Some(check))
    }
}

/// Whether the log still begins with the events of the checkpoint.
async fn held_to(checkpoint: &Checkpoint, pool: &PgPool, config: &Config) -> anyhow::Result<Check> {
    let mut check = Check::new("checkpoint");
    let size = i64::try_from(checkpoint.size).context("the size in the checkpoint is not a valid log size")?;
    let mut connection = pool.acquire().await.context("the database cannot be reached")?;
    let now = tree(&mut connection, size).await.context("the log cannot be read")?;
    check.checked = i64::try_from(now.size()).unwrap_or(i64::MAX);
    let origin = origin(&config.database_schema);
    if checkpoint.origin != origin {
        check.fails(None, format!("the checkpoint belongs to {}, this log is {origin}", checkpoint.origin));
    }
    if now.size() < checkpoint.size {
        let reason = format!("the log had {size} events when the checkpoint was made; now it has {}", now.size());
        check.fails(Some(check.checked), reason);
    } else if now.head() != checkpoint.root {
        check.fails(Some(size), "the events up to here are not those that the checkpoint was made of");
    }
    Ok(check)
}

fn show(verified: &Verification) -> anyhow::Result<()> {
    show_checks(&verified.checks, 32)?;
    let left_out = verified.left_out.join(", ");
    say(format_args!("up to position {}; not derived from the log and left out: {left_out}", verified.position))?;
    for not in &verified.not_looked_at {
        say(format_args!("not looked at: {} ({})", not.name, not.reason))?;
    }
    Ok(())
}

/// Makes a checkpoint.
#[derive(Debug, Clone, clap::Args)]
pub struct MakeCheckpoint {
    /// One document: the note and the key to verify it with.
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    note: String,
    verifier_key: String,
}

impl MakeCheckpoint {
    pub(super) async fn run(self, pool: &PgPool, config: &Config) -> anyhow::Result<bool> {
        let key = signing_key::open_or_make(config.audit_key_file.as_deref(), &config.data_dir)?;
        let checkpoints = Checkpoints::new(&config.database_schema, key);
        let size = head(pool).await?;
        let mut connection = pool.acquire().await.context("the database cannot be reached")?;
        let made = checkpoints.make(&mut connection, &mut Tree::default(), size).await;
        let note = checkpoints.sign(&made.context("the checkpoint cannot be made")?);
        let verifier_key = checkpoints.verifier_key();
        if self.json {
            print_json(&Made { note, verifier_key })?;
        } else {
            say(note.trim_end_matches('\n'))?;
            eprintln!("verify with {verifier_key}");
        }
        Ok(true)
    }
}
