//! What can have happened to value, over all aggregates that deal with it. Whoever has nothing to do with value has one name for all
//! of it.

use serde::Serialize;

use crate::adjustment::AdjustmentEvent;
use crate::budget::BudgetEvent;
use crate::codes::CodesEvent;
use crate::coupon::CouponEvent;
use crate::event::{DecodeError, EventType};
use crate::id::RewardId;
use crate::programme::{Programme, ProgrammeEvent};
use crate::spend::SpendEvent;
use crate::transfer::TransferEvent;
use crate::unit::UnitEvent;
use crate::wallet::WalletEvent;

/// One event of an aggregate that deals with value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ValueEvent {
    /// A step in the life of a unit of value.
    Unit(UnitEvent),
    /// Something that happened to a wallet without a payment.
    Wallet(WalletEvent),
    /// A step in the life of one payment.
    Spend(SpendEvent),
    /// A step in the life of one change of a wallet by staff.
    Adjustment(AdjustmentEvent),
    /// One half of a transfer between members.
    Transfer(TransferEvent),
    /// A step in the life of a coupon or of one of its uses.
    Coupon(CouponEvent),
    /// A step in the life of the codes of one reward.
    Codes(CodesEvent),
    /// Something that is told of a budget in one of its periods.
    Budget(BudgetEvent),
    /// A change of the programme.
    Programme(ProgrammeEvent),
}

macro_rules! each {
    ($event:expr, $inner:ident => $answer:expr) => {
        match $event {
            Self::Unit($inner) => $answer,
            Self::Wallet($inner) => $answer,
            Self::Spend($inner) => $answer,
            Self::Adjustment($inner) => $answer,
            Self::Transfer($inner) => $answer,
            Self::Coupon($inner) => $answer,
            Self::Codes($inner) => $answer,
            Self::Budget($inner) => $answer,
            Self::Programme($inner) => $answer,
        }
    };
}

impl ValueEvent {
    /// Of which reward there are how many codes from now on, and with them grants; `None`: as many as before.
    #[must_use]
    pub fn codes(&self) -> Option<(RewardId, i64)> {
        match self {
            Self::Codes(event) => event.total().map(|total| (event.about().reward_id, total)),
            Self::Unit(_)
            | Self::Wallet(_)
            | Self::Spend(_)
            | Self::Adjustment(_)
            | Self::Transfer(_)
            | Self::Coupon(_)
            | Self::Budget(_)
            | Self::Programme(_) => None,
        }
    }

    pub(crate) fn types() -> impl Iterator<Item = EventType> {
        UnitEvent::types()
            .chain(WalletEvent::types())
            .chain(SpendEvent::types())
            .chain(AdjustmentEvent::types())
            .chain(TransferEvent::types())
            .chain(CouponEvent::types())
            .chain(CodesEvent::types())
            .chain(BudgetEvent::types())
            .chain(ProgrammeEvent::types())
    }

    pub(crate) fn decode(event_type: &str, version: &str, payload: &str) -> Result<Self, DecodeError> {
        let (stream_type, _) = event_type.split_once('.').unwrap_or((event_type, ""));
        match stream_type {
            "unit" => UnitEvent::decode(event_type, version, payload).map(Self::Unit),
            "wallet" => WalletEvent::decode(event_type, version, payload).map(Self::Wallet),
            "spend" => SpendEvent::decode(event_type, version, payload).map(Self::Spend),
            "adjustment" => AdjustmentEvent::decode(event_type, version, payload).map(Self::Adjustment),
            "transfer" => TransferEvent::decode(event_type, version, payload).map(Self::Transfer),
            "coupon" => CouponEvent::decode(event_type, version, payload).map(Self::Coupon),
            "codes" => CodesEvent::decode(event_type, version, payload).map(Self::Codes),
            "budget" => BudgetEvent::decode(event_type, version, payload).map(Self::Budget),
            "programme" => ProgrammeEvent::decode(event_type, version, payload).map(Self::Programme),
            _ => Err(DecodeError::unknown(event_type, version)),
        }
    }

    /// The name that the event is stored and published under.
    #[must_use]
    pub fn name(&self) -> &'static str {
        each!(self, event => event.event_type().name())
    }

    /// The version that the event is written in.
    #[must_use]
    pub fn version(&self) -> usize {
        each!(self, event => event.version())
    }

    /// Whom the event concerns: the member for what is theirs, the campaign for its codes and budgets.
    #[must_use]
    pub fn subject(&self, stream_id: &str) -> String {
        match self {
            Self::Unit(_) | Self::Programme(_) => stream_id.to_owned(),
            Self::Wallet(event) => event.member().to_string(),
            Self::Spend(event) => event.about().member_id.to_string(),
            Self::Adjustment(event) => event.about().member_id.to_string(),
            Self::Transfer(event) => event.member().to_string(),
            Self::Coupon(event) => event.about().member_id.to_string(),
            Self::Codes(event) => event.about().campaign_id.to_string(),
            Self::Budget(event) => {
                event.campaign().map_or_else(|| Programme::ID.to_owned(), |campaign| campaign.to_string())
            }
        }
    }
}

macro_rules! into_event {
    ($($variant:ident($event:ident)),+ $(,)?) => { $(
        impl From<$event> for crate::Event {
            fn from(event: $event) -> Self {
                Self::Value(ValueEvent::$variant(event))
            }
        }
    )+ };
}

into_event! {
    Unit(UnitEvent),
    Wallet(WalletEvent),
    Spend(SpendEvent),
    Adjustment(AdjustmentEvent),
    Transfer(TransferEvent),
    Coupon(CouponEvent),
    Codes(CodesEvent),
    Budget(BudgetEvent),
    Programme(ProgrammeEvent),
}
