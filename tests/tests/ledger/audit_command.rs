//! The auditor's tools on the command line.

use serde_json::{Value, json};
use tests::support::{
    Stage,
    auditor::{Auditor, Said},
    programme::{activity, daily_until_yesterday, event, login_streak, reward},
};

fn lines(said: &Said) -> Vec<&str> {
    assert_eq!(said.code, 0, "{}", said.err);
    said.out.lines().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_finds_out_what_happened_without_the_service() {
    let stage = Stage::own().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let campaign = operator.create_event(&event(login_streak(2))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let member = stage.newcomer().await;
    let days = daily_until_yesterday(&member, "login", 2, domain::zone::Tz::UTC);
    reporter.report_activity(&days[0]).await.created();
    let refused = reporter.claim_for(&prize, &member).await;
    let claim = refused.text("/claimId");
    reporter.report_activity(&days[1]).await.created();
    let granted = reporter.claim_for(&prize, &member).await;
    granted.created();
    let auditor = Auditor::of(&stage.database.url);
    let audit = |arguments: &[&str]| auditor.run(&[&["audit"], arguments].concat());

    let log = audit(&["log", "--subject", &member]);
    let events: Vec<Value> = lines(&log).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(events.len() >= 5 && events.iter().all(|event| event["subject"] == member), "{}", log.out);
    let document = audit(&["log", "--stream-type", "claim", "--stream-id", &claim, "--json"]).json();
    assert_eq!(document["events"].as_array().unwrap().len(), 2);
    assert_eq!(document["events"][1]["position"], granted.position());
    let csv = audit(&["log", "--type", "claim.granted", "--format", "csv", "--limit", "1"]);
    assert!(lines(&csv)[0].starts_with("position,recordedAt,") && lines(&csv).len() == 2, "{}", csv.out);
    let actor = events[1]["metadata"]["actor"].as_str().unwrap();
    let by = audit(&["log", "--actor", actor, "--after", "1"]);
    assert!(lines(&by).iter().all(|line| line.contains(actor)));

    let before = (granted.position() - 1).to_string();
    let then = audit(&["stream", "claim", &claim, "--at-position", &before, "--json"]).json();
    assert_eq!(then["state"]["status"], "denied");
    let changed = audit(&["stream", "claim", &claim, "--since", &before]);
    assert!(changed.out.contains(r#"status: "denied" -> "granted""#), "{}", changed.out);
    let moment = document["events"][0]["recordedAt"].as_str().unwrap();
    let by_time = audit(&["stream", "claim", &claim, "--since-time", moment]);
    assert!(by_time.out.contains(r#"decision.evidence[0].have: 1 -> 2"#), "{}", by_time.out);
    assert_eq!(audit(&["stream", "claim", &member]).code, 2, "there is no such claim");
    let facts = audit(&["facts", &member, "--at-position", &refused.position().to_string(), "--json"]).json();
    assert_eq!(facts["facts"].as_array().unwrap().iter().filter(|row| row["kind"] == "login").count(), 1);

    let same = audit(&["re-evaluate", "--json"]);
    assert_eq!((same.code, &same.json()["changed"]), (0, &json!([])));
    let known = audit(&["re-evaluate", "--event", &campaign, "--facts", "known", "--json"]);
    assert_eq!((known.code, &known.json()["changed"][0]["claimId"]), (1, &json!(claim)));
    let rule = auditor.data.join("rule.json");
    std::fs::write(&rule, login_streak(3).to_string()).unwrap();
    let stricter = audit(&["re-evaluate", "--event", &campaign, "--condition", rule.to_str().unwrap(), "--csv"]);
    assert!(stricter.code == 1 && stricter.out.lines().nth(1).unwrap().starts_with(&claim), "{}", stricter.out);
    assert_eq!(audit(&["re-evaluate", "--claim", &claim]).code, 0);
    assert_eq!(audit(&["re-evaluate", "--claim", &claim, "--facts", "known"]).code, 1);
    assert_eq!(audit(&["re-evaluate", "--claim", &member]).code, 2);

    let draft = auditor.data.join("draft.json");
    let body = json!({"event": {"condition": login_streak(2), "startDate": "2020-01-01", "endDate": "2999-01-01"},
        "reward": {}, "ask": "firstPossible"});
    std::fs::write(&draft, body.to_string()).unwrap();
    let outcome = audit(&["backtest", draft.to_str().unwrap(), "--json"]).json();
    let winners = outcome["winners"].as_array().unwrap();
    assert!(winners.iter().any(|winner| winner["memberId"] == member), "{outcome}");
    let csv = audit(&["backtest", draft.to_str().unwrap(), "--winners", "csv"]);
    assert_eq!(lines(&csv).len(), winners.len() + 1);

    // a reader may go before all is said, which changes nothing of what was found
    let draft_file = draft.to_str().unwrap();
    for (code, unheard) in [
        (0, vec!["log", "--format", "csv"]),
        (0, vec!["stream", "claim", &claim]),
        (0, vec!["stream", "claim", &claim, "--since", &before]),
        (0, vec!["facts", &member]),
        (0, vec!["backtest", draft_file]),
        (0, vec!["backtest", draft_file, "--winners", "csv"]),
        (0, vec!["verify"]),
        (1, vec!["re-evaluate", "--claim", &claim, "--facts", "known"]),
        (1, vec!["re-evaluate", "--event", &campaign, "--facts", "known"]),
    ] {
        let said = auditor.unheard(&[&["audit"], unheard.as_slice()].concat());
        assert_eq!((said.code, said.err.as_str()), (code, ""), "{unheard:?}");
    }
    std::fs::write(&draft, "{}").unwrap();
    let wrong = audit(&["backtest", draft.to_str().unwrap()]);
    assert!(wrong.code == 2 && wrong.err.contains("event is required"), "{}", wrong.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_holds_for_every_later_state_of_its_log_and_needs_its_key() {
    let stage = Stage::own().await;
    let auditor = Auditor::of(&stage.database.url);
    let note = auditor.data.join("note");
    let note = note.to_str().unwrap();
    std::fs::write(note, "no note").unwrap();
    assert_eq!(auditor.verify(&["--checkpoint", note]).code, 2, "there is no key yet, and looking makes none");
    assert!(!auditor.data.join("audit.key").exists());
    let made = auditor.run(&["audit", "checkpoint"]);
    let text = lines(&made);
    assert_eq!((text[0], text[3], text.len()), ("reward-ledger/public", "", 5));
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&auditor.data.join("audit.key").metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    std::fs::write(note, &made.out).unwrap();
    stage.reporter().await.report_activity(&activity(&stage.newcomer().await, "visit")).await.created();
    let held = auditor.verify(&["--checkpoint", note]);
    assert_eq!((held.code, held.failed()), (0, vec![]), "{} {}", held.out, held.err);
    let other_root = made.out.replacen(text[2], "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1);
    let (end, last) = made.out.trim_end().split_at(made.out.trim_end().len() - 6);
    let other_signature = format!("{end}{}\n", if last == "AAAAA=" { "BAAAA=" } else { "AAAAA=" });
    for altered in [made.out.replacen(text[1], "1", 1), other_root.clone(), other_signature] {
        std::fs::write(note, &altered).unwrap();
        let held = auditor.verify(&["--checkpoint", note]);
        assert_eq!(
            (held.code, held.failed()),
            (1, vec!["checkpoint".to_owned()]),
            "{altered} {} {}",
            held.out,
            held.err
        );
    }
    std::fs::write(note, &made.out).unwrap();
    let stranger = Auditor::of(&stage.database.url);
    assert_eq!(stranger.verify(&["--checkpoint", note]).code, 2, "without a key");
    stranger.run(&["audit", "checkpoint"]);
    assert_eq!(stranger.verify(&["--checkpoint", note]).code, 2, "with another key it proves nothing");
    std::fs::write(note, &other_root).unwrap();
    assert_eq!(stranger.verify(&["--checkpoint", note]).code, 1, "what it says is not so, whoever signed it");
    std::fs::write(note, "no note").unwrap();
    assert_eq!(auditor.verify(&["--checkpoint", note]).code, 2, "it is no checkpoint");
}
