//! Every operation of the API document is called, and answered as it says: the harness holds each answer to its schema, and
//! this chapter counts. An operation that nobody calls here fails; so does a call of the contract that is no operation.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tests::support::{
    Client, Stage,
    client::{Member, PASSWORD},
    contract,
    programme::{activity, anybody, email, event, reward, unique, with},
};

#[tokio::test]
async fn every_operation_is_called_and_answered_as_described() {
    let stage = Stage::own().await;
    let nobody = stage.nobody();
    let demo = async |name: &str| nobody.login(&format!("{name}@example.com"), "ledger-demo").await;
    let (admin, operator, auditor, service) =
        (demo("admin").await, demo("operator").await, demo("auditor").await, demo("service").await);

    what_anybody_asks(&nobody).await;
    let (inviter, member) = accounts(&nobody).await;
    what_staff_do_to_accounts(&nobody, &admin).await;
    what_is_reported(&service, &member).await;
    let (campaign, prize) = a_programme(&operator).await;
    let (claim, position) = claims(&operator, &member, &campaign, &prize).await;
    value(&admin, &service, &member).await;
    moves(&admin, &operator, &member, &inviter).await;
    coupons(&operator, &service, &member, &campaign).await;
    what_is_listed(&operator, &member, &inviter, &campaign, &prize, position).await;
    the_end_of_an_event(&operator, &campaign).await;
    an_audit(&auditor, &claim, &member).await;
    operations(&admin).await;

    let done = nobody.done();
    let left: Vec<_> = contract::operations().iter().filter(|operation| !done.contains(operation)).collect();
    assert!(left.is_empty(), "not called with success: {left:#?}");
}

#[tokio::test]
async fn the_document_that_is_served_is_the_one_that_answers_are_held_to() {
    let served = Stage::shared().await.nobody().get("/openapi.json").await;
    assert_eq!(*served.ok(), contract::document());
}

async fn what_anybody_asks(nobody: &Client) {
    let paths = ["/auth/test", "/problems", "/problems/not_found", "/schemas", "/schemas/claim.granted.v1.json"];
    for path in paths.into_iter().chain(["/health/live", "/health/ready", "/openapi.json"]) {
        nobody.get(path).await.ok();
    }
}

async fn accounts(nobody: &Client) -> (Member, Member) {
    let inviter = nobody.sign_up_with(json!({"nickname": unique()})).await;
    let code = inviter.client.get("/auth/invite-code").await.text("/inviteCode");
    let member = nobody.sign_up_with(json!({"inviteCode": code, "timeZone": "Asia/Seoul"})).await;
    member.client.patch("/auth/profile", &json!({"bio": "Here since today"})).await.ok();
    member.client.get("/auth/me").await.ok();

    let other = nobody.register_with(json!({})).await;
    let session = nobody.post("/auth/login", &json!({"email": other.email, "password": PASSWORD})).await;
    let again = nobody.post("/auth/refresh", &json!({"refreshToken": session.text("/refreshToken")})).await;
    let caller = nobody.with_token(&again.text("/accessToken"));
    let passwords = json!({"currentPassword": PASSWORD, "newPassword": "another horse battery"});
    caller.patch("/auth/password", &passwords).await.expect(204);
    let caller = nobody.login(&other.email, "another horse battery").await;
    caller.delete("/auth/me", &json!({"password": "another horse battery"})).await.expect(204);
    let session = nobody.post("/auth/login", &json!({"email": inviter.email, "password": PASSWORD})).await;
    nobody.post("/auth/logout", &json!({"refreshToken": session.text("/refreshToken")})).await.expect(204);
    (inviter, member)
}

