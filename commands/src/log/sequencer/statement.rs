//! The one statement that appends: it moves the head from exactly where it was, inserts the events,
//! counts the grants and keeps the answers that are to be found again. When the head is elsewhere it does nothing at all.
//!
//! It is planned once, perhaps while its tables were empty, and must be good for millions of rows: each row that is
//! updated is looked up by its key in a lateral query of its own, and then taken from where it was found (`ctid`). A plain
//! join would be turned around for a table that was small when it was looked at, and read all of it ever after. No row can
//! have moved meanwhile: whoever changes these tables has the head.
//!
//! Rows that every batch changes are first looked for where the last batch put them. By their key they would be found
//! behind all their earlier versions, which PostgreSQL keeps for as long as anybody's snapshot is open.

use std::collections::HashMap;

use domain::Moment;
use domain::chain::{Chained, Sealed};
use sqlx::postgres::PgRow;
use sqlx::types::chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::Head;
use crate::guards::GuardChange;
use crate::guards::tables::GrantTotals;
use crate::log::append::Append;
use crate::log::stored_answers::StoredAnswer;

const APPEND: &str = "
with head as (
    update log_head
    set position = $1, hash = $2, recorded_at = $3
    where ctid = coalesce((select ctid from log_head where ctid = $36::text::tid), (select ctid from log_head))
      and position = $4
      and epoch = $5
    returning ctid::text as place
), appended as (
    insert into events (
        position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        subject, occurred_at, recorded_at, command_id, opens_command, actor, correlation_id, causation_id, epoch,
        previous_hash, hash
    )
    select
        $4 + e.number, e.event_id, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
        e.payload::json, e.metadata::json, e.subject, e.occurred_at, e.recorded_at, e.command_id, e.opens_command, e.actor,
        e.correlation_id, e.causation_id, $5, e.previous_hash, e.hash
    from unnest(
        $6::uuid[], $7::text[], $8::text[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[],
        $14::text[], $15::timestamptz[], $16::uuid[], $17::boolean[], $18::text[], $19::uuid[], $20::uuid[],
        $21::bytea[], $22::bytea[], $39::timestamptz[]
    ) with ordinality as e (
        event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, subject,
        occurred_at, command_id, opens_command, actor, correlation_id, causation_id, previous_hash, hash,
        recorded_at, number
    )
    where exists (select from head)
), stock as (
    update reward_stock s
    set held = s.held + d.held, granted = s.granted + d.granted
    from unnest($23::uuid[], $24::bigint[], $25::bigint[], $37::text[]) as d (reward_id, held, granted, place)
    cross join lateral (
        select ctid as place
        from reward_stock
        where reward_stock.ctid = d.place::tid and reward_stock.reward_id = d.reward_id
        union all
        select ctid
        from reward_stock
        where reward_stock.reward_id = d.reward_id
        limit 1
    ) as found
    where s.ctid = found.place and exists (select from head)
    returning s.reward_id as id, s.ctid::text as place
), budget as (
    update campaign_budget b
    set committed = b.committed + d.committed, claimed = true
    from unnest($26::uuid[], $27::bigint[], $38::text[]) as d (campaign_id, committed, place)
    cross join lateral (
        select ctid as place
        from campaign_budget
        where campaign_budget.ctid = d.place::tid and campaign_budget.campaign_id = d.campaign_id
        union all
        select ctid
        from campaign_budget
        where campaign_budget.campaign_id = d.campaign_id
        limit 1
    ) as found
    where b.ctid = found.place and (d.committed <> 0 or not b.claimed) and exists (select from head)
    returning b.campaign_id as id, b.ctid::text as place
), members as (
    insert into member_grants as m (member_id, campaign_id, reward_id, committed)
    select d.member_id, d.campaign_id, d.reward_id, d.committed
    from unnest($28::uuid[], $29::uuid[], $30::uuid[], $31::bigint[])
        as d (member_id, campaign_id, reward_id, committed)
    where d.committed > 0 and exists (select from head)
    on conflict (member_id, campaign_id, reward_id) do update
    set committed = m.committed + excluded.committed
), given_back as (
    update member_grants m
    set committed = m.committed + d.committed
    from unnest($28::uuid[], $29::uuid[], $30::uuid[], $31::bigint[])
        as d (member_id, campaign_id, reward_id, committed)
    cross join lateral (
        select ctid as place
        from member_grants
        where member_grants.member_id = d.member_id
          and member_grants.campaign_id = d.campaign_id
          and member_grants.reward_id = d.reward_id
        limit 1
    ) as found
    where m.ctid = found.place and d.committed < 0 and exists (select from head)
), answers as (
    insert into stored_answers (caller, key, fingerprint, answer, stored_at)
    select k.caller, k.key, k.fingerprint, k.answer, $3
    from unnest($32::text[], $33::text[], $34::bytea[], $35::bytea[]) as k (caller, key, fingerprint, answer)
    where exists (select from head)
)
select head.place as head,
       array(select id from stock) as rewards, array(select place from stock) as reward_places,
       array(select id from budget) as campaigns, array(select place from budget) as campaign_places
from head";

/// Beyond this many rows all places are forgotten.
const MAX_PLACES: usize = 100_000;

/// Where the rows that every batch changes were put last: where to look first. Whatever is not there is found by its key.
#[derive(Debug, Default)]
pub(super) struct Places {
    head: Option<String>,
    rewards: HashMap<Uuid, String>,
    campaigns: HashMap<Uuid, String>,
}

impl Places {
    fn of(places: &HashMap<Uuid, String>, ids: impl Iterator<Item = Uuid>) -> Vec<Option<&str>> {
        ids.map(|id| places.get(&id).map(String::as_str)).collect()
    }

    /// What a batch has put elsewhere.
    fn learn(&mut self, row: &PgRow) -> Result<(), sqlx::Error> {
        if self.rewards.len() + self.campaigns.len() > MAX_PLACES {
            *self = Self::default();
        }
        self.head = Some(row.try_get("head")?);
        let rewards: (Vec<Uuid>, Vec<String>) = (row.try_get("rewards")?, row.try_get("reward_places")?);
        let campaigns: (Vec<Uuid>, Vec<String>) = (row.try_get("campaigns")?, row.try_get("campaign_places")?);
        self.rewards.extend(rewards.0.into_iter().zip(rewards.1));
        self.campaigns.extend(campaigns.0.into_iter().zip(campaigns.1));
        Ok(())
    }
}

/// What a batch writes.
#[derive(Default)]
pub(super) struct Rows<'a> {
    /// Its events, behind each other.
    pub(super) events: Vec<Chained<'a>>,
    grants: GrantTotals,
    answers: Vec<StoredAnswer>,
}

