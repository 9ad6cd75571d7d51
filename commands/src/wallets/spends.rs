//! Payments: made at once, or held and then captured or released, and refunded. What is asked for twice is done once. A
//! refusal writes nothing, not even what is due in the wallet.

use domain::Moment;
use domain::id::{MemberId, SpendId, WalletId};
use domain::member::Member;
use domain::quantity::Amount;
use domain::spend::{HoldTime, Spend, SpendCommand, SpendRefusal, SpendRequest, SpendSubject};
use domain::value::{Grace, HoldId, Reference, UnitCode};
use domain::wallet::Wallet;
use domain::zone::Tz;

use super::error::SpendError;
use super::{KnownWallet, record_due};
use crate::ledger::retry::{Retry, TimeIsUp};
use crate::ledger::{CommandError, Ledger};
use crate::log::metadata::Metadata;
use crate::log::receipt::Receipt;
use crate::log::stored_answers::AnswerFromReceipt;
use crate::log::streams::Loaded;

/// A request to pay, or to hold points for a later payment.
#[derive(Debug, Clone)]
pub struct SpendOrder {
    /// Who pays.
    pub member_id: MemberId,
    /// Who asks for it.
    pub caller_id: MemberId,
    /// What the caller calls it.
    pub reference: Reference,
    /// In which unit.
    pub unit: UnitCode,
    /// How much.
    pub amount: Amount,
    /// For how long it is held; `None` is a payment at once.
    pub hold: Option<HoldTime>,
    /// The moment of asking.
    pub at: Moment,
}

/// What can happen to a payment that is there.
#[derive(Debug, Clone)]
pub enum SpendStep {
    /// Held points are taken, and the others are back.
    Capture {
        /// How many; `None` is all.
        amount: Option<Amount>,
    },
    /// Held points are back.
    Release,
    /// Paid points are back.
    Refund {
        /// What the caller calls it.
        reference: Reference,
        /// How many; `None` is all that are left.
        amount: Option<Amount>,
    },
}

/// A command for a payment, once it is its turn and all that decides it is read.
struct Turn {
    wallet: KnownWallet,
    spend: Loaded<Spend>,
    command: SpendCommand,
}

