use domain::zone::Tz;
use serde_json::{Value, json};

use super::*;
use crate::app::i18n::Language;

const ENGLISH: Text = Text { language: Language::English, zone: Tz::UTC };

fn told(condition: &Value, leaves: &Value, days: &Value) -> Explanation {
    serde_json::from_value(json!({
        "status": "granted", "reason": null, "summary": "", "condition": condition, "conditionVersion": 2, "met": true,
        "evaluatedAt": "2026-11-18T00:15:41.000Z", "timeZone": "Asia/Seoul", "localDate": "2026-11-18",
        "factsPosition": 9, "position": 10, "leaves": leaves, "days": days, "steps": [],
    }))
    .unwrap()
}

fn leaf(path: &str, leaf: &str, need: i64, have: i64, positions: &[i64]) -> Value {
    json!({"path": path, "leaf": leaf, "kind": "login", "need": need, "have": have, "met": have >= need, "wanted": true,
           "missing": 0, "counted": {"positions": positions, "more": false}, "text": ""})
}

#[test]
fn what_was_not_met_is_a_failure_only_where_it_was_needed() {
    let condition = json!({"all": [
        {"count": {"kind": "login", "count": 1}},
        {"any": [{"referrals": {"count": 3}}, {"count": {"kind": "login", "count": 2}}]},
        {"not": {"count": {"kind": "refund", "count": 1}}},
    ]});
    let leaves = json!([
        leaf("all[0]", "count", 1, 0, &[]),
        leaf("all[1].any[0]", "referrals", 3, 1, &[7]),
        leaf("all[1].any[1]", "count", 2, 2, &[5, 6]),
        leaf("all[2].not", "count", 1, 0, &[]),
    ]);
    let marks = told(&condition, &leaves, &json!([])).marks();
    let of = |path: &str| marks[path];
    assert_eq!((of(""), of("all[0]")), (Mark::Unmet, Mark::Unmet));
    assert_eq!((of("all[1]"), of("all[1].any[0]"), of("all[1].any[1]")), (Mark::Met, Mark::NotNeeded, Mark::Met));
    assert_eq!((of("all[2]"), of("all[2].not")), (Mark::Met, Mark::Absent));
}

#[test]
fn a_tree_names_what_counted_and_leads_only_where_one_may_go() {
    let condition = json!({"any": [{"count": {"kind": "login", "count": 2}}]});
    let told = told(&condition, &json!([leaf("any[0]", "count", 2, 9, &[1, 2, 3, 4, 5, 6, 7, 8, 1_009])]), &json!([]));
    let led = told.tree(ENGLISH, &|position| Some(format!("/ui/log/{position}"))).to_string();
    assert!(led.contains("9 events counted, the latest:") && led.contains(r#"href="/ui/log/1009">1,009<"#), "{led}");
    assert!(!led.contains("/ui/log/2\""), "the latest seven: {led}");
    assert!(led.contains("<b>9</b> of 2") && led.contains(r#"x1="75%""#), "{led}");
    let told = told.tree(ENGLISH, &|_| None).to_string();
    assert!(!told.contains("href") && told.contains(r#"<span class="id">1,009</span>"#), "{told}");
}

#[test]
fn a_streak_shows_its_days_and_which_the_log_heard_of_late() {
    let condition = json!({"streak": {"kind": "login", "days": 4}});
    let day = |date: &str, recorded: &str, late: bool| json!({"path": "", "date": date, "recordedAt": recorded, "late": late});
    let days = json!([
        day("2026-11-15", "2026-11-17T02:00:00.000Z", true),
        day("2026-11-16", "2026-11-17T02:00:00.000Z", true),
        day("2026-11-17", "2026-11-17T08:00:00.000Z", false),
    ]);
    let told = told(&condition, &json!([leaf("", "streak", 4, 3, &[1, 2, 3])]), &days);
    let strip = told.needs(ENGLISH).leaves.remove(0).strip.unwrap();
    let classes: Vec<_> = strip.days.iter().map(|day| (day.class, day.name.as_str())).collect();
    assert_eq!(classes, [("bg", "14 Nov"), ("wait", "15 Nov"), ("wait", "16 Nov"), ("go", "17 Nov")]);
    assert_eq!(strip.label, "3 of 4 days, 14 Nov to 17 Nov 2026; recorded on 17 Nov");
    assert_eq!(strip.late, Some(("25.00%".to_owned(), "recorded on 17 Nov".to_owned())));
}
