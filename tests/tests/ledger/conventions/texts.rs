//! Texts: how long they may be, and what they become. A maximum counts characters after normalisation: the longest is taken,
//! one more is refused with the field named.

use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Stage,
    programme::{activity, anybody, email, event, reward, unique, with},
};

/// So many characters, of three bytes each, that nobody else has.
fn long(characters: usize) -> String {
    let mark = unique();
    format!("{mark}{}", "한".repeat(characters - mark.len()))
}

#[track_caller]
fn taken(answer: &Answer, field: &str) {
    assert!((200..300).contains(&answer.status), "the longest {field}: {answer}");
}

#[tokio::test]
async fn a_text_may_be_as_long_as_its_maximum_and_no_longer() {
    let stage = Stage::shared().await;
    let (operator, reporter, nobody) = (stage.operator().await, stage.reporter().await, stage.nobody());
    let member = nobody.sign_up().await;
    let campaign = operator.create_event(&event(anybody())).await;

    for (field, most) in [("name", 120), ("description", 2_000)] {
        let changed = |characters: usize| json!({ field: long(characters) });
        taken(&operator.post("/events", &with(event(anybody()), changed(most))).await, field);
        operator.post("/events", &with(event(anybody()), changed(most + 1))).await.invalid(field);
        taken(&operator.post("/rewards", &with(reward(&campaign, None), changed(most))).await, field);
        operator.post("/rewards", &with(reward(&campaign, None), changed(most + 1))).await.invalid(field);
    }
    for (field, most) in [("nickname", 30), ("bio", 500)] {
        taken(&member.client.patch("/auth/profile", &json!({ field: long(most) })).await, field);
        member.client.patch("/auth/profile", &json!({ field: long(most + 1) })).await.invalid(field);
    }
    let short: String = unique().chars().take(2).collect();
    // somebody may have had these two letters
    assert_ne!(member.client.patch("/auth/profile", &json!({"nickname": short})).await.status, 400);
    member.client.patch("/auth/profile", &json!({"nickname": "한"})).await.invalid("nickname");

    let address = |characters: usize| {
        let start = "https://example.org/";
        json!({"profileImageUrl": format!("{start}{}", "a".repeat(characters - start.len()))})
    };
    taken(&member.client.patch("/auth/profile", &address(2_048)).await, "profileImageUrl");
    member.client.patch("/auth/profile", &address(2_049)).await.invalid("profileImageUrl");

    for (field, most) in [("source", 64), ("id", 128)] {
        let fact = |characters: usize| with(activity(&member.id, "visit"), json!({ field: long(characters) }));
        taken(&reporter.report_activity(&fact(most)).await, field);
        reporter.report_activity(&fact(most + 1)).await.invalid(field);
    }
    for step in ["block", "unblock"] {
        let path = format!("/auth/users/{}/{step}", member.id);
        operator.post(&path, &json!({"note": long(1_001)})).await.invalid("note");
        taken(&operator.post(&path, &json!({"note": long(1_000)})).await, "note");
    }
    let signed_up = |email: String| {
        with(json!({"password": "12345678 horses", "birthDate": "1995-01-01"}), json!({"email": email}))
    };
    // a part before the @ has at most 64 characters, a part of a domain 63
    let mail = |characters: usize| {
        let start = format!("{}{}@", unique(), "a".repeat(52));
        let domain = format!("{0}.{0}.", "b".repeat(63));
        let rest = characters - start.len() - domain.len() - ".org".len();
        format!("{start}{domain}{}.org", "c".repeat(rest))
    };
    taken(&nobody.post("/auth/signup", &signed_up(mail(254))).await, "email");
    nobody.post("/auth/signup", &signed_up(mail(255))).await.invalid("email");
    for (characters, fits) in [(7, false), (8, true), (128, true), (129, false)] {
        let body = with(signed_up(email()), json!({"password": "ä".repeat(characters)}));
        let answer = nobody.post("/auth/signup", &body).await;
        if fits { taken(&answer, "password") } else { drop(answer.invalid("password").clone()) }
    }
}

#[tokio::test]
async fn a_text_is_kept_normalised_and_trimmed() {
    let stage = Stage::shared().await;
    let member = stage.nobody().sign_up().await;
    let kept = async |sent: &str| {
        let changed = member.client.patch("/auth/profile", &json!({"bio": sent})).await;
        changed.ok()["user"]["bio"].clone()
    };
    assert_eq!(kept(" \u{3000} Cafe\u{301} \u{1112}\u{1161}\u{11ab} ").await, "Café 한");
    assert_eq!(kept("ﬁne").await, "ﬁne", "composed, not replaced by what looks alike");
    // as long as allowed once it is composed
    assert_eq!(kept(&"e\u{301}".repeat(500)).await, Value::from("é".repeat(500)));
    assert_eq!(kept(" one\r\ntwo\n\nthree\n").await, "one\ntwo\n\nthree");
    for control in ["a\u{0}b", "a\tb", "a\u{7f}b", "a\u{85}b", "a\u{1b}[31m"] {
        let refused = member.client.patch("/auth/profile", &json!({"bio": control})).await;
        refused.expect(400);
        assert!(["validation_failed", "malformed_json"].iter().any(|code| refused.json["code"] == *code), "{refused}");
    }
}

/// People write paragraphs where there is room for them, and names on one line.
#[tokio::test]
async fn descriptions_bios_and_notes_have_line_breaks_and_names_have_none() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let lines = "first\nsecond";
    let made = operator.post("/events", &with(event(anybody()), json!({"description": lines}))).await;
    assert_eq!(made.created()["description"], lines);
    let campaign = made.text("/id");
    let changed = operator.patch(&format!("/events/{campaign}"), &json!({"description": "one\r\n\r\ntwo"})).await;
    assert_eq!(changed.ok()["description"], "one\n\ntwo");
    let prize = operator.post("/rewards", &with(reward(&campaign, None), json!({"description": lines}))).await;
    assert_eq!(prize.created()["reward"]["description"], lines);
    let member = stage.nobody().sign_up().await;
    operator.post(&format!("/auth/users/{}/block", member.id), &json!({"note": lines})).await.ok();
    let fact = activity(&member.id, "visit");
    reporter.report_activity(&fact).await.created();
    let void = json!({"source": fact["source"], "id": fact["id"], "note": lines});
    reporter.post("/activities/void", &void).await.created();
    for (path, body, field) in [
        ("/events", event(anybody()), "name"),
        ("/rewards", reward(&campaign, None), "name"),
        ("/activities", activity(&member.id, "visit"), "id"),
    ] {
        operator_or(&operator, &reporter, path).post(path, &with(body, json!({ field: lines }))).await.invalid(field);
    }
    member.client.patch("/auth/profile", &json!({"nickname": lines})).await.invalid("nickname");
    for other in ["a\tb", "a\u{7}b", "a\rb"] {
        operator.post("/events", &with(event(anybody()), json!({"description": other}))).await.invalid("description");
    }
}

fn operator_or<'a>(operator: &'a Client, reporter: &'a Client, path: &str) -> &'a Client {
    if path == "/activities" { reporter } else { operator }
}
