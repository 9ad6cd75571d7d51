//! What is known of stored answers beyond HTTP: whose they are, and that they go with an erased account. How they are
//! found and stored is in `http::idempotency` and `commands::log::stored_answers`.

use domain::id::MemberId;
use sqlx::PgConnection;

/// Begins the scope of those who have no account yet.
pub const NOBODY: &str = "nobody:";

/// Takes away everything that was answered to somebody, the answer to the sign-up included.
///
/// # Errors
/// The database's.
pub async fn forget(connection: &mut PgConnection, member: MemberId) -> Result<(), sqlx::Error> {
    let sql = "delete from stored_answers
               where caller = $1 or (caller like $2 and position($3::bytea in answer) > 0)";
    let id = member.to_string();
    sqlx::query(sql).bind(&id).bind(format!("{NOBODY}%")).bind(id.as_bytes()).execute(connection).await.map(|_| ())
}
