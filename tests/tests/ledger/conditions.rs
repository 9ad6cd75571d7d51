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

#[tokio::test]
async fn a_condition_is_checked_before_an_event_is_made_from_it() {
    let operator = Stage::shared().await.operator().await;
    let check = async |condition: Value| operator.post("/conditions/check", &json!({"condition": condition})).await;
    let checked = check(json!({"all": [
        {"streak": {"kind": "login", "days": 7}},
        {"not": {"cel": {"expression": "count('review', 30) > referrals() && (birthday || today > '2026-01-01')"}}},
        {"activeDays": {"kind": "*", "days": 2}},
    ]}))
    .await;
    assert_eq!(checked.ok()["kinds"], json!(["*", "login", "review"]));
    assert_eq!(checked.json["needsReferrals"], true);
    assert_eq!(
        checked.json["cel"],
        json!([{"path": "all[1].not", "variables": ["today", "birthday"], "functions": ["count", "referrals"]}])
    );
    let shorthand = check(json!("COMPLETE_PROFILE")).await;
    let expected = json!({"condition": {"profileComplete": {}}, "kinds": [], "needsReferrals": false, "cel": []});
    assert_eq!(*shorthand.ok(), expected);
    assert_eq!(shorthand.header("ledger-position"), None, "nothing was written");
    for (path, condition) in [
        ("condition.all[0].streak.days", json!({"all": [{"streak": {"kind": "login", "days": 0}}]})),
        ("condition.cel.expression", json!({"cel": {"expression": "now() > 1"}})),
        ("condition.cel.expression", json!({"cel": {"expression": 1}})),
        ("condition.cel.expression", json!({"cel": {}})),
        ("condition.cel.text", json!({"cel": {"expression": "true", "text": ""}})),
    ] {
        let told = check(condition.clone()).await;
        let error = told.invalid(path).clone();
        let made = operator.post("/events", &event(condition)).await;
        assert_eq!(*made.invalid(path), error, "as an event would be refused");
    }
    operator.post("/conditions/check", &json!({})).await.invalid("condition");
}

#[tokio::test]
async fn an_expression_decides_a_claim_and_an_error_denies_it_by_name() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let member = stage.newcomer().await; // one visit today
    for (expression, status, error) in [
        ("count('visit', 7) == 1 && daysSinceJoined >= 0 && timeZone == 'UTC'", 201, Value::Null),
        ("count('visit', 7) > 1", 422, Value::Null),
        ("1 / count('never.seen', 7) == 0", 422, json!("division_by_zero")),
        ("9223372036854775807 * (count('visit', 7) + 1) > 0", 422, json!("overflow")),
    ] {
        let campaign = operator.create_event(&event(json!({"cel": {"expression": expression}}))).await;
        let prize = operator.create_reward(&tests::support::programme::reward(&campaign, None)).await;
        let claimed = reporter.claim_for(&prize, &member).await;
        claimed.expect(status);
        let evidence = if status == 201 { &claimed.json["claim"]["evidence"][0] } else { &claimed.json["evidence"][0] };
        assert_eq!((&evidence["leaf"], &evidence["met"]), (&json!("cel"), &json!(status == 201)), "{claimed}");
        assert_eq!(evidence["error"], error, "{claimed}");
    }
}
