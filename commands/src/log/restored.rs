//! A log that comes back into an empty database: events as they were exported, each checked against the one before it and copied
//! in as it stands. Nothing is decided anew. The epoch grows, since the original may have gone on otherwise. It knows no file.

use domain::chain::{GENESIS, Hash, Sealed};
use domain::event::DecodeError;
use domain::{Event, Moment};
use sqlx::PgConnection;
use sqlx::postgres::PgCopyIn;
use uuid::Uuid;

/// How much is sent at once, in bytes.
const PIECE: usize = 256 * 1024;

const COPY: &str = "copy events (
    position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, subject,
    occurred_at, recorded_at, command_id, opens_command, actor, correlation_id, causation_id, epoch, previous_hash, hash
) from stdin";

/// Why an event cannot be the next one.
#[derive(Debug, thiserror::Error)]
pub enum NotNext {
    /// Others are missing before it.
    #[error("position {expected} is missing: position {found} stands here")]
    Gap {
        /// What comes next.
        expected: i64,
        /// What stands here.
        found: i64,
    },
    /// It is there already, or comes too late.
    #[error("position {found} stands here again or out of order: position {expected} comes next")]
    Again {
        /// What comes next.
        expected: i64,
        /// What stands here.
        found: i64,
    },
    /// It belongs to another log, or the one before it was exchanged.
    #[error("it does not follow the event before it: its previous hash is not that event's hash")]
    OtherChain,
    /// Something in it was altered.
    #[error("it was altered: its content does not have the hash that it names")]
    OtherHash,
    /// Neither the clock nor the epoch of a log goes back.
    #[error("it was recorded before the event before it, or in an earlier epoch")]
    Backwards,
    /// A newer version wrote it, or nobody.
    #[error("{0}; restore with the version that wrote it, or a newer one")]
    Unknown(DecodeError),
    /// PostgreSQL has no such text.
    #[error("a text has the character U+0000")]
    Null,
}

/// Why a log was not restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Something is there already.
    #[error("the log is not empty: it ends at position {0}")]
    NotEmpty(i64),
    /// The event cannot be the next one.
    #[error(transparent)]
    NotNext(#[from] NotNext),
    /// The database refuses the events, or cannot be reached.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Where a restored log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoredHead {
    /// The last position.
    pub position: i64,
    /// The hash of the last event.
    pub hash: Hash,
    /// When it was recorded.
    pub recorded_at: Moment,
    /// The epoch of the next event.
    pub epoch: i64,
}

/// Events on their way into an empty log.
pub struct Restoring<'c> {
    copy: PgCopyIn<&'c mut PgConnection>,
    rows: Vec<u8>,
    position: i64,
    hash: Hash,
    recorded_at: Moment,
    epoch: i64,
    command: Option<Uuid>,
}

/// Keeps everybody else from appending until the transaction ends, in which nothing may be in the log yet.
///
/// # Errors
/// The log is not empty, or cannot be reached.
pub async fn lock_empty_log(transaction: &mut PgConnection) -> Result<(), RestoreError> {
    match sqlx::query_scalar("select position from log_head for update").fetch_one(transaction).await? {
        0 => Ok(()),
        position => Err(RestoreError::NotEmpty(position)),
    }
}

impl<'c> Restoring<'c> {
    /// Begins to copy; the log is locked and empty.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(transaction: &'c mut PgConnection) -> Result<Self, RestoreError> {
        let copy = transaction.copy_in_raw(COPY).await?;
        Ok(Self {
            copy,
            rows: Vec::with_capacity(2 * PIECE),
            position: 0,
            hash: GENESIS,
            recorded_at: Moment::EPOCH,
            epoch: 1,
            command: None,
        })
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// It is not the next one, or the database does not take it.
    pub async fn add(&mut self, event: &Sealed<'_>, hash: Hash) -> Result<(), RestoreError> {
        self.check(event, hash)?;
        let opens_command = self.command.replace(event.command_id) != Some(event.command_id);
        (self.position, self.hash, self.recorded_at, self.epoch) =
            (event.position, hash, event.recorded_at, event.epoch);
        write_row(&mut self.rows, event, opens_command, hash);
        if self.rows.len() >= PIECE {
            self.copy.send(self.rows.as_slice()).await?;
            self.rows.clear();
        }
        Ok(())
    }

