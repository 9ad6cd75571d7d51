//! The service as a child process: its configuration is environment, its end may be violent, its log is kept in a file.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{
    Client, Setup, binary, folder,
    process::{kept, signal, spawn, wait},
};

const TO_READINESS: Duration = Duration::from_secs(90);
const TO_DRAIN: Duration = Duration::from_secs(30);

/// A running service.
pub struct Service {
    setup: Setup,
    child: Mutex<Option<Child>>,
}

impl Service {
    pub(super) fn launch(setup: Setup) -> Service {
        let service = Service { setup, child: Mutex::new(None) };
        service.spawn();
        service
    }

    fn spawn(&self) {
        let log = File::options().create(true).append(true).open(self.log_file()).expect("a log file");
        let mut command = kept("KILL", binary::reward_ledger());
        command.args(&self.setup.arguments);
        self.setup.dress(&mut command);
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a second handle")).stderr(log);
        *self.child.lock().unwrap() = Some(spawn(command));
    }

    /// Waits until `GET /health/ready` is 200.
    pub async fn ready(&self) {
        let client = self.client();
        let started = Instant::now();
        loop {
            if client.try_get("/health/ready").await.is_some_and(|answer| answer.status == 200) {
                return;
            }
            let ended = self.child.lock().unwrap().as_mut().and_then(|child| child.try_wait().unwrap());
            if let Some(status) = ended {
                panic!("the service ended before it was ready ({status}):\n{}", tail(&self.log_file()));
            }
            if started.elapsed() > TO_READINESS {
                panic!("the service is not ready after {TO_READINESS:?}:\n{}", tail(&self.log_file()));
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.setup.url()
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.lock().unwrap().as_ref().map(Child::id)
    }

    /// A caller without a token.
    pub fn client(&self) -> Client {
        Client::anonymous(self.url(), self.log_file())
    }

    /// One of the demo accounts: `admin`, `operator`, `auditor`, `service`, `member`.
    pub async fn demo(&self, name: &str) -> Client {
        self.client().login(&format!("{name}@example.com"), "ledger-demo").await
    }

    /// Ends the process as a power cut would.
    pub fn kill_9(&self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    /// Stops it where it is, as a machine that swaps or migrates does.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn wake(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, how: Signal) {
        signal(self.child.lock().unwrap().as_ref().expect("it runs"), how);
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn ended(&self) -> ExitStatus {
        let mut child = self.child.lock().unwrap().take().expect("it was started");
        wait(&mut child, TO_READINESS).unwrap_or_else(|| panic!("it goes on:\n{}", tail(&self.log_file())))
    }

    /// Starts it again after its end, with the same configuration, and waits until it is ready.
    pub async fn restart(&self) {
        self.kill_9();
        self.spawn();
        self.ready().await;
    }

    /// Asks it to end (SIGTERM) and waits until it has drained; none when it did not end in time.
    pub fn terminate(&self) -> Option<ExitStatus> {
        let mut child = self.child.lock().unwrap().take()?;
        signal(&child, Signal::SIGTERM);
        let status = wait(&mut child, TO_DRAIN);
        if status.is_none() {
            child.kill().ok();
            child.wait().ok();
        }
        status
    }

    /// Runs another command of the binary beside the service, with its configuration and one text on standard input.
    pub fn command(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(binary::reward_ledger());
        self.setup.dress(&mut command);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut stdin = child.stdin.take().expect("its standard input");
        stdin.write_all(input.as_bytes()).ok();
        drop(stdin);
        child.wait_with_output().expect("the command ends")
    }

    /// Imports activities and makes the members they name.
    #[track_caller]
    pub fn import(&self, activities: &[Value]) {
        let file = folder::fresh("import").join("activities.ndjson");
        let lines: String = activities.iter().map(|activity| format!("{activity}\n")).collect();
        fs::write(&file, lines).expect("a file to import");
        let output = self.command(&["import", "activities", &file.display().to_string(), "--create-members"], "");
        assert!(output.status.success(), "the import failed: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// What it has written to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The folder it keeps its data in.
    pub fn data(&self) -> PathBuf {
        self.setup.folder.join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.setup.folder.join("service.log")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the service's log ---\n{}", tail(&self.log_file()));
        }
        if self.setup.environment.contains_key("DATABASE_URL") {
            self.kill_9();
        } else {
            self.terminate(); // its own PostgreSQL ends with it only when it is asked
        }
    }
}

/// The last lines of a log file.
pub(crate) fn tail(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
