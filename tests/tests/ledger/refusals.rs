//! The ladder of refusals: when several apply, the first is told.

use chrono::{TimeDelta, Utc};
use serde_json::json;
use tests::support::{
    Stage,
    programme::{id, instant, login_streak, reward},
};

use super::claims::campaign;

#[tokio::test]
async fn an_unknown_reward_is_told_before_an_unknown_member() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    reporter.claim_for(&id(), &id()).await.problem(404, "reward_unknown");
    let (_, prize) = operator.create_open_event(None).await;
    reporter.claim_for(&prize, &id()).await.problem(404, "member_unknown");
    reporter.claim(&prize).await.invalid("memberId");
    let refused = operator.claim_for(&prize, &id()).await;
    assert!([400, 403].contains(&refused.status), "only a service asks for somebody else: {refused}");
}

#[tokio::test]
async fn already_claimed_is_told_before_an_event_that_is_over() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (early, late) = (stage.newcomer().await, stage.newcomer().await);
    let end = Utc::now() + TimeDelta::seconds(4);
    let short = campaign(&operator, json!({"endDate": instant(end)})).await;
    let prize = operator.create_reward(&reward(&short, None)).await;
    reporter.claim_for(&prize, &early).await.created();
    tokio::time::sleep((end - Utc::now()).to_std().unwrap_or_default()).await;
    reporter.claim_for(&prize, &early).await.problem(409, "already_claimed");
    reporter.claim_for(&prize, &late).await.problem(409, "event_not_active");
}

#[tokio::test]
async fn an_event_that_is_not_active_is_told_before_an_unmet_condition() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let tomorrow = json!({"startDate": instant(Utc::now() + TimeDelta::days(1)), "condition": login_streak(7)});
    let scheduled = campaign(&operator, tomorrow).await;
    let prize = operator.create_reward(&reward(&scheduled, Some(0))).await;
    reporter.claim_for(&prize, &stage.newcomer().await).await.problem(409, "event_not_active");
}

#[tokio::test]
async fn an_unmet_condition_is_told_before_an_empty_shelf() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let strict = campaign(&operator, json!({"condition": login_streak(7)})).await;
    let prize = operator.create_reward(&reward(&strict, Some(0))).await;
    reporter.claim_for(&prize, &stage.newcomer().await).await.problem(422, "condition_unmet");
}

#[tokio::test]
async fn a_members_limit_comes_before_the_budget_and_the_budget_before_the_stock() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let tight = campaign(&operator, json!({"maxRewardCount": 1, "perMemberLimit": 1})).await;
    let plenty = operator.create_reward(&reward(&tight, None)).await;
    let sold_out = operator.create_reward(&reward(&tight, Some(0))).await;
    let (first, second) = (stage.newcomer().await, stage.newcomer().await);
    reporter.claim_for(&sold_out, &first).await.problem(409, "out_of_stock");
    reporter.claim_for(&plenty, &first).await.created();
    reporter.claim_for(&sold_out, &first).await.problem(409, "limit_reached");
    reporter.claim_for(&sold_out, &second).await.problem(409, "budget_exhausted");
    reporter.claim_for(&plenty, &second).await.problem(409, "budget_exhausted");
}
