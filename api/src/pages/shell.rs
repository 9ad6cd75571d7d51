//! The shell around every page: the menu of the role, the moment that is shown, who is signed in. It reads its own
//! numbers; if one of them fails, the page is shown without it.

mod rail;
mod tabs;

use domain::role::Role;
use serde::Deserialize;

use super::client::Refused;
use super::form;
use super::moment::Shown;
use super::preferences::Theme;
use super::text::{Text, say};
use super::visit::{AUDITORS, OPERATORS, STAFF, Visit};
use rail::Rail;
pub(super) use tabs::Tab;
use tabs::{TabItem, tabs};

/// The entries of the menu, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Overview,
    Events,
    Rewards,
    Members,
    Approvals,
    Claims,
    Log,
    Verification,
    Operations,
    /// A page that is not in the menu.
    Elsewhere,
}

impl Place {
    const MENU: [(&'static str, &'static [Self]); 5] = [
        ("", &[Self::Overview]),
        ("ui-menu-programme", &[Self::Events, Self::Rewards, Self::Members]),
        ("ui-menu-decisions", &[Self::Approvals, Self::Claims]),
        ("ui-menu-audit", &[Self::Log, Self::Verification]),
        ("ui-menu-service", &[Self::Operations]),
    ];

    fn path(self) -> &'static str {
        match self {
            Self::Overview | Self::Elsewhere => "/ui",
            Self::Events => "/ui/events",
            Self::Rewards => "/ui/rewards",
            Self::Members => "/ui/members",
            Self::Approvals => "/ui/approvals",
            Self::Claims => "/ui/claims",
            Self::Log => "/ui/log",
            Self::Verification => "/ui/verification",
            Self::Operations => "/ui/operations",
        }
    }

    fn name(self) -> &'static str {
        self.path().trim_start_matches("/ui").trim_start_matches('/')
    }

    /// The path of its icon.
    fn picture(self) -> &'static str {
        match self {
            Self::Overview | Self::Elsewhere => "M2.5 13.5v-5M6 13.5v-9M9.5 13.5v-6M13 13.5v-11",
            Self::Events => "M3 3.5h10v9.5H3zM3 6.5h10M6 2v2.5M10 2v2.5",
            Self::Rewards => {
                "M2.5 6.5h11v7h-11zM2 4h12v2.5H2zM8 4v9.5M8 4C6 4 4.8 3.3 5 2.2 5.6 1.2 7.5 2 8 4c.5-2 2.4-2.8 \
                 3-1.8.2 1.1-1 1.8-3 1.8"
            }
            Self::Members => {
                "M8.5 5.5a2.5 2.5 0 11-5 0a2.5 2.5 0 015 0M1.8 13.5c.3-2.7 2-4 4.2-4s3.9 1.3 4.2 4M10.5 3.2a2.5 2.5 0 010 \
                 4.6M12 9.8c1.3.6 2 1.9 2.2 3.7"
            }
            Self::Approvals => "M2.5 8.5l3.5 3.5 7.5-8",
            Self::Claims => "M3.5 2h6l3 3v9h-9zM9.5 2v3h3M6 8.5h4M6 11h4",
            Self::Log => "M2.5 3.5h2M2.5 8h2M2.5 12.5h2M6.5 3.5h7M6.5 8h7M6.5 12.5h7",
            Self::Verification => "M8 1.8l5 2v4c0 3-2 5.2-5 6.4-3-1.2-5-3.4-5-6.4v-4zM5.8 8l1.7 1.7L10.5 6.5",
            Self::Operations => "M1.8 8h3l1.7-4.5 3 9L11.2 8h3",
        }
    }

    /// The letter that opens it after `g`.
    fn key(self) -> &'static str {
        match self {
            Self::Overview => "o",
            Self::Events => "e",
            Self::Rewards => "r",
            Self::Members => "m",
            Self::Approvals => "a",
            Self::Claims => "c",
            Self::Log => "l",
            Self::Verification => "v",
            Self::Operations | Self::Elsewhere => "",
        }
    }

    fn roles(self) -> &'static [Role] {
        match self {
            Self::Overview | Self::Events | Self::Rewards | Self::Members | Self::Claims => STAFF,
            Self::Approvals => OPERATORS,
            Self::Log | Self::Verification => AUDITORS,
            Self::Operations => &[Role::Admin],
            Self::Elsewhere => &[],
        }
    }
}

