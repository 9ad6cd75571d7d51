//! Wallets on pages: what members have and what it buys, what staff see of it, give and take, and what waits for somebody else.

use serde_json::{Value, json};
use tests::support::{
    Browser, Stage,
    programme::{anybody, event, id, reward, unique, with},
};

/// Gives to a member, and says up to where the log goes then.
async fn given(stage: &Stage, member: &str, body: &Value) -> i64 {
    let given = stage.operator().await.post(&format!("/wallets/{member}/adjustments"), body).await;
    given.created();
    given.position()
}

#[tokio::test]
async fn a_member_sees_what_there_is_what_ends_next_and_what_happened() {
    let stage = Stage::own().await;
    let (operator, mina) = (stage.operator().await, stage.nobody().sign_up().await);
    let campaign = operator.create_event(&event(anybody())).await;
    let prize = |amount: i64, name: &str| {
        with(reward(&campaign, None), json!({"type": "ITEM", "amount": 1, "name": name, "price": {"amount": amount}}))
    };
    operator.create_reward(&prize(300, "A cup <b>")).await;
    operator.create_reward(&prize(700, "A kettle")).await;
    let browser = Browser::of(&stage.service).signed_in(&mina.email).await;
    browser.get("/ui/me/points").await.ok().says_all(&["You have 0 points", "Nothing has happened yet"]);

    given(&stage, &mina.id, &json!({"amount": 400, "note": "Lost.", "expiry": {"date": "2099-03-31"}})).await;
    let min = given(&stage, &mina.id, &json!({"amount": 100, "note": "Lost.", "expiry": null})).await;
    let page = browser.get(&format!("/ui/me/points?min={min}")).await;
    page.ok().says_all(&[
        "<h1>You have 500 points</h1>",
        "500 points can be used now. 400 points can be used through 31 Mar 2099.",
        "A cup &#60;b&#62;",
        "You have enough",
        "A kettle",
        "200 points missing",
        "Adjusted",
        "+400",
        "aria-current=\"page\"",
    ]);
    assert!(!page.says("A cup <b>"), "{}", page.html);
    let korean = Browser::of(&stage.service).korean().signed_in(&mina.email).await;
    korean.get(&format!("/ui/me/points?min={min}")).await.ok().says_all(&["lang=\"ko\"", "보유: 500포인트", "조정"]);
    Browser::of(&stage.service).demo("operator").await.get("/ui/me/points").await.expect(403);
    Browser::of(&stage.service).get("/ui/me/points").await.leads_to("/ui/sign-in?next=");
}

#[tokio::test]
async fn operators_give_and_take_on_a_wallets_page_and_a_form_sent_twice_counts_once() {
    let stage = Stage::shared().await;
    let member = stage.newcomer().await;
    let operator = Browser::of(&stage.service).demo("operator").await;
    let path = format!("/ui/members/{member}/wallet");
    operator.get(&format!("/ui/members/{member}")).await.ok().says_all(&[&path]);
    let page = operator.get(&path).await;
    page.ok().says_all(&["0 points in all", "Nothing was given yet"]);
    let (token, key) = (page.field("token"), page.field("key"));
    let send = async |amount: &str, note: &str, key: &str| {
        let fields = [
            ("token", token.as_str()),
            ("key", key),
            ("unit", "points"),
            ("amount", amount),
            ("note", note),
            ("ends", "unit"),
        ];
        operator.post(&path, &fields).await
    };
    send("many", "Lost.", &id()).await.expect(400).says_all(&["id=\"amount-e\"", "value=\"many\"", "href=\"#amount\""]);
    send("5", " ", &id()).await.expect(400).says_all(&["id=\"note-e\""]);
    let place = send("+500", "Lost <i>.", &key).await.leads_to(&path).to_owned();
    let again = send("+500", "Lost <i>.", &key).await.leads_to(&path).to_owned();
    let page = operator.get(&again).await;
    page.ok().says_all(&[
        "The wallet is adjusted.",
        "500 points in all, 500 points of it can be used.",
        "+500",
        "never ends",
    ]);
    let before: String = place.split("min=").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
    let taken = send("-120", "Twice.", &id()).await.leads_to(&path).to_owned();
    operator.get(&taken).await.ok().says_all(&["380 points in all", "−120"]);
    send("-381", "Twice.", &id()).await.expect(409).says_all(&["insufficient_points"]);

    let auditor = Browser::of(&stage.service).demo("auditor").await;
    let then = auditor.get(&format!("{path}?at={before}")).await;
    then.ok().says_all(&["500 points in all", "as of that moment"]);
    assert!(!then.says("−120") && !then.says("name=\"amount\""), "{}", then.html);
    assert!(!auditor.get(&path).await.ok().says("name=\"amount\""), "auditors change nothing");
    auditor.get(&format!("/ui/members/{}/wallet", id())).await.expect(404);
    Browser::of(&stage.service).demo("member").await.get(&path).await.expect(403);
    let own = stage.operator().await.get("/auth/me").await.text("/user/id");
    let own = operator.get(&format!("/ui/members/{own}/wallet")).await;
    assert!(!own.ok().says("name=\"amount\""), "nobody changes a wallet of their own");
}

