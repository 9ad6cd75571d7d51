//! The actions of operators on an event: pause, resume, end. If the event has changed since the page was loaded, the
//! page says who was faster. If the result of a request is unknown, the same form can be sent again.

use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::de::IgnoredAny;

use super::{Frame, id_of, show};
use crate::pages::client::{Change, Refused};
use crate::pages::failure::Failure;
use crate::pages::form::{Posted, new_key};
use crate::pages::response::see_other;
use crate::pages::text::say;
use crate::pages::visit::OPERATORS;

/// An action that failed.
pub(super) struct NotTaken {
    step: &'static str,
    refused: Refused,
    key: Option<String>,
}

impl NotTaken {
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.refused.status).unwrap_or(StatusCode::CONFLICT)
    }
}

/// The message about it.
pub(super) struct Notice {
    pub(super) tone: &'static str,
    pub(super) strong: String,
    pub(super) rest: String,
    pub(super) code: String,
    /// The action to repeat, and the key that keeps it from being done twice.
    pub(super) again: Option<(&'static str, String)>,
}

impl Notice {
    pub(super) fn of(frame: &Frame<'_>, not_taken: &NotTaken) -> Self {
        let (text, refused) = (frame.visit.text, &not_taken.refused);
        let code = format!("{} {}", refused.status, refused.code);
        let status = text.say_of("status", &frame.event.status);
        if refused.is_unknown() {
            let (strong, rest) = (text.say("ui-event-not-known"), text.say("ui-event-ask-again-why"));
            let again = not_taken.key.clone().map(|key| (not_taken.step, key));
            return Self { tone: "no", strong, rest, code, again };
        }
        let strong = match refused.status {
            412 => say!(text, "ui-event-faster", status = status),
            _ => refused.title.clone(),
        };
        let rest = if refused.status == 412 { text.say("ui-event-not-done") } else { refused.detail.clone() };
        Self { tone: "wait", strong, rest, code, again: None }
    }
}

/// The actions that an operator can take.
pub(super) struct Actions {
    pub(super) key: String,
    /// The version of the event that the page shows.
    pub(super) seen: String,
    pub(super) edit: String,
    pub(super) names: [String; 3],
    pub(super) pause: bool,
    pub(super) resume: bool,
    pub(super) end: bool,
}

impl Actions {
    pub(super) fn of(frame: &Frame<'_>, seen: String) -> Self {
        let status = frame.event.status.as_str();
        Self {
            key: new_key(),
            seen,
            edit: frame.visit.to(&format!("/ui/events/{}/edit", frame.event.id)),
            names: ["pause", "resume", "end"].map(|step| frame.visit.text.say_of("event-step", step)),
            pause: matches!(status, "scheduled" | "active"),
            resume: status == "paused",
            end: status != "ended",
        }
    }
}

pub(super) async fn pause(id: Path<String>, posted: Posted) -> Result<Response, Failure> {
    take("pause", &id, &posted).await
}

pub(super) async fn resume(id: Path<String>, posted: Posted) -> Result<Response, Failure> {
    take("resume", &id, &posted).await
}

pub(super) async fn end(id: Path<String>, posted: Posted) -> Result<Response, Failure> {
    take("end", &id, &posted).await
}

async fn take(step: &'static str, id: &str, posted: &Posted) -> Result<Response, Failure> {
    let Posted { visit, form } = posted;
    visit.only(OPERATORS)?;
    let id = id_of(id)?;
    let change = Change { body: None, idempotency_key: form.idempotency_key(), if_match: form.if_match() };
    let path = format!("/events/{id}/{step}");
    match visit.api.change::<IgnoredAny>(Method::POST, &path, change).await {
        Ok(answer) => {
            let min = answer.position.map_or_else(String::new, |position| position.to_string());
            Ok(see_other(&visit.to_with(&format!("/ui/events/{id}"), &[("min", &min)])))
        }
        Err(refused) if matches!(refused.status, 409 | 412 | 503) => {
            let key = form.idempotency_key().map(str::to_owned);
            show(&visit.at_page(&format!("/ui/events/{id}")), &id, Some(NotTaken { step, refused, key })).await
        }
        Err(refused) => Err(refused.into()),
    }
}
