//! What one member holds of one unit while the log is posted: as it was some events ago, with the events since, so that it can be told
//! for the position at which a payment was decided. Each event is held against the lots and holds that it is about.

use std::collections::{BTreeMap, VecDeque};

use domain::Event;
use domain::id::{LotId, MemberId};
use domain::value::{
    Account, Entry, Hold, HoldChange, HoldId, Holdings, LotChange, NewLot, Portion, UnitCode, entries, hold_change,
    total,
};

/// How many events of a wallet are kept before the oldest of them are taken into account for good. A payment is decided on what was
/// known a moment before; what is asked for beyond is read from the log.
const KEPT_EVENTS: usize = 128;

/// What one event moves in one wallet.
pub(super) struct Movement {
    position: i64,
    entries: Vec<Moved>,
    hold: Option<(HoldId, HoldStep)>,
}

/// An [`Entry`] that outlives its event.
struct Moved {
    from: Account,
    to: Account,
    lots: Lots,
}

enum Lots {
    Of(Vec<Portion>),
    New(Vec<NewLot>),
    None(i64),
}

/// A [`HoldChange`] that outlives its event.
enum HoldStep {
    Begun(Hold),
    Ended,
}

/// Something that does not fit to what was there.
pub(super) struct Wrong {
    /// Where.
    pub(super) position: Option<i64>,
    /// What.
    pub(super) reason: String,
}

/// What one member holds of one unit.
#[derive(Default)]
pub(super) struct Wallet {
    /// As of this position …
    known_at: i64,
    /// … it was this.
    known: Holdings,
    /// What came since.
    recent: VecDeque<Movement>,
    wallet: i128,
    held: i128,
    receivable: i128,
}

/// What an event moves, by wallet.
pub(super) fn movements(event: &Event, position: i64) -> Vec<(MemberId, UnitCode, Movement)> {
    let mut hold = hold_change(event);
    let mut by_wallet: BTreeMap<(MemberId, UnitCode), Movement> = BTreeMap::new();
    for entry in entries(event) {
        let key = (entry.member, entry.unit.clone());
        let movement = by_wallet.entry(key).or_insert_with(|| Movement { position, entries: vec![], hold: None });
        // all entries to or from what is held are about one wallet's hold
        if [entry.from, entry.to].contains(&Account::Held)
            && let Some((id, change)) = hold.take()
        {
            movement.hold = Some((id, change.into()));
        }
        movement.entries.push(entry.into());
    }
    by_wallet.into_iter().map(|((member, unit), movement)| (member, unit, movement)).collect()
}

impl From<Entry<'_>> for Moved {
    fn from(entry: Entry<'_>) -> Self {
        let lots = match entry.lots {
            LotChange::Of(portions) => Lots::Of(portions.to_vec()),
            LotChange::New(lots) => Lots::New(lots),
            LotChange::None(amount) => Lots::None(amount),
        };
        Self { from: entry.from, to: entry.to, lots }
    }
}

impl From<HoldChange<'_>> for HoldStep {
    fn from(change: HoldChange<'_>) -> Self {
        match change {
            HoldChange::Begun { expires_at, lots } => Self::Begun(Hold { expires_at, lots: lots.to_vec() }),
            HoldChange::Ended => Self::Ended,
        }
    }
}

impl Movement {
    fn apply(&self, holdings: &mut Holdings) {
        // whose it is, is not asked for: the holdings are one wallet's
        let (member, unit) = (MemberId(uuid::Uuid::nil()), UnitCode::points());
        for Moved { from, to, lots } in &self.entries {
            let lots = match lots {
                Lots::Of(portions) => LotChange::Of(portions),
                Lots::New(lots) => LotChange::New(lots.clone()),
                Lots::None(amount) => LotChange::None(*amount),
            };
            holdings.apply(&Entry { member, unit: &unit, from: *from, to: *to, lots }, self.position);
        }
        match &self.hold {
            None => {}
            Some((id, HoldStep::Ended)) => holdings.apply_hold(*id, &HoldChange::Ended),
            Some((id, HoldStep::Begun(Hold { expires_at, lots }))) => {
                holdings.apply_hold(*id, &HoldChange::Begun { expires_at: *expires_at, lots });
            }
        }
    }

    /// What does not fit to the lots and holds of before.
    fn contradiction(&self, before: &Holdings) -> Option<String> {
        let new = self.entries.iter().flat_map(|moved| moved.lots.given());
        if let Some(lot) = new.into_iter().find(|lot| before.lot(lot.lot_id).is_some()) {
            return Some(format!("lot {} begins twice", lot.lot_id));
        }
        let held = |id: &HoldId| before.holds().find(|(open, _)| open == id).map(|(_, hold)| by_lot(&hold.lots));
        match &self.hold {
            None => None,
            Some((id, HoldStep::Begun(_))) => held(id).map(|_| format!("{} begins twice", told(*id))),
            Some((id, HoldStep::Ended)) => match held(id) {
                None => Some(format!("{} ends, which is not open", told(*id))),
                Some(held) => {
                    let ended = self.entries.iter().filter(|moved| moved.from == Account::Held);
                    let ended: Vec<Portion> = ended.flat_map(|moved| moved.lots.portions().iter().copied()).collect();
                    (by_lot(&ended) != held).then(|| format!("{} ends with other points than it was of", told(*id)))
                }
            },
        }
    }

