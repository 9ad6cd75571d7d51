//! `/ui/rewards`: the remaining stock of each reward. Operators add rewards here. The list is that of now; as of an
//! earlier moment it has the rewards of the events that ran then.

mod add;
mod list;
mod value;

use askama::Template;
use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::Pages;
use super::failure::Failure;
use super::moment::Shown;
use super::response::page_with;
use super::shell::{Place, Shell};
use super::text::say;
use super::visit::{OPERATORS, STAFF, Visit};
use add::AddForm;
use list::{Listed, Row};

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/rewards", get(rewards).post(add::add))
}

#[derive(Template)]
#[template(path = "rewards/rewards.html")]
struct RewardsPage {
    shell: Shell,
    lead: String,
    rows: Vec<Row>,
    is_then: bool,
    first: Option<String>,
    next: Option<String>,
    add: Option<AddForm>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    /// The event to which a reward is added.
    event_id: Option<String>,
}

async fn rewards(visit: Visit, Query(wanted): Query<Wanted>) -> Result<Response, Failure> {
    visit.only(STAFF)?;
    let form = AddForm::empty(wanted.event_id.unwrap_or_default());
    show(&visit, form, StatusCode::OK).await
}

/// Shows the page with the form in its current state.
async fn show(visit: &Visit, form: AddForm, status: StatusCode) -> Result<Response, Failure> {
    let shown = Shown::of(visit).await?;
    let may_add = visit.is_one_of(OPERATORS) && !shown.is_then();
    let (shell, listed, add) =
        tokio::join!(Shell::staff(visit, Place::Rewards, &shown), Listed::of(visit, &shown), async {
            if may_add { Some(form.with_events(visit).await) } else { None }
        });
    let listed = listed?;
    let out = listed.rows.iter().filter(|row| row.until.tone != "muted").count();
    Ok(page_with(
        status,
        &RewardsPage {
            lead: say!(visit.text, "ui-rewards-lead", count = out),
            rows: listed.rows,
            is_then: shown.is_then(),
            first: visit.asked("cursor").map(|_| visit.link(&[("cursor", None)])),
            next: listed.next_cursor.map(|cursor| visit.link(&[("cursor", Some(&cursor))])),
            add,
            shell,
        },
    ))
}
