//! Puts dead letters back where they came from, as they came, and remembers which. It is remembered after
//! the broker has it: who dies in between puts it back twice, which the ledger notices, as it knows facts
//! by source and id.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use projections::Brokers;
use rdkafka::Message;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::FutureProducer;
use sqlx::PgPool;

use super::look::DeadLetter;
use super::{STAYS_BEHIND, delivered, producer, send, topic_of};

/// Which of the dead letters were put back, and when.
#[derive(Debug, Default)]
pub struct PutBack(HashMap<(i32, i64, i64), DateTime<Utc>>);

/// Partition, offset, when it was refused, when it was put back.
type Row = (i32, i64, DateTime<Utc>, DateTime<Utc>);

impl PutBack {
    /// Reads all of a topic of facts.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(pool: &PgPool, activities: &str) -> sqlx::Result<Self> {
        let sql = r#"select partition, "offset", refused_at, replayed_at from dead_letters_replayed where topic = $1"#;
        let rows: Vec<Row> = sqlx::query_as(sql).bind(topic_of(activities)).fetch_all(pool).await?;
        Ok(Self::from_rows(rows))
    }

    /// Reads the records of these dead letters.
    ///
    /// # Errors
    /// The database's.
    pub async fn of(pool: &PgPool, activities: &str, letters: &[DeadLetter]) -> sqlx::Result<Self> {
        let sql = r#"
            select done.partition, done."offset", done.refused_at, done.replayed_at
            from dead_letters_replayed as done
            join unnest($2::integer[], $3::bigint[]) as l (partition, "offset")
              on l.partition = done.partition and l."offset" = done."offset"
            where done.topic = $1"#;
        let rows: Vec<Row> = sqlx::query_as(sql)
            .bind(topic_of(activities))
            .bind(letters.iter().map(DeadLetter::partition).collect::<Vec<_>>())
            .bind(letters.iter().map(DeadLetter::offset).collect::<Vec<_>>())
            .fetch_all(pool)
            .await?;
        Ok(Self::from_rows(rows))
    }

    fn from_rows(rows: Vec<Row>) -> Self {
        let key = |partition, offset, refused_at: DateTime<Utc>| (partition, offset, refused_at.timestamp_millis());
        Self(rows.into_iter().map(|(at, offset, refused, put)| (key(at, offset, refused), put)).collect())
    }

    /// When this one was put back last.
    #[must_use]
    pub fn at(&self, letter: &DeadLetter) -> Option<DateTime<Utc>> {
        self.0.get(&(letter.partition(), letter.offset(), letter.refused_at_ms())).copied()
    }
}

/// Why dead letters were not put back.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The broker did not take them.
    #[error("Kafka: {0}")]
    Kafka(#[from] KafkaError),
    /// They are back, and it could not be remembered.
    #[error("the dead letters were put back, but recording that failed: {0}")]
    NotRemembered(#[from] sqlx::Error),
}

/// Puts dead letters back.
pub struct Replay {
    producer: FutureProducer,
    pool: PgPool,
    activities: String,
}

impl Replay {
    /// To this topic of facts.
    ///
    /// # Errors
    /// The options of Kafka.
    pub fn new(brokers: &Brokers, pool: PgPool, activities: &str) -> Result<Self, KafkaError> {
        Ok(Self { producer: producer(brokers)?, pool, activities: activities.to_owned() })
    }

    /// Whether all of the message is here: of one that was too large for the topic the value is not.
    #[must_use]
    pub fn is_possible(letter: &DeadLetter) -> bool {
        letter.message.payload().is_some() || !letter.detail().contains(STAYS_BEHIND)
    }

    /// Replays them in order and records it, with actor and reason if given.
    ///
    /// # Errors
    /// See [`ReplayError`].
    pub async fn put_back(
        &self,
        letters: &[DeadLetter],
        reason: Option<&str>,
        actor: Option<&str>,
    ) -> Result<(), ReplayError> {
        let mut on_their_way = Vec::with_capacity(letters.len());
        for letter in letters {
            let payload = letter.message.payload();
            on_their_way.push(send(&self.producer, &self.activities, &letter.message, headers(letter), payload)?);
        }
        for delivery in on_their_way {
            delivered(delivery).await?;
        }
        self.remember(letters, reason, actor).await?;
        Ok(())
    }

    async fn remember(&self, letters: &[DeadLetter], reason: Option<&str>, actor: Option<&str>) -> sqlx::Result<()> {
        let sql = r#"
            insert into dead_letters_replayed (topic, partition, "offset", refused_at, reason, actor)
            select $1, l.partition, l."offset", l.refused_at, $5, $6
            from unnest($2::integer[], $3::bigint[], $4::timestamptz[]) as l (partition, "offset", refused_at)
            on conflict on constraint dead_letters_replayed_one_row do update
            set replayed_at = now(), reason = excluded.reason, actor = excluded.actor"#;
        let at = |letter: &DeadLetter| DateTime::from_timestamp_millis(letter.refused_at_ms()).unwrap_or_default();
        sqlx::query(sql)
            .bind(topic_of(&self.activities))
            .bind(letters.iter().map(DeadLetter::partition).collect::<Vec<_>>())
            .bind(letters.iter().map(DeadLetter::offset).collect::<Vec<_>>())
            .bind(letters.iter().map(at).collect::<Vec<_>>())
            .bind(reason)
            .bind(actor)
            .execute(&self.pool)
            .await
            .map(drop)
    }
}

fn headers(letter: &DeadLetter) -> OwnedHeaders {
    let original = letter.original_headers();
    original.iter().fold(OwnedHeaders::new_with_capacity(original.len()), |headers, (key, value)| {
        headers.insert(Header { key, value: *value })
    })
}
