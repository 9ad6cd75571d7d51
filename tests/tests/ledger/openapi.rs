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
