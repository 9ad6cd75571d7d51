//! Coming back after an erasure: a new account, and the same person. What one may have once is not had twice, nobody
//! has brought them, and a block stays, until the time is over in which they are known again.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Database, Service, Setup, Stage,
    client::{Member, PASSWORD},
    programme::{activity, anybody, email, event, instant, reward, with},
};

async fn leave(member: &Member) {
    member.client.delete("/auth/me", &json!({"password": PASSWORD})).await.expect(204);
}

async fn come(nobody: &Client, email: &str, more: Value) -> Member {
    let body = with(json!({"email": email, "password": PASSWORD, "birthDate": "1995-01-01"}), more);
    let answer = nobody.post("/auth/signup", &body).await;
    answer.created();
    Member { id: answer.text("/id"), email: email.to_owned(), client: nobody.login(email, PASSWORD).await }
}

#[track_caller]
fn had_before(answer: &Answer, claim: &Answer) {
    let refused = answer.problem(409, "already_claimed");
    assert_eq!(refused["claimId"], claim.json["claim"]["id"]);
    assert_eq!(refused["claimStatus"], "granted");
}

#[tokio::test]
async fn a_gift_for_once_is_not_given_again_to_whoever_leaves_and_comes_back() {
    let stage = Stage::shared().await;
    let (nobody, operator) = (stage.nobody(), stage.operator().await);
    let (_, gift) = operator.create_open_event(None).await;
    let (_, other_gift) = operator.create_open_event(None).await;
    let address = email();
    let first = come(&nobody, &address, json!({})).await;
    let granted = first.client.claim(&gift).await;
    granted.created();
    leave(&first).await;

    let second = come(&nobody, &address.to_uppercase(), json!({})).await;
    assert_ne!(second.id, first.id);
    had_before(&second.client.claim(&gift).await, &granted);
    let dry = second.client.post(&format!("/claims/{gift}/claim?dryRun=true"), &json!({})).await;
    had_before(&dry, &granted);
    // what the first did not have is theirs, and then had as well
    let new = second.client.claim(&other_gift).await;
    new.created();
    leave(&second).await;
    let third = come(&nobody, &address, json!({})).await;
    had_before(&third.client.claim(&gift).await, &granted);
    had_before(&third.client.claim(&other_gift).await, &new);
    // somebody else has all of it
    nobody.sign_up().await.client.claim(&gift).await.created();

    let log = stage.log().await;
    let registered = |member: &Member| {
        let events = log.events();
        let id = member.id.clone();
        async move {
            let event = events.await.into_iter().find(|event| event.stream_id == id && event.sequence == 1).unwrap();
            serde_json::from_str::<Value>(&event.payload).unwrap()["returned"].clone()
        }
    };
    assert_eq!(registered(&first).await, Value::Null);
    assert_eq!(registered(&second).await, json!({"firstId": first.id, "formerIds": [first.id]}));
    assert_eq!(registered(&third).await, json!({"firstId": first.id, "formerIds": [first.id, second.id]}));
    assert!(log.events().await.iter().all(|event| !event.payload.contains(&address)));
    log.assert_sound().await;
    let differences = log_differences(stage).await;
    assert_eq!(differences, Vec::<String>::new());
}

