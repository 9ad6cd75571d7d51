//! How a service is to be started: its whole configuration, as environment.

use std::{
    collections::BTreeMap,
    io::Read as _,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use nix::sys::signal::Signal;

use super::{
    Broker, Database, Service, binary, folder,
    process::{free_port, kept, signal, spawn, wait},
};

/// How a service is to be started. The default is demo mode, whose accounts cover every role, without its history.
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
            .env("DEMO_HISTORY", "false")
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

    /// With the history that a demo gives to an empty log.
    pub fn with_history(self) -> Setup {
        self.env("DEMO_HISTORY", "true")
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

    /// Where the service will listen.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A command sees this configuration and nothing of the environment the tests run in.
    pub(super) fn dress(&self, command: &mut Command) {
        command.env_clear().current_dir(&self.folder);
        for name in ["PATH", "HOME", "USER", "LANG", "TMPDIR"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.envs(&self.environment);
    }

    /// Runs a script in bash with this configuration and `reward-ledger` on its path, and answers what it wrote to its standard output.
    pub fn bash(&self, script: &str, longest: Duration) -> String {
        let mut command = kept("TERM", "bash");
        self.dress(&mut command);
        let binaries = binary::reward_ledger().parent().expect("the binary is in a folder").to_path_buf();
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(binaries).chain(std::env::split_paths(&others)));
        command.env("PATH", path.expect("a path without colons")).arg("-c").arg(script);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = spawn(command);
        let mut stdout = child.stdout.take().expect("its standard output");
        let reader = std::thread::spawn(move || {
            let mut output = Vec::new();
            stdout.read_to_end(&mut output).map(|_| String::from_utf8_lossy(&output).into_owned())
        });
        let ended = wait(&mut child, longest).is_some();
        if !ended {
            signal(&child, Signal::SIGTERM);
            child.wait().ok();
        }
        let output = reader.join().expect("the reader ends").expect("the output can be read");
        assert!(ended, "the script goes on after {longest:?}:\n{output}");
        output
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
