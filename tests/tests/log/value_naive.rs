//! A ledger in which every point is a thing that lies somewhere. It follows the log by what each event is about, chooses points itself
//! and holds its choice against that of the event. It knows no lots but by name and posts nothing.

use std::collections::BTreeMap;

use domain::adjustment::{AdjustmentEvent, Change, Taken};
use domain::claim::{ClaimEvent, Credit, GivenBack, Reversal};
use domain::id::{LotId, MemberId, SpendId, TransferId};
use domain::spend::{Paid, SpendEvent, SpendSubject};
use domain::transfer::TransferEvent;
use domain::value::{Dated, Holdings, NewLot, Portion, Refund, Release, Standing, TakenBack, UnitCode, ValueEvent};
use domain::wallet::WalletEvent;
use domain::{Event, Moment};
use uuid::Uuid;

/// Whose, and of what.
type Owner = (MemberId, UnitCode);

/// One point.
#[derive(Debug, Clone)]
struct Point {
    owner: Owner,
    lot: LotId,
    from: Moment,
    until: Option<Moment>,
    born: i64,
    place: Place,
    /// In which order it was taken.
    taken: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Wallet,
    /// Promised to a payment or a claim, until then.
    Held(Uuid, Moment),
    Paid(Uuid),
    Expired,
    Gone,
}

/// Where every point lies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Naive {
    points: Vec<Point>,
    owed: BTreeMap<Owner, i64>,
    /// What has left a wallet and not arrived: how much, and from when until when it is good.
    on_its_way: BTreeMap<TransferId, Vec<(i64, Moment, Option<Moment>)>>,
}

/// The ledger behind each position of the log.
pub(crate) struct History(Vec<Naive>);

impl History {
    /// Follows a log whose positions are dense.
    pub(crate) fn of(log: &[(i64, Moment, Event)]) -> Self {
        let mut history = Self(vec![Naive::default()]);
        for (position, at, event) in log {
            let next = history.after(*position, *at, event);
            history.0.push(next);
        }
        history
    }

    pub(crate) fn at(&self, position: i64) -> &Naive {
        &self.0[usize::try_from(position).unwrap()]
    }

    fn after(&self, position: i64, at: Moment, event: &Event) -> Naive {
        let mut next = self.at(position - 1).clone();
        match event {
            Event::Claim(event) => self.claim(&mut next, position, at, event),
            Event::Value(ValueEvent::Spend(event)) => self.spend(&mut next, position, at, event),
            Event::Value(ValueEvent::Wallet(event)) => self.wallet(&mut next, position, at, event),
            Event::Value(ValueEvent::Adjustment(event)) => self.adjustment(&mut next, position, event),
            Event::Value(ValueEvent::Transfer(event)) => self.transfer(&mut next, position, event),
            Event::Value(
                ValueEvent::Unit(_)
                | ValueEvent::Coupon(_)
                | ValueEvent::Codes(_)
                | ValueEvent::Budget(_)
                | ValueEvent::Programme(_),
            )
            | Event::Member(_)
            | Event::Activity(_)
            | Event::Campaign(_)
            | Event::Referral(_) => {}
        }
        next
    }

    /// The points that pay, chosen where the payment was decided.
    fn pay(&self, next: &mut Naive, who: MemberId, paid: &Paid, to: Place) {
        let (lots, lots_position) = (paid.lots.clone(), paid.lots_position);
        let taken = Taken { lots, lots_position, allocated_at: paid.allocated_at };
        self.take(next, &(who, paid.unit.clone()), paid.amount.get(), &taken, to);
    }

    /// Points that leave a wallet, chosen where that was decided.
    fn take(&self, next: &mut Naive, owner: &Owner, amount: i64, told: &Taken, to: Place) {
        let known = self.at(told.lots_position);
        let chosen = known.take(owner, amount, told.allocated_at);
        assert_eq!(known.lots_of(&chosen), told.lots, "what is taken: {told:?}");
        let still_there = next.free_points(&told.lots);
        next.put(&still_there, to);
    }

