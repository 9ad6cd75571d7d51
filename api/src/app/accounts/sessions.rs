//! Sessions: each log-in is a family of refresh tokens, stored as hashes. `refresh_token` defines their format and how
//! they are verified.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use commands::{Ledger, Metadata};
use domain::Moment;
use domain::activity::{Activity, ActivityCommand, LEDGER_SOURCE, Report};
use domain::id::{ActivityId, MemberId};
use domain::identity::email_key;
use domain::name::Name;
use domain::role::Role;
use domain::zone::Zone;
use sqlx::PgPool;
use uuid::Uuid;

use super::refresh_token::RefreshToken;
use super::{Account, Passwords, find, find_by_email};
use crate::app::client_address::ClientAddress;
use crate::app::limits::guesses::{Guess, Guesses};
use crate::app::problem::{Code, Problem};
use crate::app::security::{Attempt, SecurityLog};
use crate::app::session_cache::{SessionCache, announce};
use crate::app::tokens::{Identity, Keys};

/// How long a session lasts without being used.
pub const FAMILY_LIFETIME: TimeDelta = TimeDelta::days(30);
/// The most sessions of one account: one more ends the least recently used one.
const MOST_LOG_INS: i64 = 1_000;
/// How long the token before the last is still accepted: two tabs may refresh at the same moment.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// What sessions need of the service.
pub struct SignIn<'a> {
    /// The database.
    pub pool: &'a PgPool,
    /// The log, in which a visit is recorded.
    pub ledger: &'a Ledger,
    /// The keys of the tokens.
    pub keys: &'a Keys,
    /// Checks passwords.
    pub passwords: &'a Passwords,
    /// The budget of wrong passwords; `None` without limits.
    pub guesses: Option<&'a Arc<Guesses>>,
    /// The cache of sessions.
    pub session_cache: &'a SessionCache,
    /// The security log.
    pub security: &'a SecurityLog,
    /// Whether demo accounts may log in.
    pub demo: bool,
}

impl SignIn<'_> {
    fn guess(&self, email: &str, address: Option<IpAddr>) -> Result<Guess, Problem> {
        self.guesses.map_or(Ok(Guess::free()), |guesses| guesses.charge(email_key(email), address))
    }
}

/// What a log-in gives.
#[derive(Debug)]
pub struct Session {
    /// The access token.
    pub access_token: String,
    /// The refresh token, for the next access token.
    pub refresh_token: String,
    /// The position of the visit, if it is the first of its day.
    pub position: Option<i64>,
}

/// Logs a person in and records a visit for today.
///
/// # Errors
/// `invalid_credentials`, the same and as slow for an unknown e-mail.
pub async fn log_in(
    state: &SignIn<'_>,
    email: &str,
    password: String,
    from: ClientAddress,
    now: Moment,
) -> Result<Session, Problem> {
    let guess = state.guess(email, from.0).inspect_err(|_| {
        state.security.password_refused(Attempt::LogIn, None, "too_many_wrong", from);
    })?;
    let account = find_by_email(state.pool, email).await?;
    let known = account.as_ref().map(Account::member);
    let stored = account.as_ref().and_then(|account| account.password_hash.clone());
    let matches = state.passwords.matches(password, stored, guess).await?;
    let Some(account) = account.filter(|account| matches && may_log_in(state, account)) else {
        let reason = match known {
            None => "no_such_account",
            Some(_) if matches => "may_not_log_in",
            Some(_) => "wrong_password",
        };
        state.security.password_refused(Attempt::LogIn, known, reason, from);
        return Err(Problem::new(Code::InvalidCredentials));
    };
    let token = open_family(state, &account, now).await?;
    let position = record_visit(state.ledger, &account, now).await?;
    session(state.keys, &account, &token, position, now)
}

