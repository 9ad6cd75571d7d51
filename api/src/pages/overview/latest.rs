//! The newest claims and their status. Only for now: a list cannot be read as of an earlier moment.

use askama::Template;

use super::Moments;
use super::asked::{Claim, Latest};
use crate::pages::text::{Text, say};

#[derive(Template)]
#[template(path = "overview/latest.html")]
pub(super) struct LatestPart {
    text: Text,
    /// `None` as of an earlier moment.
    rows: Option<Vec<Row>>,
}

struct Row {
    time: String,
    status: String,
    status_name: String,
    event: String,
    what: String,
    href: String,
    id: String,
    label: String,
}

pub(super) fn of(moments: &Moments<'_>, latest: Option<Latest>) -> LatestPart {
    let rows = latest.map(|latest| latest.claims.into_iter().map(|claim| row(moments, claim)).collect());
    LatestPart { text: moments.visit.text, rows }
}

fn row(moments: &Moments<'_>, claim: Claim) -> Row {
    let text = moments.visit.text;
    let at = claim.updated_at;
    let is_same_day = text.day_of(at) == text.day_of(moments.now.recorded_at);
    let what = match &claim.reason {
        Some(reason) => text.say_of("reason", reason),
        None => claim.reward.name.unwrap_or_default(),
    };
    let end = claim.id.char_indices().nth_back(3).map_or("", |(at, _)| &claim.id[at..]).to_owned();
    Row {
        time: if is_same_day { text.clock_with_seconds(at) } else { text.moment(at) },
        status_name: text.say_of("status", &claim.status),
        status: claim.status,
        event: claim.event.name.unwrap_or_default(),
        what,
        href: moments.visit.to(&format!("/ui/claims/{}", claim.id)),
        label: say!(text, "ui-overview-claim", id = end.clone()),
        id: end,
    }
}
