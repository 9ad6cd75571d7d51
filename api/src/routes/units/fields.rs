//! What is said of a unit when it is defined or changed: the same fields, all of them or some. Code and scale are said once.

use domain::quantity::{DailyLimit, FourEyesLimit, MAX_COUNT, Scale};
use domain::unit::{UnitRevision, UnitTerms, UnitValue, UnitZone};
use domain::value::{OnReversal, UnitCode};

use crate::app::input::fields::{Broken, Fields, FromFields, Reader, readers};
use crate::app::input::value::{amount, currency, delay_days, quantity, unit_code};

/// A unit that is not there yet.
pub(super) struct UnitDraft {
    pub(super) code: UnitCode,
    pub(super) terms: UnitTerms,
}

impl FromFields for UnitDraft {
    fn read(fields: &mut Fields) -> Option<Self> {
        let code = fields.required("code", unit_code());
        let name = fields.required("name", name());
        let scale = fields.optional("scale", quantity::<Scale>(0, 6));
        let expiry = fields.nullable_object("expiry");
        let available_after_days = fields.optional("availableAfterDays", delay_days());
        let time_zone = fields.optional("timeZone", zone());
        let on_reversal = fields.optional("onReversal", on_reversal());
        let refund_grace_days = fields.optional("refundGraceDays", delay_days());
        let four_eyes_above = fields.nullable("fourEyesAbove", four_eyes());
        let transfers_per_day = fields.optional("transfersPerDay", transfers());
        let value = fields.nullable_object("value");
        // what nobody says is as it is for points
        let usual = UnitTerms::of_points();
        let terms = UnitTerms {
            name: name?,
            scale: scale?.unwrap_or(usual.scale),
            expiry: expiry?,
            available_after_days: available_after_days?.unwrap_or(usual.available_after_days),
            time_zone: time_zone?.unwrap_or(usual.time_zone),
            on_reversal: on_reversal?.unwrap_or(usual.on_reversal),
            refund_grace_days: refund_grace_days?.unwrap_or(usual.refund_grace_days),
            four_eyes_above: four_eyes_above?,
            transfers_per_day: transfers_per_day?.unwrap_or(usual.transfers_per_day),
            value: value?,
        };
        Some(Self { code: code?, terms })
    }
}

impl FromFields for UnitRevision {
    fn read(fields: &mut Fields) -> Option<Self> {
        fields.at_least_one();
        let name = fields.optional("name", name());
        let expiry = fields.change_object("expiry");
        let available_after_days = fields.optional("availableAfterDays", delay_days());
        let time_zone = fields.optional("timeZone", zone());
        let on_reversal = fields.optional("onReversal", on_reversal());
        let refund_grace_days = fields.optional("refundGraceDays", delay_days());
        let four_eyes_above = fields.change("fourEyesAbove", four_eyes());
        let transfers_per_day = fields.optional("transfersPerDay", transfers());
        let value = fields.change_object("value");
        Some(Self {
            name: name?,
            expiry: expiry?,
            available_after_days: available_after_days?,
            time_zone: time_zone?,
            on_reversal: on_reversal?,
            refund_grace_days: refund_grace_days?,
            four_eyes_above: four_eyes_above?,
            transfers_per_day: transfers_per_day?,
            value: value?,
        })
    }
}

impl FromFields for UnitValue {
    fn read(fields: &mut Fields) -> Option<Self> {
        let currency = fields.required("currency", currency());
        let (amount, per) = (fields.required("amount", amount()), fields.required("per", amount()));
        Some(Self { currency: currency?, amount: amount?, per: per? })
    }
}

fn name() -> impl Reader<Value = String> {
    readers::visible(1, 120)
}

/// `member`, or one zone for everybody.
fn zone() -> impl Reader<Value = UnitZone> {
    let read = |text: String| {
        UnitZone::try_from(text).map_err(|_| Broken::new("time_zone", "must be `member` or an IANA time zone"))
    };
    readers::string().then(read)
}

fn on_reversal() -> impl Reader<Value = OnReversal> {
    readers::choice(OnReversal::ALL.map(|rule| (rule.name(), rule)))
}

fn four_eyes() -> impl Reader<Value = FourEyesLimit> {
    quantity(0, MAX_COUNT)
}

fn transfers() -> impl Reader<Value = DailyLimit> {
    quantity(0, MAX_COUNT)
}
