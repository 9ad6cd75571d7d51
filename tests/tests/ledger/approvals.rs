//! What waits for a decision: the soonest to expire first, with what was seen and what may be wrong with it.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Stage,
    programme::{activity, id, instant, reward, with},
};

use super::claims::campaign;

const QUEUE: &str = "/reward-requests/queue";

/// An event whose claims wait so long for a decision; answers (event, reward).
async fn waiting_room(operator: &Client, condition: Value, expires_after: &str) -> (String, String) {
    let changes = json!({"approval": "manual", "condition": condition, "pendingExpiresAfter": expires_after});
    let event = campaign(operator, changes).await;
    let prize = operator.create_reward(&reward(&event, None)).await;
    (event, prize)
}

fn anybody() -> Value {
    tests::support::programme::anybody()
}

/// A fact that happened so many hours ago and is recorded now.
fn past(member: &str, kind: &str, hours: i64) -> Value {
    with(activity(member, kind), json!({"occurredAt": instant(Utc::now() - TimeDelta::hours(hours))}))
}

async fn submitted(reporter: &Client, prize: &str, member: &str) -> Answer {
    let asked = reporter.claim_for(prize, member).await;
    asked.expect(202);
    asked
}

/// The one claim that waits in an event.
async fn only(operator: &Client, event: &str, position: i64) -> Value {
    let queue = operator.get_at(&format!("{QUEUE}?eventId={event}"), position).await;
    let [claim] = queue.list("/claims") else { panic!("one claim waits: {queue}") };
    claim.clone()
}

fn flag<'a>(claim: &'a Value, name: &str) -> Option<&'a Value> {
    claim["flags"].as_array().unwrap().iter().find(|flag| flag["flag"] == name)
}

#[tokio::test]
async fn the_soonest_to_expire_is_first_and_a_walk_sees_each_claim_once() {
    let stage = Stage::own().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (slow, slow_prize) = waiting_room(&operator, anybody(), "48h").await;
    let (_, quick_prize) = waiting_room(&operator, anybody(), "3h").await;
    let (mut expected, mut position) = (Vec::new(), 0);
    for prize in [&slow_prize, &quick_prize, &slow_prize, &quick_prize, &slow_prize] {
        let asked = submitted(&reporter, prize, &stage.newcomer().await).await;
        expected.push((prize == &slow_prize, asked.text("/claim/id")));
        position = asked.position();
    }
    expected.sort_by_key(|(is_slow, _)| *is_slow);
    let expected: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = operator.get_at(&format!("{QUEUE}?limit=2{cursor}"), position).await;
        assert_eq!(page.ok()["total"], 5);
        seen.extend(page.list("/claims").iter().map(|claim| claim["id"].as_str().unwrap().to_owned()));
        match page.json["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, expected);
    let of_one = operator.get_at(&format!("{QUEUE}?eventId={slow}&limit=1"), position).await;
    assert_eq!((of_one.ok()["total"].clone(), of_one.list("/claims").len()), (json!(3), 1));
    assert_eq!(of_one.json["claims"][0]["id"], *expected[2]);
    let next = of_one.text("/nextCursor");
    operator.get(&format!("{QUEUE}?cursor={next}")).await.problem(400, "invalid_cursor");
    operator.get(&format!("{QUEUE}?limit=201")).await.invalid("query.limit");
    operator.get(&format!("{QUEUE}?status=pending")).await.invalid("query.status");
}

#[tokio::test]
async fn a_claim_in_the_queue_says_what_was_seen_and_has_the_tag_that_a_decision_asks_for() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let rule = json!({"count": {"kind": "review", "count": 2}});
    let (event, prize) = waiting_room(&operator, rule, "72h").await;
    let member = stage.newcomer().await;
    reporter.claim_for(&prize, &member).await.problem(422, "condition_unmet");
    reporter.report_activities(&[activity(&member, "review"), activity(&member, "review")]).await;
    let asked = submitted(&reporter, &prize, &member).await;

    let claim = only(&operator, &event, asked.position()).await;
    for same in ["id", "userId", "eventId", "rewardId", "status", "period", "evidence", "factsPosition"] {
        assert_eq!(claim[same], asked.json["claim"][same], "{same}");
    }
    for same in ["conditionVersion", "evaluatedAt", "timeZone", "position"] {
        assert_eq!(claim[same], asked.json["claim"][same], "{same}");
    }
    assert_eq!(claim["reward"]["name"], "A hundred points");
    assert_eq!(claim["event"]["id"], event);
    assert_eq!((&claim["own"], &claim["flags"], &claim["sequence"]), (&json!(false), &json!([]), &json!(2)));

    let path = format!("/reward-requests/{}", asked.text("/claim/id"));
    let alone = operator.get(&path).await;
    assert_eq!(alone.ok()["claim"], claim, "alone it is the same item");
    let tag = alone.header("etag").unwrap().to_owned();
    assert_eq!(tag, "\"2\"");
    let approval = json!({"status": "APPROVED"});
    let decide = async |tag: &str| operator.patch_if(&path, &approval, tag).await;
    decide("\"1\"").await.problem(412, "changed_meanwhile");
    let approved = decide(&tag).await;
    approved.ok();
    let queue = operator.get_at(&format!("{QUEUE}?eventId={event}"), approved.position()).await;
    assert_eq!((&queue.ok()["claims"], &queue.json["total"]), (&json!([]), &json!(0)));
    let decided = operator.get_at(&path, approved.position()).await;
    assert_eq!(
        (&decided.ok()["claim"]["status"], &decided.json["claim"]["expiresAt"]),
        (&json!("granted"), &json!(null))
    );
    assert_eq!(decided.json["claim"]["evidence"], claim["evidence"]);
    operator.get(&format!("/reward-requests/{}", id())).await.problem(404, "not_found");
}

