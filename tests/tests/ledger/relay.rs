//! The relay, on a real Kafka: all of the log is on the topic, in order per key, byte for byte, whatever was away.

use std::{
    collections::BTreeMap,
    process::Command,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
};
use serde_json::{Value, json};
use tests::support::{
    Broker, Database, Log, Setup,
    log::Event,
    programme::unique,
    swarm::something_happens,
    topic::{Message, Topic},
};

const CATCH_UP: Duration = Duration::from_secs(40);

/// Every event is there; each message is its event, bytes and headers; a key stays in its partition and in order.
#[track_caller]
fn the_topic_is_the_log(messages: &[Message], events: &[Event]) {
    let mut last: BTreeMap<&str, (i32, i64)> = BTreeMap::new();
    let mut seen: BTreeMap<i64, &Message> = BTreeMap::new();
    for message in messages {
        let event = &events[usize::try_from(message.position()).unwrap() - 1];
        assert_eq!(message.key, event.subject);
        assert_eq!(message.value, event.payload.as_bytes(), "the stored bytes at {}", event.position);
        for (header, value) in [
            ("ce_specversion", "1.0".to_owned()),
            ("ce_id", event.event_id.clone()),
            ("ce_source", "/reward-ledger".to_owned()),
            ("ce_type", format!("reward-ledger.{}.v{}", event.kind, event.version)),
            ("ce_subject", event.subject.clone()),
            ("content-type", "application/json".to_owned()),
            ("ce_dataschema", format!("/schemas/{}.v{}.json", event.kind, event.version)),
            ("ce_sequence", event.sequence.to_string()),
            ("ce_streamtype", event.stream_type.clone()),
            ("ce_streamid", event.stream_id.clone()),
            ("ce_epoch", event.epoch.to_string()),
            ("ce_hash", hex::encode(&event.hash)),
        ] {
            assert_eq!(message.header(header), value, "{header} at {}", event.position);
        }
        assert!(chrono::DateTime::parse_from_rfc3339(message.header("ce_time")).is_ok());
        if let Some(first) = seen.insert(event.position, message) {
            assert_eq!((&first.headers, &first.value), (&message.headers, &message.value), "sent again as it was");
            continue;
        }
        let (partition, position) = last.entry(&message.key).or_insert((message.partition, 0));
        assert_eq!(*partition, message.partition, "the key {} stays in one partition", message.key);
        assert!(*position < event.position, "the key {} is in order", message.key);
        *position = event.position;
    }
    assert_eq!(seen.len(), events.len(), "all of the log is there");
}

