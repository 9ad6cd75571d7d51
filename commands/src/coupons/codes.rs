//! The codes of a reward: added behind the others, and the last ones withdrawn. What they are is written in the transaction of
//! the event that has the root over their digests.

use std::sync::Arc;

use domain::chain::Hash;
use domain::codes::{Codes, CodesCommand, CodesRefusal, CodesSubject};
use domain::id::RewardId;
use domain::quantity::Amount;
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::claims::campaigns::CommittedStock;
use crate::ledger::unit::Unit;
use crate::ledger::{CommandError, Ledger};
use crate::log::append::{AlsoWrite, Appended};
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

/// The rows of codes that are added.
struct AddedRows {
    reward_id: RewardId,
    batch_id: Uuid,
    from: i64,
    codes: Vec<SealedCode>,
}

/// The last codes of a reward, which are withdrawn.
struct WithdrawnRows {
    reward_id: RewardId,
    /// The last that stays.
    through: i64,
}

impl AlsoWrite for AddedRows {
    fn write<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        _: &'a Appended,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let sql = "insert into coupon_codes (batch_id, number, reward_id, digest, encrypted)
                   select $1, $2 + place - 1, $3, digest, encrypted
                   from unnest($4::bytea[], $5::bytea[]) with ordinality as code(digest, encrypted, place)";
        let digests: Vec<&[u8]> = self.codes.iter().map(|code| code.digest.as_slice()).collect();
        let encrypted: Vec<&[u8]> = self.codes.iter().map(|code| code.encrypted.as_slice()).collect();
        let insert = sqlx::query(sql).bind(self.batch_id).bind(self.from).bind(self.reward_id.0);
        let insert = insert.bind(digests).bind(encrypted);
        async move { insert.execute(connection).await.map(|_| ()) }.boxed()
    }
}

impl AlsoWrite for WithdrawnRows {
    fn write<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        _: &'a Appended,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let sql = "update coupon_codes
                   set withdrawn = true
                   where reward_id = $1 and number > $2 and not withdrawn";
        let update = sqlx::query(sql).bind(self.reward_id.0).bind(self.through);
        async move { update.execute(connection).await.map(|_| ()) }.boxed()
    }
}

impl Ledger {
    /// Adds codes to a reward, behind the others. `seal` seals all of them for a reward, from this number on.
    ///
    /// # Errors
    /// See [`CodesError`]; [`GuardRefusal::AlsoRefused`](crate::GuardRefusal::AlsoRefused) when one of the codes is there
    /// already.
    pub async fn add_codes(
        &self,
        reward_id: RewardId,
        batch_id: Uuid,
        seal: &(dyn Fn(RewardId, i64) -> BoxFuture<'static, Option<Vec<SealedCode>>> + Send + Sync),
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Codes>,
    ) -> Result<Receipt<Codes>, CodesError> {
        let (about, _) = self.reward_with_codes(reward_id).await?;
        let mut retry = self.retry();
        retry.turn::<Codes>(&reward_id.to_string()).await.map_err(CommandError::from)?;
        loop {
            let known = self.load::<Codes>(&reward_id.to_string()).await?;
            let from = known.state.total() + 1;
            let codes =
                seal(reward_id, from).await.ok_or_else(|| CommandError::Broken("a code cannot be sealed".into()))?;
            let (unit, receipt) = self.codes_added(known, about, batch_id, codes, metadata).await?;
            match unit.commit_last(receipt, answer).await {
                Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    /// A unit that puts these codes behind the others, sealed for the numbers that they will have; and the codes as it
    /// leaves them.
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
        let digests = codes.iter().map(|code| code.digest).collect();
        let rows = AddedRows { reward_id: about.reward_id, batch_id, from: known.state.total() + 1, codes };
        let unit = self.unit(metadata.clone()).also(Arc::new(rows));
        let receipt = unit.execute_on(known, CodesCommand::Add { about, batch_id, digests }, vec![]).await?;
        Ok((unit, receipt))
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
        let mut retry = self.retry();
        retry.turn::<Codes>(&reward_id.to_string()).await.map_err(CommandError::from)?;
        loop {
            let (about, stock) = self.reward_with_codes(reward_id).await?;
            let known = self.load::<Codes>(&reward_id.to_string()).await?;
            let rows = Arc::new(WithdrawnRows { reward_id, through: known.state.total() - count.get() });
            let unit = self.unit(metadata.clone()).also(rows);
            let withdraw = CodesCommand::Withdraw { about, count, committed: stock.held + stock.granted };
            let receipt = unit.execute_on(known, withdraw, vec![]).await?;
            match unit.commit_last(receipt, answer).await {
                Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    /// Which of these digests are those of codes that are there already, by their places.
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
