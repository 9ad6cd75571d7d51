//! What must not be said of a service that others can reach: each of these is fine on one's own machine, and open to
//! everybody behind a public address. Demo mode is on no such address at all: see `validate`.

use ipnet::IpNet;

use super::validate::{Contradiction, refuse_if};
use super::{Config, CookieSecure, KafkaUse, RateLimiting};

/// A shorter prefix than that of `10.0.0.0/8` is nobody's network.
const SHORTEST_PREFIX: u8 = 8;
/// Before an IPv4 address that is written as one of IPv6.
const MAPPED_PREFIX: u8 = 96;

impl Config {
    /// Whether others can reach the service: at its own address, or through a proxy.
    fn is_public(&self) -> bool {
        !self.listen.ip().is_loopback() || !self.trusted_proxies.trim().is_empty()
    }

    /// What the options say that they must not say of a public service.
    pub(super) fn exposed(&self) -> Vec<Contradiction> {
        if self.demo || !self.is_public() {
            return vec![];
        }
        [self.unlimited(), self.plain_cookies(), self.every_origin(), self.every_proxy(), self.embedded_broker()]
            .into_iter()
            .flatten()
            .collect()
    }

    /// How others reach it, for people.
    fn reached(&self) -> String {
        match self.listen.ip().is_loopback() {
            false => format!("while LISTEN is {}, which others can reach", self.listen),
            true => "while TRUSTED_PROXIES names proxies, through which others can reach it".to_owned(),
        }
    }

    fn unlimited(&self) -> Option<Contradiction> {
        refuse_if(self.rate_limits == Some(RateLimiting::Off), "RATE_LIMITS", || {
            (format!("is off {}", self.reached()), "unset it, or set LISTEN to 127.0.0.1 and a port")
        })
    }

    fn plain_cookies(&self) -> Option<Contradiction> {
        refuse_if(self.cookie_secure == CookieSecure::Never, "COOKIE_SECURE", || {
            (
                format!("is never {}", self.reached()),
                "unset it: without HTTPS in front, anybody on the way could take over a session",
            )
        })
    }

    fn every_origin(&self) -> Option<Contradiction> {
        let any = self.cors_origins().is_ok_and(|origins| origins.iter().any(|origin| origin == "*"));
        refuse_if(any, "CORS_ORIGINS", || {
            (format!("is * {}", self.reached()), "name the origins, as https://app.example.com")
        })
    }

    /// Behind a loopback address only programs of this machine can call, whatever they claim.
    fn every_proxy(&self) -> Option<Contradiction> {
        if self.listen.ip().is_loopback() {
            return None;
        }
        let wide = self.proxies().ok()?.0.into_iter().find(|network| prefix(network) < SHORTEST_PREFIX)?;
        refuse_if(true, "TRUSTED_PROXIES", || {
            (
                format!("has {wide} in it {}", self.reached()),
                "name the networks of your proxies alone: anybody else could claim any address",
            )
        })
    }

    fn embedded_broker(&self) -> Option<Contradiction> {
        let embedded = self.kafka == KafkaUse::On && self.kafka_brokers.is_none();
        refuse_if(embedded && !self.listen.ip().is_loopback(), "KAFKA_BROKERS", || {
            (
                format!("is not set {}", self.reached()),
                "name your Kafka, or set KAFKA=off to publish nowhere: the broker in the process is for a first look",
            )
        })
    }
}

/// How much of an address a network fixes.
fn prefix(network: &IpNet) -> u8 {
    match network {
        IpNet::V4(network) => network.prefix_len(),
        IpNet::V6(network) if network.addr().to_ipv4_mapped().is_some() => {
            network.prefix_len().saturating_sub(MAPPED_PREFIX)
        }
        IpNet::V6(network) => network.prefix_len(),
    }
}
