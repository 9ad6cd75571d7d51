//! `/ui/members/{id}/wallet`: what a member has of a unit, lot by lot and step by step, also as of then. Operators give and take
//! here, with a reason; what needs somebody else waits on `/ui/adjustments`.

mod adjust;
pub(super) mod amounts;
pub(super) mod asked;
pub(super) mod statement;

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::value::UnitCode;

use self::adjust::AdjustForm;
use self::amounts::Amounts;
use self::asked::{Lot, Lots, Statement, Units, Wallet, Wallets};
use self::statement::{Row, rows};
use super::Pages;
use super::adjustments::{Waiting, waiting};
use super::claim::id_of;
use super::decide::Outcome;
use super::failure::Failure;
use super::form::Form;
use super::moment::Shown;
use super::response::page_with;
use super::shell::{Place, Shell};
use super::short_id::ShortId;
use super::text::say;
use super::visit::{OPERATORS, STAFF, Visit};

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/members/{id}/wallet", get(wallet).post(adjust::adjust))
}

#[derive(Template)]
#[template(path = "wallet/wallet.html")]
struct WalletPage {
    shell: Shell,
    outcome: Option<Outcome>,
    done: Option<String>,
    members: String,
    member_href: String,
    member: ShortId,
    lead: String,
    is_then: bool,
    /// Links to the units: address, code, whether it is this one.
    units: Vec<(String, String, bool)>,
    figures: Vec<(String, String)>,
    /// `None` if it cannot be read now.
    lots: Option<Vec<LotRow>>,
    more_lots: bool,
    /// `None` if it cannot be read now.
    statement: Option<Vec<Row>>,
    older: Option<String>,
    newest: Option<String>,
    waiting: Vec<Waiting>,
    form: Option<AdjustForm>,
}

struct LotRow {
    amount: String,
    class: &'static str,
    status: String,
    free: String,
    held: String,
    used: String,
    expired: String,
    from: String,
    until: String,
    position: i64,
}

async fn wallet(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    shown(&visit, &id, None).await
}

async fn shown(visit: &Visit, id: &str, failed: Option<(Outcome, Form)>) -> Result<Response, Failure> {
    visit.only(STAFF)?;
    let (id, text) = (id_of(id)?, visit.text);
    let shown = Shown::of(visit).await?;
    let wanted = visit.asked("unit").unwrap_or(UnitCode::POINTS).to_owned();
    let (path, at) = (format!("/wallets/{id}"), shown.at_position());
    let (lots_path, statement_path) = (format!("{path}/lots"), format!("{path}/statement"));
    let as_of: &[(&str, &str)] = if shown.is_then() { &[("atPosition", &at)] } else { &[] };
    let of_unit = [&[("unit", wanted.as_str())], as_of].concat();
    let lots_query = [&[("limit", "50")], of_unit.as_slice()].concat();
    let mut statement_query = [&[("limit", "20")], of_unit.as_slice()].concat();
    statement_query.extend(visit.asked("cursor").map(|cursor| ("cursor", cursor)));
    let may_adjust = !shown.is_then() && visit.is_one_of(OPERATORS) && id != visit.session.caller.id.to_string();
    let (shell, wallets, lots, statement, units, pending) = tokio::join!(
        Shell::staff(visit, Place::Members, &shown),
        visit.api.get::<Wallets>(&path, as_of),
        visit.api.get::<Lots>(&lots_path, &lots_query),
        visit.api.get::<Statement>(&statement_path, &statement_query),
        visit.api.get::<Units>("/units", &[("limit", "200")]),
        async { if shown.is_then() { vec![] } else { waiting(visit, Some(&id)).await.unwrap_or_default() } },
    );
    let (wallets, units) = (wallets?.wallets, units.map(|units| units.units).unwrap_or_default());
    let wallet = wallets.iter().find(|wallet| wallet.unit == wanted).cloned();
    let mut wallet = wallet.unwrap_or_else(|| Wallet::nothing(&wanted));
    if let Some(unit) = units.iter().find(|unit| unit.code == wanted) {
        wallet.scale = unit.scale;
    }
    let amounts = Amounts { text, unit: wallet.unit.clone(), scale: wallet.scale };
    let (lots, statement) = (lots.ok(), statement.ok());
    let link = |unit: &str| visit.to_with(&format!("/ui/members/{id}/wallet"), &[("unit", unit)]);
    let mut codes: Vec<_> = wallets.iter().map(|one| one.unit.clone()).collect();
    codes.extend(Some(wanted.clone()).filter(|code| !codes.contains(code)));
    let (outcome, typed) = failed.unzip();
    let answer = outcome.as_ref().map_or(StatusCode::OK, Outcome::status);
    let page = WalletPage {
        shell,
        done: visit
            .asked("done")
            .map(|status| text.say(if status == "pending" { "ui-wallet-waits" } else { "ui-wallet-done" })),
        members: visit.to("/ui/members"),
        member_href: visit.to(&format!("/ui/members/{id}")),
        member: ShortId::of(&id),
        lead: lead(&amounts, &wallet),
        is_then: shown.is_then(),
        units: codes.iter().map(|code| (link(code), code.clone(), *code == wanted)).collect(),
        figures: figures(&amounts, &wallet),
        more_lots: lots.as_ref().is_some_and(|lots| lots.next_cursor.is_some()),
        lots: lots.map(|lots| lots.lots.iter().map(|lot| LotRow::of(&amounts, lot)).collect()),
        older: statement.as_ref().and_then(|statement| {
            statement.next_cursor.as_ref().map(|cursor| visit.link(&[("cursor", Some(cursor)), ("done", None)]))
        }),
        newest: visit.asked("cursor").map(|_| visit.link(&[("cursor", None)])),
        statement: statement
            .map(|statement| rows(visit, &amounts, &statement, |claim| Some(visit.to(&format!("/ui/claims/{claim}"))))),
        waiting: pending,
        form: may_adjust.then(|| AdjustForm::of(&wanted, &units, outcome.as_ref(), typed)),
        outcome,
    };
    Ok(page_with(answer, &page))
}

