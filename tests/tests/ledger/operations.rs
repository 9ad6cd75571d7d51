//! What administrators see of the inside of the service, and what they do about what is in the way: as the command line
//! does it, with a note that is kept.

use std::time::Duration;

use serde_json::{Value, json};
use tests::support::{
    Broker, Client, Database, Log, Setup, Stage,
    facts::{Feed, Sent, body},
    programme::{id, unique},
};

fn follower<'a>(all: &'a Value, name: &str) -> &'a Value {
    all["projections"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()
}

#[tokio::test]
async fn every_follower_says_where_it_stands() {
    let stage = Stage::own().await;
    let (operator, admin) = (stage.operator().await, stage.service.demo("admin").await);
    operator.create_open_event(Some(3)).await;
    let head = stage.log().await.head().await;
    for _ in 0..200 {
        let all = admin.get("/operations").await;
        assert!(all.ok()["relay"]["name"] == "relay" && all.position() >= head, "{all}");
        let projections = all.list("/projections");
        assert!(projections.iter().all(|one| one["state"] == "following" && one["stopped"].is_null()), "{all}");
        assert!(projections.len() > 5 && projections.iter().all(|one| one["lagMs"].as_i64() >= Some(0)), "{all}");
        let reactors = all.list("/reactors");
        assert!(reactors.iter().all(|one| one["name"] != "relay"), "{all}");
        let is_there = |one: &Value| one["lagEvents"] == 0 && one["position"].as_i64() >= Some(head);
        if projections.iter().all(is_there) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a projection stays behind");
}

async fn decide(admin: &Client, name: &str, step: &str, order: Value) -> tests::support::Answer {
    admin.post(&format!("/operations/projections/{name}/{step}"), &order).await
}

#[tokio::test]
async fn what_is_in_the_way_is_skipped_where_it_was_seen_or_tried_again_and_the_note_is_kept() {
    let stage = Stage::own().await;
    let admin = stage.service.demo("admin").await;
    let log = Log::of(&stage.database).await;
    let stop = async || {
        // a position that is not there yet, so that nothing happens when it goes on
        let sql = "update checkpoints set state = 'stopped', trouble_position = 100000, trouble = 'cannot be read'
            where name = 'referral_tally'";
        assert_eq!(log.run(sql).await.unwrap(), 1);
    };
    stop().await;
    let seen = admin.get("/operations").await;
    let stopped = follower(seen.ok(), "referral_tally");
    assert_eq!(
        (&stopped["state"], &stopped["stopped"]),
        (&json!("stopped"), &json!({"position": 100_000, "error": "cannot be read"}))
    );

    // somebody who saw another event decides nothing about this one
    let elsewhere = decide(&admin, "referral_tally", "skip", json!({"position": 7, "note": "it is broken"})).await;
    assert_eq!(elsewhere.ok()["positions"], json!([]));
    assert_eq!(follower(admin.get("/operations").await.ok(), "referral_tally")["state"], "stopped");
    let skipped = decide(&admin, "referral_tally", "skip", json!({"position": 100_000, "note": "it is broken"})).await;
    assert_eq!((&skipped.ok()["positions"], &skipped.json["stillInTheWay"]), (&json!([100_000]), &json!([])));
    stop().await;
    let retried = decide(&admin, "referral_tally", "retry", json!({"note": "  mended "})).await;
    assert_eq!(retried.ok()["positions"], json!([100_000]));

    let after = admin.get("/operations").await;
    assert_eq!(follower(after.ok(), "referral_tally")["state"], "following");
    let made = after.list("/interventions");
    let of = |made: &Value| json!([made["follower"], made["step"], made["position"], made["note"]]);
    assert_eq!(of(&made[0]), json!(["referral_tally", "retry", 100_000, "mended"]));
    assert_eq!(of(&made[1]), json!(["referral_tally", "skip", 100_000, "it is broken"]));
    assert_eq!(made.len(), 2, "nothing is kept of what decided nothing: {after}");
    assert_eq!(made[0]["actor"], admin.get("/auth/me").await.json["user"]["id"]);
}

#[tokio::test]
async fn a_decision_needs_a_note_and_keeps_the_rules_of_its_follower() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    decide(&admin, "claim_history", "retry", json!({})).await.invalid("note");
    decide(&admin, "claim_history", "skip", json!({"note": "why not"})).await.invalid("position");
    decide(&admin, "claim_history", "skip", json!({"position": 0, "note": "why not"})).await.invalid("position");
    decide(&admin, "horoscope", "retry", json!({"note": "why not"})).await.problem(404, "not_found");
    let relay = decide(&admin, "relay", "skip", json!({"position": 1, "note": "too large"})).await;
    relay.problem(409, "step_not_allowed");
    let fine = decide(&admin, "claim_history", "retry", json!({"note": "to be sure"})).await;
    assert_eq!(fine.ok()["positions"], json!([]));
    let path = "/operations/dead-letters/retry";
    admin.post(path, &json!({"offsets": [0]})).await.invalid("note");
    admin.post(path, &json!({"note": "again"})).await.invalid("offsets");
    admin.post(path, &json!({"note": "again", "offsets": [0], "all": true})).await.invalid("all");
    admin.post(path, &json!({"note": "again", "offsets": vec![0; 201]})).await.invalid("offsets");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_shown_the_latest_first_and_put_back() {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("letters-{}", unique()));
    let feed = Feed::of(broker, &topic, &database).await;
    let service = Setup::on(&database).kafka(broker, &topic).start().await;
    let admin = service.demo("admin").await;
    let newcomer = id();
    for number in 1..=25 {
        feed.send(&[Sent::binary("shop", &format!("early-{number}"), &body(&newcomer, "visit", number)).keyed("k")]);
    }
    feed.is_taken_in().await;
    let seen = admin.get("/operations").await;
    let letters = &seen.ok()["intake"]["deadLetters"];
    let latest = letters["latest"].as_array().unwrap();
    assert_eq!((&letters["count"], latest.len()), (&json!(25), 20), "{seen}");
    assert!(latest.is_sorted_by_key(|letter| std::cmp::Reverse(letter["offset"].as_i64())), "{seen}");
    assert_eq!((&latest[0]["reason"], &latest[0]["source"]), (&json!("member_unknown"), &json!("shop")));
    assert_eq!(seen.json["intake"]["topic"], feed_topic(&seen.json));

    service.import(&[json!({"source": "till", "id": unique(), "memberId": newcomer, "kind": "visit",
        "occurredAt": "2026-11-01T12:00:00Z"})]);
    let put_back = async |order: Value| admin.post("/operations/dead-letters/retry", &order).await;
    let one = put_back(json!({"note": "the member is there now", "offsets": [3, 99]})).await;
    assert_eq!((one.ok()["replayed"].clone(), one.json["missing"].clone()), (json!(1), json!(1)));
    let rest = put_back(json!({"note": "all of them", "all": true})).await;
    let done = (&rest.ok()["replayed"], &rest.json["replayedBefore"], &rest.json["more"]);
    assert_eq!(done, (&json!(24), &json!(1), &json!(false)));
    feed.is_taken_in().await;
    assert_eq!(feed.recorded().await.iter().filter(|fact| fact.actor == "kafka").count(), 25);
    let after = admin.get("/operations").await;
    let latest = after.list("/intake/deadLetters/latest");
    assert!(latest.iter().all(|letter| letter["replayedAt"].is_string()), "{after}");
    let kept: Vec<(String, i64)> = sqlx::query_as(
        "select reason, count(*) from dead_letters_replayed where actor <> '' group by reason order by 1",
    )
    .fetch_all(&database.pool().await)
    .await
    .unwrap();
    assert_eq!(kept, [("all of them".to_owned(), 24), ("the member is there now".to_owned(), 1)]);
}

/// As it is named in both places.
fn feed_topic(all: &Value) -> Value {
    let letters = all["intake"]["deadLetters"]["topic"].as_str().unwrap();
    json!(letters.strip_suffix(".dead-letter").unwrap())
}
