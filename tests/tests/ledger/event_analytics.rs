//! How one event does, over HTTP: a small programme whose numbers were counted by hand, the same numbers as of then, and
//! what is no event, or none yet.

use reqwest::Method;
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Stage,
    programme::{activity, event, id, reward, with},
};

/// One visit, and a review or a referral.
fn rule() -> Value {
    json!({"all": [count("visit"), {"any": [count("review"), {"referrals": {"count": 1}}]}]})
}

fn count(kind: &str) -> Value {
    json!({"count": {"kind": kind, "count": 1}})
}

fn path(event: &str) -> String {
    format!("/dashboard/event-analytics/{event}")
}

/// All buckets of the timeline together.
fn sum(answer: &Answer, number: &str) -> i64 {
    answer.list("/timeline").iter().map(|bucket| bucket[number].as_i64().unwrap()).sum()
}

fn denied(answer: &Answer, reason: &str) -> Value {
    let line = answer.list("/denialReasons").iter().find(|line| line["reason"] == reason);
    line.map_or(Value::Null, |line| line["count"].clone())
}

/// A version without what a test cannot know.
fn version(answer: &Answer, place: usize) -> Value {
    let mut version = answer.list("/conditionVersions")[place].clone();
    let object = version.as_object_mut().unwrap();
    assert!(object.remove("position").unwrap().is_i64() && object.remove("since").unwrap().is_string());
    version
}

async fn decide(operator: &Client, claim: &Answer, body: Value) -> i64 {
    let decided = operator.patch(&format!("/reward-requests/{}", claim.text("/claim/id")), &body).await;
    decided.ok();
    decided.position()
}

#[tokio::test]
async fn one_event_is_counted_as_by_hand_and_later_as_it_stood_then() {
    let stage = Stage::own().await;
    let (operator, auditor, reporter) = (stage.operator().await, stage.auditor().await, stage.reporter().await);
    let before = auditor.get("/dashboard").await.number("/members/total");
    let one = stage.nobody().register_with(json!({})).await.id;
    let two = stage.nobody().register_with(json!({})).await.id;
    let three = stage.nobody().register_with(json!({})).await.id;
    let campaign = operator.create_event(&with(event(rule()), json!({"approval": "manual"}))).await;
    let prize = operator.create_reward(&reward(&campaign, Some(10))).await;
    let other = operator.create_event(&event(count("visit"))).await;
    let not_here = operator.create_reward(&reward(&other, None)).await;

    // nothing, then a visit, then a review as well; another one has a review alone; a third asks elsewhere
    reporter.claim_for(&prize, &one).await.problem(422, "condition_unmet");
    reporter.report_activity(&activity(&one, "visit")).await.created();
    let refused = reporter.claim_for(&prize, &one).await;
    refused.problem(422, "condition_unmet");
    let then = refused.position();
    reporter.report_activity(&activity(&one, "review")).await.created();
    let waiting = reporter.claim_for(&prize, &one).await;
    waiting.expect(202);
    reporter.report_activity(&activity(&two, "review")).await.created();
    reporter.claim_for(&prize, &two).await.problem(422, "condition_unmet");
    reporter.claim_for(&not_here, &three).await.problem(422, "condition_unmet");
    decide(&operator, &waiting, json!({"status": "APPROVED"})).await;
    // another rule: nobody with a refund
    let changed = json!({"condition": {"not": count("refund")}});
    operator.patch(&format!("/events/{campaign}"), &changed).await.ok();
    let second = reporter.claim_for(&prize, &two).await;
    second.expect(202);
    decide(&operator, &second, json!({"status": "REJECTED"})).await;
    reporter.report_activity(&activity(&three, "refund")).await.created();
    let last = reporter.claim_for(&prize, &three).await;
    last.problem(422, "condition_unmet");

    let now = auditor.get_at(&path(&campaign), last.position()).await;
    now.ok();
    assert_eq!((now.text("/eventId"), now.position()), (campaign.clone(), now.number("/asOf/position")));
    for (number, steps) in [
        ("granted", 1),
        ("denied", 4),
        ("pending", 2),
        ("rejected", 1),
        ("expired", 0),
        ("withdrawn", 0),
        ("reversed", 0),
    ] {
        assert_eq!(sum(&now, number), steps, "{number} of {now}");
    }
    assert_eq!((denied(&now, "condition_unmet"), denied(&now, "out_of_stock")), (json!(4), json!(0)));
    let leaf = |path: &str, leaf: &str, met: i64| json!({"path": path, "leaf": leaf, "met": met});
    let first = json!({
        "version": 1, "condition": rule(), "attempts": 4, "met": 1, "refused": 3,
        "leaves": [leaf("all[0]", "count", 2), leaf("all[1].any[0]", "count", 2), leaf("all[1].any[1]", "referrals", 0)],
    });
    let mut seen = version(&now, 0);
    let missing = seen.as_object_mut().unwrap().remove("missing").unwrap();
    assert_eq!(seen, first);
    let of = |paths: Value| json!({"paths": paths, "count": 1});
    for one in [
        of(json!(["all[0]", "all[1].any[0]", "all[1].any[1]"])),
        of(json!(["all[1].any[0]", "all[1].any[1]"])),
        of(json!(["all[0]"])),
    ] {
        assert!(missing.as_array().unwrap().contains(&one), "{one} of {missing}");
    }
    let second = json!({
        "version": 2, "condition": {"not": count("refund")}, "attempts": 2, "met": 1, "refused": 1,
        "leaves": [leaf("not", "count", 1)], "missing": [{"paths": ["not"], "count": 1}],
    });
    assert_eq!(version(&now, 1), second);
    assert_eq!((now.number("/granted"), now.number("/held")), (1, 0));
    let members = json!({"total": before + 3, "asked": 3, "claimed": 2, "granted": 1});
    assert_eq!(now.json["members"], members, "one was rejected, one was refused");

    // as of the second refusal
    let past = format!("{}?atPosition={then}", path(&campaign));
    let seen = auditor.get(&past).await;
    seen.ok();
    assert_eq!((seen.position(), sum(&seen, "denied"), sum(&seen, "pending")), (then, 2, 0), "{seen}");
    assert_eq!((seen.list("/conditionVersions").len(), seen.number("/conditionVersions/0/attempts")), (1, 2));
    assert_eq!(seen.json["members"], json!({"total": before + 3, "asked": 1, "claimed": 0, "granted": 0}));
    let reversed = decide(&operator, &waiting, json!({"status": "REVERSED", "note": "taken back"})).await;
    assert_eq!(auditor.get_at(&past, reversed).await.json, seen.json, "what was then is the same later");
    let after = auditor.get_at(&path(&campaign), reversed).await;
    assert_eq!((after.number("/granted"), after.number("/members/granted"), sum(&after, "reversed")), (0, 0, 1));
    assert_eq!((sum(&after, "granted"), after.number("/members/claimed")), (1, 2), "a grant stays a step of its day");
}

