//! How far a member has come in an event, judged now and without a trace.

use chrono::{DateTime, Days, NaiveTime, TimeDelta, TimeZone, Utc};
use domain::zone::Tz;
use serde_json::{Value, json};
use tests::support::{
    Stage,
    programme::{activity, id, instant, reward, with},
};

use super::claims::campaign;

#[tokio::test]
async fn a_member_sees_how_far_it_is_and_what_is_left() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let event = campaign(&operator, json!({"condition": {"count": {"kind": "review", "count": 2}}})).await;
    let scarce = operator.create_reward(&reward(&event, Some(3))).await;
    let endless = operator.create_reward(&reward(&event, None)).await;
    let mina = stage.nobody().sign_up().await;
    let path = format!("/events/{event}/progress");
    let head = stage.log().await.head().await;
    for (have, eligible) in [(0, false), (1, false), (2, true)] {
        let progress = mina.client.get(&path).await;
        assert_eq!((&progress.ok()["eventId"], &progress.json["eligible"]), (&json!(event), &json!(eligible)));
        let leaf = json!({"path": "", "leaf": "count", "kind": "review", "need": 2, "have": have, "met": eligible});
        assert_eq!(progress.json["evidence"], json!([leaf]));
        let nothing = json!({"claimStatus": null, "nextPeriodStartsAt": null});
        for (index, (prize, remaining)) in [(&scarce, json!(3)), (&endless, Value::Null)].into_iter().enumerate() {
            let line = &progress.json["rewards"][index];
            assert_eq!((&line["id"], &line["remaining"]), (&json!(prize), &remaining));
            assert_eq!(line["claimStatus"], nothing["claimStatus"]);
            assert_eq!(line["nextPeriodStartsAt"], nothing["nextPeriodStartsAt"]);
        }
        assert!(progress.position() >= head);
        reporter.report_activity(&activity(&mina.id, "review")).await.created();
    }
    let claimed = mina.client.claim(&scarce).await;
    claimed.created();
    let progress = mina.client.get_at(&path, claimed.position()).await;
    assert_eq!(progress.ok()["eligible"], true, "what is claimed is the reward's matter");
    let first = &progress.json["rewards"][0];
    assert_eq!((&first["remaining"], &first["claimStatus"]), (&json!(2), &json!("granted")));
    let asked_for = reporter.get(&format!("{path}?memberId={}", mina.id)).await;
    assert_eq!(asked_for.ok(), &progress.json, "a service sees what the member sees");
}

#[tokio::test]
async fn the_next_period_begins_with_the_next_local_day_week_or_month_of_the_event() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let member = stage.newcomer().await;
    let ends_at = Utc::now() + TimeDelta::days(80);
    let seoul: Tz = "Asia/Seoul".parse().unwrap();
    for frequency in ["daily", "weekly", "monthly", "once"] {
        let terms = json!({"frequency": frequency, "timeZone": "Asia/Seoul", "endDate": instant(ends_at)});
        let event = campaign(&operator, terms).await;
        let prize = operator.create_reward(&reward(&event, None)).await;
        let claim = reporter.claim_for(&prize, &member).await;
        let progress = reporter.get(&format!("/events/{event}/progress?memberId={member}")).await;
        let line = &progress.ok()["rewards"][0];
        let Some(next) = line["nextPeriodStartsAt"].as_str() else {
            assert_eq!((frequency, &line["claimStatus"]), ("once", &json!("granted")));
            continue;
        };
        let next: DateTime<Utc> = next.parse().unwrap();
        assert!(next > Utc::now(), "{frequency}");
        let local = next.with_timezone(&seoul);
        assert_eq!(local.time(), NaiveTime::MIN, "{frequency}");
        let period = |at: DateTime<Tz>| match frequency {
            "daily" => at.format("%Y-%m-%d").to_string(),
            "weekly" => at.format("%G-W%V").to_string(),
            _ => at.format("%Y-%m").to_string(),
        };
        assert_ne!(period(local), period(local - TimeDelta::seconds(1)), "{frequency}: another period begins");
        assert_eq!(claim.created()["claim"]["period"], period(local - TimeDelta::seconds(1)), "{frequency}");
    }
    let midnight = (Utc::now().with_timezone(&seoul).date_naive() + Days::new(1)).and_time(NaiveTime::MIN);
    let last_day = instant(seoul.from_local_datetime(&midnight).unwrap().with_timezone(&Utc));
    let terms = json!({"frequency": "daily", "timeZone": "Asia/Seoul", "endDate": last_day});
    let event = campaign(&operator, terms).await;
    operator.create_reward(&reward(&event, None)).await;
    let progress = reporter.get(&format!("/events/{event}/progress?memberId={member}")).await;
    assert_eq!(progress.ok()["rewards"][0]["nextPeriodStartsAt"], Value::Null, "there is no period after the last");
}

