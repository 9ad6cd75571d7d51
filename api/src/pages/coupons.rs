//! Coupons on pages: `/ui/me/coupons`, where a member sees their coupons with their codes, and how a coupon stands in words.
//! A code is asked for by the page of its member alone, and is a text that can be selected where nothing copies it.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::get;
use domain::Moment;
use domain::role::Role;
use futures::future::join_all;
use serde::Deserialize;

use super::Pages;
use super::failure::Failure;
use super::response::page;
use super::shell::{Shell, Tab};
use super::text::{Text, say};
use super::visit::Visit;

/// How many coupons a page has: the reward of each is looked up.
const SHOWN: &str = "20";

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/me/coupons", get(own))
}

/// A coupon as the API has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Coupon {
    id: String,
    /// For its member alone.
    code: Option<String>,
    status: String,
    reward_id: String,
    expires_at: Option<Moment>,
    max_uses: i64,
    uses: i64,
    bound: bool,
}

/// One coupon that was asked for.
#[derive(Debug, Deserialize)]
pub(super) struct OneCoupon {
    pub(super) coupon: Coupon,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Coupons {
    coupons: Vec<Coupon>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct OneReward {
    reward: Reward,
}

#[derive(Deserialize)]
struct Reward {
    name: String,
}

impl Coupon {
    /// Whether somebody could still redeem it, or does so now.
    pub(super) fn is_voided(&self) -> bool {
        self.status == "voided"
    }

    /// The class of its status.
    pub(super) fn class(&self) -> &'static str {
        match self.status.as_str() {
            "active" => "granted",
            "used" => "fulfilled",
            "voided" => "reversed",
            _ => "expired",
        }
    }

    /// Its status in a word.
    pub(super) fn status(&self, text: Text) -> String {
        text.say_of("coupon", &self.status)
    }

    /// How often and until when it can be used, and by whom: a sentence each.
    pub(super) fn say(&self, text: Text) -> Vec<String> {
        let end = self.expires_at.map(|end| text.day_with_year(text.last_day_before(end)));
        let until = match end {
            Some(day) if self.status == "expired" => say!(text, "ui-coupon-was-good-until", day = day),
            Some(day) => say!(text, "ui-coupon-good-until", day = day),
            None => text.say("ui-coupon-never-expires"),
        };
        let mut said = vec![until];
        if self.max_uses > 1 {
            said.push(say!(text, "ui-coupon-uses", uses = self.uses, all = self.max_uses));
        }
        if self.bound {
            said.push(text.say("ui-coupon-bound"));
        }
        said
    }
}

/// A coupon with its code, as its member sees it.
#[derive(Template)]
#[template(path = "coupons/one.html")]
pub(super) struct CouponPane {
    text: Text,
    /// `coupon-1`, so that its heading can be named.
    anchor: String,
    name: String,
    class: &'static str,
    status: String,
    said: Vec<String>,
    /// `None` for one that is over: it is good for nothing any more.
    code: Option<String>,
    href: String,
}

impl CouponPane {
    pub(super) fn of(text: Text, coupon: &Coupon, name: String) -> Self {
        Self {
            text,
            anchor: format!("coupon-{}", coupon.id),
            class: coupon.class(),
            status: coupon.status(text),
            said: coupon.say(text),
            code: coupon.code.clone().filter(|_| coupon.status == "active"),
            href: format!("/ui/me/claims/{}", coupon.id),
            name,
        }
    }
}

#[derive(Template)]
#[template(path = "coupons/own.html")]
struct OwnPage {
    shell: Shell,
    lead: String,
    panes: Vec<CouponPane>,
    older: Option<String>,
    newest: Option<String>,
}

async fn own(visit: Visit) -> Result<Response, Failure> {
    visit.only(&[Role::User])?;
    let mut query = vec![("limit", SHOWN)];
    query.extend(visit.asked("cursor").map(|cursor| ("cursor", cursor)));
    let Coupons { coupons, next_cursor } = visit.api.get("/coupons/me", &query).await?;
    let text = visit.text;
    let names = names(&visit, &coupons).await;
    let pane = |coupon: &Coupon| {
        let name = names.get(&coupon.reward_id).cloned().unwrap_or_else(|| text.say("ui-type-coupon"));
        CouponPane::of(text, coupon, name)
    };
    let good = coupons.iter().filter(|coupon| coupon.status == "active").count();
    Ok(page(&OwnPage {
        shell: Shell::member(&visit, Tab::History),
        lead: say!(text, "ui-coupons-lead", count = good),
        panes: coupons.iter().map(pane).collect(),
        older: next_cursor.map(|cursor| visit.link(&[("cursor", Some(&cursor))])),
        newest: visit.asked("cursor").map(|_| visit.link(&[("cursor", None)])),
    }))
}

/// The names of their rewards. One that cannot be read now has none.
async fn names(visit: &Visit, coupons: &[Coupon]) -> BTreeMap<String, String> {
    let rewards: BTreeSet<&String> = coupons.iter().map(|coupon| &coupon.reward_id).collect();
    let named = rewards.into_iter().map(|id| async move {
        let one: OneReward = visit.api.get(&format!("/rewards/{id}"), &[]).await.ok()?;
        Some((id.clone(), one.reward.name))
    });
    join_all(named).await.into_iter().flatten().collect()
}
