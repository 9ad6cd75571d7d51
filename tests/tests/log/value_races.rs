//! What happens to one wallet at once, over two instances: nothing is used twice, every refusal is true, and a hold ends once. The last
//! test takes the guards away and must see points used twice: otherwise the others prove nothing.

use chrono::TimeDelta;
use commands::{CommandError, SpendError, SpendStep};
use domain::Moment;
use domain::claim::StaffAction;
use domain::id::SpendId;
use domain::spend::SpendRefusal;
use domain::value::{Account, AllocationRefusal, Books, Shortfall, UnitCode};

use super::support::{all, member};
use super::value_shop::{Gives, SHOP, Shop, points, reference, stars};

const PAYMENTS: i64 = 64;

/// What a payment that was made took, or what it was refused for.
fn short(outcome: Result<i64, SpendError>) -> Result<i64, Shortfall> {
    match outcome {
        Ok(paid) => Ok(paid),
        Err(SpendError::Command(CommandError::Refused {
            refusal: SpendRefusal::Lots(AllocationRefusal::Insufficient(short)),
            ..
        })) => Err(short),
        Err(other) => panic!("{other:?}"),
    }
}

async fn payments_beside_the_reversal_of_what_pays_them(unit: UnitCode) {
    let shop = Shop::with(2, 1).await;
    let gives = Gives { amount: 100, in_stars: unit == stars(), ..Gives::default() };
    let claimed = shop.claim(0, member(0), shop.reward(gives, false).await).await.unwrap();
    let before = shop.head().await;
    let paying = (0..PAYMENTS).map(|number| {
        let (shop, unit) = (shop.clone(), unit.clone());
        let instance = usize::try_from(number).unwrap();
        async move {
            let order = shop.order(member(0), unit, number, 3);
            short(shop.pay(instance, order).await.map(|_| 3))
        }
    });
    let reversing = {
        let (shop, claim) = (shop.clone(), claimed.stream_id.clone());
        async move { shop.staff(1, &claim, StaffAction::Reverse).await.unwrap() }
    };
    let (paid, _) = tokio::join!(all(paying), tokio::spawn(reversing));

    let (mut books, mut had) = (Books::default(), vec![]);
    for (position, at, event) in shop.log().await {
        books.post(&event, position);
        let held = books.wallet(member(0), &unit);
        assert!(held.is_none_or(|held| held.lots().all(|(_, lot)| lot.free >= 0)), "at {position}");
        if position >= before {
            had.push(held.map_or(0, |held| held.available(at)));
        }
    }
    let spent: i64 = paid.iter().flatten().sum();
    for refused in paid.iter().filter_map(|one| one.as_ref().err()) {
        assert!(refused.need == 3 && refused.have < 3, "{refused:?}");
        assert!(had.contains(&refused.have), "{refused:?} was never so: {had:?}");
    }
    let of = |account| books.balance(&unit, account);
    assert_eq!(of(Account::Spent), i128::from(spent));
    let owed = if unit == stars() { spent } else { 0 };
    assert_eq!((of(Account::Wallet), of(Account::Receivable)), (0, -i128::from(owed)));
    assert_eq!(of(Account::TakenBack), i128::from(100 - spent + owed));
    shop.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_payments_beside_the_reversal_of_the_claim_behind_them_use_each_point_once() {
    for _ in 0..3 {
        payments_beside_the_reversal_of_what_pays_them(points()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_reversal_may_leave_a_debt_it_is_what_was_paid_before() {
    for _ in 0..3 {
        payments_beside_the_reversal_of_what_pays_them(stars()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_capture_a_release_and_the_end_of_its_time_one_ends_a_hold() {
    const HOLDS: i64 = 24;
    let shop = Shop::with(2, 1).await;
    let gives = Gives { amount: 10 * HOLDS, ..Gives::default() };
    shop.claim(0, member(0), shop.reward(gives, false).await).await.unwrap();
    let begun = shop.now();
    let (late, over) =
        (Moment::from(begun.utc() + TimeDelta::seconds(59)), Moment::from(begun.utc() + TimeDelta::seconds(60)));
    for number in 0..HOLDS {
        let hold = Some("1m".to_owned().try_into().unwrap());
        shop.pay(0, commands::SpendOrder { hold, ..shop.order(member(0), points(), number, 10) }).await.unwrap();
    }
    // one append records all that is due, so that each of these races with the others' holds, too
    let racing = (0..HOLDS).flat_map(|number| (0..3).map(move |what| (number, what))).map(|(number, what)| {
        let shop = shop.clone();
        let id = SpendId::of(SHOP, &reference(number));
        let instance = usize::try_from(number + what).unwrap();
        async move {
            let metadata = commands::Metadata::system(over);
            match what {
                0 => shop.change(instance, id, SpendStep::Capture { amount: None }, late).await.map(|_| ()),
                1 => shop.change(instance, id, SpendStep::Release, late).await.map(|_| ()),
                _ => {
                    shop.ledger(instance).settle_wallet(member(0), &points(), &metadata).await.unwrap();
                    Ok(())
                }
            }
        }
    });
    for outcome in all(racing).await {
        match outcome {
            Ok(())
            | Err(SpendError::Command(CommandError::Refused {
                refusal: SpendRefusal::StepNotAllowed { .. } | SpendRefusal::HoldExpired { .. },
                ..
            })) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    let ended = shop.streams_with(&["spend.captured", "spend.released", "spend.expired"]).await;
    assert_eq!(ended.len(), usize::try_from(HOLDS).unwrap());
    assert!(ended.values().all(|times| *times == 1), "{ended:?}");
    let open: i64 = sqlx::query_scalar("select count(*) from wallet_holds").fetch_one(&shop.pool).await.unwrap();
    assert_eq!(open, 0);
    shop.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_guards_the_same_payments_use_points_twice() {
    const MEMBERS: u128 = 12;
    const ROUNDS: u32 = 20;
    let shop = Shop::with(2, MEMBERS).await;
    let sql = "alter table wallet_lots
               drop constraint wallet_lots_never_negative, drop constraint wallet_lots_never_more_than_given";
    sqlx::query(sql).execute(&shop.pool).await.unwrap();
    let (mut given, mut spent) = (0, 0);
    // whether the two meet is up to the machine
    for round in 0..ROUNDS {
        let reward = shop.reward(Gives { amount: 6, ..Gives::default() }, false).await;
        for number in 0..MEMBERS {
            shop.claim(0, member(number), reward).await.unwrap();
            given += 6;
        }
        let paying = (0..8 * MEMBERS).map(|number| {
            let shop = shop.clone();
            async move {
                let order = shop.order(member(number % MEMBERS), points(), format!("{round} {number}"), 3);
                short(shop.pay(usize::try_from(number / MEMBERS).unwrap(), order).await.map(|_| 3))
            }
        });
        spent += all(paying).await.iter().flatten().sum::<i64>();
        if spent > given {
            break;
        }
    }
    assert!(spent > given, "two instances are too polite to be a test: {spent} of {given}");
    let (_, checks) = projections::audit::checks(&shop.pool, &mut |_, _| {}).await.unwrap();
    let postings = checks.iter().find(|check| check.name == "postings").unwrap();
    assert!(!postings.ok, "and it is found: {postings:?}");
}
