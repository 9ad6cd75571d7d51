//! Workers against a broker inside the test: where they begin and go on, what they do not believe, and
//! that a member that was overtaken writes nothing. Whole processes and a real Kafka are elsewhere.

use std::time::Duration;

use super::support::history::Generator;
use super::support::publishing::{Broker, Publishing, TOPIC, broker, publish, publish_to};
use super::support::{TestLog, with_log};
use projections::kafka::topic::message;
use projections::kafka::worker::{WorkerConfig, WorkerError, work};
use projections::log::partition::PARTITIONS;
use projections::read_models::claim_history::ClaimHistory;
use projections::read_models::member_facts::MemberFactsProjection;
use projections::read_models::referral_tally::ReferralTally;
use projections::upkeep::status;
use projections::{Brokers, Intervention, InterventionKind, Projection, intervene, log, rebuild};
use rdkafka::producer::{BaseProducer, BaseRecord, FutureProducer, FutureRecord, Producer as _};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(90);
impl Publishing {
    async fn folded(&self, log: &TestLog, name: &str) {
        assert_eq!(self.freshness.wait_for(name, log.head(), SOON).await, Ok(log.head()), "{name}");
    }
}

struct Worker {
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), WorkerError>>,
}

fn worker<P: Projection>(log: &TestLog, broker: &Broker) -> Worker {
    worker_at::<P>(log, &broker.bootstrap_servers(), TOPIC)
}

fn worker_at<P: Projection>(log: &TestLog, brokers: &str, topic: &str) -> Worker {
    let shutdown = CancellationToken::new();
    let config =
        WorkerConfig { brokers: Brokers::at(brokers), topic: topic.to_owned(), session: Duration::from_secs(6) };
    let (pool, stopping) = (log.pool.clone(), shutdown.clone());
    Worker { shutdown, task: tokio::spawn(async move { work(P::NAME, config, &pool, stopping).await }) }
}

impl Worker {
    async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(SOON, self.task).await.unwrap().unwrap().unwrap();
    }
}

async fn is_the_fold_of_the_log(log: &TestLog, name: &str) {
    let compared = rebuild(&log.pool, name, |_, _| {}).await.unwrap().compared.unwrap();
    assert!(compared.same, "{name}: {compared:?}");
}

