//! What was handed over and is not acknowledged, in order. Acknowledgements come in any order; what counts
//! is up to where all of them are there.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;
use rdkafka::producer::DeliveryFuture;
use rdkafka::types::RDKafkaErrorCode;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether the lease is still ours while nothing is acknowledged.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How long the others may take to fail after one of them has.
const BLAMED_WITHIN: Duration = Duration::from_secs(2);
/// After how long without an acknowledgement it is said that the broker is waited for …
const SAID_AFTER: Duration = Duration::from_secs(10);
/// … and the producer is given up: it has tried several times by then, and a new one begins with what is not acknowledged.
/// A broker that has lost what it knew of a producer may leave it waiting for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why not everything was acknowledged.
#[derive(Debug)]
pub(super) enum Undelivered {
    /// The broker, or librdkafka, refuses a message of this size.
    TooLarge {
        /// Where the message, or the first of its request, is.
        position: i64,
        /// What to do about it.
        reason: String,
    },
    /// Another relay is the active one.
    Overtaken,
    /// Something that passes.
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

/// What is on its way.
pub(super) struct Deliveries {
    acknowledged: i64,
    waiting: VecDeque<(i64, DeliveryFuture)>,
    patience: Duration,
}

impl Deliveries {
    pub(super) fn after(position: i64) -> Self {
        Self { acknowledged: position, waiting: VecDeque::new(), patience: PATIENCE }
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

    /// Waits until all are acknowledged.
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

    /// Waits until the earliest is acknowledged.
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
                    Ok(Ok(_)) => {
                        self.acknowledged = position;
                        Ok(())
                    }
                    Ok(Err((error, _))) => Err(self.blame(position, error).await),
                    Err(_) => Err(Undelivered::Failed("the producer ended".to_owned())),
                },
                () = tokio::time::sleep(LOOK_AGAIN.min(self.patience)) => {
                    if !is_ours() {
                        return Err(Undelivered::Overtaken);
                    }
                    if begun.elapsed() >= self.patience {
                        let seconds = self.patience.as_secs();
                        return Err(Undelivered::Failed(format!("Kafka has acknowledged nothing for {seconds} s")));
                    }
                    if said.elapsed() > SAID_AFTER {
                        tracing::warn!(log.position = position, "the relay waits for the broker");
                        said = Instant::now();
                    }
                }
            }
        }
    }

    /// After a refusal all the others fail as well, since none may overtake it: which was the cause?
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
    use rdkafka::ClientConfig;
    use rdkafka::producer::{FutureProducer, FutureRecord};

    use super::*;

    #[tokio::test]
    async fn who_is_never_answered_begins_again() {
        // a producer that waits for ever, as ours does
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", "127.0.0.1:1").set("message.timeout.ms", "0").set("log_level", "0");
        let producer: FutureProducer = config.create().unwrap();
        let mut deliveries = Deliveries { patience: Duration::from_millis(20), ..Deliveries::after(6) };
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
