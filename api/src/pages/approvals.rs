//! `/ui/approvals`: the claims that wait for a decision, those that expire first on top, with the evidence and the
//! flags of each. An operator decides one claim at a time and moves on to the next, or selects many and decides them
//! after a summary. The operator's own claims are not offered: nobody decides their own.

mod bulk;
mod card;
mod queue;

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::Pages;
use super::claim::id_of;
use super::client::Refused;
use super::decide::{self, NOTE, OneClaim, Outcome};
use super::event_names::event_names;
use super::failure::Failure;
use super::form::{Form, Posted, new_key};
use super::moment::Shown;
use super::response::{page, page_with, see_other};
use super::shell::{Place, Shell};
use super::text::{Text, say};
use super::visit::{OPERATORS, Visit};
use card::Card;
use queue::{Filter, Group, Queue, Waiting};

/// The form field that names the next claim.
const NEXT: &str = "next";

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route("/ui/approvals", get(list))
        .route("/ui/approvals/selected", post(bulk::confirm))
        .route("/ui/approvals/batch", post(bulk::decide))
        .route("/ui/approvals/{id}", get(one).post(decided))
}

async fn list(visit: Visit) -> Result<Response, Failure> {
    shown(&visit, None, None, String::new()).await
}

async fn one(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    shown(&visit, Some(id_of(&id)?), None, String::new()).await
}

/// Decides a claim and moves on to the next.
async fn decided(Path(id): Path<String>, Posted { visit, form }: Posted) -> Result<Response, Failure> {
    visit.only(OPERATORS)?;
    let id = id_of(&id)?;
    match decide::decide(&visit, &id, &form).await {
        Ok(answer) => {
            tracing::debug!(claim = %id, status = %answer.body.claim.status, "decided on a page");
            let next = form.text(NEXT).and_then(|next| id_of(next).ok());
            let min = answer.position.map(|position| position.to_string());
            let more = [("done", Some(id.as_str())), ("min", min.as_deref())];
            Ok(see_other(&Filter::of(&visit).link(&visit, next.as_deref(), &more)))
        }
        Err(refused) => {
            let outcome = Outcome::of(&visit, &id, &visit.here(), &form, &refused).await;
            let visit = Visit { api: visit.api.clone().reading_from(refused.position()), ..visit };
            shown(&visit, Some(id), Some(outcome), form.text(NOTE).unwrap_or_default().to_owned()).await
        }
    }
}

#[derive(Template)]
#[template(path = "approvals/approvals.html")]
struct ApprovalsPage {
    shell: Shell,
    title: String,
    lead: Lead,
    then: bool,
    back: String,
    done: Option<Done>,
    outcome: Option<Outcome>,
    filter: String,
    events: Vec<(String, String)>,
    groups: Vec<Group>,
    /// Where the ticked claims are posted.
    bulk: String,
    own: Option<String>,
    more: Option<String>,
    card: Option<Card>,
}

/// The heading alone, which replaces the one of an open page.
#[derive(Template)]
#[template(path = "approvals/head.html")]
struct Head {
    title: String,
    lead: Lead,
}

/// The sentence below the heading; its strong words come first.
struct Lead {
    strong: String,
    rest: String,
}

/// The decision that was just made, and how to take it back.
struct Done {
    words: String,
    take_back: Option<TakeBack>,
}

struct TakeBack {
    action: String,
    key: String,
    seen: String,
    next: String,
}

async fn shown(
    visit: &Visit,
    wanted: Option<String>,
    outcome: Option<Outcome>,
    note: String,
) -> Result<Response, Failure> {
    visit.only(OPERATORS)?;
    let shown = Shown::of(visit).await?;
    if shown.is_then() {
        return as_of_then(visit, &shown).await;
    }
    let filter = Filter::of(visit);
    if visit.fragment() == Some("head") {
        let queue = Queue::read(visit, &filter, 50).await?;
        return Ok(page(&head(visit.text, &queue)));
    }
    let (shell, queue, events, done) = tokio::join!(
        Shell::staff(visit, Place::Approvals, &shown),
        Queue::read(visit, &filter, 50),
        event_names(visit),
        just_decided(visit),
    );
    let queue = queue?;
    let selected = selected(visit, &queue, wanted.as_deref(), done.is_some()).await?;
    let next = selected.as_ref().and_then(|claim| queue.after(&claim.id)).map(str::to_owned);
    let text = visit.text;
    let answer = outcome.as_ref().map_or(StatusCode::OK, Outcome::status);
    let (action, missing) = match &selected {
        Some(claim) => (filter.link(visit, Some(&claim.id), &[]), outcome.as_ref().and_then(|one| one.error_of(NOTE))),
        None => (String::new(), None),
    };
    let missing = missing.map(str::to_owned);
    let card = match &selected {
        Some(claim) => Some(Card::of(visit, claim, card::Bar { action, next: next.clone(), note, missing }).await),
        None => None,
    };
    let selected_id = selected.as_ref().map(|claim| claim.id.clone()).unwrap_or_default();
    let Head { title, lead } = head(text, &queue);
    let events = events.unwrap_or_default();
    let chosen = events.iter().find(|event| Some(event.id.as_str()) == filter.event.as_deref());
    let chosen = chosen.map_or_else(|| text.say("ui-approvals-all-events"), |event| event.name.clone());
    let all = (filter.with_event(None).link(visit, None, &[]), text.say("ui-approvals-all-events"));
    let manual = events
        .iter()
        .filter(|event| event.approval == "manual")
        .map(|event| (filter.with_event(Some(&event.id)).link(visit, None, &[]), event.name.clone()));
    let own = queue.own();
    let page = ApprovalsPage {
        shell,
        title,
        lead,
        then: false,
        back: String::new(),
        done: done.map(|(claim, etag)| Done::of(visit, &filter, &claim, etag, queue.total, &selected_id)),
        outcome,
        filter: chosen,
        events: std::iter::once(all).chain(manual).collect(),
        groups: queue.groups(visit, &filter, &selected_id),
        bulk: filter.link(visit, Some("selected"), &[]),
        own: (own > 0).then(|| say!(text, "ui-approvals-own", count = own)),
        more: queue.next_cursor.as_deref().map(|cursor| filter.link(visit, None, &[("cursor", Some(cursor))])),
        card,
    };
    Ok(page_with(answer, &page))
}

