//! A real PostgreSQL: one cluster a test process, one database a test, fsync on as in earnest.
//! A test that stops the server starts a cluster of its own.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use sqlx::{Connection, PgConnection, PgPool, postgres::PgPoolOptions};
use tokio::sync::OnceCell;

use self::installed::{REMEDY, as_server_user, binaries, server_user};
use super::{
    folder,
    process::{free_port, kept, must_succeed, signal, spawn, wait},
};

mod installed;

/// A PostgreSQL server of our own.
pub struct Cluster {
    binaries: PathBuf,
    folder: PathBuf,
    port: u16,
    settings: &'static [&'static str],
    server: Mutex<Option<Child>>,
}

impl Cluster {
    /// The cluster that the tests of this process share.
    pub async fn shared() -> Arc<Cluster> {
        static SHARED: OnceCell<Arc<Cluster>> = OnceCell::const_new();
        SHARED.get_or_init(Cluster::launch).await.clone()
    }

    /// A cluster that one test may stop and start.
    pub async fn launch() -> Arc<Cluster> {
        Self::launch_with(&["shared_buffers=64MB"]).await
    }

    /// Starts a server of one's own with these settings, `name=value` each.
    pub async fn launch_with(settings: &'static [&'static str]) -> Arc<Cluster> {
        let cluster = Cluster {
            binaries: binaries(),
            folder: folder::fresh("postgres"),
            port: free_port(),
            settings,
            server: Mutex::new(None),
        };
        cluster.initialise();
        cluster.start().await;
        Arc::new(cluster)
    }

    fn initialise(&self) {
        Self::own(&self.folder);
        fs::set_permissions(&self.folder, fs::Permissions::from_mode(0o700)).expect("a private data folder");
        let mut initdb = as_server_user(Command::new(self.binaries.join("initdb")));
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
        initdb.arg("--pgdata").arg(&self.folder).current_dir("/");
        must_succeed(initdb, "initdb", REMEDY);
    }

    /// Starts the server and waits until it answers.
    pub async fn start(&self) {
        let log = fs::File::options().create(true).append(true).open(self.log_file()).expect("a log file");
        let mut postgres = as_server_user(kept("QUIT", self.binaries.join("postgres")));
        postgres.arg("-D").arg(&self.folder).arg("-p").arg(self.port.to_string()).current_dir("/");
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=400",
            "fsync=on",
            "synchronous_commit=on",
        ] {
            postgres.args(["-c", setting]);
        }
        for setting in self.settings {
            postgres.args(["-c", setting]);
        }
        postgres.stdout(log.try_clone().expect("a second handle")).stderr(log);
        *self.server.lock().unwrap() = Some(spawn(postgres));
        self.wait_until_it_answers().await;
    }

    async fn wait_until_it_answers(&self) {
        let started = Instant::now();
        while PgConnection::connect(&self.admin_url()).await.is_err() {
            let ended = self.server.lock().unwrap().as_mut().is_none_or(|server| server.try_wait().unwrap().is_some());
            if ended || started.elapsed() > Duration::from_secs(60) {
                panic!("PostgreSQL does not answer:\n{}", fs::read_to_string(self.log_file()).unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops the server as an administrator would: its clients are cut off.
    pub fn stop(&self) {
        self.end(Signal::SIGINT);
    }

    /// Ends the server at once: the next start has to recover.
    pub fn crash(&self) {
        self.end(Signal::SIGQUIT);
    }

    fn end(&self, how: Signal) {
        let Some(mut server) = self.server.lock().unwrap().take() else {
            return;
        };
        signal(&server, how);
        if wait(&mut server, Duration::from_secs(30)).is_none() {
            server.kill().ok();
            server.wait().ok();
        }
    }

    /// The process id of the server.
    pub fn pid(&self) -> Option<u32> {
        self.server.lock().unwrap().as_ref().map(Child::id)
    }

    /// A new, empty database and a role without privileges that owns it.
    pub async fn database(self: &Arc<Cluster>) -> Database {
        let name = format!("t_{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
        let mut admin = PgConnection::connect(&self.admin_url()).await.expect("the cluster answers");
        for statement in [
            format!("create role {name} login nosuperuser nocreatedb nocreaterole password '{name}'"),
            format!("create database {name} owner {name}"),
        ] {
            sqlx::query(&statement).execute(&mut admin).await.expect("a database for the test");
        }
        admin.close().await.ok();
        let url = format!("postgres://{name}:{name}@127.0.0.1:{}/{name}", self.port);
        Database { url, cluster: self.clone() }
    }

    /// Where its data is.
    pub fn data(&self) -> &Path {
        &self.folder
    }

    /// Gives a folder to the server's user.
    fn own(folder: &Path) {
        if let Some((user, group)) = server_user() {
            std::os::unix::fs::chown(folder, Some(user), Some(group)).expect("the server's user owns its folder");
        }
    }

    /// A new folder that the server may write to.
    pub fn folder_of_its_own(name: &str) -> PathBuf {
        let folder = folder::fresh(name);
        Self::own(&folder);
        folder
    }

    /// Loses all data, as a disk that breaks does.
    pub fn lose(&self) {
        self.crash();
        fs::remove_dir_all(&self.folder).expect("the data can be removed");
        fs::create_dir(&self.folder).expect("a new folder");
        Self::own(&self.folder);
    }

    /// A program that runs as the server's user, and finds the server's programs.
    pub fn program(&self, program: impl AsRef<Path>) -> Command {
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(self.binaries.clone()).chain(std::env::split_paths(&others));
        let mut command = as_server_user(Command::new(program.as_ref()));
        command
            .env("PATH", std::env::join_paths(path).expect("a path without colons"))
            .env("HOME", "/")
            .current_dir("/");
        command
    }

    /// Writes everything that is in memory to the disk.
    pub async fn checkpoint(&self) {
        let mut admin = PgConnection::connect(&self.admin_url()).await.expect("the cluster answers");
        sqlx::query("checkpoint").execute(&mut admin).await.expect("a checkpoint");
        admin.close().await.ok();
    }

    /// The address of the server for its superuser.
    pub fn admin_url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn log_file(&self) -> PathBuf {
        self.folder.with_extension("log")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.crash();
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// One test's database.
#[derive(Clone)]
pub struct Database {
    /// What the service gets as `DATABASE_URL`.
    pub url: String,
    /// The server it lives on.
    pub cluster: Arc<Cluster>,
}

impl Database {
    /// A database on the shared cluster.
    pub async fn fresh() -> Database {
        Cluster::shared().await.database().await
    }

    /// A few connections as the role of the service.
    pub async fn pool(&self) -> PgPool {
        PgPoolOptions::new().max_connections(4).connect(&self.url).await.expect("the test's database answers")
    }
}
