//! What a button of the form does: it changes the rule, shows it in the other view, tries it, or saves it.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

use super::draft::{Draft, Written};
use super::edit::Edit;
use super::node::Node;
use super::save::{Notice, save};
use super::trying::{errors, not_json};
use super::{Editing, Subject, show};
use crate::pages::client::Refused;
use crate::pages::event::id_of;
use crate::pages::failure::Failure;
use crate::pages::form::Posted;
use crate::pages::moment::Shown;
use crate::pages::response::see_other;
use crate::pages::text::say;
use crate::pages::visit::{OPERATORS, Visit};

/// The field of the button that was pressed.
const DO: &str = "do";

pub(super) async fn new(posted: Posted) -> Result<Response, Failure> {
    posted.visit.only(OPERATORS)?;
    press(posted, None).await
}

pub(super) async fn edit(Path(id): Path<String>, posted: Posted) -> Result<Response, Failure> {
    posted.visit.only(OPERATORS)?;
    let subject = Subject::of(&posted.visit, &id_of(&id)?).await?;
    press(posted, Some(subject)).await
}

async fn press(posted: Posted, subject: Option<Subject>) -> Result<Response, Failure> {
    let Posted { visit, form } = posted;
    let mut editing = Editing::of(subject, Draft::read(&form));
    editing.seen = form.if_match().map_or(editing.seen, str::to_owned);
    editing.took_ms = form.text("took").and_then(|took| took.parse().ok());
    match form.text(DO).unwrap_or_default() {
        "save" => {
            let done = match editing.draft.condition() {
                Ok(condition) => save(&visit, &form, &editing.draft, editing.event(), condition).await,
                Err(error) => Err(not_json(&visit, error)),
            };
            match done {
                Ok(location) => return Ok(see_other(&location)),
                Err(refused) => {
                    if let Some(key) = form.idempotency_key().filter(|_| refused.is_unknown()) {
                        editing.key = key.to_owned();
                    }
                    // what somebody else has saved is seen from where the log was
                    if let (412, Some(subject)) = (refused.status, &editing.subject) {
                        let later = Visit { api: visit.api.clone().reading_from(refused.position()), ..visit.clone() };
                        editing.subject = Some(Subject::of(&later, &subject.event.id).await?);
                    }
                    not_saved(&visit, &mut editing, &refused);
                }
            }
        }
        "json" => {
            let json = editing.draft.condition().ok();
            let json = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
            editing.draft.rule = json.map_or(editing.draft.rule, Written::Json);
        }
        "tree" => match editing.draft.parsed() {
            Some(rule) => editing.draft.rule = Written::Tree(Node::of(&rule)),
            None => editing.asked = true,
        },
        "" | "try" => editing.asked = true,
        button if editing.draft.budgets.press(button) => {}
        button => {
            if let (Some((edit, path)), Written::Tree(node)) = (Edit::read(button), &mut editing.draft.rule) {
                editing.focus = Some(edit.of(node, &path));
            }
        }
    }
    let shown = Shown::now(&visit).await?;
    show(&visit, &shown, editing).await
}

/// Fields are told where they are; whose event it is not any more, what it is now.
fn not_saved(visit: &Visit, editing: &mut Editing, refused: &Refused) {
    editing.status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST);
    let told = errors(refused, &editing.draft.rule);
    let field = match refused.code.as_str() {
        "event_name_taken" => Some("name"),
        "event_in_use" => Some("frequency"),
        "below_committed" => Some("maxRewardCount"),
        _ => None,
    };
    if let Some(field) = field {
        editing.summary = Some(told.at_field(field));
    } else if told.fields.is_empty() {
        editing.notice = Some(Notice::of(visit.text, refused, editing.event()));
        // whoever saves again has seen what it is now
        if let (412, Some(subject)) = (refused.status, &editing.subject) {
            editing.seen = subject.seen.clone();
        }
    } else {
        editing.title = Some(say!(visit.text, "ui-editor-not-saved", count = told.fields.len()));
        editing.summary = Some(told);
    }
}
