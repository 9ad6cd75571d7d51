//! What staff give and take in the shop of the tests, and what its members send to each other: random orders, and the limits of the day
//! counted again from the log.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use commands::{
    AdjustmentError, AdjustmentOrder, AdjustmentVerdict, AnswerFromReceipt, CommandError, Metadata, TransferError,
    TransferOrder,
};
use domain::adjustment::{AdjustmentEvent, AdjustmentRefusal, AdjustmentStatus, Verdict};
use domain::id::{AdjustmentId, MemberId};
use domain::role::Role;
use domain::transfer::{TransferEvent, TransferRefusal};
use domain::unit::{Unit, UnitCommand, UnitRevision};
use domain::value::{AllocationRefusal, Expiry, UnitCode, ValueEvent};
use domain::{Event, Moment};
use rand::{Rng, rngs::StdRng};
use uuid::Uuid;

use super::support::{member, now};
use super::value_shop::{Shop, points, reference, stars};

/// So much one operator gives and takes alone in a day.
const ALONE: i64 = 20;
/// So often a member sends some in a day.
const SENDS: i64 = 2;

fn operator(random: &mut StdRng) -> MemberId {
    member(8_001 + u128::from(random.random_bool(0.5)))
}

/// How much there was where there was too little.
pub(crate) type Had = Option<i64>;

impl Shop {
    /// Gives both units their limits of the day.
    pub(crate) async fn limit_hands(&self) {
        for code in [points(), stars()] {
            let revision = Box::new(UnitRevision {
                four_eyes_above: Some(Some(ALONE.try_into().unwrap())),
                transfers_per_day: Some(SENDS.try_into().unwrap()),
                ..UnitRevision::default()
            });
            let revise = UnitCommand::Revise { code: code.clone(), revision };
            self.ledger(0).execute::<Unit>(code.as_str(), revise, &Metadata::system(now())).await.unwrap();
        }
    }

    /// Gives or takes; the adjustment where somebody else has to agree.
    pub(crate) async fn adjust(
        &self,
        instance: usize,
        (who, unit): (MemberId, UnitCode),
        at: Moment,
        random: &mut StdRng,
    ) -> Result<Option<AdjustmentId>, Had> {
        let operator_id = operator(random);
        let amount = random.random_range(1..15) * if random.random_bool(0.4) { -1 } else { 1 };
        let days = random.random_bool(0.7).then(|| Expiry::after(random.random_range(1_i64..5).try_into().unwrap()));
        let id = AdjustmentId(Uuid::now_v7());
        let order = AdjustmentOrder {
            id,
            member_id: who,
            unit,
            amount: amount.try_into().unwrap(),
            operator_id,
            note: "By hand.".to_owned(),
            expiry: Some(days),
            at,
        };
        let metadata = Metadata::of(operator_id, Role::Operator, at);
        match self.ledger(instance).adjust(order, &metadata, &AnswerFromReceipt::none()).await {
            Ok(receipt) => Ok((receipt.state.status() == Some(AdjustmentStatus::Pending)).then_some(id)),
            Err(error) => Err(had(error)),
        }
    }

    /// Somebody says yes or no.
    pub(crate) async fn decide(&self, instance: usize, id: AdjustmentId, random: &mut StdRng) {
        let (at, operator_id) = (self.now(), operator(random));
        let verdict = if random.random_bool(0.5) { Verdict::Approve } else { Verdict::Reject };
        let said = AdjustmentVerdict { id, operator_id, verdict, note: None, seen: None, at };
        let metadata = Metadata::of(operator_id, Role::Operator, at);
        if let Err(error) = self.ledger(instance).decide_adjustment(said, &metadata, &AnswerFromReceipt::none()).await {
            had(error);
        }
    }

    /// A member sends some to another.
    pub(crate) async fn send(
        &self,
        instance: usize,
        (from, to): (MemberId, MemberId),
        unit: UnitCode,
        name: &str,
        (amount, at): (i64, Moment),
    ) -> Result<(), Had> {
        let order = TransferOrder {
            member_id: from,
            to_member_id: to,
            unit,
            amount: amount.try_into().unwrap(),
            reference: reference(name),
            at,
        };
        let metadata = Metadata::of(from, Role::User, at);
        match self.ledger(instance).transfer(order, &metadata, &AnswerFromReceipt::none()).await {
            Ok(_)
            | Err(TransferError::Command(CommandError::Refused {
                refusal: TransferRefusal::LimitReached { .. },
                ..
            })) => Ok(()),
            Err(TransferError::Command(CommandError::Refused {
                refusal: TransferRefusal::Lots(AllocationRefusal::Insufficient(short)),
                ..
            })) => Err(Some(short.have)),
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// How much a refusal says that there was, if it is one for too little; only refusals by a rule are let pass.
fn had(error: AdjustmentError) -> Had {
    match error {
        AdjustmentError::Command(CommandError::Refused {
            refusal: AdjustmentRefusal::Lots(AllocationRefusal::Insufficient(short)),
            ..
        }) => Some(short.have),
        AdjustmentError::Command(CommandError::Refused {
            refusal: AdjustmentRefusal::OwnAdjustment | AdjustmentRefusal::StepNotAllowed { .. },
            ..
        }) => None,
        other => panic!("{other:?}"),
    }
}

/// Whose, of what, on which day.
type Day = (MemberId, UnitCode, NaiveDate);

/// Nobody has given and taken more alone, or sent more often, than a day allows; each has the next number of its day.
pub(crate) fn assert_days_kept(log: &[(i64, Moment, Event)]) {
    let mut alone: BTreeMap<Day, (i64, i64)> = BTreeMap::new();
    let mut sent: BTreeMap<Day, i64> = BTreeMap::new();
    for (position, _, event) in log {
        if let Event::Value(ValueEvent::Adjustment(AdjustmentEvent::Posted(posted))) = event {
            let about = &posted.about;
            let day = alone.entry((about.operator_id, about.unit.clone(), posted.on)).or_default();
            *day = (day.0 + 1, day.1 + about.amount.get().abs());
            assert_eq!(posted.number, day.0, "at {position}");
            assert!(day.1 <= ALONE, "{} posted {} alone at {position}", about.operator_id, day.1);
        }
        if let Event::Value(ValueEvent::Transfer(TransferEvent::Sent(event))) = event {
            let about = &event.about;
            let day = sent.entry((about.member_id, about.unit.clone(), event.on)).or_default();
            *day += 1;
            assert_eq!(event.number, *day, "at {position}");
            assert!(*day <= SENDS, "{} sent {day} times at {position}", about.member_id);
        }
    }
    assert!(sent.values().any(|times| *times == SENDS), "nobody came up to the limit");
}