impl<'a> Rows<'a> {
    /// Adds a command's events behind `head`, which moves with them.
    pub(super) fn add(&mut self, append: &'a Append, metadata: &'a str, head: &mut Head) {
        for (index, event) in append.events.iter().enumerate() {
            let sealed = Sealed {
                position: head.position + 1,
                epoch: head.epoch,
                event_id: Uuid::now_v7(),
                stream_type: event.stream.stream_type,
                stream_id: &event.stream.stream_id,
                sequence: event.sequence,
                event_type: &event.event_type,
                version: &event.event_version,
                subject: &event.subject,
                payload: &event.payload,
                metadata,
                occurred_at: event.occurred_at.unwrap_or(append.metadata.requested_at),
                recorded_at: head.recorded_at,
                command_id: append.metadata.command_id,
                actor: &append.metadata.actor,
                correlation_id: append.metadata.correlation_id,
                causation_id: append.metadata.causation_id,
                previous_hash: head.hash,
            };
            let hash = sealed.hash();
            self.events.push(Chained { sealed, hash, opens_command: index == 0 });
            head.position += 1;
            head.hash = hash;
        }
        append.guards.iter().filter_map(GuardChange::grants).for_each(|change| self.grants.add(change));
        append.guards.iter().filter_map(GuardChange::claimed_in).for_each(|campaign| self.grants.claimed(campaign));
    }

    /// Adds the answer to a command whose events were added.
    pub(super) fn store_answer(&mut self, answer: Option<StoredAnswer>) {
        self.answers.extend(answer);
    }

