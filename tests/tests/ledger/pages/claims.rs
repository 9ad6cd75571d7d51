//! The page of a claim: the rule as it was with what was seen, the proof for auditors, and the steps of operators.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tests::support::{
    Browser, Page, Stage,
    programme::{daily_until_yesterday, login_streak, reward, with},
};

use crate::claims::campaign;

/// What the page itself says, without the shell around it.
fn inside(page: &Page) -> &str {
    page.ok().html.split("<div class=\"wrap\">").nth(1).expect("a page")
}

/// The value of an attribute.
fn attribute<'a>(page: &'a Page, name: &str) -> &'a str {
    page.html.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).expect("an attribute")
}

/// A field with a tag in it, as a browser reads it.
fn seen(page: &Page) -> String {
    page.field("seen").replace("&#34;", "\"").replace("&quot;", "\"")
}

#[tokio::test]
async fn a_claim_shows_what_was_asked_and_seen_and_its_proof_to_auditors_alone() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let member = stage.newcomer().await;
    for fact in daily_until_yesterday(&member, "login", 5, domain::zone::Tz::UTC) {
        reporter.report_activity(&fact).await.created();
    }
    let condition = json!({"all": [login_streak(7), {"not": {"count": {"kind": "refund", "count": 1}}}]});
    let event = campaign(&operator, json!({"condition": condition})).await;
    let prize = operator.create_reward(&with(reward(&event, None), json!({"name": "<script>alert(1)</script>"}))).await;
    let asked = reporter.claim_for(&prize, &member).await;
    asked.problem(422, "condition_unmet");
    let path = format!("/ui/claims/{}?min={}", asked.text("/claimId"), asked.position());

    let page = Browser::of(&stage.service).demo("operator").await.get(&path).await;
    page.ok().says_all(&["The condition was not met", "<b>7 days in a row</b>", "<b>5</b> of 7", "must not be met"]);
    page.says_all(&["5 of 7 days", "Refused: The condition is not met.", "&#60;script&#62;alert(1)&#60;/script&#62;"]);
    for absent in ["<script>alert", "data-hash-bytes", "/ui/log/", "h-again"] {
        assert!(!page.says(absent), "{absent}: {}", page.html);
    }
    let auditor = Browser::of(&stage.service).demo("auditor").await;
    let page = auditor.get(&path).await;
    page.ok().says_all(&["Re-evaluated: the same then and now", "is the previous hash of", "claim.denied"]);
    assert!(!page.says("name=\"status\""), "auditors change nothing: {}", page.html);
    let bytes = hex::decode(attribute(&page, "data-hash-bytes")).unwrap();
    let hash = hex::encode(Sha256::digest(bytes));
    assert_eq!(hash, attribute(&page, "data-hash-expected"));
    let slice = format!("/audit/log?after={}&limit=1", asked.position() - 1);
    assert_eq!(stage.auditor().await.get(&slice).await.ok()["events"][0]["hash"], hash);

    let korean = Browser::of(&stage.service).korean().demo("auditor").await.get(&path).await;
    korean.ok().says_all(&["조건을 충족하지 못했습니다", "당시와 현재의 결과가 같음"]);
    Browser::of(&stage.service).demo("member").await.get(&path).await.expect(403);
    auditor.get("/ui/claims/nothing").await.expect(404);
    auditor.get(&format!("/ui/claims/{event}")).await.expect(404);
}

#[tokio::test]
async fn an_operator_hands_out_once_and_whoever_comes_late_sees_who_was_faster() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let event = campaign(&operator, json!({})).await;
    let prize = operator.create_reward(&reward(&event, Some(3))).await;
    let granted = reporter.claim_for(&prize, &stage.newcomer().await).await;
    let path = format!("/ui/claims/{}", granted.expect(201)["claim"]["id"].as_str().unwrap());
    let (browser, late) =
        (Browser::of(&stage.service).demo("operator").await, Browser::of(&stage.service).demo("admin").await);
    let reading = format!("{path}?min={}", granted.position());
    let (page, old) = (browser.get(&reading).await, late.get(&reading).await);
    let then = browser.get(&format!("{path}?at={}", granted.position())).await;

    let (token, key, tag) = (page.field("token"), page.field("key"), seen(&page));
    let fields = [("token", &*token), ("key", &key), ("seen", &tag), ("status", "FULFILLED"), ("note", "at the desk")];
    let first = browser.post(&path, &fields).await.leads_to(&path).to_owned();
    let again = browser.post(&path, &fields).await.leads_to(&path).to_owned();
    assert_eq!(first, again, "sent twice, it is done once");
    browser.get(&first).await.ok().says_all(&["Handed out", "<q><bdi>at the desk</bdi></q>"]);

    let (token, key, tag) = (old.field("token"), old.field("key"), seen(&old));
    let fields = [("token", &*token), ("key", &key), ("seen", &tag), ("status", "REVERSED"), ("note", "mine")];
    let refused = late.post(&path, &fields).await;
    refused.expect(412).says_all(&["Handed out by ", "Your decision was not taken.", "412 changed_meanwhile"]);
    assert!(!late.get(&first).await.says("Taken back</"), "nothing was done");
    let auditor = Browser::of(&stage.service).demo("auditor").await;
    let token = auditor.get("/ui").await.field("token");
    auditor.post(&path, &[("token", &token), ("key", "k"), ("status", "REVERSED")]).await.expect(403);

    let after = browser.get(&format!("{path}?at={}", granted.position())).await;
    assert_eq!(inside(&then), inside(&after), "as of then it stays as it was");
    assert!(!after.says("name=\"seen\""), "nothing can be done then");
}

#[tokio::test]
async fn the_list_is_filtered_and_says_what_no_filter_can_mean() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let event = campaign(&operator, json!({})).await;
    let prize = operator.create_reward(&reward(&event, None)).await;
    let member = stage.newcomer().await;
    let granted = reporter.claim_for(&prize, &member).await;
    let id = granted.expect(201)["claim"]["id"].as_str().unwrap().to_owned();
    let auditor = Browser::of(&stage.service).demo("auditor").await;
    let min = granted.position();
    let list = auditor.get(&format!("/ui/claims?member={member}&event={event}&status=granted&min={min}")).await;
    list.ok().says_all(&[&format!("/ui/claims/{id}"), "A hundred points", "/ui/claims.csv?"]);
    let none = auditor.get(&format!("/ui/claims?member={member}&status=denied&min={min}")).await;
    none.ok().says_all(&["No claim fits"]);
    let wrong = auditor.get("/ui/claims?member=somebody&from=yesterday").await;
    wrong.ok().says_all(&["value=\"somebody\"", "id=\"member-e\"", "id=\"from-e\"", "aria-invalid=\"true\""]);
    let backwards = auditor.get("/ui/claims?from=2026-11-21&to=2026-11-01").await;
    backwards.ok().says_all(&["id=\"to-e\""]);
    let file = auditor.get(&format!("/ui/claims.csv?member={member}&min={min}")).await;
    let lines: Vec<_> = file.ok().html.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].starts_with(&format!("\"{id}\",\"granted\",\"\",\"{member}\"")), "{lines:?}");
    auditor.get(&format!("/ui/claims?at={min}")).await.ok().says_all(&["The list exists only for now and is left out"]);
}
