//! Counts the log once more against the budgets that were in force: each grant had room in all of them where it stands, counts
//! what its reward gives and costs, and what is given back is what was taken, once. It trusts no table. Whether a refusal was
//! true is not looked at: room may have come between it and its place in the log.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::Event;
use domain::budget::{BudgetUnit, Committed, Counted, Per, Scope, room_for};
use domain::campaign::{Campaign, CampaignEvent};
use domain::claim::ClaimEvent;
use domain::id::CampaignId;
use domain::programme::{Programme, ProgrammeEvent};
use domain::value::ValueEvent;
use sqlx::{Connection, PgConnection, PgPool};

use super::pages::{self, PAGE_POSITIONS};
use super::{Check, ProgressFn};
use crate::audit::AuditError;
use crate::log::Entry;

const STREAMS: &[&str] = &["campaign", "claim", "programme"];

/// The check over the log up to a position.
pub(super) async fn check(pool: &PgPool, position: i64, progress: ProgressFn<'_>) -> Result<Check, AuditError> {
    let mut conn = pool.acquire().await?;
    let mut tx = conn.begin_with("begin isolation level repeatable read read only").await?;
    let mut audit = BudgetAudit::default();
    let mut check = Check::new("budgets");
    let mut done = 0;
    while done < position {
        let until = position.min(done + PAGE_POSITIONS);
        // another check reports what cannot be read
        for entry in pages::read(&mut tx, done, until, STREAMS).await?.into_iter().flatten() {
            let Ok(event) = entry.event() else { continue };
            audit.take_in(&mut tx, &entry, &event, &mut check).await?;
        }
        done = until;
        progress(&check.name, done);
    }
    tx.rollback().await?;
    Ok(check)
}

/// What is in force and what is counted so far.
#[derive(Default)]
struct BudgetAudit {
    campaigns: BTreeMap<CampaignId, Campaign>,
    programme: Programme,
    sums: Sums,
}

/// What is counted of a unit in a scope, in the period that begins on a day.
#[derive(Default)]
struct Sums(BTreeMap<(Scope, BudgetUnit, Per, NaiveDate), i64>);

impl Committed for Sums {
    fn committed(&self, scope: Scope, unit: &BudgetUnit, per: Per, day: NaiveDate) -> i64 {
        self.0.get(&(scope, unit.clone(), per, per.days_of(day).0)).copied().unwrap_or(0)
    }
}

impl Sums {
    /// Counts what is taken or given back; `false`: more is given back than there is.
    fn count(&mut self, counted: &Counted, campaign: CampaignId, sign: i64) -> bool {
        let mut is_right = true;
        for (scope, unit, day, amount) in counted.rows(campaign) {
            for per in Per::ALL {
                let sum = self.0.entry((scope, unit.clone(), per, per.days_of(day).0)).or_default();
                *sum = sum.saturating_add(sign * amount);
                is_right &= *sum >= 0;
            }
        }
        is_right
    }
}

impl BudgetAudit {
    async fn take_in(
        &mut self,
        conn: &mut PgConnection,
        entry: &Entry,
        event: &Event,
        check: &mut Check,
    ) -> Result<(), AuditError> {
        match event {
            Event::Campaign(event) => self.terms_change(entry, event),
            Event::Value(ValueEvent::Programme(event)) => self.programme_changes(event),
            Event::Claim(event) => {
                let Some((counted, sign)) = event.counted() else { return Ok(()) };
                check.checked += 1;
                let failure = if sign > 0 {
                    self.taken(event, counted)
                } else {
                    let taken = taken_by(conn, entry).await?;
                    (taken.as_ref() != Some(counted)).then(|| "what is given back is not what was taken".to_owned())
                };
                if let Some(reason) = failure {
                    check.fails(Some(entry.position), reason);
                }
                if !self.sums.count(counted, event.about().campaign_id, sign) {
                    check.fails(Some(entry.position), "more is given back than was counted");
                }
            }
            Event::Member(_) | Event::Activity(_) | Event::Referral(_) | Event::Value(_) => {}
        }
        Ok(())
    }

    fn terms_change(&mut self, entry: &Entry, event: &CampaignEvent) {
        if let Ok(id) = entry.aggregate_id.parse() {
            self.campaigns.entry(CampaignId(id)).or_default().evolve(event);
        }
    }

    fn programme_changes(&mut self, event: &ProgrammeEvent) {
        self.programme.evolve(event);
    }

    /// What is wrong with what a grant takes.
    fn taken(&self, event: &ClaimEvent, counted: &Counted) -> Option<String> {
        let about = event.about();
        let campaign = self.campaigns.get(&about.campaign_id);
        let reward = campaign.and_then(|campaign| campaign.reward(about.reward_id));
        if reward.is_none_or(|reward| reward.counted() != counted.amounts) {
            return Some("it does not count what its reward gives and costs".to_owned());
        }
        let terms = campaign.and_then(Campaign::terms);
        let own = terms.map(|terms| terms.budgets.as_slice()).unwrap_or_default();
        let short = room_for(counted, (about.campaign_id, own), self.programme.budgets(), &self.sums).err()?;
        Some(format!(
            "of the {} {} that the {} gives in {}, {} were committed, and it takes {}",
            short.amount, short.unit, short.scope, short.period, short.committed, short.need
        ))
    }
}

/// What the claim had taken before an event of it, and not given back.
async fn taken_by(conn: &mut PgConnection, entry: &Entry) -> Result<Option<Counted>, AuditError> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "select event_type, event_version, payload::text
        from events
        where aggregate_type = $1 and aggregate_id = $2 and sequence < $3
        order by sequence",
    )
    .bind(&entry.aggregate_type)
    .bind(&entry.aggregate_id)
    .bind(entry.sequence)
    .persistent(false)
    .fetch_all(conn)
    .await?;
    let mut taken = None;
    for (event_type, version, payload) in rows {
        let Ok(Event::Claim(event)) = Event::decode(&event_type, &version, &payload) else { continue };
        if let Some((counted, sign)) = event.counted() {
            taken = (sign > 0).then(|| counted.clone());
        }
    }
    Ok(taken)
}
