//! Plays the agenda. The actions of a period are decided on the state of the log before it, and appended in order as
//! one batch of the sequencer. Each action is an ordinary command with its own time and actor.

use std::collections::HashMap;
use std::convert::Infallible;

use chrono::TimeDelta;
use commands::{Appended, ClaimError, ClaimRequest, CommandError, KnownState, Ledger, Loaded, Metadata, StreamKey};
use commands::{Receipt, Short, Unit, shortage_of};
use domain::activity::{Activity, ActivityCommand, Report};
use domain::campaign::{Campaign, CampaignCommand, RewardRevision};
use domain::claim::{Claim, ClaimCommand, ClaimStatus, StaffCommand};
use domain::codes::{CodeFormat, CodesSubject};
use domain::condition::{Condition, EvaluationContext, evaluate, is_met};
use domain::facts::MemberFacts;
use domain::id::{ActivityId, ClaimId, MemberId};
use domain::member::{Member, MemberCommand, Registration};
use domain::referral::{Qualification, Referral, ReferralCommand};
use domain::role::Role;
use domain::{LedgerAggregate, Moment};
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};

use super::acts::{Act, Agenda, Ask, By, Person, Show};
use super::people::{Someone, nothing};
use super::shows::Running;
use crate::app::coupons::keys::CodeKeys;
use crate::cli::generate::dice::Dice;

/// The longest period that is decided together …
const TOGETHER: TimeDelta = TimeDelta::hours(3);
/// … and the most actions, which fit into one batch of the sequencer.
const MOST_TOGETHER: usize = 500;

/// The accounts of staff.
#[derive(Debug, Clone, Copy)]
pub(super) struct Staff {
    pub(super) admin: MemberId,
    pub(super) operator: MemberId,
    pub(super) service: MemberId,
}

/// Why the history ends early.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("a command of the history was refused: {0}")]
    Refused(String),
    #[error("{0}")]
    NotWritten(CommandError<Infallible>),
}

/// The state of the history.
pub(super) struct Stage<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) staff: Staff,
    pub(super) people: Vec<Someone>,
    /// The demo's own member.
    pub(super) own: Person,
    pub(super) shows: Vec<Running>,
    pub(super) claims: HashMap<ClaimId, Loaded<Claim>>,
    pub(super) agenda: Agenda,
    pub(super) dice: Dice,
    /// What codes of coupons are drawn from, and sealed with.
    pub(super) code_dice: Dice,
    pub(super) code_keys: CodeKeys,
    /// The condition that qualifies a referral; `None` if a confirmed e-mail is required as well.
    pub(super) referrals: Option<Condition>,
    /// The position of the last event.
    pub(super) head: i64,
    pub(super) now: Moment,
}

/// A decided action.
struct Decided<'a> {
    at: Moment,
    unit: Unit<'a>,
    news: News,
}

/// The change of this state after a decided action is written.
enum News {
    Nothing,
    Joined(Person),
    Complete(Person),
    Blocked(Person, bool),
    Reported(Person, Box<Report>),
    Voided(Person, ActivityId),
    Qualified { inviter: Person, invitee: Person, on: chrono::NaiveDate },
    Asked { ask: Ask, who: Person, claim: ClaimId, before: Option<Box<Loaded<Claim>>> },
    Stepped(ClaimId),
}

impl<'a> Stage<'a> {
    /// Plays the agenda up to now.
    pub(super) async fn play(&mut self) -> Result<(), Trouble> {
        while let Some(first) = self.agenda.next_at().filter(|at| *at <= self.now) {
            let end = Moment::from(first.utc() + TOGETHER).min(self.now);
            let mut decided = vec![];
            for (at, act) in self.agenda.take_until(end, MOST_TOGETHER) {
                decided.extend(self.decide(at, act).await?);
            }
            let end = decided.last().map_or(end, |last| last.at);
            self.write(decided, end).await?;
        }
        Ok(())
    }

