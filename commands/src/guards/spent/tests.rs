//! Room in budgets, decided in memory one command after the other.

use super::*;
use crate::guards::{GrantChange, GuardRefusal, Guards};
use domain::budget::CountedAmount;
use domain::id::{MemberId, RewardId};
use domain::value::UnitCode;

const CAMPAIGN: CampaignId = CampaignId(Uuid::from_u128(1));

fn points() -> BudgetUnit {
    BudgetUnit::Unit(UnitCode::points())
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn counted(on: &str) -> Counted {
    let amounts = vec![CountedAmount { unit: points(), amount: 10.try_into().unwrap() }];
    Counted::of(day(on), day(on), amounts).unwrap()
}

/// A grant that counts ten points on a day; with -1 it is given back.
fn grant(on: &str, granted: i64) -> GuardChange {
    GuardChange::Grants(GrantChange {
        member_id: MemberId(Uuid::from_u128(2)),
        campaign_id: CAMPAIGN,
        reward_id: RewardId(Uuid::from_u128(3)),
        held: 0,
        granted,
        counted: Some(Box::new(counted(on))),
        keeps_stock: false,
    })
}

fn caps(per: Per, amount: i64) -> Vec<Arc<Caps>> {
    let budget = Budget { unit: points(), amount: amount.try_into().unwrap(), per, alert_at: vec![] };
    Caps::on(&counted("2026-11-21"), CAMPAIGN, &[budget], &[]).map(Arc::new).into_iter().collect()
}

/// Rows in which so much is counted in the period of a day.
fn rows(per: Per, on: &str, amount: i64) -> Guards {
    let (first, last) = per.days_of(day(on));
    let mut guards = Guards::default();
    guards.spent.sums.insert((Scope::Campaign(CAMPAIGN), points()), vec![Sum { first, last, amount }]);
    guards
}

fn short(outcome: Result<(), GuardRefusal>) -> Option<i64> {
    match outcome {
        Ok(()) => None,
        Err(GuardRefusal::BudgetExhausted { budget: Some(budget) }) => Some(budget.committed),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_budget_has_room_until_it_is_used_up_and_again_when_a_grant_is_given_back() {
    let (mut rows, caps) = (rows(Per::Week, "2026-11-21", 5), caps(Per::Week, 25));
    assert_eq!(short(rows.apply(&[grant("2026-11-16", 1)], &caps)), None);
    assert_eq!(short(rows.apply(&[grant("2026-11-22", 1)], &caps)), None);
    assert_eq!(short(rows.apply(&[grant("2026-11-21", 1)], &caps)), Some(25));
    // what is given back on a day of another week makes no room in this one
    assert_eq!(short(rows.apply(&[grant("2026-11-23", -1)], &caps)), None);
    assert_eq!(short(rows.apply(&[grant("2026-11-21", 1)], &caps)), Some(25));
    assert_eq!(short(rows.apply(&[grant("2026-11-16", -1)], &caps)), None);
    assert_eq!(short(rows.apply(&[grant("2026-11-21", 1)], &caps)), None);
}

#[test]
fn a_command_that_is_refused_counts_nothing() {
    let (mut rows, caps) = (rows(Per::Day, "2026-11-21", 0), caps(Per::Day, 25));
    let three = [1, 1, 1].map(|granted| grant("2026-11-21", granted));
    assert_eq!(short(rows.apply(&three, &caps)), Some(20));
    assert_eq!(short(rows.apply(&three[..2], &caps)), None);
}

#[test]
fn a_sum_that_nobody_has_read_leaves_no_room_and_is_read_first() {
    let (mut rows, caps) = (rows(Per::Day, "2026-11-21", 0), caps(Per::Day, 25));
    let change = [grant("2026-11-22", 1)];
    assert_eq!(short(rows.apply(&change, &caps)), Some(i64::MAX));
    let next = Wanted::of(Scope::Campaign(CAMPAIGN), points(), Per::Day, day("2026-11-22"));
    assert_eq!(rows.spent.unknown(&change, &caps).collect::<Vec<_>>(), [next]);
    assert_eq!(rows.spent.unknown(&[grant("2026-11-21", 1)], &caps).count(), 0);
    assert_eq!(rows.spent.unknown(&[grant("2026-11-22", -1)], &caps).count(), 0, "giving back needs no room");
}

#[test]
fn what_no_budget_limits_is_not_looked_up() {
    assert!(Caps::on(&counted("2026-11-21"), CAMPAIGN, &[], &[]).is_none());
    let of_money = Budget {
        unit: BudgetUnit::try_from("KRW".to_owned()).unwrap(),
        amount: 1.try_into().unwrap(),
        per: Per::Total,
        alert_at: vec![],
    };
    assert!(Caps::on(&counted("2026-11-21"), CAMPAIGN, &[of_money], &[]).is_none());
}
