//! Units of value: `points` is there from the start, an administrator defines others, and what is changed holds from then on.

use serde_json::{Value, json};
use tests::support::{
    Client, Stage,
    programme::{unique, with, without},
};

/// The unit that nobody defines, as it is until somebody changes it.
fn points() -> Value {
    json!({
        "code": "points", "name": "Points", "scale": 0, "expiry": null, "availableAfterDays": 0, "timeZone": "member",
        "onReversal": "within_balance", "refundGraceDays": 30, "fourEyesAbove": null, "transfersPerDay": 0, "value": null,
    })
}

fn code() -> String {
    format!("unit-{}", unique())
}

async fn admin(stage: &Stage) -> Client {
    stage.service.demo("admin").await
}

#[tokio::test]
async fn points_are_there_from_the_start_and_stay_last_in_the_list() {
    let stage = Stage::own().await;
    let (admin, member) = (admin(&stage).await, stage.service.demo("member").await);
    let read = member.get("/units/points").await;
    assert_eq!((read.ok(), read.header("etag")), (&points(), Some("\"0\"")));
    assert_eq!(*member.get("/units").await.ok(), json!({"units": [points()], "nextCursor": null}));

    let codes = [code(), code(), code()];
    let mut position = 0;
    for code in &codes {
        let made = admin.post("/units", &json!({"code": code, "name": "Stars"})).await;
        assert_eq!(
            *made.created(),
            with(points(), json!({"code": code, "name": "Stars"})),
            "as points where nothing is said"
        );
        position = made.position();
    }
    let renamed = admin.patch("/units/points", &json!({"name": "Punkte"})).await;
    assert_eq!(*renamed.ok(), with(points(), json!({"name": "Punkte"})));
    assert!(renamed.position() > position);
    let listed = member.get_at("/units?limit=2", renamed.position()).await;
    assert_eq!(listed.list("/units")[0]["code"], codes[2].as_str(), "newest first");
    let rest = member.walk("/units?limit=2", "units", &listed.text("/nextCursor")).await;
    let rest: Vec<_> =
        rest.iter().map(|unit| (unit["code"].as_str().unwrap(), unit["name"].as_str().unwrap())).collect();
    assert_eq!(rest, [(codes[0].as_str(), "Stars"), ("points", "Punkte")], "its place does not move");
    assert_eq!(member.get("/units?limit=4").await.json["nextCursor"], Value::Null);
    member.get("/units?status=active").await.invalid("query.status");
}

#[tokio::test]
async fn a_unit_is_defined_once_and_changes_what_is_named() {
    let stage = Stage::shared().await;
    let (admin, code) = (admin(stage).await, code());
    let draft = json!({
        "code": code, "name": " Sterne ", "scale": 2, "expiry": {"days": 365, "endOf": "month"}, "availableAfterDays": 7,
        "timeZone": "Asia/Seoul", "onReversal": "negative", "refundGraceDays": 0, "fourEyesAbove": 0, "transfersPerDay": 3,
        "value": {"currency": "KRW", "amount": 10, "per": 1},
    });
    let made = admin.post("/units", &draft).await;
    let shown = with(draft.clone(), json!({"name": "Sterne"}));
    assert_eq!((made.created(), made.header("etag")), (&shown, Some("\"1\"")));
    admin.post("/units", &draft).await.problem(409, "unit_code_taken");
    admin.post("/units", &json!({"code": "points", "name": "Points"})).await.problem(409, "unit_code_taken");

    let path = format!("/units/{code}");
    let read = admin.get_at(&path, made.position()).await;
    assert_eq!((read.ok(), read.header("etag")), (&shown, Some("\"1\"")));
    let change = json!({"expiry": null, "fourEyesAbove": null, "value": null, "timeZone": "member"});
    let changed = admin.patch_if(&path, &change, "\"1\"").await;
    assert_eq!((changed.ok(), changed.header("etag")), (&with(shown, change.clone()), Some("\"2\"")));
    let same = admin.patch(&path, &change).await;
    assert_eq!((same.ok(), same.header("ledger-position")), (changed.ok(), None), "what is so already is no event");
    admin.patch_if(&path, &json!({"name": "Stars"}), "\"1\"").await.problem(412, "changed_meanwhile");
    let dated = admin.patch(&path, &json!({"expiry": {"date": "2030-12-31"}})).await;
    assert_eq!(dated.ok()["expiry"], json!({"date": "2030-12-31"}));
    admin.patch("/units/nothing", &json!({"name": "Stars"})).await.problem(404, "not_found");
    admin.patch("/units/GRANTS", &json!({"name": "Stars"})).await.problem(404, "not_found");
    admin.get("/units/nothing").await.problem(404, "not_found");
}

#[tokio::test]
async fn what_is_no_unit_is_refused_by_its_field() {
    let admin = admin(Stage::shared().await).await;
    let good = json!({"code": "never-made", "name": "Never made"});
    let is_no_unit = |name: &str, value: Value| {
        (name.to_owned(), with(good.clone(), json!({name.split('.').next().unwrap(): value})))
    };
    for (field, body) in [
        ("code".to_owned(), without(good.clone(), "code")),
        ("name".to_owned(), without(good.clone(), "name")),
        is_no_unit("code", json!("KRW")),
        is_no_unit("code", json!("grants")),
        is_no_unit("code", json!("two words")),
        is_no_unit("name", json!("n".repeat(121))),
        is_no_unit("scale", json!(7)),
        is_no_unit("scale", json!(1.5)),
        is_no_unit("expiry", json!(30)),
        is_no_unit("expiry.days", json!({"days": 0})),
        is_no_unit("expiry.days", json!({})),
        is_no_unit("expiry.date", json!({"days": 3, "date": "2030-01-01"})),
        is_no_unit("expiry.date", json!({"date": "9999-01-01"})),
        is_no_unit("expiry.weeks", json!({"weeks": 3})),
        is_no_unit("availableAfterDays", json!(-1)),
        is_no_unit("timeZone", json!("Seoul")),
        is_no_unit("onReversal", json!("never")),
        is_no_unit("refundGraceDays", json!(3_661)),
        is_no_unit("fourEyesAbove", json!("100")),
        is_no_unit("transfersPerDay", json!(null)),
        is_no_unit("value.currency", json!({"currency": "krw", "amount": 1, "per": 1})),
        is_no_unit("value.per", json!({"currency": "KRW", "amount": 1, "per": 0})),
        is_no_unit("colour", json!("red")),
    ] {
        admin.post("/units", &body).await.invalid(&field);
    }
    admin.patch("/units/points", &json!({})).await.invalid("body");
    admin.patch("/units/points", &json!({"scale": 2})).await.invalid("scale");
    admin.patch("/units/points", &json!({"code": "other"})).await.invalid("code");
    admin.patch("/units/points", &json!({"name": null})).await.invalid("name");
    admin.get("/units/never-made").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_unit_is_made_once_under_a_key() {
    let admin = admin(Stage::shared().await).await;
    let (draft, key) = (json!({"code": code(), "name": "Stars"}), unique());
    let first = admin.post_once("/units", &draft, &key).await;
    first.created();
    let again = admin.post_once("/units", &draft, &key).await;
    assert_eq!((again.created(), again.header("idempotency-replayed")), (first.created(), Some("true")));
    assert_eq!(again.position(), first.position());
}
