//! Numbers that mean something: bounded when they are made, so that no later sum can overflow.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The largest count, amount or limit.
pub const MAX_COUNT: i64 = 1_000_000_000;

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
