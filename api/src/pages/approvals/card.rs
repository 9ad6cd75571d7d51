//! The selected claim: the rule with its evidence, the flags, the member, the remaining stock, and the two buttons.

use askama::Template;
use domain::Moment;
use serde::Deserialize;

use super::queue::{Flag, Waiting};
use crate::pages::client::Refused;
use crate::pages::evidence::{Explanation, Needs};
use crate::pages::form::{self, new_key};
use crate::pages::short_id::ShortId;
use crate::pages::text::{Text, say};
use crate::pages::value::moved;
use crate::pages::visit::{AUDITORS, Visit};

/// How many events are listed for a flag.
const NAMED: usize = 7;

#[derive(Deserialize)]
struct OneUser {
    user: User,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    email: Option<String>,
    nickname: Option<String>,
    time_zone: String,
    blocked: bool,
    created_at: Moment,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    claims: Vec<OtherClaim>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct OtherClaim {
    id: String,
    status: String,
}

#[derive(Deserialize)]
struct OneReward {
    reward: Stock,
}

#[derive(Deserialize)]
struct Stock {
    quantity: Option<i64>,
    remaining: Option<i64>,
}

/// The buttons: where the decision is posted, and which claim comes next.
pub(super) struct Bar {
    pub(super) action: String,
    pub(super) next: Option<String>,
    pub(super) note: String,
    pub(super) missing: Option<String>,
}

#[derive(Template)]
#[template(path = "approvals/card.html")]
pub(super) struct Card {
    text: Text,
    token: String,
    key: String,
    seen: String,
    bar: Bar,
    /// Why this claim cannot be decided, if so.
    closed: Option<String>,
    href: String,
    claim: ShortId,
    asked: String,
    title: String,
    member: ShortId,
    member_href: String,
    event: String,
    event_href: String,
    version: String,
    stamps: Vec<Stamp>,
    needs: Result<Needs, Refused>,
    /// Facts about the member: name and value.
    facts: Vec<(String, String)>,
    stock: String,
    /// What it costs the member.
    price: Vec<String>,
    grants: String,
}

/// A flag as a sentence, with the events it is about.
struct Stamp {
    strong: String,
    rest: String,
    events: Vec<(String, Option<String>)>,
}

impl Card {
    pub(super) async fn of(visit: &Visit, claim: &Waiting, bar: Bar) -> Self {
        let text = visit.text;
        let told_path = format!("/claims/{}/explanation", claim.id);
        let user_path = format!("/auth/users/{}", claim.user_id);
        let claims_path = format!("/claims/user/{}", claim.user_id);
        let reward_path = format!("/rewards/{}", claim.reward_id);
        let (told, user, claims, reward) = tokio::join!(
            visit.api.get::<Explanation>(&told_path, &[]),
            visit.api.get::<OneUser>(&user_path, &[]),
            visit.api.get::<Claims>(&claims_path, &[("limit", "200")]),
            visit.api.get::<OneReward>(&reward_path, &[]),
        );
        let amount = claim.reward.amount(text);
        let closed = if claim.own {
            Some(text.say("ui-approvals-own-claim"))
        } else if claim.status == "pending" {
            None
        } else {
            Some(say!(text, "ui-approvals-no-longer", status = text.say_of("status", &claim.status)))
        };
        Self {
            text,
            token: form::token(&visit.pages, &visit.session),
            key: new_key(),
            seen: format!("\"{}\"", claim.sequence),
            bar,
            closed,
            href: visit.to(&format!("/ui/claims/{}", claim.id)),
            claim: ShortId::of(&claim.id),
            asked: say!(text, "ui-approvals-asked", at = asked(text, claim.created_at)),
            title: say!(text, "ui-approvals-card", reward = claim.reward.name(text), amount = amount.clone()),
            member: ShortId::of(&claim.user_id),
            member_href: visit.to(&format!("/ui/members/{}", claim.user_id)),
            event: claim.event.name.clone().unwrap_or_else(|| ShortId::of(&claim.event_id).plain()),
            event_href: visit.to(&format!("/ui/events/{}", claim.event_id)),
            version: say!(
                text,
                "ui-approvals-judged",
                version = claim.condition_version,
                period = crate::pages::claim::period(text, &claim.period)
            ),
            stamps: claim.flags.iter().map(|flag| Stamp::of(visit, flag)).collect(),
            needs: told.map(|told| told.needs(text)),
            facts: facts(text, &claim.id, user, claims),
            stock: stock(text, reward),
            price: moved(text, &claim.status, None, claim.paid.as_ref()),
            grants: say!(text, "ui-approvals-grants", amount = amount),
        }
    }
}

fn asked(text: Text, at: Moment) -> String {
    format!("{} {}", text.weekday_and_day(text.day_of(at)), text.clock(at))
}

/// The member in a few lines. An imported member has no account.
fn facts(
    text: Text,
    claim: &str,
    user: Result<OneUser, Refused>,
    claims: Result<Claims, Refused>,
) -> Vec<(String, String)> {
    let mut facts = vec![];
    match user {
        Ok(OneUser { user }) => {
            let name = user.email.or(user.nickname).unwrap_or_else(|| text.say("ui-approvals-unknown"));
            facts.push((text.say("ui-approvals-email"), name));
            let since = text.day_with_year(text.day_of(user.created_at));
            facts.push((text.say("ui-approvals-since"), format!("{since}, {}", user.time_zone)));
            if user.blocked {
                facts.push((text.say("ui-approvals-blocked"), text.say("ui-approvals-is-blocked")));
            }
        }
        Err(refused) if refused.status == 404 => {
            facts.push((text.say("ui-approvals-email"), text.say("ui-approvals-no-account")));
        }
        Err(_) => facts.push((text.say("ui-approvals-email"), text.say("ui-approvals-away"))),
    }
    let Ok(Claims { claims, next_cursor }) = claims else {
        facts.push((text.say("ui-menu-claims"), text.say("ui-approvals-away")));
        return facts;
    };
    let count = |statuses: &[&str]| claims.iter().filter(|one| statuses.contains(&one.status.as_str())).count();
    let granted = count(&["granted", "fulfilled", "fulfilment_failed"]);
    let (refused, back) = (count(&["denied", "rejected", "expired"]), count(&["reversed"]));
    let said = say!(text, "ui-approvals-claims-so-far", granted = granted, refused = refused, back = back);
    let said = if next_cursor.is_some() { say!(text, "ui-approvals-latest", said = said) } else { said };
    facts.push((text.say("ui-menu-claims"), said));
    let waiting = claims.iter().filter(|one| one.status == "pending" && one.id != claim).count();
    facts.push((text.say("ui-approvals-waiting-too"), say!(text, "ui-approvals-waiting-count", count = waiting)));
    facts
}

fn stock(text: Text, reward: Result<OneReward, Refused>) -> String {
    match reward.map(|one| (one.reward.remaining, one.reward.quantity)) {
        Ok((Some(left), Some(all))) => say!(text, "ui-approvals-left-of", left = left, all = all),
        Ok(_) => text.say("ui-approvals-no-limit"),
        Err(_) => text.say("ui-approvals-away"),
    }
}

impl Stamp {
    fn of(visit: &Visit, flag: &Flag) -> Self {
        let text = visit.text;
        let (strong, rest) = match flag.flag.as_str() {
            "late_facts" => (say!(text, "ui-approvals-late", count = flag.count), text.say("ui-approvals-late-so")),
            "referral_burst" => {
                (say!(text, "ui-approvals-burst", count = flag.count), text.say("ui-approvals-burst-so"))
            }
            "unmet_now" => (text.say("ui-approvals-unmet"), say!(text, "ui-approvals-unmet-so", count = flag.count)),
            other => (other.to_owned(), String::new()),
        };
        let log = |at: &i64| {
            let href = visit.is_one_of(AUDITORS).then(|| visit.to(&format!("/ui/log/{at}")));
            (text.number(*at), href)
        };
        Self { strong, rest, events: flag.positions.iter().rev().take(NAMED).rev().map(log).collect() }
    }
}
