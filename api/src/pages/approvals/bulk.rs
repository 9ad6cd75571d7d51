//! Decides many claims at once: a summary first (how many, what stock is left, which have flags), then one request,
//! then the result of each claim.

use std::collections::BTreeMap;

use askama::Template;
use axum::http::Method;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::queue::{Filter, One, Queue, Waiting};
use super::ticked;
use crate::pages::client::Change;
use crate::pages::decide::{NOTE, Outcome, STATUS, needs_note};
use crate::pages::failure::Failure;
use crate::pages::form::{Form, Posted, new_key};
use crate::pages::moment::Shown;
use crate::pages::response::{page, page_with, see_other};
use crate::pages::shell::{Place, Shell};
use crate::pages::short_id::ShortId;
use crate::pages::text::{Text, say};
use crate::pages::visit::{OPERATORS, Visit};

#[derive(Deserialize)]
struct OneReward {
    reward: Stock,
}

#[derive(Deserialize)]
struct Stock {
    name: String,
    quantity: Option<i64>,
    remaining: Option<i64>,
}

#[derive(Deserialize)]
struct Results {
    results: Vec<Judged>,
}

#[derive(Deserialize)]
struct Judged {
    id: String,
    status: Option<String>,
    code: Option<String>,
}

#[derive(Template)]
#[template(path = "approvals/confirm.html")]
struct ConfirmPage {
    shell: Shell,
    outcome: Option<Outcome>,
    missing: Option<String>,
    title: String,
    lead: String,
    status: String,
    is_approval: bool,
    key: String,
    note: String,
    stocks: Vec<(String, String)>,
    flagged: String,
    left_out: Option<String>,
    rows: Vec<Row>,
    button: String,
    consequence: String,
    action: String,
    back: String,
}

struct Row {
    id: String,
    href: String,
    member: ShortId,
    reward: String,
    left: String,
    at: String,
    flags: Vec<String>,
}

#[derive(Template)]
#[template(path = "approvals/results.html")]
struct ResultsPage {
    shell: Shell,
    title: String,
    lead: String,
    rows: Vec<ResultRow>,
    back: String,
}

struct ResultRow {
    href: String,
    claim: ShortId,
    class: String,
    words: String,
    code: String,
}

/// Shows the summary before the decision.
pub(super) async fn confirm(Posted { visit, form }: Posted) -> Result<Response, Failure> {
    asked(&visit, &form, None).await
}

async fn asked(visit: &Visit, form: &Form, outcome: Option<Outcome>) -> Result<Response, Failure> {
    visit.only(OPERATORS)?;
    let filter = Filter::of(visit);
    let (ids, status) = (ticked(form), form.text(STATUS).unwrap_or_default());
    let is_approval = status == "APPROVED";
    if ids.is_empty() || !(is_approval || status == "REJECTED") {
        return Ok(see_other(&filter.link(visit, None, &[])));
    }
    let shown = Shown::of(visit).await?;
    let (shell, found) = tokio::join!(Shell::staff(visit, Place::Approvals, &shown), found(visit, &filter, &ids));
    let claims: Vec<&Waiting> = found.iter().filter(|claim| claim.status == "pending" && !claim.own).collect();
    let text = visit.text;
    let (count, gone) = (claims.len(), ids.len() - claims.len());
    let flagged = claims.iter().filter(|claim| !claim.flags.is_empty()).count();
    let answer = outcome.as_ref().map_or(axum::http::StatusCode::OK, Outcome::status);
    let (title, lead, button, consequence) = if is_approval {
        (
            say!(text, "ui-approvals-bulk-approve", count = count),
            text.say("ui-approvals-bulk-approve-so"),
            say!(text, "ui-approvals-bulk-approve-button", count = count),
            say!(text, "ui-approvals-bulk-grants", count = count),
        )
    } else {
        (
            say!(text, "ui-approvals-bulk-reject", count = count),
            text.say("ui-approvals-bulk-reject-so"),
            say!(text, "ui-approvals-bulk-reject-button", count = count),
            text.say("ui-approvals-returns"),
        )
    };
    let missing = outcome.as_ref().and_then(|outcome| outcome.error_of(NOTE)).map(str::to_owned);
    let confirm = ConfirmPage {
        shell,
        outcome,
        missing,
        title,
        lead,
        status: status.to_owned(),
        is_approval,
        key: form.idempotency_key().map_or_else(new_key, str::to_owned),
        note: form.text(NOTE).unwrap_or_default().to_owned(),
        stocks: stocks(visit, &claims).await,
        flagged: say!(text, "ui-approvals-bulk-flagged", count = flagged),
        left_out: (gone > 0).then(|| say!(text, "ui-approvals-bulk-gone", count = gone)),
        rows: claims.iter().map(|claim| Row::of(visit, claim)).collect(),
        button,
        consequence,
        action: batch_path(visit, &filter),
        back: filter.link(visit, None, &[]),
    };
    Ok(page_with(answer, &confirm))
}

