//! One change of a wallet by staff. Protects: nobody changes a wallet of their own, and beyond a unit's limit for a day
//! somebody else has to agree. How much a person has posted alone on a day is counted where events are appended.

mod command;
mod event;
mod refusal;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use command::{AdjustmentCommand, AdjustmentDecision, AdjustmentRequest, PostedAlone, Verdict, WalletSeen};
pub use event::{
    AdjustmentEvent, AdjustmentEventType, AdjustmentSubject, Approved, Change, Posted, Rejected, Requested, Taken,
};
pub use refusal::AdjustmentRefusal;

use crate::id::MemberId;
use crate::quantity::FourEyesLimit;
use crate::value::{Expiry, NewLot};

/// What later decisions about an adjustment need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    state: Option<State>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    about: AdjustmentSubject,
    expiry: Option<Expiry>,
    status: AdjustmentStatus,
    change: Option<Change>,
    decision: Option<Decision>,
}

/// What somebody else said to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Who.
    pub by: MemberId,
    /// Why, in their words.
    pub note: Option<String>,
}

/// Where an adjustment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AdjustmentStatus {
    /// Somebody else has to agree.
    Pending,
    /// It has changed the wallet.
    Posted,
    /// Somebody else said no.
    Rejected,
}

impl AdjustmentStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Posted, Self::Rejected];

    /// The name in the API and in the read tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Posted => "posted",
            Self::Rejected => "rejected",
        }
    }
}

impl Adjustment {
    /// Decides a command: the events that follow, or the reason why none do.
    ///
    /// # Errors
    /// See [`AdjustmentRefusal`].
    pub fn decide(&self, command: AdjustmentCommand) -> Result<Vec<AdjustmentEvent>, AdjustmentRefusal> {
        match command {
            AdjustmentCommand::Request(request) => self.request(*request),
            AdjustmentCommand::Decide(decision) => self.judge(*decision),
        }
    }

    fn request(&self, request: AdjustmentRequest) -> Result<Vec<AdjustmentEvent>, AdjustmentRefusal> {
        let AdjustmentRequest { about, expiry, posted_alone, four_eyes_above, wallet } = request;
        if self.state.is_some() {
            return Err(AdjustmentRefusal::AlreadyMade);
        }
        if about.operator_id == about.member_id {
            return Err(AdjustmentRefusal::OwnWallet);
        }
        let change = wallet.change(&about, expiry)?;
        if needs_another(four_eyes_above, posted_alone.amount, about.amount.get()) {
            return Ok(vec![AdjustmentEvent::Requested(Requested { about, expiry })]);
        }
        let on = wallet.at.utc().date_naive();
        let number = posted_alone.times.saturating_add(1);
        Ok(vec![AdjustmentEvent::Posted(Posted { about, change, on, number })])
    }

    fn judge(&self, decision: AdjustmentDecision) -> Result<Vec<AdjustmentEvent>, AdjustmentRefusal> {
        let AdjustmentDecision { operator, verdict, note, wallet } = decision;
        let state = self.state.as_ref().ok_or(AdjustmentRefusal::Unknown)?;
        if operator == state.about.member_id {
            return Err(AdjustmentRefusal::OwnWallet);
        }
        if operator == state.about.operator_id {
            return Err(AdjustmentRefusal::OwnAdjustment);
        }
        if state.status != AdjustmentStatus::Pending {
            return Err(AdjustmentRefusal::StepNotAllowed { from: state.status });
        }
        let (about, decided_by) = (state.about.clone(), operator);
        Ok(vec![match verdict {
            Verdict::Reject => AdjustmentEvent::Rejected(Rejected { about, decided_by, note }),
            Verdict::Approve => {
                let change = wallet.change(&about, state.expiry)?;
                AdjustmentEvent::Approved(Approved { about, change, decided_by, note })
            }
        }])
    }

    /// Takes one event into account.
    pub fn evolve(&mut self, event: &AdjustmentEvent) {
        let decided = |by: MemberId, note: &Option<String>| Some(Decision { by, note: note.clone() });
        let (expiry, status, decision) = match event {
            AdjustmentEvent::Requested(event) => (event.expiry, AdjustmentStatus::Pending, None),
            AdjustmentEvent::Posted(_) => (None, AdjustmentStatus::Posted, None),
            AdjustmentEvent::Approved(event) => {
                (None, AdjustmentStatus::Posted, decided(event.decided_by, &event.note))
            }
            AdjustmentEvent::Rejected(event) => {
                (None, AdjustmentStatus::Rejected, decided(event.decided_by, &event.note))
            }
        };
        let (about, change) = (event.about().clone(), event.change().cloned());
        self.state = Some(State { about, expiry, status, change, decision });
    }

    /// What is to change, once asked for.
    #[must_use]
    pub fn about(&self) -> Option<&AdjustmentSubject> {
        self.state.as_ref().map(|state| &state.about)
    }

    /// What it has changed, once posted.
    #[must_use]
    pub fn change(&self) -> Option<&Change> {
        self.state.as_ref()?.change.as_ref()
    }

    /// What somebody else said to it.
    #[must_use]
    pub fn decision(&self) -> Option<&Decision> {
        self.state.as_ref()?.decision.as_ref()
    }

    /// Where it stands, once asked for.
    #[must_use]
    pub fn status(&self) -> Option<AdjustmentStatus> {
        self.state.as_ref().map(|state| state.status)
    }
}

/// Whether somebody else has to agree, when a person has posted so much alone on this day and posts so much more.
fn needs_another(limit: Option<FourEyesLimit>, posted_alone: i64, amount: i64) -> bool {
    limit.is_some_and(|limit| posted_alone.saturating_add(amount.abs()) > limit.get())
}

impl Change {
    /// The lot that it gives.
    #[must_use]
    pub fn given(&self) -> Option<&NewLot> {
        match self {
            Self::Given(lot) => Some(lot),
            Self::Taken(_) => None,
        }
    }
}

crate::aggregate::adapt!(Adjustment, "adjustment", AdjustmentCommand, AdjustmentEvent, AdjustmentRefusal);
