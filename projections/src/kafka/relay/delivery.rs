//! Messages that were handed to librdkafka and are not acknowledged yet, in the order of the log. Acknowledgements come
//! in any order; the relay may save the position up to which none is missing.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;
use rdkafka::producer::DeliveryFuture;
use rdkafka::producer::future_producer::Delivery;
use rdkafka::types::RDKafkaErrorCode;
use tokio_util::sync::CancellationToken;

/// How often the lease is checked while nothing is acknowledged.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// After one message has failed, how long to wait for the others to fail as well.
const BLAMED_WITHIN: Duration = Duration::from_secs(2);
/// After this long without an acknowledgement a warning is logged …
const SAID_AFTER: Duration = Duration::from_secs(10);
/// … and after this long the producer is replaced; the new one starts with what is not acknowledged. A broker that has
/// lost the state of an idempotent producer may never answer the old one.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why not everything was acknowledged.
#[derive(Debug)]
pub(super) enum Undelivered {
    /// The broker, or librdkafka, refuses a message of this size.
    TooLarge {
        /// The position of the message, or of the first one in its request.
        position: i64,
        /// What an operator can do about it.
        reason: String,
    },
    /// Another relay is the active one.
    Overtaken,
    /// A message was acknowledged at an offset before the end of its partition: the topic was truncated or recreated.
    OtherTopic {
        /// The position of the message.
        position: i64,
    },
    /// A failure that may pass.
    Failed(String),
}

impl Undelivered {
    pub(super) fn of(position: i64, error: KafkaError) -> Self {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::MessageSizeTooLarge) => Self::TooLarge {
                position,
                reason: "Kafka refuses a message of this size; let the topic's max.message.bytes be larger, \
                         then `reward-ledger projections retry relay`"
                    .to_owned(),
            },
            _ => Self::Failed(format!("Kafka: {error}")),
        }
    }
}

/// The known end of each partition.
pub(super) type Ends = BTreeMap<i32, i64>;

/// A message that Kafka has acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Acknowledged {
    pub(super) partition: i32,
    pub(super) offset: i64,
    /// Its position in the log.
    pub(super) position: i64,
}

/// The messages that are not acknowledged yet.
pub(super) struct Deliveries<'a> {
    acknowledged: i64,
    last: Option<Acknowledged>,
    ends: &'a mut Ends,
    waiting: VecDeque<(i64, DeliveryFuture)>,
    patience: Duration,
}

impl<'a> Deliveries<'a> {
    pub(super) fn after(position: i64, ends: &'a mut Ends) -> Self {
        Self { acknowledged: position, last: None, ends, waiting: VecDeque::new(), patience: PATIENCE }
    }

