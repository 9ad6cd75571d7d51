//! The service from outside: a harness that runs the real binary on a real PostgreSQL and a real Kafka, shared by
//! the black-box tests and the bench. It knows the HTTP contract and the log's table, and no rule of the business.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a harness may panic: that fails the test")]

pub mod support;
