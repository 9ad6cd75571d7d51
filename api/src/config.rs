//! The configuration: every option, from a flag or the environment, with its unit and default.
//!
//! Flags win over the environment. It is read once at start; contradictions are refused before
//! anything else happens. It opens no connections, and no files but those of `secret_files`: it only says where they are.
//! `RUST_LOG` is read by the logging itself, before this.

mod exposed;
mod kafka;
mod secret_files;
mod settings;
mod validate;

pub use kafka::{EndpointIdentification, KafkaSecurity, SaslMechanism, SecurityProtocol};
pub use secret_files::SecretFileError;
pub use settings::{Origin, Setting};
pub use validate::{Contradiction, Contradictions};

use axum::http::HeaderValue;
use chrono::TimeDelta;
use clap::ValueEnum;
use clap::builder::{BoolishValueParser, OsStringValueParser, TypedValueParser};
use ipnet::IpNet;
use projections::Brokers;
use projections::kafka::topic::Topic;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use crate::app::accounts::Returns;
use crate::app::coupons::keys::{CodeKeyError, CodeKeys};
use crate::app::tokens::{KeyError, Keys};
use crate::http::client_address::TrustedProxies;
use crate::http::layers::rate_limits::{DailyBudgets, RateLimits};
use crate::http::router::ConnectionLimits;
use crate::jobs::reactors::EmailVerification;

/// The longest that somebody is known again.
const MOST_DAYS: u16 = 3_660;

/// What qualifies a referral unless told otherwise.
pub const DEFAULT_REFERRAL_CONDITION: &str =
    r#"{"any": [{"profileComplete": {}}, {"activeDays": {"kind": "*", "days": 2}}]}"#;

/// Where the service listens, where it keeps its data and whom it talks to.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Configuration")]
pub struct Config {
    /// Address and port of the HTTP server.
    #[arg(long, env = "LISTEN", value_name = "IP:PORT", default_value = "127.0.0.1:8080", value_parser = listen, global = true)]
    pub listen: SocketAddr,

    /// Address and port of `GET /metrics`, and of `/health/live` and `/health/ready` for whichever part this process serves.
    /// None: no metrics listener, and no metrics are collected.
    #[arg(long, env = "METRICS_LISTEN", value_name = "IP:PORT", value_parser = listen, global = true)]
    pub metrics_listen: Option<SocketAddr>,

