//! What happens to a wallet without anybody asking: what is due is recorded, what is owed is settled from what has come
//! since, and the wallets of an erased member are emptied.

use domain::Moment;
use domain::id::{MemberId, WalletId};
use domain::value::UnitCode;
use domain::wallet::{Wallet, WalletStep};

use super::due::{end_holds, record_due};
use crate::ledger::unit::Unit;
use crate::ledger::{CommandError, Ledger};
use crate::log::append::Appended;
use crate::log::metadata::Metadata;

impl Ledger {
    /// Records what is due in one wallet, and settles what its member owes as far as there is something to settle it with;
    /// `None`: there was nothing to do.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn settle_wallet(
        &self,
        member: MemberId,
        unit: &UnitCode,
        metadata: &Metadata,
    ) -> Result<Option<Appended>, CommandError<std::convert::Infallible>> {
        let mut retry = self.retry();
        retry.turn::<Wallet>(&WalletId::of(member, unit).to_string()).await?;
        loop {
            match self.settle_once(member, unit, metadata).await {
                Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
                outcome => return outcome,
            }
        }
    }

    async fn settle_once(
        &self,
        member: MemberId,
        unit: &UnitCode,
        metadata: &Metadata,
    ) -> Result<Option<Appended>, CommandError<std::convert::Infallible>> {
        let at = metadata.requested_at;
        let wallet = self.known_wallet(member, unit, &[]).await?;
        let unit = self.unit(metadata.clone());
        record_due(&unit, &wallet, None, at).await?;
        if wallet.holdings.owed() > 0 {
            wallet.execute(&unit, WalletStep::SettleDebt, at).await?;
        }
        unit.commit().await
    }

    /// Empties the wallets of an erased member of what has come back to them since; `None`: nothing has.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn forfeit_wallets(
        &self,
        member: MemberId,
        metadata: &Metadata,
    ) -> Result<Option<Appended>, CommandError<std::convert::Infallible>> {
        let mut retry = self.retry();
        loop {
            match self.forfeit_once(member, metadata).await {
                Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
                outcome => return outcome,
            }
        }
    }

    async fn forfeit_once(
        &self,
        member: MemberId,
        metadata: &Metadata,
    ) -> Result<Option<Appended>, CommandError<std::convert::Infallible>> {
        let unit = self.unit(metadata.clone());
        unit.forfeit_wallets(member, metadata.requested_at).await?;
        unit.commit().await
    }
}

impl Unit<'_> {
    /// Empties the wallets of a member who is erased in the same append; open holds end as they would.
    ///
    /// # Errors
    /// See [`CommandError`]; on a conflict the whole unit must be decided anew.
    pub async fn forfeit_wallets<R>(&self, member: MemberId, at: Moment) -> Result<(), CommandError<R>> {
        let wallets = self.ledger().wallets(member).await?;
        for code in wallets.by_unit.keys() {
            let wallet = self.known_wallet(member, code, &[]).await?;
            end_holds(self, &wallet, None, at).await?;
            let wallet = self.known_wallet(member, code, &[]).await?;
            wallet.execute(self, WalletStep::Forfeit, at).await?;
        }
        Ok(())
    }
}
