//! The nine promotional events of the history: their rewards and rules, when members request them, and how operators
//! change them over time.

use chrono::{DurationRound as _, TimeDelta};
use commands::Loaded;
use domain::Moment;
use domain::campaign::{
    Approval, Campaign, CampaignCommand, CampaignTerms, Draft, NewReward, PendingExpiry, Revision, RewardTerms,
    RewardType,
};
use domain::condition::Condition;
use domain::id::{CampaignId, RewardId};
use domain::period::Frequency;
use domain::quantity::{Amount, GrantLimit, StockUnits};
use domain::zone::Tz;
use serde_json::{Value, json};
use uuid::Uuid;

use super::acts::{Act, Agenda, Ask, By, Person, Show, Who};
use super::people::nothing;
use crate::cli::demo::seed::{REFERRAL_EVENT, REFERRAL_REWARD, STREAK_EVENT, STREAK_REWARD};
use crate::cli::generate::dice::Dice;

pub(super) const REFERRALS: Show = 0;
pub(super) const STREAK: Show = 1;
pub(super) const COIN: Show = 2;
pub(super) const COFFEE: Show = 3;
pub(super) const PARCEL: Show = 4;
pub(super) const MUG: Show = 5;
pub(super) const REVIEWS: Show = 6;
pub(super) const WINTER: Show = 7;
pub(super) const CINEMA: Show = 8;
/// How many codes a reward of coupons has.
const CODES: usize = 300;
/// How many claims wait for a decision at the end.
pub(super) const WAITING: usize = 40;

/// A promotional event of the history.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) campaign_id: CampaignId,
    pub(super) reward_id: RewardId,
    pub(super) campaign: Loaded<Campaign>,
    pub(super) care: Care,
    /// The first claimants, many of whom claim again.
    pub(super) regulars: Vec<Person>,
}

/// How its grants are fulfilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Booked immediately; now and then one is reversed.
    Points,
    /// Fulfilled by staff.
    HandedOut,
}

/// The definition of a promotional event.
struct Plan {
    ids: (CampaignId, RewardId),
    name: &'static str,
    description: &'static str,
    condition: Value,
    made: Moment,
    starts: Moment,
    ends: Moment,
    frequency: Frequency,
    zone: Tz,
    approval: Approval,
    budget: Option<i64>,
    /// How much it may give and cost, as the log has it.
    budgets: Value,
    limit: Option<i64>,
    reward: (&'static str, RewardType, i64, Option<i64>),
    /// What a claim moves beside stock, as the log has it.
    value: Option<Value>,
}

/// The fixed ids of a demo event: `…11` and `…12` for the first, and so on.
fn ids(number: u128) -> (CampaignId, RewardId) {
    const FIRST: u128 = 0x0190_0000_0000_7000_8000_0000_0000_0010;
    (CampaignId(Uuid::from_u128(FIRST + 2 * number)), RewardId(Uuid::from_u128(FIRST + 2 * number + 1)))
}

/// The ids of all demo events.
pub(in crate::cli::demo) fn campaign_ids() -> [CampaignId; 9] {
    let other = |number| ids(number).0;
    [REFERRAL_EVENT, STREAK_EVENT, other(0), other(1), other(2), other(3), other(4), other(5), other(6)]
}

/// The rewards that the traffic claims, with weights. The one that is nearly sold out has a low one.
pub(super) fn claimed_by_traffic() -> Vec<(u32, RewardId)> {
    [(130, ids(0).1), (10, STREAK_REWARD), (4, ids(2).1), (3, ids(3).1), (2, ids(5).1), (4, ids(6).1), (1, ids(1).1)]
        .into()
}

/// Moments before now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ago(pub(super) Moment);

impl Ago {
    pub(super) fn minutes(self, minutes: i64) -> Moment {
        Moment::from(self.0.utc() - TimeDelta::minutes(minutes))
    }

    pub(super) fn hours(self, hours: i64) -> Moment {
        self.minutes(60 * hours)
    }

    pub(super) fn days(self, days: i64) -> Moment {
        self.hours(24 * days)
    }

    /// People announce events for a full hour.
    fn on_the_hour(self) -> Self {
        let now = self.0.utc();
        Self(Moment::from(now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now)))
    }
}

