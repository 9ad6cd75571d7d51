//! What became of a batch that the database refused, or that was sent over a connection that was lost.

use chrono::{DateTime, Utc};
use domain::Moment;
use sqlx::Row;
use tokio::time::Instant;
use uuid::Uuid;

use super::statement::read_head;
use super::write::{Outcome, RECONNECT_PAUSE, Writer};
use crate::guards::GuardRefusal;
use crate::log::append::{Append, AppendError, Appended};
use crate::log::stored_answers::ONE_ANSWER_A_KEY;

impl Writer {
    /// A command that the database itself refused, by itself and under the lock.
    pub(super) async fn refused(&mut self, append: &Append, constraint: String) -> Outcome {
        match constraint.as_str() {
            "events_one_of_each_command" => match self.find(&[append]).await {
                Ok(found) => found.into_iter().next().flatten().ok_or(AppendError::Unavailable),
                Err(_) => Err(AppendError::Unavailable),
            },
            // somebody else has continued the stream, has taken from the lots, was the n-th of the day or has cleared codes
            // away meanwhile
            "events_one_of_each_step"
            | "wallet_lots_never_negative"
            | "wallet_lots_never_more_than_given"
            | "wallet_holds_one_row"
            | "wallet_debts_settled_once"
            | "daily_acts_one_of_each_number"
            | "coupon_uses_one_row"
            | "coupon_grants_one_row"
            | "coupon_grants_one_of_a_claim"
            | "staged_codes_still_there" => Err(AppendError::Conflict(append.first_stream())),
            "reward_stock_never_negative" => Err(GuardRefusal::OutOfStock.into()),
            "campaign_budget_never_exceeded" => Err(GuardRefusal::BudgetExhausted { budget: None }.into()),
            "unique_names_taken" => Err(GuardRefusal::NameTaken.into()),
            ONE_ANSWER_A_KEY => Err(GuardRefusal::AlsoRefused { constraint }.into()),
            _ if append.also.is_some() => Err(GuardRefusal::AlsoRefused { constraint }.into()),
            _ => Err(AppendError::Broken(constraint)),
        }
    }

    /// After a lost connection: finds out, under the lock of the head, whether the batch stands.
    /// `None`: it does not, and may be tried again.
    pub(super) async fn settle(&mut self, batch: &[&Append], deadline: Instant) -> Option<Vec<Outcome>> {
        loop {
            if let Ok(found) = self.find(batch).await {
                if found.iter().all(Option::is_none) && Instant::now() < deadline {
                    return None;
                }
                return Some(found.into_iter().map(|appended| appended.ok_or(AppendError::Unavailable)).collect());
            }
            self.disconnect();
            if Instant::now() >= deadline {
                return Some(batch.iter().map(|_| Err(AppendError::Unavailable)).collect());
            }
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
    }

    /// Looks the commands up. Holding the head means that nothing sent before is still under way.
    async fn find(&mut self, batch: &[&Append]) -> Result<Vec<Option<Appended>>, sqlx::Error> {
        let mut connection = self.take_connection().await?;
        sqlx::query("begin").execute(&mut connection).await?;
        read_head(&mut connection, true).await?;
        let commands: Vec<Uuid> = batch.iter().map(|append| append.metadata.command_id).collect();
        let sql = "select command_id, position, recorded_at from events where opens_command and command_id = any($1)";
        let rows = sqlx::query(sql).bind(commands).fetch_all(&mut connection).await?;
        sqlx::query("commit").execute(&mut connection).await?;
        self.connection = Some(connection);
        let mut found = Vec::with_capacity(batch.len());
        for append in batch {
            let mut standing = None;
            for row in &rows {
                if row.try_get::<Uuid, _>("command_id")? == append.metadata.command_id {
                    let first_position: i64 = row.try_get("position")?;
                    let events = i64::try_from(append.events.len()).unwrap_or(i64::MAX);
                    standing = Some(Appended {
                        command_id: append.metadata.command_id,
                        first_position,
                        last_position: first_position + events - 1,
                        recorded_at: Moment::from(row.try_get::<DateTime<Utc>, _>("recorded_at")?),
                    });
                }
            }
            found.push(standing);
        }
        Ok(found)
    }
}