async fn log_differences(stage: &Stage) -> Vec<String> {
    let pool = stage.database.pool().await;
    commands::guards::compare::compare_with_log(&mut pool.acquire().await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_limit_of_one_member_counts_all_accounts_of_a_person() {
    let stage = Stage::shared().await;
    let (nobody, operator) = (stage.nobody(), stage.operator().await);
    let daily = with(event(anybody()), json!({"frequency": "daily", "perMemberLimit": 2}));
    let campaign = operator.create_event(&daily).await;
    let one = operator.create_reward(&reward(&campaign, None)).await;
    let other = operator.create_reward(&reward(&campaign, None)).await;
    let last = operator.create_reward(&reward(&campaign, None)).await;
    let address = email();
    let first = come(&nobody, &address, json!({})).await;
    first.client.claim(&one).await.created();
    leave(&first).await;
    let second = come(&nobody, &address, json!({})).await;
    let granted = second.client.claim(&other).await;
    granted.created();
    let refused = second.client.claim(&last).await;
    refused.problem(409, "limit_reached");
    let dry = second.client.post(&format!("/claims/{last}/claim?dryRun=true"), &json!({})).await;
    dry.problem(409, "limit_reached");
    // what is taken back is given back to the person
    let reversed = operator
        .patch(
            &format!("/reward-requests/{}", granted.text("/claim/id")),
            &json!({"status": "REVERSED", "note": "a mistake"}),
        )
        .await;
    reversed.ok();
    second.client.claim(&last).await.created();
    assert_eq!(log_differences(stage).await, Vec::<String>::new());
}

#[tokio::test]
async fn nobody_has_brought_whoever_was_here_before() {
    let stage = Stage::shared().await;
    let (nobody, reporter) = (stage.nobody(), stage.reporter().await);
    let inviter = nobody.sign_up().await;
    let code = inviter.client.get("/auth/invite-code").await.text("/inviteCode");
    let address = email();
    let mut position = 0;
    for _ in 0..3 {
        let member = come(&nobody, &address, json!({"inviteCode": code})).await;
        for ago in 1..=2 {
            let day = json!({"occurredAt": instant(Utc::now() - TimeDelta::days(ago))});
            position = reporter.report_activity(&with(activity(&member.id, "visit"), day)).await.position();
        }
        leave(&member).await;
    }
    let referrals = inviter.client.get_at("/referrals/me", position).await;
    assert_eq!(referrals.list("/referrals").len(), 1, "{referrals}");
}

#[tokio::test]
async fn a_block_is_not_shaken_off_by_leaving() {
    let stage = Stage::shared().await;
    let (nobody, operator) = (stage.nobody(), stage.operator().await);
    let (_, gift) = operator.create_open_event(None).await;
    let address = email();
    let first = come(&nobody, &address, json!({})).await;
    operator.post(&format!("/auth/users/{}/block", first.id), &json!({"note": "sold accounts"})).await.ok();
    leave(&first).await;
    let second = come(&nobody, &address, json!({})).await;
    assert_eq!(second.client.get("/auth/me").await.ok()["user"]["blocked"], true);
    second.client.claim(&gift).await.problem(403, "member_blocked");
    operator.post(&format!("/auth/users/{}/unblock", second.id), &json!({"note": "talked to them"})).await.ok();
    second.client.claim(&gift).await.created();
}

#[tokio::test]
async fn a_sign_up_beside_the_erasure_does_not_slip_through() {
    let stage = Stage::shared().await;
    let (nobody, operator) = (stage.nobody(), stage.operator().await);
    let (_, gift) = operator.create_open_event(None).await;
    for _ in 0..5 {
        let address = email();
        let first = come(&nobody, &address, json!({})).await;
        let granted = first.client.claim(&gift).await;
        granted.created();
        let body = json!({"email": address, "password": PASSWORD, "birthDate": "1995-01-01"});
        let again = async {
            loop {
                let answer = nobody.post("/auth/signup", &body).await;
                if answer.status == 201 {
                    return;
                }
                answer.problem(409, "email_taken");
            }
        };
        futures::join!(leave(&first), again);
        had_before(&nobody.login(&address, PASSWORD).await.claim(&gift).await, &granted);
    }
}

async fn gift_twice(service: &Service) -> Answer {
    let (nobody, operator) = (service.client(), service.demo("operator").await);
    let (_, gift) = operator.create_open_event(None).await;
    let address = email();
    let first = come(&nobody, &address, json!({})).await;
    first.client.claim(&gift).await.created();
    leave(&first).await;
    come(&nobody, &address, json!({})).await.client.claim(&gift).await
}

#[tokio::test]
async fn after_the_time_that_is_configured_nobody_is_known_again_and_nothing_is_kept() {
    let database = Database::fresh().await;
    let service = Setup::on(&database).start().await;
    gift_twice(&service).await.problem(409, "already_claimed");
    let pool = database.pool().await;
    let kept =
        async || -> i64 { sqlx::query_scalar("select count(*) from erased_emails").fetch_one(&pool).await.unwrap() };
    assert_eq!(kept().await, 1);
    let aged = "update erased_emails set erased_at = erased_at - interval '181 days'";
    sqlx::query(aged).execute(&pool).await.unwrap();
    service.restart().await; // it looks when it starts, and every ten minutes
    for _ in 0..100 {
        if kept().await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(kept().await, 0);

    let forgetful = Setup::on(&database).env("RETURN_AFTER", "0d").start().await;
    gift_twice(&forgetful).await.created();
    assert_eq!(kept().await, 0);
}

#[tokio::test]
async fn a_referral_waits_for_a_confirmed_e_mail_where_that_is_required() {
    let service = Setup::on(&Database::fresh().await).env("EMAIL_VERIFICATION", "required").start().await;
    let (nobody, reporter) = (service.client(), service.demo("service").await);
    let inviter = nobody.sign_up().await;
    let code = inviter.client.get("/auth/invite-code").await.text("/inviteCode");
    let (waiting, confirmed) = (
        nobody.register_with(json!({"inviteCode": code})).await,
        nobody.register_with(json!({"inviteCode": code})).await,
    );
    let confirm = format!("/auth/users/{}/confirm-email", confirmed.id);
    inviter.client.post(&confirm, &json!({})).await.problem(403, "forbidden");
    for member in [&waiting, &confirmed] {
        for ago in 1..=2 {
            let day = json!({"occurredAt": instant(Utc::now() - TimeDelta::days(ago))});
            reporter.report_activity(&with(activity(&member.id, "visit"), day)).await.created();
        }
    }
    let said = reporter.post(&confirm, &json!({})).await;
    said.expect(204);
    assert!(said.position() > 0);
    assert_eq!(reporter.post(&confirm, &json!({})).await.header("ledger-position"), None, "it is so already");
    for _ in 0..200 {
        let referrals = inviter.client.get("/referrals/me").await;
        let status = |of: &Member| {
            referrals.list("/referrals").iter().find(|one| one["inviteeId"] == *of.id).unwrap()["status"].clone()
        };
        assert_eq!(status(&waiting), "pending", "{referrals}");
        if status(&confirmed) == "qualified" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the confirmed one is not qualified after ten seconds");
}
