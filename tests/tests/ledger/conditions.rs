//! Conditions as they are written and as they are shown: shorthands become trees, a mistake is named by its path.

use serde_json::{Value, json};
use tests::support::{Stage, programme::event};

#[tokio::test]
async fn a_shorthand_is_shown_as_its_tree() {
    let operator = Stage::shared().await.operator().await;
    let once = |kind: &str| json!({"count": {"kind": kind, "count": 1}});
    let on_the_day = |day: &str| {
        let logged_in = json!({"activeDays": {"kind": "login", "days": 1, "within": "1d"}});
        json!({"all": [{ day: {} }, logged_in]})
    };
    for (shorthand, tree) in [
        ("DAILY_LOGIN_7_DAYS", json!({"streak": {"kind": "login", "days": 7}})),
        ("REFER_3_FRIENDS", json!({"referrals": {"count": 3}})),
        ("COMPLETE_PROFILE", json!({"profileComplete": {}})),
        ("WRITE_REVIEW", once("review")),
        ("SUBMIT_FEEDBACK", once("feedback")),
        ("COMPLETE_TUTORIAL", once("tutorial")),
        ("BIRTHDAY_LOGIN", on_the_day("birthday")),
        ("ANNIVERSARY_LOGIN", on_the_day("joinAnniversary")),
    ] {
        let made = operator.post("/events", &event(json!(shorthand))).await;
        assert_eq!(made.created()["condition"], tree, "{shorthand}");
    }
}

#[tokio::test]
async fn a_tree_is_shown_as_it_was_written() {
    let operator = Stage::shared().await.operator().await;
    for tree in [
        json!({"all": [{"streak": {"kind": "login", "days": 7}}, {"any": [{"referrals": {"count": 3}},
            {"not": {"activeDays": {"kind": "login", "days": 1, "within": "90d"}}}]}]}),
        json!({"activeDays": {"kind": "*", "days": 3, "since": "eventStart"}}),
        json!({"total": {"kind": "purchase", "measure": "cents", "total": 1_000_000_000, "since": "2026-01-01"}}),
        json!({"joined": {"from": "2026-01-01", "to": "2026-12-31"}}),
        json!({"joined": {"within": "9999d"}}),
    ] {
        assert_eq!(operator.post("/events", &event(tree.clone())).await.created()["condition"], tree);
    }
}

#[tokio::test]
async fn a_mistake_is_named_by_its_path() {
    let operator = Stage::shared().await.operator().await;
    let streak = |days: Value| json!({"streak": {"kind": "login", "days": days}});
    let count = |changes: Value| json!({"count": tests::support::programme::with(json!({"kind": "login", "count": 1}), changes)});
    for (path, condition) in [
        ("condition.streak.days", streak(json!(0))),
        ("condition.streak.days", streak(json!(3661))),
        ("condition.streak.days", streak(json!("seven"))),
        ("condition.streak.days", streak(json!(1.5))),
        ("condition.streak.days", json!({"streak": {"kind": "login"}})),
        ("condition.streak.kind", json!({"streak": {"days": 7}})),
        ("condition.streak.kind", json!({"streak": {"kind": "Login!", "days": 7}})),
        ("condition.streak.colour", json!({"streak": {"kind": "login", "days": 7, "colour": 1}})),
        ("condition.all[0].streak.days", json!({"all": [streak(json!(0))]})),
        (
            "condition.all[1].any[0].not.streak.days",
            json!({"all": [streak(json!(1)), {"any": [{"not": streak(json!(0))}]}]}),
        ),
        ("condition.count.count", count(json!({"count": 0}))),
        ("condition.count.count", count(json!({"count": 1_000_000_001}))),
        ("condition.count.within", count(json!({"within": "0d"}))),
        ("condition.count.within", count(json!({"within": "7 days"}))),
        ("condition.count.within", count(json!({"within": "10000d"}))),
        ("condition.count.since", count(json!({"since": "2026-02-30"}))),
        ("condition.count.since", count(json!({"since": "eventEnd"}))),
        ("condition.total.measure", json!({"total": {"kind": "purchase", "total": 5}})),
        ("condition.joined.from", json!({"joined": {"from": "then"}})),
        ("condition.all", json!({"all": []})),
        ("condition.any", json!({"any": []})),
        ("condition.all", json!({"all": streak(json!(1))})),
    ] {
        operator.post("/events", &event(condition)).await.invalid(path);
    }
}

#[tokio::test]
async fn what_is_no_condition_at_all_is_refused() {
    let operator = Stage::shared().await.operator().await;
    let leaf = || json!({"streak": {"kind": "login", "days": 7}});
    let nested = |depth: usize| (1..depth).fold(leaf(), |inner, _| json!({"not": inner}));
    let wide = |leaves: usize| json!({"all": vec![leaf(); leaves]});
    for condition in [
        json!("FLY_TO_THE_MOON"),
        json!(7),
        json!([]),
        json!({}),
        json!({"fly": {}}),
        json!({"streak": {"kind": "login", "days": 7}, "birthday": {}}),
        nested(9),
        wide(51),
    ] {
        let refused = operator.post("/events", &event(condition)).await;
        refused.problem(400, "validation_failed");
        let field = refused.text("/errors/0/field");
        assert!(field.starts_with("condition"), "{field}");
    }
    for condition in [nested(8), wide(50)] {
        operator.post("/events", &event(condition)).await.created();
    }
}
