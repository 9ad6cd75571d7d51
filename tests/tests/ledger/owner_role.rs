//! Two roles in PostgreSQL: one owns the log and migrates, the other one writes and can make itself no more than that.

use serde_json::json;
use sqlx::{Connection, PgConnection};
use tests::support::{
    Database, Service, Setup,
    auditor::{Auditor, Superuser},
    programme::{activity, event, login_streak, reward},
};

const PROJECTIONS: [&str; 12] = [
    "member_facts",
    "referral_tally",
    "claim_history",
    "campaign_catalogue",
    "campaign_windows",
    "campaign_analytics",
    "dashboard",
    "spends",
    "wallets",
    "value",
    "adjustments",
    "coupons",
];

/// What a writer that was taken over would try; the log is in the schema that is searched first.
const ATTEMPTS: [&str; 23] = [
    "alter table events disable trigger all",
    "alter table events disable trigger events_are_never_changed",
    "drop trigger events_are_never_changed on events",
    "create or replace function refuse_to_change_the_log() returns trigger language plpgsql as 'begin return new; end'",
    "alter function refuse_to_change_the_log() owner to current_user",
    "alter table events owner to current_user",
    "alter table events rename to forgotten",
    "drop table events",
    "update events set actor = 'somebody else'",
    "delete from events",
    "truncate events",
    "create rule forged as on insert to events do instead nothing",
    "create trigger forged before insert on events for each row execute function refuse_to_change_the_log()",
    "create table forged () inherits (events)",
    "alter table log_head disable trigger all",
    "delete from log_head",
    "alter table reward_stock drop constraint reward_stock_never_negative",
    "alter table accounts disable trigger accounts_keep_an_administrator",
    "truncate accounts cascade",
    "update log_pages set rows = ''",
    "delete from _sqlx_migrations",
    "set session_replication_role = replica",
    "set role postgres",
];

fn name_of(database: &Database) -> String {
    database.url.rsplit('/').next().unwrap().to_owned()
}

/// The owner's address: a role of its own, who will own what the role of the service owns now.
fn owner_url(database: &Database) -> String {
    let (_, place) = database.url.split_once('@').unwrap();
    format!("postgres://o_{}:owns@{place}", name_of(database))
}

/// The statements of the documents, as a superuser runs them in the database.
async fn part(database: &Database) {
    let writer = name_of(database);
    Superuser::of(database)
        .await
        .run(&format!(
            "create role o_{writer} login password 'owns'; grant {writer} to o_{writer};
             reassign owned by {writer} to o_{writer}"
        ))
        .await;
}

async fn is_bound(database: &Database) {
    let mut writer = PgConnection::connect(&database.url).await.unwrap();
    // PostgreSQL only warns that this grants nothing
    sqlx::query("grant update, delete, truncate, trigger on events to current_user")
        .execute(&mut writer)
        .await
        .unwrap();
    for statement in ATTEMPTS {
        let refused = sqlx::query(statement).execute(&mut writer).await;
        let refused = refused.expect_err(statement);
        let code = refused.as_database_error().and_then(|error| error.code().map(|code| code.to_string()));
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {refused}");
    }
}

async fn something_happens(service: &Service) {
    let (operator, reporter) = (service.demo("operator").await, service.demo("service").await);
    let campaign = operator.create_event(&event(login_streak(1))).await;
    let prize = operator.create_reward(&reward(&campaign, Some(3))).await;
    let member = service.client().sign_up().await;
    reporter.report_activity(&activity(&member.id, "login")).await;
    let granted = member.client.claim(&prize).await;
    granted.created();
    member.client.claim(&prize).await.problem(409, "already_claimed");
    operator.get_at("/claims", granted.position()).await.ok();
    operator.post(&format!("/auth/users/{}/block", member.id), &json!({"note": "so"})).await.ok();
    service.demo("admin").await.delete(&format!("/auth/users/{}", member.id), &json!({})).await.expect(204);
}

