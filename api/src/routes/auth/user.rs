//! An account as answers show it: to its owner and to staff alike. The password is nowhere in it.

use chrono::NaiveDate;
use domain::Moment;
use domain::role::Role;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::app::accounts::Account;
use crate::app::i18n::Said;

/// An account.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserBody {
    #[schemars(with = "Uuid")]
    id: String,
    /// A service has none.
    email: Option<String>,
    #[schemars(with = "Role")]
    role: String,
    /// Of a service: its name.
    nickname: Option<String>,
    bio: Option<String>,
    profile_image_url: Option<String>,
    birth_date: Option<NaiveDate>,
    time_zone: String,
    /// A service has none.
    invite_code: Option<String>,
    profile_complete: bool,
    blocked: bool,
    /// Of a service: what it may do with value.
    #[serde(skip_serializing_if = "Option::is_none")]
    rights: Option<Vec<String>>,
    created_at: Moment,
}

impl From<Account> for UserBody {
    fn from(account: Account) -> Self {
        Self {
            profile_complete: account.profile_is_complete(),
            id: account.id.to_string(),
            email: account.email,
            role: account.role,
            nickname: account.nickname,
            bio: account.bio,
            profile_image_url: account.profile_image_url,
            birth_date: account.birth_date,
            time_zone: account.time_zone,
            invite_code: account.invite_code,
            blocked: account.blocked,
            rights: account.rights,
            created_at: Moment::from(account.created_at),
        }
    }
}

/// An account, with a word to whoever asked.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct UserAnswer {
    message: Said,
    user: UserBody,
}

impl UserAnswer {
    pub(super) fn new(message: Said, account: Account) -> Self {
        Self { message, user: account.into() }
    }
}
