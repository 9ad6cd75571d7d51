//! What happens to a claim after it was asked for: staff decide it, nobody decides it in time, an erasure withdraws it. What
//! it has moved comes back, or goes on, in the same append.

use domain::Moment;
use domain::claim::{Claim, ClaimCommand, ClaimRefusal, ClaimValue, Credit, StaffAction, StaffCommand};
use domain::id::MemberId;
use domain::member::Member;
use domain::zone::Tz;

use super::value::{Moving, Wanted, moved_by};
use crate::ledger::unit::Unit;
use crate::ledger::{CommandError, Ledger};
use crate::log::coalesce::ReadError;
use crate::log::metadata::Metadata;
use crate::log::receipt::Receipt;
use crate::log::stored_answers::AnswerFromReceipt;
use crate::log::streams::Loaded;

impl Ledger {
    /// Takes a claim a step further; its `value` is filled in here. With `seen`, only while the number of the claim's last
    /// event is one of them.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn change_claim(
        &self,
        id: &str,
        command: ClaimCommand,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Claim>,
        seen: Option<&[i64]>,
    ) -> Result<Receipt<Claim>, CommandError<ClaimRefusal>> {
        let mut retry = self.retry();
        retry.turn::<Claim>(id).await?;
        loop {
            let mut claim = self.load::<Claim>(id).await?;
            let wanted = wanted(&claim.state, &command);
            if !wanted.is_empty()
                && let Some(about) = claim.state.about()
            {
                self.turn_on(&mut retry, about.member_id, &wanted).await?;
                claim = self.load::<Claim>(id).await?;
            }
            let moving = self.moved(&claim, &command, &wanted, None).await?;
            match self.step(claim, command.clone(), moving, metadata, answer, seen).await {
                Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
                outcome => return outcome,
            }
        }
    }

    async fn step(
        &self,
        claim: Loaded<Claim>,
        command: ClaimCommand,
        moving: Moving,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Claim>,
        seen: Option<&[i64]>,
    ) -> Result<Receipt<Claim>, CommandError<ClaimRefusal>> {
        let stream = claim.stream.stream_id.clone();
        let command = with_value(command, moving.value.clone());
        let seen = seen.map(<[i64]>::to_vec);
        if moving.wallets.is_empty() {
            let store = self.store().with(metadata.clone(), moving.expects).on(claim).storing(answer.clone());
            return self.run(&stream, command, store.seen_at(seen)).await;
        }
        let unit = self.unit(metadata.clone());
        if let Some(about) = claim.state.about() {
            let at = asked_at(&command).unwrap_or(metadata.requested_at);
            moving.record_due(&unit, about.claim_id(), at).await?;
        }
        let receipt = unit.execute_seen(claim, command, moving.expects, seen).await?;
        if receipt.appended == 0 { Ok(receipt) } else { unit.commit_last(receipt, answer).await }
    }

    /// Reads what a step of a claim moves. Only an approval begins something new, and needs the terms of the reward.
    async fn moved(
        &self,
        claim: &Loaded<Claim>,
        command: &ClaimCommand,
        wanted: &Wanted,
        within: Option<&Unit<'_>>,
    ) -> Result<Moving, ReadError> {
        let Some(about) = claim.state.about() else { return Ok(Moving::default()) };
        let is_new = match command {
            ClaimCommand::Staff(StaffCommand { action: StaffAction::Approve, .. }) | ClaimCommand::Credit { .. } => {
                true
            }
            ClaimCommand::Staff(StaffCommand {
                action: StaffAction::Reject | StaffAction::Fulfil | StaffAction::FailFulfilment | StaffAction::Reverse,
                ..
            })
            | ClaimCommand::Request(_)
            | ClaimCommand::Expire { .. }
            | ClaimCommand::Withdraw { .. } => false,
        };
        let campaign = if is_new { self.campaign_with(about.reward_id).await? } else { None };
        let campaign = campaign.as_ref().map(|(_, known)| &known.loaded.state);
        let begins = campaign.and_then(|campaign| campaign.reward(about.reward_id));
        let gives = begins.is_some_and(|reward| reward.credited_unit().is_some() || reward.coupon(Tz::UTC).is_some());
        if wanted.is_empty() && !gives {
            return Ok(Moving::default());
        }
        let zone = self.zone_of(about.member_id).await?;
        self.moving_at_end(campaign, &claim.state, zone, wanted, within).await
    }

    /// What a grant of before points were credited would be credited at `at`; `None`: nothing, or it was taken back.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn credit_due(&self, id: &str, at: Moment) -> Result<Option<Credit>, ReadError> {
        let (claim, command) = (self.load::<Claim>(id).await?, ClaimCommand::Credit { at, value: None });
        let moving = self.moved(&claim, &command, &Wanted::new(), None).await?;
        let mut state = claim.state;
        let events = state.decide(with_value(command, moving.value)).unwrap_or_default();
        events.iter().for_each(|event| state.evolve(event));
        Ok(state.credited().filter(|_| !events.is_empty()).cloned())
    }

    async fn zone_of(&self, member: MemberId) -> Result<Tz, ReadError> {
        Ok(self.load::<Member>(&member.to_string()).await?.state.time_zone().unwrap_or(Tz::UTC))
    }
}

impl Unit<'_> {
    /// Takes a claim a step further together with the other commands of the unit; its `value` is filled in here. Other
    /// steps of the unit may take from the same wallet.
    ///
    /// # Errors
    /// See [`CommandError`]; on a conflict the whole unit must be decided anew.
    pub async fn change_claim(
        &self,
        id: &str,
        command: ClaimCommand,
    ) -> Result<Receipt<Claim>, CommandError<ClaimRefusal>> {
        let claim = self.load::<Claim>(id).await?;
        let wanted = wanted(&claim.state, &command);
        let Moving { value, expects, .. } = self.ledger().moved(&claim, &command, &wanted, Some(self)).await?;
        self.execute_on(claim, with_value(command, value), expects).await
    }
}

/// The wallets that a step of a claim looks at.
fn wanted(claim: &Claim, command: &ClaimCommand) -> Wanted {
    match command {
        ClaimCommand::Staff(StaffCommand { action: StaffAction::Reject | StaffAction::Reverse, .. })
        | ClaimCommand::Expire { .. }
        | ClaimCommand::Withdraw { .. } => moved_by(claim),
        ClaimCommand::Staff(StaffCommand {
            action: StaffAction::Approve | StaffAction::Fulfil | StaffAction::FailFulfilment,
            ..
        })
        | ClaimCommand::Credit { .. }
        | ClaimCommand::Request(_) => Wanted::new(),
    }
}

fn asked_at(command: &ClaimCommand) -> Option<Moment> {
    match command {
        ClaimCommand::Staff(command) => Some(command.at),
        ClaimCommand::Expire { at, .. } | ClaimCommand::Withdraw { at, .. } | ClaimCommand::Credit { at, .. } => {
            Some(*at)
        }
        ClaimCommand::Request(_) => None,
    }
}

fn with_value(command: ClaimCommand, value: ClaimValue) -> ClaimCommand {
    match command {
        ClaimCommand::Staff(command) => ClaimCommand::Staff(StaffCommand { value, ..command }),
        ClaimCommand::Expire { at, .. } => ClaimCommand::Expire { at, value },
        ClaimCommand::Withdraw { reason, at, .. } => ClaimCommand::Withdraw { reason, at, value },
        ClaimCommand::Credit { at, .. } => ClaimCommand::Credit { at, value },
        request @ ClaimCommand::Request(_) => request,
    }
}
