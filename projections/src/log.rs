//! Reads the log: entries in their one order, and where it ends. It appends nothing and does not
//! know what becomes of an entry.

mod ahead;
pub mod blocking;
mod entry;
mod head;
pub(crate) mod packed;
pub mod partition;
pub mod pg_copy;
mod piece;
mod read;
mod scan;
pub mod tail;

pub(crate) use ahead::read_ahead;
pub(crate) use entry::DecodedEvent;
pub use entry::{Entry, EventHeader, Recorded};
pub(crate) use head::last_position;
pub use head::{Head, head, position_at, recorded_at};
pub use pg_copy::Row;
pub use piece::{Column, ScanRange};
pub(crate) use read::read_next;
pub use read::{EntryFilter, Order, read_after, read_between, read_filtered, read_stream};
pub use scan::Scan;
