//! Lists, on every route that is one: a limit, a cursor, an order.

use serde_json::{Value, json};
use tests::support::{
    Client, Stage, contract,
    contract::Operation,
    programme::{anybody, event, reward, with},
};

use super::described;

/// Every list of the document, as a path that the demo's administrator may read, with the most that `limit` may be.
async fn lists(admin: &Client) -> Vec<(String, i64)> {
    let document = contract::document();
    let event = admin.create_event(&event(anybody())).await;
    let user = admin.get("/auth/me").await.text("/user/id");
    let has = |operation: &Operation, name: &str| {
        let parameters = described(&document, operation)["parameters"].as_array().cloned().unwrap_or_default();
        parameters.into_iter().find(|parameter| parameter["in"] == "query" && parameter["name"] == name)
    };
    let lists = contract::operations().iter().filter(|operation| has(operation, "cursor").is_some());
    lists
        .map(|operation| {
            let of_a_member = ["/claims/user", "/audit", "/members", "/wallets"];
            let of = if of_a_member.iter().any(|start| operation.path.starts_with(start)) { &user } else { &event };
            let most = has(operation, "limit").unwrap()["schema"]["maximum"].as_i64().unwrap();
            (operation.path.replace("{id}", of), most)
        })
        .collect()
}

#[tokio::test]
async fn every_list_has_a_limit_and_a_cursor_of_its_own() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    let lists = lists(&admin).await;
    assert!(lists.len() > 10, "{lists:?}");
    let foreign = admin.get("/auth/users?limit=1").await.text("/nextCursor");
    for (path, most) in &lists {
        let of_events =
            path != "/audit/checkpoints" && ["/audit/", "/members/"].iter().any(|start| path.starts_with(start));
        assert_eq!(*most, if of_events { 1_000 } else { 200 }, "{path}");
        for limit in [1, *most] {
            let page = admin.get(&format!("{path}?limit={limit}")).await;
            assert!(page.ok()["nextCursor"].is_string() || page.json["nextCursor"].is_null(), "{page}");
            let items = page.json.as_object().unwrap().values().find_map(Value::as_array).unwrap();
            assert!(items.len() <= usize::try_from(limit).unwrap(), "{page}");
        }
        for limit in ["0", "-1", &(most + 1).to_string(), "99999999999999999999"] {
            admin.get(&format!("{path}?limit={limit}")).await.invalid("query.limit");
        }
        for cursor in ["nonsense", "", "%00", &"A".repeat(4_000)] {
            admin.get(&format!("{path}?cursor={cursor}")).await.problem(400, "invalid_cursor");
        }
        if path != "/auth/users" {
            admin.get(&format!("{path}?cursor={foreign}")).await.problem(400, "invalid_cursor");
        }
    }
}

/// Its list, its filter, its caller.
#[tokio::test]
async fn a_cursor_belongs_to_what_it_was_made_for() {
    let stage = Stage::shared().await;
    let (operator, admin) = (stage.operator().await, stage.service.demo("admin").await);
    for _ in 0..2 {
        operator.create_event(&event(anybody())).await;
    }
    let last = operator.post("/events", &event(anybody())).await;
    let cursor = operator.get_at("/events?status=active&limit=1", last.position()).await.text("/nextCursor");
    operator.get(&format!("/events?status=active&cursor={cursor}")).await.ok();
    operator.get(&format!("/events?limit=7&cursor={cursor}&status=active")).await.ok();
    for other in ["/events?", "/events?status=paused&", "/rewards?", "/claims?"] {
        operator.get(&format!("{other}cursor={cursor}")).await.problem(400, "invalid_cursor");
    }
    admin.get(&format!("/events?status=active&cursor={cursor}")).await.problem(400, "invalid_cursor");
}

/// Letter by letter, in every list that has a second page.
#[tokio::test]
async fn a_cursor_that_was_altered_anywhere_is_none() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    let mut altered = 0;
    for (path, _) in lists(&admin).await {
        let Some(cursor) = admin.get(&format!("{path}?limit=1")).await.json["nextCursor"].as_str().map(str::to_owned)
        else {
            continue;
        };
        admin.get(&format!("{path}?limit=1&cursor={cursor}")).await.ok();
        for at in 0..cursor.len() {
            let other = if cursor[at..].starts_with('A') { 'B' } else { 'A' };
            let forged = format!("{}{other}{}", &cursor[..at], &cursor[at + 1..]);
            admin.get(&format!("{path}?limit=1&cursor={forged}")).await.problem(400, "invalid_cursor");
        }
        altered += 1;
    }
    assert!(altered > 5, "only {altered} lists have a second page");
}

/// Newest first by creation, however things change while the list is walked; what changed is judged when its page is read.
#[tokio::test]
async fn walking_while_others_write_skips_nothing_and_repeats_nothing() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let campaign = operator.create_event(&with(event(anybody()), json!({"approval": "manual"}))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let mut made = Vec::new();
    let mut position = 0;
    for _ in 0..6 {
        let asked = reporter.claim_for(&prize, &stage.newcomer().await).await;
        made.insert(0, asked.expect(202)["claim"]["id"].as_str().unwrap().to_owned());
        position = asked.position();
    }
    let walked = async |filter: &str| {
        let path = format!("/claims?eventId={campaign}&limit=2{filter}");
        let first = operator.get_at(&path, position).await;
        let seen = first.list("/claims").to_vec();
        (path, seen, first.text("/nextCursor"))
    };
    let (path, mut all, cursor) = walked("").await;
    let (waiting, mut pending, next) = walked("&status=pending").await;

    // one more comes, one that was seen and one that was not are decided
    let late = reporter.claim_for(&prize, &stage.newcomer().await).await;
    late.expect(202);
    let mut last = late.position();
    for decided in [&made[0], &made[3]] {
        let approved = operator.patch(&format!("/reward-requests/{decided}"), &json!({"status": "APPROVED"})).await;
        approved.ok();
        last = approved.position();
    }
    operator.get_at("/claims?limit=1", last).await.ok();
    all.extend(operator.walk(&path, "claims", &cursor).await);
    pending.extend(operator.walk(&waiting, "claims", &next).await);
    let ids =
        |claims: &[Value]| claims.iter().map(|claim| claim["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(&all), made, "all that were there, once, newest first");
    let still: Vec<String> = made.iter().filter(|id| **id != made[3]).cloned().collect();
    assert_eq!(ids(&pending), still, "the filter is judged when the page is read");
}
