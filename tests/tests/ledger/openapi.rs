//! The API document is true: it is valid, it names what the contract names, and whatever is sent, the service
//! answers as the document says.

use std::path::Path;
use std::process::Command;

use tests::support::{Database, Setup, Stage};

/// The calls of the contract, as `METHOD path`.
const CALLS: &[&str] = &[
    "post /auth/signup",
    "post /auth/users",
    "post /auth/login",
    "post /auth/refresh",
    "post /auth/logout",
    "get /auth/me",
    "patch /auth/profile",
    "get /auth/invite-code",
    "get /auth/test",
    "get /referrals/me",
    "post /events",
    "get /events",
    "get /events/{id}",
    "patch /events/{id}",
    "post /events/{id}/pause",
    "post /events/{id}/resume",
    "post /events/{id}/end",
    "get /events/{id}/progress",
    "post /events/{id}/request-reward",
    "post /events/{id}/rewards",
    "get /events/{id}/rewards",
    "post /rewards",
    "get /rewards",
    "get /rewards/{id}",
    "patch /rewards/{id}",
    "get /rewards/event/{id}",
    "post /claims/{id}/claim",
    "get /claims/me",
    "get /claims",
    "get /claims/filter",
    "get /claims/user/{id}",
    "get /claims/{id}",
    "get /reward-requests",
    "patch /reward-requests/{id}",
    "post /reward-requests/batch",
    "post /activities",
    "post /activities/batch",
    "get /dashboard",
    "get /audit/log",
    "get /audit/claims/{id}/re-evaluation",
    "get /problems",
    "get /problems/{code}",
    "get /health/live",
    "get /health/ready",
];

#[tokio::test]
async fn the_document_names_every_call_of_the_contract() {
    let stage = Stage::shared().await;
    let answer = stage.nobody().get("/openapi.json").await;
    let paths = &answer.ok()["paths"];
    for call in CALLS {
        let (method, path) = call.split_once(' ').unwrap();
        assert!(paths[path][method].is_object(), "{call} is not in the document");
    }
}

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
