//! The one statement that appends (`append.sql`, with `append_value.sql` for batches that move value, `append_acts.sql` for those
//! in which something is limited by the day, and `append_coupons.sql` for those with coupons): it moves the head of the log from
//! exactly where it was, inserts the events, counts the grants and stores the answers for repeated requests. When the head is
//! elsewhere it changes nothing.
//!
//! It is planned once a connection, perhaps while its tables are empty, and the plan must be good for millions of rows.
//! Therefore each row to update is looked up by its key in a lateral query of its own and then updated where it was found
//! (`ctid`); for a plain join the planner might choose to read a whole table that was small at planning time. No row can
//! have moved in between: whoever changes these tables holds the head.
//!
//! Rows that every batch updates are first looked for where the last batch put them. A look-up by key would step over all
//! their earlier versions, which PostgreSQL keeps while any snapshot that may see them is open.

use std::collections::HashMap;

use domain::Moment;
use domain::chain::{Chained, Sealed};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::types::chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, Row};
use uuid::Uuid;

use super::Head;
use crate::guards::GuardChange;
use crate::guards::tables::GrantTotals;
use crate::guards::value_totals::{SpentKey, ValueTotals};
use crate::log::append::Append;
use crate::log::named_parameters::{NamedStatement, Parameters};
use crate::log::stored_answers::StoredAnswer;

macro_rules! append_with {
    ($( $part:literal ),* to $places:literal) => {
        NamedStatement::new(concat!(include_str!("append.sql"), $( include_str!($part), )* include_str!($places)))
    };
}

static APPEND: NamedStatement = append_with!(to "append_places.sql");
/// The same for a batch that moves value: others are spared its tables.
static APPEND_WITH_VALUE: NamedStatement = append_with!("append_value.sql" to "append_value_places.sql");
/// The same for a batch in which something is limited by the day.
static APPEND_WITH_ACTS: NamedStatement =
    append_with!("append_value.sql", "append_acts.sql" to "append_value_places.sql");
/// The same for a batch that hands out or uses coupons, and for one that moves value as well.
static APPEND_WITH_COUPONS: NamedStatement = append_with!("append_coupons.sql" to "append_places.sql");
static APPEND_WITH_VALUE_AND_COUPONS: NamedStatement =
    append_with!("append_value.sql", "append_coupons.sql" to "append_value_places.sql");
static APPEND_WITH_ALL: NamedStatement =
    append_with!("append_value.sql", "append_acts.sql", "append_coupons.sql" to "append_value_places.sql");

/// At this many rows all places are forgotten.
const MAX_PLACES: usize = 100_000;

/// Where the last batch put the rows that every batch updates (their `ctid`). A row that is not there any more is found
/// by its key.
#[derive(Debug, Default)]
pub(super) struct Places {
    head: Option<String>,
    rewards: HashMap<Uuid, String>,
    campaigns: HashMap<Uuid, String>,
    spent: HashMap<SpentKey, String>,
}

impl Places {
    /// Remembers where a batch put its rows.
    fn learn(&mut self, row: &PgRow, value: &ValueTotals) -> Result<(), sqlx::Error> {
        if self.rewards.len() + self.campaigns.len() + self.spent.len() > MAX_PLACES {
            *self = Self::default();
        }
        self.head = Some(row.try_get("head")?);
        let rewards: (Vec<Uuid>, Vec<String>) = (row.try_get("rewards")?, row.try_get("reward_places")?);
        let campaigns: (Vec<Uuid>, Vec<String>) = (row.try_get("campaigns")?, row.try_get("campaign_places")?);
        self.rewards.extend(rewards.0.into_iter().zip(rewards.1));
        self.campaigns.extend(campaigns.0.into_iter().zip(campaigns.1));
        if value.spent.is_empty() {
            return Ok(());
        }
        // rows are told by their number among those that were sent; new ones are found by their key the next time
        let (numbers, places): (Vec<i64>, Vec<String>) = (row.try_get("spent")?, row.try_get("spent_places")?);
        let mut by_number: HashMap<i64, String> = numbers.into_iter().zip(places).collect();
        for (number, key) in (1..).zip(value.spent.keys()) {
            if let Some(place) = by_number.remove(&number) {
                self.spent.insert(key.clone(), place);
            }
        }
        Ok(())
    }
}

/// The rows that a batch writes.
#[derive(Default)]
pub(super) struct Rows<'a> {
    /// Its events, in the order of the log.
    pub(super) events: Vec<Chained<'a>>,
    grants: GrantTotals,
    value: ValueTotals,
    answers: Vec<StoredAnswer>,
}

