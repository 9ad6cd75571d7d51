//! How the pages are read in a browser, and another password.

use tests::support::{Browser, Stage, client::PASSWORD};

#[tokio::test]
async fn how_one_reads_is_remembered_by_the_browser_for_every_role() {
    let stage = Stage::shared().await;
    for (name, tabs) in [("member", true), ("operator", false), ("auditor", false), ("admin", false)] {
        let browser = Browser::of(&stage.service).demo(name).await;
        let page = browser.get("/ui/settings").await;
        page.ok().says_all(&["lang=\"en\"", "data-theme=\"system\""]);
        assert_eq!((page.says("class=\"tabs\""), page.says("class=\"side\"")), (tabs, !tabs), "{name}");
        let token = page.field("token");
        let fields = [("token", token.as_str()), ("language", "ko"), ("theme", "dark"), ("zone", "Asia/Seoul")];
        browser.post("/ui/settings", &fields).await.leads_to("/ui/settings?saved=yes");
        let page = browser.get("/ui/settings").await;
        let chosen =
            ["lang=\"ko\"", "data-theme=\"dark\"", "data-keys=\"off\"", "<option selected>Asia/Seoul</option>"];
        page.ok().says_all(&chosen);
        let wrong =
            [("token", token.as_str()), ("language", "xx"), ("theme", "pink"), ("zone", "Mars"), ("keys", "on")];
        browser.post("/ui/settings", &wrong).await.leads_to("/ui/settings?saved=yes");
        let page = browser.get("/ui/settings").await;
        page.ok().says_all(&["lang=\"en\"", "data-theme=\"dark\"", "<option selected>Asia/Seoul</option>"]);
        assert!(!page.says("data-keys"));
    }
}

#[tokio::test]
async fn another_password_ends_the_session_and_lets_in_again() {
    let stage = Stage::shared().await;
    let mina = stage.nobody().sign_up().await;
    let browser = Browser::of(&stage.service).signed_in(&mina.email).await;
    let token = browser.get("/ui/settings").await.field("token");
    let send = async |now: &str, new: &str| {
        let fields = [("token", token.as_str()), ("currentPassword", now), ("newPassword", new)];
        browser.post("/ui/settings/password", &fields).await
    };
    let refused = send("wrong password", "another horse battery").await;
    refused.expect(401).says_all(&["href=\"#currentPassword\"", "The current password is wrong."]);
    send(PASSWORD, "short").await.expect(400).says_all(&["href=\"#newPassword\""]);
    send(PASSWORD, "another horse battery").await.leads_to("/ui/sign-in?done=password");
    browser.get("/ui/sign-in?done=password").await.ok().says_all(&["Your password has changed."]);
    browser.get("/ui/settings").await.leads_to("/ui/sign-in");
    browser.sign_in(&mina.email, PASSWORD).await.expect(401);
    browser.sign_in(&mina.email, "another horse battery").await.leads_to("/ui");
}
