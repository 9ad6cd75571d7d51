//! The figures for whoever runs the service: on a listener of their own, true, and free of what a request holds.

use tests::support::{Client, Database, Setup, process::free_port};

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
