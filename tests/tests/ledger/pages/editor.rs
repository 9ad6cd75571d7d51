//! The editor: a rule is written in a form without a script, tried beside the version in force, and saved once.

use serde_json::{Value, json};
use tests::support::{
    Browser, Page, Stage,
    programme::{activity, event, id, reward, unique, with},
};

/// The fields of the form as a browser would send them.
fn fields(page: &Page) -> Vec<(String, String)> {
    let begins = ["data-draft", "action=\"/ui/budgets\""].into_iter().find(|begin| page.says(begin)).expect("a form");
    let form = page.html.split(begins).nth(1).and_then(|rest| rest.split("</form>").next()).expect("an end");
    let signs = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    let plain = |text: &str| signs.iter().fold(text.to_owned(), |text, (name, sign)| text.replace(name, sign));
    let attribute = |tag: &str, name: &str| {
        tag.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).map(plain)
    };
    let mut found = vec![];
    for (at, _) in form.match_indices('<') {
        let rest = &form[at..];
        let tag = rest.split('>').next().unwrap_or_default();
        let Some(name) = attribute(tag, "name") else { continue };
        let value = if tag.starts_with("<input") {
            attribute(tag, "value").unwrap_or_default()
        } else if tag.starts_with("<textarea") {
            let text = &rest[tag.len() + 1..rest.find("</textarea>").expect("an end")];
            plain(text.strip_prefix('\n').unwrap_or(text))
        } else if tag.starts_with("<select") {
            let options = &rest[..rest.find("</select>").expect("an end")];
            let chosen = options.split("<option").skip(1).find(|option| option.contains(" selected"));
            chosen.or(options.split("<option").nth(1)).and_then(|option| attribute(option, "value")).unwrap_or_default()
        } else {
            continue;
        };
        found.push((name, value));
    }
    found
}

/// Presses a button of a page, with some fields changed.
pub(super) async fn press(browser: &Browser, path: &str, page: &Page, button: &str, changes: &[(&str, &str)]) -> Page {
    let mut fields = fields(page);
    for (name, value) in changes {
        match fields.iter_mut().find(|(of, _)| of == name) {
            Some(field) => field.1 = (*value).to_owned(),
            None => fields.push(((*name).to_owned(), (*value).to_owned())),
        }
    }
    fields.push(("do".to_owned(), button.to_owned()));
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &fields).await
}

/// From where what a save has written is read.
pub(super) fn min(location: &str) -> i64 {
    location.split("min=").nth(1).and_then(|min| min.parse().ok()).unwrap_or_else(|| panic!("{location}"))
}

pub(super) fn value(page: &Page, name: &str) -> String {
    fields(page).into_iter().find(|(of, _)| of == name).unwrap_or_else(|| panic!("no {name}: {}", page.html)).1
}

