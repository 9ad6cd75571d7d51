//! Referrals: a member is brought by one other for ever, and it counts once, whenever the proof arrives, until staff
//! take it out.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tests::support::{
    Client, Stage,
    client::Member,
    programme::{activity, event, id, instant, reward, with},
};

async fn invite_code(inviter: &Member) -> String {
    inviter.client.get("/auth/invite-code").await.text("/inviteCode")
}

/// Somebody who came by a member's code and has done nothing yet.
async fn invitee_of(stage: &Stage, inviter: &Member) -> Member {
    stage.nobody().register_with(json!({"inviteCode": invite_code(inviter).await})).await
}

/// What qualifies somebody: facts on two days.
async fn two_days(reporter: &Client, member: &str) {
    for ago in 1..=2 {
        let day = json!({"occurredAt": instant(Utc::now() - TimeDelta::days(ago))});
        reporter.report_activity(&with(activity(member, "visit"), day)).await.created();
    }
}

/// The only referral of an inviter, once it stands like this.
async fn settled(inviter: &Client, status: &str) -> Value {
    for _ in 0..200 {
        let referrals = inviter.get("/referrals/me").await;
        if let [referral] = referrals.list("/referrals")
            && referral["status"] == status
        {
            return referral.clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no referral is {status} after ten seconds");
}

async fn prize_for_one_referral(operator: &Client) -> String {
    let campaign = operator.create_event(&event(json!({"referrals": {"count": 1}}))).await;
    operator.create_reward(&reward(&campaign, None)).await
}

#[tokio::test]
async fn what_staff_take_out_counts_no_more_and_never_again() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let inviter = stage.nobody().sign_up().await;
    let invitee = invitee_of(stage, &inviter).await;
    let prize = prize_for_one_referral(&operator).await;
    assert_eq!(settled(&inviter.client, "pending").await["inviteeId"], *invitee.id);
    inviter.client.claim(&prize).await.problem(422, "condition_unmet");
    two_days(&reporter, &invitee.id).await;
    let qualified = settled(&inviter.client, "qualified").await;

    let path = format!("/referrals/{}/void", invitee.id);
    operator.post(&path, &json!({})).await.invalid("note");
    let voided = operator.post(&path, &json!({"note": "the same person"})).await;
    let expected = with(qualified.clone(), json!({"status": "voided", "inviterId": inviter.id}));
    assert_eq!(*voided.ok(), expected);
    assert_eq!(
        operator.post(&path, &json!({"note": "again"})).await.problem(409, "step_not_allowed")["from"],
        "voided"
    );
    inviter.client.claim(&prize).await.problem(422, "condition_unmet");

    two_days(&reporter, &invitee.id).await;
    settled(&inviter.client, "voided").await;
    let listed = operator.get_at(&format!("/referrals?inviterId={}", inviter.id), voided.position()).await;
    assert_eq!(listed.list("/referrals"), [expected]);
    let log = stage.log().await;
    let steps =
        log.events().await.into_iter().filter(|event| event.stream_id == invitee.id && event.stream_type == "referral");
    let steps: Vec<String> = steps.map(|event| event.kind).collect();
    assert_eq!(steps, ["referral.created", "referral.qualified", "referral.voided"]);
}

#[tokio::test]
async fn a_pending_referral_that_was_taken_out_never_qualifies() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let inviter = stage.nobody().sign_up().await;
    let invitee = invitee_of(stage, &inviter).await;
    let voided = operator.post(&format!("/referrals/{}/void", invitee.id), &json!({"note": "bought"})).await;
    assert_eq!(voided.ok()["qualifiedAt"], Value::Null);
    two_days(&reporter, &invitee.id).await;
    let other = invitee_of(stage, &inviter).await; // whose turn comes after
    two_days(&reporter, &other.id).await;
    for _ in 0..200 {
        let referrals = inviter.client.get("/referrals/me").await;
        let status = |of: &str| {
            referrals.list("/referrals").iter().find(|one| one["inviteeId"] == *of).unwrap()["status"].clone()
        };
        if status(&other.id) == "qualified" {
            assert_eq!(status(&invitee.id), "voided");
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the other referral is not qualified after ten seconds");
}

#[tokio::test]
async fn staff_find_referrals_by_inviter_and_status() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let inviter = stage.nobody().sign_up().await;
    let mut invitees = Vec::new();
    for _ in 0..3 {
        invitees.insert(0, invitee_of(stage, &inviter).await.id);
    }
    let voided = operator.post(&format!("/referrals/{}/void", invitees[1]), &json!({"note": "bought"})).await;
    let path = format!("/referrals?inviterId={}", inviter.id);
    let ids = |answer: &tests::support::Answer| {
        answer.list("/referrals").iter().map(|one| one["inviteeId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = operator.get_at(&path, voided.position()).await;
    assert_eq!(ids(&all), invitees, "newest first");
    assert!(all.list("/referrals").iter().all(|one| one["inviterId"] == *inviter.id));
    assert_eq!(ids(&operator.get(&format!("{path}&status=voided")).await), invitees[1..2]);
    assert_eq!(ids(&operator.get(&format!("{path}&status=pending")).await), [&*invitees[0], &*invitees[2]]);
    let first = operator.get(&format!("{path}&limit=2")).await;
    let rest = operator.walk(&format!("{path}&limit=2"), "referrals", &first.text("/nextCursor")).await;
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0]["inviteeId"], *invitees[2]);
    operator.get("/referrals?status=lost").await.invalid("query.status");
    operator.get("/referrals?inviterId=me").await.invalid("query.inviterId");
    reporter.get(&path).await.problem(403, "forbidden");
    operator.post(&format!("/referrals/{}/void", id()), &json!({"note": "who?"})).await.problem(404, "not_found");
    operator
        .post(&format!("/referrals/{}/void", inviter.id), &json!({"note": "came alone"}))
        .await
        .problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_qualifies_once_though_the_power_is_cut_before_it_is_judged_or_right_after() {
    let stage = Stage::own().await;
    let inviter = stage.nobody().sign_up().await;
    let mut invitees = Vec::new();
    for _ in 0..6 {
        invitees.push(invitee_of(&stage, &inviter).await.id);
    }
    for (round, invitee) in invitees.iter().enumerate() {
        let reporter = stage.reporter().await;
        two_days(&reporter, invitee).await;
        tokio::time::sleep(Duration::from_millis(8 * round as u64)).await; // before, during or after
        stage.service.kill_9();
        stage.service.restart().await;
    }
    let log = stage.log().await;
    for _ in 0..200 {
        let qualified = log.streams_with("referral.qualified").await;
        if qualified.len() == invitees.len() {
            assert!(qualified.values().all(|times| *times == 1), "{qualified:?}");
            log.assert_sound().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not all referrals are qualified after ten seconds");
}

#[tokio::test]
async fn a_fact_that_arrives_late_qualifies_too() {
    let stage = Stage::shared().await;
    let reporter = stage.reporter().await;
    let inviter = stage.nobody().sign_up().await;
    let invitee = invitee_of(stage, &inviter).await;
    for day in ["2020-02-29T12:00:00Z", "2019-07-01T12:00:00Z"] {
        reporter.report_activity(&with(activity(&invitee.id, "visit"), json!({"occurredAt": day}))).await.created();
    }
    settled(&inviter.client, "qualified").await;
}
