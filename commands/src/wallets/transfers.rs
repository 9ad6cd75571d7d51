//! What members send to each other: both halves are one append. What is asked for twice is done once. How often a member has sent
//! some on the day is counted in the same append.

use domain::Moment;
use domain::id::{MemberId, TransferId};
use domain::quantity::Amount;
use domain::transfer::{Transfer, TransferRefusal, TransferRequest, TransferSubject};
use domain::value::{Reference, UnitCode};
use domain::zone::local_date;

use super::error::TransferError;
use super::terms::{Version, has_wallet, version, zone_of};
use super::{KnownWallet, record_due};
use crate::guards::acts::ActKind;
use crate::ledger::{CommandError, Ledger};
use crate::log::metadata::Metadata;
use crate::log::receipt::Receipt;
use crate::log::stored_answers::AnswerFromReceipt;
use crate::log::streams::Loaded;

/// What a member asks to send.
#[derive(Debug, Clone)]
pub struct TransferOrder {
    /// Who sends.
    pub member_id: MemberId,
    /// Who receives.
    pub to_member_id: MemberId,
    /// In which unit.
    pub unit: UnitCode,
    /// How much.
    pub amount: Amount,
    /// What the sender calls it.
    pub reference: Reference,
    /// The moment of asking.
    pub at: Moment,
}

/// A transfer, once it is its turn and all that decides it is read.
struct Turn {
    transfer: Loaded<Transfer>,
    request: TransferRequest,
    wallet: KnownWallet,
    expects: Vec<Version>,
}

impl Ledger {
    /// Sends points to another member. The receipt counts no events where the same was asked for before.
    ///
    /// # Errors
    /// See [`TransferError`].
    pub async fn transfer(
        &self,
        order: TransferOrder,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Transfer>,
    ) -> Result<Receipt<Transfer>, TransferError> {
        let mut retry = self.turn_on_wallet(order.member_id, &order.unit).await?;
        loop {
            let turn = self.turn_to_transfer(&order).await?;
            match self.take_turn_to_transfer(turn, order.at, metadata, answer).await {
                Err(CommandError::Conflict(stream)) if retry.again(&stream).await => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    async fn turn_to_transfer(&self, order: &TransferOrder) -> Result<Turn, TransferError> {
        let TransferOrder { member_id, to_member_id, unit: code, amount, reference, at } = order.clone();
        let id = TransferId::of(member_id, &reference).to_string();
        let (transfer, sender, receiver, unit, wallet) = tokio::join!(
            self.load::<Transfer>(&id),
            self.read_member(member_id),
            self.read_member(to_member_id),
            self.read_unit(&code),
            self.known_wallet(member_id, &code, &[]),
        );
        let (transfer, sender, receiver, wallet) = (transfer?, sender?, receiver?, wallet?);
        let unit = unit?.ok_or(TransferError::UnitUnknown)?;
        let is_new = transfer.state.about().is_none();
        if !sender.state.is_registered() || (is_new && !has_wallet(&receiver.state)) {
            return Err(TransferError::MemberUnknown);
        }
        let on = local_date(zone_of(&unit.terms, &sender.state), at);
        let sent = self.done_on(ActKind::Transfer, member_id, &code, on).await?.times;
        let request = TransferRequest {
            about: TransferSubject { member_id, to_member_id, unit: code, amount, reference },
            is_blocked: sender.state.is_blocked(),
            limit: unit.terms.transfers_per_day,
            sent,
            on,
            holdings: wallet.holdings.clone(),
            lots_position: wallet.position,
            at,
        };
        let expects = vec![unit.version, version(&sender), version(&receiver)];
        Ok(Turn { transfer, request, wallet, expects })
    }

    /// Writes what is due in the sender's wallet and both halves, in one append; nothing where it was asked for before.
    async fn take_turn_to_transfer(
        &self,
        turn: Turn,
        at: Moment,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Transfer>,
    ) -> Result<Receipt<Transfer>, CommandError<TransferRefusal>> {
        let Turn { transfer, request, wallet, expects } = turn;
        let decided = transfer.state.decide(request.clone());
        let events = decided.map_err(|refusal| CommandError::Refused { refusal, position: transfer.position })?;
        if events.is_empty() {
            return Ok(Receipt::of(transfer, 0));
        }
        let unit = self.unit(metadata.clone().dated());
        record_due(&unit, &wallet, None, at).await?;
        let receipt = unit.execute_on(transfer, request, expects).await?;
        unit.commit_last(receipt, answer).await
    }
}