#[tokio::test]
async fn a_rule_is_tried_beside_the_one_in_force_and_saved_as_it_is_written() {
    let stage = Stage::own().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let kind = format!("visit.{}", unique());
    let visits = |count: i64| json!({"count": {"kind": kind, "count": count}});
    let members = [stage.newcomer().await, stage.newcomer().await, stage.newcomer().await];
    for (visits, member) in (1..).zip(&members) {
        for _ in 0..visits {
            reporter.report_activity(&activity(member, &kind)).await.created();
        }
    }
    let name = format!("<script>alert(1)</script> {}", unique());
    let campaign = operator.create_event(&with(event(visits(1)), json!({"name": name}))).await;
    operator.create_reward(&with(reward(&campaign, Some(3)), json!({"name": "<b>Tea</b>"}))).await;
    let written = stage.log().await.head().await;
    let browser = Browser::of(&stage.service).demo("operator").await;
    let path = format!("/ui/events/{campaign}/edit");

    let page = browser.get(&format!("{path}?min={written}")).await;
    page.ok().says_all(&["The same as version 1: 3 granted, sold out", "&#60;script&#62;alert(1)", "&#60;b&#62;Tea"]);
    assert!(!page.says("<script>alert") && !page.says("<b>Tea"), "{}", page.html);
    assert_eq!(value(&page, "r.count"), "1");

    // the same figures as JSON has, and who wins no more
    let tighter = press(&browser, &path, &page, "try", &[("r.count", "2")]).await;
    tighter.ok().says_all(&["1 fewer than by version 1: 2 granted instead of 3; the stock lasts", &members[0]]);
    assert!(!tighter.says(&members[1]) && tighter.says("Save version 2 of the rule"), "{}", tighter.html);
    let shown = operator.get(&format!("/events/{campaign}")).await.ok().clone();
    let terms = json!({"condition": visits(2), "startDate": shown["startDate"], "endDate": shown["endDate"]});
    let draft = json!({"event": terms, "reward": {"quantity": 3}, "ask": "firstPossible"});
    let replayed = operator.post("/events/backtest", &draft).await;
    assert_eq!(replayed.ok()["granted"], json!(2), "{replayed}");
    let part = press(&browser, &format!("{path}?fragment=tried"), &page, "try", &[("r.count", "2")]).await;
    assert!(part.ok().says("1 fewer than by version 1") && !part.says("<html"), "{}", part.html);

    // what is wrong is told at its field, and what was typed stays
    let wrong = press(&browser, &path, &page, "save", &[("r.count", "\"><script>"), ("name", "")]).await;
    wrong.expect(400).says_all(&[
        "href=\"#condition.count.count\"",
        "id=\"condition.count.count\"",
        "href=\"#name\"",
        "aria-invalid=\"true\"",
        "2 fields are not right yet",
    ]);
    assert_eq!((value(&wrong, "r.count"), value(&wrong, "name")), ("\"><script>".to_owned(), String::new()));

    // a lone question becomes a group, a part moves, the opposite is said, and the rest stays
    let page = press(&browser, &path, &page, "part:", &[("r.count", "2")]).await;
    let page = press(&browser, &path, &page, "not:1", &[("r.1.is", "profileComplete")]).await;
    let page = press(&browser, &path, &page, "up:1", &[]).await;
    let rule = json!({"all": [{"not": {"profileComplete": {}}}, visits(2)]});
    let text = press(&browser, &path, &page, "json", &[]).await;
    assert_eq!(serde_json::from_str::<Value>(&value(&text, "json")).unwrap(), rule);
    let broken = press(&browser, &path, &text, "tree", &[("json", "{\"all\": [}")]).await;
    broken.ok().says_all(&["href=\"#json\"", "id=\"json-wrong\""]);
    assert_eq!(value(&broken, "json"), "{\"all\": [}");
    let page = press(&browser, &path, &text, "tree", &[]).await;
    let saved = press(&browser, &path, &page, "save", &[]).await;
    let position = min(saved.leads_to(&format!("/ui/events/{campaign}")));
    let after = operator.get_at(&format!("/events/{campaign}"), position).await.ok().clone();
    assert_eq!((&after["condition"], &after["conditionVersion"]), (&rule, &json!(2)));
    assert_eq!((&after["name"], &after["endDate"]), (&shown["name"], &shown["endDate"]), "nothing else was changed");
    press(&browser, &path, &page, "save", &[]).await.leads_to(&format!("/ui/events/{campaign}"));

    // whoever looked at version 1 is told, keeps what was typed, and may save again
    let late = press(&browser, &path, &tighter, "save", &[]).await;
    late.expect(412).says_all(&["Somebody was faster", "Its rule is version 2 now", "412 changed_meanwhile"]);
    assert_eq!(value(&late, "r.count"), "2");
    let again = press(&browser, &path, &late, "save", &[]).await;
    let position = min(again.leads_to(&format!("/ui/events/{campaign}")));
    let after = operator.get_at(&format!("/events/{campaign}"), position).await;
    assert_eq!(after.ok()["conditionVersion"], json!(3));
}

