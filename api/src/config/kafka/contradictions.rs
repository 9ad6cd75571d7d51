//! What the options must not say: one without another, for nobody, or more than this build can do.

use super::given::{Given, Part};
use super::{KafkaSecurity, SaslMechanism, SecurityProtocol, name_of};
use crate::config::validate::{Contradiction, refuse_if};

/// Whether this build can speak TLS, SCRAM and Kerberos; passwords in the clear it can speak always.
const SECURE_BUILD: bool = cfg!(feature = "kafka-secure");
/// What to do where it cannot.
const BUILD_IT: &str = "build with `cargo build --release -p api --features kafka-secure`";

impl SecurityProtocol {
    fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    fn has_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

impl KafkaSecurity {
    /// What these options must not say.
    pub(in crate::config) fn contradictions(&self, embedded: bool) -> Vec<Contradiction> {
        let mut found = vec![];
        if embedded && !self.is_open() {
            found.extend(refuse_if(true, "KAFKA_SECURITY_PROTOCOL", || {
                (
                    "is set while KAFKA_BROKERS is not".to_owned(),
                    "set KAFKA_BROKERS: the embedded broker knows no security",
                )
            }));
        }
        found.extend(self.given().iter().filter_map(|given| self.out_of_place(given)));
        found.extend(self.incomplete());
        found.extend(self.not_built_in());
        found
    }

    /// An option that is empty, or that nobody would look at.
    fn out_of_place(&self, given: &Given) -> Option<Contradiction> {
        given.value.as_ref()?;
        if given.is_empty() {
            return refuse_if(true, given.name, || ("is empty".to_owned(), "unset it, or say what it is"));
        }
        let protocol = name_of(self.kafka_security_protocol);
        let (has, without, remedy) = match given.part {
            Part::Always => return None,
            Part::Tls => (
                self.kafka_security_protocol.has_tls(),
                format!("is set while KAFKA_SECURITY_PROTOCOL is {protocol}"),
                "set KAFKA_SECURITY_PROTOCOL to ssl or sasl_ssl, or unset it",
            ),
            Part::Sasl => (
                self.kafka_security_protocol.has_sasl(),
                format!("is set while KAFKA_SECURITY_PROTOCOL is {protocol}"),
                "set KAFKA_SECURITY_PROTOCOL to sasl_ssl or sasl_plaintext, or unset it",
            ),
            Part::Password => (
                self.kafka_sasl_mechanism.is_some_and(|mechanism| mechanism != SaslMechanism::Gssapi),
                "is set without a KAFKA_SASL_MECHANISM that knows names and passwords".to_owned(),
                "set KAFKA_SASL_MECHANISM to PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, or unset it",
            ),
            Part::Kerberos => (
                self.kafka_sasl_mechanism == Some(SaslMechanism::Gssapi),
                "is set while KAFKA_SASL_MECHANISM is not GSSAPI".to_owned(),
                "set KAFKA_SASL_MECHANISM to GSSAPI, or unset it",
            ),
        };
        refuse_if(!has, given.name, || (without, remedy))
    }

    /// An option without which another one means nothing.
    fn incomplete(&self) -> Vec<Contradiction> {
        let sasl = self.kafka_security_protocol.has_sasl();
        let by_name = self.kafka_sasl_mechanism.is_some_and(|mechanism| mechanism != SaslMechanism::Gssapi);
        let (certificate, key) = (&self.kafka_ssl_certificate_location, &self.kafka_ssl_key_location);
        [
            refuse_if(sasl && self.kafka_sasl_mechanism.is_none(), "KAFKA_SASL_MECHANISM", || {
                (
                    format!("is not set while KAFKA_SECURITY_PROTOCOL is {}", name_of(self.kafka_security_protocol)),
                    "set it to PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or GSSAPI",
                )
            }),
            refuse_if(sasl && by_name && self.kafka_sasl_username.is_none(), "KAFKA_SASL_USERNAME", || {
                ("is not set".to_owned(), "say by which name the brokers know us")
            }),
            refuse_if(sasl && by_name && self.kafka_sasl_password.is_none(), "KAFKA_SASL_PASSWORD", || {
                ("is not set".to_owned(), "set it in the environment")
            }),
            refuse_if(certificate.is_some() && key.is_none(), "KAFKA_SSL_KEY_LOCATION", || {
                ("is not set while KAFKA_SSL_CERTIFICATE_LOCATION is".to_owned(), "name the file of the private key")
            }),
            refuse_if(key.is_some() && certificate.is_none(), "KAFKA_SSL_CERTIFICATE_LOCATION", || {
                ("is not set while KAFKA_SSL_KEY_LOCATION is".to_owned(), "name the file of the certificate")
            }),
            refuse_if(self.kafka_ssl_key_password.is_some() && key.is_none(), "KAFKA_SSL_KEY_PASSWORD", || {
                (
                    "is set while KAFKA_SSL_KEY_LOCATION is not".to_owned(),
                    "name the file of the private key, or unset it",
                )
            }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// What this build cannot do.
    fn not_built_in(&self) -> Vec<Contradiction> {
        let protocol = self.kafka_security_protocol;
        let mechanism = self.kafka_sasl_mechanism.filter(|mechanism| *mechanism != SaslMechanism::Plain);
        let lacks = |needed: bool, name, what: String| {
            refuse_if(needed && !SECURE_BUILD, name, || {
                (format!("is {what}, and this build has no feature `kafka-secure`"), BUILD_IT)
            })
        };
        let tls = lacks(protocol.has_tls(), "KAFKA_SECURITY_PROTOCOL", name_of(protocol));
        let sasl = mechanism.and_then(|mechanism| lacks(true, "KAFKA_SASL_MECHANISM", name_of(mechanism)));
        tls.into_iter().chain(sasl).collect()
    }
}
