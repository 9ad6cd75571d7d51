//! Whatever breaks between the ledger and its topic, on a real Kafka: afterwards the topic is the log, nothing missing and
//! nothing out of order, and meanwhile claims are served as if nothing had happened.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use rand::Rng;
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication},
    client::DefaultClientContext,
};
use serde_json::{Value, json};
use tests::support::{
    Broker, Client, Cluster, Database, Log, Service, Setup,
    programme::{anybody, crowd, event, unique, with},
    swarm::{claim_for_all, tally},
};

/// A machine ten times slower still gets there.
const PATIENCE: Duration = Duration::from_secs(180);

/// A service, and who claims from it.
struct Scene {
    database: Database,
    service: Service,
    topic: String,
}

impl Scene {
    async fn on(database: Database, broker: &Broker) -> Scene {
        let topic = format!("faults-{}", unique());
        Scene { service: Setup::on(&database).kafka(broker, &topic).start().await, database, topic }
    }

    async fn log(&self) -> Log {
        Log::of(&self.database).await
    }

    /// So many members come and claim; each gets what it asks for.
    async fn claims(&self, members: usize) {
        each_is_served(&self.service, members).await;
    }

    /// Runs a command that prints one document, until its status is one that is waited for.
    #[track_caller]
    fn told(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let output = self.service.command(arguments, "");
        let said = String::from_utf8_lossy(&output.stdout);
        let document = serde_json::from_str(&said);
        let error = String::from_utf8_lossy(&output.stderr);
        (output.status.code(), document.unwrap_or_else(|_| panic!("one document: {said} {error}")))
    }

    /// The topic is the log.
    #[track_caller]
    fn verified(&self) -> Value {
        let (code, found) = self.told(&["kafka", "verify", "--wait", "180s", "--json"]);
        assert_eq!(code, Some(0), "{found}");
        assert_eq!((&found["missing"], &found["outOfOrder"]), (&json!(0), &json!(0)), "{found}");
        found
    }

