//! What people read follows `Accept-Language`; what programs read does not.

use reqwest::Method;
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Stage,
    programme::{anybody, event, unique},
};

fn is_korean(text: &str) -> bool {
    text.chars().any(|letter| ('가'..='힣').contains(&letter))
}

async fn asked_in(caller: &Client, language: &str, method: Method, path: &str, body: &Value) -> Answer {
    let headers = [("accept-language", language), ("content-type", "application/json")];
    let body = if method == Method::GET { Vec::new() } else { body.to_string().into_bytes() };
    caller.send(method, path, &headers, body).await.expect("an answer")
}

#[track_caller]
fn speaks(answer: &Answer, korean: bool, texts: &[&str]) {
    assert_eq!(answer.header("content-language"), Some(if korean { "ko" } else { "en" }), "{answer}");
    let vary: Vec<_> = answer.headers.get_all("vary").iter().filter_map(|value| value.to_str().ok()).collect();
    assert!(vary.join(",").to_lowercase().contains("accept-language"), "{vary:?}");
    for pointer in texts {
        let text = answer.text(pointer);
        assert_eq!(is_korean(&text), korean, "{pointer}: {answer}");
    }
}

#[tokio::test]
async fn a_problem_speaks_the_language_of_the_request() {
    let stage = Stage::shared().await;
    let nobody = stage.nobody();
    for (asked, korean) in [("ko", true), ("ko-KR,en;q=0.5", true), ("en", false), ("de, *;q=0.1", false), ("", false)]
    {
        let refused = asked_in(&nobody, asked, Method::GET, "/events", &json!({})).await;
        refused.problem(401, "unauthenticated");
        speaks(&refused, korean, &["/title", "/detail"]);
    }
    let refused = nobody.get("/nothing").await;
    refused.problem(404, "not_found");
    speaks(&refused, false, &["/title", "/detail"]);
    let broken = asked_in(&nobody, "ko", Method::POST, "/auth/login", &json!("{")).await;
    speaks(&broken, true, &["/title", "/detail"]);
}

#[tokio::test]
async fn a_message_speaks_the_language_of_the_request() {
    let stage = Stage::shared().await;
    let (operator, member) = (stage.operator().await, stage.service.demo("member").await);
    for (asked, korean) in [("ko", true), ("en", false)] {
        speaks(&asked_in(&operator, asked, Method::GET, "/auth/me", &json!({})).await, korean, &["/message"]);
        speaks(&asked_in(&operator, asked, Method::GET, "/rewards", &json!({})).await, korean, &["/message"]);
        speaks(&asked_in(&operator, asked, Method::GET, "/claims", &json!({})).await, korean, &["/message"]);
        let (_, prize) = operator.create_open_event(None).await;
        let granted = asked_in(&member, asked, Method::POST, &format!("/claims/{prize}/claim"), &json!({})).await;
        granted.created();
        speaks(&granted, korean, &["/message"]);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_field_is_said_in_the_language_of_the_request() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let wrong = json!({"name": "", "startDate": "yesterday", "condition": {"streak": {"kind": "login", "days": 0}}, "colour": 1});
    for (asked, korean) in [("ko", true), ("en", false)] {
        let refused = asked_in(&operator, asked, Method::POST, "/events", &wrong).await;
        refused.problem(400, "validation_failed");
        let errors = refused.list("/errors");
        assert!(errors.len() >= 5, "{refused}");
        for error in errors {
            assert_eq!(is_korean(error["message"].as_str().unwrap()), korean, "{error}");
        }
    }
}

#[tokio::test]
async fn every_problem_is_explained_in_both_languages() {
    let stage = Stage::shared().await;
    let nobody = stage.nobody();
    let [english, korean] = [
        asked_in(&nobody, "en", Method::GET, "/problems", &json!({})).await,
        asked_in(&nobody, "ko", Method::GET, "/problems", &json!({})).await,
    ];
    let problems = english.list("/problems");
    assert!(problems.len() > 40);
    for (one, other) in problems.iter().zip(korean.list("/problems")) {
        for same in ["type", "code", "status"] {
            assert_eq!(one[same], other[same]);
        }
        for text in ["title", "description", "remedy"] {
            let (one, other) = (one[text].as_str().unwrap(), other[text].as_str().unwrap());
            assert!(!is_korean(one) && is_korean(other), "{one} and {other}");
        }
        let link = one["type"].as_str().unwrap();
        assert_eq!(asked_in(&nobody, "ko", Method::GET, link, &json!({})).await.ok(), other);
    }
    nobody.get("/problems/no_such_code").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_key_repeats_the_language_that_was_spoken_first() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let made = operator.create_event(&event(anybody())).await;
    let (body, key) = (json!({"eventId": made, "name": "A prize"}), unique());
    let headers = |language| {
        [("accept-language", language), ("idempotency-key", key.as_str()), ("content-type", "application/json")]
    };
    let ask = async |language| {
        let sent = operator.send(Method::POST, "/rewards", &headers(language), body.to_string().into_bytes()).await;
        sent.expect("an answer")
    };
    let (first, again) = (ask("ko").await, ask("en").await);
    first.created();
    assert_eq!(again.header("idempotency-replayed"), Some("true"), "the language is not part of the request");
    assert_eq!(again.bytes, first.bytes);
    speaks(&again, true, &["/message"]);
}

#[tokio::test]
async fn the_rules_of_expressions_are_said_in_korean_too() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let long = "1 == 1 || ".repeat(200);
    let broken = [
        long.as_str(),
        "1 +",
        "wealth > 1",
        "now() == 1",
        "streak(1) > 2",
        "[1, 2].all(x, x > 1)",
        "1.5 > 1.0",
        "1 > \"a\"",
        "1 + 1",
    ];
    for expression in broken {
        let body = json!({"condition": {"cel": {"expression": expression}}});
        let answer = asked_in(&operator, "ko", Method::POST, "/conditions/check", &body).await;
        answer.problem(400, "validation_failed");
        let message = answer.text("/errors/0/message");
        assert!(is_korean(&message), "{expression}: {message}");
    }
}
