//! What is said of an event when it is created or changed: the same fields, all of them or some.

use domain::campaign::{Approval, Boundary, CampaignTerms, Draft, PendingExpiry, Revision};
use domain::period::Frequency;
use domain::quantity::{GrantLimit, MAX_COUNT};
use domain::zone::Tz;

use crate::app::input::budgets::budgets;
use crate::app::input::fields::readers::InstantOrDate;
use crate::app::input::fields::{Broken, Fields, FromFields, Reader, readers};
use crate::http::input::condition::condition;

impl FromFields for Draft {
    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", readers::visible(1, 120));
        let description = fields.nullable("description", readers::lines(0, 2_000));
        let starts_at = fields.required("startDate", readers::instant_or_date());
        let ends_at = fields.required("endDate", readers::instant_or_date());
        let condition = fields.required("condition", condition());
        let frequency = fields.optional("frequency", readers::choice(frequencies()));
        let time_zone = fields.optional("timeZone", readers::zone());
        let approval = fields.optional("approval", readers::choice(approvals()));
        let max_reward_count = fields.nullable("maxRewardCount", grant_limit());
        let per_member_limit = fields.nullable("perMemberLimit", grant_limit());
        let pending_expires_after = fields.optional("pendingExpiresAfter", pending_expiry());
        let budgets = budgets(fields, "budgets");
        let time_zone = time_zone?.unwrap_or(Tz::UTC);
        let terms = CampaignTerms {
            name: name?,
            description: description?,
            starts_at: starts_at?.in_zone(time_zone),
            ends_at: ends_at?.in_zone(time_zone),
            frequency: frequency?.unwrap_or_default(),
            time_zone,
            approval: approval?.unwrap_or_default(),
            max_reward_count: max_reward_count?,
            per_member_limit: per_member_limit?,
            pending_expires_after: pending_expires_after?.unwrap_or_default(),
            budgets: budgets?.unwrap_or_default(),
        };
        Some(Self { terms, condition: condition? })
    }
}

impl FromFields for Revision {
    fn read(fields: &mut Fields) -> Option<Self> {
        fields.at_least_one();
        let name = fields.optional("name", readers::visible(1, 120));
        let description = fields.change("description", readers::lines(0, 2_000));
        let starts = fields.optional("startDate", readers::instant_or_date());
        let ends = fields.optional("endDate", readers::instant_or_date());
        let condition = fields.optional("condition", condition());
        let frequency = fields.optional("frequency", readers::choice(frequencies()));
        let time_zone = fields.optional("timeZone", readers::zone());
        let approval = fields.optional("approval", readers::choice(approvals()));
        let max_reward_count = fields.change("maxRewardCount", grant_limit());
        let per_member_limit = fields.change("perMemberLimit", grant_limit());
        let pending_expires_after = fields.optional("pendingExpiresAfter", pending_expiry());
        let budgets = budgets(fields, "budgets");
        Some(Self {
            name: name?,
            description: description?,
            starts: starts?.map(boundary),
            ends: ends?.map(boundary),
            frequency: frequency?,
            time_zone: time_zone?,
            approval: approval?,
            max_reward_count: max_reward_count?,
            per_member_limit: per_member_limit?,
            pending_expires_after: pending_expires_after?,
            condition: condition?,
            budgets: budgets?,
        })
    }
}

fn boundary(sent: InstantOrDate) -> Boundary {
    match sent {
        InstantOrDate::Instant(moment) => Boundary::At(moment),
        InstantOrDate::Date(date) => Boundary::On(date),
    }
}

fn frequencies() -> [(&'static str, Frequency); 5] {
    [
        ("once", Frequency::Once),
        ("daily", Frequency::Daily),
        ("weekly", Frequency::Weekly),
        ("monthly", Frequency::Monthly),
        ("each", Frequency::Each),
    ]
}

fn approvals() -> [(&'static str, Approval); 2] {
    [("automatic", Approval::Automatic), ("manual", Approval::Manual)]
}

/// A limit of grants.
pub(in crate::routes) fn grant_limit() -> impl Reader<Value = GrantLimit> {
    let limit = |number: i64| GrantLimit::try_from(number).map_err(|bounds| Broken::new("range", bounds.to_string()));
    readers::number(1, MAX_COUNT).then(limit)
}

fn pending_expiry() -> impl Reader<Value = PendingExpiry> {
    let expiry = |text: String| PendingExpiry::try_from(text).map_err(|not| Broken::new("duration", not.to_string()));
    readers::text(0, 20).then(expiry)
}
