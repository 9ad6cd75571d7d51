//! A log that is exported and comes back: into an empty database, with the same positions and hashes, its guard rows and its read
//! models; and files that are no such log, which leave nothing behind.

use std::{fs, path::PathBuf};

use domain::chain::{GENESIS, Sealed};
use serde_json::Value;
use sqlx::PgPool;
use tests::support::{
    Database, Setup,
    auditor::{Auditor, Said},
    folder,
    programme::activity,
    swarm::something_happens,
};

const GOLDEN: &str = include_str!("golden/log.v1.ndjson");

/// Every column of every event, as one digest, and how many there are.
async fn log_of(pool: &PgPool) -> (i64, String) {
    let sql = "select count(*), coalesce(md5(string_agg(md5(events::text), '' order by position)), '') from events";
    sqlx::query_as(sql).fetch_one(pool).await.unwrap()
}

/// The rows of the guard tables, each table as one digest.
async fn guards_of(pool: &PgPool) -> Vec<(String, i64, String)> {
    let mut all = vec![];
    for table in commands::guards::compare::TABLES {
        // by name, since later columns stand in another order where a table was changed otherwise
        let sql = format!(
            "select '{table}', count(*), coalesce(md5(string_agg(t, '' order by t)), '')
             from (select to_jsonb(rows)::text as t from {table} as rows) as texts"
        );
        all.push(sqlx::query_as(&sql).fetch_one(pool).await.unwrap());
    }
    all
}

fn digests(auditor: &Auditor, url: &str) -> Vec<Value> {
    let digest = |name: &&str| {
        let said = auditor.run_with(&[("DATABASE_URL", url)], &["projections", "digest", name, "--json"]);
        assert_eq!(said.code, 0, "{name}: {}", said.err);
        said.json()["digest"].clone()
    };
    projections::ALL.iter().map(digest).collect()
}

/// An empty database, and the command line beside it with this auditor's keys.
struct Empty<'a> {
    auditor: &'a Auditor,
    database: Database,
    pool: PgPool,
}

