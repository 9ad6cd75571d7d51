//! Everything verified at once: what the read side can check, what the write side can, the accounts, and the topic
//! where a broker is named, in one result.

use std::time::Duration;

use commands::guards::compare;
use projections::audit::topic::{self, TopicVerificationError, TopicVerificationProgress};
use projections::audit::{AuditError, Check, NotLookedAt, ProgressFn, Verification, checks, left_out};
use projections::kafka::topic::Topic;
use sqlx::PgPool;

use super::accounts;
use crate::app::clock;

/// How long the relay may take to publish what is in the log.
const RELAY_WITHIN: Duration = Duration::from_secs(30);
/// How the checks of the topic are called together.
const KAFKA: &str = "kafka";

/// Checks everything, beside a running service. What was in the way of looking at the topic comes beside the result,
/// which says in plain words that it was not looked at.
///
/// # Errors
/// The database's: it could not be looked.
pub async fn verify(
    pool: &PgPool,
    topic: Option<&Topic>,
    progress: ProgressFn<'_>,
) -> Result<(Verification, Option<TopicVerificationError>), AuditError> {
    let started_at = clock::now();
    let (position, mut checks) = checks(pool, progress).await?;
    checks.extend(guards(pool, progress).await?);
    let mut not_looked_at = match accounts::checks(pool, progress).await? {
        Ok(found) => {
            checks.extend(found);
            vec![]
        }
        Err(not) => vec![not],
    };
    let left_out = left_out(&mut *pool.acquire().await?, &compare::TABLES).await?;
    let mut not = |reason: &str| not_looked_at.push(NotLookedAt { name: KAFKA.to_owned(), reason: reason.to_owned() });
    let in_the_way = match topic {
        None => {
            not("KAFKA_BROKERS is not set: no broker is named whose topic could be held against the log");
            None
        }
        Some(topic) => match published(pool, topic, progress).await {
            Ok(found) => {
                checks.extend(found);
                None
            }
            Err(error) => {
                not("the broker, or the database meanwhile, did not answer to the end");
                Some(error)
            }
        },
    };
    let finished_at = Some(clock::now());
    Ok((Verification { position, started_at, finished_at, checks, left_out, not_looked_at }, in_the_way))
}

/// Whether the topic is the log.
async fn published(
    pool: &PgPool,
    topic: &Topic,
    progress: ProgressFn<'_>,
) -> Result<Vec<Check>, TopicVerificationError> {
    let mut told = |looking| match looking {
        TopicVerificationProgress::Reads { messages, .. } => progress(KAFKA, messages),
        TopicVerificationProgress::Waits { relay_position } => progress("kafka, the relay", relay_position),
    };
    let found = topic::verify(pool, topic, RELAY_WITHIN, &mut told).await?;
    Ok(found.checks.into_iter().map(|check| Check { name: format!("{KAFKA}.{}", check.name), ..check }).collect())
}

async fn guards(pool: &PgPool, progress: ProgressFn<'_>) -> Result<Vec<Check>, AuditError> {
    let mut connection = pool.acquire().await?;
    let compared = compare::compare_tables(&mut connection, |done| progress("guards", done)).await;
    let compared = compared.map_err(|error| match error.downcast::<sqlx::Error>() {
        Ok(error) => AuditError::Database(*error),
        Err(error) => AuditError::Impossible { position: 0, reason: error.to_string() },
    })?;
    let check = |table: compare::Compared| {
        let mut check = Check::new(format!("guard.{}", table.table));
        check.checked = table.rows;
        if let Some(difference) = table.difference {
            check.fails(None, difference);
        }
        check
    };
    Ok(compared.into_iter().map(check).collect())
}