async fn what_staff_do_to_accounts(nobody: &Client, admin: &Client) {
    let body = json!({"email": email(), "password": PASSWORD, "birthDate": "1995-01-01"});
    let made = nobody.post("/auth/users", &body).await;
    let account = format!("/auth/users/{}", made.text("/id"));
    admin.get("/auth/users?limit=200").await.ok();
    admin.get(&account).await.ok();
    admin.get(&format!("/auth/users/email?email={}", made.text("/email"))).await.ok();
    admin.patch(&format!("{account}/role"), &json!({"role": "OPERATOR"})).await.ok();
    admin.patch(&format!("{account}/roles"), &json!({"role": "USER"})).await.ok();
    admin.post(&format!("{account}/block"), &json!({"note": "asked to"})).await.ok();
    admin.post(&format!("{account}/unblock"), &json!({"note": "asked to"})).await.ok();
    admin.post(&format!("{account}/confirm-email"), &json!({})).await.expect(204);
    admin.send(Method::DELETE, &account, &[], Vec::new()).await.unwrap().expect(204);
}

async fn what_is_reported(service: &Client, member: &Member) {
    let fact = with(activity(&member.id, "visit"), json!({"measures": {"minutes": 25}}));
    service.report_activity(&fact).await.created();
    service.report_activity(&fact).await.ok();
    service.report_activities(&[activity(&member.id, "visit"), activity(&member.id, "review")]).await;
    let taken_out = json!({"source": fact["source"], "id": fact["id"], "note": "by mistake"});
    service.post("/activities/void", &taken_out).await.created();
}

async fn a_programme(operator: &Client) -> (String, String) {
    let came = ["visit", "review"].map(|kind| json!({"count": {"kind": kind, "count": 1}}));
    let rule = json!({"all": [{"any": came}, {"cel": {"expression": "daysSinceJoined >= 0"}}, anybody()]});
    operator.post("/conditions/check", &json!({"condition": rule})).await.ok();
    let draft = json!({"condition": rule, "startDate": "2026-01-01", "endDate": "2036-01-01"});
    operator.post("/events/backtest", &json!({"event": draft, "reward": {}, "ask": "firstPossible"})).await.ok();

    let campaign = operator.create_event(&event(rule)).await;
    let path = format!("/events/{campaign}");
    operator.patch(&path, &json!({"description": "For those who come"})).await.ok();
    operator.post(&format!("{path}/pause"), &json!({})).await.ok();
    operator.post(&format!("{path}/resume"), &json!({})).await.ok();

    let prize = operator.create_reward(&reward(&campaign, Some(5))).await;
    operator.patch(&format!("/rewards/{prize}"), &json!({"quantityDelta": 5})).await.ok();
    operator.post(&format!("{path}/rewards"), &json!({"name": "Mug", "type": "ITEM"})).await.created();
    operator.post("/rewards/coupon", &json!({"eventId": campaign, "name": "Coupon"})).await.created();
    (campaign, prize)
}

/// One that is granted at once and two that wait for an operator; answers the first and the last position.
async fn claims(operator: &Client, member: &Member, campaign: &str, prize: &str) -> (String, i64) {
    let granted = member.client.claim(prize).await;
    granted.created();
    let manual = operator.create_event(&with(event(anybody()), json!({"approval": "manual"}))).await;
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let prize = operator.create_reward(&reward(&manual, None)).await;
        let asked = member.client.post(&format!("/events/{manual}/request-reward"), &json!({"rewardId": prize})).await;
        asked.expect(202);
        waiting.push(asked.text("/claim/id"));
    }
    let decision = json!({"status": "APPROVED", "note": "well done"});
    operator.patch(&format!("/reward-requests/{}", waiting[0]), &decision).await.ok();
    let many = with(decision, json!({"ids": waiting}));
    let decided = operator.post("/reward-requests/batch", &many).await;
    assert_eq!(decided.ok()["results"][0]["code"], "step_not_allowed");
    member.client.claim(prize).await.problem(409, "already_claimed");
    member.client.get(&format!("/events/{campaign}/progress")).await.ok();
    (granted.text("/claim/id"), decided.position())
}

