//! What members have and what it comes to over all of them: the read models are compared with the books of the domain, folded
//! from the same random history, now and as of positions in between.

use std::collections::BTreeMap;

use chrono::Datelike as _;
use domain::budget::Scope;
use domain::claim::ClaimEvent;
use domain::id::{CampaignId, MemberId, RewardId};
use domain::value::{Account, Books, UnitCode};
use domain::zone::{Tz, local_date};
use domain::{Event, Moment};
use projections::read_models::dashboard::Dashboard;
use projections::read_models::value::{BudgetStanding, Value, View};
use projections::read_models::wallets::{self, EntryKind, Lots, StatementPage, Wallets};

use super::support::history::Generator;
use super::support::{TestLog, recorded_at, with_log};

fn books(log: &TestLog, through: i64) -> Books {
    let mut books = Books::default();
    for (position, draft) in log.events.iter().take_while(|(position, _)| *position <= through) {
        books.post(&draft.event, *position);
    }
    books
}

fn members(books: &Books) -> Vec<MemberId> {
    books.wallets().map(|(member, ..)| member).collect()
}

#[tokio::test]
async fn wallets_are_what_the_books_say_now_and_as_of_then() {
    with_log(async |log| {
        log.append(Generator::new(71).history(900)).await;
        log.project(Wallets, log.head(), 50, 1).await;
        let (points, now) = (UnitCode::points(), Moment::from(recorded_at(log.head())));
        let all = books(log, log.head());
        assert!(members(&all).len() > 5, "the history moves value");
        for member in members(&all) {
            let held = all.wallet(member, &points).unwrap();
            let found = wallets::now(&log.pool, member, None, Lots::All).await.unwrap();
            assert_eq!(found.by_unit, BTreeMap::from([(points.clone(), held.clone())]), "{member}");
            let found = wallets::now(&log.pool, member, Some(&points), Lots::Left).await.unwrap();
            assert_eq!(found.by_unit[&points].standing(now), held.standing(now), "{member}");
        }
        let mut conn = log.pool.acquire().await.unwrap();
        for position in (0..=log.head()).step_by(83) {
            let then = books(log, position);
            for member in members(&all) {
                let found = wallets::at(&mut conn, member, None, position).await.unwrap();
                assert_eq!(found.by_unit.get(&points), then.wallet(member, &points), "{member} at {position}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_statement_tells_each_step_once_and_comes_to_the_balance() {
    with_log(async |log| {
        log.append(Generator::new(88).history(3_000)).await;
        log.project(Wallets, log.head(), 50, 1).await;
        let (points, all) = (UnitCode::points(), books(log, log.head()));
        let mut conn = log.pool.acquire().await.unwrap();
        let mut kinds = Vec::new();
        for member in members(&all) {
            let mut entries = Vec::new();
            loop {
                let before = entries.last().map_or(i64::MAX, |last: &wallets::StatementEntry| last.position);
                let page = StatementPage { before, limit: 3 };
                let found = wallets::statement(&mut conn, member, &points, page).await.unwrap();
                if found.is_empty() {
                    break;
                }
                entries.extend(found);
            }
            assert!(entries.is_sorted_by(|newer, older| newer.position > older.position));
            for (at, entry) in entries.iter().enumerate() {
                let before = entries.get(at + 1).map_or(0, |older| older.balance_after);
                assert_eq!(before + entry.amount, entry.balance_after, "{entry:?}");
                assert_eq!(entry.at, recorded_at(entry.position).into());
                assert!(!entry.lots.is_empty(), "{entry:?}");
                kinds.push(entry.kind);
            }
            // what is due is still in the books: nothing is over in the year in which everything begins
            let standing = all.wallet(member, &points).unwrap().standing(Moment::EPOCH);
            assert_eq!(entries.first().map_or(0, |last| last.balance_after), standing.balance, "{member}");
        }
        let lacks: Vec<_> = EntryKind::ALL.iter().filter(|kind| !kinds.contains(kind)).collect();
        let of_others = [EntryKind::Adjusted, EntryKind::Sent, EntryKind::Received];
        assert!(lacks.iter().all(|kind| of_others.contains(kind)), "the history has no {lacks:?}");
    })
    .await;
}

/// What events have cost, counted the plain way.
fn costs(log: &TestLog, through: i64) -> BTreeMap<CampaignId, (i128, i64)> {
    let (mut of_rewards, mut costs) = (BTreeMap::<RewardId, i64>::new(), BTreeMap::<CampaignId, (i128, i64)>::new());
    for (_, draft) in log.events.iter().take_while(|(position, _)| *position <= through) {
        match &draft.event {
            Event::Campaign(domain::campaign::CampaignEvent::RewardAdded(added)) => {
                let cost = added.terms.value.as_ref().and_then(|value| value.cost);
                of_rewards.extend(cost.map(|cost| (added.reward_id, cost.amount.get())));
            }
            Event::Claim(event) => {
                let by = match event {
                    ClaimEvent::Granted(_) | ClaimEvent::Approved(_) => 1,
                    ClaimEvent::Reversed(_) => -1,
                    _ => continue,
                };
                let Some(cost) = of_rewards.get(&event.about().reward_id) else { continue };
                let total = costs.entry(event.about().campaign_id).or_default();
                *total = (total.0 + i128::from(by) * i128::from(*cost), total.1 + by);
            }
            _ => {}
        }
    }
    costs.retain(|_, (amount, _)| *amount != 0);
    costs
}

/// What is committed of a budget in its present period, counted the plain way.
fn committed(log: &TestLog, through: i64, campaign: CampaignId, of: &BudgetStanding) -> i128 {
    let until = log.events.iter().take_while(|(position, _)| *position <= through);
    let claims = until.filter_map(|(_, draft)| match &draft.event {
        Event::Claim(event) if event.about().campaign_id == campaign => event.counted(),
        _ => None,
    });
    let in_period = claims.filter(|(counted, _)| of.budget.per.period_of(counted.on) == of.period);
    let amounts = in_period.flat_map(|(counted, sign)| counted.amounts.iter().map(move |one| (one, sign)));
    amounts.filter(|(one, _)| one.unit == of.budget.unit).map(|(one, sign)| i128::from(one.amount.get() * sign)).sum()
}

async fn is_what_the_books_say(log: &TestLog, view: View, other: View, position: i64) {
    let (points, then) = (UnitCode::points(), books(log, position));
    let clock = Moment::from(recorded_at(position));
    let value = view.value().await.unwrap();
    assert_eq!(value.as_of.position, position);
    let of_points = &value.units[0];
    for (account, amount) in &of_points.accounts {
        assert_eq!(*amount, then.balance(&points, *account), "{account:?} at {position}");
    }
    assert_eq!(of_points.accounts.len(), Account::ALL.len());
    assert_eq!(of_points.accounts.iter().map(|(_, amount)| amount).sum::<i128>(), 0, "at {position}");
    let told: BTreeMap<_, _> = value.costs.iter().map(|cost| (cost.campaign_id, (cost.amount, cost.grants))).collect();
    assert_eq!(told, costs(log, position), "at {position}");
    assert!(value.costs.iter().all(|cost| cost.name.starts_with("campaign")));

    for one in &value.budgets {
        let Scope::Campaign(campaign) = one.scope else { panic!("the programme has none: {one:?}") };
        assert_eq!(one.period, one.budget.per.period_of(local_date("Asia/Seoul".parse().unwrap(), clock)));
        assert_eq!(one.committed, committed(log, position, campaign, one), "{one:?} at {position}");
    }

    let liability = other.liability(Tz::UTC).await.unwrap();
    let of_points = &liability.units[0];
    let mut months = BTreeMap::new();
    for (_, _, held) in then.wallets() {
        // of the books as they are: a hold that is over and not recorded still holds
        let open: BTreeMap<_, i128> =
            held.holds().flat_map(|(_, hold)| &hold.lots).fold(BTreeMap::new(), |mut all, part| {
                *all.entry(part.lot_id).or_default() += i128::from(part.amount.get());
                all
            });
        for (id, lot) in held.lots() {
            let month = lot.dates.expires_at.map(|end| {
                let day = (end.utc() - chrono::TimeDelta::milliseconds(1)).date_naive();
                day.with_day(1).unwrap()
            });
            let free = if lot.dates.have_ended(clock) { 0 } else { i128::from(lot.free) };
            let held = open.get(&id).copied().unwrap_or_default();
            let sums: &mut (i128, i128) = months.entry((month.is_none(), month)).or_default();
            *sums = (sums.0 + free, sums.1 + held);
        }
    }
    months.retain(|_, sums| *sums != (0, 0));
    let expected: Vec<_> = months.into_iter().map(|((_, month), (free, held))| (month, free, held)).collect();
    let told: Vec<_> = of_points.endings.iter().map(|one| (one.month, one.wallet, one.held)).collect();
    assert_eq!(told, expected, "at {position}");
    let together: i128 = of_points.endings.iter().map(|one| one.wallet + one.held).sum();
    assert_eq!(of_points.outstanding(), together);
    let recorded = then.balance(&points, Account::Wallet) + then.balance(&points, Account::Held);
    assert_eq!(together + of_points.due, recorded, "at {position}");
}

#[tokio::test]
async fn the_totals_are_those_of_the_books_at_every_position() {
    with_log(async |log| {
        log.append(Generator::new(73).history(2_500)).await;
        log.project(Value, log.head(), 90, 1).await;
        log.project(Dashboard, log.head(), 500, 1).await;
        let clock = recorded_at(log.head());
        let now = async || View::now(&log.pool, clock).await.unwrap();
        is_what_the_books_say(log, now().await, now().await, log.head()).await;
        let budgets = now().await.value().await.unwrap().budgets;
        assert!(budgets.iter().any(|budget| budget.committed > 0), "the history counts nothing: {budgets:?}");
        // beside the ends of groups of positions, and far from them
        for position in [0, 1, 300, 777, 1_022, 1_023, 1_024, 1_025, 1_500, 2_047, 2_048, 2_300, log.head()] {
            let at = async || View::at(&log.pool, position).await.unwrap();
            if position > 0 {
                is_what_the_books_say(log, at().await, at().await, position).await;
            }
        }
        let nothing = View::at(&log.pool, 0).await.unwrap().liability(Tz::UTC).await.unwrap();
        assert_eq!((nothing.units.len(), nothing.units[0].outstanding()), (1, 0), "points are there from the start");
    })
    .await;
}
