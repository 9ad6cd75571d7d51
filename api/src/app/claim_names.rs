//! The reward and the event of a claim as the API shows them: ids, and the names that the catalogue has.

use std::collections::HashMap;

use domain::campaign::RewardType;
use domain::id::RewardId;
use domain::value::UnitCode;
use projections::read_models::campaign_catalogue::{self, RewardName};
use projections::read_models::claim_history::ClaimRow;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

/// The reward of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "RewardOfClaim")]
pub struct RewardLine {
    /// Its id.
    pub id: String,
    /// Null only while the catalogue lags behind the claims.
    pub name: Option<String>,
    /// The kind of reward …
    #[serde(rename = "type")]
    #[schemars(with = "RewardType")]
    pub reward_type: String,
    /// … and the amount.
    pub amount: i64,
    /// What points are of; null for what is no points.
    pub unit: Option<String>,
}

/// The event of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "EventOfClaim")]
pub struct EventLine {
    /// Its id.
    pub id: String,
    /// Null only while the catalogue lags behind the claims.
    pub name: Option<String>,
}

/// The names of the rewards and events of some claims.
#[derive(Debug)]
pub struct ClaimNames(HashMap<Uuid, RewardName>);

impl ClaimNames {
    /// Reads them.
    ///
    /// # Errors
    /// The database's.
    pub async fn of(conn: &mut PgConnection, claims: &[ClaimRow]) -> sqlx::Result<Self> {
        let rewards: Vec<_> = claims.iter().map(|claim| RewardId(claim.reward_id)).collect();
        let names = campaign_catalogue::names_of(conn, &rewards).await?;
        Ok(Self(names.into_iter().map(|name| (name.reward_id, name)).collect()))
    }

    /// The reward of a claim.
    #[must_use]
    pub fn reward(&self, claim: &ClaimRow) -> RewardLine {
        let names = self.0.get(&claim.reward_id);
        let name = names.map(|names| names.reward_name.clone());
        let id = claim.reward_id.to_string();
        let unit = (claim.reward_type == RewardType::Point.name()).then(|| {
            let named = names.and_then(|names| names.unit.clone());
            named.unwrap_or_else(|| UnitCode::POINTS.to_owned())
        });
        RewardLine { id, name, reward_type: claim.reward_type.clone(), amount: claim.amount, unit }
    }

    /// The event of a claim.
    #[must_use]
    pub fn event(&self, claim: &ClaimRow) -> EventLine {
        let name = self.0.get(&claim.reward_id).map(|names| names.campaign_name.clone());
        EventLine { id: claim.campaign_id.to_string(), name }
    }
}
