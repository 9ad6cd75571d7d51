//! `wrk`, the load generator: closed loops over so many connections, from a process of its own. It
//! knows tokens and paths, and not what is asked for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tests::support::folder;
use tokio::process::Command;

use crate::load::ended_children;

/// One thread makes more requests than two cores can answer, and leaves the other core to the server.
const THREADS: usize = 1;
const REMEDY: &str = "`wrk` cannot be started: install the package wrk";

/// The script and the callers it goes through.
pub(crate) struct Wrk {
    script: PathBuf,
    tokens: PathBuf,
}

/// What a run showed.
#[derive(Deserialize)]
pub(crate) struct Shown {
    pub(crate) answers: usize,
    pub(crate) duration_us: f64,
    /// Answers from 400 on.
    pub(crate) refused: usize,
    /// Connections that broke, and answers that never came.
    pub(crate) broken: usize,
    /// A thousand quantiles. `wrk` adds what callers would have waited who could not ask in time.
    pub(crate) latencies_us: Vec<u32>,
    /// The CPU time of `wrk` itself.
    #[serde(skip)]
    pub(crate) cpu_us: f64,
}

impl Wrk {
    pub(crate) fn prepare(tokens: &[String]) -> Self {
        let folder = folder::fresh("wrk");
        let wrk = Self { script: folder.join("wrk.lua"), tokens: folder.join("tokens") };
        std::fs::write(&wrk.script, include_str!("wrk.lua")).unwrap();
        write_lines(&wrk.tokens, tokens);
        wrk
    }

    /// Posts to these paths, to the next one when every caller has posted to one.
    pub(crate) async fn run(&self, url: &str, paths: &[String], connections: usize, length: Duration) -> Shown {
        self.send("POST", url, paths, connections, length).await
    }

    /// Reads one path, caller after caller.
    pub(crate) async fn read(&self, url: &str, path: &str, connections: usize, length: Duration) -> Shown {
        self.send("GET", url, &[path.to_owned()], connections, length).await
    }

    async fn send(&self, method: &str, url: &str, paths: &[String], connections: usize, length: Duration) -> Shown {
        let before = ended_children(std::process::id());
        let seconds = length.as_secs_f64().ceil().max(1.0);
        let output = Command::new("wrk")
            .args([format!("-t{THREADS}"), format!("-c{connections}"), format!("-d{seconds}s")])
            .args(["--timeout", "30s", "--script"])
            .arg(&self.script)
            .args([url, "--", &THREADS.to_string()])
            .arg(&self.tokens)
            .arg(method)
            .args(paths)
            .kill_on_drop(true)
            .output()
            .await
            .expect(REMEDY);
        let said = String::from_utf8_lossy(&output.stdout);
        let shown: Option<Shown> = said.lines().last().and_then(|line| serde_json::from_str(line).ok());
        let shown = shown.map(|shown| Shown { cpu_us: ended_children(std::process::id()) - before, ..shown });
        shown.unwrap_or_else(|| panic!("wrk: {}\n{said}{}", output.status, String::from_utf8_lossy(&output.stderr)))
    }
}

fn write_lines(file: &Path, lines: &[String]) {
    std::fs::write(file, lines.join("\n") + "\n").unwrap();
}
