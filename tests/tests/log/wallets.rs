//! Value in the append: what a grant credits, what a payment takes, and what is due, as events and as guard rows.

use chrono::TimeDelta;
use commands::{AnswerFromReceipt, CommandError, Ledger, Metadata, Receipt, SpendError, SpendOrder, SpendStep};
use domain::Moment;
use domain::campaign::{Campaign, CampaignCommand, NewReward, RewardTerms, RewardType, RewardValue};
use domain::claim::{ClaimCommand, ClaimRefusal, ClaimStatus, DenialReason, Price, StaffAction, StaffCommand};
use domain::id::{MemberId, RewardId, SpendId};
use domain::member::{Member, MemberCommand, Registration};
use domain::quantity::Amount;
use domain::role::Role;
use domain::spend::{HoldTime, Spend, SpendRefusal, SpendStatus};
use domain::unit::{Unit, UnitCommand, UnitRevision};
use domain::value::{Expiry, Standing, UnitCode};
use uuid::Uuid;

use super::support::{Limits, Programme, all, member, now, shared};

const SHOP: u128 = 77;

fn amount(number: i64) -> Amount {
    number.try_into().unwrap()
}

async fn register(programme: &Programme, who: MemberId) {
    let registration = Registration {
        time_zone: "Asia/Seoul".parse().unwrap(),
        joined_on: now().utc().date_naive(),
        birthday: None,
        role: Role::User,
        returned: None,
    };
    let command = MemberCommand::Register(registration);
    programme.ledger.execute::<Member>(&who.to_string(), command, &Metadata::system(now())).await.unwrap();
}

/// A programme whose reward is `points` points, and a member who has claimed it.
async fn with_points(points: i64, limits: Limits) -> Programme {
    let programme = Programme::with(limits).await;
    register(&programme, member(1)).await;
    let reward = add(&programme, points, RewardType::Point, None).await;
    let programme = Programme { reward, ..programme };
    programme.claim(member(1)).await.unwrap();
    programme
}

async fn add(programme: &Programme, amount: i64, reward_type: RewardType, price: Option<i64>) -> RewardId {
    let reward_id = RewardId(Uuid::now_v7());
    let price = price.map(|price| Price { unit: UnitCode::points(), amount: price.try_into().unwrap() });
    let terms = RewardTerms {
        name: format!("{reward_id}"),
        description: None,
        reward_type,
        amount: amount.try_into().unwrap(),
        quantity: Some(1_000.try_into().unwrap()),
        per_member_limit: None,
        value: price.map(|price| Box::new(RewardValue { price: Some(price), ..RewardValue::default() })),
    };
    let command = CampaignCommand::AddReward(Box::new(NewReward { reward_id, terms }));
    let id = programme.campaign.to_string();
    programme.ledger.execute::<Campaign>(&id, command, &Metadata::system(now())).await.unwrap();
    reward_id
}

fn order(reference: &str, points: i64, hold: Option<&str>, at: Moment) -> SpendOrder {
    SpendOrder {
        member_id: member(1),
        caller_id: member(SHOP),
        reference: reference.to_owned().try_into().unwrap(),
        unit: UnitCode::points(),
        amount: amount(points),
        hold: hold.map(|text| HoldTime::try_from(text.to_owned()).unwrap()),
        at,
    }
}

async fn spend(ledger: &Ledger, order: SpendOrder) -> Result<Receipt<Spend>, SpendError> {
    let metadata = Metadata::system(order.at);
    ledger.spend(order, &metadata, &AnswerFromReceipt::none()).await
}

async fn change(
    programme: &Programme,
    reference: &str,
    step: SpendStep,
    at: Moment,
) -> Result<Receipt<Spend>, SpendError> {
    let id = SpendId::of(member(SHOP), &reference.to_owned().try_into().unwrap());
    programme.ledger.change_spend(id, step, at, &Metadata::system(at), &AnswerFromReceipt::none()).await
}