    /// Create demo accounts and data at start; `make run` sets it. Works on loopback addresses only and not behind a
    /// proxy, because the demo password is public.
    #[arg(long, env = "DEMO", default_value = "false", value_parser = BoolishValueParser::new(),
          num_args = 0..=1, require_equals = true, default_missing_value = "true", global = true)]
    pub demo: bool,

    /// In demo mode, fill an empty log with five weeks of a programme: members, events in every status, claims with every
    /// outcome. `false`: two events and a few facts, all from the moment of the start.
    #[arg(long, env = "DEMO_HISTORY", default_value = "true", value_parser = BoolishValueParser::new(),
          num_args = 0..=1, require_equals = true, default_missing_value = "true", global = true)]
    pub demo_history: bool,

    /// In demo mode, generate traffic: some of the made-up members report about two facts a second and claim now and
    /// then. It ends after 200,000 events. `make run` sets it.
    #[arg(long, env = "DEMO_TRAFFIC", default_value = "false", value_parser = BoolishValueParser::new(),
          num_args = 0..=1, require_equals = true, default_missing_value = "true", global = true)]
    pub demo_traffic: bool,

    /// PostgreSQL database, `postgres://user:password@host:port/database`. None: an embedded server in `DATA_DIR`. The
    /// role owns the schema unless `DATABASE_OWNER_URL` names another owner; it needs neither SUPERUSER nor CREATEROLE.
    #[arg(long, env = "DATABASE_URL", value_name = "URL", value_parser = secret, hide_env_values = true, global = true)]
    pub database_url: Option<SecretString>,

    /// File with that address, instead of `DATABASE_URL`: for secrets that are mounted as files.
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "FILE", value_parser = path(), global = true)]
    pub database_url_file: Option<PathBuf>,

    /// The same database, as the role that owns and migrates the schema. The role of `DATABASE_URL` can then only append
    /// to the log and cannot grant itself more. `migrate` needs this option, `serve` does not. None: one role does both.
    #[arg(long, env = "DATABASE_OWNER_URL", value_name = "URL", value_parser = secret, hide_env_values = true, global = true)]
    pub database_owner_url: Option<SecretString>,

    /// File with that address, instead of `DATABASE_OWNER_URL`.
    #[arg(long, env = "DATABASE_OWNER_URL_FILE", value_name = "FILE", value_parser = path(), global = true)]
    pub database_owner_url_file: Option<PathBuf>,

    /// Schema that holds the ledger: lower-case letters, digits and `_`.
    #[arg(long, env = "DATABASE_SCHEMA", value_name = "NAME", default_value = "public", global = true)]
    pub database_schema: String,

    /// Whether to use Kafka. If `LISTEN` is reachable from other machines, set `KAFKA_BROKERS` or `KAFKA=off`.
    #[arg(long, env = "KAFKA", value_enum, default_value_t = KafkaUse::On, global = true)]
    pub kafka: KafkaUse,

    /// Kafka brokers, `host:port,host:port`. None: an embedded in-memory broker; activities are consumed from it in demo
    /// mode only, because every program on the machine can write to it.
    #[arg(long, env = "KAFKA_BROKERS", value_name = "LIST", global = true)]
    pub kafka_brokers: Option<String>,

    /// Topic for published events; created with 12 partitions if missing.
    #[arg(long, env = "KAFKA_TOPIC", value_name = "NAME", default_value = "reward-ledger.events", global = true)]
    pub kafka_topic: String,

    /// `ce_source` of published events, a URI reference. Give each ledger its own.
    #[arg(long, env = "KAFKA_CE_SOURCE", value_name = "URI", default_value = "/reward-ledger", global = true)]
    pub kafka_ce_source: String,

    /// Topic with activities from other services, as CloudEvents; created with 12 partitions if missing. Rejected
    /// messages go to the dead-letter topic, `<topic>.dead-letter`, created with 1 partition.
    #[arg(
        long,
        env = "KAFKA_ACTIVITIES_TOPIC",
        value_name = "NAME",
        default_value = "reward-ledger.activities",
        global = true
    )]
    pub kafka_activities_topic: String,

    /// Consumer group for this topic. Members of a group share its messages, so each ledger that reads the same topic
    /// needs its own group. None: the name of the topic.
    #[arg(long, env = "KAFKA_ACTIVITIES_GROUP", value_name = "NAME", global = true)]
    pub kafka_activities_group: Option<String>,

    /// Encryption and authentication towards the brokers.
    #[command(flatten)]
    pub kafka_security: KafkaSecurity,

    /// Session timeout of Kafka workers in milliseconds: after this silence, other workers take over the partitions. The
    /// broker enforces its own bounds, 6000 to 1800000 by default.
    #[arg(long, env = "WORKER_SESSION_MS", value_name = "MS", default_value = "10000",
          value_parser = clap::value_parser!(u64).range(1_000..=1_800_000), global = true)]
    pub worker_session_ms: u64,

    /// Directory for the embedded PostgreSQL and for generated keys; created if missing.
    #[arg(
        long,
        env = "DATA_DIR",
        value_name = "FOLDER",
        value_parser = OsStringValueParser::new().map(PathBuf::from),
        default_value = ".data",
        global = true
    )]
    pub data_dir: PathBuf,

    /// File with the access-token keys, one per line: the first signs, all verify. None: generated in `DATA_DIR`, mode 0600.
    #[arg(long, env = "TOKEN_KEY_FILE", value_name = "FILE", value_parser = path(), global = true)]
    pub token_key_file: Option<PathBuf>,

    /// File with the keys of coupon codes, one per line: the first seals, all open. None: generated in `DATA_DIR`, mode 0600.
    #[arg(long, env = "CODES_KEY_FILE", value_name = "FILE", value_parser = path(), global = true)]
    pub codes_key_file: Option<PathBuf>,

    /// File with the Ed25519 key (PEM) that signs checkpoints of the log. None: generated in `DATA_DIR`, mode 0600.
    #[arg(long, env = "AUDIT_KEY_FILE", value_name = "FILE", value_parser = path(), global = true)]
    pub audit_key_file: Option<PathBuf>,

    /// Whether browsers send the refresh cookie over HTTPS only.
    #[arg(long, env = "COOKIE_SECURE", value_enum, default_value_t = CookieSecure::Auto, global = true)]
    pub cookie_secure: CookieSecure,

    /// Rate limits per caller. Default: on, except in demo mode.
    #[arg(long, env = "RATE_LIMITS", value_enum, global = true)]
    pub rate_limits: Option<RateLimiting>,

    /// Events that a member may add to the log per day, and accounts that an address may create. Staff may add a hundred
    /// times as many events; services are unlimited. Not enforced when `RATE_LIMITS` is `off`.
    #[arg(long, env = "MEMBER_DAILY_EVENTS", value_name = "N", default_value = "1000",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000), global = true)]
    pub member_daily_events: u32,

    /// Responses stored under idempotency keys per member per day. Staff may store a hundred times as many; services are
    /// unlimited. Not enforced when `RATE_LIMITS` is `off`.
    #[arg(long, env = "MEMBER_DAILY_KEYS", value_name = "N", default_value = "1000",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000), global = true)]
    pub member_daily_keys: u32,

    /// Concurrent HTTP connections in total. The open-file limit of the system bounds them too.
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "N", default_value = "8192",
          value_parser = clap::value_parser!(u32).range(16..=1_000_000), global = true)]
    pub max_connections: u32,

    /// Concurrent HTTP connections per address, except from `TRUSTED_PROXIES`.
    #[arg(long, env = "MAX_CONNECTIONS_PER_ADDRESS", value_name = "N", default_value = "1024",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000), global = true)]
    pub max_connections_per_address: u32,

    /// Separation of duties for staff. `required`: staff cannot report activities about themselves, claim in events that
    /// they created or changed, or lift their own block. `off`: for teams too small to separate duties.
    #[arg(long, env = "SEPARATION_OF_DUTIES", value_enum, default_value_t = SeparationOfDuties::Required, global = true)]
    pub separation_of_duties: SeparationOfDuties,

    /// Proxy networks whose `X-Forwarded-For` is trusted, such as `10.0.0.0/8,fd00::/8`. None: no proxy is trusted.
    #[arg(long, env = "TRUSTED_PROXIES", value_name = "LIST", default_value = "", global = true)]
    pub trusted_proxies: String,

    /// CORS origins, `https://app.example.com,https://…`, or `*`. None: no cross-origin requests.
    #[arg(long, env = "CORS_ORIGINS", value_name = "LIST", default_value = "", global = true)]
    pub cors_origins: String,

    /// Directory with compiled time zone data. Default: the system's (`/usr/share/zoneinfo`), or the built-in release if
    /// the system has none or an older one.
    #[arg(long, env = "TZDIR", value_name = "FOLDER", value_parser = path(), global = true)]
    pub tzdir: Option<PathBuf>,

    /// Condition, as JSON, that an invitee must meet for the referral to qualify.
    #[arg(long, env = "REFERRAL_CONDITION", value_name = "JSON", default_value = DEFAULT_REFERRAL_CONDITION, global = true)]
    pub referral_condition: String,

    /// How long, in days such as `180d`, an erased member is recognized by e-mail on signing up again, so that one-time
    /// rewards are not granted twice. A keyed fingerprint of the e-mail is kept for that time. `0d`: no fingerprint.
    #[arg(long, env = "RETURN_AFTER", value_name = "DAYS", default_value = "180d", value_parser = days, global = true)]
    pub return_after: TimeDelta,

    /// Whether a referral waits until the invitee's e-mail is confirmed with `POST /auth/users/{id}/confirm-email`. The
    /// service sends no mail itself.
    #[arg(long, env = "EMAIL_VERIFICATION", value_enum, default_value_t = EmailVerification::Off, global = true)]
    pub email_verification: EmailVerification,

    /// Whether security log lines (failed logins, rejected tokens, role changes) include the client address.
    #[arg(long, env = "SECURITY_LOG_ADDRESSES", default_value = "false", value_parser = BoolishValueParser::new(),
          num_args = 0..=1, require_equals = true, default_missing_value = "true", global = true)]
    pub security_log_addresses: bool,
}

