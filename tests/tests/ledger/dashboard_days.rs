//! Days, what is left of a reward, what runs and what needs attention, over HTTP: a small programme whose numbers were
//! counted by hand, the same as of then, and every way of asking for what there is not.

use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use tests::support::{
    Answer, Stage,
    programme::{activity, anybody, event, id, instant, reward, with},
};

const MOMENTS: [&str; 3] = ["/dashboard/daily", "/dashboard/running-events", "/dashboard/attention"];

/// The items of a kind that are about an event.
#[track_caller]
fn about<'a>(attention: &'a Answer, kind: &str, event: &str) -> Option<&'a Value> {
    attention.list("/items").iter().find(|item| item["kind"] == kind && item["eventId"] == event)
}

fn running<'a>(answer: &'a Answer, event: &str) -> Option<&'a Value> {
    answer.list("/events").iter().find(|one| one["eventId"] == event)
}

#[tokio::test]
async fn a_small_programme_is_counted_as_by_hand_and_later_as_it_stood_then() {
    let stage = Stage::own().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let before = operator.get("/dashboard/daily?days=1").await;
    let [one, two] = [stage.nobody().register_with(json!({})).await, stage.nobody().register_with(json!({})).await];
    let open = operator.create_event(&event(anybody())).await;
    let manual = operator.create_event(&with(event(anybody()), json!({"approval": "manual"}))).await;
    let strict = operator.create_event(&event(json!({"count": {"kind": "visit", "count": 2}}))).await;
    let empty = operator.create_event(&event(anybody())).await;
    let coupon = operator.create_reward(&with(reward(&open, Some(3)), json!({"name": "A coupon"}))).await;
    let item = operator.create_reward(&reward(&manual, Some(5))).await;
    let points = operator.create_reward(&reward(&strict, None)).await;
    let soon = json!({"startDate": instant(Utc::now() + TimeDelta::days(9))});
    let scheduled = operator.create_event(&with(event(anybody()), soon)).await;

    reporter.claim_for(&coupon, &one.id).await.created();
    let second = reporter.claim_for(&coupon, &two.id).await;
    second.created();
    reporter.claim_for(&item, &one.id).await.expect(202);
    reporter.claim_for(&points, &one.id).await.problem(422, "condition_unmet");
    let reported = reporter.report_activity(&activity(&one.id, "visit")).await;
    reported.created();
    let last = reported.position();

    let today = operator.get_at("/dashboard/daily", last).await;
    assert_eq!((today.list("/days").len(), today.position(), today.number("/asOf/position")), (14, last, last));
    let grew = |field: &str| today.number(&format!("/days/13/{field}")) - before.number(&format!("/days/0/{field}"));
    for (field, number) in [
        ("granted", 2),
        ("attempts", 4),
        ("denied", 1),
        ("active", 1),
        ("members", 2),
        ("participants", 2),
        ("pending", 1),
    ] {
        assert_eq!(grew(field), number, "{field} of {today}");
    }
    assert_eq!(today.number("/days/0/members"), 0, "a fortnight ago there was nobody: {today}");

    let stock = operator.get_at(&format!("/dashboard/reward-analytics/{coupon}"), last).await;
    assert_eq!(stock.ok()["eventId"], *open);
    let figures = ["/quantity", "/remaining", "/held", "/granted"].map(|field| stock.number(field));
    assert_eq!(figures, [3, 1, 0, 2]);
    assert_eq!(stock.json["forecast"], Value::Null, "two full days are not over: {stock}");
    let buckets = stock.list("/burnDown");
    assert_eq!((&buckets[0]["remaining"], &buckets[0]["taken"]), (&Value::Null, &json!(0)), "{stock}");
    assert_eq!(buckets.last().unwrap()["remaining"], 1, "{stock}");
    assert_eq!(buckets.iter().map(|bucket| bucket["taken"].as_i64().unwrap()).sum::<i64>(), 2);
    let held = operator.get(&format!("/dashboard/reward-analytics/{item}?bucket=hour")).await;
    assert_eq!(["/remaining", "/held", "/granted"].map(|field| held.number(field)), [4, 1, 0]);
    let unlimited = operator.get(&format!("/dashboard/reward-analytics/{points}")).await;
    assert_eq!((&unlimited.ok()["quantity"], &unlimited.json["remaining"]), (&Value::Null, &Value::Null));

    let runs = operator.get_at("/dashboard/running-events", last).await;
    let line = running(&runs, &open).unwrap();
    assert_eq!((&line["grantedToday"], &line["status"]), (&json!(2), &json!("active")), "{line}");
    assert_eq!(line["grantedByDay"], json!([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]));
    assert_eq!((&line["condition"], &line["frequency"]), (&anybody(), &json!("once")));
    let expected = json!([{"rewardId": coupon, "name": "A coupon", "quantity": 3, "remaining": 1, "forecast": null}]);
    assert_eq!(line["rewards"], expected);
    assert!(running(&runs, &scheduled).is_none(), "it has not started");
    assert_eq!(running(&runs, &empty).unwrap()["rewards"], json!([]));

    let todo = operator.get_at("/dashboard/attention", last).await;
    let waiting = todo.list("/items").iter().find(|item| item["kind"] == "claims_waiting").unwrap();
    assert_eq!(
        (waiting["count"].as_i64(), &waiting["severity"]),
        (Some(today.number("/days/13/pending")), &json!("warning"))
    );
    assert_eq!(about(&todo, "no_reward", &empty).unwrap()["severity"], "warning");
    let opens = about(&todo, "opens_soon", &scheduled).unwrap();
    assert_eq!((&opens["severity"], &opens["count"], &opens["at"]), (&json!("info"), &json!(0), &opens["startDate"]));
    assert!(about(&todo, "sold_out", &open).is_none(), "{todo}");

    // the last coupon goes, the events pause and end: then stays then
    let then = async || {
        let mut answers = Vec::new();
        for path in MOMENTS.map(str::to_owned).into_iter().chain([format!("/dashboard/reward-analytics/{coupon}")]) {
            answers.push(operator.get(&format!("{path}?atPosition={last}&timeZone=Asia/Seoul")).await.ok().clone());
        }
        answers
    };
    let was = then().await;
    let three = stage.nobody().register_with(json!({})).await;
    reporter.claim_for(&coupon, &three.id).await.created();
    operator.post(&format!("/events/{manual}/pause"), &json!({})).await.ok();
    let ended = operator.post(&format!("/events/{empty}/end"), &json!({})).await;
    ended.ok();
    assert_eq!(then().await, was);
    let todo = operator.get_at("/dashboard/attention", ended.position()).await;
    let sold_out = about(&todo, "sold_out", &open).unwrap();
    assert_eq!((&sold_out["severity"], &sold_out["rewardName"]), (&json!("urgent"), &json!("A coupon")));
    assert_eq!((&sold_out["remaining"], &sold_out["name"]), (&json!(0), &line["name"]), "{sold_out}");
    assert!(about(&todo, "no_reward", &empty).is_none(), "it is over: {todo}");
    let runs = operator.get_at("/dashboard/running-events", ended.position()).await;
    assert_eq!(running(&runs, &manual).unwrap()["status"], "paused");
    assert!(running(&runs, &empty).is_none());

    // before the second coupon
    let past =
        operator.get(&format!("/dashboard/reward-analytics/{coupon}?atPosition={}", second.position() - 1)).await;
    assert_eq!((past.number("/granted"), past.number("/remaining")), (1, 2), "{past}");
    // in the middle of a minute: from the second coupon on
    let explained = operator.get(&format!("/claims/{}", second.text("/claim/id"))).await;
    let at = explained.text("/claim/createdAt");
    let window = operator.get_at(&format!("/dashboard/reward-analytics/{coupon}?from={at}"), ended.position()).await;
    assert_eq!(window.list("/burnDown").iter().map(|bucket| bucket["taken"].as_i64().unwrap()).sum::<i64>(), 2);
}

