//! What each event changes about the totals: the accounts by its postings, what is free and held by the ends of its lots. When
//! a lot ends and what a reward costs is said by the event that began it, and kept.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::campaign::{CampaignEvent, Cost};
use domain::id::{CampaignId, LotId, RewardId};
use domain::value::{Account, Entry, LotChange, entries, postings};
use domain::{Event, Moment};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::totals::{End, Total};
use crate::engine::error::FoldError;
use crate::log::Recorded;

/// One total is another behind an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) position: i64,
    pub(super) total: Total,
    pub(super) by: i128,
}

/// When lots end, as far as a piece of the log asks, and what it adds: lots, and what rewards cost.
#[derive(Debug, Default)]
pub(super) struct Known {
    ends: BTreeMap<LotId, End>,
    new_lots: Vec<(LotId, End)>,
    new_costs: Vec<(RewardId, CampaignId, Cost)>,
    budgeted: BTreeSet<CampaignId>,
}

impl Known {
    pub(super) async fn load(conn: &mut PgConnection, piece: &[Recorded]) -> Result<Self, FoldError> {
        let mut known = Self::default();
        let mut lots = BTreeSet::new();
        for recorded in piece {
            for entry in entries(&recorded.event) {
                match &entry.lots {
                    LotChange::New(new) => {
                        let ends = new.iter().map(|lot| (lot.lot_id, End(lot.expires_at)));
                        known.ends.extend(ends.clone());
                        if entry.from != Account::Issued {
                            known.new_lots.extend(ends);
                        }
                    }
                    LotChange::Of(parts) => lots.extend(parts.iter().map(|part| part.lot_id)),
                    LotChange::None(_) => {}
                }
            }
            match &recorded.event {
                Event::Campaign(CampaignEvent::RewardAdded(added)) => {
                    let id = &recorded.entry.aggregate_id;
                    let campaign = id.parse().map_err(|_| FoldError::stored("campaign id", id))?;
                    let cost = added.terms.value.as_ref().and_then(|value| value.cost);
                    known.new_costs.extend(cost.map(|cost| (added.reward_id, campaign, cost)));
                }
                Event::Campaign(CampaignEvent::Created(event)) if !event.terms.budgets.is_empty() => {
                    known.has_budgets(&recorded.entry.aggregate_id)?;
                }
                Event::Campaign(CampaignEvent::Revised(event)) if !event.terms.budgets.is_empty() => {
                    known.has_budgets(&recorded.entry.aggregate_id)?;
                }
                Event::Claim(_)
                | Event::Campaign(_)
                | Event::Member(_)
                | Event::Activity(_)
                | Event::Referral(_)
                | Event::Value(_) => {}
            }
        }
        lots.retain(|lot| !known.ends.contains_key(lot));
        known.load_ends(conn, lots).await?;
        Ok(known)
    }

    fn has_budgets(&mut self, campaign: &str) -> Result<(), FoldError> {
        let id = campaign.parse().map_err(|_| FoldError::stored("campaign id", campaign))?;
        self.budgeted.insert(id);
        Ok(())
    }

    async fn load_ends(&mut self, conn: &mut PgConnection, mut lots: BTreeSet<LotId>) -> Result<(), FoldError> {
        if lots.is_empty() {
            return Ok(());
        }
        let rows: Vec<(Uuid, Option<DateTime<Utc>>)> = sqlx::query_as(
            "select lot.*
            from unnest($1::uuid[]) as wanted(lot_id)
            cross join lateral (
                select lot_id, expires_at
                from value_lots
                where value_lots.lot_id = wanted.lot_id
                limit 1
            ) as lot",
        )
        .bind(lots.iter().map(|lot| lot.0).collect::<Vec<_>>())
        .fetch_all(&mut *conn)
        .await?;
        self.ends.extend(rows.into_iter().map(|(lot, end)| (LotId(lot), End(end.map(Moment::from)))));
        lots.retain(|lot| !self.ends.contains_key(lot));
        self.load_ends_of_grants(conn, lots).await
    }