/// Of the reward over its periods, and of the event over its rewards; others are not counted.
#[tokio::test]
async fn a_member_sees_that_it_has_all_that_one_member_may_have() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let event = campaign(&operator, json!({"perMemberLimit": 2})).await;
    let once = operator.create_reward(&with(reward(&event, None), json!({"perMemberLimit": 1}))).await;
    let other = operator.create_reward(&reward(&event, None)).await;
    let last = operator.create_reward(&reward(&event, None)).await;
    let (mina, noah) = (stage.newcomer().await, stage.newcomer().await);
    let reached = async |member: &str| {
        let progress = reporter.get(&format!("/events/{event}/progress?memberId={member}")).await;
        let lines = progress.list("/rewards").iter();
        lines.map(|line| (line["id"].as_str().unwrap().to_owned(), line["limitReached"].clone())).collect::<Vec<_>>()
    };
    let all = |reached: [bool; 3]| {
        [&once, &other, &last].into_iter().zip(reached).map(|(id, it)| (id.clone(), json!(it))).collect::<Vec<_>>()
    };
    assert_eq!(reached(&mina).await, all([false, false, false]));
    let claim = reporter.claim_for(&once, &mina).await;
    claim.created();
    assert_eq!(reached(&mina).await, all([true, false, false]));
    reporter.claim_for(&other, &mina).await.created();
    assert_eq!(reached(&mina).await, all([true, true, true]), "the event's limit is every reward's");
    reporter.claim_for(&last, &mina).await.problem(409, "limit_reached");
    assert_eq!(reached(&noah).await, all([false, false, false]));
    let taken_back = json!({"status": "REVERSED", "note": "why"});
    operator.patch(&format!("/reward-requests/{}", claim.text("/claim/id")), &taken_back).await.ok();
    assert_eq!(reached(&mina).await, all([false, false, false]), "what was taken back does not count");
}

#[tokio::test]
async fn nobody_is_eligible_before_the_event_begins() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let tomorrow = json!({"startDate": instant(Utc::now() + TimeDelta::days(1))});
    let event = campaign(&operator, tomorrow).await;
    let progress = operator.get(&format!("/events/{event}/progress")).await;
    assert_eq!((&progress.ok()["eligible"], &progress.json["rewards"]), (&json!(false), &json!([])));
    assert_eq!(progress.json["evidence"][0]["path"], "not");
}

#[tokio::test]
async fn a_service_says_about_whom_and_nobody_else_may() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let event = campaign(&operator, json!({})).await;
    let path = format!("/events/{event}/progress");
    reporter.get(&path).await.invalid("query.memberId");
    operator.get(&format!("{path}?memberId={}", id())).await.invalid("query.memberId");
    operator.get(&format!("{path}?member={}", id())).await.invalid("query.member");
    stage.auditor().await.get(&path).await.problem(403, "forbidden");
    reporter.get(&format!("{path}?memberId={}", id())).await.problem(404, "member_unknown");
    operator.get(&format!("/events/{}/progress", id())).await.problem(404, "not_found");
    let ahead = [("ledger-min-position", "999999999")];
    let behind = operator.send(reqwest::Method::GET, &path, &ahead, Vec::new()).await.unwrap();
    behind.problem(503, "projection_behind");
}