#[tokio::test]
async fn what_is_not_there_yet_is_not_found() {
    let stage = Stage::shared().await;
    let (operator, auditor) = (stage.operator().await, stage.auditor().await);
    let (_, prize) = operator.create_open_event(Some(5)).await;
    let path = format!("/dashboard/reward-analytics/{prize}");
    auditor.get(&format!("{path}?atPosition=1")).await.problem(404, "not_found");
    auditor.get(&format!("/dashboard/reward-analytics/{}", id())).await.problem(404, "not_found");
    auditor.get("/dashboard/reward-analytics/none").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_question_that_is_none_is_refused_with_its_field() {
    let stage = Stage::shared().await;
    let auditor = stage.auditor().await;
    let (_, prize) = stage.operator().await.create_open_event(Some(5)).await;
    let of_reward = format!("/dashboard/reward-analytics/{prize}");
    for path in MOMENTS.into_iter().chain([of_reward.as_str()]) {
        for (query, field) in [
            ("timeZone=Mars/Olympus", "query.timeZone"),
            ("atPosition=999999999999", "query.atPosition"),
            ("atPosition=-1", "query.atPosition"),
            ("atPosition=1&atTime=2026-01-01T00:00:00Z", "query.atTime"),
            ("atTime=2999-01-01T00:00:00Z", "query.atTime"),
            ("atTime=2026-01-01", "query.atTime"),
            ("limit=1", "query.limit"),
        ] {
            auditor.get(&format!("{path}?{query}")).await.invalid(field);
        }
        let behind = auditor.send(Method::GET, path, &[("Ledger-Min-Position", "999999999999")], vec![]).await;
        behind.unwrap().problem(503, "projection_behind");
    }
    for path in MOMENTS {
        auditor.get(&format!("{path}?from=2026-01-01")).await.invalid("query.from");
        auditor.get(&format!("{path}?bucket=day")).await.invalid("query.bucket");
    }
    for days in ["0", "61", "-1", "x", "1.5"] {
        auditor.get(&format!("/dashboard/daily?days={days}")).await.invalid("query.days");
    }
    assert_eq!(auditor.get("/dashboard/daily?days=60").await.list("/days").len(), 60);
    auditor.get(&format!("{of_reward}?from=2026-01-02&to=2026-01-01")).await.invalid("query.to");
    let hours = "from=2026-01-01T00:00:00Z&to=2026-03-25T08:00:00.001Z&bucket=hour";
    auditor.get(&format!("{of_reward}?{hours}")).await.invalid("query.bucket");
    assert_eq!(auditor.get(&format!("{of_reward}?from=2026-01-02&to=2026-01-02")).await.ok()["burnDown"], json!([]));
    let beginning = auditor.get("/dashboard/daily?atPosition=0&days=2").await;
    let dates: Vec<_> = beginning.list("/days").iter().map(|day| day["date"].clone()).collect();
    assert_eq!(dates, ["1969-12-31", "1970-01-01"]);
    assert_eq!(auditor.get("/dashboard/running-events?atPosition=0").await.ok()["events"], json!([]));
}
