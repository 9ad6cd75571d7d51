//! A demo is known to everybody: what it leaves behind opens no door once it is over.

use std::collections::BTreeMap;

use api::cli::database::Database as Opened;
use api::cli::demo::history::{self, Made};
use api::config::Config;
use chrono::{TimeZone, Utc};
use clap::Parser;
use domain::Moment;
use serde_json::{Value, json};
use sqlx::Row;
use tests::support::{Answer, Client, Database, Service, Setup, auditor::Auditor, programme::email};

const ROLES: [&str; 5] = ["admin", "operator", "auditor", "service", "member"];
const PASSWORD: &str = "a long enough password";

async fn log_in(client: &Client, name: &str) -> Answer {
    client.post("/auth/login", &json!({"email": format!("{name}@example.com"), "password": "ledger-demo"})).await
}

async fn nobody_of_the_demo_gets_in(service: &Service) {
    for name in ROLES {
        log_in(&service.client(), name).await.problem(401, "invalid_credentials");
    }
}

/// It ends by itself, and says why and what to do.
#[track_caller]
fn refuses(setup: Setup, number: usize) {
    let refused = setup.launch();
    assert!(!refused.ended().success(), "it does not start");
    let log = refused.log();
    assert!(log.contains(&format!("holds {number} accounts of the demo")), "{log}");
    assert!(log.contains("reward-ledger demo remove"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_the_demo_its_database_is_refused_until_the_demo_is_removed() {
    let database = Database::fresh().await;
    let demo = Setup::on(&database).start().await;
    let keys = demo.data().join("token.keys").display().to_string();
    let session = log_in(&demo.client(), "admin").await;
    demo.restart().await; // goes on as before
    log_in(&demo.client(), "admin").await.ok();
    demo.terminate();
    refuses(Setup::on(&database).without_demo(), 5);
    refuses(Setup::on(&database).without_demo().arguments(&["serve", "--only", "api"]), 5);

    let auditor = Auditor::of(&database.url);
    let removed = auditor.run(&["demo", "remove"]);
    assert_eq!(removed.code, 0, "{}", removed.err);
    assert!(removed.out.starts_with("erased 5 demo accounts and ended 2 demo events"), "{}", removed.out);
    let again = auditor.run(&["demo", "remove"]);
    assert!(again.out.starts_with("erased 0 demo accounts and ended 0 demo events"), "{}", again.out);

    let service = Setup::on(&database).without_demo().env("TOKEN_KEY_FILE", &keys).start().await;
    nobody_of_the_demo_gets_in(&service).await;
    let nobody = service.client();
    nobody.with_token(&session.text("/accessToken")).get("/events").await.problem(401, "unauthenticated");
    nobody
        .post("/auth/refresh", &json!({"refreshToken": session.text("/refreshToken")}))
        .await
        .problem(401, "unauthenticated");
    let chief = email();
    let made = service.command(&["admin", "create", "--email", &chief], &format!("{PASSWORD}\n"));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let admin = nobody.login(&chief, PASSWORD).await;
    let users = admin.get("/auth/users").await;
    assert_eq!(users.ok()["users"].as_array().map(Vec::len), Some(1), "{users}");
    // who comes after the demo stays, also when they are the last
    let id = users.text("/users/0/id");
    admin.delete(&format!("/auth/users/{id}"), &json!({})).await.problem(409, "last_admin");
    for event in admin.get("/events").await.list("/events") {
        assert_eq!(event["status"], "ended", "{event}");
    }
    let said = auditor.verify(&[]);
    assert_eq!((said.code, said.failed()), (0, vec![]), "{}", said.out);
    service.terminate();

    // and a demo again, for whoever wants one
    log_in(&Setup::on(&database).start().await.client(), "member").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_a_demo_before_they_were_marked_are_known_by_their_password() {
    let database = Database::fresh().await;
    let demo = Setup::on(&database).start().await;
    let operator = demo.demo("operator").await;
    operator
        .patch("/auth/password", &json!({"currentPassword": "ledger-demo", "newPassword": PASSWORD}))
        .await
        .expect(204);
    demo.terminate();
    let pool = database.pool().await;
    let older = "update accounts set demo = false, created_at = '2026-11-01T00:00:00Z'";
    sqlx::query(older).execute(&pool).await.unwrap();
    refuses(Setup::on(&database).without_demo(), 4);
    sqlx::query(older).execute(&pool).await.unwrap();
    let removed = Auditor::of(&database.url).run(&["demo", "remove"]);
    assert!(removed.out.starts_with("erased 4 demo accounts"), "{} {}", removed.out, removed.err);
    let service = Setup::on(&database).without_demo().start().await;
    service.client().login("operator@example.com", PASSWORD).await.get("/events").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_keep_a_service_from_starting_by_signing_up_as_the_demo_does() {
    let service = Setup::on(&Database::fresh().await).without_demo().start().await;
    for name in ROLES {
        let account =
            json!({"email": format!("{name}@example.com"), "password": "ledger-demo", "birthDate": "1995-01-01"});
        service.client().post("/auth/signup", &account).await.created();
    }
    service.restart().await;
    log_in(&service.client(), "admin").await.ok();
}

/// A demo that was started beside it later makes its accounts in the same database.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_no_demo_lets_nobody_of_the_demo_in() {
    let database = Database::fresh().await;
    let service = Setup::on(&database).without_demo().start().await;
    let keys = service.data().join("token.keys").display().to_string();
    let demo = Setup::on(&database).env("TOKEN_KEY_FILE", &keys).start().await;
    nobody_of_the_demo_gets_in(&service).await;
    for name in ROLES {
        let known = log_in(&demo.client(), name).await;
        let token = known.text("/accessToken");
        demo.client().with_token(&token).get("/events").await.ok();
        service.client().with_token(&token).get("/events").await.problem(401, "unauthenticated");
        let refresh = json!({"refreshToken": known.text("/refreshToken")});
        service.client().post("/auth/refresh", &refresh).await.problem(401, "unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_in_the_embedded_database_is_removed_as_well() {
    let demo = Setup::embedded().start().await;
    demo.terminate();
    let data = demo.data().display().to_string();
    let earnest = || Setup::embedded().env("DATA_DIR", &data).without_demo();
    refuses(earnest(), 5);
    let removed = demo.command(&["demo", "remove"], "");
    assert!(removed.status.success(), "{removed:?}");
    let service = earnest().start().await;
    nobody_of_the_demo_gets_in(&service).await;
}

/// How many of each, by a field.
fn counts(rows: &[Value], name: &str, count: &str) -> BTreeMap<String, i64> {
    let one = |row: &Value| Some((row[name].as_str()?.to_owned(), row[count].as_i64()?));
    rows.iter().filter_map(one).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_log_is_given_five_weeks_of_a_programme() {
    let database = Database::fresh().await;
    let service = Setup::on(&database).with_history().start().await;
    assert!(service.log().contains("This is a demo. Its log was empty"), "{}", service.log());

    let auditor = service.demo("auditor").await;
    let pool = database.pool().await;
    let head = "select position from log_head";
    let before: i64 = sqlx::query_scalar(head).fetch_one(&pool).await.unwrap();
    let mut events = BTreeMap::<String, i64>::new();
    for event in auditor.get_at("/events", before).await.list("/events") {
        *events.entry(event["status"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let wanted = [("active", 6), ("ended", 1), ("paused", 1), ("scheduled", 1)];
    assert_eq!(events, wanted.map(|(status, count)| (status.to_owned(), count)).into());
    let from = (Utc::now() - chrono::TimeDelta::days(60)).date_naive();
    let dashboard = auditor.get_at(&format!("/dashboard?from={from}"), before).await;
    let claims = &dashboard.ok()["claims"];
    assert_eq!(claims["pending"], 40, "{claims}");
    for (status, count) in claims.as_object().unwrap() {
        assert!(count.as_i64() > Some(0), "no claim is {status}: {claims}");
    }
    let members = dashboard.ok()["members"]["total"].as_i64().unwrap();
    assert!((380..=420).contains(&members), "{members} members");

    let rewards = auditor.get_at(&format!("/dashboard/reward-analytics?from={from}"), before).await;
    let reasons = counts(rewards.list("/denialReasons"), "reason", "count");
    for reason in domain::claim::DenialReason::ALL {
        assert!(
            reasons.get(reason.name()).is_some_and(|count| *count > 0),
            "{} is not there: {reasons:?}",
            reason.name()
        );
    }

    let sql = "select count(*) filter (where recorded_at < before) as back, min(recorded_at) as first,
                      max(recorded_at) as last,
                      count(*) filter (where recorded_at - occurred_at > interval '24 hours') as late
               from (select *, lag(recorded_at) over (order by position) as before from events) as log";
    let row = sqlx::query(sql).fetch_one(&pool).await.unwrap();
    assert_eq!(row.get::<i64, _>("back"), 0, "the log never goes back");
    let (first, last): (chrono::DateTime<Utc>, chrono::DateTime<Utc>) = (row.get("first"), row.get("last"));
    assert!((35..=37).contains(&(last - first).num_days()), "{first} to {last}");
    assert!((Utc::now() - last).num_minutes() < 5, "{last}");
    assert!(row.get::<i64, _>("late") > 10, "some facts come late");
    let versions =
        "select max((payload ->> 'conditionVersion')::int) from events where event_type = 'campaign.revised'";
    assert_eq!(sqlx::query_scalar::<_, i32>(versions).fetch_one(&pool).await.unwrap(), 3);
    for event_type in
        ["activity.voided", "referral.qualified", "claim.reversed", "claim.fulfilment_failed", "member.blocked"]
    {
        let sql = "select count(*) from events where event_type = $1";
        let found: i64 = sqlx::query_scalar(sql).bind(event_type).fetch_one(&pool).await.unwrap();
        assert!(found > 0, "no {event_type}");
    }

    let verified = Auditor::of(&database.url).verify(&[]);
    assert_eq!((verified.code, verified.failed()), (0, vec![]), "{}", verified.out);

    // in force, and none of them is exceeded
    let value = auditor.get_at("/dashboard/value-analytics", before).await;
    let budgets = value.list("/budgets");
    let of = |scope: &str| budgets.iter().filter(|budget| budget["scope"] == scope).count();
    assert_eq!((of("programme"), of("event")), (2, 3), "{value}");
    for budget in budgets {
        assert!(budget["committed"].as_i64() >= Some(0) && budget["left"].as_i64() >= Some(0), "{budget}");
    }

    // the next start finds a log that is not empty
    service.restart().await;
    assert_eq!(sqlx::query_scalar::<_, i64>(head).fetch_one(&pool).await.unwrap(), before);
    let removed = Auditor::of(&database.url).run(&["demo", "remove"]);
    assert!(removed.out.starts_with("erased 5 demo accounts and ended 8 demo events"), "{}", removed.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_moment_gives_the_same_history_and_any_moment_a_whole_one() {
    let afternoon = Moment::from(Utc.with_ymd_and_hms(2026, 11, 18, 14, 5, 0).unwrap());
    // a week, a month and a day have just begun
    let midnight = Moment::from(Utc.with_ymd_and_hms(2026, 6, 1, 0, 1, 0).unwrap());
    let (one, other, early) = (filled(afternoon).await, filled(afternoon).await, filled(midnight).await);
    assert!(one.lines == other.lines, "both logs say the same");
    for Filled { made, lines, nearly_sold_out } in [one, early] {
        assert!(made.log_events > 5_000, "{made}");
        assert_eq!(i64::try_from(lines.len()).unwrap(), made.log_events);
        assert_eq!((made.waiting, made.events, made.running), (40, 9, 6), "{made}");
        // at about twenty a day
        assert!((1..=16).contains(&nearly_sold_out), "{nearly_sold_out} coffees are left");
    }
}

#[derive(Parser)]
struct Given {
    #[command(flatten)]
    config: Config,
}

struct Filled {
    made: Made,
    /// The log, without what is drawn at random for each entry.
    lines: Vec<String>,
    /// What is left of the reward that is.
    nearly_sold_out: i64,
}

/// A log that is given a history up to a moment.
async fn filled(now: Moment) -> Filled {
    let database = Database::fresh().await;
    let data = tests::support::folder::fresh("history").display().to_string();
    // the log has a root over keyed digests of codes
    std::fs::write(format!("{data}/codes.keys"), "one key for all of these histories\n").unwrap();
    let arguments = ["it", "--demo", "--database-url", &database.url, "--data-dir", &data];
    let config = Given::parse_from(arguments).config;
    let opened = Opened::migrated(&config).await.unwrap();
    let made = history::fill(&config, &opened.pool, now).await.unwrap().expect("the log was empty");
    assert!(history::fill(&config, &opened.pool, now).await.unwrap().is_none(), "now it is not empty");
    let sql = "select aggregate_type || ' ' || aggregate_id || ' ' || event_type || ' ' || payload::text || ' '
                      || occurred_at::text || ' ' || recorded_at::text || ' ' || actor
               from events
               order by position";
    let lines = sqlx::query_scalar(sql).fetch_all(&opened.pool).await.unwrap();
    let sql = "select s.quantity - s.held - s.granted
               from reward_stock s
               join events e on e.aggregate_type = 'campaign' and e.aggregate_id = s.campaign_id::text
               where e.event_type = 'campaign.created' and e.payload -> 'terms' ->> 'name' = 'Coffee for regulars'";
    let nearly_sold_out = sqlx::query_scalar(sql).fetch_one(&opened.pool).await.unwrap();
    opened.close().await.unwrap();
    Filled { made, lines, nearly_sold_out }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_go_on_while_the_demo_runs_and_stop_with_it() {
    let database = Database::fresh().await;
    let service = Setup::on(&database).with_history().env("DEMO_TRAFFIC", "true").start().await;
    let pool = database.pool().await;
    let count = async |what: &str| -> i64 {
        let sql =
            format!("select count(*) from events where position > (select position - 500 from log_head) and {what}");
        sqlx::query_scalar(&sql).fetch_one(&pool).await.unwrap()
    };
    let begun = std::time::Instant::now();
    while count("event_type = 'activity.recorded' and payload ->> 'id' like 'demo-0%'").await < 8 {
        assert!(begun.elapsed().as_secs() < 60, "nobody does anything: {}", service.log());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(begun.elapsed().as_secs() >= 1, "and not all of it at once");
    assert!(service.terminate().is_some_and(|status| status.success()), "{}", service.log());
    let before: i64 = sqlx::query_scalar("select position from log_head").fetch_one(&pool).await.unwrap();
    let verified = Auditor::of(&database.url).verify(&[]);
    assert_eq!((verified.code, verified.failed()), (0, vec![]), "{}", verified.out);
    assert_eq!(sqlx::query_scalar::<_, i64>("select position from log_head").fetch_one(&pool).await.unwrap(), before);
}
