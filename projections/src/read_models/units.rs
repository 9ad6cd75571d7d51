//! Which units are there, and on which terms? Read from the log itself, which holds a few events of units: nothing is folded
//! beforehand. `points` is there from the start, whether the log holds an event of it or not.

use domain::Event;
use domain::unit::{UnitEvent, UnitTerms};
use domain::value::{UnitCode, ValueEvent};
use sqlx::PgPool;

use crate::engine::error::FoldError;

/// One unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRow {
    /// How it is called.
    pub code: UnitCode,
    /// The position of its first event: the place in lists. That of `points`, which nobody defines, is 0.
    pub created_position: i64,
    /// Its terms now.
    pub terms: UnitTerms,
}

/// Code, place, and the last event with its position; `points` may have none.
type Row = (String, i64, Option<i64>, Option<String>, Option<String>, Option<String>);

/// The index of streams is the one that knows types: `offset 0` keeps the planner from walking the whole log backwards.
const LIST: &str = "
    select defined.code, defined.created_position, latest.position, latest.event_type, latest.event_version, latest.payload
    from (
        select aggregate_id as code, case when aggregate_id = $1 then 0 else position end as created_position
        from events
        where aggregate_type = 'unit' and sequence = 1
        order by aggregate_type, aggregate_id, sequence
        offset 0
    ) as defined
    cross join lateral (
        select position, event_type, event_version, payload::text as payload
        from events
        where aggregate_type = 'unit' and aggregate_id = defined.code
        order by aggregate_type desc, aggregate_id desc, sequence desc
        limit 1
    ) as latest
    where defined.created_position < $2
    union all
    select $1, 0, null, null, null, null
    where $2 > 0
      and not exists (select from events where aggregate_type = 'unit' and aggregate_id = $1)
    order by created_position desc
    limit $3";

/// Units created before a position, newest first, `limit` at most.
///
/// # Errors
/// See [`FoldError`].
pub async fn list(pool: &PgPool, before: Option<i64>, limit: i64) -> Result<Vec<UnitRow>, FoldError> {
    let rows: Vec<Row> = sqlx::query_as(LIST)
        .bind(UnitCode::POINTS)
        .bind(before.unwrap_or(i64::MAX))
        .bind(limit)
        // planned each time: a plan made while the log was empty would read all of it ever after
        .persistent(false)
        .fetch_all(pool)
        .await?;
    rows.into_iter().map(unit).collect()
}

fn unit((code, created_position, position, event_type, version, payload): Row) -> Result<UnitRow, FoldError> {
    let terms = match (position, event_type, version, payload) {
        (Some(position), Some(event_type), Some(version), Some(payload)) => {
            let event = Event::decode(&event_type, &version, &payload);
            terms_of(event.map_err(|source| FoldError::Event { position, source })?)
        }
        (_, _, _, _) => Some(UnitTerms::of_points()),
    };
    let terms = terms.ok_or_else(|| FoldError::stored("event of a unit", &code))?;
    let code = UnitCode::try_from(code.clone()).map_err(|_| FoldError::stored("code of a unit", &code))?;
    Ok(UnitRow { code, created_position, terms })
}

/// The terms that an event sets.
fn terms_of(event: Event) -> Option<UnitTerms> {
    match event {
        Event::Value(ValueEvent::Unit(UnitEvent::Defined(defined))) => Some(defined.terms),
        Event::Value(ValueEvent::Unit(UnitEvent::Revised(revised))) => Some(revised.terms),
        Event::Value(
            ValueEvent::Wallet(_)
            | ValueEvent::Spend(_)
            | ValueEvent::Adjustment(_)
            | ValueEvent::Transfer(_)
            | ValueEvent::Coupon(_)
            | ValueEvent::Codes(_)
            | ValueEvent::Budget(_)
            | ValueEvent::Programme(_),
        )
        | Event::Member(_)
        | Event::Activity(_)
        | Event::Campaign(_)
        | Event::Claim(_)
        | Event::Referral(_) => None,
    }
}
