//! Service accounts, for other programs. Each has a name, may report for listed sources only, may do with value what it has
//! a right to, and authenticates with a key that is shown once and stored as a hash. It does not know the command line.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use commands::{AlsoWrite, Appended, CommandError, GuardRefusal, Ledger, Metadata};
use domain::Moment;
use domain::id::MemberId;
use domain::member::{Member, MemberCommand, MemberRefusal, Registration};
use domain::name::Name;
use domain::role::Role;
use domain::zone::local_date;
use futures::FutureExt;
use futures::future::BoxFuture;
use rand::RngCore as _;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::Right;
use crate::app::session_cache::announce;

/// The prefix of keys, which tells them from access tokens and lets secret scanners find leaked ones.
const PREFIX: &str = "rlk_";

/// The key of a service: an id to look it up by, and a secret.
pub struct ServiceKey {
    id: Uuid,
    secret: String,
}

impl std::fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl ServiceKey {
    fn new() -> Self {
        let mut secret = [0_u8; 32];
        rand::rng().fill_bytes(&mut secret);
        Self { id: Uuid::new_v4(), secret: URL_SAFE_NO_PAD.encode(secret) }
    }

    /// Parses a key; `None` if it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('.')?;
        Some(Self { id: Uuid::try_parse(id).ok()?, secret: secret.to_owned() })
    }

    /// The key as text, to be shown once.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{PREFIX}{}.{}", self.id.simple(), self.secret)
    }

    /// The id that it is looked up by.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The hash to store. The secret is too long to be guessed, so that no slow hash is needed.
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.text()).to_vec()
    }
}

/// Why a service was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The name belongs to a service already.
    #[error("a service with this name already exists")]
    NameTaken,
    /// No service has this name.
    #[error("there is no service with this name")]
    Unknown,
    /// It could not be written to the log.
    #[error(transparent)]
    Write(#[from] CommandError<MemberRefusal>),
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Creates a service with its first key.
///
/// # Errors
/// See [`ServiceError`].
pub async fn create_service(
    ledger: &Ledger,
    name: Name,
    sources: BTreeSet<String>,
    rights: BTreeSet<Right>,
    now: Moment,
) -> Result<ServiceKey, ServiceError> {
    let (id, key) = (MemberId(Uuid::now_v7()), ServiceKey::new());
    let registration = Registration {
        time_zone: domain::zone::Tz::UTC,
        joined_on: local_date(domain::zone::Tz::UTC, now),
        birthday: None,
        role: Role::Service,
        returned: None,
    };
    let row = ServiceRow { id, name, sources, rights, key_id: key.id, key_hash: key.hash() };
    let unit = ledger.unit(Metadata::system(now).dated()).also(Arc::new(row));
    unit.execute::<Member>(&id.to_string(), MemberCommand::Register(registration)).await?;
    match unit.commit::<MemberRefusal>().await {
        Err(CommandError::Guard(GuardRefusal::AlsoRefused { constraint })) if constraint == "services_one_a_name" => {
            Err(ServiceError::NameTaken)
        }
        committed => Ok(committed.map(|_| key)?),
    }
}

struct ServiceRow {
    id: MemberId,
    name: Name,
    sources: BTreeSet<String>,
    rights: BTreeSet<Right>,
    key_id: Uuid,
    key_hash: Vec<u8>,
}

impl AlsoWrite for ServiceRow {
    /// The name is shown in place of a nickname, and takes no member's nickname.
    fn write<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        appended: &'a Appended,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        async move {
            sqlx::query(
                "insert into accounts (id, nickname, time_zone, role, created_at, created_position)
                 values ($1, $2, 'UTC', $3, $4, $5)",
            )
            .bind(self.id.0)
            .bind(self.name.as_str())
            .bind(Role::Service.name())
            .bind(appended.recorded_at.utc())
            .bind(appended.first_position)
            .execute(&mut *connection)
            .await?;
            sqlx::query("insert into services (account_id, name, sources, rights) values ($1, $2, $3, $4)")
                .bind(self.id.0)
                .bind(self.name.as_str())
                .bind(self.sources.iter().collect::<Vec<_>>())
                .bind(self.rights.iter().map(|right| right.name()).collect::<Vec<_>>())
                .execute(&mut *connection)
                .await?;
            sqlx::query("insert into service_keys (id, account_id, key_hash, created_at) values ($1, $2, $3, $4)")
                .bind(self.key_id)
                .bind(self.id.0)
                .bind(&self.key_hash)
                .bind(appended.recorded_at.utc())
                .execute(connection)
                .await
                .map(|_| ())
        }
        .boxed()
    }
}

/// Adds a key to a service; earlier keys stay valid.
///
/// # Errors
/// [`ServiceError::Unknown`], or the database's.
pub async fn add_key(pool: &PgPool, name: &Name, now: Moment) -> Result<ServiceKey, ServiceError> {
    let key = ServiceKey::new();
    let sql = "insert into service_keys (id, account_id, key_hash, created_at)
               select $1, account_id, $2, $3 from services where name = $4";
    let added =
        sqlx::query(sql).bind(key.id).bind(key.hash()).bind(now.utc()).bind(name.as_str()).execute(pool).await?;
    if added.rows_affected() == 0 { Err(ServiceError::Unknown) } else { Ok(key) }
}

/// Revokes one key of a service, or all of them, and notifies every instance. Returns how many were revoked.
///
/// # Errors
/// [`ServiceError::Unknown`], or the database's.
pub async fn revoke_keys(pool: &PgPool, name: &Name, only: Option<Uuid>, now: Moment) -> Result<u64, ServiceError> {
    let account: Option<Uuid> = sqlx::query_scalar("select account_id from services where name = $1")
        .bind(name.as_str())
        .fetch_optional(pool)
        .await?;
    let account = account.ok_or(ServiceError::Unknown)?;
    let sql = "update service_keys
               set revoked_at = $3
               where account_id = $1 and ($2::uuid is null or id = $2) and revoked_at is null";
    let revoked = sqlx::query(sql).bind(account).bind(only).bind(now.utc()).execute(pool).await?.rows_affected();
    announce(pool, MemberId(account)).await;
    Ok(revoked)
}

/// A service and one of its keys.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ServiceEntry {
    /// Its name.
    pub name: String,
    /// Its account, which is the actor of its commands.
    pub account_id: Uuid,
    /// The sources that it may report for.
    pub sources: Vec<String>,
    /// What it may do with value.
    pub rights: Vec<String>,
    /// What the key is looked up by: its first part.
    pub key_id: Uuid,
    /// When the key was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// All services, an entry for each key.
///
/// # Errors
/// The database's.
pub async fn list_services(pool: &PgPool) -> sqlx::Result<Vec<ServiceEntry>> {
    let sql = "select services.name, services.account_id, services.sources, services.rights, service_keys.id as key_id,
                      service_keys.created_at, service_keys.revoked_at
               from services
               join service_keys on service_keys.account_id = services.account_id
               order by services.name, service_keys.created_at, service_keys.id";
    sqlx::query_as(sql).fetch_all(pool).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_and_nothing_else_is_one() {
        let key = ServiceKey::new();
        let again = ServiceKey::parse(&key.text()).unwrap();
        assert_eq!((again.id, again.hash()), (key.id, key.hash()));
        assert!(!format!("{key:?}").contains(&key.secret));
        for other in ["", "rlk_", "rlk_x.y", "a.b.c", &key.text()[4..], &key.text().replace('.', "")] {
            assert!(ServiceKey::parse(other).is_none(), "{other}");
        }
    }
}
