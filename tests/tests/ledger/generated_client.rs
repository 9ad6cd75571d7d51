//! A client that was made of the API document by a generator, in a language with types: it compiles, and the main job can be
//! done with it. Where the document says something else than the service does, one of the two fails.

use tests::support::{Stage, generated_client::GeneratedClient};

#[tokio::test]
async fn a_generated_client_compiles_and_does_the_main_job() {
    let stage = Stage::shared().await;
    let document = stage.nobody().get("/openapi.json").await;
    document.ok();
    let url = stage.service.url();
    let done = tokio::task::spawn_blocking(move || GeneratedClient::of(&document.bytes).do_the_main_job(&url));
    let output = done.await.unwrap();
    let told = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).join("\n");
    assert!(output.status.success() && told.contains("the main job is done"), "{told}");
}
