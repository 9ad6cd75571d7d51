//! Random orders: few members, small amounts and short lives, so that they meet.

use proptest::prelude::*;

use super::{MEMBERS, UNITS};

/// What somebody asks for. Payments and claims are named by how many were asked for behind them, and then by their number.
#[derive(Debug, Clone)]
pub(crate) enum Order {
    Wait {
        hours: i64,
    },
    /// `price` is in the other unit; with `review` staff decide.
    Claim {
        who: usize,
        what: usize,
        amount: i64,
        after: i64,
        days: Option<i64>,
        price: Option<i64>,
        review: bool,
    },
    Approve {
        claim: usize,
    },
    Reject {
        claim: usize,
    },
    Reverse {
        claim: usize,
    },
    Pay {
        who: usize,
        what: usize,
        amount: i64,
        hold_hours: Option<i64>,
    },
    Capture {
        spend: usize,
        amount: Option<i64>,
    },
    Release {
        spend: usize,
    },
    Refund {
        spend: usize,
        amount: Option<i64>,
    },
    Adjust {
        who: usize,
        what: usize,
        amount: i64,
        days: Option<i64>,
    },
    Send {
        who: usize,
        to: usize,
        what: usize,
        amount: i64,
    },
    Sweep {
        who: usize,
        what: usize,
    },
    Settle {
        who: usize,
        what: usize,
    },
    Forfeit {
        who: usize,
        what: usize,
    },
}

pub(crate) fn orders() -> impl Strategy<Value = Vec<Order>> {
    proptest::collection::vec(order(), 1..120)
}

fn order() -> impl Strategy<Value = Order> {
    let (who, what) = (0..MEMBERS, 0..UNITS);
    let days = || prop_oneof![1 => Just(None), 4 => (1_i64..5).prop_map(Some)];
    let (small, large) = (|| 1_i64..12, || 1_i64..25);
    let number = || prop_oneof![3 => 0_usize..3, 1 => 0_usize..10];
    let part = || proptest::option::weighted(0.7, 1_i64..12);
    prop_oneof![
        5 => prop_oneof![6 => 1_i64..12, 3 => 12_i64..40, 1 => 40_i64..120].prop_map(|hours| Order::Wait { hours }),
        16 => (who.clone(), what.clone(), small(), prop_oneof![3 => Just(0_i64), 1 => 1_i64..3], days(), proptest::option::weighted(0.3, 1_i64..15), any::<bool>())
            .prop_map(|(who, what, amount, after, days, price, review)| Order::Claim {
                who, what, amount, after, days, price, review: review && price.is_some(),
            }),
        2 => number().prop_map(|claim| Order::Approve { claim }),
        1 => number().prop_map(|claim| Order::Reject { claim }),
        3 => number().prop_map(|claim| Order::Reverse { claim }),
        6 => (who.clone(), what.clone(), large(), proptest::option::weighted(0.6, 1_i64..60))
            .prop_map(|(who, what, amount, hold_hours)| Order::Pay { who, what, amount, hold_hours }),
        4 => (number(), part()).prop_map(|(spend, amount)| Order::Capture { spend, amount }),
        2 => number().prop_map(|spend| Order::Release { spend }),
        5 => (number(), part()).prop_map(|(spend, amount)| Order::Refund { spend, amount }),
        2 => (who.clone(), what.clone(), prop_oneof![1_i64..30, -20_i64..0], days())
            .prop_map(|(who, what, amount, days)| Order::Adjust { who, what, amount, days }),
        2 => (who.clone(), 1..MEMBERS, what.clone(), small())
            .prop_map(|(who, step, what, amount)| Order::Send { who, to: (who + step) % MEMBERS, what, amount }),
        1 => (who.clone(), what.clone()).prop_map(|(who, what)| Order::Sweep { who, what }),
        2 => (who.clone(), what.clone()).prop_map(|(who, what)| Order::Settle { who, what }),
        1 => (who, what).prop_map(|(who, what)| Order::Forfeit { who, what }),
    ]
}
