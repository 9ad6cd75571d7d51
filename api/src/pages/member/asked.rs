//! The API's answers about a member, as far as the page reads them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::Moment;
use domain::condition::Seen;
use serde::Deserialize;

use crate::pages::client::Refused;
use crate::pages::moment::Shown;
use crate::pages::visit::Visit;

/// How many pages of 1,000 facts are read.
const FACT_PAGES: usize = 3;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Facts {
    pub(super) time_zone: String,
    pub(super) joined_on: NaiveDate,
    pub(super) profile_complete: bool,
    pub(super) referrals: i64,
    pub(super) facts: Vec<Fact>,
    pub(super) next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fact {
    pub(super) kind: String,
    pub(super) local_date: NaiveDate,
    pub(super) count: i64,
    #[serde(default)]
    pub(super) sums: BTreeMap<String, Seen>,
}

#[derive(Deserialize)]
pub(super) struct OneUser {
    pub(super) user: Account,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    pub(super) email: Option<String>,
    pub(super) nickname: Option<String>,
    pub(super) bio: Option<String>,
    pub(super) role: String,
    pub(super) blocked: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Streak {
    pub(super) current: i64,
    pub(super) longest: i64,
    pub(super) active_days: i64,
    pub(super) at_risk_until: Option<Moment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Referrals {
    pub(super) referrals: Vec<Referral>,
    pub(super) next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Referral {
    pub(super) invitee_id: String,
    pub(super) status: String,
    pub(super) created_at: Option<Moment>,
    pub(super) qualified_at: Option<Moment>,
}

/// The facts as of the moment that is shown, up to a bound.
pub(super) async fn facts(visit: &Visit, id: &str, shown: &Shown) -> Result<Facts, Refused> {
    let (path, at) = (format!("/members/{id}/facts"), shown.at_position());
    let ask = async |cursor: Option<&str>| {
        let mut query = vec![("limit", "1000")];
        match cursor {
            Some(cursor) => query.push(("cursor", cursor)),
            None if shown.is_then() => query.push(("atPosition", &at)),
            None => {}
        }
        visit.api.get::<Facts>(&path, &query).await
    };
    let mut all = ask(None).await?;
    for _ in 1..FACT_PAGES {
        let Some(cursor) = all.next_cursor.take() else { break };
        let more = ask(Some(&cursor)).await?;
        all.facts.extend(more.facts);
        all.next_cursor = more.next_cursor;
    }
    Ok(all)
}
