//! The first page of staff: its numbers are those of the API at its position, and an earlier moment stays as it was.

use serde_json::{Value, json};
use tests::support::{
    Browser, Page, Stage,
    programme::{anybody, event, reward, with},
};

/// What the page itself says, without the shell around it.
fn inside(page: &Page) -> &str {
    page.ok().html.split("<div class=\"wrap\">").nth(1).expect("a page")
}

/// The figures in their order, as they are shown.
fn figures(page: &Page) -> Vec<&str> {
    let values = inside(page).split("<span class=\"v\">").skip(1);
    values.map(|value| value.split('<').next().unwrap()).collect()
}

#[tokio::test]
async fn figures_are_those_of_the_api_and_an_earlier_moment_stays_as_it_was() {
    let stage = Stage::own().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let named = json!({"name": "<script>alert(1)</script>"});
    let campaign = operator.create_event(&with(event(anybody()), named)).await;
    let prize = operator.create_reward(&reward(&campaign, Some(2))).await;
    let mut last = 0;
    for _ in 0..3 {
        last = reporter.claim_for(&prize, &stage.newcomer().await).await.position();
    }
    let browser = Browser::of(&stage.service).demo("operator").await;
    let page = browser.get(&format!("/ui?min={last}&zone=UTC")).await;
    let at = page.html.split("data-position=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a position");
    let daily = operator.get(&format!("/dashboard/daily?days=1&atPosition={at}")).await;
    let day: &Value = &daily.ok()["days"][0];
    let shown = figures(&page);
    assert_eq!(
        [shown[0], shown[1], shown[2], shown[4]],
        [&day["granted"], &day["attempts"], &day["active"], &day["pending"]].map(|number| number.to_string())
    );
    assert_eq!((shown[0], shown[1]), ("2", "3"));
    page.says_all(&["0 of 2 left", "sold out", "Out of stock: 100 % of the refusals", "&#60;script&#62;alert(1)"]);
    assert!(!page.says("<script>alert"), "{}", page.html);
    assert!(!page.says("cannot be shown now"), "{}", page.html);

    let then = browser.get(&format!("/ui?at={last}")).await;
    then.ok().says_all(&["Granted that day", "This list exists only for now"]);
    let more = reporter.claim_for(&prize, &stage.newcomer().await).await.position();
    browser.get(&format!("/ui?min={more}")).await.ok();
    assert_eq!(inside(&then), inside(&browser.get(&format!("/ui?at={last}")).await));

    let part = browser.get(&format!("/ui?fragment=figures&min={more}")).await;
    assert!(part.ok().html.starts_with("<dl class=\"figs\">"), "{}", part.html);
    let file = browser.get(&format!("/ui?fragment=days.csv&min={more}&zone=UTC")).await;
    assert_eq!(file.ok().headers["content-type"], "text/csv; charset=utf-8");
    let today = file.html.lines().last().unwrap().split(',').nth(1);
    assert_eq!(today, Some("2"), "{}", file.html);
    let korean = Browser::of(&stage.service).korean().demo("auditor").await.get("/ui").await;
    korean.ok().says_all(&["개요", "오늘 지급", "진행 중인 이벤트"]);
    Browser::of(&stage.service).demo("member").await.get("/ui").await.leads_to("/ui/me");
}