    async fn relay(&self) -> BTreeMap<&'static str, i64> {
        let pool = sqlx::PgPool::connect(&self.database.url).await.unwrap();
        let read = "select position, lease_epoch, coalesce(trouble_position, 0) from checkpoints where name = 'relay'";
        let (position, epoch, trouble) = sqlx::query_as(read).fetch_one(&pool).await.unwrap();
        pool.close().await;
        BTreeMap::from([("position", position), ("epoch", epoch), ("trouble", trouble)])
    }

    /// Waits until the relay is as it should be.
    async fn relay_is(&self, what: &str, wanted: impl Fn(&BTreeMap<&'static str, i64>) -> bool) {
        let started = Instant::now();
        loop {
            let relay = self.relay().await;
            if wanted(&relay) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{what}: {relay:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn each_is_served(service: &Service, members: usize) {
    let (operator, reporter) = (service.demo("operator").await, service.demo("service").await);
    let (_, prize) = operator.create_open_event(None).await;
    served(service, &reporter, &prize, members).await;
}

async fn served(service: &Service, reporter: &Client, prize: &str, members: usize) {
    let (members, facts) = crowd(members);
    service.import(&facts);
    let outcomes = claim_for_all(reporter, prize, &members, 8).await;
    assert_eq!(tally(&outcomes), BTreeMap::from([("201".to_owned(), members.len())]));
}

/// Does something while members come and claim, group after group, none of them turned away.
async fn meanwhile(service: &Service, what: impl AsyncFnOnce()) {
    let over = AtomicBool::new(false);
    let claims = async {
        let (operator, reporter) = (service.demo("operator").await, service.demo("service").await);
        let (_, prize) = operator.create_open_event(None).await;
        while !over.load(Ordering::Relaxed) {
            served(service, &reporter, &prize, 20).await;
        }
    };
    let what = async {
        what().await;
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(claims, what);
}

/// In the long run more often: `RELAY_KILLS=50`.
fn kills() -> usize {
    std::env::var("RELAY_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(5)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_killed_at_random_moments_loses_and_disorders_nothing() {
    let scene = Scene::on(Database::fresh().await, Broker::shared()).await;
    let log = scene.log().await;
    for _ in 0..kills() {
        let (operator, reporter) = (scene.service.demo("operator").await, scene.service.demo("service").await);
        let (_, prize) = operator.create_open_event(None).await;
        let (members, facts) = crowd(60);
        scene.service.import(&facts);
        let until = log.count("claim.granted").await + rand::rng().random_range(1..50);
        let claiming = tokio::spawn(async move { claim_for_all(&reporter, &prize, &members, 8).await });
        while log.count("claim.granted").await < until && !claiming.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        scene.service.kill_9();
        claiming.await.unwrap();
        scene.service.restart().await;
    }
    let found = scene.verified();
    println!("{} kills, {} messages, {} of them repeated", kills(), found["messages"], found["duplicates"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_under_load_comes_back_to_a_relay_that_waits() {
    let broker = Broker::launch();
    let scene = Scene::on(Database::fresh().await, &broker).await;
    for _ in 0..2 {
        meanwhile(&scene.service, async || {
            broker.kill_9();
            // it is away for all of some claims
            each_is_served(&scene.service, 30).await;
            broker.start();
        })
        .await;
    }
    scene.verified();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_cut_off_and_recovers_goes_on_publishing() {
    let cluster = Cluster::launch().await;
    let scene = Scene::on(cluster.database().await, Broker::shared()).await;
    scene.claims(40).await;
    let (operator, reporter) = (scene.service.demo("operator").await, scene.service.demo("service").await);
    let (_, prize) = operator.create_open_event(None).await;
    let (members, facts) = crowd(200);
    scene.service.import(&facts);
    let (log, half) = (scene.log().await, 100);
    let before = log.count("claim.granted").await;
    let claiming = tokio::spawn(async move { claim_for_all(&reporter, &prize, &members, 8).await });
    while log.count("claim.granted").await < before + half && !claiming.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    cluster.crash();
    cluster.start().await;
    claiming.await.unwrap();
    scene.service.ready().await;
    scene.claims(20).await;
    scene.verified();
}

#[tokio::test(flavor = "multi_thread")]
async fn relays_that_are_paused_past_their_lease_and_woken_disorder_nothing() {
    let (broker, network) = Broker::launch_behind_a_network();
    let first = Scene::on(Database::fresh().await, &broker).await;
    first.relay_is("the first is active", |relay| relay["epoch"] >= 1).await;
    let second = Setup::on(&first.database).kafka(&broker, &first.topic).start().await;
    // messages are to be on their way when their relay is stopped
    network.slow_down(Duration::from_millis(20));
    let mut pair = (&first.service, &second);
    for _ in 0..4 {
        let (active, other) = pair;
        let head = first.log().await.head().await;
        each_is_served(other, 60).await;
        let epoch = first.relay().await["epoch"];
        first.relay_is("some of it is published", |relay| relay["position"] > head).await;
        active.pause();
        // nobody waits for the stopped one longer than its lease lasts
        first.relay_is("the other is active", |relay| relay["epoch"] > epoch).await;
        each_is_served(other, 20).await;
        let reached = first.relay().await["position"];
        first.relay_is("the other publishes", |relay| relay["position"] > reached).await;
        active.wake();
        pair = (other, active);
    }
    network.slow_down(Duration::ZERO);
    each_is_served(pair.0, 20).await;
    let found = first.verified();
    println!("{} messages, {} of them repeated", found["messages"], found["duplicates"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_broker_is_in_nobodys_way() {
    let (broker, network) = Broker::launch_behind_a_network();
    let scene = Scene::on(Database::fresh().await, &broker).await;
    scene.claims(20).await;
    network.slow_down(Duration::from_millis(200));
    let log = scene.log().await;
    scene.claims(200).await;
    let (head, relay) = (log.head().await, scene.relay().await);
    assert!(relay["position"] < head, "the relay is behind while all are served");
    network.slow_down(Duration::ZERO);
    scene.verified();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_brokers_may_be_lost_and_two_must_have_each_message() {
    let brokers = Broker::launch_three();
    let scene = Scene::on(Database::fresh().await, &brokers[0]).await;
    scene.claims(20).await;
    scene.verified();
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", brokers[0].bootstrap()).create().unwrap();
    let asked = [ResourceSpecifier::Topic(&scene.topic)];
    let described = admin.describe_configs(&asked, &AdminOptions::new()).await.unwrap();
    let described = described[0].as_ref().unwrap();
    for (option, value) in [("min.insync.replicas", "2"), ("retention.ms", "-1"), ("cleanup.policy", "delete")] {
        assert_eq!(described.get(option).unwrap().value.as_deref(), Some(value), "{option}");
    }
    let metadata = admin.inner().fetch_metadata(Some(&scene.topic), PATIENCE).unwrap();
    let partitions = metadata.topics()[0].partitions();
    assert!(partitions.len() == 12 && partitions.iter().all(|partition| partition.replicas().len() == 3));
    meanwhile(&scene.service, async || {
        brokers[2].kill_9();
        each_is_served(&scene.service, 30).await;
    })
    .await;
    scene.verified();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_over_the_size_limit_stops_the_relay_there_until_the_limit_is_raised() {
    let (database, broker) = (Database::fresh().await, Broker::shared());
    let topic = format!("limited-{}", unique());
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", broker.bootstrap()).create().unwrap();
    let limited = NewTopic::new(&topic, 12, TopicReplication::Fixed(1)).set("max.message.bytes", "3000");
    admin.create_topics(&[limited], &AdminOptions::new()).await.unwrap()[0].as_ref().unwrap();
    let scene = Scene { service: Setup::on(&database).kafka(broker, &topic).start().await, database, topic };
    scene.claims(20).await;
    let log = scene.log().await;
    let fits = log.head().await;
    scene.relay_is("what fits is published", |relay| relay["position"] >= fits).await;

    // letters that no compression makes small
    let mut random = rand::rng();
    let text: String = (0..2_000).map(|_| char::from_u32(random.random_range(0xac00..0xd7a3)).unwrap()).collect();
    let large = with(event(anybody()), json!({"description": text}));
    scene.service.demo("operator").await.create_event(&large).await;
    let events = log.events().await;
    let position = events.iter().rfind(|event| event.kind == "campaign.created").unwrap().position;
    scene.claims(20).await;
    scene.relay_is("it stops there", |relay| relay["trouble"] == position).await;
    let (_, standing) = scene.told(&["projections", "--json"]);
    let relay = standing["followers"].as_array().unwrap().iter().find(|one| one["name"] == "relay").unwrap().clone();
    assert_eq!((&relay["state"], &relay["position"]), (&json!("stopped"), &json!(position - 1)), "{relay}");
    assert!(relay["trouble"]["reason"].as_str().unwrap().contains("max.message.bytes"), "{relay}");
    assert!(scene.service.log().contains("follower cannot process an event and stopped"), "an alarm");
    let (code, found) = scene.told(&["kafka", "verify", "--wait", "0s", "--json"]);
    let missing = found["checks"].as_array().unwrap().iter().find(|check| check["name"] == "missing").unwrap();
    assert_eq!((code, &missing["firstFailure"]["position"]), (Some(1), &json!(position)), "{found}");
    scene.claims(20).await;
    let skipped = scene.service.command(&["projections", "skip", "relay", "--reason", "nobody needs it"], "");
    let said = String::from_utf8_lossy(&skipped.stderr).into_owned();
    assert!(!skipped.status.success() && said.contains("max.message.bytes"), "the topic gets no hole: {said}");
    scene.relay_is("it stands", |relay| relay["trouble"] == position).await;

    broker.configure(&scene.topic, "max.message.bytes=1000000");
    let retried = scene.service.command(&["projections", "retry", "relay", "--reason", "the limit is raised"], "");
    assert!(retried.status.success(), "{retried:?}");
    scene.verified();
}

/// A disk of a few megabytes; it goes away with this value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it.
    fn at(folder: &Path) -> SmallDisk {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=24m", "reward-ledger-tests"]).arg(folder);
        let output = mount.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        SmallDisk(folder.to_owned())
    }

    fn fill(&self) {
        let blocks = std::iter::repeat_n([0_u8; 4_096], 8_192).flatten().collect::<Vec<u8>>();
        let full = std::fs::write(self.0.join("filler"), blocks).unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).output().ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(may_mount), ignore = "this user may not mount a small disk")]
async fn a_broker_whose_disk_is_full_is_waited_for_until_it_has_room() {
    let mut disk = None;
    let broker = Broker::launch_on(|data| disk = Some(SmallDisk::at(data)));
    let disk = disk.expect("it was mounted before the broker started");
    let scene = Scene::on(Database::fresh().await, &broker).await;
    scene.claims(20).await;
    scene.verified();
    disk.fill();
    let before = scene.relay().await["position"];
    meanwhile(&scene.service, async || {
        // Kafka gives up a folder that it cannot write to, and itself with its only one
        let started = Instant::now();
        while broker.is_running() {
            assert!(started.elapsed() < PATIENCE, "the disk is full and nobody minds");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    scene.claims(20).await;
    let (relay, head) = (scene.relay().await["position"], scene.log().await.head().await);
    assert!(before <= relay && relay < head, "what is not on the disk is not said to be: {relay} of {head}");
    disk.make_room();
    broker.start();
    scene.verified();
}