    /// Writes the decided actions in order. Claims that a guard of a limit refused are decided again, as usual.
    async fn write(&mut self, decided: Vec<Decided<'a>>, end: Moment) -> Result<(), Trouble> {
        let mut short = vec![];
        for (at, news, outcome) in in_order(decided).await {
            match (outcome, news) {
                (Ok(appended), news) => self.hear(news, appended, at, end),
                (Err(CommandError::Guard(refusal)), News::Asked { ask, who, claim, before }) => {
                    let Some(missing) = shortage_of(&refusal) else {
                        return Err(trouble(CommandError::Guard(refusal)));
                    };
                    match before {
                        Some(before) => self.claims.insert(claim, *before),
                        None => self.claims.remove(&claim),
                    };
                    short.push((at, ask, who, missing));
                }
                (Err(error), _) => return Err(trouble(error)),
            }
        }
        let mut again = vec![];
        for (at, ask, who, missing) in short {
            again.extend(self.request(at, ask, who, Some(missing)).await?);
        }
        for (at, news, outcome) in in_order(again).await {
            self.hear(news, outcome.map_err(trouble)?, at, end);
        }
        Ok(())
    }

    async fn decide(&mut self, at: Moment, act: Act) -> Result<Option<Decided<'a>>, Trouble> {
        let Staff { admin, operator, service } = self.staff;
        let (of_admin, of_operator) =
            (Metadata::of(admin, Role::Admin, at), Metadata::of(operator, Role::Operator, at));
        let of_service = Metadata::of(service, Role::Service, at);
        Ok(match act {
            Act::Join { who, brought_by } => Some(self.join(at, who, brought_by).await?),
            Act::CompleteProfile(who) => {
                let metadata = Metadata::of(self.people[who].id, Role::User, at);
                let command = MemberCommand::SetProfileComplete(true);
                Some(self.member(at, metadata, who, command, News::Complete(who)).await?)
            }
            Act::Block { who, note } => {
                let command = MemberCommand::Block { note: note.to_owned() };
                Some(self.member(at, of_admin, who, command, News::Blocked(who, true)).await?)
            }
            Act::Unblock { who, note } => {
                let command = MemberCommand::Unblock { note: note.to_owned() };
                Some(self.member(at, of_admin, who, command, News::Blocked(who, false)).await?)
            }
            Act::Report { who, report } => Some(self.report(at, of_service, who, report).await?),
            Act::Void { who, fact, note } => self.void(at, of_service, who, fact, note).await?,
            Act::Qualify(who) => self.qualify(at, who).await?,
            Act::Ask(ask) => match self.whoever(at, ask) {
                Some(who) => self.request(at, ask, who, None).await?,
                None => None,
            },
            Act::Step { claim, step, note } => {
                let note = note.map(str::to_owned);
                let command = ClaimCommand::Staff(StaffCommand { action: step, operator, note, at, value: None });
                self.step(at, of_operator, claim, command).await?
            }
            Act::Expire(claim) => {
                let expire = ClaimCommand::Expire { at, value: None };
                self.step(at, Metadata::system(at), claim, expire).await?
            }
            Act::Change { show, by, commands } => {
                let metadata = match by {
                    By::Operator => of_operator,
                    By::Clock => Metadata::system(at),
                };
                Some(self.change(at, metadata, show, commands).await?)
            }
            Act::Codes { show, count } => Some(self.add_codes(at, &of_operator, show, count).await?),
            Act::Gift(gift) => {
                self.give(at, gift).await?;
                None
            }
            Act::Restock { show, left } => match self.restocking(show, left) {
                Some(command) => Some(self.change(at, of_operator, show, vec![command]).await?),
                None => None,
            },
        })
    }

    async fn join(&mut self, at: Moment, who: Person, by: Option<Person>) -> Result<Decided<'a>, Trouble> {
        let someone = &self.people[who];
        let id = someone.id;
        // these members have no account, like imported ones
        let unit = self.ledger.unit(Metadata::system(at).dated());
        let registration = Registration {
            time_zone: someone.zone,
            joined_on: someone.local_date(at),
            birthday: someone.birthday,
            role: Role::User,
            returned: None,
        };
        let member = run(&unit, someone.member.clone(), MemberCommand::Register(registration)).await?;
        if let Some(inviter_id) = by.map(|by| self.people[by].id) {
            let command = ReferralCommand::Create { invitee_id: id, inviter_id };
            self.people[who].referral = Some(run(&unit, nothing::<Referral>(&id.to_string()), command).await?);
        }
        self.people[who].member = member;
        Ok(Decided { at, unit, news: News::Joined(who) })
    }

    async fn member(
        &mut self,
        at: Moment,
        metadata: Metadata,
        who: Person,
        command: MemberCommand,
        news: News,
    ) -> Result<Decided<'a>, Trouble> {
        let unit = self.ledger.unit(metadata);
        self.people[who].member = run::<Member>(&unit, self.people[who].member.clone(), command).await?;
        Ok(Decided { at, unit, news })
    }

    async fn report(
        &mut self,
        at: Moment,
        metadata: Metadata,
        who: Person,
        report: Box<Report>,
    ) -> Result<Decided<'a>, Trouble> {
        let unit = self.ledger.unit(metadata.dated());
        let id = ActivityId::of(&report.source, &report.external_id);
        let command = ActivityCommand::Record((*report).clone());
        let fact = run(&unit, nothing::<Activity>(&id.to_string()), command).await?;
        if report.kind.as_str() == "purchase" {
            self.people[who].purchases.push((id, fact));
        }
        Ok(Decided { at, unit, news: News::Reported(who, report) })
    }

    async fn void(
        &mut self,
        at: Moment,
        metadata: Metadata,
        who: Person,
        fact: ActivityId,
        note: &str,
    ) -> Result<Option<Decided<'a>>, Trouble> {
        let Some((_, known)) = self.people[who].purchases.iter().find(|(id, _)| *id == fact) else { return Ok(None) };
        let unit = self.ledger.unit(metadata);
        run(&unit, known.clone(), ActivityCommand::Void { note: note.to_owned() }).await?;
        Ok(Some(Decided { at, unit, news: News::Voided(who, fact) }))
    }

    /// Qualifies a referral in the same way as the service's reactor for referrals.
    async fn qualify(&mut self, at: Moment, who: Person) -> Result<Option<Decided<'a>>, Trouble> {
        let invitee = &self.people[who];
        let pending = invitee.referral.as_ref().filter(|referral| referral.state.is_pending());
        let (Some(referral), Some(condition)) = (pending.cloned(), self.referrals.clone()) else { return Ok(None) };
        let inviter = referral.state.inviter();
        let Some(by) = self.people.iter().position(|person| Some(person.id) == inviter) else { return Ok(None) };
        let judged_on = invitee.local_date(at);
        let (met, evidence) =
            evaluate(&condition, &invitee.facts, EvaluationContext { on: judged_on, campaign_starts_on: None });
        if !met {
            return Ok(None);
        }
        let (local_date, time_zone) = (self.people[by].local_date(at), self.people[by].zone);
        let proof = Qualification { condition, evidence, facts_position: self.head, judged_on, local_date, time_zone };
        let unit = self.ledger.unit(Metadata::system(at).dated());
        let qualified = run(&unit, referral, ReferralCommand::Qualify(Box::new(proof))).await?;
        self.people[who].referral = Some(qualified);
        let news = News::Qualified { inviter: by, invitee: who, on: local_date };
        Ok(Some(Decided { at, unit, news }))
    }

    async fn request(
        &mut self,
        at: Moment,
        ask: Ask,
        who: Person,
        short: Option<Short>,
    ) -> Result<Option<Decided<'a>>, Trouble> {
        let (someone, show) = (&self.people[who], &self.shows[ask.show]);
        let unit = self.ledger.unit(Metadata::of(someone.id, Role::User, at).dated());
        let known = KnownState {
            campaign_id: show.campaign_id,
            campaign: &show.campaign,
            facts: someone.facts.clone(),
            facts_position: self.head,
            short,
        };
        let request = ClaimRequest {
            reward_id: show.reward_id,
            member_id: someone.id,
            at,
            reference: None,
            refuse_own_campaign: false,
        };
        match unit.request_reward(request, known, |id| self.claims.get(&id).cloned()).await {
            Ok(receipt) => {
                let claim: ClaimId = receipt.stream_id.parse().map_err(refused)?;
                let before = self.claims.insert(claim, loaded(receipt)).map(Box::new);
                Ok(Some(Decided { at, unit, news: News::Asked { ask, who, claim, before } }))
            }
            Err(ClaimError::AlreadyClaimed { .. }) => Ok(None),
            Err(error) => Err(refused(error)),
        }
    }

    /// An action of staff; it is skipped if it is no longer possible.
    async fn step(
        &mut self,
        at: Moment,
        metadata: Metadata,
        claim: ClaimId,
        command: ClaimCommand,
    ) -> Result<Option<Decided<'a>>, Trouble> {
        let Some(known) = self.claims.get(&claim).cloned() else { return Ok(None) };
        let unit = self.ledger.unit(metadata);
        unit.go_on_from(known);
        match unit.change_claim(&claim.to_string(), command).await {
            Ok(receipt) => {
                self.claims.insert(claim, loaded(receipt));
                Ok(Some(Decided { at, unit, news: News::Stepped(claim) }))
            }
            Err(CommandError::Refused { .. }) => Ok(None),
            Err(error) => Err(refused(error)),
        }
    }

    async fn change(
        &mut self,
        at: Moment,
        metadata: Metadata,
        show: Show,
        commands: Vec<CampaignCommand>,
    ) -> Result<Decided<'a>, Trouble> {
        let unit = self.ledger.unit(metadata);
        let mut campaign = self.shows[show].campaign.clone();
        for command in commands {
            campaign = run::<Campaign>(&unit, campaign, command).await?;
        }
        self.shows[show].campaign = campaign;
        Ok(Decided { at, unit, news: News::Nothing })
    }

    /// Codes of a reward, drawn like everything else here.
    async fn add_codes(
        &mut self,
        at: Moment,
        metadata: &Metadata,
        show: Show,
        count: usize,
    ) -> Result<Decided<'a>, Trouble> {
        let Running { campaign_id, reward_id, .. } = self.shows[show];
        let format = CodeFormat::new(CodeFormat::ALPHABET, CodeFormat::LENGTH, "CINEMA-", true).map_err(refused)?;
        // two of them are the same once in a million demos, and then this one is refused
        let codes: Vec<_> = (0..count).map(|_| format.code(|| self.code_dice.bytes()[0])).collect();
        let batch_id = uuid::Builder::from_random_bytes(self.code_dice.bytes()).into_uuid();
        let sealed = self.code_keys.seal(reward_id, 1, &codes).ok_or_else(|| refused("a code cannot be sealed"))?;
        let (about, known) = (CodesSubject { reward_id, campaign_id }, nothing(&reward_id.to_string()));
        let (unit, _) = self.ledger.codes_added(known, about, batch_id, sealed, metadata).await.map_err(refused)?;
        Ok(Decided { at, unit, news: News::Nothing })
    }

    /// The command that changes a stock so that `left` remains.
    fn restocking(&self, show: Show, left: i64) -> Option<CampaignCommand> {
        let show = &self.shows[show];
        let quantity = show.campaign.state.reward(show.reward_id)?.quantity?.get();
        let taken = self.claims.values().filter(|claim| {
            claim.state.about().is_some_and(|about| about.reward_id == show.reward_id)
                && claim.state.status().is_some_and(takes_stock)
        });
        let taken = i64::try_from(taken.count()).ok()?;
        let delta = Some(taken + left - quantity).filter(|delta| *delta != 0)?;
        let revision = Box::new(RewardRevision { quantity_delta: Some(delta), ..RewardRevision::default() });
        Some(CampaignCommand::ReviseReward { reward_id: show.reward_id, revision })
    }

    /// Updates this state with what was written.
    fn hear(&mut self, news: News, appended: Option<Appended>, at: Moment, end: Moment) {
        let Some(appended) = appended else { return };
        self.head = self.head.max(appended.last_position);
        match news {
            News::Nothing => {}
            News::Joined(who) => self.people[who].know_of_registration(at),
            News::Complete(who) => {
                self.of(who, |member| member.profile_complete = true);
                self.look_at_referral(who, end);
            }
            News::Blocked(who, blocked) => self.of(who, |member| member.blocked = blocked),
            News::Reported(who, report) => {
                self.people[who].facts.record(&report.kind, report.local_date, &report.measures);
                self.look_at_referral(who, end);
            }
            News::Voided(who, fact) => {
                let Someone { facts, purchases, .. } = &mut self.people[who];
                let voided = purchases.iter().find(|(id, _)| *id == fact).and_then(|(_, fact)| fact.state.recorded());
                if let Some(fact) = voided {
                    facts.void(&fact.kind, fact.local_date, &fact.measures);
                }
                purchases.retain(|(id, _)| *id != fact);
            }
            News::Qualified { inviter, invitee, on } => {
                let invitee = self.people[invitee].id;
                self.people[inviter].facts.referrals.insert(invitee, on);
            }
            News::Asked { ask, who, claim, before: _ } => self.asked(ask, who, claim, at, end),
            News::Stepped(claim) => self.stepped(claim, at, end),
        }
    }

    fn of(&mut self, who: Person, change: impl FnOnce(&mut MemberFacts)) {
        if let Some(member) = &mut self.people[who].facts.member {
            change(member);
        }
    }

    /// Evaluates the condition of a referral after each fact of the invitee.
    fn look_at_referral(&mut self, who: Person, end: Moment) {
        let someone = &self.people[who];
        let waits = someone.referral.as_ref().is_some_and(|referral| referral.state.is_pending());
        let asked = EvaluationContext { on: someone.local_date(end), campaign_starts_on: None };
        let met = |condition: &Condition| is_met(condition, &someone.facts, asked);
        if waits && self.referrals.as_ref().is_some_and(met) {
            self.agenda.put(end, Act::Qualify(who));
        }
    }
}

