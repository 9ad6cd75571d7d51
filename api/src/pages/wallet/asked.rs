//! The API's answers about wallets, as far as pages read them.

use domain::Moment;
use serde::Deserialize;

/// What a member has of each unit.
#[derive(Debug, Deserialize)]
pub(in crate::pages) struct Wallets {
    pub(in crate::pages) wallets: Vec<Wallet>,
}

/// What a member has of one unit.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::pages) struct Wallet {
    pub(in crate::pages) unit: String,
    pub(in crate::pages) scale: u32,
    pub(in crate::pages) balance: i64,
    pub(in crate::pages) available: i64,
    pub(in crate::pages) pending: i64,
    pub(in crate::pages) held: i64,
    pub(in crate::pages) receivable: i64,
    pub(in crate::pages) expiring: Vec<Dated>,
    pub(in crate::pages) maturing: Vec<Dated>,
}

/// So much at a moment.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(in crate::pages) struct Dated {
    pub(in crate::pages) at: Moment,
    pub(in crate::pages) amount: i64,
}

/// One page of a statement, newest first.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::pages) struct Statement {
    pub(in crate::pages) entries: Vec<Entry>,
    pub(in crate::pages) next_cursor: Option<String>,
}

/// A step in the life of a wallet.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::pages) struct Entry {
    pub(in crate::pages) position: i64,
    pub(in crate::pages) at: Moment,
    pub(in crate::pages) kind: String,
    pub(in crate::pages) amount: i64,
    pub(in crate::pages) balance_after: i64,
    pub(in crate::pages) about: About,
}

/// What a step is about.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::pages) struct About {
    pub(in crate::pages) claim_id: Option<String>,
    pub(in crate::pages) reference: Option<String>,
}

/// One page of lots, newest first.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lots {
    pub(super) lots: Vec<Lot>,
    pub(super) next_cursor: Option<String>,
}

/// What one event gave, and what became of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lot {
    pub(super) amount: i64,
    pub(super) free: i64,
    pub(super) held: i64,
    pub(super) used: i64,
    pub(super) expired: i64,
    pub(super) status: String,
    pub(super) available_from: Moment,
    pub(super) expires_at: Option<Moment>,
    pub(super) position: i64,
}

/// The units that there are.
#[derive(Debug, Deserialize)]
pub(super) struct Units {
    pub(super) units: Vec<Unit>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Unit {
    pub(super) code: String,
    pub(super) scale: u32,
}

/// One page of changes of wallets by staff, newest first.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::pages) struct Adjustments {
    pub(in crate::pages) adjustments: Vec<Adjustment>,
    pub(in crate::pages) next_cursor: Option<String>,
}

/// A change of a wallet by staff.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::pages) struct Adjustment {
    pub(in crate::pages) id: String,
    pub(in crate::pages) status: String,
    pub(in crate::pages) member_id: String,
    pub(in crate::pages) unit: String,
    pub(in crate::pages) amount: i64,
    pub(in crate::pages) operator_id: String,
    pub(in crate::pages) note: String,
    pub(in crate::pages) decided_by: Option<String>,
    pub(in crate::pages) decision_note: Option<String>,
    pub(in crate::pages) version: i64,
    pub(in crate::pages) created_at: Moment,
    pub(in crate::pages) updated_at: Moment,
}
