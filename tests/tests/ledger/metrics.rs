//! The figures for whoever runs the service: on a listener of their own, true, and free of what a request holds.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::json;
use tests::support::{
    Client, Database, Setup, contract,
    process::free_port,
    programme::{activity, unique, with},
};

/// The value of one line, by its name with labels.
fn figure(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test]
async fn the_figures_tell_what_was_asked_written_and_folded() {
    let database = Database::fresh().await;
    let address = format!("127.0.0.1:{}", free_port());
    let service = Setup::on(&database).env("METRICS_LISTEN", &address).start().await;
    let member = service.client().sign_up().await;
    let (_, reward) = service.demo("operator").await.create_open_event(None).await;
    let position = {
        let granted = member.client.claim(&reward).await;
        granted.created();
        granted.position()
    };
    member.client.get_at("/claims/me", position).await.ok();
    let answer = Client::of(&format!("http://{address}")).get("/metrics").await;
    assert_eq!(answer.status, 200);
    let text = String::from_utf8(answer.bytes).unwrap();
    let route = r#"method="POST",route="/claims/{id}/claim",status="201""#;
    assert_eq!(figure(&text, &format!("http_server_request_duration_seconds_count{{{route}}}")), Some(1.0), "{text}");
    assert!(figure(&text, "ledger_head_position") >= Some(position as f64), "{text}");
    assert!(figure(&text, "ledger_events_total") >= Some(position as f64 / 2.0), "{text}");
    let folded = figure(&text, r#"ledger_follower_position{follower="claim_history"}"#);
    assert!(folded >= Some(position as f64), "{text}");
    for secret in [&member.id, &member.email, &reward] {
        assert!(!text.contains(secret.as_str()), "{secret} is in the figures");
    }
}

#[tokio::test]
async fn nobody_finds_the_figures_where_the_api_is() {
    let stage = tests::support::Stage::shared().await;
    stage.nobody().get("/metrics").await.problem(404, "not_found");
}

/// Every value of every label in the figures, by the label's name.
fn label_values(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((_, rest)) = line.split_once('{') else { continue };
        let (labels, _) = rest.rsplit_once('}').expect("a closed list of labels");
        for label in labels.split("\",") {
            let (name, value) = label.split_once("=\"").expect("a label");
            values.entry(name.to_owned()).or_default().insert(value.trim_end_matches('"').to_owned());
        }
    }
    values
}

/// The kind: whatever a stranger or a reporter sends, each label has a value that this program knows, and no other.
#[tokio::test]
async fn no_label_has_a_value_that_somebody_sent() {
    let address = format!("127.0.0.1:{}", free_port());
    let service = Setup::on(&Database::fresh().await).env("METRICS_LISTEN", &address).start().await;
    let (nobody, reporter) = (service.client(), service.demo("service").await);
    let member = service.demo("member").await.get("/auth/me").await.text("/user/id");
    let figures = async || {
        let answer = Client::of(&format!("http://{address}")).get("/metrics").await;
        String::from_utf8(answer.bytes).unwrap()
    };
    let send_made_up_values = async || {
        for _ in 0..20 {
            let made_up = unique();
            let method = Method::from_bytes(format!("X{made_up}").as_bytes()).unwrap();
            let headers = [("host", "x.example"), ("user-agent", made_up.as_str()), ("accept-language", &made_up)];
            for path in ["/events", "/claims/1/claim", &format!("/{made_up}"), &format!("/problems/{made_up}")] {
                nobody.send(method.clone(), path, &headers, Vec::new()).await.expect("an answer");
            }
            nobody.get(&format!("/{made_up}?{made_up}={made_up}")).await.problem(404, "not_found");
            let fact = with(activity(&member, &format!("k{made_up}")), json!({"source": format!("s-{made_up}")}));
            reporter.report_activity(&fact).await.created();
            reporter.report_activity(&with(fact, json!({"kind": "other"}))).await.problem(409, "activity_conflict");
        }
    };
    send_made_up_values().await;
    let first = label_values(&figures().await);
    send_made_up_values().await;
    let text = figures().await;
    assert_eq!(label_values(&text), first, "more made-up values make no more series");

    let routes: BTreeSet<String> = contract::operations().iter().map(|operation| operation.path.clone()).collect();
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "other"];
    for (label, values) in first {
        for value in values {
            let is_known = match label.as_str() {
                "method" => methods.contains(&value.as_str()),
                "route" => value == "(none)" || is_route(&routes, &value),
                "status" => value.len() == 3 && value.bytes().all(|digit| digit.is_ascii_digit()),
                "follower" => value.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_'),
                "outcome" => ["recorded", "duplicate", "refused"].contains(&value.as_str()),
                // of the time zone rules, and of the build
                "version" => (value.starts_with("20") && value.len() == 5) || value == env!("CARGO_PKG_VERSION"),
                "commit" => value == "unknown" || value.bytes().all(|digit| digit.is_ascii_hexdigit()),
                "le" | "quantile" => value == "+Inf" || value.parse::<f64>().is_ok(),
                _ => panic!("a label that this test does not know, with the value {value}: {label}"),
            };
            assert!(is_known, "{label}={value}");
        }
    }
    assert!(text.contains(r#"method="other""#), "{text}");
}

/// Whether the document of the API has a route, or it is one that serves the document.
fn is_route(documented: &BTreeSet<String>, route: &str) -> bool {
    let plain = |path: &str| {
        path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect::<Vec<_>>().join("/")
    };
    documented.iter().any(|path| plain(path) == plain(route))
        || ["/docs", "/openapi.json"].iter().any(|own| route.starts_with(own))
}
