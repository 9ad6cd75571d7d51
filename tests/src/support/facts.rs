//! Facts as other services put them on Kafka, and how far the ledger has taken them in.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    message::{Header, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, Producer},
};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{
    Broker, Database,
    topic::{Message, Topic},
};

/// Long enough for a machine ten times slower, a restart and a rebalance.
const PATIENCE: Duration = Duration::from_secs(240);
const ASKING: Duration = Duration::from_secs(10);

/// A message that another service sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// What keeps messages in order.
    pub key: Option<String>,
    /// In order.
    pub headers: Vec<(String, String)>,
    /// The bytes, if there are any.
    pub value: Option<Vec<u8>>,
}

impl Sent {
    /// With these headers.
    pub fn new(headers: &[(&str, &str)], value: impl Into<Vec<u8>>) -> Sent {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Sent { key: None, headers, value: Some(value.into()) }
    }

    /// One event with its attributes in headers.
    pub fn binary(source: &str, id: &str, body: &Value) -> Sent {
        let headers = [
            ("ce_specversion", "1.0"),
            ("ce_id", id),
            ("ce_source", source),
            ("ce_type", "shop.fact"),
            ("content-type", "application/json"),
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ];
        Sent::new(&headers, body.to_string())
    }

    /// One event as a document.
    pub fn structured(source: &str, id: &str, body: &Value) -> Sent {
        let headers = [("content-type", "application/cloudevents+json; charset=UTF-8")];
        Sent::new(&headers, event(source, id, body).to_string())
    }

    /// Several events in one message.
    pub fn batch(events: &[Value]) -> Sent {
        Sent::new(&[("content-type", "application/cloudevents-batch+json")], json!(events).to_string())
    }

    /// With a key.
    pub fn keyed(mut self, key: &str) -> Sent {
        self.key = Some(key.to_owned());
        self
    }

    /// Whether a dead letter is this message as it was sent.
    pub fn is_kept_in(&self, letter: &Message) -> bool {
        let ours = letter.headers.len().saturating_sub(2);
        letter.key == self.key.clone().unwrap_or_default()
            && letter.value == self.value.clone().unwrap_or_default()
            && letter.headers[..ours] == self.headers
    }
}

/// An event as a document.
pub fn event(source: &str, id: &str, body: &Value) -> Value {
    json!({"specversion": "1.0", "id": id, "source": source, "type": "shop.fact", "data": body})
}

/// What `POST /activities` takes, without source and id.
pub fn body(member: &str, kind: &str, number: i64) -> Value {
    json!({"memberId": member, "kind": kind, "occurredAt": "2026-11-01T12:00:00Z", "measures": {"n": number}})
}

/// The topic of facts, its dead letters, and what the ledger has taken in.
pub struct Feed {
    bootstrap: String,
    topic: String,
    producer: BaseProducer,
    pool: PgPool,
}

impl Feed {
    /// The facts of a service that was set up with this topic for its events.
    pub async fn of(broker: &Broker, topic: &str, database: &Database) -> Feed {
        Feed::at(&broker.bootstrap(), &format!("{topic}.activities"), database).await
    }

    /// The facts of any topic.
    pub async fn at(bootstrap: &str, topic: &str, database: &Database) -> Feed {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            // a broker that comes and goes gets each message once, and in order
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", PATIENCE.as_millis().to_string())
            .create()
            .expect("a Kafka producer");
        let pool = database.pool().await;
        Feed { bootstrap: bootstrap.to_owned(), topic: topic.to_owned(), producer, pool }
    }

    /// Makes the topic with so many partitions, before a service does.
    pub async fn with_partitions(self, partitions: i32) -> Feed {
        let admin: AdminClient<DefaultClientContext> =
            ClientConfig::new().set("bootstrap.servers", &self.bootstrap).create().expect("an admin client");
        let new = NewTopic::new(&self.topic, partitions, TopicReplication::Fixed(1));
        let made = admin.create_topics([&new], &AdminOptions::new()).await.expect("the broker answers");
        made[0].as_ref().expect("the topic is made");
        self
    }

