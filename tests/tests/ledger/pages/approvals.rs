//! The queue of claims that wait: decided one after the other, taken back, many at once, and who was faster.

use serde_json::json;
use tests::support::{
    Browser, Client, Page, Stage,
    programme::{activity, id, reward, unique, with},
};

use crate::claims::campaign;

/// Claims that wait in an event of their own, the first asked for first: the event, their ids, and where the last stands.
async fn waiting(stage: &Stage, count: usize) -> (String, Vec<String>, i64) {
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let event = campaign(&operator, json!({"approval": "manual", "name": format!("Queue {}", unique())})).await;
    let prize = operator.create_reward(&reward(&event, Some(50))).await;
    let (mut ids, mut position) = (vec![], 0);
    for _ in 0..count {
        let asked = reporter.claim_for(&prize, &stage.newcomer().await).await;
        ids.push(asked.expect(202)["claim"]["id"].as_str().unwrap().to_owned());
        position = asked.position();
    }
    (event, ids, position)
}

fn unescaped(text: &str) -> String {
    text.replace("&#34;", "\"").replace("&quot;", "\"").replace("&#38;", "&").replace("&amp;", "&")
}

/// The fields that a page gave out for its selected claim.
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn of(page: &Page, status: &str, note: &str) -> Fields {
        // the first fields are those of the queue; those of the card follow it
        let card = page.html.split("<aside class=\"card\"").nth(1).unwrap_or(&page.html);
        let of = Page { html: card.to_owned(), ..page.clone() };
        let field = |name: &'static str| (name, unescaped(&of.field(name)));
        let mut fields: Vec<_> = ["token", "key", "seen"].into_iter().map(field).collect();
        if card.contains("name=\"next\"") {
            fields.push(field("next"));
        }
        fields.extend([("status", status.to_owned()), ("note", note.to_owned())]);
        Fields(fields)
    }

    async fn sent(&self, browser: &Browser, path: &str) -> Page {
        let fields: Vec<_> = self.0.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post(path, &fields).await
    }
}

