//! Two processes may append at the same time.

use commands::Ledger;
use domain::claim::ClaimStatus;

use super::support::{Limits, Programme, all, claim, member, shared};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_density_and_guards_hold_with_two_writers() {
    let programme = shared(Programme::with(Limits { stock: Some(100), ..Limits::default() }).await);
    let other = Ledger::start(programme.pool.clone()).await.unwrap();
    let claims = (0..600_u128).map(|number| {
        let (programme, other) = (programme.clone(), other.clone());
        async move {
            let ledger = if number % 2 == 0 { &programme.ledger } else { &other };
            // Every member asks both writers.
            claim(ledger, programme.reward, member(number / 2)).await
        }
    });
    let granted = all(claims)
        .await
        .into_iter()
        .filter(|outcome| outcome.as_ref().is_ok_and(|receipt| receipt.state.status() == Some(ClaimStatus::Granted)))
        .count();
    assert_eq!(granted, 100);
    programme.assert_sound().await;
}
