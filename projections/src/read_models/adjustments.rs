//! Which changes of wallets wait for somebody else, and what became of the others? One row per adjustment, newest first. What it
//! does to the wallet is another question. How lists are walked is in `list`, how the rows are written in `write`.

mod list;
mod write;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::Event;
use domain::adjustment::{AdjustmentEvent, AdjustmentStatus};
use domain::id::MemberId;
use domain::value::ValueEvent;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

pub use list::{find, list};

use self::write::{load, write};
use crate::engine::error::FoldError;
use crate::engine::projection::{Projection, Spread};
use crate::log::Recorded;

/// The projection of this file.
#[derive(Debug, Clone, Copy)]
pub struct Adjustments;

/// One adjustment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the fields are those of an adjustment as the API shows it")]
pub struct AdjustmentRow {
    pub adjustment_id: Uuid,
    pub member_id: Uuid,
    pub unit: String,
    pub amount: i64,
    pub operator_id: Uuid,
    pub note: String,
    /// A name of [`AdjustmentStatus`].
    pub status: String,
    /// When what it gave is over.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who agreed or said no.
    pub decided_by: Option<Uuid>,
    pub decision_note: Option<String>,
    /// The position of its first event: the place in lists.
    pub created_position: i64,
    /// The position of its last event, and its number in the stream.
    pub position: i64,
    pub sequence: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Which adjustments. What is left out does not filter.
#[derive(Debug, Clone, Copy, Default)]
pub struct AdjustmentFilter {
    /// Of this member's wallets.
    pub member: Option<MemberId>,
    /// In this status.
    pub status: Option<AdjustmentStatus>,
    /// Created before this position: the cursor.
    pub before: Option<i64>,
}

/// The columns of an adjustment, in the order of the row.
macro_rules! columns {
    () => {
        "adjustment_id, member_id, unit, amount, operator_id, note, status, expires_at, decided_by, decision_note,
         created_position, position, sequence, created_at, updated_at"
    };
}
use columns;

impl Projection for Adjustments {
    const NAME: &'static str = "adjustments";
    const VERSION: i32 = 1;
    const STREAMS: &'static [&'static str] = &["adjustment"];
    const TABLES: &'static [&'static str] = &["adjustments"];
    const LATE_INDEXES: &'static [&'static str] = &["adjustments_of_a_member", "adjustments_by_status"];
    /// Every adjustment is of one member, the subject of its events.
    const SPREAD: Spread = Spread::BySubject;

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        let mut rows = load(tx, batch.iter().filter_map(adjustment_of).map(|(id, _)| id).collect()).await?;
        for recorded in batch {
            if let Some((id, event)) = adjustment_of(recorded) {
                apply(&mut rows, id, event, recorded);
            }
        }
        write(tx, &rows.into_values().collect::<Vec<_>>()).await
    }
}

/// The adjustment that an event is about, if it is about one.
fn adjustment_of(recorded: &Recorded) -> Option<(Uuid, &AdjustmentEvent)> {
    match &recorded.event {
        Event::Value(ValueEvent::Adjustment(event)) => Some((recorded.entry.aggregate_id.parse().ok()?, event)),
        Event::Value(
            ValueEvent::Unit(_)
            | ValueEvent::Wallet(_)
            | ValueEvent::Spend(_)
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

fn apply(rows: &mut BTreeMap<Uuid, AdjustmentRow>, id: Uuid, event: &AdjustmentEvent, recorded: &Recorded) {
    let (position, at) = (recorded.entry.position, recorded.entry.recorded_at.utc());
    let about = event.about();
    let row = rows.entry(id).or_insert_with(|| AdjustmentRow {
        adjustment_id: id,
        member_id: about.member_id.0,
        unit: about.unit.as_str().to_owned(),
        amount: about.amount.get(),
        operator_id: about.operator_id.0,
        note: about.note.clone(),
        status: AdjustmentStatus::Pending.name().to_owned(),
        expires_at: None,
        decided_by: None,
        decision_note: None,
        created_position: position,
        position,
        sequence: 0,
        created_at: at,
        updated_at: at,
    });
    let mut decided = |by: MemberId, note: &Option<String>| {
        (row.decided_by, row.decision_note) = (Some(by.0), note.clone());
    };
    let status = match event {
        AdjustmentEvent::Requested(_) => AdjustmentStatus::Pending,
        AdjustmentEvent::Posted(_) => AdjustmentStatus::Posted,
        AdjustmentEvent::Approved(approved) => {
            decided(approved.decided_by, &approved.note);
            AdjustmentStatus::Posted
        }
        AdjustmentEvent::Rejected(rejected) => {
            decided(rejected.decided_by, &rejected.note);
            AdjustmentStatus::Rejected
        }
    };
    let lot = event.change().and_then(|change| change.given());
    row.expires_at = lot.and_then(|lot| lot.expires_at).map(|end| end.utc());
    status.name().clone_into(&mut row.status);
    (row.position, row.sequence, row.updated_at) = (position, recorded.entry.sequence, at);
}
