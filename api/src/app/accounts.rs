//! Accounts: the people behind the random ids of the log. All personal data is in this table, and
//! none of it in the log; what both must agree on is written in one transaction.
//! It does not know HTTP beyond problems.

mod blocking;
mod confirmation;
mod demo;
mod directory;
mod earlier_keys;
mod erasure;
mod member_row;
mod passwords;
mod profile;
mod refresh_token;
mod returns;
mod rights;
mod roles;
mod services;
mod sessions;
mod sign_up;

use chrono::{DateTime, NaiveDate, Utc};
use domain::id::MemberId;
use domain::identity::{earlier_email_key, email_key};
use domain::role::Role;
use domain::zone::Tz;
use sqlx::PgPool;
use uuid::Uuid;

use crate::app::problem::Problem;

pub use blocking::{Block, set_blocked};
pub use confirmation::confirm_email;
pub use demo::{DEMO_ACCOUNTS, DEMO_PASSWORD, find_of_demo, find_older_than_marks, mark_as_demo};
pub use directory::list;
pub use earlier_keys::renew_earlier_keys;
pub use erasure::{Unsettled, erase, erase_of_demo, settle, unsettled, withdrawal};
pub use passwords::Passwords;
pub use profile::{ProfileChange, change_profile};
pub use returns::Returns;
pub use rights::Right;
pub use roles::change_role;
pub use services::{ServiceEntry, ServiceError, ServiceKey, add_key, create_service, list_services, revoke_keys};
pub use sessions::{FAMILY_LIFETIME, Session, SignIn, change_password, end_family, family_of, log_in, prove, refresh};
pub use sign_up::{NewAccount, SignedUp, sign_up};

/// One account. A service has no e-mail, no password and no invite code.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the fields are those of an account as the API shows it")]
pub struct Account {
    pub id: Uuid,
    pub email: Option<String>,
    pub password_hash: Option<String>,
    pub nickname: Option<String>,
    pub bio: Option<String>,
    pub profile_image_url: Option<String>,
    pub birth_date: Option<NaiveDate>,
    pub time_zone: String,
    pub invite_code: Option<String>,
    pub role: String,
    pub role_since: i64,
    pub blocked: bool,
    pub created_at: DateTime<Utc>,
    pub created_position: i64,
    pub demo: bool,
    /// Of a service: what it may do with value.
    pub rights: Option<Vec<String>>,
}

impl Account {
    /// Nickname, bio and picture are set.
    #[must_use]
    pub fn profile_is_complete(&self) -> bool {
        self.nickname.is_some() && self.bio.is_some() && self.profile_image_url.is_some()
    }

    /// The account as the ledger knows it.
    #[must_use]
    pub fn member(&self) -> MemberId {
        MemberId(self.id)
    }

    /// Decides the member's calendar days.
    ///
    /// # Errors
    /// `internal`: the stored name is none.
    pub fn zone(&self) -> Result<Tz, Problem> {
        self.time_zone.parse().map_err(|error| Problem::internal("account", &error))
    }

    /// What the account may do.
    ///
    /// # Errors
    /// `internal`: the stored name is none.
    pub fn known_role(&self) -> Result<Role, Problem> {
        Role::from_name(&self.role).ok_or_else(|| Problem::internal("account", &"a stored role is none"))
    }
}

/// Reads [`Account`]s that were not erased. It names each column: where a later version adds one to the view, prepared
/// statements of `select *` fail in those who serve.
const SELECT: &str = "select id, email, password_hash, nickname, bio, profile_image_url, birth_date, time_zone,
           invite_code, role, role_since, blocked, created_at, created_position, demo, rights
    from accounts_with_rights";

/// The account of this id, unless it was erased.
///
/// # Errors
/// The database's.
pub async fn find(pool: &PgPool, id: MemberId) -> sqlx::Result<Option<Account>> {
    sqlx::query_as(&format!("{SELECT} where id = $1")).bind(id.0).fetch_optional(pool).await
}

/// The account of this e-mail, however it is spelled. Where two accounts were made for one mailbox while e-mails
/// were compared by case alone, each is found under the very spelling it was made with.
///
/// # Errors
/// The database's.
pub async fn find_by_email(pool: &PgPool, email: &str) -> sqlx::Result<Option<Account>> {
    let sql = format!("{SELECT} where email_key in ($1, $2) order by email_key = $2 desc limit 1");
    sqlx::query_as(&sql).bind(email_key(email)).bind(earlier_email_key(email)).fetch_optional(pool).await
}

/// Whose invite code it is.
///
/// # Errors
/// The database's.
pub async fn find_by_invite_code(pool: &PgPool, code: &str) -> sqlx::Result<Option<MemberId>> {
    let id: Option<Uuid> = sqlx::query_scalar("select id from accounts where invite_code = $1")
        .bind(code.to_ascii_uppercase())
        .fetch_optional(pool)
        .await?;
    Ok(id.map(MemberId))
}
