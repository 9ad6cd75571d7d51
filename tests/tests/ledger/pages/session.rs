//! How long somebody is signed in to the pages: as long as the log-in stands and the account may.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::support::{Browser, Stage, client::PASSWORD, programme::unique};

/// Waits until a page leads to the sign-in; it must within a second.
async fn is_out(browser: &Browser, why: &str) {
    let since = Instant::now();
    while browser.get("/ui/settings").await.status == 200 {
        assert!(since.elapsed() < Duration::from_secs(1), "still signed in after {why}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    browser.get("/ui/settings").await.leads_to("/ui/sign-in?next=%2Fui%2Fsettings");
}

#[tokio::test]
async fn a_session_of_pages_ends_as_tokens_do_and_with_a_block() {
    let stage = Stage::shared().await;
    let (operator, admin) = (stage.operator().await, stage.service.demo("admin").await);
    for why in ["log-out", "password change", "block", "role change", "erasure"] {
        let member = stage.nobody().sign_up().await;
        let browser = Browser::of(&stage.service).signed_in(&member.email).await;
        let elsewhere = Browser::of(&stage.service).signed_in(&member.email).await;
        let page = browser.get("/ui/settings").await;
        let user = format!("/auth/users/{}", member.id);
        match why {
            "log-out" => {
                let fields = [("token", page.ok().field("token"))];
                let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
                browser.post("/ui/sign-out", &fields).await.leads_to("/ui/sign-in");
            }
            "password change" => {
                let change = json!({"currentPassword": PASSWORD, "newPassword": "another horse battery"});
                member.client.patch("/auth/password", &change).await.expect(204);
            }
            "block" => {
                operator.post(&format!("{user}/block"), &json!({"note": "why"})).await.ok();
            }
            "role change" => {
                admin.patch(&format!("{user}/role"), &json!({"role": "OPERATOR"})).await.ok();
            }
            _ => {
                member.client.delete("/auth/me", &json!({"password": PASSWORD})).await.expect(204);
            }
        }
        is_out(&browser, why).await;
        if why == "log-out" {
            elsewhere.get("/ui/settings").await.ok();
        } else {
            is_out(&elsewhere, why).await;
        }
    }
}

#[tokio::test]
async fn whoever_is_blocked_signs_in_again_at_once_and_tokens_of_the_api_stand() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let member = stage.nobody().sign_up().await;
    for _ in 0..2 {
        let browser = Browser::of(&stage.service).signed_in(&member.email).await;
        browser.get("/ui/settings").await.ok();
        let user = format!("/auth/users/{}", member.id);
        operator.post(&format!("{user}/block"), &json!({"note": "why"})).await.ok();
        is_out(&browser, "a block").await;
        let again = browser.signed_in(&member.email).await;
        again.get("/ui/settings").await.ok();
        operator.post(&format!("{user}/unblock"), &json!({"note": "why"})).await.ok();
        again.get("/ui/settings").await.ok();
        member.client.get("/auth/me").await.ok();
    }
}

#[tokio::test]
async fn a_form_counts_only_from_a_page_of_ours_with_its_token() {
    let stage = Stage::shared().await;
    let (mina, noah) = (stage.nobody().sign_up().await, stage.nobody().sign_up().await);
    let browser = Browser::of(&stage.service).signed_in(&mina.email).await;
    let other = Browser::of(&stage.service).signed_in(&noah.email).await;
    let token = browser.get("/ui/settings").await.field("token");
    let foreign = other.get("/ui/settings").await.field("token");
    browser.post("/ui/sign-out", &[]).await.expect(403);
    browser.post("/ui/sign-out", &[("token", &foreign)]).await.expect(403);
    browser.post_from("https://evil.example", "/ui/sign-out", &[("token", &token)]).await.expect(403);
    browser.get("/ui/settings").await.ok();
    browser.post("/ui/sign-out", &[("token", &token)]).await.leads_to("/ui/sign-in");
}

#[tokio::test]
async fn what_is_sent_after_the_session_has_ended_is_not_lost_and_not_done_twice() {
    let stage = Stage::shared().await;
    let member = stage.nobody().sign_up().await;
    let browser = Browser::of(&stage.service).signed_in(&member.email).await;
    let page = browser.get("/ui/me/profile").await;
    let fields = [("token", page.ok().field("token")), ("nickname", format!("n{}", unique())), ("bio", "<b>".into())];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post("/ui/sign-out", &fields[..1]).await.leads_to("/ui/sign-in");

    let asked = browser.post("/ui/me/profile", &fields).await;
    asked.expect(401).says_all(&["Sign in, and you can send it again.", "value=\"&#60;b&#62;\""]);
    let user = member.client.login(&member.email, PASSWORD).await.get("/auth/me").await.ok()["user"].clone();
    assert_eq!(user["nickname"], serde_json::Value::Null, "nothing is done before");

    let carried = ["unsent-to", "unsent-from", "unsent.nickname", "unsent.bio"].map(|name| (name, asked.field(name)));
    let sign_in = async |password: &str| {
        let account = [("email", member.email.as_str()), ("password", password)];
        let carried = carried.iter().map(|(name, value)| (*name, value.as_str()));
        browser.post("/ui/sign-in", &account.into_iter().chain(carried).collect::<Vec<_>>()).await
    };
    let refused = sign_in("not the password").await;
    assert_eq!(refused.expect(401).field("unsent.nickname"), fields[1].1, "it is still there");
    let page = sign_in(PASSWORD).await;
    page.ok().says_all(&["Send it again?", "Nothing has changed yet.", &member.email, "action=\"/ui/me/profile\""]);
    let again = [("token", page.field("token")), ("nickname", page.field("nickname"))];
    let again: Vec<_> = again.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post("/ui/me/profile", &again).await.leads_to("/ui/me/profile?saved=yes");

    let page = browser.get("/ui/settings").await;
    browser.post("/ui/sign-out", &[("token", &page.field("token"))]).await.leads_to("/ui/sign-in");
    let password = [("currentPassword", "secret"), ("newPassword", "another secret")];
    let page = browser.post("/ui/settings/password", &password).await;
    page.leads_to("/ui/sign-in");
    assert!(!page.says("secret"), "no page carries a password");
}
