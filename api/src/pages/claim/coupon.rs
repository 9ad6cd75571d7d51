//! The coupon that a claim has handed out: where it stands, and the form with which operators void it. Its code is shown to
//! its member alone.

use askama::Template;
use axum::extract::Path;
use axum::http::Method;
use axum::response::Response;
use serde::de::IgnoredAny;
use serde_json::json;

use super::id_of;
use crate::pages::client::Change;
use crate::pages::coupons::OneCoupon;
use crate::pages::decide::{NOTE, Outcome};
use crate::pages::failure::Failure;
use crate::pages::form::{Posted, new_key};
use crate::pages::response::see_other;
use crate::pages::text::Text;
use crate::pages::visit::{OPERATORS, Visit};

#[derive(Template)]
#[template(path = "claim/coupon.html")]
pub(super) struct CouponSection {
    text: Text,
    class: &'static str,
    status: String,
    said: Vec<String>,
    /// For those who may void it, while it can be.
    form: Option<VoidForm>,
}

struct VoidForm {
    action: String,
    token: String,
    key: String,
}

impl CouponSection {
    /// `None` if it cannot be read now.
    pub(super) async fn of(visit: &Visit, claim: &str, token: &str) -> Option<Self> {
        let OneCoupon { coupon } = visit.api.get(&format!("/coupons/{claim}"), &[]).await.ok()?;
        let text = visit.text;
        let form = (visit.is_one_of(OPERATORS) && !coupon.is_voided()).then(|| VoidForm {
            action: visit.to(&format!("/ui/claims/{claim}/coupon")),
            token: token.to_owned(),
            key: new_key(),
        });
        Some(Self { text, class: coupon.class(), status: coupon.status(text), said: coupon.say(text), form })
    }
}

/// Voids the coupon of a claim.
pub(super) async fn void(Path(id): Path<String>, Posted { visit, form }: Posted) -> Result<Response, Failure> {
    visit.only(OPERATORS)?;
    let id = id_of(&id)?;
    let body = json!({"note": form.text(NOTE).unwrap_or_default()});
    let change = Change { body: Some(body), idempotency_key: form.idempotency_key(), if_match: None };
    let page = format!("/ui/claims/{id}");
    match visit.api.change::<IgnoredAny>(Method::POST, &format!("/coupons/{id}/void"), change).await {
        Ok(answer) => {
            let min = answer.position.map_or_else(String::new, |position| position.to_string());
            Ok(see_other(&visit.to_with(&page, &[("min", &min)])))
        }
        Err(refused) if matches!(refused.status, 400 | 409 | 503) => {
            let outcome = Outcome::of_form(&visit, &visit.here(), &form, &refused);
            super::shown(&visit.at_page(&page), &id, Some(outcome), String::new()).await
        }
        Err(refused) => Err(refused.into()),
    }
}
