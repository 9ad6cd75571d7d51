//! `/ui/me`: what a member can claim now, and what comes next. The number of events is bounded: those that end first
//! are shown, the others are behind a link. A part that cannot be read is replaced by a note.

mod asked;
mod claim;
mod dots;
mod heat;
mod history;
mod invite;
mod lately;
mod needs;
mod offers;
mod points;
mod profile;
mod send;

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::get;
use domain::role::Role;
use domain::value::UnitCode;

use self::asked::{Claims, Days, Me, Referrals, Streak};
use self::heat::Heat;
use self::lately::Line;
use self::needs::Step;
use self::offers::{OnTheWay, Ready, offers};
use super::Pages;
use super::failure::Failure;
use super::response::page;
use super::shell::{Shell, Tab};
use super::text::{Text, say};
use super::visit::Visit;
use super::wallet::amounts::Amounts;
use super::wallet::asked::Wallets;
use crate::app::clock;

/// The role that these pages are for.
const MEMBERS: &[Role] = &[Role::User];

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route("/ui/me", get(earn))
        .merge(claim::routes())
        .merge(history::routes())
        .merge(points::routes())
        .merge(send::routes())
        .merge(invite::routes())
        .merge(profile::routes())
}

#[derive(Template)]
#[template(path = "me/me.html")]
struct EarnPage {
    shell: Shell,
    title: String,
    today: String,
    blocked: bool,
    /// `None` if it cannot be read now.
    offers: Option<Shown>,
    streak: Option<StreakPane>,
    points: Option<PointsPane>,
    heat: Option<Heat>,
    /// `None` if it cannot be read now.
    lately: Option<Vec<Line>>,
    invite: Option<Invite>,
}

struct Shown {
    ready: Vec<Ready>,
    on_the_way: Vec<OnTheWay>,
    /// The link to the events that end later, with their number.
    later: Option<(String, String)>,
    earlier: Option<String>,
}

struct StreakPane {
    current: String,
    unit: String,
    about: String,
}

/// What the member has of points.
struct PointsPane {
    balance: String,
    unit: String,
    about: String,
}

struct Invite {
    code: String,
    friends: String,
}

async fn earn(visit: Visit) -> Result<Response, Failure> {
    visit.only(MEMBERS)?;
    let (api, text) = (&visit.api, visit.text);
    let me: Me = api.get("/auth/me", &[]).await?;
    let (streak, days, claims, referrals, wallets) = tokio::join!(
        api.get::<Streak>("/streaks/me", &[]),
        api.get::<Days>("/streaks/me/days", &[]),
        api.get::<Claims>("/claims/me", &[("limit", "50")]),
        api.get::<Referrals>("/referrals/me", &[("limit", "200")]),
        api.get::<Wallets>("/wallets/me", &[]),
    );
    let claims = claims.ok().map(|claims| claims.claims);
    let seen = claims.as_deref().unwrap_or_default();
    let (offered, lately) = tokio::join!(offers(&visit, &me.user, seen, streak.as_ref().ok()), async {
        match &claims {
            Some(claims) => Some(lately::lines(&visit, &claims[..claims.len().min(5)]).await),
            None => None,
        }
    });
    let offers = offered.ok().map(|offered| Shown {
        later: (offered.later > 0).then(|| {
            let from = offered.next_from.to_string();
            (visit.link(&[("from", Some(&from))]), say!(text, "ui-me-later", count = offered.later))
        }),
        earlier: (offered.from > 0).then(|| visit.link(&[("from", None)])),
        ready: offered.ready,
        on_the_way: offered.on_the_way,
    });
    let ready = offers.as_ref().map_or(0, |offers| offers.ready.len());
    let title = match ready {
        0 => text.say("ui-me-none-ready"),
        ready => say!(text, "ui-me-ready", count = ready),
    };
    let date = text.day_of(clock::now());
    let today = say!(text, "ui-me-today-is", weekday = text.long_weekday(date), day = text.day(date));
    Ok(page(&EarnPage {
        shell: Shell::member(&visit, Tab::Earn),
        title,
        today,
        blocked: me.user.blocked,
        offers,
        streak: streak.ok().map(|streak| StreakPane::of(text, &streak)),
        points: wallets.ok().and_then(|wallets| PointsPane::of(text, wallets)),
        heat: days.ok().map(|days| Heat::of(text, &days)),
        lately,
        invite: me.user.invite_code.map(|code| Invite { code, friends: friends(text, referrals.ok().as_ref()) }),
    }))
}

/// `1 friend has qualified, 1 is on the way.` Counts the latest 200.
fn friends(text: Text, referrals: Option<&Referrals>) -> String {
    let Some(Referrals { referrals, .. }) = referrals else { return String::new() };
    let of = |status: &str| referrals.iter().filter(|referral| referral.status == status).count();
    say!(text, "ui-me-friends", qualified = of("qualified"), pending = of("pending"))
}

impl PointsPane {
    /// `None` where there never was anything.
    fn of(text: Text, wallets: Wallets) -> Option<Self> {
        let points = wallets.wallets.into_iter().find(|wallet| wallet.unit == UnitCode::POINTS)?;
        if points.balance == 0 && points.pending == 0 {
            return None;
        }
        let amounts = Amounts { text, unit: points.unit, scale: points.scale };
        Some(Self {
            balance: amounts.bare(points.balance),
            unit: say!(text, "ui-wallet-points-only", count = points.balance),
            about: say!(text, "ui-wallet-can-use", amount = amounts.said(points.available)),
        })
    }
}

impl StreakPane {
    fn of(text: Text, streak: &Streak) -> Self {
        let longest = say!(text, "ui-me-longest", count = streak.longest);
        let about = match streak.at_risk_until {
            Some(_) => text.say("ui-me-streak-at-risk"),
            None if streak.current > 0 => text.say("ui-me-streak-done"),
            None => text.say("ui-me-streak-none"),
        };
        Self {
            current: text.number(streak.current),
            unit: say!(text, "ui-me-days-in-a-row", count = streak.current),
            about: format!("{longest} {about}"),
        }
    }
}
