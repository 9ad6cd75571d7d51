//! What became of the payments? One row per payment with its current status, newest first. Lots and single steps stay in the
//! log; what a member has is another question. How lists are walked is in `list`, how the rows are written in `write`.

mod list;
mod write;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::Event;
use domain::id::{MemberId, SpendId};
use domain::spend::{Paid, SpendEvent, SpendStatus, SpendSubject};
use domain::value::{ValueEvent, total};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

pub use list::{explain, list};

use self::write::{load, write};
use crate::engine::error::FoldError;
use crate::engine::projection::{Projection, Spread};
use crate::log::Recorded;

/// The projection of this file.
#[derive(Debug, Clone, Copy)]
pub struct Spends;

/// One payment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the fields are those of a payment as the API shows it")]
pub struct SpendRow {
    pub spend_id: Uuid,
    pub member_id: Uuid,
    pub caller_id: Uuid,
    pub reference: String,
    pub unit: String,
    pub amount: i64,
    pub captured: i64,
    pub refunded: i64,
    /// A name of [`SpendStatus`], as it is recorded.
    pub status: String,
    pub expires_at: Option<DateTime<Utc>>,
    /// The position of its first event: the place in lists.
    pub created_position: i64,
    /// The position of its last event.
    pub position: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl SpendRow {
    /// Where it stands at a moment: a hold is over at its instant, recorded or not.
    #[must_use]
    pub fn status_at(&self, at: DateTime<Utc>) -> &str {
        let is_held = self.status == SpendStatus::Held.name();
        let is_over = is_held && self.expires_at.is_some_and(|expires_at| expires_at <= at);
        if is_over { SpendStatus::Expired.name() } else { &self.status }
    }
}

/// Which payments. What is left out does not filter.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpendFilter {
    /// Of this member.
    pub member: Option<MemberId>,
    /// In this status.
    pub status: Option<SpendStatus>,
    /// Created before this position: the cursor.
    pub before: Option<i64>,
}

/// The columns of a payment, in the order of the row.
macro_rules! columns {
    () => {
        "spend_id, member_id, caller_id, reference, unit, amount, captured, refunded, status, expires_at,
         created_position, position, created_at, updated_at"
    };
}
use columns;

impl Projection for Spends {
    const NAME: &'static str = "spends";
    const VERSION: i32 = 1;
    const STREAMS: &'static [&'static str] = &["spend"];
    const TABLES: &'static [&'static str] = &["spends"];
    const LATE_INDEXES: &'static [&'static str] = &["spends_of_a_member", "spends_by_status", "spends_held_until"];
    /// Every payment is of one member, the subject of its events.
    const SPREAD: Spread = Spread::BySubject;

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        let mut rows = load(tx, batch.iter().filter_map(spend_of).map(|(id, _)| id).collect()).await?;
        for recorded in batch {
            if let Some((id, event)) = spend_of(recorded) {
                apply(&mut rows, id, event, recorded);
            }
        }
        write(tx, &rows.into_values().collect::<Vec<_>>()).await
    }
}

/// The payment that an event is about, if it is about one.
fn spend_of(recorded: &Recorded) -> Option<(Uuid, &SpendEvent)> {
    match &recorded.event {
        Event::Value(ValueEvent::Spend(event)) => {
            let about = event.about();
            Some((SpendId::of(about.caller_id, &about.reference).0, event))
        }
        Event::Value(
            ValueEvent::Unit(_)
            | ValueEvent::Wallet(_)
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

fn apply(rows: &mut BTreeMap<Uuid, SpendRow>, id: Uuid, event: &SpendEvent, recorded: &Recorded) {
    match event {
        SpendEvent::Held(held) => {
            let row = begun(id, &held.about, &held.paid, recorded);
            rows.insert(id, SpendRow { expires_at: Some(held.expires_at.utc()), ..row });
        }
        SpendEvent::Made(made) => {
            rows.insert(id, begun(id, &made.about, &made.paid, recorded));
        }
        SpendEvent::Captured(_) | SpendEvent::Released(_) | SpendEvent::Expired(_) | SpendEvent::Refunded(_) => {}
    }
    let Some(row) = rows.get_mut(&id) else { return };
    let status = match event {
        SpendEvent::Held(_) => SpendStatus::Held,
        SpendEvent::Made(made) => {
            row.captured = made.paid.amount.get();
            SpendStatus::Captured
        }
        SpendEvent::Captured(captured) => {
            row.captured = total(&captured.lots);
            SpendStatus::Captured
        }
        SpendEvent::Refunded(refunded) => {
            row.refunded += refunded.refund.amount();
            SpendStatus::Captured
        }
        SpendEvent::Released(_) => SpendStatus::Released,
        SpendEvent::Expired(_) => SpendStatus::Expired,
    };
    status.name().clone_into(&mut row.status);
    (row.position, row.updated_at) = (recorded.entry.position, recorded.entry.recorded_at.utc());
}

/// A payment as its first event has it.
fn begun(id: Uuid, about: &SpendSubject, paid: &Paid, recorded: &Recorded) -> SpendRow {
    let (position, at) = (recorded.entry.position, recorded.entry.recorded_at.utc());
    SpendRow {
        spend_id: id,
        member_id: about.member_id.0,
        caller_id: about.caller_id.0,
        reference: about.reference.as_str().to_owned(),
        unit: paid.unit.as_str().to_owned(),
        amount: paid.amount.get(),
        captured: 0,
        refunded: 0,
        status: SpendStatus::Held.name().to_owned(),
        expires_at: None,
        created_position: position,
        position,
        created_at: at,
        updated_at: at,
    }
}
