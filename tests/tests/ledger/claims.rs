//! Claims: one a period, what a refusal leaves behind, and how they are found again.

use chrono::Utc;
use domain::zone::Tz;
use serde_json::{Value, json};
use tests::support::{
    Client, Stage,
    programme::{activity, anybody, event, reward, with},
};

/// An event that anybody meets, changed.
pub(crate) async fn campaign(operator: &Client, changes: Value) -> String {
    operator.create_event(&with(event(anybody()), changes)).await
}

#[tokio::test]
async fn a_denial_is_recorded_once_for_the_same_reason_and_facts() {
    let stage = Stage::shared().await;
    let (operator, reporter, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let campaign = campaign(&operator, json!({"condition": {"count": {"kind": "review", "count": 2}}})).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let member = stage.newcomer().await;
    let first = reporter.claim_for(&prize, &member).await;
    first.problem(422, "condition_unmet");
    let claim = first.text("/claimId");
    let again = reporter.claim_for(&prize, &member).await;
    again.problem(422, "condition_unmet");
    assert_eq!((again.text("/claimId"), again.position()), (claim.clone(), first.position()), "nothing was appended");
    assert_eq!(log.streams_with("claim.denied").await[&claim], 1);

    reporter.report_activity(&activity(&member, "review")).await.created();
    let nearer = reporter.claim_for(&prize, &member).await;
    assert_eq!(nearer.problem(422, "condition_unmet")["evidence"][0]["have"], 1);
    assert!(nearer.position() > first.position(), "other numbers are another attempt");
    assert_eq!(log.streams_with("claim.denied").await[&claim], 2);

    reporter.report_activity(&activity(&member, "review")).await.created();
    let granted = reporter.claim_for(&prize, &member).await;
    assert_eq!(granted.created()["claim"]["id"], claim, "a denied member may ask again");
    let history = operator.get_at(&format!("/claims?userId={member}"), granted.position()).await;
    assert_eq!(history.ok()["claims"][0]["status"], "granted");
    assert_eq!(history.list("/claims").len(), 1);
}

#[tokio::test]
async fn a_claim_is_one_a_period_in_the_events_zone() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let member = stage.newcomer().await;
    let kiritimati: Tz = "Pacific/Kiritimati".parse().unwrap();
    for (frequency, format) in [("once", "once"), ("daily", "%Y-%m-%d"), ("weekly", "%G-W%V"), ("monthly", "%Y-%m")] {
        let zoned = json!({"frequency": frequency, "timeZone": "Pacific/Kiritimati"});
        let prize = operator.create_reward(&reward(&campaign(&operator, zoned).await, None)).await;
        let period = || Utc::now().with_timezone(&kiritimati).format(format).to_string();
        let before = period();
        let claim = reporter.claim_for(&prize, &member).await;
        let shown = claim.created()["claim"]["period"].clone();
        assert!(shown == before || shown == period(), "{frequency}: {shown}");
        if shown == period() {
            reporter.claim_for(&prize, &member).await.problem(409, "already_claimed");
        }
    }
}

#[tokio::test]
async fn a_pending_claim_holds_its_stock() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let manual = campaign(&operator, json!({"approval": "manual"})).await;
    let prize = operator.create_reward(&reward(&manual, Some(1))).await;
    let pending = reporter.claim_for(&prize, &stage.newcomer().await).await;
    assert_eq!(pending.expect(202)["claim"]["status"], "pending");
    reporter.claim_for(&prize, &stage.newcomer().await).await.problem(409, "out_of_stock");
    let read = operator.get_at(&format!("/rewards/{prize}"), pending.position()).await;
    let stock = &read.ok()["reward"];
    assert_eq!([&stock["held"], &stock["granted"], &stock["remaining"]], [&json!(1), &json!(0), &json!(0)]);
}

#[tokio::test]
async fn a_misspelt_wish_never_becomes_a_claim() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (_, prize) = operator.create_open_event(Some(1)).await;
    let member = stage.newcomer().await;
    let path = format!("/claims/{prize}/claim");
    reporter.post(&format!("{path}?dryrun=1"), &json!({"memberId": member})).await.invalid("query.dryrun");
    reporter.post(&path, &json!({"memberId": member, "dryRun": true})).await.invalid("dryRun");
    reporter.post(&path, &json!({"memberId": "somebody"})).await.invalid("memberId");
    assert_eq!(stage.log().await.stock(&prize).await, (Some(1), 0, 0));
}

#[tokio::test]
async fn claims_are_found_by_what_staff_asks_for() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (campaign, prize) = operator.create_open_event(Some(1)).await;
    let (lucky, late) = (stage.newcomer().await, stage.newcomer().await);
    reporter.claim_for(&prize, &lucky).await.created();
    let last = reporter.claim_for(&prize, &late).await;
    last.problem(409, "out_of_stock");
    for (filter, members) in [
        (format!("eventId={campaign}"), vec![&late, &lucky]),
        (format!("rewardId={prize}"), vec![&late, &lucky]),
        (format!("eventId={campaign}&status=granted"), vec![&lucky]),
        (format!("eventId={campaign}&status=success"), vec![&lucky]),
        (format!("eventId={campaign}&status=failed"), vec![&late]),
        (format!("eventId={campaign}&userId={late}"), vec![&late]),
    ] {
        let found = operator.get_at(&format!("/claims?{filter}"), last.position()).await;
        let seen: Vec<&str> = found.list("/claims").iter().map(|claim| claim["userId"].as_str().unwrap()).collect();
        assert_eq!(seen, members, "{filter}");
    }
    operator.get("/claims?status=happy").await.invalid("query.status");
}
