//! Being forgotten: everything personal goes, the log stays as it was, and nobody else loses anything.

use domain::id::MemberId;
use domain::member::{Member as MemberAggregate, MemberCommand};
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Stage,
    auditor::Auditor,
    client::Member,
    programme::{activity, anybody, event, id, reward, unique, with},
};

const PASSWORD: &str = "correct horse battery";

async fn members(auditor: &Client, at: i64) -> i64 {
    auditor.get_at("/dashboard", at).await.number("/members/total")
}

#[tokio::test]
async fn a_member_who_leaves_takes_everything_personal_along_and_nothing_else() {
    let stage = Stage::own().await;
    let (nobody, operator, auditor, reporter) =
        (stage.nobody(), stage.operator().await, stage.auditor().await, stage.reporter().await);
    let (_, prize) = operator.create_open_event(None).await;
    let nickname = format!("Zoë {}", unique());
    let member = nobody.sign_up_with(json!({"nickname": nickname})).await;
    let other = nobody.sign_up().await;
    let code = member.client.get("/auth/invite-code").await.text("/inviteCode");
    member.client.claim(&prize).await.created();
    let kept = other.client.claim(&prize).await;
    kept.created();
    let session = nobody.post("/auth/login", &json!({"email": member.email, "password": PASSWORD})).await;
    let before = members(&auditor, kept.position()).await;
    let log = stage.log().await;
    let events = log.events().await;

    member.client.delete("/auth/me", &json!({})).await.invalid("password");
    member.client.delete("/auth/me", &json!({"password": "wrong"})).await.problem(401, "invalid_credentials");
    let gone = member.client.delete("/auth/me", &json!({"password": PASSWORD})).await;
    gone.expect(204);
    assert!(gone.header("set-cookie").unwrap().starts_with("refreshToken=;"));

    // the account
    member.client.get("/auth/me").await.problem(401, "unauthenticated");
    let refresh = json!({"refreshToken": session.text("/refreshToken")});
    nobody.post("/auth/refresh", &refresh).await.problem(401, "unauthenticated");
    nobody
        .post("/auth/login", &json!({"email": member.email, "password": PASSWORD}))
        .await
        .problem(401, "invalid_credentials");
    operator.get(&format!("/auth/users/{}", member.id)).await.problem(404, "not_found");
    operator.get(&format!("/auth/users/email?email={}", member.email)).await.problem(404, "not_found");
    let list = operator.get("/auth/users?limit=200").await;
    assert!(list.list("/users").iter().all(|user| user["id"] != member.id));
    let note = json!({"note": "late"});
    operator.post(&format!("/auth/users/{}/block", member.id), &note).await.problem(404, "not_found");
    let row: Value = sqlx::query_scalar("select to_jsonb(accounts) from accounts where id = $1::uuid")
        .bind(&member.id)
        .fetch_one(&stage.database.pool().await)
        .await
        .unwrap();
    for column in
        ["email", "email_key", "password_hash", "nickname", "nickname_key", "bio", "birth_date", "invite_code"]
    {
        assert_eq!(row[column], Value::Null, "{column}");
    }

    // the log
    let after = log.events().await;
    assert_eq!(after[..events.len()], events, "what was written stays as it was");
    let new: Vec<_> = after[events.len()..].iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(new, ["member.erased", "wallet.forfeited"], "the points are gone with the member");
    assert_eq!(after.last().unwrap().position, gone.position());
    assert!(after.iter().all(|event| !event.payload.contains(&member.email) && !event.payload.contains(&nickname)));
    log.assert_sound().await;

    // the others
    assert_eq!(members(&auditor, gone.position()).await, before - 1);
    let claims = other.client.get_at("/claims/me", gone.position()).await;
    assert_eq!(claims.list("/claims")[0]["id"], kept.json["claim"]["id"]);
    reporter.claim_for(&prize, &member.id).await.problem(404, "member_unknown");
    reporter.report_activity(&activity(&member.id, "visit")).await.problem(404, "member_unknown");

    // and whoever comes next
    let again = json!({"email": member.email, "password": PASSWORD, "birthDate": "2001-01-01", "nickname": nickname});
    let invited = json!({"email": format!("x{}", member.email), "password": PASSWORD, "birthDate": "2001-01-01",
                         "inviteCode": code});
    nobody.post("/auth/signup", &invited).await.problem(422, "invite_code_unknown");
    let newcomer = nobody.post("/auth/signup", &again).await;
    assert_ne!(newcomer.created()["id"], member.id);
}

