//! Amounts of a unit in words: as many digits behind the point as the unit has, and points by their name.

use domain::value::UnitCode;

use crate::pages::text::{Text, say};

/// How amounts of one unit are written.
#[derive(Debug, Clone)]
pub(in crate::pages) struct Amounts {
    pub(in crate::pages) text: Text,
    pub(in crate::pages) unit: String,
    pub(in crate::pages) scale: u32,
}

impl Amounts {
    /// `1,250`, `12.50`.
    pub(in crate::pages) fn bare(&self, amount: impl Into<i128>) -> String {
        let amount = amount.into();
        let Some(whole) = 10_i128.checked_pow(self.scale).filter(|whole| *whole > 1) else {
            return self.text.number(amount);
        };
        let (before, behind) = (amount / whole, (amount % whole).unsigned_abs());
        let sign = if amount < 0 && before == 0 { "−" } else { "" };
        let width = usize::try_from(self.scale).unwrap_or_default();
        format!("{sign}{}.{behind:0width$}", self.text.number(before))
    }

    /// `+500`, `−150`, `0`.
    pub(in crate::pages) fn signed(&self, amount: i64) -> String {
        if amount > 0 { format!("+{}", self.bare(amount)) } else { self.bare(amount) }
    }

    /// `1,250 points`, `3 stars`.
    pub(in crate::pages) fn said(&self, amount: i64) -> String {
        let bare = self.bare(amount);
        if self.unit == UnitCode::POINTS {
            return say!(self.text, "ui-wallet-points", count = amount, amount = bare);
        }
        say!(self.text, "ui-wallet-of-unit", amount = bare, unit = self.unit.clone())
    }
}

#[cfg(test)]
mod tests {
    use domain::zone::Tz;

    use super::*;
    use crate::app::i18n::Language;

    #[test]
    fn an_amount_has_as_many_digits_behind_the_point_as_its_unit() {
        let text = Text { language: Language::English, zone: Tz::UTC };
        let of = |unit: &str, scale| Amounts { text, unit: unit.to_owned(), scale };
        assert_eq!(of("points", 0).said(1), "1 point");
        assert_eq!(of("points", 0).said(1_250), "1,250 points");
        assert_eq!(of("stars", 2).said(123_405), "1,234.05 stars");
        assert_eq!((of("stars", 2).bare(-5), of("stars", 2).bare(-150)), ("−0.05".to_owned(), "−1.50".to_owned()));
        assert_eq!((of("stars", 0).signed(5), of("stars", 0).signed(-5)), ("+5".to_owned(), "−5".to_owned()));
    }
}
