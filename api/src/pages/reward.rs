//! `/ui/rewards/{id}`: the remaining stock of one reward, its history and how long it lasts. Operators change the stock
//! here.

mod codes;

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::Pages;
use super::client::{Change, Refused};
use super::decide::Outcome;
use super::event::{Event, Frame, Reward, StockAnalytics, id_of, outlook};
use super::failure::Failure;
use super::form::{Posted, new_key};
use super::moment::Shown;
use super::part::part;
use super::response::{page_with, see_other};
use super::shell::{Place, Shell};
use super::stock::{Stock, Until};
use super::value::Terms;
use super::visit::{OPERATORS, STAFF, Visit};
use crate::app::problem::Code;
use codes::{CodesLeft, CodesSection};

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route("/ui/rewards/{id}", get(reward).post(change_stock))
        .route("/ui/rewards/{id}/codes", post(codes::change))
}

#[derive(Template)]
#[template(path = "reward/reward.html")]
struct RewardPage {
    shell: Shell,
    id: String,
    name: String,
    what: String,
    /// What it costs, and how long its points are good.
    terms: Vec<String>,
    list_href: String,
    event_href: String,
    event_name: String,
    left: String,
    until: Until,
    /// Name and number.
    figures: Vec<(String, String)>,
    outlook: String,
    is_then: bool,
    form: Option<StockForm>,
    /// Of a reward that hands out coupons.
    codes: Option<CodesSection>,
}

/// The form with its current values.
struct StockForm {
    key: String,
    seen: String,
    delta: String,
    refused: Option<Refused>,
}

#[derive(Deserialize)]
struct OneReward {
    reward: RewardOfEvent,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RewardOfEvent {
    event_id: String,
    #[serde(flatten)]
    reward: Reward,
    #[serde(flatten)]
    terms: Terms,
}

/// A form that failed, with the reason.
struct NotDone {
    refused: Refused,
    key: Option<String>,
    delta: String,
}

async fn reward(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    visit.only(STAFF)?;
    show(&visit, &id_of(&id)?, None, None).await
}

async fn show(
    visit: &Visit,
    id: &str,
    not_done: Option<NotDone>,
    outcome: Option<Outcome>,
) -> Result<Response, Failure> {
    let (shown, text) = (Shown::of(visit).await?, visit.text);
    let answer = visit.api.read::<OneReward>(&format!("/rewards/{id}"), &[]).await?;
    let (seen, RewardOfEvent { event_id, reward, terms }) = (answer.etag.unwrap_or_default(), answer.body.reward);
    let event: Event = visit.api.get(&format!("/events/{event_id}"), &[]).await?;
    let frame = Frame {
        visit,
        now: shown.moment(),
        at: shown.at_position(),
        versus: None,
        is_then: shown.is_then(),
        event: &event,
    };
    let (shell, stock) = tokio::join!(Shell::staff(visit, Place::Rewards, &shown), frame.stock(id));
    match (&stock, visit.fragment()) {
        (Err(Refused { status: 404, .. }), _) if shown.is_then() => return Err(Failure::of(Code::NotFound)),
        (Ok(stock), Some("stock.csv")) => return Ok(outlook::table(&frame, stock).file()),
        _ => {}
    }
    let may_change = visit.is_one_of(OPERATORS) && !shown.is_then();
    let refused = not_done.as_ref().and_then(|not| StatusCode::from_u16(not.refused.status).ok());
    let status = refused.or(outcome.as_ref().map(Outcome::status)).unwrap_or_default();
    let kind = terms.kind(text, &reward.reward_type);
    let one = stock.as_ref().ok();
    let words = Stock {
        quantity: one.and_then(|one| one.quantity),
        remaining: one.and_then(|one| one.remaining),
        forecast: one.and_then(|one| one.forecast.as_ref()),
    };
    let codes_left = one.and_then(|one| Some(CodesLeft { all: one.quantity?, remaining: one.remaining? }));
    let limited = one.is_some_and(|one| one.quantity.is_some());
    Ok(page_with(
        status,
        &RewardPage {
            id: id.to_owned(),
            name: reward.name.clone(),
            what: format!("{kind} × {}", text.number(reward.amount)),
            terms: terms.say(text),
            list_href: visit.to("/ui/rewards"),
            event_href: visit.to(&format!("/ui/events/{event_id}")),
            event_name: event.name.clone(),
            left: words.left(text),
            until: words.until(text, shown.moment().recorded_at),
            figures: one.map(|one| figures(visit, one)).unwrap_or_default(),
            outlook: if limited || stock.is_err() {
                part(text, stock.map(|one| outlook::of(&frame, &reward, &one)))
            } else {
                String::new()
            },
            is_then: shown.is_then(),
            form: (may_change && limited && !terms.codes).then(|| StockForm::of(seen, not_done)),
            // how many there were at an earlier moment is in the figures
            codes: codes_left.filter(|_| terms.codes && !shown.is_then()).map(|left| {
                CodesSection::of(visit, id, left, may_change.then_some(shell.form_token.as_str()), outcome)
            }),
            shell,
        },
    ))
}

fn figures(visit: &Visit, one: &StockAnalytics) -> Vec<(String, String)> {
    let text = visit.text;
    let mut figures = vec![];
    figures.extend(one.remaining.map(|left| (text.say("ui-reward-left"), text.number(left))));
    figures.push((text.say("ui-reward-granted"), text.number(one.granted)));
    figures.push((text.say("ui-reward-held"), text.number(one.held)));
    figures.extend(one.quantity.map(|all| (text.say("ui-reward-all"), text.number(all))));
    figures
}

impl StockForm {
    fn of(seen: String, not_done: Option<NotDone>) -> Self {
        let Some(NotDone { refused, key, delta }) = not_done else {
            return Self { key: new_key(), seen, delta: String::new(), refused: None };
        };
        // if the result is unknown, the same key keeps it from being done twice
        let key = key.filter(|_| refused.is_unknown()).unwrap_or_else(new_key);
        Self { key, seen, delta, refused: Some(refused) }
    }

    /// The reason in a sentence: the error of the field, or that of the request.
    fn why(&self, refused: &Refused) -> String {
        refused.errors.first().map_or_else(|| refused.detail.clone(), |error| error.message.clone())
    }
}

async fn change_stock(Path(id): Path<String>, Posted { visit, form }: Posted) -> Result<Response, Failure> {
    visit.only(OPERATORS)?;
    let id = id_of(&id)?;
    let delta = form.text("delta").unwrap_or_default().to_owned();
    let number = delta.trim_start_matches('+').parse::<i64>();
    let body = json!({"quantityDelta": number.map_or_else(|_| Value::from(delta.as_str()), Value::from)});
    let change = Change { body: Some(body), idempotency_key: form.idempotency_key(), if_match: form.if_match() };
    match visit.api.change::<IgnoredAny>(Method::PATCH, &format!("/rewards/{id}"), change).await {
        Ok(answer) => {
            let min = answer.position.map_or_else(String::new, |position| position.to_string());
            Ok(see_other(&visit.to_with(&format!("/ui/rewards/{id}"), &[("min", &min)])))
        }
        Err(refused) if matches!(refused.status, 400 | 409 | 412 | 422 | 503) => {
            let key = form.idempotency_key().map(str::to_owned);
            show(&visit, &id, Some(NotDone { refused, key, delta }), None).await
        }
        Err(refused) => Err(refused.into()),
    }
}