/// How much of it can be used, and what ends next.
fn lead(amounts: &Amounts, wallet: &Wallet) -> String {
    let text = amounts.text;
    let all = say!(
        text,
        "ui-wallet-lead",
        balance = amounts.said(wallet.balance),
        available = amounts.said(wallet.available)
    );
    match wallet.expiring.first() {
        Some(end) => {
            let day = text.day_with_year(text.last_day_before(end.at));
            let next = say!(text, "ui-wallet-ends-next", amount = amounts.said(end.amount), day = day);
            format!("{all} {next}")
        }
        None => all,
    }
}

fn figures(amounts: &Amounts, wallet: &Wallet) -> Vec<(String, String)> {
    [
        ("ui-wallet-available", wallet.available),
        ("ui-wallet-pending", wallet.pending),
        ("ui-wallet-held", wallet.held),
        ("ui-wallet-owed", wallet.receivable),
    ]
    .map(|(id, amount)| (amounts.text.say(id), amounts.bare(amount)))
    .to_vec()
}

impl Wallet {
    /// A wallet with nothing in it.
    pub(in crate::pages) fn nothing(unit: &str) -> Self {
        Self {
            unit: unit.to_owned(),
            scale: 0,
            balance: 0,
            available: 0,
            pending: 0,
            held: 0,
            receivable: 0,
            expiring: vec![],
            maturing: vec![],
        }
    }
}

impl LotRow {
    fn of(amounts: &Amounts, lot: &Lot) -> Self {
        let text = amounts.text;
        let class = match lot.status.as_str() {
            "available" => "granted",
            "pending" => "pending",
            _ => "expired",
        };
        let until = lot.expires_at.map(|end| text.day_with_year(text.last_day_before(end)));
        Self {
            amount: amounts.bare(lot.amount),
            class,
            status: text.say_of("wallet-lot", &lot.status),
            free: amounts.bare(lot.free),
            held: amounts.bare(lot.held),
            used: amounts.bare(lot.used),
            expired: amounts.bare(lot.expired),
            from: text.day_with_year(text.day_of(lot.available_from)),
            until: until.unwrap_or_else(|| text.say("ui-wallet-never")),
            position: lot.position,
        }
    }
}
