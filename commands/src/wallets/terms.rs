//! Whom a command on a wallet concerns and by which terms, read from the log itself: what the decision rests on must not have gone
//! on when it is written.

use cqrs_es::Aggregate as _;
use domain::id::MemberId;
use domain::member::Member;
use domain::role::Role;
use domain::unit::{Unit, UnitTerms};
use domain::value::UnitCode;
use domain::zone::Tz;

use crate::ledger::Ledger;
use crate::ledger::retry::Retry;
use crate::log::append::StreamKey;
use crate::log::coalesce::ReadError;
use crate::log::streams::Loaded;

/// A version of a stream that a decision rests on.
pub(super) type Version = (StreamKey, i64);

/// A unit as the log has it.
pub(super) struct ReadUnit {
    pub(super) terms: UnitTerms,
    pub(super) version: Version,
}

pub(super) fn version<A>(loaded: &Loaded<A>) -> Version {
    (loaded.stream.clone(), loaded.sequence)
}

/// Whether there is somebody whose wallet it could be: services have none.
pub(super) fn has_wallet(member: &Member) -> bool {
    member.is_registered() && member.role() != Some(Role::Service)
}

/// Whose calendar days count for what a member gets.
pub(super) fn zone_of(terms: &UnitTerms, member: &Member) -> Tz {
    terms.time_zone.of_member(member.time_zone().unwrap_or(Tz::UTC))
}

impl Ledger {
    /// `None`: there is no such unit.
    pub(super) async fn read_unit(&self, code: &UnitCode) -> Result<Option<ReadUnit>, ReadError> {
        let unit = self.load::<Unit>(code.as_str()).await?;
        Ok(unit.state.terms_of(code).map(|terms| ReadUnit { terms, version: version(&unit) }))
    }

    pub(super) async fn read_member(&self, id: MemberId) -> Result<Loaded<Member>, ReadError> {
        self.load::<Member>(&id.to_string()).await
    }
}

impl Retry {
    /// Whether to decide anew after a conflict: units and members are only read for the decision.
    pub(super) async fn again(&mut self, stream: &StreamKey) -> bool {
        if [Unit::TYPE, Member::TYPE].contains(&stream.stream_type) {
            self.after_outdated(stream).await
        } else {
            self.after_conflict(stream).await
        }
    }
}
