//! Facts of other services on Kafka: taken in once, in order, whatever dies meanwhile; what is refused is kept as it came.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tests::support::{
    Broker, Cluster, Database, Log, Service, Setup,
    facts::{Feed, Sent, body, event, numbers_by_member},
    programme::{activity, crowd, id, unique},
    topic::Topic,
};

const SOURCE: &str = "shop";

/// A service on a real broker, its feed, and members who are there.
async fn scene(members: usize) -> (Database, Service, Feed, Vec<String>) {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("inbound-{}", unique()));
    let feed = Feed::of(broker, &topic, &database).await;
    let service = Setup::on(&database).kafka(broker, &topic).without_demo().start().await;
    let (ids, facts) = crowd(members);
    service.import(&facts);
    (database, service, feed, ids)
}

/// The ids of the facts that came by Kafka, in the order of the log.
async fn ids(feed: &Feed) -> Vec<String> {
    let facts = feed.recorded().await.into_iter().filter(|fact| fact.actor == "kafka");
    facts.map(|fact| fact.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_come_in_every_mode_and_what_is_refused_is_kept_as_it_came() {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("modes-{}", unique()));
    // one partition, made by somebody else: any number will do, and all is in one order
    let feed = Feed::of(broker, &topic, &database).await.with_partitions(1).await;
    let service = Setup::on(&database).kafka(broker, &topic).start().await;
    let (members, facts) = crowd(1);
    service.import(&facts);
    let fact = |number| body(&members[0], "review", number);
    let strange = body("not a member", "Review", 1);
    let taken = [
        Sent::binary(SOURCE, "binary", &fact(1)).keyed("k"),
        Sent::structured(SOURCE, "structured", &fact(2)),
        Sent::batch(&[event(SOURCE, "one", &fact(3)), event(SOURCE, "two", &fact(4)), event(SOURCE, "one", &fact(3))]),
        Sent::binary(SOURCE, "structured", &fact(2)), // the same once more
    ];
    let many = |part: &str, count: usize| vec![part; count].join(",");
    let structured = [("content-type", "application/cloudevents+json")];
    let batch = [("content-type", "application/cloudevents-batch+json")];
    let refused = [
        (Sent::binary(SOURCE, "binary", &fact(7)).keyed("k"), "activity_conflict"),
        (Sent::structured("ledger", "ours", &fact(8)), "source_reserved"),
        (Sent::binary(SOURCE, "nobody", &body(&id(), "review", 9)).keyed("nobody"), "member_unknown"),
        (Sent::structured(SOURCE, "strange", &strange), "validation_failed"),
        (Sent::binary(SOURCE, "torn", &json!({})).keyed("é"), "validation_failed"),
        (Sent::new(&[("content-type", "application/cloudevents+json")], [0xff, 0x00, 0x7b]), "malformed_json"),
        (Sent::new(&[("reason", "theirs")], "a plain text"), "unsupported_media_type"),
        (Sent { value: None, ..Sent::binary(SOURCE, "empty", &json!(null)) }, "validation_failed"),
        (Sent::batch(&[event(SOURCE, "three", &fact(5)), event(SOURCE, "four", &strange)]), "validation_failed"),
        (Sent::binary(SOURCE, "large", &json!({"note": "x".repeat(300_000)})), "body_too_large"),
        // what would have answers, or memory, grow faster than the message
        (
            Sent::new(&structured, format!("{{\"{}\":{{{}}}}}", "k".repeat(30_000), many("\"a\":1", 4_000))),
            "validation_failed",
        ),
        (Sent::new(&batch, format!("[{}]", many("{\"a\":0}", 60_000))), "validation_failed"),
        (Sent::new(&batch, format!("[{}]", many("{\"a\":0}", 1_000))), "validation_failed"),
        (Sent::new(&batch, "[".repeat(100_000)), "malformed_json"),
    ];
    feed.send(&taken);
    feed.send(&refused.iter().map(|(message, _)| message.clone()).collect::<Vec<_>>());
    feed.send(&[Sent::binary(SOURCE, "behind", &fact(6))]);
    feed.is_taken_in().await;

    assert_eq!(ids(&feed).await, ["binary", "structured", "one", "two", "three", "behind"], "the rest went on");
    let letters = feed.dead_letters();
    assert_eq!(letters.len(), refused.len());
    for (letter, (message, reason)) in letters.iter().zip(&refused) {
        assert!(message.is_kept_in(letter), "{letter:?}");
        let added: Vec<_> = letter.headers.iter().rev().take(2).map(|(name, _)| name.as_str()).collect();
        assert_eq!(added, ["detail", "reason"]);
        assert_eq!(letter.headers[letter.headers.len() - 2].1, *reason, "{letter:?}");
        let detail = &letter.headers[letter.headers.len() - 1].1;
        assert!(detail.chars().count() < 700, "{detail}");
    }
    let said: String = letters.iter().map(|letter| letter.headers.last().unwrap().1.clone()).collect();
    assert!(said.contains("event 1: validation_failed, data.memberId: must be a UUID"), "{said}");
    assert!(said.contains("partition 0, offset 4") && !said.contains("not a member"), "{said}");
    Log::of(&database).await.assert_sound().await;
    assert!(!service.log().contains("not a member"));
}

/// What flows while things die: 20,000 facts in some 15,000 messages, a part of it poison or sent twice.
struct Flow {
    messages: Vec<Sent>,
    /// By source and id.
    facts: BTreeMap<String, (String, i64)>,
    poison: Vec<Sent>,
}

/// Each member's facts are numbered and travel under the member's key.
fn flow(members: &[String], facts: usize, seed: u64) -> Flow {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut flow = Flow { messages: vec![], facts: BTreeMap::new(), poison: vec![] };
    let mut number = 0;
    while flow.facts.len() < facts {
        let member = &members[dice.random_range(0..members.len())];
        let mut next = || {
            number += 1;
            let (id, body) = (format!("fact-{number}"), body(member, "visit", number));
            flow.facts.insert(id.clone(), (member.clone(), number));
            (id, body)
        };
        let message = match dice.random_range(0..100) {
            0..=1 => {
                let events: Vec<Value> = (0..10).map(|_| next()).map(|(id, body)| event(SOURCE, &id, &body)).collect();
                Sent::batch(&events)
            }
            2..=49 => next().pipe(|(id, body)| Sent::binary(SOURCE, &id, &body)),
            50..=97 => next().pipe(|(id, body)| Sent::structured(SOURCE, &id, &body)),
            98 => {
                let poison = Sent::new(&[("content-type", "application/cloudevents+json")], format!("{{ {number}"));
                flow.poison.push(poison.clone().keyed(member));
                poison
            }
            _ => {
                let poison = Sent::binary(SOURCE, &format!("poison-{number}"), &body("nobody", "visit", number));
                flow.poison.push(poison.clone().keyed(member));
                poison
            }
        };
        let message = message.keyed(member);
        if dice.random_range(0..100) < 3 && !flow.poison.contains(&message) {
            flow.messages.push(message.clone());
        }
        flow.messages.push(message);
    }
    flow
}

trait Pipe: Sized {
    fn pipe<T>(self, then: impl FnOnce(Self) -> T) -> T {
        then(self)
    }
}

impl<T> Pipe for T {}

/// Exactly the facts are in the log, each once and each member's in order; exactly the poison is in the dead letters.
async fn all_of_it_is_in(feed: &Feed, flow: &Flow) {
    let recorded = feed.recorded().await;
    let recorded: Vec<_> = recorded.into_iter().filter(|fact| fact.actor == "kafka").collect();
    let found: BTreeMap<String, (String, i64)> =
        recorded.iter().map(|fact| (fact.id.clone(), (fact.member.clone(), fact.number))).collect();
    assert_eq!(recorded.len(), found.len(), "each once");
    let missing: Vec<_> = flow.facts.keys().filter(|id| !found.contains_key(*id)).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
    assert_eq!(found, flow.facts);
    for (member, numbers) in numbers_by_member(&recorded) {
        assert!(numbers.is_sorted(), "the facts of {member} are in order: {numbers:?}");
    }
    let letters = feed.dead_letters();
    for letter in &letters {
        assert!(flow.poison.iter().any(|poison| poison.is_kept_in(letter)), "no poison: {letter:?}");
    }
    let lost: Vec<_> = flow.poison.iter().filter(|poison| !letters.iter().any(|it| poison.is_kept_in(it))).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    // a message that is there twice was told of, and cut off before its offset was saved
    let places: BTreeSet<&str> = letters.iter().map(|letter| letter.header("detail")).collect();
    assert_eq!(places.len(), flow.poison.len(), "one for each poisonous message");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_it_loses_nothing_and_counts_nothing_twice() {
    const FACTS: usize = 20_000;
    const KILLS: usize = 4;
    let seed: u64 = rand::rng().random();
    println!("seed {seed}");
    let (database, service, feed, members) = scene(50).await;
    let flow = flow(&members, FACTS, seed);
    let mut dice = StdRng::seed_from_u64(seed);
    let total = i64::try_from(flow.messages.len()).unwrap();
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| flow.messages.chunks(500).for_each(|chunk| feed.send(chunk)));
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                for kill in 1..=KILLS {
                    let share = total * i64::try_from(kill).unwrap() / i64::try_from(KILLS + 1).unwrap();
                    feed.has_passed(share - dice.random_range(0..total / 20)).await;
                    tokio::time::sleep(Duration::from_millis(dice.random_range(0..100))).await;
                    service.kill_9();
                    service.restart().await;
                }
            });
        });
        sending.join().unwrap();
    });
    feed.is_taken_in().await;
    all_of_it_is_in(&feed, &flow).await;
    Log::of(&database).await.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_share_the_partitions_and_one_that_sleeps_or_dies_is_replaced() {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("shared-{}", unique()));
    let feed = Feed::of(broker, &topic, &database).await;
    let setup = || Setup::on(&database).kafka(broker, &topic).without_demo();
    let (left, right) = (setup().start().await, setup().start().await);
    let (members, facts) = crowd(40);
    left.import(&facts);
    feed.is_shared_by(2).await;
    let flow = flow(&members, 3_000, 7);
    let (first, rest) = flow.messages.split_at(flow.messages.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);

    feed.send(first);
    let sleeper = Pid::from_raw(i32::try_from(left.pid().unwrap()).unwrap());
    kill(sleeper, Signal::SIGSTOP).unwrap();
    feed.send(second);
    feed.is_shared_by(1).await; // past its session: the other has all of it
    kill(sleeper, Signal::SIGCONT).unwrap();
    feed.is_shared_by(2).await;

    right.kill_9();
    feed.send(third);
    feed.is_taken_in().await;
    feed.is_shared_by(1).await;
    all_of_it_is_in(&feed, &flow).await;
    Log::of(&database).await.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_a_partition_writes_none_of_its_facts_and_joins_anew() {
    let (database, service, feed, members) = scene(1).await;
    let fact = |id: &str| Sent::binary(SOURCE, id, &body(&members[0], "visit", 1)).keyed("k");
    feed.send(&[fact("before")]);
    feed.is_taken_in().await;
    // as another member does that is given the partitions, and then takes nothing in
    let log = Log::of(&database).await;
    log.run("update inbound_offsets set owner = gen_random_uuid()").await.unwrap();
    feed.send(&[fact("behind")]);
    feed.is_taken_in().await;
    assert_eq!(ids(&feed).await, ["before", "behind"]);
    assert!(service.log().contains("Kafka intake: rejoining the consumer group"), "it was refused first");

    // also where there is nothing to write but the offset
    log.run("update inbound_offsets set owner = gen_random_uuid()").await.unwrap();
    feed.send(&[fact("behind")]);
    feed.is_taken_in().await;
    assert_eq!(service.log().matches("Kafka intake: rejoining the consumer group").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_facts_wait_and_none_is_a_dead_letter() {
    let (cluster, broker, topic) = (Cluster::launch().await, Broker::shared(), format!("waiting-{}", unique()));
    let database = cluster.database().await;
    let feed = Feed::of(broker, &topic, &database).await;
    let service = Setup::on(&database).kafka(broker, &topic).without_demo().start().await;
    let (members, facts) = crowd(20);
    service.import(&facts);
    let mut flow = flow(&members, 2_000, 11);
    flow.messages.retain(|message| !flow.poison.contains(message));
    flow.poison.clear();
    let (first, rest) = flow.messages.split_at(1_000);
    feed.send(first);
    feed.has_passed(1).await;
    cluster.crash();
    feed.send(rest);
    let waits = || service.log().contains("Kafka intake paused until this is resolved");
    for _ in 0..600 {
        if waits() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(waits(), "it says that they wait");
    cluster.start().await;
    feed.is_taken_in().await;
    all_of_it_is_in(&feed, &flow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_comes_and_goes_costs_no_fact_and_none_counts_twice() {
    const KILLS: usize = 3;
    let (database, broker, topic) = (Database::fresh().await, Broker::launch(), format!("flaky-{}", unique()));
    let feed = Feed::of(&broker, &topic, &database).await;
    let service = Setup::on(&database).kafka(&broker, &topic).without_demo().start().await;
    let (members, facts) = crowd(30);
    service.import(&facts);
    feed.has_members().await;
    let flow = flow(&members, 6_000, 13);
    let total = i64::try_from(flow.messages.len()).unwrap();
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| flow.messages.chunks(200).for_each(|chunk| feed.send(chunk)));
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                for kill in 1..=KILLS {
                    feed.has_passed(total * i64::try_from(kill).unwrap() / i64::try_from(KILLS + 2).unwrap()).await;
                    // once by a power cut, once as it is asked to
                    if kill % 2 == 1 {
                        broker.kill_9()
                    } else {
                        broker.stop()
                    }
                    assert_eq!(service.client().get("/health/ready").await.status, 200, "the service does not mind");
                    broker.start();
                }
            });
        });
        sending.join().unwrap();
    });
    feed.is_taken_in().await;
    all_of_it_is_in(&feed, &flow).await;
    Log::of(&database).await.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_ledger_has_more_to_do_than_it_can_facts_wait_and_none_is_a_dead_letter() {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("busy-{}", unique()));
    let feed = Feed::of(broker, &topic, &database).await;
    // the crowd is one address, and more of it waits than one address may have connections by default
    let service = Setup::on(&database).kafka(broker, &topic).env("MAX_CONNECTIONS_PER_ADDRESS", "8192").start().await;
    let (members, facts) = crowd(20);
    service.import(&facts);
    feed.has_members().await;
    let flow = flow(&members, 1_000, 17);
    let (first, rest) = flow.messages.split_at(flow.messages.len() / 2);
    feed.send(first);
    feed.is_taken_in().await;

    let reporter = service.demo("service").await;
    // the head of the log is held: commands wait, more of them than may, though whoever sent them has gone
    let pool = database.pool().await;
    let mut holding = pool.begin().await.unwrap();
    sqlx::query("select position from log_head for update").execute(&mut *holding).await.unwrap();
    let crowd_in = async |callers: usize| {
        let asking = (0..callers).map(|_| {
            let (reporter, fact) = (reporter.clone(), activity(&members[0], "visit"));
            async move {
                let asked = reporter.try_post("/activities", &fact);
                tokio::time::timeout(Duration::from_secs(1), asked).await.ok().flatten()
            }
        });
        let answers = futures::future::join_all(asking).await;
        answers.iter().flatten().any(|answer| answer.json["code"] == "overloaded")
    };
    while !crowd_in(1_024).await {}
    feed.send(rest);
    let refused = || service.log().contains("the queue is full");
    let started = Instant::now();
    while !refused() && started.elapsed() < Duration::from_secs(300) {
        crowd_in(600).await;
    }
    assert!(refused(), "the facts of Kafka were refused for want of room");
    holding.rollback().await.unwrap();
    feed.is_taken_in().await;
    all_of_it_is_in(&feed, &flow).await;
    Log::of(&database).await.assert_sound().await;
}

