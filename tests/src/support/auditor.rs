//! An auditor at the command line: the program beside a database, with nothing of a service's environment, and what a
//! superuser can do to a copy of the log behind everybody's back.

use std::{
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use domain::{Moment, chain::Sealed};
use serde_json::Value;
use sqlx::{Connection, PgConnection, Row};

use super::{Database, binary, folder};

/// The command line of one database.
pub struct Auditor {
    url: String,
    /// Where a key is looked for.
    pub data: PathBuf,
}

/// What a command said and how it ended.
pub struct Said {
    /// The exit status.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// The document on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {} {}", self.out, self.err))
    }

    /// The names of the checks that failed.
    #[track_caller]
    pub fn failed(&self) -> Vec<String> {
        let json = self.json();
        let failed = json["checks"].as_array().unwrap().iter().filter(|check| check["ok"] == false);
        failed.map(|check| check["name"].as_str().unwrap().to_owned()).collect()
    }
}

impl Auditor {
    /// The command line beside a database.
    pub fn of(url: &str) -> Auditor {
        Auditor { url: url.to_owned(), data: folder::fresh("auditor") }
    }

    /// Runs a command of the binary.
    pub fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(&[], arguments)
    }

    /// Runs a command of the binary in an environment of its own.
    pub fn run_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Said {
        let mut command = self.command(arguments);
        Self::said(command.envs(environment.iter().copied()).output().expect("the binary starts"))
    }

    /// A command of the binary, for whoever starts it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary::reward_ledger());
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("DATABASE_URL", &self.url).env("DATA_DIR", &self.data).env("RUST_LOG", "error");
        command.args(arguments);
        command
    }

    /// What a command says when nobody listens to it.
    pub fn unheard(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(arguments);
        let mut running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        drop(running.stdout.take());
        Auditor::said(running.wait_with_output().expect("the command ends"))
    }

    /// What a command said.
    pub fn said(output: Output) -> Said {
        Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// `audit verify --json` with more.
    pub fn verify(&self, more: &[&str]) -> Said {
        self.run(&[&["audit", "verify", "--json"], more].concat())
    }
}

/// A superuser of the server that a database lives on, connected to that database.
pub struct Superuser(PgConnection);

impl Superuser {
    /// The address of a database of the same server, for the superuser.
    fn url(database: &Database, name: &str) -> String {
        let port = database.url.rsplit(':').next().and_then(|rest| rest.split('/').next()).expect("a port");
        format!("postgres://postgres@127.0.0.1:{port}/{name}")
    }

    /// A superuser in a database. Triggers do not stop this one.
    pub async fn of(database: &Database) -> Superuser {
        let name = database.url.rsplit('/').next().expect("a database");
        let mut connection = PgConnection::connect(&Self::url(database, name)).await.expect("a superuser gets in");
        sqlx::query("set session_replication_role = replica").execute(&mut connection).await.unwrap();
        Superuser(connection)
    }

