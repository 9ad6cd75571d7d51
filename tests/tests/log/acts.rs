//! What is limited by the day, over two instances: how much staff post alone, how often members send. The last test takes the guard
//! away and must see the limit passed: otherwise the others prove nothing.

use std::sync::Arc;

use commands::{
    AdjustmentError, AdjustmentOrder, AnswerFromReceipt, CommandError, Ledger, Metadata, Receipt, TransferError,
    TransferOrder,
};
use domain::adjustment::{Adjustment, AdjustmentStatus};
use domain::id::{AdjustmentId, MemberId};
use domain::member::{Member, MemberCommand, Registration};
use domain::role::Role;
use domain::transfer::{Transfer, TransferRefusal};
use domain::unit::{Unit, UnitCommand, UnitRevision};
use domain::value::UnitCode;
use uuid::Uuid;

use super::support::{Limits, Programme, all, member, now, shared};

const OPERATOR: u128 = 900;
const MEMBERS: u128 = 24;
/// So much one person may post alone in a day: five times what the tests post at once.
const LIMIT: i64 = 1_000;
/// So often a member may send some in a day.
const SENDS: i64 = 3;

/// Two instances on one log, and members of a unit with these limits.
struct Two {
    programme: Arc<Programme>,
    other: Ledger,
}

impl Two {
    async fn begin() -> Self {
        let programme = shared(Programme::with(Limits::default()).await);
        for number in 0..MEMBERS {
            let registration = Registration {
                time_zone: "Asia/Seoul".parse().unwrap(),
                joined_on: now().utc().date_naive(),
                birthday: None,
                role: Role::User,
                returned: None,
            };
            let command = MemberCommand::Register(registration);
            let id = member(number).to_string();
            programme.ledger.execute::<Member>(&id, command, &Metadata::system(now())).await.unwrap();
        }
        let revision = Box::new(UnitRevision {
            four_eyes_above: Some(Some(LIMIT.try_into().unwrap())),
            transfers_per_day: Some(SENDS.try_into().unwrap()),
            ..UnitRevision::default()
        });
        let revise = UnitCommand::Revise { code: UnitCode::points(), revision };
        programme.ledger.execute::<Unit>("points", revise, &Metadata::system(now())).await.unwrap();
        let other = Ledger::start(programme.pool.clone()).await.unwrap();
        Self { programme, other }
    }

    fn ledger(&self, number: u128) -> Ledger {
        if number.is_multiple_of(2) { self.programme.ledger.clone() } else { self.other.clone() }
    }

    /// Everybody is given something at once by the same person; how many of them at once, and how many wait.
    async fn post_at_once(&self) -> (usize, usize) {
        let posting = (0..MEMBERS).map(|number| {
            let ledger = self.ledger(number);
            async move { adjust(&ledger, member(number), LIMIT / 5).await.unwrap().state.status() }
        });
        let outcomes = all(posting).await;
        let count = |status| outcomes.iter().filter(|outcome| **outcome == Some(status)).count();
        (count(AdjustmentStatus::Posted), count(AdjustmentStatus::Pending))
    }

    async fn numbers(&self, kind: &str) -> Vec<i64> {
        let sql = "select number from daily_acts where kind = $1 order by number";
        sqlx::query_scalar(sql).bind(kind).fetch_all(&self.programme.pool).await.unwrap()
    }
}

async fn adjust(ledger: &Ledger, member_id: MemberId, amount: i64) -> Result<Receipt<Adjustment>, AdjustmentError> {
    let at = now();
    let order = AdjustmentOrder {
        id: AdjustmentId(Uuid::now_v7()),
        member_id,
        unit: UnitCode::points(),
        amount: amount.try_into().unwrap(),
        operator_id: member(OPERATOR),
        note: "Lost in the move.".to_owned(),
        expiry: None,
        at,
    };
    ledger.adjust(order, &Metadata::system(at), &AnswerFromReceipt::none()).await
}

async fn send(ledger: &Ledger, reference: &str, amount: i64) -> Result<Receipt<Transfer>, TransferError> {
    let at = now();
    let order = TransferOrder {
        member_id: member(0),
        to_member_id: member(1),
        unit: UnitCode::points(),
        amount: amount.try_into().unwrap(),
        reference: reference.to_owned().try_into().unwrap(),
        at,
    };
    ledger.transfer(order, &Metadata::system(at), &AnswerFromReceipt::none()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_posts_more_alone_than_the_limit_however_many_at_once() {
    let two = Two::begin().await;
    assert_eq!(two.post_at_once().await, (5, 19));
    assert_eq!(two.numbers("adjustment").await, [1, 2, 3, 4, 5]);
    two.programme.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sends_more_often_than_the_limit_however_many_at_once() {
    let two = Two::begin().await;
    adjust(&two.programme.ledger, member(0), 500).await.unwrap();
    let sending = (0..16).map(|number: u128| {
        let ledger = two.ledger(number);
        async move { send(&ledger, &format!("gift-{number}"), 10).await }
    });
    let outcomes = all(sending).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    for refused in outcomes.into_iter().filter_map(Result::err) {
        let is_true = matches!(
            &refused,
            TransferError::Command(CommandError::Refused {
                refusal: TransferRefusal::LimitReached { limit: SENDS },
                position: _
            })
        );
        assert!(is_true, "{refused:?}");
    }
    assert_eq!(two.numbers("transfer").await, [1, 2, 3]);
    let wallets = [member(0), member(1)].map(async |of| two.programme.ledger.wallets(of).await.unwrap().by_unit);
    let had = futures::future::join_all(wallets).await;
    let balance = |of: usize| had[of].get(&UnitCode::points()).map_or(0, |held| held.standing(now()).balance);
    assert_eq!((balance(0), balance(1)), (470, 30));
    two.programme.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_reference_sent_at_once_is_one_transfer() {
    let two = Two::begin().await;
    adjust(&two.programme.ledger, member(0), 500).await.unwrap();
    let sending = (0..8).map(|number: u128| {
        let ledger = two.ledger(number);
        async move { send(&ledger, "birthday", 10).await.unwrap().appended }
    });
    assert_eq!(all(sending).await.into_iter().filter(|appended| *appended > 0).count(), 1);
    assert_eq!(two.numbers("transfer").await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_was_altered_or_is_missing_is_named() {
    let two = Two::begin().await;
    adjust(&two.programme.ledger, member(0), 500).await.unwrap();
    let mut connection = two.programme.pool.acquire().await.unwrap();
    for statement in ["update daily_acts set amount = amount - 1", "delete from daily_acts"] {
        sqlx::query(statement).execute(&mut *connection).await.unwrap();
        let differences = commands::guards::compare::compare_with_log(&mut connection).await.unwrap();
        let named = differences.iter().filter(|difference| difference.starts_with("daily_acts \"adjustment "));
        assert_eq!(named.count(), 1, "{statement}: {differences:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_guard_the_limit_is_passed() {
    for _ in 0..10 {
        let two = Two::begin().await;
        let unguard = "alter table daily_acts drop constraint daily_acts_one_of_each_number";
        sqlx::query(unguard).execute(&two.programme.pool).await.unwrap();
        if two.post_at_once().await.0 > 5 {
            return;
        }
    }
    panic!("nothing went over the limit without its guard: the tests above cannot see it");
}