    fn adjustment(&self, next: &mut Naive, position: i64, event: &AdjustmentEvent) {
        let about = event.about();
        let owner = (about.member_id, about.unit.clone());
        match event.change() {
            Some(Change::Given(lot)) => {
                assert_eq!(lot.amount.get(), about.amount.get(), "what {about:?} gives");
                next.create(&owner, lot, position);
            }
            Some(Change::Taken(taken)) => self.take(next, &owner, -about.amount.get(), taken, Place::Gone),
            None => {}
        }
    }

    fn transfer(&self, next: &mut Naive, position: i64, event: &TransferEvent) {
        let about = event.about();
        let id = TransferId::of(about.member_id, &about.reference);
        match event {
            TransferEvent::Sent(sent) => {
                let (lots, lots_position) = (sent.lots.clone(), sent.lots_position);
                let taken = Taken { lots, lots_position, allocated_at: sent.allocated_at };
                let days = sent.lots.iter().map(|part| {
                    let point = next.points.iter().find(|one| one.lot == part.lot_id).unwrap();
                    (part.amount.get(), point.from, point.until)
                });
                next.on_its_way.insert(id, days.collect());
                self.take(next, &(about.member_id, about.unit.clone()), about.amount.get(), &taken, Place::Gone);
            }
            TransferEvent::Received(received) => {
                let told: Vec<_> =
                    received.lots.iter().map(|lot| (lot.amount.get(), lot.available_from, lot.expires_at)).collect();
                assert_eq!(next.on_its_way.remove(&id), Some(told), "what {about:?} brings");
                let owner = (about.to_member_id, about.unit.clone());
                received.lots.iter().for_each(|lot| next.create(&owner, lot, position));
            }
        }
    }

    fn claim(&self, next: &mut Naive, position: i64, at: Moment, event: &ClaimEvent) {
        let about = event.about();
        let (who, id) = (about.member_id, about.claim_id().0);
        match event {
            ClaimEvent::Submitted(event) => {
                event.paid.iter().for_each(|paid| self.pay(next, who, paid, Place::Held(id, event.expires_at)));
            }
            ClaimEvent::Granted(event) => {
                event.paid.iter().for_each(|paid| self.pay(next, who, paid, Place::Paid(id)));
                event.credit.iter().for_each(|credit| next.credit(who, id, credit, position));
            }
            ClaimEvent::Approved(event) => {
                let held = next.of(id);
                next.put(&held, Place::Paid(id));
                event.credit.iter().for_each(|credit| next.credit(who, id, credit, position));
            }
            ClaimEvent::Rejected(event) => next.given_back(id, event.given_back.as_ref(), at),
            ClaimEvent::Expired(event) => next.given_back(id, event.given_back.as_ref(), at),
            ClaimEvent::Withdrawn(event) => next.given_back(id, event.given_back.as_ref(), at),
            ClaimEvent::Reversed(event) => {
                event.reversal.iter().for_each(|reversal| self.reverse(next, who, id, reversal, position, at));
            }
            ClaimEvent::Credited(event) => next.credit(who, id, &event.credit, position),
            ClaimEvent::Denied(_) | ClaimEvent::Fulfilled(_) | ClaimEvent::FulfilmentFailed(_) => {}
        }
    }

    fn reverse(&self, next: &mut Naive, who: MemberId, id: Uuid, reversal: &Reversal, position: i64, at: Moment) {
        if let Some(taken) = &reversal.taken_back {
            let (owner, lot) = ((who, taken.unit.clone()), LotId(id));
            self.assert_chosen_before(position, &taken.lots, |known| known.take_back(&owner, lot, at));
            let chosen = next.free_points(&taken.lots);
            next.put(&chosen, Place::Gone);
            let rest = next.lot_is_short_of(lot, &chosen);
            let TakenBack { owed, written_off, .. } = taken;
            assert_eq!(owed + written_off, rest, "what is left of {taken:?}");
            *next.owed.entry(owner).or_default() += owed;
        }
        if let Some(price) = &reversal.price {
            let back = next.last_paid(id, i64::MAX);
            next.come_back(back, &price.refund, position, at);
        }
    }

