//! The state of streams that move value: units, payments, adjustments, transfers, and what happened to a wallet by itself. What a
//! wallet holds is in no stream of its own, but in all that moved something in it.

use domain::Moment;
use domain::adjustment::{Adjustment, AdjustmentStatus, AdjustmentSubject, Decision};
use domain::id::MemberId;
use domain::spend::{Spend, SpendStatus, SpendSubject};
use domain::transfer::{Transfer, TransferSubject};
use domain::unit::{Unit, UnitEvent, UnitTerms};
use domain::value::{UnitCode, ValueEvent, total};
use domain::wallet::WalletEvent;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Object, StreamState};

/// A unit and its terms.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct UnitState {
    pub code: UnitCode,
    #[serde(flatten)]
    #[schemars(with = "Object")]
    pub terms: UnitTerms,
}

/// What happened to one member's wallet of one unit by itself.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WalletState {
    /// Whose it is.
    pub member_id: MemberId,
    /// Of which unit.
    pub unit: UnitCode,
    /// How much of its lots ended unused; what ended when a hold did is told by the hold.
    pub expired: i64,
    /// How much was taken for debts.
    pub settled: i64,
    /// How much was gone when its member was erased.
    pub forfeited: i64,
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct SpendState {
    #[schemars(with = "Object")]
    pub about: SpendSubject,
    pub amount: i64,
    /// At the moment it is as of.
    pub status: SpendStatus,
    pub captured: i64,
    pub refunded: i64,
    /// When a hold expires or would have.
    pub expires_at: Option<Moment>,
}

/// A change of a wallet by staff.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdjustmentState {
    /// What is to change, or has changed.
    #[schemars(with = "Object")]
    pub about: AdjustmentSubject,
    /// Where it stands.
    pub status: AdjustmentStatus,
    /// What somebody else said to it.
    #[schemars(with = "Option<Object>")]
    pub decision: Option<Decision>,
}

/// What a member has sent to another.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TransferState {
    /// From whom to whom, and how much.
    #[schemars(with = "Object")]
    pub about: TransferSubject,
}

/// The aggregates of these streams; only the stream's own is folded.
#[derive(Default)]
pub(super) struct FoldedValue {
    unit: Option<UnitState>,
    wallet: Option<WalletState>,
    spend: Spend,
    adjustment: Adjustment,
    transfer: Transfer,
}

impl FoldedValue {
    pub(super) fn take_in(&mut self, event: &ValueEvent) {
        match event {
            ValueEvent::Unit(event) => self.unit(event),
            ValueEvent::Wallet(event) => self.wallet(event),
            ValueEvent::Spend(event) => self.spend.evolve(event),
            ValueEvent::Adjustment(event) => self.adjustment.evolve(event),
            ValueEvent::Transfer(event) => self.transfer.evolve(event),
            // these streams cannot be asked for yet
            ValueEvent::Coupon(_) | ValueEvent::Codes(_) | ValueEvent::Budget(_) | ValueEvent::Programme(_) => {}
        }
    }

    fn unit(&mut self, event: &UnitEvent) {
        let code = match event {
            UnitEvent::Defined(defined) => &defined.code,
            UnitEvent::Revised(revised) => &revised.code,
        };
        let mut unit = Unit::initial(code);
        unit.evolve(event);
        self.unit = unit.terms_of(code).map(|terms| UnitState { code: code.clone(), terms });
    }

    fn wallet(&mut self, event: &WalletEvent) {
        let (unit, lots) = match event {
            WalletEvent::Expired(event) => (&event.unit, &event.lots),
            WalletEvent::DebtSettled(event) => (&event.unit, &event.lots),
            WalletEvent::Forfeited(event) => (&event.unit, &event.lots),
        };
        let (member_id, unit) = (event.member(), unit.clone());
        let wallet = self.wallet.get_or_insert(WalletState { member_id, unit, expired: 0, settled: 0, forfeited: 0 });
        let sum = match event {
            WalletEvent::Expired(_) => &mut wallet.expired,
            WalletEvent::DebtSettled(_) => &mut wallet.settled,
            WalletEvent::Forfeited(_) => &mut wallet.forfeited,
        };
        *sum = sum.saturating_add(total(lots));
    }

    pub(super) fn state(&self, at: Moment) -> Option<StreamState> {
        let unit = || self.unit.clone().map(|unit| StreamState::Unit(Box::new(unit)));
        let wallet = || self.wallet.clone().map(StreamState::Wallet);
        let transfer = || Some(StreamState::Transfer(TransferState { about: self.transfer.about()?.clone() }));
        unit().or_else(wallet).or_else(|| self.spend(at)).or_else(|| self.adjustment()).or_else(transfer)
    }

    fn spend(&self, at: Moment) -> Option<StreamState> {
        Some(StreamState::Spend(Box::new(SpendState {
            about: self.spend.about()?.clone(),
            amount: self.spend.paid()?.amount.get(),
            status: self.spend.status_at(at)?,
            captured: self.spend.captured(),
            refunded: self.spend.refunded(),
            expires_at: self.spend.expires_at(),
        })))
    }

    fn adjustment(&self) -> Option<StreamState> {
        Some(StreamState::Adjustment(Box::new(AdjustmentState {
            about: self.adjustment.about()?.clone(),
            status: self.adjustment.status()?,
            decision: self.adjustment.decision().cloned(),
        })))
    }
}
