//! Which members requested a reward of a campaign, were granted or promised one, and have one now. The fold needs it to
//! know by how much a step changes their numbers.

use std::collections::{BTreeMap, BTreeSet};

use domain::claim::{ClaimEvent, ClaimEventType};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::counts::MembersMoved;
use crate::engine::error::FoldError;

/// A member in a campaign.
pub(super) type Key = (Uuid, Uuid);

#[derive(Debug, Clone, Copy, Default)]
struct Claimant {
    claimed: bool,
    granted: i64,
}

/// The claimants in a batch.
pub(super) struct Claimants(BTreeMap<Key, Claimant>);

impl Claimants {
    pub(super) async fn load(tx: &mut PgConnection, wanted: BTreeSet<Key>) -> Result<Self, FoldError> {
        let (campaigns, members): (Vec<Uuid>, Vec<Uuid>) = wanted.into_iter().unzip();
        let rows: Vec<(Uuid, Uuid, bool, i64)> = sqlx::query_as(
            "select claimant.*
            from unnest($1::uuid[], $2::uuid[]) as wanted(campaign_id, member_id)
            cross join lateral (
                select campaign_id, member_id, claimed, granted
                from campaign_claimants
                where campaign_claimants.campaign_id = wanted.campaign_id
                  and campaign_claimants.member_id = wanted.member_id
                limit 1
            ) as claimant",
        )
        .bind(campaigns)
        .bind(members)
        .fetch_all(tx)
        .await?;
        let rows = rows
            .into_iter()
            .map(|(campaign, member, claimed, granted)| ((campaign, member), Claimant { claimed, granted }));
        Ok(Self(rows.collect()))
    }

    /// Folds a step of one of their claims.
    pub(super) fn step(&mut self, event: &ClaimEvent) -> MembersMoved {
        let (about, step) = (event.about(), event.event_type());
        let is_new = !self.0.contains_key(&(about.campaign_id.0, about.member_id.0));
        let claimant = self.0.entry((about.campaign_id.0, about.member_id.0)).or_default();
        let before = *claimant;
        // an attempt that was not refused
        claimant.claimed |= step.is_attempt() && step != ClaimEventType::Denied;
        claimant.granted += step.transition().granted;
        MembersMoved {
            asked: is_new.into(),
            claimed: i16::from(claimant.claimed) - i16::from(before.claimed),
            granted: i16::from(claimant.granted > 0) - i16::from(before.granted > 0),
        }
    }

    pub(super) async fn write(self, tx: &mut PgConnection) -> Result<(), FoldError> {
        let rows: Vec<_> = self.0.into_iter().collect();
        sqlx::query(
            "insert into campaign_claimants (campaign_id, member_id, claimed, granted)
            select * from unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::bigint[])
            on conflict (campaign_id, member_id) do update
            set claimed = excluded.claimed,
                granted = excluded.granted",
        )
        .bind(rows.iter().map(|(key, _)| key.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.1).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, claimant)| claimant.claimed).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, claimant)| claimant.granted).collect::<Vec<_>>())
        .execute(tx)
        .await?;
        Ok(())
    }
}
