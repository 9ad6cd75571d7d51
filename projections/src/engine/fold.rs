//! Folds events with one projection in the caller's transaction, and finds the event that cannot be folded. Following,
//! rebuilding and retrying all fold through here.

use sqlx::Connection;
use sqlx::postgres::PgConnection;

use crate::engine::error::{FoldError, FollowError};
use crate::engine::parked::LeftOut;
use crate::engine::projection::Projection;
use crate::log::{DecodedEvent, Recorded};

/// An event that cannot be folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Poison {
    /// Where.
    pub(crate) position: i64,
    /// Why it cannot be folded.
    pub(crate) reason: String,
}

/// How events are folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FoldMode {
    /// All at once; an event that cannot be folded aborts the transaction.
    AtOnce,
    /// One at a time, each in a savepoint: what precedes an event that cannot be folded is kept.
    OneByOne,
}

/// The result of folding events.
#[derive(Debug)]
pub(crate) enum Folded {
    /// All of them are folded.
    Whole,
    /// Those before the event that cannot be folded are, and nothing else.
    Before(Poison),
    /// One of them cannot be folded, and the transaction is aborted. Fold them again, one at a time.
    Spoilt,
}

/// Folds the entries that are not parked or skipped.
///
/// # Errors
/// A failure that may pass.
pub(crate) async fn fold<P: Projection>(
    projection: &P,
    tx: &mut PgConnection,
    entries: impl Iterator<Item = DecodedEvent> + Send,
    aside: &LeftOut,
    pace: FoldMode,
) -> Result<Folded, FollowError> {
    let mut events = Vec::new();
    let mut unreadable = None;
    for read in entries {
        let place = read.as_ref().map_or_else(|broken| &broken.entry, |recorded| &recorded.entry);
        if !aside.admits(&place.aggregate_type, &place.aggregate_id, place.position) {
            continue;
        }
        match read {
            Ok(recorded) => events.push(recorded),
            Err(broken) => {
                unreadable = Some(Poison { position: broken.entry.position, reason: broken.error.to_string() });
                break;
            }
        }
    }
    let spoilt = match pace {
        FoldMode::AtOnce if events.is_empty() => None,
        FoldMode::AtOnce => match projection.fold(tx, &events).await {
            Ok(()) => None,
            Err(error) => {
                poison_or_trouble(error, 0)?;
                return Ok(Folded::Spoilt);
            }
        },
        FoldMode::OneByOne => one_by_one(projection, tx, &events).await?,
    };
    Ok(spoilt.or(unreadable).map_or(Folded::Whole, Folded::Before))
}

async fn one_by_one<P: Projection>(
    projection: &P,
    tx: &mut PgConnection,
    events: &[Recorded],
) -> Result<Option<Poison>, FollowError> {
    for event in events {
        let mut savepoint = tx.begin().await?;
        match projection.fold(&mut savepoint, std::slice::from_ref(event)).await {
            Ok(()) => savepoint.commit().await?,
            Err(error) => {
                let poison = poison_or_trouble(error, event.entry.position)?;
                savepoint.rollback().await?;
                return Ok(Some(poison));
            }
        }
    }
    Ok(None)
}

/// Whether an error may pass: a violated constraint or an event that cannot be decoded does not.
fn poison_or_trouble(error: FoldError, position: i64) -> Result<Poison, FollowError> {
    match error {
        FoldError::Database(sqlx::Error::Database(refused))
            if refused.code().is_some_and(|code| is_for_ever(&code)) =>
        {
            Ok(Poison { position, reason: refused.to_string() })
        }
        FoldError::Database(error) => Err(FollowError::Database(error)),
        FoldError::Event { position, source } => Ok(Poison { position, reason: source.to_string() }),
        error @ FoldError::Stored { .. } => Ok(Poison { position, reason: error.to_string() }),
    }
}

/// SQLSTATE classes 22 (data exception) and 23 (integrity constraint violation).
fn is_for_ever(code: &str) -> bool {
    code.starts_with("22") || code.starts_with("23")
}