    fn spend(&self, next: &mut Naive, position: i64, at: Moment, event: &SpendEvent) {
        let SpendSubject { member_id, caller_id, reference, .. } = event.about();
        let id = SpendId::of(*caller_id, reference).0;
        match event {
            SpendEvent::Held(event) => self.pay(next, *member_id, &event.paid, Place::Held(id, event.expires_at)),
            SpendEvent::Made(event) => self.pay(next, *member_id, &event.paid, Place::Paid(id)),
            SpendEvent::Captured(event) => {
                let amount: i64 = event.lots.iter().map(|part| part.amount.get()).sum();
                let held = next.of(id);
                let (taken, rest) = held.split_at(usize::try_from(amount).unwrap());
                assert_eq!(next.lots_of(taken), event.lots, "what {id} captures");
                next.put(taken, Place::Paid(id));
                next.release(rest, &event.released, at);
            }
            SpendEvent::Released(event) => next.release(&next.of(id), &event.released, at),
            SpendEvent::Expired(event) => next.release(&next.of(id), &event.released, at),
            SpendEvent::Refunded(event) => {
                let back = next.last_paid(id, event.refund.amount());
                next.come_back(back, &event.refund, position, at);
            }
        }
    }

    fn wallet(&self, next: &mut Naive, position: i64, at: Moment, event: &WalletEvent) {
        match event {
            WalletEvent::Expired(event) => {
                let owner = (event.member_id, event.unit.clone());
                let over = next.filtered(|one| one.is_free(&owner) && one.is_over(at));
                let sorted = |mut lots: Vec<Portion>| {
                    lots.sort_by_key(|part| part.lot_id);
                    lots
                };
                assert_eq!(sorted(next.lots_of(&over)), sorted(event.lots.clone()), "what ends");
                next.put(&over, Place::Expired);
            }
            WalletEvent::DebtSettled(event) => {
                let owner = (event.member_id, event.unit.clone());
                self.assert_chosen_before(position, &event.lots, |known| known.settle(&owner, at));
                let chosen = next.free_points(&event.lots);
                *next.owed.entry(owner).or_default() -= i64::try_from(chosen.len()).unwrap();
                next.put(&chosen, Place::Gone);
            }
            WalletEvent::Forfeited(event) => {
                let owner = (event.member_id, event.unit.clone());
                let free = next.filtered(|one| one.is_free(&owner));
                next.put(&free, Place::Expired);
            }
        }
    }

    /// An event that does not say what was known when it was decided: its lots are chosen at one of the last positions.
    fn assert_chosen_before(&self, position: i64, lots: &[Portion], choose: impl Fn(&Naive) -> Vec<usize>) {
        let mut known = (0..position).rev().take(60).map(|before| self.at(before));
        assert!(known.any(|known| known.lots_of(&choose(known)) == lots), "nobody would choose {lots:?} at {position}");
    }
}

impl Point {
    fn is_free(&self, owner: &Owner) -> bool {
        self.place == Place::Wallet && self.owner == *owner
    }

    fn is_over(&self, at: Moment) -> bool {
        self.until.is_some_and(|until| until <= at)
    }
}

impl Naive {
    fn filtered(&self, wanted: impl Fn(&Point) -> bool) -> Vec<usize> {
        (0..self.points.len()).filter(|number| wanted(&self.points[*number])).collect()
    }

    fn put(&mut self, points: &[usize], place: Place) {
        for (order, number) in points.iter().enumerate() {
            let point = &mut self.points[*number];
            // what is promised or paid keeps the order in which it was taken
            if point.place == Place::Wallet {
                point.taken = order;
            }
            point.place = place;
        }
    }

    /// The points of a payment or a claim that are held, in the order in which they were taken.
    fn of(&self, id: Uuid) -> Vec<usize> {
        let mut held = self.filtered(|one| matches!(one.place, Place::Held(by, _) if by == id));
        held.sort_by_key(|number| self.points[*number].taken);
        held
    }

