//! The codes of a reward: added behind the others, and the last ones withdrawn. The event has the root over their digests, and
//! the append that has the event makes them those of the reward; `staged` writes their rows.

use std::sync::Arc;

use domain::chain::Hash;
use domain::codes::{Codes, CodesCommand, CodesRefusal, CodesSubject};
use domain::id::RewardId;
use domain::quantity::Amount;
use futures::future::BoxFuture;
use uuid::Uuid;

use super::staged::{self, AddStaged, Alone, Batch, NoteWithdrawn, ONE_OF_A_NUMBER};
use crate::claims::campaigns::CommittedStock;
use crate::failure::{self, Failure};
use crate::guards::GuardRefusal;
use crate::ledger::retry::Retry;
use crate::ledger::unit::Unit;
use crate::ledger::{CommandError, Ledger, stream_key};
use crate::log::coalesce::ReadError;
use crate::log::metadata::Metadata;
use crate::log::receipt::Receipt;
use crate::log::stored_answers::AnswerFromReceipt;
use crate::log::streams::Loaded;

/// One code as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedCode {
    /// By which it is found.
    pub digest: Hash,
    /// The code, encrypted for its reward and number.
    pub encrypted: Vec<u8>,
}

/// Why the codes of a reward stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum CodesError {
    /// There is no such reward.
    #[error("there is no such reward")]
    RewardUnknown,
    /// Its grants hand out no codes.
    #[error("the reward hands out no codes")]
    NoCodes,
    /// The command failed.
    #[error(transparent)]
    Command(#[from] CommandError<CodesRefusal>),
}

impl From<ReadError> for CodesError {
    fn from(error: ReadError) -> Self {
        Self::Command(error.into())
    }
}

