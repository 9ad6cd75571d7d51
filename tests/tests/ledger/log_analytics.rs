//! How busy the log was, over HTTP: each event in its bucket, what changed in the programme's events as a mark, the same
//! as of then, and every way of asking for a window that is none.

use reqwest::Method;
use serde_json::{Value, json};
use tests::support::{
    Answer, Stage,
    programme::{activity, anybody, event, instant, login_streak, with},
};

const PATH: &str = "/dashboard/log-analytics";

fn events(timeline: &[Value]) -> i64 {
    timeline.iter().map(|bucket| bucket["events"].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn every_event_is_in_its_bucket_and_what_changed_in_the_programme_is_marked() {
    let stage = Stage::own().await;
    let (operator, auditor, reporter) = (stage.operator().await, stage.auditor().await, stage.reporter().await);
    let member = stage.nobody().register_with(json!({})).await;
    let campaign = operator.create_event(&with(event(anybody()), json!({"name": "In a row"}))).await;
    let before = operator.create_event(&event(anybody())).await;
    let changed = operator.patch(&format!("/events/{campaign}"), &json!({"condition": login_streak(3)})).await;
    changed.ok();
    let renamed = operator.patch(&format!("/events/{campaign}"), &json!({"name": "Three in a row"})).await;
    renamed.ok();
    let ended = operator.post(&format!("/events/{campaign}/end"), &json!({})).await;
    ended.ok();
    let last = reporter.report_activity(&activity(&member.id, "visit")).await.position();

    let answer = auditor.get_at(&format!("{PATH}?bucket=day"), last).await;
    answer.ok();
    let timeline = answer.list("/timeline");
    assert!((30..=31).contains(&timeline.len()), "thirty days that end now: {answer}");
    let as_of = answer.number("/asOf/position");
    assert_eq!((answer.position(), events(timeline)), (as_of, as_of), "the whole log is of today: {answer}");
    assert_eq!(timeline[timeline.len() - 1]["lastPosition"], as_of);
    assert_eq!(timeline[0], json!({"bucket": timeline[0]["bucket"], "events": 0, "lastPosition": 0}));

    let marks = |answer: &Answer, event: &str| -> Vec<Value> {
        let marks = answer.list("/marks").iter().filter(|mark| mark["eventId"] == *event && mark["kind"] != "opened");
        marks.map(|mark| json!([mark["kind"], mark["position"], mark["version"], mark["name"]])).collect()
    };
    let rule = json!(["rule", changed.position(), 2, "In a row"]);
    assert_eq!(
        marks(&answer, &campaign),
        [rule.clone(), json!(["ended", ended.position(), null, "Three in a row"])],
        "the name of its day: {answer}"
    );
    assert_eq!(marks(&answer, &before), Vec::<Value>::new(), "coming into being is no change");

    // as of then, and by the minute
    let minutes = format!("{PATH}?bucket=minute&atPosition={}", changed.position());
    let then = auditor.get(&minutes).await;
    then.invalid("query.bucket");
    let from = chrono::Utc::now() - chrono::TimeDelta::minutes(60);
    let minutes = format!("{minutes}&from={}", instant(from));
    let then = auditor.get(&minutes).await;
    then.ok();
    assert_eq!((then.position(), events(then.list("/timeline"))), (changed.position(), changed.position()), "{then}");
    assert_eq!(marks(&then, &campaign), [rule]);
    reporter.report_activity(&activity(&member.id, "visit")).await.created();
    assert_eq!(auditor.get(&minutes).await.json, then.json, "what was then is the same later");
}

#[tokio::test]
async fn a_window_of_the_log_that_is_none_is_refused_with_its_field() {
    let auditor = Stage::shared().await.auditor().await;
    for (query, field) in [
        ("from=2026-01-02&to=2026-01-01", "query.to"),
        ("timeZone=Mars/Olympus", "query.timeZone"),
        ("atPosition=999999999999", "query.atPosition"),
        ("atPosition=1&atTime=2026-01-01T00:00:00Z", "query.atTime"),
        ("atTime=2999-01-01T00:00:00Z", "query.atTime"),
        ("bucket=second", "query.bucket"),
        ("bucket=minute", "query.bucket"),
        ("limit=1", "query.limit"),
    ] {
        auditor.get(&format!("{PATH}?{query}")).await.invalid(field);
    }
    let empty = auditor.get(&format!("{PATH}?from=2026-01-01&to=2026-01-01&bucket=minute")).await;
    assert_eq!((empty.ok()["timeline"].clone(), empty.json["marks"].clone()), (json!([]), json!([])), "{empty}");
    let beginning = auditor.get(&format!("{PATH}?atPosition=0")).await;
    assert_eq!(events(beginning.list("/timeline")), 0, "{beginning}");
    // what is counted by the hour is not counted by the minute
    auditor.get("/dashboard/user-analytics?bucket=minute").await.invalid("query.bucket");
    let behind = auditor.send(Method::GET, PATH, &[("Ledger-Min-Position", "999999999999")], vec![]).await;
    behind.unwrap().problem(503, "projection_behind");
}
