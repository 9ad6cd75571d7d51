//! Uses of coupons: made at once, or held and then captured or released, and rolled back; and the end of a coupon by staff.
//! What is asked for twice is done once.

use domain::Moment;
use domain::coupon::{Coupon, CouponCommand, CouponRefusal, Redemption, RedemptionRequest};
use domain::id::{ClaimId, MemberId, RedemptionId};
use domain::spend::HoldTime;
use domain::value::Reference;

use super::KnownCoupon;
use crate::ledger::{CommandError, Ledger};
use crate::log::metadata::Metadata;
use crate::log::receipt::Receipt;
use crate::log::stored_answers::AnswerFromReceipt;

type Outcome = Result<Receipt<Coupon>, CommandError<CouponRefusal>>;

/// A request to use a coupon, or to hold a use of it.
#[derive(Debug, Clone)]
pub struct RedemptionOrder {
    /// The claim that granted the coupon.
    pub claim_id: ClaimId,
    /// Who asks.
    pub caller_id: MemberId,
    /// What the caller calls it.
    pub reference: Reference,
    /// Who uses it, where the caller knows.
    pub used_by: Option<MemberId>,
    /// For how long it is held; `None` is a use at once.
    pub hold: Option<HoldTime>,
    /// The moment of asking.
    pub at: Moment,
}

/// What can happen to a use that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedemptionStep {
    /// A held use is made.
    Capture,
    /// A held use is given up.
    Release,
    /// A use is taken back.
    RollBack,
}

fn refused<T>(refusal: CouponRefusal, position: i64) -> Result<T, CommandError<CouponRefusal>> {
    Err(CommandError::Refused { refusal, position })
}

impl Ledger {
    /// Uses a coupon, or holds a use. The receipt counts no events where the same was asked for before.
    ///
    /// # Errors
    /// See [`CommandError`] and [`CouponRefusal`].
    pub async fn redeem_coupon(
        &self,
        order: RedemptionOrder,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Coupon>,
    ) -> Outcome {
        let RedemptionOrder { claim_id, caller_id, reference, used_by, hold, at } = order;
        let redemption_id = RedemptionId::of(caller_id, &reference);
        let redemption = Redemption { redemption_id, caller_id, reference, used_by };
        let request = |coupon| {
            let redemption = redemption.clone();
            CouponCommand::Redeem(Box::new(RedemptionRequest { redemption, hold, coupon, at }))
        };
        let stands_for_another = || async move {
            let of = self.coupon_of_redemption(redemption_id).await?;
            Ok::<_, CommandError<CouponRefusal>>(of.is_some_and(|of| of != claim_id))
        };
        let mut retry = self.retry();
        retry.turn::<Coupon>(&claim_id.to_string()).await?;
        loop {
            if stands_for_another().await? {
                return refused(CouponRefusal::ReferenceConflict, 0);
            }
            let Some(known) = self.coupon(claim_id).await? else { return refused(CouponRefusal::Unknown, 0) };
            let command = request(known.granted.clone());
            match self.step_of_coupon(known, command, metadata, answer).await {
                Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
                outcome => return outcome,
            }
        }
    }

    /// Captures, releases or takes back a use of the caller's.
    ///
    /// # Errors
    /// See [`CommandError`] and [`CouponRefusal`].
    pub async fn change_redemption(
        &self,
        id: RedemptionId,
        caller: MemberId,
        step: RedemptionStep,
        at: Moment,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Coupon>,
    ) -> Outcome {
        let Some(claim_id) = self.coupon_of_redemption(id).await? else {
            return refused(CouponRefusal::RedemptionUnknown, 0);
        };
        let mut retry = self.retry();
        retry.turn::<Coupon>(&claim_id.to_string()).await?;
        loop {
            let coupon = self.load::<Coupon>(&claim_id.to_string()).await?;
            let is_own = coupon.state.use_at(id, at).is_some_and(|(redemption, _)| redemption.caller_id == caller);
            if !is_own {
                return refused(CouponRefusal::RedemptionUnknown, coupon.position);
            }
            let command = match step {
                RedemptionStep::Capture => CouponCommand::Capture { redemption_id: id, at },
                RedemptionStep::Release => CouponCommand::Release { redemption_id: id, at },
                RedemptionStep::RollBack => CouponCommand::RollBack { redemption_id: id },
            };
            let stream = coupon.stream.stream_id.clone();
            let store = self.store().with(metadata.clone(), vec![]).on(coupon).storing(answer.clone());
            match self.run(&stream, command, store).await {
                Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
                outcome => return outcome,
            }
        }
    }

    /// Lets nobody use a coupon any more.
    ///
    /// # Errors
    /// See [`CommandError`] and [`CouponRefusal`].
    pub async fn void_coupon(
        &self,
        id: ClaimId,
        note: String,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Coupon>,
    ) -> Outcome {
        let mut retry = self.retry();
        retry.turn::<Coupon>(&id.to_string()).await?;
        loop {
            let Some(known) = self.coupon(id).await? else { return refused(CouponRefusal::Unknown, 0) };
            let command = CouponCommand::Void { coupon: Box::new(known.granted.clone()), note: note.clone() };
            match self.step_of_coupon(known, command, metadata, answer).await {
                Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
                outcome => return outcome,
            }
        }
    }

    /// Records the end of the holds of a coupon that nobody ended in time; how many events that were.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn end_holds_of_coupon(
        &self,
        id: ClaimId,
        metadata: &Metadata,
    ) -> Result<usize, CommandError<CouponRefusal>> {
        let command = CouponCommand::RecordDue { at: metadata.requested_at };
        Ok(self.execute::<Coupon>(&id.to_string(), command, metadata).await?.appended)
    }

    /// One try of one step that rests on the grant.
    async fn step_of_coupon(
        &self,
        known: KnownCoupon,
        command: CouponCommand,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Coupon>,
    ) -> Outcome {
        let stream = known.coupon.stream.stream_id.clone();
        let store = self.store().with(metadata.clone(), vec![known.claim]).on(known.coupon).storing(answer.clone());
        self.run(&stream, command, store).await
    }
}
