//! What staff decide about claims: every step from where it starts, one by one and many at once.

use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Stage,
    programme::{id, reward, unique},
};

use super::claims::campaign;

async fn decide(staff: &Client, claim: &str, status: &str) -> Answer {
    staff.patch(&format!("/reward-requests/{claim}"), &json!({"status": status})).await
}

/// A reward of this stock in an event whose claims wait for a decision.
async fn waiting_prize(operator: &Client, quantity: Option<i64>) -> String {
    let manual = campaign(operator, json!({"approval": "manual"})).await;
    operator.create_reward(&reward(&manual, quantity)).await
}

#[tokio::test]
async fn a_step_is_answered_with_the_claim_and_stands_in_its_history_with_its_note() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let prize = waiting_prize(&operator, Some(1)).await;
    let asked = reporter.claim_for(&prize, &stage.newcomer().await).await;
    let claim = asked.expect(202)["claim"].clone();
    let path = format!("/reward-requests/{}", claim["id"].as_str().unwrap());
    let approved = operator.patch(&path, &json!({"status": "APPROVED", "note": "  checked by hand "})).await;
    let shown = &approved.ok()["claim"];
    assert!(approved.json["message"].is_string());
    assert_eq!((&shown["status"], &shown["position"]), (&json!("granted"), &json!(approved.position())));
    for same in ["id", "rewardId", "eventId", "userId", "period", "amount", "type", "evidence", "factsPosition"] {
        assert_eq!(shown[same], claim[same], "{same}");
    }
    for same in ["conditionVersion", "evaluatedAt", "timeZone", "createdAt"] {
        assert_eq!(shown[same], claim[same], "{same}");
    }
    let read = operator.get_at(&format!("/claims/{}", claim["id"].as_str().unwrap()), approved.position()).await;
    let single = &read.ok()["claim"];
    for (name, value) in shown.as_object().unwrap() {
        assert_eq!(&single[name], value, "a single claim is answered as its decision answers it: {name}");
    }
    let steps: Vec<_> = single["history"].as_array().unwrap().iter().map(|step| step["step"].clone()).collect();
    assert_eq!(steps, ["pending", "approved"]);
    assert_eq!(single["history"][1]["note"], "checked by hand");
    assert_eq!(single["history"][1]["actor"], operator.get("/auth/me").await.json["user"]["id"]);
}

#[tokio::test]
async fn a_step_starts_where_the_contract_says_and_nowhere_else() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let prize = waiting_prize(&operator, None).await;
    let steps = ["APPROVED", "REJECTED", "FULFILLED", "FULFILMENT_FAILED", "REVERSED"];
    for (way, from, allowed) in [
        (vec![], "pending", vec![("APPROVED", "granted"), ("REJECTED", "rejected")]),
        (
            vec!["APPROVED"],
            "granted",
            vec![("FULFILLED", "fulfilled"), ("FULFILMENT_FAILED", "fulfilment_failed"), ("REVERSED", "reversed")],
        ),
        (
            vec!["APPROVED", "FULFILMENT_FAILED"],
            "fulfilment_failed",
            vec![("FULFILLED", "fulfilled"), ("REVERSED", "reversed")],
        ),
        (vec!["APPROVED", "FULFILLED"], "fulfilled", vec![("REVERSED", "reversed")]),
        (vec!["REJECTED"], "rejected", vec![]),
        (vec!["APPROVED", "REVERSED"], "reversed", vec![]),
    ] {
        let arrived = async || {
            let claim = reporter.claim_for(&prize, &stage.newcomer().await).await.text("/claim/id");
            for step in &way {
                decide(&operator, &claim, step).await.ok();
            }
            claim
        };
        let claim = arrived().await;
        for step in steps.iter().filter(|step| allowed.iter().all(|(allowed, _)| allowed != *step)) {
            let refused = decide(&operator, &claim, step).await;
            assert_eq!(refused.problem(409, "step_not_allowed")["from"], from, "{step} from {from}");
        }
        for (step, becomes) in allowed {
            let taken = decide(&operator, &arrived().await, step).await;
            assert_eq!(taken.ok()["claim"]["status"], becomes, "{step} from {from}");
        }
    }
    let denied = waiting_prize(&operator, Some(0)).await;
    let claim = reporter.claim_for(&denied, &stage.newcomer().await).await.text("/claimId");
    assert_eq!(decide(&operator, &claim, "APPROVED").await.problem(409, "step_not_allowed")["from"], "denied");
    decide(&operator, &id(), "APPROVED").await.problem(404, "not_found");
}

