//! The vertical scale: zero at the bottom, some space above the largest number, and at most four grid lines at round
//! numbers.

/// The space above the largest number, in percent of the height.
const AIR: f64 = 9.0;
/// The most grid lines.
const LINES: i64 = 4;

/// A scale from zero to a largest number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    top: f64,
    most: i64,
}

impl Scale {
    pub(super) fn to(most: i64) -> Self {
        let most = most.max(1);
        Self { top: most as f64 * 100.0 / (100.0 - AIR), most }
    }

    /// The height of a number from the top, in percent.
    pub(super) fn y(&self, number: i64) -> f64 {
        self.y_of(number as f64)
    }

    /// The same for a fraction.
    pub(super) fn y_of(&self, number: f64) -> f64 {
        100.0 - number.max(0.0) / self.top * 100.0
    }

    /// The numbers with a grid line: 800, 1,600, 2,400.
    pub(super) fn lines(&self) -> Vec<i64> {
        let step = step(self.most);
        (1..=LINES).map(|line| line.saturating_mul(step)).take_while(|number| *number <= self.most).collect()
    }
}

/// The smallest round step that gives at most four grid lines.
fn step(most: i64) -> i64 {
    let units = (0..=18).map(|power| 10_i64.pow(power));
    let steps = units.flat_map(|unit| [1, 2, 4, 5, 8].map(|of_unit| unit.saturating_mul(of_unit)));
    // the largest number is below five steps, so that at most four lines fit
    let mut steps = steps.filter(|step| *step > most / (LINES + 1));
    steps.next().unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_round_and_few() {
        for (most, lines) in [
            (0, vec![1]),
            (1, vec![1]),
            (4, vec![1, 2, 3, 4]),
            (5, vec![2, 4]),
            (1_500, vec![400, 800, 1_200]),
            (2_401, vec![500, 1_000, 1_500, 2_000]),
            (1_000_000_000_000, vec![400_000_000_000, 800_000_000_000]),
        ] {
            assert_eq!(Scale::to(most).lines(), lines, "{most}");
        }
        for most in [i64::MIN, -1, i64::MAX] {
            let lines = Scale::to(most).lines();
            assert!((1..=4).contains(&lines.len()), "{most}: {lines:?}");
        }
    }

    #[test]
    fn zero_is_below_and_the_largest_has_air() {
        let scale = Scale::to(200);
        assert!((scale.y(0) - 100.0).abs() < 1e-9 && (scale.y(200) - AIR).abs() < 1e-9);
        assert!((scale.y(-5) - 100.0).abs() < 1e-9);
    }
}