#[track_caller]
fn rebuilds_and_verifies(database: &Database) {
    let auditor = Auditor::of(&database.url);
    for name in PROJECTIONS {
        let said = auditor.run(&["rebuild", name]);
        assert_eq!(said.code, 0, "{name}: {} {}", said.out, said.err);
    }
    let said = auditor.verify(&[]);
    assert_eq!((said.code, said.failed()), (0, vec![]), "{} {}", said.out, said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_one_role_is_parted_and_its_writer_can_do_no_more_than_write() {
    let database = Database::fresh().await;
    let service = Setup::on(&database).start().await;
    something_happens(&service).await;
    let name = name_of(&database);
    assert!(
        service.log().contains(&format!("{name} owns and writes the log; set DATABASE_OWNER_URL to separate the two"))
    );
    service.terminate();

    let (auditor, owner) = (Auditor::of(&database.url), owner_url(&database));
    let as_owner = [("DATABASE_OWNER_URL", owner.as_str())];
    part(&database).await;
    let too_early = auditor.run(&["migrate"]);
    assert_eq!(too_early.code, 1);
    assert!(too_early.err.contains("run `reward-ledger migrate` with DATABASE_OWNER_URL"), "{}", too_early.err);
    for _ in 0..2 {
        let said = auditor.run_with(&as_owner, &["migrate"]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.contains(&format!("o_{name} owns the log, {name} writes it")), "{}", said.out);
    }
    is_bound(&database).await;

    // the service needs its own role alone
    let service = Setup::on(&database).start().await;
    assert!(service.log().contains(&format!("o_{name} owns the log, {name} writes it")), "{}", service.log());
    something_happens(&service).await;
    rebuilds_and_verifies(&database);
    something_happens(&service).await;
    service.terminate();
    // what was rebuilt is the writer's, and the owner migrates it all the same
    assert_eq!(auditor.run_with(&as_owner, &["migrate"]).code, 0);
    let mut owner = PgConnection::connect(&owner).await.unwrap();
    sqlx::query("alter table claims add column of_a_later_version text").execute(&mut owner).await.unwrap();
    is_bound(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_schema_is_made_by_its_owner_and_two_services_start_on_it_at_once() {
    let database = Database::fresh().await;
    part(&database).await;
    let setup =
        || Setup::on(&database).env("DATABASE_OWNER_URL", &owner_url(&database)).env("DATABASE_SCHEMA", "programme");
    let both = [setup().launch(), setup().launch()];
    futures::join!(both[0].ready(), both[1].ready());
    something_happens(&both[0]).await;
    both[1].terminate();
    let auditor = Auditor::of(&database.url);
    let said = auditor.run_with(&[("DATABASE_SCHEMA", "programme")], &["rebuild", "dashboard"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let config = both[0].command(&["config"], "");
    let config = String::from_utf8(config.stdout).unwrap();
    let line = config.lines().find(|line| line.starts_with("DATABASE_OWNER_URL")).unwrap();
    assert!(line.contains(&format!("postgres://o_{}:***@", name_of(&database))) && !line.contains("owns"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_roles_that_are_not_apart_are_refused_with_the_remedy() {
    let database = Database::fresh().await;
    let (name, auditor, owner) = (name_of(&database), Auditor::of(&database.url), owner_url(&database));
    let mut root = Superuser::of(&database).await;
    let refused = |remedy: String| {
        let said = auditor.run_with(&[("DATABASE_OWNER_URL", owner.as_str())], &["migrate"]);
        assert_eq!(said.code, 1, "{}", said.out);
        assert!(said.err.contains(&remedy), "{remedy} in {}", said.err);
    };
    root.run(&format!("create role o_{name} login password 'owns'")).await;
    root.run(&format!("grant {name} to o_{name}")).await;
    refused(format!("reassign owned by {name} to o_{name}"));
    root.run(&format!("reassign owned by {name} to o_{name}")).await;
    root.run(&format!("revoke {name} from o_{name}")).await;
    refused(format!("grant {name} to o_{name}"));
    root.run(&format!("grant o_{name} to {name}")).await;
    refused(format!("revoke o_{name} from {name}"));
    root.run(&format!("revoke o_{name} from {name}")).await;
    root.run(&format!("grant {name} to o_{name}")).await;
    root.run(&format!("alter role {name} superuser")).await;
    refused("SUPERUSER or CREATEROLE; revoke it".to_owned());
    root.run(&format!("alter role {name} nosuperuser")).await;
    root.run("create schema elsewhere").await;
    root.run("create function elsewhere.forged() returns int language sql as 'select 1'").await;
    root.run(&format!("alter function elsewhere.forged() owner to {name}")).await;
    refused("drop it".to_owned());
    root.run("drop schema elsewhere cascade").await;
    let said = auditor.run_with(&[("DATABASE_OWNER_URL", owner.as_str())], &["migrate"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let said = auditor.run_with(&[("DATABASE_OWNER_URL", database.url.as_str())], &["migrate"]);
    assert!(said.code == 1 && said.err.contains("names the role of DATABASE_URL"), "{}", said.err);
}
