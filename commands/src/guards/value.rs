//! What each event changes about the guard rows of value: lots, holds, debts, coupons, what is limited by the day and what is
//! counted against budgets. A pure function of the event and of its position, like `guards`, so that the rows can be derived
//! from the log by the same words. It decides nothing and knows no table.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::budget::{BudgetUnit, Scope};
use domain::coupon::{CouponEvent, UseStatus};
use domain::id::{ClaimId, LotId, MemberId, RedemptionId, RewardId};
use domain::value::{
    Account, HoldChange, HoldId, LotChange, NewLot, Portion, UnitCode, ValueEvent, entries, hold_change,
};
use domain::{Event, Moment};

use super::acts::Act;

/// One change of the guard rows of value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueChange {
    /// A lot begins: one row is inserted, and none is read.
    LotGiven {
        /// Whose.
        member_id: MemberId,
        /// Of what.
        unit: UnitCode,
        /// The lot.
        lot: NewLot,
        /// The position of the event that gives it: its age.
        position: i64,
    },
    /// Something moves in or out of a lot.
    LotMoved {
        /// Whose.
        member_id: MemberId,
        /// Of what.
        unit: UnitCode,
        /// Which.
        lot_id: LotId,
        /// By how much more is free.
        free: i64,
        /// By how much more has ended unused.
        expired: i64,
    },
    /// Points are promised.
    HoldBegun {
        /// Whose.
        member_id: MemberId,
        /// Of what.
        unit: UnitCode,
        /// By what.
        hold: HoldId,
        /// Until when.
        expires_at: Moment,
        /// Which.
        lots: Vec<Portion>,
    },
    /// A promise has ended: its row is deleted, and there is one row to delete.
    HoldEnded {
        /// Which.
        hold: HoldId,
    },
    /// A member owes more, or less.
    Owed {
        /// Who.
        member_id: MemberId,
        /// Of what.
        unit: UnitCode,
        /// By how much more.
        amount: i64,
    },
    /// Somebody has done what is limited by the day.
    Acted(Act),
    /// More is counted on a day, or less.
    Counted {
        /// Whose budgets it is counted against.
        scope: Scope,
        /// Of what.
        unit: BudgetUnit,
        /// On which day.
        day: NaiveDate,
        /// By how much more.
        amount: i64,
    },
    /// A coupon is handed out: the next code of its reward is its own.
    CouponGranted {
        /// Of which reward.
        reward_id: RewardId,
        /// By which claim.
        claim_id: ClaimId,
    },
    /// A use of a coupon begins, or goes on.
    CouponUsed {
        /// Which use.
        redemption_id: RedemptionId,
        /// Of which coupon.
        claim_id: ClaimId,
        /// Where it stands from now on.
        status: UseStatus,
        /// It begins: a row is inserted, and there is none yet. Until when it is held, where it is.
        begins: Option<Option<Moment>>,
    },
}

impl ValueChange {
    /// The same behind so many events of one append, within which the position of a lot is counted from the first event.
    #[must_use]
    pub(crate) fn behind(mut self, events: usize) -> Self {
        if let Self::LotGiven { position, .. } = &mut self {
            *position += i64::try_from(events).unwrap_or(i64::MAX);
        }
        self
    }
}

/// What the event at `position` changes about the guard rows of value.
#[must_use]
pub fn value_changes_of(event: &Event, position: i64) -> Vec<ValueChange> {
    let mut changes = of_lots(event, position);
    changes.extend(of_hold(event));
    match event {
        Event::Claim(event) => {
            let about = event.about();
            if let Some((counted, sign)) = event.counted() {
                let rows = counted.rows(about.campaign_id);
                changes.extend(rows.map(|(scope, unit, day, amount)| ValueChange::Counted {
                    scope,
                    unit: unit.clone(),
                    day,
                    amount: sign * amount,
                }));
            }
            let (reward_id, claim_id) = (about.reward_id, about.claim_id());
            changes.extend(event.coupon().map(|_| ValueChange::CouponGranted { reward_id, claim_id }));
        }
        Event::Value(ValueEvent::Adjustment(event)) => {
            changes.extend(Act::of_adjustment(event).map(ValueChange::Acted))
        }
        Event::Value(ValueEvent::Transfer(event)) => changes.extend(Act::of_transfer(event).map(ValueChange::Acted)),
        Event::Value(
            ValueEvent::Unit(_)
            | ValueEvent::Coupon(_)
            | ValueEvent::Wallet(_)
            | ValueEvent::Spend(_)
            | ValueEvent::Codes(_)
            | ValueEvent::Budget(_)
            | ValueEvent::Programme(_),
        )
        | Event::Member(_)
        | Event::Activity(_)
        | Event::Campaign(_)
        | Event::Referral(_) => {}
    }
    changes
}

