//! The form that gives and takes: what was typed, and what the API says to it.

use axum::extract::Path;
use axum::http::Method;
use axum::response::Response;
use domain::value::UnitCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::Unit;
use super::shown;
use crate::pages::claim::id_of;
use crate::pages::client::Change;
use crate::pages::decide::{NOTE, Outcome};
use crate::pages::failure::Failure;
use crate::pages::form::{Form, Posted, new_key};
use crate::pages::response::see_other;
use crate::pages::visit::OPERATORS;

/// The form with what was typed.
pub(super) struct AdjustForm {
    pub(super) key: String,
    pub(super) units: Vec<String>,
    pub(super) unit: String,
    pub(super) amount: String,
    pub(super) note: String,
    pub(super) ends: String,
    pub(super) date: String,
    pub(super) errors: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Asked {
    adjustment: AskedStatus,
}

#[derive(Deserialize)]
struct AskedStatus {
    status: String,
}

impl AdjustForm {
    pub(super) fn of(wanted: &str, units: &[Unit], outcome: Option<&Outcome>, typed: Option<Form>) -> Self {
        let typed = typed.unwrap_or_default();
        let text = |name: &str| typed.text(name).unwrap_or_default().to_owned();
        let mut codes: Vec<_> = units.iter().map(|unit| unit.code.clone()).collect();
        codes.extend(Some(wanted.to_owned()).filter(|code| !codes.contains(code)));
        Self {
            key: new_key(),
            units: codes,
            unit: typed.text("unit").unwrap_or(wanted).to_owned(),
            amount: text("amount"),
            note: text(NOTE),
            ends: text("ends"),
            date: text("date"),
            errors: outcome.map(|outcome| outcome.errors.clone()).unwrap_or_default(),
        }
    }

    pub(super) fn wrong(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|(of, _)| of == field).map(|(_, message)| message.as_str())
    }
}

/// Gives or takes.
pub(super) async fn adjust(Path(id): Path<String>, Posted { visit, form }: Posted) -> Result<Response, Failure> {
    visit.only(OPERATORS)?;
    let id = id_of(&id)?;
    let unit = form.text("unit").unwrap_or(UnitCode::POINTS);
    let amount = form.text("amount").unwrap_or_default();
    // what is no number is refused where all is refused
    let number = amount.trim_start_matches('+').replace('−', "-").parse::<i64>();
    let mut body = json!({
        "unit": unit,
        "amount": number.map_or_else(|_| Value::from(amount), Value::from),
        "note": form.text(NOTE).unwrap_or_default(),
    });
    match form.text("ends") {
        Some("never") => body["expiry"] = Value::Null,
        Some("date") => body["expiry"] = json!({"date": form.text("date").unwrap_or_default()}),
        Some(_) | None => {}
    }
    let change = Change { body: Some(body), idempotency_key: form.idempotency_key(), ..Change::default() };
    let path = format!("/ui/members/{id}/wallet");
    match visit.api.change::<Asked>(Method::POST, &format!("/wallets/{id}/adjustments"), change).await {
        Ok(answer) => {
            let min = answer.position.map_or_else(String::new, |position| position.to_string());
            let status = answer.body.adjustment.status.as_str();
            Ok(see_other(&visit.to_with(&path, &[("unit", unit), ("done", status), ("min", &min)])))
        }
        Err(refused) => {
            let outcome = Outcome::of_form(&visit, &visit.here(), &form, &refused);
            shown(&visit, &id, Some((outcome, form))).await
        }
    }
}