/// Whether a claim with this status takes one from stock.
fn takes_stock(status: ClaimStatus) -> bool {
    match status {
        ClaimStatus::Pending | ClaimStatus::Granted | ClaimStatus::Fulfilled | ClaimStatus::FulfilmentFailed => true,
        ClaimStatus::Denied | ClaimStatus::Rejected | ClaimStatus::Expired | ClaimStatus::Reversed => false,
    }
}

/// Runs one command on a known aggregate.
async fn run<A: LedgerAggregate>(unit: &Unit<'_>, known: Loaded<A>, command: A::Command) -> Result<Loaded<A>, Trouble> {
    let id = known.stream.stream_id.clone();
    unit.go_on_from(known);
    unit.execute::<A>(&id, command).await.map(loaded).map_err(refused)
}

/// The aggregate after a command.
fn loaded<A: LedgerAggregate>(receipt: Receipt<A>) -> Loaded<A> {
    let stream = StreamKey { stream_type: A::TYPE, stream_id: receipt.stream_id };
    Loaded { state: receipt.state, sequence: receipt.sequence, ..Loaded::nothing(stream) }
}

type Outcome = Result<Option<Appended>, CommandError<Infallible>>;

/// Sends everything to the log in order, and waits until it is written.
async fn in_order(decided: Vec<Decided<'_>>) -> Vec<(Moment, News, Outcome)> {
    let (mut sent, mut news) = (vec![], vec![]);
    for decided in decided {
        // the first poll puts the commit into the sequencer's queue, which keeps the order
        let mut commit: BoxFuture<'_, Outcome> = decided.unit.commit().boxed();
        let at_once = (&mut commit).now_or_never();
        sent.push(async move {
            match at_once {
                Some(outcome) => outcome,
                None => commit.await,
            }
        });
        news.push((decided.at, decided.news));
    }
    let outcomes = join_all(sent).await;
    news.into_iter().zip(outcomes).map(|((at, news), outcome)| (at, news, outcome)).collect()
}

pub(super) fn refused(error: impl std::fmt::Display) -> Trouble {
    Trouble::Refused(error.to_string())
}

fn trouble(error: CommandError<Infallible>) -> Trouble {
    Trouble::NotWritten(error)
}
