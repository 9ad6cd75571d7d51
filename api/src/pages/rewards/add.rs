//! The form that adds a reward to an event. After an error it keeps what was typed and shows the error at its field.

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::show;
use super::value::{self, ValueField};
use crate::pages::client::{Change, FieldRefused, Refused};
use crate::pages::event_names::event_names;
use crate::pages::failure::Failure;
use crate::pages::form::{Form, Posted, new_key, number};
use crate::pages::response::see_other;
use crate::pages::visit::{OPERATORS, Visit};

/// The fields with numbers, and those with texts.
const NUMBERS: [&str; 5] = ["amount", "quantity", "perMemberLimit", "availableAfterDays", "maxUses"];
const TEXTS: [&str; 5] = ["eventId", "name", "type", "description", "unit"];

#[derive(Default)]
pub(super) struct AddForm {
    pub(super) key: String,
    /// The typed values by name.
    values: Vec<(String, String)>,
    /// The events to choose from: id and name.
    pub(super) events: Vec<(String, String)>,
    /// The fields about what a claim moves.
    pub(super) moves: Vec<ValueField>,
    pub(super) refused: Option<Refused>,
}

#[derive(Deserialize)]
struct Added {
    reward: AddedReward,
}

#[derive(Deserialize)]
struct AddedReward {
    id: String,
}

impl AddForm {
    pub(super) fn empty(event: String) -> Self {
        Self { key: new_key(), values: vec![("eventId".to_owned(), event)], ..Self::default() }
    }

    pub(super) async fn with_events(self, visit: &Visit) -> Self {
        let events = event_names(visit).await.unwrap_or_default();
        let events = events.into_iter().filter(|event| event.status != "ended").map(|event| (event.id, event.name));
        Self { events: events.collect(), moves: value::fields(visit.text, &self), ..self }
    }

    pub(super) fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(of, _)| of == name).map_or("", |(_, value)| value.as_str())
    }

    /// The error of a field.
    pub(super) fn wrong(&self, name: &str) -> Option<&FieldRefused> {
        self.refused.as_ref()?.errors.iter().find(|error| error.field == name)
    }

    /// Whether the form is open: it has errors, or was asked for.
    pub(super) fn is_open(&self) -> bool {
        self.refused.is_some() || !self.value("eventId").is_empty()
    }
}

pub(super) async fn add(Posted { visit, form }: Posted) -> Result<Response, Failure> {
    visit.only(OPERATORS)?;
    let change = Change { body: Some(body(&form)), idempotency_key: form.idempotency_key(), if_match: None };
    match visit.api.change::<Added>(Method::POST, "/rewards", change).await {
        Ok(answer) => {
            let min = answer.position.map_or_else(String::new, |position| position.to_string());
            let path = format!("/ui/rewards/{}", answer.body.reward.id);
            Ok(see_other(&visit.to_with(&path, &[("min", &min)])))
        }
        Err(refused) if matches!(refused.status, 400 | 404 | 409 | 422 | 503) => {
            let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST);
            // if the result is unknown, the same key keeps it from being done twice
            let key = form.idempotency_key().filter(|_| refused.is_unknown()).map_or_else(new_key, str::to_owned);
            let again = AddForm { key, values: form.0, refused: Some(refused), ..AddForm::default() };
            show(&visit, again, status).await
        }
        Err(refused) => Err(refused.into()),
    }
}

/// The request body. Empty fields are left out. An invalid number is sent as it was typed, so that the API names its
/// field.
fn body(form: &Form) -> Value {
    let mut body = Map::new();
    for name in TEXTS {
        body.extend(form.text(name).map(|text| (name.to_owned(), Value::from(text))));
    }
    for name in NUMBERS {
        body.extend(form.text(name).map(|text| (name.to_owned(), number(text))));
    }
    body.extend(value::body(form));
    Value::Object(body)
}
