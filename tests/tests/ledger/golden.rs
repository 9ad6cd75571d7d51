//! A log that was written by the first version, as `audit log` shows it: whatever becomes of the program, this must be
//! read, hold together, be judged the same and be folded to the same rows. The file is never changed; a new version of
//! an event gets a file of its own.

use std::{collections::BTreeSet, process::Command};

use domain::{
    Event, Moment,
    chain::{GENESIS, Hash, Sealed},
};
use projections::audit::{self, Basis, ReEvaluationRequest};
use serde::Deserialize;
use serde_json::value::RawValue;
use sqlx::PgPool;
use tests::support::{
    Database,
    auditor::{Auditor, Superuser},
    folder,
};
use uuid::Uuid;

const LOG: &str = include_str!("golden/log.v1.ndjson");
const VERIFY: &str = include_str!("golden/verify.py");
/// What the log ends with; nobody can change what is before it and keep this.
const HEAD: &str = "3fa6f57e99930cc70aaf0315f5a2b19960b2c5d778894cbdc6aa42bcebcc1919";
/// How many decisions are in it.
const DECISIONS: i64 = 48;

/// A line of the file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    position: i64,
    epoch: i64,
    event_id: Uuid,
    stream_type: &'a str,
    stream_id: &'a str,
    sequence: i64,
    r#type: &'a str,
    version: &'a str,
    subject: &'a str,
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(borrow)]
    metadata: &'a RawValue,
    occurred_at: Moment,
    recorded_at: Moment,
    previous_hash: &'a str,
    hash: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    actor: String,
    command_id: Uuid,
    correlation_id: Uuid,
    causation_id: Option<Uuid>,
}

impl Line<'_> {
    fn all() -> Vec<Line<'static>> {
        LOG.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn made(&self) -> Metadata {
        serde_json::from_str(self.metadata.get()).unwrap()
    }

    fn hash_after(&self, previous_hash: Hash) -> Hash {
        let made = self.made();
        Sealed {
            position: self.position,
            epoch: self.epoch,
            event_id: self.event_id,
            stream_type: self.stream_type,
            stream_id: self.stream_id,
            sequence: self.sequence,
            event_type: self.r#type,
            version: self.version,
            subject: self.subject,
            payload: self.payload.get(),
            metadata: self.metadata.get(),
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            command_id: made.command_id,
            actor: &made.actor,
            correlation_id: made.correlation_id,
            causation_id: made.causation_id,
            previous_hash,
        }
        .hash()
    }
}

#[test]
fn the_chain_of_the_golden_log_holds() {
    let mut previous = GENESIS;
    for (line, position) in Line::all().iter().zip(1..) {
        assert_eq!((line.position, line.previous_hash), (position, hex::encode(previous).as_str()));
        previous = line.hash_after(previous);
        assert_eq!(line.hash, hex::encode(previous), "position {position}");
    }
    assert_eq!(hex::encode(previous), HEAD);
}

#[test]
fn the_chain_of_the_golden_log_holds_in_another_language() {
    let folder = folder::fresh("golden");
    let (script, log) = (folder.join("verify.py"), folder.join("log.ndjson"));
    let verify = |text: &str| {
        std::fs::write(&script, VERIFY).unwrap();
        std::fs::write(&log, text).unwrap();
        Command::new("python3").args([&script, &log]).output().expect("python3 is there")
    };
    let output = verify(LOG);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.trim(), format!("{} events, the chain holds; head {HEAD}", LOG.lines().count()));
    assert!(!verify(&LOG.replacen("\"minutes\":25", "\"minutes\":26", 1)).status.success(), "it is a check");
}

