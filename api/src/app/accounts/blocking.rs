//! Blocks a member, whose claims are then refused and whose session of the pages ends, or lifts the block. The log keeps
//! the reason as staff wrote it; the account's row keeps only whether the member is blocked.

use std::sync::Arc;

use commands::{AlsoWrite, Appended, Ledger, Metadata};
use domain::id::MemberId;
use domain::member::MemberCommand;
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};

use super::member_row::decide;
use crate::app::problem::Problem;
use crate::app::session_cache::announce;

/// Whether to block or to lift the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// Claims are refused from now on.
    On,
    /// Claims are decided by their conditions again.
    Off,
}

/// Blocks a member or lifts the block, and tells every instance; `None` when nothing changes.
///
/// # Errors
/// `not_found`.
pub async fn set_blocked(
    ledger: &Ledger,
    pool: &PgPool,
    id: MemberId,
    block: Block,
    note: String,
    metadata: &Metadata,
) -> Result<Option<Appended>, Problem> {
    let command = match block {
        Block::On => MemberCommand::Block { note },
        Block::Off => MemberCommand::Unblock { note },
    };
    let appended = decide(ledger, id, command, Arc::new(BlockedRow { id, block }), metadata).await?;
    announce(pool, id).await;
    Ok(appended)
}

struct BlockedRow {
    id: MemberId,
    block: Block,
}

/// A page session knows the second in which it began. A block ends all earlier sessions, even those of the same second;
/// a later session is valid.
impl AlsoWrite for BlockedRow {
    fn write<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        _: &'a Appended,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        async move {
            let sql = "update accounts
                       set blocked = $2,
                           page_sessions_since = case when $2
                               then greatest(page_sessions_since + 1, ceil(extract(epoch from clock_timestamp()))::bigint)
                               else page_sessions_since
                           end
                       where id = $1";
            sqlx::query(sql)
                .bind(self.id.0)
                .bind(self.block == Block::On)
                .execute(connection)
                .await
                .map(|_| ())
        }
        .boxed()
    }
}
