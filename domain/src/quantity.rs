//! Numbers that mean something: bounded when they are made, so that no later sum can overflow.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// The largest count, amount or limit.
pub const MAX_COUNT: i64 = 1_000_000_000;
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
                if ($min..=MAX_COUNT).contains(&number) {
                    Ok(Self(number))
                } else {
                    Err(OutOfBounds { min: $min, max: MAX_COUNT })
                }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> { stringify!($name).into() }
            fn inline_schema() -> bool { true }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "integer", "minimum": $min, "maximum": MAX_COUNT})
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
