//! The client address of a request; `http::client_address` determines it.

use std::net::IpAddr;

/// The client address that limits are counted by; `None` if unknown.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub Option<IpAddr>);
