//! A member: an account as the ledger sees it. Protects what rules rely on: a member registers once,
//! a zone changes at most once in thirty days, and no step is recorded twice.
//! Personal data (e-mail, nickname, birth year …) is not here and never enters the log.

mod command;
mod event;
mod refusal;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use command::{Giver, MemberCommand, Registration, RoleChange};
pub use event::{
    Blocked, EmailConfirmed, Erased, MemberEvent, MemberEventType, ProfileCompleted, ProfileReopened, Registered,
    Returned, RoleChanged, TimeZoneChanged, Unblocked,
};
pub use refusal::MemberRefusal;

use crate::moment::Moment;
use crate::role::Role;

/// How long a change of zone bars the next one: a moving member would otherwise choose their days.
pub const TIME_ZONE_LOCK: chrono::TimeDelta = chrono::TimeDelta::days(30);

/// What later decisions about a member need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    role: Option<Role>,
    time_zone: Option<crate::zone::Tz>,
    zone_locked_until: Option<Moment>,
    profile_complete: bool,
    #[serde(default)]
    email_confirmed: bool,
    blocked: bool,
    erased: bool,
}

impl Member {
    /// Decides a command: the events that follow, or the reason why none do.
    ///
    /// # Errors
    /// See [`MemberRefusal`].
    pub fn decide(&self, command: MemberCommand) -> Result<Vec<MemberEvent>, MemberRefusal> {
        if let MemberCommand::Register(registration) = command {
            return self.register(registration);
        }
        let Some(role) = self.role else { return Err(MemberRefusal::Unknown) };
        if self.erased {
            return Err(MemberRefusal::Erased);
        }
        match command {
            MemberCommand::Register(registration) => self.register(registration),
            MemberCommand::SetProfileComplete(complete) => Ok(self.set_profile_complete(complete)),
            MemberCommand::ChangeTimeZone { time_zone, at } => self.change_time_zone(time_zone, at),
            MemberCommand::ChangeRole(change) => change_role(role, change),
            MemberCommand::ConfirmEmail if self.email_confirmed => Ok(vec![]),
            MemberCommand::ConfirmEmail => Ok(vec![MemberEvent::EmailConfirmed(EmailConfirmed {})]),
            MemberCommand::Block { .. } if self.blocked => Ok(vec![]),
            MemberCommand::Block { note } => Ok(vec![MemberEvent::Blocked(Blocked { note })]),
            MemberCommand::Unblock { .. } if !self.blocked => Ok(vec![]),
            MemberCommand::Unblock { note } => Ok(vec![MemberEvent::Unblocked(Unblocked { note })]),
            MemberCommand::Erase => Ok(vec![MemberEvent::Erased(Erased {})]),
        }
    }

    fn register(&self, registration: Registration) -> Result<Vec<MemberEvent>, MemberRefusal> {
        if self.role.is_some() {
            return Err(MemberRefusal::AlreadyRegistered);
        }
        Ok(vec![MemberEvent::Registered(Registered {
            time_zone: registration.time_zone,
            joined_on: registration.joined_on,
            birthday: registration.birthday,
            role: registration.role,
            returned: registration.returned,
        })])
    }

    fn set_profile_complete(&self, complete: bool) -> Vec<MemberEvent> {
        match (self.profile_complete, complete) {
            (false, true) => vec![MemberEvent::ProfileCompleted(ProfileCompleted {})],
            (true, false) => vec![MemberEvent::ProfileReopened(ProfileReopened {})],
            (true, true) | (false, false) => vec![],
        }
    }

    fn change_time_zone(&self, time_zone: crate::zone::Tz, at: Moment) -> Result<Vec<MemberEvent>, MemberRefusal> {
        if self.time_zone == Some(time_zone) {
            return Ok(vec![]);
        }
        if let Some(allowed_at) = self.zone_locked_until.filter(|until| at < *until) {
            return Err(MemberRefusal::TimeZoneLocked { allowed_at });
        }
        let locked_until = Moment::from(at.utc() + TIME_ZONE_LOCK);
        Ok(vec![MemberEvent::TimeZoneChanged(TimeZoneChanged { time_zone, locked_until })])
    }

    /// Takes one event into account.
    pub fn evolve(&mut self, event: &MemberEvent) {
        match event {
            MemberEvent::Registered(registered) => {
                self.role = Some(registered.role);
                self.time_zone = Some(registered.time_zone);
            }
            MemberEvent::ProfileCompleted(_) => self.profile_complete = true,
            MemberEvent::ProfileReopened(_) => self.profile_complete = false,
            MemberEvent::TimeZoneChanged(change) => {
                self.time_zone = Some(change.time_zone);
                self.zone_locked_until = Some(change.locked_until);
            }
            MemberEvent::RoleChanged(change) => self.role = Some(change.role),
            MemberEvent::EmailConfirmed(_) => self.email_confirmed = true,
            MemberEvent::Blocked(_) => self.blocked = true,
            MemberEvent::Unblocked(_) => self.blocked = false,
            MemberEvent::Erased(_) => self.erased = true,
        }
    }

    /// Whether somebody registered under this id and was not erased.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.role.is_some() && !self.erased
    }

    /// What the account may do, once registered.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        self.role
    }

    /// Until when the zone stays as it is, once it was changed.
    #[must_use]
    pub fn zone_locked_until(&self) -> Option<Moment> {
        self.zone_locked_until
    }

    /// Whether nickname, bio and picture are all set.
    #[must_use]
    pub fn profile_is_complete(&self) -> bool {
        self.profile_complete
    }

    /// Whether somebody said that the account's e-mail is its owner's.
    #[must_use]
    pub fn email_is_confirmed(&self) -> bool {
        self.email_confirmed
    }

    /// Whether claims are refused.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Whether the account was blanked.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.erased
    }

    /// The member's zone, once registered.
    #[must_use]
    pub fn time_zone(&self) -> Option<crate::zone::Tz> {
        self.time_zone
    }
}

/// Administrators give and take every role but their own; operators move others between USER and
/// OPERATOR, so that they never make or unmake an administrator.
fn change_role(from: Role, RoleChange { to, by }: RoleChange) -> Result<Vec<MemberEvent>, MemberRefusal> {
    let of_an_operator = |role| matches!(role, Role::User | Role::Operator);
    match by {
        Giver::Oneself => return Err(MemberRefusal::OwnRole),
        Giver::House | Giver::Account(Role::Admin) => {}
        Giver::Account(Role::Operator) if of_an_operator(from) && of_an_operator(to) => {}
        Giver::Account(Role::User | Role::Operator | Role::Auditor | Role::Service) => {
            return Err(MemberRefusal::RoleOutOfReach);
        }
    }
    if to == from {
        return Err(MemberRefusal::SameRole);
    }
    Ok(vec![MemberEvent::RoleChanged(RoleChanged { role: to })])
}

crate::aggregate::adapt!(Member, "member", MemberCommand, MemberEvent, MemberRefusal);
