//! The schemas of events, where published messages say that they are.

use std::collections::BTreeSet;

use tests::support::Stage;

#[tokio::test]
async fn every_event_of_the_log_has_a_schema_that_is_served() {
    let stage = Stage::shared().await;
    let listed = stage.nobody().get("/schemas").await;
    let listed: BTreeSet<&str> =
        listed.ok()["schemas"].as_array().unwrap().iter().flat_map(|name| name.as_str()).collect();
    let log = stage.auditor().await.get("/audit/log?limit=1000").await;
    let events = log.ok()["events"].as_array().unwrap();
    assert!(!events.is_empty());
    for event in events {
        let (name, version) = (event["type"].as_str().unwrap(), event["version"].as_str().unwrap());
        let address = format!("/schemas/{name}.v{version}.json");
        assert!(listed.contains(address.as_str()), "{address} is not in the list");
        let schema = stage.nobody().get(&address).await;
        assert_eq!(schema.ok()["$id"], address);
        assert_eq!(schema.header("content-type"), Some("application/schema+json"));
    }
    stage.nobody().get("/schemas/claim.granted.v999.json").await.problem(404, "not_found");
    stage.nobody().get("/schemas/..%2Fsamples%2Fclaim.granted.v1.json").await.problem(404, "not_found");
}