/// The member has what the claims before gave.
async fn value(admin: &Client, service: &Client, member: &Member) {
    let unit = admin.post("/units", &json!({"code": format!("unit-{}", unique()), "name": "Stars"})).await;
    unit.created();
    let path = format!("/units/{}", unit.text("/code"));
    admin.patch(&path, &json!({"name": "Stars of gold"})).await.ok();
    admin.get(&path).await.ok();
    admin.get("/units").await.ok();
    admin.patch("/budgets", &json!({"budgets": [{"unit": "points", "amount": 1_000_000, "per": "month"}]})).await.ok();
    admin.get("/budgets").await.ok();
    let order = |hold: bool| json!({"reference": unique(), "memberId": member.id, "amount": 10, "hold": hold});
    let [first, second] = [service.post("/spends", &order(true)).await, service.post("/spends", &order(true)).await];
    first.created();
    let (first, second) = (first.text("/spend/id"), second.text("/spend/id"));
    service.post(&format!("/spends/{first}/capture"), &json!({"amount": 5})).await.ok();
    service.post(&format!("/spends/{first}/refunds"), &json!({"reference": "back-1"})).await.created();
    let last = service.post(&format!("/spends/{second}/release"), &json!({})).await;
    service.get(&format!("/spends/{first}")).await.ok();
    admin.get_at("/spends", last.position()).await.ok();
}

/// What staff give, and members send.
async fn moves(admin: &Client, operator: &Client, member: &Member, other: &Member) {
    let unit = format!("unit-{}", unique());
    let terms = json!({"code": unit, "name": "Gems", "fourEyesAbove": 0, "transfersPerDay": 1});
    admin.post("/units", &terms).await.created();
    let given = json!({"unit": unit, "amount": 10, "note": "A gift."});
    let asked = operator.post(&format!("/wallets/{}/adjustments", member.id), &given).await;
    asked.expect(202);
    let path = format!("/adjustments/{}", asked.text("/adjustment/id"));
    let decided = admin.patch(&path, &json!({"status": "APPROVED"})).await;
    decided.ok();
    admin.get(&path).await.ok();
    admin.get_at("/adjustments", decided.position()).await.ok();
    let gift = json!({"toMemberId": other.id, "unit": unit, "amount": 4, "reference": "birthday"});
    member.client.post("/wallets/transfers", &gift).await.created();
}

/// A member has a coupon, and shops use it.
async fn coupons(operator: &Client, service: &Client, member: &Member, campaign: &str) {
    let coupon = json!({"eventId": campaign, "name": "Coupon", "type": "COUPON", "codes": true, "maxUses": 9});
    let prize = operator.create_reward(&coupon).await;
    let codes = format!("/rewards/{prize}/codes");
    let code = format!("CODE-{}", unique());
    let uploaded =
        operator.send(Method::POST, &codes, &[("content-type", "text/csv")], code.clone().into_bytes()).await;
    uploaded.expect("an answer").created();
    operator.post(&format!("{codes}/generate"), &json!({"count": 2})).await.created();
    operator.post(&format!("{codes}/withdraw"), &json!({"count": 1})).await.ok();
    let granted = member.client.claim(&prize).await;
    let path = format!("/coupons/{}", granted.text("/claim/id"));
    service.post("/coupons/validate", &json!({"code": code})).await.ok();
    let order = |hold: bool| json!({"code": code, "reference": unique(), "hold": hold});
    for (hold, steps) in [(true, &["capture", "rollback"][..]), (true, &["release"])] {
        let made = service.post("/coupons/redeem", &order(hold)).await;
        made.created();
        for step in steps {
            let path = format!("/redemptions/{}/{step}", made.text("/redemption/id"));
            service.post(&path, &json!({})).await.ok();
        }
    }
    member.client.get(&path).await.ok();
    member.client.get_at("/coupons/me", granted.position()).await.ok();
    operator.post(&format!("{path}/void"), &json!({"note": "A mistake."})).await.ok();
}