impl<'a> Empty<'a> {
    async fn of(auditor: &'a Auditor) -> Empty<'a> {
        let database = Database::fresh().await;
        let empty = Empty { auditor, pool: database.pool().await, database };
        assert_eq!(empty.run(&["migrate"]).code, 0);
        empty
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.auditor.run_with(&[("DATABASE_URL", &self.database.url)], arguments)
    }

    /// The file is refused for this reason, and nothing is there.
    #[track_caller]
    fn refuses(&self, arguments: &[&str], why: &str) {
        let said = self.run(arguments);
        assert!(said.code == 1 && said.err.contains(why), "{why}: {} {} {}", said.code, said.out, said.err);
    }

    async fn is_empty(&self) -> bool {
        let head: i64 = sqlx::query_scalar("select position from log_head").fetch_one(&self.pool).await.unwrap();
        let guards: i64 = guards_of(&self.pool).await.iter().map(|(_, rows, _)| rows).sum();
        (log_of(&self.pool).await.0, head, guards) == (0, 0, 0)
    }
}

fn path(name: &str) -> (PathBuf, String) {
    let file = folder::fresh(name).join("log.ndjson");
    let text = file.display().to_string();
    (file, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_comes_back_with_its_positions_hashes_guards_and_read_models() {
    let database = Database::fresh().await;
    let service = Setup::on(&database).with_history().start().await;
    let auditor = Auditor::of(&database.url);
    let (file, name) = path("export");

    // in pieces, one of which broke off, beside a service that goes on
    let export = |more: &[&str]| {
        let said = auditor.run(&[&["audit", "log", "--format", "ndjson", "--into", &name], more].concat());
        assert_eq!(said.code, 0, "{}", said.err);
    };
    export(&["--limit", "700"]);
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 700);
    fs::write(&file, &text[..text.len() - 100]).unwrap();
    export(&["--limit", "11"]);
    something_happens(&service, 20, 10).await;
    service.terminate();
    export(&[]);
    let text = fs::read_to_string(&file).unwrap();
    let printed = auditor.run(&["audit", "log"]).out;
    assert!(text == printed, "the file is what is printed");
    let note = auditor.run(&["audit", "checkpoint"]).out;
    let checkpoint = file.with_extension("checkpoint").display().to_string();
    fs::write(&checkpoint, note).unwrap();
    let pool = database.pool().await;
    for name in projections::ALL {
        assert_eq!(auditor.run(&["rebuild", name]).code, 0);
    }

    let empty = Empty::of(&auditor).await;
    let said = empty.run(&["restore", &name, "--checkpoint", &checkpoint, "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let (report, there) = (said.json(), log_of(&pool).await);
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!((&report["position"], &report["hash"]), (&there.0.into(), &last["hash"]), "{report}");
    assert_eq!((&report["checkpoint"], &report["epoch"]), (&there.0.into(), &2.into()), "{report}");
    let left_out: Vec<_> = report["leftOut"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert!(["accounts", "coupon_codes"].iter().all(|table| left_out.contains(table)), "{report}");
    assert_eq!(log_of(&empty.pool).await, there, "every column of every event");
    assert_eq!(guards_of(&empty.pool).await, guards_of(&pool).await, "every guard row");
    assert!(
        guards_of(&pool).await.iter().filter(|(_, rows, _)| *rows > 0).count() >= 7,
        "of most tables there are rows"
    );
    assert_eq!(digests(&auditor, &empty.database.url), digests(&auditor, &database.url), "every read model");
    let verified = empty.run(&["audit", "verify", "--json", "--checkpoint", &checkpoint]);
    // the codes of coupons are not in the log, and that is told
    assert_eq!((verified.code, verified.failed()), (1, vec!["coupon_codes".to_owned()]), "{}", verified.out);
    empty.refuses(&["restore", &name], "the log is not empty");
    empty.refuses(&["restore", &name], "into a new database that `reward-ledger migrate` has prepared");

    // and it goes on, in another epoch
    let service = Setup::on(&empty.database).without_demo().start().await;
    let member = last_member(&text);
    service.import(&[activity(&member, "visit")]);
    let sql = "select position, epoch from events order by position desc limit 1";
    let gone_on: (i64, i64) = sqlx::query_as(sql).fetch_one(&empty.pool).await.unwrap();
    assert_eq!(gone_on, (there.0 + 1, 2));
    service.terminate();
    // the file of the original is not continued with what happened in the other
    let said = empty.run(&["audit", "log", "--into", &name]);
    assert_eq!(said.code, 0, "it is the same log up to there: {}", said.err);
    let said = auditor.run(&["audit", "log", "--into", &name]);
    assert!(said.code == 2 && said.err.contains("is not in this log"), "{}", said.err);
}

fn last_member(text: &str) -> String {
    let lines = text.lines().rev().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let registered = lines.into_iter().find(|line| line["type"] == "member.registered").unwrap();
    registered["streamId"].as_str().unwrap().to_owned()
}

/// The first event of the golden log with something else in it, under the hash that it has then.
fn sealed_otherwise(from: &str, to: &str) -> String {
    let text = GOLDEN.lines().next().unwrap().replacen(from, to, 1);
    let line: Value = serde_json::from_str(&text).unwrap();
    let text_of = |field: &str| line[field].as_str().unwrap();
    let asked = |field: &str| line["metadata"][field].as_str().unwrap();
    let raw = |field: &str| {
        let start = text.find(&format!("\"{field}\":")).unwrap() + field.len() + 3;
        &text[start..start + text[start..].find('}').unwrap() + 1]
    };
    let hash = Sealed {
        position: 1,
        epoch: 1,
        event_id: text_of("eventId").parse().unwrap(),
        stream_type: text_of("streamType"),
        stream_id: text_of("streamId"),
        sequence: line["sequence"].as_i64().unwrap(),
        event_type: text_of("type"),
        version: text_of("version"),
        subject: text_of("subject"),
        payload: raw("payload"),
        metadata: raw("metadata"),
        occurred_at: serde_json::from_value(line["occurredAt"].clone()).unwrap(),
        recorded_at: serde_json::from_value(line["recordedAt"].clone()).unwrap(),
        command_id: asked("commandId").parse().unwrap(),
        actor: asked("actor"),
        correlation_id: asked("correlationId").parse().unwrap(),
        causation_id: None,
        previous_hash: GENESIS,
    }
    .hash();
    text.replacen(text_of("hash"), &hex::encode(hash), 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_log_is_refused_with_its_line_and_leaves_nothing() {
    let auditor = Auditor::of("postgres://nobody@127.0.0.1:1/none");
    let empty = Empty::of(&auditor).await;
    let (file, name) = path("refused");
    let lines: Vec<&str> = GOLDEN.lines().collect();
    let without = |number: usize| [&lines[..number - 1], &lines[number..]].concat().join("\n");
    let with = |number: usize, line: &str| [&lines[..number - 1], &[line], &lines[number..]].concat().join("\n");
    let swapped = [&lines[..9], &[lines[10], lines[9]], &lines[11..]].concat().join("\n");
    let twice = [&lines[..10], &[lines[9]], &lines[10..]].concat().join("\n");
    let altered = with(20, &lines[19].replacen("\"payload\":{", "\"payload\":{ ", 1));
    let oversized = with(5, &lines[4].replacen('{', &format!("{{{}", " ".repeat(600_000)), 1));
    let cut = GOLDEN.trim_end();
    let same_clock = lines[0].replacen("\"epoch\":1", "\"epoch\":9", 1);
    let cases = [
        (cut[..cut.len() - 40].to_owned(), format!("line {}: it is no event", lines.len())),
        (without(7), "line 7: position 7 is missing: position 8 stands here".to_owned()),
        (without(1), "line 1: position 1 is missing".to_owned()),
        (twice, "line 11: position 10 stands here again or out of order".to_owned()),
        (swapped, "line 10: position 10 is missing: position 11 stands here".to_owned()),
        (altered, "line 20: it was altered".to_owned()),
        (with(1, &same_clock), "line 1: it was altered".to_owned()),
        (with(3, &sealed_otherwise("\"position\":1,", "\"position\":3,")), "line 3: it does not follow".to_owned()),
        (oversized, "line 5 has more than 524288 bytes".to_owned()),
        (with(4, "null"), "line 4: it is no event".to_owned()),
        (with(4, "\u{7f}\u{0}"), "line 4: it is no event".to_owned()),
        (sealed_otherwise("\"version\":\"1\"", "\"version\":\"99\""), "line 1: ".to_owned()),
        (
            sealed_otherwise("\"version\":\"1\"", "\"version\":\"99\""),
            "restore with the version that wrote it".to_owned(),
        ),
        (sealed_otherwise("\"sequence\":1", "\"sequence\":2"), "has 1 events and ends at number 2".to_owned()),
        (sealed_otherwise("\"sequence\":1", "\"sequence\":0"), "position 1: ".to_owned()),
    ];
    for (text, why) in cases {
        fs::write(&file, text).unwrap();
        empty.refuses(&["restore", &name], &why);
        assert!(empty.is_empty().await, "{why}");
    }
    let mut packed = zstd::encode_all(GOLDEN.as_bytes(), 3).unwrap();
    packed.truncate(packed.len() - 9);
    fs::write(&file, packed).unwrap();
    empty.refuses(&["restore", &name], "the file cannot be read after line");
    empty.refuses(&["restore", "/nowhere/log.ndjson"], "cannot open /nowhere/log.ndjson");

    // a checkpoint of more than there is, and of something else
    let whole = Empty::of(&auditor).await;
    fs::write(&file, zstd::encode_all(GOLDEN.as_bytes(), 3).unwrap()).unwrap();
    let said = whole.run(&["restore", &name]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains(&format!("up to position {}", lines.len())), "{}", said.out);
    assert_eq!(whole.run(&["audit", "verify"]).code, 0, "{}", whole.run(&["audit", "verify"]).out);
    let checkpoint = file.with_extension("checkpoint").display().to_string();
    fs::write(&checkpoint, whole.run(&["audit", "checkpoint"]).out).unwrap();
    fs::write(&file, lines[..lines.len() - 1].join("\n")).unwrap();
    empty.refuses(&["restore", &name, "--checkpoint", &checkpoint], "events when the checkpoint was made");
    fs::write(&file, sealed_otherwise("\"role\":\"ADMIN\"", "\"role\":\"USER\"")).unwrap();
    empty.refuses(&["restore", &name, "--checkpoint", &checkpoint], "nothing was restored");
    assert!(empty.is_empty().await);

    let unprepared = Database::fresh().await;
    let said = auditor.run_with(&[("DATABASE_URL", &unprepared.url)], &["restore", &name]);
    assert!(said.code == 1 && said.err.contains("reward-ledger migrate"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_export_is_not_written_to() {
    let auditor = Auditor::of("postgres://nobody@127.0.0.1:1/none");
    let empty = Empty::of(&auditor).await;
    let (file, name) = path("foreign");
    for text in ["my notes\n", "my notes", "{\"position\":1}\n", "\n"] {
        fs::write(&file, text).unwrap();
        let said = empty.run(&["audit", "log", "--into", &name]);
        assert_eq!((said.code, fs::read_to_string(&file).unwrap().as_str()), (2, text), "{}", said.err);
        assert!(said.err.contains("cannot be continued"), "{}", said.err);
    }
    let said = empty.run(&["audit", "log", "--into", &name, "--after", "3"]);
    assert!(said.code == 2 && said.err.contains("cannot be used with"), "{}", said.err);
    let said = empty.run(&["audit", "log", "--into", &name, "--format", "csv"]);
    assert!(said.code == 2 && said.err.contains("--format ndjson"), "{}", said.err);
}
