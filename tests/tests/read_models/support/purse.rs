//! What members of a random history do with what they have: they pay, hold, capture, release and refund, lots end, debts are
//! settled. Each step is decided by the domain from what the events before it come to.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::campaign::RewardType;
use domain::claim::{Credit, PriceReleased, Reversal, Subject};
use domain::id::{MemberId, SpendId, WalletId};
use domain::spend::{HoldTime, Paid, Spend, SpendCommand, SpendRequest, SpendStatus, SpendSubject};
use domain::value::{Books, Grace, HoldId, Holdings, OnReversal, UnitCode};
use domain::wallet::{Wallet, WalletCommand, WalletStep};
use domain::zone::Tz;
use domain::{Event, Moment};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use uuid::Uuid;

use super::{Draft, recorded_at};

const SHOP: MemberId = MemberId(Uuid::from_u128(1 << 80));

#[derive(Default)]
pub(crate) struct Purse {
    books: Books,
    position: i64,
    spends: Vec<Spend>,
    references: usize,
}

fn now(position: i64) -> Moment {
    recorded_at(position).into()
}

impl Purse {
    /// The next event of the history.
    pub(crate) fn post(&mut self, event: &Event) {
        self.position += 1;
        self.books.post(event, self.position);
    }

    /// The moment of the next event.
    pub(crate) fn now(&self) -> Moment {
        now(self.position + 1)
    }

    fn holdings(&self, member: MemberId, unit: &UnitCode) -> Arc<Holdings> {
        Arc::new(self.books.wallet(member, unit).cloned().unwrap_or_default())
    }

    /// Whether nothing is due that the write path would record before anything else happens to the wallet.
    fn is_settled(&self, member: MemberId, unit: &UnitCode) -> bool {
        self.holdings(member, unit).due(self.now()).is_empty()
    }

    /// What a grant of points credits: good for some hours, now or later; others credit nothing.
    pub(crate) fn credit(&self, about: &Subject, random: &mut StdRng) -> Option<Credit> {
        if about.reward_type != RewardType::Point {
            return None;
        }
        let now = self.now();
        let in_hours = |hours: i64| Moment::from(now.utc() + TimeDelta::hours(hours));
        let available_from = in_hours([0, 0, 1].choose(random).copied().unwrap());
        let expires_at = [None, Some(in_hours(2)), Some(in_hours(4))].choose(random).copied().unwrap();
        let (unit, amount) = (UnitCode::points(), about.amount);
        Some(Credit { unit, amount, available_from, expires_at, time_zone: Tz::UTC })
    }

    /// The lots that pay a price of three, where the reward is no points and somebody has as much.
    pub(crate) fn price(&self, about: &Subject) -> Option<Paid> {
        let (unit, amount, at) = (UnitCode::points(), 3.try_into().unwrap(), self.now());
        if about.reward_type == RewardType::Point || !self.is_settled(about.member_id, &unit) {
            return None;
        }
        let lots = self.holdings(about.member_id, &unit).allocate(amount, at).ok()?;
        Some(Paid { unit, amount, lots, lots_position: self.position, allocated_at: at })
    }

    /// What comes back of a price that is held.
    pub(crate) fn released(&self, about: &Subject, paid: Option<Paid>) -> Option<PriceReleased> {
        let paid = paid?;
        let released = self.holdings(about.member_id, &paid.unit).release(&paid.lots, self.now());
        Some(PriceReleased { unit: paid.unit, released })
    }

    /// What the reversal of a grant takes back.
    pub(crate) fn reversal(&self, about: &Subject, credit: Option<Credit>, random: &mut StdRng) -> Option<Reversal> {
        let credit = credit.filter(|credit| self.is_settled(about.member_id, &credit.unit))?;
        let rule = *OnReversal::ALL.choose(random).unwrap();
        let held = self.holdings(about.member_id, &credit.unit);
        let taken_back = held.take_back(credit.unit, about.claim_id().into(), rule, self.now());
        Some(Reversal { taken_back: Some(taken_back), ..Reversal::default() })
    }

