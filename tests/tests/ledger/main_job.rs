//! The main job, end to end: invited, active on seven local days, rewarded exactly once, refused with a reason, and to be
//! seen in the history, on the dashboard, in the log and on Kafka; also after a power cut.

use std::time::Duration;

use domain::zone::Tz;
use serde_json::{Value, json};
use tests::support::{
    Broker, Client, Database, Log, Setup,
    client::Member,
    programme::{daily_until_yesterday, event, reward, unique},
    topic::Topic,
};

#[tokio::test]
async fn seven_days_in_a_row_are_rewarded_once_and_everything_shows_it() {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("main-{}", unique()));
    let service = Setup::on(&database).kafka(broker, &topic).start().await;
    let (operator, reporter) = (service.demo("operator").await, service.demo("service").await);
    let before = operator.get("/dashboard").await.ok().clone();

    let inviter = service.client().sign_up().await;
    let code = inviter.client.get("/auth/invite-code").await.text("/inviteCode");
    let member = service.client().sign_up_with(json!({"inviteCode": code, "timeZone": "Asia/Seoul"})).await;
    let other = service.client().sign_up_with(json!({"timeZone": "Asia/Seoul"})).await;
    report_logins(&reporter, &member, 6, "Asia/Seoul".parse().unwrap()).await; // the seventh is today's own log-in
    report_logins(&reporter, &other, 4, "Asia/Seoul".parse().unwrap()).await;

    let campaign = operator.create_event(&event(json!("DAILY_LOGIN_7_DAYS"))).await;
    let prize = operator.create_reward(&reward(&campaign, Some(10))).await;

    let granted = member.client.claim(&prize).await;
    granted.created();
    let claim = granted.text("/claim/id");
    assert_eq!(granted.json["claim"]["status"], "granted");
    assert_eq!(granted.json["claim"]["period"], "once");
    assert_eq!(granted.json["claim"]["amount"], 100);
    assert_eq!(granted.json["claim"]["userId"], member.id);
    assert_eq!(granted.json["claim"]["timeZone"], "Asia/Seoul");
    assert_eq!(granted.json["claim"]["evidence"], streak_of(7));
    assert_eq!(granted.number("/claim/position"), granted.position());
    is_refused_the_second_time(&member.client, &prize, &claim).await;

    let refused = other.client.claim(&prize).await;
    refused.problem(422, "condition_unmet");
    assert_eq!(refused.json["evidence"], streak_of(5));

    the_history_shows(&member.client, refused.position(), &prize, "granted").await;
    the_history_shows(&other.client, refused.position(), &prize, "denied").await;
    let now = operator.get_at("/dashboard", refused.position()).await.ok().clone();
    for status in ["granted", "denied"] {
        let count = |dashboard: &Value| dashboard["claims"][status].as_i64().unwrap();
        assert_eq!(count(&now) - count(&before), 1, "{status} in {now}");
    }
    let stock = operator.get_at(&format!("/rewards/{prize}"), refused.position()).await;
    assert_eq!(stock.ok()["reward"]["remaining"], 9);

    the_invitation_counts(&operator, &inviter.client).await;

    let log = Log::of(&database).await;
    assert_eq!(log.streams_with("claim.granted").await.get(&claim), Some(&1));
    log.assert_sound().await;
    let head = log.head().await;
    Topic::new(&broker.bootstrap(), &topic).messages_up_to(head, Duration::from_secs(30));

    service.kill_9();
    service.restart().await;
    is_refused_the_second_time(&member.client, &prize, &claim).await;
    assert_eq!(log.streams_with("claim.granted").await.get(&claim), Some(&1), "nothing is lost, nothing doubled");
    the_history_shows(&member.client, refused.position(), &prize, "granted").await;
    log.assert_sound().await;
}

async fn report_logins(reporter: &Client, member: &Member, days: u64, zone: Tz) {
    reporter.report_activities(&daily_until_yesterday(&member.id, "login", days, zone)).await;
}

fn streak_of(days: u32) -> Value {
    json!([{"path": "", "leaf": "streak", "kind": "login", "need": 7, "have": days, "met": days >= 7}])
}

async fn is_refused_the_second_time(member: &Client, prize: &str, claim: &str) {
    let again = member.claim(prize).await;
    again.problem(409, "already_claimed");
    assert_eq!(again.json["claimId"], claim);
    assert_eq!(again.json["claimStatus"], "granted");
    assert!(again.number("/position") > 0);
}

async fn the_history_shows(member: &Client, position: i64, prize: &str, status: &str) {
    let history = member.get_at("/claims/me", position).await;
    history.ok();
    let claims = history.list("/claims");
    assert_eq!(claims.len(), 1, "one claim, one line: {history}");
    assert_eq!(claims[0]["status"], status);
    assert_eq!(claims[0]["rewardId"], prize);
    assert_eq!(claims[0]["reward"]["name"], "A hundred points");
    let reason = if status == "denied" { json!("condition_unmet") } else { Value::Null };
    assert_eq!(claims[0]["reason"], reason);
}

/// The invitee was active on two days, so the referral qualifies: soon, since a follower of the log sees to it.
async fn the_invitation_counts(operator: &Client, inviter: &Client) {
    let campaign = operator.create_event(&event(json!({"referrals": {"count": 1}}))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    for _ in 0..100 {
        let answer = inviter.claim(&prize).await;
        if answer.status == 201 {
            assert_eq!(answer.json["claim"]["evidence"][0]["have"], 1);
            return;
        }
        answer.problem(422, "condition_unmet");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the referral is not qualified after ten seconds");
}