/// The dead letters as the command line shows them.
fn listed(service: &Service) -> Vec<Value> {
    let output = service.command(&["kafka", "dead-letters", "list", "--json"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    document["deadLetters"].as_array().unwrap().clone()
}

fn replayed(service: &Service, arguments: &[&str]) -> (i64, i64) {
    let output = service.command(&[&["kafka", "dead-letters", "replay", "--json"], arguments].concat(), "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    (document["replayed"].as_i64().unwrap(), document["replayedBefore"].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_put_back_once_what_was_in_its_way_is_gone() {
    let (_database, service, feed, _) = scene(1).await;
    assert!(listed(&service).is_empty());
    let (newcomer, nobody) = (id(), id());
    feed.send(&[
        Sent::binary(SOURCE, "early", &body(&newcomer, "visit", 1)).keyed(&newcomer),
        Sent::structured(SOURCE, "never", &body(&nobody, "visit", 2)),
    ]);
    feed.is_taken_in().await;
    let letters = listed(&service);
    assert_eq!(letters.len(), 2);
    let early = letters.iter().find(|letter| letter["id"] == "early").unwrap();
    assert_eq!((&early["reason"], &early["source"]), (&json!("member_unknown"), &json!(SOURCE)));
    assert!(early["refusedAt"].as_str().unwrap().ends_with('Z') && early["replayedAt"].is_null(), "{early}");

    service.import(&[json!({"source": "till", "id": unique(), "memberId": newcomer, "kind": "visit",
        "occurredAt": "2026-11-01T12:00:00Z"})]);
    let offset = early["offset"].to_string();
    assert_eq!(replayed(&service, &["--offset", &offset]), (1, 0));
    feed.is_taken_in().await;
    assert_eq!(ids(&feed).await, ["early"]);
    let put_back = |letters: &[Value]| letters.iter().filter(|letter| !letter["replayedAt"].is_null()).count();
    assert_eq!((put_back(&listed(&service)), listed(&service).len()), (1, 2));

    assert_eq!(replayed(&service, &["--all"]), (1, 1), "each once, unless asked");
    feed.is_taken_in().await;
    let letters = listed(&service);
    assert_eq!((letters.len(), put_back(&letters)), (3, 2), "still nobody: refused again");
    assert_eq!(letters[2]["detail"].as_str().unwrap().matches("partition").count(), 1, "as it came: {}", letters[2]);
    assert_eq!(replayed(&service, &["--offset", &offset, "--again"]), (1, 0));
    feed.is_taken_in().await;
    assert_eq!(ids(&feed).await, ["early"], "known by source and id");

    let unknown = service.command(&["kafka", "dead-letters", "replay", "--offset", "99"], "");
    assert_eq!(unknown.status.code(), Some(2), "{}", String::from_utf8_lossy(&unknown.stderr));
    let table = service.command(&["kafka", "dead-letters", "list"], "");
    assert!(String::from_utf8_lossy(&table.stdout).contains("member_unknown"));
    let alarms = String::from_utf8_lossy(&table.stderr).into_owned();
    assert!(!alarms.contains("ERROR") && !alarms.contains("WARN"), "{alarms}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_asks_for_a_password_gets_it_from_every_client_and_nobody_else_does() {
    let (database, (broker, door)) = (Database::fresh().await, Broker::launch_with_a_password());
    let feed = Feed::of(&broker, "secured", &database).await;
    let setup = |password: &str| {
        Setup::on(&database)
            .kafka(&broker, "secured")
            .env("KAFKA_BROKERS", &door)
            .env("KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT")
            .env("KAFKA_SASL_MECHANISM", "PLAIN")
            .env("KAFKA_SASL_USERNAME", "ledger")
            .env("KAFKA_SASL_PASSWORD", password)
            .without_demo()
    };
    let service = setup("tops3cret").start().await;
    let (members, facts) = crowd(1);
    service.import(&facts);
    feed.has_members().await; // it has made the topics and joined
    feed.send(&[
        Sent::binary(SOURCE, "in", &body(&members[0], "visit", 1)),
        Sent::binary(SOURCE, "out", &body(&id(), "visit", 2)),
    ]);
    feed.is_taken_in().await;
    assert_eq!((ids(&feed).await, listed(&service).len()), (vec!["in".to_owned()], 1));
    let head = Log::of(&database).await.head().await;
    Topic::new(&broker.bootstrap(), "secured").messages_up_to(head, Duration::from_secs(60));
    let shown = service.command(&["config"], "");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("KAFKA_SASL_USERNAME") && shown.contains("ledger"), "{shown}");
    assert!(!shown.contains("tops3cret") && !service.log().contains("tops3cret"));
    drop(service);

    let stranger = setup("wrong").start().await;
    let (before, answered) = (feed.passed().await, stranger.command(&["kafka", "dead-letters", "list"], ""));
    assert_eq!(answered.status.code(), Some(2), "{}", String::from_utf8_lossy(&answered.stdout));
    assert_eq!((feed.passed().await, stranger.client().get("/health/ready").await.status), (before, 200));
    let unspeakable = Setup::on(&database).env("KAFKA_BROKERS", &door).env("KAFKA_SECURITY_PROTOCOL", "ssl").launch();
    let refused = unspeakable.command(&["serve"], "");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("--features kafka-secure"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_kafka_a_stranger_feeds_the_broker_inside_with_kcat() {
    let database = Database::fresh().await;
    let service = Setup::on(&database).env("KAFKA_ACTIVITIES_TOPIC", "shop.facts").start().await;
    let (members, facts) = crowd(1);
    service.import(&facts);
    let log = service.log();
    let address = log.split("embedded Kafka broker at ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let feed = Feed::at(address, "shop.facts", &database).await;
    let mut kcat = std::process::Command::new("kcat");
    kcat.args(["-b", address, "-P", "-t", "shop.facts", "-k", &members[0]]);
    for header in ["ce_specversion=1.0", "ce_id=kcat-1", "ce_source=shop", "ce_type=shop.review"] {
        kcat.args(["-H", header]);
    }
    let mut kcat = kcat.stdin(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut kcat.stdin.take().unwrap(), body(&members[0], "review", 1).to_string().as_bytes())
        .unwrap();
    assert!(kcat.wait().unwrap().success());
    feed.has_passed(1).await;
    assert_eq!(ids(&feed).await, ["kcat-1"]);
    let log = service.log();
    let alarming: Vec<&str> = log.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).collect();
    assert!(alarming.is_empty(), "{alarming:#?}");
    let refused = service.command(&["kafka", "dead-letters", "list"], "");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("KAFKA_BROKERS is not set"));
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_the_demo_nobody_feeds_the_broker_inside() {
    let database = Database::fresh().await;
    let setup = || Setup::on(&database).env("KAFKA_ACTIVITIES_TOPIC", "shop.facts");
    let service = setup().without_demo().start().await;
    let (members, facts) = crowd(1);
    service.import(&facts);
    let log = service.log();
    let told = log.split("embedded Kafka broker at ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    assert!(told.starts_with("127.0.0.1:") && told.contains("no facts are read from it"), "{told}");
    let feed = Feed::at(told.split(' ').next().unwrap(), "shop.facts", &database).await;
    feed.send(&[Sent::binary(SOURCE, "from-outside", &body(&members[0], "review", 1))]);
    // the log is published all the same
    let head = Log::of(&database).await.head().await;
    let published = async {
        let relay = "select position from checkpoints where name = 'relay'";
        let pool = database.pool().await;
        while sqlx::query_scalar::<_, i64>(relay).fetch_optional(&pool).await.unwrap() < Some(head) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), published).await.expect("the relay publishes");
    assert_eq!((feed.members().await, ids(&feed).await.len()), (0, 0), "nobody reads it");
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_that_is_off_is_neither_published_to_nor_read() {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("off-{}", unique()));
    let service = Setup::on(&database)
        .env("KAFKA", "off")
        .env("KAFKA_TOPIC", &topic)
        .env("KAFKA_ACTIVITIES_TOPIC", &format!("{topic}.activities"))
        .start()
        .await;
    let (_, facts) = crowd(1);
    service.import(&facts);
    assert!(service.log().contains("broker: none, KAFKA is off") && !service.log().contains("embedded Kafka"));
    let ready = service.client().get("/health/ready").await;
    assert_eq!((ready.json["status"].as_str(), ready.json["kafka"].as_str()), (Some("ready"), Some("off")));
    let told = service.command(&["projections", "--json"], "");
    let standing: Value = serde_json::from_slice(&told.stdout).unwrap();
    let relay = standing["followers"].as_array().unwrap().iter().find(|one| one["name"] == "relay").unwrap();
    assert_eq!(relay["state"], "off", "{standing}");
    let relays: i64 = sqlx::query_scalar("select count(*) from checkpoints where name = 'relay'")
        .fetch_one(&database.pool().await)
        .await
        .unwrap();
    assert_eq!(relays, 0, "nobody publishes");
    for arguments in [&["serve", "--only", "relay"][..], &["kafka", "verify"]] {
        assert!(!service.command(arguments, "").status.success(), "{arguments:?} needs a Kafka");
    }
    let both = Setup::on(&database).kafka(broker, &topic).env("KAFKA", "off").launch().command(&["serve"], "");
    assert!(String::from_utf8_lossy(&both.stderr).contains("KAFKA is off while KAFKA_BROKERS is set"), "{both:?}");
}

/// Waits until all of these facts are in the log.
async fn are_in(feed: &Feed, wanted: &BTreeSet<String>) {
    let started = Instant::now();
    loop {
        let found: BTreeSet<String> = ids(feed).await.into_iter().collect();
        if found.is_superset(wanted) {
            return;
        }
        let missing: Vec<_> = wanted.difference(&found).collect();
        assert!(started.elapsed() < Duration::from_secs(90), "lost in silence: {missing:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_was_made_anew_is_read_from_its_beginning_however_long_it_is() {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("anew-{}", unique()));
    let activities = format!("{topic}.activities");
    broker.make_topic(&activities, 1).await;
    let figures = format!("127.0.0.1:{}", tests::support::process::free_port());
    let setup = Setup::on(&database).kafka(broker, &topic).without_demo().env("METRICS_LISTEN", &figures);
    let service = setup.start().await;
    let (members, facts) = crowd(1);
    service.import(&facts);
    let mut wanted = BTreeSet::new();
    let send = async |round: &str, messages: usize, wanted: &mut BTreeSet<String>| {
        let names: Vec<String> = (0..messages).map(|number| format!("{round}-{number}")).collect();
        let fact = |id: &String| Sent::binary(SOURCE, id, &body(&members[0], "visit", 1));
        let feed = Feed::of(broker, &topic, &database).await;
        feed.send(&names.iter().map(fact).collect::<Vec<_>>());
        wanted.extend(names);
        feed
    };
    let started_over = || service.log().matches("was recreated or replaced").count();
    let feed = send("first", 5, &mut wanted).await;
    are_in(&feed, &wanted).await;
    service.restart().await;
    let feed = send("same", 1, &mut wanted).await;
    are_in(&feed, &wanted).await;
    assert_eq!(started_over(), 0, "the same topic goes on where it was");

    // fewer messages than were read of the one before, as many, and more
    for (number, messages) in [2, 2, 6].into_iter().enumerate() {
        service.kill_9();
        broker.delete_topic(&activities).await;
        broker.make_topic(&activities, 1).await;
        let feed = send(&format!("anew{number}"), messages, &mut wanted).await;
        service.restart().await;
        are_in(&feed, &wanted).await;
        assert_eq!(started_over(), number + 1, "and it is said");
    }
    let told = tests::support::Client::of(&format!("http://{figures}")).get("/metrics").await;
    let told = String::from_utf8(told.bytes).unwrap();
    assert!(told.contains("ledger_inbound_started_over_total 1"), "and counted: {told}");

    // a place that was saved on another cluster is not of this topic either
    let log = Log::of(&database).await;
    let head = log.head().await;
    log.run("update inbound_offsets set cluster_id = 'another'").await.unwrap();
    service.restart().await;
    let feed = send("moved", 1, &mut wanted).await;
    are_in(&feed, &wanted).await;
    assert_eq!((started_over(), log.head().await), (4, head + 1), "what is read again counts once");

    // a place of an earlier version is believed once, and known from then on
    log.run("update inbound_offsets set cluster_id = null, known_offset = null, known_message = null").await.unwrap();
    service.restart().await;
    let known = "select count(*) from inbound_offsets where known_message is not null and cluster_id is not null";
    let pool = database.pool().await;
    while sqlx::query_scalar::<_, i64>(known).fetch_one(&pool).await.unwrap() < 1 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(started_over(), 4);
    log.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_made_anew_under_a_running_service_is_read_from_its_beginning() {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("pulled-{}", unique()));
    let activities = format!("{topic}.activities");
    broker.make_topic(&activities, 1).await;
    let service = Setup::on(&database).kafka(broker, &topic).without_demo().start().await;
    let (members, facts) = crowd(1);
    service.import(&facts);
    let mut wanted = BTreeSet::new();
    for (round, messages) in [3, 9, 2].into_iter().enumerate() {
        if round > 0 {
            broker.delete_topic(&activities).await;
            broker.make_topic(&activities, 1).await;
        }
        let names: Vec<String> = (0..messages).map(|number| format!("{round}-{number}")).collect();
        let feed = Feed::of(broker, &topic, &database).await;
        let fact = |id: &String| Sent::binary(SOURCE, id, &body(&members[0], "visit", 1));
        feed.send(&names.iter().map(fact).collect::<Vec<_>>());
        wanted.extend(names);
        are_in(&feed, &wanted).await;
    }
}