    fn check(&self, event: &Sealed<'_>, hash: Hash) -> Result<(), NotNext> {
        let (expected, found) = (self.position + 1, event.position);
        if found > expected {
            return Err(NotNext::Gap { expected, found });
        }
        if found < expected {
            return Err(NotNext::Again { expected, found });
        }
        if event.previous_hash != self.hash {
            return Err(NotNext::OtherChain);
        }
        if event.hash() != hash {
            return Err(NotNext::OtherHash);
        }
        if event.recorded_at < self.recorded_at || event.epoch < self.epoch {
            return Err(NotNext::Backwards);
        }
        let texts = [event.stream_type, event.stream_id, event.event_type, event.version, event.subject, event.actor];
        if texts.iter().any(|text| text.contains('\0')) {
            return Err(NotNext::Null);
        }
        Event::decode(event.event_type, event.version, event.payload).map(drop).map_err(NotNext::Unknown)
    }

    /// Ends the copy and moves the head of the log behind it.
    ///
    /// # Errors
    /// The database does not take the events.
    pub async fn finish(mut self) -> Result<RestoredHead, RestoreError> {
        self.copy.send(self.rows.as_slice()).await?;
        self.copy.finish().await?;
        let Self { position, hash, recorded_at, epoch, .. } = self;
        // an empty file is an empty log, which nobody has seen
        let epoch = if position == 0 { epoch } else { epoch + 1 };
        Ok(RestoredHead { position, hash, recorded_at, epoch })
    }
}

impl RestoredHead {
    /// Says that the log ends here.
    ///
    /// # Errors
    /// The database's.
    pub async fn write(&self, transaction: &mut PgConnection) -> Result<(), sqlx::Error> {
        let sql = "update log_head set position = $1, hash = $2, recorded_at = $3, epoch = $4";
        let update = sqlx::query(sql).bind(self.position).bind(self.hash).bind(self.recorded_at.utc()).bind(self.epoch);
        update.execute(transaction).await?;
        Ok(())
    }
}

/// The first stream that has not each of its numbers once, from 1: its type and id, how many events it has, and the last number.
///
/// # Errors
/// The database's.
pub async fn broken_stream(transaction: &mut PgConnection) -> Result<Option<(String, String, i64, i64)>, sqlx::Error> {
    let sql = "select aggregate_type, aggregate_id, count(*), max(sequence)
               from events
               group by aggregate_type, aggregate_id
               having count(*) <> max(sequence)
               limit 1";
    sqlx::query_as(sql).persistent(false).fetch_optional(transaction).await
}

/// One row of COPY in its text format.
fn write_row(rows: &mut Vec<u8>, event: &Sealed<'_>, opens_command: bool, hash: Hash) {
    let causation = event.causation_id.map(|id| id.to_string());
    let fields: [&str; 16] = [
        &event.position.to_string(),
        &event.event_id.to_string(),
        event.stream_type,
        event.stream_id,
        &event.sequence.to_string(),
        event.event_type,
        event.version,
        event.payload,
        event.metadata,
        event.subject,
        &event.occurred_at.to_text(),
        &event.recorded_at.to_text(),
        &event.command_id.to_string(),
        if opens_command { "t" } else { "f" },
        event.actor,
        &event.correlation_id.to_string(),
    ];
    for field in fields {
        put_text(rows, field);
        rows.push(b'\t');
    }
    rows.extend_from_slice(causation.as_deref().unwrap_or("\\N").as_bytes());
    rows.push(b'\t');
    rows.extend_from_slice(event.epoch.to_string().as_bytes());
    for bytes in [event.previous_hash, hash] {
        rows.extend_from_slice(b"\t\\\\x");
        rows.extend_from_slice(hex::encode(bytes).as_bytes());
    }
    rows.push(b'\n');
}

fn put_text(rows: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'\\' => rows.extend_from_slice(b"\\\\"),
            b'\n' => rows.extend_from_slice(b"\\n"),
            b'\r' => rows.extend_from_slice(b"\\r"),
            b'\t' => rows.extend_from_slice(b"\\t"),
            _ => rows.push(byte),
        }
    }
}
