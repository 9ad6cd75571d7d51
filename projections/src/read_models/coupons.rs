//! Which coupons does a member have? One row per coupon with its terms, how many of its uses are made or promised, and whether it
//! was taken back; newest first. Single uses stay in the log, and codes are no event. Whether it is over depends on a moment,
//! which is not asked here.

mod then;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::Event;
use domain::claim::ClaimEventType;
use domain::coupon::CouponEvent;
use domain::id::MemberId;
use domain::value::ValueEvent;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

pub use self::then::{CouponThen, at};
use self::write::{load, write};
use crate::engine::error::FoldError;
use crate::engine::projection::{Projection, Spread};
use crate::log::Recorded;

/// The projection of this file.
#[derive(Debug, Clone, Copy)]
pub struct Coupons;

/// One coupon.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the fields are those of a coupon as the API shows it")]
pub struct CouponRow {
    /// The id of the claim that granted it.
    pub coupon_id: Uuid,
    pub member_id: Uuid,
    pub reward_id: Uuid,
    pub campaign_id: Uuid,
    pub expires_at: Option<DateTime<Utc>>,
    pub max_uses: i64,
    pub bound: bool,
    /// Made or promised, as it is recorded.
    pub uses: i64,
    pub voided: bool,
    /// The position of its grant: the place in lists.
    pub created_position: i64,
    /// The position of its last event.
    pub position: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The columns of a coupon, in the order of the row.
macro_rules! columns {
    () => {
        "coupon_id, member_id, reward_id, campaign_id, expires_at, max_uses, bound, uses, voided, created_position,
         position, created_at, updated_at"
    };
}
use columns;

impl Projection for Coupons {
    const NAME: &'static str = "coupons";
    const VERSION: i32 = 1;
    const STREAMS: &'static [&'static str] = &["claim", "coupon"];
    const TABLES: &'static [&'static str] = &["coupons"];
    const LATE_INDEXES: &'static [&'static str] = &["coupons_of_a_member"];
    /// Every coupon is of one member, the subject of the events of its claim and of its own.
    const SPREAD: Spread = Spread::BySubject;

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        let mut rows = load(tx, batch.iter().filter_map(goes_on).collect::<Result<BTreeSet<_>, _>>()?).await?;
        for recorded in batch {
            apply(&mut rows, recorded)?;
        }
        write(tx, &rows.into_values().collect::<Vec<_>>()).await
    }
}

/// The coupons of a member, newest first, granted before the position `before`, `limit` at most.
///
/// # Errors
/// The database's.
pub async fn of_member(
    conn: &mut PgConnection,
    member: MemberId,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<CouponRow>> {
    let sql = concat!(
        "select ",
        columns!(),
        " from coupons
        where member_id = $1 and created_position < $2
        order by created_position desc
        limit $3"
    );
    let query = sqlx::query_as(sql).bind(member.0).bind(before.unwrap_or(i64::MAX)).bind(limit);
    query.fetch_all(conn).await
}

fn stream_id(recorded: &Recorded) -> Result<Uuid, FoldError> {
    let id = recorded.entry.aggregate_id.as_str();
    id.parse().map_err(|_| FoldError::stored("coupon id", id))
}

/// The coupon that goes on with an event, if one may.
fn goes_on(recorded: &Recorded) -> Option<Result<Uuid, FoldError>> {
    let goes_on = match &recorded.event {
        Event::Claim(event) => event.event_type() == ClaimEventType::Reversed,
        Event::Value(event) => of_coupon(event).is_some(),
        Event::Member(_) | Event::Activity(_) | Event::Campaign(_) | Event::Referral(_) => false,
    };
    goes_on.then(|| stream_id(recorded))
}

fn apply(rows: &mut BTreeMap<Uuid, CouponRow>, recorded: &Recorded) -> Result<(), FoldError> {
    let (position, at) = (recorded.entry.position, recorded.entry.recorded_at.utc());
    match &recorded.event {
        Event::Claim(event) => {
            if let Some(terms) = event.coupon() {
                let (id, about) = (stream_id(recorded)?, event.about());
                let row = CouponRow {
                    coupon_id: id,
                    member_id: about.member_id.0,
                    reward_id: about.reward_id.0,
                    campaign_id: about.campaign_id.0,
                    expires_at: terms.expires_at.map(domain::Moment::utc),
                    max_uses: terms.max_uses.get(),
                    bound: terms.bound,
                    uses: 0,
                    voided: false,
                    created_position: position,
                    position,
                    created_at: at,
                    updated_at: at,
                };
                rows.insert(id, row);
            } else if event.event_type() == ClaimEventType::Reversed
                && let Some(row) = rows.get_mut(&stream_id(recorded)?)
            {
                row.voided = true;
                (row.position, row.updated_at) = (position, at);
            }
        }
        Event::Value(event) => {
            let Some(event) = of_coupon(event) else { return Ok(()) };
            let Some(row) = rows.get_mut(&stream_id(recorded)?) else {
                return Err(FoldError::stored("coupon event before its grant", recorded.entry.event_type.as_str()));
            };
            match event {
                CouponEvent::Redeemed(_) | CouponEvent::Held(_) => row.uses += 1,
                CouponEvent::Captured(_) => {}
                CouponEvent::Released(_) | CouponEvent::HoldExpired(_) | CouponEvent::RolledBack(_) => row.uses -= 1,
                CouponEvent::Voided(_) => row.voided = true,
            }
            (row.position, row.updated_at) = (position, at);
        }
        Event::Member(_) | Event::Activity(_) | Event::Campaign(_) | Event::Referral(_) => {}
    }
    Ok(())
}

fn of_coupon(event: &ValueEvent) -> Option<&CouponEvent> {
    match event {
        ValueEvent::Coupon(event) => Some(event),
        ValueEvent::Unit(_)
        | ValueEvent::Wallet(_)
        | ValueEvent::Spend(_)
        | ValueEvent::Adjustment(_)
        | ValueEvent::Transfer(_)
        | ValueEvent::Codes(_)
        | ValueEvent::Budget(_)
        | ValueEvent::Programme(_) => None,
    }
}
