//! One invitee brought by one inviter. Protects: one inviter for ever, nobody invites themselves, and a referral qualifies
//! at most once. The stream's id is the invitee. Nobody invites in a circle, since a referral is created with the
//! invitee's account: an invitee is new, and has invited nobody.

mod event;
#[cfg(test)]
mod tests;

use crate::zone::Tz;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use event::{Created, Qualified, ReferralEvent, ReferralEventType, Voided};

use crate::condition::{Condition, LeafEvidence};
use crate::id::MemberId;

/// What later decisions about a referral need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    state: Option<State>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    invitee_id: MemberId,
    inviter_id: MemberId,
    status: ReferralStatus,
}

/// Where a referral stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReferralStatus {
    /// The invitee signed up.
    Pending,
    /// The invitee met the programme's condition.
    Qualified,
    /// Staff took it out; it counts for nothing.
    Voided,
}

impl ReferralStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Qualified, Self::Voided];

    /// The name in the API and in the read tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Qualified => "qualified",
            Self::Voided => "voided",
        }
    }
}

/// What can be asked of a referral.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferralCommand {
    /// Note who brought the invitee.
    Create {
        /// Who signed up.
        invitee_id: MemberId,
        /// Whose code it was.
        inviter_id: MemberId,
    },
    /// Count it, because the invitee met the programme's condition.
    Qualify(Box<Qualification>),
    /// Take it out.
    Void {
        /// Why, for the record.
        note: String,
    },
}

/// The proof that an invitee met the programme's condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qualification {
    /// The condition as it was.
    pub condition: Condition,
    /// What it saw.
    pub evidence: Vec<LeafEvidence>,
    /// The position of the log up to which the invitee's facts were folded.
    pub facts_position: i64,
    /// The invitee's local date when the condition was judged.
    pub judged_on: NaiveDate,
    /// The inviter's calendar day for which it counts.
    pub local_date: NaiveDate,
    /// The inviter's zone, where that day was taken.
    pub time_zone: Tz,
}

/// Why a referral is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferralRefusal {
    /// Nobody brought this member.
    #[error("nobody brought this member")]
    Unknown,
    /// Somebody else brought this member before.
    #[error("this member was brought by somebody else")]
    OtherInviter,
    /// A member cannot bring themselves.
    #[error("nobody invites themselves")]
    SelfInvitation,
    /// The referral is not where this step starts from.
    #[error("not possible while the referral is {}", from.name())]
    StepNotAllowed {
        /// Where it stands.
        from: ReferralStatus,
    },
}

impl Referral {
    /// Decides a command. What is already so is no event.
    ///
    /// # Errors
    /// See [`ReferralRefusal`].
    pub fn decide(&self, command: ReferralCommand) -> Result<Vec<ReferralEvent>, ReferralRefusal> {
        match (command, &self.state) {
            (ReferralCommand::Create { inviter_id, .. }, Some(known)) if known.inviter_id == inviter_id => Ok(vec![]),
            (ReferralCommand::Create { .. }, Some(_)) => Err(ReferralRefusal::OtherInviter),
            (ReferralCommand::Create { invitee_id, inviter_id }, None) => create(invitee_id, inviter_id),
            (ReferralCommand::Qualify(_) | ReferralCommand::Void { .. }, None) => Err(ReferralRefusal::Unknown),
            (ReferralCommand::Qualify(proof), Some(known)) => Ok(known.qualify(*proof)),
            (ReferralCommand::Void { note }, Some(known)) => known.void(note),
        }
    }

    /// Takes one event into account.
    pub fn evolve(&mut self, event: &ReferralEvent) {
        match event {
            ReferralEvent::Created(created) => {
                self.state = Some(State {
                    invitee_id: created.invitee_id,
                    inviter_id: created.inviter_id,
                    status: ReferralStatus::Pending,
                });
            }
            ReferralEvent::Qualified(_) => self.set(ReferralStatus::Qualified),
            ReferralEvent::Voided(_) => self.set(ReferralStatus::Voided),
        }
    }

    fn set(&mut self, status: ReferralStatus) {
        if let Some(state) = &mut self.state {
            state.status = status;
        }
    }

    /// Who brought the member, if anybody did.
    #[must_use]
    pub fn inviter(&self) -> Option<MemberId> {
        self.state.as_ref().map(|state| state.inviter_id)
    }

    /// Who was brought, if anybody was.
    #[must_use]
    pub fn invitee(&self) -> Option<MemberId> {
        self.state.as_ref().map(|state| state.invitee_id)
    }

    /// Where it stands, once created.
    #[must_use]
    pub fn status(&self) -> Option<ReferralStatus> {
        self.state.as_ref().map(|state| state.status)
    }

    /// Whether it waits for the invitee to meet the condition.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.status == ReferralStatus::Pending)
    }
}

fn create(invitee_id: MemberId, inviter_id: MemberId) -> Result<Vec<ReferralEvent>, ReferralRefusal> {
    if invitee_id == inviter_id {
        return Err(ReferralRefusal::SelfInvitation);
    }
    Ok(vec![ReferralEvent::Created(Created { invitee_id, inviter_id })])
}

impl State {
    fn qualify(&self, proof: Qualification) -> Vec<ReferralEvent> {
        match self.status {
            ReferralStatus::Qualified | ReferralStatus::Voided => vec![],
            ReferralStatus::Pending => vec![ReferralEvent::Qualified(Qualified {
                invitee_id: self.invitee_id,
                inviter_id: self.inviter_id,
                condition: proof.condition,
                evidence: proof.evidence,
                facts_position: proof.facts_position,
                judged_on: proof.judged_on,
                local_date: proof.local_date,
                time_zone: proof.time_zone,
            })],
        }
    }

    fn void(&self, note: String) -> Result<Vec<ReferralEvent>, ReferralRefusal> {
        match self.status {
            from @ ReferralStatus::Voided => Err(ReferralRefusal::StepNotAllowed { from }),
            ReferralStatus::Pending | ReferralStatus::Qualified => {
                let voided = Voided { invitee_id: self.invitee_id, inviter_id: self.inviter_id, note };
                Ok(vec![ReferralEvent::Voided(voided)])
            }
        }
    }
}

crate::aggregate::adapt!(Referral, "referral", ReferralCommand, ReferralEvent, ReferralRefusal);
