//! What the pages tell of prices and credits: the form of a reward, the member's offers and claims, the pages of staff.

use serde_json::json;
use tests::support::{
    Browser, Stage,
    programme::{anybody, event, unique, with},
};

#[tokio::test]
async fn the_form_of_a_reward_has_its_price_and_how_long_its_points_are_good() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let campaign = operator.create_event(&with(event(anybody()), json!({"name": format!("Value {}", unique())}))).await;
    let browser = Browser::of(&stage.service).demo("operator").await;
    let page = browser.get(&format!("/ui/rewards?eventId={campaign}")).await;
    page.ok().says_all(&["name=\"price.amount\"", "name=\"expiry.days\"", "Price of a claim", "as set for the unit"]);
    let (token, key) = (page.field("token"), page.field("key"));
    let fixed = [("token", token.as_str()), ("key", key.as_str()), ("eventId", campaign.as_str()), ("name", "Points")];
    let wrong = [
        fixed.as_slice(),
        &[("type", "POINT"), ("price.amount", "none"), ("price.unit", "of.nobody"), ("expiry", "month")],
        &[("expiry.days", "0"), ("cost.amount", "1"), ("cost.currency", "krw")],
    ];
    let wrong = browser.post("/ui/rewards", &wrong.concat()).await;
    wrong.expect(400).says_all(&[
        "href=\"#add-price.amount\"",
        "id=\"wrong-price.amount\"",
        "value=\"none\"",
        "value=\"of.nobody\"",
        "href=\"#add-expiry.days\"",
        "<option value=\"month\" selected>",
        "href=\"#add-cost.currency\"",
        "value=\"krw\"",
    ]);
    let right = [
        fixed.as_slice(),
        &[("type", "POINT"), ("amount", "500"), ("expiry", "month"), ("expiry.days", "30")],
        &[("availableAfterDays", "7"), ("cost.amount", "450"), ("cost.currency", "KRW"), ("price.amount", "")],
    ];
    let added = browser.post("/ui/rewards", &right.concat()).await;
    let reward = browser.get(added.leads_to("/ui/rewards/")).await;
    reward.ok().says_all(&[
        "Points × 500",
        "The points expire at the end of the month, at the earliest 30 days after their first day.",
        "can be used after 7 days",
        "A grant costs the programme 450 KRW",
    ]);
    let made = operator.get(&format!("/events/{campaign}/rewards")).await;
    let body = &made.ok()["rewards"][0];
    let cost = json!({"currency": "KRW", "amount": 450});
    assert_eq!((&body["expiry"], &body["cost"]), (&json!({"days": 30, "endOf": "month"}), &cost));

    let priced = [("token", token.as_str()), ("key", "another"), ("eventId", campaign.as_str()), ("name", "Mug")];
    let priced = [priced.as_slice(), &[("type", "ITEM"), ("price.amount", "40")]].concat();
    let added = browser.post("/ui/rewards", &priced).await;
    browser.get(added.leads_to("/ui/rewards/")).await.ok().says_all(&["A claim costs 40 points."]);
}

#[tokio::test]
async fn a_member_sees_what_a_reward_costs_what_is_missing_and_what_was_paid() {
    let stage = Stage::own().await;
    let operator = stage.operator().await;
    let points = operator.create_event(&event(anybody())).await;
    let points = operator.create_reward(&json!({"eventId": points, "name": "Points", "amount": 60})).await;
    let shop = operator.create_event(&event(anybody())).await;
    let mug = json!({"eventId": shop, "name": "Mug", "type": "ITEM", "price": {"amount": 40}});
    let mug = operator.create_reward(&mug).await;
    let mina = stage.nobody().sign_up_with(json!({"timeZone": "Asia/Seoul"})).await;
    let browser = Browser::of(&stage.service).signed_in(&mina.email).await;
    let head = async || stage.log().await.head().await;

    let before = browser.get(&format!("/ui/me?min={}", head().await)).await;
    before.ok().says_all(&["Claim 60 points", "It costs 40 points, and you can use 0 points."]);
    assert!(!before.says("Claim Mug"), "{}", before.html);
    let denied =
        browser.post("/ui/me/claims", &[("token", &before.field("token")), ("key", "denied"), ("reward", &mug)]).await;
    let denied = browser.get(denied.leads_to("/ui/me/claims/")).await;
    denied.ok().says_all(&["It costs 40 points, and you can use 0 points."]);

    let granted = mina.client.claim(&points).await;
    granted.created();
    let after = browser.get(&format!("/ui/me?min={}", head().await)).await;
    after.ok().says_all(&["Claim Mug for 40 points"]);
    let token = after.field("token");
    let paid = browser.post("/ui/me/claims", &[("token", &token), ("key", "paid"), ("reward", &mug)]).await;
    let paid = paid.leads_to("/ui/me/claims/").to_owned();
    browser.get(&paid).await.ok().says_all(&["Mug: yours", "It was paid with 40 points."]);
    let credited = format!("/ui/me/claims/{}", granted.text("/claim/id"));
    browser.get(&credited).await.ok().says_all(&["60 points were credited: good from"]);
    let korean = Browser::of(&stage.service).korean().signed_in(&mina.email).await;
    korean.get(&paid).await.ok().says_all(&["40포인트 사용"]);

    let staff = Browser::of(&stage.service).demo("operator").await;
    let id = paid.trim_start_matches("/ui/me/claims/").split('?').next().unwrap();
    let claim = staff.get(&format!("/ui/claims/{id}?min={}", head().await)).await;
    claim.ok().says_all(&["What it cost and credited", "40 points were paid for it."]);
    let file = staff.get(&format!("/ui/claims.csv?member={}&min={}", mina.id, head().await)).await;
    let lines: Vec<_> = file.ok().html.lines().collect();
    assert!(lines[0].ends_with("paidUnit,paidAmount"), "{lines:?}");
    assert!(lines[1].contains(",\"points\",\"60\",") && lines[1].ends_with(",\"\",\"\",\"\""), "{lines:?}");
    assert!(lines[2].ends_with(",\"\",\"\",\"\",\"\",\"points\",\"40\""), "{lines:?}");
}

#[tokio::test]
async fn a_price_that_is_held_stands_beside_the_decision() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let member = stage.newcomer().await;
    let points = operator.create_event(&event(anybody())).await;
    let points = operator.create_reward(&json!({"eventId": points, "name": "Points", "amount": 60})).await;
    reporter.claim_for(&points, &member).await.created();
    let shop = operator.create_event(&with(event(anybody()), json!({"approval": "manual"}))).await;
    let mug = json!({"eventId": shop, "name": "Mug", "type": "ITEM", "price": {"amount": 40}});
    let mug = operator.create_reward(&mug).await;
    let asked = reporter.claim_for(&mug, &member).await;
    asked.expect(202);
    let path = format!("/ui/approvals/{}?event={shop}&min={}", asked.text("/claim/id"), asked.position());
    let card = Browser::of(&stage.service).demo("operator").await.get(&path).await;
    card.ok().says_all(&["It costs 40 points, which are held until it is decided."]);
}
