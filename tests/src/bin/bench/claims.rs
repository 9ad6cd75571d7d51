//! Claims as events, for logs that are filled: what the write side would have written about members with a streak of
//! seven days who claim rewards of campaigns that are there.

use chrono::TimeDelta;
use domain::claim::{ClaimEvent, DenialReason, Denied, Granted, Submitted};
use domain::id::{CampaignId, ClaimId, MemberId, RewardId};
use domain::{Event, Moment};

use crate::fill::Made;

/// One leaf of evidence, as most conditions have.
const GRANTED: &str = r#"{"type":"claim.granted","about":{"memberId":"019ab0c2-1111-7abc-8def-000000000000","rewardId":"019ab0c2-2222-7abc-8def-000000000000","eventId":"019ab0c2-3333-7abc-8def-000000000000","period":"once","amount":10,"rewardType":"POINT"},"decision":{"met":true,"evidence":[{"path":"","leaf":"streak","kind":"login","need":7,"have":7,"met":true}],"factsPosition":1,"conditionVersion":1,"evaluatedAt":"2026-11-21T12:00:00.000Z","timeZone":"UTC","eventStartsOn":"2026-11-01"}}"#;
/// One claim in so many is refused …
const DENIED_ONE_IN: usize = 10;
/// … and one in so many waits for an operator.
const PENDING_ONE_IN: usize = 33;

/// Every member claims every reward, reward by reward; the last claim is asked for at `until`, and each other one this
/// much before the next.
pub(crate) fn events(
    members: Vec<MemberId>,
    rewards: Vec<(CampaignId, RewardId)>,
    count: usize,
    until: Moment,
    apart: TimeDelta,
) -> impl Iterator<Item = Made> + Send + 'static {
    let template: Granted = match serde_json::from_str(GRANTED).unwrap() {
        ClaimEvent::Granted(granted) => granted,
        other => panic!("{other:?}"),
    };
    (0..count).map(move |number| {
        let (campaign_id, reward_id) = rewards[(number / members.len()) % rewards.len()];
        let member_id = members[number % members.len()];
        let at = Moment::from(until.utc() - apart * i32::try_from(count - number).unwrap());
        let Granted { mut about, mut decision, .. } = template.clone();
        (about.member_id, about.reward_id, about.campaign_id) = (member_id, reward_id, campaign_id);
        decision.evaluated_at = at;
        let stream = ("claim", ClaimId::of(reward_id, member_id, &about.period).to_string());
        let event = if number % DENIED_ONE_IN == 1 {
            let reason = DenialReason::ALL[number / 10 % DenialReason::ALL.len()];
            ClaimEvent::Denied(Denied::of(about, decision, reason))
        } else if number % PENDING_ONE_IN == 2 {
            let expires_at = Moment::from(until.utc() + TimeDelta::days(30));
            ClaimEvent::Submitted(Submitted::of(about, decision, expires_at))
        } else {
            ClaimEvent::Granted(Granted::of(about, decision))
        };
        Made { stream, sequence: 1, event: Event::Claim(event), recorded_at: at }
    })
}