async fn standing(programme: &Programme, at: Moment) -> Standing {
    let wallets = programme.ledger.wallets(member(1)).await.unwrap();
    wallets.by_unit.get(&UnitCode::points()).cloned().unwrap_or_default().standing(at)
}

async fn kinds(programme: &Programme, prefix: &str) -> Vec<String> {
    let sql = "select event_type from events where event_type like $1 order by position";
    sqlx::query_scalar(sql).bind(format!("{prefix}%")).fetch_all(&programme.pool).await.unwrap()
}

fn later(hours: i64) -> Moment {
    Moment::from(now().utc() + TimeDelta::hours(hours))
}

fn refused(outcome: Result<Receipt<Spend>, SpendError>) -> SpendRefusal {
    match outcome {
        Err(SpendError::Command(CommandError::Refused { refusal, .. })) => refusal,
        outcome => panic!("{outcome:?}"),
    }
}

#[tokio::test]
async fn points_go_from_a_claim_to_a_purchase_and_back() {
    let programme = with_points(500, Limits::default()).await;
    assert_eq!(kinds(&programme, "claim.").await, ["claim.granted"], "a grant credits by its own event");
    assert_eq!(standing(&programme, now()).await.available, 500);

    let held = spend(&programme.ledger, order("order-1", 300, Some("15m"), now())).await.unwrap();
    assert_eq!(held.state.status_at(now()), Some(SpendStatus::Held));
    let after = standing(&programme, now()).await;
    assert_eq!((after.balance, after.available, after.held), (500, 200, 300));

    let step = SpendStep::Capture { amount: Some(amount(200)) };
    assert_eq!(change(&programme, "order-1", step.clone(), now()).await.unwrap().appended, 1);
    assert_eq!(change(&programme, "order-1", step, now()).await.unwrap().appended, 0, "again is no event");
    assert_eq!(standing(&programme, now()).await.available, 300, "100 are back");

    let refund = SpendStep::Refund { reference: "back-1".to_owned().try_into().unwrap(), amount: Some(amount(50)) };
    change(&programme, "order-1", refund, now()).await.unwrap();
    assert_eq!(standing(&programme, now()).await.balance, 350);
    assert_eq!(kinds(&programme, "spend.").await, ["spend.held", "spend.captured", "spend.refunded"]);
    assert_eq!(
        refused(spend(&programme.ledger, order("order-1", 301, Some("15m"), now())).await),
        SpendRefusal::ReferenceConflict
    );
    programme.assert_sound().await;
}

#[tokio::test]
async fn many_payments_at_once_take_what_is_there_and_no_more() {
    let programme = shared(with_points(1_000, Limits::default()).await);
    let other = Ledger::start(programme.pool.clone()).await.unwrap();
    let outcomes = all((0..40).map(|number| {
        let ledger = if number % 2 == 0 { programme.ledger.clone() } else { other.clone() };
        async move { spend(&ledger, order(&format!("order-{number}"), 100, None, now())).await }
    }))
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 10);
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        assert!(matches!(refused(outcome), SpendRefusal::Lots(_)));
    }
    assert_eq!(standing(&programme, now()).await.balance, 0);
    programme.assert_sound().await;
}

#[tokio::test]
async fn one_reference_asked_at_once_is_one_payment() {
    let programme = shared(with_points(1_000, Limits::default()).await);
    let other = Ledger::start(programme.pool.clone()).await.unwrap();
    let at = now();
    let outcomes = all((0..16).map(|number| {
        let ledger = if number % 2 == 0 { programme.ledger.clone() } else { other.clone() };
        async move { spend(&ledger, order("order-1", 100, None, at)).await.unwrap().appended }
    }))
    .await;
    assert_eq!(outcomes.iter().sum::<usize>(), 1);
    assert_eq!(standing(&programme, now()).await.balance, 900);
}