#[tokio::test]
async fn an_administrator_erases_others_and_nobody_else_does() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    let member = stage.nobody().sign_up().await;
    let path = format!("/auth/users/{}", member.id);
    for caller in [stage.operator().await, stage.auditor().await, stage.reporter().await, member.client.clone()] {
        caller.delete(&path, &json!({})).await.problem(403, "forbidden");
    }
    let erased = admin.delete(&path, &json!({})).await;
    erased.expect(204);
    assert!(erased.position() > 0);
    member.client.get("/auth/me").await.problem(401, "unauthenticated");
    admin.delete(&path, &json!({})).await.problem(404, "not_found");
    admin.delete(&format!("/auth/users/{}", id()), &json!({})).await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_beside_changes_of_the_profile_leaves_a_blank_row() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    for _ in 0..5 {
        let member = stage.nobody().sign_up().await;
        let (name, full) =
            (format!("Ann {}", unique()), json!({"bio": "I was here.", "profileImageUrl": "https://e.org/a"}));
        let nickname = json!({"nickname": name});
        let path = format!("/auth/users/{}", member.id);
        let nothing = json!({});
        let (erased, one, other) = futures::join!(
            admin.delete(&path, &nothing),
            member.client.patch("/auth/profile", &full),
            member.client.patch("/auth/profile", &nickname)
        );
        erased.expect(204);
        for changed in [one, other] {
            assert!([200, 401].contains(&changed.status), "{changed}");
        }
        let blank: bool =
            sqlx::query_scalar("select num_nonnulls(nickname, bio, email) = 0 from accounts where id = $1::uuid")
                .bind(&member.id)
                .fetch_one(&stage.database.pool().await)
                .await
                .unwrap();
        assert!(blank);
    }
}

/// A reward of this stock in an event whose claims wait for a decision.
async fn waiting_prize(operator: &Client, quantity: i64) -> String {
    let campaign = operator.create_event(&with(event(anybody()), json!({"approval": "manual"}))).await;
    operator.create_reward(&reward(&campaign, Some(quantity))).await
}