impl<'a> Rows<'a> {
    /// Seals a command's events after `head`, and moves it behind them; `numbers` are those of the coupons that it hands out.
    pub(super) fn add(&mut self, append: &'a Append, numbers: &[i64], metadata: &'a str, head: &mut Head) {
        self.value.add_all(&append.value, head.position + 1, numbers);
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

    /// Adds the answer to a command whose events were added before.
    pub(super) fn store_answer(&mut self, answer: Option<StoredAnswer>) {
        self.answers.extend(answer);
    }

    /// Moves the head from `before` to `after` and writes everything; `false`: the head was elsewhere.
    pub(super) async fn write(
        &self,
        connection: &mut PgConnection,
        before: &Head,
        after: &Head,
        places: &mut Places,
    ) -> Result<bool, sqlx::Error> {
        let row = self.bound(before, after, places)?.fetch_optional(connection).await?;
        if let Some(row) = &row {
            places.learn(row, &self.value)?;
        }
        Ok(row.is_some())
    }

    fn bound(
        &self,
        before: &Head,
        after: &Head,
        places: &Places,
    ) -> Result<Query<'static, Postgres, PgArguments>, sqlx::Error> {
        let GrantTotals { rewards, campaigns, members } = &self.grants;
        let (wallets, coupons) = (!self.value.is_without_wallets(), !self.value.is_without_coupons());
        let acts = !self.value.acts.is_empty();
        let statement = match (wallets, acts, coupons) {
            (false, _, false) => &APPEND,
            (true, false, false) => &APPEND_WITH_VALUE,
            (true, true, false) => &APPEND_WITH_ACTS,
            (false, _, true) => &APPEND_WITH_COUPONS,
            (true, false, true) => &APPEND_WITH_VALUE_AND_COUPONS,
            (true, true, true) => &APPEND_WITH_ALL,
        };
        let parameters = statement
            .bind()
            .value("previous_position", before.position)
            .value("epoch", before.epoch)
            .value("position", after.position)
            .value("hash", after.hash)
            .value("recorded_at", after.recorded_at.utc())
            .value("head_place", places.head.as_deref())
            .rows("new_events", self.events.iter())
            .column("event_id", |event| event.sealed.event_id)
            .column("aggregate_type", |event| event.sealed.stream_type)
            .column("aggregate_id", |event| event.sealed.stream_id)
            .column("sequence", |event| event.sealed.sequence)
            .column("event_type", |event| event.sealed.event_type)
            .column("event_version", |event| event.sealed.version)
            .column("payload", |event| event.sealed.payload)
            .column("metadata", |event| event.sealed.metadata)
            .column("subject", |event| event.sealed.subject)
            .column("occurred_at", |event| event.sealed.occurred_at.utc())
            .column("recorded_at", |event| event.sealed.recorded_at.utc())
            .column("command_id", |event| event.sealed.command_id)
            .column("opens_command", |event| event.opens_command)
            .column("actor", |event| event.sealed.actor)
            .column("correlation_id", |event| event.sealed.correlation_id)
            .column("causation_id", |event| event.sealed.causation_id)
            .column("previous_hash", |event| event.sealed.previous_hash)
            .column("hash", |event| event.hash)
            .numbered()
            .end()
            .rows("stock_changes", rewards.iter())
            .column("reward_id", |(reward, _)| *reward)
            .column("held", |(_, (held, _))| *held)
            .column("granted", |(_, (_, granted))| *granted)
            .column("place", |(reward, _)| places.rewards.get(reward).map(String::as_str))
            .end()
            .rows("budget_changes", campaigns.iter())
            .column("campaign_id", |(campaign, _)| *campaign)
            .column("committed", |(_, committed)| *committed)
            .column("place", |(campaign, _)| places.campaigns.get(campaign).map(String::as_str))
            .end()
            .rows("grant_changes", members.iter())
            .column("member_id", |((member, _, _), _)| *member)
            .column("campaign_id", |((_, campaign, _), _)| *campaign)
            .column("reward_id", |((_, _, reward), _)| *reward)
            .column("committed", |(_, committed)| *committed)
            .end()
            .rows("new_answers", self.answers.iter())
            .column("caller", |answer| answer.caller.as_str())
            .column("key", |answer| answer.key.as_str())
            .column("fingerprint", |answer| answer.fingerprint.as_slice())
            .column("answer", |answer| answer.answer.as_slice())
            .end();
        let parameters = if wallets { self.with_value(parameters, places) } else { parameters };
        let parameters = if acts { self.with_acts(parameters) } else { parameters };
        let parameters = if coupons { self.with_coupons(parameters) } else { parameters };
        parameters.query()
    }

