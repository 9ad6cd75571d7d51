//! What a claim moves beside stock, read before it is decided: the terms by which its reward credits points, what its price
//! takes, and what the member holds of each unit that comes into it. A reward that is no points and has no price costs no
//! look-up here; a coupon needs none.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::Moment;
use domain::campaign::{Campaign, RewardTerms};
use domain::claim::{Claim, ClaimValue, CreditTerms, ValueInputs};
use domain::id::{ClaimId, LotId, MemberId, WalletId};
use domain::value::{HoldId, UnitCode};
use domain::wallet::Wallet;
use domain::zone::Tz;

use crate::guards::Caps;
use crate::ledger::retry::{Retry, TimeIsUp};
use crate::ledger::unit::Unit;
use crate::ledger::{CommandError, Ledger};
use crate::log::append::StreamKey;
use crate::log::coalesce::ReadError;
use crate::wallets::{KnownWallet, record_due};

/// What a claim moves, and what it was read from.
#[derive(Debug, Default)]
pub(crate) struct Moving {
    /// For the decision.
    pub(crate) value: ClaimValue,
    /// The versions of the units whose terms it rests on.
    pub(crate) expects: Vec<(StreamKey, i64)>,
    /// The wallets that it takes from or gives back to.
    pub(crate) wallets: Vec<KnownWallet>,
    /// The budgets that limit it.
    pub(crate) caps: Vec<Arc<Caps>>,
}

/// The lots of one wallet that are looked at, even where they are used up.
pub(crate) type Wanted = BTreeMap<UnitCode, Vec<LotId>>;

/// The wallets that a claim has taken from or given to so far: whatever ends it needs them.
pub(crate) fn moved_by(claim: &Claim) -> Wanted {
    let mut wanted = Wanted::new();
    if let Some(paid) = claim.paid() {
        wanted.entry(paid.unit.clone()).or_default().extend(paid.lots.iter().map(|part| part.lot_id));
    }
    if let (Some(credit), Some(about)) = (claim.credited(), claim.about()) {
        wanted.entry(credit.unit.clone()).or_default().push(about.claim_id().into());
    }
    wanted
}

/// The wallets that a request takes from: that of the price, and that of the last claim whose end it records.
pub(crate) fn asked_by(reward: &RewardTerms, claim: &Claim, at: Moment) -> Wanted {
    let over = claim.status_at(at) != claim.status();
    let mut wanted = if over { moved_by(claim) } else { Wanted::new() };
    if let Some(price) = reward.price() {
        wanted.entry(price.unit.clone()).or_default();
    }
    wanted
}

impl Ledger {
    /// Waits for the turn on the wallets.
    pub(crate) async fn turn_on(&self, retry: &mut Retry, member: MemberId, wanted: &Wanted) -> Result<(), TimeIsUp> {
        for unit in wanted.keys() {
            retry.turn::<Wallet>(&WalletId::of(member, unit).to_string()).await?;
        }
        Ok(())
    }

    /// Reads all that a claim of a reward moves, as the commands before left it `within` a unit; `reward` is `None` where
    /// nothing begins any more.
    pub(crate) async fn moving(
        &self,
        reward: Option<&RewardTerms>,
        member: MemberId,
        zone: Tz,
        wanted: &Wanted,
        within: Option<&Unit<'_>>,
    ) -> Result<Moving, ReadError> {
        let credited = reward.and_then(RewardTerms::credited_unit);
        let price = reward.and_then(RewardTerms::price).cloned();
        let coupon = reward.and_then(|reward| reward.coupon(zone));
        if credited.is_none() && price.is_none() && coupon.is_none() && wanted.is_empty() {
            return Ok(Moving::default());
        }
        let mut moving = Moving::default();
        let mut inputs = ValueInputs { price, coupon, ..ValueInputs::default() };
        if let (Some(reward), Some(code)) = (reward, credited) {
            // a unit that is gone cannot be: units stay for ever, and a reward is refused whose unit is not there
            let unit = self.known_unit(&code).await?;
            let unit = unit.ok_or_else(|| ReadError::Broken(format!("there is no unit {code}").into()))?;
            inputs.credit = reward.credit(&unit.terms, zone);
            moving.expects.push(unit.version);
        }
        for (code, lots) in wanted {
            let wallet = match within {
                Some(unit) => unit.known_wallet(member, code, lots).await?,
                None => self.known_wallet(member, code, lots).await?,
            };
            inputs.lots_position = wallet.position;
            inputs.holdings.insert(code.clone(), wallet.holdings.clone());
            moving.wallets.push(wallet);
        }
        moving.value = Some(Arc::new(inputs));
        Ok(moving)
    }

    /// Reads what the end of a claim moves, for a member of a zone: what was paid and credited, and the rules of its units.
    pub(crate) async fn moving_at_end(
        &self,
        campaign: Option<&Campaign>,
        claim: &Claim,
        zone: Tz,
        wanted: &Wanted,
        within: Option<&Unit<'_>>,
    ) -> Result<Moving, ReadError> {
        let Some(about) = claim.about() else { return Ok(Moving::default()) };
        let reward = campaign.and_then(|campaign| campaign.reward(about.reward_id));
        let mut moving = self.moving(reward, about.member_id, zone, wanted, within).await?;
        let Some(value) = moving.value.take() else { return Ok(moving) };
        let mut inputs = Arc::unwrap_or_clone(value);
        if let Some(paid) = claim.paid()
            && let Some(unit) = self.known_unit(&paid.unit).await?
        {
            inputs.grace = Some(unit.terms.grace(zone));
            moving.expects.push(unit.version);
        }
        if let Some(credit) = claim.credited()
            && let Some(unit) = self.known_unit(&credit.unit).await?
        {
            let (code, lot, on_reversal) = (credit.unit.clone(), unit.terms.lots(zone), unit.terms.on_reversal);
            inputs.credit = Some(CreditTerms { unit: code, lot, on_reversal });
            moving.expects.push(unit.version);
        }
        moving.value = Some(Arc::new(inputs));
        Ok(moving)
    }
}

impl Moving {
    /// Records in `unit` what is due in the wallets, but the hold of the claim itself.
    pub(crate) async fn record_due<R>(
        &self,
        unit: &Unit<'_>,
        claim: ClaimId,
        at: Moment,
    ) -> Result<(), CommandError<R>> {
        for wallet in &self.wallets {
            record_due(unit, wallet, Some(HoldId::Claim(claim)), at).await?;
        }
        Ok(())
    }
}
