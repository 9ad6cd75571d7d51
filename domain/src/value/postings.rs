//! Every event asked for what it moves: the one place that knows all of them. It is a pure function of the event alone, so that
//! whoever has the log can post it again.

use super::account::{Entry, Posting, postings_of};
use super::holdings::{HoldChange, HoldId};
use super::portion::Portion;
use super::{UnitCode, ValueEvent};
use crate::adjustment::Change;
use crate::claim::ClaimEvent;
use crate::event::Event;
use crate::id::{MemberId, SpendId};
use crate::moment::Moment;
use crate::quantity::Amount;
use crate::spend::{Paid, SpendEvent, SpendSubject};
use crate::transfer::TransferEvent;

/// What an event moves between accounts.
#[must_use]
pub fn entries(event: &Event) -> Vec<Entry<'_>> {
    match event {
        Event::Claim(event) => event.entries(),
        Event::Value(ValueEvent::Wallet(event)) => event.entries(),
        Event::Value(ValueEvent::Spend(event)) => event.entries(),
        Event::Value(ValueEvent::Adjustment(event)) => event.entries(),
        Event::Value(ValueEvent::Transfer(event)) => event.entries(),
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
        | Event::Referral(_) => vec![],
    }
}

/// What an event changes about the balances of accounts: it sums to zero for each unit.
pub fn postings(event: &Event) -> impl Iterator<Item = Posting<'_>> {
    postings_of(entries(event))
}

/// What an event does to a hold of points.
#[must_use]
pub fn hold_change(event: &Event) -> Option<(HoldId, HoldChange<'_>)> {
    match event {
        Event::Claim(event) => Some((HoldId::Claim(event.about().claim_id()), event.hold_change()?)),
        Event::Value(ValueEvent::Spend(event)) => {
            let SpendSubject { caller_id, reference, .. } = event.about();
            Some((HoldId::Spend(SpendId::of(*caller_id, reference)), event.hold_change()?))
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
        | Event::Referral(_) => None,
    }
}

/// A choice of lots, with all that is needed to choose them again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation<'a> {
    /// Whose lots they are.
    pub member: MemberId,
    /// Of which unit.
    pub unit: &'a UnitCode,
    /// How much was asked for.
    pub amount: i64,
    /// Which lots were chosen.
    pub lots: &'a [Portion],
    /// The position of the log up to which the member's lots were known.
    pub lots_position: i64,
    /// The moment of the choice.
    pub at: Moment,
}

/// The choice of lots that an event tells of: whoever folds the log to its position must come to the same.
#[must_use]
pub fn allocation(event: &Event) -> Option<Allocation<'_>> {
    match event {
        Event::Claim(event) => {
            let paid = match event {
                ClaimEvent::Submitted(event) => event.paid.as_ref(),
                ClaimEvent::Granted(event) => event.paid.as_ref(),
                ClaimEvent::Denied(_)
                | ClaimEvent::Approved(_)
                | ClaimEvent::Rejected(_)
                | ClaimEvent::Expired(_)
                | ClaimEvent::Withdrawn(_)
                | ClaimEvent::Fulfilled(_)
                | ClaimEvent::FulfilmentFailed(_)
                | ClaimEvent::Reversed(_)
                | ClaimEvent::Credited(_) => None,
            };
            Some(of_paid(event.member(), paid?))
        }
        Event::Value(ValueEvent::Spend(event)) => {
            let paid = match event {
                SpendEvent::Held(event) => &event.paid,
                SpendEvent::Made(event) => &event.paid,
                SpendEvent::Captured(_)
                | SpendEvent::Released(_)
                | SpendEvent::Expired(_)
                | SpendEvent::Refunded(_) => return None,
            };
            Some(of_paid(event.about().member_id, paid))
        }
        Event::Value(ValueEvent::Adjustment(event)) => match event.change()? {
            Change::Given(_) => None,
            Change::Taken(taken) => Some(Allocation {
                member: event.about().member_id,
                unit: &event.about().unit,
                amount: event.about().amount.get().abs(),
                lots: &taken.lots,
                lots_position: taken.lots_position,
                at: taken.allocated_at,
            }),
        },
        Event::Value(ValueEvent::Transfer(event)) => match event {
            TransferEvent::Sent(sent) => Some(Allocation {
                member: sent.about.member_id,
                unit: &sent.about.unit,
                amount: sent.about.amount.get(),
                lots: &sent.lots,
                lots_position: sent.lots_position,
                at: sent.allocated_at,
            }),
            TransferEvent::Received(_) => None,
        },
        Event::Value(
            ValueEvent::Unit(_)
            | ValueEvent::Wallet(_)
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

fn of_paid(member: MemberId, paid: &Paid) -> Allocation<'_> {
    Allocation {
        member,
        unit: &paid.unit,
        amount: paid.amount.get(),
        lots: &paid.lots,
        lots_position: paid.lots_position,
        at: paid.allocated_at,
    }
}

impl Allocation<'_> {
    /// Whether the same lots are chosen again from what was held at `lots_position`.
    #[must_use]
    pub fn is_right(&self, held: &super::Holdings) -> bool {
        Amount::try_from(self.amount).is_ok_and(|amount| held.allocate(amount, self.at).as_deref() == Ok(self.lots))
    }
}
