//! What is said of a reward when it is created or changed.

use domain::campaign::{RewardRevision, RewardTerms, RewardType};
use domain::id::CampaignId;
use domain::quantity::{Amount, GrantLimit, MAX_COUNT, StockUnits};
use uuid::Uuid;

use crate::app::input::fields::{Broken, Fields, FromFields, Reader, readers};
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
        let amount = fields.optional("amount", amount());
        let quantity = fields.nullable("quantity", quantity());
        let per_member_limit = fields.nullable("perMemberLimit", grant_limit());
        let is_limited = fields.optional("isLimited", readers::boolean());
        let per_member_limit = limited(fields, is_limited?, per_member_limit?);
        let reward_type = reward_type?;
        let terms = RewardTerms {
            name: name?,
            description: description?,
            reward_type: reward_type.unwrap_or_default(),
            amount: amount?.or_else(|| Amount::try_from(1).ok())?,
            quantity: quantity?,
            per_member_limit: per_member_limit?,
            value: None,
        };
        Some(Self { reward_type, terms })
    }
}

fn amount() -> impl Reader<Value = Amount> {
    let amount = |number: i64| Amount::try_from(number).map_err(|bounds| Broken::new("range", bounds.to_string()));
    readers::number(1, MAX_COUNT).then(amount)
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
