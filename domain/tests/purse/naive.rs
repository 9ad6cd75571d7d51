//! A ledger in which every point is a thing that lies somewhere. It knows no lots but by name, sums nothing up, and shares with the
//! rules under test only the days of a lot and how lots are named.

use std::collections::BTreeMap;

use domain::Moment;
use domain::id::{AdjustmentId, LotId, SpendId, TransferId};
use domain::value::{Account, Dated, LotDates, Standing};
use uuid::Uuid;

use super::random::Order;
use super::{Desk, GRACE_DAYS, Outcome, PENDING_HOURS, RULES, SHOP, UNITS, lot_terms, member, reference};
use domain::value::OnReversal;

/// One point.
#[derive(Debug, Clone, Copy)]
struct Point {
    who: usize,
    what: usize,
    lot: LotId,
    dates: LotDates,
    born: i64,
    place: Place,
    /// In which order it was taken by the payment that it is with.
    taken: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Wallet,
    HeldBySpend(usize),
    HeldByClaim(usize),
    PaidBySpend(usize),
    PaidByClaim(usize),
    Expired,
    TakenBack,
    Adjusted,
    SettledADebt,
    /// It has become another point: of a receiver, or of a refund.
    Became,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Never,
    Held,
    Paid,
    Over { released: bool, expired: bool },
}

#[derive(Debug, Clone, Copy)]
struct Spend {
    what: usize,
    stage: Stage,
    was_held: bool,
    amount: i64,
    captured: i64,
    until: Option<Moment>,
}

#[derive(Debug, Clone, Copy)]
struct Claim {
    who: usize,
    what: usize,
    amount: i64,
    after: i64,
    days: Option<i64>,
    stage: Stage,
    until: Option<Moment>,
}

#[derive(Default)]
pub(crate) struct Naive {
    points: Vec<Point>,
    spends: Vec<Spend>,
    claims: Vec<Claim>,
    debts: [[i64; UNITS]; super::MEMBERS],
    taken_back: [i64; UNITS],
    issued: [i64; UNITS],
    given: [i64; UNITS],
    adjustments: u128,
    transfers: usize,
}

