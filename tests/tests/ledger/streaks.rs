//! How long members keep at something, and until when a streak can still be saved.

use chrono::{Days, NaiveTime, TimeZone, Timelike, Utc};
use domain::zone::Tz;
use serde_json::{Value, json};
use tests::support::{
    Stage,
    programme::{activity, daily_until_yesterday, id, instant, with},
};

/// A zone in which it is hours to midnight whenever the test runs.
fn far_from_midnight() -> Tz {
    let zone = if (13..22).contains(&Utc::now().hour()) { "America/St_Johns" } else { "Asia/Kathmandu" };
    zone.parse().unwrap()
}

#[tokio::test]
async fn a_streak_is_at_risk_until_the_local_day_ends_and_a_fact_of_today_saves_it() {
    let stage = Stage::shared().await;
    let zone = far_from_midnight();
    let today = Utc::now().with_timezone(&zone).date_naive();
    let mina = stage.nobody().sign_up_with(json!({"timeZone": zone.name()})).await;
    let reporter = stage.reporter().await;
    let asked = async |position| mina.client.get_at("/streaks/me?kind=visit", position).await.ok().clone();

    let none = json!({"kind": "visit", "timeZone": zone.name(), "today": today.to_string(), "current": 0, "longest": 0,
        "activeDays": 0, "lastOn": null, "atRiskUntil": null});
    assert_eq!(asked(stage.log().await.head().await).await, none);

    let mut days = daily_until_yesterday(&mina.id, "visit", 8, zone);
    days.remove(4); // four in a row, a gap, three in a row
    let position = reporter.report_activities(&days).await.position();
    let midnight = (today + Days::new(1)).and_time(NaiveTime::MIN);
    let midnight = zone.from_local_datetime(&midnight).earliest().expect("midnight is on every day of these zones");
    let yesterday = today - Days::new(1);
    let at_risk = json!({"current": 4, "longest": 4, "activeDays": 7, "lastOn": yesterday.to_string(),
        "atRiskUntil": instant(midnight.with_timezone(&Utc))});
    assert_eq!(asked(position).await, with(none.clone(), at_risk));

    let saved = reporter.report_activity(&activity(&mina.id, "visit")).await;
    let safe = json!({"current": 5, "longest": 5, "activeDays": 8, "lastOn": today.to_string()});
    assert_eq!(asked(saved.position()).await, with(none, safe), "nothing is at risk any more");
}

#[tokio::test]
async fn a_streak_is_of_logins_unless_another_kind_is_named_and_staff_see_that_of_anybody() {
    let stage = Stage::shared().await;
    let (mina, auditor) = (stage.nobody().sign_up().await, stage.auditor().await);
    let own = mina.client.get_at("/streaks/me", stage.log().await.head().await).await;
    assert_eq!((&own.ok()["kind"], &own.json["current"]), (&json!("login"), &json!(1)), "signing up logged in");
    assert_eq!(own.json["atRiskUntil"], Value::Null);
    let seen = auditor.get_at(&format!("/streaks/user/{}?kind=login", mina.id), own.position()).await;
    assert_eq!(seen.ok(), &own.json);
    auditor.get(&format!("/streaks/user/{}", id())).await.problem(404, "member_unknown");
    mina.client.get("/streaks/me?kind=Log%20in").await.invalid("query.kind");
}

#[tokio::test]
async fn days_with_an_activity_are_told_up_to_today_of_whatever_kind() {
    let stage = Stage::shared().await;
    let zone = far_from_midnight();
    let today = Utc::now().with_timezone(&zone).date_naive();
    let mina = stage.nobody().register_with(json!({"timeZone": zone.name()})).await;
    let mut facts = daily_until_yesterday(&mina.id, "visit", 3, zone);
    facts.remove(1); // yesterday and three days ago
    facts.extend(daily_until_yesterday(&mina.id, "review", 1, zone));
    let position = stage.reporter().await.report_activities(&facts).await.position();
    let auditor = stage.auditor().await;
    let path = format!("/streaks/user/{}/days", mina.id);
    let ago = |days| (today - Days::new(days)).to_string();
    let told = auditor.get_at(&path, position).await;
    let days = json!([{"date": ago(3), "activities": 1}, {"date": ago(1), "activities": 2}]);
    let whole = json!({"timeZone": zone.name(), "from": ago(111), "today": today.to_string(), "days": days});
    assert_eq!(told.ok(), &whole);
    let two = auditor.get(&format!("{path}?days=2")).await;
    assert_eq!((&two.ok()["from"], &two.json["days"]), (&json!(ago(1)), &json!([days[1]])));
    for days in ["0", "367", "x"] {
        auditor.get(&format!("{path}?days={days}")).await.invalid("query.days");
    }
    auditor.get(&format!("/streaks/user/{}/days", id())).await.problem(404, "member_unknown");
}
