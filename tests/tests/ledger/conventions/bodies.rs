//! How bodies are read, on every route that takes one.

use std::io::Write as _;

use reqwest::Method;
use serde_json::json;
use tests::support::{
    Stage,
    programme::{activity, anybody, event, unique, with},
};

use super::{Callers, method, somewhere, with_a_body};

const JSON: &str = "application/json";

#[tokio::test]
async fn every_body_is_read_strictly() {
    let callers = Callers::of(Stage::shared().await).await;
    let mut tried = 0;
    for operation in with_a_body() {
        let path = somewhere(operation);
        let sent = async |body: &[u8]| callers.send(operation, &path, JSON, body).await;
        sent(b"{\"nonsense\": true}").await.invalid("nonsense");
        let twice = sent(b"{\"nonsense\": 1, \"nonsense\": 2}").await;
        assert_eq!(twice.invalid("nonsense")["rule"], "duplicate_key", "{operation:?}");
        for other in [&b"[]"[..], b"7", b"\"text\"", b"null"] {
            assert_eq!(sent(other).await.invalid("body")["rule"], "type", "{operation:?}");
        }
        for malformed in
            [&b"{"[..], b"{} {}", b"{\"a\": \"\xff\"}", b"{\"a\": \"\\u0000\"}", b"{\"a\": NaN}", b"{'a': 1}"]
        {
            sent(malformed).await.problem(400, "malformed_json");
        }
        let nested = |depth: usize| format!("{{\"nonsense\": {}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert_eq!(sent(nested(32).as_bytes()).await.invalid("nonsense")["rule"], "unknown_field", "{operation:?}");
        for deep in [33, 200, 20_000] {
            sent(nested(deep).as_bytes()).await.problem(400, "malformed_json");
        }
        tried += 1;
    }
    assert!(tried > 20, "{tried}");
}

#[tokio::test]
async fn a_body_is_json_by_its_type_and_an_empty_one_needs_none() {
    let callers = Callers::of(Stage::shared().await).await;
    for operation in with_a_body() {
        let path = somewhere(operation);
        for media in ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx", "text/json"] {
            callers.send(operation, &path, media, b"{}").await.problem(415, "unsupported_media_type");
        }
        for media in ["application/json; charset=utf-8", "APPLICATION/JSON", "application/merge-patch+json"] {
            callers.send(operation, &path, media, b"{\"nonsense\": 1}").await.invalid("nonsense");
        }
        // without a body that is the end of the session
        if operation.path == "/auth/logout" {
            continue;
        }
        let empty = callers
            .may(operation)
            .send(method(operation), &path, &[("content-type", "text/plain")], Vec::new())
            .await
            .unwrap();
        assert_ne!(empty.status, 415, "{operation:?}: {empty}");
    }
}

/// 256 KiB, and 4 MiB for a batch of activities: the last byte is taken, one more is not.
#[tokio::test]
async fn a_body_has_a_bound() {
    let callers = Callers::of(Stage::shared().await).await;
    for operation in with_a_body() {
        let path = somewhere(operation);
        let bound = if operation.path == "/activities/batch" { 4 * 1024 * 1024 } else { 256 * 1024 };
        let mut body = b"{\"nonsense\": 1}".to_vec();
        body.resize(bound, b' ');
        callers.send(operation, &path, JSON, &body).await.invalid("nonsense");
        body.push(b' ');
        let refused = callers.send(operation, &path, JSON, &body).await;
        assert_eq!(refused.problem(413, "body_too_large")["limitBytes"], bound, "{operation:?}");
    }
}

/// What would make an answer grow faster than what it answers: keys that are long, twice, unknown, very many.
#[tokio::test]
async fn the_answer_to_a_bad_body_stays_small_on_every_route() {
    let callers = Callers::of(Stage::shared().await).await;
    let many = |part: &dyn Fn(usize) -> String, count: usize| (0..count).map(part).collect::<Vec<_>>().join(",");
    let long = "k".repeat(30_000);
    let bodies = [
        format!("{{\"{long}\":{{{}}}}}", many(&|_| "\"a\":1".to_owned(), 4_000)),
        format!("{{{}}}", many(&|number| format!("\"\\\"\\\\{number}\":0"), 15_000)),
        format!("{{{}}}", many(&|number| format!("\"{}{number}\":0", "한".repeat(300)), 200)),
        format!("{{\"nonsense\":[{}]}}", many(&|_| "{\"a\":0}".to_owned(), 25_000)),
        format!("{{\"condition\":{{\"all\":[{}]}}}}", many(&|_| "{\"all\":[]}".to_owned(), 8_000)),
        format!("{{\"ids\":[{}],\"activities\":[{0}]}}", many(&|_| "0".to_owned(), 200)),
    ];
    for operation in with_a_body() {
        let path = somewhere(operation);
        for body in &bodies {
            assert!(body.len() < 256 * 1024);
            let refused = callers.send(operation, &path, JSON, body.as_bytes()).await;
            let named = refused.problem(400, "validation_failed")["errors"].as_array().unwrap().len();
            assert!((1..=20).contains(&named), "{operation:?}: {named} errors");
            assert!(refused.bytes.len() <= 64 * 1024, "{operation:?}: {} bytes", refused.bytes.len());
        }
    }
    let query = many(&|number| format!("a{number}=1"), 5_000).replace(',', "&");
    let refused = callers.admin.get(&format!("/events?{query}")).await;
    assert_eq!(refused.problem(400, "validation_failed")["errors"].as_array().unwrap().len(), 20);
}

