//! A plain count of the log: it reads the stored JSON, knows the events by their names, and nothing of the program.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use tests::support::log::Event;

/// A member, a kind of fact and a local date.
type Day = (String, String, NaiveDate);

/// What the log comes to.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) position: i64,
    /// Since when, and whether the role is USER.
    pub(super) members: BTreeMap<String, (DateTime<Utc>, bool)>,
    /// The number of facts and the sum of each measure.
    pub(super) days: BTreeMap<Day, (i64, BTreeMap<String, i64>)>,
    /// When facts occurred, by member.
    pub(super) occurred: BTreeMap<String, Vec<DateTime<Utc>>>,
    /// Inviter and status by invitee.
    pub(super) referrals: BTreeMap<String, (String, &'static str)>,
    pub(super) campaigns: BTreeMap<String, Campaign>,
    pub(super) rewards: BTreeMap<String, Reward>,
    pub(super) claims: BTreeMap<String, Claim>,
    /// Recorded attempts that were denied, by reason.
    pub(super) denied: BTreeMap<String, i64>,
}

#[derive(Debug, Default)]
pub(super) struct Campaign {
    pub(super) name: String,
    window: Option<(DateTime<Utc>, DateTime<Utc>)>,
    pub(super) condition_version: i64,
    paused: bool,
    ended: bool,
}

#[derive(Debug)]
pub(super) struct Reward {
    pub(super) campaign: String,
    pub(super) kind: String,
    pub(super) quantity: Option<i64>,
}

#[derive(Debug, Default)]
pub(super) struct Claim {
    pub(super) status: &'static str,
    pub(super) member: String,
    pub(super) reward: String,
    pub(super) period: String,
}

impl Campaign {
    pub(super) fn status(&self, now: DateTime<Utc>) -> &'static str {
        match self.window {
            _ if self.ended => "ended",
            Some((_, end)) if now >= end => "ended",
            _ if self.paused => "paused",
            Some((start, _)) if now < start => "scheduled",
            _ => "active",
        }
    }

    fn terms(&mut self, terms: &Value) {
        self.name = text(&terms["name"]);
        self.window = Some((moment(&terms["startsAt"]), moment(&terms["endsAt"])));
    }
}

impl Counted {
    pub(super) fn of(events: &[Event]) -> Counted {
        let mut counted = Counted::default();
        for event in events {
            let payload: Value = serde_json::from_str(&event.payload).expect("a payload is JSON");
            counted.count(event, &payload);
            counted.position = event.position;
        }
        counted
    }

    fn count(&mut self, event: &Event, payload: &Value) {
        let id = event.stream_id.clone();
        let (of, what) = event.kind.split_once('.').expect("an event has a name of two parts");
        match of {
            "member" => self.member(id, what, payload, event.recorded_at),
            "activity" => self.fact(what, payload),
            "referral" => self.referral(what, payload),
            "campaign" => self.campaign(id, what, payload),
            "claim" => self.claim(id, what, payload),
            _ => panic!("{} is not counted", event.kind),
        }
    }

    fn member(&mut self, id: String, what: &str, payload: &Value, at: DateTime<Utc>) {
        if what == "registered" {
            self.members.insert(id, (at, payload["role"] == "USER"));
        } else if what == "role_changed" {
            self.members.get_mut(&id).expect("it was registered").1 = payload["role"] == "USER";
        }
    }

    fn fact(&mut self, what: &str, payload: &Value) {
        let (member, sign) = (text(&payload["memberId"]), if what == "recorded" { 1 } else { -1 });
        let date = text(&payload["localDate"]).parse().expect("a date");
        let day = self.days.entry((member.clone(), text(&payload["kind"]), date)).or_default();
        day.0 += sign;
        for (measure, value) in payload["measures"].as_object().into_iter().flatten() {
            *day.1.entry(measure.clone()).or_default() += sign * value.as_i64().expect("a whole number");
        }
        let (all, at) = (self.occurred.entry(member).or_default(), moment(&payload["occurredAt"]));
        if sign > 0 {
            all.push(at);
        } else {
            all.swap_remove(all.iter().position(|one| *one == at).expect("it was recorded"));
        }
    }

    fn referral(&mut self, what: &str, payload: &Value) {
        let status = match what {
            "created" => "pending",
            "qualified" => "qualified",
            "voided" => "voided",
            _ => panic!("referral.{what} is not counted"),
        };
        self.referrals.insert(text(&payload["inviteeId"]), (text(&payload["inviterId"]), status));
    }

    fn campaign(&mut self, id: String, what: &str, payload: &Value) {
        let campaign = self.campaigns.entry(id.clone()).or_default();
        let reward = text(&payload["rewardId"]);
        match what {
            "created" => {
                campaign.terms(&payload["terms"]);
                campaign.condition_version = 1;
            }
            "revised" => {
                campaign.terms(&payload["terms"]);
                campaign.condition_version = payload["conditionVersion"].as_i64().expect("a version");
            }
            "paused" => campaign.paused = true,
            "resumed" => campaign.paused = false,
            "ended" => campaign.ended = true,
            "reward_added" => {
                let (kind, quantity) = (text(&payload["terms"]["rewardType"]), payload["terms"]["quantity"].as_i64());
                self.rewards.insert(reward, Reward { campaign: id, kind, quantity });
            }
            "stock_changed" => {
                self.rewards.get_mut(&reward).expect("it was added").quantity = payload["quantity"].as_i64();
            }
            "opened" | "closed" | "reward_revised" => {}
            _ => panic!("campaign.{what} is not counted"),
        }
    }

    fn claim(&mut self, id: String, what: &str, payload: &Value) {
        let about = &payload["about"];
        let claim = self.claims.entry(id).or_default();
        claim.member = text(&about["memberId"]);
        claim.reward = text(&about["rewardId"]);
        claim.period = text(&about["period"]);
        claim.status = match what {
            "denied" => {
                *self.denied.entry(text(&payload["reason"])).or_default() += 1;
                match claim.status {
                    "" | "denied" | "expired" => "denied",
                    decided => decided,
                }
            }
            "submitted" => "pending",
            "granted" | "approved" => "granted",
            "rejected" => "rejected",
            "expired" => "expired",
            "fulfilled" => "fulfilled",
            "fulfilment_failed" => "fulfilment_failed",
            "reversed" => "reversed",
            _ => panic!("claim.{what} is not counted"),
        };
    }

    /// How many claims of a reward are in one of these statuses.
    pub(super) fn claims_in(&self, reward: &str, statuses: &[&str]) -> i64 {
        let of = self.claims.values().filter(|claim| claim.reward == reward && statuses.contains(&claim.status));
        i64::try_from(of.count()).expect("a small number")
    }

    /// The dates on which a member has a fact of a kind.
    pub(super) fn dates(&self, member: &str, kind: &str) -> BTreeSet<NaiveDate> {
        let of = self.days.iter().filter(|((of, named, _), day)| of == member && named == kind && day.0 > 0);
        of.map(|((_, _, date), _)| *date).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn moment(value: &Value) -> DateTime<Utc> {
    text(value).parse().expect("a moment")
}