impl Ledger {
    /// Adds codes to a reward, behind the others. `seal` seals all of them for a reward, from this number on.
    ///
    /// # Errors
    /// See [`CodesError`]; [`GuardRefusal::AlsoRefused`] when one of the codes is there already, or in a batch that is being
    /// added.
    pub async fn add_codes(
        &self,
        reward_id: RewardId,
        batch_id: Uuid,
        seal: &(dyn Fn(RewardId, i64) -> BoxFuture<'static, Option<Vec<SealedCode>>> + Send + Sync),
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Codes>,
    ) -> Result<Receipt<Codes>, CodesError> {
        let (about, _) = self.reward_with_codes(reward_id).await?;
        let id = reward_id.to_string();
        let mut retry = self.retry();
        retry.turn::<Codes>(&id).await.map_err(CommandError::from)?;
        let _one_at_a_time = self.shared.staging.acquire().await;
        loop {
            let alone = self.alone_with_codes(reward_id, &mut retry).await?;
            let known = self.load::<Codes>(&id).await?;
            let codes = seal(reward_id, known.state.total() + 1).await;
            let codes = codes.ok_or_else(|| CommandError::Broken("a code cannot be sealed".into()))?;
            let added = match self.codes_added(known, about, batch_id, codes, metadata).await {
                Ok((unit, receipt)) => unit.commit_last(receipt, answer).await,
                Err(refused) => Err(refused),
            };
            if added.is_err() {
                // whoever adds codes next does it otherwise
                _ = alone.clear().await;
            }
            drop(alone);
            match added {
                Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    /// A unit that puts these codes behind the others, sealed for the numbers that they will have; and the codes as it
    /// leaves them. Their rows are written, and found by nobody before the unit is committed.
    ///
    /// # Errors
    /// See [`CommandError`] and [`CodesRefusal`].
    pub async fn codes_added(
        &self,
        known: Loaded<Codes>,
        about: CodesSubject,
        batch_id: Uuid,
        codes: Vec<SealedCode>,
        metadata: &Metadata,
    ) -> Result<(Unit<'_>, Receipt<Codes>), CommandError<CodesRefusal>> {
        let stream = known.stream.clone();
        let digests = codes.iter().map(|code| code.digest).collect();
        let batch = Batch { reward_id: about.reward_id, batch_id, from: known.state.total() + 1, codes };
        let unit = self.unit(metadata.clone()).also(Arc::new(AddStaged(batch_id)));
        let receipt = unit.execute_on(known, CodesCommand::Add { about, batch_id, digests }, vec![]).await?;
        match batch.stage(&self.shared.pool).await.map_err(|error| (failure::classify(&error), error)) {
            Ok(()) => Ok((unit, receipt)),
            Err((Failure::Constraint(constraint), _)) if constraint == ONE_OF_A_NUMBER => {
                Err(CommandError::Conflict(stream))
            }
            Err((Failure::Constraint(constraint), _)) => {
                Err(CommandError::Guard(GuardRefusal::AlsoRefused { constraint }))
            }
            Err((_, error)) => Err(ReadError::from(error).into()),
        }
    }

    /// Takes the last codes of a reward out again, none of them given or promised.
    ///
    /// # Errors
    /// See [`CodesError`].
    pub async fn withdraw_codes(
        &self,
        reward_id: RewardId,
        count: Amount,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Codes>,
    ) -> Result<Receipt<Codes>, CodesError> {
        let id = reward_id.to_string();
        let mut retry = self.retry();
        retry.turn::<Codes>(&id).await.map_err(CommandError::from)?;
        let _one_at_a_time = self.shared.staging.acquire().await;
        loop {
            let (about, stock) = self.reward_with_codes(reward_id).await?;
            let alone = self.alone_with_codes(reward_id, &mut retry).await?;
            let known = self.load::<Codes>(&id).await?;
            let last = known.state.total();
            let rows = Arc::new(NoteWithdrawn { reward_id, first: last - count.get() + 1, last });
            let unit = self.unit(metadata.clone()).also(rows);
            let withdraw = CodesCommand::Withdraw { about, count, committed: stock.held + stock.granted };
            let receipt = unit.execute_on(known, withdraw, vec![]).await?;
            let withdrawn = unit.commit_last(receipt, answer).await;
            if withdrawn.is_ok() {
                // the log has it; what is not marked now is marked by the scheduler
                _ = alone.clear().await;
            }
            drop(alone);
            match withdrawn {
                Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    /// Waits until no other process works on the codes of a reward, and clears away what one has left behind.
    async fn alone_with_codes(&self, reward: RewardId, retry: &mut Retry) -> Result<Alone, CommandError<CodesRefusal>> {
        loop {
            if let Some(alone) = Alone::with(&self.shared.pool, reward).await.map_err(ReadError::from)? {
                alone.clear().await.map_err(ReadError::from)?;
                return Ok(alone);
            }
            let stream = stream_key::<Codes>(&reward.to_string());
            if !retry.after_conflict(&stream).await {
                return Err(CommandError::Conflict(stream));
            }
        }
    }

    /// Clears away the rows that commands on codes have left behind when their process died.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn clear_codes_left_behind(&self) -> Result<(), ReadError> {
        Ok(staged::clear_all(&self.shared.pool).await?)
    }

    /// Which of these digests are those of codes that are there already, or in a batch that is being added, by their places.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn codes_that_are_there(&self, digests: &[Hash]) -> Result<Vec<usize>, ReadError> {
        let sql = "select wanted.place
                   from unnest($1::bytea[]) with ordinality as wanted(digest, place)
                   where exists (
                       select from coupon_codes where coupon_codes.digest = wanted.digest and not coupon_codes.withdrawn
                   )
                   order by wanted.place";
        let digests: Vec<&[u8]> = digests.iter().map(<[u8; 32]>::as_slice).collect();
        let places: Vec<i64> = sqlx::query_scalar(sql).bind(digests).fetch_all(&self.shared.pool).await?;
        Ok(places.into_iter().filter_map(|place| usize::try_from(place - 1).ok()).collect())
    }

    /// A reward whose grants hand out codes, and what is taken of it.
    ///
    /// # Errors
    /// See [`CodesError`].
    pub async fn reward_with_codes(&self, id: RewardId) -> Result<(CodesSubject, CommittedStock), CodesError> {
        let (campaign_id, campaign) = self.campaign_with(id).await?.ok_or(CodesError::RewardUnknown)?;
        let reward = campaign.loaded.state.reward(id).ok_or(CodesError::RewardUnknown)?;
        if reward.value.as_ref().and_then(|value| value.codes).is_none() {
            return Err(CodesError::NoCodes);
        }
        let stock = self.committed_stock_of(id).await?.ok_or(CodesError::RewardUnknown)?;
        Ok((CodesSubject { reward_id: id, campaign_id }, stock))
    }
}