#[tokio::test]
async fn what_a_step_holds_or_gives_back_is_counted_once() {
    let stage = Stage::shared().await;
    let (operator, reporter, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let prize = waiting_prize(&operator, Some(2)).await;
    let claim = reporter.claim_for(&prize, &stage.newcomer().await).await.text("/claim/id");
    let other = reporter.claim_for(&prize, &stage.newcomer().await).await.text("/claim/id");
    for (claim, step, held, granted) in [
        (&claim, "APPROVED", 1, 1),
        (&claim, "FULFILMENT_FAILED", 1, 1),
        (&claim, "FULFILLED", 1, 1),
        (&other, "REJECTED", 0, 1),
        (&claim, "REVERSED", 0, 0),
    ] {
        decide(&operator, claim, step).await.ok();
        assert_eq!(log.stock(&prize).await, (Some(2), held, granted), "{step}");
        decide(&operator, claim, step).await.problem(409, "step_not_allowed");
        assert_eq!(log.stock(&prize).await, (Some(2), held, granted), "{step} once more");
    }
}

#[tokio::test]
async fn a_rejected_or_reversed_claim_is_final_for_the_period_and_leaves_room_for_others() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let prize = waiting_prize(&operator, Some(1)).await;
    for way in [vec!["REJECTED"], vec!["APPROVED", "REVERSED"], vec!["APPROVED", "FULFILLED", "REVERSED"]] {
        let member = stage.newcomer().await;
        let claim = reporter.claim_for(&prize, &member).await.text("/claim/id");
        let mut last = 0;
        for step in &way {
            last = decide(&operator, &claim, step).await.position();
        }
        let again = reporter.claim_for(&prize, &member).await;
        let told = again.problem(409, "already_claimed");
        assert_eq!(told["claimId"], claim);
        assert_eq!(told["claimStatus"], way.last().unwrap().to_lowercase());
        assert_eq!((&told["position"], again.position()), (&json!(last), last), "the claim's last position");
    }
}

#[tokio::test]
async fn nobody_decides_their_own_claim() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let admin = stage.service.demo("admin").await;
    let prize = waiting_prize(&admin, None).await;
    let claim = operator.claim(&prize).await.text("/claim/id");
    for step in ["APPROVED", "REJECTED", "FULFILLED"] {
        decide(&operator, &claim, step).await.problem(403, "own_claim");
    }
    let batch = json!({"ids": [claim], "status": "APPROVED"});
    let judged = operator.post("/reward-requests/batch", &batch).await;
    assert_eq!(judged.ok()["results"], json!([{"id": claim, "code": "own_claim"}]));
    decide(&admin, &claim, "APPROVED").await.ok();
}

