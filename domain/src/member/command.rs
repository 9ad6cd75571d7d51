//! What can be asked of a member.

use crate::zone::Tz;
use chrono::NaiveDate;

use super::Returned;
use crate::facts::Birthday;
use crate::moment::Moment;
use crate::role::Role;

/// A request to change a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberCommand {
    /// Take somebody in.
    Register(Registration),
    /// Say whether nickname, bio and picture are all set.
    SetProfileComplete(bool),
    /// Move to another zone.
    ChangeTimeZone {
        /// The new zone.
        time_zone: Tz,
        /// The moment of asking.
        at: Moment,
    },
    /// Give another role.
    ChangeRole(RoleChange),
    /// Note that the account's e-mail is its owner's.
    ConfirmEmail,
    /// Refuse the member's claims from now on.
    Block {
        /// Why, for the record.
        note: String,
    },
    /// Lift a block.
    Unblock {
        /// Why, for the record.
        note: String,
    },
    /// Note that the account behind the id was erased.
    Erase,
}

/// What the ledger may know of somebody who registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Decides the member's calendar days.
    pub time_zone: Tz,
    /// The local date of registering.
    pub joined_on: NaiveDate,
    /// Without a year; absent for imported members.
    pub birthday: Option<Birthday>,
    /// What the account may do.
    pub role: Role,
    /// Under which ids the same person was here before.
    pub returned: Option<Returned>,
}

/// Another role, and by what right it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleChange {
    /// The role from now on.
    pub to: Role,
    /// Who gives it.
    pub by: Giver,
}

/// Who gives a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Giver {
    /// Whoever holds the machine: the command line.
    House,
    /// Another account of this role.
    Account(Role),
    /// The member themselves.
    Oneself,
}
