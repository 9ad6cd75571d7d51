//! The own profile: seen, changed field by field, and refused with the field named.

use serde_json::{Value, json};
use tests::support::{Stage, programme::unique};

#[tokio::test]
async fn a_member_sees_and_changes_the_own_profile() {
    let member = Stage::shared().await.nobody().sign_up_with(json!({"timeZone": "Asia/Seoul"})).await;
    let me = member.client.get("/auth/me").await;
    let user = &me.ok()["user"];
    assert_eq!(user["id"], member.id);
    assert_eq!(user["email"], member.email);
    assert_eq!(user["birthDate"], "1995-01-01");
    assert_eq!(user["timeZone"], "Asia/Seoul");
    assert_eq!((&user["profileComplete"], &user["blocked"]), (&json!(false), &json!(false)));
    assert_eq!(user["inviteCode"], member.client.get("/auth/invite-code").await.ok()["inviteCode"]);

    let name = format!("Ann {}", unique());
    let full = json!({"nickname": name, "bio": "I collect points.", "profileImageUrl": "https://example.org/me.png"});
    let changed = member.client.patch("/auth/profile", &full).await;
    assert_eq!(changed.ok()["user"]["profileComplete"], true);
    let cleared = member.client.patch("/auth/profile", &json!({"bio": null})).await;
    assert_eq!(cleared.ok()["user"]["bio"], Value::Null);
    assert_eq!(cleared.json["user"]["nickname"], name, "what is not named does not change");
    assert_eq!(cleared.json["user"]["profileComplete"], false);
}

#[tokio::test]
async fn a_profile_that_breaks_a_rule_names_the_field() {
    let member = Stage::shared().await.nobody().sign_up().await;
    for (field, value) in [
        ("profileImageUrl", json!("http://example.org/me.png")),
        ("profileImageUrl", json!("javascript:alert(1)")),
        ("bio", json!("x".repeat(501))),
        ("nickname", json!("a")),
        ("timeZone", json!("Nowhere")),
        ("email", json!("other@example.org")),
    ] {
        member.client.patch("/auth/profile", &json!({ field: value })).await.invalid(field);
    }
    member.client.patch("/auth/profile", &json!({})).await.expect(400);
}

#[tokio::test]
async fn a_zone_changes_once_in_thirty_days() {
    let member = Stage::shared().await.nobody().sign_up().await;
    member.client.patch("/auth/profile", &json!({"timeZone": "Asia/Seoul"})).await.ok();
    let locked = member.client.patch("/auth/profile", &json!({"timeZone": "Europe/Paris"})).await;
    assert!(locked.problem(409, "time_zone_locked")["allowedAt"].is_string());
}

#[tokio::test]
async fn another_name_of_the_own_zone_is_no_change() {
    let member = Stage::shared().await.nobody().sign_up_with(json!({"timeZone": "Asia/Calcutta"})).await;
    let renamed = member.client.patch("/auth/profile", &json!({"timeZone": "Asia/Kolkata"})).await;
    assert_eq!(renamed.ok()["user"]["timeZone"], "Asia/Kolkata");
    member.client.patch("/auth/profile", &json!({"timeZone": "Europe/Paris"})).await.ok();
}

#[tokio::test]
async fn a_change_that_no_rule_looks_at_is_no_event() {
    let member = Stage::shared().await.nobody().sign_up().await;
    let changed = async |change: Value| {
        let answer = member.client.patch("/auth/profile", &change).await;
        answer.ok();
        answer.header("ledger-position").is_some()
    };
    for n in 0..5 {
        assert!(!changed(json!({"bio": format!("{n}")})).await && !changed(json!({"bio": null})).await, "not complete");
    }
    let full =
        json!({"nickname": format!("Ann {}", unique()), "bio": "a", "profileImageUrl": "https://example.org/a.png"});
    assert!(changed(full).await, "it becomes complete");
    for n in 0..5 {
        let others = json!({"bio": format!("{n}"), "nickname": format!("Ann {}", unique()), "timeZone": "UTC"});
        assert!(!changed(others).await, "it stays complete");
    }
}
