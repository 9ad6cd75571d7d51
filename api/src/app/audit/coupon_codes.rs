//! Verifies the codes of rewards against the log: each batch that was added is there, in its order, under the root that its event
//! has; what is not withdrawn are the numbers from one on without a gap; and each coupon that was granted has its code. With the
//! keys at hand each code is opened too, and must have the digest that it is found by. Which grant is the n-th is compared with the guard
//! tables.

use std::collections::BTreeMap;

use commands::CodeOfCoupon;
use domain::Event;
use domain::chain::Hash;
use domain::codes::{Added, CodesEvent, root};
use domain::id::RewardId;
use domain::value::ValueEvent;
use projections::audit::{AuditError, Check, ProgressFn};
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

use crate::app::coupons::keys::CodeKeys;

/// Check: the codes are those that the log has the roots of.
pub const COUPON_CODES: &str = "coupon_codes";

#[derive(FromRow)]
struct Row {
    number: i64,
    reward_id: Uuid,
    digest: Vec<u8>,
    encrypted: Vec<u8>,
}

#[derive(FromRow)]
struct Stored {
    position: i64,
    event_type: String,
    event_version: String,
    payload: String,
}

/// Compares the codes with the log, in one snapshot.
///
/// # Errors
/// The database's.
pub async fn check(pool: &PgPool, keys: Option<&CodeKeys>, progress: ProgressFn<'_>) -> Result<Check, AuditError> {
    let mut tx = pool.begin_with("begin isolation level repeatable read").await?;
    let mut check = Check::new(COUPON_CODES);
    let (mut totals, mut batches) = (BTreeMap::<RewardId, i64>::new(), vec![]);
    let sql = "select position, event_type, event_version, payload::text as payload
               from events
               where aggregate_type = 'codes'
               order by position";
    let events: Vec<Stored> = sqlx::query_as(sql).fetch_all(&mut *tx).await?;
    for Stored { position, event_type, event_version, payload } in events {
        progress(COUPON_CODES, position);
        // the checks of the log report events that cannot be read
        let Ok(Event::Value(ValueEvent::Codes(event))) = Event::decode(&event_type, &event_version, &payload) else {
            continue;
        };
        if let Some(total) = event.total() {
            totals.insert(event.about().reward_id, total);
        }
        match event {
            CodesEvent::Added(added) => {
                batches.push(added.batch_id);
                check.checked += added.count.get();
                if let Err(reason) = batch(&mut tx, &added, keys).await? {
                    check.fails(Some(position), reason);
                }
            }
            CodesEvent::Withdrawn(_) | CodesEvent::RunningLow(_) => {}
        }
    }
    if let Some(reason) = beyond(&mut tx, &totals, &batches).await? {
        check.fails(None, reason);
    }
    tx.rollback().await?;
    Ok(check)
}

/// One batch as it was added.
async fn batch(
    connection: &mut PgConnection,
    added: &Added,
    keys: Option<&CodeKeys>,
) -> Result<Result<(), String>, AuditError> {
    let sql = "select number, reward_id, digest, encrypted from coupon_codes where batch_id = $1 order by number";
    let rows: Vec<Row> = sqlx::query_as(sql).bind(added.batch_id).fetch_all(connection).await?;
    let name = added.batch_id;
    let numbers = added.from..added.from + added.count.get();
    if !rows.iter().map(|row| row.number).eq(numbers) || rows.iter().any(|row| row.reward_id != added.about.reward_id.0)
    {
        return Ok(Err(format!("the batch {name} does not have the codes that were added")));
    }
    let digests: Option<Vec<Hash>> = rows.iter().map(|row| row.digest.as_slice().try_into().ok()).collect();
    let is_whole = digests.is_some_and(|digests| hex::encode(root(&digests)) == added.root);
    if !is_whole {
        return Ok(Err(format!("the batch {name} has another root over its digests than its event")));
    }
    let Some(keys) = keys else { return Ok(Ok(())) };
    for Row { number, reward_id, digest, encrypted } in rows {
        let sealed = CodeOfCoupon { reward_id: RewardId(reward_id), number, encrypted };
        match keys.vouches_for(&sealed, &digest) {
            Ok(true) => {}
            Ok(false) => return Ok(Err(format!("code {number} of the batch {name} has another digest"))),
            Err(reason) => return Ok(Err(format!("code {number} of the batch {name}: {reason}"))),
        }
    }
    Ok(Ok(()))
}

/// What is there beyond the batches, or lacks.
async fn beyond(
    connection: &mut PgConnection,
    totals: &BTreeMap<RewardId, i64>,
    batches: &[Uuid],
) -> Result<Option<String>, AuditError> {
    // a batch that is being added is no batch yet, and what was just withdrawn may not be marked yet
    let sql = "select batch_id
               from coupon_codes
               where batch_id <> all($1) and batch_id not in (select batch_id from staged_codes)
               limit 1";
    let unknown: Option<Uuid> = sqlx::query_scalar(sql).bind(batches).fetch_optional(&mut *connection).await?;
    if let Some(batch) = unknown {
        return Ok(Some(format!("no event has added the batch {batch}")));
    }
    let sql = "select reward_id, count(*), max(number)
               from coupon_codes as code
               where not withdrawn and batch_id not in (select batch_id from staged_codes)
                 and not exists (
                     select from withdrawn_codes as noted
                     where noted.reward_id = code.reward_id and code.number between first_number and last_number
                 )
               group by reward_id";
    let rows: Vec<(Uuid, i64, i64)> = sqlx::query_as(sql).fetch_all(&mut *connection).await?;
    let there: BTreeMap<RewardId, (i64, i64)> =
        rows.into_iter().map(|(reward, count, last)| (RewardId(reward), (count, last))).collect();
    for (reward, total) in totals {
        let found = there.get(reward).copied().unwrap_or_default();
        if found != (*total, *total) {
            return Ok(Some(format!("the reward {reward} has {total} codes, and {} are there", found.0)));
        }
    }
    let sql = "select granted.claim_id
               from coupon_grants as granted
               left join coupon_codes as code
                 on code.reward_id = granted.reward_id and code.number = granted.number and not code.withdrawn
               where code.number is null
               limit 1";
    let without: Option<Uuid> = sqlx::query_scalar(sql).fetch_optional(connection).await?;
    Ok(without.map(|claim| format!("the coupon {claim} has no code")))
}
