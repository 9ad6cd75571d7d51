//! The configuration in force, for people to read: each option, its value with secrets masked, and
//! where it comes from. Knows nothing of what the values do.

use super::{Config, KafkaUse};
use crate::app::time_zones;
use clap::parser::ValueSource;
use clap::{ArgMatches, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// Shown for an address that nobody can read, as it may be all password.
pub(super) const UNREADABLE: &str = "***";

/// The option behind which those of a secured Kafka stand.
const BEFORE_KAFKA_SECURITY: &str = "KAFKA_ACTIVITIES_GROUP";

/// One option as it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The name in the environment.
    pub name: &'static str,
    /// The value, masked where it is secret.
    pub value: String,
    /// Where the value comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag,
    /// A variable of the environment.
    Environment,
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::Default => "default",
        })
    }
}

impl Config {
    /// Every option in force, in the order of the documentation. `matches` is what the command line
    /// was parsed to: only it knows where a value came from.
    #[must_use]
    pub fn settings(&self, matches: &ArgMatches) -> Vec<Setting> {
        let setting = |name: &'static str, argument: &str, value: String| Setting {
            name,
            value,
            origin: origin(matches, argument),
        };
        let cookie_secure = self.cookie_secure.to_possible_value();
        let kafka = self.kafka_security.given().into_iter().map(|it| setting(it.name, it.argument, it.shown()));
        let mut settings = vec![
            setting("LISTEN", "listen", self.listen.to_string()),
            setting(
                "METRICS_LISTEN",
                "metrics_listen",
                self.metrics_listen.map_or_else(|| "(off)".to_owned(), |address| address.to_string()),
            ),
            setting("DEMO", "demo", self.demo.to_string()),
            setting("DEMO_HISTORY", "demo_history", self.demo_history.to_string()),
            setting("DEMO_TRAFFIC", "demo_traffic", self.demo_traffic.to_string()),
            setting("DATABASE_URL", "database_url", self.database_url_masked()),
            setting("DATABASE_URL_FILE", "database_url_file", file(self.database_url_file.as_deref())),
            setting("DATABASE_OWNER_URL", "database_owner_url", self.database_owner_url_masked()),
            setting(
                "DATABASE_OWNER_URL_FILE",
                "database_owner_url_file",
                file(self.database_owner_url_file.as_deref()),
            ),
            setting("DATABASE_SCHEMA", "database_schema", self.database_schema.clone()),
            setting("KAFKA", "kafka", value_name(self.kafka)),
            setting(
                "KAFKA_BROKERS",
                "kafka_brokers",
                self.kafka_brokers.clone().unwrap_or_else(|| self.without_brokers().to_owned()),
            ),
            setting("KAFKA_TOPIC", "kafka_topic", self.kafka_topic.clone()),
            setting("KAFKA_CE_SOURCE", "kafka_ce_source", self.kafka_ce_source.clone()),
            setting("KAFKA_ACTIVITIES_TOPIC", "kafka_activities_topic", self.kafka_activities_topic.clone()),
            setting("KAFKA_ACTIVITIES_GROUP", "kafka_activities_group", self.activities_group().to_owned()),
            setting("WORKER_SESSION_MS", "worker_session_ms", self.worker_session_ms.to_string()),
            setting("DATA_DIR", "data_dir", self.data_dir.display().to_string()),
            setting(
                "TOKEN_KEY_FILE",
                "token_key_file",
                self.token_key_file.as_deref().map_or("(made in DATA_DIR)".to_owned(), shown),
            ),
            setting(
                "CODES_KEY_FILE",
                "codes_key_file",
                self.codes_key_file.as_deref().map_or("(made in DATA_DIR)".to_owned(), shown),
            ),
            setting(
                "AUDIT_KEY_FILE",
                "audit_key_file",
                self.audit_key_file.as_deref().map_or("(made in DATA_DIR)".to_owned(), shown),
            ),
            setting(
                "COOKIE_SECURE",
                "cookie_secure",
                cookie_secure.map_or_else(String::new, |value| value.get_name().to_owned()),
            ),
            setting("RATE_LIMITS", "rate_limits", value_name(self.rate_limiting())),
            setting("MEMBER_DAILY_EVENTS", "member_daily_events", self.member_daily_events.to_string()),
            setting("MEMBER_DAILY_KEYS", "member_daily_keys", self.member_daily_keys.to_string()),
            setting("MAX_CONNECTIONS", "max_connections", self.max_connections.to_string()),
            setting(
                "MAX_CONNECTIONS_PER_ADDRESS",
                "max_connections_per_address",
                self.max_connections_per_address.to_string(),
            ),
            setting("SEPARATION_OF_DUTIES", "separation_of_duties", value_name(self.separation_of_duties)),
            setting("TRUSTED_PROXIES", "trusted_proxies", or_nobody(&self.trusted_proxies)),
            setting("CORS_ORIGINS", "cors_origins", or_nobody(&self.cors_origins)),
            setting("TZDIR", "tzdir", time_zones::shown()),
            setting("REFERRAL_CONDITION", "referral_condition", self.referral_condition.clone()),
            setting("RETURN_AFTER", "return_after", format!("{}d", self.return_after.num_days())),
            setting("EMAIL_VERIFICATION", "email_verification", value_name(self.email_verification)),
            setting("SECURITY_LOG_ADDRESSES", "security_log_addresses", self.security_log_addresses.to_string()),
        ];
        let behind = settings.iter().position(|setting| setting.name == BEFORE_KAFKA_SECURITY).map_or(0, |at| at + 1);
        settings.splice(behind..behind, kafka);
        settings
    }

    /// What there is where no brokers are named.
    fn without_brokers(&self) -> &'static str {
        match self.kafka {
            KafkaUse::On => "(embedded)",
            KafkaUse::Off => "(none)",
        }
    }

    /// Where the database is, without the password: put together again from the parts that are no
    /// secret, so that nothing else of the text gets through.
    #[must_use]
    pub fn database_url_masked(&self) -> String {
        self.database_url.as_ref().map_or_else(|| "(embedded)".to_owned(), masked)
    }

    /// The same of the owner's address.
    #[must_use]
    pub fn database_owner_url_masked(&self) -> String {
        self.database_owner_url.as_ref().map_or_else(|| "(none: one role owns and writes the log)".to_owned(), masked)
    }
}

fn masked(url: &SecretString) -> String {
    let url = url.expose_secret();
    let is_one = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let Some(options) = PgConnectOptions::from_str(url).ok().filter(|_| is_one) else {
        return UNREADABLE.to_owned();
    };
    // A password with an unencoded `@` and `/` ends up as a host and a database.
    let database = options.get_database().unwrap_or_default();
    if database.contains(['@', '/']) {
        return UNREADABLE.to_owned();
    }
    let socket = options.get_socket().map(|folder| folder.display().to_string());
    format!(
        "postgres://{}:***@{}:{}/{}",
        options.get_username(),
        socket.as_deref().unwrap_or(options.get_host()),
        options.get_port(),
        database,
    )
}

fn value_name(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

fn or_nobody(list: &str) -> String {
    if list.is_empty() { "(nobody)".to_owned() } else { list.to_owned() }
}

fn file(path: Option<&Path>) -> String {
    path.map_or_else(|| "(none)".to_owned(), shown)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn origin(matches: &ArgMatches, argument: &str) -> Origin {
    // A name unknown to clap would panic in debug builds; the tests ask for all of them.
    match matches.value_source(argument) {
        Some(ValueSource::CommandLine) => Origin::Flag,
        Some(ValueSource::EnvVariable) => Origin::Environment,
        _ => Origin::Default,
    }
}
