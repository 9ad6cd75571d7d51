//! Whole numbers: the least and the most are taken, one beyond is refused with the field named, and sums are exact.

use serde_json::{Value, json};
use tests::support::{
    Stage,
    programme::{activity, anybody, event, reward, with},
};

const MOST: i64 = 1_000_000_000;
const EXACT: i64 = 1 << 53;

#[tokio::test]
async fn a_number_has_a_range() {
    let operator = Stage::shared().await.operator().await;
    let campaign = operator.create_event(&event(anybody())).await;
    for (field, least, most) in [("maxRewardCount", 1, MOST), ("perMemberLimit", 1, MOST)] {
        let made = async |value: i64| operator.post("/events", &with(event(anybody()), json!({ field: value }))).await;
        made(least).await.created();
        made(most).await.created();
        made(least - 1).await.invalid(field);
        made(most + 1).await.invalid(field);
    }
    for (field, least, most) in [("amount", 1, MOST), ("quantity", 0, MOST), ("perMemberLimit", 1, MOST)] {
        let body = |value: i64| with(reward(&campaign, None), json!({ field: value }));
        operator.post("/rewards", &body(least)).await.created();
        operator.post("/rewards", &body(most)).await.created();
        operator.post("/rewards", &body(least - 1)).await.invalid(field);
        operator.post("/rewards", &body(most + 1)).await.invalid(field);
    }
    for (leaf, field, most) in [("streak", "days", 3_660), ("activeDays", "days", 3_660), ("count", "count", MOST)] {
        let rule = |value: i64| json!({"condition": {leaf: {"kind": "visit", field: value}}});
        let path = format!("condition.{leaf}.{field}");
        for value in [1, most] {
            operator.post("/conditions/check", &rule(value)).await.ok();
        }
        for value in [0, most + 1] {
            operator.post("/conditions/check", &rule(value)).await.invalid(&path);
        }
    }
    for (value, fits) in [("0d", false), ("1d", true), ("9999d", true), ("10000d", false), ("01d", false)] {
        let rule = json!({"condition": {"count": {"kind": "visit", "count": 1, "within": value}}});
        let answer = operator.post("/conditions/check", &rule).await;
        if fits { drop(answer.ok().clone()) } else { drop(answer.invalid("condition.count.within").clone()) }
    }
}

/// JSON Schema, and so our own document, says that these are integers.
#[tokio::test]
async fn a_whole_number_is_one_however_it_is_written() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let campaign = operator.create_event(&event(anybody())).await;
    for (written, number) in [("25.0", 25), ("1e3", 1_000), ("2.50E1", 25), ("1000e-3", 1)] {
        let prize = format!(r#"{{"eventId": "{campaign}", "name": "R", "amount": {written}, "quantity": {written}}}"#);
        let made = operator.post_text("/rewards", &prize).await;
        assert_eq!(
            (&made.created()["reward"]["amount"], &made.json["reward"]["quantity"]),
            (&json!(number), &json!(number))
        );
        let rule = format!(r#"{{"condition": {{"streak": {{"kind": "visit", "days": {written}}}}}}}"#);
        let checked = operator.post_text("/conditions/check", &rule).await;
        assert_eq!(checked.ok()["condition"]["streak"]["days"], number);
    }
    for (written, rule) in [("1.5", "type"), ("0.0", "range"), ("1e10", "range"), ("1e300", "range"), ("1e-3", "type")]
    {
        let prize = format!(r#"{{"eventId": "{campaign}", "name": "R", "amount": {written}}}"#);
        assert_eq!(operator.post_text("/rewards", &prize).await.invalid("amount")["rule"], rule, "{written}");
    }
    let member = stage.newcomer().await;
    let fact = with(activity(&member, "walk"), json!({"measures": {"steps": 1_000}}));
    let written = fact.to_string().replace("1000", "1e3");
    assert_ne!(written, fact.to_string());
    reporter.post_text("/activities", &written).await.created();
    assert_eq!(reporter.report_activity(&fact).await.ok()["duplicate"], true, "the same content");
    let inexact = written.replace("1e3", "9007199254740993.0");
    reporter.post_text("/activities", &inexact).await.invalid("measures.steps");
}

/// What every reader of JSON keeps exactly is a number; beyond it are digits.
#[tokio::test]
async fn a_sum_is_a_number_up_to_two_to_the_53rd_and_its_digits_beyond() {
    let stage = Stage::shared().await;
    let (operator, reporter, auditor) = (stage.operator().await, stage.reporter().await, stage.auditor().await);
    let rule = json!({"not": {"total": {"kind": "deposit", "measure": "won", "total": 1}}});
    let prize = operator.create_reward(&reward(&operator.create_event(&event(rule)).await, None)).await;
    for (values, shown) in [
        (vec![EXACT], json!(EXACT)),
        (vec![EXACT, 1], json!((EXACT + 1).to_string())),
        (vec![-EXACT], json!(-EXACT)),
        (vec![-EXACT, -1], json!((-EXACT - 1).to_string())),
    ] {
        let member = stage.newcomer().await;
        let facts: Vec<Value> =
            values.iter().map(|won| with(activity(&member, "deposit"), json!({"measures": {"won": won}}))).collect();
        let position = reporter.report_activities(&facts).await.position();
        let seen = auditor.get_at(&format!("/audit/members/{member}/facts"), position).await;
        assert_eq!(seen.list("/facts")[0]["sums"]["won"], shown, "{seen}");
        let asked = reporter.claim_for(&prize, &member).await;
        let evidence = asked.json.pointer("/claim/evidence").or(asked.json.pointer("/evidence")).unwrap();
        assert_eq!(evidence[0]["have"], shown, "{asked}");
    }
}

/// −2⁵³ … 2⁵³ each, and their sum beyond 64 bits is the true one.
#[tokio::test]
async fn a_measure_has_a_range_and_its_sum_has_none() {
    let stage = Stage::shared().await;
    let (operator, reporter, auditor) = (stage.operator().await, stage.reporter().await, stage.auditor().await);
    let member = stage.newcomer().await;
    let fact = |value: i64| with(activity(&member, "deposit"), json!({"measures": {"won": value}}));
    reporter.report_activity(&fact(EXACT + 1)).await.invalid("measures.won");
    reporter.report_activity(&fact(-EXACT - 1)).await.invalid("measures.won");
    reporter.report_activity(&fact(-EXACT)).await.created();
    let many: Vec<Value> = (0..1_000).map(|_| fact(EXACT)).collect();
    let mut position = 0;
    for _ in 0..2 {
        // other ids: the same facts again would be the same facts
        let batch: Vec<Value> = many.iter().map(|_| fact(EXACT)).collect();
        position = reporter.report_activities(&batch).await.position();
    }
    let sum = i128::from(EXACT) * 1_999;
    assert!(sum > i128::from(i64::MAX));
    let facts = auditor.get_at(&format!("/audit/members/{member}/facts"), position).await;
    let rows = facts.list("/facts").iter().filter(|row| row["kind"] == "deposit");
    let sums: Vec<_> =
        rows.map(|row| row["sums"]["won"].to_string().trim_matches('"').parse::<i128>().unwrap()).collect();
    assert_eq!(sums.iter().sum::<i128>(), sum, "{facts}");

    let rule = json!({"total": {"kind": "deposit", "measure": "won", "total": EXACT}});
    let campaign = operator.create_event(&event(rule)).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let granted = reporter.claim_for(&prize, &member).await;
    assert_eq!(granted.created()["claim"]["evidence"][0]["have"], sum.to_string(), "the true number");
}