#[tokio::test]
async fn only_operators_and_administrators_decide_and_say_what_in_full() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let prize = waiting_prize(&operator, None).await;
    let claim = reporter.claim_for(&prize, &stage.newcomer().await).await.text("/claim/id");
    let batch = json!({"ids": [claim], "status": "APPROVED"});
    for caller in [stage.auditor().await, reporter, stage.service.demo("member").await] {
        decide(&caller, &claim, "APPROVED").await.problem(403, "forbidden");
        caller.post("/reward-requests/batch", &batch).await.problem(403, "forbidden");
    }
    decide(&stage.nobody(), &claim, "APPROVED").await.problem(401, "unauthenticated");
    let path = format!("/reward-requests/{claim}");
    operator.patch(&path, &json!({})).await.invalid("status");
    operator.patch(&path, &json!({"status": "approved"})).await.invalid("status");
    operator.patch(&path, &json!({"status": "PENDING"})).await.invalid("status");
    operator.patch(&path, &json!({"status": "APPROVED", "note": "x".repeat(1_001)})).await.invalid("note");
    operator.patch(&path, &json!({"status": "APPROVED", "reason": "x"})).await.invalid("reason");
    operator.patch(&format!("{path}?dryRun=true"), &json!({"status": "APPROVED"})).await.invalid("query.dryRun");
    operator.patch("/reward-requests/none", &json!({"status": "APPROVED"})).await.problem(404, "not_found");
    let read = operator.get(&format!("/claims/{claim}")).await;
    assert_eq!(read.ok()["claim"]["status"], "pending");
}

#[tokio::test]
async fn a_batch_judges_each_claim_by_itself_and_appends_at_once() {
    let stage = Stage::shared().await;
    let (operator, reporter, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let prize = waiting_prize(&operator, Some(3)).await;
    let mut claims = Vec::new();
    for _ in 0..3 {
        claims.push(reporter.claim_for(&prize, &stage.newcomer().await).await.text("/claim/id"));
    }
    decide(&operator, &claims[1], "REJECTED").await.ok();
    let unknown = id();
    let ids = json!([claims[0], unknown, claims[1], claims[2], claims[0]]);
    let judged =
        operator.post("/reward-requests/batch", &json!({"ids": ids, "status": "APPROVED", "note": "all"})).await;
    let wanted = json!([
        {"id": claims[0], "status": "granted"},
        {"id": unknown, "code": "not_found"},
        {"id": claims[1], "code": "step_not_allowed"},
        {"id": claims[2], "status": "granted"},
        {"id": claims[0], "code": "step_not_allowed"},
    ]);
    assert_eq!(judged.ok()["results"], wanted);
    assert_eq!(log.stock(&prize).await, (Some(3), 0, 2));
    let read = operator.get_at(&format!("/claims/{}", claims[2]), judged.position()).await;
    assert_eq!(read.ok()["claim"]["position"], judged.position(), "the last one stands at the position of the batch");
    assert_eq!(read.json["claim"]["history"][1]["note"], "all");
    let nothing = operator.post("/reward-requests/batch", &json!({"ids": [], "status": "REVERSED"})).await;
    assert_eq!(nothing.ok()["results"], json!([]));
}

#[tokio::test]
async fn a_batch_that_breaks_a_rule_decides_nothing() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let post = async |body: Value| operator.post("/reward-requests/batch", &body).await;
    let many: Vec<String> = (0..201).map(|_| id()).collect();
    post(json!({"ids": many, "status": "APPROVED"})).await.invalid("ids");
    let at_most = post(json!({"ids": many[..200], "status": "APPROVED"})).await;
    at_most.ok();
    assert!(at_most.list("/results").iter().all(|result| result["code"] == "not_found"));
    let two_wrong = post(json!({"ids": [id(), "x", 7], "status": "APPROVED"})).await;
    two_wrong.invalid("ids[1]");
    two_wrong.invalid("ids[2]");
    post(json!({"ids": id(), "status": "APPROVED"})).await.invalid("ids");
    post(json!({"status": "APPROVED"})).await.invalid("ids");
    post(json!({"ids": [id()]})).await.invalid("status");
}

