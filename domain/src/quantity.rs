//! Numbers that mean something: bounded when they are made, so that no later sum can overflow.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// The largest count, amount or limit.
pub const MAX_COUNT: i64 = 1_000_000_000;
/// The longest time in days that can be asked for: ten years.
pub const MAX_DAYS: i64 = 3_660;
/// Up to here every reader of JSON keeps a whole number exactly: 2⁵³.
pub const EXACT: i64 = 1 << 53;

/// The number is outside of the bounds of its quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be from {min} to {max}")]
pub struct OutOfBounds {
    /// The smallest allowed number.
    pub min: i64,
    /// The largest allowed number.
    pub max: i64,
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident from $min:literal) => {
        quantity! { $(#[$doc])* $name from $min to MAX_COUNT }
    };
    ($(#[$doc:meta])* $name:ident from $min:literal to $max:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "i64", into = "i64")]
        pub struct $name(i64);

        impl $name {
            /// The bare number.
            #[must_use]
            pub fn get(self) -> i64 { self.0 }
        }

        impl TryFrom<i64> for $name {
            type Error = OutOfBounds;
            fn try_from(number: i64) -> Result<Self, OutOfBounds> {
                if ($min..=$max).contains(&number) {
                    Ok(Self(number))
                } else {
                    Err(OutOfBounds { min: $min, max: $max })
                }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> { stringify!($name).into() }
            fn inline_schema() -> bool { true }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "integer", "minimum": $min, "maximum": $max})
            }
        }

        impl From<$name> for i64 {
            fn from(quantity: $name) -> Self { quantity.0 }
        }
    };
}

quantity!(
    /// How many grants a reward has in stock; one grant takes one, whatever its amount. 0 is sold out.
    StockUnits from 0
);
quantity!(
    /// How much of its type (points, items, coupons) one grant hands out.
    Amount from 1
);
quantity!(
    /// How many grants are allowed, to one member or in all.
    GrantLimit from 1
);
quantity!(
    /// For how many days points or a coupon are good after the first one.
    LifeDays from 1 to MAX_DAYS
);
quantity!(
    /// After how many days something begins or ends; 0 is at once.
    DelayDays from 0 to MAX_DAYS
);
quantity!(
    /// How many digits of an amount stand behind the point when it is shown.
    Scale from 0 to 6
);
quantity!(
    /// How often something may be done in a day; 0 is never.
    DailyLimit from 0
);
quantity!(
    /// Beyond how much somebody else has to agree; 0 is always.
    FourEyesLimit from 0
);
quantity!(
    /// How often a coupon may be redeemed.
    UseLimit from 1
);
quantity!(
    /// A part of a budget in percent.
    Percent from 1 to 100
);

/// How much staff give to a wallet or, below zero, take from it: never nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct SignedAmount(i64);

/// The number is no amount with a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be from -{MAX_COUNT} to {MAX_COUNT} and not 0")]
pub struct NotASignedAmount;

impl SignedAmount {
    /// The bare number.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for SignedAmount {
    type Error = NotASignedAmount;

    fn try_from(number: i64) -> Result<Self, NotASignedAmount> {
        if number != 0 && (-MAX_COUNT..=MAX_COUNT).contains(&number) { Ok(Self(number)) } else { Err(NotASignedAmount) }
    }
}

impl From<SignedAmount> for i64 {
    fn from(amount: SignedAmount) -> Self {
        amount.0
    }
}

impl JsonSchema for SignedAmount {
    fn schema_name() -> Cow<'static, str> {
        "SignedAmount".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": -MAX_COUNT, "maximum": MAX_COUNT, "not": {"const": 0}})
    }
}

/// A number of JSON, read as a whole one. How it is written does not matter, as JSON Schema has it: `25`, `25.0` and
/// `2.5e1` are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// It is one.
    Number(i64),
    /// It is one that is too large to be known exactly.
    Beyond,
    /// It is none.
    Fraction,
}

impl Whole {
    /// Reads a number.
    #[must_use]
    pub fn of(number: &Number) -> Self {
        if let Some(number) = number.as_i64() {
            return Self::Number(number);
        }
        // what was written with a point, an exponent or too many digits is kept as the nearest number with 53 bits
        let text = number.to_string();
        let whole = text.strip_suffix(".0").and_then(|digits| digits.parse::<i64>().ok());
        match whole {
            Some(whole) if whole.abs() < EXACT => Self::Number(whole),
            Some(_) => Self::Beyond,
            None if text.contains(['.', 'e']) && (text.contains("e-") || !text.contains('e')) => Self::Fraction,
            None => Self::Beyond,
        }
    }
}

impl DelayDays {
    /// Thirty days.
    pub(crate) fn of_a_month() -> Self {
        Self(30)
    }
}

impl Default for DelayDays {
    /// At once.
    fn default() -> Self {
        Self(0)
    }
}

impl Default for Scale {
    /// Whole numbers.
    fn default() -> Self {
        Self(0)
    }
}

impl Default for DailyLimit {
    /// Never.
    fn default() -> Self {
        Self(0)
    }
}

impl Default for UseLimit {
    /// Once.
    fn default() -> Self {
        Self(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_whole_however_it_is_written() {
        let read = |text: &str| Whole::of(&serde_json::from_str(text).unwrap());
        for (text, number) in [
            ("25", 25),
            ("25.0", 25),
            ("2.5e1", 25),
            ("1e3", 1_000),
            ("1E+3", 1_000),
            ("1000e-3", 1),
            ("-7.0", -7),
            ("-0", 0),
            ("0.0", 0),
            ("9007199254740991.0", EXACT - 1),
            ("9007199254740993", EXACT + 1),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(read(text), Whole::Number(number), "{text}");
        }
        // 2⁵³ + 1 with a point is kept as 2⁵³: nobody can tell the two apart
        for text in [
            "9007199254740992.0",
            "9007199254740993.0",
            "18446744073709551615",
            "1e16",
            "-1e300",
            "12345678901234567890123",
        ] {
            assert_eq!(read(text), Whole::Beyond, "{text}");
        }
        for text in ["0.5", "1.5", "-2.25", "1e-7", "123456789.123e-30"] {
            assert_eq!(read(text), Whole::Fraction, "{text}");
        }
    }
}
