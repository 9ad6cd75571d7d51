//! How a service is to be started: its whole configuration, as environment.

use std::{collections::BTreeMap, path::PathBuf};

use super::{Broker, Database, Service, folder, process::free_port};

/// How a service is to be started. The default is demo mode, whose accounts cover every role.
pub struct Setup {
    pub(super) environment: BTreeMap<String, String>,
    pub(super) port: u16,
    pub(super) folder: PathBuf,
    pub(super) arguments: Vec<String>,
}

impl Setup {
    /// A service that brings its own PostgreSQL and broker.
    pub fn embedded() -> Setup {
        let (port, folder) = (free_port(), folder::fresh("service"));
        let data = folder.join("data").display().to_string();
        let listen = format!("127.0.0.1:{port}");
        Setup { environment: BTreeMap::new(), port, folder, arguments: Vec::new() }
            .env("LISTEN", &listen)
            .env("DATA_DIR", &data)
            .env("DEMO", "true")
            .env("RATE_LIMITS", "off")
            .env("RUST_LOG", "info")
            .env("RUST_BACKTRACE", "1")
    }

    /// A service on a database that is there already.
    pub fn on(database: &Database) -> Setup {
        Setup::embedded().env("DATABASE_URL", &database.url)
    }

    /// Publishes to a real broker.
    pub fn kafka(self, broker: &Broker, topic: &str) -> Setup {
        self.env("KAFKA_BROKERS", &broker.bootstrap())
            .env("KAFKA_TOPIC", topic)
            .env("KAFKA_ACTIVITIES_TOPIC", &format!("{topic}.activities"))
    }

    /// Leaves out the demo accounts and data.
    pub fn without_demo(self) -> Setup {
        self.env("DEMO", "false")
    }

    /// Starts it with arguments: another role, which is not waited for.
    pub fn arguments(mut self, arguments: &[&str]) -> Setup {
        self.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        self
    }

    /// Sets one variable of the environment.
    pub fn env(mut self, name: &str, value: &str) -> Setup {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Leaves one variable out of the environment.
    pub fn unset(mut self, name: &str) -> Setup {
        self.environment.remove(name);
        self
    }

    /// Starts the service and waits until it is ready.
    pub async fn start(self) -> Service {
        let service = self.launch();
        service.ready().await;
        service
    }

    /// Starts the service and does not wait.
    pub fn launch(self) -> Service {
        Service::launch(self)
    }
}