    /// Something that a member does, or that time does to them.
    pub(crate) fn step(&mut self, random: &mut StdRng) -> Option<Draft> {
        let wallets: Vec<_> = self.books.wallets().map(|(member, unit, _)| (member, unit.clone())).collect();
        let (member, unit) = wallets.choose(random)?.clone();
        let due = self.holdings(member, &unit).due(self.now());
        if let Some(HoldId::Spend(id)) = due.holds.first() {
            let holdings = self.holdings(member, &unit);
            return self.spend(*id, SpendCommand::Expire { holdings, at: self.now() });
        }
        match random.random_range(0..20) {
            _ if !due.lots.is_empty() => self.wallet(member, unit, WalletStep::RecordDue),
            0..7 => self.pay(member, unit, random),
            7..17 => self.go_on(random),
            17..19 => self.wallet(member, unit, WalletStep::SettleDebt),
            _ => self.wallet(member, unit, WalletStep::Forfeit),
        }
    }

    fn wallet(&mut self, member_id: MemberId, unit: UnitCode, step: WalletStep) -> Option<Draft> {
        let stream_id = WalletId::of(member_id, &unit).0;
        let holdings = self.holdings(member_id, &unit);
        let command = WalletCommand { member_id, unit, holdings, at: self.now(), step };
        let Ok(events) = Wallet::default().decide(command);
        let event = events.into_iter().next()?;
        Some(Draft { stream_id, event: event.into() })
    }

    fn pay(&mut self, member_id: MemberId, unit: UnitCode, random: &mut StdRng) -> Option<Draft> {
        self.references += 1;
        let reference = format!("order-{}", self.references).try_into().unwrap();
        let holdings = self.holdings(member_id, &unit);
        let about = SpendSubject { member_id, unit, caller_id: SHOP, reference };
        let id = SpendId::of(SHOP, &about.reference);
        let hold = random.random_bool(0.7).then(|| HoldTime::try_from("40m".to_owned()).unwrap());
        let (amount, at) = (random.random_range(1..15).try_into().unwrap(), self.now());
        let lots_position = self.position;
        let request = SpendRequest { about, amount, hold, is_blocked: false, holdings, lots_position, at };
        let event = Spend::default().decide(SpendCommand::Start(Box::new(request))).ok()?.into_iter().next()?;
        let mut spend = Spend::default();
        spend.evolve(&event);
        self.spends.push(spend);
        Some(Draft { stream_id: id.0, event: event.into() })
    }

    fn go_on(&mut self, random: &mut StdRng) -> Option<Draft> {
        let at = self.now();
        let spend = self.spends.choose(random)?;
        let about = spend.about()?.clone();
        if !self.is_settled(about.member_id, &about.unit) {
            return None;
        }
        let holdings = self.holdings(about.member_id, &about.unit);
        let held = spend.paid()?.amount.get();
        let command = match (spend.status_at(at)?, random.random_range(0..3)) {
            (SpendStatus::Held, 0) => SpendCommand::Release { holdings, at },
            (SpendStatus::Held, _) => {
                let amount = Some(random.random_range(1..=held).try_into().unwrap());
                SpendCommand::Capture { amount, holdings, at }
            }
            (SpendStatus::Captured, _) => {
                self.references += 1;
                let reference = format!("back-{}", self.references).try_into().unwrap();
                let left = spend.captured() - spend.refunded();
                let amount = Some(random.random_range(1..=left.max(1)).try_into().unwrap());
                let days = [0, 1].choose(random).copied().unwrap();
                let grace = Grace { days: i64::from(days).try_into().unwrap(), zone: Tz::UTC };
                SpendCommand::Refund { reference, amount, holdings, grace, at }
            }
            (SpendStatus::Released | SpendStatus::Expired, _) => return None,
        };
        self.spend(SpendId::of(SHOP, &about.reference), command)
    }

    fn spend(&mut self, id: SpendId, command: SpendCommand) -> Option<Draft> {
        let is_it = |spend: &&mut Spend| spend.about().is_some_and(|about| SpendId::of(SHOP, &about.reference) == id);
        let spend = self.spends.iter_mut().find(is_it)?;
        let event = spend.decide(command).ok()?.into_iter().next()?;
        spend.evolve(&event);
        Some(Draft { stream_id: id.0, event: event.into() })
    }
}
