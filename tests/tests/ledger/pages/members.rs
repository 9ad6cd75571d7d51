//! Members: found by id and by e-mail, what they did, and the block.

use serde_json::json;
use tests::support::{
    Browser, Stage,
    programme::{daily_until_yesterday, reward},
};

use crate::claims::campaign;

#[tokio::test]
async fn operators_find_a_member_by_either_name_and_auditors_by_id() {
    let stage = Stage::shared().await;
    let member = stage.nobody().sign_up().await;
    let operator = Browser::of(&stage.service).demo("operator").await;
    let page = format!("/ui/members/{}", member.id);
    operator.get(&format!("/ui/members?q={}", member.id)).await.leads_to(&page);
    operator.get(&format!("/ui/members?q={}", member.email.replace('@', "%40"))).await.leads_to(&page);
    operator.get("/ui/members?q=nobody%40example.com").await.ok().says_all(&["No member was found", "aria-invalid"]);
    operator.get("/ui/members").await.ok().says_all(&["Newest", &member.email]);
    let auditor = Browser::of(&stage.service).demo("auditor").await;
    auditor.get(&format!("/ui/members?q={}", member.id)).await.leads_to(&page);
    let list = auditor.get("/ui/members").await;
    assert!(!list.ok().says(&member.email), "e-mails are for operators: {}", list.html);
    let found = auditor.get(&page).await;
    assert!(!found.ok().says(&member.email), "{}", found.html);
    assert!(!found.says("name=\"step\""), "auditors block nobody: {}", found.html);
    auditor.get(&format!("/ui/members/{}", tests::support::programme::id())).await.expect(404);
    Browser::of(&stage.service).demo("member").await.get(&page).await.expect(403);
}

#[tokio::test]
async fn a_member_shows_days_streak_and_claims_and_is_as_it_was_then() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let member = stage.newcomer().await;
    let mut then = 0;
    for fact in daily_until_yesterday(&member, "login", 3, domain::zone::Tz::UTC) {
        then = reporter.report_activity(&fact).await.position();
    }
    let event = campaign(&operator, json!({})).await;
    let prize = operator.create_reward(&reward(&event, None)).await;
    let granted = reporter.claim_for(&prize, &member).await.position();
    let browser = Browser::of(&stage.service).demo("auditor").await;
    let path = format!("/ui/members/{member}");
    let now = browser.get(&format!("{path}?min={granted}")).await;
    now.ok().says_all(&[
        "4 days with activity and 4 facts",
        "longest 3 days",
        "A hundred points",
        "<code>login</code>",
    ]);
    let before = browser.get(&format!("{path}?at={then}")).await;
    before.ok().says_all(&["4 days with activity", "Facts are as of that moment"]);
    assert!(!before.says("A hundred points"), "claims are of now: {}", before.html);
}

#[tokio::test]
async fn a_block_needs_a_reason_and_can_be_lifted() {
    let stage = Stage::shared().await;
    let member = stage.nobody().sign_up().await;
    let browser = Browser::of(&stage.service).demo("operator").await;
    let path = format!("/ui/members/{}", member.id);
    let page = browser.get(&path).await;
    let token = page.ok().field("token");
    let sent =
        async |step: &str, note: &str| browser.post(&path, &[("token", &token), ("step", step), ("note", note)]).await;
    sent("block", " ").await.expect(400).says_all(&["Say why", "id=\"note-e\""]);
    let blocked = sent("block", "shares the account").await.leads_to(&path).to_owned();
    browser.get(&blocked).await.ok().says_all(&["tag warn\">blocked", "Lift the block"]);
    let lifted = sent("unblock", "was a mistake").await.leads_to(&path).to_owned();
    assert!(!browser.get(&lifted).await.ok().says("tag warn\">blocked"));
}
