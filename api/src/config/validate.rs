//! What the configuration must not say: each refusal with the name of the option and the remedy.
//! Looks at the text alone; whether a database answers is not its business.

use super::settings::UNREADABLE;
use super::{Config, KafkaUse};
use crate::jobs::kafka_intake::dead_letters::topic_of;
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;
use std::fmt;

/// The longest name that Kafka gives a topic.
const LONGEST_TOPIC: usize = 249;

/// One thing the configuration must not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The option to change.
    pub name: &'static str,
    /// What is wrong with it.
    pub problem: String,
    /// What to do.
    pub remedy: &'static str,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.name, self.problem, self.remedy)
    }
}

/// All of them at once, so that one start is enough to see them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Contradictions(pub Vec<Contradiction>);

impl fmt::Display for Contradictions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        self.0.iter().try_for_each(|one| write!(f, "\n  {one}"))
    }
}

impl Config {
    /// Refuses what cannot be meant.
    ///
    /// # Errors
    /// With everything that is wrong, each with its remedy.
    pub fn validate(&self) -> Result<(), Contradictions> {
        let found: Vec<Contradiction> = [
            self.demo_in_public(),
            self.traffic_without_demo(),
            self.demo_figures_in_public(),
            self.one_address_for_two(),
            self.database_address(),
            self.database_owner_address(),
            self.schema(),
            self.brokers(),
            self.topic(),
            self.activities_topic(),
            self.group(),
            self.source(),
            empty("DATA_DIR", self.data_dir.as_os_str().is_empty(), "name a folder"),
            empty(
                "TOKEN_KEY_FILE",
                self.token_key_file.as_ref().is_some_and(|file| file.as_os_str().is_empty()),
                "name a file, or unset it to have a key made in DATA_DIR",
            ),
            empty(
                "CODES_KEY_FILE",
                self.codes_key_file.as_ref().is_some_and(|file| file.as_os_str().is_empty()),
                "name a file, or unset it to have a key made in DATA_DIR",
            ),
            empty(
                "AUDIT_KEY_FILE",
                self.audit_key_file.as_ref().is_some_and(|file| file.as_os_str().is_empty()),
                "name a file, or unset it to have a key made in DATA_DIR",
            ),
            self.networks(),
            self.origins(),
            self.condition(),
        ]
        .into_iter()
        .flatten()
        .chain(self.exposed())
        .chain(self.kafka_security.contradictions(self.kafka_brokers.is_none()))
        .collect();
        if found.is_empty() { Ok(()) } else { Err(Contradictions(found)) }
    }

    fn demo_in_public(&self) -> Option<Contradiction> {
        let public = self.demo && !self.listen.ip().is_loopback();
        let passed_on = self.demo && !self.trusted_proxies.trim().is_empty();
        refuse_if(public, "DEMO", || {
            (
                format!("is on while LISTEN is {}, which others can reach", self.listen),
                "set DEMO=false, or LISTEN to 127.0.0.1:8080",
            )
        })
        .or_else(|| {
            refuse_if(passed_on, "DEMO", || {
                (
                    format!("is on while TRUSTED_PROXIES is {}: a proxy passes others on to it", self.trusted_proxies),
                    "set DEMO=false, or unset TRUSTED_PROXIES",
                )
            })
        })
    }

    fn traffic_without_demo(&self) -> Option<Contradiction> {
        refuse_if(self.demo_traffic && !self.demo, "DEMO_TRAFFIC", || {
            ("is on while DEMO is off".to_owned(), "unset DEMO_TRAFFIC, or set DEMO=true")
        })
    }

    fn demo_figures_in_public(&self) -> Option<Contradiction> {
        let address = self.metrics_listen.filter(|address| self.demo && !address.ip().is_loopback())?;
        refuse_if(true, "METRICS_LISTEN", || {
            (
                format!("is {address}, which others can reach, while DEMO is on"),
                "set it to 127.0.0.1 and a port, or DEMO=false",
            )
        })
    }

    fn one_address_for_two(&self) -> Option<Contradiction> {
        let same = self.metrics_listen == Some(self.listen) && self.listen.port() != 0;
        refuse_if(same, "METRICS_LISTEN", || {
            (format!("is {}, as LISTEN is", self.listen), "give it another port, or leave it out")
        })
    }

    fn database_address(&self) -> Option<Contradiction> {
        const NAME: &str = "DATABASE_URL";
        let url = self.database_url.as_ref()?.expose_secret();
        empty(NAME, url.trim().is_empty(), "unset it to use the embedded PostgreSQL").or_else(|| {
            // What cannot be masked cannot be read either.
            let readable = self.database_url_masked() != UNREADABLE;
            refuse_if(!readable, NAME, || {
                (
                    "is not an address of PostgreSQL".to_owned(),
                    "write postgres://user:password@host:port/database, with %-encoding for special characters",
                )
            })
        })
    }