    pub(super) fn push(&mut self, position: i64, delivery: DeliveryFuture) {
        self.waiting.push_back((position, delivery));
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The position up to which all are acknowledged.
    pub(super) fn acknowledged(&self) -> i64 {
        self.acknowledged
    }

    /// The last message that was acknowledged.
    pub(super) fn last(&self) -> Option<Acknowledged> {
        self.last
    }

    /// Checks that the offsets of a partition grow, as they do while it is the same partition.
    fn take_note(&mut self, position: i64, delivery: &Delivery) -> Result<(), Undelivered> {
        self.acknowledged = position;
        let Delivery { partition, offset, .. } = *delivery;
        // for a duplicate the broker may not tell the offset
        if offset < 0 {
            return Ok(());
        }
        let end = self.ends.entry(partition).or_default();
        if offset < *end {
            return Err(Undelivered::OtherTopic { position });
        }
        *end = offset + 1;
        self.last = Some(Acknowledged { partition, offset, position });
        Ok(())
    }

    /// Waits until every message is acknowledged.
    pub(super) async fn all(
        &mut self,
        shutdown: &CancellationToken,
        is_ours: impl Fn() -> bool,
    ) -> Result<(), Undelivered> {
        while !self.waiting.is_empty() {
            self.next(shutdown, &is_ours).await?;
        }
        Ok(())
    }

    /// Waits until the earliest message is acknowledged.
    pub(super) async fn next(
        &mut self,
        shutdown: &CancellationToken,
        is_ours: impl Fn() -> bool,
    ) -> Result<(), Undelivered> {
        let Some((position, mut delivery)) = self.waiting.pop_front() else {
            return Ok(());
        };
        let begun = Instant::now();
        let mut said = begun;
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Err(Undelivered::Failed("shutting down".to_owned())),
                outcome = &mut delivery => return match outcome {
                    Ok(Ok(delivery)) => self.take_note(position, &delivery),
                    Ok(Err((error, _))) => Err(self.blame(position, error).await),
                    Err(_) => Err(Undelivered::Failed("the producer ended".to_owned())),
                },
                () = tokio::time::sleep(LOOK_AGAIN.min(self.patience)) => {
                    if !is_ours() {
                        return Err(Undelivered::Overtaken);
                    }
                    if begun.elapsed() >= self.patience {
                        let seconds = self.patience.as_secs();
                        return Err(Undelivered::Failed(format!("Kafka has acknowledged no message for {seconds} s")));
                    }
                    if said.elapsed() > SAID_AFTER {
                        tracing::warn!(log.position = position, "relay is waiting for Kafka to acknowledge messages");
                        said = Instant::now();
                    }
                }
            }
        }
    }

    /// The message that caused the failures: after a refusal all later messages fail too, since none may overtake it.
    async fn blame(&mut self, position: i64, error: KafkaError) -> Undelivered {
        let mut first = Undelivered::of(position, error);
        let until = tokio::time::Instant::now() + BLAMED_WITHIN;
        while let (Undelivered::Failed(_), Some((position, delivery))) = (&first, self.waiting.pop_front()) {
            let Ok(outcome) = tokio::time::timeout_at(until, delivery).await else { break };
            if let Ok(Err((error, _))) = outcome {
                let other = Undelivered::of(position, error);
                if matches!(other, Undelivered::TooLarge { .. }) {
                    first = other;
                }
            }
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::producer::{FutureProducer, FutureRecord};
    use rdkafka::{ClientConfig, Timestamp};

    use super::*;

    #[test]
    fn a_message_that_lands_before_the_end_of_its_partition_is_on_another_topic() {
        let landed = |partition, offset| Delivery { partition, offset, timestamp: Timestamp::NotAvailable };
        let mut ends = Ends::from([(3, 10)]);
        let mut deliveries = Deliveries::after(6, &mut ends);
        for (position, delivery) in [(7, landed(3, 10)), (8, landed(4, 0)), (9, landed(3, -1)), (10, landed(3, 14))] {
            assert!(deliveries.take_note(position, &delivery).is_ok(), "{delivery:?}");
        }
        assert_eq!(deliveries.last(), Some(Acknowledged { partition: 3, offset: 14, position: 10 }));
        let refused = deliveries.take_note(11, &landed(3, 14));
        assert!(matches!(refused, Err(Undelivered::OtherTopic { position: 11 })), "{refused:?}");
    }

    #[tokio::test]
    async fn who_is_never_answered_begins_again() {
        // a producer that waits for ever, as ours does
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", "127.0.0.1:1").set("message.timeout.ms", "0").set("log_level", "0");
        let producer: FutureProducer = config.create().unwrap();
        let mut ends = Ends::new();
        let mut deliveries = Deliveries { patience: Duration::from_millis(20), ..Deliveries::after(6, &mut ends) };
        for position in [7, 8] {
            let record = FutureRecord::<str, str>::to("topic").payload("");
            deliveries.push(position, producer.send_result(record).unwrap());
        }
        let stopping = CancellationToken::new();
        let outcome = tokio::time::timeout(Duration::from_secs(20), deliveries.all(&stopping, || true)).await;
        let outcome = outcome.expect("it does not wait for ever");
        assert!(matches!(outcome, Err(Undelivered::Failed(_))), "{outcome:?}");
        assert_eq!(deliveries.acknowledged(), 6);
    }
}
