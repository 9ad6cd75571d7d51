//! The pages of rewards: what is left, a reward more, and a change of stock.

use serde_json::json;
use tests::support::{
    Browser, Stage,
    programme::{anybody, event, reward, unique, with},
};

#[tokio::test]
async fn a_reward_is_added_by_a_form_that_keeps_what_was_typed() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let campaign = operator.create_event(&with(event(anybody()), json!({"name": format!("Adds {}", unique())}))).await;
    let browser = Browser::of(&stage.service).demo("operator").await;
    let page = browser.get(&format!("/ui/rewards?eventId={campaign}")).await;
    page.ok().says_all(&[&format!("<option value=\"{campaign}\" selected>"), "id=\"add\" open"]);
    let (token, key) = (page.field("token"), page.field("key"));
    let fields = |quantity| {
        let fixed = [("token", token.as_str()), ("key", key.as_str()), ("eventId", campaign.as_str())];
        [fixed.as_slice(), &[("name", "Tea & <i>cake</i>"), ("type", "COUPON"), ("quantity", quantity)]].concat()
    };
    let wrong = browser.post("/ui/rewards", &fields("many")).await;
    wrong.expect(400).says_all(&[
        "href=\"#add-quantity\"",
        "value=\"many\"",
        "value=\"Tea &#38; &#60;i&#62;cake&#60;/i&#62;\"",
    ]);
    let added = browser.post("/ui/rewards", &fields("3")).await;
    let reward = browser.get(added.leads_to("/ui/rewards/")).await;
    reward.ok().says_all(&["3 of 3 left", "Tea &#38; &#60;i&#62;cake", "Coupon × 1"]);
    browser.post("/ui/rewards", &fields("3")).await.leads_to("/ui/rewards/");
    let rewards = operator.get(&format!("/events/{campaign}/rewards")).await;
    assert_eq!(rewards.ok()["rewards"].as_array().unwrap().len(), 1, "sent twice, added once: {rewards}");
    let list = Browser::of(&stage.service).demo("auditor").await.get("/ui/rewards").await;
    assert!(!list.ok().says("id=\"add\""), "auditors add nothing: {}", list.html);
}

#[tokio::test]
async fn stock_changes_only_by_what_was_seen_and_never_below_what_is_granted() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let campaign = operator.create_event(&with(event(anybody()), json!({"name": format!("Stock {}", unique())}))).await;
    let prize = operator.create_reward(&reward(&campaign, Some(2))).await;
    let claimed = stage.reporter().await.claim_for(&prize, &stage.newcomer().await).await.position();
    let browser = Browser::of(&stage.service).demo("operator").await;
    let path = format!("/ui/rewards/{prize}");
    let page = browser.get(&format!("{path}?min={claimed}")).await;
    page.ok().says_all(&["1 of 2 left"]);
    let seen = page.field("seen").replace("&#34;", "\"");
    let (token, key) = (page.field("token"), page.field("key"));
    let change = |key: &str, delta: &str| {
        let (browser, path, token, seen) = (browser.clone(), path.clone(), token.clone(), seen.clone());
        let (key, delta) = (key.to_owned(), delta.to_owned());
        async move { browser.post(&path, &[("token", &token), ("key", &key), ("seen", &seen), ("delta", &delta)]).await }
    };
    change(&key, "lots").await.expect(400).says_all(&["value=\"lots\"", "aria-invalid"]);
    change("less", "-2").await.expect(409).says_all(&["below_committed"]);
    let more = browser.get(change("more", "+10").await.leads_to(&path)).await;
    more.ok().says_all(&["11 of 12 left"]);
    change("late", "1").await.expect(412).says_all(&["Somebody was faster"]);
    let then = browser.get(&format!("{path}?at={claimed}")).await;
    then.ok().says_all(&["1 of 2 left", "As of then"]);
    assert!(!then.says("name=\"delta\""), "{}", then.html);
    Browser::of(&stage.service).demo("member").await.get(&path).await.expect(403);
}