    fn last_paid(&self, id: Uuid, amount: i64) -> Vec<usize> {
        let mut paid = self.filtered(|one| one.place == Place::Paid(id));
        paid.sort_by_key(|number| std::cmp::Reverse(self.points[*number].taken));
        paid.truncate(usize::try_from(amount).unwrap());
        paid
    }

    /// What lies where at a moment, recorded or not: promises and days are over at their instants.
    fn as_of(&self, at: Moment) -> Self {
        let mut seen = self.clone();
        for point in &mut seen.points {
            if matches!(point.place, Place::Held(_, until) if until <= at) {
                point.place = Place::Wallet;
            }
            if point.place == Place::Wallet && point.is_over(at) {
                point.place = Place::Expired;
            }
        }
        seen
    }

    /// The points that can be used, in the order in which they are.
    fn usable(&self, owner: &Owner, at: Moment) -> Vec<usize> {
        let seen = self.as_of(at);
        let mut usable = seen.filtered(|one| one.is_free(owner) && one.from <= at);
        usable.sort_by_key(|number| {
            let point = &seen.points[*number];
            (point.until.is_none(), point.until, point.born, point.lot)
        });
        usable
    }

    fn owes(&self, owner: &Owner) -> i64 {
        self.owed.get(owner).copied().unwrap_or(0)
    }

    fn take(&self, owner: &Owner, amount: i64, at: Moment) -> Vec<usize> {
        let mut usable = self.usable(owner, at);
        let have = i64::try_from(usable.len()).unwrap() - self.owes(owner);
        assert!(have >= amount, "{amount} are taken of {have}");
        usable.truncate(usize::try_from(amount).unwrap());
        usable
    }

    fn settle(&self, owner: &Owner, at: Moment) -> Vec<usize> {
        let mut usable = self.usable(owner, at);
        usable.truncate(usize::try_from(self.owes(owner)).unwrap());
        usable
    }

    /// The lot that a grant gave, as far as it is there, and then what else can be used.
    fn take_back(&self, owner: &Owner, lot: LotId, at: Moment) -> Vec<usize> {
        let seen = self.as_of(at);
        let own = seen.filtered(|one| one.is_free(owner) && one.lot == lot);
        let given = seen.filtered(|one| one.lot == lot && one.place != Place::Expired);
        let others = self.usable(owner, at).into_iter().filter(|number| seen.points[*number].lot != lot);
        let all = own.iter().copied().chain(others);
        all.take(given.len()).collect()
    }

    /// How much of a lot that is taken back is not covered by what was taken for it.
    fn lot_is_short_of(&self, lot: LotId, taken: &[usize]) -> i64 {
        let given = self.filtered(|one| one.lot == lot && one.place != Place::Expired).len();
        i64::try_from(given).unwrap() - i64::try_from(taken.len()).unwrap()
    }

    /// Points of lots that lie in a wallet: of one lot, one is as good as another, and somebody else may have taken some since they
    /// were chosen.
    fn free_points(&self, lots: &[Portion]) -> Vec<usize> {
        let of_one = |part: &Portion| {
            let mut free = self.filtered(|one| one.lot == part.lot_id && one.place == Place::Wallet);
            let amount = usize::try_from(part.amount.get()).unwrap();
            assert!(free.len() >= amount, "{amount} are taken of lot {}, and {} are there", part.lot_id, free.len());
            free.truncate(amount);
            free
        };
        lots.iter().flat_map(of_one).collect()
    }

    /// Points as parts of lots, in their order.
    fn lots_of(&self, points: &[usize]) -> Vec<Portion> {
        let lots: Vec<LotId> = points.iter().map(|number| self.points[*number].lot).collect();
        let parts = lots.chunk_by(|one, other| one == other);
        parts.map(|part| Portion::of(part[0], i64::try_from(part.len()).unwrap()).unwrap()).collect()
    }

    fn create(&mut self, owner: &Owner, lot: &NewLot, born: i64) {
        let point = Point {
            owner: owner.clone(),
            lot: lot.lot_id,
            from: lot.available_from,
            until: lot.expires_at,
            born,
            place: Place::Wallet,
            taken: 0,
        };
        (0..lot.amount.get()).for_each(|_| self.points.push(point.clone()));
    }

