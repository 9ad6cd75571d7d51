//! The dashboard over HTTP: a small programme whose numbers were counted by hand, the same numbers as of then, and
//! every way of asking for a window that is none.

use chrono::Utc;
use reqwest::Method;
use serde_json::{Value, json};
use tests::support::{
    Answer, Stage,
    programme::{activity, anybody, event, instant, reward, with},
};

const PATHS: [&str; 4] =
    ["/dashboard", "/dashboard/event-analytics", "/dashboard/reward-analytics", "/dashboard/user-analytics"];

/// How much a number grew between two answers.
#[track_caller]
fn grew(before: &Answer, after: &Answer, pointer: &str) -> i64 {
    after.number(pointer) - before.number(pointer)
}

/// The number beside a label in a distribution.
#[track_caller]
fn of(answer: &Answer, list: &str, label: (&str, &str), number: &str) -> i64 {
    let line = answer.list(list).iter().find(|line| line[label.0] == label.1);
    line.and_then(|line| line[number].as_i64()).unwrap_or_else(|| panic!("no {number} of {label:?} in {answer}"))
}

/// All buckets of a timeline together.
#[track_caller]
fn sum(answer: &Answer, number: &str) -> i64 {
    answer.list("/timeline").iter().map(|bucket| bucket[number].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn a_small_programme_is_counted_as_by_hand_and_later_as_it_stood_then() {
    let stage = Stage::own().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (before, events, rewards, users) = (
        operator.get(PATHS[0]).await,
        operator.get(PATHS[1]).await,
        operator.get(PATHS[2]).await,
        operator.get(PATHS[3]).await,
    );

    // three members; one event that pays at once, one where an operator decides, one that only two visits open
    let (one, two) = (stage.nobody().register_with(json!({})).await, stage.nobody().register_with(json!({})).await);
    stage.nobody().register_with(json!({})).await;
    let open = operator.create_event(&event(anybody())).await;
    let manual = operator.create_event(&with(event(anybody()), json!({"approval": "manual"}))).await;
    let strict = operator.create_event(&event(json!({"count": {"kind": "visit", "count": 2}}))).await;
    let coupon = with(reward(&open, Some(10)), json!({"type": "COUPON", "amount": 3}));
    let coupon = operator.create_reward(&coupon).await;
    let item = operator.create_reward(&with(reward(&manual, Some(5)), json!({"type": "ITEM", "amount": 1}))).await;
    let points = operator.create_reward(&reward(&strict, None)).await;

    reporter.claim_for(&coupon, &one.id).await.created();
    let then = reporter.claim_for(&coupon, &two.id).await;
    then.created();
    let refused = reporter.claim_for(&points, &one.id).await;
    refused.problem(422, "condition_unmet");
    reporter.report_activity(&activity(&one.id, "visit")).await.created();
    let refused_again = reporter.claim_for(&points, &one.id).await;
    refused_again.problem(422, "condition_unmet");
    let waiting = reporter.claim_for(&item, &one.id).await;
    waiting.expect(202);
    let last = waiting.position();

    let after = operator.get_at(PATHS[0], last).await;
    after.ok();
    for (pointer, number) in [
        ("/events/active", 3),
        ("/rewards/COUPON", 1),
        ("/rewards/ITEM", 1),
        ("/rewards/POINT", 1),
        ("/claims/granted", 2),
        ("/claims/denied", 1),
        ("/claims/pending", 1),
        ("/members/total", 3),
        ("/members/new", 3),
        ("/members/active", 1),
    ] {
        assert_eq!(grew(&before, &after, pointer), number, "{pointer} of {after}");
    }
    assert_eq!((after.position(), after.number("/asOf/position")), (last, last));

    let now = operator.get_at(PATHS[1], last).await;
    assert_eq!(sum(&now, "granted") - sum(&events, "granted"), 2);
    assert_eq!(sum(&now, "started") - sum(&events, "started"), 3);
    let of_event = |event: &str| now.list("/rewardsPerEvent").iter().find(|line| line["eventId"] == *event).cloned();
    let line = of_event(&open).unwrap();
    assert_eq!(
        [&line["rewards"], &line["granted"], &line["held"], &line["remaining"]],
        [&json!(1), &json!(2), &json!(0), &json!(8)]
    );
    let line = of_event(&manual).unwrap();
    assert_eq!([&line["granted"], &line["held"], &line["remaining"]], [&json!(0), &json!(1), &json!(4)]);
    assert_eq!(of_event(&strict).unwrap()["remaining"], Value::Null, "points have no limit");
    assert_eq!(now.list("/rewardsPerEvent")[0]["eventId"], *strict, "the newest event comes first");

    let now = operator.get_at(PATHS[2], last).await;
    for (label, number, grown) in
        [(("type", "COUPON"), "granted", 2), (("type", "COUPON"), "amount", 6), (("type", "ITEM"), "granted", 0)]
    {
        let list = "/typeDistribution";
        assert_eq!(of(&now, list, label, number) - of(&rewards, list, label, number), grown, "{label:?} {now}");
    }
    let unmet = ("reason", "condition_unmet");
    let denied = |answer: &Answer| of(answer, "/denialReasons", unmet, "count");
    assert_eq!(denied(&now) - denied(&rewards), 2, "one claim, two attempts");
    assert_eq!(sum(&now, "denied") - sum(&rewards, "denied"), 2);
    assert_eq!(sum(&now, "pending") - sum(&rewards, "pending"), 1);
    let denied = |answer: &Answer| of(answer, "/claimStatusDistribution", ("status", "denied"), "count");
    assert_eq!(denied(&now) - denied(&rewards), 1);

    let now = operator.get_at(PATHS[3], last).await;
    assert_eq!((grew(&users, &now, "/newMembers"), grew(&users, &now, "/activeMembers")), (3, 1));
    assert_eq!((sum(&now, "claimants") - sum(&users, "claimants"), sum(&now, "new") - sum(&users, "new")), (2, 3));

    // as of the second coupon nobody was refused and nobody waits
    let past = operator.get(&format!("/dashboard?atPosition={}", then.position())).await;
    past.ok();
    assert_eq!(past.position(), then.position());
    assert_eq!((grew(&before, &past, "/claims/granted"), grew(&before, &past, "/claims/denied")), (2, 0));
    assert_eq!((grew(&before, &past, "/members/new"), grew(&before, &past, "/members/active")), (3, 0));
    let at = past.text("/asOf/recordedAt");
    let same = operator.get(&format!("/dashboard?atTime={at}")).await;
    assert!(same.number("/asOf/position") >= then.position(), "the last event of that moment");
    let past = operator.get(&format!("/dashboard/reward-analytics?atPosition={}", then.position())).await;
    assert_eq!(
        (sum(&past, "denied") - sum(&rewards, "denied"), sum(&past, "granted") - sum(&rewards, "granted")),
        (0, 2)
    );
}

#[tokio::test]
async fn facts_count_in_the_bucket_of_their_moment_in_any_zone_until_they_are_voided() {
    let stage = Stage::own().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let [one, two] = [stage.nobody().register_with(json!({})).await, stage.nobody().register_with(json!({})).await];
    let report = async |member: &str, at: &str| {
        let fact = with(activity(member, "visit"), json!({"occurredAt": at, "source": "shop"}));
        (fact["id"].as_str().unwrap().to_owned(), reporter.report_activity(&fact).await.position())
    };
    report(&one.id, "2021-03-13T18:14:59.999Z").await;
    report(&one.id, "2021-03-13T18:15:00Z").await;
    let (_, last) = report(&two.id, "2021-03-14T07:30:00Z").await;
    let active = async |query: &str| {
        let answer = operator.get_at(&format!("/dashboard/user-analytics?{query}"), last).await;
        answer.ok();
        let timeline = answer.list("/timeline").iter();
        let seen =
            timeline.map(|bucket| (bucket["bucket"].as_str().unwrap().to_owned(), bucket["active"].as_i64().unwrap()));
        (answer.number("/activeMembers"), seen.collect::<Vec<_>>())
    };
    let bucket = |start: &str, active: i64| (start.to_owned(), active);

    let days = active("from=2021-03-13&to=2021-03-15&timeZone=Asia/Kathmandu").await;
    assert_eq!(days, (2, vec![bucket("2021-03-12T18:15:00.000Z", 1), bucket("2021-03-13T18:15:00.000Z", 2)]));
    let days = active("from=2021-03-13&to=2021-03-16&timeZone=America/New_York&bucket=day").await;
    let starts = ["2021-03-13T05:00:00.000Z", "2021-03-14T05:00:00.000Z", "2021-03-15T04:00:00.000Z"];
    assert_eq!(days.1, [bucket(starts[0], 1), bucket(starts[1], 1), bucket(starts[2], 0)]);
    let hours = active("from=2021-03-14&to=2021-03-15&timeZone=America/New_York&bucket=hour").await;
    assert_eq!(hours.1.len(), 23, "the clock was put forward");
    let at_three = ("2021-03-14T07:00:00.000Z".to_owned(), 1);
    assert_eq!(hours.1[2], at_three, "three o'clock follows one o'clock");
    let edge = active("from=2021-03-13T18:14:59.999Z&to=2021-03-13T18:15:00Z&bucket=month").await;
    assert_eq!(edge, (1, vec![bucket("2021-03-01T00:00:00.000Z", 1)]));
    assert_eq!(active("from=2021-03-13T18:15:00.001Z&to=2021-03-14T07:30:00Z").await.0, 0);
}

#[tokio::test]
async fn a_window_that_is_none_is_refused_with_its_field() {
    let stage = Stage::shared().await;
    let auditor = stage.auditor().await;
    for path in PATHS {
        for (query, field) in [
            ("from=2026-01-02&to=2026-01-01", "query.to"),
            ("from=2999-01-01", "query.from"),
            ("from=yesterday", "query.from"),
            ("to=2026-01-01T00:00:00", "query.to"),
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
        auditor.get(&format!("{path}?bucket=year")).await.invalid("query.bucket");
        let hours = "from=2026-01-01T00:00:00Z&to=2026-03-25T08:00:00Z&bucket=hour";
        let answer = auditor.get(&format!("{path}?{hours}")).await;
        if path == "/dashboard" {
            assert!(answer.ok().get("timeline").is_none(), "{answer}");
        } else {
            assert_eq!(answer.list("/timeline").len(), 2_000);
        }
        let hours = "from=2026-01-01T00:00:00Z&to=2026-03-25T08:00:00.001Z&bucket=hour";
        auditor.get(&format!("{path}?{hours}")).await.invalid("query.bucket");
    }
    // without a bucket its window may be as long as the log
    let all = auditor.get("/dashboard?from=0001-01-01&to=9000-01-01").await;
    assert_eq!(all.ok()["members"]["new"], all.json["members"]["total"], "{all}");
    for bucket in ["hour", "day", "week", "month"] {
        auditor.get(&format!("/dashboard?bucket={bucket}")).await.ok();
    }
    let behind = auditor.send(Method::GET, PATHS[3], &[("Ledger-Min-Position", "999999999999")], vec![]).await;
    behind.unwrap().problem(503, "projection_behind");
}

#[tokio::test]
async fn a_window_from_a_moment_to_the_same_is_empty() {
    let stage = Stage::shared().await;
    let auditor = stage.auditor().await;
    let now = instant(Utc::now());
    for moment in ["2026-01-02", "2026-01-02T12:34:56.789Z", "2999-01-01", &now] {
        for bucket in ["", "&bucket=hour", "&bucket=month"] {
            let window = format!("from={moment}&to={moment}{bucket}");
            let summary = auditor.get(&format!("/dashboard?{window}")).await;
            let members = &summary.ok()["members"];
            assert_eq!((&members["active"], &members["new"]), (&json!(0), &json!(0)), "{summary}");
            for path in &PATHS[1..] {
                let answer = auditor.get(&format!("{path}?{window}")).await;
                assert_eq!(answer.ok()["timeline"], json!([]), "{answer}");
            }
            let users = auditor.get(&format!("/dashboard/user-analytics?{window}")).await;
            assert_eq!((users.number("/activeMembers"), users.number("/newMembers")), (0, 0));
        }
        for list in ["/claims", "/claims/filter", "/reward-requests"] {
            let answer = auditor.get(&format!("{list}?from={moment}&to={moment}")).await;
            assert_eq!(answer.ok()["claims"], json!([]), "{answer}");
        }
    }
}

#[tokio::test]
async fn the_beginning_of_the_log_has_no_numbers_and_every_label() {
    let auditor = Stage::shared().await.auditor().await;
    let answer = auditor.get("/dashboard?atPosition=0").await;
    let zero = json!({
        "events": {"scheduled": 0, "active": 0, "paused": 0, "ended": 0},
        "rewards": {"POINT": 0, "ITEM": 0, "COUPON": 0},
        "claims": {"pending": 0, "granted": 0, "fulfilled": 0, "fulfilment_failed": 0, "denied": 0, "rejected": 0,
                   "expired": 0, "reversed": 0},
        "members": {"total": 0, "active": 0, "new": 0},
        "participationRate": 0.0,
        "asOf": {"position": 0, "recordedAt": "1970-01-01T00:00:00.000Z"},
    });
    assert_eq!(*answer.ok(), zero);
    let first = auditor.get("/dashboard/event-analytics?atPosition=1").await;
    let recorded_at = first.text("/asOf/recordedAt");
    assert_eq!(first.list("/timeline").len(), 31, "thirty days that end at {recorded_at}");
}
