//! `/ui`: how today is going, and what needs attention. Members are redirected to their own page. Each part has its own
//! request, all as of one position, and compares with another moment.

mod asked;
mod figures;
mod granted;
mod latest;
mod liability;
mod reasons;
mod running;
mod todo;

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::get;
use chrono::TimeDelta;

use super::Pages;
use super::budgets::{self, left::BudgetsLeft};
use super::failure::Failure;
use super::moment::{Shown, Stamp};
use super::part::{alone, part};
use super::response::{page, see_other};
use super::shell::{Place, Shell};
use super::text::say;
use super::visit::{STAFF, Visit};
use asked::Asked;

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui", get(overview))
}

/// The moments that all parts share.
pub(super) struct Moments<'a> {
    visit: &'a Visit,
    /// The moment that is shown.
    now: Stamp,
    at: String,
    /// The moment of comparison.
    versus: Option<Stamp>,
    /// Whether the day that is shown is the reader's today.
    is_today: bool,
    is_then: bool,
}

#[derive(Template)]
#[template(path = "overview/overview.html")]
struct OverviewPage {
    shell: Shell,
    day: String,
    lead: Lead,
    figures: String,
    granted: String,
    todo: String,
    running: String,
    /// What budgets leave; nothing where there are none.
    budgets: Option<String>,
    /// Where the programme's are changed.
    budgets_href: Option<String>,
    reasons: String,
    latest: String,
    liability: String,
    all_events: String,
    events_href: String,
}

/// The sentence at the top of the page.
#[derive(Default)]
struct Lead {
    strong: String,
    rest: String,
}

async fn overview(visit: Visit) -> Result<Response, Failure> {
    if !visit.is_one_of(STAFF) {
        return Ok(see_other("/ui/me"));
    }
    let shown = Shown::of(&visit).await?;
    // a younger log has nothing to compare with
    let versus = shown.versus_or(&visit, TimeDelta::days(7)).await.unwrap_or_default();
    let text = visit.text;
    let now = shown.moment();
    let is_today = text.day_of(now.recorded_at) == text.day_of(crate::app::clock::now());
    let moments = Moments {
        visit: &visit,
        now,
        at: shown.at_position(),
        versus,
        is_today: is_today && !shown.is_then(),
        is_then: shown.is_then(),
    };
    match visit.fragment() {
        Some("figures") => {
            return Ok(alone(&part(text, moments.daily().await.map(|days| figures::of(&moments, &days)))));
        }
        Some("running") => {
            return Ok(alone(&part(text, moments.running().await.map(|list| running::of(&moments, list)))));
        }
        Some("decisions") => return Ok(alone(&latest(&moments).await)),
        Some("days.csv") => return Ok(figures::table(&moments, &moments.daily().await?).file()),
        Some("granted.csv") => return Ok(granted::table(&moments, &moments.hours().await?).file()),
        _ => {}
    }
    let asked = Asked::of(&moments).await;
    let (shell, latest, owed) =
        tokio::join!(Shell::staff(&visit, Place::Overview, &shown), latest(&moments), liability::of(&moments));
    let running_events = asked.summary.as_ref().map_or(0, |summary| summary.events.all());
    Ok(page(&OverviewPage {
        day: text.day_with_weekday(text.day_of(now.recorded_at)),
        lead: lead(&moments, &asked),
        figures: part(text, asked.days.map(|days| figures::of(&moments, &days))),
        granted: part(text, asked.hours.as_ref().map(|hours| granted::of(&moments, hours)).map_err(Clone::clone)),
        todo: part(text, asked.attention.map(|list| todo::of(&moments, list))),
        budgets: BudgetsLeft::part_of_all(&visit, asked.budgets),
        budgets_href: visit.is_one_of(budgets::ADMINS).then(|| visit.to("/ui/budgets")),
        running: part(text, asked.running.map(|list| running::of(&moments, list))),
        reasons: part(text, asked.hours.map(|hours| reasons::of(&moments, &hours, asked.summary.ok().as_ref()))),
        latest,
        liability: part(text, owed),
        all_events: say!(text, "ui-overview-all-events", count = running_events),
        events_href: visit.to("/ui/events"),
        shell,
    }))
}

async fn latest(moments: &Moments<'_>) -> String {
    let claims = if moments.is_then { Ok(None) } else { moments.latest().await.map(Some) };
    part(moments.visit.text, claims.map(|claims| latest::of(moments, claims)))
}

/// Whether today is ahead or behind, by how much, and what runs out.
fn lead(moments: &Moments<'_>, asked: &Asked) -> Lead {
    let text = moments.visit.text;
    let Ok(days) = &asked.days else { return Lead::default() };
    let granted = days.today.granted;
    let until = text.clock(moments.now.recorded_at);
    let (strong, mut rest) = match (&days.then, moments.versus) {
        (Some(then), Some(versus)) => {
            let day = text.weekday_and_day(text.day_of(versus.recorded_at));
            let more = granted - then.granted;
            match more {
                1.. => (
                    say!(text, "ui-overview-ahead", day = day),
                    say!(text, "ui-overview-granted-more", count = granted, until = until, more = more),
                ),
                0 => (
                    say!(text, "ui-overview-level", day = day),
                    say!(text, "ui-overview-granted-same", count = granted, until = until),
                ),
                ..0 => (
                    say!(text, "ui-overview-behind", day = day),
                    say!(text, "ui-overview-granted-fewer", count = granted, until = until, fewer = -more),
                ),
            }
        }
        _ => (String::new(), say!(text, "ui-overview-granted-by", count = granted, until = until)),
    };
    let ends_today = asked.attention.as_ref().map_or(0, |list| list.sold_out_today(moments));
    if ends_today > 0 {
        rest.push(' ');
        rest.push_str(&say!(text, "ui-overview-sold-out-today", count = ends_today));
    }
    Lead { strong, rest }
}
