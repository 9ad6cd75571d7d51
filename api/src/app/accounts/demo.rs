//! Which accounts the demo made. It marks them when it makes them; those of an older version are told by their
//! addresses and the password that everybody knows.

use domain::id::MemberId;
use domain::identity::{earlier_email_key, email_key};
use domain::role::Role;
use sqlx::PgPool;

use super::{Account, SELECT};

/// The password of all of them. Everybody may know it: demo mode listens on the loopback address alone.
pub const DEMO_PASSWORD: &str = "ledger-demo";
/// One account for each role, by e-mail.
pub const DEMO_ACCOUNTS: [(&str, Role); 5] = [
    ("admin@example.com", Role::Admin),
    ("operator@example.com", Role::Operator),
    ("auditor@example.com", Role::Auditor),
    ("service@example.com", Role::Service),
    ("member@example.com", Role::User),
];

/// The migration since which they are marked.
const MARKS: i64 = 46;

/// The accounts that are marked, as far as they are not erased.
///
/// # Errors
/// The database's.
pub async fn find_of_demo(pool: &PgPool) -> sqlx::Result<Vec<Account>> {
    sqlx::query_as(&format!("{SELECT} where demo order by created_position")).fetch_all(pool).await
}

/// The accounts of these addresses that were made before accounts were marked. Whoever signs up by such an address later
/// is nobody of a demo, whatever their password is.
///
/// # Errors
/// The database's.
pub async fn find_older_than_marks(pool: &PgPool, emails: &[&str]) -> sqlx::Result<Vec<Account>> {
    let sql = format!(
        "{SELECT}
        where not demo
          and email_key = any($1)
          and created_at < (select installed_on from _sqlx_migrations where version = $2)"
    );
    let keys: Vec<String> = emails.iter().flat_map(|email| [email_key(email), earlier_email_key(email)]).collect();
    sqlx::query_as(&sql).bind(keys).bind(MARKS).fetch_all(pool).await
}

/// Marks an account as one of the demo.
///
/// # Errors
/// The database's.
pub async fn mark_as_demo(pool: &PgPool, id: MemberId) -> sqlx::Result<()> {
    sqlx::query("update accounts set demo = true where id = $1").bind(id.0).execute(pool).await.map(|_| ())
}
