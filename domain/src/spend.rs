//! One payment with points, or a hold of them that is captured later. Protects: a hold ends once, no more is captured than was held,
//! and no more is refunded than was captured. Its stream's id is derived from (caller, reference), so that asking twice is
//! asking once. Which lots pay is `value`'s affair; whether they are still free is guarded where events are appended.

mod command;
mod event;
mod hold_time;
mod refusal;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use command::{SpendCommand, SpendRequest};
pub use event::{Captured, Expired, Held, Made, Paid, Refunded, Released, SpendEvent, SpendEventType, SpendSubject};
pub use hold_time::{HoldTime, NotAHoldTime};
pub use refusal::SpendRefusal;

use crate::moment::Moment;
use crate::quantity::Amount;
use crate::value::{HoldChange, Portion, Reference, total};

/// What later decisions about a payment, and the answer to its caller, need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    state: Option<State>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    about: SpendSubject,
    paid: Paid,
    status: SpendStatus,
    hold: Option<HoldTerms>,
    captured: Vec<Portion>,
    refunds: BTreeMap<Reference, RefundMade>,
}

/// For how long a payment was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct HoldTerms {
    expires_after: HoldTime,
    expires_at: Moment,
}

/// A refund, and how much could be refunded behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct RefundMade {
    amount: i64,
    left: i64,
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpendStatus {
    /// The points are promised.
    Held,
    /// They are paid.
    Captured,
    /// They are back.
    Released,
    /// They are back, since nobody captured or released them in time.
    Expired,
}

impl SpendStatus {
    /// All of them, in the order the API shows.
    pub const ALL: [Self; 4] = [Self::Held, Self::Captured, Self::Released, Self::Expired];

    /// The name in the API and in the read tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Captured => "captured",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }
}

impl Spend {
    /// Decides a command: the events that follow, or the reason why none do. A repeated step is no event.
    ///
    /// # Errors
    /// See [`SpendRefusal`].
    pub fn decide(&self, command: SpendCommand) -> Result<Vec<SpendEvent>, SpendRefusal> {
        match command {
            SpendCommand::Start(request) => self.start(*request),
            SpendCommand::Capture { amount, holdings, at } => self.capture(amount, &holdings, at),
            SpendCommand::Release { holdings, at } => self.release(&holdings, at),
            SpendCommand::Expire { holdings, at } => self.expire(&holdings, at),
            SpendCommand::Refund { reference, amount, holdings, grace, at } => {
                self.refund(reference, amount, &holdings, grace, at)
            }
        }
    }

    /// Takes one event into account.
    pub fn evolve(&mut self, event: &SpendEvent) {
        match event {
            SpendEvent::Held(held) => {
                let hold = HoldTerms { expires_after: held.expires_after, expires_at: held.expires_at };
                self.begin(&held.about, &held.paid, SpendStatus::Held, Some(hold));
            }
            SpendEvent::Made(made) => {
                self.begin(&made.about, &made.paid, SpendStatus::Captured, None);
                self.end(SpendStatus::Captured, &made.paid.lots);
            }
            SpendEvent::Captured(captured) => self.end(SpendStatus::Captured, &captured.lots),
            SpendEvent::Released(_) => self.end(SpendStatus::Released, &[]),
            SpendEvent::Expired(_) => self.end(SpendStatus::Expired, &[]),
            SpendEvent::Refunded(refunded) => {
                let Some(state) = &mut self.state else { return };
                let amount = refunded.refund.amount();
                let left = state.refundable() - amount;
                state.refunds.insert(refunded.reference.clone(), RefundMade { amount, left });
            }
        }
    }

    fn begin(&mut self, about: &SpendSubject, paid: &Paid, status: SpendStatus, hold: Option<HoldTerms>) {
        let (about, paid) = (about.clone(), paid.clone());
        self.state = Some(State { about, paid, status, hold, captured: vec![], refunds: BTreeMap::new() });
    }

    fn end(&mut self, status: SpendStatus, captured: &[Portion]) {
        if let Some(state) = &mut self.state {
            state.status = status;
            state.captured = captured.to_vec();
        }
    }

    /// What is paid, by whom and to whom, once asked for.
    #[must_use]
    pub fn about(&self) -> Option<&SpendSubject> {
        self.state.as_ref().map(|state| &state.about)
    }

    /// How much was asked for, and from which lots it came, once asked for.
    #[must_use]
    pub fn paid(&self) -> Option<&Paid> {
        self.state.as_ref().map(|state| &state.paid)
    }

    /// Where the payment stands at `at`, once asked for: a hold that nobody ended in time has expired, whether that was
    /// recorded or not.
    #[must_use]
    pub fn status_at(&self, at: Moment) -> Option<SpendStatus> {
        let state = self.state.as_ref()?;
        Some(if state.lapsed(at).is_some() { SpendStatus::Expired } else { state.status })
    }

    /// Until when the points are or were held.
    #[must_use]
    pub fn expires_at(&self) -> Option<Moment> {
        self.state.as_ref()?.hold.map(|hold| hold.expires_at)
    }

    /// How much was captured.
    #[must_use]
    pub fn captured(&self) -> i64 {
        self.state.as_ref().map_or(0, |state| total(&state.captured))
    }

    /// How much was refunded under this reference, if anything was.
    #[must_use]
    pub fn refunded_under(&self, reference: &Reference) -> Option<i64> {
        self.state.as_ref()?.refunds.get(reference).map(|refund| refund.amount)
    }

    /// How much was refunded.
    #[must_use]
    pub fn refunded(&self) -> i64 {
        self.state.as_ref().map_or(0, State::refunded)
    }
}

impl State {
    /// Since when a hold that nobody ended in time is over.
    fn lapsed(&self, at: Moment) -> Option<Moment> {
        let expires_at = self.hold.map(|hold| hold.expires_at)?;
        (self.status == SpendStatus::Held && at >= expires_at).then_some(expires_at)
    }

    fn refunded(&self) -> i64 {
        self.refunds.values().map(|refund| refund.amount).sum()
    }

    fn refundable(&self) -> i64 {
        total(&self.captured) - self.refunded()
    }

    /// Whether the same is asked for as it was before.
    fn is_same(&self, about: &SpendSubject, amount: Amount, hold: Option<HoldTime>) -> bool {
        (&self.about, self.paid.amount, self.hold.map(|hold| hold.expires_after)) == (about, amount, hold)
    }
}

impl SpendEvent {
    /// What it does to the hold of its payment.
    #[must_use]
    pub fn hold_change(&self) -> Option<HoldChange<'_>> {
        match self {
            Self::Held(held) => Some(HoldChange::Begun { expires_at: held.expires_at, lots: &held.paid.lots }),
            Self::Captured(_) | Self::Released(_) | Self::Expired(_) => Some(HoldChange::Ended),
            Self::Made(_) | Self::Refunded(_) => None,
        }
    }
}

crate::aggregate::adapt!(Spend, "spend", SpendCommand, SpendEvent, SpendRefusal);
