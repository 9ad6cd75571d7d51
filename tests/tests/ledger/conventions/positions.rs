//! Where an answer stands in the log: `Ledger-Position` out, `Ledger-Min-Position` in.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use tests::support::{
    Answer, Client, Stage, contract,
    contract::Operation,
    programme::{activity, anybody, email, event, reward, unique, with},
};

/// What is not read from a projection: accounts, health, fixed texts, the log itself.
const OF_NO_PROJECTION: [&str; 5] = ["/auth", "/health", "/problems", "/openapi.json", "/schemas"];

fn is_read_from_a_projection(operation: &Operation) -> bool {
    let of_none = OF_NO_PROJECTION.iter().any(|start| operation.path.starts_with(start));
    operation.method == "get" && !of_none && operation.path != "/audit/log"
}

/// Something to read behind every path: the ids of a claim that was granted, of its member, event and reward.
async fn readable(stage: &Stage, admin: &Client) -> Vec<String> {
    let member = stage.nobody().sign_up().await;
    let (event, prize) = admin.create_open_event(None).await;
    let granted = member.client.claim(&prize).await;
    let claim = granted.text("/claim/id");
    let order = json!({"reference": unique(), "memberId": member.id, "amount": 1});
    let paid = stage.service.demo("service").await.post("/spends", &order).await.text("/spend/id");
    let gift = json!({"amount": 1, "note": "A gift."});
    let adjusted = admin.post(&format!("/wallets/{}/adjustments", member.id), &gift).await.text("/adjustment/id");
    let coded = json!({"eventId": event, "name": "Coupon", "type": "COUPON", "codes": true});
    let coded = admin.create_reward(&coded).await;
    admin.post(&format!("/rewards/{coded}/codes/generate"), &json!({"count": 1})).await.created();
    let coupon = member.client.claim(&coded).await.text("/claim/id");
    admin.post("/audit/verification", &json!({})).await.expect(202);
    let reads = contract::operations().iter().filter(|operation| is_read_from_a_projection(operation));
    reads
        .map(|operation| {
            let path = operation.path.replace("{type}", "claim");
            let of = match path.as_str() {
                path if ["/user/", "/members/", "/wallets/"].iter().any(|part| path.contains(part)) => &member.id,
                path if ["/claims", "/audit", "/reward-requests"].iter().any(|start| path.starts_with(start)) => &claim,
                "/spends/{id}" => &paid,
                "/adjustments/{id}" => &adjusted,
                "/coupons/{id}" => &coupon,
                "/rewards/{id}" | "/dashboard/reward-analytics/{rewardId}" => &prize,
                _ => &event,
            };
            let path = path.replace("{code}", "points");
            ["{id}", "{eventId}", "{rewardId}"].iter().fold(path, |path, name| path.replace(name, of))
        })
        .collect()
}

async fn asked(caller: &Client, path: &str, position: i64) -> Answer {
    caller.send(Method::GET, path, &[("ledger-min-position", &position.to_string())], Vec::new()).await.unwrap()
}

#[tokio::test]
async fn every_read_of_a_projection_says_how_far_it_has_folded_and_waits_when_it_is_asked_to() {
    let stage = Stage::own().await;
    let admin = stage.service.demo("admin").await;
    let paths = readable(&stage, &admin).await;
    assert!(paths.len() > 20, "{paths:?}");
    let head = stage.log().await.head().await;
    for path in &paths {
        let read = admin.get_at(path, head).await;
        read.ok();
        assert!(read.position() >= head, "{path}: {} of {head}", read.position());
        for wrong in ["", "-1", "1.5", "soon", "99999999999999999999"] {
            let headers = [("ledger-min-position", wrong)];
            let refused = admin.send(Method::GET, path, &headers, Vec::new()).await.unwrap();
            refused.invalid("header.Ledger-Min-Position");
        }
    }
    let late = join_all(paths.iter().map(async |path| {
        let started = Instant::now();
        (asked(&admin, path, head + 1_000_000).await, started.elapsed())
    }))
    .await;
    for (path, (late, waited)) in paths.iter().zip(late) {
        let behind = late.problem(503, "projection_behind");
        let position = behind["position"].as_i64().unwrap();
        assert!((head..head + 1_000_000).contains(&position), "{path}: {late}");
        assert_eq!(late.position(), position, "{path}");
        assert!(late.header("retry-after").unwrap().parse::<u32>().is_ok(), "{path}");
        assert!(waited > Duration::from_millis(1_900), "{path} did not wait: {waited:?}");
    }
}