    /// A grant gives a lot of its claim's id: no row is kept for it, since most lots are such ones and few are asked for.
    async fn load_ends_of_grants(&mut self, conn: &mut PgConnection, lots: BTreeSet<LotId>) -> Result<(), FoldError> {
        if lots.is_empty() {
            return Ok(());
        }
        let rows: Vec<(i64, String, String, String)> = sqlx::query_as(
            "select step.*
            from unnest($1::text[]) as wanted(claim_id)
            cross join lateral (
                select position, event_type, event_version, payload::text
                from events
                where aggregate_type = 'claim'
                  and aggregate_id = wanted.claim_id
                  and event_type in ('claim.granted', 'claim.approved', 'claim.credited')
                order by aggregate_type, aggregate_id, sequence
            ) as step",
        )
        .bind(lots.into_iter().map(|lot| lot.to_string()).collect::<Vec<_>>())
        .persistent(false)
        .fetch_all(conn)
        .await?;
        for (position, event_type, version, payload) in rows {
            let event = Event::decode(&event_type, &version, &payload);
            let event = event.map_err(|source| FoldError::Event { position, source })?;
            for entry in entries(&event) {
                if let LotChange::New(new) = &entry.lots {
                    self.ends.extend(new.iter().map(|lot| (lot.lot_id, End(lot.expires_at))));
                }
            }
        }
        Ok(())
    }

    /// What the events of the piece change, in order.
    pub(super) fn changes(&self, piece: &[Recorded]) -> Vec<Change> {
        let mut changes = Vec::new();
        for Recorded { entry, event } in piece {
            let position = entry.position;
            let mut change = |total, by| changes.push(Change { position, total, by });
            for posting in postings(event) {
                change(Total::Account(posting.unit.clone(), posting.account), posting.amount.into());
            }
            for entry in entries(event) {
                self.moved(&entry, &mut change);
            }
            if let Event::Claim(event) = event
                && let Some((counted, sign)) = event.counted()
            {
                for (scope, unit, day, amount) in counted.rows(event.about().campaign_id) {
                    change(Total::Counted(scope, unit.clone(), day), i128::from(sign * amount));
                }
            }
        }
        changes
    }

    fn moved(&self, entry: &Entry<'_>, change: &mut impl FnMut(Total, i128)) {
        let parts: Vec<(LotId, i64)> = match &entry.lots {
            LotChange::Of(parts) => parts.iter().map(|part| (part.lot_id, part.amount.get())).collect(),
            LotChange::New(lots) => lots.iter().map(|lot| (lot.lot_id, lot.amount.get())).collect(),
            LotChange::None(_) => vec![],
        };
        for (lot, amount) in parts {
            let end = self.ends.get(&lot).copied().unwrap_or(End(None));
            for (account, amount) in [(entry.from, -amount), (entry.to, amount)] {
                let total = match account {
                    Account::Wallet => Total::Free(entry.unit.clone(), end),
                    Account::Held => Total::Held(entry.unit.clone(), end),
                    Account::Receivable
                    | Account::Issued
                    | Account::Spent
                    | Account::Expired
                    | Account::TakenBack
                    | Account::Adjusted
                    | Account::InTransit => continue,
                };
                change(total, amount.into());
            }
        }
    }

    /// Keeps what the piece has added.
    pub(super) async fn write(self, tx: &mut PgConnection) -> Result<(), FoldError> {
        if !self.new_lots.is_empty() {
            sqlx::query(
                "insert into value_lots (lot_id, expires_at) select * from unnest($1::uuid[], $2::timestamptz[])",
            )
            .bind(self.new_lots.iter().map(|(lot, _)| lot.0).collect::<Vec<_>>())
            .bind(self.new_lots.iter().map(|(_, End(end))| end.map(Moment::utc)).collect::<Vec<_>>())
            .execute(&mut *tx)
            .await?;
        }
        if !self.budgeted.is_empty() {
            sqlx::query(
                "insert into value_budgeted (campaign_id) select * from unnest($1::uuid[]) on conflict do nothing",
            )
            .bind(self.budgeted.iter().map(|campaign| campaign.0).collect::<Vec<_>>())
            .execute(&mut *tx)
            .await?;
        }
        if !self.new_costs.is_empty() {
            sqlx::query(
                "insert into value_costs (reward_id, campaign_id, currency, amount)
                select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[])",
            )
            .bind(self.new_costs.iter().map(|(reward, ..)| reward.0).collect::<Vec<_>>())
            .bind(self.new_costs.iter().map(|(_, campaign, _)| campaign.0).collect::<Vec<_>>())
            .bind(self.new_costs.iter().map(|(.., cost)| cost.currency.to_string()).collect::<Vec<_>>())
            .bind(self.new_costs.iter().map(|(.., cost)| cost.amount.get()).collect::<Vec<_>>())
            .execute(tx)
            .await?;
        }
        Ok(())
    }
}
