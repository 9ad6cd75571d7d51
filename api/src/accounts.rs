//! Accounts.
mod passwords;
pub use passwords::Passwords;