#[tokio::test]
async fn members_see_their_own_requests_and_staff_all() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let prize = waiting_prize(&operator, None).await;
    let (mina, other) = (stage.nobody().sign_up().await, stage.nobody().sign_up().await);
    mina.client.claim(&prize).await.expect(202);
    let last = other.client.claim(&prize).await.position();
    let own = mina.client.get_at("/reward-requests", last).await;
    own.ok();
    let whose: Vec<_> = own.list("/claims").iter().map(|claim| claim["userId"].clone()).collect();
    assert_eq!(whose, [json!(mina.id)]);
    let pending = format!("/reward-requests?rewardId={prize}&status=pending");
    assert_eq!(operator.get_at(&pending, last).await.list("/claims").len(), 2);
    assert_eq!(mina.client.get_at(&pending, last).await.list("/claims").len(), 1);
    assert_eq!(stage.auditor().await.get_at(&pending, last).await.list("/claims").len(), 2);
    mina.client.get(&format!("/reward-requests?userId={}", other.id)).await.problem(403, "forbidden");
    mina.client.get(&format!("/reward-requests?userId={}", mina.id)).await.ok();
    stage.reporter().await.get("/reward-requests").await.problem(403, "forbidden");
    operator.get("/reward-requests?from=2026-11-02&to=2026-11-01").await.invalid("query.to");
    operator.get("/claims?from=2026-11-01T00:00:00Z&to=2026-11-01").await.ok();
}

#[tokio::test]
async fn a_decision_under_a_key_is_answered_again_and_not_taken_again() {
    let stage = Stage::shared().await;
    let (operator, reporter, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let prize = waiting_prize(&operator, Some(2)).await;
    let mut claims = Vec::new();
    for _ in 0..2 {
        claims.push(reporter.claim_for(&prize, &stage.newcomer().await).await.text("/claim/id"));
    }
    let (batch, key) = (json!({"ids": claims, "status": "APPROVED"}), unique());
    let first = operator.post_once("/reward-requests/batch", &batch, &key).await;
    first.ok();
    let again = operator.post_once("/reward-requests/batch", &batch, &key).await;
    assert_eq!((again.ok(), again.position()), (&first.json, first.position()));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
    let body = json!({"status": "FULFILLED"}).to_string().into_bytes();
    let path = format!("/reward-requests/{}", claims[0]);
    let other = operator.send(reqwest::Method::PATCH, &path, &headers, body.clone()).await.unwrap();
    other.problem(422, "idempotency_key_reused");
    let (key, mut answers) = (unique(), Vec::new());
    let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
    for _ in 0..2 {
        answers.push(operator.send(reqwest::Method::PATCH, &path, &headers, body.clone()).await.unwrap());
    }
    assert_eq!(answers[0].ok(), answers[1].ok());
    assert_eq!(log.stock(&prize).await, (Some(2), 0, 2));
}

#[tokio::test]
async fn a_decision_about_what_has_changed_meanwhile_is_not_taken() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let prize = waiting_prize(&operator, None).await;
    let asked = reporter.claim_for(&prize, &stage.newcomer().await).await;
    let claim = asked.text("/claim/id");
    let read = operator.get_at(&format!("/claims/{claim}"), asked.position()).await;
    let tag = read.header("etag").unwrap().to_owned();
    assert_eq!((tag.as_str(), asked.header("etag")), ("\"1\"", Some("\"1\"")));
    let decide = async |status: &str, seen: &str| {
        let headers = [("content-type", "application/json"), ("if-match", seen)];
        let body = json!({"status": status}).to_string().into_bytes();
        operator.send(reqwest::Method::PATCH, &format!("/reward-requests/{claim}"), &headers, body).await.unwrap()
    };
    decide("APPROVED", "\"2\"").await.problem(412, "changed_meanwhile");
    let approved = decide("APPROVED", &tag).await;
    approved.ok();
    assert_eq!(approved.header("etag"), Some("\"2\""));
    decide("REVERSED", &tag).await.problem(412, "changed_meanwhile");
    decide("FULFILLED", "*").await.ok();
    decide("REVERSED", "2").await.invalid("header.If-Match");
}
