//! The tabs at the bottom of a member's pages.

use crate::pages::visit::Visit;

/// The pages that have a tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages) enum Tab {
    Earn,
    Points,
    History,
    Invite,
    Me,
}

/// A tab.
pub(in crate::pages) struct TabItem {
    pub(in crate::pages) href: &'static str,
    pub(in crate::pages) name: String,
    /// The path of its icon.
    pub(in crate::pages) picture: &'static str,
    pub(in crate::pages) current: bool,
}

impl Tab {
    const ALL: [Self; 5] = [Self::Earn, Self::Points, Self::History, Self::Invite, Self::Me];

    fn href(self) -> &'static str {
        match self {
            Self::Earn => "/ui/me",
            Self::Points => "/ui/me/points",
            Self::History => "/ui/me/history",
            Self::Invite => "/ui/me/invite",
            Self::Me => "/ui/me/profile",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Earn => "ui-tab-earn",
            Self::Points => "ui-tab-points",
            Self::History => "ui-tab-history",
            Self::Invite => "ui-tab-invite",
            Self::Me => "ui-tab-me",
        }
    }

    fn picture(self) -> &'static str {
        match self {
            Self::Earn => {
                "M3 9h14v8H3zM2 6h16v3H2zM10 6v11M10 6C7.5 6 6 5 6.2 3.6 6.8 2 9.2 2.8 10 6c.8-3.2 3.2-4 3.8-2.4C14 5 12.5 6 10 6"
            }
            Self::Points => "M17 10a7 7 0 11-14 0a7 7 0 0114 0M8 14V6h2.7a2.3 2.3 0 010 4.6H8",
            Self::History => "M4 5h12M4 10h12M4 15h8",
            Self::Invite => {
                "M11 7a3 3 0 11-6 0a3 3 0 016 0M2.5 16.5c.4-3 2.5-4.7 5.5-4.7s5.1 1.7 5.5 4.7M15.5 6v5M13 8.5h5"
            }
            Self::Me => "M13.3 7a3.3 3.3 0 11-6.6 0a3.3 3.3 0 016.6 0M3.5 17c.6-3.3 3-5 6.5-5s5.9 1.7 6.5 5",
        }
    }
}

/// All tabs; one of them is open.
pub(super) fn tabs(visit: &Visit, open: Tab) -> Vec<TabItem> {
    let item = |tab: Tab| TabItem {
        href: tab.href(),
        name: visit.text.say(tab.name()),
        picture: tab.picture(),
        current: tab == open,
    };
    Tab::ALL.into_iter().map(item).collect()
}
