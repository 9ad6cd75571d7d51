//! Coupons as they were: folded from their claims' events and their own, up to a position.

use std::collections::BTreeMap;

use domain::Event;
use domain::claim::Claim;
use domain::coupon::{Coupon, GrantedCoupon};
use domain::id::ClaimId;
use domain::value::ValueEvent;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::engine::error::FoldError;

/// A coupon as it was.
#[derive(Debug, Clone)]
pub struct CouponThen {
    /// As its claim had it.
    pub granted: GrantedCoupon,
    /// What had become of it.
    pub coupon: Coupon,
    /// How many events it had.
    pub sequence: i64,
}

/// Coupons at a position; those that were not granted by then are missing.
///
/// # Errors
/// See [`FoldError`].
pub async fn at(
    conn: &mut PgConnection,
    ids: &[ClaimId],
    position: i64,
) -> Result<BTreeMap<ClaimId, CouponThen>, FoldError> {
    let sql = "select event.aggregate_id, event.event_type, event.event_version, event.payload
               from unnest($1::text[]) as wanted(id)
               cross join unnest(array['claim', 'coupon']) as of(type)
               cross join lateral (
                   select aggregate_id, event_type, event_version, payload::text as payload, position
                   from events
                   where aggregate_type = of.type and aggregate_id = wanted.id and position <= $2
                   order by sequence
               ) as event
               order by event.position";
    let wanted: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let rows: Vec<(String, String, String, String)> =
        sqlx::query_as(sql).bind(wanted).bind(position).fetch_all(conn).await?;
    let mut folded: BTreeMap<ClaimId, (Claim, Coupon, i64)> = BTreeMap::new();
    for (id, event_type, version, payload) in rows {
        let id = ClaimId(id.parse::<Uuid>().map_err(|_| FoldError::stored("coupon id", &id))?);
        let event = Event::decode(&event_type, &version, &payload)
            .map_err(|_| FoldError::stored("event of a coupon", &event_type))?;
        let (claim, coupon, sequence) = folded.entry(id).or_default();
        match event {
            Event::Claim(event) => claim.evolve(&event),
            Event::Value(ValueEvent::Coupon(event)) => {
                coupon.evolve(&event);
                *sequence += 1;
            }
            Event::Value(
                ValueEvent::Unit(_)
                | ValueEvent::Wallet(_)
                | ValueEvent::Spend(_)
                | ValueEvent::Adjustment(_)
                | ValueEvent::Transfer(_)
                | ValueEvent::Codes(_)
                | ValueEvent::Budget(_)
                | ValueEvent::Programme(_),
            )
            | Event::Member(_)
            | Event::Activity(_)
            | Event::Campaign(_)
            | Event::Referral(_) => return Err(FoldError::stored("event of a coupon", &event_type)),
        }
    }
    let then = |(id, (claim, coupon, sequence)): (ClaimId, (Claim, Coupon, i64))| {
        Some((id, CouponThen { granted: claim.granted_coupon()?, coupon, sequence }))
    };
    Ok(folded.into_iter().filter_map(then).collect())
}
