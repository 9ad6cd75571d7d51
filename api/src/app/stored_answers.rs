//! Stored answers of an account: their scope, and their deletion on erasure. `http::idempotency` and
//! `commands::log::stored_answers` find and store them.

use domain::id::MemberId;
use sqlx::PgConnection;

/// The prefix of the scope of callers without an account.
pub const NOBODY: &str = "nobody:";

/// Deletes all stored answers of an account, including that to its sign-up.
///
/// # Errors
/// The database's.
pub async fn forget(connection: &mut PgConnection, member: MemberId) -> Result<(), sqlx::Error> {
    let sql = "delete from stored_answers
               where caller = $1 or (caller like $2 and position($3::bytea in answer) > 0)";
    let id = member.to_string();
    sqlx::query(sql).bind(&id).bind(format!("{NOBODY}%")).bind(id.as_bytes()).execute(connection).await.map(|_| ())
}
