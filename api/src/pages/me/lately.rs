//! Claims as lines of a list: the result of each, and the reason.

use domain::Moment;
use domain::condition::Seen;
use futures::future::join_all;

use super::asked::{ClaimLine, Explanation};
use super::needs::Step;
use super::offers::steps_then;
use crate::app::clock;
use crate::pages::text::{Text, say};
use crate::pages::visit::Visit;

/// One claim.
pub(super) struct Line {
    pub(super) event: String,
    pub(super) href: String,
    pub(super) status: String,
    pub(super) status_said: String,
    pub(super) about: String,
    /// Whether its page says more than the line.
    pub(super) has_reasons: bool,
}

/// The explanation is read for each claim that waits or was denied.
pub(super) async fn lines(visit: &Visit, claims: &[ClaimLine]) -> Vec<Line> {
    join_all(claims.iter().map(|claim| line(visit, claim))).await
}

async fn line(visit: &Visit, claim: &ClaimLine) -> Line {
    let text = visit.text;
    let told = match claim.status.as_str() {
        "pending" | "denied" => {
            let path = format!("/claims/{}/explanation", claim.id);
            visit.api.get::<Explanation>(&path, &[]).await.ok()
        }
        _ => None,
    };
    let (gain, when) = (claim.reward.say(text), when(text, claim.updated_at));
    let about = match (claim.status.as_str(), &told) {
        ("pending", Some(Explanation { waits_until: Some(until), .. })) => {
            say!(text, "ui-me-looked-at-until", gain = gain, until = text.moment(*until))
        }
        ("denied", _) => {
            let why = told.as_ref().and_then(|told| first_missing(text, told));
            let why = why.unwrap_or_else(|| text.say_of("me-denied", claim.reason.as_deref().unwrap_or_default()));
            format!("{why} {} · {when}", text.say("ui-me-may-again"))
        }
        _ => format!("{gain} · {when}"),
    };
    Line {
        event: claim.event.name.clone().unwrap_or_default(),
        href: format!("/ui/me/claims/{}", claim.id),
        status: claim.status.clone(),
        status_said: text.say_of("status", &claim.status),
        about,
        has_reasons: claim.status == "denied",
    }
}

/// `You had 4 of 7: 7 days in a row with a login.` `None` if nothing was missing.
fn first_missing(text: Text, told: &Explanation) -> Option<String> {
    let unmet = told.leaves.iter().any(|leaf| !leaf.met && matches!(leaf.have, Seen::Number(_)));
    let need = steps_then(text, told).into_iter().find_map(|step| match step {
        Step::Need(need) if !need.met => Some(need),
        Step::Need(_) | Step::Open(_) | Step::Close => None,
    })?;
    Some(match unmet {
        true => say!(text, "ui-me-had", seen = need.seen, what = need.what),
        false => say!(text, "ui-me-missed", what = need.what),
    })
}

/// `today 09:12`, `18 Nov 09:12`.
pub(super) fn when(text: Text, at: Moment) -> String {
    if text.day_of(at) == text.day_of(clock::now()) {
        say!(text, "ui-me-when-today", clock = text.clock(at))
    } else {
        text.moment(at)
    }
}
