use std::collections::BTreeMap;

use serde_json::json;
use uuid::Uuid;

use super::*;

const CAMPAIGN: CampaignId = CampaignId(Uuid::from_u128(3));

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn budgets(list: serde_json::Value) -> Vec<Budget> {
    serde_json::from_value(list).unwrap()
}

fn points(amount: i64) -> CountedAmount {
    CountedAmount { unit: BudgetUnit::Unit(UnitCode::points()), amount: amount.try_into().unwrap() }
}

/// What was spent, by scope, unit and day: what the rows of the guard table say.
type Rows = BTreeMap<(Scope, BudgetUnit, NaiveDate), i64>;

fn committed(rows: &Rows) -> impl Fn(Scope, &BudgetUnit, Per, NaiveDate) -> i64 {
    move |scope, unit, per, day| {
        let (first, last) = per.days_of(day);
        let within = |(of, what, on): &(Scope, BudgetUnit, NaiveDate)| {
            *of == scope && what == unit && (first..=last).contains(on)
        };
        rows.iter().filter(|(key, _)| within(key)).map(|(_, amount)| amount).sum()
    }
}

fn take(rows: &mut Rows, counted: &Counted, sign: i64) {
    for (scope, unit, day, amount) in counted.rows(CAMPAIGN) {
        *rows.entry((scope, unit.clone(), day)).or_default() += sign * amount;
    }
}

#[test]
fn longer_periods_are_sums_of_days() {
    let mut rows = Rows::new();
    for (on, amount) in [("2026-11-16", 100), ("2026-11-21", 200), ("2026-11-30", 400), ("2026-12-01", 800)] {
        take(&mut rows, &Counted::of(day(on), day(on), vec![points(amount)]).unwrap(), 1);
    }
    let unit = BudgetUnit::Unit(UnitCode::points());
    let sums = |on| Per::ALL.map(|per| committed(&rows)(Scope::Programme, &unit, per, day(on)));
    assert_eq!(sums("2026-11-21"), [1_500, 700, 300, 200]);
    assert_eq!(sums("2026-12-01"), [1_500, 800, 1_200, 800]);
    assert_eq!(Per::ALL.map(|per| per.period_of(day("2026-11-21"))), ["total", "2026-11", "2026-W47", "2026-11-21"]);
}

#[test]
fn the_campaigns_budgets_come_before_the_programmes_and_long_periods_before_short_ones() {
    let all = |amount: i64| {
        ["day", "total", "week", "month"].map(|per| json!({"unit": "points", "amount": amount, "per": per}))
    };
    let short = |own: i64, programme: i64, drop: usize| {
        let (mut own, mut programme) = (budgets(json!(all(own))), budgets(json!(all(programme))));
        own.sort_by_key(|budget| budget.per);
        programme.sort_by_key(|budget| budget.per);
        own.drain(..drop.min(4));
        programme.drain(..drop.saturating_sub(4));
        let counted = Counted::of(day("2026-11-21"), day("2026-11-22"), vec![points(500)]).unwrap();
        room_for(&counted, (CAMPAIGN, &own), &programme, &committed(&Rows::new()))
            .map_err(|short| (short.scope, short.per, short.period))
    };
    assert_eq!(short(500, 500, 0), Ok(()));
    let period = |per: Per, on| per.period_of(day(on));
    for (drop, per) in Per::ALL.into_iter().enumerate() {
        let own = Err(("event".to_owned(), per, period(per, "2026-11-21")));
        assert_eq!(short(499, 499, drop), own);
        let programme = Err(("programme".to_owned(), per, period(per, "2026-11-22")));
        assert_eq!(short(499, 499, 4 + drop), programme);
    }
    assert_eq!(short(499, 499, 8), Ok(()));
}