impl Naive {
    fn in_wallet(&self, who: usize, what: usize) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(move |point| point.place == Place::Wallet && point.who == who && point.what == what)
    }

    pub(crate) fn standing(&self, who: usize, what: usize, now: Moment) -> Standing {
        let mut seen = Self {
            points: self.points.clone(),
            spends: self.spends.clone(),
            claims: self.claims.clone(),
            ..Self::default()
        };
        seen.end_what_is_due(now);
        let count = |wanted: &dyn Fn(&Point) -> bool| {
            i64::try_from(seen.points.iter().filter(|one| one.who == who && one.what == what && wanted(one)).count())
                .unwrap()
        };
        let free = count(&|one| one.place == Place::Wallet);
        let held = count(&|one| matches!(one.place, Place::HeldBySpend(_) | Place::HeldByClaim(_)));
        let usable = count(&|one| one.place == Place::Wallet && one.dates.available_from <= now);
        let owed = self.debts[who][what];
        let dated = |when: &dyn Fn(&Point) -> Option<Moment>| {
            let mut moments: Vec<Moment> = seen.in_wallet(who, what).filter_map(when).collect();
            moments.sort_unstable();
            moments
                .chunk_by(|one, other| one == other)
                .map(|same| Dated { at: same[0], amount: i64::try_from(same.len()).unwrap() })
                .collect()
        };
        Standing {
            balance: free + held - owed,
            available: (usable - owed).max(0),
            pending: free - usable,
            held,
            receivable: -owed,
            expiring: dated(&|one| one.dates.expires_at),
            maturing: dated(&|one| Some(one.dates.available_from).filter(|from| *from > now)),
        }
    }

    /// How much of each lot is free.
    pub(crate) fn free_lots(&self, who: usize, what: usize) -> BTreeMap<LotId, i64> {
        let mut lots = BTreeMap::new();
        self.in_wallet(who, what).for_each(|point| *lots.entry(point.lot).or_insert(0) += 1);
        lots
    }

    pub(crate) fn balance(&self, what: usize, account: Account) -> i128 {
        let count = |wanted: &dyn Fn(Place) -> bool| {
            self.points.iter().filter(|one| one.what == what && wanted(one.place)).count() as i128
        };
        let debts: i64 = self.debts.iter().map(|of| of[what]).sum();
        match account {
            Account::Wallet => count(&|place| place == Place::Wallet),
            Account::Held => count(&|place| matches!(place, Place::HeldBySpend(_) | Place::HeldByClaim(_))),
            Account::Receivable => -i128::from(debts),
            Account::Issued => -i128::from(self.issued[what]),
            Account::Spent => count(&|place| matches!(place, Place::PaidBySpend(_) | Place::PaidByClaim(_))),
            Account::Expired => count(&|place| place == Place::Expired),
            // what settled a debt was taken back when the debt began
            Account::TakenBack => i128::from(self.taken_back[what]),
            Account::Adjusted => count(&|place| place == Place::Adjusted) - i128::from(self.given[what]),
            Account::InTransit => 0,
        }
    }

    /// Ends holds that are over and points whose days are.
    pub(crate) fn end_what_is_due(&mut self, now: Moment) {
        for number in 0..self.spends.len() {
            if self.spends[number].stage == Stage::Held && self.spends[number].until.is_some_and(|until| until <= now) {
                self.spends[number].stage = Stage::Over { released: false, expired: true };
                self.give_back(Place::HeldBySpend(number));
            }
        }
        for number in 0..self.claims.len() {
            if self.claims[number].stage == Stage::Held && self.claims[number].until.is_some_and(|until| until <= now) {
                self.claims[number].stage = Stage::Over { released: false, expired: true };
                self.give_back(Place::HeldByClaim(number));
            }
        }
        for point in &mut self.points {
            if point.place == Place::Wallet && point.dates.expires_at.is_some_and(|end| end <= now) {
                point.place = Place::Expired;
            }
        }
    }

    fn give_back(&mut self, from: Place) {
        self.points.iter_mut().filter(|point| point.place == from).for_each(|point| point.place = Place::Wallet);
    }

    /// The points that can be used, in the order in which they are.
    fn usable(&self, who: usize, what: usize, now: Moment) -> Vec<usize> {
        let mine = |number: &usize| {
            let point = &self.points[*number];
            point.place == Place::Wallet && point.who == who && point.what == what && point.dates.available_from <= now
        };
        let mut usable: Vec<usize> = (0..self.points.len()).filter(mine).collect();
        usable.sort_by_key(|number| {
            let point = &self.points[*number];
            (point.dates.expires_at.map_or(i64::MAX, |end| end.utc().timestamp_millis()), point.born, point.lot)
        });
        usable
    }

    fn take(&mut self, who: usize, what: usize, amount: i64, to: Place, now: Moment) -> Result<Vec<usize>, Outcome> {
        let usable = self.usable(who, what, now);
        let have = (i64::try_from(usable.len()).unwrap() - self.debts[who][what]).max(0);
        if have < amount {
            return Err(Outcome::Short { need: amount, have });
        }
        let taken: Vec<usize> = usable.into_iter().take(usize::try_from(amount).unwrap()).collect();
        for (order, number) in taken.iter().enumerate() {
            self.points[*number].place = to;
            self.points[*number].taken = order;
        }
        Ok(taken)
    }

    fn create(&mut self, who: usize, what: usize, amount: i64, lot: LotId, dates: LotDates, born: i64) {
        let point = Point { who, what, lot, dates, born, place: Place::Wallet, taken: 0 };
        (0..amount).for_each(|_| self.points.push(point));
    }

    /// Carries out an order; `before` is where the log ended before, and the desk has the log behind it.
    pub(crate) fn obey(&mut self, order: &Order, now: Moment, before: i64, desk: &Desk) -> Outcome {
        // the last event of an order gives the lots: only they are asked for their age
        let born = desk.position().max(before);
        self.carry_out(order, now, born, desk).unwrap_or_else(|refused| refused)
    }

    fn carry_out(&mut self, order: &Order, now: Moment, born: i64, desk: &Desk) -> Result<Outcome, Outcome> {
        match *order {
            Order::Wait { .. } | Order::Sweep { .. } => {}
            Order::Claim { who, what, amount, after, days, price, review } => {
                let number = self.claims.len();
                let until = review.then(|| later(now, PENDING_HOURS));
                self.claims.push(Claim { who, what, amount, after, days, stage: Stage::Never, until });
                let priced = (what + 1) % UNITS;
                let to = if review { Place::HeldByClaim(number) } else { Place::PaidByClaim(number) };
                if let Some(price) = price {
                    self.take(who, priced, price, to, now)?;
                }
                self.claims[number].stage = if review { Stage::Held } else { Stage::Paid };
                if !review {
                    self.credit(number, now, born, desk);
                }
            }
            Order::Approve { claim } => {
                self.pending(claim)?;
                self.claims[claim].stage = Stage::Paid;
                let held = |point: &&mut Point| point.place == Place::HeldByClaim(claim);
                self.points.iter_mut().filter(held).for_each(|point| point.place = Place::PaidByClaim(claim));
                self.credit(claim, now, born, desk);
            }
            Order::Reject { claim } => {
                self.pending(claim)?;
                self.claims[claim].stage = Stage::Over { released: true, expired: false };
                self.give_back(Place::HeldByClaim(claim));
                self.end_what_is_due(now);
            }
            Order::Reverse { claim } => self.reverse(claim, now, born, desk)?,
            Order::Pay { who, what, amount, hold_hours } => {
                let number = self.spends.len();
                let until = hold_hours.map(|hours| later(now, hours));
                let stage = Stage::Never;
                self.spends.push(Spend { what, stage, was_held: until.is_some(), amount, captured: 0, until });
                let (to, stage) = match until {
                    Some(_) => (Place::HeldBySpend(number), Stage::Held),
                    None => (Place::PaidBySpend(number), Stage::Paid),
                };
                self.take(who, what, amount, to, now)?;
                self.spends[number].stage = stage;
                self.spends[number].captured = if until.is_none() { amount } else { 0 };
            }
            Order::Capture { spend, amount } => return self.capture(spend, amount, now),
            Order::Release { spend } => {
                let found = *self.spends.get(spend).ok_or(Outcome::Nothing)?;
                match found.stage {
                    Stage::Held => {}
                    Stage::Over { expired: true, .. } => return Err(Outcome::HoldExpired),
                    Stage::Over { .. } => return Err(Outcome::Nothing),
                    Stage::Never | Stage::Paid => return Err(Outcome::Refused),
                }
                self.spends[spend].stage = Stage::Over { released: true, expired: false };
                self.give_back(Place::HeldBySpend(spend));
                self.end_what_is_due(now);
            }
            Order::Refund { spend, amount } => return self.refund(spend, amount, now, born, desk),
            Order::Adjust { who, what, amount, days } => {
                self.adjustments += 1;
                if amount < 0 {
                    self.take(who, what, -amount, Place::Adjusted, now)?;
                } else {
                    let lot = AdjustmentId(Uuid::from_u128(1_000 + self.adjustments)).into();
                    self.given[what] += amount;
                    self.create(who, what, amount, lot, lot_terms(0, days).dates(now), born);
                }
            }
            Order::Send { who, to, what, amount } => {
                self.transfers += 1;
                let transfer = TransferId::of(member(who), &reference("gift", self.transfers));
                for number in self.take(who, what, amount, Place::Became, now)? {
                    let sent = self.points[number];
                    self.create(to, what, 1, LotId::of_transfer(transfer, sent.lot), sent.dates, born);
                }
            }
            Order::Settle { who, what } => {
                if self.settle(who, what, now) == 0 {
                    return Ok(Outcome::Nothing);
                }
            }
            Order::Forfeit { who, what } => {
                self.settle(who, what, now);
                let mine = |point: &&mut Point| point.place == Place::Wallet && point.who == who && point.what == what;
                self.points.iter_mut().filter(mine).for_each(|point| point.place = Place::Expired);
            }
        }
        Ok(Outcome::Done)
    }

    fn pending(&self, claim: usize) -> Result<(), Outcome> {
        let found = self.claims.get(claim).ok_or(Outcome::Nothing)?;
        if found.stage == Stage::Held { Ok(()) } else { Err(Outcome::Refused) }
    }

    fn credit(&mut self, number: usize, now: Moment, born: i64, desk: &Desk) {
        let Claim { who, what, amount, after, days, .. } = self.claims[number];
        self.issued[what] += amount;
        self.create(who, what, amount, desk.claim_lot(number), lot_terms(after, days).dates(now), born);
    }

    fn settle(&mut self, who: usize, what: usize, now: Moment) -> i64 {
        let usable = self.usable(who, what, now);
        let settled = self.debts[who][what].min(i64::try_from(usable.len()).unwrap());
        for number in usable.into_iter().take(usize::try_from(settled).unwrap()) {
            self.points[number].place = Place::SettledADebt;
        }
        self.debts[who][what] -= settled;
        settled
    }

    fn capture(&mut self, spend: usize, amount: Option<i64>, now: Moment) -> Result<Outcome, Outcome> {
        let found = *self.spends.get(spend).ok_or(Outcome::Nothing)?;
        let wanted = amount.unwrap_or(found.amount);
        match found.stage {
            Stage::Held => {}
            Stage::Paid if found.was_held && found.captured == wanted => return Ok(Outcome::Nothing),
            Stage::Over { expired: true, .. } => return Err(Outcome::HoldExpired),
            Stage::Never | Stage::Paid | Stage::Over { .. } => return Err(Outcome::Refused),
        }
        if wanted > found.amount {
            return Err(Outcome::TooMuch { most: found.amount });
        }
        for point in self.points.iter_mut().filter(|point| point.place == Place::HeldBySpend(spend)) {
            let is_captured = i64::try_from(point.taken).unwrap() < wanted;
            point.place = if is_captured { Place::PaidBySpend(spend) } else { Place::Wallet };
        }
        self.spends[spend].stage = Stage::Paid;
        self.spends[spend].captured = wanted;
        self.end_what_is_due(now);
        Ok(Outcome::Done)
    }

    fn refund(
        &mut self,
        spend: usize,
        amount: Option<i64>,
        now: Moment,
        born: i64,
        desk: &Desk,
    ) -> Result<Outcome, Outcome> {
        let found = *self.spends.get(spend).ok_or(Outcome::Nothing)?;
        if found.stage != Stage::Paid {
            return Err(Outcome::Refused);
        }
        let mut paid: Vec<usize> =
            (0..self.points.len()).filter(|number| self.points[*number].place == Place::PaidBySpend(spend)).collect();
        let most = i64::try_from(paid.len()).unwrap();
        let wanted = amount.unwrap_or(most);
        if wanted > most || most == 0 {
            return Err(Outcome::TooMuch { most });
        }
        paid.sort_by_key(|number| std::cmp::Reverse(self.points[*number].taken));
        paid.truncate(usize::try_from(wanted).unwrap());
        let id = SpendId::of(SHOP, &reference("order", spend));
        self.come_back(&paid, LotId::of_refund(id.0, &desk.last_refund()), GRACE_DAYS[found.what], now, born);
        Ok(Outcome::Done)
    }

    /// Points come back from where they were paid: those whose days are over live on for a while, or end.
    fn come_back(&mut self, paid: &[usize], renewed: LotId, grace: i64, now: Moment, born: i64) {
        for number in paid {
            let point = self.points[*number];
            if point.dates.expires_at.is_none_or(|end| end > now) {
                self.points[*number].place = Place::Wallet;
            } else if grace == 0 {
                self.points[*number].place = Place::Expired;
            } else {
                self.points[*number].place = Place::Became;
                self.create(point.who, point.what, 1, renewed, lot_terms(0, Some(grace)).dates(now), born);
            }
        }
    }

    fn reverse(&mut self, claim: usize, now: Moment, born: i64, desk: &Desk) -> Result<(), Outcome> {
        let found = *self.claims.get(claim).ok_or(Outcome::Nothing)?;
        if found.stage != Stage::Paid {
            return Err(Outcome::Refused);
        }
        self.claims[claim].stage = Stage::Over { released: true, expired: false };
        let Claim { who, what, amount, .. } = found;
        let lot = desk.claim_lot(claim);
        let of_lot = |point: &Point, place| point.lot == lot && point.place == place;
        let ended = self.points.iter().filter(|point| of_lot(point, Place::Expired)).count();
        let mut wanted = amount - i64::try_from(ended).unwrap();
        let own: Vec<usize> =
            (0..self.points.len()).filter(|number| of_lot(&self.points[*number], Place::Wallet)).collect();
        let others = self.usable(who, what, now).into_iter().filter(|number| self.points[*number].lot != lot);
        let all: Vec<usize> = own.into_iter().chain(others).collect();
        for number in all {
            if wanted > 0 {
                self.points[number].place = Place::TakenBack;
                self.taken_back[what] += 1;
                wanted -= 1;
            }
        }
        if RULES[what] == OnReversal::Negative {
            self.debts[who][what] += wanted;
            self.taken_back[what] += wanted;
        }
        let mut paid: Vec<usize> =
            (0..self.points.len()).filter(|number| self.points[*number].place == Place::PaidByClaim(claim)).collect();
        paid.sort_by_key(|number| std::cmp::Reverse(self.points[*number].taken));
        let priced = (what + 1) % UNITS;
        self.come_back(&paid, LotId::of_refund(lot.0, "reversal"), GRACE_DAYS[priced], now, born);
        Ok(())
    }
}

fn later(now: Moment, hours: i64) -> Moment {
    Moment::from(now.utc() + chrono::TimeDelta::hours(hours))
}
