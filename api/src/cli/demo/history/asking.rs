//! Chooses who requests a reward in the history, and what staff do with the claim later.

use chrono::TimeDelta;
use domain::Moment;
use domain::campaign::{Approval, CampaignStatus};
use domain::claim::{ClaimStatus, StaffAction};
use domain::condition::{EvaluationContext, is_met};
use domain::id::ClaimId;

use super::acts::{Act, Ask, Person, Show, Who};
use super::shows::{Care, PARCEL, Running, WAITING};
use super::stage::Stage;

/// How many random choices are tried before everybody is checked.
const TRIES: u32 = 60;
/// How many earlier claimants of an event are remembered.
const REGULARS: usize = 40;

impl Stage<'_> {
    /// Chooses who makes a request, if anybody can.
    pub(super) fn whoever(&mut self, at: Moment, ask: Ask) -> Option<Person> {
        let fits: fn(bool) -> bool = match ask.who {
            Who::This(who) => {
                return self.people.get(who).filter(|someone| someone.facts.member.is_some()).map(|_| who);
            }
            Who::Eligible => |met| met,
            Who::Hopeful => |met| !met,
            Who::Anybody => |_| true,
        };
        let again = matches!(ask.who, Who::Eligible);
        for number in 0..TRIES {
            let who = if again && number % 2 == 0 { self.a_regular(ask.show) } else { None };
            let who = who.unwrap_or_else(|| self.somebody());
            if self.may_come(who, ask.show, at, again) && fits(self.meets_rule(who, ask.show, at)) {
                return Some(who);
            }
        }
        (0..self.people.len())
            .filter(|_| again)
            .find(|who| self.may_come(*who, ask.show, at, true) && self.meets_rule(*who, ask.show, at))
    }

    fn somebody(&mut self) -> Person {
        chosen(self.dice.between(0, last(self.people.len())))
    }

    fn a_regular(&mut self, show: Show) -> Option<Person> {
        let regulars = &self.shows.get(show)?.regulars;
        regulars.get(chosen(self.dice.between(0, last(regulars.len())))).copied()
    }

    /// Whether a person can make this request: they take part, and have not requested the same before, or were refused
    /// and try `again`. The demo's own member only makes scripted requests.
    fn may_come(&self, who: Person, show: Show, at: Moment, again: bool) -> bool {
        let (Some(someone), Some(show)) = (self.people.get(who), self.shows.get(show)) else { return false };
        let claim = self.claim_of(show, who, at).and_then(|claim| self.claims.get(&claim));
        let status = claim.and_then(|claim| claim.state.status());
        who != self.own && someone.takes_part() && status.is_none_or(|status| again && status == ClaimStatus::Denied)
    }

    fn claim_of(&self, show: &Running, who: Person, at: Moment) -> Option<ClaimId> {
        let (someone, terms) = (self.people.get(who)?, show.campaign.state.terms()?);
        let (condition, _) = show.campaign.state.condition()?;
        let period = terms.frequency.period(at, terms.zone_of_periods(condition, someone.zone));
        Some(ClaimId::of(show.reward_id, someone.id, &period))
    }

    pub(super) fn meets_rule(&self, who: Person, show: Show, at: Moment) -> bool {
        let (Some(someone), Some(show)) = (self.people.get(who), self.shows.get(show)) else { return false };
        let (Some((condition, _)), Some(terms)) = (show.campaign.state.condition(), show.campaign.state.terms()) else {
            return false;
        };
        let asked = EvaluationContext { on: someone.local_date(at), campaign_starts_on: Some(terms.starts_on()) };
        is_met(condition, &someone.facts, asked)
    }

    /// Plans what follows a request.
    pub(super) fn asked(&mut self, ask: Ask, who: Person, claim: ClaimId, at: Moment, end: Moment) {
        let status = self.claims.get(&claim).and_then(|claim| claim.state.status());
        let Some(show) = self.shows.get_mut(ask.show) else { return };
        let manual = show.campaign.state.terms().is_some_and(|terms| terms.approval == Approval::Manual);
        match status {
            Some(ClaimStatus::Pending) if !ask.left => self.decided_later(claim, at, end),
            Some(ClaimStatus::Granted) => {
                if show.regulars.len() < REGULARS && !show.regulars.contains(&who) && !manual {
                    show.regulars.push(who);
                }
                self.granted(claim, at, end);
            }
            _ => {}
        }
    }

    /// Plans the decision of staff: some hours later, and now and then never.
    fn decided_later(&mut self, claim: ClaimId, at: Moment, end: Moment) {
        if let Some(expires_at) = self.claims.get(&claim).and_then(|claim| claim.state.waits_until())
            && expires_at < self.now
            && self.dice.permille(110)
        {
            self.agenda.put(expires_at, Act::Expire(claim));
            return;
        }
        let hours = self.dice.between(2, 30);
        let latest = Moment::from(self.now.utc() - TimeDelta::minutes(2));
        let when = later(at, hours, self.dice.between(0, 59)).min(latest).max(end);
        let (step, note) = if self.dice.permille(800) {
            (StaffAction::Approve, None)
        } else if self.dice.permille(500) {
            (StaffAction::Reject, Some("The same address has had a parcel already."))
        } else {
            (StaffAction::Reject, Some("Bought and given back."))
        };
        self.agenda.put(when, Act::Step { claim, step, note });
    }

    fn granted(&mut self, claim: ClaimId, at: Moment, end: Moment) {
        let about = self.claims.get(&claim).and_then(|claim| claim.state.about());
        let reward = about.map(|about| about.reward_id);
        let care = self.shows.iter().find(|show| Some(show.reward_id) == reward).map_or(Care::Points, |show| show.care);
        let (step, note, hours) = match care {
            Care::Points if self.dice.permille(992) => return,
            Care::Points => (StaffAction::Reverse, Some("Booked twice by the shop."), (20, 50)),
            Care::HandedOut if self.dice.permille(120) => return,
            Care::HandedOut if self.dice.permille(90) => {
                (StaffAction::FailFulfilment, Some("Came back: unknown address."), (20, 60))
            }
            Care::HandedOut if self.dice.permille(25) => (StaffAction::Reverse, Some("Not wanted any more."), (5, 40)),
            Care::HandedOut => (StaffAction::Fulfil, None, (1, 26)),
        };
        self.put_later(claim, step, note, (at, end), hours);
    }

    /// Plans what follows an action of staff.
    pub(super) fn stepped(&mut self, claim: ClaimId, at: Moment, end: Moment) {
        match self.claims.get(&claim).and_then(|claim| claim.state.status()) {
            Some(ClaimStatus::Granted) => self.granted(claim, at, end),
            Some(ClaimStatus::FulfilmentFailed) if self.dice.permille(600) => {
                self.put_later(claim, StaffAction::Fulfil, Some("Sent once more."), (at, end), (18, 70));
            }
            Some(ClaimStatus::Fulfilled) if self.dice.permille(15) => {
                self.put_later(claim, StaffAction::Reverse, Some("Sent back by the member."), (at, end), (48, 120));
            }
            _ => {}
        }
    }

    fn put_later(
        &mut self,
        claim: ClaimId,
        step: StaffAction,
        note: Option<&'static str>,
        (at, end): (Moment, Moment),
        (least, most): (u32, u32),
    ) {
        let hours = self.dice.between(least, most);
        let when = later(at, hours, self.dice.between(0, 59)).max(end);
        self.agenda.put(when, Act::Step { claim, step, note });
    }

    /// How many more claims have to wait for a decision.
    pub(super) fn missing_in_queue(&self) -> usize {
        WAITING.saturating_sub(self.claims_waiting())
    }

    pub(super) fn claims_waiting(&self) -> usize {
        self.claims.values().filter(|claim| claim.state.status() == Some(ClaimStatus::Pending)).count()
    }

    /// Returns two purchases that claims in the queue are based on, so that these would no longer be granted.
    pub(super) fn give_back(&mut self, at: Moment) {
        let reward = self.shows.get(PARCEL).map(|show| show.reward_id);
        let waiting = self.claims.values().filter(|claim| claim.state.status() == Some(ClaimStatus::Pending));
        let mut members: Vec<_> =
            waiting.filter_map(|claim| claim.state.about()).map(|about| about.member_id).collect();
        members.sort_unstable();
        let mut left = 2;
        for who in members.iter().filter_map(|id| self.people.iter().position(|someone| someone.id == *id)) {
            let Some([(fact, purchase)]) = self.people.get(who).map(|someone| someone.purchases.as_slice()) else {
                continue;
            };
            let Some(recorded) = purchase.state.recorded() else { continue };
            let mut without = self.people[who].facts.clone();
            without.void(&recorded.kind, recorded.local_date, &recorded.measures);
            let asked = EvaluationContext { on: self.people[who].local_date(at), campaign_starts_on: None };
            let condition = self.shows[PARCEL].campaign.state.condition();
            if who == self.own || reward.is_none() || condition.is_none_or(|(rule, _)| is_met(rule, &without, asked)) {
                continue;
            }
            self.agenda.put(at, Act::Void { who, fact: *fact, note: "Given back at the till." });
            left -= 1;
            if left == 0 {
                return;
            }
        }
    }

    /// How many promotional events are running.
    pub(super) fn running(&self) -> usize {
        let active = |show: &&Running| show.campaign.state.status(self.now) == Some(CampaignStatus::Active);
        self.shows.iter().filter(active).count()
    }
}

fn later(at: Moment, hours: u32, minutes: u32) -> Moment {
    Moment::from(at.utc() + TimeDelta::hours(hours.into()) + TimeDelta::minutes(minutes.into()))
}

fn last(length: usize) -> u32 {
    u32::try_from(length.saturating_sub(1)).unwrap_or(0)
}

fn chosen(number: u32) -> usize {
    usize::try_from(number).unwrap_or(0)
}
