//! Reads the facts that claims are decided on: the projection and the tail of the log beyond it. Concurrent claims
//! share one query, which reads what became of each claim before as well.

use commands::log::lookups;
use commands::{Coalescer, FactsAndClaim, FactsSource, Gathering, ReadError};
use domain::facts::{Facts, FactsNeeded};
use domain::id::{ClaimId, MemberId};
use futures::FutureExt;
use futures::future::BoxFuture;
use projections::FoldError;
use projections::read_models::member_facts::{FactsRequest, Loaded, load_many};
use sqlx::PgPool;

/// Reads facts as of the head of the log; cheap to clone.
#[derive(Debug, Clone)]
pub struct LedgerFacts {
    reads: Coalescer<FactsRequest, Loaded>,
}

impl LedgerFacts {
    /// Starts the reading task.
    #[must_use]
    pub fn start(pool: PgPool) -> Self {
        let reads = lookups::gathered(&pool, Gathering::WhileSlow, |conn, requests: Vec<FactsRequest>| {
            async move { load_many(conn, &requests).await.map_err(read_error) }.boxed()
        });
        Self { reads }
    }
}

impl FactsSource for LedgerFacts {
    fn facts(&self, member: MemberId, needed: FactsNeeded) -> BoxFuture<'_, Result<(Facts, i64), ReadError>> {
        async move {
            let loaded = self.reads.read(FactsRequest { member, needed, claim: None }).await?;
            Ok((loaded.facts, loaded.position))
        }
        .boxed()
    }

    fn facts_and_claim(
        &self,
        member: MemberId,
        needed: FactsNeeded,
        claim: ClaimId,
    ) -> BoxFuture<'_, Result<FactsAndClaim, ReadError>> {
        async move {
            let loaded = self.reads.read(FactsRequest { member, needed, claim: Some(claim) }).await?;
            Ok(FactsAndClaim { facts: loaded.facts, position: loaded.position, claim: Some(loaded.claim) })
        }
        .boxed()
    }
}

fn read_error(error: FoldError) -> ReadError {
    match error {
        FoldError::Database(error) => error.into(),
        error @ (FoldError::Event { .. } | FoldError::Stored { .. }) => ReadError::Broken(error.to_string().into()),
    }
}
