//! The whole verification: the checks of the read side, the write side, the accounts and, if a broker is configured,
//! the topic, in one result.

use std::time::Duration;

use commands::guards::compare;
use projections::audit::topic::{self, TopicVerificationError, TopicVerificationProgress};
use projections::audit::{AuditError, Check, NotLookedAt, ProgressFn, Verification, checks, left_out};
use projections::kafka::topic::Topic;
use sqlx::PgPool;

use super::{accounts, coupon_codes};
use crate::app::clock;
use crate::app::coupons::keys::CodeKeys;

/// How long the relay may take to publish what is in the log.
const RELAY_WITHIN: Duration = Duration::from_secs(30);
/// The prefix of the topic's checks.
const KAFKA: &str = "kafka";

/// Runs all checks; the service may be running. If the topic could not be read, the error is returned besides the
/// result, which lists the topic as not checked.
///
/// # Errors
/// The database's: the checks could not run.
pub async fn verify(
    pool: &PgPool,
    topic: Option<&Topic>,
    keys: Option<&CodeKeys>,
    progress: ProgressFn<'_>,
) -> Result<(Verification, Option<TopicVerificationError>), AuditError> {
    let started_at = clock::now();
    let (position, mut checks) = checks(pool, progress).await?;
    checks.extend(guards(pool, progress).await?);
    let codes = coupon_codes::check(pool, keys, progress).await?;
    let are_unopened = keys.is_none() && codes.checked > 0;
    checks.push(codes);
    let mut not_looked_at = match accounts::checks(pool, progress).await? {
        Ok(found) => {
            checks.extend(found);
            vec![]
        }
        Err(not) => vec![not],
    };
    if are_unopened {
        let reason =
            "CODES_KEY_FILE is not at hand: the codes are there under their roots, and none was opened".to_owned();
        not_looked_at.push(NotLookedAt { name: format!("{}.sealed", coupon_codes::COUPON_CODES), reason });
    }
    let compared: Vec<&str> = compare::TABLES.into_iter().chain([coupon_codes::COUPON_CODES]).collect();
    let left_out = left_out(&mut *pool.acquire().await?, &compared).await?;
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

/// Compares the topic with the log.
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