#[test]
fn a_shortfall_names_the_budget_with_its_numbers() {
    let own = budgets(json!([{"unit": "points", "amount": 10_000, "per": "day"}]));
    let counted = Counted::of(day("2026-11-21"), day("2026-11-21"), vec![points(500)]).unwrap();
    let mut rows = Rows::new();
    (0..20).for_each(|_| take(&mut rows, &counted, 1));
    let refused = room_for(&counted, (CAMPAIGN, &own), &[], &committed(&rows)).unwrap_err();
    let told = json!({"scope": "event", "unit": "points", "per": "day", "period": "2026-11-21",
        "amount": 10_000, "committed": 10_000, "need": 500});
    assert_eq!(serde_json::to_value(&refused).unwrap(), told);
    assert!(refused.is_of_the_same(&BudgetShortfall { committed: 9_999, ..refused.clone() }));
    // what is given back goes to the day from which it was taken
    take(&mut rows, &counted, -1);
    assert_eq!(room_for(&counted, (CAMPAIGN, &own), &[], &committed(&rows)), Ok(()));
    let next = Counted::of(day("2026-11-22"), day("2026-11-22"), vec![points(10_000)]).unwrap();
    assert_eq!(room_for(&next, (CAMPAIGN, &own), &[], &committed(&rows)), Ok(()));
}

#[test]
fn a_budget_limits_its_own_unit_alone() {
    let own = budgets(json!([{"unit": "KRW", "amount": 1, "per": "total"}]));
    let counted = Counted::of(day("2026-11-21"), day("2026-11-21"), vec![points(500)]).unwrap();
    assert_eq!(room_for(&counted, (CAMPAIGN, &own), &own, &committed(&Rows::new())), Ok(()));
    let costs = CountedAmount { unit: own[0].unit.clone(), amount: 2.try_into().unwrap() };
    let counted = Counted { amounts: vec![points(500), costs], ..counted };
    assert_eq!(room_for(&counted, (CAMPAIGN, &own), &[], &committed(&Rows::new())).unwrap_err().need, 2);
    assert_eq!(Counted::of(day("2026-11-21"), day("2026-11-21"), vec![]), None);
}

#[test]
fn budgets_that_contradict_each_other_are_refused() {
    let one = |per: &str| json!({"unit": "points", "amount": 1, "per": per});
    assert_eq!(check(&budgets(json!([one("day"), one("week")]))), Ok(()));
    let twice = BudgetsRefusal::Twice { unit: BudgetUnit::Unit(UnitCode::points()), per: Per::Day };
    assert_eq!(check(&budgets(json!([one("day"), one("week"), one("day")]))), Err(twice));
    for (parts, fits) in
        [(json!([80, 100]), true), (json!([]), true), (json!([80, 80]), false), (json!([100, 80]), false)]
    {
        let told = budgets(json!([{"unit": "points", "amount": 1, "per": "day", "alertAt": parts}]));
        assert_eq!(check(&told) == Ok(()), fits, "{parts}");
    }
    let many: Vec<_> = (0..21).map(|number| json!({"unit": format!("u{number}"), "amount": 1, "per": "day"})).collect();
    assert_eq!(check(&budgets(json!(many))), Err(BudgetsRefusal::TooMany));
    for bad in ["grants", "Points", "krw won", ""] {
        assert!(BudgetUnit::try_from(bad.to_owned()).is_err(), "{bad}");
    }
}

#[test]
fn each_part_of_a_budget_is_told_once_a_period() {
    let budget = budgets(json!([{"unit": "points", "amount": 1_000, "per": "week", "alertAt": [80, 100]}])).remove(0);
    let command =
        |on, committed| BudgetCommand { scope: Scope::Programme, budget: budget.clone(), day: day(on), committed };
    let mut period = BudgetPeriod::default();
    let mut told = |committed| {
        let events = period.decide(command("2026-11-21", committed)).unwrap_or_default();
        events.iter().for_each(|event| period.evolve(event));
        events.iter().map(|BudgetEvent::ThresholdReached(event)| event.threshold.get()).collect::<Vec<_>>()
    };
    assert_eq!(told(799), [] as [i64; 0]);
    assert_eq!(told(800), [80]);
    assert_eq!(told(700), [] as [i64; 0]);
    assert_eq!(told(1_000), [100]);
    assert_eq!(told(1_000), [] as [i64; 0]);
    assert_eq!(command("2026-11-21", 0).id(), command("2026-11-16", 0).id());
    assert_ne!(command("2026-11-21", 0).id(), command("2026-11-23", 0).id());
    let both = BudgetPeriod::default().decide(command("2026-11-23", 1_000)).unwrap_or_default();
    assert_eq!(both.len(), 2);
}
