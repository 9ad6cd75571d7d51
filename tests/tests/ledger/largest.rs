//! The largest of everything that a caller may send: it is taken, decided and recorded, and the event that comes of it
//! stays below what an event may have, so that whatever follows the log can carry it.

use serde_json::{Value, json};
use tests::support::{
    Client, Database, Service, Setup,
    programme::{activity, event, reward, unique, with},
};

/// What the log takes of one event, payload and metadata together.
const MAX_EVENT_BYTES: i64 = 256 * 1024;
/// A letter of four bytes, the most that one has.
const WIDE: &str = "𠀀";

fn wide(letters: usize) -> String {
    WIDE.repeat(letters)
}

/// A name of the most letters.
fn name(number: usize) -> String {
    format!("{}{number:02}", "n".repeat(62))
}

fn measures(count: usize) -> Value {
    (0..count).map(|number| (name(number), json!(-9_007_199_254_740_992_i64))).collect::<serde_json::Map<_, _>>().into()
}

/// A tree as deep as one may be, its leaves at the bottom.
fn deep(leaves: Vec<Value>) -> Value {
    ["any", "all", "any", "all", "any", "all", "any"].iter().fold(json!(leaves), |below, list| match below {
        Value::Array(leaves) => json!({*list: leaves}),
        node => json!({*list: [node]}),
    })
}

/// An expression of the most characters.
fn expression(number: usize) -> Value {
    let around = format!(r#"timeZone == "{number:02}" && 1 / 0 == 1"#);
    let text = around.replacen(&format!("{number:02}"), &format!("{number:02}{}", wide(1_000 - around.len())), 1);
    assert_eq!(text.chars().count(), 1_000);
    json!({"cel": {"expression": text}})
}

struct Scene {
    database: Database,
    service: Service,
    operator: Client,
    reporter: Client,
}

impl Scene {
    async fn new() -> Scene {
        let database = Database::fresh().await;
        let service = Setup::on(&database).start().await;
        let (operator, reporter) = (service.demo("operator").await, service.demo("service").await);
        Scene { database, service, operator, reporter }
    }

    /// The largest event of each type.
    async fn sizes(&self) -> Vec<(String, i64)> {
        let sql = "select event_type, max(octet_length(payload::text) + octet_length(metadata::text))::bigint
                   from events
                   group by event_type
                   order by 2 desc";
        sqlx::query_as(sql).fetch_all(&self.database.pool().await).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_of_everything_is_recorded_and_stays_below_the_bound() {
    let scene = Scene::new().await;
    let (operator, reporter) = (&scene.operator, &scene.reporter);
    let texts = || json!({"description": wide(2_000), "name": format!("{}{}", "가".repeat(108), unique())});

    // facts
    let member = scene.service.client().sign_up().await;
    let fact = with(activity(&member.id, &name(0)), json!({"measures": measures(50)}));
    let fact = with(fact, json!({"source": wide(64), "id": wide(128), "timeZone": "America/Argentina/ComodRivadavia"}));
    reporter.report_activity(&fact).await.created();
    let void = json!({"source": wide(64), "id": wide(128), "note": wide(1_000)});
    reporter.post("/activities/void", &void).await.created();

    // fifty sums at the bottom of the deepest tree, and as many expressions among them as a condition may have
    let sums: Vec<Value> = (0..50)
        .map(|number| json!({"total": {"kind": name(number), "measure": name(number), "total": 1_000_000_000, "within": "3660d"}}))
        .collect();
    // the same text, so that it is compiled once: what counts here is how long it is
    let expressions: Vec<Value> = vec![expression(0); 10].into_iter().chain(sums[10..].iter().cloned()).collect();
    let never = json!({"not": {"count": {"kind": "never", "count": 1}}});
    for condition in [deep(expressions), deep(sums)] {
        let created =
            operator.create_event(&with(event(condition.clone()), with(texts(), json!({"approval": "manual"})))).await;
        let prize = operator
            .create_reward(&with(reward(&created, Some(1)), json!({"name": wide(120), "description": wide(2_000)})))
            .await;
        let denied = reporter.claim_for(&prize, &member.id).await;
        let evidence = denied.problem(422, "condition_unmet")["evidence"].as_array().unwrap().len();
        assert_eq!(evidence, 50, "a claim on it is decided, with all its evidence");
        let same = with(texts(), json!({"condition": condition}));
        operator.patch(&format!("/events/{created}"), &same).await.ok();
        operator.patch(&format!("/events/{created}"), &json!({"condition": never})).await.ok();
        let asked = reporter.claim_for(&prize, &member.id).await;
        let claim = asked.expect(202)["claim"]["id"].as_str().unwrap().to_owned();
        for status in ["APPROVED", "FULFILLED", "REVERSED"] {
            operator
                .patch(&format!("/reward-requests/{claim}"), &json!({"status": status, "note": wide(1_000)}))
                .await
                .ok();
        }
    }
    let sizes = scene.sizes().await;
    println!("{sizes:?}");
    // ten expressions of letters of four bytes, and a description of the same
    assert!(sizes[0].1 > 10 * 3_800 + 8_000, "the largest are there: {sizes:?}");
    assert!(sizes.iter().all(|(_, bytes)| *bytes <= MAX_EVENT_BYTES), "{sizes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_fifty_measures_are_refused_however_they_are_reported() {
    let scene = Scene::new().await;
    let member = scene.service.client().sign_up().await;
    let fact = |count| with(activity(&member.id, "visit"), json!({"measures": measures(count)}));
    let refused = scene.reporter.report_activity(&fact(51)).await;
    assert_eq!(refused.invalid("measures")["rule"], "length");
    scene.reporter.report_activity(&fact(50)).await.created();
    let many: Value =
        (0..16_000).map(|number| (format!("m{number}"), json!(1))).collect::<serde_json::Map<_, _>>().into();
    let large = with(activity(&member.id, "visit"), json!({"measures": many}));
    scene.reporter.report_activity(&large).await.invalid("measures");
    let batch = scene.reporter.post("/activities/batch", &json!({"activities": [fact(51), fact(50), large]})).await;
    let statuses: Vec<_> = batch.list("/results").iter().map(|result| result["status"].clone()).collect();
    assert_eq!(statuses, [400, 201, 400]);

    let file = scene.service.data().join("facts.ndjson");
    std::fs::create_dir_all(scene.service.data()).unwrap();
    std::fs::write(&file, format!("{}\n{}\n", fact(51), fact(50))).unwrap();
    let told = scene.service.command(&["import", "activities", &file.display().to_string(), "--json"], "");
    let report: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(
        (&report["imported"], report["refusals"].to_string().contains("at most 50 measures")),
        (&json!(1), true),
        "{report}"
    );
}
