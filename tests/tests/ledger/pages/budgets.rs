//! Budgets on the pages: an administrator limits the programme and an operator an event, both without a script, and what is
//! left is told where it matters.

use serde_json::json;
use tests::support::{
    Browser, Page, Stage,
    programme::{anybody, event, reward, unique, with},
};

use super::editor::{min, press, value};

/// The fields of the form of the programme's budgets.
const FORM: &str = "action=\"/ui/budgets\"";

#[tokio::test]
async fn an_administrator_limits_the_programme_and_sees_what_is_left() {
    let stage = Stage::own().await;
    let (operator, admin) = (stage.operator().await, stage.service.demo("admin").await);
    let browser = Browser::of(&stage.service).demo("admin").await;
    let path = "/ui/budgets";
    let empty = browser.get(path).await;
    empty.ok().says_all(&["no budget limits it", "No budget is in force", "Add a budget", FORM]);
    let row = press(&browser, path, &empty, "budget", &[]).await;
    assert_eq!(
        (value(&row, "budgets[0].unit"), value(&row, "budgets[0].alertAt")),
        ("points".into(), "80, 100".into())
    );
    let wrong = [("budgets[0].amount", "many\"><script>"), ("budgets[0].alertAt", "50, x"), ("timeZone", "Moon")];
    let wrong = press(&browser, path, &row, "save", &wrong).await;
    wrong.expect(400).says_all(&[
        "href=\"#budgets[0].amount\"",
        "id=\"budgets[0].amount-how\"",
        "href=\"#budgets[0].alertAt\"",
        "href=\"#timeZone\"",
        "3 fields are not right yet",
    ]);
    assert_eq!(value(&wrong, "budgets[0].amount"), "many\"><script>", "what was typed stays");
    assert_eq!(admin.get(path.trim_start_matches("/ui")).await.ok()["budgets"], json!([]));

    let right = [("budgets[0].amount", "250"), ("budgets[0].per", "month"), ("timeZone", "Asia/Seoul")];
    let saved = press(&browser, path, &row, "save", &right).await;
    let position = min(saved.leads_to("/ui/budgets?saved=true"));
    let shown = json!({"timeZone": "Asia/Seoul", "budgets": [
        {"unit": "points", "amount": 250, "per": "month", "alertAt": [80, 100]}]});
    assert_eq!(*admin.get_at("/budgets", position).await.ok(), shown);
    let campaign = operator.create_event(&with(event(anybody()), json!({"name": format!("Left {}", unique())}))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let mut claimed = position;
    for _ in 0..2 {
        claimed = operator.sign_up().await.client.claim(&prize).await.position();
    }
    let left = browser.get(&format!("{path}?min={claimed}")).await;
    left.ok().says_all(&["250 points a month", "All events", "80 % · nearly used up", "One budget is in force"]);
    let before = browser.get(&format!("{path}?at={position}")).await;
    before.ok().says_all(&["What was left at an earlier moment", "0 % · leaves room"]);
    assert!(!before.says(FORM), "nothing is changed as of then: {}", before.html);
    let overview = browser.get(&format!("/ui?min={claimed}")).await;
    overview.ok().says_all(&["250 points a month", "href=\"/ui/budgets\""]);

    // whoever looked at no budgets is told, keeps what was typed, and may save again
    let late = press(&browser, path, &row, "save", &[("budgets[0].amount", "9000"), ("key", "another")]).await;
    late.expect(412).says_all(&["Somebody was faster", "412 changed_meanwhile"]);
    assert_eq!(value(&late, "budgets[0].amount"), "9000");
    press(&browser, path, &late, "save", &[]).await.leads_to("/ui/budgets?saved=true");
    let now = browser.get(path).await;
    let removed = press(&browser, path, &now, "budget-remove:0", &[]).await;
    let gone = press(&browser, path, &removed, "save", &[]).await;
    let position = min(gone.leads_to("/ui/budgets?saved=true"));
    assert_eq!(admin.get_at("/budgets", position).await.ok()["budgets"], json!([]));

    for other in ["operator", "auditor", "member"] {
        let browser = Browser::of(&stage.service).demo(other).await;
        browser.get(path).await.expect(403);
        browser.post(path, &[("token", "x")]).await.expect(403);
    }
}

#[tokio::test]
async fn an_operator_limits_an_event_and_tries_it_before() {
    let stage = Stage::own().await;
    let operator = stage.operator().await;
    for _ in 0..3 {
        operator.sign_up().await;
    }
    let campaign = operator.create_event(&with(event(anybody()), json!({"name": format!("Try {}", unique())}))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let written = stage.log().await.head().await;
    let browser = Browser::of(&stage.service).demo("operator").await;
    let path = format!("/ui/events/{campaign}/edit");
    let page = browser.get(&format!("{path}?min={written}")).await;
    assert_eq!(value(page.ok(), "points"), "100", "what a grant of its reward gives");
    let row = press(&browser, &path, &page, "budget", &[]).await;
    let limit = [("budgets[0].amount", "150"), ("budgets[0].per", "total")];
    let tried = press(&browser, &path, &row, "try", &limit).await;
    tried.ok().says_all(&["1 granted", "No room in a budget", "Sum of points"]);
    let wrong = press(&browser, &path, &row, "save", &[("budgets[0].unit", "of.nobody"), limit[0]]).await;
    wrong.expect(400).says_all(&["href=\"#budgets[0].unit\"", "id=\"budgets[0].unit-how\""]);
    let saved = press(&browser, &path, &row, "save", &limit).await;
    let position = min(saved.leads_to(&format!("/ui/events/{campaign}")));
    let shown = operator.get_at(&format!("/events/{campaign}"), position).await;
    let budgets = json!([{"unit": "points", "amount": 150, "per": "total", "alertAt": [80, 100]}]);
    assert_eq!((&shown.ok()["budgets"], &shown.json["conditionVersion"]), (&budgets, &json!(1)));

    let claimed = operator.sign_up().await.client.claim(&prize).await.position();
    let page = browser.get(&format!("/ui/events/{campaign}?min={claimed}")).await;
    page.ok().says_all(&["150 points in all", "66.6 % · leaves room"]);
    let before = browser.get(&format!("/ui/events/{campaign}?at={written}")).await;
    assert!(!before.ok().says("150 points in all"), "it had none then: {}", before.html);
    let korean = browser.korean().get(&format!("/ui/events/{campaign}")).await;
    korean.ok().says_all(&["전체 150포인트", "여유 있음"]);
}

#[tokio::test]
async fn without_budgets_nothing_is_said_of_them() {
    let stage = Stage::own().await;
    let operator = stage.operator().await;
    let campaign = operator.create_event(&event(anybody())).await;
    let browser = Browser::of(&stage.service).demo("operator").await;
    let says = |page: Page| page.ok().says("h-budgets");
    assert!(!says(browser.get("/ui").await) && !says(browser.get(&format!("/ui/events/{campaign}")).await));
    assert!(!says(browser.get("/ui/events/new").await), "and a new one has none");
}
