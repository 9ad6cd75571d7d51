//! Decisions made again in bulk on the command line: killed as often as one likes, the run goes on where it was and
//! comes to the same report, byte for byte.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
    time::Duration,
};

use serde_json::{Value, json};
use tests::support::{
    Stage,
    auditor::{Auditor, Said},
    programme::{activity, crowd, event, id, login_streak, reward, with},
};

/// The first line of a saved run, which says how far it is.
fn saved(file: &Path) -> Option<String> {
    let mut line = String::new();
    BufReader::new(fs::File::open(file).ok()?).read_line(&mut line).ok()?;
    Some(line)
}

/// Kills the run each time that it has saved something new, until it comes to its end; how often, and what it said.
fn killed_again_and_again(auditor: &Auditor, file: &Path, arguments: &[&str]) -> (usize, Said) {
    let mut kills = 0;
    loop {
        let before = saved(file);
        let mut run = auditor.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let done = loop {
            if run.try_wait().unwrap().is_some() {
                break true;
            }
            // it takes the file away when all is reported
            let now = saved(file);
            if now.is_some() && now != before {
                break false;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        if done {
            return (kills, Auditor::said(run.wait_with_output().unwrap()));
        }
        run.kill().unwrap();
        run.wait().unwrap();
        kills += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_goes_on_and_reports_the_same() {
    let stage = Stage::own().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let campaign = operator.create_event(&event(login_streak(1))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let (members, _) = crowd(200);
    let facts = |from: usize, to: usize| -> Vec<Value> {
        let fact = |n: usize| {
            let day = format!("2025-{:02}-{:02}T10:00:00Z", n % 9 + 1, n % 27 + 1);
            let kind = ["login", "visit"][n % 2];
            with(activity(&members[n % members.len()], kind), json!({"id": id(), "occurredAt": day}))
        };
        (from..to).map(fact).collect()
    };
    stage.service.import(&facts(0, 6_000));
    for (number, member) in members.iter().enumerate() {
        if number % 3 == 0 {
            reporter.report_activity(&activity(member, "login")).await.created();
        }
        reporter.claim_for(&prize, member).await;
        if number % 3 == 1 {
            reporter.report_activity(&activity(member, "login")).await.created();
        }
    }
    stage.service.import(&facts(6_000, 15_000));

    let auditor = Auditor::of(&stage.database.url);
    let file = auditor.data.join("run");
    let name = file.to_str().unwrap();
    for facts in ["asDecided", "known"] {
        for format in ["--json", "--csv", "--event"] {
            let format: &[&str] = if format == "--event" { &["--event", &campaign] } else { &[format] };
            let plain = [&["audit", "re-evaluate", "--facts", facts], format].concat();
            let kept = [&plain[..], &["--resume", name, "--save-every", "0"]].concat();
            let whole = auditor.run(&plain);
            assert_eq!(whole.code, i32::from(facts == "known"), "{} {}", whole.out, whole.err);
            let (kills, said) = killed_again_and_again(&auditor, &file, &kept);
            assert!(kills >= 2, "it was killed in the middle: {kills}");
            assert_eq!((said.code, &said.out), (whole.code, &whole.out), "{facts} {format:?}: {}", said.err);
            assert!(!file.exists(), "nothing is left to go on with");
        }
    }
    let known = auditor.run(&["audit", "re-evaluate", "--facts", "known", "--json"]).json();
    assert_eq!((known["cost"]["stock"].as_i64(), known["cost"]["amount"].as_i64()), (Some(67), Some(6_700)));
    assert_eq!(known["changed"].as_array().unwrap().len(), 67);
    let table = auditor.run(&["audit", "re-evaluate", "--facts", "known"]);
    for told in ["67 changed", "+67 grants, 6700 in all", "unmet -> met", "because of "] {
        assert!(table.out.contains(told), "{told} in {}", table.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_run_goes_on_with_its_own_log_and_order_only() {
    let (stage, other) = (Stage::own().await, Stage::own().await);
    let campaign = stage.operator().await.create_event(&event(login_streak(1))).await;
    let prize = stage.operator().await.create_reward(&reward(&campaign, None)).await;
    stage.reporter().await.claim_for(&prize, &stage.newcomer().await).await.problem(422, "condition_unmet");
    let (auditor, stranger) = (Auditor::of(&stage.database.url), Auditor::of(&other.database.url));
    let file = auditor.data.join("run");
    let run = ["audit", "re-evaluate", "--json", "--resume", file.to_str().unwrap(), "--save-every", "0"];
    // killed as soon as it has saved something; one that is over before anybody looked is run again
    let kept = loop {
        let mut first = auditor.command(&run).stdout(Stdio::piped()).spawn().unwrap();
        let mut kept = None;
        while first.try_wait().unwrap().is_none() && kept.is_none() {
            kept = fs::read(&file).ok();
        }
        first.kill().ok();
        let whole = Auditor::said(first.wait_with_output().unwrap());
        match kept {
            Some(kept) => break kept,
            None => assert_eq!(whole.code, 0, "{}", whole.err),
        }
    };
    let refused = |auditor: &Auditor, arguments: &[&str], content: &[u8], why: &str| {
        fs::write(&file, content).unwrap();
        let said = auditor.run(arguments);
        assert!(said.code == 2 && said.err.contains(why), "{why}: {} {}", said.code, said.err);
        assert_eq!(fs::read(&file).unwrap(), content, "the file is left as it was");
    };
    fs::write(auditor.data.join("run.changes"), "").unwrap();
    refused(&stranger, &run, &kept, "a different log");
    refused(&auditor, &[&run[..], &["--facts", "known"]].concat(), &kept, "a different event, facts or condition");
    refused(&auditor, &run, b"nonsense", "not a saved run");
    let cut = kept.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    refused(&auditor, &run, &kept[..cut], "it ends too early");
    // a position that this log has not come to, with its hash and without one
    let mut head: Value = serde_json::from_slice(&kept[..cut]).unwrap();
    let end = head["order"]["position"].as_i64().unwrap();
    assert_eq!(end, stage.log().await.head().await, "it goes up to where the log ended, and no further");
    let again = |head: &Value| [format!("{head}\n").as_bytes(), &kept[cut..]].concat();
    head["order"]["position"] = (end + 1).into();
    refused(&auditor, &run, &again(&head), "a different log");
    head["hash"] = "".into();
    refused(&auditor, &run, &again(&head), "a different log");
    let mut head: Value = serde_json::from_slice(&kept[..cut]).unwrap();
    head["done"] = (end + 1).into();
    refused(&auditor, &run, &again(&head), "it has read more than there was");
}
