//! The state of one stream as of a position, as a typed document: its events folded with the same `evolve` that
//! decisions use. The present state is answered the same way.

mod value;

use domain::activity::{Activity, Recorded as ActivityRecorded};
use domain::campaign::{Campaign, CampaignTerms, RewardTerms};
use domain::claim::{Claim, ClaimStatus, Decision, DenialReason, Subject};
use domain::condition::{Condition, LeafEvidence};
use domain::id::{MemberId, RewardId};
use domain::member::Member;
use domain::referral::{Referral, ReferralStatus};
use domain::role::Role;
use domain::zone::Tz;
use domain::{Event, Moment};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgConnection;

use super::AuditError;
use crate::log;
use value::FoldedValue;
pub use value::{AdjustmentState, SpendState, TransferState, UnitState, WalletState};

/// A JSON object as the log stores it.
type Object = serde_json::Map<String, serde_json::Value>;

/// The streams that are named by codes.
const UNIT: &str = "unit";

/// The stream types, by their names in the log.
pub const STREAM_TYPES: [&str; 10] =
    ["member", "activity", "campaign", "claim", "referral", UNIT, "wallet", "spend", "adjustment", "transfer"];

/// Whether the streams of a type are named by codes; all others are by UUIDs.
#[must_use]
pub fn is_named_by_code(stream_type: &str) -> bool {
    stream_type == UNIT
}

/// A stream as of a position.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StreamAsOf {
    /// The state.
    pub state: StreamState,
    /// How many events of the stream are folded.
    pub sequence: i64,
    /// The position of the log.
    pub position: i64,
}

/// The state of one stream.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum StreamState {
    /// Of a member.
    Member(MemberState),
    /// Of an activity.
    Activity(ActivityState),
    /// Of a campaign.
    Campaign(Box<CampaignState>),
    /// Of a claim.
    Claim(Box<ClaimState>),
    /// Of a referral.
    Referral(ReferralState),
    /// Of a unit.
    Unit(Box<UnitState>),
    /// Of a wallet.
    Wallet(WalletState),
    /// Of a payment.
    Spend(Box<SpendState>),
    /// Of a change of a wallet by staff.
    Adjustment(Box<AdjustmentState>),
    /// Of a transfer.
    Transfer(TransferState),
}

/// A member's account as the log has it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct MemberState {
    pub role: Role,
    #[schemars(with = "String")]
    pub time_zone: Tz,
    /// The zone cannot be changed before this moment.
    pub time_zone_locked_until: Option<Moment>,
    pub profile_complete: bool,
    pub blocked: bool,
    pub erased: bool,
}

/// A fact, and whether it counts.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivityState {
    /// The fact as it was reported.
    #[serde(flatten)]
    #[schemars(with = "Object")]
    pub fact: ActivityRecorded,
    /// Whether it was withdrawn and no longer counts.
    pub voided: bool,
}

/// A promotional event, its rule and its rewards.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct CampaignState {
    #[serde(flatten)]
    #[schemars(with = "Object")]
    pub terms: CampaignTerms,
    #[schemars(with = "Object")]
    pub condition: Condition,
    pub condition_version: u32,
    /// At the moment it is as of.
    pub status: &'static str,
    pub rewards: Vec<RewardState>,
}

/// A reward of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RewardState {
    /// Its id.
    pub id: RewardId,
    /// What it hands out.
    #[serde(flatten)]
    #[schemars(with = "Object")]
    pub terms: RewardTerms,
}

/// One member's claim of one reward in one period.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct ClaimState {
    #[schemars(with = "Object")]
    pub about: Subject,
    pub status: ClaimStatus,
    /// The decision that the status rests on.
    #[schemars(with = "Object")]
    pub decision: Decision,
    /// When a pending claim expires.
    pub expires_at: Option<Moment>,
    /// The last attempt, if it was denied.
    pub last_denial: Option<DenialState>,
}

