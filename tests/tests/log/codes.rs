//! The rows of codes beside the head of the log: a batch whose append never came is nobody's, and an append whose batch was cleared
//! away adds nothing.

use commands::{CodesError, CommandError, GuardRefusal, Ledger, Metadata, SealedCode, Unit};
use domain::chain::Hash;
use domain::claim::ClaimStatus;
use domain::codes::Codes;
use domain::id::RewardId;
use uuid::Uuid;

use super::support::{all, member, now};
use super::value_coupons::{Offer, sealed};
use super::value_shop::Shop;

const PLAIN: Offer = Offer { max_uses: 1, bound: false, days: None, price: None };

fn digests(codes: &[SealedCode]) -> Vec<Hash> {
    codes.iter().map(|code| code.digest).collect()
}

/// Writes the rows of a batch, and goes no further.
async fn stage<'a>(ledger: &'a Ledger, reward: RewardId, codes: &[SealedCode]) -> Unit<'a> {
    let (about, _) = ledger.reward_with_codes(reward).await.unwrap();
    let known = ledger.load::<Codes>(&reward.to_string()).await.unwrap();
    let metadata = Metadata::system(now());
    ledger.codes_added(known, about, Uuid::now_v7(), codes.to_vec(), &metadata).await.unwrap().0
}

async fn count(shop: &Shop, table: &str) -> i64 {
    sqlx::query_scalar(&format!("select count(*) from {table}")).fetch_one(&shop.pool).await.unwrap()
}

#[tokio::test]
async fn a_batch_whose_append_never_came_is_nobodys_and_its_codes_can_be_added_again() {
    let shop = Shop::with(2, 2).await;
    let [one, other] = [shop.coupon_reward(PLAIN, false).await, shop.coupon_reward(PLAIN, false).await];
    let codes = sealed(3);
    drop(stage(shop.ledger(0), one, &codes).await);
    assert_eq!((count(&shop, "coupon_codes").await, count(&shop, "staged_codes").await), (3, 1));
    let denied = shop.claim(0, member(0), one).await.unwrap();
    assert_eq!(denied.state.status(), Some(ClaimStatus::Denied), "nobody gets a code of it");
    assert_eq!(shop.ledger(0).coupon_with(&digests(&codes)).await.unwrap(), None);
    // its reward's next batch needs nobody to clear up before
    assert_eq!(shop.add_codes(1, one, codes[..2].to_vec()).await.unwrap().total(), 2);
    drop(stage(shop.ledger(0), one, &codes[2..]).await);
    let there = shop.add_codes(1, other, codes[2..].to_vec()).await;
    assert!(
        matches!(there, Err(CodesError::Command(CommandError::Guard(GuardRefusal::AlsoRefused { .. })))),
        "while it is there, its codes are nobody else's: {there:?}"
    );
    shop.ledger(1).clear_codes_left_behind().await.unwrap();
    assert_eq!(shop.add_codes(1, other, codes[2..].to_vec()).await.unwrap().total(), 1);
    assert_eq!((count(&shop, "coupon_codes").await, count(&shop, "staged_codes").await), (3, 0));
    let granted = shop.claim(0, member(1), one).await.unwrap();
    let code = digests(&codes[..1]);
    assert_eq!(shop.ledger(0).coupon_with(&code).await.unwrap().unwrap().to_string(), *granted.stream_id);
}

#[tokio::test]
async fn an_append_whose_batch_was_cleared_away_meanwhile_adds_nothing() {
    let shop = Shop::with(2, 1).await;
    let reward = shop.coupon_reward(PLAIN, false).await;
    let late = stage(shop.ledger(0), reward, &sealed(2)).await;
    shop.ledger(1).clear_codes_left_behind().await.unwrap();
    let head = shop.head().await;
    let refused = late.commit::<()>().await;
    assert!(matches!(refused, Err(CommandError::Conflict(_))), "{refused:?}");
    assert_eq!((shop.head().await, count(&shop, "coupon_codes").await), (head, 0));
}

#[tokio::test]
async fn codes_that_a_process_withdrew_before_it_died_can_be_given_elsewhere() {
    let shop = Shop::with(1, 1).await;
    let [one, other] = [shop.coupon_reward(PLAIN, false).await, shop.coupon_reward(PLAIN, false).await];
    let codes = sealed(3);
    shop.add_codes(0, one, codes.clone()).await.unwrap();
    shop.withdraw_codes(0, one, 2).await.unwrap();
    for sql in [
        "update coupon_codes set withdrawn = false",
        "insert into withdrawn_codes select reward_id, 2, 3 from coupon_codes where number = 1",
    ] {
        sqlx::query(sql).execute(&shop.pool).await.unwrap();
    }
    shop.ledger(0).clear_codes_left_behind().await.unwrap();
    assert_eq!(shop.add_codes(0, other, codes[1..].to_vec()).await.unwrap().total(), 2);
    assert_eq!(shop.add_codes(0, one, sealed(1)).await.unwrap().total(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_instances_add_to_one_reward_at_once_is_all_there_in_one_row() {
    let shop = Shop::with(2, 1).await;
    let reward = shop.coupon_reward(PLAIN, false).await;
    let adding = (0..8).map(|number| {
        let shop = shop.clone();
        async move { shop.add_codes(number, reward, sealed(50)).await.unwrap() }
    });
    all(adding).await;
    let sql = "select count(*), max(number) from coupon_codes where not withdrawn";
    let there: (i64, i64) = sqlx::query_as(sql).fetch_one(&shop.pool).await.unwrap();
    assert_eq!(there, (400, 400));
    assert_eq!((count(&shop, "staged_codes").await, shop.streams_with(&["codes.added"]).await.len()), (0, 1));
}
