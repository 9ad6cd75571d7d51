//! Importing a file: beside a running service, again and again, packed in any way, with lines that are no facts.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use api::cli::generate::Generate;
use flate2::{Compression, read::GzEncoder};
use serde_json::{Value, json};
use tests::support::{
    Stage, folder,
    programme::{activity, id, with, without},
};

/// A small programme, unlike that of the demonstration, and how many facts it has.
fn programme(seed: u64) -> (String, usize) {
    let end = "2026-06-01".parse().expect("a date");
    let mut lines = Vec::new();
    Generate { members: 20, days: 40, seed, end, out: None }.write_to(&mut lines).expect("lines in memory");
    let lines = String::from_utf8(lines).expect("JSON is text");
    let count = lines.lines().count();
    (lines, count)
}

fn file(name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let file = folder::fresh("import").join(name);
    fs::write(&file, bytes).expect("a file to import");
    file
}

fn import(stage: &Stage, file: &Path, more: &[&str]) -> Output {
    let mut arguments = vec!["import", "activities", file.to_str().expect("a path that is text"), "--json"];
    arguments.extend(more);
    stage.service.command(&arguments, "")
}

#[track_caller]
fn report(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON document on standard output")
}

#[track_caller]
fn counts(output: &Output) -> [i64; 3] {
    let report = report(output);
    ["imported", "duplicates", "refused"].map(|name| report[name].as_i64().expect("a count"))
}

