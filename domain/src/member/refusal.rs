//! Why a member is left as it is.

use crate::moment::Moment;

/// The named reasons.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemberRefusal {
    /// Nobody registered under this id.
    #[error("nobody registered under this id")]
    Unknown,
    /// Somebody registered under this id before.
    #[error("somebody registered under this id before")]
    AlreadyRegistered,
    /// The account was erased.
    #[error("the account was erased")]
    Erased,
    /// The member has this role already.
    #[error("the member has this role already")]
    SameRole,
    /// Nobody gives themselves another role.
    #[error("nobody gives themselves another role")]
    OwnRole,
    /// The role, or the one before it, is not for this giver to give or to take.
    #[error("this actor may not grant or revoke the role")]
    RoleOutOfReach,
    /// The zone was changed less than thirty days ago.
    #[error("the zone may be changed again at {allowed_at}")]
    TimeZoneLocked {
        /// When the next change is possible.
        allowed_at: Moment,
    },
}
