//! Changes of wallets by staff: at once, or after somebody else has agreed. How much a person has posted alone on the day is
//! counted in the same append, so that nobody posts twice up to the limit by being quick.

use domain::Moment;
use domain::adjustment::{
    Adjustment, AdjustmentCommand, AdjustmentDecision, AdjustmentRefusal, AdjustmentRequest, AdjustmentSubject,
    PostedAlone, Verdict, WalletSeen,
};
use domain::id::{AdjustmentId, LotId, MemberId};
use domain::quantity::SignedAmount;
use domain::value::{Expiry, UnitCode};
use domain::zone::Tz;

use super::error::AdjustmentError;
use super::terms::{Version, has_wallet, version, zone_of};
use super::{KnownWallet, record_due};
use crate::guards::acts::ActKind;
use crate::ledger::{CommandError, Ledger};
use crate::log::metadata::Metadata;
use crate::log::receipt::Receipt;
use crate::log::stored_answers::AnswerFromReceipt;
use crate::log::streams::Loaded;

/// A change of a wallet that somebody asks for.
#[derive(Debug, Clone)]
pub struct AdjustmentOrder {
    /// The id that it gets.
    pub id: AdjustmentId,
    /// Whose wallet.
    pub member_id: MemberId,
    /// Of which unit.
    pub unit: UnitCode,
    /// How much is given; below zero, taken.
    pub amount: SignedAmount,
    /// Who asks.
    pub operator_id: MemberId,
    /// Why.
    pub note: String,
    /// When what it gives is over: never, or by a rule. `None` is as the unit has it.
    pub expiry: Option<Option<Expiry>>,
    /// The moment of asking.
    pub at: Moment,
}

/// What somebody else says to a change that waits for it.
#[derive(Debug, Clone)]
pub struct AdjustmentVerdict {
    /// Which change.
    pub id: AdjustmentId,
    /// Who says it.
    pub operator_id: MemberId,
    /// Yes or no.
    pub verdict: Verdict,
    /// Why.
    pub note: Option<String>,
    /// Only while the number of its last event is one of these, if any are given.
    pub seen: Option<Vec<i64>>,
    /// The moment of saying it.
    pub at: Moment,
}

/// A command for an adjustment, once it is its turn and all that decides it is read.
struct Turn {
    adjustment: Loaded<Adjustment>,
    command: AdjustmentCommand,
    wallet: KnownWallet,
    expects: Vec<Version>,
}

