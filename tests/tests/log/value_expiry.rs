//! What only the clock brings to wallets, by a service that runs beside them: lots end, holds are over, debts are settled from what
//! comes in; once each, also after nobody ran for days.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use commands::SpendOrder;
use domain::claim::StaffAction;
use tests::support::Setup;

use super::support::{member, now};
use super::value_shop::{Gives, Shop, points, stars};

const SOON: Duration = Duration::from_secs(30);

/// Waits until this many streams hold such an event, and asserts that none holds two.
#[track_caller]
fn recorded<'a>(shop: &'a Shop, kind: &'a str, streams: usize) -> impl Future<Output = ()> + 'a {
    let caller = std::panic::Location::caller();
    async move {
        let started = Instant::now();
        loop {
            let found = shop.streams_with(&[kind]).await;
            assert!(found.values().all(|times| *times == 1), "{kind} twice: {found:?}, at {caller}");
            if found.len() == streams {
                return;
            }
            assert!(started.elapsed() < SOON, "{} of {streams} {kind}, at {caller}", found.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ended_while_nobody_ran_is_recorded_once_a_wallet_and_holds_are_over_in_time() {
    const MEMBERS: u128 = 30;
    let shop = Shop::since(now().utc() - TimeDelta::days(6), 1, MEMBERS).await;
    let gives = Gives { amount: 10, days: Some(1), ..Gives::default() };
    let (ending, too, lasting) = (
        shop.reward(gives, false).await,
        shop.reward(Gives { days: Some(2), ..gives }, false).await,
        shop.reward(Gives { days: None, ..gives }, false).await,
    );
    for number in 0..MEMBERS {
        for reward in [ending, too, lasting] {
            shop.claim(0, member(number), reward).await.unwrap();
        }
    }
    let service = Setup::on(&shop.database).start().await;
    recorded(&shop, "wallet.expired", usize::try_from(MEMBERS).unwrap()).await;
    let left = shop.ledger(0).wallets(member(0)).await.unwrap().by_unit[&points()].standing(now());
    assert_eq!((left.balance, left.expiring), (10, vec![]));

    let hold = Some("1s".to_owned().try_into().unwrap());
    for number in 0..MEMBERS {
        let order = SpendOrder { hold, at: now(), ..shop.order(member(number), points(), number, 4) };
        shop.pay(0, order).await.unwrap();
    }
    recorded(&shop, "spend.expired", usize::try_from(MEMBERS).unwrap()).await;
    service.restart().await;
    // a hold that is over behind those of before is recorded: the scheduler has looked at all of them again
    let order = SpendOrder { hold, at: now(), ..shop.order(member(0), points(), "another", 4) };
    shop.pay(0, order).await.unwrap();
    recorded(&shop, "spend.expired", usize::try_from(MEMBERS).unwrap() + 1).await;
    recorded(&shop, "wallet.expired", usize::try_from(MEMBERS).unwrap()).await;
    shop.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_debt_is_settled_from_the_next_credit() {
    let shop = Shop::with(1, 2).await;
    let gives = Gives { amount: 20, in_stars: true, ..Gives::default() };
    let (first, next, last) = (
        shop.reward(gives, false).await,
        shop.reward(Gives { amount: 5, ..gives }, false).await,
        shop.reward(gives, false).await,
    );
    let claimed = shop.claim(0, member(0), first).await.unwrap();
    shop.pay(0, shop.order(member(0), stars(), "order", 15)).await.unwrap();
    shop.staff(0, &claimed.stream_id, StaffAction::Reverse).await.unwrap();
    let _service = Setup::on(&shop.database).start().await;
    let settled = async |times: i64| {
        let started = Instant::now();
        while shop.streams_with(&["wallet.debt_settled"]).await.values().sum::<i64>() < times {
            assert!(started.elapsed() < SOON, "the debt is not settled");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let standing = async |who| {
        let mut wallets = shop.ledger(0).wallets(member(who)).await.unwrap().by_unit;
        let stars = wallets.remove(&stars()).unwrap_or_default().standing(now());
        (stars.balance, stars.available, stars.receivable)
    };
    assert_eq!(standing(0).await, (-15, 0, -15));
    shop.claim(0, member(0), next).await.unwrap();
    shop.claim(0, member(1), next).await.unwrap();
    settled(1).await;
    assert_eq!((standing(0).await, standing(1).await), ((-10, 0, -10), (5, 5, 0)));
    shop.claim(0, member(0), last).await.unwrap();
    settled(2).await;
    assert_eq!(standing(0).await, (10, 10, 0));
    shop.assert_sound().await;
}
