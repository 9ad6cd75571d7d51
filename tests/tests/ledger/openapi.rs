//! The API document is true: it is valid, there is a page of it, and whatever is sent, the service answers as it says.
//! That it is complete is the matter of `every_call`, and of the table in `roles`.

use std::path::Path;
use std::process::Command;

use tests::support::{Database, Setup, Stage};

#[tokio::test]
async fn the_page_for_people_needs_nothing_from_elsewhere() {
    let stage = Stage::shared().await;
    let page = stage.nobody().get("/docs").await;
    assert_eq!(page.status, 200);
    let text = String::from_utf8(page.bytes.clone()).unwrap();
    assert!(!text.contains("://"), "{text}");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    for part in ["/docs/swagger-ui.js", "/docs/swagger-ui.css", "/docs/start.js"] {
        assert!(text.contains(part));
        assert_eq!(stage.nobody().get(part).await.status, 200, "{part}");
    }
}

/// A few hundred requests; `make fuzz` sends twenty thousand.
#[tokio::test]
async fn whatever_is_sent_is_answered_as_the_document_says() {
    let database = Database::fresh().await;
    let service = Setup::on(&database).start().await;
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/run");
    let url = service.url();
    let ended = tokio::task::spawn_blocking(move || Command::new(run).args([url.as_str(), "300", "1"]).output());
    let output = ended.await.unwrap().unwrap();
    let told = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).join("\n");
    assert!(output.status.success(), "{told}");
    assert!(told.contains("no surprise"), "{told}");
}

/// Whatever people and programs type that an erasure does not reach.
#[tokio::test]
async fn whoever_types_what_stays_in_the_log_is_told() {
    let document = Stage::shared().await.nobody().get("/openapi.json").await;
    let document = document.ok();
    let told =
        |schema: &serde_json::Value| schema.to_string().contains("kept in the log for ever: leave personal data out");
    let resolved = |schema: &serde_json::Value| match schema["$ref"].as_str() {
        Some(place) => document.pointer(place.trim_start_matches('#')).unwrap().clone(),
        None => schema.clone(),
    };
    let (mut notes, mut ids) = (0, 0);
    for (path, operations) in document["paths"].as_object().unwrap() {
        for operation in operations.as_object().unwrap().values() {
            let mut body = resolved(&operation["requestBody"]["content"]["application/json"]["schema"]);
            if path == "/activities/batch" {
                body = resolved(&resolved(&body["properties"]["activities"])["items"]);
            }
            let properties = &body["properties"];
            if properties["note"].is_object() {
                notes += 1;
                assert!(told(&resolved(&properties["note"])), "{path}: {}", properties["note"]);
            }
            if path.starts_with("/activities") && properties["source"].is_object() {
                ids += 1;
                for name in ["source", "id"] {
                    assert!(told(&resolved(&properties[name])), "{path}: {}", properties[name]);
                }
            }
        }
    }
    assert!(notes >= 5 && ids == 3, "{notes} notes and {ids} ids of facts");
    let help = Command::new(tests::support::binary::reward_ledger()).args(["import", "activities", "--help"]).output();
    let help = String::from_utf8(help.unwrap().stdout).unwrap();
    assert!(help.contains("kept in the log for ever") && help.contains("personal data"), "{help}");
}