/// Whether Kafka is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KafkaUse {
    /// the brokers of `KAFKA_BROKERS`, else an embedded one
    On,
    /// no events are published, and no facts are read
    Off,
}

/// Whether browsers send the refresh cookie over HTTPS only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CookieSecure {
    /// yes, except in demo mode
    Auto,
    /// yes
    Always,
    /// no: for plain HTTP without a proxy
    Never,
}

/// Whether callers are limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RateLimiting {
    /// on, with the limits listed in the HTTP reference
    Default,
    /// none
    Off,
}

/// Whether staff may serve themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SeparationOfDuties {
    /// They may not.
    Required,
    /// They may.
    Off,
}

impl Config {
    /// Whether staff are kept from serving themselves.
    #[must_use]
    pub fn duties_are_separated(&self) -> bool {
        match self.separation_of_duties {
            SeparationOfDuties::Required => true,
            SeparationOfDuties::Off => false,
        }
    }

    /// The limits in force.
    #[must_use]
    pub fn rate_limits(&self) -> RateLimits {
        match self.rate_limiting() {
            RateLimiting::Default => {
                let budgets = DailyBudgets { events: self.member_daily_events, keys: self.member_daily_keys };
                RateLimits::standard(self.proxies().unwrap_or_default(), budgets)
            }
            RateLimiting::Off => RateLimits::default(),
        }
    }

