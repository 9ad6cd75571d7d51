//! `/ui/claims/{id}`: whether a claim was decided correctly, with the proof: the rule of that time with its evidence,
//! the history, the decision evaluated again, the place in the chain. Operators act on the claim here.

mod again;
mod coupon;
mod proof;

use std::str::FromStr as _;

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use domain::zone::Tz;
use uuid::Uuid;

use super::Pages;
use super::decide::{self, Claim, NOTE, OneClaim, Outcome};
use super::evidence::{EvidenceTree, Explanation, HistoryStep};
use super::failure::Failure;
use super::form::{Posted, new_key};
use super::moment::Shown;
use super::response::{page_with, see_other};
use super::shell::{Place, Shell};
use super::short_id::ShortId;
use super::text::{Text, say};
use super::visit::{AUDITORS, OPERATORS, STAFF, Visit};
use crate::app::problem::Code;
use again::Again;
use coupon::CouponSection;
use proof::Proof;

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/claims/{id}", get(claim).post(decided)).route("/ui/claims/{id}/coupon", post(coupon::void))
}

async fn claim(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    shown(&visit, &id, None, String::new()).await
}

/// Changes the status of the claim.
async fn decided(Path(id): Path<String>, Posted { visit, form }: Posted) -> Result<Response, Failure> {
    visit.only(OPERATORS)?;
    let id = id_of(&id)?;
    match decide::decide(&visit, &id, &form).await {
        Ok(answer) => {
            let min = answer.position.map(|position| position.to_string());
            Ok(see_other(&visit.link(&[("min", min.as_deref())])))
        }
        Err(refused) => {
            let outcome = Outcome::of(&visit, &id, &visit.here(), &form, &refused).await;
            let visit = Visit { api: visit.api.clone().reading_from(refused.position()), ..visit };
            shown(&visit, &id, Some(outcome), form.text(NOTE).unwrap_or_default().to_owned()).await
        }
    }
}

/// Checks an id of a path: anything else is not found.
pub(super) fn id_of(text: &str) -> Result<String, Failure> {
    Uuid::from_str(text).map(|id| id.to_string()).map_err(|_| Failure::of(Code::NotFound))
}

#[derive(Template)]
#[template(path = "claim/claim.html")]
struct ClaimPage {
    shell: Shell,
    outcome: Option<Outcome>,
    claims: String,
    id: String,
    title: String,
    reward: String,
    member: ShortId,
    member_href: String,
    status: String,
    status_name: String,
    event: String,
    event_href: String,
    version: String,
    amount: String,
    asked: String,
    verdict: Verdict,
    rule_sub: String,
    tree: EvidenceTree,
    value: Vec<String>,
    coupon: Option<CouponSection>,
    again: Option<Again>,
    steps: Vec<Step>,
    proof: Option<Proof>,
    actions: Option<Actions>,
    /// Whether parts are left out because an earlier moment is shown.
    left_out: bool,
}

/// The decision in words, before and after the link to the position up to which facts were read.
struct Verdict {
    before: String,
    position: String,
    href: Option<String>,
    after: String,
}

struct Step {
    mark: &'static str,
    time: String,
    exact: String,
    name: String,
    position: String,
    href: Option<String>,
    by: Option<ShortId>,
    words: String,
    note: Option<String>,
}

/// The actions that are allowed now.
struct Actions {
    steps: Vec<(&'static str, &'static str, String, String)>,
    approvals: Option<String>,
    key: String,
    seen: String,
    note: String,
}

async fn shown(visit: &Visit, id: &str, outcome: Option<Outcome>, note: String) -> Result<Response, Failure> {
    visit.only(STAFF)?;
    let id = id_of(id)?;
    let shown = Shown::of(visit).await?;
    let at = shown.at_position();
    let as_of: &[(&str, &str)] = if shown.is_then() { &[("atPosition", &at)] } else { &[] };
    let (claim_path, told_path) = (format!("/claims/{id}"), format!("/claims/{id}/explanation"));
    let (claim, told) =
        tokio::join!(visit.api.read::<OneClaim>(&claim_path, &[]), visit.api.get::<Explanation>(&told_path, as_of));
    let (claim, told) = (claim?, told?);
    let (seen, claim) = (claim.etag.unwrap_or_default(), claim.body.claim);
    let is_auditor = visit.is_one_of(AUDITORS);
    let (shell, again, proof) = tokio::join!(
        Shell::staff(visit, Place::Claims, &shown),
        async { if is_auditor && !shown.is_then() { Some(Again::of(visit, &claim, &told).await) } else { None } },
        async { if is_auditor { Some(Proof::of(visit, &shown, &told).await) } else { None } },
    );
    let coupon = match &claim.coupon {
        Some(_) if !shown.is_then() => CouponSection::of(visit, &id, &shell.form_token).await,
        Some(_) | None => None,
    };
    let text = visit.text;
    let log = |position: i64| is_auditor.then(|| visit.to(&format!("/ui/log/{position}")));
    let member = ShortId::of(&claim.user_id);
    let zone = Text { zone: Tz::from_str(&told.time_zone).unwrap_or(text.zone), ..text };
    let reward = claim.reward.name(text);
    let answer = outcome.as_ref().map_or(StatusCode::OK, Outcome::status);
    let page = ClaimPage {
        shell,
        claims: visit.to("/ui/claims"),
        title: say!(text, "ui-claim-title", id = ShortId::of(&id).plain()),
        id,
        member_href: visit.to(&format!("/ui/members/{}", claim.user_id)),
        status: told.status.clone(),
        status_name: text.say_of("status", &told.status),
        event: claim.event.name.clone().unwrap_or_else(|| ShortId::of(&claim.event_id).plain()),
        event_href: visit.to(&format!("/ui/events/{}", claim.event_id)),
        version: say!(text, "ui-claim-version", version = told.condition_version),
        amount: say!(text, "ui-claim-period", amount = claim.reward.amount(text), period = period(text, &claim.period)),
        asked: say!(text, "ui-claim-asked", at = zone.exact_moment(told.evaluated_at), zone = told.time_zone.clone()),
        verdict: verdict(text, &told, &log),
        rule_sub: say!(
            text,
            "ui-claim-rule-sub",
            version = told.condition_version,
            day = text.day_with_year(told.local_date)
        ),
        tree: told.tree(text, &log),
        again,
        value: told.value.clone(),
        coupon,
        steps: told.steps.iter().map(|step| Step::of(text, step, &claim.user_id, &log)).collect(),
        proof,
        actions: actions(visit, &shown, &claim, seen, note),
        left_out: shown.is_then(),
        reward,
        member,
        outcome,
    };
    Ok(page_with(answer, &page))
}

