//! Local dates follow the rules that the machine has today, and what depends on a date follows the date: a birthday is
//! one, whatever the event's zone says, and what waits for a day is woken by it.

use std::time::{Duration, Instant};

use chrono::{DateTime, Datelike, SubsecRound, TimeDelta, Timelike, Utc};
use serde_json::{Value, json};
use tests::support::process::free_port;
use tests::support::{
    Client, Database, Setup, TimeZones,
    programme::{activity, anybody, event, instant, reward, with},
};

const SOON: Duration = Duration::from_secs(30);
/// Long enough for what comes before the date changes.
const IN_A_MOMENT: TimeDelta = TimeDelta::seconds(12);

/// When a zone's date changes: zones know whole seconds.
fn in_a_moment() -> DateTime<Utc> {
    (Utc::now() + IN_A_MOMENT).trunc_subsecs(0)
}

/// Asks until the answer is yes.
async fn until(what: &str, mut asked: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !asked().await {
        assert!(started.elapsed() < SOON, "{what} never came");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn until_after(moment: DateTime<Utc>) {
    until("the moment", async || Utc::now() > moment).await;
}

/// The status of the only referral of an inviter.
async fn status(inviter: &Client) -> Value {
    inviter.get("/referrals/me").await.list("/referrals")[0]["status"].clone()
}

/// The metadata of the only event of this type about somebody.
async fn metadata(auditor: &Client, kind: &str, subject: &str) -> Value {
    let page = auditor.get(&format!("/audit/log?type={kind}&subject={subject}")).await;
    page.list("/events")[0]["metadata"].clone()
}

#[tokio::test]
async fn facts_get_the_date_of_todays_rules_and_the_release_is_shown_and_kept() {
    let database = Database::fresh().await;
    let address = format!("127.0.0.1:{}", free_port());
    let zones = TimeZones::of("2099a").ahead("Asia/Seoul", -10);
    let setup = Setup::on(&database).env("METRICS_LISTEN", &address).env("TZDIR", &zones.path().display().to_string());
    let service = setup.start().await;
    let reporter = service.demo("service").await;
    let member = service.client().register_with(json!({})).await.id;
    // America/Vancouver stays at UTC-7 since 2026: rules of 2025 say the 14th
    let facts = [
        ("America/Vancouver", "2026-11-15T07:30:00Z", "2026-11-15"),
        ("Asia/Seoul", "2026-06-10T09:00:00Z", "2026-06-09"),
    ];
    for (zone, occurred_at, _) in facts {
        let stated = json!({"occurredAt": occurred_at, "timeZone": zone});
        reporter.report_activity(&with(activity(&member, "visit"), stated)).await.created();
    }
    let auditor = service.demo("auditor").await;
    let seen = auditor.get(&format!("/audit/members/{member}/facts")).await;
    let mut dates: Vec<&str> = facts.iter().map(|(_, _, date)| *date).collect();
    dates.sort_unstable();
    let shown: Vec<&Value> = seen.list("/facts").iter().map(|fact| &fact["localDate"]).collect();
    assert_eq!(shown, dates);
    assert_eq!(metadata(&auditor, "activity.recorded", &member).await["timeZoneRules"], "2099a");
    assert_eq!(metadata(&auditor, "member.registered", &member).await["timeZoneRules"], "2099a");
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(service.client().get(path).await.ok()["timeZoneRules"], "2099a");
    }
    let figures = Client::of(&format!("http://{address}")).get("/metrics").await;
    let figures = String::from_utf8(figures.bytes).unwrap();
    assert!(figures.contains(r#"ledger_time_zone_rules_info{version="2099a"} 1"#), "{figures}");
    let config = service.command(&["config"], "");
    let line = format!("2099a ({})", zones.path().display());
    assert!(String::from_utf8_lossy(&config.stdout).lines().any(|it| it.starts_with("TZDIR") && it.contains(&line)));
}

#[tokio::test]
async fn old_rules_are_warned_of_and_a_folder_without_zones_is_refused() {
    let zones = TimeZones::of("2001a").ahead("Asia/Seoul", 9);
    let database = Database::fresh().await;
    let service = Setup::on(&database).env("TZDIR", &zones.path().display().to_string()).start().await;
    let log = service.log();
    assert!(log.contains("time zone rules 2001a") && log.contains("older than a year"), "{log}");
    let refused = service.command(&["config", "--tzdir=/nowhere/at/all"], "");
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("TZDIR"));
}

#[tokio::test]
async fn a_birthday_gift_is_given_once_though_the_events_date_changes_meanwhile() {
    let now = Utc::now();
    // a birthday of two days, where it is about to be midnight in UTC, is another test
    let member_zone = if now.hour() == 23 { "Etc/GMT+2" } else { "UTC" };
    let today = if now.hour() == 23 { (now - TimeDelta::hours(2)).date_naive() } else { now.date_naive() };
    let changes_at = in_a_moment();
    let zones = TimeZones::of("2099a").next_day_at("Pacific/Niue", changes_at);
    let database = Database::fresh().await;
    let service = Setup::on(&database).env("TZDIR", &zones.path().display().to_string()).start().await;
    let operator = service.demo("operator").await;
    let born = if (today.month(), today.day()) == (2, 29) { today } else { today.with_year(1995).unwrap() };
    let celebrating = json!({"birthDate": born.to_string(), "timeZone": member_zone});
    let member = service.client().sign_up_with(celebrating).await;
    let daily = json!({"frequency": "daily", "timeZone": "Pacific/Niue"});
    let gift = operator.create_event(&with(event(json!({"birthday": {}})), daily.clone())).await;
    let gift = operator.create_reward(&reward(&gift, None)).await;
    let other = operator.create_event(&with(event(anybody()), daily)).await;
    let other = operator.create_reward(&reward(&other, None)).await;

    let dry = member.client.post(&format!("/claims/{gift}/claim?dryRun=true"), &json!({})).await.created().clone();
    let granted = member.client.claim(&gift).await.created()["claim"].clone();
    let before = member.client.claim(&other).await.created()["claim"]["period"].clone();
    assert!(Utc::now() < changes_at, "this machine is too slow for the test");
    for claim in [&dry["claim"], &granted] {
        assert_eq!((&claim["period"], &claim["evidence"][0]["localDate"]), (&json!(today), &json!(today)));
    }
    until_after(changes_at).await;
    let after = member.client.claim(&other).await.created()["claim"]["period"].clone();
    assert_ne!(before, after, "it is another day where the event is");
    member.client.claim(&gift).await.problem(409, "already_claimed");

    let event = granted["eventId"].as_str().unwrap();
    let progress = member.client.get(&format!("/events/{event}/progress")).await;
    let line = &progress.ok()["rewards"][0];
    assert_eq!(line["claimStatus"], "granted");
    let next: DateTime<Utc> = line["nextPeriodStartsAt"].as_str().unwrap().parse().unwrap();
    assert_eq!(next.hour(), if member_zone == "UTC" { 0 } else { 2 }, "the member's midnight");
    let auditor = service.demo("auditor").await;
    let again = auditor.get(&format!("/audit/claims/{}/re-evaluation", granted["id"].as_str().unwrap())).await;
    assert_eq!(again.ok()["same"], true, "{}", again.json);
}

#[tokio::test]
async fn a_referral_qualifies_when_time_alone_fulfils_its_condition() {
    let changes_at = in_a_moment();
    let zones = TimeZones::of("2099a").next_day_at("Pacific/Niue", changes_at);
    let came_and_stayed_away = json!({"all": [
        {"count": {"kind": "visit", "count": 1}},
        {"not": {"activeDays": {"kind": "visit", "days": 1, "within": "1d"}}},
    ]});
    let database = Database::fresh().await;
    let setup = Setup::on(&database)
        .env("TZDIR", &zones.path().display().to_string())
        .env("REFERRAL_CONDITION", &came_and_stayed_away.to_string());
    let service = setup.start().await;
    let inviter = service.client().sign_up().await.client;
    let code = inviter.get("/auth/invite-code").await.text("/inviteCode");
    let invitee = service.client().register_with(json!({"inviteCode": code, "timeZone": "Pacific/Niue"})).await;
    let reporter = service.demo("service").await;
    reporter.report_activity(&activity(&invitee.id, "visit")).await.created();
    assert!(Utc::now() < changes_at, "this machine is too slow for the test");
    until("the referral", async || !inviter.get("/referrals/me").await.list("/referrals").is_empty()).await;
    if Utc::now() < changes_at {
        assert_eq!(status(&inviter).await, "pending");
    }
    until("the reward of the next day", async || status(&inviter).await == "qualified").await;
    assert!(Utc::now() > changes_at);
}

#[tokio::test]
async fn a_changed_condition_is_asked_of_all_who_wait() {
    let condition = |count: u32| json!({"count": {"kind": "visit", "count": count}}).to_string();
    let database = Database::fresh().await;
    let first = Setup::on(&database).env("REFERRAL_CONDITION", &condition(2)).start().await;
    let inviter = first.client().sign_up().await;
    let code = inviter.client.get("/auth/invite-code").await.text("/inviteCode");
    let invitee = first.client().register_with(json!({"inviteCode": code})).await;
    let visited = json!({"occurredAt": instant(Utc::now() - TimeDelta::days(3))});
    first.demo("service").await.report_activity(&with(activity(&invitee.id, "visit"), visited)).await.created();
    until("the referral", async || !inviter.client.get("/referrals/me").await.list("/referrals").is_empty()).await;
    assert_eq!(status(&inviter.client).await, "pending");
    first.terminate();

    let second = Setup::on(&database).env("REFERRAL_CONDITION", &condition(1)).start().await;
    let inviter = second.client().login(&inviter.email, tests::support::client::PASSWORD).await;
    until("the qualification", async || status(&inviter).await == "qualified").await;
}
