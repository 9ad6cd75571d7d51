//! Reads facts out of a Kafka message: CloudEvents 1.0 in binary, structured or batched mode, whose data
//! is the body of `POST /activities` without `source` and `id`. A pure function of headers and value.
//!
//! The CloudEvents SDK is not used: it takes `data` through a reader that keeps the last of two equal
//! keys in silence, where the contract refuses them, and what is left of it are four texts.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::refused::Refused;
use crate::app::activities::RawActivity;
use crate::app::problem::{Code, FieldErrors};

/// The largest value of one event, as of a request.
const MAX_EVENT_BYTES: usize = 256 * 1024;
/// The largest value of a batch, as of a request.
const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// The most events of a batch.
const MAX_BATCH_EVENTS: usize = 1_000;

/// What comes before the name of an attribute in a header.
const ATTRIBUTE: &str = "ce_";
const CONTENT_TYPE: &str = "content-type";
const ONE_EVENT: &str = "application/cloudevents+json";
const MANY_EVENTS: &str = "application/cloudevents-batch+json";

/// A header of a message.
pub(super) type Header<'a> = (&'a str, Option<&'a [u8]>);

/// The facts of a message, in order; an item that cannot be read is refused by itself.
///
/// # Errors
/// The message cannot be read at all.
pub(super) fn facts(
    headers: &[Header<'_>],
    value: Option<&[u8]>,
) -> Result<Vec<Result<RawActivity, Refused>>, Refused> {
    let value = value.unwrap_or_default();
    match mode(headers)? {
        Mode::Batch => {
            let Value::Array(items) = parsed(value, MAX_BATCH_BYTES)? else {
                return Err(field("body", "type", "must be a list of events"));
            };
            if items.len() > MAX_BATCH_EVENTS {
                return Err(Refused::of(Code::BodyTooLarge, format!("more than {MAX_BATCH_EVENTS} events")));
            }
            Ok(items.into_iter().map(|item| Event::structured(item).and_then(Event::fact)).collect())
        }
        Mode::Structured => Ok(vec![parsed(value, MAX_EVENT_BYTES).and_then(Event::structured).and_then(Event::fact)]),
        Mode::Binary => Ok(vec![Event::binary(headers, value).and_then(Event::fact)]),
    }
}

/// The source and the id of a message of one event, as far as they can be read.
pub(super) fn identity(headers: &[Header<'_>], value: Option<&[u8]>) -> (Option<String>, Option<String>) {
    let text = |found: Option<&Value>| found.and_then(Value::as_str).map(str::to_owned);
    match mode(headers) {
        Ok(Mode::Structured) => match parsed(value.unwrap_or_default(), MAX_EVENT_BYTES) {
            Ok(event) => (text(event.get("source")), text(event.get("id"))),
            Err(_) => (None, None),
        },
        Ok(Mode::Batch) => (None, None),
        Ok(Mode::Binary) | Err(_) => {
            let header = |name| header(headers, name).ok().flatten().map(str::to_owned);
            (header("ce_source"), header("ce_id"))
        }
    }
}

enum Mode {
    Batch,
    Structured,
    Binary,
}

/// How the event travels: the content type tells, and attributes in headers where it does not.
fn mode(headers: &[Header<'_>]) -> Result<Mode, Refused> {
    let media = media_type(header(headers, CONTENT_TYPE)?.unwrap_or_default());
    match media.as_str() {
        MANY_EVENTS => Ok(Mode::Batch),
        ONE_EVENT => Ok(Mode::Structured),
        _ if media.starts_with("application/cloudevents") => {
            Err(Refused::of(Code::UnsupportedMediaType, format!("content-type must be {ONE_EVENT} or {MANY_EVENTS}")))
        }
        _ if headers.iter().any(|(name, _)| *name == "ce_specversion") => Ok(Mode::Binary),
        _ => Err(Refused::of(
            Code::UnsupportedMediaType,
            format!("the message has neither content-type: {ONE_EVENT} nor ce_specversion"),
        )),
    }
}

fn media_type(text: &str) -> String {
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A header that may be there once.
fn header<'a>(headers: &[Header<'a>], name: &str) -> Result<Option<&'a str>, Refused> {
    let mut found = headers.iter().filter(|(key, _)| *key == name);
    let Some((_, value)) = found.next() else { return Ok(None) };
    if found.next().is_some() {
        return Err(field(name, "duplicate_key", "must not be there twice"));
    }
    let text = std::str::from_utf8(value.unwrap_or_default());
    text.map(Some).map_err(|_| field(name, "characters", "must be UTF-8"))
}

fn parsed(bytes: &[u8], max_bytes: usize) -> Result<Value, Refused> {
    if bytes.len() > max_bytes {
        return Err(Refused::of(Code::BodyTooLarge, format!("the value has more than {max_bytes} bytes")));
    }
    if bytes.is_empty() {
        return Err(field("data", "required", "is required"));
    }
    crate::app::input::json::parse(bytes).map_err(Refused::from)
}

fn field(field: &str, rule: &'static str, message: &str) -> Refused {
    Refused::fields(&FieldErrors::one(field, rule, message))
}

/// An event whose envelope is in order.
struct Event {
    source: String,
    id: String,
    data: Value,
}

impl Event {
    fn binary(headers: &[Header<'_>], value: &[u8]) -> Result<Self, Refused> {
        let attribute = |name: &str| -> Result<Option<Value>, Refused> {
            let text = header(headers, &format!("{ATTRIBUTE}{name}"))?;
            Ok(text.map(|text| Value::String(text.to_owned())))
        };
        let envelope = Envelope {
            specversion: attribute("specversion")?,
            id: attribute("id")?,
            source: attribute("source")?,
            kind: attribute("type")?,
            content_type: header(headers, CONTENT_TYPE)?.map(|text| Value::String(text.to_owned())),
        };
        let (source, id) = envelope.read()?;
        Ok(Self { source, id, data: parsed(value, MAX_EVENT_BYTES)? })
    }

    fn structured(event: Value) -> Result<Self, Refused> {
        let Value::Object(mut event) = event else { return Err(field("body", "type", "must be an object")) };
        let mut attribute = |name: &str| event.remove(name).filter(|value| !value.is_null());
        let envelope = Envelope {
            specversion: attribute("specversion"),
            id: attribute("id"),
            source: attribute("source"),
            kind: attribute("type"),
            content_type: attribute("datacontenttype"),
        };
        let (source, id) = envelope.read()?;
        Ok(Self { source, id, data: data(&mut event)? })
    }

    /// The body of `POST /activities`, read as strictly.
    fn fact(self) -> Result<RawActivity, Refused> {
        let Value::Object(mut body) = self.data else { return Err(field("data", "type", "must be an object")) };
        for (name, value) in [("source", self.source), ("id", self.id)] {
            if body.insert(name.to_owned(), Value::String(value)).is_some() {
                return Err(field("data", "unknown_field", "must not have source and id, which the event has"));
            }
        }
        RawActivity::from_value(Value::Object(body)).map_err(|errors| Refused::fields(&errors))
    }
}

/// The data of a structured event: JSON, or the bytes of JSON.
fn data(event: &mut Map<String, Value>) -> Result<Value, Refused> {
    match (event.remove("data"), event.remove("data_base64")) {
        (Some(data), None) => Ok(data),
        (None, Some(Value::String(text))) => {
            let bytes = BASE64_STANDARD.decode(text);
            let bytes = bytes.map_err(|_| field("data_base64", "format", "must be base64"))?;
            parsed(&bytes, MAX_EVENT_BYTES)
        }
        (None, Some(_)) => Err(field("data_base64", "type", "must be a string")),
        (Some(_), Some(_)) => Err(field("data_base64", "excess", "must not be there beside data")),
        (None, None) => Err(field("data", "required", "is required")),
    }
}

/// The attributes that an event must have, and what its data is.
struct Envelope {
    specversion: Option<Value>,
    id: Option<Value>,
    source: Option<Value>,
    kind: Option<Value>,
    content_type: Option<Value>,
}

impl Envelope {
    /// Source and id, where all is in order.
    fn read(self) -> Result<(String, String), Refused> {
        let mut errors = FieldErrors::default();
        let mut text = |name: &str, value: Option<Value>| {
            let (rule, message) = match value {
                Some(Value::String(text)) if !text.is_empty() => return text,
                Some(Value::String(_)) | None => ("required", "is required"),
                Some(_) => ("type", "must be a string"),
            };
            errors.report(name, rule, message);
            String::new()
        };
        let specversion = text("specversion", self.specversion);
        let (id, source) = (text("id", self.id), text("source", self.source));
        text("type", self.kind);
        let content = self.content_type.map(|value| text("datacontenttype", Some(value)));
        if !errors.is_empty() {
            return Err(Refused::fields(&errors));
        }
        if specversion != "1.0" {
            return Err(field("specversion", "format", "must be 1.0"));
        }
        match content.as_deref().map(media_type) {
            Some(media) if !is_json(&media) => {
                Err(Refused::of(Code::UnsupportedMediaType, "the data must be application/json".to_owned()))
            }
            Some(_) | None => Ok((source, id)),
        }
    }
}

fn is_json(media: &str) -> bool {
    media.ends_with("/json") || media.ends_with("+json")
}

#[cfg(test)]
mod tests;