    /// A copy of a database that nobody is connected to.
    pub async fn copy(database: &Database) -> Database {
        let owner = database.url.rsplit('/').next().expect("a database");
        let name = format!("c_{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
        let mut admin = PgConnection::connect(&Self::url(database, "postgres")).await.expect("a superuser gets in");
        let statement = format!("create database {name} template {owner} owner {owner}");
        let others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
        // the last connection of who was just stopped may still be ending, and a pool that was closed may have left one open
        for _ in 0..10 {
            sqlx::query(others).bind(owner).execute(&mut admin).await.expect("a superuser ends other sessions");
            if sqlx::query(&statement).execute(&mut admin).await.is_ok() {
                let (server, _) = database.url.rsplit_once('/').expect("a database");
                let url = format!("{server}/{name}");
                return Database { url, cluster: database.cluster.clone() };
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{owner} cannot be copied while somebody is connected to it");
    }

    /// An empty database of the same server that sorts, speaks and tells the time otherwise.
    pub async fn elsewhere(database: &Database) -> Database {
        let owner = database.url.rsplit('/').next().expect("a database");
        let name = format!("e_{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
        let mut admin = PgConnection::connect(&Self::url(database, "postgres")).await.expect("a superuser gets in");
        for statement in [
            format!(
                "create database {name} owner {owner} template template0 locale_provider icu icu_locale 'ko-KR'
                 locale 'C.UTF-8'"
            ),
            format!("alter database {name} set timezone = 'Pacific/Apia'"),
            format!("alter database {name} set datestyle = 'SQL, DMY'"),
            format!("alter database {name} set intervalstyle = 'sql_standard'"),
            format!("alter database {name} set bytea_output = 'escape'"),
            format!("alter database {name} set enable_hashagg = off"),
        ] {
            sqlx::query(&statement).execute(&mut admin).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        let (server, _) = database.url.rsplit_once('/').expect("a database");
        Database { url: format!("{server}/{name}"), cluster: database.cluster.clone() }
    }

    /// Does something that nobody may do.
    pub async fn run(&mut self, statement: &str) {
        for statement in statement.split(';').filter(|statement| !statement.trim().is_empty()) {
            sqlx::query(statement).execute(&mut self.0).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }

    /// The last position of the log.
    pub async fn head(&mut self) -> i64 {
        sqlx::query_scalar("select max(position) from events").fetch_one(&mut self.0).await.unwrap()
    }

    /// The first position with an event of this type.
    pub async fn first(&mut self, event_type: &str) -> i64 {
        let first = sqlx::query_scalar("select min(position) from events where event_type = $1").bind(event_type);
        first.fetch_one(&mut self.0).await.unwrap()
    }

    /// Computes all hashes from a position on, and the head with them, as somebody would who knows how.
    pub async fn rehash(&mut self, from: i64) {
        let sql = "select position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                          payload::text as payload, metadata::text as metadata, subject, occurred_at, recorded_at,
                          command_id, actor, correlation_id, causation_id, epoch
                   from events where position >= $1 order by position";
        let before = sqlx::query_scalar::<_, Vec<u8>>("select hash from events where position = $1 - 1").bind(from);
        let mut previous_hash = match before.fetch_optional(&mut self.0).await.unwrap() {
            Some(hash) => hash.try_into().unwrap(),
            None => [0; 32],
        };
        for row in sqlx::query(sql).bind(from).fetch_all(&mut self.0).await.unwrap() {
            let moment = |column: &str| Moment::from(row.get::<chrono::DateTime<chrono::Utc>, _>(column));
            let position: i64 = row.get("position");
            let hash = Sealed {
                position,
                epoch: row.get("epoch"),
                event_id: row.get("event_id"),
                stream_type: row.get("aggregate_type"),
                stream_id: row.get("aggregate_id"),
                sequence: row.get("sequence"),
                event_type: row.get("event_type"),
                version: row.get("event_version"),
                subject: row.get("subject"),
                payload: row.get("payload"),
                metadata: row.get("metadata"),
                occurred_at: moment("occurred_at"),
                recorded_at: moment("recorded_at"),
                command_id: row.get("command_id"),
                actor: row.get("actor"),
                correlation_id: row.get("correlation_id"),
                causation_id: row.get("causation_id"),
                previous_hash,
            }
            .hash();
            let update = sqlx::query("update events set previous_hash = $2, hash = $3 where position = $1");
            update
                .bind(position)
                .bind(&previous_hash[..])
                .bind(&hash[..])
                .execute(&mut self.0)
                .await
                .expect("a superuser may");
            previous_hash = hash;
        }
        self.set_head().await;
    }

    /// The columns of a table, each with its type.
    pub async fn columns(&mut self, table: &str) -> Vec<(String, String)> {
        let columns = sqlx::query_as(
            "select column_name::text, data_type::text from information_schema.columns
             where table_schema = current_schema() and table_name = $1 order by ordinal_position",
        );
        columns.bind(table).fetch_all(&mut self.0).await.unwrap()
    }

    /// The tables whose names begin so.
    pub async fn tables_like(&mut self, prefix: &str) -> Vec<String> {
        let tables =
            sqlx::query_scalar("select relname::text from pg_class where relkind = 'r' and relname like $1 || '%'");
        tables.bind(prefix).fetch_all(&mut self.0).await.unwrap()
    }

    /// Makes the head that of the last event.
    pub async fn set_head(&mut self) {
        self.run(
            "update log_head set position = last.position, hash = last.hash, recorded_at = last.recorded_at
             from (select * from events order by position desc limit 1) as last",
        )
        .await;
    }
}
