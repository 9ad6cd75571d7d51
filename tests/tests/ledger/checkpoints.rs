//! Signed checkpoints that the service keeps: one when it begins, one each hour, one for each verification.

use std::time::Duration;

use serde_json::Value;
use tests::support::{Client, Log, Stage, programme::unique};

const PATH: &str = "/audit/checkpoints";

/// The checkpoints, once there are so many.
async fn kept(auditor: &Client, count: usize) -> Vec<Value> {
    for _ in 0..400 {
        let all = auditor.get(PATH).await;
        if all.list("/checkpoints").len() >= count {
            return all.list("/checkpoints").to_vec();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("there are no {count} checkpoints after twenty seconds");
}

async fn verified(auditor: &Client) -> i64 {
    auditor.post("/audit/verification", &serde_json::json!({})).await.expect(202);
    for _ in 0..1_200 {
        let answer = auditor.get("/audit/verification").await;
        if answer.ok()["finishedAt"].is_string() {
            return answer.number("/position");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the verification does not end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_is_kept_at_the_start_after_an_hour_and_at_each_verification() {
    let stage = Stage::own().await;
    let (auditor, operator) = (stage.auditor().await, stage.operator().await);
    let first = kept(&auditor, 1).await[0].clone();
    operator.create_open_event(None).await;
    let position = verified(&auditor).await;
    let both = kept(&auditor, 2).await;
    assert_eq!(both.len(), 2, "an hour is not over: {both:?}");
    assert_eq!((&both[0]["position"], &both[1]), (&position.into(), &first), "the latest first");
    // again of the same position: kept once
    if verified(&auditor).await == position {
        assert_eq!(auditor.get(PATH).await.list("/checkpoints").len(), 2);
    }

    // an hour goes by
    operator.create_open_event(None).await;
    let log = Log::of(&stage.database).await;
    let before = auditor.get(PATH).await.list("/checkpoints").len();
    log.run("update audit_checkpoints set made_at = made_at - interval '61 minutes'").await.unwrap();
    let all = kept(&auditor, before + 1).await;
    assert!(all[0]["position"].as_i64() > Some(position), "{all:?}");

    // what is kept is what the command line makes, and holds
    for checkpoint in &all {
        let note = checkpoint["note"].as_str().unwrap();
        assert_eq!(note.lines().nth(1), Some(checkpoint["position"].to_string().as_str()));
        let file = std::env::temp_dir().join(format!("{}.checkpoint", unique()));
        std::fs::write(&file, note).unwrap();
        let held = stage.service.command(&["audit", "verify", "--json", "--checkpoint", file.to_str().unwrap()], "");
        std::fs::remove_file(&file).unwrap();
        assert!(held.status.success(), "{}", String::from_utf8_lossy(&held.stdout));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_checkpoints_is_walked_and_an_altered_log_gets_none() {
    let stage = Stage::own().await;
    let (auditor, operator) = (stage.auditor().await, stage.operator().await);
    kept(&auditor, 1).await;
    for _ in 0..2 {
        operator.create_open_event(None).await;
        verified(&auditor).await;
    }
    let all = kept(&auditor, 3).await;
    let page = auditor.get(&format!("{PATH}?limit=2")).await;
    let rest = auditor.get(&format!("{PATH}?limit=2&cursor={}", page.text("/nextCursor"))).await;
    let walked: Vec<_> = page.list("/checkpoints").iter().chain(rest.list("/checkpoints")).cloned().collect();
    assert_eq!((walked, &rest.json["nextCursor"]), (all.clone(), &Value::Null));
    assert!(page.json["verifierKey"].as_str().unwrap().starts_with("reward-ledger/"), "{page}");
    auditor.get(&format!("{PATH}?limit=0")).await.invalid("query.limit");
    auditor.get(&format!("{PATH}?cursor=none")).await.problem(400, "invalid_cursor");

    let log = Log::of(&stage.database).await;
    operator.create_open_event(None).await;
    log.run("update members set blocked = not blocked").await.unwrap();
    verified(&auditor).await;
    assert_eq!(auditor.get(PATH).await.list("/checkpoints").len(), all.len(), "nobody signs what does not hold");
}
