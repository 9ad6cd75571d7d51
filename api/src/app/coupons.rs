//! Codes of coupons: the keys under which they are stored (`keys`), how batches of them are read (`batch`), made (`generate`)
//! and added (`add`), the warning about keys that are missing (`missing`), and how a code is shown to the member who has it
//! (`shown`). A code is a secret: nothing here writes one anywhere but sealed.

pub mod add;
pub mod batch;
mod generate;
pub mod keys;
pub mod missing;
pub mod shown;