/// A menu entry.
pub(super) struct MenuItem {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) picture: &'static str,
    pub(super) key: &'static str,
    pub(super) current: bool,
    /// A number of waiting items, and its label.
    pub(super) badge: Option<(String, String)>,
}

/// A group of entries under one heading.
pub(super) struct MenuGroup {
    pub(super) title: String,
    pub(super) items: Vec<MenuItem>,
}

/// The time strip at the top of every staff page.
pub(super) struct Strip {
    pub(super) position: String,
    pub(super) bare_position: i64,
    pub(super) time: String,
    pub(super) is_then: bool,
    pub(super) rail: Option<Rail>,
    /// `Compared with 14 Nov 14:32`.
    pub(super) versus: Option<String>,
    pub(super) back_to_now: String,
    /// Links to earlier moments: address and name.
    pub(super) earlier: Vec<(String, String)>,
    /// Links to other comparisons.
    pub(super) compare: Vec<(String, String)>,
    /// The rest of the query, for the form that selects a moment.
    pub(super) kept: Vec<(String, String)>,
}

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

fn menu(visit: &Visit, place: Place, shown: &Shown) -> Vec<MenuGroup> {
    let item = |of: Place| {
        let waiting = shown.summary.claims.pending;
        let badge = (of == Place::Approvals && waiting > 0 && !shown.is_then())
            .then(|| (visit.text.number(waiting), say!(visit.text, "ui-menu-waiting", count = waiting)));
        let (picture, key) = (of.picture(), of.key());
        let name = visit.text.say_of("menu", if of == Place::Overview { "overview" } else { of.name() });
        MenuItem { href: visit.to(of.path()), name, picture, key, current: of == place, badge }
    };
    let group = |(title, places): &(&'static str, &'static [Place])| {
        let items: Vec<_> =
            places.iter().filter(|place| visit.is_one_of(place.roles())).map(|place| item(*place)).collect();
        let title = if title.is_empty() { String::new() } else { visit.text.say(title) };
        MenuGroup { title, items }
    };
    Place::MENU.iter().map(group).filter(|group| !group.items.is_empty()).collect()
}

impl Strip {
    fn of(visit: &Visit, shown: &Shown, rail: Option<Rail>) -> Self {
        let (text, moment) = (visit.text, shown.moment());
        let time = if shown.is_then() {
            format!("{} {}", text.day(text.day_of(moment.recorded_at)), text.clock_with_seconds(moment.recorded_at))
        } else {
            text.clock_with_seconds(moment.recorded_at)
        };
        let earlier = [("-1h", "ui-moment-hour"), ("-1d", "ui-moment-yesterday"), ("-7d", "ui-moment-week")];
        let compare = [
            ("-1d", "ui-compare-yesterday"),
            ("-7d", "ui-compare-week"),
            ("-28d", "ui-compare-four-weeks"),
            ("none", "ui-compare-nothing"),
        ];
        let links = |name: &str, list: &[(&str, &str)]| {
            list.iter().map(|(value, id)| (visit.link(&[(name, Some(value))]), text.say(id))).collect()
        };
        Self {
            position: text.number(moment.position),
            bare_position: moment.position,
            time: format!("{time} {}", text.zone_name()),
            is_then: shown.is_then(),
            rail,
            versus: shown.versus.map(|stamp| say!(text, "ui-compared", moment = text.moment(stamp.recorded_at))),
            back_to_now: visit.link(&[("at", None)]),
            earlier: links("at", &earlier),
            compare: links("vs", &compare),
            kept: visit.query.iter().filter(|(name, _)| name != "at" && name != "fragment").cloned().collect(),
        }
    }
}
