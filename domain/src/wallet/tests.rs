use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use uuid::Uuid;

use super::*;
use crate::id::{LotId, SpendId};
use crate::value::{Hold, HoldId, Lot, LotDates, Portion};

fn at(hours: i64) -> Moment {
    let start = DateTime::parse_from_rfc3339("2026-11-21T00:00:00Z").unwrap();
    (start + TimeDelta::hours(hours)).into()
}

fn id(number: u128) -> LotId {
    LotId(Uuid::from_u128(number))
}

fn portions(amounts: &[(u128, i64)]) -> Vec<Portion> {
    amounts.iter().map(|(lot, amount)| Portion::of(id(*lot), *amount).unwrap()).collect()
}

/// Lot 1 ended an hour ago, 2 ends in an hour, 3 never ends, 4 begins in an hour.
fn holdings(owed: i64) -> Holdings {
    let lot = |amount, from, until: Option<i64>, position| {
        let dates = LotDates { available_from: at(from), expires_at: until.map(at) };
        Lot { amount, free: amount, expired: 0, dates, position }
    };
    let lots = BTreeMap::from([
        (id(1), lot(10, -9, Some(-1), 1)),
        (id(2), lot(20, -9, Some(1), 2)),
        (id(3), lot(40, -9, None, 3)),
        (id(4), lot(80, 1, Some(9), 4)),
    ]);
    Holdings::of(lots, BTreeMap::new(), owed)
}

fn decided(step: WalletStep, holdings: Holdings, hours: i64) -> Vec<(&'static str, Vec<Portion>)> {
    let (member_id, unit) = (MemberId(Uuid::from_u128(7)), UnitCode::points());
    let command = WalletCommand { member_id, unit, holdings: Arc::new(holdings), at: at(hours), step };
    let lots = |event: WalletEvent| match event {
        WalletEvent::Expired(event) => ("expired", event.lots),
        WalletEvent::DebtSettled(event) => ("settled", event.lots),
        WalletEvent::Forfeited(event) => ("forfeited", event.lots),
    };
    Wallet::default().decide(command).unwrap_or_default().into_iter().map(lots).collect()
}

#[test]
fn what_has_ended_is_recorded_and_nothing_else() {
    let expired = |hours| decided(WalletStep::RecordDue, holdings(0), hours);
    assert_eq!(expired(-2), []);
    assert_eq!(expired(-1), [("expired", portions(&[(1, 10)]))]);
    assert_eq!(expired(1), [("expired", portions(&[(1, 10), (2, 20)]))]);
}

#[test]
fn a_debt_is_settled_with_what_can_be_used() {
    let settled = |owed| decided(WalletStep::SettleDebt, holdings(owed), 0);
    assert_eq!(settled(0), []);
    assert_eq!(settled(25), [("settled", portions(&[(2, 20), (3, 5)]))]);
    assert_eq!(settled(900), [("settled", portions(&[(2, 20), (3, 40)]))]);
}

#[test]
fn an_erasure_settles_what_is_owed_and_takes_the_rest() {
    assert_eq!(
        decided(WalletStep::Forfeit, holdings(25), 0),
        [
            ("expired", portions(&[(1, 10)])),
            ("settled", portions(&[(2, 20), (3, 5)])),
            ("forfeited", portions(&[(3, 35), (4, 80)])),
        ]
    );
}

#[test]
fn a_wallet_says_what_is_over_is_over_before_anybody_recorded_it() {
    let spend = HoldId::Spend(SpendId(Uuid::from_u128(9)));
    let hold = Hold { expires_at: at(0), lots: portions(&[(1, 5), (2, 6), (3, 7)]) };
    let plain = holdings(0);
    let held = Holdings::of(plain.lots().map(|(id, lot)| (id, *lot)).collect(), BTreeMap::from([(spend, hold)]), 30);
    // while it is held
    let before = held.standing(Moment::from(at(0).utc() - TimeDelta::seconds(1)));
    assert_eq!((before.held, before.available, before.pending), (18, 30, 80));
    assert_eq!((before.balance, before.receivable), (20 + 40 + 80 + 18 - 30, -30));
    // what comes back to lot 1 has ended with it
    let after = held.standing(at(0));
    assert_eq!((after.held, after.available, after.pending, after.balance), (0, 26 + 47 - 30, 80, 26 + 47 + 80 - 30));
    let dated = |of: &[crate::value::Dated]| of.iter().map(|one| (one.at, one.amount)).collect::<Vec<_>>();
    assert_eq!(dated(&after.expiring), [(at(1), 26), (at(9), 80)]);
    assert_eq!(dated(&after.maturing), [(at(1), 80)]);
    assert_eq!(held.due(at(0)).holds, [spend]);
    assert_eq!(held.next_due(), Some(at(-1)));
}
