//! The pages of events: which there are, how one does, and the steps that an operator takes from its page.

use serde_json::json;
use tests::support::{
    Browser, Page, Stage,
    programme::{anybody, event, id, login_streak, reward, unique, with},
};

/// A field that holds an entity tag, as a browser reads it.
fn seen(page: &Page) -> String {
    page.field("seen").replace("&#34;", "\"").replace("&quot;", "\"")
}

async fn step(browser: &Browser, path: &str, page: &Page, key: &str) -> Page {
    let (token, seen) = (page.field("token"), seen(page));
    browser.post(path, &[("token", token.as_str()), ("key", key), ("seen", &seen)]).await
}

#[tokio::test]
async fn a_list_has_what_runs_and_is_filtered_by_status() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let name = format!("Listed <b>{}</b>", unique());
    let campaign = operator.create_event(&with(event(login_streak(7)), json!({"name": name}))).await;
    let ended = operator.post(&format!("/events/{campaign}/end"), &json!({})).await.position();
    let browser = Browser::of(&stage.service).demo("operator").await;
    let list = browser.get(&format!("/ui/events?min={ended}")).await;
    let shown = name.replace('<', "&#60;").replace('>', "&#62;");
    list.ok().says_all(&[&shown, &campaign, "7 days in a row with “login” · once", "/ui/events/new"]);
    assert!(!list.says(&name), "{}", list.html);
    browser.get(&format!("/ui/events?status=ended&min={ended}")).await.ok().says_all(&[&campaign]);
    assert!(!browser.get("/ui/events?status=active").await.ok().says(&campaign));
    browser.get("/ui/events?status=gone").await.expect(400);
    let auditor = Browser::of(&stage.service).demo("auditor").await.get("/ui/events").await;
    assert!(!auditor.ok().says("/ui/events/new"), "auditors make no events: {}", auditor.html);
    Browser::of(&stage.service).demo("member").await.get("/ui/events").await.expect(403);
}

#[tokio::test]
async fn an_event_tells_what_it_hands_out_and_who_was_faster() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let named = json!({"name": format!("Steps {}", unique())});
    let campaign = operator.create_event(&with(event(anybody()), named)).await;
    let prize = operator.create_reward(&reward(&campaign, Some(5))).await;
    let claimed = stage.reporter().await.claim_for(&prize, &stage.newcomer().await).await.position();
    let browser = Browser::of(&stage.service).demo("operator").await;
    let path = format!("/ui/events/{campaign}");
    let page = browser.get(&format!("{path}?min={claimed}")).await;
    page.ok().says_all(&[
        "Pause",
        "End the event",
        "class=\"st active\"",
        &format!("/ui/rewards/{prize}"),
        "once per member",
    ]);

    // the same form twice is one step; an older page is told who was faster
    let pause = format!("{path}/pause");
    let first = step(&browser, &pause, &page, "one").await;
    let paused = browser.get(first.leads_to(&path)).await;
    paused.ok().says_all(&["class=\"st paused\"", "Resume"]);
    step(&browser, &pause, &page, "one").await.leads_to(&path);
    let late = step(&browser, &format!("{path}/end"), &page, "two").await;
    late.expect(412).says_all(&["Somebody was faster", "is now: Paused", "412 changed_meanwhile"]);
    step(&browser, &pause, &paused, "three").await.expect(409).says_all(&["step_not_allowed"]);
    step(&browser, &format!("{path}/resume"), &paused, "four").await.leads_to(&path);

    let as_of = browser.get(&format!("{path}?at={claimed}")).await;
    as_of.ok().says_all(&["Numbers and the rule are as of that moment"]);
    assert!(!as_of.says("/pause\""), "nothing is done as of then: {}", as_of.html);
    let auditor = Browser::of(&stage.service).demo("auditor").await;
    let looked = auditor.get(&path).await;
    assert!(!looked.ok().says("/pause\"") && !looked.says("/edit"), "auditors look: {}", looked.html);
    step(&auditor, &pause, &looked_with(&page, &looked), "five").await.expect(403);
    Browser::of(&stage.service).demo("member").await.get(&path).await.expect(403);
    for nowhere in [id(), "nothing".to_owned()] {
        browser.get(&format!("/ui/events/{nowhere}")).await.expect(404);
    }
    let file = browser.get(&format!("{path}?fragment=stock.csv")).await;
    assert_eq!(file.ok().headers["content-type"], "text/csv; charset=utf-8");
}

/// The fields of one page with the token of another.
fn looked_with(page: &Page, token: &Page) -> Page {
    let (mine, theirs) = (page.field("token"), token.field("token"));
    Page { html: page.html.replace(&mine, &theirs), ..page.clone() }
}
