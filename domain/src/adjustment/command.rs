//! What can be asked of an adjustment, and what it would change.

use std::sync::Arc;

use super::event::Taken;
use super::{AdjustmentRefusal, AdjustmentSubject, Change};
use crate::id::{LotId, MemberId};
use crate::moment::Moment;
use crate::quantity::{Amount, DelayDays, FourEyesLimit};
use crate::value::{Expiry, Holdings, LotTerms, NewLot};
use crate::zone::Tz;

/// A request to change a wallet, or to decide such a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdjustmentCommand {
    /// Change it, or ask somebody else to agree.
    Request(Box<AdjustmentRequest>),
    /// Agree, or say no.
    Decide(Box<AdjustmentDecision>),
}

/// An adjustment that is not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdjustmentRequest {
    /// Whose wallet, how much, who asks and why.
    pub about: AdjustmentSubject,
    /// When what it gives is over; `None` is never.
    pub expiry: Option<Expiry>,
    /// What the same person has posted alone on this day (UTC).
    pub posted_alone: PostedAlone,
    /// Beyond how much somebody else has to agree.
    pub four_eyes_above: Option<FourEyesLimit>,
    /// The wallet as it is.
    pub wallet: WalletSeen,
}

/// What one person has posted alone on one day (UTC).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PostedAlone {
    /// How often.
    pub times: i64,
    /// How much, given or taken.
    pub amount: i64,
}

/// What somebody else says to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdjustmentDecision {
    /// Who: neither who asked nor whose wallet it is.
    pub operator: MemberId,
    /// What they say.
    pub verdict: Verdict,
    /// Why, for the record.
    pub note: Option<String>,
    /// The wallet as it is.
    pub wallet: WalletSeen,
}

/// What can be said to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Approve,
    /// No.
    Reject,
}

/// A wallet as it is when it is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletSeen {
    /// What the member holds …
    pub holdings: Arc<Holdings>,
    /// … up to this position of the log.
    pub lots_position: i64,
    /// Whose calendar days count for what is given.
    pub zone: Tz,
    /// The lot that is given, if one is.
    pub lot_id: LotId,
    /// The moment of asking.
    pub at: Moment,
}

impl WalletSeen {
    /// What an adjustment changes now: a lot that can be used at once, or lots as a payment would take them.
    pub(super) fn change(
        &self,
        about: &AdjustmentSubject,
        expiry: Option<Expiry>,
    ) -> Result<Change, AdjustmentRefusal> {
        let amount = Amount::try_from(about.amount.get().abs()).map_err(|_| AdjustmentRefusal::NothingToChange)?;
        if about.amount.get() > 0 {
            let terms = LotTerms { expiry, available_after_days: DelayDays::default(), zone: self.zone };
            return Ok(Change::Given(NewLot::of(self.lot_id, amount, terms.dates(self.at))));
        }
        let lots = self.holdings.allocate(amount, self.at)?;
        Ok(Change::Taken(Taken { lots, lots_position: self.lots_position, allocated_at: self.at }))
    }
}
