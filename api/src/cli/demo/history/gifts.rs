//! What staff of the history give by hand: points, and stars, a unit of which one person gives only a few a day alone. The last
//! gift is too much for one and waits for somebody else.

use commands::{AdjustmentOrder, AnswerFromReceipt, Metadata};
use domain::Moment;
use domain::id::AdjustmentId;
use domain::role::Role;
use domain::unit::{Unit, UnitCommand, UnitTerms};
use domain::value::UnitCode;
use uuid::Uuid;

use super::acts::{Act, Agenda, Person};
use super::shows::Ago;
use super::stage::{Stage, Trouble, refused};

/// The code of the second unit.
const STARS: &str = "stars";
/// So many stars one person gives alone in a day.
const ALONE: i64 = 100;
/// So often a member sends stars to another in a day.
const SENDS: i64 = 3;

/// Something that staff do by hand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Gift {
    /// An administrator defines the stars.
    Stars,
    /// An operator gives, or asks somebody else to agree.
    Given {
        number: u128,
        /// Whom; `None` is whoever has been there longest.
        to: Option<Person>,
        unit: &'static str,
        amount: i64,
        note: &'static str,
    },
}

/// The fixed id of the first of them, and so on.
const FIRST: u128 = 0x0190_0000_0000_7000_8000_0000_0000_0100;

/// Puts the gifts for the demo's own member and another on the agenda.
pub(super) fn put_on(agenda: &mut Agenda, now: Moment, own: Person) {
    let ago = Ago(now);
    agenda.put(ago.days(20), Act::Gift(Gift::Stars));
    let gifts = [
        (ago.hours(12 * 24 + 3), Some(own), UnitCode::POINTS, 25, "The counter was down for an evening."),
        (ago.hours(9 * 24 + 2), Some(own), STARS, 40, "First of the helpers in the forum."),
        (ago.hours(5 * 24 + 6), None, STARS, 60, "Found a mistake in the shop."),
        (ago.hours(26), Some(own), STARS, -5, "Two helpers shared one answer."),
        (ago.hours(3), Some(own), STARS, 120, "Winner of the autumn quiz."),
    ];
    for (number, (at, to, unit, amount, note)) in (0..).zip(gifts) {
        agenda.put(at, Act::Gift(Gift::Given { number, to, unit, amount, note }));
    }
}

impl Stage<'_> {
    /// Does it at once: nothing else is decided meanwhile.
    pub(super) async fn give(&mut self, at: Moment, gift: Gift) -> Result<(), Trouble> {
        self.head = match gift {
            Gift::Stars => {
                let terms = UnitTerms {
                    name: "Stars".to_owned(),
                    four_eyes_above: Some(ALONE.try_into().map_err(refused)?),
                    transfers_per_day: SENDS.try_into().map_err(refused)?,
                    ..UnitTerms::of_points()
                };
                let code = UnitCode::try_from(STARS.to_owned()).map_err(refused)?;
                let define = UnitCommand::Define { code, terms: Box::new(terms) };
                let metadata = Metadata::of(self.staff.admin, Role::Admin, at);
                self.ledger.execute::<Unit>(STARS, define, &metadata).await.map_err(refused)?.position
            }
            Gift::Given { number, to, unit, amount, note } => {
                let operator_id = self.staff.operator;
                let longest = || self.people.iter().position(|someone| someone.member.state.is_registered());
                let Some(to) = to.or_else(longest) else { return Ok(()) };
                let order = AdjustmentOrder {
                    id: AdjustmentId(Uuid::from_u128(FIRST + number)),
                    member_id: self.people[to].id,
                    unit: UnitCode::try_from(unit.to_owned()).map_err(refused)?,
                    amount: amount.try_into().map_err(refused)?,
                    operator_id,
                    note: note.to_owned(),
                    expiry: None,
                    at,
                };
                let metadata = Metadata::of(operator_id, Role::Operator, at);
                let given = self.ledger.adjust(order, &metadata, &AnswerFromReceipt::none()).await;
                given.map_err(refused)?.position
            }
        };
        Ok(())
    }
}
