//! `?dryRun=true`: the same answer as of a real wish, and no trace of it.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Stage,
    programme::{id, instant, login_streak, reward, unique},
};

use super::claims::campaign;

async fn ask(caller: &Client, prize: &str, member: &str, dry_run: &str) -> Answer {
    caller.post(&format!("/claims/{prize}/claim{dry_run}"), &json!({"memberId": member})).await
}

/// What an answer says apart from when and where it was written.
fn said(answer: &Answer) -> Value {
    let mut body = answer.json.clone();
    for changing in [
        "/claim/position",
        "/claim/createdAt",
        "/claim/updatedAt",
        "/claim/evaluatedAt",
        "/claim/factsPosition",
        "/evaluatedAt",
        "/factsPosition",
    ] {
        if let Some(value) = body.pointer_mut(changing) {
            *value = Value::Null;
        }
    }
    if let Some(body) = body.as_object_mut() {
        for name in ["dryRun", "position", "instance"] {
            body.remove(name);
        }
    }
    body
}

/// A dry run, then the real wish, then a dry run of what is decided now.
async fn tried_and_asked(caller: &Client, prize: &str, member: &str) -> Answer {
    let tried = ask(caller, prize, member, "?dryRun=true").await;
    assert_eq!(tried.json["dryRun"], true, "{tried}");
    assert_eq!(tried.header("ledger-position"), None, "it stands nowhere: {tried}");
    let position = tried.json.pointer("/claim/position").or_else(|| tried.json.get("position"));
    assert_eq!(position, Some(&Value::Null), "{tried}");
    let real = ask(caller, prize, member, "?dryRun=false").await;
    assert_eq!(real.json.get("dryRun"), None);
    assert_eq!((tried.status, said(&tried)), (real.status, said(&real)), "\ntried {tried}\nasked {real}");
    real
}

#[tokio::test]
async fn a_dry_run_of_every_rung_tells_what_the_wish_is_answered() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let tomorrow = json!({"startDate": instant(Utc::now() + TimeDelta::days(1))});
    for (terms, quantity, status) in [
        (json!({}), None, 201),
        (json!({"approval": "manual"}), Some(1), 202),
        (tomorrow, None, 409),
        (json!({"condition": login_streak(7)}), Some(0), 422),
        (json!({}), Some(0), 409),
    ] {
        let prize = operator.create_reward(&reward(&campaign(&operator, terms).await, quantity)).await;
        let member = stage.newcomer().await;
        assert_eq!(tried_and_asked(&reporter, &prize, &member).await.status, status);
        // decided, pending or denied by now: the next dry run tells that
        let again = tried_and_asked(&reporter, &prize, &member).await;
        let wanted =
            if status < 300 { (409, "already_claimed") } else { (status, again.json["code"].as_str().unwrap()) };
        assert_eq!((again.status, again.json["code"].as_str().unwrap()), wanted);
    }
    let unknown = ask(&reporter, &id(), &id(), "?dryRun=true").await;
    assert_eq!(unknown.problem(404, "reward_unknown")["dryRun"], true);
    let (_, prize) = operator.create_open_event(None).await;
    ask(&reporter, &prize, &id(), "?dryRun=true").await.problem(404, "member_unknown");
}

#[tokio::test]
async fn limits_are_judged_in_their_order_without_taking_from_them() {
    let stage = Stage::shared().await;
    let (operator, reporter, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let tight = campaign(&operator, json!({"maxRewardCount": 1, "perMemberLimit": 1})).await;
    let plenty = operator.create_reward(&reward(&tight, Some(5))).await;
    let sold_out = operator.create_reward(&reward(&tight, Some(0))).await;
    let (first, second) = (stage.newcomer().await, stage.newcomer().await);
    for _ in 0..3 {
        ask(&reporter, &plenty, &first, "?dryRun=true").await.created();
    }
    assert_eq!(log.stock(&plenty).await, (Some(5), 0, 0));
    ask(&reporter, &sold_out, &first, "?dryRun=true").await.problem(409, "out_of_stock");
    tried_and_asked(&reporter, &plenty, &first).await.created();
    tried_and_asked(&reporter, &sold_out, &first).await.problem(409, "limit_reached");
    tried_and_asked(&reporter, &sold_out, &second).await.problem(409, "budget_exhausted");
    tried_and_asked(&reporter, &plenty, &second).await.problem(409, "budget_exhausted");
}

#[tokio::test]
async fn a_dry_run_leaves_no_trace() {
    let stage = Stage::own().await;
    let (operator, log) = (stage.operator().await, stage.log().await);
    let (event, prize) = operator.create_open_event(Some(1)).await;
    let strict = campaign(&operator, json!({"condition": login_streak(7)})).await;
    let unmet = operator.create_reward(&reward(&strict, None)).await;
    let member = stage.nobody().sign_up().await;
    let head = log.head().await;
    let path = format!("/events/{event}/request-reward?dryRun=true");
    let tried = member.client.post(&path, &json!({"rewardId": prize})).await;
    assert_eq!(tried.created()["claim"]["status"], "granted");
    let claim = tried.text("/claim/id");
    member.client.post(&format!("/claims/{unmet}/claim?dryRun=true"), &json!({})).await.problem(422, "condition_unmet");
    assert_eq!(log.head().await, head);
    member.client.get(&format!("/claims/{claim}")).await.problem(404, "not_found");
    assert_eq!(member.client.claim(&prize).await.created()["claim"]["id"], claim, "the claim that it would be");
    let other = format!("/events/{strict}/request-reward?dryRun=true");
    member.client.post(&other, &json!({"rewardId": prize})).await.problem(404, "reward_unknown");
    member.client.post(&format!("/claims/{prize}/claim?dryRun=1"), &json!({})).await.invalid("query.dryRun");
    stage
        .auditor()
        .await
        .post(&format!("/claims/{prize}/claim?dryRun=true"), &json!({}))
        .await
        .problem(403, "forbidden");
}

#[tokio::test]
async fn a_dry_run_keeps_no_key() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    for (quantity, status) in [(Some(1), 201), (Some(0), 409)] {
        let (_, prize) = operator.create_open_event(quantity).await;
        let (wish, key) = (json!({"memberId": stage.newcomer().await}), unique());
        let path = format!("/claims/{prize}/claim");
        for _ in 0..2 {
            let tried = reporter.post_once(&format!("{path}?dryRun=true"), &wish, &key).await;
            assert_eq!(tried.expect(status)["dryRun"], true);
            assert_eq!(tried.header("idempotency-replayed"), None);
        }
        let asked = reporter.post_once(&path, &wish, &key).await;
        assert_eq!(asked.expect(status).get("dryRun"), None, "the key was free");
        let again = reporter.post_once(&path, &wish, &key).await;
        assert_eq!((again.status, again.header("idempotency-replayed")), (status, Some("true")));
    }
}
