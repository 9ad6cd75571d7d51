//! How documents from outside are read: strictly, field by field, within bounds. HTTP, Kafka and the command line read
//! alike.

pub mod budgets;
pub mod fields;
pub mod json;
pub mod value;
