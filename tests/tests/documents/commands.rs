//! Each document that shows commands is walked: its `sh` blocks run in order in one bash, in an empty folder, with a
//! service of the document's own, and each block's answers are compared with what it says. A block that cannot run here
//! says why (`<!-- not run: … -->`). `serve` and `make run` go on in the background and are waited for.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use tests::support::{Broker, Database, Setup, folder, process::free_port};

use super::{answers, markdown::Document};

/// A walk of all documents takes seconds; a command that waits for input would take for ever.
const LONGEST: Duration = Duration::from_secs(300);
/// What stands between the answers of two blocks.
const NEXT: &str = "\u{1e}block\n";
/// What stands before a command that failed.
const FAILED: &str = "\u{1f}failed";

/// What bash knows before the first block.
const PRELUDE: &str = r#"
exec 2>&1
reward-ledger() {
  if [[ "${1:-serve}" != serve ]]; then command reward-ledger "$@"; return; fi
  command reward-ledger "$@" >>serve.log 2>&1 &
  local pid=$! address=${METRICS_LISTEN:-$LISTEN}
  until command curl -fs "http://$address/health/ready" >/dev/null; do
    kill -0 $pid 2>/dev/null || { cat serve.log; return 1; }
    sleep 0.1
  done
  # what was in the log then is on the topic
  if [[ -n "${KAFKA_BROKERS:-}" ]]; then command reward-ledger kafka verify >/dev/null; fi
}
# a reader who types sees what was written; a script asks for it
curl() {
  local seen=$(cat seen 2>/dev/null || echo 0) status
  command curl -D "headers.$BASHPID" -H "Ledger-Min-Position: $seen" "$@"; status=$?
  local position=$(sed -n 's/^ledger-position: *\([0-9]*\).*/\1/Ip' "headers.$BASHPID" 2>/dev/null | tail -n 1)
  if ((${position:-0} > seen)); then echo "$position" >seen; fi
  return $status
}
make() { DEMO=${DEMO-true} DEMO_TRAFFIC=${DEMO_TRAFFIC-true} reward-ledger serve; }
end() { kill $(jobs -p) 2>/dev/null; wait; }
trap end EXIT
trap 'printf "\037failed: %s\n" "$BASH_COMMAND"' ERR
"#;

/// Where the embedded broker of a running service is, asked when the command runs.
const EMBEDDED_BROKER: &str = r"$(sed -n 's/.*Kafka broker at \([0-9.:]*\).*/\1/p' serve.log | tail -n 1)";

