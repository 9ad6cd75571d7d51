//! Rows of codes beside the head of the log: those of a batch are written before the append that adds them, and those that an append
//! has withdrawn are marked after it, so that no claim waits for 100,000 rows. The append itself writes one row. What a process
//! that died has left behind is cleared away before codes are added anywhere, and by the scheduler.
//!
//! Whoever adds or withdraws codes of a reward holds an advisory lock, so that others know that what is there is not left
//! behind. Nothing rests on it: an append whose batch was given up meanwhile is refused.

use domain::id::RewardId;
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::SealedCode;
use crate::log::append::{AlsoWrite, Appended};

/// The constraint that refuses a batch whose numbers another process has staged.
pub(super) const ONE_OF_A_NUMBER: &str = "coupon_codes_one_of_a_number";

/// The codes of a batch.
pub(super) struct Batch {
    pub(super) reward_id: RewardId,
    pub(super) batch_id: Uuid,
    pub(super) from: i64,
    pub(super) codes: Vec<SealedCode>,
}

impl Batch {
    /// Writes the codes where nobody finds them yet.
    pub(super) async fn stage(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let mut tx = pool.begin().await?;
        let sql = "insert into staged_codes (batch_id, reward_id) values ($1, $2)";
        sqlx::query(sql).bind(self.batch_id).bind(self.reward_id.0).execute(&mut *tx).await?;
        let sql = "insert into coupon_codes (batch_id, number, reward_id, digest, encrypted)
                   select $1, $2 + place - 1, $3, digest, encrypted
                   from unnest($4::bytea[], $5::bytea[]) with ordinality as code(digest, encrypted, place)";
        let digests: Vec<&[u8]> = self.codes.iter().map(|code| code.digest.as_slice()).collect();
        let encrypted: Vec<&[u8]> = self.codes.iter().map(|code| code.encrypted.as_slice()).collect();
        let insert = sqlx::query(sql).bind(self.batch_id).bind(self.from).bind(self.reward_id.0);
        insert.bind(digests).bind(encrypted).execute(&mut *tx).await?;
        tx.commit().await
    }
}

/// Adds a batch that was staged, in the append.
pub(super) struct AddStaged(pub(super) Uuid);

impl AlsoWrite for AddStaged {
    fn write<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        _: &'a Appended,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let add = sqlx::query("select add_staged_codes($1)").bind(self.0);
        async move { add.execute(connection).await.map(|_| ()) }.boxed()
    }
}

/// Notes in the append which numbers are withdrawn.
pub(super) struct NoteWithdrawn {
    pub(super) reward_id: RewardId,
    pub(super) first: i64,
    pub(super) last: i64,
}

impl AlsoWrite for NoteWithdrawn {
    fn write<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        _: &'a Appended,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let sql = "insert into withdrawn_codes (reward_id, first_number, last_number) values ($1, $2, $3)";
        let note = sqlx::query(sql).bind(self.reward_id.0).bind(self.first).bind(self.last);
        async move { note.execute(connection).await.map(|_| ()) }.boxed()
    }
}

/// The codes of one reward, for as long as it is kept; none of the log's locks.
pub(super) struct Alone {
    reward: RewardId,
    pool: PgPool,
    /// Its end frees the lock.
    _lock: Transaction<'static, Postgres>,
}

impl Alone {
    /// Takes them; `None` while somebody else has them.
    pub(super) async fn with(pool: &PgPool, reward: RewardId) -> Result<Option<Self>, sqlx::Error> {
        let mut tx = pool.begin().await?;
        let sql = "select pg_try_advisory_xact_lock(
                       hashtextextended('reward-ledger codes ' || current_schema() || ' ' || $1, 0)
                   )";
        let is_free: bool = sqlx::query_scalar(sql).bind(reward.to_string()).fetch_one(&mut *tx).await?;
        Ok(is_free.then_some(Self { reward, pool: pool.clone(), _lock: tx }))
    }

    /// Clears away what was left behind of the reward.
    pub(super) async fn clear(&self) -> Result<(), sqlx::Error> {
        let Self { reward, pool, .. } = self;
        // committed before the codes are deleted, so that an append does not wait for that
        let sql = "update staged_codes set given_up = true where reward_id = $1 returning batch_id";
        let given_up: Vec<Uuid> = sqlx::query_scalar(sql).bind(reward.0).fetch_all(pool).await?;
        for batch in given_up {
            sqlx::query("delete from coupon_codes where batch_id = $1").bind(batch).execute(pool).await?;
            sqlx::query("delete from staged_codes where batch_id = $1").bind(batch).execute(pool).await?;
        }
        let sql = "with noted as (
                       delete from withdrawn_codes where reward_id = $1 returning first_number, last_number
                   )
                   update coupon_codes
                   set withdrawn = true
                   from noted
                   where reward_id = $1 and number between first_number and last_number and not withdrawn";
        sqlx::query(sql).bind(reward.0).execute(pool).await.map(|_| ())
    }
}

/// Clears away what was left behind of any reward; that of rewards whose codes somebody works on stays.
pub(super) async fn clear_all(pool: &PgPool) -> Result<(), sqlx::Error> {
    let sql = "select reward_id from staged_codes union select reward_id from withdrawn_codes";
    let rewards: Vec<Uuid> = sqlx::query_scalar(sql).fetch_all(pool).await?;
    for reward in rewards.into_iter().map(RewardId) {
        if let Some(alone) = Alone::with(pool, reward).await? {
            alone.clear().await?;
        }
    }
    Ok(())
}
