//! The service in parts, each a process of its own on one database and one Kafka: together they do what one does, and
//! whoever runs them sees how each is.

use std::time::Duration;

use tests::support::{
    Broker, Client, Database, Log, Service, Setup,
    process::free_port,
    programme::{activity, crowd, unique},
    topic::Topic,
};

const SOON: Duration = Duration::from_secs(120);

/// One part, and where its figures are.
struct Part {
    process: Service,
    figures: Client,
}

impl Part {
    fn launch(setup: Setup, arguments: &[&str]) -> Part {
        let address = format!("127.0.0.1:{}", free_port());
        let arguments = [&["serve", "--only"], arguments].concat();
        let process = setup.env("METRICS_LISTEN", &address).arguments(&arguments).launch();
        Part { process, figures: Client::of(&format!("http://{address}")) }
    }

    async fn is_ready(&self) {
        let ready = async {
            while self.figures.try_get("/health/ready").await.is_none_or(|answer| answer.status != 200) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let log = || self.process.log();
        assert!(tokio::time::timeout(SOON, ready).await.is_ok(), "it is never ready: {}", log());
    }

    async fn figures(&self) -> String {
        String::from_utf8(self.figures.get("/metrics").await.bytes).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_do_together_what_one_process_does() {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("parts-{}", unique()));
    let setup = || Setup::on(&database).kafka(broker, &topic);
    let api = Part::launch(setup(), &["api"]);
    api.process.ready().await;
    let (operator, reporter) = (api.process.demo("operator").await, api.process.demo("service").await);
    let (members, facts) = crowd(3);
    api.process.import(&facts);
    reporter.report_activity(&activity(&members[0], "visit")).await.created();
    let (_, prize) = operator.create_open_event(Some(2)).await;
    let granted = reporter.claim_for(&prize, &members[0]).await;
    granted.created();
    // nobody folds, and nobody publishes
    let shown = format!("/claims?rewardId={prize}");
    operator.try_get_at(&shown, granted.position()).await.problem(503, "projection_behind");
    let published = || Topic::new(&broker.bootstrap(), &topic).partitions();
    assert_eq!(published(), 0);

    let follow = Part::launch(setup(), &["follow"]);
    follow.is_ready().await;
    let folded = async { while operator.try_get_at(&shown, granted.position()).await.status != 200 {} };
    assert!(tokio::time::timeout(SOON, folded).await.is_ok(), "{}", follow.process.log());
    assert_eq!(operator.get(&shown).await.list("/claims").len(), 1);
    assert_eq!(published(), 0, "that is for the relay");

    let relay = Part::launch(setup(), &["relay"]);
    relay.is_ready().await;
    let head = Log::of(&database).await.head().await;
    let messages = Topic::new(&broker.bootstrap(), &topic).messages_up_to(head, SOON);
    assert!(messages.len() >= usize::try_from(head).unwrap());

    let worker = Part::launch(setup(), &["worker", "--projection", "claim_history"]);
    worker.is_ready().await;
    let granted = reporter.claim_for(&prize, &members[1]).await;
    granted.created();
    operator.get_at(&shown, granted.position()).await.ok();

    for (part, follower) in [(&api, "claim_history"), (&follow, "dashboard"), (&relay, "relay"), (&worker, "dashboard")]
    {
        assert_eq!(part.figures.get("/health/live").await.status, 200);
        assert_eq!(part.figures.get("/events").await.status, 404, "the API is not there");
        let known = async {
            while !part.figures().await.contains(&format!("ledger_follower_position{{follower=\"{follower}\"}}")) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        assert!(tokio::time::timeout(SOON, known).await.is_ok(), "{follower}: {}", part.figures().await);
    }
    for part in [follow, relay, worker, api] {
        let ended = part.process.terminate();
        assert!(ended.is_some_and(|status| status.success()), "{ended:?}: {}", part.process.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_could_do_nothing_does_not_start() {
    let database = Database::fresh().await;
    for (arguments, said) in [
        (vec!["relay"], "KAFKA_BROKERS is not set"),
        (vec!["worker"], "--projection"),
        (vec!["api", "--projection", "claim_history"], "--only worker"),
        (vec!["everything"], "possible values: api, follow, relay, worker"),
    ] {
        let part = Part::launch(Setup::on(&database), &arguments);
        assert!(!part.process.ended().success() && part.process.log().contains(said), "{}", part.process.log());
    }
    // nothing was made of it
    assert!(sqlx::query("select from events").execute(&database.pool().await).await.is_err(), "no table");
}
