//! `/ui/events/new` and `/ui/events/{id}/edit`: an event is written, and beside it stands what its rule would have done on
//! the whole log. The page is one form. Each of its buttons sends all of it and gets the page again, so that it needs no
//! script; only saving leads away. As of an earlier moment nothing is written.

mod backtest;
mod draft;
mod edit;
mod form;
mod growth;
mod node;
mod posted;
mod save;
mod terms;
#[cfg(test)]
mod tests;
mod tree;
mod tried;
mod trying;

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::Pages;
use super::budgets::rows::BudgetFields;
use super::event::{Event, id_of};
use super::failure::Failure;
use super::form::{FormErrors, new_key};
use super::moment::Shown;
use super::part::{alone, part};
use super::response::{page, page_with};
use super::shell::{Place, Shell};
use super::text::say;
use super::visit::{OPERATORS, Visit};
use draft::{Draft, Reward, Written};
use terms::{Control, Section, sections};
use tree::{Piece, Step};
use tried::labelled;

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route("/ui/events/new", get(new).post(posted::new))
        .route("/ui/events/{id}/edit", get(edit).post(posted::edit))
}

/// The event that is changed, and what it hands out.
struct Subject {
    event: Event,
    /// Its version, as `If-Match` wants it.
    seen: String,
    reward: Option<Reward>,
}

#[derive(Deserialize)]
struct Rewards {
    rewards: Vec<Reward>,
}

impl Subject {
    /// With the reward of which there is least: it is sold out first.
    async fn of(visit: &Visit, id: &str) -> Result<Self, Failure> {
        let (path, of_event) = (format!("/events/{id}"), format!("/events/{id}/rewards"));
        let (event, rewards) =
            tokio::join!(visit.api.read::<Event>(&path, &[]), visit.api.get::<Rewards>(&of_event, &[]));
        let event = event?;
        let rewards = rewards.map(|rewards| rewards.rewards).unwrap_or_default();
        let reward = rewards.into_iter().min_by_key(|reward| (reward.quantity.is_none(), reward.quantity));
        Ok(Self { event: event.body, seen: event.etag.unwrap_or_default(), reward })
    }
}

/// The page as it is to be shown.
struct Editing {
    subject: Option<Subject>,
    draft: Draft,
    key: String,
    /// The version that was seen when the form was made.
    seen: String,
    /// What is told above the form, and at its fields.
    summary: Option<FormErrors>,
    /// What is told above the form, where it is not what the API says.
    title: Option<String>,
    notice: Option<save::Notice>,
    status: StatusCode,
    /// The part that a button has changed.
    focus: Option<edit::Path>,
    /// Whether the log is replayed even where that takes long, and how long it took the last time.
    asked: bool,
    took_ms: Option<u64>,
}

impl Editing {
    fn of(subject: Option<Subject>, draft: Draft) -> Self {
        let seen = subject.as_ref().map(|subject| subject.seen.clone()).unwrap_or_default();
        Self {
            subject,
            draft,
            key: new_key(),
            seen,
            summary: None,
            title: None,
            notice: None,
            status: StatusCode::OK,
            focus: None,
            asked: false,
            took_ms: None,
        }
    }

    fn event(&self) -> Option<&Event> {
        self.subject.as_ref().map(|subject| &subject.event)
    }
}

#[derive(Template)]
#[template(path = "editor/editor.html")]
struct EditorPage {
    shell: Shell,
    events_href: String,
    /// Name and page of the event that is changed.
    event: Option<(String, String)>,
    title: String,
    lead: String,
    errors: Option<FormErrors>,
    notice: Option<save::Notice>,
    action: String,
    key: String,
    seen: String,
    before: Vec<Section>,
    after: Vec<Section>,
    steps: Vec<Step>,
    json: Option<String>,
    json_wrong: Vec<String>,
    budgets: BudgetFields,
    tried: String,
}

#[derive(Template)]
#[template(path = "editor/then.html")]
struct ThenPage {
    shell: Shell,
    back: String,
}

async fn new(visit: Visit) -> Result<Response, Failure> {
    visit.only(OPERATORS)?;
    let shown = Shown::of(&visit).await?;
    if shown.is_then() {
        return Ok(then(&visit, &shown).await);
    }
    let draft = Draft::fresh(visit.text.zone, shown.now.recorded_at);
    show(&visit, &shown, Editing::of(None, draft)).await
}

async fn edit(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    visit.only(OPERATORS)?;
    let id = id_of(&id)?;
    let shown = Shown::of(&visit).await?;
    let subject = Subject::of(&visit, &id).await?;
    if shown.is_then() {
        return Ok(then(&visit, &shown).await);
    }
    let draft = Draft::of(&subject.event, subject.reward.as_ref(), shown.now.recorded_at);
    show(&visit, &shown, Editing::of(Some(subject), draft)).await
}

/// Nothing is written as of an earlier moment.
async fn then(visit: &Visit, shown: &Shown) -> Response {
    let shell = Shell::staff(visit, Place::Events, shown).await;
    page(&ThenPage { shell, back: visit.link(&[("at", None)]) })
}

async fn show(visit: &Visit, shown: &Shown, editing: Editing) -> Result<Response, Failure> {
    let text = visit.text;
    let (tried, found) = trying::of(visit, shown, &editing).await;
    let tried = part(text, Ok(tried));
    if visit.fragment() == Some("tried") {
        return Ok(alone(&tried));
    }
    let shell = Shell::staff(visit, Place::Events, shown).await;
    let errors = editing.summary.as_ref().or(found.as_ref());
    let draft = &editing.draft;
    let reward = editing.subject.as_ref().and_then(|subject| subject.reward.as_ref());
    let [event, terms, test] = sections(text, draft, errors, reward.map(|reward| reward.name.as_str()));
    let (before, after) = match editing.event() {
        None => (vec![event], vec![test, terms]),
        Some(_) => (vec![], vec![test, event, terms]),
    };
    let (steps, json) = match &draft.rule {
        Written::Tree(node) => (tree::steps(text, node, errors, editing.focus.as_ref()), None),
        Written::Json(json) => (vec![], Some(json.clone())),
    };
    let of_json = |errors: &FormErrors| {
        let wrong = errors.fields.iter().filter(|(field, _)| field == "json");
        wrong.map(|(_, message)| message.clone()).collect()
    };
    let above = editing.summary.clone().map(|errors| {
        let fields = errors.fields.iter().map(|wrong| labelled(text, wrong)).collect();
        match &editing.title {
            Some(title) => FormErrors { title: title.clone(), detail: String::new(), fields, ..errors },
            None => FormErrors { fields, ..errors },
        }
    });
    let name = editing.event().map(|event| (event.name.clone(), visit.to(&format!("/ui/events/{}", event.id))));
    let title = match editing.event() {
        Some(event) => say!(text, "ui-editor-title", name = super::part::isolated(&event.name)),
        None => text.say("ui-editor-title-new"),
    };
    Ok(page_with(
        editing.status,
        &EditorPage {
            events_href: visit.to("/ui/events"),
            event: name,
            title,
            lead: text.say("ui-editor-lead"),
            json_wrong: errors.map(of_json).unwrap_or_default(),
            errors: above,
            notice: editing.notice,
            action: visit.here(),
            key: editing.key,
            seen: editing.seen,
            before,
            after,
            steps,
            json,
            budgets: draft.budgets.fields(text, errors),
            tried,
            shell,
        },
    ))
}