    fn database_owner_address(&self) -> Option<Contradiction> {
        const NAME: &str = "DATABASE_OWNER_URL";
        let owner = self.database_owner_url.as_ref()?.expose_secret();
        empty(NAME, owner.trim().is_empty(), "unset it to let one role own the log and write it").or_else(|| {
            refuse_if(self.database_url.is_none(), NAME, || {
                (
                    "is set without DATABASE_URL: the embedded PostgreSQL has one role".to_owned(),
                    "unset it, or set both",
                )
            })
            .or_else(|| {
                refuse_if(self.database_owner_url_masked() == UNREADABLE, NAME, || {
                    (
                        "is not an address of PostgreSQL".to_owned(),
                        "write postgres://owner:password@host:port/database, with %-encoding for special characters",
                    )
                })
            })
            .or_else(|| {
                let name = |options: Option<Result<PgConnectOptions, sqlx::Error>>| {
                    options.and_then(Result::ok).map(|options| options.get_username().to_owned())
                };
                let role = name(self.database_owner());
                refuse_if(role.is_some() && role == name(self.database()), NAME, || {
                    (
                        "names the role of DATABASE_URL".to_owned(),
                        "create a separate role for the service, or unset it to let one role own the log and write it",
                    )
                })
            })
        })
    }

    fn schema(&self) -> Option<Contradiction> {
        let name = &self.database_schema;
        let plain = name.len() <= 63
            && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && !name.starts_with("pg_")
            && name != "information_schema";
        refuse_if(!plain, "DATABASE_SCHEMA", || {
            (
                format!("{name:?} is not a plain name"),
                "use small letters, digits and _, at most 63, not starting with a digit or pg_",
            )
        })
    }

    fn brokers(&self) -> Option<Contradiction> {
        const NAME: &str = "KAFKA_BROKERS";
        let list = self.kafka_brokers.as_deref()?;
        if self.kafka == KafkaUse::Off {
            return refuse_if(true, "KAFKA", || {
                ("is off while KAFKA_BROKERS is set".to_owned(), "unset KAFKA_BROKERS, or set KAFKA=on")
            });
        }
        empty(NAME, list.trim().is_empty(), "unset it to use the embedded broker").or_else(|| {
            let bad = list.split(',').map(str::trim).find(|broker| !is_broker(broker))?;
            refuse_if(true, NAME, || (format!("has {bad:?} in it"), "write host:port, several with a comma between"))
        })
    }

    fn topic(&self) -> Option<Contradiction> {
        let name = &self.kafka_topic;
        refuse_if(!is_topic(name, LONGEST_TOPIC), "KAFKA_TOPIC", || {
            (format!("{name:?} is not a valid topic name"), "use letters, digits, '.', '_' and '-', at most 249")
        })
    }

    fn activities_topic(&self) -> Option<Contradiction> {
        const NAME: &str = "KAFKA_ACTIVITIES_TOPIC";
        let name = &self.kafka_activities_topic;
        let longest = LONGEST_TOPIC - (topic_of(name).len() - name.len());
        refuse_if(!is_topic(name, longest), NAME, || {
            (format!("{name:?} is not a valid topic name"), "use letters, digits, '.', '_' and '-', at most 237")
        })
        .or_else(|| {
            let taken = [name.clone(), topic_of(name)].contains(&self.kafka_topic);
            refuse_if(taken, NAME, || {
                (format!("is {name}, and KAFKA_TOPIC is {}", self.kafka_topic), "give each a topic of its own")
            })
        })
    }

    fn group(&self) -> Option<Contradiction> {
        let empty_name = self.kafka_activities_group.as_ref().is_some_and(|name| name.trim().is_empty());
        empty("KAFKA_ACTIVITIES_GROUP", empty_name, "name the consumer group that reads the facts")
    }

    fn source(&self) -> Option<Contradiction> {
        let source = &self.kafka_ce_source;
        let legal = !source.is_empty() && source.chars().all(|c| c.is_ascii_graphic());
        refuse_if(!legal, "KAFKA_CE_SOURCE", || {
            (format!("{source:?} is not a URI reference"), "write something like /reward-ledger, without spaces")
        })
    }

    fn networks(&self) -> Option<Contradiction> {
        let bad = self.proxies().err()?;
        refuse_if(true, "TRUSTED_PROXIES", || {
            (format!("has {bad:?} in it"), "write networks as 10.0.0.0/8, several with a comma between")
        })
    }

    fn origins(&self) -> Option<Contradiction> {
        let bad = self.cors_origins().err()?;
        refuse_if(true, "CORS_ORIGINS", || {
            (bad.to_string(), "write https://app.example.com, several with a comma between and nothing behind the host")
        })
    }

    fn condition(&self) -> Option<Contradiction> {
        let object = serde_json::from_str::<serde_json::Map<_, _>>(&self.referral_condition);
        refuse_if(object.is_err(), "REFERRAL_CONDITION", || {
            ("is not a JSON object".to_owned(), r#"write a condition as {"profileComplete": {}}"#)
        })
    }
}

fn is_topic(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        && name != "."
        && name != ".."
}

fn empty(name: &'static str, is_empty: bool, remedy: &'static str) -> Option<Contradiction> {
    refuse_if(is_empty, name, || ("is empty".to_owned(), remedy))
}

pub(super) fn refuse_if(
    refused: bool,
    name: &'static str,
    why: impl FnOnce() -> (String, &'static str),
) -> Option<Contradiction> {
    refused.then(|| {
        let (problem, remedy) = why();
        Contradiction { name, problem, remedy }
    })
}

fn is_broker(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let host_is_one = match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)),
    };
    host_is_one && port.parse::<u16>().is_ok_and(|port| port > 0)
}
