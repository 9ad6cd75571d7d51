//! A stampede: many at the same moment for few rewards. Never one too many, never one too few, and everybody is told why.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::json;
use tests::support::{
    Stage,
    programme::{anybody, crowd, event, reward, with},
    swarm::{claim_for_all, tally},
};

#[tokio::test(flavor = "multi_thread")]
async fn four_hundred_members_on_a_stock_of_fifty_get_exactly_fifty() {
    let stage = Stage::own().await;
    let (operator, reporter, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let (members, facts) = crowd(400);
    stage.service.import(&facts);
    let (campaign, prize) = operator.create_open_event(Some(50)).await;
    let before = log.count("claim.granted").await;

    let outcomes = claim_for_all(&reporter, &prize, &members, 400).await;

    let told = tally(&outcomes);
    assert_eq!((told.get("201"), told.get("out_of_stock"), told.len()), (Some(&50), Some(&350), 2), "{told:?}");
    assert_eq!(log.count("claim.granted").await - before, 50);
    assert_eq!(log.stock(&prize).await, (Some(50), 0, 50));
    let positions: BTreeSet<i64> = outcomes.iter().map(|outcome| outcome.answer.as_ref().unwrap().position()).collect();
    assert_eq!(positions.len(), 400, "each decision has a place of its own in the log");
    log.assert_sound().await;

    let head = log.head().await;
    let read = operator.get_at(&format!("/rewards/{prize}"), head).await;
    let stock = &read.ok()["reward"];
    assert_eq!([&stock["granted"], &stock["held"], &stock["remaining"]], [&json!(50), &json!(0), &json!(0)]);
    let winners: BTreeSet<&str> =
        outcomes.iter().filter(|outcome| outcome.granted().is_some()).map(|outcome| outcome.member.as_str()).collect();
    let listed = operator.get_at(&format!("/claims?eventId={campaign}&status=granted&limit=200"), head).await;
    let shown: BTreeSet<&str> = listed.list("/claims").iter().map(|claim| claim["userId"].as_str().unwrap()).collect();
    assert_eq!(shown, winners);

    let again = claim_for_all(&reporter, &prize, &members, 100).await;
    let told = tally(&again);
    assert_eq!((told.get("already_claimed"), told.get("out_of_stock")), (Some(&50), Some(&350)), "{told:?}");
    assert_eq!(log.head().await, head, "who asks again is told again, and nothing is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_member_who_asks_a_hundred_times_at_once_gets_one() {
    let stage = Stage::shared().await;
    let (operator, log) = (stage.operator().await, stage.log().await);
    let member = stage.nobody().sign_up().await;
    let (_, prize) = operator.create_open_event(Some(100)).await;

    let answers = join_all((0..100).map(|_| member.client.claim(&prize))).await;

    let granted: Vec<String> =
        answers.iter().filter(|answer| answer.status == 201).map(|answer| answer.text("/claim/id")).collect();
    assert_eq!(granted.len(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(refused.problem(409, "already_claimed")["claimId"], granted[0]);
    }
    assert_eq!(log.stock(&prize).await, (Some(100), 0, 1));
    assert_eq!(log.streams_with("claim.granted").await[&granted[0]], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_over_two_rewards_is_not_overdrawn() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (members, facts) = crowd(60);
    stage.service.import(&facts);
    let body = event(anybody());
    let campaign = operator.create_event(&with(body, json!({"maxRewardCount": 10}))).await;
    let first = operator.create_reward(&reward(&campaign, None)).await;
    let second = operator.create_reward(&reward(&campaign, Some(5))).await;

    let (one, two) =
        futures::join!(claim_for_all(&reporter, &first, &members, 60), claim_for_all(&reporter, &second, &members, 60));

    let told = tally(one.iter().chain(&two));
    assert_eq!(told.get("201"), Some(&10), "{told:?}");
    let known = ["201", "budget_exhausted", "out_of_stock"];
    assert!(told.keys().all(|name| known.contains(&name.as_str())), "{told:?}");
}