impl Ledger {
    /// Pays, or holds. The receipt counts no events where the same was asked for before.
    ///
    /// # Errors
    /// See [`SpendError`].
    pub async fn spend(
        &self,
        order: SpendOrder,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Spend>,
    ) -> Result<Receipt<Spend>, SpendError> {
        self.known_unit(&order.unit).await?.ok_or(SpendError::UnitUnknown)?;
        let mut retry = self.turn_on_wallet(order.member_id, &order.unit).await?;
        loop {
            let turn = self.turn_to_start(&order).await?;
            match self.take_turn(turn, order.at, metadata, answer).await {
                Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    /// Decides a payment and writes nothing: the payment as it would be.
    ///
    /// # Errors
    /// See [`SpendError`].
    pub async fn try_spend(&self, order: SpendOrder) -> Result<Spend, SpendError> {
        self.known_unit(&order.unit).await?.ok_or(SpendError::UnitUnknown)?;
        let Turn { spend, command, .. } = self.turn_to_start(&order).await?;
        let mut state = spend.state;
        let events = state.decide(command);
        let events = events.map_err(|refusal| CommandError::Refused { refusal, position: spend.position })?;
        events.iter().for_each(|event| state.evolve(event));
        Ok(state)
    }

    /// Captures, releases or refunds.
    ///
    /// # Errors
    /// See [`SpendError`].
    pub async fn change_spend(
        &self,
        id: SpendId,
        step: SpendStep,
        at: Moment,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Spend>,
    ) -> Result<Receipt<Spend>, SpendError> {
        let about = self.load::<Spend>(&id.to_string()).await?.state.about().cloned();
        let SpendSubject { member_id, unit, .. } =
            about.ok_or(CommandError::Refused { refusal: SpendRefusal::Unknown, position: 0 })?;
        let mut retry = self.turn_on_wallet(member_id, &unit).await?;
        loop {
            let turn = self.turn_to_change(id, &step, member_id, &unit, at).await?;
            match self.take_turn(turn, at, metadata, answer).await {
                Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    /// Waits for the turn on one wallet.
    pub(crate) async fn turn_on_wallet(&self, member: MemberId, unit: &UnitCode) -> Result<Retry, TimeIsUp> {
        let mut retry = self.retry();
        retry.turn::<Wallet>(&WalletId::of(member, unit).to_string()).await?;
        Ok(retry)
    }

    async fn turn_to_start(&self, order: &SpendOrder) -> Result<Turn, SpendError> {
        let SpendOrder { member_id, caller_id, reference, unit, amount, hold, at } = order.clone();
        let id = SpendId::of(caller_id, &reference).to_string();
        let member = member_id.to_string();
        let (spend, member, wallet) = tokio::join!(
            self.load::<Spend>(&id),
            self.load::<Member>(&member),
            self.known_wallet(member_id, &unit, &[])
        );
        let (spend, member, wallet) = (spend?, member?.state, wallet?);
        if !member.is_registered() {
            return Err(SpendError::MemberUnknown);
        }
        let command = SpendCommand::Start(Box::new(SpendRequest {
            about: SpendSubject { member_id, unit, caller_id, reference },
            amount,
            hold,
            is_blocked: member.is_blocked() || member.is_erased(),
            holdings: wallet.holdings.clone(),
            lots_position: wallet.position,
            at,
        }));
        Ok(Turn { wallet, spend, command })
    }

    async fn turn_to_change(
        &self,
        id: SpendId,
        step: &SpendStep,
        member_id: MemberId,
        unit: &UnitCode,
        at: Moment,
    ) -> Result<Turn, SpendError> {
        let spend = self.load::<Spend>(&id.to_string()).await?;
        let paid = spend.state.paid().map(|paid| paid.lots.iter().map(|part| part.lot_id).collect());
        let paid: Vec<_> = paid.unwrap_or_default();
        let wallet = self.known_wallet(member_id, unit, &paid).await?;
        let holdings = wallet.holdings.clone();
        let command = match step.clone() {
            SpendStep::Capture { amount } => SpendCommand::Capture { amount, holdings, at },
            SpendStep::Release => SpendCommand::Release { holdings, at },
            SpendStep::Refund { reference, amount } => {
                let grace = self.grace_of(member_id, unit).await?;
                SpendCommand::Refund { reference, amount, holdings, grace, at }
            }
        };
        Ok(Turn { wallet, spend, command })
    }

    /// For how long a member can use what is refunded to them after its lots have ended.
    pub(crate) async fn grace_of(&self, member: MemberId, unit: &UnitCode) -> Result<Grace, SpendError> {
        let unit = self.known_unit(unit).await?.ok_or(SpendError::UnitUnknown)?;
        let zone = self.load::<Member>(&member.to_string()).await?.state.time_zone().unwrap_or(Tz::UTC);
        Ok(unit.terms.grace(zone))
    }

    /// Writes what is due in the wallet and what the command decides, in one append; nothing where it decides nothing.
    async fn take_turn(
        &self,
        turn: Turn,
        at: Moment,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Spend>,
    ) -> Result<Receipt<Spend>, CommandError<SpendRefusal>> {
        let Turn { wallet, spend, command } = turn;
        let decided = spend.state.decide(command.clone());
        let events = decided.map_err(|refusal| CommandError::Refused { refusal, position: spend.position })?;
        if events.is_empty() {
            return Ok(Receipt::of(spend, 0));
        }
        let own = spend.stream.stream_id.parse().ok().map(HoldId::Spend);
        let unit = self.unit(metadata.clone());
        record_due(&unit, &wallet, own, at).await?;
        let receipt = unit.execute_on(spend, command, vec![]).await?;
        unit.commit_last(receipt, answer).await
    }
}
