//! Every option as it was given: its names for people and for librdkafka, what it belongs to, and how it may be shown.

use secrecy::{ExposeSecret, SecretString};

use super::{KafkaSecurity, name_of};

/// What an option belongs to: it means nothing without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Always,
    Sasl,
    Password,
    Kerberos,
    Tls,
}

/// One option as it was given.
pub(in crate::config) struct Given {
    /// In the environment.
    pub(in crate::config) name: &'static str,
    /// For the command line.
    pub(in crate::config) argument: &'static str,
    /// For librdkafka.
    pub(super) option: &'static str,
    pub(super) part: Part,
    secret: bool,
    pub(super) value: Option<SecretString>,
}

impl Given {
    /// The value as it may be seen.
    pub(in crate::config) fn shown(&self) -> String {
        match &self.value {
            None => "(none)".to_owned(),
            Some(_) if self.secret => "***".to_owned(),
            Some(value) => value.expose_secret().to_owned(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.value.as_ref().is_some_and(|value| value.expose_secret().trim().is_empty())
    }
}

impl KafkaSecurity {
    /// Every option, in the order of the documentation.
    pub(in crate::config) fn given(&self) -> Vec<Given> {
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
}
