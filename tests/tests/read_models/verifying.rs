//! The topic held against the log: what is a difference and what is not, each on a topic that was filled
//! by hand, on a broker inside the test.

use std::time::Duration;

use super::support::history::Generator;
use super::support::with_log;
use projections::audit::topic::{self, TopicVerification};
use projections::kafka::relay::{NAME, Relay, RelayConfig};
use projections::kafka::topic::{Topic, message};
use projections::log::Entry;
use projections::log::partition::{PARTITIONS, partition_of};
use projections::{Brokers, Followers, Freshness, start_followers};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::{ClientConfig, message::Header, message::OwnedHeaders};
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const SOURCE: &str = "/test";
const EVENTS: i64 = 120;
/// For a machine that is ten times as slow.
const SOON: Duration = Duration::from_secs(120);

/// A message that may be made wrong.
#[derive(Clone)]
struct Wire {
    partition: i32,
    key: String,
    value: String,
    headers: Vec<(String, String)>,
}

impl Wire {
    fn of(entry: &Entry) -> Wire {
        Wire {
            partition: partition_of(&entry.subject, PARTITIONS),
            key: entry.subject.clone(),
            value: entry.payload.clone(),
            headers: message::headers(entry, SOURCE).map(|(key, value)| (key.to_owned(), value.into_owned())).to_vec(),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Wire)) -> Wire {
        change(&mut self);
        self
    }

    fn set(&mut self, header: &str, value: &str) {
        let found = self.headers.iter_mut().find(|(key, _)| key == header).unwrap();
        value.clone_into(&mut found.1);
    }
}

