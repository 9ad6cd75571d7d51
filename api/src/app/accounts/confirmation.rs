//! That the e-mail of an account is its owner's: somebody else finds that out (a mail with a link is not ours to send)
//! and says so here. The log takes it in without the address; it is not known in the account's row.

use commands::{Ledger, Metadata};
use domain::id::MemberId;
use domain::member::{Member, MemberCommand};

use crate::app::problem::Problem;

/// Notes it; the position of the event, `None` when it is so already.
///
/// # Errors
/// `not_found`.
pub async fn confirm_email(ledger: &Ledger, id: MemberId, metadata: &Metadata) -> Result<Option<i64>, Problem> {
    let receipt = ledger.execute::<Member>(&id.to_string(), MemberCommand::ConfirmEmail, metadata).await?;
    Ok((receipt.appended > 0).then_some(receipt.position))
}
