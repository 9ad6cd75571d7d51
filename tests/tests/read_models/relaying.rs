//! The relay against a broker inside the test: every entry once and in order per key, with the
//! headers of the contract; where it goes on; when it stops. What needs durability is tested on a
//! real Kafka elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use super::support::history::Generator;
use super::support::history::name;
use super::support::publishing::{Broker, Publishing, TOPIC, broker, publish, publish_to};
use super::support::{Draft, with_log};
use chrono::NaiveDate;
use domain::Event;
use domain::activity::{ActivityEvent, Recorded};
use domain::id::MemberId;
use domain::moment::Moment;
use domain::zone::Zone;
use projections::kafka::relay::NAME;
use projections::log::partition::PARTITIONS;
use projections::{FollowerState, Intervention, InterventionKind, intervene};
use rand::Rng;
use rand::distr::Alphanumeric;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use tests::support;
use tests::support::programme::unique;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(30);
impl Publishing {
    async fn published(&self, position: i64) {
        assert_eq!(
            self.freshness.wait_for(NAME, position, SOON).await,
            Ok(position),
            "{:?}",
            self.freshness.state(NAME)
        );
    }

    async fn is(&self, wanted: impl Fn(&FollowerState) -> bool) {
        let becomes = async {
            while !wanted(&self.freshness.state(NAME)) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(SOON, becomes).await.unwrap();
    }
}

struct Sent {
    partition: i32,
    key: String,
    value: String,
    headers: BTreeMap<String, String>,
}

impl Sent {
    fn position(&self) -> i64 {
        self.headers["ce_position"].parse().unwrap()
    }
}

/// The next messages on the topic, in the order of each partition.
fn consume(broker: &Broker, count: usize) -> Vec<Sent> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker.bootstrap_servers())
        .set("group.id", "test")
        .create()
        .unwrap();
    let mut all = rdkafka::TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        all.add_partition_offset(TOPIC, partition, rdkafka::Offset::Beginning).unwrap();
    }
    consumer.assign(&all).unwrap();
    let mut sent = Vec::new();
    while sent.len() < count {
        let message = consumer.poll(SOON).expect("another message").unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        sent.push(Sent {
            partition: message.partition(),
            key: text(message.key().unwrap()),
            value: text(message.payload().unwrap()),
            headers: message
                .headers()
                .unwrap()
                .iter()
                .map(|header| (header.key.to_owned(), text(header.value.unwrap())))
                .collect(),
        });
    }
    assert!(consumer.poll(Duration::from_millis(300)).is_none(), "and no more");
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_is_published_once_and_in_the_order_of_its_subject() {
    with_log(async |log| {
        let broker = broker(PARTITIONS);
        let mut generator = Generator::new(1);
        log.append(generator.history(1_500)).await;
        let running = publish(log, &broker, false);
        running.published(1_500).await;
        log.append(generator.history(100)).await;
        running.published(1_600).await;
        running.stop().await;

        let sent = consume(&broker, 1_600);
        let mut conn = log.pool.acquire().await.unwrap();
        let entries = projections::log::read_after(&mut conn, 0, 2_000).await.unwrap();
        let mut last: BTreeMap<&str, (i32, i64)> = BTreeMap::new();
        for message in &sent {
            let entry = &entries[usize::try_from(message.position()).unwrap() - 1];
            assert_eq!((&message.key, &message.value), (&entry.subject, &entry.payload));
            let before = last.insert(&message.key, (message.partition, entry.position));
            assert!(
                before.is_none_or(|(partition, position)| partition == message.partition && position < entry.position)
            );
        }
        let message = &sent[0];
        let entry = &entries[usize::try_from(message.position()).unwrap() - 1];
        let expected = [
            ("ce_specversion", "1.0".to_owned()),
            ("ce_id", entry.event_id.to_string()),
            ("ce_source", "/test".to_owned()),
            ("ce_type", format!("reward-ledger.{}.v1", entry.event_type)),
            ("ce_subject", entry.subject.clone()),
            ("ce_time", Moment::to_text(entry.occurred_at)),
            ("content-type", "application/json".to_owned()),
            ("ce_dataschema", format!("/schemas/{}.v1.json", entry.event_type)),
            ("ce_position", entry.position.to_string()),
            ("ce_sequence", entry.sequence.to_string()),
            ("ce_streamtype", entry.aggregate_type.clone()),
            ("ce_streamid", entry.aggregate_id.clone()),
            ("ce_epoch", "1".to_owned()),
            ("ce_hash", hex::encode(entry.hash)),
        ];
        assert_eq!(message.headers, expected.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_goes_on_after_its_checkpoint_and_starts_over_where_the_broker_forgets() {
    with_log(async |log| {
        let first = broker(PARTITIONS);
        let mut generator = Generator::new(2);
        log.append(generator.history(50)).await;
        let running = publish(log, &first, false);
        running.published(50).await;
        running.stop().await;
        log.append(generator.history(50)).await;
        let running = publish(log, &first, false);
        running.published(100).await;
        running.stop().await;
        consume(&first, 100);

        let forgetful = broker(PARTITIONS);
        let running = publish(log, &forgetful, true);
        consume(&forgetful, 100);
        running.stop().await;
    })
    .await;
}

/// A fact of so many measures, more than any may have today.
fn huge(measures: usize) -> Draft {
    let mut random = rand::rng();
    let mut letters =
        || (0..60).map(|_| char::from(random.sample(Alphanumeric)).to_ascii_lowercase()).collect::<String>();
    let member_id = MemberId(Uuid::new_v4());
    let at = Moment::from(chrono::DateTime::UNIX_EPOCH);
    let fact = Recorded {
        source: "shop".to_owned(),
        id: "huge".to_owned(),
        member_id,
        kind: name("visit"),
        occurred_at: at,
        local_date: NaiveDate::default(),
        time_zone: Zone::Named(domain::zone::Tz::UTC),
        measures: (0..measures).map(|_| (name(&format!("m{}", letters())), 1)).collect(),
    };
    Draft { stream_id: Uuid::new_v4(), event: Event::Activity(ActivityEvent::Recorded(fact)) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_before_events_had_a_bound_is_published_once_the_topic_takes_it() {
    with_log(async |log| {
        let (broker, topic) = (support::Broker::shared(), format!("huge-{}", unique()));
        let mut generator = Generator::new(8);
        log.append(generator.history(50)).await;
        log.append(vec![huge(40_000)]).await;
        log.append(generator.history(50)).await;
        let running = publish_to(log, &broker.bootstrap(), &topic, false);
        running
            .is(|state| matches!(state, FollowerState::Stopped { reason } if reason.contains("max.message.bytes")))
            .await;
        let step =
            |step| Intervention { step, position: None, reason: "a test".to_owned(), actor: "somebody".to_owned() };
        let refused = intervene(&log.pool, NAME, &step(InterventionKind::Skip)).await.unwrap_err().to_string();
        assert!(refused.contains("max.message.bytes"), "a hole is nothing that anybody may decide: {refused}");

        broker.configure(&topic, "max.message.bytes=8000000");
        intervene(&log.pool, NAME, &step(InterventionKind::Retry)).await.unwrap();
        running.published(101).await;
        running.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_had_left_out_before_comes_when_the_log_is_published_again() {
    with_log(async |log| {
        let broker = broker(PARTITIONS);
        log.append(Generator::new(9).history(20)).await;
        sqlx::query(
            "insert into interventions (follower, step, position, reason, actor)
             values ('relay', 'skip', 7, 'a test', 'somebody')",
        )
        .execute(&log.pool)
        .await
        .unwrap();
        let running = publish(log, &broker, false);
        running.published(20).await;
        running.stop().await;
        assert!(consume(&broker, 20).iter().any(|sent| sent.position() == 7));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_was_published_to_earlier_gets_what_went_to_another_one_since() {
    with_log(async |log| {
        let broker = broker(PARTITIONS);
        broker.create_topic("other", PARTITIONS, 1).unwrap();
        let mut generator = Generator::new(10);
        log.append(generator.history(50)).await;
        let running = publish(log, &broker, false);
        running.published(50).await;
        running.stop().await;
        // each of them twice, so that their number tells nothing
        projections::kafka::relay::set_back(&log.pool, 1).await.unwrap();
        let running = publish(log, &broker, false);
        running.published(50).await;
        running.stop().await;
        consume(&broker, 100);
        log.append(generator.history(30)).await;
        let running = publish_to(log, &broker.bootstrap_servers(), "other", false);
        running.published(80).await;
        running.stop().await;
        log.append(generator.history(5)).await;
        let running = publish(log, &broker, false);
        running.published(85).await;
        running.stop().await;
        let positions: Vec<i64> = consume(&broker, 100 + 85).iter().map(Sent::position).collect();
        assert!((1..=85).all(|position| positions.contains(&position)));

        // and goes on where it is, as long as nothing else happens
        log.append(generator.history(5)).await;
        let running = publish(log, &broker, false);
        running.published(90).await;
        running.stop().await;
        consume(&broker, 100 + 90);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_was_made_anew_is_filled_from_the_beginning_whatever_is_on_it() {
    with_log(async |log| {
        let (broker, topic) = (support::Broker::shared(), format!("anew-{}", unique()));
        let mut generator = Generator::new(11);
        log.append(generator.history(60)).await;
        let running = publish_to(log, &broker.bootstrap(), &topic, false);
        running.published(60).await;
        running.stop().await;

        // another log under the same name, longer than ours
        broker.delete_topic(&topic).await;
        with_log(async |stranger| {
            stranger.append(Generator::new(12).history(200)).await;
            let running = publish_to(stranger, &broker.bootstrap(), &topic, false);
            running.published(200).await;
            running.stop().await;
        })
        .await;
        log.append(generator.history(1)).await;
        let running = publish_to(log, &broker.bootstrap(), &topic, false);
        running.published(61).await;
        running.stop().await;
        let on_topic = support::topic::Topic::new(&broker.bootstrap(), &topic).messages();
        let ours = log.events.iter().map(|(position, _)| position.to_string());
        let hashes: Vec<(i64, Vec<u8>)> =
            sqlx::query_as("select position, hash from events order by position").fetch_all(&log.pool).await.unwrap();
        assert_eq!(ours.count(), hashes.len());
        for (position, hash) in hashes {
            let is_there = on_topic.iter().any(|message| message.header("ce_hash") == hex::encode(&hash));
            assert!(is_there, "position {position} is not there");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_made_anew_under_a_running_relay_lacks_nothing_in_the_end() {
    with_log(async |log| {
        let (broker, topic) = (support::Broker::shared(), format!("pulled-{}", unique()));
        let mut generator = Generator::new(13);
        log.append(generator.history(200)).await;
        let running = publish_to(log, &broker.bootstrap(), &topic, false);
        running.published(200).await;
        broker.delete_topic(&topic).await;
        broker.make_topic(&topic, PARTITIONS).await;
        log.append(generator.history(100)).await;
        let reader = support::topic::Topic::new(&broker.bootstrap(), &topic);
        tokio::task::block_in_place(|| reader.messages_up_to(300, Duration::from_secs(120)));
        running.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_set_back_is_told_to_stand_where_it_was_set_back_to() {
    with_log(async |log| {
        let broker = broker(PARTITIONS);
        log.append(Generator::new(5).history(50)).await;
        let running = publish(log, &broker, false);
        running.published(50).await;
        // so that it cannot begin again at once
        broker.broker_down(1).unwrap();
        projections::kafka::relay::set_back(&log.pool, 11).await.unwrap();
        let told = async {
            while running.freshness.position(NAME) != 10 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(SOON, told).await.expect("the figure goes back");
        broker.broker_up(1).unwrap();
        running.published(50).await;
        running.stop().await;
        consume(&broker, 90);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_relay_is_active_and_the_other_takes_over() {
    with_log(async |log| {
        let broker = broker(PARTITIONS);
        let mut generator = Generator::new(3);
        log.append(generator.history(20)).await;
        let first = publish(log, &broker, false);
        first.published(20).await;
        let second = publish(log, &broker, false);
        second.is(|state| *state == FollowerState::Standby).await;
        first.stop().await;
        log.append(generator.history(20)).await;
        second.published(40).await;
        second.stop().await;
        consume(&broker, 40);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_with_other_partitions_stops_the_relay() {
    with_log(async |log| {
        let broker = broker(3);
        log.append(Generator::new(4).history(5)).await;
        let running = publish(log, &broker, false);
        running.is(|state| matches!(state, FollowerState::Stopped { reason } if reason.contains("3 partitions"))).await;
        assert_eq!(running.freshness.position(NAME), 0);
        running.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_is_waited_for() {
    with_log(async |log| {
        let broker = broker(PARTITIONS);
        log.append(Generator::new(5).history(30)).await;
        broker.broker_down(1).unwrap();
        let running = publish(log, &broker, false);
        running.is(|state| matches!(state, FollowerState::Waiting { .. })).await;
        broker.broker_up(1).unwrap();
        running.published(30).await;
        running.stop().await;
        consume(&broker, 30);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_acknowledged_is_not_saved_and_sent_by_the_next_relay() {
    with_log(async |log| {
        let broker = broker(PARTITIONS);
        let mut generator = Generator::new(6);
        log.append(generator.history(10)).await;
        let running = publish(log, &broker, false);
        running.published(10).await;
        broker.broker_down(1).unwrap();
        log.append(generator.history(20)).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let stopping = std::time::Instant::now();
        running.stop().await;
        assert!(stopping.elapsed() < Duration::from_secs(5), "it does not wait for a broker that is away");
        let saved = sqlx::query_scalar::<_, i64>("select position from checkpoints where name = 'relay'");
        assert_eq!(saved.fetch_one(&log.pool).await.unwrap(), 10);

        broker.broker_up(1).unwrap();
        let running = publish(log, &broker, false);
        running.published(30).await;
        running.stop().await;
        let positions: Vec<i64> = consume(&broker, 30).iter().map(Sent::position).collect();
        assert!((1..=30).all(|position| positions.contains(&position)));
    })
    .await;
}