/// Creates a session with the account's row locked: a concurrent change of password or erasure either sees the session
/// and ends it, or is seen and makes the log-in fail. Expired sessions are deleted, and the least recently used ones
/// beyond the maximum.
async fn open_family(state: &SignIn<'_>, account: &Account, now: Moment) -> Result<RefreshToken, Problem> {
    let token = RefreshToken::first(Uuid::new_v4(), state.keys).ok_or_else(no_key)?;
    let sql = "with swept as (
                   delete from refresh_families
                   where account_id = $2
                     and (expires_at < $4
                          or id = any (array(
                              select id
                              from refresh_families
                              where account_id = $2
                              order by expires_at desc, id
                              offset $7)))
               )
               insert into refresh_families (id, account_id, token_hash, rotated_at, expires_at)
               select $1, id, $3, $4, $5
               from accounts
               where id = $2 and password_hash = $6
               for share";
    let opened = sqlx::query(sql)
        .bind(token.family())
        .bind(account.id)
        .bind(token.hash())
        .bind(now.utc())
        .bind(now.utc() + FAMILY_LIFETIME)
        .bind(&account.password_hash)
        .bind(MOST_LOG_INS - 1)
        .execute(state.pool)
        .await?;
    if opened.rows_affected() == 0 { Err(Problem::new(Code::InvalidCredentials)) } else { Ok(token) }
}

/// Services authenticate with keys; the demo's service may log in too. Outside demo mode demo accounts may not, because
/// their password is public.
fn may_log_in(state: &SignIn<'_>, account: &Account) -> bool {
    state.demo || (!account.demo && account.role != Role::Service.name())
}

/// Exchanges a refresh token for the next tokens. A genuine token that was used before ends its session; a forged one
/// is refused without effect.
///
/// # Errors
/// `unauthenticated`, `refresh_token_reused`.
pub async fn refresh(state: &SignIn<'_>, token: &str, from: ClientAddress, now: Moment) -> Result<Session, Problem> {
    let nobody = || {
        state.security.token_refused("refresh", None, Code::Unauthenticated.name(), from);
        Problem::new(Code::Unauthenticated)
    };
    let presented = RefreshToken::parse(token).ok_or_else(nobody)?;
    let mut transaction = state.pool.begin().await?;
    let sql = "select account_id, token_hash, previous_hash, rotated_at
               from refresh_families
               where id = $1 and revoked_at is null and expires_at > $2
               for update";
    let family: Option<Family> =
        sqlx::query_as(sql).bind(presented.family()).bind(now.utc()).fetch_optional(&mut *transaction).await?;
    let family = family.ok_or_else(nobody)?;
    let hash = presented.hash();
    let next = if hash == family.token_hash {
        let next = presented.next(state.keys).next().ok_or_else(no_key)?;
        let sql = "update refresh_families
                   set token_hash = $2, previous_hash = $3, rotated_at = $4, expires_at = $5
                   where id = $1";
        sqlx::query(sql)
            .bind(presented.family())
            .bind(next.hash())
            .bind(&hash)
            .bind(now.utc())
            .bind(now.utc() + FAMILY_LIFETIME)
            .execute(&mut *transaction)
            .await?;
        Some(next)
    } else if Some(&hash) == family.previous_hash.as_ref() && now.utc() <= family.rotated_at + GRACE {
        presented.next(state.keys).find(|next| next.hash() == family.token_hash)
    } else {
        None
    };
    let Some(next) = next else {
        transaction.rollback().await?;
        if !family.gave_out(&presented, state.keys) {
            return Err(nobody());
        }
        state.security.refresh_token_reused(MemberId(family.account_id), from);
        end_family(state, presented.family(), now).await?;
        return Err(Problem::new(Code::RefreshTokenReused));
    };
    transaction.commit().await?;
    let account = find(state.pool, MemberId(family.account_id)).await?;
    let account = account.filter(|account| may_log_in(state, account)).ok_or_else(nobody)?;
    let position = record_visit(state.ledger, &account, now).await?;
    session(state.keys, &account, &next, position, now)
}

/// The session of a genuine refresh token: this verifies its secret, not only the family that it names.
///
/// # Errors
/// The database's.
pub async fn family_of(state: &SignIn<'_>, token: &str) -> Result<Option<Uuid>, Problem> {
    let Some(token) = RefreshToken::parse(token) else { return Ok(None) };
    let sql = "select account_id, token_hash, previous_hash, rotated_at from refresh_families where id = $1";
    let family: Option<Family> = sqlx::query_as(sql).bind(token.family()).fetch_optional(state.pool).await?;
    Ok(family.filter(|family| family.gave_out(&token, state.keys)).map(|_| token.family()))
}

