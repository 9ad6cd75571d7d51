//! How queries are read, on every route.

use serde_json::json;
use tests::support::{Stage, contract};

use super::{Callers, described, somewhere};

#[tokio::test]
async fn no_route_takes_a_parameter_that_it_does_not_know() {
    let callers = Callers::of(Stage::shared().await).await;
    for operation in contract::operations() {
        // what stands in the path may be a word or the name of something
        let path = somewhere(operation);
        let refused = callers.send(operation, &format!("{path}?nonsense=1"), "application/json", b"{}").await;
        let error = refused.invalid("query.nonsense");
        assert_eq!(error["rule"], "unknown_field", "{operation:?}: {refused}");
    }
}

#[tokio::test]
async fn every_parameter_is_there_once_and_of_its_type() {
    let callers = Callers::of(Stage::shared().await).await;
    let document = contract::document();
    let mut tried = 0;
    for operation in contract::operations() {
        let parameters = described(&document, operation)["parameters"].as_array();
        for parameter in parameters.into_iter().flatten().filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            let field = format!("query.{name}");
            let asked = async |query: &str| {
                let path = format!("{}?{query}", somewhere(operation));
                callers.send(operation, &path, "application/json", b"{}").await
            };
            assert_eq!(asked(&format!("{name}=1&{name}=1")).await.invalid(&field)["rule"], "duplicate_key");
            let schema = &parameter["schema"];
            let wrong: &[&str] = match schema["type"].as_str() {
                Some("boolean") => &["1", "0", "TRUE", "yes", ""],
                Some("integer") => &["1.5", "one", "+1", "0x1", ""],
                _ if schema["enum"].is_array()
                    || ["uuid", "date-time"].iter().any(|format| schema["format"] == *format) =>
                {
                    &["nonsense", ""]
                }
                _ => &[],
            };
            for value in wrong {
                asked(&format!("{name}={value}")).await.invalid(&field);
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

#[tokio::test]
async fn what_is_no_query_is_refused() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    operator.get("/events?limit=%FF").await.problem(400, "validation_failed");
    operator.get("/events?").await.ok();
    let (_, prize) = operator.create_open_event(None).await;
    for flag in ["dryRun=True", "dryRun", "DryRun=true", "dryRun=true&dryRun=false"] {
        operator.post(&format!("/claims/{prize}/claim?{flag}"), &json!({})).await.problem(400, "validation_failed");
    }
    assert_eq!(stage.log().await.stock(&prize).await, (None, 0, 0));
}
