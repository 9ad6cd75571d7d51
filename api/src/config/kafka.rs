//! How a secured Kafka lets us in: the options, what librdkafka calls them, and what they must not say.
//! They reach every client through [`Brokers`] and nothing else of the program sees them.

use clap::ValueEnum;
use projections::Brokers;
use secrecy::{ExposeSecret, SecretString};

use super::validate::{Contradiction, refuse_if};
use super::{Config, secret};

/// Whether this build can speak TLS, SCRAM and Kerberos; passwords in the clear it can speak always.
const SECURE_BUILD: bool = cfg!(feature = "kafka-secure");
/// What to do where it cannot.
const BUILD_IT: &str = "build with `cargo build --release -p api --features kafka-secure`";

/// How the brokers of `KAFKA_BROKERS` let us in.
#[derive(Debug, Clone, clap::Args)]
pub struct KafkaSecurity {
    /// How to talk to the brokers. `ssl` and `sasl_ssl` need a build with the feature `kafka-secure`.
    #[arg(long, env = "KAFKA_SECURITY_PROTOCOL", value_enum, ignore_case = true,
          default_value_t = SecurityProtocol::Plaintext, global = true)]
    pub kafka_security_protocol: SecurityProtocol,

    /// How to say who we are. All but `PLAIN` need a build with the feature `kafka-secure`.
    #[arg(long, env = "KAFKA_SASL_MECHANISM", value_enum, ignore_case = true, global = true)]
    pub kafka_sasl_mechanism: Option<SaslMechanism>,

    /// Name for `PLAIN` and `SCRAM-…`.
    #[arg(long, env = "KAFKA_SASL_USERNAME", value_name = "NAME", global = true)]
    pub kafka_sasl_username: Option<String>,

    /// Password for `PLAIN` and `SCRAM-…`; better in the environment, since others can see flags.
    #[arg(long, env = "KAFKA_SASL_PASSWORD", value_name = "SECRET", value_parser = secret, hide_env_values = true, global = true)]
    pub kafka_sasl_password: Option<SecretString>,

    /// Kerberos name of the brokers, for `GSSAPI`. None: `kafka`.
    #[arg(long, env = "KAFKA_SASL_KERBEROS_SERVICE_NAME", value_name = "NAME", global = true)]
    pub kafka_sasl_kerberos_service_name: Option<String>,

    /// Kerberos name of ours, for `GSSAPI`.
    #[arg(long, env = "KAFKA_SASL_KERBEROS_PRINCIPAL", value_name = "NAME", global = true)]
    pub kafka_sasl_kerberos_principal: Option<String>,

    /// File with the key of that name.
    #[arg(long, env = "KAFKA_SASL_KERBEROS_KEYTAB", value_name = "FILE", global = true)]
    pub kafka_sasl_kerberos_keytab: Option<String>,

    /// Certificates that the brokers' are checked against, a file in PEM or a folder. None: the system's.
    #[arg(long, env = "KAFKA_SSL_CA_LOCATION", value_name = "FILE", global = true)]
    pub kafka_ssl_ca_location: Option<String>,

    /// Our certificate, in PEM, where brokers ask for one.
    #[arg(long, env = "KAFKA_SSL_CERTIFICATE_LOCATION", value_name = "FILE", global = true)]
    pub kafka_ssl_certificate_location: Option<String>,

    /// Its private key, in PEM.
    #[arg(long, env = "KAFKA_SSL_KEY_LOCATION", value_name = "FILE", global = true)]
    pub kafka_ssl_key_location: Option<String>,

    /// Password of the private key, where it has one.
    #[arg(long, env = "KAFKA_SSL_KEY_PASSWORD", value_name = "SECRET", value_parser = secret, hide_env_values = true, global = true)]
    pub kafka_ssl_key_password: Option<SecretString>,

    /// Whether a broker's certificate must be for the name it is reached by. None: `https`, it must.
    #[arg(long, env = "KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM", value_enum, global = true)]
    pub kafka_ssl_endpoint_identification_algorithm: Option<EndpointIdentification>,
}

/// How to talk to brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum SecurityProtocol {
    /// Openly, to whoever is there.
    Plaintext,
    /// TLS.
    Ssl,
    /// Openly, saying who we are.
    SaslPlaintext,
    /// TLS, saying who we are.
    SaslSsl,
}

impl SecurityProtocol {
    fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    fn has_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

/// How to say who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SaslMechanism {
    /// Name and password, as they are.
    #[value(name = "PLAIN")]
    Plain,
    /// Name and a proof of the password.
    #[value(name = "SCRAM-SHA-256")]
    ScramSha256,
    /// The same with a longer hash.
    #[value(name = "SCRAM-SHA-512")]
    ScramSha512,
    /// Kerberos.
    #[value(name = "GSSAPI")]
    Gssapi,
}

/// Whether a certificate must be for the name of the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EndpointIdentification {
    /// It must.
    Https,
    /// Any name will do.
    None,
}

