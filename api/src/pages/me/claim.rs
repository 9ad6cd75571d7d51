//! `/ui/me/claims`: a member claims a reward, and sees the result, the reason and what comes next. A denied claim has
//! the same page.

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::MEMBERS;
use super::asked::{ClaimLine, Explanation, Me};
use super::lately::when;
use super::needs::Step;
use super::offers::{OnTheWay, Ready, offer_of, steps_then};
use crate::app::problem::Code;
use crate::pages::Pages;
use crate::pages::client::{Change, Refused};
use crate::pages::coupons::{CouponPane, OneCoupon};
use crate::pages::failure::Failure;
use crate::pages::form::{self, Posted};
use crate::pages::response::{page, page_with, see_other};
use crate::pages::shell::{Shell, Tab};
use crate::pages::text::{Text, say};
use crate::pages::value::moved;
use crate::pages::visit::Visit;

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/me/claims", post(ask).get(list)).route("/ui/me/claims/{id}", get(show))
}

/// Redirects to the history, which lists the claims.
async fn list(_: Visit) -> Response {
    see_other("/ui/me/history")
}

#[derive(Template)]
#[template(path = "me/unknown.html")]
struct UnknownPage {
    shell: Shell,
    reward_id: String,
    reference: Option<String>,
    key: String,
    code: String,
}

#[derive(Deserialize)]
struct Asked {
    claim: AskedClaim,
}

#[derive(Deserialize)]
struct AskedClaim {
    id: Uuid,
}

async fn ask(Posted { visit, form }: Posted) -> Result<Response, Failure> {
    visit.only(MEMBERS)?;
    let reward = Uuid::try_parse(form.raw("reward")).map_err(|_| Failure::of(Code::NotFound))?;
    let key = form.idempotency_key().map_or_else(form::new_key, str::to_owned);
    let reference = form.text("reference").map(str::to_owned);
    let body = reference.as_ref().map(|reference| json!({ "reference": reference }));
    let change = Change { body, idempotency_key: Some(&key), if_match: None };
    let path = format!("/claims/{reward}/claim");
    let refused = match visit.api.change::<Asked>(Method::POST, &path, change).await {
        Ok(answer) => return Ok(see_other(&result(answer.body.claim.id, answer.position, ""))),
        Err(refused) => refused,
    };
    if refused.is_unknown() || refused.code == "idempotency_key_in_progress" {
        let (shell, code) = (Shell::member(&visit, Tab::Earn), format!("{} {}", refused.status, refused.code));
        let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        return Ok(page_with(status, &UnknownPage { shell, reward_id: reward.to_string(), reference, key, code }));
    }
    match recorded(&refused) {
        Some((claim, position)) => {
            let again = if refused.code == "already_claimed" { "&again=yes" } else { "" };
            Ok(see_other(&result(claim, Some(position), again)))
        }
        None => Err(refused.into()),
    }
}

/// The claim and position of a refusal, if it was recorded.
fn recorded(refused: &Refused) -> Option<(Uuid, i64)> {
    let claim = refused.more.get("claimId")?.as_str()?;
    Some((Uuid::try_parse(claim).ok()?, refused.more.get("position").and_then(Value::as_i64)?))
}

/// The address of the claim's page, which waits until the claim can be read.
fn result(claim: Uuid, position: Option<i64>, more: &str) -> String {
    let min = position.map_or_else(String::new, |position| format!("&min={position}"));
    format!("/ui/me/claims/{claim}?asked=now{min}{more}")
}

#[derive(Deserialize)]
struct Single {
    claim: ClaimLine,
}

#[derive(Template)]
#[template(path = "me/claim.html")]
struct ClaimPage {
    shell: Shell,
    title: String,
    lead: String,
    event: String,
    gain: String,
    status: String,
    status_said: String,
    /// Whether this was a second request for the same reward.
    again: bool,
    /// What it has credited and costs.
    moved: Vec<String>,
    /// The coupon that it has handed out, with its code.
    coupon: Option<CouponPane>,
    needs: Vec<Step>,
    judged: String,
    happened: Vec<Happened>,
    next: String,
    offer: Option<Result<Ready, OnTheWay>>,
}

/// One step of the claim's history.
struct Happened {
    name: String,
    at: String,
    /// The note of whoever did it.
    note: String,
    class: &'static str,
}

async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    visit.only(MEMBERS)?;
    let id = Uuid::try_parse(&id).map_err(|_| Failure::of(Code::NotFound))?;
    let (one, why) = (format!("/claims/{id}"), format!("/claims/{id}/explanation"));
    let (one, told, me) = tokio::join!(
        visit.api.get::<Single>(&one, &[]),
        visit.api.get::<Explanation>(&why, &[]),
        visit.api.get::<Me>("/auth/me", &[]),
    );
    let (Single { claim }, told, text) = (one?, told?, visit.text);
    let gain = claim.reward.say(text);
    // after these, the member may claim again: show what is open
    let again = matches!(claim.status.as_str(), "denied" | "expired");
    let offer = match &me {
        Ok(me) if again => offer_of(&visit, &me.user, &claim.event_id, &claim.reward_id).await,
        _ => None,
    };
    let coupon = match &claim.coupon {
        Some(_) => visit.api.get::<OneCoupon>(&format!("/coupons/{id}"), &[]).await.ok(),
        None => None,
    };
    let happened = told.steps.iter().map(|step| Happened {
        name: text.say_of("me-step", &step.step),
        at: text.exact_moment(step.at),
        note: step.note.clone().unwrap_or_default(),
        class: match step.step.as_str() {
            "pending" => " wait",
            "denied" | "rejected" | "expired" | "withdrawn" | "fulfilment_failed" | "reversed" => " no",
            _ => "",
        },
    });
    Ok(page(&ClaimPage {
        title: say_title(text, &claim, &gain),
        lead: lead(text, &claim, &told),
        event: claim.event.name.clone().unwrap_or_default(),
        status_said: text.say_of("status", &claim.status),
        again: visit.asked("again").is_some(),
        moved: moved(text, &claim.status, claim.credit.as_ref(), claim.paid.as_ref()),
        coupon: coupon.map(|one| CouponPane::of(text, &one.coupon, gain.clone())),
        needs: steps_then(text, &told),
        judged: say!(text, "ui-me-judged", at = text.exact_moment(told.evaluated_at), zone = text.zone_name()),
        happened: happened.collect(),
        next: text.say_of("me-next", &claim.status),
        status: claim.status,
        gain,
        offer,
        shell: Shell::member(&visit, Tab::History),
    }))
}

/// `1,000 points are yours`, `A person looks at it`.
fn say_title(text: Text, claim: &ClaimLine, gain: &str) -> String {
    let mut args = fluent_bundle::FluentArgs::new();
    args.set("gain", gain.to_owned());
    text.known_of("me-title", &claim.status, &args).unwrap_or_else(|| text.say_of("status", &claim.status))
}

/// The result and its reason in a sentence.
fn lead(text: Text, claim: &ClaimLine, told: &Explanation) -> String {
    let when = when(text, claim.updated_at);
    match (claim.status.as_str(), told.waits_until, claim.reason.as_deref()) {
        ("pending", Some(until), _) => say!(text, "ui-me-lead-pending-until", until = text.moment(until)),
        ("denied", _, Some(reason)) => {
            let price = told.price.as_ref().map(|price| price.too_few(text));
            price.unwrap_or_else(|| text.say_of("me-denied", reason))
        }
        (status, _, _) => {
            let mut args = fluent_bundle::FluentArgs::new();
            args.set("when", when);
            text.known_of("me-lead", status, &args).unwrap_or_default()
        }
    }
}
