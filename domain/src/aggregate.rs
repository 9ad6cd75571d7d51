//! The thin bridge from our pure `decide` / `evolve` to `cqrs_es::Aggregate`, written once for all
//! aggregates. It knows no rule.

use cqrs_es::Aggregate;

use crate::event::{DecodeError, Event};

/// An aggregate of this ledger: one that `cqrs-es` can run and whose events the log can hold.
pub trait LedgerAggregate: Aggregate<Services = (), Event: Into<Event>> + Clone + 'static {
    /// Reads one stored event of this aggregate back.
    ///
    /// # Errors
    /// The type or version is not one of this aggregate's, or the payload does not fit it.
    fn decode(event_type: &str, version: &str, payload: &str) -> Result<Self::Event, DecodeError>;
}

/// Implements `cqrs_es::Aggregate` and [`LedgerAggregate`] over `decide` and `evolve`.
macro_rules! adapt {
    ($aggregate:ty, $stream_type:literal, $command:ty, $event:ty, $refusal:ty) => {
        impl cqrs_es::Aggregate for $aggregate {
            const TYPE: &'static str = $stream_type;
            type Command = $command;
            type Event = $event;
            type Error = $refusal;
            type Services = ();

            async fn handle(
                &mut self,
                command: Self::Command,
                (): &Self::Services,
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), Self::Error> {
                for event in self.decide(command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: Self::Event) {
                self.evolve(&event);
            }
        }

        impl $crate::LedgerAggregate for $aggregate {
            fn decode(
                event_type: &str,
                version: &str,
                payload: &str,
            ) -> Result<Self::Event, $crate::event::DecodeError> {
                <$event>::decode(event_type, version, payload)
            }
        }
    };
}
pub(crate) use adapt;
