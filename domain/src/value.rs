//! What members hold of a unit: in which lots it came to them, until when it is good, which lots are used first, and how
//! each event moves it between accounts. It knows no stock, no condition and no table: the lots that a decision needs
//! are handed in with the command.

mod account;
mod allocation;
mod books;
mod code;
mod event;
mod holdings;
mod lifetime;
mod portion;
mod postings;
mod reference;
mod refund;
mod standing;
mod take_back;

pub use account::{Account, Entry, LotChange, Posting, postings_of};
pub use allocation::{AllocationRefusal, MAX_LOTS, Shortfall};
pub use books::Books;
pub use code::{Currency, NotACurrency, NotAUnitCode, UnitCode};
pub use event::ValueEvent;
pub use holdings::{Hold, HoldChange, HoldId, Holdings, Lot};
pub use lifetime::{Days, EndOf, Expiry, LAST_YEAR, LotDates, LotTerms};
pub use portion::{NewLot, Portion, first, last, total};
pub use postings::{Allocation, allocation, entries, hold_change, postings};
pub use reference::{NotAReference, Reference};
pub use refund::{Grace, Refund, Release};
pub use standing::{Dated, Due, LotStanding, Standing};
pub use take_back::{OnReversal, TakenBack};
