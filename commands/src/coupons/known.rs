//! Finds coupons: by the keyed digest of a code, by the claim that granted one, by one of its uses.

use chrono::{DateTime, Utc};
use domain::Moment;
use domain::chain::Hash;
use domain::claim::Claim;
use domain::coupon::{Coupon, GrantedCoupon};
use domain::id::{ClaimId, RedemptionId, RewardId};
use futures::FutureExt;
use sqlx::PgPool;
use uuid::Uuid;

use crate::ledger::Ledger;
use crate::log::append::StreamKey;
use crate::log::coalesce::{Coalescer, Gathering, ReadError};
use crate::log::lookups;
use crate::log::streams::Loaded;

/// A coupon as the log has it now.
#[derive(Debug, Clone)]
pub struct KnownCoupon {
    /// As its claim has it.
    pub granted: GrantedCoupon,
    /// What became of it since.
    pub coupon: Loaded<Coupon>,
    /// The version of the claim.
    pub(super) claim: (StreamKey, i64),
}

/// The code of one coupon, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeOfCoupon {
    /// Of which reward.
    pub reward_id: RewardId,
    /// Which of its codes.
    pub number: i64,
    /// The code.
    pub encrypted: Vec<u8>,
}

/// Gathers the codes that are wanted at the same moment: when a reward opens, everybody gets one at once.
pub(crate) type CodeReader = Coalescer<ClaimId, Option<CodeOfCoupon>>;

/// Every claim by its own walk over the indexes.
const READ_CODES: &str = "
select granted.reward_id, granted.number, code.encrypted
from unnest($1::uuid[]) with ordinality as wanted(claim_id, place)
left join lateral (
    select reward_id, number from coupon_grants where coupon_grants.claim_id = wanted.claim_id limit 1
) as granted on true
left join lateral (
    select encrypted
    from coupon_codes
    where coupon_codes.reward_id = granted.reward_id and coupon_codes.number = granted.number
      and not coupon_codes.withdrawn
    limit 1
) as code on true
order by wanted.place";

/// Reward, number and code of a claim; nulls where it has none.
type Row = (Option<Uuid>, Option<i64>, Option<Vec<u8>>);

pub(crate) fn reader(pool: &PgPool) -> CodeReader {
    lookups::gathered(pool, Gathering::WhileSlow, |connection, claims: Vec<ClaimId>| {
        let ids: Vec<Uuid> = claims.into_iter().map(|claim| claim.0).collect();
        async move {
            let rows: Vec<Row> = sqlx::query_as(READ_CODES).bind(ids).fetch_all(connection).await?;
            let code = |(reward, number, encrypted): Row| {
                Some(CodeOfCoupon { reward_id: RewardId(reward?), number: number?, encrypted: encrypted? })
            };
            Ok(rows.into_iter().map(code).collect())
        }
        .boxed()
    })
}

impl Ledger {
    /// A coupon, by the claim that granted it; `None`: the claim granted none.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn coupon(&self, id: ClaimId) -> Result<Option<KnownCoupon>, ReadError> {
        let id = id.to_string();
        let (claim, coupon) = tokio::join!(self.load::<Claim>(&id), self.load::<Coupon>(&id));
        let (claim, coupon) = (claim?, coupon?);
        let Some(granted) = claim.state.granted_coupon() else { return Ok(None) };
        Ok(Some(KnownCoupon { granted, coupon, claim: (claim.stream, claim.sequence) }))
    }

    /// The claim that granted the coupon whose code has one of these digests; `None` also for a code that nobody was granted yet.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn coupon_with(&self, digests: &[Hash]) -> Result<Option<ClaimId>, ReadError> {
        let sql = "select granted.claim_id
                   from coupon_codes as code
                   join coupon_grants as granted on granted.reward_id = code.reward_id and granted.number = code.number
                   where code.digest = any($1) and not code.withdrawn
                   limit 1";
        let digests: Vec<&[u8]> = digests.iter().map(<[u8; 32]>::as_slice).collect();
        let found: Option<Uuid> = sqlx::query_scalar(sql).bind(digests).fetch_optional(&self.shared.pool).await?;
        Ok(found.map(ClaimId))
    }

    /// The code of a coupon, by the claim that granted it.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn code_of_coupon(&self, claim: ClaimId) -> Result<Option<CodeOfCoupon>, ReadError> {
        self.shared.codes.read(claim).await
    }

    /// One code of each batch that somebody has or may get: all codes of a batch are sealed under one key.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn one_code_of_each_batch(&self) -> Result<Vec<CodeOfCoupon>, ReadError> {
        // from batch to batch along the index
        let sql = "with recursive batch as (
                       (select batch_id from coupon_codes order by batch_id limit 1)
                       union all
                       select (
                           select next.batch_id from coupon_codes as next
                           where next.batch_id > batch.batch_id
                           order by next.batch_id
                           limit 1
                       )
                       from batch
                       where batch.batch_id is not null
                   )
                   select code.reward_id, code.number, code.encrypted
                   from batch
                   cross join lateral (
                       select reward_id, number, encrypted
                       from coupon_codes
                       where coupon_codes.batch_id = batch.batch_id and not withdrawn
                       limit 1
                   ) as code";
        let rows: Vec<(Uuid, i64, Vec<u8>)> = sqlx::query_as(sql).fetch_all(&self.shared.pool).await?;
        let code = |(reward, number, encrypted)| CodeOfCoupon { reward_id: RewardId(reward), number, encrypted };
        Ok(rows.into_iter().map(code).collect())
    }

    /// The coupon that a use is of.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn coupon_of_redemption(&self, id: RedemptionId) -> Result<Option<ClaimId>, ReadError> {
        let sql = "select claim_id from coupon_uses where redemption_id = $1";
        let found: Option<Uuid> = sqlx::query_scalar(sql).bind(id.0).fetch_optional(&self.shared.pool).await?;
        Ok(found.map(ClaimId))
    }

    /// Coupons with a hold that nobody ended in time, the longest overdue first.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn coupons_with_holds_due(&self, at: Moment, limit: i64) -> Result<Vec<ClaimId>, ReadError> {
        let sql = "select claim_id
                   from coupon_uses
                   where status = 'held' and expires_at <= $1
                   order by expires_at
                   limit $2";
        let due: Vec<Uuid> = sqlx::query_scalar(sql).bind(at.utc()).bind(limit).fetch_all(&self.shared.pool).await?;
        Ok(due.into_iter().map(ClaimId).collect())
    }

    /// When the next hold of a coupon ends.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn next_end_of_a_coupon_hold(&self) -> Result<Option<Moment>, ReadError> {
        let sql = "select expires_at from coupon_uses where status = 'held' order by expires_at limit 1";
        let next: Option<DateTime<Utc>> = sqlx::query_scalar(sql).fetch_optional(&self.shared.pool).await?;
        Ok(next.map(Moment::from))
    }
}
