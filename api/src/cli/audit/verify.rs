//! `audit verify` and `audit checkpoint`: verifies everything, and prints a signed checkpoint for later comparison. The
//! key comes from a file and never from the database.

use anyhow::Context;
use projections::audit::{Tree, Verification};
use sqlx::PgPool;

use super::earlier::Earlier;
use super::{bar, head, moved, print_json, say, show_checks, to_whoever_listens};
use crate::app::audit::checkpoints::Checkpoints;
use crate::app::audit::signing_key;
use crate::app::audit::verification::verify;
use crate::config::Config;

/// What else to hold the log against, and how the result is shown.
#[derive(Debug, Clone, clap::Args)]
pub struct Verify {
    #[command(flatten)]
    earlier: Earlier,
    /// One document.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) async fn run(self, pool: &PgPool, config: &Config) -> anyhow::Result<bool> {
        let checkpoint = self.earlier.check(pool, config).await?;
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
