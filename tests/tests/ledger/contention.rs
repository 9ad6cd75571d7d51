//! Those who change the same at the same moment wait for each other. Nobody is turned away because somebody else was
//! faster, whoever answers them; who asked for the state that was seen is told that it changed.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Database, Log, Setup, Stage,
    programme::{activity, anybody, crowd, event, reward, unique, with},
    swarm::{claim_for_all, tally},
};

const AT_ONCE: usize = 40;

/// How often each status was answered.
fn statuses(answers: &[Answer]) -> BTreeMap<u16, usize> {
    let mut counted = BTreeMap::new();
    answers.iter().for_each(|answer| *counted.entry(answer.status).or_default() += 1);
    counted
}

async fn patch_all(callers: &[Client], path: &str, body: &Value) -> Vec<Answer> {
    join_all((0..AT_ONCE).map(|number| callers[number % callers.len()].patch(path, body))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_who_change_one_reward_at_once_are_all_heard() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let (_, prize) = operator.create_open_event(Some(10)).await;
    let answers = patch_all(&[operator], &format!("/rewards/{prize}"), &json!({"quantityDelta": 1})).await;
    assert_eq!(statuses(&answers), [(200, AT_ONCE)].into());
    let mut seen: Vec<i64> = answers.iter().map(|it| it.json["reward"]["quantity"].as_i64().unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, Vec::from_iter(11..11 + AT_ONCE as i64), "each sees those before it");
    assert_eq!(stage.log().await.stock(&prize).await.0, Some(50));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_forty_who_saw_the_same_one_is_heard_and_all_others_are_told_that_it_changed() {
    let operator = Stage::shared().await.operator().await;
    let campaign = operator.create_event(&event(anybody())).await;
    let made = operator.post("/rewards", &reward(&campaign, Some(10))).await;
    let (path, body) = (format!("/rewards/{}", made.text("/reward/id")), json!({"quantityDelta": 1}));
    let tag = made.header("etag").unwrap().to_owned();
    let answers = join_all((0..AT_ONCE).map(|_| operator.patch_if(&path, &body, &tag))).await;
    assert_eq!(statuses(&answers), [(200, 1), (412, AT_ONCE - 1)].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_that_meet_changes_of_their_event_are_decided_again() {
    let stage = Stage::own().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (members, facts) = crowd(200);
    stage.service.import(&facts);
    let (_, prize) = operator.create_open_event(Some(1_000)).await;
    let (callers, path, body) = ([operator], format!("/rewards/{prize}"), json!({"quantityDelta": 1}));
    let (changed, claimed) =
        futures::join!(patch_all(&callers, &path, &body), claim_for_all(&reporter, &prize, &members, 200));
    assert_eq!(statuses(&changed), [(200, AT_ONCE)].into());
    assert_eq!(tally(&claimed), [("201".to_owned(), 200)].into());
    assert_eq!(stage.log().await.stock(&prize).await, (Some(1_040), 0, 200));
    stage.log().await.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_found_nothing_left_is_decided_again_when_the_stock_grew_meanwhile() {
    let stage = Stage::own().await;
    let (operator, reporter, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let (members, facts) = crowd(AT_ONCE);
    stage.service.import(&facts);
    let (_, prize) = operator.create_open_event(Some(0)).await;
    let (callers, path, body) = ([operator], format!("/rewards/{prize}"), json!({"quantityDelta": 1}));
    let (changed, claimed) =
        futures::join!(patch_all(&callers, &path, &body), claim_for_all(&reporter, &prize, &members, AT_ONCE));
    assert_eq!(statuses(&changed), [(200, AT_ONCE)].into());
    let told = tally(&claimed);
    assert!(told.keys().all(|name| ["201", "out_of_stock"].contains(&name.as_str())), "{told:?}");
    let mut left = AT_ONCE as i64;
    for event in log.events().await.iter().skip_while(|event| event.kind != "campaign.reward_added") {
        match event.kind.as_str() {
            "campaign.stock_changed" => left -= 1,
            "claim.denied" => assert!(left > 0, "denied at {} though all of the stock had come", event.position),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_hear_everybody_too() {
    let database = Database::fresh().await;
    let left = Setup::on(&database).start().await;
    let keys = left.data().join("token.keys").display().to_string();
    let right = Setup::on(&database).env("TOKEN_KEY_FILE", &keys).start().await;
    let operator = left.client().login("operator@example.com", "ledger-demo").await;
    let reporter = left.client().login("service@example.com", "ledger-demo").await;
    let there = right.client().with_token(operator.token());
    let (members, facts) = crowd(60);
    left.import(&facts);
    let (_, prize) = operator.create_open_event(Some(100)).await;
    let (path, body) = (format!("/rewards/{prize}"), json!({"quantityDelta": 1}));
    let other = right.client().with_token(reporter.token());
    let both = [operator, there];
    let (changed, here, beside) = futures::join!(
        patch_all(&both, &path, &body),
        claim_for_all(&reporter, &prize, &members[..30], 30),
        claim_for_all(&other, &prize, &members[30..], 30)
    );
    assert_eq!(statuses(&changed), [(200, AT_ONCE)].into());
    assert_eq!(tally(here.iter().chain(&beside)), [("201".to_owned(), 60)].into());
    let log = Log::of(&database).await;
    assert_eq!(log.stock(&prize).await, (Some(140), 0, 60));
    log.assert_sound().await;
}

/// The same of whatever else several may want at once: nobody is told that the service is full.
#[tokio::test(flavor = "multi_thread")]
async fn profiles_members_claims_and_facts_that_many_change_at_once_turn_nobody_away() {
    let stage = Stage::shared().await;
    let (admin, operator, reporter) =
        (stage.service.demo("admin").await, stage.operator().await, stage.reporter().await);
    let member = stage.nobody().sign_up().await;

    let profiles = join_all((0..AT_ONCE).map(async |number| {
        let complete = json!({"nickname": unique(), "bio": "here", "profileImageUrl": "https://example.org/a.png"});
        let less = json!({"bio": null, "nickname": unique()});
        member.client.patch("/auth/profile", if number % 2 == 0 { &complete } else { &less }).await
    }));
    assert_eq!(statuses(&profiles.await), [(200, AT_ONCE)].into());

    let blocks = join_all((0..AT_ONCE).map(async |number| {
        let step = if number % 2 == 0 { "block" } else { "unblock" };
        admin.post(&format!("/auth/users/{}/{step}", member.id), &json!({"note": "a test"})).await
    }));
    assert_eq!(statuses(&blocks.await), [(200, AT_ONCE)].into());

    let campaign = operator.create_event(&with(event(anybody()), json!({"approval": "manual"}))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let asked = join_all((0..6).map(async |_| stage.nobody().sign_up().await.client.claim(&prize).await)).await;
    let ids: Vec<String> = asked.iter().map(|answer| answer.text("/claim/id")).collect();
    let decided = join_all((0..AT_ONCE).map(async |number| {
        let mut ids = ids.clone();
        ids.rotate_left(number % 6);
        operator.post("/reward-requests/batch", &json!({"ids": ids, "status": "APPROVED"})).await
    }));
    assert_eq!(statuses(&decided.await), [(200, AT_ONCE)].into());

    let facts: Vec<Value> = (0..30).map(|_| activity(&member.id, "visit")).collect();
    let reported = join_all((0..AT_ONCE).map(async |number| {
        let mut facts = facts.clone();
        facts.rotate_left(number % 30);
        reporter.post("/activities/batch", &json!({"activities": facts})).await
    }));
    assert_eq!(statuses(&reported.await), [(200, AT_ONCE)].into());
}