#[tokio::test]
async fn an_own_claim_says_so() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let admin = stage.service.demo("admin").await;
    let (event, prize) = waiting_room(&admin, anybody(), "72h").await;
    let asked = operator.claim(&prize).await;
    asked.expect(202);
    assert_eq!(only(&operator, &event, asked.position()).await["own"], true);
    assert_eq!(only(&admin, &event, asked.position()).await["own"], false);
}

#[tokio::test]
async fn counted_facts_that_came_late_are_named_and_those_that_do_not_count_are_not() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let rule = json!({"any": [{"streak": {"kind": "visit", "days": 3}}, {"count": {"kind": "review", "count": 5}}]});
    let (event, prize) = waiting_room(&operator, rule, "72h").await;
    let member = stage.newcomer().await;
    let mut late = Vec::new();
    // a run of four days up to yesterday or today, whatever the time of day, and one before a gap
    for hours in [1, 25, 49, 73] {
        let recorded = reporter.report_activity(&past(&member, "visit", hours)).await;
        late.extend((hours > 24).then(|| recorded.position()));
    }
    for other in [past(&member, "visit", 200), past(&member, "review", 30), past(&member, "walk", 30)] {
        reporter.report_activity(&other).await.created();
    }
    let mistake = past(&member, "visit", 51);
    reporter.report_activity(&mistake).await.created();
    let taken_out = json!({"source": mistake["source"], "id": mistake["id"], "note": "by mistake"});
    reporter.post("/activities/void", &taken_out).await.created();
    let asked = submitted(&reporter, &prize, &member).await;
    let claim = only(&operator, &event, asked.position()).await;
    assert_eq!(flag(&claim, "late_facts"), Some(&json!({"flag": "late_facts", "count": 3, "positions": late})));
    assert_eq!(claim["flags"].as_array().unwrap().len(), 1, "{claim}");
}

#[tokio::test]
async fn a_rule_that_is_met_no_more_names_what_was_taken_out_since() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (event, prize) = waiting_room(&operator, json!({"count": {"kind": "buy", "count": 2}}), "72h").await;
    let member = stage.newcomer().await;
    let facts = [activity(&member, "buy"), activity(&member, "buy"), activity(&member, "walk")];
    reporter.report_activities(&facts).await;
    let asked = submitted(&reporter, &prize, &member).await;
    assert_eq!(only(&operator, &event, asked.position()).await["flags"], json!([]));
    let mut voided = Vec::new();
    for fact in &facts {
        let taken_out = json!({"source": fact["source"], "id": fact["id"], "note": "refunded"});
        voided.push(reporter.post("/activities/void", &taken_out).await.position());
    }
    let claim = only(&operator, &event, asked.position()).await;
    let expected = json!({"flag": "unmet_now", "count": 2, "positions": voided[..2]});
    assert_eq!(flag(&claim, "unmet_now"), Some(&expected), "what the rule does not ask for is no reason");
    // a flag decides nothing
    let path = format!("/reward-requests/{}", asked.text("/claim/id"));
    operator.patch(&path, &json!({"status": "APPROVED"})).await.ok();
}

#[tokio::test]
async fn referrals_that_were_qualified_all_at_once_are_named() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (event, prize) = waiting_room(&operator, json!({"referrals": {"count": 3}}), "72h").await;
    let inviter = stage.nobody().sign_up().await;
    let code = inviter.client.get("/auth/invite-code").await.text("/inviteCode");
    for _ in 0..3 {
        let invitee = stage.nobody().register_with(json!({"inviteCode": code})).await;
        reporter.report_activities(&[past(&invitee.id, "visit", 30), past(&invitee.id, "visit", 60)]).await;
    }
    let mut asked = reporter.claim_for(&prize, &inviter.id).await;
    for _ in 0..200 {
        if asked.status == 202 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        asked = reporter.claim_for(&prize, &inviter.id).await;
    }
    let claim = only(&operator, &event, asked.position()).await;
    let burst = flag(&claim, "referral_burst").unwrap_or_else(|| panic!("{claim}"));
    assert_eq!((&burst["count"], burst["positions"].as_array().unwrap().len()), (&json!(3), 3));
}
