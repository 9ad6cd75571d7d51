//! A command to a member together with the change of the account's row: both or neither.

use std::sync::Arc;

use commands::{AlsoWrite, Appended, CommandError, Ledger, Metadata};
use domain::id::MemberId;
use domain::member::{Member, MemberCommand, MemberRefusal};

use crate::app::problem::Problem;

/// Decides a command and writes its events together with the row; `None` when nothing changes.
///
/// # Errors
/// The refusal of a rule, or of a constraint of the row.
pub(super) async fn decide(
    ledger: &Ledger,
    member: MemberId,
    command: MemberCommand,
    row: Arc<dyn AlsoWrite>,
    metadata: &Metadata,
) -> Result<Option<Appended>, Problem> {
    let mut retry = ledger.retry();
    retry.turn::<Member>(&member.to_string()).await.map_err(CommandError::<MemberRefusal>::from)?;
    loop {
        let unit = ledger.unit(metadata.next_command()).also(row.clone());
        unit.execute::<Member>(&member.to_string(), command.clone()).await?;
        match unit.commit::<MemberRefusal>().await {
            Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
            committed => return Ok(committed?),
        }
    }
}
