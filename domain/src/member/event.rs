//! What can have happened to a member.

use crate::zone::Tz;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::facts::Birthday;
use crate::id::MemberId;
use crate::moment::Moment;
use crate::role::Role;

events! {
    /// Something a member did or had done to them.
    MemberEvent as MemberEventType in Member {
        /// Somebody joined.
        Registered(Registered) = "member.registered",
        /// Nickname, bio and picture are all set now.
        ProfileCompleted(ProfileCompleted) = "member.profile_completed",
        /// One of nickname, bio and picture was taken away again.
        ProfileReopened(ProfileReopened) = "member.profile_reopened",
        /// The member moved to another zone.
        TimeZoneChanged(TimeZoneChanged) = "member.time_zone_changed",
        /// The account may do other things now.
        RoleChanged(RoleChanged) = "member.role_changed",
        /// The account's e-mail is its owner's, as somebody who looked into it says.
        EmailConfirmed(EmailConfirmed) = "member.email_confirmed",
        /// Claims are refused from now on.
        Blocked(Blocked) = "member.blocked",
        /// Claims are judged again.
        Unblocked(Unblocked) = "member.unblocked",
        /// The account row was blanked; the random id stays.
        Erased(Erased) = "member.erased",
    }
}

/// Somebody joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    /// Decides the member's calendar days.
    #[schemars(with = "String")]
    pub time_zone: Tz,
    /// The local date of registering.
    pub joined_on: NaiveDate,
    /// Month and day alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birthday: Option<Birthday>,
    /// What the account may do.
    pub role: Role,
    /// Under which ids the same person was here before; absent for who is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Returned>,
}

/// The earlier accounts of a person who comes back not long after the last of them was erased. Ids are random:
/// this names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Returned {
    /// The id under which they were here first: what a person may have so many times is counted under it.
    pub first_id: MemberId,
    /// The ids that were erased not long ago, the oldest first.
    pub former_ids: Vec<MemberId>,
}

/// Nickname, bio and picture are all set now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProfileCompleted {}

/// One of nickname, bio and picture was taken away again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProfileReopened {}

/// The member moved to another zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimeZoneChanged {
    /// The new zone.
    #[schemars(with = "String")]
    pub time_zone: Tz,
    /// No other change before this moment.
    pub locked_until: Moment,
}

/// The account may do other things now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoleChanged {
    /// The new role.
    pub role: Role,
}

/// The account's e-mail is its owner's, as somebody who looked into it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmailConfirmed {}

/// Claims are refused from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Blocked {
    /// Why, in the words of who did it.
    pub note: String,
}

/// Claims are judged again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unblocked {
    /// Why, in the words of who did it.
    pub note: String,
}

/// The account row was blanked; the random id stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Erased {}
