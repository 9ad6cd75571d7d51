use chrono::DateTime;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::budget::{Budget, BudgetsRefusal};
use crate::unit::UnitTerms;
use crate::zone::Tz;

fn at(text: &str) -> Moment {
    DateTime::parse_from_rfc3339(text).unwrap().into()
}

fn campaign(frequency: &str, budgets: serde_json::Value) -> Result<Campaign, CampaignRefusal> {
    let terms = serde_json::from_value(json!({
        "name": "Winter", "startsAt": "2026-11-01T00:00:00.000Z", "endsAt": "2026-12-01T00:00:00.000Z",
        "frequency": frequency, "timeZone": "Asia/Seoul", "approval": "automatic", "pendingExpiresAfter": "72h",
        "budgets": budgets,
    }));
    let draft = Draft { terms: terms.unwrap(), condition: Condition::parse(&"WRITE_REVIEW".into()).unwrap() };
    let mut campaign = Campaign::default();
    let created = CampaignCommand::Create { draft: Box::new(draft), at: at("2026-10-01T00:00:00Z") };
    campaign.decide(created)?.iter().for_each(|event| campaign.evolve(event));
    Ok(campaign)
}

fn reward(reward_type: &str, rest: serde_json::Value) -> RewardTerms {
    let mut terms = json!({"name": "Reward", "rewardType": reward_type, "amount": 1});
    for (key, value) in rest.as_object().unwrap() {
        terms[key] = value.clone();
    }
    serde_json::from_value(terms).unwrap()
}

fn added(campaign: &Campaign, terms: RewardTerms) -> Result<Vec<CampaignEvent>, CampaignRefusal> {
    campaign.decide(CampaignCommand::AddReward(Box::new(NewReward { reward_id: RewardId(Uuid::from_u128(2)), terms })))
}

#[test]
fn a_reward_that_contradicts_itself_is_refused() {
    let campaign = campaign("once", json!([])).unwrap();
    let value = |value: serde_json::Value| json!({ "value": value });
    let codes = json!({"maxUses": 1, "bound": false});
    for (reward_type, rest, refused) in [
        ("POINT", value(json!({"unit": "stars", "availableAfterDays": 7, "expiry": {"days": 30}})), None),
        ("POINT", value(json!({"expiry": "never", "price": {"unit": "stars", "amount": 1}})), None),
        ("COUPON", value(json!({"codes": codes, "expiry": {"days": 30}})), None),
        (
            "ITEM",
            value(json!({"price": {"unit": "points", "amount": 1}, "cost": {"currency": "KRW", "amount": 1}})),
            None,
        ),
        ("ITEM", value(json!({"unit": "points"})), Some(CampaignRefusal::CreditsNoPoints)),
        ("COUPON", value(json!({"availableAfterDays": 1})), Some(CampaignRefusal::NothingMatures)),
        ("POINT", value(json!({"codes": codes})), Some(CampaignRefusal::CodesOfNoCoupon)),
        ("COUPON", json!({"value": {"codes": codes}, "amount": 2}), Some(CampaignRefusal::CodesAreTheStock)),
        ("COUPON", json!({"value": {"codes": codes}, "quantity": 9}), Some(CampaignRefusal::CodesAreTheStock)),
        ("ITEM", value(json!({"expiry": {"days": 1}})), Some(CampaignRefusal::NothingExpires)),
        ("COUPON", value(json!({"expiry": "never"})), Some(CampaignRefusal::NothingExpires)),
        ("POINT", value(json!({"expiry": {"date": "9999-12-31"}})), Some(CampaignRefusal::DateOutOfBounds)),
        ("POINT", value(json!({"price": {"unit": "points", "amount": 1}})), Some(CampaignRefusal::PriceInOwnUnit)),
    ] {
        assert_eq!(added(&campaign, reward(reward_type, rest.clone())).err(), refused, "{reward_type} {rest}");
    }
}

#[test]
fn members_claim_as_often_as_they_pay_where_every_reward_has_a_price() {
    let free = || reward("ITEM", json!({}));
    let each = campaign("each", json!([])).unwrap();
    assert_eq!(added(&each, free()), Err(CampaignRefusal::PriceMissing));
    assert!(added(&each, reward("ITEM", json!({"value": {"price": {"unit": "points", "amount": 1}}}))).is_ok());
    let mut once = campaign("once", json!([])).unwrap();
    added(&once, free()).unwrap().iter().for_each(|event| once.evolve(event));
    let revision = Box::new(Revision { frequency: Some(Frequency::Each), ..Revision::default() });
    let revise = CampaignCommand::Revise { revision, at: at("2026-10-02T00:00:00Z") };
    assert_eq!(once.decide(revise), Err(CampaignRefusal::PriceMissing));
}

#[test]
fn budgets_of_a_campaign_are_checked_when_they_are_set() {
    let day = json!({"unit": "points", "amount": 10_000, "per": "day"});
    let twice = campaign("once", json!([day, day]));
    assert!(matches!(twice, Err(CampaignRefusal::Budgets(BudgetsRefusal::Twice { .. }))));
    let campaign = campaign("once", json!([day])).unwrap();
    let budgets: Vec<Budget> = campaign.terms().unwrap().budgets.clone();
    let revise = |budgets| CampaignCommand::Revise {
        revision: Box::new(Revision { budgets: Some(budgets), ..Revision::default() }),
        at: at("2026-10-02T00:00:00Z"),
    };
    assert_eq!(campaign.decide(revise(budgets.clone())), Ok(vec![]));
    assert_eq!(campaign.decide(revise(vec![])).unwrap().len(), 1);
    assert!(matches!(campaign.decide(revise([budgets.clone(), budgets].concat())), Err(CampaignRefusal::Budgets(_))));
}

#[test]
fn what_a_reward_leaves_out_is_as_the_unit_has_it() {
    let expiry = Some(serde_json::from_value(json!({"days": 365})).unwrap());
    let unit = UnitTerms { expiry, available_after_days: 3.try_into().unwrap(), ..UnitTerms::of_points() };
    let terms = |value: serde_json::Value| reward("POINT", json!({ "value": value }));
    let credit = |value| terms(value).credit(&unit, Tz::UTC).unwrap();
    let plain = reward("POINT", json!({})).credit(&unit, Tz::UTC).unwrap();
    assert_eq!((plain.unit.as_str(), plain.lot.expiry, plain.lot.available_after_days.get()), ("points", expiry, 3));
    assert_eq!(credit(json!({"expiry": "never"})).lot.expiry, None);
    assert_eq!(credit(json!({"availableAfterDays": 0})).lot.available_after_days.get(), 0);
    assert_eq!(credit(json!({"unit": "stars"})).unit.as_str(), "stars");
    assert_eq!(reward("ITEM", json!({})).credit(&unit, Tz::UTC), None);
    let both = terms(json!({"unit": "stars", "cost": {"currency": "KRW", "amount": 450}})).counted();
    let told: Vec<_> = both.iter().map(|one| (one.unit.to_string(), one.amount.get())).collect();
    assert_eq!(told, [("stars".to_owned(), 1), ("KRW".to_owned(), 450)]);
    assert_eq!(reward("ITEM", json!({})).counted(), []);
}