/// What moves between accounts, lot by lot: a lot that several entries of one event are about changes once.
fn of_lots(event: &Event, position: i64) -> Vec<ValueChange> {
    let (mut given, mut moved, mut owed) = (vec![], BTreeMap::new(), BTreeMap::new());
    for entry in entries(event) {
        let share = |of: Account, amount: i64| {
            let into = if entry.to == of { amount } else { 0 };
            into - if entry.from == of { amount } else { 0 }
        };
        let key = (entry.member, entry.unit.clone());
        match &entry.lots {
            LotChange::New(lots) => given.extend(lots.iter().map(|lot| ValueChange::LotGiven {
                member_id: entry.member,
                unit: entry.unit.clone(),
                lot: *lot,
                position,
            })),
            LotChange::Of(portions) => {
                for part in *portions {
                    let amount = part.amount.get();
                    let (free, expired) = moved.entry((key.clone(), part.lot_id)).or_insert((0, 0));
                    *free += share(Account::Wallet, amount);
                    *expired += share(Account::Expired, amount);
                }
            }
            LotChange::None(_) => {}
        }
        *owed.entry(key).or_insert(0) -= share(Account::Receivable, entry.amount());
    }
    let moved = moved.into_iter().filter(|(_, change)| *change != (0, 0));
    given.extend(moved.map(|(((member_id, unit), lot_id), (free, expired))| ValueChange::LotMoved {
        member_id,
        unit,
        lot_id,
        free,
        expired,
    }));
    let owed = owed.into_iter().filter(|(_, amount)| *amount != 0);
    given.extend(owed.map(|((member_id, unit), amount)| ValueChange::Owed { member_id, unit, amount }));
    given
}

fn of_hold(event: &Event) -> Option<ValueChange> {
    let (hold, change) = hold_change(event)?;
    match change {
        HoldChange::Ended => Some(ValueChange::HoldEnded { hold }),
        HoldChange::Begun { expires_at, lots } => {
            let entries = entries(event);
            let held = entries.iter().find(|entry| entry.to == Account::Held)?;
            let (member_id, unit, lots) = (held.member, held.unit.clone(), lots.to_vec());
            Some(ValueChange::HoldBegun { member_id, unit, hold, expires_at, lots })
        }
    }
}

