//! Saving: the button that says what comes of it, and what the API makes of the form. Whoever looked at an older event is
//! told what it is now and keeps what was typed; what is not known counts once under its key.

use axum::http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::draft::Draft;
use crate::pages::client::{Answer, Change, Refused};
use crate::pages::event::Event;
use crate::pages::form::Form;
use crate::pages::rule;
use crate::pages::text::{Text, say};
use crate::pages::visit::Visit;

/// The button, or why there is none.
pub(super) struct Save {
    pub(super) label: Option<String>,
    pub(super) why: String,
}

impl Save {
    pub(super) fn of(text: Text, draft: &Draft, event: Option<&Event>, now: domain::Moment) -> Self {
        let Some(event) = event else {
            let opens = draft.moment("startDate").filter(|start| *start > now).map(|start| text.moment(start));
            let why = match opens {
                Some(at) => say!(text, "ui-editor-opens", at = at, zone = text.zone_name()),
                None => text.say("ui-editor-runs"),
            };
            return Self { label: Some(text.say("ui-editor-create")), why };
        };
        if event.status == "ended" {
            return Self { label: None, why: text.say("ui-editor-has-ended") };
        }
        if draft.is_another_rule(event) {
            let label = say!(text, "ui-editor-save-version", version = event.condition_version + 1);
            return Self { label: Some(label), why: text.say("ui-editor-decided-stays") };
        }
        let label = Some(text.say("ui-editor-save"));
        Self { label, why: say!(text, "ui-editor-rule-stays", version = event.condition_version) }
    }
}

#[derive(Deserialize)]
struct Saved {
    id: String,
}

/// Creates the event, or changes what differs. Nothing to change leads to the event as it is.
///
/// # Errors
/// What the API refuses.
pub(super) async fn save(
    visit: &Visit,
    form: &Form,
    draft: &Draft,
    event: Option<&Event>,
    condition: Value,
) -> Result<String, Refused> {
    let key = form.idempotency_key();
    let answer: Answer<Saved> = match event {
        None => {
            let change = Change { body: Some(draft.body(condition)), idempotency_key: key, if_match: None };
            visit.api.change(Method::POST, "/events", change).await?
        }
        Some(event) => {
            let changes = draft.changes(event, condition);
            if changes.is_empty() {
                return Ok(visit.to(&format!("/ui/events/{}", event.id)));
            }
            let change = Change { body: Some(changes.into()), idempotency_key: key, if_match: form.if_match() };
            visit.api.change(Method::PATCH, &format!("/events/{}", event.id), change).await?
        }
    };
    let min = answer.position.map_or_else(String::new, |position| position.to_string());
    Ok(visit.to_with(&format!("/ui/events/{}", answer.body.id), &[("min", &min)]))
}

/// What is said above the form about a save that was not done, where no field is to blame.
pub(super) struct Notice {
    pub(super) tone: &'static str,
    pub(super) strong: String,
    pub(super) rest: String,
    pub(super) code: String,
}

impl Notice {
    pub(super) fn of(text: Text, refused: &Refused, event: Option<&Event>) -> Self {
        let code = format!("{} {}", refused.status, refused.code);
        if refused.is_unknown() {
            let (strong, rest) = (text.say("ui-editor-not-known"), text.say("ui-editor-ask-again"));
            return Self { tone: "no", strong, rest, code };
        }
        match event.filter(|_| refused.status == 412) {
            Some(event) => {
                let rule = serde_json::from_value(event.condition.clone());
                let rule = rule.map_or_else(|_| String::new(), |rule| rule::summary(text, &rule));
                let strong = say!(text, "ui-editor-faster", version = event.condition_version, rule = rule);
                Self { tone: "wait", strong, rest: text.say("ui-editor-kept"), code }
            }
            None => Self { tone: "no", strong: refused.title.clone(), rest: refused.detail.clone(), code },
        }
    }
}