#[tokio::test]
async fn what_is_no_event_or_none_yet_is_not_found_and_a_window_that_is_none_is_refused() {
    let stage = Stage::shared().await;
    let auditor = stage.auditor().await;
    let campaign = stage.operator().await.create_event(&event(count("visit"))).await;
    let created = auditor.get(&format!("/audit/streams/campaign/{campaign}")).await.number("/position");
    let fresh = auditor.get_at(&path(&campaign), created).await;
    assert_eq!(fresh.ok()["members"]["asked"], 0, "{fresh}");
    assert_eq!(fresh.list("/denialReasons").len(), 7, "every reason is there: {fresh}");
    auditor.get(&format!("{}?atPosition=1", path(&campaign))).await.problem(404, "not_found");
    auditor.get(&path(&id())).await.problem(404, "not_found");
    auditor.get(&path("coffee")).await.problem(404, "not_found");
    for (query, field) in [
        ("from=2026-01-02&to=2026-01-01", "query.to"),
        ("timeZone=Mars/Olympus", "query.timeZone"),
        ("atPosition=999999999999", "query.atPosition"),
        ("atTime=2999-01-01T00:00:00Z", "query.atTime"),
        ("bucket=minute", "query.bucket"),
        ("version=1", "query.version"),
    ] {
        auditor.get(&format!("{}?{query}", path(&campaign))).await.invalid(field);
    }
    let empty = auditor.get(&format!("{}?from=2026-01-01&to=2026-01-01", path(&campaign))).await;
    assert_eq!(empty.ok()["timeline"], json!([]));
    let behind = auditor.send(Method::GET, &path(&campaign), &[("Ledger-Min-Position", "999999999999")], vec![]).await;
    behind.unwrap().problem(503, "projection_behind");
}