#[tokio::test]
async fn an_event_is_made_from_the_page_alone() {
    let stage = Stage::own().await;
    let operator = stage.operator().await;
    let browser = Browser::of(&stage.service).demo("operator").await;
    let path = "/ui/events/new";
    let page = browser.get(path).await;
    page.ok().says_all(&["Create the event", "would have been granted"]);
    let name = format!("Autumn & 가을 {}", unique());
    let changes = [
        ("name", name.as_str()),
        ("startDate", "2030-03-01T00:00"),
        ("endDate", "2030-04-01T12:30"),
        ("timeZone", "Asia/Seoul"),
        ("frequency", "weekly"),
        ("approval", "manual"),
        ("maxRewardCount", "5"),
        ("r.0.days", "3"),
    ];
    let backwards = press(&browser, path, &page, "save", &[changes[0], ("endDate", "2020-01-01")]).await;
    backwards.expect(400).says_all(&["href=\"#endDate\"", &name.replace('&', "&#38;")]);
    let made = press(&browser, path, &page, "save", &changes).await;
    let made = made.leads_to("/ui/events/");
    let campaign = made.trim_start_matches("/ui/events/").split('?').next().unwrap();
    let shown = operator.get_at(&format!("/events/{campaign}"), min(made)).await.ok().clone();
    for (field, expected) in [
        ("name", json!(name)),
        ("startDate", json!("2030-02-28T15:00:00.000Z")),
        ("endDate", json!("2030-04-01T03:30:00.000Z")),
        ("frequency", json!("weekly")),
        ("approval", json!("manual")),
        ("maxRewardCount", json!(5)),
        ("description", Value::Null),
        ("status", json!("scheduled")),
        ("condition", json!({"all": [{"streak": {"kind": "login", "days": 3}}]})),
    ] {
        assert_eq!(shown[field], expected, "{field}");
    }
    // sent twice, it is there once; another form with the name is told
    press(&browser, path, &page, "save", &changes).await.leads_to(&format!("/ui/events/{campaign}"));
    let taken = press(&browser, path, &browser.get(path).await, "save", &changes[..1]).await;
    taken.expect(409).says_all(&["href=\"#name\"", "event_name_taken"]);
}

#[tokio::test]
async fn nobody_writes_without_the_right_or_as_of_an_earlier_moment() {
    let stage = Stage::shared().await;
    let campaign = stage.operator().await.create_event(&event(json!({"birthday": {}}))).await;
    let written = stage.log().await.head().await;
    let operator = Browser::of(&stage.service).demo("operator").await;
    let edit = format!("/ui/events/{campaign}/edit");
    let page = operator.get(&format!("{edit}?min={written}")).await;
    for who in ["auditor", "member"] {
        let browser = Browser::of(&stage.service).demo(who).await;
        for path in ["/ui/events/new", edit.as_str()] {
            browser.get(path).await.expect(403);
            press(&browser, path, &page, "save", &[]).await.expect(403);
        }
    }
    Browser::of(&stage.service).demo("admin").await.get(&edit).await.ok();
    for path in ["/ui/events/new?at=1", &format!("{edit}?at=1")] {
        let then = operator.get(path).await;
        assert!(then.ok().says("Events are written as of now alone") && !then.says("data-draft"), "{}", then.html);
    }
    operator.get(&format!("/ui/events/{}/edit", id())).await.expect(404);
    operator.get("/ui/events/nothing/edit").await.expect(404);
    let ended = format!("/events/{campaign}/end");
    let ended = stage.operator().await.post(&ended, &json!({})).await.position();
    let over = operator.get(&format!("{edit}?min={ended}")).await;
    assert!(over.ok().says("can be tried, and not saved") && !over.says("value=\"save\""), "{}", over.html);
    let korean = Browser::of(&stage.service).korean().demo("operator").await.get(&edit).await;
    korean.ok().says_all(&["적용해 보기", "종료된 이벤트입니다"]);
}
