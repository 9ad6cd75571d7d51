//! The list of accounts for staff: newest first, by the position of the registration. Positions only grow, so that no
//! account appears later in the middle of a list that was paged through.

use domain::role::Role;
use sqlx::PgPool;

use super::{Account, SELECT};

/// A page of accounts, of one role or of any, registered before a position.
///
/// # Errors
/// The database's.
pub async fn list(pool: &PgPool, role: Option<Role>, before: Option<i64>, rows: i64) -> sqlx::Result<Vec<Account>> {
    let sql = format!(
        "{SELECT}
        where ($1::text is null or role = $1)
          and ($2::bigint is null or created_position < $2)
        order by created_position desc
        limit $3"
    );
    sqlx::query_as(&sql).bind(role.map(Role::name)).bind(before).bind(rows).fetch_all(pool).await
}