#[tokio::test]
async fn what_is_due_is_recorded_in_the_append_that_follows_it() {
    let programme = Programme::with(Limits::default()).await;
    register(&programme, member(1)).await;
    let expiry = Some(Some(Expiry::after(30.try_into().unwrap())));
    let revision = Box::new(UnitRevision { expiry, ..UnitRevision::default() });
    let revise = UnitCommand::Revise { code: UnitCode::points(), revision };
    programme.ledger.execute::<Unit>("points", revise, &Metadata::system(now())).await.unwrap();
    let (ending, lasting) =
        (add(&programme, 500, RewardType::Point, None).await, add(&programme, 70, RewardType::Point, None).await);
    let programme = Programme { reward: ending, ..programme };
    programme.claim(member(1)).await.unwrap();
    let revision = Box::new(UnitRevision { expiry: Some(None), ..UnitRevision::default() });
    let revise = UnitCommand::Revise { code: UnitCode::points(), revision };
    programme.ledger.execute::<Unit>("points", revise, &Metadata::system(now())).await.unwrap();
    let programme = Programme { reward: lasting, ..programme };
    programme.claim(member(1)).await.unwrap();
    spend(&programme.ledger, order("held", 20, Some("30d"), now())).await.unwrap();

    let at = later(24 * 40);
    assert_eq!(standing(&programme, at).await.available, 70, "what is over is over, recorded or not");
    assert_eq!(kinds(&programme, "wallet.").await, [] as [&str; 0]);
    assert!(matches!(refused(spend(&programme.ledger, order("much", 71, None, at)).await), SpendRefusal::Lots(_)));
    assert_eq!(kinds(&programme, "wallet.").await, [] as [&str; 0], "a refusal writes nothing");
    spend(&programme.ledger, order("late", 50, None, at)).await.unwrap();
    assert_eq!(kinds(&programme, "spend.").await, ["spend.held", "spend.expired", "spend.made"]);
    assert_eq!(kinds(&programme, "wallet.").await, ["wallet.expired"]);
    let nothing = programme.ledger.settle_wallet(member(1), &UnitCode::points(), &Metadata::system(at)).await.unwrap();
    assert!(nothing.is_none(), "it is recorded once");
    let late = change(&programme, "held", SpendStep::Release, at).await;
    assert!(matches!(refused(late), SpendRefusal::HoldExpired { .. }));
    programme.assert_sound().await;
}

#[tokio::test]
async fn more_holds_than_one_append_ends_are_all_over_for_what_comes_next() {
    let programme = with_points(500, Limits::default()).await;
    let paid = spend(&programme.ledger, order("paid", 20, None, now())).await.unwrap();
    for number in 0..230 {
        spend(&programme.ledger, order(&format!("held-{number}"), 2, Some("1h"), now())).await.unwrap();
    }
    assert_eq!(standing(&programme, now()).await.available, 20);
    let at = later(2);
    let refund = SpendStep::Refund { reference: "back".to_owned().try_into().unwrap(), amount: None };
    let refunded = change(&programme, "paid", refund, at).await.unwrap();
    assert_eq!(refunded.state.refunded(), 20, "{:?}", paid.state);
    assert_eq!(kinds(&programme, "spend.expired").await.len(), 230);
    for number in 0..230 {
        spend(&programme.ledger, order(&format!("again-{number}"), 2, Some("1h"), at)).await.unwrap();
    }
    spend(&programme.ledger, order("all", 500, None, later(4))).await.unwrap();
    assert_eq!(standing(&programme, later(4)).await.balance, 0);
    programme.assert_sound().await;
}

