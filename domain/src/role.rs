//! What an account may do, as the log names it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The role of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Role {
    /// Takes part and claims.
    User,
    /// Runs campaigns and decides claims.
    Operator,
    /// Reads everything, writes nothing.
    Auditor,
    /// Runs the programme and its accounts.
    Admin,
    /// Another program: claims for members and reports facts.
    Service,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::User, Self::Operator, Self::Auditor, Self::Admin, Self::Service];

    /// The name in the API, in tokens and in the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Operator => "OPERATOR",
            Self::Auditor => "AUDITOR",
            Self::Admin => "ADMIN",
            Self::Service => "SERVICE",
        }
    }

    /// The role that has this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}