/// Where the topic is read on, by partition.
async fn offsets(log: &TestLog, name: &str) -> Vec<Option<i64>> {
    sqlx::query_scalar("select next_offset from worker_partitions where follower = $1 order by partition")
        .bind(name)
        .fetch_all(&log.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_begins_where_the_follower_stood_and_goes_on_where_it_stopped() {
    with_log(async |log| {
        let broker = broker(PARTITIONS);
        let mut generator = Generator::new(61);
        log.append(generator.history(800)).await;
        log.project(MemberFactsProjection, 500, 100, 1).await;
        let publishing = publish(log, &broker, false);
        let first = worker::<MemberFactsProjection>(log, &broker);
        let name = MemberFactsProjection::NAME;
        publishing.folded(log, name).await;
        log.append(generator.history(700)).await;
        publishing.folded(log, name).await;
        first.stop().await;
        let before = offsets(log, name).await;
        assert!(before.iter().flatten().count() > 6, "the topic was read: {before:?}");
        log.append(generator.history(700)).await;
        let second = worker::<MemberFactsProjection>(log, &broker);
        publishing.folded(log, name).await;
        second.stop().await;
        let after = offsets(log, name).await;
        let read_on = before.iter().zip(&after).filter(|(before, after)| after > before).count();
        assert!(read_on > 6, "and read on: {before:?}, {after:?}");
        publishing.stop().await;
        is_the_fold_of_the_log(log, name).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_twice_counts_once_and_two_members_share_the_partitions() {
    with_log(async |log| {
        let broker = broker(PARTITIONS);
        let mut generator = Generator::new(62);
        log.append(generator.history(300)).await;
        let publishing = publish(log, &broker, false);
        let workers = [worker::<ClaimHistory>(log, &broker), worker::<ClaimHistory>(log, &broker)];
        let name = ClaimHistory::NAME;
        publishing.folded(log, name).await;
        let shared = async {
            let owners = "select count(distinct owner) from worker_partitions where follower = 'claim_history'";
            while sqlx::query_scalar::<_, i64>(owners).fetch_one(&log.pool).await.unwrap() < 2 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(SOON, shared).await.unwrap();
        log.append(generator.history(700)).await;
        publishing.folded(log, name).await;
        publishing.stop().await;
        // all of it once more, and what is new behind that
        let again = publish(log, &broker, true);
        log.append(generator.history(300)).await;
        again.folded(log, name).await;
        for worker in workers {
            worker.stop().await;
        }
        again.stop().await;
        is_the_fold_of_the_log(log, name).await;
    })
    .await;
}

async fn send_junk(broker: &Broker) {
    let producer: FutureProducer = Brokers::at(broker.bootstrap_servers()).client().create().unwrap();
    for partition in 0..PARTITIONS {
        let junk = FutureRecord::to(TOPIC).partition(partition).key("junk").payload("{}");
        producer.send(junk, SOON).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_topic_does_not_go_on_as_it_was_left_the_log_is_asked() {
    with_log(async |log| {
        let first = broker(PARTITIONS);
        let mut generator = Generator::new(63);
        log.append(generator.history(600)).await;
        let publishing = publish(log, &first, false);
        let working = worker::<ClaimHistory>(log, &first);
        let name = ClaimHistory::NAME;
        publishing.folded(log, name).await;
        log.append(generator.history(300)).await;
        publishing.folded(log, name).await;
        // somebody else writes to the topic
        send_junk(&first).await;
        log.append(generator.history(300)).await;
        publishing.folded(log, name).await;
        working.stop().await;
        publishing.stop().await;

        // another topic under the same name: all offsets are others
        let second = broker(PARTITIONS);
        send_junk(&second).await;
        let publishing = publish(log, &second, true);
        log.append(generator.history(300)).await;
        let working = worker::<ClaimHistory>(log, &second);
        publishing.folded(log, name).await;
        log.append(generator.history(300)).await;
        publishing.folded(log, name).await;
        working.stop().await;
        publishing.stop().await;
        is_the_fold_of_the_log(log, name).await;
    })
    .await;
}

/// The relay is told that it has published everything: what the topic lacks, it lacks from now on.
async fn believes_that_all_is_published(log: &TestLog) {
    sqlx::query("update checkpoints set position = $1 where name = 'relay'")
        .bind(log.head())
        .execute(&log.pool)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_holds_other_events_where_it_was_left_is_not_believed_though_all_can_be_read() {
    with_log(async |log| {
        let first = broker(PARTITIONS);
        let mut generator = Generator::new(67);
        log.append(generator.history(400)).await;
        let publishing = publish(log, &first, false);
        let working = worker::<MemberFactsProjection>(log, &first);
        let name = MemberFactsProjection::NAME;
        publishing.folded(log, name).await;
        log.append(generator.history(400)).await;
        publishing.folded(log, name).await;
        working.stop().await;
        publishing.stop().await;
        let left = offsets(log, name).await;

        // a topic of the same name which begins later: every message is one of ours, and some were never on it
        log.append(generator.history(2_000)).await;
        let second = broker(PARTITIONS);
        let producer: FutureProducer =
            Brokers::at(second.bootstrap_servers()).client().set("partitioner", "murmur2_random").create().unwrap();
        let kept = log::read_between(&mut log.pool.acquire().await.unwrap(), 1_200, 2_800, &[]).await.unwrap();
        let mut ends = vec![0; left.len()];
        for entry in &kept {
            let sent = producer.send(message::record(entry, TOPIC, "/test"), SOON).await.unwrap();
            ends[usize::try_from(sent.partition).unwrap()] = sent.offset + 1;
        }
        let there = left.iter().zip(&ends).filter(|(left, end)| left.is_some_and(|left| left <= **end)).count();
        assert!(there > 3, "where it was left there is something in many partitions: {left:?}, {ends:?}");
        believes_that_all_is_published(log).await;
        let publishing = publish(log, &second, false);
        let working = worker::<MemberFactsProjection>(log, &second);
        publishing.folded(log, name).await;
        log.append(generator.history(200)).await;
        publishing.folded(log, name).await;
        working.stop().await;
        publishing.stop().await;
        is_the_fold_of_the_log(log, name).await;
    })
    .await;
}

/// Uses up offsets of every partition and leaves nothing there that anybody reads.
fn leave_holes(brokers: &str, topic: &str) {
    let producer: BaseProducer = Brokers::at(brokers).client().set("transactional.id", topic).create().unwrap();
    producer.init_transactions(SOON).unwrap();
    producer.begin_transaction().unwrap();
    for partition in 0..PARTITIONS {
        let withdrawn = BaseRecord::to(topic).partition(partition).key("withdrawn").payload("{}");
        producer.send(withdrawn).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(SOON).unwrap();
    producer.abort_transaction(SOON).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_offsets_are_missing_between_events_that_can_be_read_the_log_is_asked() {
    with_log(async |log| {
        let (kafka, topic) = (tests::support::Broker::shared().bootstrap(), format!("holes-{}", Uuid::new_v4()));
        let mut generator = Generator::new(68);
        log.append(generator.history(400)).await;
        let publishing = publish_to(log, &kafka, &topic, false);
        let working = worker_at::<ClaimHistory>(log, &kafka, &topic);
        let name = ClaimHistory::NAME;
        publishing.folded(log, name).await;
        // what comes now is read from the topic
        log.append(generator.history(400)).await;
        publishing.folded(log, name).await;
        publishing.stop().await;

        // the topic loses events, and nobody tells
        log.append(generator.history(400)).await;
        believes_that_all_is_published(log).await;
        leave_holes(&kafka, &topic);
        let publishing = publish_to(log, &kafka, &topic, false);
        log.append(generator.history(400)).await;
        publishing.folded(log, name).await;
        working.stop().await;
        publishing.stop().await;
        is_the_fold_of_the_log(log, name).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_events_of_the_earlier_life_are_left_out() {
    with_log(async |log| {
        let broker = broker(PARTITIONS);
        let mut generator = Generator::new(64);
        log.append(generator.history(500)).await;
        let publishing = publish(log, &broker, false);
        let working = worker::<MemberFactsProjection>(log, &broker);
        let name = MemberFactsProjection::NAME;
        publishing.folded(log, name).await;
        log.append(generator.history(500)).await;
        publishing.folded(log, name).await;
        working.stop().await;
        publishing.stop().await;

        // what was published of a life of the log that the database does not know any more
        let mut lost = log::read_between(&mut log.pool.acquire().await.unwrap(), 600, 1_000, &[]).await.unwrap();
        let producer: FutureProducer =
            Brokers::at(broker.bootstrap_servers()).client().set("partitioner", "murmur2_random").create().unwrap();
        for entry in &mut lost {
            entry.position += 450;
            entry.hash = [7; 32];
            producer.send(message::record(entry, TOPIC, "/test"), SOON).await.unwrap();
        }
        sqlx::query("update log_head set epoch = 2").execute(&log.pool).await.unwrap();
        log.epoch = 2;
        log.append(generator.history(300)).await;

        let publishing = publish(log, &broker, false);
        let working = worker::<MemberFactsProjection>(log, &broker);
        publishing.folded(log, name).await;
        log.append(generator.history(300)).await;
        publishing.folded(log, name).await;
        working.stop().await;
        publishing.stop().await;
        is_the_fold_of_the_log(log, name).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_was_overtaken_writes_nothing_and_joins_again() {
    with_log(async |log| {
        let broker = broker(PARTITIONS);
        let mut generator = Generator::new(65);
        log.append(generator.history(200)).await;
        let publishing = publish(log, &broker, false);
        let working = worker::<ClaimHistory>(log, &broker);
        let name = ClaimHistory::NAME;
        publishing.folded(log, name).await;
        for _ in 0..3 {
            // whoever holds these may write, and that is not the worker
            let (stranger, overtaken) = (Uuid::new_v4(), "follower = 'claim_history' and partition % 2 = 0");
            sqlx::query(&format!("update worker_partitions set owner = $1, epoch = epoch + 1 where {overtaken}"))
                .bind(stranger)
                .execute(&log.pool)
                .await
                .unwrap();
            let held: Vec<(i32, i64)> = of_owner(log, stranger).await;
            log.append(generator.history(300)).await;
            loop {
                let now = of_owner(log, stranger).await;
                if now.is_empty() {
                    break;
                }
                assert!(now.iter().all(|row| held.contains(row)), "nobody else moves them: {held:?}, {now:?}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            publishing.folded(log, name).await;
        }
        working.stop().await;
        publishing.stop().await;
        is_the_fold_of_the_log(log, name).await;
    })
    .await;
}

async fn of_owner(log: &TestLog, owner: Uuid) -> Vec<(i32, i64)> {
    sqlx::query_as("select partition, position from worker_partitions where owner = $1")
        .bind(owner)
        .fetch_all(&log.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_impossible_event_stops_or_parks_as_it_does_for_a_follower() {
    with_log(async |log| {
        let broker = broker(PARTITIONS);
        let mut generator = Generator::new(66);
        log.append(generator.history(300)).await;
        let publishing = publish(log, &broker, false);
        let workers = [worker::<ClaimHistory>(log, &broker), worker::<ReferralTally>(log, &broker)];
        publishing.folded(log, ClaimHistory::NAME).await;
        publishing.folded(log, ReferralTally::NAME).await;
        log.append_broken("claim.granted").await;
        log.append_broken("referral.created").await;
        log.append(generator.history(300)).await;
        publishing.folded(log, ReferralTally::NAME).await;
        let stopped = async {
            loop {
                let all = status::projections(&mut log.pool.acquire().await.unwrap()).await.unwrap();
                let of = |name: &str| all.iter().find(|one| one.name == name).unwrap().clone();
                let (history, tally) = (of(ClaimHistory::NAME), of(ReferralTally::NAME));
                if history.state == "stopped" && tally.state == "parked" {
                    return history;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let history = tokio::time::timeout(SOON, stopped).await.unwrap();
        assert_eq!((history.position, history.trouble.unwrap().position), (300, 301));
        let skip = Intervention {
            step: InterventionKind::Skip,
            position: None,
            reason: "never".to_owned(),
            actor: "somebody".to_owned(),
        };
        for name in [ClaimHistory::NAME, ReferralTally::NAME] {
            intervene(&log.pool, name, &skip).await.unwrap();
            publishing.folded(log, name).await;
        }
        for worker in workers {
            worker.stop().await;
        }
        publishing.stop().await;
        is_the_fold_of_the_log(log, ClaimHistory::NAME).await;
        is_the_fold_of_the_log(log, ReferralTally::NAME).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_with_other_partitions_is_not_read() {
    with_log(async |log| {
        let broker = broker(3);
        let Worker { task, .. } = worker::<ClaimHistory>(log, &broker);
        let ended = tokio::time::timeout(SOON, task).await.unwrap().unwrap();
        assert!(matches!(&ended, Err(WorkerError::Stopped(why)) if why.contains("3 partitions")), "{ended:?}");
    })
    .await;
}