    fn with_coupons(&self, parameters: Parameters) -> Parameters {
        let ValueTotals { coupons, uses_begun, uses_gone_on, .. } = &self.value;
        parameters
            .rows("new_coupons", coupons.iter())
            .column("reward_id", |((reward, _), _)| *reward)
            .column("number", |((_, number), _)| *number)
            .column("claim_id", |(_, claim)| *claim)
            .end()
            .rows("new_uses", uses_begun.iter())
            .column("redemption_id", |(redemption, _)| *redemption)
            .column("claim_id", |(_, begun)| begun.claim)
            .column("status", |(_, begun)| begun.status)
            .column("expires_at", |(_, begun)| begun.expires_at.map(|end| end.utc()))
            .end()
            .rows("use_changes", uses_gone_on.iter())
            .column("redemption_id", |(redemption, _)| *redemption)
            .column("status", |(_, status)| *status)
            .end()
    }

    fn with_value(&self, parameters: Parameters, places: &Places) -> Parameters {
        let ValueTotals { given, moved, begun, ended, owed, spent, .. } = &self.value;
        parameters
            .rows("new_lots", given.iter())
            .column("member_id", |(((member, _), _), _)| *member)
            .column("unit", |(((_, unit), _), _)| unit.as_str())
            .column("lot_id", |((_, lot), _)| *lot)
            .column("amount", |(_, given)| given.lot.amount.get())
            .column("free", |(_, given)| given.free)
            .column("expired", |(_, given)| given.expired)
            .column("available_from", |(_, given)| given.lot.available_from.utc())
            .column("expires_at", |(_, given)| given.lot.expires_at.map(|end| end.utc()))
            .column("position", |(_, given)| given.position)
            .end()
            .rows("lot_changes", moved.iter())
            .column("member_id", |(((member, _), _), _)| *member)
            .column("unit", |(((_, unit), _), _)| unit.as_str())
            .column("lot_id", |((_, lot), _)| *lot)
            .column("free", |(_, (free, _))| *free)
            .column("expired", |(_, (_, expired))| *expired)
            .end()
            .rows("new_holds", begun.iter())
            .column("hold_id", |(hold, _)| *hold)
            .column("held_by", |(_, begun)| begun.held_by)
            .column("member_id", |(_, begun)| begun.wallet.0)
            .column("unit", |(_, begun)| begun.wallet.1.as_str())
            .column("expires_at", |(_, begun)| begun.expires_at.utc())
            .column("lots", |(_, begun)| begun.lots.as_str())
            .column("amounts", |(_, begun)| begun.amounts.as_str())
            .end()
            .rows("ended_holds", ended.iter())
            .column("hold_id", |hold| *hold)
            .end()
            .rows("debt_changes", owed.iter())
            .column("member_id", |((member, _), _)| *member)
            .column("unit", |((_, unit), _)| unit.as_str())
            .column("owed", |(_, owed)| *owed)
            .end()
            .rows("spent_changes", spent.iter())
            .column("scope", |((scope, _, _), _)| *scope)
            .column("unit", |((_, unit, _), _)| unit.to_string())
            .column("day", |((_, _, day), _)| *day)
            .column("amount", |(_, amount)| *amount)
            .column("place", |(key, _)| places.spent.get(key).map(String::as_str))
            .numbered()
            .end()
    }

    fn with_acts(&self, parameters: Parameters) -> Parameters {
        parameters
            .rows("new_acts", self.value.acts.iter())
            .column("kind", |act| act.kind.name())
            .column("actor", |act| act.actor.0)
            .column("unit", |act| act.unit.as_str())
            .column("day", |act| act.day)
            .column("number", |act| act.number)
            .column("amount", |act| act.amount)
            .end()
    }
}

/// Reads the head. With `lock`, nobody else can move it until the transaction ends.
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

#[cfg(test)]
mod tests {
    use sqlx::{Arguments as _, Execute as _};

    use super::*;

    #[test]
    fn every_parameter_has_its_place_in_the_statement() {
        let head = Head { position: 0, hash: [0; 32], recorded_at: Moment::EPOCH, epoch: 0 };
        let with = |flags: [bool; 3]| {
            let mut rows = Rows::default();
            if flags[0] {
                rows.value.ended.insert(Uuid::nil());
            }
            if flags[1] {
                rows.value.acts.push(crate::guards::acts::Act::sample(1));
            }
            if flags[2] {
                rows.value.uses_gone_on.insert(Uuid::nil(), "held");
            }
            rows
        };
        for flags in 0..8 {
            let rows = with([flags & 1 != 0, flags & 2 != 0, flags & 4 != 0]);
            let mut query = rows.bound(&head, &head, &Places::default()).unwrap();
            check(&mut query);
        }
    }

    fn check(query: &mut Query<'static, Postgres, PgArguments>) {
        let text = query.sql();
        assert!(!text.contains(['{', '}']), "a name without a value: {text}");
        for number in 1..=query.take_arguments().unwrap().unwrap().len() {
            let used = text.split('$').skip(1).any(|rest| {
                rest.split(|char: char| !char.is_ascii_digit()).next() == Some(number.to_string().as_str())
            });
            assert!(used, "${number} stands nowhere: {text}");
        }
    }
}