    /// What cannot be of the lots that it is about.
    fn impossible(&self, after: &Holdings) -> Option<String> {
        let portions = self.entries.iter().flat_map(|moved| moved.lots.portions());
        portions.into_iter().find_map(|part| match after.lot(part.lot_id) {
            None => Some(format!("lot {} is not there", part.lot_id)),
            Some(lot) => {
                let fits = lot.free >= 0 && lot.expired >= 0 && lot.free.saturating_add(lot.expired) <= lot.amount;
                (!fits).then(|| {
                    let (id, free, expired, amount) = (part.lot_id, lot.free, lot.expired, lot.amount);
                    format!("lot {id} of {amount} has {free} free and {expired} expired then")
                })
            }
        })
    }
}

impl Lots {
    fn portions(&self) -> &[Portion] {
        match self {
            Self::Of(portions) => portions,
            Self::New(_) | Self::None(_) => &[],
        }
    }

    fn given(&self) -> &[NewLot] {
        match self {
            Self::New(lots) => lots,
            Self::Of(_) | Self::None(_) => &[],
        }
    }

    fn amount(&self) -> i128 {
        match self {
            Self::Of(portions) => portions.iter().map(|part| i128::from(part.amount.get())).sum(),
            Self::New(lots) => lots.iter().map(|lot| i128::from(lot.amount.get())).sum(),
            Self::None(amount) => i128::from(*amount),
        }
    }
}

impl Wallet {
    /// What was held at a position; `None` where that is too far behind.
    pub(super) fn at(&self, position: i64) -> Option<Holdings> {
        if position < self.known_at {
            return None;
        }
        let mut holdings = self.known.clone();
        let until = self.recent.iter().take_while(|movement| movement.position <= position);
        until.for_each(|movement| movement.apply(&mut holdings));
        Some(holdings)
    }

    /// Takes an event into account, and says what is wrong with it or with one before.
    pub(super) fn post(&mut self, movement: Movement) -> Option<Wrong> {
        for Moved { from, to, lots } in &movement.entries {
            self.add(*from, -lots.amount());
            self.add(*to, lots.amount());
        }
        let position = Some(movement.position);
        let wrong = self.wrong_side().map(|reason| Wrong { position, reason });
        self.recent.push_back(movement);
        let older = (self.recent.len() > KEPT_EVENTS).then(|| self.settle_oldest()).flatten();
        wrong.or(older)
    }

    /// All that is left to be said at the end of the log.
    pub(super) fn finish(mut self) -> Option<Wrong> {
        let mut wrong = None;
        while !self.recent.is_empty() {
            let found = self.settle_oldest();
            wrong = wrong.or(found);
        }
        let lots: i128 = self.known.lots().map(|(_, lot)| i128::from(lot.free)).sum();
        let holds: i128 = self.known.holds().map(|(_, hold)| i128::from(total(&hold.lots))).sum();
        let owed = i128::from(self.known.owed());
        let accounts = [
            (Account::Wallet, self.wallet, lots),
            (Account::Held, self.held, holds),
            (Account::Receivable, self.receivable, -owed),
        ];
        let differs = accounts.into_iter().find(|(_, posted, by_lots)| posted != by_lots);
        wrong.or_else(|| {
            differs.map(|(account, posted, by_lots)| {
                let name = account.name();
                let reason = format!("{posted} are posted to {name}, and lots and holds come to {by_lots}");
                Wrong { position: None, reason }
            })
        })
    }

    fn add(&mut self, account: Account, amount: i128) {
        match account {
            Account::Wallet => self.wallet += amount,
            Account::Held => self.held += amount,
            Account::Receivable => self.receivable += amount,
            // the programme's
            Account::Issued
            | Account::Spent
            | Account::Expired
            | Account::TakenBack
            | Account::Adjusted
            | Account::InTransit => {}
        }
    }

    fn wrong_side(&self) -> Option<String> {
        let (account, amount) = match self {
            Self { wallet, .. } if *wallet < 0 => (Account::Wallet, *wallet),
            Self { held, .. } if *held < 0 => (Account::Held, *held),
            Self { receivable, .. } if *receivable > 0 => (Account::Receivable, *receivable),
            Self { .. } => return None,
        };
        Some(format!("the account {} comes to {amount}", account.name()))
    }

    /// Takes the oldest of the recent events into account for good.
    fn settle_oldest(&mut self) -> Option<Wrong> {
        let movement = self.recent.pop_front()?;
        let contradiction = movement.contradiction(&self.known);
        movement.apply(&mut self.known);
        self.known_at = movement.position;
        let reason = contradiction.or_else(|| movement.impossible(&self.known))?;
        Some(Wrong { position: Some(movement.position), reason })
    }
}

fn by_lot(portions: &[Portion]) -> BTreeMap<LotId, i64> {
    let mut lots = BTreeMap::new();
    portions.iter().for_each(|part| *lots.entry(part.lot_id).or_insert(0) += part.amount.get());
    lots
}

fn told(hold: HoldId) -> String {
    match hold {
        HoldId::Spend(id) => format!("the hold of spend {id}"),
        HoldId::Claim(id) => format!("the hold of claim {id}"),
    }
}
