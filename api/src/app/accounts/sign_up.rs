//! Signing up: the account and its registration in the log come into being together, and so does the
//! referral where somebody was invited.

use std::sync::Arc;

use chrono::NaiveDate;
use commands::{AlsoWrite, AnswerFromAppend, Appended, CommandError, GuardRefusal, Ledger, Metadata};
use domain::Moment;
use domain::facts::Birthday;
use domain::id::MemberId;
use domain::identity::{email_key, name_key};
use domain::member::{Member, MemberCommand, MemberRefusal, Registration};
use domain::referral::{Referral, ReferralCommand};
use domain::role::Role;
use domain::zone::Tz;
use domain::zone::local_date;
use futures::FutureExt;
use futures::future::BoxFuture;
use rand::Rng as _;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::find_by_invite_code;
use super::returns::{Earlier, Returns};
use crate::app::problem::{Code, Problem};

/// How often a sign-up is decided anew because an account of its e-mail was erased meanwhile.
const ATTEMPTS: usize = 4;
/// What refuses a sign-up that does not know of such an erasure.
const ERASED_MEANWHILE: &str = "accounts_know_who_returns";
/// Why somebody is blocked who was never here before, for the record.
const BLOCKED_BEFORE: &str = "An earlier account of the same person was blocked when it was erased.";
/// Letters and digits that are not taken for each other.
const CODE_LETTERS: &[u8] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
/// 31¹⁰ codes: a chance of one in a million that two of a million members share one.
const CODE_LENGTH: usize = 10;

/// Somebody who is not here yet.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// A fixed id; a new random one if absent.
    pub id: Option<MemberId>,
    /// Their address.
    pub email: String,
    /// The stored form of their password.
    pub password_hash: String,
    /// How others see them.
    pub nickname: Option<String>,
    /// The whole date stays outside the log.
    pub birth_date: Option<NaiveDate>,
    /// Decides their calendar days.
    pub time_zone: Tz,
    /// What they may do.
    pub role: Role,
    /// Whose code they came with.
    pub invite_code: Option<String>,
    /// The demo makes it.
    pub demo: bool,
}

/// Somebody who is here now.
#[derive(Debug, Clone, Copy)]
pub struct SignedUp {
    /// Their id.
    pub id: MemberId,
    /// The position of the last event that followed.
    pub position: i64,
}

/// Takes somebody in. `keep` makes the answer to be kept with the account.
///
/// Who comes back is taken in under a new id, which the log ties to those before: what a person may have once stays
/// with the person, a block does too, and nobody has brought them.
///
/// # Errors
/// `email_taken`, `nickname_taken`, `invite_code_unknown`.
pub async fn sign_up(
    ledger: &Ledger,
    pool: &PgPool,
    returns: &Returns,
    account: NewAccount,
    now: Moment,
    correlation: Uuid,
    keep: impl Fn(MemberId) -> Option<AnswerFromAppend>,
) -> Result<SignedUp, Problem> {
    let mut attempt = 1;
    loop {
        let earlier = returns.earlier(pool, &account.email, now).await?;
        match try_to_sign_up(ledger, pool, earlier, account.clone(), now, correlation, &keep).await? {
            Err(CommandError::Guard(GuardRefusal::AlsoRefused { constraint }))
                if constraint == ERASED_MEANWHILE && attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            done => return Ok(done?),
        }
    }
}

async fn try_to_sign_up(
    ledger: &Ledger,
    pool: &PgPool,
    earlier: Earlier,
    account: NewAccount,
    now: Moment,
    correlation: Uuid,
    keep: impl Fn(MemberId) -> Option<AnswerFromAppend>,
) -> Result<Result<SignedUp, CommandError<MemberRefusal>>, Problem> {
    let inviter = match &account.invite_code {
        None => None,
        Some(code) => match find_by_invite_code(pool, code).await? {
            Some(inviter) => Some(inviter),
            None => return Err(Problem::new(Code::InviteCodeUnknown)),
        },
    };
    let id = account.id.unwrap_or_else(|| MemberId(Uuid::now_v7()));
    let registration = Registration {
        time_zone: account.time_zone,
        joined_on: local_date(account.time_zone, now),
        birthday: account.birth_date.map(Birthday::of),
        role: account.role,
        returned: earlier.returned(),
    };
    let metadata = Metadata::of(id, account.role, now).correlated(correlation).dated();
    let (is_new, was_blocked) = (registration.returned.is_none(), earlier.was_blocked());
    let row = AccountRow { id, account, invite_code: new_invite_code(), earlier };
    let unit = ledger.unit(metadata).also(Arc::new(row)).storing(keep(id));
    unit.execute::<Member>(&id.to_string(), MemberCommand::Register(registration)).await?;
    if was_blocked {
        let note = BLOCKED_BEFORE.to_owned();
        unit.execute::<Member>(&id.to_string(), MemberCommand::Block { note }).await?;
    }
    if let Some(inviter_id) = inviter.filter(|_| is_new) {
        let command = ReferralCommand::Create { invitee_id: id, inviter_id };
        unit.execute::<Referral>(&id.to_string(), command).await?;
    }
    let committed = unit.commit::<MemberRefusal>().await;
    Ok(committed.map(|appended| SignedUp { id, position: appended.map_or(0, |appended| appended.last_position) }))
}

fn new_invite_code() -> String {
    let mut random = rand::rng();
    (0..CODE_LENGTH).map(|_| char::from(CODE_LETTERS[random.random_range(0..CODE_LETTERS.len())])).collect()
}

struct AccountRow {
    id: MemberId,
    account: NewAccount,
    invite_code: String,
    earlier: Earlier,
}

impl AlsoWrite for AccountRow {
    fn write<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        appended: &'a Appended,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let sql = "insert into accounts (id, email, email_key, password_hash, nickname, nickname_key, birth_date,
                                         time_zone, invite_code, role, created_at, created_position, first_id, blocked,
                                         demo)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
        async move {
            self.earlier.are_all(connection).await?;
            sqlx::query(sql)
                .bind(self.id.0)
                .bind(&self.account.email)
                .bind(email_key(&self.account.email))
                .bind(&self.account.password_hash)
                .bind(&self.account.nickname)
                .bind(self.account.nickname.as_deref().map(name_key))
                .bind(self.account.birth_date)
                .bind(self.account.time_zone.name())
                .bind(&self.invite_code)
                .bind(self.account.role.name())
                .bind(appended.recorded_at.utc())
                .bind(appended.first_position)
                .bind(self.earlier.returned().map(|returned| returned.first_id.0))
                .bind(self.earlier.was_blocked())
                .bind(self.account.demo)
                .execute(connection)
                .await
                .map(|_| ())
        }
        .boxed()
    }
}
