//! The codes of a reward that hands out coupons: how many are left, and the forms that make more of them or take the last ones
//! out again. No code is shown here: each is its member's alone.

use askama::Template;
use axum::extract::Path;
use axum::http::Method;
use axum::response::Response;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::pages::client::Change;
use crate::pages::decide::Outcome;
use crate::pages::event::id_of;
use crate::pages::failure::Failure;
use crate::pages::form::{Form, Posted, new_key};
use crate::pages::response::see_other;
use crate::pages::text::{Text, say};
use crate::pages::visit::{OPERATORS, Visit};

/// The form field of what is asked for.
const DO: &str = "do";

/// How many codes there are, given or not, and how many are neither given nor promised.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodesLeft {
    pub(super) all: i64,
    pub(super) remaining: i64,
}

#[derive(Template)]
#[template(path = "reward/codes.html")]
pub(super) struct CodesSection {
    text: Text,
    said: String,
    outcome: Option<Outcome>,
    /// For those who may change them.
    forms: Option<Forms>,
}

struct Forms {
    action: String,
    token: String,
    /// Each form has a key of its own.
    keys: [String; 2],
}

impl CodesSection {
    pub(super) fn of(visit: &Visit, id: &str, left: CodesLeft, token: Option<&str>, outcome: Option<Outcome>) -> Self {
        let text = visit.text;
        Self {
            text,
            said: say!(text, "ui-codes-left", left = left.remaining, all = left.all),
            outcome,
            forms: token.map(|token| Forms {
                action: visit.to(&format!("/ui/rewards/{id}/codes")),
                token: token.to_owned(),
                keys: [new_key(), new_key()],
            }),
        }
    }
}

/// Makes codes, or takes the last ones out again.
pub(super) async fn change(Path(id): Path<String>, Posted { visit, form }: Posted) -> Result<Response, Failure> {
    visit.only(OPERATORS)?;
    let id = id_of(&id)?;
    let step = if form.text(DO) == Some("withdraw") { "withdraw" } else { "generate" };
    let change = Change { body: Some(body(&form)), idempotency_key: form.idempotency_key(), if_match: None };
    let page = format!("/ui/rewards/{id}");
    match visit.api.change::<IgnoredAny>(Method::POST, &format!("/rewards/{id}/codes/{step}"), change).await {
        Ok(answer) => {
            let min = answer.position.map_or_else(String::new, |position| position.to_string());
            Ok(see_other(&visit.to_with(&page, &[("min", &min)])))
        }
        Err(refused) if matches!(refused.status, 400 | 409 | 503) => {
            let outcome = Outcome::of_form(&visit, &visit.here(), &form, &refused);
            super::show(&visit.at_page(&page), &id, None, Some(outcome)).await
        }
        Err(refused) => Err(refused.into()),
    }
}

/// What is empty is left out; what is no number is sent as it was typed, so that the API names its field.
fn body(form: &Form) -> Value {
    let mut body = Map::new();
    for name in ["count", "length"] {
        let number = |typed: &str| typed.parse::<i64>().map_or_else(|_| Value::from(typed), Value::from);
        body.extend(form.text(name).map(|typed| (name.to_owned(), number(typed))));
    }
    body.extend(form.text("prefix").map(|typed| ("prefix".to_owned(), Value::from(typed))));
    Value::Object(body)
}
