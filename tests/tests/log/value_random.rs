//! Random commands over two instances at once, against a ledger that moves every single point by itself, and one that keeps coupons as
//! paper: at every position all say the same of everybody, and at the end so do the guard rows.

use std::sync::{Arc, Mutex};

use commands::{ClaimError, CommandError, Metadata, SpendError, SpendOrder, SpendStep};
use domain::claim::{ClaimStatus, StaffAction};
use domain::id::{AdjustmentId, MemberId, RewardId, SpendId};
use domain::spend::SpendRefusal;
use domain::value::{AllocationRefusal, Books, UnitCode};
use rand::seq::IndexedRandom as _;
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::support::{all, member};
use super::value_coupons::Counter;
use super::value_hands::assert_days_kept;
use super::value_naive::{History, free_lots};
use super::value_shop::{Gives, SHOP, Shop, points, reference, stars};

const MEMBERS: u128 = 3;
const PLAYERS: u64 = 6;
const ACTIONS: usize = 320;

/// What all players know of.
#[derive(Default)]
struct Board {
    claims: Mutex<Vec<String>>,
    spends: Mutex<Vec<SpendId>>,
    /// Those that wait for somebody else.
    adjustments: Mutex<Vec<AdjustmentId>>,
    counter: Counter,
}

/// A refusal for too few points: whose wallet, what there was, and between which positions.
struct Refused {
    who: MemberId,
    unit: UnitCode,
    have: i64,
    after: i64,
    before: i64,
    at: domain::Moment,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_move_each_point_as_a_naive_ledger_does() {
    let shop = Shop::with(2, MEMBERS).await;
    shop.limit_hands().await;
    let rewards = Arc::new(rewards(&shop).await);
    let board = Arc::new(Board { counter: Counter::open(&shop).await, ..Board::default() });
    let rewards = Arc::new([rewards.as_slice(), &board.counter.rewards].concat());
    let playing = (0..PLAYERS).map(|number| {
        let (shop, rewards, board) = (shop.clone(), rewards.clone(), board.clone());
        async move {
            let (mut random, mut refused) = (StdRng::seed_from_u64(20_261_121 + number), vec![]);
            let instance = usize::try_from(number).unwrap();
            for action in 0..ACTIONS {
                let name = format!("{number}-{action}");
                refused.extend(act(&shop, &rewards, &board, instance, &name, &mut random).await);
            }
            refused
        }
    });
    let refused: Vec<Refused> = all(playing).await.into_iter().flatten().collect();
    end_all(&shop).await;
    agree(&shop, &refused).await;
    board.counter.agree(&shop, &shop.log().await).await;
}

/// Goes beyond every day on which something ends, and records it.
async fn end_all(shop: &Shop) {
    shop.wait(60 * 24 * 12);
    for who in (0..MEMBERS).map(member) {
        for unit in [points(), stars()] {
            shop.ledger(0).settle_wallet(who, &unit, &Metadata::system(shop.now())).await.unwrap();
        }
    }
}

/// Of both units, with short and with long lives, some with a price, some that wait for a decision.
async fn rewards(shop: &Shop) -> Vec<RewardId> {
    let mut rewards = vec![];
    for number in 0..40_i64 {
        let gives = Gives {
            amount: 4 + number % 9,
            in_stars: number % 2 == 0,
            days: (number % 5 > 0).then_some(1 + number % 4),
            after: (number % 7 == 0).then_some(1),
            price: (number % 3 == 0).then_some(1 + number % 5),
        };
        rewards.push(shop.reward(gives, number % 6 == 0).await);
    }
    rewards
}

async fn act(
    shop: &Arc<Shop>,
    rewards: &[RewardId],
    board: &Board,
    instance: usize,
    name: &str,
    random: &mut StdRng,
) -> Option<Refused> {
    let who_number = random.random_range(0..MEMBERS);
    let who = member(who_number);
    let unit = if random.random_bool(0.5) { points() } else { stars() };
    let (after, at) = (shop.head().await, shop.now());
    let short = |have, before| Refused { who, unit: unit.clone(), have, after, before, at };
    match random.random_range(0..38) {
        0..6 => {
            let reward = *rewards.choose(random).unwrap();
            match shop.claim(instance, who, reward).await {
                Ok(claim) if claim.state.status() != Some(ClaimStatus::Denied) => {
                    board.claims.lock().unwrap().push(claim.stream_id.to_string());
                    board.counter.asked(claim.state.about().unwrap().claim_id(), (who, reward));
                }
                Ok(_) | Err(ClaimError::AlreadyClaimed { .. } | ClaimError::Command(CommandError::Refused { .. })) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        6..11 => {
            let hold = random.random_bool(0.6).then(|| {
                let minutes = random.random_range(5..600);
                format!("{minutes}m").try_into().unwrap()
            });
            let order = SpendOrder { hold, at, ..shop.order(who, unit.clone(), name, random.random_range(1..15)) };
            match shop.pay(instance, order).await {
                Ok(_) => board.spends.lock().unwrap().push(SpendId::of(SHOP, &reference(name))),
                Err(SpendError::Command(CommandError::Refused {
                    refusal: SpendRefusal::Lots(AllocationRefusal::Insufficient(lacking)),
                    ..
                })) => return Some(short(lacking.have, shop.head().await)),
                Err(other) => panic!("{other:?}"),
            }
        }
        11..15 => {
            let spend = board.spends.lock().unwrap().choose(random).copied()?;
            let amount = random.random_bool(0.6).then(|| random.random_range(1..10_i64).try_into().unwrap());
            let step = match random.random_range(0..7) {
                0..=1 => SpendStep::Release,
                2..=4 => SpendStep::Capture { amount },
                _ => SpendStep::Refund { reference: reference(name), amount },
            };
            match shop.change(instance, spend, step, shop.now()).await {
                Ok(_) | Err(SpendError::Command(CommandError::Refused { .. })) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        15..18 => {
            let claim = board.claims.lock().unwrap().choose(random).cloned()?;
            let actions = [StaffAction::Approve, StaffAction::Reject, StaffAction::Reverse, StaffAction::Reverse];
            match shop.staff(instance, &claim, *actions.choose(random).unwrap()).await {
                Ok(_) | Err(CommandError::Refused { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        18 => {
            let metadata = Metadata::system(shop.now());
            shop.ledger(instance).settle_wallet(who, &unit, &metadata).await.unwrap();
        }
        19..21 => match shop.adjust(instance, (who, unit.clone()), at, random).await {
            Ok(waiting) => board.adjustments.lock().unwrap().extend(waiting),
            Err(had) => return Some(short(had?, shop.head().await)),
        },
        21..23 => {
            let adjustment = board.adjustments.lock().unwrap().choose(random).copied()?;
            shop.decide(instance, adjustment, random).await;
        }
        23..25 => {
            let other = member((who_number + 1) % MEMBERS);
            let amount = random.random_range(1..10);
            let sent = shop.send(instance, (who, other), unit.clone(), name, (amount, at)).await;
            if let Err(had) = sent {
                return Some(short(had?, shop.head().await));
            }
        }
        25..37 => board.counter.act(shop, instance, name, random).await,
        _ => shop.wait(random.random_range(1..450)),
    }
    None
}

async fn agree(shop: &Shop, refused: &[Refused]) {
    let log = shop.log().await;
    let (history, mut books) = (History::of(&log), vec![Books::default()]);
    for (position, at, event) in &log {
        let mut next = books[books.len() - 1].clone();
        next.post(event, *position);
        for who in (0..MEMBERS).map(member) {
            for unit in [points(), stars()] {
                let held = next.wallet(who, &unit).cloned().unwrap_or_default();
                let naive = history.at(*position);
                assert_eq!(held.standing(*at), naive.standing(who, &unit, *at), "{unit} of {who} at {position}");
                assert_eq!(free_lots(&held), naive.free_lots(who, &unit), "lots of {unit} of {who} at {position}");
            }
        }
        books.push(next);
    }
    for Refused { who, unit, have, after, before, at } in refused {
        let mut then = (*after..=*before).map(|position| history.at(position).standing(*who, unit, *at).available);
        assert!(then.any(|available| available == *have), "{who} is said to have had {have} {unit}");
    }
    for who in (0..MEMBERS).map(member) {
        let rows = shop.ledger(0).wallets(who).await.unwrap();
        for unit in [points(), stars()] {
            let (held, naive) = (rows.by_unit.get(&unit).cloned().unwrap_or_default(), history.at(rows.position));
            assert_eq!(held.standing(shop.now()), naive.standing(who, &unit, shop.now()), "the rows of {who}");
            assert_eq!(free_lots(&held), naive.free_lots(who, &unit), "the rows of {who}");
        }
    }
    let kinds: std::collections::BTreeSet<&str> = log.iter().map(|(.., event)| event.name()).collect();
    for kind in [
        "claim.reversed",
        "spend.held",
        "spend.made",
        "spend.captured",
        "spend.released",
        "spend.expired",
        "spend.refunded",
        "wallet.expired",
        "wallet.debt_settled",
        "adjustment.posted",
        "adjustment.requested",
        "adjustment.approved",
        "adjustment.rejected",
        "transfer.sent",
        "transfer.received",
        "codes.added",
        "coupon.redeemed",
        "coupon.held",
    ] {
        assert!(kinds.contains(kind), "{kind} never happened: {kinds:?}");
    }
    assert_days_kept(&log);
    assert!(refused.len() > 5, "{} were refused", refused.len());
    shop.assert_sound().await;
}