struct Broker(MockCluster<'static, DefaultProducerContext>);

impl Broker {
    fn topic(&self, name: &str) -> Topic {
        Topic { brokers: Brokers::at(self.0.bootstrap_servers()), name: name.to_owned(), ce_source: SOURCE.to_owned() }
    }

    fn filled(&self, name: &str, partitions: i32, messages: &[Wire]) -> Topic {
        self.0.create_topic(name, partitions, 1).unwrap();
        let producer: BaseProducer =
            ClientConfig::new().set("bootstrap.servers", self.0.bootstrap_servers()).create().unwrap();
        for wire in messages {
            let headers = wire
                .headers
                .iter()
                .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
            let record = BaseRecord::to(name).partition(wire.partition).key(&wire.key).payload(&wire.value);
            producer.send(record.headers(headers)).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(Duration::from_secs(30)).unwrap();
        self.topic(name)
    }
}

async fn looked(pool: &PgPool, topic: &Topic) -> TopicVerification {
    topic::verify(pool, topic, Duration::ZERO, &mut |_| {}).await.unwrap()
}

/// The checks that failed, each with the position of its first failure.
fn failed(found: &TopicVerification) -> Vec<(&str, Option<i64>)> {
    let failures = found.checks.iter().filter(|check| !check.ok);
    failures.map(|check| (check.name.as_str(), check.first_failure.as_ref().unwrap().position)).collect()
}

/// Two neighbours of one partition, `same` key or not, the later one the next of its kind.
fn neighbours(entries: &[Entry], same: bool) -> (usize, usize) {
    let partition = |entry: &Entry| partition_of(&entry.subject, PARTITIONS);
    let mut all = (0..entries.len()).flat_map(|a| (a + 1..entries.len()).map(move |b| (a, b)));
    let fits = |&(a, b): &(usize, usize)| {
        partition(&entries[a]) == partition(&entries[b])
            && (entries[a].subject == entries[b].subject) == same
            && entries[a + 1..b].iter().all(|between| between.subject != entries[a].subject)
    };
    all.find(fits).expect("a history has such a pair")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_difference_between_topic_and_log_is_found_and_repetition_is_none() {
    with_log(async |log| {
        log.append(Generator::new(11).history(usize::try_from(EVENTS).unwrap())).await;
        let entries = projections::log::read_after(&mut log.pool.acquire().await.unwrap(), 0, EVENTS).await.unwrap();
        let right: Vec<Wire> = entries.iter().map(Wire::of).collect();
        let all = |change: &dyn Fn(&mut Vec<Wire>)| {
            let mut messages = right.clone();
            change(&mut messages);
            messages
        };
        // the message of position 7 made wrong, or something else, and what is found
        let seventh = |change: fn(&mut Wire)| all(&|messages| change(&mut messages[6]));
        let moved = |(from, to): (usize, usize)| {
            all(&|messages| {
                let late = messages.remove(from);
                messages.insert(to, late);
            })
        };
        let (same, other) = (neighbours(&entries, true), neighbours(&entries, false));
        let late = i64::try_from(same.0).unwrap() + 1;
        let again = |change: fn(Wire) -> Wire| {
            all(&|messages| {
                let wire = change(messages[6].clone());
                messages.push(wire);
            })
        };
        type Case<'a> = (&'a str, Vec<Wire>, Vec<(&'a str, Option<i64>)>);
        let cases: Vec<Case<'_>> = vec![
            ("right", right.clone(), vec![]),
            ("sent again from 100 on", all(&|messages| messages.extend(messages[99..].to_vec())), vec![]),
            ("missing", all(&|messages| drop(messages.remove(6))), vec![("missing", Some(7))]),
            ("none", vec![], vec![("missing", Some(1))]),
            ("value", seventh(|wire| wire.value.push(' ')), vec![("bytes", Some(7))]),
            ("key", seventh(|wire| wire.key.push('0')), vec![("bytes", Some(7))]),
            ("header", seventh(|wire| wire.set("ce_epoch", "2")), vec![("bytes", Some(7))]),
            ("source", seventh(|wire| wire.set("ce_source", "/other")), vec![("bytes", Some(7))]),
            ("header-gone", seventh(|wire| drop(wire.headers.remove(2))), vec![("bytes", Some(7))]),
            ("header-new", seventh(|wire| wire.headers.push(("a".into(), "b".into()))), vec![("bytes", Some(7))]),
            ("again", again(|wire| wire), vec![]),
            ("again-otherwise", again(|wire| wire.with(|wire| wire.value.clear())), vec![("bytes", Some(7))]),
            ("order-of-a-key", moved(same), vec![("order", Some(late))]),
            ("order-of-two-keys", moved(other), vec![]),
            ("partition", seventh(|wire| wire.partition = (wire.partition + 1) % PARTITIONS), vec![("order", Some(7))]),
            ("unknown", again(|wire| wire.with(|wire| wire.set("ce_position", "121"))), vec![("positions", Some(121))]),
            (
                "no-position",
                again(|wire| wire.with(|wire| wire.headers.retain(|(key, _)| key != "ce_position"))),
                vec![("positions", None)],
            ),
        ];
        let broker = Broker(MockCluster::new(1).unwrap());
        for (number, (name, messages, expected)) in cases.iter().enumerate() {
            let topic = broker.filled(&format!("case-{number}"), PARTITIONS, messages);
            let found = looked(&log.pool, &topic).await;
            assert_eq!(failed(&found), *expected, "{name}: {found:?}");
            let broken = found.missing.min(1) + found.out_of_order + found.different + found.unknown;
            assert_eq!(broken, i64::try_from(expected.len()).unwrap(), "{name}: {found:?}");
            let sent = i64::try_from(messages.len()).unwrap();
            assert_eq!((found.position, found.messages), (EVENTS, sent), "{name}");
            let repeated = sent - (EVENTS - found.missing) - found.unknown;
            let otherwise = i64::from(*name == "again-otherwise");
            assert_eq!(found.duplicates, repeated - otherwise, "{name}: {found:?}");
        }

        let odd = Wire::of(&entries[0]).with(|wire| wire.partition = 0);
        let found = looked(&log.pool, &broker.filled("odd", 1, &[odd])).await;
        assert_eq!(failed(&found), [("partitions", None), ("missing", Some(2))]);
        let found = looked(&log.pool, &broker.topic("nowhere")).await;
        assert_eq!((failed(&found), found.missing), (vec![("missing", Some(1))], EVENTS));
    })
    .await;
}

/// A relay that publishes to a topic.
struct Relaying {
    freshness: Freshness,
    followers: Followers,
    shutdown: CancellationToken,
}

impl Relaying {
    fn to(topic: &Topic, pool: &PgPool) -> Relaying {
        let (freshness, shutdown) = (Freshness::new(), CancellationToken::new());
        let config = RelayConfig { topic: topic.clone(), start_over: false };
        let followers = start_followers(pool.clone(), watch::channel(0).1, freshness.clone(), shutdown.clone());
        followers.follow(Relay::new(config, followers.lease(NAME), shutdown.clone()));
        Relaying { freshness, followers, shutdown }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.followers.stopped().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relay_is_waited_for_up_to_where_the_log_ended_at_the_start() {
    with_log(async |log| {
        log.append(Generator::new(12).history(300)).await;
        let broker = Broker(MockCluster::new(1).unwrap());
        // the first topic of the log, and a new one, to which the relay is pointed when it had published everything
        for (name, published_elsewhere) in [("late", 0), ("pointed-anew", 300)] {
            let topic = broker.filled(name, PARTITIONS, &[]);
            let (pool, mut relaying) = (log.pool.clone(), None::<Relaying>);
            let known = projections::engine::checkpoint::positions(&mut pool.acquire().await.unwrap()).await.unwrap();
            assert_eq!(
                known.iter().find(|(follower, _)| follower == NAME).map_or(0, |(_, at)| *at),
                published_elsewhere
            );
            let mut begin_when_it_waits = |looking| {
                // nothing is there, and it waits: only now a relay begins
                if relaying.is_none()
                    && matches!(looking, topic::TopicVerificationProgress::Waits { relay_position: 0 })
                {
                    relaying = Some(Relaying::to(&topic, &pool));
                }
            };
            let found = topic::verify(&pool, &topic, SOON, &mut begin_when_it_waits).await.unwrap();
            assert_eq!((failed(&found), found.position, found.messages), (vec![], 300, 300), "{name}: {found:?}");
            let relaying = relaying.unwrap();
            assert_eq!(relaying.freshness.wait_for(NAME, 300, SOON).await, Ok(300));
            relaying.stop().await;
        }
        // without a relay it says what is there: nothing
        let found = looked(&log.pool, &broker.filled("nobody", PARTITIONS, &[])).await;
        assert_eq!((failed(&found), found.missing, found.relay_position), (vec![("missing", Some(1))], 300, 0));
        let reason = &found.checks.iter().find(|check| !check.ok).unwrap().first_failure.as_ref().unwrap().reason;
        assert!(reason.contains("the relay has only reached position 0"), "{reason}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_begins_anew_while_it_is_looked_is_waited_for() {
    with_log(async |log| {
        log.append(Generator::new(13).history(300)).await;
        let entries = projections::log::read_after(&mut log.pool.acquire().await.unwrap(), 0, 300).await.unwrap();
        let broker = Broker(MockCluster::new(1).unwrap());
        let begun: Vec<Wire> = entries[..50].iter().map(Wire::of).collect();
        let topic = broker.filled("begun", PARTITIONS, &begun);
        // where it was said to stand was the end of another topic: by the time that this one is read it has begun, and
        // sends all of the log, since it knows that it was elsewhere
        let relaying = Relaying::to(&broker.filled("elsewhere", PARTITIONS, &[]), &log.pool);
        assert_eq!(relaying.freshness.wait_for(NAME, 300, SOON).await, Ok(300));
        relaying.stop().await;
        let (pool, mut relaying) = (log.pool.clone(), None::<Relaying>);
        let mut begins = |looking| {
            let topic::TopicVerificationProgress::Reads { .. } = looking else { return };
            if relaying.is_none() {
                let begun = async {
                    let back = "update checkpoints set position = 50 where name = $1";
                    sqlx::query(back).bind(NAME).execute(&pool).await.unwrap();
                };
                tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(begun));
                relaying = Some(Relaying::to(&topic, &pool));
            }
        };
        let found = topic::verify(&pool, &topic, SOON, &mut begins).await.unwrap();
        assert_eq!(
            (failed(&found), found.missing, found.messages, found.duplicates),
            (vec![], 0, 350, 50),
            "{found:?}"
        );
        relaying.unwrap().stop().await;
    })
    .await;
}
