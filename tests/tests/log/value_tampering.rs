//! What members hold, altered behind everybody's back: in the guard rows, and in events with all hashes computed anew.

use commands::{SpendOrder, SpendStep};
use domain::claim::StaffAction;
use domain::id::SpendId;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::sync::Arc;
use tests::support::Database;
use tests::support::auditor::{Auditor, Superuser};

use super::support::member;
use super::value_shop::{Gives, SHOP, Shop, points, reference, stars};

/// Lots of different ends, payments at once, held, captured, refunded and open, a debt, and lots that have ended; then stopped.
async fn a_shop() -> Database {
    let shop = Shop::with(1, 2).await;
    let who = member(0);
    for (amount, days) in [(100, 9), (50, 3)] {
        let reward = shop.reward(Gives { amount, days: Some(days), ..Gives::default() }, false).await;
        shop.claim(0, who, reward).await.unwrap();
    }
    let hold = |time: &str| Some(time.to_owned().try_into().unwrap());
    let id = |name: &str| SpendId::of(SHOP, &reference(name));
    shop.pay(0, shop.order(who, points(), "made", 30)).await.unwrap();
    shop.pay(0, SpendOrder { hold: hold("15m"), ..shop.order(who, points(), "held", 40) }).await.unwrap();
    let amount = Some(25.try_into().unwrap());
    shop.change(0, id("held"), SpendStep::Capture { amount }, shop.now()).await.unwrap();
    let refund = SpendStep::Refund { reference: reference("back"), amount: Some(10.try_into().unwrap()) };
    shop.change(0, id("made"), refund, shop.now()).await.unwrap();
    shop.pay(0, SpendOrder { hold: hold("30d"), ..shop.order(who, points(), "open", 15) }).await.unwrap();
    let reward = shop.reward(Gives { amount: 20, in_stars: true, ..Gives::default() }, false).await;
    let claim = shop.claim(0, who, reward).await.unwrap();
    shop.pay(0, shop.order(who, stars(), "stars", 20)).await.unwrap();
    shop.staff(0, &claim.stream_id, StaffAction::Reverse).await.unwrap();
    let reward = shop.reward(Gives { amount: 7, days: Some(1), ..Gives::default() }, false).await;
    shop.claim(0, member(1), reward).await.unwrap();
    shop.wait(3 * 24 * 60);
    let metadata = commands::Metadata::system(shop.now());
    shop.ledger(0).settle_wallet(member(1), &points(), &metadata).await.unwrap();
    shop.assert_sound().await;
    let Shop { database, pool, instances, .. } = Arc::into_inner(shop).unwrap();
    drop(instances);
    pool.close().await;
    database
}

/// The position of the first event of a type, and its payload.
async fn first(pool: &PgPool, kind: &str) -> (i64, Value) {
    let sql = "select position, payload::text from events where event_type = $1 order by position limit 1";
    let (position, payload): (i64, String) = sqlx::query_as(sql).bind(kind).fetch_one(pool).await.unwrap();
    (position, serde_json::from_str(&payload).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_altered_about_value_is_found_in_rows_and_in_events() {
    let original = a_shop().await;
    let sound = Auditor::of(&original.url).verify(&[]);
    assert_eq!((sound.code, sound.failed()), (0, vec![]), "{} {}", sound.out, sound.err);

    let mut altered: Vec<(&str, String, Option<i64>, &str)> = vec![];
    for (what, statement, found) in [
        ("a lot", "update wallet_lots set free = free - 1 where free > 1", "guard.wallet_lots"),
        ("the end of a lot", "update wallet_lots set expires_at = expires_at + interval '1 day'", "guard.wallet_lots"),
        ("the age of a lot", "update wallet_lots set position = position + 1", "guard.wallet_lots"),
        ("a lot that is gone", "delete from wallet_lots where free = 0", "guard.wallet_lots"),
        (
            "a lot that nobody gave",
            "insert into wallet_lots select member_id, unit, gen_random_uuid(), 9, 9, 0, available_from, null, 1
             from wallet_lots limit 1",
            "guard.wallet_lots",
        ),
        ("a hold", "update wallet_holds set amounts[1] = amounts[1] - 1", "guard.wallet_holds"),
        ("the end of a hold", "update wallet_holds set expires_at = now()", "guard.wallet_holds"),
        ("a hold that is gone", "delete from wallet_holds", "guard.wallet_holds"),
        ("a debt", "update wallet_debts set owed = owed - 1", "guard.wallet_debts"),
        ("a debt that is gone", "delete from wallet_debts", "guard.wallet_debts"),
        ("what is counted on a day", "update value_spent set amount = amount + 1", "guard.value_spent"),
        ("a day that is gone", "delete from value_spent", "guard.value_spent"),
    ] {
        altered.push((what, statement.to_owned(), None, found));
    }
    let pool = original.pool().await;
    let (other_lot, _): (uuid::Uuid, i64) =
        sqlx::query_as("select lot_id, amount from wallet_lots where amount = 100").fetch_one(&pool).await.unwrap();
    let (made_at, _) = first(&pool, "spend.made").await;
    for (what, kind, path, to, found) in [
        ("what a grant gave", "claim.granted", "/credit/amount", json!(10), "postings"),
        ("a grant, beside its row", "claim.granted", "/credit/amount", json!(101), "guard.wallet_lots"),
        ("what a grant counts", "claim.granted", "/counted/amounts/0/amount", json!(99), "budgets"),
        ("on which day", "claim.granted", "/counted/on", json!("2020-01-01"), "guard.value_spent"),
        ("what counts no more", "claim.reversed", "/reversal/counted/amounts/0/amount", json!(1), "budgets"),
        ("which lot pays", "spend.made", "/paid/lots/0/lotId", json!(other_lot), "allocations"),
        ("how much of a lot pays", "spend.made", "/paid/lots/0/amount", json!(29), "allocations"),
        ("what was known when it was paid", "spend.made", "/paid/lotsPosition", json!(1), "allocations"),
        ("that it was known before", "spend.made", "/paid/lotsPosition", json!(made_at), "allocations"),
        ("how much is captured", "spend.captured", "/lots/0/amount", json!(19), "postings"),
        ("how much is back of a hold", "spend.captured", "/released/returned/0/amount", json!(14), "postings"),
        ("how much is refunded", "spend.refunded", "/refund/returned/0/amount", json!(60), "postings"),
        ("how much of a lot ended", "wallet.expired", "/lots/0/amount", json!(8), "postings"),
        ("what is owed", "claim.reversed", "/reversal/takenBack/owed", json!(5), "guard.wallet_debts"),
    ] {
        let (position, mut payload) = first(&pool, kind).await;
        assert!(payload.pointer(path).is_some(), "{path} of {payload}");
        *payload.pointer_mut(path).unwrap() = to;
        let text = payload.to_string().replace('\'', "''");
        let statement = format!("update events set payload = '{text}' where position = {position}");
        altered.push((what, statement, Some(position), found));
    }
    pool.close().await;

    for (what, statement, rehash, found) in altered {
        let copy = Superuser::copy(&original).await;
        let mut root = Superuser::of(&copy).await;
        root.run(&statement).await;
        if let Some(from) = rehash {
            root.rehash(from).await;
        }
        drop(root);
        let said = Auditor::of(&copy.url).verify(&[]);
        assert_eq!(said.code, 1, "{what}: {} {}", said.out, said.err);
        assert!(said.failed().contains(&found.to_owned()), "{what}: {found} among {:?}", said.failed());
    }
}
