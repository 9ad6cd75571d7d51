//! Random but possible histories: members, late and voided facts, referrals, campaigns and claims in
//! every status. The same seed is the same history.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::Moment;
use domain::activity::{ActivityEvent, Recorded, Voided};
use domain::budget::{Budget, Counted};
use domain::campaign::{
    self, Approval, CampaignEvent, CampaignTerms, Cost, PendingExpiry, RewardAdded, RewardRevised, RewardTerms,
    RewardType, RewardValue, StockChanged,
};
use domain::claim::{self, ClaimEvent, Credit, Decision, DenialReason, Subject};
use domain::condition::Condition;
use domain::facts::Birthday;
use domain::id::{ActivityId, CampaignId, ClaimId, MemberId, RewardId};
use domain::member::{self, MemberEvent};
use domain::name::Name;
use domain::period::Frequency;
use domain::referral::{self, ReferralEvent};
use domain::role::Role;
use domain::spend::Paid;
use domain::zone::{Zone, local_date};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use super::Draft;
use super::purse::Purse;

pub(crate) const KINDS: [&str; 3] = ["login", "purchase", "review"];
pub(crate) const FIRST_DAY: &str = "2024-09-01T00:00:00Z";
const DAYS: u64 = 40;

pub(crate) struct Generator {
    random: StdRng,
    next_id: u128,
    pub(crate) members: Vec<MemberId>,
    facts: Vec<Recorded>,
    referrals: Vec<(MemberId, MemberId, &'static str)>,
    campaigns: Vec<(CampaignId, CampaignTerms, u32)>,
    rewards: Vec<(RewardId, CampaignId, RewardTerms)>,
    claims: BTreeMap<ClaimId, (Subject, &'static str)>,
    purse: Purse,
    /// What grants that stand have credited, and prices that are held.
    credits: BTreeMap<ClaimId, Credit>,
    prices: BTreeMap<ClaimId, Paid>,
    /// What claims that stand or wait count against budgets.
    counted: BTreeMap<ClaimId, Counted>,
}

pub(crate) fn name(text: &str) -> Name {
    Name::try_from(text.to_owned()).unwrap()
}

fn first_day() -> DateTime<Utc> {
    FIRST_DAY.parse().unwrap()
}

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            next_id: 0,
            members: Vec::new(),
            facts: Vec::new(),
            referrals: Vec::new(),
            campaigns: Vec::new(),
            rewards: Vec::new(),
            claims: BTreeMap::new(),
            purse: Purse::default(),
            credits: BTreeMap::new(),
            prices: BTreeMap::new(),
            counted: BTreeMap::new(),
        }
    }

    pub(crate) fn history(&mut self, events: usize) -> Vec<Draft> {
        let mut drafts = Vec::with_capacity(events);
        while drafts.len() < events {
            let draft = match self.random.random_range(0..100) {
                _ if self.members.len() < 3 => Some(self.register()),
                0..8 => Some(self.register()),
                8..34 => Some(self.fact()),
                34..50 => self.purse.step(&mut self.random),
                50..54 => self.void(),
                54..60 => Some(self.member_step()),
                60..68 => self.referral_step(),
                68..74 => Some(self.campaign_step()),
                74..100 => self.claim_step(),
                _ => None,
            };
            draft.iter().for_each(|draft| self.purse.post(&draft.event));
            drafts.extend(draft);
        }
        drafts
    }

    fn id(&mut self) -> Uuid {
        self.next_id += 1;
        Uuid::from_u128(self.next_id)
    }

    fn member(&mut self) -> MemberId {
        *self.members.choose(&mut self.random).unwrap()
    }

    pub(crate) fn register(&mut self) -> Draft {
        let id = self.id();
        self.members.push(MemberId(id));
        let zones = [domain::zone::Tz::UTC, "Asia/Seoul".parse().unwrap(), "America/New_York".parse().unwrap()];
        let registered = member::Registered {
            time_zone: *zones.choose(&mut self.random).unwrap(),
            joined_on: NaiveDate::from_ymd_opt(2024, 8, 1).unwrap() + Days::new(self.random.random_range(0..30)),
            birthday: self.random.random_bool(0.7).then_some(Birthday { month: 2, day: 29 }),
            role: if self.random.random_bool(0.8) { Role::User } else { Role::Operator },
            returned: None,
        };
        Draft { stream_id: id, event: MemberEvent::Registered(registered).into() }
    }

    pub(crate) fn fact(&mut self) -> Draft {
        let occurred_at = first_day() + TimeDelta::seconds(self.random.random_range(0..86_400 * DAYS as i64));
        let kind = name(KINDS.choose(&mut self.random).unwrap());
        let mut measures = BTreeMap::new();
        if self.random.random_bool(0.4) {
            measures.insert(name("minutes"), self.random.random_range(-(1_i64 << 53)..=1 << 53));
        }
        let member_id = self.member();
        self.record(member_id, kind, occurred_at, measures)
    }

    /// A fact of the day `day` of the history.
    pub(crate) fn fact_on(&mut self, member: MemberId, kind: &str, day: u64) -> Draft {
        self.record(member, name(kind), first_day() + Days::new(day), BTreeMap::new())
    }

    /// A fact of somebody, that occurred at a moment.
    pub(crate) fn fact_at(&mut self, occurred_at: DateTime<Utc>) -> Draft {
        let member = self.member();
        self.record(member, name("visit"), occurred_at, BTreeMap::new())
    }

    fn record(
        &mut self,
        member_id: MemberId,
        kind: Name,
        occurred_at: DateTime<Utc>,
        measures: BTreeMap<Name, i64>,
    ) -> Draft {
        let id = self.id().to_string();
        let fact = Recorded {
            source: "test".to_owned(),
            id: id.clone(),
            member_id,
            kind,
            occurred_at: occurred_at.into(),
            local_date: occurred_at.date_naive(),
            time_zone: Zone::Named(domain::zone::Tz::UTC),
            measures,
        };
        self.facts.push(fact.clone());
        Draft { stream_id: ActivityId::of("test", &id).0, event: ActivityEvent::Recorded(fact).into() }
    }

    pub(crate) fn void(&mut self) -> Option<Draft> {
        if self.facts.is_empty() {
            return None;
        }
        let fact = self.facts.swap_remove(self.random.random_range(0..self.facts.len()));
        let stream_id = ActivityId::of("test", &fact.id).0;
        let voided = Voided {
            source: fact.source,
            id: fact.id,
            member_id: fact.member_id,
            kind: fact.kind,
            occurred_at: fact.occurred_at,
            local_date: fact.local_date,
            measures: fact.measures,
            note: "a mistake".to_owned(),
        };
        Some(Draft { stream_id, event: ActivityEvent::Voided(voided).into() })
    }

    fn member_step(&mut self) -> Draft {
        let note = || "a note".to_owned();
        let event = match self.random.random_range(0..9) {
            0 => MemberEvent::ProfileReopened(member::ProfileReopened {}),
            1 => MemberEvent::Blocked(member::Blocked { note: note() }),
            2 => MemberEvent::Unblocked(member::Unblocked { note: note() }),
            3 => MemberEvent::TimeZoneChanged(member::TimeZoneChanged {
                time_zone: "Europe/Berlin".parse().unwrap(),
                locked_until: Moment::from(first_day()),
            }),
            4 => MemberEvent::RoleChanged(member::RoleChanged { role: Role::User }),
            5 => MemberEvent::RoleChanged(member::RoleChanged { role: Role::Admin }),
            6 => MemberEvent::Erased(member::Erased {}),
            7 => MemberEvent::EmailConfirmed(member::EmailConfirmed {}),
            _ => MemberEvent::ProfileCompleted(member::ProfileCompleted {}),
        };
        Draft { stream_id: self.member().0, event: event.into() }
    }

    fn referral_step(&mut self) -> Option<Draft> {
        let known = self.referrals.len();
        if known == 0 || self.random.random_bool(0.4) {
            let inviter_id = self.member();
            let invitee_id = self.member();
            if inviter_id == invitee_id || self.referrals.iter().any(|referral| referral.0 == invitee_id) {
                return None;
            }
            self.referrals.push((invitee_id, inviter_id, "pending"));
            let created = referral::Created { invitee_id, inviter_id };
            return Some(Draft { stream_id: invitee_id.0, event: ReferralEvent::Created(created).into() });
        }
        let at = self.random.random_range(0..known);
        let (invitee_id, inviter_id, status) = self.referrals[at];
        let event = match (status, self.random.random_bool(0.3)) {
            ("voided", _) => return None,
            (_, true) => {
                self.referrals[at].2 = "voided";
                ReferralEvent::Voided(referral::Voided { invitee_id, inviter_id, note: "a note".to_owned() })
            }
            ("pending", false) => {
                self.referrals[at].2 = "qualified";
                let day = first_day().date_naive();
                ReferralEvent::Qualified(referral::Qualified {
                    invitee_id,
                    inviter_id,
                    condition: condition(),
                    evidence: vec![],
                    facts_position: 0,
                    judged_on: day,
                    local_date: day + Days::new(self.random.random_range(0..DAYS)),
                    time_zone: domain::zone::Tz::UTC,
                })
            }
            _ => return None,
        };
        Some(Draft { stream_id: invitee_id.0, event: event.into() })
    }

    fn terms(&mut self) -> CampaignTerms {
        let starts_at = first_day() + TimeDelta::hours(self.random.random_range(0..24 * DAYS as i64));
        CampaignTerms {
            name: format!("campaign {}", self.next_id),
            description: None,
            starts_at: starts_at.into(),
            ends_at: (starts_at + TimeDelta::days(self.random.random_range(1..60))).into(),
            frequency: Frequency::Daily,
            time_zone: "Asia/Seoul".parse().unwrap(),
            approval: Approval::Manual,
            max_reward_count: self.random.random_bool(0.5).then(|| 50.try_into().unwrap()),
            per_member_limit: None,
            pending_expires_after: PendingExpiry::default(),
            // not drawn: the histories of all seeds stay what they are
            budgets: if self.next_id.is_multiple_of(2) { budgets() } else { vec![] },
        }
    }

    fn campaign_step(&mut self) -> Draft {
        if self.campaigns.is_empty() || self.random.random_bool(0.2) {
            let (id, terms) = (CampaignId(self.id()), self.terms());
            self.campaigns.push((id, terms.clone(), 1));
            let created = campaign::Created { terms, condition: condition() };
            return Draft { stream_id: id.0, event: CampaignEvent::Created(created).into() };
        }
        let at = self.random.random_range(0..self.campaigns.len());
        let (id, version) = (self.campaigns[at].0, self.campaigns[at].2);
        let of_campaign: Vec<_> = self.rewards.iter().filter(|reward| reward.1 == id).cloned().collect();
        let event = match (self.random.random_range(0..10), of_campaign.choose(&mut self.random)) {
            (0, _) => CampaignEvent::Paused(campaign::Paused {}),
            (1, _) => CampaignEvent::Resumed(campaign::Resumed {}),
            (2, _) => CampaignEvent::Ended(campaign::Ended {}),
            (8, _) => CampaignEvent::Opened(campaign::Opened { starts_at: self.campaigns[at].1.starts_at }),
            (9, _) => CampaignEvent::Closed(campaign::Closed { ends_at: self.campaigns[at].1.ends_at }),
            (3, _) => {
                let (terms, changes) = (self.terms(), self.random.random_bool(0.5));
                let condition_version = version + u32::from(changes);
                self.campaigns[at].2 = condition_version;
                let condition = changes.then(condition);
                CampaignEvent::Revised(campaign::Revised { terms, condition, condition_version, other_periods: false })
            }
            (4, Some((reward_id, _, _))) => CampaignEvent::RewardRevised(RewardRevised {
                reward_id: *reward_id,
                name: format!("renamed {}", self.next_id),
                description: Some("new".to_owned()),
            }),
            (5, Some((reward_id, _, _))) => CampaignEvent::StockChanged(StockChanged {
                reward_id: *reward_id,
                delta: 5,
                quantity: 1_005.try_into().unwrap(),
            }),
            _ => {
                let reward_id = RewardId(self.id());
                let terms = RewardTerms {
                    name: format!("reward {}", self.next_id),
                    description: None,
                    reward_type: *RewardType::ALL.choose(&mut self.random).unwrap(),
                    amount: 10.try_into().unwrap(),
                    quantity: self.random.random_bool(0.5).then(|| 1_000.try_into().unwrap()),
                    per_member_limit: None,
                    value: self.random.random_bool(0.6).then(|| Box::new(costs_something())),
                };
                self.rewards.push((reward_id, id, terms.clone()));
                CampaignEvent::RewardAdded(RewardAdded { reward_id, terms })
            }
        };
        Draft { stream_id: id.0, event: event.into() }
    }

    fn claim_step(&mut self) -> Option<Draft> {
        let (reward_id, campaign_id, terms) = self.rewards.choose(&mut self.random)?.clone();
        let period = format!("2024-09-0{}", self.random.random_range(1..6));
        // some come again and again, so that they have something to pay with
        let regular = self.random.random_bool(0.6);
        let member_id = if regular { self.members[self.random.random_range(0..3)] } else { self.member() };
        let id = ClaimId::of(reward_id, member_id, &period);
        let ids: Vec<ClaimId> = self.claims.keys().copied().collect();
        let known = ids.choose(&mut self.random).copied().filter(|_| self.random.random_bool(0.6));
        let id = known.unwrap_or(id);
        let about = Subject {
            member_id,
            reward_id,
            campaign_id,
            first_id: None,
            period,
            amount: terms.amount,
            reward_type: terms.reward_type,
        };
        let (about, status) = self.claims.get(&id).cloned().unwrap_or((about, "denied"));
        let (event, status) = self.claim_event(about.clone(), status);
        self.claims.insert(id, (about, status));
        Some(Draft { stream_id: id.0, event: event.into() })
    }

    /// What a grant counts against budgets, today.
    fn counts(&self, about: &Subject) -> Option<Counted> {
        let (_, _, terms) = self.rewards.iter().find(|(reward, ..)| *reward == about.reward_id)?;
        let (campaign, programme) = ("Asia/Seoul".parse().unwrap(), domain::zone::Tz::UTC);
        let now = self.purse.now();
        Counted::of(local_date(campaign, now), local_date(programme, now), terms.counted())
    }

    /// What comes back of a claim that was waiting.
    fn given_back(&mut self, about: &Subject) -> Option<claim::GivenBack> {
        let id = about.claim_id();
        let (price, counted) = (self.purse.released(about, self.prices.remove(&id)), self.counted.remove(&id));
        (price.is_some() || counted.is_some()).then_some(claim::GivenBack { price, counted })
    }

    fn claim_event(&mut self, about: Subject, status: &'static str) -> (ClaimEvent, &'static str) {
        let decision = decision();
        let note = None;
        let choice = self.random.random_range(0..5);
        let id = about.claim_id();
        let counts = if matches!(status, "denied" | "expired") { self.counts(&about) } else { None };
        match (status, choice) {
            ("denied" | "expired", 0 | 3) => {
                let (credit, paid) = (self.purse.credit(&about, &mut self.random), self.purse.price(&about));
                self.credits.extend(credit.clone().map(|credit| (id, credit)));
                self.counted.extend(counts.clone().map(|counts| (id, counts)));
                let granted = claim::Granted { credit, paid, counted: counts, ..claim::Granted::of(about, decision) };
                (ClaimEvent::Granted(granted), "granted")
            }
            ("denied" | "expired", 1 | 2) => {
                let paid = self.purse.price(&about);
                // what is held stays held until somebody decides
                let waits = if paid.is_some() { Days::new(1_000) } else { Days::new(0) };
                let expires_at = Moment::from(first_day() + waits);
                self.prices.extend(paid.clone().map(|paid| (id, paid)));
                self.counted.extend(counts.clone().map(|counts| (id, counts)));
                let submitted = claim::Submitted::of(about, decision, expires_at);
                let submitted = claim::Submitted { paid, counted: counts, ..submitted };
                (ClaimEvent::Submitted(submitted), "pending")
            }
            ("denied" | "expired", _) => {
                let reason = *DenialReason::ALL.choose(&mut self.random).unwrap();
                (ClaimEvent::Denied(claim::Denied::of(about, decision, reason)), "denied")
            }
            ("pending", 0) => {
                let (credit, paid) = (self.purse.credit(&about, &mut self.random), self.prices.remove(&id));
                self.credits.extend(credit.clone().map(|credit| (id, credit)));
                let approved = claim::Approved { credit, paid, ..claim::Approved::of(about, note) };
                (ClaimEvent::Approved(approved), "granted")
            }
            ("pending", 1) => {
                let given_back = self.given_back(&about);
                (ClaimEvent::Rejected(claim::Rejected { given_back, ..claim::Rejected::of(about, note) }), "rejected")
            }
            ("pending", 2) => {
                let given_back = self.given_back(&about);
                (ClaimEvent::Expired(claim::Expired { given_back, ..claim::Expired::of(about) }), "expired")
            }
            ("pending", 3) => {
                let given_back = self.given_back(&about);
                let withdrawn = claim::Withdrawn::of(about, claim::WithdrawalReason::MemberErased);
                (ClaimEvent::Withdrawn(claim::Withdrawn { given_back, ..withdrawn }), "rejected")
            }
            ("granted", 0) => (ClaimEvent::FulfilmentFailed(claim::FulfilmentFailed { about, note }), "failed"),
            ("granted" | "failed", 1) => (ClaimEvent::Fulfilled(claim::Fulfilled { about, note }), "fulfilled"),
            ("granted" | "failed" | "fulfilled", 2) => {
                let credit = self.credits.remove(&id);
                let reversal = self.purse.reversal(&about, credit, &mut self.random);
                let reversal = match (reversal, self.counted.remove(&id)) {
                    (reversal, None) => reversal,
                    (reversal, counted) => Some(claim::Reversal { counted, ..reversal.unwrap_or_default() }),
                };
                (ClaimEvent::Reversed(claim::Reversed { reversal, ..claim::Reversed::of(about, note) }), "reversed")
            }
            // a blocked member asks again: nothing that was decided changes
            (status, _) => {
                (ClaimEvent::Denied(claim::Denied::of(about, decision, DenialReason::MemberBlocked)), status)
            }
        }
    }
}

/// Wide enough that nobody is refused: what is counted is what is looked at.
fn budgets() -> Vec<Budget> {
    serde_json::from_value(serde_json::json!([
        {"unit": "points", "amount": 1_000_000, "per": "day", "alertAt": [80]},
        {"unit": "KRW", "amount": 1_000_000, "per": "total"},
    ]))
    .unwrap()
}

fn costs_something() -> RewardValue {
    let currency = "KRW".to_owned().try_into().unwrap();
    RewardValue { cost: Some(Cost { currency, amount: 700.try_into().unwrap() }), ..RewardValue::default() }
}

pub(crate) fn condition() -> Condition {
    Condition::parse(&serde_json::json!({"streak": {"kind": "login", "days": 7}})).unwrap()
}

pub(crate) fn decision() -> Decision {
    Decision {
        met: true,
        evidence: vec![],
        facts_position: 0,
        condition_version: 1,
        evaluated_at: Moment::from(first_day()),
        time_zone: domain::zone::Tz::UTC,
        campaign_starts_on: first_day().date_naive(),
        local_date: None,
    }
}
