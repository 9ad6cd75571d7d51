//! What can be asked of a payment.

use std::sync::Arc;

use super::{HoldTime, SpendSubject};
use crate::moment::Moment;
use crate::quantity::Amount;
use crate::value::{Grace, Holdings, Reference};

/// A request to change a payment. What the member holds is read before: it says which lots are good at that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpendCommand {
    /// Pay, or hold the points for a later payment.
    Start(Box<SpendRequest>),
    /// Take held points.
    Capture {
        /// How many of them; the others are back. `None` is all.
        amount: Option<Amount>,
        /// What the member holds.
        holdings: Arc<Holdings>,
        /// The moment of asking.
        at: Moment,
    },
    /// Give held points back.
    Release {
        /// What the member holds.
        holdings: Arc<Holdings>,
        /// The moment of asking.
        at: Moment,
    },
    /// Nobody ended the hold in time.
    Expire {
        /// What the member holds.
        holdings: Arc<Holdings>,
        /// The moment of looking.
        at: Moment,
    },
    /// Give paid points back.
    Refund {
        /// What the caller calls it.
        reference: Reference,
        /// How many; `None` is all that are left.
        amount: Option<Amount>,
        /// What the member holds.
        holdings: Arc<Holdings>,
        /// For how long points are good whose lots have ended.
        grace: Grace,
        /// The moment of asking.
        at: Moment,
    },
}

/// A payment that is not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendRequest {
    /// Who pays, in which unit, and who asks.
    pub about: SpendSubject,
    /// How much.
    pub amount: Amount,
    /// For how long the points are held; `None` is a payment at once.
    pub hold: Option<HoldTime>,
    /// The member's payments are refused.
    pub is_blocked: bool,
    /// What the member holds …
    pub holdings: Arc<Holdings>,
    /// … up to this position of the log.
    pub lots_position: i64,
    /// The moment of asking.
    pub at: Moment,
}
