//! The rules at work: each order becomes commands on aggregates as the write path would send them, with what the member holds read from
//! the books, and what is due recorded first.

pub(crate) mod naive;
pub(crate) mod random;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta};
use domain::adjustment::{
    Adjustment, AdjustmentCommand, AdjustmentRefusal, AdjustmentRequest, AdjustmentSubject, PostedAlone, WalletSeen,
};
use domain::campaign::{Approval, CampaignStatus, PendingExpiry, RewardType};
use domain::claim::{
    Claim, ClaimCommand, ClaimEvent, ClaimValue, CreditTerms, DecisionInputs, Price, StaffAction, StaffCommand,
    Subject, ValueInputs,
};
use domain::condition::Condition;
use domain::id::{AdjustmentId, CampaignId, LotId, MemberId, RewardId};
use domain::quantity::{Amount, DailyLimit, DelayDays};
use domain::spend::{HoldTime, Spend, SpendCommand, SpendRefusal, SpendRequest, SpendSubject};
use domain::transfer::{Transfer, TransferRefusal, TransferRequest, TransferSubject};
use domain::value::{
    AllocationRefusal, Books, Expiry, Grace, HoldId, Holdings, LotTerms, OnReversal, Reference, Standing, UnitCode,
};
use domain::wallet::{Wallet, WalletCommand, WalletStep};
use domain::zone::Tz;
use domain::{Event, Moment};
use uuid::Uuid;

use random::Order;

pub(crate) const MEMBERS: usize = 2;
pub(crate) const UNITS: usize = 2;
/// What a reversal takes, by unit.
const RULES: [OnReversal; UNITS] = [OnReversal::WithinBalance, OnReversal::Negative];
/// For how many days refunds are good, by unit.
const GRACE_DAYS: [i64; UNITS] = [2, 0];
/// For how long a claim waits for a decision.
const PENDING_HOURS: i64 = 72;

pub(crate) fn member(number: usize) -> MemberId {
    MemberId(Uuid::from_u128(100 + number as u128))
}

pub(crate) fn unit(number: usize) -> UnitCode {
    ["points", "stars"][number].to_owned().try_into().unwrap()
}

pub(crate) fn reference(what: &str, number: usize) -> Reference {
    format!("{what}-{number}").try_into().unwrap()
}

pub(crate) fn lot_terms(after: i64, days: Option<i64>) -> LotTerms {
    let expiry = days.map(|days| Expiry::after(days.try_into().unwrap()));
    LotTerms { expiry, available_after_days: after.try_into().unwrap(), zone: Tz::UTC }
}

const SHOP: MemberId = MemberId(Uuid::from_u128(99));

/// What came of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Nothing,
    Short { need: i64, have: i64 },
    Refused,
    HoldExpired,
    TooMuch { most: i64 },
}

impl From<AllocationRefusal> for Outcome {
    fn from(refusal: AllocationRefusal) -> Self {
        match refusal {
            AllocationRefusal::Insufficient(short) => Self::Short { need: short.need, have: short.have },
            AllocationRefusal::TooManyLots { .. } => Self::Refused,
        }
    }
}

/// All aggregates, and the log that they have written.
pub(crate) struct Desk {
    pub(crate) now: Moment,
    pub(crate) log: Vec<Event>,
    pub(crate) books: Books,
    claims: Vec<(Claim, ClaimRules)>,
    spends: Vec<(Spend, usize, usize)>,
    adjustments: usize,
    transfers: usize,
    refunds: usize,
}

/// By which terms a claim moves value.
#[derive(Debug, Clone)]
struct ClaimRules {
    who: usize,
    what: usize,
    lot: LotTerms,
    price: Option<i64>,
}

impl Default for Desk {
    fn default() -> Self {
        let now = DateTime::parse_from_rfc3339("2026-11-21T08:00:00Z").unwrap().into();
        let (log, books) = (vec![], Books::default());
        Self { now, log, books, claims: vec![], spends: vec![], adjustments: 0, transfers: 0, refunds: 0 }
    }
}

impl Desk {
    pub(crate) fn position(&self) -> i64 {
        i64::try_from(self.log.len()).unwrap()
    }

    fn append(&mut self, event: impl Into<Event>) {
        let event = event.into();
        self.books.post(&event, self.position() + 1);
        self.log.push(event);
    }

    fn holdings(&self, who: usize, what: usize) -> Arc<Holdings> {
        Arc::new(self.books.wallet(member(who), &unit(what)).cloned().unwrap_or_default())
    }

