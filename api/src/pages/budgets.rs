//! `/ui/budgets`: what the programme may give in a day, a week, a month or at all, and what of it is left, beside the budgets of
//! its events. Administrators change the programme's; those of an event are changed with the event. The page is one form whose
//! buttons add and remove rows, so that it needs no script.

pub(super) mod left;
pub(super) mod rows;

use askama::Template;
use axum::Router;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::get;
use domain::role::Role;
use serde::Deserialize;
use serde_json::json;

use super::Pages;
use super::client::{Change, Refused};
use super::failure::Failure;
use super::form::{FormErrors, Posted, new_key};
use super::moment::Shown;
use super::part::part;
use super::response::{page_with, see_other};
use super::shell::{Place, Shell};
use super::text::{Text, say};
use super::visit::Visit;
use left::{BudgetsLeft, standing};
use rows::{Budget, BudgetFields, Rows};

const PATH: &str = "/ui/budgets";
/// Who sees and changes the programme's budgets.
pub(super) const ADMINS: &[Role] = &[Role::Admin];

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route(PATH, get(budgets).post(press))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Programme {
    time_zone: String,
    budgets: Vec<Budget>,
}

/// The form as it is to be shown.
struct Editing {
    zone: String,
    rows: Rows,
    key: String,
    seen: String,
    summary: Option<FormErrors>,
    refused: Option<Refused>,
    status: StatusCode,
}

impl Editing {
    /// The programme as it is now.
    async fn of(visit: &Visit) -> Result<Self, Refused> {
        let answer = visit.api.read::<Programme>("/budgets", &[]).await?;
        Ok(Self {
            zone: answer.body.time_zone,
            rows: Rows::of(&answer.body.budgets),
            key: new_key(),
            seen: answer.etag.unwrap_or_default(),
            summary: None,
            refused: None,
            status: StatusCode::OK,
        })
    }

    /// The form as it is filled in.
    fn form(self, text: Text) -> ProgrammeForm {
        let errors = self.summary.as_ref();
        ProgrammeForm {
            zone_wrong: errors.and_then(|errors| errors.at("timeZone")).map(str::to_owned),
            budgets: self.rows.fields(text, errors),
            zone: self.zone,
            key: self.key,
            seen: self.seen,
        }
    }
}

struct ProgrammeForm {
    zone: String,
    zone_wrong: Option<String>,
    budgets: BudgetFields,
    key: String,
    seen: String,
}

#[derive(Template)]
#[template(path = "budgets/budgets.html")]
struct BudgetsPage {
    shell: Shell,
    lead: String,
    left: String,
    saved: bool,
    is_then: bool,
    action: String,
    errors: Option<FormErrors>,
    /// Why it was not saved, where no field is to blame: what happened, what comes next, and the code.
    notice: Option<(String, String, String)>,
    form: Option<ProgrammeForm>,
}

async fn budgets(visit: Visit) -> Result<Response, Failure> {
    visit.only(ADMINS)?;
    let editing = Editing::of(&visit).await?;
    show(&visit, editing).await
}

/// As of an earlier moment it tells what was left, and nothing is changed.
async fn show(visit: &Visit, editing: Editing) -> Result<Response, Failure> {
    let (text, shown) = (visit.text, Shown::of(visit).await?);
    let at = shown.at_position();
    let (shell, standing) = tokio::join!(Shell::staff(visit, Place::Budgets, &shown), standing(visit, &at));
    let short = standing.as_ref().map_or(0, |all| all.iter().filter(|one| one.is_short()).count());
    let count = standing.as_ref().map_or(0, Vec::len);
    let lead = match count {
        0 => text.say("ui-budget-lead-none"),
        _ => say!(text, "ui-budget-lead", count = count, short = short),
    };
    let labelled = |errors: FormErrors| {
        let label = |field: &str| match field {
            "timeZone" => Some(text.say("ui-budget-zone")),
            field => rows::label_of(text, field),
        };
        let fields = errors.fields.into_iter().map(|(field, message)| match label(&field) {
            Some(label) => (rows::shown_at(&field), format!("{label}: {message}")),
            None => (field, message),
        });
        let count = fields.len();
        FormErrors {
            title: say!(text, "ui-budget-not-saved", count = count),
            detail: String::new(),
            fields: fields.collect(),
            ..errors
        }
    };
    Ok(page_with(
        editing.status,
        &BudgetsPage {
            lead,
            left: part(text, standing.map(|all| BudgetsLeft::of_all(visit, &all))),
            saved: visit.asked("saved").is_some(),
            is_then: shown.is_then(),
            action: visit.to(PATH),
            errors: editing.summary.clone().map(labelled),
            notice: editing.refused.as_ref().map(|refused| notice(text, refused)),
            form: (!shown.is_then()).then(|| editing.form(text)),
            shell,
        },
    ))
}

fn notice(text: Text, refused: &Refused) -> (String, String, String) {
    let code = format!("{} {}", refused.status, refused.code);
    match refused.status {
        412 => (text.say("ui-budget-faster"), text.say("ui-budget-kept"), code),
        _ if refused.is_unknown() => (text.say("ui-editor-not-known"), text.say("ui-editor-ask-again"), code),
        _ => (refused.title.clone(), refused.detail.clone(), code),
    }
}

async fn press(Posted { visit, form }: Posted) -> Result<Response, Failure> {
    visit.only(ADMINS)?;
    let rows = Rows::read(&form);
    let zone = form.text("timeZone").unwrap_or_default().to_owned();
    let typed = Editing { rows, zone, ..Editing::of(&visit).await? };
    let now_is = typed.seen.clone();
    let mut editing = Editing { seen: form.if_match().unwrap_or_default().to_owned(), ..typed };
    if editing.rows.press(form.text("do").unwrap_or_default()) {
        return show(&visit, editing).await;
    }
    let body = json!({"timeZone": editing.zone, "budgets": editing.rows.body()});
    let change = Change { body: Some(body), idempotency_key: form.idempotency_key(), if_match: form.if_match() };
    match visit.api.change::<Programme>(Method::PATCH, "/budgets", change).await {
        Ok(answer) => {
            let min = answer.position.map_or_else(String::new, |position| position.to_string());
            Ok(see_other(&visit.to_with(PATH, &[("saved", "true"), ("min", &min)])))
        }
        Err(refused) => {
            editing.status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST);
            if let Some(key) = form.idempotency_key().filter(|_| refused.is_unknown()) {
                editing.key = key.to_owned();
            }
            // whoever saves again has been told that somebody was faster
            if refused.status == 412 {
                editing.seen = now_is;
            }
            let errors = FormErrors::of(&refused);
            if errors.fields.is_empty() {
                editing.refused = Some(refused);
            } else {
                editing.summary = Some(errors);
            }
            show(&visit, editing).await
        }
    }
}
