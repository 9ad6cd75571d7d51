//! The window of a campaign against the clock: which of its two edges the log has not noted yet.
//! Each edge is noted once. A window that is moved to a later edge brings that edge once more (a
//! campaign whose start is put off opens again); moved to an earlier one it brings nothing new, since
//! what has opened or closed already need not do so again.

use serde::{Deserialize, Serialize};

use super::{CampaignEvent, CampaignTerms, Closed, Opened};
use crate::moment::Moment;

/// A campaign's window, and what of it has been noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Open from this moment on …
    pub starts_at: Moment,
    /// … and before this one.
    pub ends_at: Moment,
    /// The start for which the opening has been noted.
    pub opened_for: Option<Moment>,
    /// The end for which the closing has been noted.
    pub closed_for: Option<Moment>,
}

impl Window {
    /// The window of these terms; nothing has been noted.
    #[must_use]
    pub fn of(terms: &CampaignTerms) -> Self {
        Self { starts_at: terms.starts_at, ends_at: terms.ends_at, opened_for: None, closed_for: None }
    }

    /// The window of revised terms: what has been noted stays noted.
    pub fn revise(&mut self, terms: &CampaignTerms) {
        (self.starts_at, self.ends_at) = (terms.starts_at, terms.ends_at);
    }

    /// The opening has been noted.
    pub fn opened(&mut self, opened: &Opened) {
        self.opened_for = Some(opened.starts_at);
    }

    /// The closing has been noted.
    pub fn closed(&mut self, closed: &Closed) {
        self.closed_for = Some(closed.ends_at);
    }

    /// The moment from which the clock has something to say; `None` when all has been noted.
    #[must_use]
    pub fn next_edge_at(&self) -> Option<Moment> {
        if self.opens() {
            Some(self.starts_at)
        } else if self.closes() {
            Some(self.ends_at)
        } else {
            None
        }
    }

    /// What the clock has to say at `at`: nothing, an opening, a closing or, after a long silence, both.
    #[must_use]
    pub fn due(&self, at: Moment) -> Vec<CampaignEvent> {
        let opening = (self.opens() && at >= self.starts_at)
            .then_some(CampaignEvent::Opened(Opened { starts_at: self.starts_at }));
        let closing =
            (self.closes() && at >= self.ends_at).then_some(CampaignEvent::Closed(Closed { ends_at: self.ends_at }));
        opening.into_iter().chain(closing).collect()
    }

    fn opens(&self) -> bool {
        self.opened_for.is_none_or(|noted| self.starts_at > noted)
    }

    fn closes(&self) -> bool {
        self.closed_for.is_none_or(|noted| self.ends_at > noted)
    }
}