    pub(crate) fn standing(&self, who: usize, what: usize) -> Standing {
        self.holdings(who, what).standing(self.now)
    }

    /// An order that names a payment or a claim by how many came behind it, with its number.
    pub(crate) fn resolved(&self, order: &Order) -> Order {
        let number = |behind: usize, of: usize| (of.max(1) - 1) - behind % of.max(1);
        let (claims, spends) = (self.claims.len(), self.spends.len());
        match order.clone() {
            Order::Approve { claim } => Order::Approve { claim: number(claim, claims) },
            Order::Reject { claim } => Order::Reject { claim: number(claim, claims) },
            Order::Reverse { claim } => Order::Reverse { claim: number(claim, claims) },
            Order::Capture { spend, amount } => Order::Capture { spend: number(spend, spends), amount },
            Order::Release { spend } => Order::Release { spend: number(spend, spends) },
            Order::Refund { spend, amount } => Order::Refund { spend: number(spend, spends), amount },
            other => other,
        }
    }

    /// How much of each lot is free, recorded or not.
    pub(crate) fn free_lots(&self, who: usize, what: usize) -> BTreeMap<LotId, i64> {
        let (holdings, now) = (self.holdings(who, what), self.now);
        let over = holdings.holds().filter(|(_, hold)| hold.expires_at <= now).flat_map(|(_, hold)| &hold.lots);
        let back: Vec<_> = over.collect();
        let living = holdings.lots().filter(|(_, lot)| !lot.dates.have_ended(now));
        let free = living.map(|(id, lot)| {
            let back = back.iter().filter(|part| part.lot_id == id).map(|part| part.amount.get());
            (id, lot.free + back.sum::<i64>())
        });
        free.filter(|(_, free)| *free > 0).collect()
    }

    /// What the last refund was called.
    pub(crate) fn last_refund(&self) -> String {
        format!("back-{}", self.refunds)
    }

    /// What the claim number `claim` has given or would give has this lot.
    pub(crate) fn claim_lot(&self, claim: usize) -> LotId {
        self.claims[claim].0.about().unwrap().claim_id().into()
    }

    /// Records all that is due in a wallet, but for a hold that the order itself is about.
    fn record_due(&mut self, who: usize, what: usize, but: Option<HoldId>) {
        let due = self.holdings(who, what).due(self.now);
        for hold in due.holds.into_iter().filter(|hold| Some(*hold) != but) {
            let found = self.spends.iter().position(|(spend, ..)| hold_of(spend) == Some(hold));
            if let Some(number) = found {
                let holdings = self.holdings(who, what);
                let _ = self.spend(number, SpendCommand::Expire { holdings, at: self.now });
            }
            let found = self
                .claims
                .iter()
                .position(|(claim, _)| claim.about().is_some_and(|about| HoldId::Claim(about.claim_id()) == hold));
            if let Some(number) = found {
                let (at, value) = (self.now, self.value_of(number));
                let _ = self.claim(number, ClaimCommand::Expire { at, value });
            }
        }
        self.wallet(who, what, WalletStep::RecordDue);
    }

    pub(crate) fn sweep(&mut self) {
        for who in 0..MEMBERS {
            (0..UNITS).for_each(|what| self.record_due(who, what, None));
        }
    }

    fn wallet(&mut self, who: usize, what: usize, step: WalletStep) -> Outcome {
        let (member_id, unit, holdings) = (member(who), unit(what), self.holdings(who, what));
        let command = WalletCommand { member_id, unit, holdings, at: self.now, step };
        let Ok(events) = Wallet::default().decide(command);
        let outcome = if events.is_empty() { Outcome::Nothing } else { Outcome::Done };
        events.into_iter().for_each(|event| self.append(event));
        outcome
    }

    fn spend(&mut self, number: usize, command: SpendCommand) -> Outcome {
        let decided = self.spends[number].0.decide(command);
        match decided {
            Ok(events) if events.is_empty() => Outcome::Nothing,
            Ok(events) => {
                for event in events {
                    self.spends[number].0.evolve(&event);
                    self.append(event);
                }
                Outcome::Done
            }
            Err(SpendRefusal::Lots(refusal)) => refusal.into(),
            Err(SpendRefusal::HoldExpired { .. }) => Outcome::HoldExpired,
            Err(
                SpendRefusal::AmountExceedsHold { held: most } | SpendRefusal::RefundExceedsSpend { refundable: most },
            ) => Outcome::TooMuch { most },
            Err(_) => Outcome::Refused,
        }
    }

