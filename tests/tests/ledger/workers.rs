//! Projections fed from Kafka by several processes, on a real broker and under load: whatever happens to the
//! processes, the rows are those that the log folds to, and readers who wait for a position see what is there.

use std::time::Duration;

use serde_json::Value;
use sqlx::PgPool;
use tests::support::{
    Broker, Client, Database, Service, Setup,
    programme::{activity, crowd, unique},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The shortest that a broker allows.
const SESSION_MS: &str = "6000";
/// For a machine that is ten times as slow.
const SOON: Duration = Duration::from_secs(180);
const FED: [&str; 2] = ["claim_history", "member_facts"];

fn worker(database: &Database, broker: &Broker, topic: &str) -> Service {
    let names = FED.join(",");
    Setup::on(database)
        .kafka(broker, topic)
        .env("WORKER_SESSION_MS", SESSION_MS)
        .arguments(&["serve", "--only", "worker", "--projection", &names])
        .launch()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(tokio::time::timeout(SOON, waited).await.is_ok(), "never: {what}");
}

/// Who owns how many partitions of a projection that somebody looks after.
async fn owners(pool: &PgPool, name: &str) -> Vec<(uuid::Uuid, i64)> {
    sqlx::query_as(
        "select owner, count(*) from worker_partitions
         where follower = $1 and attended_until > now() group by owner order by owner",
    )
    .bind(name)
    .fetch_all(pool)
    .await
    .expect("the partitions can be read")
}

/// Waits until so many workers share all partitions of every projection.
async fn shared_by(pool: &PgPool, members: usize) {
    for name in FED {
        until(&format!("{members} workers of {name}"), async || {
            let owners = owners(pool, name).await;
            owners.len() == members && owners.iter().map(|(_, partitions)| partitions).sum::<i64>() == 12
        })
        .await;
    }
}

/// Facts and claims as long as it is told, one after the other; each claim is read back at its position.
async fn load(reporter: Client, operator: Client, members: Vec<String>, stop: CancellationToken) -> usize {
    let mut read_back = 0;
    loop {
        let (_, prize) = operator.create_open_event(None).await;
        for member in &members {
            if stop.is_cancelled() {
                return read_back;
            }
            reporter.report_activity(&activity(member, "visit")).await.created();
            let granted = reporter.claim_for(&prize, member).await;
            granted.created();
            let path = format!("/claims?rewardId={prize}&userId={member}");
            let seen = operator.try_get_at(&path, granted.position()).await;
            match seen.status {
                200 => {
                    assert_eq!(seen.list("/claims").len(), 1, "what was waited for is there: {seen}");
                    assert!(seen.position() >= granted.position());
                    read_back += 1;
                }
                // a worker is away: the wait is bounded, and what is said is true
                _ => _ = seen.problem(503, "projection_behind"),
            }
        }
    }
}

/// So many of them at once, with members of their own.
fn loads(service: &Service, callers: [&Client; 2], width: usize, stop: &CancellationToken) -> Vec<JoinHandle<usize>> {
    let (members, facts) = crowd(width * 40);
    service.import(&facts);
    let [reporter, operator] = callers;
    let begin = |members: &[String]| load(reporter.clone(), operator.clone(), members.to_vec(), stop.clone());
    members.chunks(40).map(|members| tokio::spawn(begin(members))).collect()
}

fn answer(service: &Service, arguments: &[&str]) -> Value {
    let output = service.command(arguments, "");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("one JSON document, not {text}"))
}