/// What an option belongs to: it means nothing without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Always,
    Sasl,
    Password,
    Kerberos,
    Tls,
}

/// One option as it was given.
pub(super) struct Given {
    /// In the environment.
    pub(super) name: &'static str,
    /// For the command line.
    pub(super) argument: &'static str,
    /// For librdkafka.
    option: &'static str,
    part: Part,
    secret: bool,
    value: Option<SecretString>,
}

impl Given {
    /// The value as it may be seen.
    pub(super) fn shown(&self) -> String {
        match &self.value {
            None => "(none)".to_owned(),
            Some(_) if self.secret => "***".to_owned(),
            Some(value) => value.expose_secret().to_owned(),
        }
    }

    fn is_empty(&self) -> bool {
        self.value.as_ref().is_some_and(|value| value.expose_secret().trim().is_empty())
    }
}

impl KafkaSecurity {
    /// Every option, in the order of the documentation.
    pub(super) fn given(&self) -> Vec<Given> {
        let given = |name, argument, option, part, value: Option<String>| Given {
            name,
            argument,
            option,
            part,
            secret: false,
            value: value.map(SecretString::from),
        };
        let hidden = |name, argument, option, part, value: &Option<SecretString>| Given {
            name,
            argument,
            option,
            part,
            secret: true,
            value: value.clone(),
        };
        vec![
            given(
                "KAFKA_SECURITY_PROTOCOL",
                "kafka_security_protocol",
                "security.protocol",
                Part::Always,
                Some(name_of(self.kafka_security_protocol)),
            ),
            given(
                "KAFKA_SASL_MECHANISM",
                "kafka_sasl_mechanism",
                "sasl.mechanism",
                Part::Sasl,
                self.kafka_sasl_mechanism.map(name_of),
            ),
            given(
                "KAFKA_SASL_USERNAME",
                "kafka_sasl_username",
                "sasl.username",
                Part::Password,
                self.kafka_sasl_username.clone(),
            ),
            hidden(
                "KAFKA_SASL_PASSWORD",
                "kafka_sasl_password",
                "sasl.password",
                Part::Password,
                &self.kafka_sasl_password,
            ),
            given(
                "KAFKA_SASL_KERBEROS_SERVICE_NAME",
                "kafka_sasl_kerberos_service_name",
                "sasl.kerberos.service.name",
                Part::Kerberos,
                self.kafka_sasl_kerberos_service_name.clone(),
            ),
            given(
                "KAFKA_SASL_KERBEROS_PRINCIPAL",
                "kafka_sasl_kerberos_principal",
                "sasl.kerberos.principal",
                Part::Kerberos,
                self.kafka_sasl_kerberos_principal.clone(),
            ),
            given(
                "KAFKA_SASL_KERBEROS_KEYTAB",
                "kafka_sasl_kerberos_keytab",
                "sasl.kerberos.keytab",
                Part::Kerberos,
                self.kafka_sasl_kerberos_keytab.clone(),
            ),
            given(
                "KAFKA_SSL_CA_LOCATION",
                "kafka_ssl_ca_location",
                "ssl.ca.location",
                Part::Tls,
                self.kafka_ssl_ca_location.clone(),
            ),
            given(
                "KAFKA_SSL_CERTIFICATE_LOCATION",
                "kafka_ssl_certificate_location",
                "ssl.certificate.location",
                Part::Tls,
                self.kafka_ssl_certificate_location.clone(),
            ),
            given(
                "KAFKA_SSL_KEY_LOCATION",
                "kafka_ssl_key_location",
                "ssl.key.location",
                Part::Tls,
                self.kafka_ssl_key_location.clone(),
            ),
            hidden(
                "KAFKA_SSL_KEY_PASSWORD",
                "kafka_ssl_key_password",
                "ssl.key.password",
                Part::Tls,
                &self.kafka_ssl_key_password,
            ),
            given(
                "KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM",
                "kafka_ssl_endpoint_identification_algorithm",
                "ssl.endpoint.identification.algorithm",
                Part::Tls,
                self.kafka_ssl_endpoint_identification_algorithm.map(name_of),
            ),
        ]
    }

    fn is_open(&self) -> bool {
        self.kafka_security_protocol == SecurityProtocol::Plaintext
    }

    /// What these options must not say.
    pub(super) fn contradictions(&self, embedded: bool) -> Vec<Contradiction> {
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

impl Config {
    /// The Kafka of `KAFKA_BROKERS`; `None` when the embedded one is to be used.
    #[must_use]
    pub fn kafka(&self) -> Option<Brokers> {
        let open = Brokers::at(self.kafka_brokers.as_deref()?);
        if self.kafka_security.is_open() {
            return Some(open);
        }
        let given = self.kafka_security.given().into_iter();
        let options = given.filter_map(|given| Some((given.option, given.value?)));
        Some(options.fold(open, |brokers, (option, value)| brokers.with(option, value)))
    }
}

fn name_of(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}
