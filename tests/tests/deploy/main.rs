//! What is in `deploy/`, run: each file is read here and started as it says, not only parsed. No container engine is needed:
//! the image's file system is assembled from what the program links to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod container;
mod dockerfile;
mod faults;
mod image;
mod interrupted;
