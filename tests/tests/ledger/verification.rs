//! The verification beside a running service: started in the background, one at a time, its result there until the next.

use std::time::Duration;

use serde_json::Value;
use tests::support::{
    Answer, Client, Database, Stage,
    auditor::{Auditor, Superuser},
};

/// Starts a run and answers what it found.
pub(crate) async fn verified_over_http(auditor: &Client) -> Answer {
    auditor.post("/audit/verification", &serde_json::json!({})).await.expect(202);
    finished(auditor).await
}

async fn finished(auditor: &Client) -> Answer {
    for _ in 0..2_400 {
        let answer = auditor.get("/audit/verification").await;
        if answer.ok()["finishedAt"].is_string() {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the verification does not end");
}

fn failed(answer: &Answer) -> Vec<&Value> {
    answer.list("/checks").iter().filter(|check| check["ok"] == false).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_ledger_is_verified_and_a_difference_is_named() {
    let stage = Stage::own().await;
    let auditor = stage.auditor().await;
    auditor.get("/audit/verification").await.problem(404, "not_found");
    let started = auditor.post("/audit/verification", &serde_json::json!({})).await;
    assert_eq!(started.expect(202)["position"], started.position());
    let sound = finished(&auditor).await;
    assert_eq!(failed(&sound), Vec::<&Value>::new());
    for name in [
        "positions",
        "hash_chain",
        "head",
        "decoding",
        "order",
        "streams",
        "log_pages",
        "decisions",
        "budgets",
        "projection.member_facts",
        "projection.dashboard",
        "guard.reward_stock",
        "guard.member_grants",
        "guard.value_spent",
        "account_roles",
        "account_credentials",
        "checkpoints",
    ] {
        let check = sound.list("/checks").iter().find(|check| check["name"] == name);
        assert!(check.unwrap_or_else(|| panic!("{name} is checked"))["checked"].is_i64(), "{sound}");
    }
    assert_eq!(sound.json["notLookedAt"][0]["name"], "kafka", "no broker is named, and it says so: {sound}");
    assert!(sound.text("/notLookedAt/0/reason").contains("KAFKA_BROKERS is not set"), "{sound}");
    let left_out = sound.list("/leftOut");
    assert!(left_out.contains(&"accounts".into()) && left_out.contains(&"refresh_families".into()), "{sound}");
    assert!(!left_out.contains(&"events".into()) && !left_out.contains(&"claims".into()), "{sound}");

    let mut root = Superuser::of(&stage.database).await;
    root.run("insert into reward_stock (reward_id, campaign_id) values (gen_random_uuid(), gen_random_uuid())").await;
    let altered = verified_over_http(&auditor).await;
    let named: Vec<_> = failed(&altered).iter().map(|check| check["name"].clone()).collect();
    assert_eq!(named, ["guard.reward_stock"]);
    assert!(failed(&altered)[0]["firstFailure"]["reason"].is_string(), "{altered}");
}

/// A page of the fold is 5,000 events: members who were imported have no account, and stand between those who have one.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_change_while_they_are_verified_are_no_difference() {
    let stage = Stage::own().await;
    let (_, facts) = tests::support::programme::crowd(6_000);
    stage.service.import(&facts);
    let admin = stage.service.demo("admin").await;
    let members = [stage.nobody().sign_up().await, stage.nobody().sign_up().await];
    let verified = std::sync::atomic::AtomicBool::new(false);
    let change = async {
        let mut changes = 0;
        while !verified.load(std::sync::atomic::Ordering::Relaxed) {
            for member in &members {
                let user = format!("/auth/users/{}", member.id);
                admin.post(&format!("{user}/block"), &serde_json::json!({"note": "so"})).await.ok();
                admin.patch(&format!("{user}/role"), &serde_json::json!({"role": "OPERATOR"})).await.ok();
                admin.post(&format!("{user}/unblock"), &serde_json::json!({"note": "so"})).await.ok();
                admin.patch(&format!("{user}/role"), &serde_json::json!({"role": "USER"})).await.ok();
                changes += 4;
            }
        }
        changes
    };
    let verify = async {
        let url = stage.database.url.clone();
        let said = tokio::task::spawn_blocking(move || {
            let auditor = Auditor::of(&url);
            [auditor.verify(&[]), auditor.verify(&[])]
        });
        let said = said.await.unwrap();
        verified.store(true, std::sync::atomic::Ordering::Relaxed);
        said
    };
    let (changes, said) = tokio::join!(change, verify);
    assert!(changes > 8, "they changed meanwhile: {changes}");
    for said in said {
        assert_eq!((said.code, said.failed()), (0, vec![]), "{} {}", said.out, said.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_only_read_is_enough() {
    let stage = Stage::own().await;
    let mut root = Superuser::of(&stage.database).await;
    let name = format!("reader_{}", &uuid::Uuid::new_v4().simple().to_string()[..8]);
    root.run(&format!(
        "create role {name} login password 'reads'; grant usage on schema public to {name};
         grant select on all tables in schema public to {name}"
    ))
    .await;
    let (_, place) = stage.database.url.split_once('@').unwrap();
    let reader = Auditor::of(&format!("postgres://{name}:reads@{place}"));
    let said = reader.verify(&[]);
    assert_eq!((said.code, said.failed()), (0, vec![]), "{} {}", said.out, said.err);
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_no_difference() {
    let empty = Database::fresh().await;
    assert_eq!(Auditor::of(&empty.url).verify(&[]).code, 2, "nothing is migrated by looking");
    assert_eq!(Auditor::of("postgres://nobody@127.0.0.1:1/nothing").verify(&[]).code, 2);
}

/// One run at a time, and those who want another one meanwhile take no connection for it.
#[tokio::test(flavor = "multi_thread")]
async fn many_who_start_a_verification_at_once_are_shown_one_run_and_take_no_connections() {
    let stage = Stage::own().await;
    let (auditor, pool) = (stage.auditor().await, stage.database.pool().await);
    let connections = async || {
        let sql = "select count(*) from pg_stat_activity where datname = current_database()";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&pool).await.unwrap()
    };
    let before = connections().await;
    let asking = futures::future::join_all(
        (0..300)
            .map(|_| async { auditor.post("/audit/verification", &serde_json::json!({})).await.expect(202).clone() }),
    );
    tokio::pin!(asking);
    let mut most = before;
    let answers = loop {
        tokio::select! {
            answers = &mut asking => break answers,
            now = connections() => {
                most = most.max(now);
                // the database has others to answer
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    };
    assert_eq!(answers.len(), 300);
    assert!(most <= before + 60, "{before} connections before, and {most} meanwhile");
    finished(&auditor).await;
}