async fn approve(operator: &Client, claim: &str) -> Answer {
    operator.patch(&format!("/reward-requests/{claim}"), &json!({"status": "APPROVED"})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pending_claims_of_an_erased_member_are_withdrawn_and_what_they_held_is_given_back_once() {
    let stage = Stage::own().await;
    let (operator, reporter, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let prize = waiting_prize(&operator, 1).await;
    let kept = waiting_prize(&operator, 1).await;
    let member = stage.nobody().sign_up().await;
    let asked = member.client.claim(&prize).await;
    let claim = asked.expect(202)["claim"]["id"].as_str().unwrap().to_owned();
    let granted = member.client.claim(&kept).await.text("/claim/id");
    let approved = approve(&operator, &granted).await;
    reporter.claim_for(&prize, &stage.newcomer().await).await.problem(409, "out_of_stock");
    operator.get_at("/claims", approved.position()).await.ok();

    let gone = member.client.delete("/auth/me", &json!({"password": PASSWORD})).await;
    gone.expect(204);

    assert_eq!(log.streams_with("claim.withdrawn").await, [(claim.clone(), 1)].into());
    assert_eq!(log.stock(&prize).await, (Some(1), 0, 0), "it is free again");
    assert_eq!(log.stock(&kept).await, (Some(1), 0, 1), "what was decided stays decided");
    let shown = operator.get_at(&format!("/claims/{claim}"), gone.position()).await;
    let single = &shown.ok()["claim"];
    assert_eq!((&single["status"], &single["reason"]), (&json!("rejected"), &json!("member_erased")));
    assert_eq!(single["history"].as_array().unwrap().last().unwrap()["step"], "withdrawn");
    let why = operator.get(&format!("/claims/{claim}/explanation")).await;
    assert!(why.ok()["summary"].as_str().unwrap().contains("erased"), "{why}");
    assert_eq!(approve(&operator, &claim).await.problem(409, "step_not_allowed")["from"], "rejected");
    let batch = json!({"ids": [claim], "status": "APPROVED"});
    let judged = operator.post("/reward-requests/batch", &batch).await;
    assert_eq!(judged.ok()["results"], json!([{"id": claim, "code": "step_not_allowed"}]));

    let next = reporter.claim_for(&prize, &stage.newcomer().await).await;
    next.expect(202);
    assert_eq!(log.stock(&prize).await, (Some(1), 1, 0));
    log.assert_sound().await;
    stage.auditor().await.get_at("/dashboard", next.position()).await.ok();
    operator.get_at("/claims", next.position()).await.ok();
    let said = Auditor::of(&stage.database.url).verify(&[]);
    assert_eq!((said.code, said.failed()), (0, vec![]), "{} {}", said.out, said.err);
}

/// Erases a member as a process would that knew nothing of the claims: those that came in at the same moment.
async fn erase_beside_its_claims(stage: &Stage, member: &Member) {
    let pool = stage.database.pool().await;
    let ledger = commands::Ledger::start(pool.clone()).await.unwrap();
    let metadata = commands::Metadata::system(domain::Moment::from(chrono::Utc::now()));
    let id = MemberId(member.id.parse().unwrap());
    ledger.execute::<MemberAggregate>(&id.to_string(), MemberCommand::Erase, &metadata).await.unwrap();
    let blank = "update accounts
                 set email = null, email_key = null, password_hash = null, nickname = null, nickname_key = null,
                     bio = null, profile_image_url = null, birth_date = null, invite_code = null, erased_at = now()
                 where id = $1";
    sqlx::query(blank).bind(id.0).execute(&pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_came_in_while_its_member_was_erased_is_withdrawn_too() {
    let stage = Stage::own().await;
    let operator = stage.operator().await;
    let prize = waiting_prize(&operator, 2).await;
    let member = stage.nobody().sign_up().await;
    let asked = member.client.claim(&prize).await;
    let claim = asked.expect(202)["claim"]["id"].as_str().unwrap().to_owned();
    erase_beside_its_claims(&stage, &member).await;
    let log = stage.log().await;
    for _ in 0..600 {
        if log.count("claim.withdrawn").await > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(log.streams_with("claim.withdrawn").await, [(claim, 1)].into());
    assert_eq!(log.stock(&prize).await, (Some(2), 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_claim_of_an_erased_member_is_approved_to_nobody() {
    let stage = Stage::own().await;
    let operator = stage.operator().await;
    let prize = waiting_prize(&operator, 4).await;
    let (one, many) = (stage.nobody().sign_up().await, stage.nobody().sign_up().await);
    let single = one.client.claim(&prize).await.text("/claim/id");
    let in_batch = many.client.claim(&prize).await.text("/claim/id");
    // the scheduler does not come before the operator
    stage.log().await.run("update accounts set claims_settled = true").await.unwrap();
    erase_beside_its_claims(&stage, &one).await;
    erase_beside_its_claims(&stage, &many).await;

    assert_eq!(approve(&operator, &single).await.problem(409, "step_not_allowed")["from"], "rejected");
    let batch = json!({"ids": [in_batch, in_batch], "status": "APPROVED"});
    let judged = operator.post("/reward-requests/batch", &batch).await;
    let refused = json!({"id": in_batch, "code": "step_not_allowed"});
    assert_eq!(judged.ok()["results"], json!([refused, refused]));
    assert_eq!(stage.log().await.stock(&prize).await, (Some(4), 0, 0));
}

/// Under the random id, to those who may look into the log.
#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_still_finds_the_facts_of_an_erased_member() {
    let stage = Stage::own().await;
    let (auditor, admin, reporter) = (stage.auditor().await, stage.service.demo("admin").await, stage.reporter().await);
    let member = stage.nobody().sign_up_with(json!({"timeZone": "Asia/Seoul"})).await;
    reporter.report_activity(&activity(&member.id, "visit")).await.created();
    let path = format!("/audit/members/{}/facts", member.id);
    let before = auditor.get(&path).await;
    assert_eq!(before.list("/facts").len(), 2, "the log-in and the visit");
    member.client.delete("/auth/me", &json!({"password": PASSWORD})).await.expect(204);

    for caller in [&auditor, &admin] {
        let after = caller.get(&path).await;
        for same in ["memberId", "timeZone", "joinedOn", "profileComplete", "referrals", "facts"] {
            assert_eq!(after.ok()[same], before.json[same], "{same}");
        }
    }
    let said = Auditor::of(&stage.database.url).run(&["audit", "facts", &member.id, "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(said.json()["facts"], before.json["facts"]);
    auditor.get(&format!("/audit/members/{}/facts", id())).await.problem(404, "not_found");
}
