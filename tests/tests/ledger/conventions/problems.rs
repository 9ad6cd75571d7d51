//! Refusals: what a problem document holds, and what is answered where there is no route.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::json;
use tests::support::{Stage, contract, programme::id};

use super::somewhere;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

#[tokio::test]
async fn a_problem_has_all_its_members() {
    let stage = Stage::shared().await;
    let (nobody, operator) = (stage.nobody(), stage.operator().await);
    let (_, prize) = stage.service.demo("admin").await.create_open_event(Some(0)).await;
    let refused = [
        (nobody.get("/events").await, 401),
        (nobody.get("/nothing/here").await, 404),
        (nobody.post("/auth/login", &json!({"email": "nobody@example.org", "password": "wrong"})).await, 401),
        (operator.get(&format!("/events/{}", id())).await, 404),
        (operator.post("/events", &json!({})).await, 400),
        (operator.claim(&prize).await, 409),
        (operator.get("/audit/log").await, 403),
    ];
    for (answer, status) in refused {
        answer.expect(status);
        let code = answer.text("/code");
        answer.problem(status, &code);
        for member in ["title", "detail"] {
            assert!(!answer.text(&format!("/{member}")).is_empty(), "{member}: {answer}");
        }
        let request = answer.header("x-request-id").unwrap();
        assert_eq!(answer.text("/instance"), format!("urn:uuid:{request}"), "the request that was refused");
        let listed = nobody.get(&answer.text("/type")).await;
        assert_eq!(
            (&listed.ok()["code"], &listed.json["status"]),
            (&json!(code), &json!(status)),
            "where `type` leads"
        );
        assert_eq!(listed.json["title"], answer.json["title"]);
        assert_eq!(answer.json["errors"].is_array(), code == "validation_failed", "{answer}");
        for error in answer.json["errors"].as_array().into_iter().flatten() {
            let members: BTreeSet<_> = error.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(members, BTreeSet::from(["field", "message", "rule"]));
        }
    }
}

/// Whatever a path does not know is 405, and says what it knows.
#[tokio::test]
async fn a_method_that_a_path_does_not_know_is_refused_with_those_that_it_knows() {
    let admin = Stage::shared().await.service.demo("admin").await;
    let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for operation in contract::operations() {
        known.entry(&operation.path).or_default().insert(operation.method.to_uppercase());
    }
    for operation in contract::operations() {
        let path = somewhere(operation);
        let methods = &known[operation.path.as_str()];
        for method in METHODS.into_iter().filter(|method| !methods.contains(*method)) {
            let refused = admin.send(method.parse().unwrap(), &path, &[], Vec::new()).await.unwrap();
            refused.problem(405, "method_not_allowed");
            let allowed: BTreeSet<String> =
                refused.header("allow").unwrap().split(',').map(|name| name.trim().to_owned()).collect();
            let listed: BTreeSet<String> =
                allowed.iter().filter(|name| METHODS.contains(&name.as_str())).cloned().collect();
            assert_eq!(listed, *methods, "{method} {path}: {allowed:?}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_whoever_asks() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    for caller in [stage.nobody(), operator] {
        for path in ["/event", "/events/", "//events", "/claims/me/", "/auth", "/docs/", "/schemas/x/y", "/%00"] {
            for method in [Method::GET, Method::POST] {
                let answer = caller.send(method, path, &[], Vec::new()).await.unwrap();
                answer.problem(404, "not_found");
            }
        }
    }
}
