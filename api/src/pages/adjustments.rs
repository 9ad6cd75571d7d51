//! `/ui/adjustments`: changes of wallets that wait for somebody else, and what became of the others. Operators agree or say no,
//! but not to what they asked for themselves or to what concerns their own wallet.

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde::de::IgnoredAny;
use serde_json::json;

use super::Pages;
use super::claim::id_of;
use super::client::{Change, Refused};
use super::decide::{NOTE, Outcome, STATUS};
use super::failure::Failure;
use super::form::{Posted, new_key};
use super::moment::Shown;
use super::response::{page_with, see_other};
use super::shell::{Place, Shell};
use super::short_id::ShortId;
use super::text::say;
use super::visit::{OPERATORS, STAFF, Visit};
use super::wallet::amounts::Amounts;
use super::wallet::asked::{Adjustment, Adjustments};

/// How many that wait are shown at once.
const WAITING: &str = "50";
/// How many of the newest are listed.
const LATEST: &str = "20";

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/adjustments", get(adjustments)).route("/ui/adjustments/{id}", post(decided))
}

/// A change that waits for somebody else.
pub(super) struct Waiting {
    pub(super) words: String,
    pub(super) member_href: String,
    pub(super) member: ShortId,
    pub(super) asked: String,
    pub(super) operator: ShortId,
    pub(super) note: String,
    /// How it is decided; the reason why not where it is not the reader's to decide.
    pub(super) form: Result<DecideForm, String>,
}

pub(super) struct DecideForm {
    pub(super) action: String,
    pub(super) field: String,
    pub(super) key: String,
    pub(super) seen: String,
    pub(super) approve: String,
}

#[derive(Template)]
#[template(path = "adjustments/adjustments.html")]
struct AdjustmentsPage {
    shell: Shell,
    outcome: Option<Outcome>,
    done: Option<String>,
    lead: String,
    is_then: bool,
    waiting: Vec<Waiting>,
    more: bool,
    latest: Vec<Row>,
    older: Option<String>,
    newest: Option<String>,
}

struct Row {
    words: String,
    member_href: String,
    member: ShortId,
    class: &'static str,
    status: String,
    when: String,
    operator: ShortId,
    note: String,
    decided_by: Option<ShortId>,
    decision_note: String,
}

async fn adjustments(visit: Visit) -> Result<Response, Failure> {
    shown(&visit, None).await
}

/// The changes that wait, of one member or of all.
///
/// # Errors
/// The API's.
pub(super) async fn waiting(visit: &Visit, member: Option<&str>) -> Result<Vec<Waiting>, Refused> {
    let mut query = vec![("status", "pending"), ("limit", WAITING)];
    query.extend(member.map(|member| ("memberId", member)));
    let list: Adjustments = visit.api.get("/adjustments", &query).await?;
    Ok(list.adjustments.iter().map(|one| Waiting::of(visit, one)).collect())
}

async fn shown(visit: &Visit, outcome: Option<Outcome>) -> Result<Response, Failure> {
    visit.only(STAFF)?;
    let shown = Shown::of(visit).await?;
    let is_then = shown.is_then();
    let mut query = vec![("limit", LATEST)];
    query.extend(visit.asked("cursor").map(|cursor| ("cursor", cursor)));
    let (shell, pending, latest) = tokio::join!(
        Shell::staff(visit, Place::Adjustments, &shown),
        async { if is_then { Ok(vec![]) } else { waiting(visit, None).await } },
        async {
            if is_then {
                return Ok(Adjustments { adjustments: vec![], next_cursor: None });
            }
            visit.api.get::<Adjustments>("/adjustments", &query).await
        },
    );
    let (waiting, latest, text) = (pending?, latest?, visit.text);
    let answer = outcome.as_ref().map_or(StatusCode::OK, Outcome::status);
    let page = AdjustmentsPage {
        shell,
        outcome,
        done: visit.asked("done").map(|done| {
            text.say(if done == "REJECTED" { "ui-adjustments-rejected" } else { "ui-adjustments-approved" })
        }),
        lead: say!(text, "ui-adjustments-lead", count = waiting.len()),
        is_then,
        more: waiting.len().to_string() == WAITING,
        waiting,
        older: latest.next_cursor.map(|cursor| visit.link(&[("cursor", Some(&cursor)), ("done", None)])),
        newest: visit.asked("cursor").map(|_| visit.link(&[("cursor", None)])),
        latest: latest.adjustments.iter().map(|one| Row::of(visit, one)).collect(),
    };
    Ok(page_with(answer, &page))
}