    /// Sends messages in order and waits until the broker has them.
    pub fn send(&self, messages: &[Sent]) {
        for message in messages {
            let headers = message
                .headers
                .iter()
                .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
            let mut record: BaseRecord<'_, str, [u8]> = BaseRecord::to(&self.topic).headers(headers);
            record.key = message.key.as_deref();
            record.payload = message.value.as_deref();
            while let Err((error, again)) = self.producer.send(record) {
                assert!(error.to_string().contains("Queue full"), "{error}");
                self.producer.poll(Duration::from_millis(20));
                record = again;
            }
        }
        self.producer.flush(PATIENCE).expect("the broker takes the messages");
        assert_eq!(self.producer.in_flight_count(), 0);
    }

    /// How many messages the offsets in the database have passed.
    pub async fn passed(&self) -> i64 {
        self.number("select coalesce(sum(next_offset), 0)::bigint from inbound_offsets where topic = $1").await
    }

    /// Between how many members of the group the partitions are shared.
    pub async fn members(&self) -> i64 {
        self.number("select count(distinct owner) from inbound_offsets where topic = $1").await
    }

    async fn number(&self, sql: &str) -> i64 {
        // not migrated yet, or the database is away
        sqlx::query_scalar(sql).bind(&self.topic).fetch_one(&self.pool).await.unwrap_or(-1)
    }

    /// Waits until somebody has joined: the topics are there then.
    pub async fn has_members(&self) {
        self.until("somebody joins", async || self.members().await > 0).await;
    }

    /// Waits until so many messages are passed.
    pub async fn has_passed(&self, messages: i64) {
        self.until(&format!("{messages} messages are passed"), async || self.passed().await >= messages).await;
    }

    /// Waits until the group has so many members at work.
    pub async fn is_shared_by(&self, members: i64) {
        self.until(&format!("{members} members share"), async || self.members().await == members).await;
    }

    /// Waits until every message that is on the topic now is passed.
    pub async fn is_taken_in(&self) {
        self.has_passed(self.on_topic()).await;
    }

    async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let started = Instant::now();
        while !holds().await {
            let (passed, members) = (self.passed().await, self.members().await);
            assert!(started.elapsed() < PATIENCE, "{what}: {passed} passed, {members} members");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn on_topic(&self) -> i64 {
        let consumer: BaseConsumer =
            ClientConfig::new().set("bootstrap.servers", &self.bootstrap).create().expect("a Kafka consumer");
        let partitions = i32::try_from(Topic::new(&self.bootstrap, &self.topic).partitions()).expect("few partitions");
        let ends = (0..partitions).map(|partition| consumer.fetch_watermarks(&self.topic, partition, ASKING));
        ends.map(|marks| marks.expect("the broker tells the watermarks").1).sum()
    }

    /// The dead letters.
    pub fn dead_letters(&self) -> Vec<Message> {
        Topic::new(&self.bootstrap, &format!("{}.dead-letter", self.topic)).messages()
    }

    /// The facts in the log by source and id, with the number of each, in the order of the log.
    pub async fn recorded(&self) -> Vec<Recorded> {
        let sql =
            "select payload::text, metadata::text from events where event_type = 'activity.recorded' order by position";
        let rows: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(&self.pool).await.expect("the log can be read");
        rows.iter().map(|(payload, metadata)| Recorded::of(payload, metadata)).collect()
    }
}

/// A fact in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Who reported it.
    pub source: String,
    /// Under which id.
    pub id: String,
    /// About whom.
    pub member: String,
    /// The measure `n`.
    pub number: i64,
    /// Who brought it in.
    pub actor: String,
}

impl Recorded {
    fn of(payload: &str, metadata: &str) -> Recorded {
        let (fact, beside): (Value, Value) =
            (serde_json::from_str(payload).expect("JSON"), serde_json::from_str(metadata).expect("JSON"));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Recorded {
            source: text(&fact["source"]),
            id: text(&fact["id"]),
            member: text(&fact["memberId"]),
            number: fact["measures"]["n"].as_i64().unwrap_or(-1),
            actor: text(&beside["actor"]),
        }
    }
}

/// The numbers of each member's facts, in the order of the log.
pub fn numbers_by_member(facts: &[Recorded]) -> BTreeMap<&str, Vec<i64>> {
    let mut numbers: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for fact in facts {
        numbers.entry(&fact.member).or_default().push(fact.number);
    }
    numbers
}