/// One document, what its commands find, and what of their text is another one here.
struct Walk {
    documents: Vec<&'static str>,
    setup: Setup,
    /// Whether it begins beside a running service, as it says.
    running: bool,
    replaced: Vec<(&'static str, String)>,
}

impl Walk {
    /// Documents that are read one after another in one bash.
    fn of(documents: &[&'static str], setup: Setup) -> Walk {
        let url = setup.url();
        let setup = setup.env("DATA_DIR", ".data").unset("DEMO").unset("DEMO_HISTORY");
        Walk { documents: documents.to_vec(), setup, running: false, replaced: vec![("http://127.0.0.1:8080", url)] }
    }

    /// Beside a service that `make run` has started.
    fn beside_a_service(mut self) -> Walk {
        self.running = true;
        self
    }

    /// With something in the log, whoever starts the service.
    fn in_demo_mode(mut self) -> Walk {
        self.setup = self.setup.env("DEMO", "true");
        self
    }

    /// Says something else where the document says `shown`.
    fn with(mut self, shown: &'static str, here: &str) -> Walk {
        self.replaced.push((shown, here.to_owned()));
        self
    }

    fn here(&self, code: &str) -> String {
        self.replaced.iter().fold(code.to_owned(), |code, (shown, here)| code.replace(shown, here))
    }

    fn check(self) {
        let mut blocks = Vec::new();
        for path in &self.documents {
            let commands = Document::read(path).blocks().into_iter();
            let commands = commands.filter(|it| it.language == "sh" && it.not_run.is_none());
            blocks.extend(commands.map(|block| (format!("{path}:{}", block.line), self.here(&block.code))));
        }
        assert!(!blocks.is_empty(), "{:?} show no commands", self.documents);
        let mut script = String::from(PRELUDE);
        if self.running {
            script.push_str("make run\n");
        }
        for (_, code) in &blocks {
            script.push_str(&format!("printf '{}'\n{code}\n", NEXT.replace('\n', "\\n")));
        }
        let started = Instant::now();
        let output = self.setup.bash(&script, LONGEST);
        println!("{:?} took {:?}", self.documents, started.elapsed());
        let real: Vec<&str> = output.split(NEXT).collect();
        for (number, (place, code)) in blocks.iter().enumerate() {
            let real = real.get(number + 1).unwrap_or_else(|| panic!("{place} was not reached:\n{output}"));
            let shown = answers::shown(code);
            if let Some(line) = answers::missing(&shown, real) {
                panic!("{place}: this is not in the answer:\n{line}\nthe answer:\n{real}");
            }
            let failure = shown.iter().any(|line| line.to_lowercase().contains("error"));
            assert!(failure || !real.contains(FAILED), "{place}: a command failed:\n{real}");
        }
    }
}

#[test]
fn the_readme() {
    Walk::of(&["README.md"], Setup::embedded()).check();
}

#[test]
fn the_first_campaign_and_its_audit() {
    let documents = ["docs/guides/first-campaign.md", "docs/guides/auditing.md"];
    let walk = Walk::of(&documents, Setup::embedded()).beside_a_service();
    walk.with("127.0.0.1:45087", EMBEDDED_BROKER).check();
}

#[test]
fn the_guide_of_points() {
    Walk::of(&["docs/guides/value.md"], Setup::embedded()).beside_a_service().check();
}

#[test]
fn the_way_of_a_coupon() {
    Walk::of(&["docs/guides/coupons.md"], Setup::embedded()).beside_a_service().check();
}

#[test]
fn back_up_and_restore() {
    let scripts = format!("{}/", folder::workspace().join("deploy/backup").display());
    let walk = Walk::of(&["docs/guides/backup.md"], Setup::embedded()).beside_a_service();
    walk.with("deploy/backup/", &scripts).check();
}

#[test]
fn the_guides_for_operators_and_the_dashboards() {
    let documents = [
        "docs/guides/operating.md",
        "docs/guides/deploying.md",
        "docs/guides/accounts-and-keys.md",
        "docs/guides/importing.md",
        "docs/guides/upgrading.md",
        "docs/reference/dashboards.md",
    ];
    Walk::of(&documents, Setup::embedded()).beside_a_service().check();
}

#[tokio::test]
async fn the_guides_for_servers_of_ones_own() {
    let documents = [
        "docs/guides/own-postgresql-and-kafka.md",
        "docs/guides/consuming-from-kafka.md",
        "docs/guides/feeding-by-kafka.md",
        "docs/guides/scaling-out.md",
    ];
    let (database, broker) = (Database::fresh().await, Broker::shared());
    let walk = Walk::of(&documents, Setup::on(&database).kafka(broker, "documents"))
        .in_demo_mode()
        .with("postgres://ledger:secret@db.example.com/rewards", &database.url)
        .with("kafka-1:9092,kafka-2:9092", &broker.bootstrap())
        .with("kafka-1:9092", &broker.bootstrap())
        .with("/etc/reward-ledger/", "./")
        .with("reward-ledger.events", "documents")
        .with("reward-ledger.activities", "documents.activities")
        .with("127.0.0.1:9464", &format!("127.0.0.1:{}", free_port()));
    tokio::task::spawn_blocking(|| walk.check()).await.expect("it is as the documents say");
}

/// Every document that shows commands stands in a test above, or says of each why it is not run.
#[test]
fn every_document_with_commands_is_walked() {
    let source = include_str!("commands.rs");
    let forgotten: BTreeSet<String> = Document::all()
        .into_iter()
        .filter(|it| it.blocks().iter().any(|block| block.language == "sh" && block.not_run.is_none()))
        .map(|it| it.path)
        .filter(|path| !source.contains(&format!("\"{path}\"")))
        .collect();
    assert!(forgotten.is_empty(), "nobody walks {forgotten:?}");
}

/// A block in another language would be commands that nobody runs.
#[test]
fn every_block_says_its_language_and_commands_are_sh() {
    const OTHERS: [&str; 6] = ["json", "text", "python", "rust", "sql", "toml"];
    let mut strange = Vec::new();
    for document in Document::all() {
        for block in document.blocks() {
            if block.language != "sh" && !OTHERS.contains(&&*block.language) {
                strange.push(format!("{}:{} is in {:?}", document.path, block.line, block.language));
            }
            if block.not_run.as_deref() == Some("") {
                strange.push(format!("{}:{} does not say why it is not run", document.path, block.line));
            }
        }
    }
    assert!(strange.is_empty(), "{strange:#?}");
}