    /// One column of the events.
    fn column<T>(&self, of: impl Fn(&Chained<'a>) -> T) -> Vec<T> {
        self.events.iter().map(of).collect()
    }

    /// Moves the head from `before` to `after` and writes everything; `false`: the head was elsewhere.
    pub(super) async fn write(
        &self,
        connection: &mut PgConnection,
        before: &Head,
        after: &Head,
        places: &mut Places,
    ) -> Result<bool, sqlx::Error> {
        let (stock, campaigns, members) = (&self.grants.rewards, &self.grants.campaigns, &self.grants.members);
        let row = sqlx::query(APPEND)
            .bind(after.position)
            .bind(after.hash.to_vec())
            .bind(after.recorded_at.utc())
            .bind(before.position)
            .bind(before.epoch)
            .bind(self.column(|event| event.sealed.event_id))
            .bind(self.column(|event| event.sealed.stream_type))
            .bind(self.column(|event| event.sealed.stream_id))
            .bind(self.column(|event| event.sealed.sequence))
            .bind(self.column(|event| event.sealed.event_type))
            .bind(self.column(|event| event.sealed.version))
            .bind(self.column(|event| event.sealed.payload))
            .bind(self.column(|event| event.sealed.metadata))
            .bind(self.column(|event| event.sealed.subject))
            .bind(self.column(|event| event.sealed.occurred_at.utc()))
            .bind(self.column(|event| event.sealed.command_id))
            .bind(self.column(|event| event.opens_command))
            .bind(self.column(|event| event.sealed.actor))
            .bind(self.column(|event| event.sealed.correlation_id))
            .bind(self.column(|event| event.sealed.causation_id))
            .bind(self.column(|event| event.sealed.previous_hash))
            .bind(self.column(|event| event.hash))
            .bind(stock.keys().copied().collect::<Vec<_>>())
            .bind(stock.values().map(|(held, _)| *held).collect::<Vec<_>>())
            .bind(stock.values().map(|(_, granted)| *granted).collect::<Vec<_>>())
            .bind(campaigns.keys().copied().collect::<Vec<_>>())
            .bind(campaigns.values().copied().collect::<Vec<_>>())
            .bind(members.keys().map(|(member, _, _)| *member).collect::<Vec<_>>())
            .bind(members.keys().map(|(_, campaign, _)| *campaign).collect::<Vec<_>>())
            .bind(members.keys().map(|(_, _, reward)| *reward).collect::<Vec<_>>())
            .bind(members.values().copied().collect::<Vec<_>>())
            .bind(self.answers.iter().map(|answer| answer.caller.as_str()).collect::<Vec<_>>())
            .bind(self.answers.iter().map(|answer| answer.key.as_str()).collect::<Vec<_>>())
            .bind(self.answers.iter().map(|answer| answer.fingerprint.as_slice()).collect::<Vec<_>>())
            .bind(self.answers.iter().map(|answer| answer.answer.as_slice()).collect::<Vec<_>>())
            .bind(places.head.as_deref())
            .bind(Places::of(&places.rewards, stock.keys().copied()))
            .bind(Places::of(&places.campaigns, campaigns.keys().copied()))
            .bind(self.column(|event| event.sealed.recorded_at.utc()))
            .fetch_optional(connection)
            .await?;
        if let Some(row) = &row {
            places.learn(row)?;
        }
        Ok(row.is_some())
    }
}

/// Reads the head; with `lock` nobody else moves it until the transaction ends.
pub(super) async fn read_head(connection: &mut PgConnection, lock: bool) -> Result<Head, sqlx::Error> {
    let sql = if lock {
        "select position, hash, recorded_at, epoch from log_head for update"
    } else {
        "select position, hash, recorded_at, epoch from log_head"
    };
    let row = sqlx::query(sql).fetch_one(connection).await?;
    let hash: Vec<u8> = row.try_get("hash")?;
    Ok(Head {
        position: row.try_get("position")?,
        hash: hash.try_into().map_err(|_| sqlx::Error::Decode("a hash has 32 bytes".into()))?,
        recorded_at: Moment::from(row.try_get::<DateTime<Utc>, _>("recorded_at")?),
        epoch: row.try_get("epoch")?,
    })
}
