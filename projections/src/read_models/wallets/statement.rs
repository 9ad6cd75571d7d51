//! What happened to a member's wallet, newest first. The rows say where and by how much; what it was and which lots it was
//! about is read from the events themselves.

use chrono::{DateTime, Utc};
use domain::claim::ClaimEvent;
use domain::id::{AdjustmentId, CampaignId, ClaimId, LotId, MemberId, RewardId, SpendId, TransferId};
use domain::spend::SpendEvent;
use domain::transfer::TransferEvent;
use domain::value::{Account, Entry, LotChange, Reference, UnitCode, ValueEvent, entries};
use domain::wallet::WalletEvent;
use domain::{Event, Moment};
use sqlx::postgres::PgConnection;

use crate::engine::error::FoldError;

/// One step in the life of a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementEntry {
    /// The position of the event.
    pub position: i64,
    /// When it was recorded.
    pub at: Moment,
    /// What it was.
    pub kind: EntryKind,
    /// By how much the balance changed; 0 where points are held, given back, or settle a debt.
    pub amount: i64,
    /// The balance behind it.
    pub balance_after: i64,
    /// What moved, lot by lot.
    pub lots: Vec<LotMove>,
    /// What it is about.
    pub about: Subject,
}

/// A part of one lot that moved from one account to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotMove {
    /// Which lot; `None` for a debt, which has none.
    pub lot_id: Option<LotId>,
    /// How much.
    pub amount: i64,
    /// Where it was.
    pub from: Account,
    /// Where it is then.
    pub to: Account,
}

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A claim.
    Claim {
        /// Which.
        id: ClaimId,
        /// Of which reward.
        reward_id: RewardId,
        /// Of which campaign.
        campaign_id: CampaignId,
    },
    /// A payment.
    Spend {
        /// Which.
        id: SpendId,
        /// Who asked for it.
        caller_id: MemberId,
        /// What they call it.
        reference: Reference,
    },
    /// A change by staff.
    Adjustment {
        /// Which.
        id: AdjustmentId,
    },
    /// A transfer between members.
    Transfer {
        /// Which.
        id: TransferId,
        /// The other member.
        other: MemberId,
        /// What the sender calls it.
        reference: Reference,
    },
    /// The wallet itself.
    Wallet,
}

macro_rules! kinds {
    ($( $(#[$doc:meta])* $name:ident = $text:literal; )+) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum EntryKind { $( $(#[$doc])* $name, )+ }

        impl EntryKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$( Self::$name ),+];

            /// The name in the API.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Self::$name => $text, )+ }
            }
        }
    };
}

kinds! {
    /// A grant gave points.
    Credited = "credited";
    /// The price of a claim was paid.
    Paid = "paid";
    /// Points were spent at once.
    Spent = "spent";
    /// Points are promised to a payment or a pending claim.
    Held = "held";
    /// Held points were taken.
    Captured = "captured";
    /// Held points are back.
    Released = "released";
    /// Held points are back, since nobody ended the hold in time.
    HoldExpired = "hold_expired";
    /// Spent points are back.
    Refunded = "refunded";
    /// A grant was taken back.
    TakenBack = "taken_back";
    /// Lots ended with something left in them.
    Expired = "expired";
    /// What the member owed was settled, or a part of it.
    DebtSettled = "debt_settled";
    /// The member was erased.
    Forfeited = "forfeited";
    /// Staff gave or took points.
    Adjusted = "adjusted";
    /// The member sent points to another.
    Sent = "sent";
    /// Another member sent points.
    Received = "received";
}

type Row = (i64, i64, i64, DateTime<Utc>, String, String, String, String);

/// Which part of a statement.
#[derive(Debug, Clone, Copy)]
pub struct StatementPage {
    /// Entries before this position.
    pub before: i64,
    /// So many at most.
    pub limit: i64,
}

/// The steps of one wallet before a position, newest first.
///
/// # Errors
/// See [`FoldError`].
pub async fn statement(
    conn: &mut PgConnection,
    member: MemberId,
    unit: &UnitCode,
    page: StatementPage,
) -> Result<Vec<StatementEntry>, FoldError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select entry.position, entry.amount, entry.balance,
                moved.recorded_at, moved.aggregate_id, moved.event_type, moved.event_version, moved.payload
        from (
            select position, amount, balance
            from wallets_entries
            where member_id = $1
              and unit = $2
              and position < $3
            order by member_id desc, unit desc, position desc
            limit $4
        ) as entry
        cross join lateral (
            select recorded_at, aggregate_id, event_type, event_version, payload::text as payload
            from events
            where events.position = entry.position
            limit 1
        ) as moved
        order by entry.position desc",
    )
    .bind(member.0)
    .bind(unit.as_str())
    .bind(page.before)
    .bind(page.limit)
    // planned each time: a plan made while the table was empty would read all of it ever after
    .persistent(false)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| read(row, member, unit)).collect()
}

