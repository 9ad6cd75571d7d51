//! What an auditor can hold against the service: the log as it is stored, and a decision that can be made again.

use serde_json::json;
use tests::support::{
    Log, Stage,
    programme::{activity, event, id, login_streak, reward},
};

#[tokio::test]
async fn the_log_is_shown_as_it_is_stored() {
    let stage = Stage::own().await;
    let auditor = stage.auditor().await;
    let events = stage.log().await.events().await;
    let mut after = 0;
    let mut shown = 0;
    loop {
        let page = auditor.get(&format!("/audit/log?after={after}&limit=1000")).await;
        page.ok();
        let text = String::from_utf8(page.bytes.clone()).unwrap();
        for line in page.list("/events") {
            let Some(stored) = events.get(shown) else {
                break;
            };
            assert_eq!(line["position"], stored.position);
            assert_eq!(line["eventId"], stored.event_id);
            assert_eq!(line["type"], stored.kind);
            assert_eq!((&line["streamType"], &line["sequence"]), (&json!(stored.stream_type), &json!(stored.sequence)));
            assert_eq!(line["subject"], stored.subject);
            assert_eq!(line["hash"], hex::encode(&stored.hash));
            assert_eq!(line["previousHash"], hex::encode(&stored.previous_hash));
            assert!(text.contains(&stored.payload), "the stored bytes of {} are in the answer", stored.position);
            shown += 1;
        }
        let Some(next) = page.json["nextAfter"].as_i64() else {
            break;
        };
        after = next;
    }
    assert!(shown >= events.len(), "{shown} of {} events", events.len());
    auditor.get("/audit/log?limit=1001").await.invalid("query.limit");
}

#[tokio::test]
async fn the_log_of_one_subject_is_found_by_its_id_in_any_case() {
    let stage = Stage::shared().await;
    let (auditor, member) = (stage.auditor().await, stage.newcomer().await);
    for id in [member.clone(), member.to_uppercase()] {
        for filter in ["subject", "streamId"] {
            let page = auditor.get(&format!("/audit/log?{filter}={id}")).await;
            page.ok();
            assert_eq!(page.text("/events/0/subject"), member);
        }
    }
    auditor.get("/audit/log?subject=somebody").await.invalid("query.subject");
    auditor.get("/audit/log?streamId=something").await.invalid("query.streamId");
}

#[tokio::test]
async fn a_decision_made_again_is_the_same() {
    let stage = Stage::shared().await;
    let (operator, reporter, auditor) = (stage.operator().await, stage.reporter().await, stage.auditor().await);
    let campaign = operator.create_event(&event(login_streak(1))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let member = stage.newcomer().await;
    let refused = reporter.claim_for(&prize, &member).await;
    refused.problem(422, "condition_unmet");
    reporter.report_activity(&activity(&member, "login")).await.created();
    let granted = reporter.claim_for(&prize, &member).await;
    granted.created();
    let claim = granted.text("/claim/id");
    let answer = auditor.get_at(&format!("/audit/claims/{claim}/re-evaluation"), granted.position()).await;
    assert_eq!(answer.ok()["same"], true);
    let attempts = answer.list("/attempts");
    assert_eq!(attempts.len(), 2, "the denial and the grant: {answer}");
    for (attempt, asked) in attempts.iter().zip([&refused, &granted]) {
        assert_eq!(attempt["position"], asked.position());
        assert_eq!(attempt["decided"], attempt["reEvaluated"]);
        assert_eq!(attempt["same"], true);
    }
    assert_eq!(attempts[1]["decided"]["evidence"], granted.json["claim"]["evidence"]);
    auditor.get(&format!("/audit/claims/{}/re-evaluation", id())).await.problem(404, "not_found");
}

#[tokio::test]
async fn the_log_is_changed_by_nobody_not_even_its_owner() {
    let stage = Stage::shared().await;
    let log: Log = stage.log().await;
    for statement in [
        "update events set payload = payload where position = 1",
        "delete from events where position = 1",
        "truncate events",
        "truncate events cascade",
    ] {
        assert!(log.run(statement).await.is_err(), "{statement} is refused");
    }
    assert!(log.events().await.iter().any(|event| event.position == 1));
}
