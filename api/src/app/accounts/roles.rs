//! Changes the role of an account: an event and the row, in one transaction. The member aggregate decides who may give
//! which role; a trigger of the table keeps the last administrator.

use std::sync::Arc;

use commands::{AlsoWrite, Appended, Ledger, Metadata};
use domain::id::MemberId;
use domain::member::{MemberCommand, RoleChange};
use domain::role::Role;
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};

use super::member_row::decide;
use crate::app::problem::Problem;
use crate::app::session_cache::announce;

/// Changes the role of an account and notifies every instance. Earlier access tokens become invalid.
///
/// # Errors
/// `not_found`, `own_role`, `forbidden`, `same_role`, `last_admin`.
pub async fn change_role(
    ledger: &Ledger,
    pool: &PgPool,
    id: MemberId,
    change: RoleChange,
    metadata: &Metadata,
) -> Result<Option<Appended>, Problem> {
    let row = Arc::new(RoleOfRow { id, role: change.to });
    let appended = decide(ledger, id, MemberCommand::ChangeRole(change), row, metadata).await?;
    announce(pool, id).await;
    Ok(appended)
}

struct RoleOfRow {
    id: MemberId,
    role: Role,
}

/// Tokens have their issue time in seconds. The new role starts in a later second than every token of the role before,
/// even when it changes twice within a second.
impl AlsoWrite for RoleOfRow {
    fn write<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        _: &'a Appended,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let sql = "update accounts
                   set role = $2,
                       role_since = greatest(role_since + 1, ceil(extract(epoch from clock_timestamp()))::bigint)
                   where id = $1";
        async move { sqlx::query(sql).bind(self.id.0).bind(self.role.name()).execute(connection).await.map(|_| ()) }
            .boxed()
    }
}