async fn status_of(operator: &Client, claim: &str, position: i64) -> String {
    operator.get_at(&format!("/claims/{claim}"), position).await.ok()["claim"]["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn after_a_decision_the_next_claim_is_there_and_the_last_can_be_taken_back() {
    let stage = Stage::shared().await;
    let (event, ids, position) = waiting(stage, 3).await;
    let browser = Browser::of(&stage.service).demo("operator").await;
    let page = browser.get(&format!("/ui/approvals?event={event}&min={position}")).await;
    page.ok().says_all(&[
        "3 claims waiting",
        "grants 100 points",
        "data-key=\"a\"",
        "data-key=\"r\"",
        "data-key=\"n\"",
    ]);
    for id in &ids {
        assert!(page.says(&format!("value=\"{id}\"")), "{id}");
    }
    let path = |id: &str| format!("/ui/approvals/{id}?event={event}");
    let without_note = Fields::of(&page, "REJECTED", "").sent(&browser, &path(&ids[0])).await;
    without_note.expect(400).says_all(&["aria-invalid=\"true\"", "Say why", "href=\"#note\""]);

    let fields = Fields::of(&page, "APPROVED", "looks right");
    let next = fields.sent(&browser, &path(&ids[0])).await.leads_to(&format!("/ui/approvals/{}?", ids[1])).to_owned();
    assert_eq!(fields.sent(&browser, &path(&ids[0])).await.leads_to("/ui/approvals/"), next, "sent twice, done once");
    let page = browser.get(&next).await;
    page.ok().says_all(&["Approved, 2 waiting", "Take it back", "2 claims waiting"]);
    let taken = page.html.split("Approved, 2 waiting").nth(1).unwrap().to_owned();
    let of = Page { html: taken, ..page.clone() };
    let (token, key, seen, after) =
        (of.field("token"), of.field("key"), unescaped(&of.field("seen")), of.field("next"));
    let back = [("token", &*token), ("key", &key), ("seen", &seen), ("next", &after), ("status", "REVERSED")];
    let next = browser.post(&path(&ids[0]), &back).await.leads_to(&format!("/ui/approvals/{}?", ids[1])).to_owned();
    browser.get(&next).await.ok().says_all(&["Taken back, 2 waiting"]);
    let min: i64 = next.split("min=").nth(1).unwrap().parse().unwrap();
    assert_eq!(status_of(&stage.operator().await, &ids[0], min).await, "reversed");

    let page = browser.get(&path(&ids[1])).await;
    let rejected = Fields::of(&page, "REJECTED", "not hers").sent(&browser, &path(&ids[1])).await;
    let page = browser.get(rejected.leads_to(&format!("/ui/approvals/{}?", ids[2]))).await;
    page.ok().says_all(&["Rejected, 1 waiting"]);
    assert!(!page.says("Take it back"), "a rejection is final");
}

#[tokio::test]
async fn of_two_operators_one_is_told_that_the_other_was_faster() {
    let stage = Stage::shared().await;
    let (event, ids, position) = waiting(stage, 2).await;
    let path = format!("/ui/approvals/{}?event={event}", ids[0]);
    let (one, two) =
        (Browser::of(&stage.service).demo("operator").await, Browser::of(&stage.service).demo("admin").await);
    let reading = format!("{path}&min={position}");
    let (first, second) = (one.get(&reading).await, two.get(&reading).await);
    Fields::of(&first, "REJECTED", "seen before").sent(&one, &path).await.leads_to("/ui/approvals/");
    let late = Fields::of(&second, "APPROVED", "").sent(&two, &path).await;
    late.expect(412).says_all(&["Rejected by ", "Your decision was not taken.", "/ui/claims/", "no longer waiting"]);
}

#[tokio::test]
async fn many_are_looked_at_first_and_then_each_says_what_became_of_it() {
    let stage = Stage::shared().await;
    let (event, ids, position) = waiting(stage, 3).await;
    let operator = stage.operator().await;
    let browser = Browser::of(&stage.service).demo("operator").await;
    let page = browser.get(&format!("/ui/approvals?event={event}&min={position}")).await;
    let token = page.ok().field("token");
    let mut fields = vec![("token", token.as_str()), ("status", "APPROVED")];
    fields.extend(ids.iter().map(|id| ("ids", id.as_str())));
    let nobody = browser.post("/ui/approvals/selected", &[("token", &token), ("status", "APPROVED")]).await;
    nobody.leads_to("/ui/approvals");
    let confirm = browser.post("/ui/approvals/selected", &fields).await;
    confirm.ok().says_all(&["Approve 3 claims?", "3 of these; 47 left of 50", "none of them", "grants 3 rewards"]);

    let faster = operator.patch(&format!("/reward-requests/{}", ids[1]), &json!({"status": "REJECTED"})).await;
    faster.ok();
    let key = confirm.field("key");
    fields.push(("key", &key));
    let done = browser.post("/ui/approvals/batch", &fields).await;
    done.ok().says_all(&["2 of 3 approved", "Somebody was faster", "step_not_allowed"]);
    let again = browser.post("/ui/approvals/batch", &fields).await;
    again.ok().says_all(&["2 of 3 approved"]);
    assert_eq!(status_of(&operator, &ids[0], faster.position()).await, "granted");
    assert_eq!(status_of(&operator, &ids[1], faster.position()).await, "rejected");
}

#[tokio::test]
async fn what_is_late_is_flagged_and_the_own_claim_is_not_offered() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let condition = json!({"count": {"kind": "review", "count": 2}});
    let event = campaign(&operator, json!({"approval": "manual", "condition": condition})).await;
    let prize = operator.create_reward(&reward(&event, None)).await;
    let member = stage.newcomer().await;
    let late = with(activity(&member, "review"), json!({"id": id(), "occurredAt": "2026-01-01T12:00:00Z"}));
    for fact in [late, activity(&member, "review")] {
        reporter.report_activity(&fact).await.created();
    }
    let asked = reporter.claim_for(&prize, &member).await;
    let claim = asked.expect(202)["claim"]["id"].as_str().unwrap().to_owned();
    let browser = Browser::of(&stage.service).demo("operator").await;
    let page = browser.get(&format!("/ui/approvals/{claim}?event={event}&min={}", asked.position())).await;
    page.ok().says_all(&["1 fact came late", "1 counted fact came late.", "<b>2</b> / 2 review", "2 “review”"]);

    let easy = campaign(&stage.service.demo("admin").await, json!({"approval": "manual"})).await;
    let prize = stage.service.demo("admin").await.create_reward(&reward(&easy, None)).await;
    let own = operator.claim(&prize).await;
    let claim = own.expect(202)["claim"]["id"].as_str().unwrap().to_owned();
    let page = browser.get(&format!("/ui/approvals?event={easy}&min={}", own.position())).await;
    page.ok().says_all(&["1 claim is your own"]);
    assert!(!page.says(&claim), "{}", page.html);
    let page = browser.get(&format!("/ui/approvals/{claim}?event={easy}")).await;
    page.ok().says_all(&["This is your own claim"]);
    assert!(!page.says("value=\"APPROVED\" data-key"), "{}", page.html);
    Browser::of(&stage.service).demo("auditor").await.get("/ui/approvals").await.expect(403);
    let then = browser.get(&format!("/ui/approvals?at={}", own.position())).await;
    then.ok().says_all(&["cannot be listed for an earlier moment"]);
}