async fn what_is_listed(
    operator: &Client,
    member: &Member,
    inviter: &Member,
    campaign: &str,
    prize: &str,
    position: i64,
) {
    let listed = async |caller: &Client, path: &str, name: &str| {
        let answer = caller.get_at(path, position).await;
        answer.ok();
        assert!(!answer.list(&format!("/{name}")).is_empty(), "{path} shows something: {answer}");
        answer
    };
    listed(operator, "/events", "events").await;
    operator.get_at(&format!("/events/{campaign}"), position).await.ok();
    for path in ["/rewards".to_owned(), format!("/rewards/event/{campaign}"), format!("/events/{campaign}/rewards")] {
        listed(operator, &path, "rewards").await;
    }
    operator.get_at(&format!("/rewards/{prize}"), position).await.ok();
    operator.get_at("/reward-requests/queue", position).await.ok();
    let own = listed(&member.client, "/claims/me", "claims").await;
    for path in ["/claims", "/claims/filter", "/reward-requests", &format!("/claims/user/{}", member.id)] {
        listed(operator, path, "claims").await;
    }
    for claim in own.list("/claims") {
        let path = format!("/claims/{}", claim["id"].as_str().unwrap());
        member.client.get_at(&path, position).await.ok();
        operator.get_at(&path.replace("/claims/", "/reward-requests/"), position).await.ok();
        member.client.get_at(&format!("{path}/explanation"), position).await.ok();
    }
    listed(&inviter.client, "/referrals/me", "referrals").await;
    listed(operator, "/referrals", "referrals").await;
    member.client.get_at("/streaks/me", position).await.ok();
    operator.get_at(&format!("/members/{}/facts", member.id), position).await.ok();
    member.client.get_at("/streaks/me/days", position).await.ok();
    operator.get_at(&format!("/streaks/user/{}/days", member.id), position).await.ok();
    operator.get_at(&format!("/streaks/user/{}?kind=visit", member.id), position).await.ok();
    operator.post(&format!("/referrals/{}/void", member.id), &json!({"note": "the same person"})).await.ok();
    for path in ["", "/event-analytics", "/reward-analytics", "/user-analytics", "/log-analytics", "/daily"] {
        operator.get_at(&format!("/dashboard{path}"), position).await.ok();
    }
    for path in ["/liability", "/value-analytics"] {
        operator.get_at(&format!("/dashboard{path}"), position).await.ok();
    }
    for path in ["", "/lots", "/statement"] {
        member.client.get_at(&format!("/wallets/me{path}"), position).await.ok();
        operator.get_at(&format!("/wallets/{}{path}", member.id), position).await.ok();
    }
    operator.get_at(&format!("/dashboard/reward-analytics/{prize}"), position).await.ok();
    operator.get_at(&format!("/dashboard/event-analytics/{campaign}"), position).await.ok();
    listed(operator, "/dashboard/running-events", "events").await;
    operator.get_at("/dashboard/attention", position).await.ok();
}

async fn the_end_of_an_event(operator: &Client, campaign: &str) {
    operator.post(&format!("/events/{campaign}/end"), &json!({})).await.ok();
}

async fn operations(admin: &Client) {
    admin.get("/operations").await.ok();
    let path = "/operations/projections/claim_history";
    admin.post(&format!("{path}/retry"), &json!({"note": "to be sure"})).await.ok();
    admin.post(&format!("{path}/skip"), &json!({"position": 1_000_000, "note": "to be sure"})).await.ok();
    admin.post("/operations/dead-letters/retry", &json!({"all": true, "note": "to be sure"})).await.ok();
}

async fn an_audit(auditor: &Client, claim: &str, member: &Member) {
    auditor.get("/audit/log?limit=1000").await.ok();
    for stream in [format!("claim/{claim}"), format!("member/{}", member.id)] {
        auditor.get(&format!("/audit/streams/{stream}")).await.ok();
    }
    auditor.get(&format!("/audit/members/{}/facts", member.id)).await.ok();
    auditor.get(&format!("/audit/claims/{claim}/re-evaluation")).await.ok();
    auditor.get("/audit/checkpoints").await.ok();
    auditor.post("/audit/re-evaluations", &json!({})).await.ok();
    auditor.post("/audit/verification", &json!({})).await.expect(202);
    for _ in 0..1_200 {
        let answer = auditor.get("/audit/verification").await;
        if answer.ok()["finishedAt"].is_string() {
            assert!(!answer.list("/checks").is_empty(), "{answer}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the verification does not end");
}
