//! What a service may do with value. An account of a person has its role instead. It knows no route and no table.

use std::collections::BTreeSet;

/// What a service may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Take points of members in payment, and give them back.
    Spend,
    /// Redeem coupons of members.
    Redeem,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Spend, Self::Redeem];
    /// Their names, in the same order.
    pub const NAMES: [&str; 2] = [Self::Spend.name(), Self::Redeem.name()];

    /// The name on the command line, in answers and in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spend => "spend",
            Self::Redeem => "redeem",
        }
    }

    /// The right that has this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.name() == name)
    }

    /// Those that these names stand for; a name that stands for none allows nothing.
    #[must_use]
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<Self> {
        names.into_iter().filter_map(Self::from_name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_is_known_by_its_name_and_nothing_else_is_one() {
        assert_eq!(Right::named(Right::NAMES), BTreeSet::from(Right::ALL));
        assert_eq!(Right::named(["Spend", "", "claim", "redeem"]), BTreeSet::from([Right::Redeem]));
    }
}
