//! On which days a member comes. It knows neither dates nor what is done on such a day.

use super::dice::Dice;

/// How many of a thousand members come by chance during a promotion who would not come otherwise.
const WOKEN_BY_PROMOTION: u32 = 120;
/// After how many days half of those who lapse have stopped coming.
const HALF_LIFE_DAYS: u32 = 21;

/// What a member is like.
#[derive(Debug, Clone)]
pub(super) enum Habit {
    /// Comes nearly every day.
    Daily,
    /// Comes for about a week without a gap, pauses, and comes again.
    Streaker { coming: bool, days_left: u32 },
    /// Comes on one day of the week.
    Weekly { weekday: u32 },
    /// Comes on Saturdays and Sundays.
    Weekender,
    /// Comes often at first and ever less.
    Lapsing,
    /// Comes now and then.
    Occasional,
}

impl Habit {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        match dice.between(1, 100) {
            1..=12 => Self::Daily,
            13..=36 => Self::Streaker { coming: true, days_left: dice.between(5, 9) },
            37..=56 => Self::Weekly { weekday: dice.between(0, 6) },
            57..=66 => Self::Weekender,
            67..=88 => Self::Lapsing,
            _ => Self::Occasional,
        }
    }

    /// Whether the member comes on a day: `age` days after joining, `weekday` from Monday, 0.
    pub(super) fn comes(&mut self, dice: &mut Dice, age: u32, weekday: u32, promotion: bool) -> bool {
        let of_habit = match self {
            Self::Daily => dice.permille(965),
            Self::Streaker { coming, days_left } => step(dice, coming, days_left),
            Self::Weekly { weekday: own } => dice.permille(if *own == weekday { 900 } else { 30 }),
            Self::Weekender => dice.permille(if weekday >= 5 { 750 } else { 50 }),
            Self::Lapsing => dice.permille(800 >> (age / HALF_LIFE_DAYS).min(9)),
            Self::Occasional => dice.permille(60),
        };
        age == 0 || of_habit || (promotion && dice.permille(WOKEN_BY_PROMOTION))
    }
}

/// One day of a run or of a pause.
fn step(dice: &mut Dice, coming: &mut bool, days_left: &mut u32) -> bool {
    let today = *coming;
    *days_left -= 1;
    if *days_left == 0 {
        *coming = !today;
        *days_left = if *coming { dice.between(5, 9) } else { dice.between(1, 14) };
    }
    today
}
