//! The budgets of the demo's programme. They go with the demo: whoever uses its database afterwards would not look for them.

use anyhow::Context as _;
use commands::{Ledger, Metadata};
use domain::budget::Budget;
use domain::programme::{Programme, ProgrammeRevision};
use serde_json::json;

/// Nothing is told when they are used up: the service would tell it as soon as it starts, and the history be longer.
fn budgets() -> Result<Vec<Budget>, serde_json::Error> {
    serde_json::from_value(json!([
        {"unit": "points", "amount": 30_000, "per": "month"},
        {"unit": "KRW", "amount": 3_000_000, "per": "total"},
    ]))
}

/// Gives the programme its budgets.
pub(super) async fn set(ledger: &Ledger, metadata: &Metadata) -> anyhow::Result<()> {
    let time_zone = Some("Asia/Seoul".parse().context("a zone")?);
    let revision = ProgrammeRevision { time_zone, budgets: Some(budgets()?) };
    ledger.execute::<Programme>(Programme::ID, revision, metadata).await?;
    Ok(())
}

/// Takes them away, unless somebody has changed them since.
pub(in crate::cli::demo) async fn lift(ledger: &Ledger, metadata: &Metadata) -> anyhow::Result<()> {
    let programme = ledger.load::<Programme>(Programme::ID).await?.state;
    if programme.budgets() == budgets()? {
        let revision = ProgrammeRevision { time_zone: None, budgets: Some(vec![]) };
        ledger.execute::<Programme>(Programme::ID, revision, metadata).await?;
    }
    Ok(())
}