    /// How many connections there may be.
    #[must_use]
    pub fn connection_limits(&self) -> ConnectionLimits {
        let number = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
        ConnectionLimits {
            most: number(self.max_connections),
            most_an_address: number(self.max_connections_per_address),
            proxies: self.proxies().unwrap_or_default(),
        }
    }

    fn rate_limiting(&self) -> RateLimiting {
        self.rate_limits.unwrap_or(if self.demo { RateLimiting::Off } else { RateLimiting::Default })
    }

    /// The proxies that are believed.
    ///
    /// # Errors
    /// The part that is no network.
    pub fn proxies(&self) -> Result<TrustedProxies, String> {
        let network = |part: &str| {
            let address = || part.parse::<IpAddr>().map(IpNet::from);
            part.parse::<IpNet>().or_else(|_| address()).map_err(|_| part.to_owned())
        };
        listed(&self.trusted_proxies).map(network).collect::<Result<_, _>>().map(TrustedProxies)
    }

    /// The origins whose pages may call.
    ///
    /// # Errors
    /// The part that is no origin.
    pub fn cors_origins(&self) -> Result<Vec<HeaderValue>, NotAnOrigin> {
        listed(&self.cors_origins).map(origin).collect()
    }

    /// How members are recognized after an erasure, with the keys that this needs.
    ///
    /// # Errors
    /// The keys cannot be had.
    pub fn returns(&self) -> Result<Returns, KeyError> {
        let keys = Keys::open(self.token_key_file.as_deref(), &self.data_dir)?;
        Ok(Returns::new(Arc::new(keys), self.return_after))
    }

    /// The keys of coupon codes.
    ///
    /// # Errors
    /// They cannot be had.
    pub fn code_keys(&self) -> Result<CodeKeys, CodeKeyError> {
        CodeKeys::open(self.codes_key_file.as_deref(), &self.data_dir)
    }

