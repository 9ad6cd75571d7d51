//! The shell around every page: the menu of the role, the moment that is shown, who is signed in. It reads its own
//! numbers; if one of them fails, the page is shown without it.

mod menu;
mod rail;
mod strip;
mod tabs;

use serde::Deserialize;

use super::client::Refused;
use super::form;
use super::moment::Shown;
use super::preferences::Theme;
use super::text::{Text, say};
use super::visit::{AUDITORS, Visit};
pub(super) use menu::Place;
use menu::{MenuGroup, menu};
use rail::Rail;
use strip::Strip;
pub(super) use tabs::Tab;
use tabs::{TabItem, tabs};

/// The shell of a page.
pub(super) struct Shell {
    pub(super) text: Text,
    pub(super) theme: Theme,
    pub(super) keys_off: bool,
    pub(super) menu: Vec<MenuGroup>,
    pub(super) email: String,
    pub(super) role: String,
    /// The result of the last verification for auditors; for others, the position that is read.
    pub(super) seal: (String, String),
    pub(super) strip: Option<Strip>,
    /// The tabs at the bottom of a member's pages.
    pub(super) tabs: Vec<TabItem>,
    /// The address of this page to return to, escaped for a query.
    pub(super) here_escaped: String,
    pub(super) form_token: String,
    pub(super) demo: bool,
}

#[derive(Deserialize)]
struct Me {
    user: User,
}

/// The reader's account.
#[derive(Debug, Clone, Deserialize)]
struct User {
    email: Option<String>,
}

impl Shell {
    /// The shell of a staff page.
    pub(super) async fn staff(visit: &Visit, place: Place, shown: &Shown) -> Self {
        let (email, seal, rail) = tokio::join!(email(visit), seal(visit, shown), Rail::of(visit, shown));
        let mut shell = Self::new(visit, email);
        shell.seal = seal;
        shell.menu = menu(visit, place, shown);
        shell.strip = Some(Strip::of(visit, shown, rail));
        shell
    }

    /// The shell of a staff page that shows no moment of the log, such as the settings.
    pub(super) async fn staff_own(visit: &Visit) -> Result<Self, Refused> {
        let now = Shown::now(visit).await?;
        Ok(Self { strip: None, ..Self::staff(visit, Place::Elsewhere, &now).await })
    }

    /// The shell of a member's page.
    pub(super) fn member(visit: &Visit, open: Tab) -> Self {
        Self { tabs: tabs(visit, open), ..Self::new(visit, String::new()) }
    }

    fn new(visit: &Visit, email: String) -> Self {
        let here = visit.here();
        Self {
            text: visit.text,
            theme: visit.preferences.theme,
            keys_off: visit.preferences.keys_off,
            menu: vec![],
            email,
            role: visit.text.say_of("role", visit.session.caller.role.name()),
            seal: (String::new(), String::new()),
            strip: None,
            tabs: vec![],
            here_escaped: form_urlencoded::byte_serialize(here.as_bytes()).collect(),
            form_token: form::token(&visit.pages, &visit.session),
            demo: visit.pages.0.state.demo,
        }
    }
}

async fn email(visit: &Visit) -> String {
    let me: Result<Me, _> = visit.api.get("/auth/me", &[]).await;
    me.ok().and_then(|me| me.user.email).unwrap_or_default()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    position: i64,
    finished_at: Option<domain::Moment>,
    #[serde(default)]
    checks: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    ok: bool,
}

/// Whether the last verification found the chain intact, and when it ran.
async fn seal(visit: &Visit, shown: &Shown) -> (String, String) {
    let text = visit.text;
    let fresh = || (text.say("ui-seal-reads"), say!(text, "ui-seal-position", position = shown.moment().position));
    if !visit.is_one_of(AUDITORS) {
        return fresh();
    }
    let last: Result<Verification, _> = visit.api.get("/audit/verification", &[]).await;
    match last {
        Ok(Verification { position, finished_at: Some(at), checks }) => {
            let holds = checks.iter().all(|check| check.ok);
            let found = if holds { "ui-seal-holds" } else { "ui-seal-broken" };
            (text.say(found), say!(text, "ui-seal-checked", count = position, at = text.moment(at)))
        }
        _ => fresh(),
    }
}
