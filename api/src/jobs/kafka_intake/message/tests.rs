use serde_json::json;

use super::*;
use crate::app::activities::check;
use crate::app::clock;
use crate::http::input::adversary;

const MEMBER: &str = "5ade140e-9678-82cf-ba37-59edc50c8a1a";

fn body() -> Value {
    json!({"memberId": MEMBER, "kind": "review", "occurredAt": "2026-11-20T18:30:00Z", "measures": {"stars": 5}})
}

fn event(changes: Value) -> Value {
    let mut event = json!({"specversion": "1.0", "id": "7", "source": "shop", "type": "shop.review", "data": body()});
    event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    event
}

fn expected() -> RawActivity {
    let mut body = body();
    body.as_object_mut().unwrap().extend(json!({"source": "shop", "id": "7"}).as_object().unwrap().clone());
    RawActivity::from_value(body).unwrap()
}

fn binary(changes: &[(&'static str, &'static str)]) -> Vec<Header<'static>> {
    let mut headers = vec![
        ("ce_specversion", "1.0"),
        ("ce_id", "7"),
        ("ce_source", "shop"),
        ("ce_type", "shop.review"),
        ("content-type", "application/json"),
        ("traceparent", "00-4bf9-01"),
    ];
    for (name, value) in changes {
        headers.retain(|(key, _)| key != name);
        headers.push((name, value));
    }
    headers.into_iter().map(|(key, value)| (key, Some(value.as_bytes()))).collect()
}