fn status(service: &Service, name: &str) -> Value {
    let all = answer(service, &["projections", "--json"]);
    all["projections"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
}

/// The rows that workers folded are those of a single fold of the log, digest for digest.
async fn is_the_fold_of_the_log(service: &Service) {
    for name in FED {
        until(&format!("{name} stands at the head"), async || status(service, name)["lagEvents"] == 0).await;
        let by_workers = answer(service, &["projections", "digest", name, "--json"]);
        let rebuilt = answer(service, &["rebuild", name, "--json"]);
        assert_eq!(rebuilt["compared"]["same"], true, "{name}: {rebuilt}");
        let from_the_log = answer(service, &["projections", "digest", name, "--json"]);
        assert_eq!(by_workers["digest"], from_the_log["digest"], "{name}");
        assert!(by_workers["tables"][0]["rows"].as_i64() > Some(0), "{by_workers}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_workers_one_killed_and_one_woken_after_its_session_fold_what_one_follower_folds() {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("workers-{}", unique()));
    let service = Setup::on(&database).kafka(broker, &topic).start().await;
    let pool = database.pool().await;
    let (operator, reporter) = (service.demo("operator").await, service.demo("service").await);
    let stop = CancellationToken::new();
    let loads = loads(&service, [&reporter, &operator], 3, &stop);

    let [steady, killed, frozen] = [(); 3].map(|()| worker(&database, broker, &topic));
    shared_by(&pool, 3).await;
    for name in FED {
        let told = status(&service, name);
        assert_eq!(told["partitions"].as_array().map(Vec::len), Some(12), "{told}");
    }

    let before = owners(&pool, FED[0]).await;
    killed.kill_9();
    frozen.pause();
    shared_by(&pool, 1).await;
    frozen.wake();
    shared_by(&pool, 2).await;
    let again = worker(&database, broker, &topic);
    shared_by(&pool, 3).await;
    let after = owners(&pool, FED[0]).await;
    let known = |owner: &&(uuid::Uuid, i64)| before.iter().any(|known| known.0 == owner.0);
    assert_eq!(after.iter().filter(known).count(), 1, "only the steady one kept its name: {before:?}, {after:?}");

    stop.cancel();
    let mut read_back = 0;
    for load in loads {
        read_back += load.await.unwrap();
    }
    assert!(read_back > 0, "claims were read back while workers folded");
    is_the_fold_of_the_log(&service).await;

    // without workers a follower takes over, and the rows are those of the log again
    for worker in [&steady, &frozen, &again] {
        assert!(worker.terminate().is_some_and(|status| status.success()), "{}", worker.log());
    }
    let (members, facts) = crowd(20);
    service.import(&facts);
    let (_, prize) = operator.create_open_event(None).await;
    let last = reporter.claim_for(&prize, &members[0]).await.position();
    until("the follower shows it", async || {
        operator.try_get_at(&format!("/claims?rewardId={prize}&userId={}", members[0]), last).await.status == 200
    })
    .await;
    for name in FED {
        until("the follower has it back", async || status(&service, name)["partitions"].is_null()).await;
    }
    is_the_fold_of_the_log(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_and_a_broker_that_is_away_do_no_harm_to_workers() {
    let (database, broker) = (Database::fresh().await, Broker::launch());
    let service = Setup::on(&database).kafka(&broker, "events").start().await;
    let pool = database.pool().await;
    let (operator, reporter) = (service.demo("operator").await, service.demo("service").await);
    let workers = [worker(&database, &broker, "events"), worker(&database, &broker, "events")];
    shared_by(&pool, 2).await;
    let stop = CancellationToken::new();
    let loads = loads(&service, [&reporter, &operator], 2, &stop);
    for name in FED {
        let rebuilt = answer(&service, &["rebuild", name, "--json"]);
        assert_eq!(rebuilt["compared"]["same"], true, "{name}: {rebuilt}");
    }
    broker.stop();
    tokio::time::sleep(Duration::from_secs(3)).await;
    broker.start();
    shared_by(&pool, 2).await;
    stop.cancel();
    for load in loads {
        load.await.unwrap();
    }
    is_the_fold_of_the_log(&service).await;
    for worker in workers {
        assert!(worker.terminate().is_some_and(|status| status.success()), "{}", worker.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_of_what_needs_the_whole_log_does_not_start_and_says_why() {
    let database = Database::fresh().await;
    let start = |name: &str, brokers: Option<&str>| {
        let setup = Setup::on(&database).arguments(&["serve", "--only", "worker", "--projection", name]);
        let started = match brokers {
            Some(brokers) => setup.env("KAFKA_BROKERS", brokers),
            None => setup,
        }
        .launch();
        let status = started.ended();
        assert!(!status.success(), "{name} was started");
        started.log()
    };
    let nobody = Some("127.0.0.1:9");
    for (name, reason) in [
        ("campaign_catalogue", "count on the rewards of campaigns"),
        ("dashboard", "sums over all members"),
        ("claim_history,dashboard", "sums over all members"),
        ("horoscope", "there is no projection"),
    ] {
        let said = start(name, nobody);
        assert!(said.contains(reason) && said.contains("member_facts, referral_tally"), "{name}: {said}");
    }
    assert!(start("claim_history", None).contains("KAFKA_BROKERS"));

    let help = Setup::on(&database).arguments(&["serve", "--help"]).launch();
    assert!(help.ended().success());
    for name in projections::fed_by_workers() {
        assert!(help.log().contains(name), "{name} stands in the help: {}", help.log());
    }
}