/// `once` in the reader's language, or the period as it is.
pub(super) fn period(text: Text, period: &str) -> String {
    if period == "once" { text.say("ui-frequency-once") } else { period.to_owned() }
}

fn verdict(text: Text, told: &Explanation, log: &dyn Fn(i64) -> Option<String>) -> Verdict {
    let said = if told.met {
        say!(text, "ui-claim-met", position = "|")
    } else {
        say!(text, "ui-claim-unmet", position = "|")
    };
    let (before, after) = said.split_once('|').unwrap_or((&said, ""));
    let was_approved = told.steps.iter().any(|step| step.step == "approved");
    let then = match (told.status.as_str(), told.reason.as_deref()) {
        ("denied", Some("condition_unmet")) => String::new(),
        ("denied", _) => told.summary.clone(),
        ("granted", _) if was_approved => text.say("ui-claim-then-approved"),
        ("fulfilled", _) if was_approved => text.say("ui-claim-then-approved-and-fulfilled"),
        (status, _) => text.say_of("claim-then", status),
    };
    Verdict {
        before: before.to_owned(),
        position: text.number(told.facts_position),
        href: log(told.facts_position),
        after: format!("{after} {then}"),
    }
}

impl Step {
    fn of(text: Text, step: &HistoryStep, member: &str, log: &dyn Fn(i64) -> Option<String>) -> Self {
        let mark = match step.step.as_str() {
            "denied" | "rejected" | "fulfilment_failed" => " no",
            "pending" => " wait",
            "expired" | "withdrawn" => " off",
            "reversed" => " past",
            _ => "",
        };
        let (by, words) = match step.actor.as_str() {
            actor if actor == member => (None, text.say("ui-claim-by-member")),
            "system" => (None, text.say("ui-claim-by-clock")),
            actor => (Some(ShortId::of(actor)), text.say("ui-claim-by-staff")),
        };
        let name = if step.step == "denied" { step.text.clone() } else { text.say_of("step", &step.step) };
        let day = text.weekday_and_day(text.day_of(step.at));
        Self {
            mark,
            time: format!("{day} {}", text.clock(step.at)),
            exact: step.at.to_string(),
            name,
            position: text.number(step.position),
            href: log(step.position),
            by,
            words,
            note: step.note.clone(),
        }
    }
}

/// `None` as of an earlier moment, for readers who only look, and for the reader's own claim.
fn actions(visit: &Visit, shown: &Shown, claim: &Claim, seen: String, note: String) -> Option<Actions> {
    let is_own = claim.user_id == visit.session.caller.id.to_string();
    if shown.is_then() || !visit.is_one_of(OPERATORS) || is_own {
        return None;
    }
    let fulfil = ("FULFILLED", "go", "ui-claim-fulfil", "ui-claim-fulfil-so");
    let fail = ("FULFILMENT_FAILED", "", "ui-claim-fail", "ui-claim-fail-so");
    let reverse = ("REVERSED", "no", "ui-claim-reverse", "ui-claim-reverse-so");
    let steps = match claim.status.as_str() {
        "granted" => vec![fulfil, fail, reverse],
        "fulfilment_failed" => vec![fulfil, reverse],
        "fulfilled" => vec![reverse],
        _ => vec![],
    };
    let is_pending = claim.status == "pending";
    if steps.is_empty() && !is_pending {
        return None;
    }
    let text = visit.text;
    let approvals = is_pending.then(|| visit.to(&format!("/ui/approvals/{}", claim.id)));
    let said = steps.into_iter().map(|(status, class, name, so)| (status, class, text.say(name), text.say(so)));
    Some(Actions { steps: said.collect(), approvals, key: new_key(), seen, note })
}