fn batch_path(visit: &Visit, filter: &Filter) -> String {
    filter.link(visit, Some("batch"), &[])
}

/// Decides all of them and shows the result of each. A repeated request with the same key gets the same answer; nothing
/// is decided twice.
pub(super) async fn decide(Posted { visit, form }: Posted) -> Result<Response, Failure> {
    visit.only(OPERATORS)?;
    let filter = Filter::of(&visit);
    let (ids, status, note) = (ticked(&form), form.text(STATUS).unwrap_or_default(), form.text(NOTE));
    if ids.is_empty() {
        return Ok(see_other(&filter.link(&visit, None, &[])));
    }
    let mut body = json!({"ids": ids, "status": status});
    if let (Some(note), Some(fields)) = (note, body.as_object_mut()) {
        fields.insert(NOTE.to_owned(), note.into());
    }
    let change = Change { body: Some(body), idempotency_key: form.idempotency_key(), if_match: None };
    let answer = match needs_note(visit.text, status, note) {
        Ok(()) => visit.api.change::<Results>(Method::POST, "/reward-requests/batch", change).await,
        Err(missing) => Err(missing),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(refused) => {
            let outcome = Outcome::of_form(&visit, &batch_path(&visit, &filter), &form, &refused);
            return asked(&visit, &form, Some(outcome)).await;
        }
    };
    let reading = Visit { api: visit.api.clone().reading_from(answer.position), ..visit };
    let shown = Shown::of(&reading).await?;
    let shell = Shell::staff(&reading, Place::Approvals, &shown).await;
    let text = reading.text;
    let rows: Vec<ResultRow> = answer.body.results.iter().map(|one| ResultRow::of(&reading, one)).collect();
    let done = answer.body.results.iter().filter(|one| one.status.is_some()).count();
    let min = answer.position.map(|position| position.to_string());
    let title = if status == "APPROVED" {
        say!(text, "ui-approvals-results-approved", done = done, count = rows.len())
    } else {
        say!(text, "ui-approvals-results-rejected", done = done, count = rows.len())
    };
    let lead = say!(text, "ui-approvals-results-so", count = rows.len() - done);
    let back = filter.link(&reading, None, &[("min", min.as_deref())]);
    Ok(page(&ResultsPage { shell, title, lead, rows, back }))
}

/// The ticked claims, as they are now.
async fn found(visit: &Visit, filter: &Filter, ids: &[String]) -> Vec<Waiting> {
    let queue = Queue::read(visit, filter, 200).await;
    let mut found: Vec<Waiting> = queue.map(|queue| queue.claims).unwrap_or_default();
    found.retain(|claim| ids.contains(&claim.id));
    for id in ids {
        if !found.iter().any(|claim| claim.id == *id)
            && let Ok(one) = visit.api.get::<One>(&format!("/reward-requests/{id}"), &[]).await
        {
            found.push(one.claim);
        }
    }
    found
}

/// The remaining stock of each reward, and how many of it this batch decides.
async fn stocks(visit: &Visit, claims: &[&Waiting]) -> Vec<(String, String)> {
    let text = visit.text;
    let mut rewards: BTreeMap<&str, usize> = BTreeMap::new();
    for claim in claims {
        *rewards.entry(&claim.reward_id).or_default() += 1;
    }
    let mut told = vec![];
    for (id, count) in rewards {
        let reward = visit.api.get::<OneReward>(&format!("/rewards/{id}"), &[]).await;
        told.push(match reward.map(|one| one.reward) {
            Ok(Stock { name, quantity: Some(all), remaining: Some(left) }) => {
                (name, say!(text, "ui-approvals-bulk-stock", count = count, left = left, all = all))
            }
            Ok(Stock { name, .. }) => (name, say!(text, "ui-approvals-bulk-no-limit", count = count)),
            Err(_) => (ShortId::of(id).plain(), text.say("ui-approvals-away")),
        });
    }
    told
}

impl Row {
    fn of(visit: &Visit, claim: &Waiting) -> Self {
        let text = visit.text;
        Self {
            id: claim.id.clone(),
            href: visit.to(&format!("/ui/claims/{}", claim.id)),
            member: ShortId::of(&claim.user_id),
            reward: claim.reward.name(text),
            left: claim.time_left(text),
            at: claim.expires(text),
            flags: claim.flag_words(text),
        }
    }
}

impl ResultRow {
    fn of(visit: &Visit, one: &Judged) -> Self {
        let text: Text = visit.text;
        let (class, words, code) = match (&one.status, &one.code) {
            (Some(status), _) => (status.clone(), text.say_of("status", status), String::new()),
            (None, code) => {
                let code = code.clone().unwrap_or_default();
                ("unmet".to_owned(), text.say_of("approvals-code", &code), code)
            }
        };
        let href = visit.to(&format!("/ui/claims/{}", one.id));
        Self { href, claim: ShortId::of(&one.id), class, words, code }
    }
}