    /// The keys of coupon codes, where there are any; none are made.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn code_keys_if_there(&self) -> Result<Option<CodeKeys>, CodeKeyError> {
        CodeKeys::open_if_there(self.codes_key_file.as_deref(), &self.data_dir)
    }

    /// The consumer group that reads facts from Kafka.
    #[must_use]
    pub fn activities_group(&self) -> &str {
        self.kafka_activities_group.as_deref().unwrap_or(&self.kafka_activities_topic)
    }

    /// Whether the refresh cookie carries `Secure`.
    #[must_use]
    pub fn cookie_is_secure(&self) -> bool {
        match self.cookie_secure {
            CookieSecure::Auto => !self.demo,
            CookieSecure::Always => true,
            CookieSecure::Never => false,
        }
    }

    /// The topic the events are published to, if a broker is named.
    #[must_use]
    pub fn named_topic(&self) -> Option<Topic> {
        self.kafka().map(|brokers| self.topic_at(brokers))
    }

    /// The topic the events are published to, at these brokers.
    #[must_use]
    pub fn topic_at(&self, brokers: Brokers) -> Topic {
        Topic { brokers, name: self.kafka_topic.clone(), ce_source: self.kafka_ce_source.clone() }
    }

    /// How to connect to the configured PostgreSQL; `None` when the embedded one is to be used.
    ///
    /// # Errors
    /// When `DATABASE_URL` is not an address of PostgreSQL. The error does not repeat it.
    pub fn database(&self) -> Option<Result<PgConnectOptions, sqlx::Error>> {
        self.database_url.as_ref().map(|url| self.connection(url))
    }

    /// How to connect as the owner of the schema, where that is a role of its own.
    ///
    /// # Errors
    /// When `DATABASE_OWNER_URL` is not an address of PostgreSQL. The error does not repeat it.
    pub fn database_owner(&self) -> Option<Result<PgConnectOptions, sqlx::Error>> {
        self.database_owner_url.as_ref().map(|url| self.connection(url))
    }

    fn connection(&self, url: &SecretString) -> Result<PgConnectOptions, sqlx::Error> {
        let options = PgConnectOptions::from_str(url.expose_secret())?;
        Ok(self.in_schema(options.application_name("reward-ledger")))
    }

    /// The same connection, seeing only the schema of this programme. For the embedded PostgreSQL
    /// as well.
    #[must_use]
    pub fn in_schema(&self, options: PgConnectOptions) -> PgConnectOptions {
        options.options([("search_path", &self.database_schema)])
    }
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    let address = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address = address.as_deref().unwrap_or(text);
    address.parse().map_err(|_| "give an IP address and a port, as 127.0.0.1:8080".to_owned())
}

/// What is in no form that a browser would send as its origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an origin")]
pub struct NotAnOrigin(String);

/// `*`, or a scheme and a host, perhaps with a port, and nothing behind it.
fn origin(part: &str) -> Result<HeaderValue, NotAnOrigin> {
    let not = || NotAnOrigin(part.to_owned());
    let host = part.strip_prefix("https://").or_else(|| part.strip_prefix("http://"));
    let is_host = |host: &str| {
        let plain =
            host.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte));
        !host.is_empty() && plain && part.parse::<axum::http::Uri>().is_ok_and(|uri| uri.authority().is_some())
    };
    if part != "*" && !host.is_some_and(is_host) {
        return Err(not());
    }
    HeaderValue::from_str(part).map_err(|_| not())
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// `180d`: from no day to ten years.
fn days(text: &str) -> Result<TimeDelta, String> {
    let days = text.strip_suffix('d').filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
    let days = days.and_then(|digits| digits.parse::<u16>().ok()).filter(|days| *days <= MOST_DAYS);
    days.map(|days| TimeDelta::days(days.into()))
        .ok_or_else(|| format!("must be a number of days from 0d to {MOST_DAYS}d, such as 180d"))
}

/// Lets an empty name through: it is refused with the others, and with a remedy.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// Without this, clap would keep the text where its own `Debug` shows it.
fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests;
