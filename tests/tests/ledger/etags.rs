//! Entity tags: who changes what has changed meanwhile is told so, and two who change the same at once do not
//! overwrite each other unseen.

use serde_json::json;
use tests::support::{
    Stage,
    programme::{anybody, event, id, unique, with},
};

#[tokio::test]
async fn a_tag_moves_with_every_change_and_only_the_latest_is_honoured() {
    let operator = Stage::shared().await.operator().await;
    let coming = with(event(anybody()), json!({"startDate": "2036-01-01", "endDate": "2036-02-01"}));
    let made = operator.post("/events", &coming).await;
    let path = format!("/events/{}", made.text("/id"));
    assert_eq!(made.header("etag"), Some("\"1\""));

    let named = |name: &str| json!({"name": format!("{name} {}", unique())});
    let changed = operator.patch_if(&path, &named("Second"), "\"1\"").await;
    changed.ok();
    assert_eq!(changed.header("etag"), Some("\"2\""));
    let read = operator.get_at(&path, changed.position()).await;
    assert_eq!(read.header("etag"), Some("\"2\""), "read as it was answered");
    assert_eq!(*read.ok(), changed.json);

    let late = operator.patch_if(&path, &named("Third"), "\"1\"").await;
    late.problem(412, "changed_meanwhile");
    assert_eq!(late.header("etag"), Some("\"2\""), "which it is by now");
    for tag in ["W/\"2\"", "\"02\"", "\"something\""] {
        operator.patch_if(&path, &named("Third"), tag).await.problem(412, "changed_meanwhile");
        operator.post_if(&format!("{path}/pause"), tag).await.problem(412, "changed_meanwhile");
    }
    operator.patch_if(&path, &named("Third"), "2").await.invalid("header.If-Match");
    operator.patch_if(&path, &named("Third"), "\"9\", \"2\"").await.ok();
    operator.patch_if(&path, &named("Fourth"), "*").await.ok();
    operator.post_if(&format!("{path}/pause"), "\"4\"").await.ok();
    operator.post_if(&format!("{path}/resume"), "\"4\"").await.problem(412, "changed_meanwhile");
    operator.patch_if(&format!("/events/{}", id()), &named("Gone"), "\"1\"").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_reward_has_the_tag_of_its_event_in_whose_stream_it_stands() {
    let operator = Stage::shared().await.operator().await;
    let campaign = operator.create_event(&event(anybody())).await;
    let made = operator.post("/rewards", &json!({"eventId": campaign, "name": "Mug", "quantity": 5})).await;
    let tag = made.header("etag").unwrap();
    let path = format!("/rewards/{}", made.text("/reward/id"));
    assert_eq!(operator.get_at(&path, made.position()).await.header("etag"), Some(tag));
    let more = operator.patch_if(&path, &json!({"quantityDelta": 1}), tag).await;
    assert_eq!(more.ok()["reward"]["quantity"], 6);
    operator.patch_if(&path, &json!({"quantityDelta": 1}), tag).await.problem(412, "changed_meanwhile");
    assert_eq!(operator.get_at(&path, more.position()).await.header("etag"), more.header("etag"));
}

#[tokio::test]
async fn of_two_who_saw_the_same_only_one_changes_it() {
    let operator = Stage::shared().await.operator().await;
    let made = operator.post("/events", &event(anybody())).await;
    let (path, tag) = (format!("/events/{}", made.text("/id")), made.header("etag").unwrap().to_owned());
    let asked = (0..8).map(|number| {
        let (operator, path, tag) = (operator.clone(), path.clone(), tag.clone());
        let body = json!({"description": format!("by number {number}")});
        tokio::spawn(async move { operator.patch_if(&path, &body, &tag).await.status })
    });
    let mut statuses = Vec::new();
    for answer in asked.collect::<Vec<_>>() {
        statuses.push(answer.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
}
