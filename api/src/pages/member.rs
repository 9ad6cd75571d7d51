//! `/ui/members/{id}`: who a member is, and why they were or were not rewarded: facts day by day, streaks, claims and
//! referrals. Operators see the account and can block it.

mod asked;
mod facts;
mod heat;

use std::str::FromStr as _;

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::get;
use domain::Moment;
use domain::zone::{Tz, local_date};
use serde_json::{Value, json};

use super::Pages;
use super::claim::id_of;
use super::claims::{Claims, Row as ClaimRow};
use super::client::{Change, FieldRefused, Refused};
use super::decide::{NOTE, Outcome};
use super::failure::Failure;
use super::form::{Posted, new_key};
use super::moment::Shown;
use super::response::{page_with, see_other};
use super::shell::{Place, Shell};
use super::short_id::ShortId;
use super::text::Text;
use super::visit::{OPERATORS, STAFF, Visit};
use asked::{OneUser, Referral, Referrals, Streak};
use facts::{Kind, about, days, figures, kinds, lead};
use heat::Heat;

/// How many claims and referrals are listed.
const LISTED: &str = "20";

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/members/{id}", get(member).post(blocked))
}

async fn member(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    shown(&visit, &id, None, String::new()).await
}

/// Blocks the member, or lifts the block.
async fn blocked(Path(id): Path<String>, Posted { visit, form }: Posted) -> Result<Response, Failure> {
    visit.only(OPERATORS)?;
    let id = id_of(&id)?;
    let step = if form.text("step") == Some("unblock") { "unblock" } else { "block" };
    let path = format!("/auth/users/{id}/{step}");
    let note = form.text(NOTE);
    let answer = match note {
        None => Err(no_note(visit.text)),
        Some(note) => {
            let change = Change { body: Some(json!({"note": note})), ..Change::default() };
            visit.api.change::<Value>(Method::POST, &path, change).await
        }
    };
    match answer {
        Ok(answer) => {
            let min = answer.position.map(|position| position.to_string());
            Ok(see_other(&visit.link(&[("min", min.as_deref())])))
        }
        Err(refused) => {
            let outcome = Outcome::of_form(&visit, &visit.here(), &form, &refused);
            shown(&visit, &id, Some(outcome), note.unwrap_or_default().to_owned()).await
        }
    }
}

fn no_note(text: Text) -> Refused {
    Refused {
        status: 400,
        code: "validation_failed".to_owned(),
        title: text.say("ui-decide-to-correct"),
        detail: String::new(),
        errors: vec![FieldRefused { field: NOTE.to_owned(), message: text.say("ui-member-note-missing") }],
        instance: String::new(),
        more: serde_json::Map::new(),
    }
}

#[derive(Template)]
#[template(path = "member/member.html")]
struct MemberPage {
    shell: Shell,
    outcome: Option<Outcome>,
    missing: Option<String>,
    members: String,
    wallet: String,
    id: String,
    name: String,
    lead: String,
    account: Vec<(String, String)>,
    is_blocked: bool,
    figures: Vec<(String, String, String)>,
    heat: Heat,
    kinds: Vec<Kind>,
    incomplete: bool,
    claims: Option<Result<Vec<ClaimRow>, Refused>>,
    all_claims: String,
    referrals: Option<Result<Vec<ReferralRow>, Refused>>,
    more_referrals: bool,
    actions: Option<Actions>,
    left_out: bool,
}

struct ReferralRow {
    href: String,
    invitee: ShortId,
    class: &'static str,
    status: String,
    since: String,
    qualified: String,
}

struct Actions {
    blocks: bool,
    key: String,
    note: String,
}

async fn shown(visit: &Visit, id: &str, outcome: Option<Outcome>, note: String) -> Result<Response, Failure> {
    visit.only(STAFF)?;
    let id = id_of(id)?;
    let shown = Shown::of(visit).await?;
    let (now, is_operator) = (!shown.is_then(), visit.is_one_of(OPERATORS));
    let account_path = format!("/auth/users/{id}");
    let (streak_path, claims_path) = (format!("/streaks/user/{id}"), format!("/claims/user/{id}"));
    let referrals_query = [("inviterId", id.as_str()), ("limit", LISTED)];
    let (shell, facts, account, streak, claims, referrals) = tokio::join!(
        Shell::staff(visit, Place::Members, &shown),
        asked::facts(visit, &id, &shown),
        async { if now && is_operator { visit.api.get::<OneUser>(&account_path, &[]).await.ok() } else { None } },
        async { if now { visit.api.get::<Streak>(&streak_path, &[]).await.ok() } else { None } },
        async { if now { Some(visit.api.get::<Claims>(&claims_path, &[("limit", LISTED)]).await) } else { None } },
        async { if now { Some(visit.api.get::<Referrals>("/referrals", &referrals_query).await) } else { None } },
    );
    let (text, facts, account) = (visit.text, facts?, account.map(|one| one.user));
    let zone = Tz::from_str(&facts.time_zone).unwrap_or(text.zone);
    let today = local_date(zone, shown.moment().recorded_at);
    let is_own = id == visit.session.caller.id.to_string();
    let is_blocked = account.as_ref().is_some_and(|account| account.blocked);
    let actions = (now && is_operator && account.is_some() && !is_own).then(|| Actions {
        blocks: !is_blocked,
        key: new_key(),
        note,
    });
    let answer = outcome.as_ref().map_or(StatusCode::OK, Outcome::status);
    let more_referrals = matches!(&referrals, Some(Ok(Referrals { next_cursor: Some(_), .. })));
    let page = MemberPage {
        shell,
        missing: outcome.as_ref().and_then(|outcome| outcome.error_of(NOTE)).map(str::to_owned),
        outcome,
        members: visit.to("/ui/members"),
        wallet: visit.to(&format!("/ui/members/{id}/wallet")),
        name: account.as_ref().and_then(|one| one.nickname.clone()).unwrap_or_else(|| ShortId::of(&id).plain()),
        lead: lead(text, &facts),
        account: account.as_ref().map(|account| about(text, account)).unwrap_or_default(),
        is_blocked,
        figures: figures(text, &facts, streak.as_ref()),
        heat: Heat::of(text, &days(&facts.facts), today),
        kinds: kinds(text, &facts.facts),
        incomplete: facts.next_cursor.is_some(),
        claims: claims
            .map(|claims| claims.map(|list| list.claims.iter().map(|one| ClaimRow::of(visit, one)).collect())),
        all_claims: visit.to("/ui/claims")
            + if visit.to("/ui/claims").contains('?') { "&" } else { "?" }
            + "member="
            + &id,
        referrals: referrals
            .map(|all| all.map(|all| all.referrals.iter().map(|one| ReferralRow::of(visit, one)).collect())),
        more_referrals,
        actions,
        left_out: !now,
        id,
    };
    Ok(page_with(answer, &page))
}

impl ReferralRow {
    fn of(visit: &Visit, one: &Referral) -> Self {
        let text = visit.text;
        let day = |at: Option<Moment>| at.map(|at| text.day_with_year(text.day_of(at))).unwrap_or_default();
        let class = match one.status.as_str() {
            "qualified" => "granted",
            "voided" => "denied",
            _ => "pending",
        };
        Self {
            href: visit.to(&format!("/ui/members/{}", one.invitee_id)),
            invitee: ShortId::of(&one.invitee_id),
            class,
            status: text.say_of("member-referral", &one.status),
            since: day(one.created_at),
            qualified: day(one.qualified_at),
        }
    }
}
