//! Creates, stores and lists signed checkpoints of the log. `signed_note` has their format, `signing_key` their key.
//! The table is a convenience: a checkpoint is a proof only for somebody who keeps a copy elsewhere.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::Moment;
use ed25519_dalek::SigningKey;
use projections::audit::{Tree, grow};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgConnection;

use super::signed_note::{Checkpoint, key_id, verifier_key};

/// The name of a schema's log in checkpoints.
#[must_use]
pub fn origin(schema: &str) -> String {
    format!("reward-ledger/{schema}")
}

/// A checkpoint cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The log has fewer events than its last position says.
    #[error("the log has gaps: {events} events up to position {position}; run `audit verify`")]
    Gaps {
        /// The number of events.
        events: u64,
        /// The position.
        position: i64,
    },
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Makes checkpoints of one log with one key; cheap to clone.
#[derive(Clone)]
pub struct Checkpoints {
    origin: String,
    key: Arc<SigningKey>,
}

impl Checkpoints {
    /// Checkpoints of the log of a schema.
    #[must_use]
    pub fn new(schema: &str, key: SigningKey) -> Self {
        Self { origin: origin(schema), key: Arc::new(key) }
    }

    /// The public key, in the format that verifiers of signed notes use.
    #[must_use]
    pub fn verifier_key(&self) -> String {
        verifier_key(&self.origin, &self.key.verifying_key())
    }

    /// Makes a checkpoint of the log up to a position. It extends the tree to there, so that the tree can be reused for
    /// later positions.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub async fn make(
        &self,
        conn: &mut PgConnection,
        tree: &mut Tree,
        position: i64,
    ) -> Result<Checkpoint, CheckpointError> {
        grow(conn, tree, position).await?;
        if i64::try_from(tree.size()).ok() != Some(position) {
            return Err(CheckpointError::Gaps { events: tree.size(), position });
        }
        Ok(Checkpoint { origin: self.origin.clone(), size: tree.size(), root: tree.head() })
    }

    /// Signs one.
    #[must_use]
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        checkpoint.sign(&self.key)
    }

    /// Makes a checkpoint, and stores it unless there is one of this key for the same position.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub async fn make_and_keep(
        &self,
        conn: &mut PgConnection,
        tree: &mut Tree,
        position: i64,
    ) -> Result<(), CheckpointError> {
        let checkpoint = self.make(conn, tree, position).await?;
        sqlx::query(
            "insert into audit_checkpoints (position, root_hash, key_id, note)
            values ($1, $2, $3, $4)
            on conflict on constraint audit_checkpoints_once_a_key do nothing",
        )
        .bind(position)
        .bind(&checkpoint.root[..])
        .bind(hex::encode(key_id(&self.origin, &self.key.verifying_key())))
        .bind(self.sign(&checkpoint))
        .execute(conn)
        .await?;
        Ok(())
    }
}

/// A stored checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SignedCheckpoint")]
pub struct KeptCheckpoint {
    /// Its place in the list.
    #[serde(skip)]
    pub number: i64,
    /// How many events it covers.
    pub position: i64,
    /// The RFC 6962 tree head over their hashes, in hexadecimal.
    pub root_hash: String,
    /// When it was made, by the clock of the database.
    pub at: Moment,
    /// The id of the key that signed it, in hexadecimal.
    pub key_id: String,
    /// The signed text.
    pub note: String,
}

/// Number, position, root hash, when it was made, id of the key, signed note.
type CheckpointRow = (i64, i64, Vec<u8>, DateTime<Utc>, String, String);

/// The stored checkpoints before the given one, latest first.
///
/// # Errors
/// The database's.
pub async fn list(conn: &mut PgConnection, before: Option<i64>, limit: i64) -> sqlx::Result<Vec<KeptCheckpoint>> {
    let rows: Vec<CheckpointRow> = sqlx::query_as(
        "select number, position, root_hash, made_at, key_id, note
        from audit_checkpoints
        where number < $1
        order by number desc
        limit $2",
    )
    .bind(before.unwrap_or(i64::MAX))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    let kept = |(number, position, root_hash, made_at, key_id, note): CheckpointRow| {
        let (root_hash, at) = (hex::encode(root_hash), Moment::from(made_at));
        KeptCheckpoint { number, position, root_hash, at, key_id, note }
    };
    Ok(rows.into_iter().map(kept).collect())
}

/// The age in seconds and the position of the last checkpoint; `None` before the first.
///
/// # Errors
/// The database's.
pub async fn last(conn: &mut PgConnection) -> sqlx::Result<Option<(f64, i64)>> {
    sqlx::query_as(
        "select extract(epoch from now() - made_at)::float8, position
        from audit_checkpoints
        order by number desc
        limit 1",
    )
    .fetch_optional(conn)
    .await
}