fn head(text: Text, queue: &Queue) -> Head {
    let today = queue.expiring_today(text);
    let strong = match (today, queue.total) {
        (_, 0) => String::new(),
        (0, _) => text.say("ui-approvals-none-today"),
        (today, _) => say!(text, "ui-approvals-today", count = today),
    };
    let rest = text.say(if queue.total == 0 { "ui-approvals-nothing" } else { "ui-approvals-undecided" });
    Head { title: say!(text, "ui-approvals-waiting", count = queue.total), lead: Lead { strong, rest } }
}

/// The page as of an earlier moment. The number of waiting claims is known for that moment, but not which claims they
/// were.
async fn as_of_then(visit: &Visit, shown: &Shown) -> Result<Response, Failure> {
    let (shell, then) = tokio::join!(Shell::staff(visit, Place::Approvals, shown), async {
        let at = shown.at_position();
        visit.api.get::<super::moment::Summary>("/dashboard", &[("atPosition", &at)]).await
    });
    let text = visit.text;
    let lead = Lead { strong: String::new(), rest: text.say("ui-approvals-then") };
    Ok(page(&ApprovalsPage {
        shell,
        title: say!(text, "ui-approvals-waited", count = then?.claims.pending),
        lead,
        then: true,
        back: visit.link(&[("at", None)]),
        done: None,
        outcome: None,
        filter: String::new(),
        events: vec![],
        groups: vec![],
        bulk: String::new(),
        own: None,
        more: None,
        card: None,
    }))
}

/// The claim that was asked for, or else the first one that the reader may decide: the next claim may have left the
/// queue since the form was made.
async fn selected(
    visit: &Visit,
    queue: &Queue,
    wanted: Option<&str>,
    goes_on: bool,
) -> Result<Option<Waiting>, Refused> {
    let first = || queue.offered().next().cloned();
    let Some(wanted) = wanted else { return Ok(first()) };
    if let Some(found) = queue.claims.iter().find(|claim| claim.id == wanted) {
        return Ok(Some(found.clone()));
    }
    let one = visit.api.get::<queue::One>(&format!("/reward-requests/{wanted}"), &[]).await?.claim;
    Ok(if goes_on && one.status != "pending" { first() } else { Some(one) })
}

/// The claim that the reader has just decided, read again from the API: the address is not trusted.
async fn just_decided(visit: &Visit) -> Option<(decide::Claim, String)> {
    let id = id_of(visit.asked("done")?).ok()?;
    let answer = visit.api.read::<OneClaim>(&format!("/claims/{id}"), &[]).await.ok()?;
    Some((answer.body.claim, answer.etag.unwrap_or_default()))
}

impl Done {
    fn of(visit: &Visit, filter: &Filter, claim: &decide::Claim, seen: String, waiting: i64, next: &str) -> Self {
        let text = visit.text;
        let step = claim.history.last().map_or("pending", |last| last.step.as_str());
        let words = say!(text, "ui-approvals-done", step = text.say_of("step", step), count = waiting);
        let take_back = (claim.status == "granted").then(|| TakeBack {
            action: filter.link(visit, Some(&claim.id), &[]),
            key: new_key(),
            seen,
            next: next.to_owned(),
        });
        Self { words, take_back }
    }
}

/// The ids of the ticked boxes, without duplicates.
fn ticked(form: &Form) -> Vec<String> {
    let mut ids: Vec<String> = form.all("ids").filter_map(|id| id_of(id).ok()).collect();
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    ids.truncate(200);
    ids
}
