//! Blocking a member: claims are refused from then on. The reason stays in the log, in the words of
//! whoever did it; the row only remembers that it is so.

use std::sync::Arc;

use commands::{AlsoWrite, Appended, Ledger, Metadata};
use domain::id::MemberId;
use domain::member::MemberCommand;
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::PgConnection;

use super::member_row::decide;
use crate::app::problem::Problem;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// Claims are refused from now on.
    On,
    /// Claims are judged again.
    Off,
}

/// Blocks a member or lifts the block; `None` when it is so already.
///
/// # Errors
/// `not_found`.
pub async fn set_blocked(
    ledger: &Ledger,
    id: MemberId,
    block: Block,
    note: String,
    metadata: &Metadata,
) -> Result<Option<Appended>, Problem> {
    let command = match block {
        Block::On => MemberCommand::Block { note },
        Block::Off => MemberCommand::Unblock { note },
    };
    decide(ledger, id, command, Arc::new(BlockedRow { id, block }), metadata).await
}

struct BlockedRow {
    id: MemberId,
    block: Block,
}

impl AlsoWrite for BlockedRow {
    fn write<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        _: &'a Appended,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        async move {
            sqlx::query("update accounts set blocked = $2 where id = $1")
                .bind(self.id.0)
                .bind(self.block == Block::On)
                .execute(connection)
                .await
                .map(|_| ())
        }
        .boxed()
    }
}
