//! Whether the draft is tried now, and what is shown of it. A log that is long is read when somebody asks for it, a short
//! one whenever the page is made.

use axum::http::StatusCode;
use domain::Moment;

use super::Editing;
use super::backtest::replay;
use super::draft::Written;
use super::save::Save;
use super::tried::{CHEAP_MS, Force, Known, NotKnown, State, Tried};
use crate::pages::budgets::rows;
use crate::pages::client::Refused;
use crate::pages::form::FormErrors;
use crate::pages::moment::Shown;
use crate::pages::text::say;
use crate::pages::visit::Visit;

/// Up to here a log is read without being asked for, as long as it is not known how long that takes.
const SHORT_LOG: i64 = 300_000;

/// The right half, and what it found wrong with the fields.
pub(super) async fn of(visit: &Visit, shown: &Shown, editing: &Editing) -> (Tried, Option<FormErrors>) {
    let (text, now) = (visit.text, shown.now.recorded_at);
    let save = Save::of(text, &editing.draft, editing.event(), now);
    let is_cheap = editing.took_ms.map_or(shown.now.position <= SHORT_LOG, |took| took <= CHEAP_MS);
    if !editing.asked && !is_cheap {
        let state = State::Waits(say!(text, "ui-editor-waits", count = shown.now.position));
        return (Tried { text, state, save }, None);
    }
    match known(visit, editing, now).await {
        Ok(known) => (Tried { text, state: State::Known(Box::new(known)), save }, None),
        Err(refused) => {
            let errors = errors(&refused, &editing.draft.rule);
            let state = State::Refused(NotKnown::of(text, &refused, &errors));
            (Tried { text, state, save }, Some(errors))
        }
    }
}

async fn known(visit: &Visit, editing: &Editing, now: Moment) -> Result<Known, Refused> {
    let (draft, asked) = (&editing.draft, editing.asked);
    let condition = draft.condition().map_err(|error| not_json(visit, error))?;
    let reward = editing.subject.as_ref().and_then(|subject| subject.reward.as_ref());
    let body = draft.tried(condition, reward, now);
    let mine = replay(visit, &body, asked).await?;
    let span = draft.span(now).unwrap_or((now, now));
    let Some(event) = editing.event() else { return Ok(Known::of(visit, &mine, None, span)) };
    let force_body = draft.in_force(event, now).tried(event.condition.clone(), reward, now);
    let is_same = force_body == body;
    let version = event.condition_version;
    // what cannot be compared now is shown alone
    let force = if is_same { Ok(mine.clone()) } else { replay(visit, &force_body, asked).await };
    let force = force.as_ref().ok().map(|outcome| Force { version, outcome, is_same });
    Ok(Known::of(visit, &mine, force.as_ref(), span))
}

/// As the API refuses what it cannot read.
pub(super) fn not_json(visit: &Visit, error: String) -> Refused {
    Refused {
        status: StatusCode::BAD_REQUEST.as_u16(),
        code: "validation_failed".to_owned(),
        title: visit.text.say("ui-editor-no-json"),
        detail: String::new(),
        errors: vec![crate::pages::client::FieldRefused { field: "condition".to_owned(), message: error }],
        instance: String::new(),
        more: serde_json::Map::new(),
    }
}

/// Fields as they are called in the form: a test has them within its event or its reward, and all that is wrong with a rule
/// as JSON is wrong with one field.
pub(super) fn errors(refused: &Refused, rule: &Written) -> FormErrors {
    let mut errors = FormErrors::of(refused);
    for (field, message) in &mut errors.fields {
        let own = match field.as_str() {
            "reward.quantity" => "quantity",
            "reward.perMemberLimit" => "limit",
            "reward.amount" => "points",
            other => other.strip_prefix("event.").unwrap_or(other),
        };
        *field = match rule {
            Written::Json(_) if own == "condition" => "json".to_owned(),
            Written::Json(_) if own.starts_with("condition.") => {
                *message = format!("{}: {message}", own.trim_start_matches("condition."));
                "json".to_owned()
            }
            Written::Json(_) | Written::Tree(_) => rows::shown_at(own),
        };
    }
    errors
}
