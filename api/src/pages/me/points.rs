//! `/ui/me/points`: what a member has, what of it ends next, what it buys, and what happened to it. The API says what can be
//! used and when it ends; nothing is decided here.

use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::value::UnitCode;
use serde::Deserialize;

use super::MEMBERS;
use super::send::{SendForm, Unsent};
use crate::pages::Pages;
use crate::pages::client::Refused;
use crate::pages::decide::Outcome;
use crate::pages::failure::Failure;
use crate::pages::response::page_with;
use crate::pages::shell::{Shell, Tab};
use crate::pages::text::say;
use crate::pages::visit::Visit;
use crate::pages::wallet::amounts::Amounts;
use crate::pages::wallet::asked::{Dated, Statement, Wallet, Wallets};
use crate::pages::wallet::statement::{Row, rows};

/// How many ends are shown; the rest is summed up.
const SHOWN: usize = 5;
/// How many rewards are shown that it buys.
const MOST_BUYS: usize = 12;

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/me/points", get(points))
}

#[derive(Template)]
#[template(path = "me/points.html")]
struct PointsPage {
    shell: Shell,
    title: String,
    lead: String,
    /// Links to the other units: address, name, whether it is this one.
    units: Vec<(String, String, bool)>,
    figures: Vec<(String, String)>,
    ending: Vec<Ending>,
    /// What is told of the ends that are not shown.
    later: Option<String>,
    maturing: Vec<Ending>,
    /// `None` if it cannot be read now.
    buys: Option<Vec<Buy>>,
    /// `None` if it cannot be read now.
    statement: Option<Vec<Row>>,
    older: Option<String>,
    newest: Option<String>,
    /// Something was sent just now.
    sent: bool,
    outcome: Option<Outcome>,
    /// `None` where the unit cannot be sent to others.
    send: Option<SendForm>,
}

struct Ending {
    amount: String,
    when: String,
}

/// A reward that has a price in this unit.
struct Buy {
    name: String,
    event: String,
    price: String,
    /// What is missing; nothing where it can be had.
    missing: Option<String>,
}