async fn is_complete(broker: &Broker, topic: &str, database: &Database) {
    let log = Log::of(database).await;
    let head = log.head().await;
    let messages = Topic::new(&broker.bootstrap(), topic).messages_up_to(head, CATCH_UP);
    let events = log.events().await;
    the_topic_is_the_log(&messages, &events[..usize::try_from(head).unwrap()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_topic_is_the_log_also_after_the_relay_was_cut_off() {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("relay-{}", unique()));
    let service = Setup::on(&database).kafka(broker, &topic).start().await;
    something_happens(&service, 30, 20).await;
    is_complete(broker, &topic, &database).await;
    assert_eq!(Topic::new(&broker.bootstrap(), &topic).partitions(), 12);

    something_happens(&service, 30, 20).await;
    service.kill_9(); // somewhere in the middle of publishing
    service.restart().await;
    something_happens(&service, 30, 20).await;
    is_complete(broker, &topic, &database).await;
}

/// What `kcat` prints of a topic, a message a line: partition, key, value and headers, each set off by a sign that none
/// of them has.
fn seen_by_kcat(broker: &Broker, topic: &str) -> Vec<Value> {
    let mut kcat = Command::new("kcat");
    kcat.args(["-C", "-q", "-e", "-b", &broker.bootstrap(), "-t", topic, "-o", "beginning"]);
    let output = kcat.args(["-f", "%p\u{1f}%k\u{1f}%s\u{1f}%h\n"]).output().expect("kcat is installed");
    assert!(output.status.success(), "{output:?}");
    let message = |line: &str| {
        let [partition, key, value, headers] = line.split('\u{1f}').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let headers = headers.split(',').map(|header| header.split_once('=').expect("a name and a value"));
        let headers: BTreeMap<&str, &str> = headers.collect();
        json!({"partition": partition.parse::<i32>().unwrap(), "key": key, "value": value, "headers": headers})
    };
    String::from_utf8(output.stdout).unwrap().lines().map(message).collect()
}

/// What a consumer in Python sees.
fn seen_by_python(broker: &Broker, topic: &str) -> Vec<Value> {
    let run = concat!(env!("CARGO_MANIFEST_DIR"), "/consumers/run");
    let output = Command::new(run).args([&broker.bootstrap(), topic]).output().expect("it can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn consumers_in_other_languages_see_what_we_see() {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("read-{}", unique()));
    let service = Setup::on(&database).kafka(broker, &topic).start().await;
    something_happens(&service, 30, 20).await;
    is_complete(broker, &topic, &database).await;
    service.kill_9();
    let ours = Topic::new(&broker.bootstrap(), &topic).messages();
    let ours: BTreeMap<i64, Value> = ours
        .iter()
        .map(|message| {
            let headers: BTreeMap<_, _> = message.headers.iter().cloned().collect();
            let value = String::from_utf8(message.value.clone()).unwrap();
            let seen = json!({"partition": message.partition, "key": message.key, "value": value, "headers": headers});
            (message.position(), seen)
        })
        .collect();
    assert!(ours.len() > 50, "some of everything");
    for (who, seen) in [("kcat", seen_by_kcat(broker, &topic)), ("python", seen_by_python(broker, &topic))] {
        let position = |message: &Value| message["headers"]["ce_position"].as_str().unwrap().parse::<i64>().unwrap();
        let seen: BTreeMap<i64, Value> = seen.into_iter().map(|message| (position(&message), message)).collect();
        assert_eq!(seen, ours, "{who}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_broker_the_service_starts_serves_and_catches_up() {
    let (database, broker) = (Database::fresh().await, Broker::launch());
    broker.stop();
    let service = Setup::on(&database).kafka(&broker, "away").start().await;
    something_happens(&service, 30, 20).await;
    broker.start();
    is_complete(&broker, "away", &database).await;

    broker.stop();
    something_happens(&service, 30, 20).await;
    assert_eq!(service.client().get("/health/ready").await.status, 200, "ready does not depend on Kafka");
    broker.start();
    is_complete(&broker, "away", &database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_with_another_number_of_partitions_stops_the_relay_and_not_the_service() {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("odd-{}", unique()));
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", broker.bootstrap()).create().unwrap();
    let odd = NewTopic::new(&topic, 3, TopicReplication::Fixed(1));
    admin.create_topics(&[odd], &AdminOptions::new()).await.unwrap()[0].as_ref().unwrap();
    let service = Setup::on(&database).kafka(broker, &topic).start().await;
    something_happens(&service, 30, 20).await;
    let says_why = || service.log().contains("3 partitions, not ");
    let started = Instant::now();
    while !says_why() && started.elapsed() < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(says_why(), "it stops, and says why");
    let reader = Topic::new(&broker.bootstrap(), &topic);
    assert_eq!((reader.partitions(), reader.messages().len()), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_kafka_it_brings_a_broker_of_its_own() {
    let database = Database::fresh().await;
    let service = Setup::on(&database).start().await;
    something_happens(&service, 30, 20).await;
    let (service_url, printed) = (service.url(), service.log());
    let addresses = printed.split(|sign: char| !(sign.is_ascii_digit() || ".:".contains(sign)));
    let mut candidates: Vec<&str> = addresses
        .filter(|word| word.starts_with("127.0.0.1:") && !service_url.ends_with(word) && !database.url.contains(word))
        .collect();
    candidates.sort_unstable();
    candidates.dedup();
    let [address] = candidates[..] else { panic!("the start-up lines name one broker: {candidates:?}") };
    let log = Log::of(&database).await;
    let (head, events) = (log.head().await, log.events().await);
    let messages = Topic::new(address, "reward-ledger.events").messages_up_to(head, CATCH_UP);
    the_topic_is_the_log(&messages, &events);
}