fn count(number: usize) -> i64 {
    i64::try_from(number).expect("a small number")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_imported_is_in_the_log_that_the_service_serves_and_a_second_time_adds_nothing() {
    let stage = Stage::own().await;
    let log = stage.log().await;
    let before = log.count("activity.recorded").await;
    let (lines, facts) = programme(1);
    let file = file("facts.ndjson", &lines);
    let first = import(&stage, &file, &["--create-members"]);
    assert_eq!(counts(&first), [count(facts), 0, 0]);
    assert_eq!(report(&first)["membersCreated"], 20);
    assert_eq!(report(&first)["position"], log.head().await);
    assert_eq!(log.count("activity.recorded").await - before, count(facts));

    let fact: Value = serde_json::from_str(lines.lines().next_back().expect("a line")).expect("JSON");
    let reporter = stage.reporter().await;
    assert_eq!(reporter.report_activity(&fact).await.ok()["duplicate"], true, "the service knows what was imported");
    let other = with(fact, json!({"kind": "other"}));
    reporter.report_activity(&other).await.problem(409, "activity_conflict");

    let head = log.head().await;
    assert_eq!(counts(&import(&stage, &file, &["--create-members"])), [0, count(facts), 0]);
    assert_eq!(log.head().await, head, "what is known appends nothing");
    log.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_read_however_it_is_packed() {
    let stage = Stage::shared().await;
    let (lines, facts) = programme(2);
    let plain = stage.service.command(&["import", "activities", "-", "--create-members", "--json"], &lines);
    assert_eq!(counts(&plain), [count(facts), 0, 0], "from standard input");
    let mut gzip = Vec::new();
    std::io::Read::read_to_end(&mut GzEncoder::new(lines.as_bytes(), Compression::default()), &mut gzip)
        .expect("bytes in memory");
    let zstd = zstd::encode_all(lines.as_bytes(), 0).expect("bytes in memory");
    let windows = lines.replace('\n', "\r\n\r\n");
    let unended = lines.trim_end();
    for (name, bytes) in [
        ("facts.ndjson.gz", gzip.clone()),
        ("facts.ndjson.zst", zstd),
        ("facts without their ending", gzip),
        ("facts-of-windows.ndjson", windows.into_bytes()),
        ("facts-without-end.ndjson", unended.as_bytes().to_vec()),
    ] {
        assert_eq!(counts(&import(stage, &file(name, bytes), &[])), [0, count(facts), 0], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_no_fact_is_refused_by_number_and_does_not_stop_the_others() {
    let stage = Stage::shared().await;
    let member = stage.newcomer().await;
    let good = activity(&member, "visit");
    let lines = [
        good.to_string(),
        "{".to_owned(),
        String::new(),
        with(activity(&member, "visit"), json!({"kind": "NOT A KIND", "colour": "red"})).to_string(),
        without(activity(&member, "visit"), "occurredAt").to_string(),
        with(activity(&member, "visit"), json!({"source": "ledger"})).to_string(),
        activity(&id(), "visit").to_string(),
        with(good.clone(), json!({"kind": "purchase"})).to_string(),
        good.to_string(),
        format!("{}{}", " ".repeat(300_000), activity(&member, "visit")),
        activity(&member, "visit").to_string(),
    ];
    let rejects = folder::fresh("rejects").join("rejects.ndjson");
    let more = ["--rejects", rejects.to_str().expect("a path that is text")];
    let output = import(stage, &file("mixed.ndjson", lines.join("\n")), &more);
    assert_eq!(counts(&output), [2, 1, 7]);
    let rejects = fs::read_to_string(rejects).expect("the refused lines");
    let rejects: Vec<Value> = rejects.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let mut refused: Vec<_> = rejects.iter().map(|line| (line["line"].clone(), line["code"].clone())).collect();
    refused.sort_by_key(|(line, _)| line.as_i64());
    let expected = [
        (2, "malformed_json"),
        (4, "validation_failed"),
        (5, "validation_failed"),
        (6, "source_reserved"),
        (7, "member_unknown"),
        (8, "activity_conflict"),
        (10, "validation_failed"),
    ];
    assert_eq!(refused, expected.map(|(line, code)| (json!(line), json!(code))));
    let of_line = |number| rejects.iter().find(|line| line["line"] == number).expect("the line");
    assert_eq!(of_line(2)["text"], "{", "a refused line is kept as it is");
    assert_eq!(of_line(5)["errors"][0]["field"], "occurredAt");
    assert_eq!(report(&output)["refusals"].as_array().map(Vec::len), Some(7));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("line 7: member_unknown"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_is_not_known_is_made_only_when_that_is_asked_for() {
    let stage = Stage::shared().await;
    let member = id();
    let at = json!({"occurredAt": "2024-02-29T23:30:00-05:00"});
    let lines: String = (0..3).map(|_| format!("{}\n", with(activity(&member, "visit"), at.clone()))).collect();
    let file = file("newcomer.ndjson", lines);
    assert_eq!(counts(&import(stage, &file, &[])), [0, 0, 3]);
    let made = import(stage, &file, &["--create-members"]);
    assert_eq!(counts(&made), [3, 0, 0]);
    assert_eq!(report(&made)["membersCreated"], 1);
    let events = stage.log().await.events().await;
    let of_member: Vec<_> = events.iter().filter(|event| event.subject == member).collect();
    assert_eq!(of_member[0].kind, "member.registered", "a member is made before the first fact");
    let registered: Value = serde_json::from_str(&of_member[0].payload).expect("JSON");
    let expected = json!({"type": "member.registered", "timeZone": "UTC", "joinedOn": "2024-02-29", "role": "USER"});
    assert_eq!(registered, expected);
    assert_eq!(of_member.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_to_its_end_says_so_and_can_be_continued() {
    let stage = Stage::shared().await;
    let missing = import(stage, Path::new("no-such-file.ndjson"), &[]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no-such-file.ndjson"));
    assert_eq!(import(stage, &folder::fresh("import"), &[]).status.code(), Some(1), "a folder is no file");

    let (lines, facts) = programme(3);
    let whole = zstd::encode_all(lines.as_bytes(), 0).expect("bytes in memory");
    let cut = import(stage, &file("cut.zst", &whole[..whole.len() / 2]), &["--create-members"]);
    assert_eq!(cut.status.code(), Some(1));
    let so_far: Value = serde_json::from_slice(&cut.stdout).expect("a report of what was done");
    let so_far = so_far["imported"].as_i64().expect("a count");
    assert!(so_far < count(facts), "{so_far} of {facts}");
    let rest = import(stage, &file("whole.zst", whole), &["--create-members"]);
    assert_eq!(counts(&rest), [count(facts) - so_far, so_far, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_imports_of_one_file_at_once_take_each_fact_once() {
    let stage = Stage::own().await;
    let (lines, facts) = programme(4);
    let file = file("facts.ndjson", lines);
    let outputs = std::thread::scope(|scope| {
        let both = [0, 1].map(|_| scope.spawn(|| import(&stage, &file, &["--create-members"])));
        both.map(|one| one.join().expect("an import"))
    });
    let [first, second] = outputs.each_ref().map(counts);
    assert_eq!(first[0] + second[0], count(facts), "{first:?} {second:?}");
    assert_eq!(first[1] + second[1], count(facts), "{first:?} {second:?}");
    stage.log().await.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_programme_is_the_same_every_time_and_can_be_imported() {
    let stage = Stage::shared().await;
    let generate = |seed: &str| {
        let arguments = ["generate", "--members", "10", "--days", "30", "--seed", seed, "--end", "2026-03-01"];
        let output = stage.service.command(&arguments, "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("JSON is text")
    };
    let lines = generate("5");
    assert!(lines == generate("5"), "the same numbers give the same bytes");
    assert!(lines != generate("6"), "another seed gives another programme");
    let piped = stage.service.command(&["import", "activities", "-", "--create-members", "--json"], &lines);
    assert_eq!(counts(&piped), [count(lines.lines().count()), 0, 0]);
}