/// A constant of this file is invalid.
#[derive(Debug, thiserror::Error)]
#[error("the demo's event {0:?} is not well-formed")]
pub(super) struct Malformed(&'static str);

/// Puts all nine events and their requests on the agenda.
pub(super) fn put_on(agenda: &mut Agenda, now: Moment, dice: &mut Dice) -> Result<Vec<Running>, Malformed> {
    let ago = Ago(now);
    let mut running = vec![];
    for plan in plans(ago.on_the_hour()) {
        let care = match plan.reward.1 {
            RewardType::Point => Care::Points,
            RewardType::Item | RewardType::Coupon => Care::HandedOut,
        };
        let (campaign_id, reward_id) = plan.ids;
        let campaign = nothing(&campaign_id.to_string());
        let show = running.len();
        running.push(Running { campaign_id, reward_id, campaign, care, regulars: vec![] });
        let (made, starts, ends) = (plan.made, plan.starts, plan.ends);
        let has_codes = plan.value.as_ref().is_some_and(|value| value.get("codes").is_some());
        agenda.put(made, Act::Change { show, by: By::Operator, commands: plan.commands()? });
        if has_codes {
            agenda.put(made, Act::Codes { show, count: CODES });
        }
        for at in [starts, ends] {
            if at > made && at <= now {
                let commands = vec![CampaignCommand::KeepTime { at }];
                agenda.put(at, Act::Change { show, by: By::Clock, commands });
            }
        }
    }
    changes(agenda, ago)?;
    asks(agenda, ago, dice);
    Ok(running)
}

fn plans(ago: Ago) -> [Plan; 9] {
    let seoul = "Asia/Seoul".parse().unwrap_or(Tz::UTC);
    let ahead = |days| Moment::from(ago.0.utc() + TimeDelta::days(days));
    let plan = |ids, name, description, condition, reward| Plan {
        ids,
        name,
        description,
        condition,
        made: ago.hours(35 * 24 - 1),
        starts: ago.days(34),
        ends: ahead(330),
        frequency: Frequency::Once,
        zone: Tz::UTC,
        approval: Approval::Automatic,
        budget: None,
        budgets: json!([]),
        limit: None,
        reward,
        value: None,
    };
    [
        Plan {
            made: ago.days(35),
            ..plan(
                (REFERRAL_EVENT, REFERRAL_REWARD),
                "Bring three friends",
                "Three friends who stay are worth 500 points.",
                json!("REFER_3_FRIENDS"),
                ("500 points", RewardType::Point, 500, None),
            )
        },
        plan(
            (STREAK_EVENT, STREAK_REWARD),
            "Seven days in a row",
            "A hundred points for whoever comes seven days in a row.",
            json!("DAILY_LOGIN_7_DAYS"),
            ("100 points", RewardType::Point, 100, Some(50)),
        ),
        Plan {
            frequency: Frequency::Daily,
            zone: seoul,
            limit: Some(20),
            // what is told when a part of it is gone would be told as soon as the service starts: no day comes near it
            budgets: json!([{"unit": "points", "amount": 1_500, "per": "day", "alertAt": [80, 100]}]),
            // nothing ends within the five weeks: what is due would be recorded as soon as the service starts
            value: Some(json!({"expiry": {"days": 60, "endOf": "month"}})),
            ..plan(
                ids(0),
                "A coin a day",
                "Ten points for every day on which you come, twenty times at most.",
                json!({"activeDays": {"kind": "login", "days": 1, "within": "1d"}}),
                ("10 points", RewardType::Point, 10, None),
            )
        },
        Plan {
            made: ago.hours(16 * 24 + 5),
            starts: ago.days(16),
            ends: ahead(26),
            frequency: Frequency::Weekly,
            zone: seoul,
            ..plan(
                ids(1),
                "Coffee for regulars",
                "A coffee every week for members who come often.",
                json!({"activeDays": {"kind": "login", "days": 2, "within": "7d"}}),
                ("A coffee", RewardType::Coupon, 1, Some(150)),
            )
        },
        Plan {
            ends: ahead(40),
            approval: Approval::Manual,
            zone: seoul,
            ..plan(
                ids(2),
                "A parcel for fans",
                "A parcel for members who buy, play or bring friends. We look at every request.",
                json!({"any": [
                    {"count": {"kind": "purchase", "count": 1, "within": "30d"}},
                    {"total": {"kind": "session", "measure": "minutes", "total": 300, "within": "30d"}},
                    {"referrals": {"count": 3}},
                ]}),
                ("A parcel", RewardType::Item, 1, Some(400)),
            )
        },
        Plan {
            made: ago.hours(30 * 24 + 6),
            starts: ago.days(30),
            ends: ahead(12),
            ..plan(
                ids(3),
                "A mug for shoppers",
                "A mug for everybody who spends enough.",
                json!({"total": {"kind": "purchase", "measure": "amount", "total": 20_000, "since": "eventStart"}}),
                ("A mug", RewardType::Item, 1, Some(25)),
            )
        },
        Plan {
            made: ago.hours(34 * 24 + 6),
            starts: ago.days(33),
            ends: ago.days(8),
            frequency: Frequency::Daily,
            budget: Some(100),
            zone: seoul,
            ..plan(
                ids(4),
                "Review of the day",
                "Fifty points a day for those who have written a review this week.",
                json!({"count": {"kind": "review", "count": 1, "within": "7d"}}),
                ("50 points", RewardType::Point, 50, None),
            )
        },
        Plan {
            made: ago.days(3),
            starts: ahead(3),
            ends: ahead(24),
            zone: seoul,
            ..plan(
                ids(5),
                "Winter festival",
                "A discount for everybody who buys during the festival.",
                json!({"all": [
                    {"count": {"kind": "purchase", "count": 1, "since": "eventStart"}},
                    {"activeDays": {"kind": "login", "days": 3, "within": "7d"}},
                ]}),
                ("20 % off", RewardType::Coupon, 1, Some(500)),
            )
        },
        Plan {
            made: ago.hours(31 * 24 + 4),
            starts: ago.days(31),
            ends: ahead(60),
            frequency: Frequency::Weekly,
            zone: seoul,
            budgets: json!([
                {"unit": "KRW", "amount": 700_000, "per": "total"},
                {"unit": "KRW", "amount": 180_000, "per": "week"},
            ]),
            value: Some(json!({
                "price": {"unit": "points", "amount": 30},
                "cost": {"currency": "KRW", "amount": 9_000},
                "codes": {"maxUses": 1, "bound": false},
                "expiry": {"days": 90},
            })),
            ..plan(
                ids(6),
                "Cinema for points",
                "A ticket a week for thirty points, for members who came lately.",
                json!({"activeDays": {"kind": "login", "days": 1, "within": "7d"}}),
                ("A cinema ticket", RewardType::Coupon, 1, None),
            )
        },
    ]
}

impl Plan {
    fn commands(self) -> Result<Vec<CampaignCommand>, Malformed> {
        let name = self.name;
        let limit = |limit: Option<i64>| limit.map(GrantLimit::try_from).transpose().map_err(|_| Malformed(name));
        let terms = CampaignTerms {
            name: name.to_owned(),
            description: Some(self.description.to_owned()),
            starts_at: self.starts,
            ends_at: self.ends,
            frequency: self.frequency,
            time_zone: self.zone,
            approval: self.approval,
            max_reward_count: limit(self.budget)?,
            per_member_limit: limit(self.limit)?,
            pending_expires_after: PendingExpiry::try_from("7d".to_owned()).map_err(|_| Malformed(name))?,
            budgets: serde_json::from_value(self.budgets).map_err(|_| Malformed(name))?,
        };
        let condition = Condition::parse(&self.condition).map_err(|_| Malformed(name))?;
        let (reward, reward_type, amount, stock) = self.reward;
        let value = self.value.map(serde_json::from_value).transpose().map_err(|_| Malformed(name))?;
        let reward = RewardTerms {
            name: reward.to_owned(),
            description: None,
            reward_type,
            amount: Amount::try_from(amount).map_err(|_| Malformed(name))?,
            quantity: stock.map(StockUnits::try_from).transpose().map_err(|_| Malformed(name))?,
            per_member_limit: None,
            value,
        };
        let reward = NewReward { reward_id: self.ids.1, terms: reward };
        let draft = Box::new(Draft { terms, condition });
        Ok(vec![CampaignCommand::Create { draft, at: self.made }, CampaignCommand::AddReward(Box::new(reward))])
    }
}

/// The changes by operators.
fn changes(agenda: &mut Agenda, ago: Ago) -> Result<(), Malformed> {
    let mut rule = |show, at, condition: Value| {
        let condition = Some(Condition::parse(&condition).map_err(|_| Malformed("a new rule"))?);
        let revision = Box::new(Revision { condition, ..Revision::default() });
        let commands = vec![CampaignCommand::Revise { revision, at }];
        agenda.put(at, Act::Change { show, by: By::Operator, commands });
        Ok(())
    };
    let days = |days, within| json!({"activeDays": {"kind": "login", "days": days, "within": within}});
    rule(COFFEE, ago.hours(10 * 24 + 3), days(3, "14d"))?;
    rule(
        COFFEE,
        ago.hours(4 * 24 + 2),
        json!({"any": [days(4, "14d"), {"count": {"kind": "review", "count": 1, "within": "30d"}}]}),
    )?;
    rule(
        MUG,
        ago.hours(22 * 24 + 7),
        json!({"total": {"kind": "purchase", "measure": "amount", "total": 15_000, "since": "eventStart"}}),
    )?;
    agenda.put(ago.hours(20 * 24 + 1), Act::Restock { show: MUG, left: 6 });
    agenda.put(ago.hours(27), Act::Restock { show: COFFEE, left: 31 });
    let at = ago.days(6);
    agenda.put(at, Act::Change { show: MUG, by: By::Operator, commands: vec![CampaignCommand::Pause { at }] });
    Ok(())
}

/// The requests within a period.
struct Demand {
    show: Show,
    who: Who,
    from: Moment,
    to: Moment,
    every: i64,
    /// The most minutes by which a request is delayed.
    spread: u32,
}

fn asks(agenda: &mut Agenda, ago: Ago, dice: &mut Dice) {
    let (eligible, hopeful, anybody) = (Who::Eligible, Who::Hopeful, Who::Anybody);
    let demand = |show, who, from, to, every| Demand { show, who, from, to, every, spread: 40 };
    let now = ago.0;
    let demands = [
        demand(REFERRALS, eligible, ago.days(30), now, 3 * 1440),
        demand(REFERRALS, hopeful, ago.days(33), now, 1500),
        demand(STREAK, eligible, ago.days(27), now, 1080),
        demand(STREAK, hopeful, ago.days(33), now, 760),
        Demand { spread: 18, ..demand(COIN, eligible, ago.days(34), now, 30) },
        demand(COIN, hopeful, ago.days(33), now, 410),
        demand(COFFEE, eligible, ago.days(16), ago.hours(25), 120),
        // a slower or faster pace would change when the stock runs out
        Demand { spread: 0, ..demand(COFFEE, eligible, ago.hours(24), now, 72) },
        demand(COFFEE, hopeful, ago.days(16), now, 330),
        demand(PARCEL, eligible, ago.days(32), ago.hours(7 * 24 + 3), 460),
        demand(PARCEL, eligible, ago.days(7), ago.hours(9), 310),
        demand(PARCEL, hopeful, ago.days(32), now, 700),
        demand(MUG, eligible, ago.days(29), now, 560),
        demand(MUG, hopeful, ago.days(30), ago.days(6), 900),
        demand(MUG, anybody, ago.days(6), now, 900),
        demand(REVIEWS, eligible, ago.days(32), ago.days(8), 170),
        demand(REVIEWS, hopeful, ago.days(33), ago.days(8), 500),
        demand(REVIEWS, anybody, ago.days(8), now, 1300),
        demand(WINTER, anybody, ago.hours(70), now, 660),
        demand(CINEMA, eligible, ago.days(30), now, 330),
    ];
    for Demand { show, who, from, to, every, spread } in demands {
        for minutes in (0..).map(|number| number * every) {
            let delay = minutes + i64::from(dice.between(0, spread));
            let at = Moment::from(from.utc() + TimeDelta::minutes(delay));
            if at >= to {
                break;
            }
            agenda.put(at, Act::Ask(Ask { show, who, left: false }));
        }
    }
    for at in waiting_since(ago) {
        agenda.put(at, Act::Ask(Ask { show: PARCEL, who: eligible, left: true }));
    }
}

/// The times of the requests that still wait at the end; some of them expire soon. The two scripted claims are not
/// included.
fn waiting_since(ago: Ago) -> impl Iterator<Item = Moment> {
    const WEEK: i64 = 7 * 24 * 60;
    const SOON: [i64; 6] = [45, 100, 190, 330, 540, 900];
    let soon = SOON.into_iter().map(move |left| ago.minutes(WEEK - left));
    let others = i64::try_from(WAITING - SOON.len() - 2).unwrap_or(0);
    soon.chain((0..others).map(move |number| ago.minutes(12 + number * (WEEK - 1500) / others)))
}
