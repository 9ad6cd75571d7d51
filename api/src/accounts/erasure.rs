//! Erasure: everything personal goes, together with every log-in and key; the random id stays in the
//! log, which never changes. For a while a keyed fingerprint of the e-mail stays (`returns`).

use std::sync::Arc;

use commands::{AlsoWrite, Appended, Ledger, Metadata};
use domain::id::MemberId;
use domain::member::MemberCommand;
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};

use super::find;
use super::member_row::decide;
use super::returns::Returns;
use crate::once;
use crate::problem::Problem;
use crate::standing::announce;

/// Erases an account, and tells every instance.
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
    let row = BlankRow { id, fingerprint: email.and_then(|email| returns.fingerprint(&email)) };
    let appended = decide(ledger, id, MemberCommand::Erase, Arc::new(row), metadata).await?;
    announce(pool, id).await;
    Ok(appended)
}

struct BlankRow {
    id: MemberId,
    /// By which its owner is known when they come back; `None` where nobody shall be.
    fingerprint: Option<String>,
}

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
            sqlx::query(blank).bind(self.id.0).bind(appended.recorded_at.utc()).execute(&mut *connection).await?;
            for table in [
                "delete from refresh_families where account_id = $1",
                "delete from service_keys where account_id = $1",
                "delete from services where account_id = $1",
            ] {
                sqlx::query(table).bind(self.id.0).execute(&mut *connection).await?;
            }
            // what was answered to the member, or to the sign-up, may hold a name
            once::forget(connection, self.id).await
        }
        .boxed()
    }
}
