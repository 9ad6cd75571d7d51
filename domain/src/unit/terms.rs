//! What an administrator fixes about a unit.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::UnitRefusal;
use crate::moment::Moment;
use crate::quantity::{Amount, DailyLimit, DelayDays, FourEyesLimit, Scale};
use crate::value::{Currency, Expiry, Grace, LotDates, LotTerms, OnReversal};
use crate::zone::{Tz, UnknownZone};

/// The terms of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnitTerms {
    /// What members read.
    pub name: String,
    /// How many digits stand behind the point when an amount is shown; it stays for ever.
    pub scale: Scale,
    /// When what is given is over; absent is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Expiry>,
    /// After how many days what is given can be used.
    pub available_after_days: DelayDays,
    /// Whose calendar days count.
    pub time_zone: UnitZone,
    /// What the reversal of a grant takes when the grant was used.
    pub on_reversal: OnReversal,
    /// For how many days a refund is good whose lot has ended; 0 is not at all.
    pub refund_grace_days: DelayDays,
    /// Beyond how much one person's adjustments of a day need another's approval; absent is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub four_eyes_above: Option<FourEyesLimit>,
    /// How often a member may send some to another in a day.
    pub transfers_per_day: DailyLimit,
    /// What it is worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<UnitValue>,
}

/// What a unit is worth: so much of a currency for so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnitValue {
    /// Which currency, in whole numbers of whatever it is counted in.
    pub currency: Currency,
    /// So much …
    pub amount: Amount,
    /// … for so many of the unit.
    pub per: Amount,
}

/// Whose calendar days count for a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum UnitZone {
    /// Those of the member's zone at the moment of the grant.
    Member,
    /// Those of one zone for everybody.
    Fixed(Tz),
}

impl UnitTerms {
    /// The terms that `points` starts with.
    #[must_use]
    pub fn of_points() -> Self {
        Self {
            name: "Points".to_owned(),
            scale: Scale::default(),
            expiry: None,
            available_after_days: DelayDays::default(),
            time_zone: UnitZone::Member,
            on_reversal: OnReversal::default(),
            refund_grace_days: DelayDays::of_a_month(),
            four_eyes_above: None,
            transfers_per_day: DailyLimit::default(),
            value: None,
        }
    }

    /// What no type can say about the terms.
    pub(super) fn check(&self) -> Result<(), UnitRefusal> {
        match self.expiry {
            Some(expiry) if !expiry.is_within_bounds() => Err(UnitRefusal::DateOutOfBounds),
            Some(_) | None => Ok(()),
        }
    }

    /// By which rules a lot gets its days, where nothing else is said of it.
    #[must_use]
    pub fn lots(&self, member: Tz) -> LotTerms {
        LotTerms {
            expiry: self.expiry,
            available_after_days: self.available_after_days,
            zone: self.time_zone.of_member(member),
        }
    }

    /// The days of a lot that can be used at once, such as that of an adjustment, which may end by a rule of its own.
    #[must_use]
    pub fn dates_at_once(&self, expiry: Option<Expiry>, member: Tz, at: Moment) -> LotDates {
        let expiry = expiry.or(self.expiry);
        LotTerms { expiry, available_after_days: DelayDays::default(), ..self.lots(member) }.dates(at)
    }

    /// For how long a refund is good whose lot has ended.
    #[must_use]
    pub fn grace(&self, member: Tz) -> Grace {
        Grace { days: self.refund_grace_days, zone: self.time_zone.of_member(member) }
    }
}

impl UnitValue {
    /// What an amount is worth, in whole numbers, rounded down.
    #[must_use]
    pub fn of(self, amount: impl Into<i128>) -> i128 {
        amount.into() * i128::from(self.amount.get()) / i128::from(self.per.get())
    }
}

impl UnitZone {
    /// The zone for a member who lives by `zone`.
    #[must_use]
    pub fn of_member(self, zone: Tz) -> Tz {
        match self {
            Self::Member => zone,
            Self::Fixed(fixed) => fixed,
        }
    }
}

impl TryFrom<String> for UnitZone {
    type Error = UnknownZone;

    fn try_from(text: String) -> Result<Self, UnknownZone> {
        if text == "member" { Ok(Self::Member) } else { Tz::from_str(&text).map(Self::Fixed) }
    }
}

impl From<UnitZone> for String {
    fn from(zone: UnitZone) -> Self {
        zone.to_string()
    }
}

impl fmt::Display for UnitZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member => f.write_str("member"),
            Self::Fixed(zone) => f.write_str(zone.name()),
        }
    }
}

impl JsonSchema for UnitZone {
    fn schema_name() -> Cow<'static, str> {
        "UnitZone".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "examples": ["member", "Asia/Seoul"]})
    }
}