/// Ends a session on every instance; an unknown one is ignored.
///
/// # Errors
/// The database's.
pub async fn end_family(state: &SignIn<'_>, family: Uuid, now: Moment) -> Result<(), Problem> {
    let sql = "update refresh_families set revoked_at = $2 where id = $1 and revoked_at is null returning account_id";
    let account: Option<Uuid> = sqlx::query_scalar(sql).bind(family).bind(now.utc()).fetch_optional(state.pool).await?;
    if let Some(account) = account {
        state.session_cache.forget(MemberId(account));
        announce(state.pool, MemberId(account)).await;
    }
    Ok(())
}

/// The caller's account, if the password is right.
///
/// # Errors
/// `invalid_credentials` when it is wrong; `unauthenticated` when the account no longer exists; `rate_limited`.
pub async fn prove(
    state: &SignIn<'_>,
    id: MemberId,
    password: String,
    from: ClientAddress,
) -> Result<Account, Problem> {
    let account = find(state.pool, id).await?.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    // shares the budget of the log-in, which identifies the account by its e-mail
    let guess = state.guess(account.email.as_deref().unwrap_or_default(), from.0).inspect_err(|_| {
        state.security.password_refused(Attempt::Proof, Some(id), "too_many_wrong", from);
    })?;
    if !state.passwords.matches(password, account.password_hash.clone(), guess).await? {
        state.security.password_refused(Attempt::Proof, Some(id), "wrong_password", from);
        return Err(Problem::new(Code::InvalidCredentials));
    }
    Ok(account)
}

/// Changes the password of an account and ends all its sessions.
///
/// # Errors
/// `invalid_credentials` when the current one is wrong; `unauthenticated` when the account no longer exists.
pub async fn change_password(
    state: &SignIn<'_>,
    id: MemberId,
    current: String,
    new: String,
    from: ClientAddress,
    now: Moment,
) -> Result<(), Problem> {
    let account = prove(state, id, current, from).await?;
    let wrong = || Problem::new(Code::InvalidCredentials);
    let new_hash = state.passwords.hash(new).await?;
    let mut transaction = state.pool.begin().await?;
    let changed = sqlx::query("update accounts set password_hash = $3 where id = $1 and password_hash = $2")
        .bind(id.0)
        .bind(&account.password_hash)
        .bind(new_hash)
        .execute(&mut *transaction)
        .await?;
    if changed.rows_affected() == 0 {
        return Err(wrong());
    }
    sqlx::query("update refresh_families set revoked_at = $2 where account_id = $1 and revoked_at is null")
        .bind(id.0)
        .bind(now.utc())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    state.session_cache.forget(id);
    announce(state.pool, id).await;
    Ok(())
}

/// Records a visit once a local day; only the first of a day has a position.
async fn record_visit(ledger: &Ledger, account: &Account, now: Moment) -> Result<Option<i64>, Problem> {
    let zone = Zone::Named(account.zone()?);
    let local_date = zone.local_date(now);
    let report = Report {
        source: LEDGER_SOURCE.to_owned(),
        external_id: format!("{}:{local_date}", account.id),
        member_id: account.member(),
        kind: Name::login(),
        occurred_at: now,
        local_date,
        time_zone: zone,
        measures: Default::default(),
    };
    let id = ActivityId::of(&report.source, &report.external_id).to_string();
    let metadata = Metadata::of(account.member(), account.known_role()?, now).dated();
    let receipt = ledger.execute::<Activity>(&id, ActivityCommand::LogIn(report), &metadata).await?;
    Ok((receipt.appended > 0).then_some(receipt.position))
}

fn session(
    keys: &Keys,
    account: &Account,
    token: &RefreshToken,
    position: Option<i64>,
    now: Moment,
) -> Result<Session, Problem> {
    let identity = Identity {
        member: account.member(),
        role: account.known_role()?,
        family: token.family(),
        issued_at: now.utc().timestamp().max(account.role_since),
    };
    Ok(Session { access_token: keys.issue(identity, now)?, refresh_token: token.text(), position })
}

#[derive(sqlx::FromRow)]
struct Family {
    account_id: Uuid,
    token_hash: Vec<u8>,
    previous_hash: Option<Vec<u8>>,
    rotated_at: DateTime<Utc>,
}

impl Family {
    /// How a token relates to its family: the last one, the one before, or an older genuine one.
    fn gave_out(&self, token: &RefreshToken, keys: &Keys) -> bool {
        let hash = token.hash();
        hash == self.token_hash || Some(&hash) == self.previous_hash.as_ref() || token.is_ours(keys)
    }
}

fn no_key() -> Problem {
    Problem::internal("token", &"no key")
}