fn read(row: Row, member: MemberId, unit: &UnitCode) -> Result<StatementEntry, FoldError> {
    let (position, amount, balance_after, at, stream_id, event_type, version, payload) = row;
    let event =
        Event::decode(&event_type, &version, &payload).map_err(|source| FoldError::Event { position, source })?;
    let (kind, about) =
        told(&event, &stream_id, unit).ok_or_else(|| FoldError::stored("entry of a wallet", event_type))?;
    let own = entries(&event).into_iter().filter(|entry| entry.member == member && entry.unit == unit);
    let lots = own.flat_map(|entry| moves(&entry)).collect();
    Ok(StatementEntry { position, at: at.into(), kind, amount, balance_after, lots, about })
}

fn moves(entry: &Entry<'_>) -> Vec<LotMove> {
    let (from, to) = (entry.from, entry.to);
    let of = |lot_id, amount| LotMove { lot_id, amount, from, to };
    match &entry.lots {
        LotChange::Of(parts) => parts.iter().map(|part| of(Some(part.lot_id), part.amount.get())).collect(),
        LotChange::New(lots) => lots.iter().map(|lot| of(Some(lot.lot_id), lot.amount.get())).collect(),
        LotChange::None(0) => vec![],
        LotChange::None(amount) => vec![of(None, *amount)],
    }
}

/// What an event of a stream means for a wallet of a unit; `None` for one that moves nothing.
fn told(event: &Event, stream_id: &str, unit: &UnitCode) -> Option<(EntryKind, Subject)> {
    match event {
        Event::Claim(event) => Some((of_claim(event, unit)?, about_claim(event))),
        Event::Value(ValueEvent::Spend(event)) => Some((of_spend(event), about_spend(event))),
        Event::Value(ValueEvent::Wallet(event)) => Some((of_wallet(event), Subject::Wallet)),
        Event::Value(ValueEvent::Adjustment(_)) => {
            let id = AdjustmentId(stream_id.parse().ok()?);
            Some((EntryKind::Adjusted, Subject::Adjustment { id }))
        }
        Event::Value(ValueEvent::Transfer(event)) => Some(of_transfer(event)),
        Event::Value(
            ValueEvent::Unit(_)
            | ValueEvent::Coupon(_)
            | ValueEvent::Codes(_)
            | ValueEvent::Budget(_)
            | ValueEvent::Programme(_),
        )
        | Event::Member(_)
        | Event::Activity(_)
        | Event::Campaign(_)
        | Event::Referral(_) => None,
    }
}

/// A price is never in the unit that the reward pays: of each unit an event does one thing.
fn of_claim(event: &ClaimEvent, unit: &UnitCode) -> Option<EntryKind> {
    let credited = |credit: Option<&UnitCode>| {
        if credit == Some(unit) { EntryKind::Credited } else { EntryKind::Paid }
    };
    match event {
        ClaimEvent::Submitted(_) => Some(EntryKind::Held),
        ClaimEvent::Granted(event) => Some(credited(event.credit.as_ref().map(|credit| &credit.unit))),
        ClaimEvent::Approved(event) => Some(credited(event.credit.as_ref().map(|credit| &credit.unit))),
        ClaimEvent::Credited(_) => Some(EntryKind::Credited),
        ClaimEvent::Rejected(_) | ClaimEvent::Withdrawn(_) => Some(EntryKind::Released),
        ClaimEvent::Expired(_) => Some(EntryKind::HoldExpired),
        ClaimEvent::Reversed(event) => {
            let taken_back = event.reversal.as_ref()?.taken_back.as_ref();
            let is_of_the_unit = taken_back.is_some_and(|taken| taken.unit == *unit);
            Some(if is_of_the_unit { EntryKind::TakenBack } else { EntryKind::Refunded })
        }
        ClaimEvent::Denied(_) | ClaimEvent::Fulfilled(_) | ClaimEvent::FulfilmentFailed(_) => None,
    }
}

fn about_claim(event: &ClaimEvent) -> Subject {
    let about = event.about();
    Subject::Claim { id: about.claim_id(), reward_id: about.reward_id, campaign_id: about.campaign_id }
}

fn of_spend(event: &SpendEvent) -> EntryKind {
    match event {
        SpendEvent::Held(_) => EntryKind::Held,
        SpendEvent::Made(_) => EntryKind::Spent,
        SpendEvent::Captured(_) => EntryKind::Captured,
        SpendEvent::Released(_) => EntryKind::Released,
        SpendEvent::Expired(_) => EntryKind::HoldExpired,
        SpendEvent::Refunded(_) => EntryKind::Refunded,
    }
}

fn about_spend(event: &SpendEvent) -> Subject {
    let about = event.about();
    let id = SpendId::of(about.caller_id, &about.reference);
    Subject::Spend { id, caller_id: about.caller_id, reference: about.reference.clone() }
}

fn of_wallet(event: &WalletEvent) -> EntryKind {
    match event {
        WalletEvent::Expired(_) => EntryKind::Expired,
        WalletEvent::DebtSettled(_) => EntryKind::DebtSettled,
        WalletEvent::Forfeited(_) => EntryKind::Forfeited,
    }
}

fn of_transfer(event: &TransferEvent) -> (EntryKind, Subject) {
    let about = event.about();
    let (kind, other) = match event {
        TransferEvent::Sent(_) => (EntryKind::Sent, about.to_member_id),
        TransferEvent::Received(_) => (EntryKind::Received, about.member_id),
    };
    let id = TransferId::of(about.member_id, &about.reference);
    (kind, Subject::Transfer { id, other, reference: about.reference.clone() })
}