/// A denied attempt.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DenialState {
    /// Why.
    #[schemars(with = "String")]
    pub reason: DenialReason,
    /// What it saw.
    pub evidence: Vec<LeafEvidence>,
}

/// Who brought whom.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct ReferralState {
    pub invitee_id: MemberId,
    pub inviter_id: MemberId,
    pub status: ReferralStatus,
}

/// The state of a stream as of a position; `None` when it had no event by then. `at` is the moment that the answer is
/// valid for.
///
/// # Errors
/// See [`AuditError`].
pub async fn state_of(
    conn: &mut PgConnection,
    stream_type: &str,
    id: &str,
    position: i64,
    at: Moment,
) -> Result<Option<StreamAsOf>, AuditError> {
    let mut folded = Folded::default();
    let mut sequence = 0;
    for entry in log::read_stream(conn, stream_type, id).await? {
        if entry.position > position {
            continue;
        }
        sequence = entry.sequence;
        let position = entry.position;
        folded.take_in(&entry.event().map_err(|source| AuditError::Event { position, source })?);
    }
    Ok(folded.state(at).map(|state| StreamAsOf { state, sequence, position }))
}

/// The aggregate of each stream type; only the stream's own is folded.
#[derive(Default)]
struct Folded {
    member: Member,
    activity: Activity,
    campaign: Campaign,
    claim: Claim,
    referral: Referral,
    value: FoldedValue,
}

impl Folded {
    fn take_in(&mut self, event: &Event) {
        match event {
            Event::Member(event) => self.member.evolve(event),
            Event::Activity(event) => self.activity.evolve(event),
            Event::Campaign(event) => self.campaign.evolve(event),
            Event::Claim(event) => self.claim.evolve(event),
            Event::Referral(event) => self.referral.evolve(event),
            Event::Value(event) => self.value.take_in(event),
        }
    }

    fn state(&self, at: Moment) -> Option<StreamState> {
        self.member()
            .or_else(|| self.activity())
            .or_else(|| self.campaign(at))
            .or_else(|| self.claim())
            .or_else(|| self.referral())
            .or_else(|| self.value.state(at))
    }

    fn member(&self) -> Option<StreamState> {
        Some(StreamState::Member(MemberState {
            role: self.member.role()?,
            time_zone: self.member.time_zone()?,
            time_zone_locked_until: self.member.zone_locked_until(),
            profile_complete: self.member.profile_is_complete(),
            blocked: self.member.is_blocked(),
            erased: self.member.is_erased(),
        }))
    }

    fn activity(&self) -> Option<StreamState> {
        let fact = self.activity.recorded()?.clone();
        Some(StreamState::Activity(ActivityState { fact, voided: self.activity.is_voided() }))
    }

    fn campaign(&self, at: Moment) -> Option<StreamState> {
        let (condition, condition_version) = self.campaign.condition()?;
        Some(StreamState::Campaign(Box::new(CampaignState {
            terms: self.campaign.terms()?.clone(),
            condition: condition.as_ref().clone(),
            condition_version,
            status: self.campaign.status(at)?.name(),
            rewards: self.campaign.rewards().map(|(id, terms)| RewardState { id, terms: terms.clone() }).collect(),
        })))
    }

    fn claim(&self) -> Option<StreamState> {
        let denial =
            |(reason, decision): (DenialReason, &Decision)| DenialState { reason, evidence: decision.evidence.clone() };
        Some(StreamState::Claim(Box::new(ClaimState {
            about: self.claim.about()?.clone(),
            status: self.claim.status()?,
            decision: self.claim.decision()?.clone(),
            expires_at: self.claim.expires_at(),
            last_denial: self.claim.last_denial().map(denial),
        })))
    }

    fn referral(&self) -> Option<StreamState> {
        Some(StreamState::Referral(ReferralState {
            invitee_id: self.referral.invitee()?,
            inviter_id: self.referral.inviter()?,
            status: self.referral.status()?,
        }))
    }
}
