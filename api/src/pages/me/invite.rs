//! `/ui/me/invite`: the member's invite code, and the status of those who used it.

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::MEMBERS;
use super::asked::{Me, ReferralLine, Referrals};
use crate::pages::Pages;
use crate::pages::failure::Failure;
use crate::pages::response::page;
use crate::pages::shell::{Shell, Tab};
use crate::pages::text::{Text, say};
use crate::pages::visit::Visit;

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/me/invite", get(invite))
}

#[derive(Template)]
#[template(path = "me/invite.html")]
struct InvitePage {
    shell: Shell,
    code: Option<String>,
    /// `None` if it cannot be read now.
    friends: Option<Vec<Friend>>,
    older: Option<String>,
}

/// Somebody who signed up with the code. An inviter does not see who it is.
struct Friend {
    joined: String,
    /// The class of the sign before it, which is that of a claim status.
    class: &'static str,
    status: String,
}

impl Friend {
    fn of(text: Text, line: &ReferralLine) -> Self {
        let day = |at| text.day_with_year(text.day_of(at));
        let (class, status) = match (line.status.as_str(), line.qualified_at) {
            ("qualified", Some(at)) => ("granted", say!(text, "ui-me-friend-qualified", day = day(at))),
            ("pending", _) => ("pending", text.say("ui-me-friend-pending")),
            _ => ("expired", text.say("ui-me-friend-voided")),
        };
        Self { joined: say!(text, "ui-me-friend-joined", day = day(line.created_at)), class, status }
    }
}

async fn invite(visit: Visit) -> Result<Response, Failure> {
    visit.only(MEMBERS)?;
    let mut query = vec![("limit", "20")];
    query.extend(visit.asked("cursor").map(|cursor| ("cursor", cursor)));
    let (me, referrals) =
        tokio::join!(visit.api.get::<Me>("/auth/me", &[]), visit.api.get::<Referrals>("/referrals/me", &query));
    let referrals = referrals.ok();
    let older = referrals.as_ref().and_then(|referrals| referrals.next_cursor.as_deref());
    let older = older.map(|cursor| visit.link(&[("cursor", Some(cursor))]));
    let friends = referrals
        .map(|referrals| referrals.referrals.iter().map(|line| Friend::of(visit.text, line)).collect::<Vec<_>>());
    Ok(page(&InvitePage { shell: Shell::member(&visit, Tab::Invite), code: me?.user.invite_code, friends, older }))
}