    fn credit(&mut self, who: MemberId, id: Uuid, credit: &Credit, born: i64) {
        let Credit { amount, available_from, expires_at, .. } = *credit;
        let lot = NewLot { lot_id: LotId(id), amount, available_from, expires_at };
        self.create(&(who, credit.unit.clone()), &lot, born);
    }

    fn given_back(&mut self, id: Uuid, given_back: Option<&GivenBack>, at: Moment) {
        let price = given_back.and_then(|given_back| given_back.price.as_ref());
        price.iter().for_each(|price| self.release(&self.of(id), &price.released, at));
    }

    /// Promised points are back, and those are over whose days are.
    fn release(&mut self, points: &[usize], told: &Release, at: Moment) {
        let (over, back): (Vec<usize>, Vec<usize>) =
            points.iter().partition(|number| self.points[**number].is_over(at));
        assert_eq!((self.lots_of(&back), self.lots_of(&over)), (told.returned.clone(), told.expired.clone()));
        self.put(&back, Place::Wallet);
        self.put(&over, Place::Expired);
    }

    /// Paid points are back; those whose days are over live on in a lot of their own, or not at all.
    fn come_back(&mut self, points: Vec<usize>, told: &Refund, born: i64, at: Moment) {
        let (over, back): (Vec<usize>, Vec<usize>) =
            points.iter().partition(|number| self.points[**number].is_over(at));
        assert_eq!(self.lots_of(&back), told.returned);
        self.put(&back, Place::Wallet);
        match &told.renewed {
            Some(lot) => {
                assert_eq!(lot.amount.get(), i64::try_from(over.len()).unwrap());
                let owner = self.points[over[0]].owner.clone();
                self.put(&over, Place::Gone);
                self.create(&owner, lot, born);
            }
            None => {
                assert_eq!(self.lots_of(&over), told.expired);
                self.put(&over, Place::Expired);
            }
        }
    }

    /// What a wallet says of itself at a moment.
    pub(crate) fn standing(&self, who: MemberId, unit: &UnitCode, at: Moment) -> Standing {
        let (owner, seen) = ((who, unit.clone()), self.as_of(at));
        let count = |wanted: &dyn Fn(&Point) -> bool| i64::try_from(seen.filtered(wanted).len()).unwrap();
        let free = count(&|one| one.is_free(&owner));
        let held = count(&|one| one.owner == owner && matches!(one.place, Place::Held(..)));
        let usable = count(&|one| one.is_free(&owner) && one.from <= at);
        let owed = self.owes(&owner);
        let dated = |when: &dyn Fn(&Point) -> Option<Moment>| {
            let mut sums = BTreeMap::new();
            let free = seen.points.iter().filter(|one| one.is_free(&owner));
            free.filter_map(when).for_each(|at| *sums.entry(at).or_insert(0) += 1);
            sums.into_iter().map(|(at, amount)| Dated { at, amount }).collect()
        };
        Standing {
            balance: free + held - owed,
            available: (usable - owed).max(0),
            pending: free - usable,
            held,
            receivable: -owed,
            expiring: dated(&|one| one.until),
            maturing: dated(&|one| Some(one.from).filter(|from| *from > at)),
        }
    }

    /// What is free of each lot, as it is recorded.
    pub(crate) fn free_lots(&self, who: MemberId, unit: &UnitCode) -> BTreeMap<LotId, i64> {
        let owner = (who, unit.clone());
        let mut lots = BTreeMap::new();
        for point in self.points.iter().filter(|one| one.is_free(&owner)) {
            *lots.entry(point.lot).or_insert(0) += 1;
        }
        lots
    }
}

/// What is free of each lot by the rules under test.
pub(crate) fn free_lots(holdings: &Holdings) -> BTreeMap<LotId, i64> {
    holdings.lots().filter(|(_, lot)| lot.free > 0).map(|(id, lot)| (id, lot.free)).collect()
}
