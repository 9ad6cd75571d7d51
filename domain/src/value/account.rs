//! Double entry: value never appears or disappears, it moves from one account to another. Which event moves what is said beside the
//! events, in the entries that each of them makes; `postings` asks all of them.

use super::UnitCode;
use super::portion::{NewLot, Portion};
use crate::id::MemberId;

/// Where value is, or comes from, or has gone. The first three are one member's, the others the programme's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What a member has and nothing holds, whether it can be used already or not.
    Wallet,
    /// What is promised to a payment that is not captured.
    Held,
    /// What a member owes after a grant was taken back: never above zero.
    Receivable,
    /// What grants gave: never above zero.
    Issued,
    /// What was paid.
    Spent,
    /// What ended unused, by the clock or with an erasure.
    Expired,
    /// What was taken back with a grant.
    TakenBack,
    /// What staff gave (below zero) or took (above).
    Adjusted,
    /// What has left one member and not reached another: zero behind each append.
    InTransit,
}

impl Account {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Wallet,
        Self::Held,
        Self::Receivable,
        Self::Issued,
        Self::Spent,
        Self::Expired,
        Self::TakenBack,
        Self::Adjusted,
        Self::InTransit,
    ];

    /// The name in the API and in the read tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wallet => "wallet",
            Self::Held => "held",
            Self::Receivable => "receivable",
            Self::Issued => "issued",
            Self::Spent => "spent",
            Self::Expired => "expired",
            Self::TakenBack => "taken_back",
            Self::Adjusted => "adjusted",
            Self::InTransit => "in_transit",
        }
    }

    /// Whether each member has one of their own.
    #[must_use]
    pub fn is_of_a_member(self) -> bool {
        match self {
            Self::Wallet | Self::Held | Self::Receivable => true,
            Self::Issued | Self::Spent | Self::Expired | Self::TakenBack | Self::Adjusted | Self::InTransit => false,
        }
    }
}

/// One movement of value from an account to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Whose wallet it is about.
    pub member: MemberId,
    /// Of what.
    pub unit: &'a UnitCode,
    /// Where it was.
    pub from: Account,
    /// Where it is then.
    pub to: Account,
    /// How much, and of which lots.
    pub lots: LotChange<'a>,
}

/// The lots that a movement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LotChange<'a> {
    /// Parts of lots that are there.
    Of(&'a [Portion]),
    /// Lots that begin.
    New(Vec<NewLot>),
    /// None: a debt has no lots.
    None(i64),
}

impl<'a> Entry<'a> {
    /// Parts of lots move.
    #[must_use]
    pub fn of(member: MemberId, unit: &'a UnitCode, from: Account, to: Account, lots: &'a [Portion]) -> Self {
        Self { member, unit, from, to, lots: LotChange::Of(lots) }
    }

    /// Lots begin in a wallet.
    #[must_use]
    pub fn new_lots(member: MemberId, unit: &'a UnitCode, from: Account, lots: Vec<NewLot>) -> Self {
        Self { member, unit, from, to: Account::Wallet, lots: LotChange::New(lots) }
    }

    /// How much moves.
    #[must_use]
    pub fn amount(&self) -> i64 {
        match &self.lots {
            LotChange::Of(portions) => super::total(portions),
            LotChange::New(lots) => lots.iter().map(|lot| lot.amount.get()).sum(),
            LotChange::None(amount) => *amount,
        }
    }
}

/// What one event changes about the balance of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting<'a> {
    /// Which account …
    pub account: Account,
    /// … and whose, where each member has one.
    pub member: Option<MemberId>,
    /// Of what.
    pub unit: &'a UnitCode,
    /// By how much.
    pub amount: i64,
}

/// The two sides of each entry. They sum to zero for each unit, since each entry is one amount twice.
pub fn postings_of<'a>(entries: impl IntoIterator<Item = Entry<'a>>) -> impl Iterator<Item = Posting<'a>> {
    entries.into_iter().filter(|entry| entry.amount() != 0).flat_map(|entry| {
        let side = |account: Account, amount| Posting {
            account,
            member: account.is_of_a_member().then_some(entry.member),
            unit: entry.unit,
            amount,
        };
        [side(entry.from, -entry.amount()), side(entry.to, entry.amount())]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::LotId;
    use uuid::Uuid;

    #[test]
    fn an_entry_is_posted_on_two_sides_that_sum_to_zero() {
        let (member, unit) = (MemberId(Uuid::from_u128(1)), UnitCode::points());
        let lots = [Portion::of(LotId(Uuid::from_u128(2)), 300).unwrap()];
        let entries = [
            Entry::of(member, &unit, Account::Wallet, Account::Spent, &lots),
            Entry::of(member, &unit, Account::Wallet, Account::Expired, &[]),
        ];
        let posted: Vec<_> = postings_of(entries).map(|one| (one.account, one.member, one.amount)).collect();
        assert_eq!(posted, [(Account::Wallet, Some(member), -300), (Account::Spent, None, 300)]);
    }
}
