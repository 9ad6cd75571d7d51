//! Erasure of an account: deletes all personal data, every session and every key. The random id stays in the log, which
//! never changes, and for a while a keyed fingerprint of the e-mail stays (`returns`). Pending claims are withdrawn in
//! the same append, which frees the stock they held; the scheduler withdraws claims that were requested at the same
//! moment.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use commands::{AlsoWrite, Appended, CommandError, Ledger, Metadata, Unit};
use domain::Moment;
use domain::claim::{Claim, ClaimCommand, ClaimRefusal, WithdrawalReason};
use domain::id::{ClaimId, MemberId};
use domain::member::{Member, MemberCommand, MemberRefusal};
use futures::FutureExt;
use futures::future::BoxFuture;
use projections::read_models::claim_history;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::find;
use super::returns::Returns;
use crate::app::problem::Problem;
use crate::app::session_cache::announce;
use crate::app::stored_answers;

/// How many pending claims are withdrawn in the append of the erasure; the scheduler withdraws the rest.
const CLAIMS_AT_ONCE: i64 = 500;

/// Withdraws a pending claim of an erased account.
#[must_use]
pub fn withdrawal(at: Moment) -> ClaimCommand {
    ClaimCommand::Withdraw { reason: WithdrawalReason::MemberErased, at, value: None }
}

/// Erases an account and notifies every instance.
///
/// # Errors
/// `not_found`, `last_admin`.
pub async fn erase(
    ledger: &Ledger,
    pool: &PgPool,
    returns: &Returns,
    id: MemberId,
    metadata: &Metadata,
) -> Result<Option<Appended>, Problem> {
    let email = find(pool, id).await?.and_then(|account| account.email);
    let fingerprint = email.and_then(|email| returns.fingerprint(&email));
    erase_with(ledger, pool, BlankRow { id, fingerprint, of_demo: false }, metadata).await
}

/// Erases an account of the demo, even the last administrator, since the next one is created on the command line. No
/// fingerprint of its e-mail is kept.
///
/// # Errors
/// `not_found`; `last_admin` when the account is none of the demo.
pub async fn erase_of_demo(
    ledger: &Ledger,
    pool: &PgPool,
    id: MemberId,
    metadata: &Metadata,
) -> Result<Option<Appended>, Problem> {
    erase_with(ledger, pool, BlankRow { id, fingerprint: None, of_demo: true }, metadata).await
}

async fn erase_with(
    ledger: &Ledger,
    pool: &PgPool,
    row: BlankRow,
    metadata: &Metadata,
) -> Result<Option<Appended>, Problem> {
    let (id, row) = (row.id, Arc::new(row));
    let mut retry = ledger.retry();
    retry.turn::<Member>(&id.to_string()).await.map_err(CommandError::<MemberRefusal>::from)?;
    let appended = loop {
        let pending = claim_history::pending_of(pool, id, CLAIMS_AT_ONCE).await?;
        let unit = ledger.unit(metadata.next_command()).also(row.clone());
        unit.execute::<Member>(&id.to_string(), MemberCommand::Erase).await?;
        withdraw(&unit, &pending, metadata.requested_at).await?;
        let committed = match unit.forfeit_wallets::<MemberRefusal>(id, metadata.requested_at).await {
            Ok(()) => unit.commit().await,
            Err(error) => Err(error),
        };
        match committed {
            Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
            committed => break committed?,
        }
    };
    announce(pool, id).await;
    Ok(appended)
}

/// A claim that was decided in the meantime stays as it is.
async fn withdraw(unit: &Unit<'_>, pending: &[ClaimId], at: Moment) -> Result<(), Problem> {
    let ids: Vec<String> = pending.iter().map(ClaimId::to_string).collect();
    unit.preload::<Claim>(&ids).await?;
    for id in ids {
        match unit.change_claim(&id, withdrawal(at)).await {
            Ok(_) | Err(CommandError::Refused { refusal: ClaimRefusal::StepNotAllowed { .. }, .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// An account that is erased and may still have pending claims.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct Unsettled {
    id: Uuid,
    /// When it was erased.
    pub erased_at: DateTime<Utc>,
}

impl Unsettled {
    /// The account.
    #[must_use]
    pub fn member(self) -> MemberId {
        MemberId(self.id)
    }
}

/// The erased accounts that may still have pending claims, in the order of erasure.
///
/// # Errors
/// The database's.
pub async fn unsettled(pool: &PgPool, limit: i64) -> sqlx::Result<Vec<Unsettled>> {
    let sql = "select id, erased_at
               from accounts
               where erased_at is not null and not claims_settled
               order by erased_at
               limit $1";
    // planned for each run: a cached plan made while the table was empty would scan all of it ever after
    sqlx::query_as(sql).bind(limit).persistent(false).fetch_all(pool).await
}

/// Records that an erased account has no pending claim any more.
///
/// # Errors
/// The database's.
pub async fn settle(pool: &PgPool, member: MemberId) -> sqlx::Result<()> {
    sqlx::query("update accounts set claims_settled = true where id = $1")
        .bind(member.0)
        .execute(pool)
        .await
        .map(|_| ())
}

struct BlankRow {
    id: MemberId,
    /// The fingerprint by which the owner is recognised on return; `None` when none is to be kept.
    fingerprint: Option<String>,
    of_demo: bool,
}

/// Set for the transaction; read by the trigger that keeps the last administrator.
const REMOVES_THE_DEMO: &str = "select set_config('reward_ledger.removes_the_demo', $1, true)";

impl AlsoWrite for BlankRow {
    fn write<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        appended: &'a Appended,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let known = "insert into erased_emails (fingerprint, member_id, first_id, blocked, erased_at)
                     select $2, id, coalesce(first_id, id), blocked, $3
                     from accounts
                     where id = $1";
        let blank = "update accounts
                     set email = null, email_key = null, password_hash = null, nickname = null, nickname_key = null,
                         bio = null, profile_image_url = null, birth_date = null, invite_code = null,
                         first_id = null, time_zone = 'UTC', blocked = false, erased_at = $2
                     where id = $1";
        async move {
            if let Some(fingerprint) = &self.fingerprint {
                sqlx::query(known)
                    .bind(self.id.0)
                    .bind(fingerprint)
                    .bind(appended.recorded_at.utc())
                    .execute(&mut *connection)
                    .await?;
            }
            let removes = if self.of_demo { "on" } else { "" };
            sqlx::query(REMOVES_THE_DEMO).bind(removes).execute(&mut *connection).await?;
            sqlx::query(blank).bind(self.id.0).bind(appended.recorded_at.utc()).execute(&mut *connection).await?;
            for table in [
                "delete from refresh_families where account_id = $1",
                "delete from service_keys where account_id = $1",
                "delete from services where account_id = $1",
            ] {
                sqlx::query(table).bind(self.id.0).execute(&mut *connection).await?;
            }
            // stored answers to the member, or to the sign-up, may contain a name
            stored_answers::forget(connection, self.id).await
        }
        .boxed()
    }
}