#[tokio::test]
async fn what_needs_a_second_person_waits_for_one() {
    let stage = Stage::own().await;
    let (member, unit) = (stage.newcomer().await, format!("unit-{}", unique()));
    let admin = stage.service.demo("admin").await;
    admin.post("/units", &json!({"code": unit, "name": "Stars", "fourEyesAbove": 0})).await.created();
    let operator = Browser::of(&stage.service).demo("operator").await;
    let path = format!("/ui/members/{member}/wallet");
    let page = operator.get(&format!("{path}?unit={unit}")).await;
    let fields = [
        ("token", page.ok().field("token")),
        ("key", page.field("key")),
        ("unit", unit.clone()),
        ("amount", "50".to_owned()),
        ("note", "Lost in the move.".to_owned()),
    ];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let waits = operator.post(&path, &fields).await.leads_to(&path).to_owned();
    let page = operator.get(&waits).await;
    page.ok().says_all(&[
        "It waits for somebody else’s approval.",
        "Gives 50",
        "Somebody else has to decide this one.",
    ]);
    assert!(!page.says("value=\"APPROVED\""), "{}", page.html);

    let admin = Browser::of(&stage.service).demo("admin").await;
    let page = admin.get(&format!("{path}?unit={unit}")).await;
    page.ok().says_all(&["Lost in the move.", "value=\"APPROVED\""]);
    let action = page.html.split("action=\"/ui/adjustments/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (token, decide) = (page.field("token"), format!("/ui/adjustments/{action}"));
    let decided = |seen: &'static str, status: &'static str| {
        let (admin, token, decide, key) = (&admin, &token, &decide, id());
        async move {
            let fields =
                [("token", token.as_str()), ("key", &key), ("seen", seen), ("status", status), ("note", "Checked.")];
            admin.post(decide, &fields).await
        }
    };
    decided("\"9\"", "REJECTED").await.expect(412).says_all(&["changed_meanwhile"]);
    let done = decided("\"1\"", "APPROVED").await.leads_to("/ui/adjustments").to_owned();
    admin.get(&done).await.ok().says_all(&["Approved: the wallet is adjusted.", "Checked.", "Made"]);
    let min = done.split("min=").nth(1).unwrap();
    operator.get(&format!("{path}?unit={unit}&min={min}")).await.ok().says_all(&["+50", &format!("50 {unit} in all")]);
    let auditor = Browser::of(&stage.service).demo("auditor").await;
    auditor.get("/ui/adjustments").await.ok().says_all(&["Latest adjustments"]);
    let korean = Browser::of(&stage.service).korean().demo("auditor").await;
    korean.get("/ui/adjustments").await.ok().says_all(&["최근 조정", "lang=\"ko\""]);
    Browser::of(&stage.service).demo("member").await.get("/ui/adjustments").await.expect(403);
}

#[tokio::test]
async fn the_overview_says_what_the_programme_owes() {
    let stage = Stage::own().await;
    let member = stage.newcomer().await;
    let min =
        given(&stage, &member, &json!({"amount": 1_234_500, "note": "Lost.", "expiry": {"date": "2099-03-31"}})).await;
    let min = min.max(given(&stage, &member, &json!({"amount": 7_001, "note": "Lost.", "expiry": null})).await);
    let auditor = stage.auditor().await;
    let owed = auditor.get_at("/dashboard/liability", min).await;
    let units = owed.list("/units");
    let points = units.iter().find(|unit| unit["unit"] == "points").unwrap();
    let all = points["outstanding"].as_i64().unwrap();
    assert!(all >= 1_234_500, "{owed}");
    let page = Browser::of(&stage.service).demo("auditor").await.get(&format!("/ui?min={min}")).await;
    page.ok().says_all(&[
        "What the programme owes",
        &format!("<b>{}</b>", grouped(all)),
        "Mar 2099: 1,234,500 · never: 7,001",
    ]);
}

/// `1,234,500`.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let parts: Vec<_> = digits.as_bytes().rchunks(3).rev().map(|part| String::from_utf8_lossy(part)).collect();
    parts.join(",")
}

#[tokio::test]
async fn a_member_sends_some_to_another_where_the_unit_allows_it() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    let (mina, noah) = (stage.nobody().sign_up().await, stage.nobody().sign_up().await);
    let unit = format!("stars-{}", unique());
    admin.post("/units", &json!({"code": unit, "name": "Stars", "transfersPerDay": 2})).await.created();
    given(stage, &mina.id, &json!({"amount": 1, "note": "A gift."})).await;
    let min = given(stage, &mina.id, &json!({"unit": unit, "amount": 100, "note": "A gift."})).await;
    let browser = Browser::of(&stage.service).signed_in(&mina.email).await;
    let points = browser.get(&format!("/ui/me/points?min={min}")).await;
    assert!(!points.ok().says("toMemberId"), "points are not sent: {}", points.html);
    let path = format!("/ui/me/points?unit={unit}");
    let page = browser.get(&format!("{path}&min={min}")).await;
    page.ok().says_all(&["Send to another member", &mina.id, "name=\"toMemberId\""]);
    let (token, key) = (page.field("token"), page.field("key"));
    let send = async |to: &str, amount: &str, key: &str| {
        let fields = [("token", token.as_str()), ("key", key), ("unit", &unit), ("toMemberId", to), ("amount", amount)];
        browser.post("/ui/me/points/send", &fields).await
    };
    send(&noah.id, "some", &unique()).await.expect(400).says_all(&["validation_failed", &noah.id, "value=\"some\""]);
    send(&noah.id, "101", &unique()).await.expect(409).says_all(&["insufficient_points", "value=\"101\""]);
    for _ in 0..2 {
        let sent = send(&noah.id, "60", &key).await;
        let after = browser.get(sent.leads_to("/ui/me/points?")).await;
        after.ok().says_all(&["It was sent.", &format!("You have 40 {unit}"), "Sent to a member"]);
    }
    let korean = Browser::of(&stage.service).korean().signed_in(&noah.email).await;
    korean.get(&path).await.ok().says_all(&["다른 회원에게 보내기", &format!("60 {unit}")]);
}
