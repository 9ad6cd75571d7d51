//! The menu of staff: its entries, and which role sees which.

use domain::role::Role;

use crate::pages::moment::Shown;
use crate::pages::text::say;
use crate::pages::visit::{AUDITORS, OPERATORS, STAFF, Visit};

/// The entries of the menu, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages) enum Place {
    Overview,
    Events,
    Rewards,
    Members,
    Budgets,
    Approvals,
    Claims,
    Adjustments,
    Log,
    Verification,
    Operations,
    /// A page that is not in the menu.
    Elsewhere,
}

impl Place {
    const MENU: [(&'static str, &'static [Self]); 5] = [
        ("", &[Self::Overview]),
        ("ui-menu-programme", &[Self::Events, Self::Rewards, Self::Members, Self::Budgets]),
        ("ui-menu-decisions", &[Self::Approvals, Self::Claims, Self::Adjustments]),
        ("ui-menu-audit", &[Self::Log, Self::Verification]),
        ("ui-menu-service", &[Self::Operations]),
    ];

    fn path(self) -> &'static str {
        match self {
            Self::Overview | Self::Elsewhere => "/ui",
            Self::Events => "/ui/events",
            Self::Rewards => "/ui/rewards",
            Self::Members => "/ui/members",
            Self::Budgets => "/ui/budgets",
            Self::Approvals => "/ui/approvals",
            Self::Claims => "/ui/claims",
            Self::Adjustments => "/ui/adjustments",
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
            Self::Budgets => "M2.5 13.5h11M4 13.5V9M8 13.5V3M12 13.5V6.5M2.5 5.5h3M10.5 3.5h3",
            Self::Approvals => "M2.5 8.5l3.5 3.5 7.5-8",
            Self::Claims => "M3.5 2h6l3 3v9h-9zM9.5 2v3h3M6 8.5h4M6 11h4",
            Self::Adjustments => "M2 5h10.5a1.5 1.5 0 011.5 1.5v6H3.5A1.5 1.5 0 012 11zM2 5l8-2.5V5M10.5 9h1",
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
            Self::Budgets | Self::Adjustments | Self::Operations | Self::Elsewhere => "",
        }
    }

    fn roles(self) -> &'static [Role] {
        match self {
            Self::Overview | Self::Events | Self::Rewards | Self::Members | Self::Claims | Self::Adjustments => STAFF,
            Self::Approvals => OPERATORS,
            Self::Log | Self::Verification => AUDITORS,
            Self::Budgets | Self::Operations => &[Role::Admin],
            Self::Elsewhere => &[],
        }
    }
}

/// A menu entry.
pub(in crate::pages) struct MenuItem {
    pub(in crate::pages) href: String,
    pub(in crate::pages) name: String,
    pub(in crate::pages) picture: &'static str,
    pub(in crate::pages) key: &'static str,
    pub(in crate::pages) current: bool,
    /// A number of waiting items, and its label.
    pub(in crate::pages) badge: Option<(String, String)>,
}

/// A group of entries under one heading.
pub(in crate::pages) struct MenuGroup {
    pub(in crate::pages) title: String,
    pub(in crate::pages) items: Vec<MenuItem>,
}

/// The entries that the reader may open.
pub(super) fn menu(visit: &Visit, place: Place, shown: &Shown) -> Vec<MenuGroup> {
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
