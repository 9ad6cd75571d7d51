//! How a secured Kafka lets us in: the options. They reach every client through [`Brokers`] and nothing else of the
//! program sees them. What librdkafka calls them is in `given`, what they must not say in `contradictions`.

mod contradictions;
mod given;

use clap::ValueEnum;
use projections::Brokers;
use secrecy::SecretString;

use super::{Config, secret};

/// Encryption and authentication towards `KAFKA_BROKERS`.
#[derive(Debug, Clone, clap::Args)]
pub struct KafkaSecurity {
    /// Protocol towards the brokers. `ssl` and `sasl_ssl` need a build with the feature `kafka-secure`.
    #[arg(long, env = "KAFKA_SECURITY_PROTOCOL", value_enum, ignore_case = true,
          default_value_t = SecurityProtocol::Plaintext, global = true)]
    pub kafka_security_protocol: SecurityProtocol,

    /// SASL mechanism. All but `PLAIN` need a build with the feature `kafka-secure`.
    #[arg(long, env = "KAFKA_SASL_MECHANISM", value_enum, ignore_case = true, global = true)]
    pub kafka_sasl_mechanism: Option<SaslMechanism>,

    /// User name for `PLAIN` and `SCRAM-…`.
    #[arg(long, env = "KAFKA_SASL_USERNAME", value_name = "NAME", global = true)]
    pub kafka_sasl_username: Option<String>,

    /// Password for `PLAIN` and `SCRAM-…`. Set it in the environment: flags are visible to other users.
    #[arg(long, env = "KAFKA_SASL_PASSWORD", value_name = "SECRET", value_parser = secret, hide_env_values = true, global = true)]
    pub kafka_sasl_password: Option<SecretString>,

    /// Kerberos service name of the brokers, for `GSSAPI`. None: `kafka`.
    #[arg(long, env = "KAFKA_SASL_KERBEROS_SERVICE_NAME", value_name = "NAME", global = true)]
    pub kafka_sasl_kerberos_service_name: Option<String>,

    /// Kerberos principal of this service, for `GSSAPI`.
    #[arg(long, env = "KAFKA_SASL_KERBEROS_PRINCIPAL", value_name = "NAME", global = true)]
    pub kafka_sasl_kerberos_principal: Option<String>,

    /// Keytab file of that principal.
    #[arg(long, env = "KAFKA_SASL_KERBEROS_KEYTAB", value_name = "FILE", global = true)]
    pub kafka_sasl_kerberos_keytab: Option<String>,

    /// CA certificates that the brokers' certificates are checked against, a PEM file or a folder. None: the system's.
    #[arg(long, env = "KAFKA_SSL_CA_LOCATION", value_name = "FILE", global = true)]
    pub kafka_ssl_ca_location: Option<String>,

    /// Client certificate, in PEM, where brokers ask for one.
    #[arg(long, env = "KAFKA_SSL_CERTIFICATE_LOCATION", value_name = "FILE", global = true)]
    pub kafka_ssl_certificate_location: Option<String>,

    /// Private key of the client certificate, in PEM.
    #[arg(long, env = "KAFKA_SSL_KEY_LOCATION", value_name = "FILE", global = true)]
    pub kafka_ssl_key_location: Option<String>,

    /// Password of the private key, where it has one.
    #[arg(long, env = "KAFKA_SSL_KEY_PASSWORD", value_name = "SECRET", value_parser = secret, hide_env_values = true, global = true)]
    pub kafka_ssl_key_password: Option<SecretString>,

    /// Whether a broker's certificate must match its host name. Default: `https`.
    #[arg(long, env = "KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM", value_enum, global = true)]
    pub kafka_ssl_endpoint_identification_algorithm: Option<EndpointIdentification>,
}

/// Protocol towards the brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum SecurityProtocol {
    /// no encryption, no authentication
    Plaintext,
    /// TLS
    Ssl,
    /// SASL without encryption
    SaslPlaintext,
    /// SASL over TLS
    SaslSsl,
}

/// SASL mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SaslMechanism {
    /// user name and password in the clear
    #[value(name = "PLAIN")]
    Plain,
    /// challenge and response
    #[value(name = "SCRAM-SHA-256")]
    ScramSha256,
    /// the same with a longer hash
    #[value(name = "SCRAM-SHA-512")]
    ScramSha512,
    /// Kerberos
    #[value(name = "GSSAPI")]
    Gssapi,
}

/// Whether a certificate must match the host name of the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EndpointIdentification {
    /// it must
    Https,
    /// any name is accepted
    None,
}

impl KafkaSecurity {
    fn is_open(&self) -> bool {
        self.kafka_security_protocol == SecurityProtocol::Plaintext
    }
}

impl Config {
    /// The Kafka of `KAFKA_BROKERS`; `None` when the embedded one is to be used, or none at all.
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
