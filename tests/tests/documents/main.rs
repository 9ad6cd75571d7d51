//! The documents are true: their commands run and are answered as they say, their links lead somewhere, the files they
//! name exist, and what can be made from the code is made from it. `make docs` writes those parts anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod answers;
mod arrows;
mod commands;
mod generated;
mod links;
mod markdown;
mod shape;
