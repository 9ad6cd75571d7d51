//! Sending points to another member, from `/ui/me/points`: where the unit allows it. The API says whether it may be; what was typed
//! stays in the form until it is sent.

use axum::Router;
use axum::http::Method;
use axum::response::Response;
use axum::routing::post;
use domain::value::UnitCode;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::MEMBERS;
use crate::pages::Pages;
use crate::pages::client::Change;
use crate::pages::decide::Outcome;
use crate::pages::failure::Failure;
use crate::pages::form::{Form, Posted, new_key};
use crate::pages::response::see_other;
use crate::pages::visit::Visit;

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/me/points/send", post(send))
}

/// The form, empty or as it was typed.
#[derive(Debug)]
pub(super) struct SendForm {
    pub(super) action: String,
    pub(super) key: String,
    pub(super) unit: String,
    pub(super) to: String,
    pub(super) amount: String,
    /// The reader's own id, by which others send to them.
    pub(super) own: String,
}

/// What was typed, and why it was not sent.
pub(super) struct Unsent {
    pub(super) outcome: Outcome,
    form: Form,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Unit {
    transfers_per_day: i64,
}

impl SendForm {
    /// `None` where the unit cannot be sent, or that cannot be read now.
    pub(super) async fn of(visit: &Visit, unit: &str, unsent: Option<&Unsent>) -> Option<Self> {
        let unit = UnitCode::try_from(unit.to_owned()).ok()?;
        let terms: Unit = visit.api.get(&format!("/units/{unit}"), &[]).await.ok()?;
        let typed = |name: &str| unsent.map_or_else(String::new, |unsent| unsent.form.raw(name).to_owned());
        (terms.transfers_per_day > 0).then(|| Self {
            action: visit.to("/ui/me/points/send"),
            key: new_key(),
            unit: unit.as_str().to_owned(),
            to: typed("toMemberId"),
            amount: typed("amount"),
            own: visit.session.caller.id.to_string(),
        })
    }
}

async fn send(Posted { visit, form }: Posted) -> Result<Response, Failure> {
    visit.only(MEMBERS)?;
    let change = Change { body: Some(body(&form)), idempotency_key: form.idempotency_key(), if_match: None };
    let page = "/ui/me/points";
    match visit.api.change::<IgnoredAny>(Method::POST, "/wallets/transfers", change).await {
        Ok(answer) => {
            let min = answer.position.map_or_else(String::new, |position| position.to_string());
            let unit = form.text("unit").unwrap_or_default();
            Ok(see_other(&visit.to_with(page, &[("unit", unit), ("sent", "1"), ("min", &min)])))
        }
        Err(refused) if matches!(refused.status, 400 | 403 | 404 | 409 | 503) => {
            let outcome = Outcome::of_form(&visit, &visit.here(), &form, &refused);
            let unit = form.text("unit").unwrap_or_default().to_owned();
            super::points::shown(&visit.at_page(page), &unit, Some(Unsent { outcome, form })).await
        }
        Err(refused) => Err(refused.into()),
    }
}

/// What is empty is left out; what is no number is sent as it was typed, so that the API names its field.
fn body(form: &Form) -> Value {
    let mut body = Map::new();
    for name in ["toMemberId", "unit"] {
        body.extend(form.text(name).map(|typed| (name.to_owned(), Value::from(typed))));
    }
    let number = |typed: &str| typed.parse::<i64>().map_or_else(|_| Value::from(typed), Value::from);
    body.extend(form.text("amount").map(|typed| ("amount".to_owned(), number(typed))));
    // the form's key is its reference: sent twice, it is sent once
    body.extend(form.idempotency_key().map(|key| ("reference".to_owned(), Value::from(key))));
    Value::Object(body)
}
