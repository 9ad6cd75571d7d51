//! Whose address a request comes from. How it is found out is in `http::client_address`.

use std::net::IpAddr;

/// Whose address a request comes from, as it is counted; `None` where nobody knows.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub Option<IpAddr>);