impl Ledger {
    /// Changes a wallet, or asks somebody else to agree.
    ///
    /// # Errors
    /// See [`AdjustmentError`].
    pub async fn adjust(
        &self,
        order: AdjustmentOrder,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Adjustment>,
    ) -> Result<Receipt<Adjustment>, AdjustmentError> {
        let mut retry = self.turn_on_wallet(order.member_id, &order.unit).await?;
        loop {
            let turn = self.turn_to_adjust(&order).await?;
            match self.take_turn_to_adjust(turn, None, order.at, metadata, answer).await {
                Err(CommandError::Conflict(stream)) if retry.again(&stream).await => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    /// Says yes or no to a change that waits for somebody else.
    ///
    /// # Errors
    /// See [`AdjustmentError`].
    pub async fn decide_adjustment(
        &self,
        verdict: AdjustmentVerdict,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Adjustment>,
    ) -> Result<Receipt<Adjustment>, AdjustmentError> {
        let about = self.load::<Adjustment>(&verdict.id.to_string()).await?.state.about().cloned();
        let about = about.ok_or(CommandError::Refused { refusal: AdjustmentRefusal::Unknown, position: 0 })?;
        let mut retry = self.turn_on_wallet(about.member_id, &about.unit).await?;
        loop {
            let turn = self.turn_to_decide(&verdict, &about).await?;
            let seen = verdict.seen.clone();
            match self.take_turn_to_adjust(turn, seen, verdict.at, metadata, answer).await {
                Err(CommandError::Conflict(stream)) if retry.again(&stream).await => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    async fn turn_to_adjust(&self, order: &AdjustmentOrder) -> Result<Turn, AdjustmentError> {
        let AdjustmentOrder { id, member_id, unit: code, amount, operator_id, note, expiry, at } = order.clone();
        let (adjustment, today) = (id.to_string(), at.utc().date_naive());
        let (adjustment, member, unit, wallet, done) = tokio::join!(
            self.load::<Adjustment>(&adjustment),
            self.read_member(member_id),
            self.read_unit(&code),
            self.known_wallet(member_id, &code, &[]),
            self.done_on(ActKind::Adjustment, operator_id, &code, today),
        );
        let (adjustment, member, wallet, done) = (adjustment?, member?, wallet?, done?);
        let unit = unit?.ok_or(AdjustmentError::UnitUnknown)?;
        if !has_wallet(&member.state) {
            return Err(AdjustmentError::MemberUnknown);
        }
        let command = AdjustmentCommand::Request(Box::new(AdjustmentRequest {
            about: AdjustmentSubject { member_id, unit: code, amount, operator_id, note },
            expiry: expiry.unwrap_or(unit.terms.expiry),
            posted_alone: PostedAlone { times: done.times, amount: done.amount },
            four_eyes_above: unit.terms.four_eyes_above,
            wallet: seen(&wallet, zone_of(&unit.terms, &member.state), id.into(), at),
        }));
        Ok(Turn { adjustment, command, wallet, expects: vec![unit.version, version(&member)] })
    }

    async fn turn_to_decide(
        &self,
        verdict: &AdjustmentVerdict,
        about: &AdjustmentSubject,
    ) -> Result<Turn, AdjustmentError> {
        let AdjustmentVerdict { id, operator_id: operator, verdict, note, seen: _, at } = verdict.clone();
        let adjustment = id.to_string();
        let (adjustment, member, unit, wallet) = tokio::join!(
            self.load::<Adjustment>(&adjustment),
            self.read_member(about.member_id),
            self.read_unit(&about.unit),
            self.known_wallet(about.member_id, &about.unit, &[]),
        );
        let (adjustment, member, wallet) = (adjustment?, member?, wallet?);
        let unit = unit?.ok_or(AdjustmentError::UnitUnknown)?;
        // nothing is given to nobody, but what is asked for them can be refused
        if verdict == Verdict::Approve && !member.state.is_registered() {
            return Err(AdjustmentError::MemberUnknown);
        }
        let wallet_seen = seen(&wallet, zone_of(&unit.terms, &member.state), id.into(), at);
        let decision = AdjustmentDecision { operator, verdict, note, wallet: wallet_seen };
        let command = AdjustmentCommand::Decide(Box::new(decision));
        Ok(Turn { adjustment, command, wallet, expects: vec![version(&member)] })
    }

    /// Writes what is due in the wallet and what the command decides, in one append.
    async fn take_turn_to_adjust(
        &self,
        turn: Turn,
        seen: Option<Vec<i64>>,
        at: Moment,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Adjustment>,
    ) -> Result<Receipt<Adjustment>, CommandError<AdjustmentRefusal>> {
        let Turn { adjustment, command, wallet, expects } = turn;
        let (sequence, position) = (adjustment.sequence, adjustment.position);
        if seen.is_some_and(|seen| !seen.contains(&sequence)) {
            return Err(CommandError::Stale { sequence, position });
        }
        let decided = adjustment.state.decide(command.clone());
        decided.map_err(|refusal| CommandError::Refused { refusal, position })?;
        let unit = self.unit(metadata.clone().dated());
        record_due(&unit, &wallet, None, at).await?;
        let receipt = unit.execute_on(adjustment, command, expects).await?;
        unit.commit_last(receipt, answer).await
    }
}

fn seen(wallet: &KnownWallet, zone: Tz, lot_id: LotId, at: Moment) -> WalletSeen {
    WalletSeen { holdings: wallet.holdings.clone(), lots_position: wallet.position, zone, lot_id, at }
}
