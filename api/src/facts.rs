//! The facts that claims are decided on: the projected part and the tail of the log beyond it. Claims
//! that are asked for at the same moment share one query.

use commands::lookups::Lookups;
use commands::{Coalescer, FactsSource, ReadError};
use domain::facts::{Facts, FactsNeeded};
use domain::id::MemberId;
use futures::FutureExt;
use futures::future::BoxFuture;
use projections::FoldError;
use projections::member_facts::{FactsRequest, Loaded, load_many};
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
        let lookups = Lookups::beside(&pool);
        let reads = Coalescer::start(move |requests: Vec<FactsRequest>| {
            let lookups = lookups.clone();
            async move {
                let mut conn = lookups.take().await?;
                let loaded = load_many(&mut conn, &requests).await.map_err(read_error)?;
                lookups.keep(conn);
                Ok(loaded)
            }
            .boxed()
        });
        Self { reads }
    }
}

impl FactsSource for LedgerFacts {
    fn facts(&self, member: MemberId, needed: FactsNeeded) -> BoxFuture<'_, Result<(Facts, i64), ReadError>> {
        async move {
            let loaded = self.reads.read(FactsRequest { member, needed }).await?;
            Ok((loaded.facts, loaded.position))
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
