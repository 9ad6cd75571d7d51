//! Adds codes to a reward: all of them or none. A code that is there already, under any of the keys, is named by its line.

use std::sync::Arc;

use commands::{AnswerFromReceipt, CodesError, CommandError, GuardRefusal, Ledger, Metadata, Receipt, SealedCode};
use domain::codes::{CodeFormat, Codes, CouponCode};
use domain::id::RewardId;
use futures::FutureExt;
use futures::future::BoxFuture;
use uuid::Uuid;

use super::batch::{self, Batch};
use super::generate::generate;
use super::keys::CodeKeys;
use crate::app::problem::Problem;

/// How often it is tried when codes are there already: made anew, which with codes that cannot be guessed is never, or added
/// again where somebody who was about to add them did not.
const ATTEMPTS: usize = 3;

/// Codes on their way to a reward.
pub struct Adding<'a> {
    /// The write side.
    pub ledger: &'a Ledger,
    /// Under which keys they are stored.
    pub keys: &'a Arc<CodeKeys>,
    /// To which reward.
    pub reward: RewardId,
    /// What the batch is called.
    pub batch_id: Uuid,
    /// Who asks.
    pub metadata: &'a Metadata,
    /// How the answer is kept.
    pub answer: &'a AnswerFromReceipt<Codes>,
}

impl Adding<'_> {
    /// Adds these codes, in this order.
    ///
    /// # Errors
    /// `validation_failed` with the lines of codes that are there already, and the problem of each [`CodesError`].
    pub async fn add(&self, Batch { codes, first_line }: Batch) -> Result<Receipt<Codes>, Problem> {
        self.ledger.reward_with_codes(self.reward).await?;
        self.ledger.clear_codes_left_behind().await?;
        let codes = Arc::new(codes);
        for _ in 0..ATTEMPTS {
            self.refuse_taken(&codes, first_line).await?;
            match self.append(codes.clone()).await {
                // somebody else has added one of them in between, or was about to
                Err(CodesError::Command(CommandError::Guard(GuardRefusal::AlsoRefused { .. }))) => {}
                outcome => return Ok(outcome?),
            }
        }
        self.refuse_taken(&codes, first_line).await?;
        Err(Problem::internal("codes", &"codes were refused that are not there"))
    }

    /// Makes so many codes of a format and adds them.
    ///
    /// # Errors
    /// See [`Adding::add`].
    pub async fn generate(&self, format: CodeFormat, count: usize) -> Result<Receipt<Codes>, Problem> {
        self.ledger.reward_with_codes(self.reward).await?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let format = format.clone();
            let made = tokio::task::spawn_blocking(move || generate(&format, count)).await.ok().flatten();
            let made = made.ok_or_else(|| Problem::internal("codes", &"the system has no randomness"))?;
            match self.add(Batch { codes: made, first_line: 1 }).await {
                Err(problem) if attempt < ATTEMPTS && !problem.errors().is_empty() => {}
                outcome => return outcome,
            }
        }
    }

    async fn append(&self, codes: Arc<Vec<CouponCode>>) -> Result<Receipt<Codes>, CodesError> {
        let keys = self.keys.clone();
        let seal = move |reward, from| -> BoxFuture<'static, Option<Vec<SealedCode>>> {
            let (keys, codes) = (keys.clone(), codes.clone());
            let sealing = tokio::task::spawn_blocking(move || keys.seal(reward, from, &codes));
            async move { sealing.await.ok().flatten() }.boxed()
        };
        self.ledger.add_codes(self.reward, self.batch_id, &seal, self.metadata, self.answer).await
    }

    async fn refuse_taken(&self, codes: &Arc<Vec<CouponCode>>, first_line: usize) -> Result<(), Problem> {
        let (keys, shared) = (self.keys.clone(), codes.clone());
        let digests = tokio::task::spawn_blocking(move || keys.digests_of_all(&shared)).await;
        let digests = digests.map_err(|error| Problem::internal("codes", &error))?;
        let mut taken = std::collections::BTreeSet::new();
        for of_key in &digests {
            taken.extend(self.ledger.codes_that_are_there(of_key).await?);
        }
        let taken: Vec<usize> = taken.into_iter().collect();
        if taken.is_empty() { Ok(()) } else { Err(batch::taken(first_line, &taken)) }
    }
}
