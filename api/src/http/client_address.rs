//! Determines the client address of a request. Forwarding headers are trusted only as far as trusted proxies have
//! written them.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use aide::OperationInput;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::app::client_address::ClientAddress;
use crate::http::state::AppState;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The trusted proxies.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(pub Vec<IpNet>);

impl TrustedProxies {
    /// Whether an address belongs to a trusted proxy.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&address))
    }

    /// The right-most hop that is not a trusted proxy: it may have forged everything further left.
    #[must_use]
    pub fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
        let mut client = peer.ip().to_canonical();
        let lines: Vec<_> = headers.get_all(X_FORWARDED_FOR).iter().collect();
        let hops = lines.iter().rev().flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        for hop in hops {
            if !self.trusts(client) {
                break;
            }
            // beyond a hop that cannot be parsed the client is unknown
            let Some(address) = parse(hop) else { break };
            client = address;
        }
        Some(client)
    }
}

/// `192.0.2.1`, `192.0.2.1:1234`, `2001:db8::1`, `[2001:db8::1]:1234`.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = text.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    address.or_else(bracketed).map(|address| address.to_canonical())
}

impl ClientAddress {
    /// The client address from a peer address and headers.
    #[must_use]
    pub fn of(parts: &Parts, state: &AppState) -> Self {
        Self(state.proxies.client(&parts.extensions, &parts.headers).map(one_subscriber))
    }
}

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(Self::of(parts, state))
    }
}

/// Nothing about the client: an extractor needs no description of its own in the API document.
impl OperationInput for ClientAddress {}

/// The address that limits are counted by: for IPv6 the /64 network, since a subscriber has all of its 2⁶⁴ addresses.
#[must_use]
pub fn one_subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[track_caller]
    fn client(peer: &str, forwarded: &[&'static str], client: &str) {
        let proxies = TrustedProxies(["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap()).to_vec());
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_static(line));
        }
        assert_eq!(proxies.client(&extensions, &headers), Some(client.parse().unwrap()), "{peer} {forwarded:?}");
    }

    #[test]
    fn the_right_most_hop_that_is_no_proxy_is_the_client() {
        client("192.0.2.1", &[], "192.0.2.1");
        client("192.0.2.1", &["198.51.100.7"], "192.0.2.1"); // a stranger may say what it likes
        client("10.0.0.1", &[], "10.0.0.1");
        client("10.0.0.1", &["198.51.100.7"], "198.51.100.7");
        client("10.0.0.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7"); // the left one is made up
        client("10.0.0.1", &["203.0.113.9, 198.51.100.7, 10.1.1.1"], "198.51.100.7");
        client("10.0.0.1", &["203.0.113.9", "198.51.100.7, 10.1.1.1"], "198.51.100.7"); // two lines are one list
        client("10.0.0.1", &["10.3.3.3, 10.2.2.2"], "10.3.3.3");
        client("10.0.0.1", &["198.51.100.7:4711"], "198.51.100.7");
        client("10.0.0.1", &["203.0.113.9, unknown"], "10.0.0.1");
        client("10.0.0.1", &[""], "10.0.0.1");
        client("::ffff:10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1");
        client("fd00::1", &["2001:db8::1"], "2001:db8::1");
        client("fd00::1", &["[2001:db8::1]"], "2001:db8::1");
    }

    #[test]
    fn a_network_of_ipv6_is_one_subscriber() {
        let one = |text: &str| one_subscriber(text.parse().unwrap());
        assert_eq!(one("2001:db8:1:2:3:4:5:6"), one("2001:db8:1:2:ffff::"));
        assert_ne!(one("2001:db8:1:2::"), one("2001:db8:1:3::"));
        assert_ne!(one("192.0.2.1"), one("192.0.2.2"));
    }
}
