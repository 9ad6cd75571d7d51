//! The people of the history, each with the facts that the ledger would fold from the log.

use commands::{Loaded, StreamKey};
use domain::activity::Activity;
use domain::facts::{Birthday, Facts, MemberFacts};
use domain::id::{ActivityId, MemberId};
use domain::member::Member;
use domain::referral::Referral;
use domain::role::Role;
use domain::zone::Tz;
use domain::{LedgerAggregate, Moment};

use crate::cli::generate::dice::Dice;

/// The percentage of members who give their birthday.
const TELL_BIRTHDAY: u32 = 80;

/// A person of the history.
#[derive(Debug)]
pub(super) struct Someone {
    pub(super) id: MemberId,
    pub(super) zone: Tz,
    pub(super) birthday: Option<Birthday>,
    /// The facts for rules, as of the last event that was written.
    pub(super) facts: Facts,
    pub(super) member: Loaded<Member>,
    pub(super) referral: Option<Loaded<Referral>>,
    /// Their purchases, in order.
    pub(super) purchases: Vec<(ActivityId, Loaded<Activity>)>,
}

impl Someone {
    pub(super) fn new(id: MemberId, zone: Tz, dice: &mut Dice) -> Self {
        let birthday = Birthday { month: dice.between(1, 12), day: dice.between(1, 28) };
        Self {
            id,
            zone,
            birthday: Some(birthday).filter(|_| dice.between(1, 100) <= TELL_BIRTHDAY),
            facts: Facts::default(),
            member: nothing(&id.to_string()),
            referral: None,
            purchases: vec![],
        }
    }

    /// Sets what is known from the registration on.
    pub(super) fn know_of_registration(&mut self, at: Moment) {
        self.facts.member = Some(MemberFacts {
            time_zone: self.zone,
            joined_on: self.local_date(at),
            birthday: self.birthday,
            profile_complete: false,
            blocked: false,
            role: Role::User,
        });
    }

    /// Whether they can claim anything: they are registered and not blocked.
    pub(super) fn takes_part(&self) -> bool {
        self.facts.member.as_ref().is_some_and(|member| !member.blocked)
    }

    pub(super) fn local_date(&self, at: Moment) -> chrono::NaiveDate {
        domain::zone::local_date(self.zone, at)
    }
}

/// An aggregate without events.
pub(super) fn nothing<A: LedgerAggregate>(id: &str) -> Loaded<A> {
    Loaded::nothing(StreamKey { stream_type: A::TYPE, stream_id: id.into() })
}
