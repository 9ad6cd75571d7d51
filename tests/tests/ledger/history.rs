//! A whole history, imported and asked about: every answer is given by the tables and by a replay of the log, and
//! compared with answers that were found without either. `HISTORY_DIR` names a folder with a real history and its
//! answers; a generated programme, counted naively, is asked about everywhere.

use std::{fs, io::Write, path::PathBuf};

use api::cli::generate::Generate;
use serde_json::Value;
use tests::support::{Database, Service, Setup, folder};

use self::answers::Answers;

mod answers;
mod naive;
mod replay;
mod tables;

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(real_history), ignore = "HISTORY_DIR names no real history")]
async fn a_real_history_has_its_answers() {
    let folder = std::env::var_os("HISTORY_DIR").map(PathBuf::from).expect("HISTORY_DIR, as when this was compiled");
    let expected = fs::read_to_string(folder.join("answers-tokio.json")).expect("the answers of HISTORY_DIR");
    let expected = Answers::of_real_history(&expected);
    let file = folder.join("activities-tokio.ndjson.zst");
    let (database, service) = stage().await;
    let report = import(&service, &["import", "activities", path(&file), "--create-members", "--json"]);
    assert_eq!(report["imported"], expected.totals.facts, "{report}");
    assert_eq!(report["membersCreated"], expected.totals.members, "{report}");
    assert_eq!((&report["duplicates"], &report["refused"]), (&Value::from(0), &Value::from(0)), "{report}");
    tell(&format!("the real history was imported in {} ms", report["durationMs"]));
    agree(&database, &expected, "commit", "count").await;
    folds_to_the_same_twice(&service);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_history_has_the_answers_of_a_naive_count() {
    let end = "2026-06-01".parse().expect("a date");
    let programme = Generate { members: 120, days: 150, seed: 20_261_121, end, out: None };
    let mut lines = Vec::new();
    programme.write_to(&mut lines).expect("lines in memory");
    let file = folder::fresh("generated").join("programme.ndjson");
    fs::write(&file, &lines).expect("a file to import");
    let (database, service) = stage().await;
    let report = import(&service, &["import", "activities", path(&file), "--create-members", "--json"]);
    let lines = String::from_utf8(lines).expect("JSON is text");
    assert_eq!(report["imported"], lines.lines().count(), "{report}");
    for (kind, measure) in [("login", "none"), ("session", "minutes"), ("purchase", "amount")] {
        let expected = naive::answers(&lines, kind, measure);
        assert!(expected.points.len() > 100, "enough is asked about {kind}");
        agree(&database, &expected, kind, measure).await;
    }
    folds_to_the_same_twice(&service);
}

/// The tables and the log, each by itself, say what is expected.
async fn agree(database: &Database, expected: &Answers, kind: &str, measure: &str) {
    let pool = database.pool().await;
    let replayed = replay::Replay::of(&pool).await.answer(expected, kind, measure);
    expected.assert_same(&replayed, "a replay of the log");
    tables::caught_up(&pool).await;
    let read = tables::answer(&pool, expected, kind, measure).await;
    expected.assert_same(&read, "the projections");
}

/// What was folded while the facts came in, and what two rebuilds make of the same log, is one and the same.
#[track_caller]
fn folds_to_the_same_twice(service: &Service) {
    let run = |arguments: &[&str]| {
        let output = service.command(arguments, "");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    for name in projections::ALL {
        let digest = || -> Value {
            serde_json::from_slice(&run(&["projections", "digest", name, "--json"])).expect("a digest in JSON")
        };
        let live = digest();
        for _ in 0..2 {
            run(&["rebuild", name]);
            assert_eq!(digest(), live, "{name}");
        }
        tell(&format!("{name} is {} at position {}, three times", live["digest"], live["position"]));
    }
}

async fn stage() -> (Database, Service) {
    let database = Database::fresh().await;
    let service = Setup::on(&database).without_demo().start().await;
    (database, service)
}

#[track_caller]
fn import(service: &Service, arguments: &[&str]) -> Value {
    let output = service.command(arguments, "");
    assert!(output.status.success(), "the import failed: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a report in JSON")
}

fn path(file: &std::path::Path) -> &str {
    file.to_str().expect("a path that is text")
}

/// Says something also when the test passes: what a test prints is kept from the terminal otherwise.
fn tell(text: &str) {
    writeln!(std::io::stderr(), "history: {text}").ok();
}
