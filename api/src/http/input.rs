//! How bodies, queries and cursors are read: strictly, field by field, within bounds.

#[cfg(test)]
pub mod adversary;
pub(crate) mod condition;
pub mod cursor;
pub mod extract;