#[test]
fn the_golden_log_has_every_event_and_all_of_it_is_read() {
    let mut found = BTreeSet::new();
    for line in Line::all() {
        let event = Event::decode(line.r#type, line.version, line.payload.get());
        let event = event.unwrap_or_else(|error| panic!("position {}: {error}", line.position));
        assert_eq!(event.subject(line.stream_id), line.subject);
        found.insert(line.r#type);
    }
    // an event that came later is not in this file, and does not take anything out of it
    assert!(found.is_subset(&domain::event::types().map(|one| one.name).collect()));
    assert_eq!(found.len(), 32);
}

/// Puts the log into an empty database as it was.
pub(crate) async fn put_into(pool: &PgPool) -> i64 {
    let mut before = None;
    for line in Line::all() {
        let made = line.made();
        let opens = before.replace(made.command_id) != Some(made.command_id);
        sqlx::query(
            "insert into events (
                position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                subject, occurred_at, recorded_at, command_id, opens_command, actor, correlation_id, causation_id, epoch,
                previous_hash, hash)
            values ($1, $2, $3, $4, $5, $6, $7, $8::json, $9::json, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                    decode($19, 'hex'), decode($20, 'hex'))",
        )
        .bind(line.position)
        .bind(line.event_id)
        .bind(line.stream_type)
        .bind(line.stream_id)
        .bind(line.sequence)
        .bind(line.r#type)
        .bind(line.version)
        .bind(line.payload.get())
        .bind(line.metadata.get())
        .bind(line.subject)
        .bind(line.occurred_at.utc())
        .bind(line.recorded_at.utc())
        .bind(made.command_id)
        .bind(opens)
        .bind(&made.actor)
        .bind(made.correlation_id)
        .bind(made.causation_id)
        .bind(line.epoch)
        .bind(line.previous_hash)
        .bind(line.hash)
        .execute(pool)
        .await
        .unwrap();
    }
    sqlx::query(
        "update log_head set position = last.position, hash = last.hash, recorded_at = last.recorded_at
        from (select * from events order by position desc limit 1) as last",
    )
    .execute(pool)
    .await
    .unwrap();
    sqlx::query_scalar("select position from log_head").fetch_one(pool).await.unwrap()
}

/// What every read model comes to, by name.
pub(crate) fn digests(auditor: &Auditor, environment: &[(&str, &str)]) -> Vec<(String, String)> {
    projections::ALL
        .iter()
        .map(|name| {
            let rebuilt = auditor.run_with(environment, &["rebuild", name]);
            assert_eq!(rebuilt.code, 0, "{name}: {}", rebuilt.err);
            let said = auditor.run_with(environment, &["projections", "digest", name, "--json"]);
            assert_eq!(said.code, 0, "{name}: {}", said.err);
            (name.to_string(), said.json()["digest"].as_str().expect("a digest").to_owned())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_golden_log_is_judged_the_same_and_folded_to_the_same() {
    let database = Database::fresh().await;
    assert_eq!(Auditor::of(&database.url).run(&["migrate"]).code, 0);
    let pool = database.pool().await;
    let head = put_into(&pool).await;
    let order = ReEvaluationRequest { basis: Basis::default(), position: head, campaign: None };
    let again = audit::re_evaluate_all(&pool, order, |_, _| {}).await.unwrap().unwrap();
    assert_eq!((again.decisions, again.same, again.changed), (DECISIONS, DECISIONS, vec![]));
    let found = digests(&Auditor::of(&database.url), &[]);
    let found: Vec<_> = found.iter().map(|(name, digest)| format!("{name} {digest}")).collect();
    assert_eq!(found.join("\n"), include_str!("golden/digests.v1").trim());
    // the guards were not told about these events; everything else is as if they had come in one by one
    let (position, checks) = audit::checks(&pool, &mut |_, _| {}).await.unwrap();
    let failed: Vec<_> = checks.iter().filter(|check| !check.ok).collect();
    assert!(position == head && failed.is_empty(), "{failed:?}");
}

/// Everything that a log comes to, as text: what is judged again on three bases, a back-test, and every read model.
async fn comes_to(database: &Database, environment: &[(&str, &str)]) -> String {
    let auditor = Auditor::of(&database.url);
    let draft = auditor.data.join("draft.json");
    std::fs::write(&draft, DRAFT).unwrap();
    let mut all = String::new();
    for arguments in [
        &["re-evaluate", "--json"][..],
        &["re-evaluate", "--facts", "known", "--json"],
        &["re-evaluate", "--facts", "known", "--condition", "current", "--csv"],
        &["backtest", draft.to_str().unwrap(), "--winners", "ndjson"],
        &["log"],
    ] {
        let said = auditor.run_with(environment, &[&["audit"], arguments].concat());
        assert!(said.code < 2, "{arguments:?}: {}", said.err);
        all.push_str(&said.out);
    }
    digests(&auditor, environment).into_iter().for_each(|(name, digest)| all.push_str(&format!("{name} {digest}\n")));
    all
}

const DRAFT: &str = r#"{"event": {"condition": {"any": [{"streak": {"kind": "login", "days": 3}},
    {"cel": {"expression": "total('session', 'minutes', 7) > 40"}}]}, "startDate": "2026-11-01", "endDate": "2027-01-01",
    "frequency": "daily", "timeZone": "America/Sao_Paulo"}, "reward": {"quantity": 12}, "ask": "firstPossible"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_log_comes_to_the_same_in_another_zone_locale_timing_and_database() {
    let here = Database::fresh().await;
    let elsewhere = Superuser::elsewhere(&here).await;
    for database in [&here, &elsewhere] {
        let migrated = Auditor::of(&database.url).run(&["migrate"]);
        assert_eq!(migrated.code, 0, "{}", migrated.err);
        put_into(&database.pool().await).await;
    }
    let expected = comes_to(&here, &[("TZ", "UTC"), ("LC_ALL", "C")]).await;
    assert!(expected.lines().count() > LOG.lines().count() + 20, "there is something to compare: {expected}");
    for environment in [
        [("TZ", "Asia/Seoul"), ("LC_ALL", "ko_KR.UTF-8"), ("TOKIO_WORKER_THREADS", "1")],
        [("TZ", "Pacific/Apia"), ("LC_ALL", "tr_TR.UTF-8"), ("TOKIO_WORKER_THREADS", "8")],
    ] {
        for (database, place) in [(&here, "here"), (&elsewhere, "in another database")] {
            let found = comes_to(database, &environment).await;
            let differs = expected.lines().zip(found.lines()).find(|(one, other)| one != other);
            assert_eq!((differs, found.len()), (None, expected.len()), "{place} under {environment:?}");
        }
    }
}
