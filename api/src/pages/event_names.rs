//! The events by name, for lists to choose from. It does not know which of them a page offers.

use serde::Deserialize;

use super::client::Refused;
use super::visit::Visit;

/// The most that a list offers: as many as the API answers at once.
const MOST: &str = "200";

/// An event to choose.
#[derive(Deserialize)]
pub(super) struct EventName {
    pub(super) id: String,
    pub(super) name: String,
    /// `automatic` or `manual`.
    pub(super) approval: String,
    pub(super) status: String,
}

#[derive(Deserialize)]
struct Listed {
    events: Vec<EventName>,
}

/// The newest events.
///
/// # Errors
/// As the API refuses the list.
pub(super) async fn event_names(visit: &Visit) -> Result<Vec<EventName>, Refused> {
    let listed: Listed = visit.api.get("/events", &[("limit", MOST)]).await?;
    Ok(listed.events)
}