/// Each item says what became of it; what is wrong in detail is said of the first.
#[tokio::test]
async fn the_answer_to_a_bad_batch_stays_small_too() {
    let reporter = Stage::shared().await.reporter().await;
    let item = json!({"k".repeat(3_000): 0, "measures": {"\"": "x", "\\": 1.5}});
    let judged = reporter.post("/activities/batch", &json!({"activities": vec![item; 1_000]})).await;
    let results = judged.ok()["results"].as_array().unwrap();
    let named: usize = results.iter().filter_map(|result| result["errors"].as_array()).map(Vec::len).sum();
    assert_eq!((results.len(), named), (1_000, 20));
    assert!(results.iter().all(|result| result["status"] == 400 && result["code"] == "validation_failed"));
    assert!(judged.bytes.len() <= 64 * 1024, "{}", judged.bytes.len());
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_body_may_be_encoded_and_its_bound_counts_what_comes_out() {
    let callers = Callers::of(Stage::shared().await).await;
    for operation in with_a_body() {
        let path = somewhere(operation);
        let sent = async |encoding: &str, body: Vec<u8>| {
            let headers = [("content-type", JSON), ("content-encoding", encoding)];
            callers.may(operation).send(method(operation), &path, &headers, body).await.unwrap()
        };
        let nonsense = b"{\"nonsense\": 1}";
        sent("gzip", gzip(nonsense)).await.invalid("nonsense");
        sent("zstd", zstd::encode_all(&nonsense[..], 3).unwrap()).await.invalid("nonsense");
        sent("identity", nonsense.to_vec()).await.invalid("nonsense");
        sent("gzip", nonsense.to_vec()).await.problem(400, "malformed_json");
        for other in ["br", "deflate", "gzip, gzip", "nonsense"] {
            let refused = sent(other, nonsense.to_vec()).await;
            refused.problem(415, "unsupported_media_type");
            assert_eq!(refused.header("accept-encoding"), Some("gzip, zstd"), "{operation:?}");
        }
        let bomb = gzip(&vec![b' '; 8 * 1024 * 1024]);
        sent("gzip", bomb).await.problem(413, "body_too_large");
    }
}

/// What was asked is what the body says, not how it was packed: another level of compression is no other request.
#[tokio::test]
async fn a_request_is_the_same_under_its_key_however_its_body_is_encoded() {
    let operator = Stage::shared().await.operator().await;
    let (body, key) = (event(anybody()).to_string().into_bytes(), unique());
    let sent = async |encoding: &str, body: Vec<u8>| {
        let headers = [("content-type", JSON), ("content-encoding", encoding), ("idempotency-key", key.as_str())];
        operator.send(Method::POST, "/events", &headers, body).await.unwrap()
    };
    let made = sent("gzip", gzip(&body)).await;
    made.created();
    for again in [sent("identity", body.clone()).await, sent("zstd", zstd::encode_all(&body[..], 3).unwrap()).await] {
        assert_eq!((again.created(), again.header("idempotency-replayed")), (&made.json, Some("true")));
    }
    sent("gzip", gzip(event(anybody()).to_string().as_bytes())).await.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn a_change_of_nothing_is_refused_everywhere() {
    let callers = Callers::of(Stage::shared().await).await;
    let changes: Vec<_> = with_a_body().filter(|operation| operation.method == "patch").collect();
    assert!(changes.len() > 5);
    for operation in changes {
        let refused = callers.send(operation, &somewhere(operation), JSON, b"{}").await;
        refused.problem(400, "validation_failed");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_where_it_stands_and_all_of_it_at_once() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let rule =
        json!({"all": [{"streak": {"kind": "Login", "days": 0}}, {"any": [anybody(), {"count": {"kind": "a"}}]}]});
    let refused = operator.post("/events", &with(event(rule), json!({"name": 7, "colour": "red"}))).await;
    for field in ["name", "colour", "condition.all[0].streak.days"] {
        refused.invalid(field);
    }
    let count = json!({"all": [anybody(), {"any": [{"count": {"kind": "a"}}]}]});
    operator.post("/events", &event(count)).await.invalid("condition.all[1].any[0].count.count");
    let twice = event(anybody()).to_string().replace("\"not\":", "\"not\": 1, \"not\":");
    assert_eq!(operator.post_text("/events", &twice).await.invalid("condition.not")["rule"], "duplicate_key");

    let facts = [activity("nobody", "visit"), with(activity("nobody", "visit"), json!({"measures": {"Minutes": 1}}))];
    let judged = reporter.post("/activities/batch", &json!({"activities": facts})).await;
    let field = |index: usize, error: usize| judged.text(&format!("/results/{index}/errors/{error}/field"));
    assert_eq!(field(0, 0), "memberId");
    assert!((0..2).any(|error| field(1, error) == "measures.Minutes"), "{judged}");
}

#[tokio::test]
async fn an_empty_body_is_an_object_without_fields() {
    let stage = Stage::shared().await;
    let (operator, admin) = (stage.operator().await, stage.service.demo("admin").await);
    operator.send(Method::POST, "/events", &[], Vec::new()).await.unwrap().invalid("name");
    let (event, prize) = operator.create_open_event(None).await;
    admin.send(Method::POST, &format!("/claims/{prize}/claim"), &[], Vec::new()).await.unwrap().created();
    operator.send(Method::POST, &format!("/events/{event}/pause"), &[], Vec::new()).await.unwrap().ok();
}
