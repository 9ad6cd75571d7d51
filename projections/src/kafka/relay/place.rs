//! The identity of the topic that the relay has published to: its name, its cluster, and the offset at which the last
//! message was acknowledged. If they no longer match, the topic was replaced, and the relay publishes from position 1.
//! Nothing is sent here.

use std::collections::BTreeMap;

use rdkafka::message::{Headers, Message, OwnedMessage};
use sqlx::postgres::PgConnection;

use super::delivery::Acknowledged;
use crate::engine::checkpoint::{LeasedCheckpoint, move_leased};
use crate::engine::error::FollowError;
use crate::kafka::brokers::TopicSnapshot;
use crate::kafka::topic::{Topic, message};
use crate::log::partition::PARTITIONS;

/// The saved identity.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Saved {
    pub(super) topic: String,
    pub(super) cluster_id: Option<String>,
    pub(super) partition: i32,
    pub(super) message_offset: i64,
    pub(super) position: i64,
    /// The hash of the event at that position, if the log has one.
    pub(super) hash: Option<Vec<u8>>,
}

pub(super) async fn read(conn: &mut PgConnection) -> sqlx::Result<Option<Saved>> {
    let sql = "
        select topic, cluster_id, partition, message_offset, relay_place.position, hash
        from relay_place
        left join events on events.position = relay_place.position";
    sqlx::query_as(sql).fetch_optional(conn).await
}

/// Moves the relay's checkpoint and the identity of the topic with one statement. Moves neither and fails with
/// [`FollowError::Standby`] when another relay has taken over.
pub(super) async fn advance(
    conn: &mut PgConnection,
    checkpoint: &LeasedCheckpoint,
    position: i64,
    (topic, cluster): (&str, Option<&str>),
    last: &Acknowledged,
) -> Result<(), FollowError> {
    let sql = concat!(
        "with moved as (",
        move_leased!(),
        "), placed as (
            insert into relay_place (topic, cluster_id, partition, message_offset, position)
            select $5, $6, $7, $8, $9
            from moved
            on conflict (the_only_one) do update
            set topic = excluded.topic, cluster_id = excluded.cluster_id, partition = excluded.partition,
                message_offset = excluded.message_offset, position = excluded.position
        )
        select exists (select from moved)"
    );
    let moved = checkpoint
        .bind(sqlx::query_scalar(sql), position)
        .bind(topic)
        .bind(cluster)
        .bind(last.partition)
        .bind(last.offset)
        .bind(last.position)
        .fetch_one(conn)
        .await?;
    if moved { Ok(()) } else { Err(FollowError::Standby) }
}

/// The offsets of a topic that must be read to tell whether it is the one that was published to.
pub(super) fn to_look_at(saved: Option<&Saved>) -> BTreeMap<i32, Option<i64>> {
    let of = |partition| saved.filter(|saved| saved.partition == partition).map(|saved| saved.message_offset);
    (0..PARTITIONS).map(|partition| (partition, of(partition))).collect()
}

/// Why the topic is not the one that was published to up to a position; `None` when it is.
pub(super) fn difference(
    topic: &Topic,
    published: i64,
    saved: Option<&Saved>,
    looked: &TopicSnapshot,
) -> Option<&'static str> {
    // each position is a message at least
    if looked.written() < published {
        return Some("it has fewer messages than were published");
    }
    let saved = saved?;
    if saved.topic != topic.name {
        return Some("the relay published to another topic since");
    }
    if looked.is_elsewhere(saved.cluster_id.as_deref()) {
        return Some("it is on another cluster");
    }
    let at = looked.partitions.get(&saved.partition)?;
    // what was deleted by age or size cannot be held against anything
    if at.first > saved.message_offset || saved.hash.is_none() {
        return None;
    }
    let is_there = at.message.as_ref().is_some_and(|message| is_of(message, saved));
    (!is_there).then_some("the last message that was published is not where it was")
}

fn is_of(found: &OwnedMessage, saved: &Saved) -> bool {
    let hash = saved.hash.as_ref().map(hex::encode);
    let header = found.headers().and_then(|headers| headers.iter().find(|header| header.key == "ce_hash"));
    message::position(found) == Some(saved.position)
        && header.and_then(|header| header.value) == hash.as_ref().map(|hash| hash.as_bytes())
}