/// What an event of the stream `stream_id` changes about the uses of a coupon; the stream is that of the coupon's claim.
#[must_use]
pub fn coupon_use_of(event: &Event, stream_id: &str) -> Option<ValueChange> {
    let Event::Value(ValueEvent::Coupon(event)) = event else { return None };
    let (redemption_id, status, begins) = match event {
        CouponEvent::Redeemed(event) => (event.redemption.redemption_id, UseStatus::Captured, Some(None)),
        CouponEvent::Held(event) => (event.redemption.redemption_id, UseStatus::Held, Some(Some(event.expires_at))),
        CouponEvent::Captured(event) => (event.redemption_id, UseStatus::Captured, None),
        CouponEvent::Released(event) => (event.redemption_id, UseStatus::Released, None),
        CouponEvent::HoldExpired(event) => (event.redemption_id, UseStatus::Expired, None),
        CouponEvent::RolledBack(event) => (event.redemption_id, UseStatus::RolledBack, None),
        CouponEvent::Voided(_) => return None,
    };
    Some(ValueChange::CouponUsed { redemption_id, claim_id: stream_id.parse().ok()?, status, begins })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stored sample of an event, as it is read.
    fn sample(event_type: &str, version: &str) -> Event {
        let file = format!("{}/../domain/samples/{event_type}.v{version}.json", env!("CARGO_MANIFEST_DIR"));
        Event::decode(event_type, version, &std::fs::read_to_string(file).unwrap()).unwrap()
    }

    fn told(event_type: &str, version: &str) -> Vec<String> {
        let told = |change| match change {
            ValueChange::LotGiven { unit, lot, position, .. } => {
                format!("give {} {unit} at {position}", lot.amount.get())
            }
            ValueChange::LotMoved { unit, free, expired, .. } => format!("move {unit} {free} {expired}"),
            ValueChange::HoldBegun { unit, lots, .. } => format!("hold {unit} of {}", lots.len()),
            ValueChange::HoldEnded { .. } => "end hold".to_owned(),
            ValueChange::Owed { unit, amount, .. } => format!("owe {unit} {amount}"),
            ValueChange::Acted(act) => format!("{} {} on {}: {}", act.kind.name(), act.number, act.day, act.amount),
            ValueChange::Counted { unit, day, amount, .. } => format!("count {unit} {day} {amount}"),
            ValueChange::CouponGranted { .. } => "coupon".to_owned(),
            ValueChange::CouponUsed { status, .. } => format!("use {}", status.name()),
        };
        let event = sample(event_type, version);
        let of_coupon = coupon_use_of(&event, "0190a0a0-0000-7000-8000-000000000000");
        value_changes_of(&event, 7).into_iter().chain(of_coupon).map(told).collect()
    }

    #[test]
    fn a_grant_inserts_its_lot_and_moves_what_its_price_takes() {
        assert_eq!(
            told("claim.granted", "2"),
            [
                "give 500 points at 7",
                "move stars -3 0",
                "count points 2026-11-21 500",
                "count KRW 2026-11-21 450",
                "count points 2026-11-20 500",
                "count KRW 2026-11-20 450",
                "coupon",
            ]
        );
        assert_eq!(told("claim.granted", "1"), [] as [&str; 0], "events of before change nothing");
    }

    #[test]
    fn a_hold_begins_with_a_row_and_ends_with_it() {
        assert_eq!(told("spend.held", "1"), ["move points -300 0", "hold points of 1"]);
        assert_eq!(told("spend.captured", "1"), ["move points 100 0", "end hold"]);
        assert_eq!(told("spend.expired", "1"), ["move points 0 100", "move points 200 0", "end hold"]);
        assert_eq!(told("spend.made", "1"), ["move points -100 0", "move points -200 0"]);
    }

    #[test]
    fn what_is_limited_by_the_day_is_a_row_of_its_own() {
        assert_eq!(told("adjustment.posted", "1"), ["move points -150 0", "adjustment 2 on 2026-11-21: 150"]);
        assert_eq!(told("transfer.sent", "1"), ["move points -150 0", "transfer 2 on 2026-11-21: 150"]);
        for counts_nothing in
            ["adjustment.requested", "adjustment.approved", "adjustment.rejected", "transfer.received"]
        {
            let told = told(counts_nothing, "1");
            assert!(told.iter().all(|change| change.starts_with("give ")), "{counts_nothing}: {told:?}");
        }
    }

    #[test]
    fn debts_and_uses_of_coupons_are_rows_of_their_own() {
        assert_eq!(told("wallet.debt_settled", "1"), ["move points -80 0", "move points -120 0", "owe points -200"]);
        let reversed = told("claim.reversed", "2");
        assert!(reversed.contains(&"owe points 250".to_owned()), "{reversed:?}");
        assert!(reversed.contains(&"count points 2026-11-20 -500".to_owned()), "{reversed:?}");
        assert_eq!(told("coupon.rolled_back", "1"), ["use rolled_back"]);
        assert_eq!(told("coupon.voided", "1"), [] as [&str; 0]);
    }
}
