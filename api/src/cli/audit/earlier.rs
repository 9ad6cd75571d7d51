//! A checkpoint from earlier that the log is held to: which file it is in, whose key has signed it, what the log says.

use std::path::PathBuf;

use anyhow::Context;
use projections::audit::{Check, tree};
use sqlx::{PgConnection, PgPool};

use crate::app::audit::checkpoints::origin;
use crate::app::audit::signed_note::{Checkpoint, NoteError};
use crate::app::audit::signing_key;
use crate::config::Config;

/// What to hold the log to.
#[derive(Debug, Clone, clap::Args)]
pub(in crate::cli) struct Earlier {
    /// A signed checkpoint from earlier.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The key it was signed with, Ed25519 in PEM. None: that of `AUDIT_KEY_FILE`.
    #[arg(long, value_name = "FILE", requires = "checkpoint")]
    public_key: Option<PathBuf>,
}

/// A checkpoint, and whether its signature is right.
pub(in crate::cli) type Signed = (Checkpoint, Result<(), NoteError>);

impl Earlier {
    /// The checkpoint of the file, if one is named.
    pub(in crate::cli) fn read(&self, config: &Config) -> anyhow::Result<Option<Signed>> {
        let Some(file) = &self.checkpoint else { return Ok(None) };
        let note = std::fs::read_to_string(file).with_context(|| self.name())?;
        let key = self
            .public_key
            .clone()
            .unwrap_or_else(|| signing_key::path(config.audit_key_file.as_deref(), &config.data_dir));
        let key = signing_key::open_public(&key)
            .context("no key to verify the checkpoint with; give --public-key or AUDIT_KEY_FILE")?;
        Ok(Some(Checkpoint::read_note(&note, &key).with_context(|| self.name())?))
    }

    /// How it is called in errors.
    pub(in crate::cli) fn name(&self) -> String {
        format!("the checkpoint {}", self.checkpoint.as_deref().unwrap_or_else(|| "".as_ref()).display())
    }

    /// Compares the log with the checkpoint. A wrong signature is a difference, and so is a checkpoint that contradicts
    /// the log, whoever signed it. One that agrees with the log but lacks our signature proves nothing.
    pub(super) async fn check(&self, pool: &PgPool, config: &Config) -> anyhow::Result<Option<Check>> {
        let Some((checkpoint, signed)) = self.read(config)? else { return Ok(None) };
        let mut connection = pool.acquire().await.context("the database cannot be reached")?;
        let mut check = held_to(&checkpoint, &mut connection, config).await?;
        match signed {
            Ok(()) => {}
            Err(forged @ NoteError::Forged) => check.fails(None, forged.to_string()),
            Err(error) if check.ok => return Err(error).with_context(|| self.name()),
            Err(_) => {}
        }
        Ok(Some(check))
    }
}

/// Whether the log still begins with the events of the checkpoint.
pub(in crate::cli) async fn held_to(
    checkpoint: &Checkpoint,
    connection: &mut PgConnection,
    config: &Config,
) -> anyhow::Result<Check> {
    let mut check = Check::new("checkpoint");
    let size = i64::try_from(checkpoint.size).context("the size in the checkpoint is not a valid log size")?;
    let now = tree(connection, size).await.context("the log cannot be read")?;
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