    fn claim(&mut self, number: usize, command: ClaimCommand) -> Outcome {
        let decided = self.claims[number].0.decide(command);
        let Ok(events) = decided else { return Outcome::Refused };
        let mut outcome = Outcome::Nothing;
        for event in events {
            outcome = match &event {
                ClaimEvent::Denied(denied) => {
                    let short = denied.price.as_ref().unwrap();
                    Outcome::Short { need: short.need, have: short.have }
                }
                _ => Outcome::Done,
            };
            self.claims[number].0.evolve(&event);
            self.append(event);
        }
        outcome
    }

    fn value_of(&self, number: usize) -> ClaimValue {
        let ClaimRules { who, what, lot, price } = self.claims[number].1.clone();
        let priced = (what + 1) % UNITS;
        let days = DelayDays::try_from(GRACE_DAYS[priced]).unwrap();
        Some(Arc::new(ValueInputs {
            credit: Some(CreditTerms { unit: unit(what), lot, on_reversal: RULES[what] }),
            price: price.map(|amount| Price { unit: unit(priced), amount: amount.try_into().unwrap() }),
            coupon: None,
            counted: None,
            holdings: BTreeMap::from([0, 1].map(|what| (unit(what), self.holdings(who, what)))),
            lots_position: self.position(),
            grace: Some(Grace { days, zone: Tz::UTC }),
        }))
    }

    fn staff(&mut self, claim: usize, action: StaffAction) -> Outcome {
        let Some((_, rules)) = self.claims.get(claim) else { return Outcome::Nothing };
        let (who, id) = (rules.who, self.claims[claim].0.about().map(|about| HoldId::Claim(about.claim_id())));
        (0..UNITS).for_each(|what| self.record_due(who, what, id));
        let (operator, at, value) = (MemberId(Uuid::from_u128(98)), self.now, self.value_of(claim));
        self.claim(claim, ClaimCommand::Staff(StaffCommand { action, operator, note: None, at, value }))
    }

    /// Carries out an order as the write path would.
    pub(crate) fn obey(&mut self, order: &Order) -> Outcome {
        match *order {
            Order::Wait { hours } => {
                self.now = Moment::from(self.now.utc() + TimeDelta::hours(hours));
                Outcome::Done
            }
            Order::Claim { who, what, amount, after, days, price, review } => {
                self.record_due(who, (what + 1) % UNITS, None);
                let rules = ClaimRules { who, what, lot: lot_terms(after, days), price };
                self.claims.push((Claim::default(), rules));
                let number = self.claims.len() - 1;
                let command = self.request(number, amount, review);
                self.claim(number, command)
            }
            Order::Approve { claim } => self.staff(claim, StaffAction::Approve),
            Order::Reject { claim } => self.staff(claim, StaffAction::Reject),
            Order::Reverse { claim } => self.staff(claim, StaffAction::Reverse),
            Order::Pay { who, what, amount, hold_hours } => {
                self.record_due(who, what, None);
                let number = self.spends.len();
                let about = SpendSubject {
                    member_id: member(who),
                    unit: unit(what),
                    caller_id: SHOP,
                    reference: reference("order", number),
                };
                self.spends.push((Spend::default(), who, what));
                let hold = hold_hours.map(|hours| HoldTime::try_from(format!("{hours}h")).unwrap());
                let (amount, holdings) = (Amount::try_from(amount).unwrap(), self.holdings(who, what));
                let (lots_position, at) = (self.position(), self.now);
                let request = SpendRequest { about, amount, hold, is_blocked: false, holdings, lots_position, at };
                self.spend(number, SpendCommand::Start(Box::new(request)))
            }
            Order::Capture { spend, amount } => self.step(spend, |holdings, at| SpendCommand::Capture {
                amount: amount.map(|amount| amount.try_into().unwrap()),
                holdings,
                at,
            }),
            Order::Release { spend } => self.step(spend, |holdings, at| SpendCommand::Release { holdings, at }),
            Order::Refund { spend, amount } => {
                self.refunds += 1;
                let number = self.refunds;
                let days = self.spends.get(spend).map_or(0, |(.., what)| GRACE_DAYS[*what]);
                self.step(spend, |holdings, at| SpendCommand::Refund {
                    reference: reference("back", number),
                    amount: amount.map(|amount| amount.try_into().unwrap()),
                    holdings,
                    grace: Grace { days: days.try_into().unwrap(), zone: Tz::UTC },
                    at,
                })
            }
            Order::Adjust { who, what, amount, days } => self.adjust(who, what, amount, days),
            Order::Send { who, to, what, amount } => self.send(who, to, what, amount),
            Order::Sweep { who, what } => {
                self.record_due(who, what, None);
                Outcome::Done
            }
            Order::Settle { who, what } => {
                self.record_due(who, what, None);
                self.wallet(who, what, WalletStep::SettleDebt)
            }
            Order::Forfeit { who, what } => {
                self.record_due(who, what, None);
                self.wallet(who, what, WalletStep::Forfeit);
                Outcome::Done
            }
        }
    }

