//! What is said of a reward when it is created or changed.

use domain::campaign::{Cost, Never, RewardExpiry, RewardRevision, RewardTerms, RewardType, RewardValue};
use domain::claim::Price;
use domain::id::CampaignId;
use domain::quantity::{Amount, GrantLimit, MAX_COUNT, StockUnits};
use domain::value::{Expiry, UnitCode};
use schemars::json_schema;
use serde_json::Value;
use uuid::Uuid;

use super::codes;
use crate::app::input::fields::{Broken, Fields, FromFields, Reader, describe, read, reader, readers};
use crate::app::input::value;
use crate::app::problem::{FieldError, FieldErrors};
use crate::routes::events::grant_limit;

/// What a reward is to hand out; the type may stand elsewhere.
pub(super) struct Wanted {
    pub(super) reward_type: Option<RewardType>,
    pub(super) terms: RewardTerms,
}

impl FromFields for Wanted {
    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", readers::visible(1, 120));
        let description = fields.nullable("description", readers::lines(0, 2_000));
        let types = RewardType::ALL.map(|kind| (kind.name(), kind));
        let reward_type = fields.optional("type", readers::choice(types));
        let amount = fields.optional("amount", value::amount());
        let quantity = fields.nullable("quantity", quantity());
        let per_member_limit = fields.nullable("perMemberLimit", grant_limit());
        let is_limited = fields.optional("isLimited", readers::boolean());
        let value = RewardValue::read(fields);
        let per_member_limit = limited(fields, is_limited?, per_member_limit?);
        let reward_type = reward_type?;
        let terms = RewardTerms {
            name: name?,
            description: description?,
            reward_type: reward_type.unwrap_or_default(),
            amount: amount?.or_else(|| Amount::try_from(1).ok())?,
            quantity: quantity?,
            per_member_limit: per_member_limit?,
            value: Some(value?).filter(|value| *value != RewardValue::default()).map(Box::new),
        };
        Some(Self { reward_type, terms })
    }
}

/// What a claim moves beside stock. What is left out or `null` is as the unit has it.
impl FromFields for RewardValue {
    fn read(fields: &mut Fields) -> Option<Self> {
        let unit = fields.nullable("unit", value::unit_code());
        let expiry = fields.nullable("expiry", expiry());
        let available_after_days = fields.nullable("availableAfterDays", value::delay_days());
        let price = fields.nullable_object("price");
        let cost = fields.nullable_object("cost");
        let codes = codes::read(fields);
        Some(Self {
            unit: unit?,
            expiry: expiry?,
            available_after_days: available_after_days?,
            price: price?,
            cost: cost?,
            codes: codes?,
        })
    }
}

/// When what a reward gives is over: as for a unit, or `never`, whatever the unit says.
fn expiry() -> impl Reader<Value = RewardExpiry> {
    reader(
        |generator| {
            let by = describe::<Expiry>(generator).into_object();
            json_schema!({"oneOf": [{"type": "string", "enum": ["never"]}, by]})
        },
        |sent| match sent {
            Value::String(_) => readers::choice([("never", Never::Never)]).read(sent).map(RewardExpiry::Never),
            Value::Object(_) => read::<Expiry>(sent, "").map(RewardExpiry::By).map_err(|errors| parts(&errors)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(Broken::wrong_type("an object")),
        },
    )
}

/// What is wrong with the fields of a value, as paths below it.
fn parts(errors: &FieldErrors) -> Broken {
    let part = |error: &FieldError| Broken::new(error.rule(), error.message()).within(&format!(".{}", error.field()));
    Broken::all(errors.iter().map(part)).unwrap_or_else(|| Broken::wrong_type("an object"))
}

impl FromFields for Price {
    fn read(fields: &mut Fields) -> Option<Self> {
        let unit = fields.optional("unit", value::unit_code());
        let amount = fields.required("amount", value::amount());
        Some(Self { unit: unit?.unwrap_or_else(UnitCode::points), amount: amount? })
    }
}

impl FromFields for Cost {
    fn read(fields: &mut Fields) -> Option<Self> {
        let currency = fields.required("currency", value::currency());
        let amount = fields.required("amount", value::amount());
        Some(Self { currency: currency?, amount: amount? })
    }
}

fn quantity() -> impl Reader<Value = StockUnits> {
    let units = |number: i64| StockUnits::try_from(number).map_err(|bounds| Broken::new("range", bounds.to_string()));
    readers::number(0, MAX_COUNT).then(units)
}

/// `isLimited: true` is another way to say that one member gets one. `false` says nothing that `perMemberLimit` does not,
/// and our own answers show it beside one.
fn limited(fields: &mut Fields, is_limited: Option<bool>, limit: Option<GrantLimit>) -> Option<Option<GrantLimit>> {
    match (is_limited, limit) {
        (Some(true), Some(limit)) if limit.get() != 1 => {
            fields.report("isLimited", Broken::new("contradiction", "is perMemberLimit 1, beside another number"));
            None
        }
        (Some(true), None) => Some(GrantLimit::try_from(1).ok()),
        (Some(_) | None, limit) => Some(limit),
    }
}

/// A reward and the event that shall hand it out.
pub(super) struct WantedOfEvent {
    pub(super) event: CampaignId,
    pub(super) wanted: Wanted,
}

impl FromFields for WantedOfEvent {
    fn read(fields: &mut Fields) -> Option<Self> {
        let event = fields.required("eventId", readers::id::<Uuid>());
        let wanted = Wanted::read(fields);
        Some(Self { event: CampaignId(event?), wanted: wanted? })
    }
}

impl FromFields for RewardRevision {
    fn read(fields: &mut Fields) -> Option<Self> {
        fields.at_least_one();
        let name = fields.optional("name", readers::visible(1, 120));
        let description = fields.change("description", readers::lines(0, 2_000));
        let quantity_delta = fields.optional("quantityDelta", quantity_delta());
        Some(Self { name: name?, description: description?, quantity_delta: quantity_delta? })
    }
}

fn quantity_delta() -> impl Reader<Value = i64> {
    readers::number(-MAX_COUNT, MAX_COUNT).then(|delta| match delta {
        0 => Err(Broken::new("not_zero", "must not be 0")),
        delta => Ok(delta),
    })
}