/// `Gives 500 points`, `Takes 150 points`.
fn words(visit: &Visit, one: &Adjustment) -> String {
    let amounts = Amounts { text: visit.text, unit: one.unit.clone(), scale: 0 };
    let amount = amounts.said(one.amount.saturating_abs());
    if one.amount < 0 {
        say!(visit.text, "ui-adjustments-takes", amount = amount)
    } else {
        say!(visit.text, "ui-adjustments-gives", amount = amount)
    }
}

fn wallet_of(visit: &Visit, one: &Adjustment) -> String {
    visit.to_with(&format!("/ui/members/{}/wallet", one.member_id), &[("unit", &one.unit)])
}

impl Waiting {
    fn of(visit: &Visit, one: &Adjustment) -> Self {
        let (text, reader) = (visit.text, visit.session.caller.id.to_string());
        let asked = format!("{} {}", text.day_with_year(text.day_of(one.created_at)), text.clock(one.created_at));
        let form = if !visit.is_one_of(OPERATORS) {
            Err(text.say("ui-adjustments-operators"))
        } else if one.operator_id == reader || one.member_id == reader {
            Err(text.say("ui-adjustments-own"))
        } else {
            Ok(DecideForm {
                action: format!("/ui/adjustments/{}", one.id),
                field: format!("note-{}", one.id),
                key: new_key(),
                seen: format!("\"{}\"", one.version),
                approve: words(visit, one),
            })
        };
        Self {
            words: words(visit, one),
            member_href: wallet_of(visit, one),
            member: ShortId::of(&one.member_id),
            asked,
            operator: ShortId::of(&one.operator_id),
            note: one.note.clone(),
            form,
        }
    }
}

impl Row {
    fn of(visit: &Visit, one: &Adjustment) -> Self {
        let text = visit.text;
        let class = match one.status.as_str() {
            "posted" => "granted",
            "rejected" => "rejected",
            _ => "pending",
        };
        Self {
            words: words(visit, one),
            member_href: wallet_of(visit, one),
            member: ShortId::of(&one.member_id),
            class,
            status: text.say_of("adjustments-status", &one.status),
            when: format!("{} {}", text.day_with_year(text.day_of(one.updated_at)), text.clock(one.updated_at)),
            operator: ShortId::of(&one.operator_id),
            note: one.note.clone(),
            decided_by: one.decided_by.as_deref().map(ShortId::of),
            decision_note: one.decision_note.clone().unwrap_or_default(),
        }
    }
}

/// Agrees, or says no.
async fn decided(Path(id): Path<String>, Posted { visit, form }: Posted) -> Result<Response, Failure> {
    visit.only(OPERATORS)?;
    let id = id_of(&id)?;
    let (status, note) = (form.text(STATUS).unwrap_or_default(), form.text(NOTE));
    let body = json!({"status": status, "note": note});
    let change = Change { body: Some(body), idempotency_key: form.idempotency_key(), if_match: form.if_match() };
    match visit.api.change::<IgnoredAny>(Method::PATCH, &format!("/adjustments/{id}"), change).await {
        Ok(answer) => {
            let min = answer.position.map_or_else(String::new, |position| position.to_string());
            Ok(see_other(&visit.to_with("/ui/adjustments", &[("done", status), ("min", &min)])))
        }
        Err(refused) => {
            let outcome = Outcome::of_form(&visit, &visit.here(), &form, &refused);
            let api = visit.api.clone().reading_from(refused.position());
            shown(&Visit { api, ..visit.at_page("/ui/adjustments") }, Some(outcome)).await
        }
    }
}