    fn step(&mut self, number: usize, command: impl FnOnce(Arc<Holdings>, Moment) -> SpendCommand) -> Outcome {
        let Some((spend, who, what)) = self.spends.get(number) else { return Outcome::Nothing };
        let (hold, who, what) = (hold_of(spend), *who, *what);
        self.record_due(who, what, hold);
        let command = command(self.holdings(who, what), self.now);
        self.spend(number, command)
    }

    fn request(&self, number: usize, amount: i64, review: bool) -> ClaimCommand {
        let anybody = Condition::parse(&serde_json::json!({"not": {"profileComplete": {}}})).unwrap();
        ClaimCommand::Request(Box::new(DecisionInputs {
            about: Subject {
                member_id: member(self.claims[number].1.who),
                reward_id: RewardId(Uuid::from_u128(1)),
                campaign_id: CampaignId(Uuid::from_u128(2)),
                first_id: None,
                period: format!("ref:{number}"),
                amount: amount.try_into().unwrap(),
                reward_type: RewardType::Point,
            },
            own_campaign: false,
            blocked: false,
            campaign_status: CampaignStatus::Active,
            approval: if review { Approval::Manual } else { Approval::Automatic },
            pending_expires_after: PendingExpiry::default(),
            condition: Arc::new(anybody),
            condition_version: 1,
            campaign_starts_on: NaiveDate::from_ymd_opt(2026, 11, 1).unwrap(),
            facts: Arc::default(),
            facts_position: self.position(),
            time_zone: Tz::UTC,
            asked_at: self.now,
            earlier: None,
            shortage: None,
            budget: None,
            value: self.value_of(number),
        }))
    }

    fn adjust(&mut self, who: usize, what: usize, amount: i64, days: Option<i64>) -> Outcome {
        self.record_due(who, what, None);
        self.adjustments += 1;
        let about = AdjustmentSubject {
            member_id: member(who),
            unit: unit(what),
            amount: amount.try_into().unwrap(),
            operator_id: SHOP,
            note: "A test.".to_owned(),
        };
        let wallet = WalletSeen {
            holdings: self.holdings(who, what),
            lots_position: self.position(),
            zone: Tz::UTC,
            lot_id: AdjustmentId(Uuid::from_u128(1_000 + self.adjustments as u128)).into(),
            at: self.now,
        };
        let expiry = lot_terms(0, days).expiry;
        let request =
            AdjustmentRequest { about, expiry, posted_alone: PostedAlone::default(), four_eyes_above: None, wallet };
        match Adjustment::default().decide(AdjustmentCommand::Request(Box::new(request))) {
            Ok(events) => {
                events.into_iter().for_each(|event| self.append(event));
                Outcome::Done
            }
            Err(AdjustmentRefusal::Lots(refusal)) => refusal.into(),
            Err(_) => Outcome::Refused,
        }
    }

    fn send(&mut self, who: usize, to: usize, what: usize, amount: i64) -> Outcome {
        self.record_due(who, what, None);
        self.transfers += 1;
        let about = TransferSubject {
            member_id: member(who),
            to_member_id: member(to),
            unit: unit(what),
            amount: amount.try_into().unwrap(),
            reference: reference("gift", self.transfers),
        };
        let request = TransferRequest {
            about,
            is_blocked: false,
            limit: DailyLimit::try_from(1_000).unwrap(),
            sent: 0,
            on: self.now.utc().date_naive(),
            holdings: self.holdings(who, what),
            lots_position: self.position(),
            at: self.now,
        };
        match Transfer::default().decide(request) {
            Ok(events) => {
                events.into_iter().for_each(|event| self.append(event));
                Outcome::Done
            }
            Err(TransferRefusal::Lots(refusal)) => refusal.into(),
            Err(_) => Outcome::Refused,
        }
    }
}

fn hold_of(spend: &Spend) -> Option<HoldId> {
    let about = spend.about()?;
    Some(HoldId::Spend(domain::id::SpendId::of(about.caller_id, &about.reference)))
}