#[derive(Deserialize)]
struct Events {
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Rewards {
    rewards: Vec<Reward>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reward {
    event_id: String,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    remaining: Option<i64>,
    #[serde(default)]
    price: Option<Price>,
}

#[derive(Deserialize)]
struct Price {
    unit: String,
    amount: i64,
}

async fn points(visit: Visit) -> Result<Response, Failure> {
    let wanted = visit.asked("unit").unwrap_or(UnitCode::POINTS).to_owned();
    shown(&visit, &wanted, None).await
}

/// The page of one unit, with what could not be sent.
///
/// # Errors
/// The API's.
pub(super) async fn shown(visit: &Visit, wanted: &str, unsent: Option<Unsent>) -> Result<Response, Failure> {
    visit.only(MEMBERS)?;
    let mut query = vec![("unit", wanted), ("limit", "20")];
    query.extend(visit.asked("cursor").map(|cursor| ("cursor", cursor)));
    let (wallets, statement, offered, send) = tokio::join!(
        visit.api.get::<Wallets>("/wallets/me", &[]),
        visit.api.get::<Statement>("/wallets/me/statement", &query),
        offered(visit),
        SendForm::of(visit, wanted, unsent.as_ref()),
    );
    let (wallets, text) = (wallets?.wallets, visit.text);
    let wallet = wallets.iter().find(|wallet| wallet.unit == wanted).cloned();
    let wallet = wallet.unwrap_or_else(|| Wallet::nothing(wanted));
    let amounts = Amounts { text, unit: wallet.unit.clone(), scale: wallet.scale };
    let statement = statement.ok();
    let older = statement.as_ref().and_then(|statement| statement.next_cursor.clone());
    let link = |unit: &str| visit.to_with("/ui/me/points", &[("unit", unit)]);
    let outcome = unsent.map(|unsent| unsent.outcome);
    let status = outcome.as_ref().map_or(StatusCode::OK, Outcome::status);
    let page = PointsPage {
        title: say!(text, "ui-wallet-you-have", amount = amounts.said(wallet.balance)),
        lead: lead(&amounts, &wallet),
        units: if wallets.len() > 1 {
            wallets.iter().map(|one| (link(&one.unit), name(visit, &one.unit), one.unit == wanted)).collect()
        } else {
            vec![]
        },
        figures: figures(&amounts, &wallet),
        ending: wallet.expiring.iter().take(SHOWN).map(|end| Ending::last_day(&amounts, *end)).collect(),
        later: later(&amounts, &wallet.expiring),
        maturing: wallet.maturing.iter().take(SHOWN).map(|start| Ending::first_day(&amounts, *start)).collect(),
        buys: offered.ok().map(|offered| buys(&amounts, &wallet, offered)),
        statement: statement.map(|statement| {
            rows(visit, &amounts, &statement, |claim| Some(visit.to(&format!("/ui/me/claims/{claim}"))))
        }),
        older: older.map(|cursor| visit.link(&[("cursor", Some(&cursor)), ("sent", None)])),
        newest: visit.asked("cursor").map(|_| visit.link(&[("cursor", None)])),
        shell: Shell::member(visit, Tab::Points),
        sent: visit.asked("sent").is_some() && outcome.is_none(),
        outcome,
        send,
    };
    Ok(page_with(status, &page))
}

/// `Points`, or the code of another unit.
fn name(visit: &Visit, unit: &str) -> String {
    if unit == UnitCode::POINTS { visit.text.say("ui-tab-points") } else { unit.to_owned() }
}

/// How much can be used, and what ends next.
fn lead(amounts: &Amounts, wallet: &Wallet) -> String {
    let text = amounts.text;
    let usable = say!(text, "ui-wallet-can-use", amount = amounts.said(wallet.available));
    match wallet.expiring.first() {
        Some(Dated { at, amount }) => {
            let day = text.day_with_year(text.last_day_before(*at));
            let next = say!(text, "ui-wallet-ends-next", amount = amounts.said(*amount), day = day);
            format!("{usable} {next}")
        }
        None => usable,
    }
}

fn figures(amounts: &Amounts, wallet: &Wallet) -> Vec<(String, String)> {
    let text = amounts.text;
    let said = |id: &str, amount: i64| (text.say(id), amounts.bare(amount));
    let mut figures = vec![said("ui-wallet-balance", wallet.balance), said("ui-wallet-available", wallet.available)];
    let others =
        [("ui-wallet-pending", wallet.pending), ("ui-wallet-held", wallet.held), ("ui-wallet-owed", wallet.receivable)];
    figures.extend(others.into_iter().filter(|(_, amount)| *amount != 0).map(|(id, amount)| said(id, amount)));
    figures
}

fn later(amounts: &Amounts, expiring: &[Dated]) -> Option<String> {
    let rest: i64 = expiring.iter().skip(SHOWN).map(|end| end.amount).sum();
    (rest > 0).then(|| say!(amounts.text, "ui-wallet-ends-later", amount = amounts.said(rest)))
}

impl Ending {
    fn last_day(amounts: &Amounts, end: Dated) -> Self {
        let day = amounts.text.day_with_year(amounts.text.last_day_before(end.at));
        Self { amount: amounts.said(end.amount), when: say!(amounts.text, "ui-wallet-last-day", day = day) }
    }

    fn first_day(amounts: &Amounts, start: Dated) -> Self {
        let day = amounts.text.day_with_year(amounts.text.day_of(start.at));
        Self { amount: amounts.said(start.amount), when: say!(amounts.text, "ui-wallet-first-day", day = day) }
    }
}

/// The running events and the newest rewards.
async fn offered(visit: &Visit) -> Result<(Events, Rewards), Refused> {
    let (events, rewards) = tokio::join!(
        visit.api.get::<Events>("/events", &[("status", "active"), ("limit", "200")]),
        visit.api.get::<Rewards>("/rewards", &[("limit", "200")]),
    );
    Ok((events?, rewards?))
}

/// What the running events give for this unit, the cheapest first.
fn buys(amounts: &Amounts, wallet: &Wallet, (events, rewards): (Events, Rewards)) -> Vec<Buy> {
    let text = amounts.text;
    let priced = rewards.rewards.into_iter().filter(|reward| reward.remaining != Some(0));
    let mut found: Vec<_> = priced
        .filter_map(|reward| {
            let price = reward.price.filter(|price| price.unit == amounts.unit)?.amount;
            let event = events.events.iter().find(|event| event.id == reward.event_id)?;
            let name = reward.name.unwrap_or_else(|| text.say_of("type", &reward.kind));
            let short = price.saturating_sub(wallet.available);
            let missing = (short > 0).then(|| say!(text, "ui-wallet-missing", amount = amounts.said(short)));
            Some((price, Buy { name, event: event.name.clone(), price: amounts.said(price), missing }))
        })
        .collect();
    found.sort_by_key(|(price, _)| *price);
    found.into_iter().take(MOST_BUYS).map(|(_, buy)| buy).collect()
}
