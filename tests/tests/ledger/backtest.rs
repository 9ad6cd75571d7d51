//! A draft replayed over what happened: who would have been granted, when the stock would have run out. Nothing is
//! written. That it is exact on any programme is shown beside the code, against a naive replay.

use serde_json::{Value, json};
use tests::support::{
    Client, Stage,
    programme::{activity, event, id, login_streak, reward, with},
};

/// A log-in at noon of a day in January 2025, in UTC.
fn login(member: &str, day: u32) -> Value {
    with(activity(member, "login"), json!({"occurredAt": format!("2025-01-{day:02}T12:00:00Z")}))
}

fn draft(condition: Value, more: Value) -> Value {
    let event = json!({"condition": condition, "startDate": "2025-01-01", "endDate": "2025-02-01"});
    with(json!({"event": event, "reward": {"amount": 10}, "ask": "firstPossible"}), more)
}

async fn replayed(caller: &Client, draft: &Value) -> Value {
    caller.post("/events/backtest", draft).await.ok().clone()
}

#[tokio::test]
async fn a_draft_is_replayed_over_an_imported_history() {
    let stage = Stage::own().await;
    let operator = stage.operator().await;
    let mut members = [id(), id(), id()];
    members.sort();
    let [early, same, late] = &members;
    let mut facts: Vec<Value> = [early, same].iter().flat_map(|member| (3..=6).map(|day| login(member, day))).collect();
    facts.extend((10..=14).map(|day| login(late, day)));
    facts.push(login(late, 20));
    stage.service.import(&facts);
    let head = stage.log().await.head().await;

    let open = replayed(&operator, &draft(login_streak(3), json!({}))).await;
    assert_eq!((&open["granted"], &open["amount"], &open["deniedOutOfStock"]), (&json!(3), &json!(30), &json!(0)));
    assert_eq!(open["byDay"], json!([{"date": "2025-01-05", "granted": 2}, {"date": "2025-01-12", "granted": 1}]));
    let at = "2025-01-05T12:00:00.000Z";
    assert_eq!(open["winners"][0], json!({"memberId": early, "at": at, "period": "once"}));
    assert_eq!(open["winners"][1]["memberId"], json!(same));
    assert_eq!((&open["soldOutAt"], open["position"].as_i64()), (&Value::Null, Some(head)));
    assert!(open["membersSeen"].as_i64().unwrap() >= 3 && open["durationMs"].is_number());

    let scarce = replayed(&operator, &draft(login_streak(3), json!({"reward": {"quantity": 1}}))).await;
    assert_eq!((&scarce["granted"], &scarce["deniedOutOfStock"]), (&json!(1), &json!(2)));
    assert_eq!((&scarce["soldOutAt"], &scarce["winners"][0]["memberId"]), (&json!(at), &json!(early)));

    // a streak that ended yesterday still counts, so that every day begins with a claim
    let window = json!({"condition": login_streak(3), "startDate": "2025-01-01", "endDate": "2025-02-01",
        "frequency": "daily", "perMemberLimit": 3});
    let daily = replayed(&operator, &draft(json!({}), json!({"event": window}))).await;
    let of_early: Vec<_> =
        daily["winners"].as_array().unwrap().iter().filter(|winner| winner["memberId"] == json!(early)).collect();
    let at: Vec<_> = of_early.iter().map(|winner| winner["at"].as_str().unwrap()).collect();
    assert_eq!(at, [at[0], "2025-01-06T00:00:00.000Z", "2025-01-07T00:00:00.000Z"]);

    // a window that moves on brings about what no fact does
    let absent = json!({"not": {"activeDays": {"kind": "login", "days": 1, "within": "5d"}}});
    let absent = replayed(&operator, &draft(absent, json!({}))).await;
    let of = |member: &str| {
        let winners = absent["winners"].as_array().unwrap();
        winners.iter().find(|winner| winner["memberId"] == member).map(|winner| winner["at"].clone())
    };
    assert_eq!(of(early), Some(json!("2025-01-03T00:00:00.000Z")), "before the first log-in of the day");
    assert_eq!(stage.log().await.head().await, head, "nothing was written");
}

#[tokio::test]
async fn real_claims_are_asked_again_when_they_were_asked() {
    let stage = Stage::own().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let campaign = operator.create_event(&event(login_streak(1))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let (eager, idle) = (stage.newcomer().await, stage.newcomer().await);
    reporter.report_activity(&activity(&eager, "login")).await.created();
    reporter.claim_for(&prize, &eager).await.created();
    reporter.claim_for(&prize, &idle).await.problem(422, "condition_unmet");
    let window = json!({"condition": {"count": {"kind": "visit", "count": 1}}, "startDate": "2020-01-01",
        "endDate": "2999-01-01"});
    let body = json!({"event": window, "reward": {}, "ask": "asClaimed", "eventId": campaign});
    let outcome = replayed(&operator, &body).await;
    assert_eq!(outcome["granted"], 2, "both have a visit, and both asked: {outcome}");
    let strict = with(window.clone(), json!({"condition": login_streak(1)}));
    let outcome = replayed(&operator, &with(body.clone(), json!({"event": strict}))).await;
    assert_eq!((&outcome["granted"], &outcome["winners"][0]["memberId"]), (&json!(1), &json!(eager)));
    operator.post("/events/backtest", &with(body, json!({"eventId": id()}))).await.problem(404, "not_found");
}

#[tokio::test]
async fn what_is_no_draft_is_named_by_its_field() {
    let operator = Stage::shared().await.operator().await;
    let good = || json!({"condition": login_streak(1), "startDate": "2025-01-01", "endDate": "2025-02-01"});
    for (field, changes) in [
        ("event.condition.streak.days", json!({"event": with(good(), json!({"condition": login_streak(0)}))})),
        ("event.endDate", json!({"event": with(good(), json!({"endDate": "2025-01-01"}))})),
        ("event.name", json!({"event": with(good(), json!({"name": "A draft has none"}))})),
        ("event.frequency", json!({"event": with(good(), json!({"frequency": "hourly"}))})),
        ("event", json!({"event": 7})),
        ("reward.quantity", json!({"reward": {"quantity": -1}})),
        ("reward.amount", json!({"reward": {"amount": 0}})),
        ("ask", json!({"ask": "never"})),
        ("eventId", json!({"ask": "asClaimed"})),
        ("dryRun", json!({"dryRun": true})),
    ] {
        let answer = operator.post("/events/backtest", &draft(login_streak(1), changes)).await;
        answer.invalid(field);
    }
}
