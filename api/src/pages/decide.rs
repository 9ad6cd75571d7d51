//! Posts a decision of staff about a claim, and explains why one failed: a colleague was faster, the result is unknown,
//! a note is missing. It does not know which page shows it.

use askama::Template;
use axum::http::{Method, StatusCode};
use domain::Moment;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::client::{Answer, Change, Refused};
use super::form::Form;
use super::short_id::ShortId;
use super::text::{Text, say};
use super::value::Amount;
use super::visit::Visit;

/// The form field of the new status.
pub(super) const STATUS: &str = "status";
/// The form field of the note.
pub(super) const NOTE: &str = "note";

/// The answer to a decision.
#[derive(Debug, Deserialize)]
pub(super) struct Decided {
    pub(super) claim: DecidedClaim,
}

/// The claim after the decision.
#[derive(Debug, Deserialize)]
pub(super) struct DecidedClaim {
    pub(super) status: String,
}

/// A claim with its history.
#[derive(Debug, Deserialize)]
pub(super) struct OneClaim {
    pub(super) claim: Claim,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Claim {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) user_id: String,
    pub(super) event_id: String,
    pub(super) period: String,
    pub(super) reward: Reward,
    pub(super) event: Named,
    pub(super) coupon: Option<IgnoredAny>,
    pub(super) history: Vec<Happened>,
}

/// What is claimed.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Reward {
    pub(super) name: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) amount: i64,
    /// What points are of.
    pub(super) unit: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Named {
    pub(super) name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Happened {
    pub(super) step: String,
    pub(super) at: Moment,
    pub(super) actor: String,
}

impl Reward {
    /// `1 coupon`, `500 points`.
    pub(super) fn amount(&self, text: Text) -> String {
        if let Some(unit) = self.unit.clone() {
            return Amount { unit, amount: self.amount }.say(text);
        }
        match self.kind.as_str() {
            "COUPON" => say!(text, "ui-decide-coupons", count = self.amount),
            _ => say!(text, "ui-decide-items", count = self.amount),
        }
    }

    pub(super) fn name(&self, text: Text) -> String {
        self.name.clone().unwrap_or_else(|| text.say_of("type", &self.kind))
    }
}

/// Posts a decision about one claim.
///
/// # Errors
/// The API's; a rejection without a note.
pub(super) async fn decide(visit: &Visit, id: &str, form: &Form) -> Result<Answer<Decided>, Refused> {
    let (status, note) = (form.text(STATUS).unwrap_or_default(), form.text(NOTE));
    needs_note(visit.text, status, note)?;
    let body = match note {
        Some(note) => json!({"status": status, "note": note}),
        None => json!({"status": status}),
    };
    let change = Change { body: Some(body), idempotency_key: form.idempotency_key(), if_match: form.if_match() };
    visit.api.change(Method::PATCH, &format!("/reward-requests/{id}"), change).await
}

/// A rejection needs a note: it is final, and the member is told why.
pub(super) fn needs_note(text: Text, status: &str, note: Option<&str>) -> Result<(), Refused> {
    if status != "REJECTED" || note.is_some() {
        return Ok(());
    }
    let missing = text.say("ui-decide-note-missing");
    Err(Refused {
        status: 400,
        code: "validation_failed".to_owned(),
        title: text.say("ui-decide-to-correct"),
        detail: String::new(),
        errors: vec![super::client::FieldRefused { field: NOTE.to_owned(), message: missing }],
        instance: String::new(),
        more: serde_json::Map::new(),
    })
}

/// Why a request failed, as a page shows it.
#[derive(Template)]
#[template(path = "decide/outcome.html")]
pub(super) struct Outcome {
    text: Text,
    pub(super) status: u16,
    code: String,
    tone: &'static str,
    mark: &'static str,
    /// What happened.
    said: String,
    /// What to do about it.
    next: String,
    /// Invalid fields: name and message.
    pub(super) errors: Vec<(String, String)>,
    /// A link to the claim as it is now.
    see: Option<String>,
    /// The form, to send it again under its key.
    again: Option<Again>,
}

struct Again {
    action: String,
    fields: Vec<(String, String)>,
}

impl Outcome {
    /// The outcome of a decision about one claim. `action` is the address of the form.
    pub(super) async fn of(visit: &Visit, id: &str, action: &str, form: &Form, refused: &Refused) -> Self {
        let text = visit.text;
        match (refused.status, refused.code.as_str()) {
            (412, _) | (409, "step_not_allowed" | "claim_expired") => {
                let said = match faster(visit, id, refused).await {
                    Some(last) => faster_words(text, &last),
                    None => text.say("ui-decide-somebody-faster"),
                };
                let see = Some(visit.to(&format!("/ui/claims/{id}")));
                let next = text.say("ui-decide-not-taken");
                Self { see, ..Self::plain(text, refused, "wait", "pending", said, next) }
            }
            _ => Self::of_form(visit, action, form, refused),
        }
    }

    /// The outcome of any form.
    pub(super) fn of_form(visit: &Visit, action: &str, form: &Form, refused: &Refused) -> Self {
        let text = visit.text;
        if refused.is_unknown() {
            let again = Some(Again { action: action.to_owned(), fields: form.0.clone() });
            let (said, next) = (text.say("ui-decide-unknown"), text.say("ui-decide-counts-once"));
            return Self { again, ..Self::plain(text, refused, "no", "unmet", said, next) };
        }
        let errors: Vec<_> = refused.errors.iter().map(|error| (error.field.clone(), error.message.clone())).collect();
        Self { errors, ..Self::plain(text, refused, "no", "unmet", refused.title.clone(), refused.detail.clone()) }
    }

    fn plain(
        text: Text,
        refused: &Refused,
        tone: &'static str,
        mark: &'static str,
        said: String,
        next: String,
    ) -> Self {
        let (status, code) = (refused.status, refused.code.clone());
        Self { text, status, code, tone, mark, said, next, errors: vec![], see: None, again: None }
    }

    /// The message for one field.
    pub(super) fn error_of(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|(of, _)| of == field).map(|(_, message)| message.as_str())
    }

    /// The HTTP status of the page.
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// The last thing that happened to a claim, at or after the position of the refusal.
async fn faster(visit: &Visit, id: &str, refused: &Refused) -> Option<Happened> {
    let api = visit.api.clone().reading_from(refused.position());
    let one: OneClaim = api.get(&format!("/claims/{id}"), &[]).await.ok()?;
    one.claim.history.last().cloned().filter(|last| last.step != "pending")
}

fn faster_words(text: Text, last: &Happened) -> String {
    let (step, by) = (text.say_of("step", &last.step), ShortId::of(&last.actor).plain());
    let at = text.clock_with_seconds(last.at);
    if last.actor == "system" {
        say!(text, "ui-decide-faster-clock", step = step, at = at)
    } else {
        say!(text, "ui-decide-faster", step = step, by = by, at = at)
    }
}