#[tokio::test]
async fn a_price_is_held_while_a_claim_is_pending_and_comes_back_when_it_is_rejected() {
    let programme = with_points(500, Limits { manual: true, ..Limits::default() }).await;
    let claims: Vec<String> =
        sqlx::query_scalar("select aggregate_id from events where event_type = 'claim.submitted'")
            .fetch_all(&programme.pool)
            .await
            .unwrap();
    let staff = |action| {
        let operator = member(9);
        ClaimCommand::Staff(StaffCommand { action, operator, note: None, at: now(), value: None })
    };
    let step = async |claim: &str, action| {
        let (metadata, none) = (Metadata::system(now()), AnswerFromReceipt::none());
        programme.ledger.change_claim(claim, staff(action), &metadata, &none, None).await.unwrap()
    };
    assert_eq!(standing(&programme, now()).await.balance, 0, "a pending claim credits nothing");
    step(&claims[0], StaffAction::Approve).await;
    assert_eq!(standing(&programme, now()).await.available, 500);

    let (cheap, dear) =
        (add(&programme, 1, RewardType::Item, Some(300)).await, add(&programme, 1, RewardType::Item, Some(201)).await);
    let asked = Programme { reward: cheap, ..programme };
    let pending = asked.claim(member(1)).await.unwrap();
    assert_eq!(pending.state.status(), Some(ClaimStatus::Pending));
    let programme = Programme { reward: dear, ..asked };
    let denied = programme.claim(member(1)).await.unwrap();
    assert_eq!(denied.state.last_denial().map(|(reason, _)| reason), Some(DenialReason::InsufficientPoints));
    let (_, lacking) = denied.state.last_shortfall();
    assert_eq!(lacking.map(|short| (short.need, short.have)), Some((201, 200)));

    let step = async |claim: &str, action| {
        let (metadata, none) = (Metadata::system(now()), AnswerFromReceipt::none());
        programme.ledger.change_claim(claim, staff(action), &metadata, &none, None).await.unwrap()
    };
    step(&pending.stream_id, StaffAction::Reject).await;
    assert_eq!(standing(&programme, now()).await.available, 500);
    let granted = programme.claim(member(1)).await.unwrap();
    step(&granted.stream_id, StaffAction::Approve).await;
    assert_eq!(standing(&programme, now()).await.balance, 299);
    step(&granted.stream_id, StaffAction::Reverse).await;
    assert_eq!(standing(&programme, now()).await.balance, 500, "a reversal refunds the price");
    step(&claims[0], StaffAction::Reverse).await;
    assert_eq!(standing(&programme, now()).await.balance, 0, "and takes back what a grant credited");
    programme.assert_sound().await;
}

/// Whoever decides many claims in one append asks again after a conflict, and must not meet the same terms again.
#[tokio::test]
async fn terms_that_another_instance_has_changed_are_read_anew_after_a_conflict() {
    let programme = with_points(500, Limits { manual: true, ..Limits::default() }).await;
    register(&programme, member(2)).await;
    let waiting =
        [programme.claim(member(3)).await.unwrap().stream_id, programme.claim(member(2)).await.unwrap().stream_id];
    let approve = || {
        let (action, operator, at) = (StaffAction::Approve, member(9), now());
        ClaimCommand::Staff(StaffCommand { action, operator, note: None, at, value: None })
    };
    let (metadata, none) = (Metadata::system(now()), AnswerFromReceipt::none());
    programme.ledger.change_claim(&waiting[0], approve(), &metadata, &none, None).await.unwrap();
    let other = Ledger::start(programme.pool.clone()).await.unwrap();
    let revision =
        UnitRevision { expiry: Some(Some(Expiry::after(30.try_into().unwrap()))), ..UnitRevision::default() };
    let revise = UnitCommand::Revise { code: UnitCode::points(), revision: Box::new(revision) };
    other.execute::<Unit>("points", revise, &Metadata::system(now())).await.unwrap();

    let approved = async || {
        let unit = programme.ledger.unit(Metadata::system(now()));
        unit.change_claim(&waiting[1], approve()).await.unwrap();
        unit.commit::<ClaimRefusal>().await
    };
    let stale = approved().await;
    assert!(matches!(&stale, Err(CommandError::Conflict(stream)) if stream.stream_type == "unit"), "{stale:?}");
    assert!(approved().await.unwrap().is_some(), "it is decided by the terms of now");
    let lots: i64 = sqlx::query_scalar("select count(*) from wallet_lots where expires_at is not null")
        .fetch_one(&programme.pool)
        .await
        .unwrap();
    assert_eq!(lots, 1);
    programme.assert_sound().await;
}