/// Somebody asks for a position that is written a moment later, by whatever way it is read.
#[tokio::test]
async fn whoever_waits_is_answered_when_what_is_waited_for_is_written() {
    let stage = Stage::own().await;
    let admin = stage.service.demo("admin").await;
    let paths = readable(&stage, &admin).await;
    let next = stage.log().await.head().await + 1;
    let reads = join_all(paths.iter().map(async |path| asked(&admin, path, next).await));
    let (reads, written) = tokio::join!(reads, async {
        tokio::task::yield_now().await;
        admin.post("/events", &event(anybody())).await
    });
    assert!(written.position() >= next);
    for (path, read) in paths.iter().zip(reads) {
        read.ok();
        assert!(read.position() >= next, "{path}: {} of {next}", read.position());
    }
}

/// Two calls read the log though they are no GET: their answers stand for a position as well.
#[tokio::test]
async fn a_replay_of_the_log_waits_like_any_other_read() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    let event = json!({"condition": anybody(), "startDate": "2026-01-01", "endDate": "2026-02-01"});
    let draft = json!({"event": event, "reward": {}, "ask": "firstPossible"});
    let head = stage.log().await.head().await;
    for (path, body) in [("/events/backtest", draft), ("/audit/re-evaluations", json!({}))] {
        for (position, status) in [(head, 200), (head + 1_000_000, 503)] {
            let headers = [("ledger-min-position", &*position.to_string()), ("content-type", "application/json")];
            let sent = body.to_string().into_bytes();
            let answer = admin.send(Method::POST, path, &headers, sent).await.unwrap();
            // one replay at a time: another test may be at it
            if answer.json["code"] != "overloaded" {
                answer.expect(status);
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_projection_says_no_position() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    for path in ["/auth/me", "/auth/users", "/auth/test", "/health/ready", "/problems", "/audit/log"] {
        assert_eq!(asked(&admin, path, 0).await.header("ledger-position"), None, "{path}");
    }
}

/// Each of them after those before it, since each has appended.
#[tokio::test]
async fn every_write_that_appended_says_where_it_stands() {
    let stage = Stage::shared().await;
    let (nobody, admin, reporter) = (stage.nobody(), stage.service.demo("admin").await, stage.reporter().await);
    let mut before = 0;
    let mut stands = |answer: &Answer| {
        assert!(answer.position() > before, "after {before}: {answer}");
        before = answer.position();
    };
    let account = json!({"email": email(), "password": "12345678 horses", "birthDate": "1995-01-01"});
    let joined = nobody.post("/auth/signup", &account).await;
    stands(&joined);
    let member = joined.text("/id");
    stands(&nobody.post("/auth/login", &json!({"email": account["email"], "password": "12345678 horses"})).await);
    for (step, body) in [("block", json!({"note": "why"})), ("unblock", json!({"note": "why"}))] {
        stands(&admin.post(&format!("/auth/users/{member}/{step}"), &body).await);
    }

    let made = admin.post("/events", &with(event(anybody()), json!({"approval": "manual"}))).await;
    stands(&made);
    let path = format!("/events/{}", made.text("/id"));
    stands(&admin.patch(&path, &json!({"description": "new"})).await);
    stands(&admin.post(&format!("{path}/pause"), &json!({})).await);
    stands(&admin.post(&format!("{path}/resume"), &json!({})).await);
    let prize = admin.post("/rewards", &reward(&made.text("/id"), Some(1))).await;
    stands(&prize);
    let prize = prize.text("/reward/id");
    stands(&admin.patch(&format!("/rewards/{prize}"), &json!({"quantityDelta": 1})).await);

    let fact = activity(&member, "visit");
    stands(&reporter.report_activity(&fact).await);
    stands(&reporter.report_activities(&[activity(&member, "visit")]).await);
    let taken_out = json!({"source": fact["source"], "id": fact["id"], "note": "by mistake"});
    stands(&reporter.post("/activities/void", &taken_out).await);

    let asked = reporter.claim_for(&prize, &member).await;
    asked.expect(202);
    stands(&asked);
    let path = format!("/reward-requests/{}", asked.text("/claim/id"));
    stands(&admin.patch(&path, &json!({"status": "APPROVED"})).await);
    stands(&admin.patch(&path, &json!({"status": "FULFILLED"})).await);
    let reversed = json!({"ids": [asked.text("/claim/id")], "status": "REVERSED"});
    stands(&admin.post("/reward-requests/batch", &reversed).await);
}

#[tokio::test]
async fn a_recorded_refusal_and_its_repetition_stand_where_the_claim_stands() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (_, prize) = operator.create_open_event(Some(1)).await;
    let (member, other) = (stage.newcomer().await, stage.newcomer().await);
    let granted = reporter.claim_for(&prize, &member).await;
    let again = reporter.claim_for(&prize, &member).await;
    again.problem(409, "already_claimed");
    assert_eq!((again.position(), again.number("/position")), (granted.position(), granted.position()));
    let denied = reporter.claim_for(&prize, &other).await;
    denied.problem(409, "out_of_stock");
    assert!(denied.position() > granted.position());
    assert_eq!(reporter.claim_for(&prize, &other).await.position(), denied.position(), "nothing was appended");
    let dry = reporter
        .post(&format!("/claims/{prize}/claim?dryRun=true"), &json!({"memberId": stage.newcomer().await}))
        .await;
    dry.problem(409, "out_of_stock");
    assert_eq!(dry.header("ledger-position"), None, "a dry run appends nothing");
}

/// Whatever can be seen as it was takes one moment, and none that has not come.
#[tokio::test]
async fn the_past_is_one_moment_that_has_been() {
    let stage = Stage::own().await;
    let admin = stage.service.demo("admin").await;
    let paths = readable(&stage, &admin).await;
    let head = stage.log().await.head().await;
    let document = stage.nobody().get("/openapi.json").await;
    let can_be_seen_as_it_was = |path: &str| {
        let known = contract::operation(&Method::GET, path).unwrap();
        let parameters = document.json["paths"][&known.path]["get"]["parameters"].as_array().cloned();
        parameters.is_some_and(|all| all.iter().any(|parameter| parameter["name"] == "atTime"))
    };
    let paths: Vec<&String> = paths.iter().filter(|path| can_be_seen_as_it_was(path)).collect();
    for path in ["/wallets/me", "/coupons/me"] {
        assert!(paths.iter().any(|known| *known == path), "{path} is not among {paths:?}");
    }
    for path in paths {
        let ask = async |query: String| admin.get(&format!("{path}?{query}")).await;
        ask(format!("atPosition={head}&atTime=2026-01-01T00:00:00Z")).await.invalid("query.atTime");
        ask(format!("atPosition={}", head + 1_000_000)).await.invalid("query.atPosition");
        for wrong in ["-1", "soon", "1.5"] {
            ask(format!("atPosition={wrong}")).await.invalid("query.atPosition");
        }
        ask("atTime=soon".to_owned()).await.invalid("query.atTime");
        ask(format!("atPosition={head}")).await.ok();
    }
}
