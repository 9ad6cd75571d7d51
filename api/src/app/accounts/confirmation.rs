//! Records that the e-mail of an account was verified. Another system verifies it, since this service sends no mail.
//! The log records the fact without the address; the account's row does not have it.

use commands::{Ledger, Metadata};
use domain::id::MemberId;
use domain::member::{Member, MemberCommand};

use crate::app::problem::Problem;

/// Records it; the position of the event, or `None` when it was recorded before.
///
/// # Errors
/// `not_found`.
pub async fn confirm_email(ledger: &Ledger, id: MemberId, metadata: &Metadata) -> Result<Option<i64>, Problem> {
    let receipt = ledger.execute::<Member>(&id.to_string(), MemberCommand::ConfirmEmail, metadata).await?;
    Ok((receipt.appended > 0).then_some(receipt.position))
}