fn of_type(media: &'static str) -> Vec<Header<'static>> {
    vec![("content-type", Some(media.as_bytes()))]
}

fn one(headers: &[Header<'_>], value: &str) -> Result<RawActivity, Refused> {
    facts(headers, Some(value.as_bytes())).and_then(|mut items| items.remove(0))
}

#[track_caller]
fn refused(headers: &[Header<'_>], value: &str, reason: &str, detail: &str) {
    let refused = one(headers, value).unwrap_err();
    assert_eq!(refused.reason, reason, "{refused:?}");
    assert!(refused.detail.contains(detail), "{refused:?}");
}

#[track_caller]
fn refused_event(changes: Value, reason: &str, detail: &str) {
    refused(&of_type(ONE_EVENT), &event(changes).to_string(), reason, detail);
}

#[test]
fn the_three_modes_say_the_same() {
    assert_eq!(one(&binary(&[]), &body().to_string()), Ok(expected()));
    for media in ["application/cloudevents+json", "application/CloudEvents+JSON; charset=UTF-8"] {
        assert_eq!(one(&of_type(media), &event(json!({})).to_string()), Ok(expected()));
    }
    let bytes = BASE64_STANDARD.encode(body().to_string());
    let mut in_bytes = event(json!({"data_base64": bytes, "traceparent": "00-4bf9-01", "subject": null}));
    in_bytes.as_object_mut().unwrap().remove("data");
    assert_eq!(one(&of_type(ONE_EVENT), &in_bytes.to_string()), Ok(expected()));
    let batch = json!([event(json!({})), event(json!({"id": 7})), event(json!({}))]).to_string();
    let items = facts(&of_type(MANY_EVENTS), Some(batch.as_bytes())).unwrap();
    assert_eq!((&items[0], &items[2]), (&Ok(expected()), &Ok(expected())));
    assert_eq!(items[1].as_ref().unwrap_err().reason, "validation_failed");
    assert_eq!(facts(&of_type(MANY_EVENTS), Some(b"[]")), Ok(vec![]));
}

#[test]
fn an_envelope_that_is_not_in_order_is_refused_with_the_part_that_is_not() {
    let data = body().to_string();
    refused(&[], &data, "unsupported_media_type", "ce_specversion");
    refused(&of_type("application/json"), &data, "unsupported_media_type", "ce_specversion");
    refused(&of_type("application/cloudevents+avro"), &data, "unsupported_media_type", "application/cloudevents+json");
    refused(&binary(&[("content-type", "text/plain")]), &data, "unsupported_media_type", "application/json");
    refused(&binary(&[("ce_specversion", "0.3")]), &data, "validation_failed", "specversion: must be 1.0");
    refused(&binary(&[("ce_id", "")]), &data, "validation_failed", "id: is required");
    let twice = [binary(&[]), binary(&[])].concat();
    refused(&twice, &data, "validation_failed", "must not be there twice");
    refused_event(
        json!({"source": null, "type": 7}),
        "validation_failed",
        "source: is required; type: must be a string",
    );
    refused_event(json!({"data": null}), "validation_failed", "data: must be an object");
    refused_event(json!({"data_base64": "e30="}), "validation_failed", "data_base64: must not be there beside data");
    refused_event(json!({"datacontenttype": "application/xml"}), "unsupported_media_type", "application/json");
    refused(&of_type(ONE_EVENT), "[]", "validation_failed", "must be an object");
    refused(&of_type(MANY_EVENTS), "{}", "validation_failed", "must be a list of events");
}

#[test]
fn data_is_read_as_strictly_as_a_request() {
    refused(&binary(&[]), "", "validation_failed", "data: is required");
    refused(&binary(&[]), "{", "malformed_json", "not JSON");
    refused(&binary(&[]), "\u{1}", "malformed_json", "not JSON");
    refused(&binary(&[]), &"7".repeat(MAX_EVENT_BYTES + 1), "body_too_large", "262144 bytes");
    refused(&binary(&[]), r#"{"kind": "a", "kind": "b"}"#, "validation_failed", "data.kind");
    let with = |name: &str, value: Value| {
        let mut body = body();
        body[name] = value;
        json!({ "data": body })
    };
    refused_event(with("memberId", json!(7)), "validation_failed", "data.memberId: ");
    refused_event(with("source", json!("shop")), "validation_failed", "must not have source and id");
    let events = vec![event(json!({})); MAX_BATCH_EVENTS + 1];
    refused(&of_type(MANY_EVENTS), &json!(events).to_string(), "body_too_large", "1000 events");
}

#[test]
fn nothing_that_the_sender_wrote_is_repeated() {
    let personal = "kim@example.com";
    for value in [
        json!({"data": {personal: 1}}),
        json!({"data": {"memberId": personal, "kind": personal, "occurredAt": personal}}),
        json!({"data": {"measures": {personal: "much"}}}),
        json!({"specversion": personal}),
        json!({"datacontenttype": personal}),
    ] {
        let read = one(&of_type(ONE_EVENT), &event(value.clone()).to_string());
        let kept = read.and_then(|raw| check(&raw, None, clock::now()).map_err(|errors| Refused::fields(&errors)));
        let refused = kept.unwrap_err();
        assert!(!refused.detail.contains("kim"), "{value}: {refused:?}");
    }
    let twice = format!(r#"{{"data": {{"{personal}": 1, "{personal}": 2}}}}"#);
    assert!(!one(&of_type(ONE_EVENT), &twice).unwrap_err().detail.contains("kim"));
}

#[test]
fn a_message_that_is_refused_is_still_known_by_source_and_id_where_they_can_be_read() {
    let named = (Some("shop".to_owned()), Some("7".to_owned()));
    assert_eq!(identity(&binary(&[("ce_specversion", "2")]), Some(b"{")), named);
    assert_eq!(identity(&of_type(ONE_EVENT), Some(event(json!({"data": 7})).to_string().as_bytes())), named);
    assert_eq!(identity(&of_type(ONE_EVENT), Some(b"{")), (None, None));
    assert_eq!(identity(&[], None), (None, None));
}

const KNOWN: &[&str] =
    &["specversion", "id", "source", "type", "data", "data_base64", "memberId", "kind", "measures", "datacontenttype"];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(96))]

    /// A message is refused in headers of a few hundred characters, whatever it holds and however many events.
    #[test]
    fn a_message_is_refused_in_proportion(value in adversary::bodies(KNOWN)) {
        for content_type in ["application/cloudevents+json", "application/cloudevents-batch+json", "application/json"] {
            let headers = binary(&[("content-type", content_type)]);
            let refused = adversary::in_proportion(value.as_bytes(), || match facts(&headers, Some(value.as_bytes())) {
                Ok(items) => {
                    let many = items.len() > 1;
                    let items = items.into_iter().enumerate();
                    let refused = items.filter_map(|(index, item)| Some((many.then_some(index), item.err()?)));
                    Refused::of_all(&refused.collect::<Vec<_>>())
                }
                Err(whole) => Some(whole),
            });
            if let Some(refused) = refused {
                proptest::prop_assert!(refused.detail.chars().count() <= 501, "{}", refused.detail);
            }
        }
    }
}
