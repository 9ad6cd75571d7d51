//! Points that one member sends to another: they leave the one wallet and reach the other in one append, and each lot keeps its
//! days. How often a member has sent some on a day is counted where events are appended.

mod event;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use event::{Received, Sent, TransferEvent, TransferEventType, TransferSubject};

use crate::id::{LotId, TransferId};
use crate::moment::Moment;
use crate::quantity::DailyLimit;
use crate::value::{AllocationRefusal, Holdings, NewLot};

/// What later decisions about a transfer need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    about: Option<TransferSubject>,
}

/// A transfer that is not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRequest {
    /// From whom to whom, and how much.
    pub about: TransferSubject,
    /// The sender may send nothing.
    pub is_blocked: bool,
    /// How often a member may send some in a day.
    pub limit: DailyLimit,
    /// How often the sender has on this day …
    pub sent: i64,
    /// … by the calendar of the unit.
    pub on: NaiveDate,
    /// What the sender holds …
    pub holdings: Arc<Holdings>,
    /// … up to this position of the log.
    pub lots_position: i64,
    /// The moment of asking.
    pub at: Moment,
}

/// Why nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransferRefusal {
    /// Nobody sends something to themselves.
    #[error("nobody sends something to themselves")]
    ToOneself,
    /// The sender has called something else by this reference.
    #[error("the reference stands for something else")]
    ReferenceConflict,
    /// Members do not send this unit to each other.
    #[error("members do not send this unit to each other")]
    TransfersOff,
    /// The sender is blocked.
    #[error("the member is blocked")]
    MemberBlocked,
    /// The sender has sent some as often as allowed on this day.
    #[error("no more than {limit} a day")]
    LimitReached {
        /// How often that is.
        limit: i64,
    },
    /// No lots are taken.
    #[error(transparent)]
    Lots(#[from] AllocationRefusal),
}

impl Transfer {
    /// Decides a transfer: that it is sent and received, or the reason why not. Asking twice is asking once.
    ///
    /// # Errors
    /// See [`TransferRefusal`].
    pub fn decide(&self, request: TransferRequest) -> Result<Vec<TransferEvent>, TransferRefusal> {
        let TransferRequest { about, is_blocked, limit, sent, on, holdings, lots_position, at } = request;
        if about.member_id == about.to_member_id {
            return Err(TransferRefusal::ToOneself);
        }
        if let Some(known) = &self.about {
            return if *known == about { Ok(vec![]) } else { Err(TransferRefusal::ReferenceConflict) };
        }
        if limit == DailyLimit::default() {
            return Err(TransferRefusal::TransfersOff);
        }
        if is_blocked {
            return Err(TransferRefusal::MemberBlocked);
        }
        if sent >= limit.get() {
            return Err(TransferRefusal::LimitReached { limit: limit.get() });
        }
        let lots = holdings.allocate(about.amount, at)?;
        let transfer = TransferId::of(about.member_id, &about.reference);
        let received = lots.iter().filter_map(|part| {
            let dates = holdings.lot(part.lot_id)?.dates;
            Some(NewLot::of(LotId::of_transfer(transfer, part.lot_id), part.amount, dates))
        });
        let received = Received { about: about.clone(), lots: received.collect() };
        let number = sent.saturating_add(1);
        let sent = Sent { about, lots, lots_position, allocated_at: at, on, number };
        Ok(vec![TransferEvent::Sent(sent), TransferEvent::Received(received)])
    }

    /// Takes one event into account.
    pub fn evolve(&mut self, event: &TransferEvent) {
        match event {
            TransferEvent::Sent(sent) => self.about = Some(sent.about.clone()),
            TransferEvent::Received(_) => {}
        }
    }

    /// From whom to whom, and how much, once asked for.
    #[must_use]
    pub fn about(&self) -> Option<&TransferSubject> {
        self.about.as_ref()
    }
}

crate::aggregate::adapt!(Transfer, "transfer", TransferRequest, TransferEvent, TransferRefusal);
