//! The waiting claims as rows, grouped by when they expire (today, tomorrow, later), with their evidence and flags.

use chrono::{NaiveDate, TimeDelta};
use domain::Moment;
use domain::condition::{LeafEvidence, Seen};
use serde::Deserialize;

use crate::pages::client::Refused;
use crate::pages::decide::{Named, Reward};
use crate::pages::evidence::seen;
use crate::pages::short_id::ShortId;
use crate::pages::text::{Text, say};
use crate::pages::value::Amount;
use crate::pages::visit::Visit;

/// How many numbers of the evidence fit into a row.
const NUMBERS: usize = 2;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Queue {
    pub(super) claims: Vec<Waiting>,
    pub(super) total: i64,
    pub(super) next_cursor: Option<String>,
    /// Whether the group began on the page before.
    #[serde(skip)]
    goes_on: bool,
}

#[derive(Deserialize)]
pub(super) struct One {
    pub(super) claim: Waiting,
}

/// A waiting claim, as the API lists it.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Waiting {
    pub(super) id: String,
    pub(super) user_id: String,
    pub(super) event_id: String,
    pub(super) reward_id: String,
    pub(super) reward: Reward,
    pub(super) event: Named,
    pub(super) status: String,
    pub(super) period: String,
    pub(super) paid: Option<Amount>,
    pub(super) created_at: Moment,
    pub(super) expires_at: Option<Moment>,
    pub(super) evidence: Vec<LeafEvidence>,
    pub(super) condition_version: u32,
    pub(super) sequence: i64,
    pub(super) own: bool,
    pub(super) flags: Vec<Flag>,
}

/// A reason to look closer at a claim. It decides nothing.
#[derive(Clone, Deserialize)]
pub(super) struct Flag {
    pub(super) flag: String,
    pub(super) count: i64,
    pub(super) positions: Vec<i64>,
}

/// The part of the queue that is shown.
#[derive(Clone, Default)]
pub(super) struct Filter {
    pub(super) event: Option<String>,
    cursor: Option<String>,
}

/// A group of the queue: the claims that expire today, tomorrow or later.
pub(super) struct Group {
    pub(super) name: String,
    /// Their number, if all of them are on this page.
    pub(super) count: Option<String>,
    pub(super) rows: Vec<Row>,
}

pub(super) struct Row {
    pub(super) id: String,
    pub(super) href: String,
    pub(super) open: String,
    pub(super) member: ShortId,
    pub(super) select: String,
    pub(super) numbers: Vec<(String, String)>,
    pub(super) reward: String,
    pub(super) flags: Vec<String>,
    pub(super) left: String,
    pub(super) at: String,
    pub(super) soon: bool,
    pub(super) is_selected: bool,
}

impl Filter {
    pub(super) fn of(visit: &Visit) -> Self {
        Self { event: visit.asked("event").map(str::to_owned), cursor: visit.asked("cursor").map(str::to_owned) }
    }

    /// The filter for another event, from its first claim on.
    pub(super) fn with_event(&self, event: Option<&str>) -> Self {
        Self { event: event.map(str::to_owned), cursor: None }
    }

    /// A link to the queue with one claim selected, under the same filter, and in the same part unless another is asked
    /// for.
    pub(super) fn link(&self, visit: &Visit, claim: Option<&str>, more: &[(&str, Option<&str>)]) -> String {
        let path = claim.map_or("/ui/approvals".to_owned(), |id| format!("/ui/approvals/{id}"));
        let mut query = form_urlencoded::Serializer::new(String::new());
        let cursor = self.cursor.as_deref().filter(|_| !more.iter().any(|(name, _)| *name == "cursor"));
        let kept = [("event", self.event.as_deref()), ("cursor", cursor), ("zone", visit.asked("zone"))];
        for (name, value) in kept.into_iter().chain(more.iter().copied()) {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        if query.is_empty() { path } else { format!("{path}?{query}") }
    }
}

impl Queue {
    pub(super) async fn read(visit: &Visit, filter: &Filter, limit: u8) -> Result<Self, Refused> {
        let limit = limit.to_string();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(filter.event.as_deref().map(|event| ("eventId", event)));
        query.extend(filter.cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let queue: Self = visit.api.get("/reward-requests/queue", &query).await?;
        Ok(Self { goes_on: filter.cursor.is_some(), ..queue })
    }

    /// The claims that the reader may decide.
    pub(super) fn offered(&self) -> impl Iterator<Item = &Waiting> {
        self.claims.iter().filter(|claim| !claim.own)
    }

    /// How many of these claims are the reader's own.
    pub(super) fn own(&self) -> usize {
        self.claims.iter().filter(|claim| claim.own).count()
    }

    /// The claim after the given one, or the one before it at the end of the list.
    pub(super) fn after(&self, id: &str) -> Option<&str> {
        let ids: Vec<&str> = self.offered().map(|claim| claim.id.as_str()).collect();
        let Some(at) = ids.iter().position(|of| *of == id) else { return ids.first().copied() };
        ids.get(at + 1).or_else(|| at.checked_sub(1).and_then(|before| ids.get(before))).copied()
    }

    /// How many expire today, of those on this page.
    pub(super) fn expiring_today(&self, text: Text) -> usize {
        let today = today(text);
        self.claims.iter().filter(|claim| claim.day(text) == Some(today)).count()
    }

    pub(super) fn groups(&self, visit: &Visit, filter: &Filter, selected: &str) -> Vec<Group> {
        let text = visit.text;
        let today = today(text);
        let tomorrow = today.succ_opt();
        let mut groups: Vec<(&'static str, Group)> = vec![];
        for claim in self.offered() {
            let day = claim.day(text);
            let id = match day {
                Some(day) if day <= today => "ui-approvals-group-today",
                day if day.is_some() && day == tomorrow => "ui-approvals-group-tomorrow",
                _ => "ui-approvals-group-later",
            };
            if groups.last().is_none_or(|(last, _)| *last != id) {
                groups.push((id, Group { name: text.say(id), count: None, rows: vec![] }));
            }
            if let Some((_, group)) = groups.last_mut() {
                group.rows.push(Row::of(visit, filter, claim, selected));
            }
        }
        let last = groups.len().saturating_sub(1);
        let whole = |at: usize| (at > 0 || !self.goes_on) && (at < last || self.next_cursor.is_none());
        let counted = groups.into_iter().enumerate().map(|(at, (_, group))| {
            let count = whole(at).then(|| say!(text, "ui-approvals-claims", count = group.rows.len()));
            Group { count, ..group }
        });
        counted.collect()
    }
}

fn now() -> Moment {
    crate::app::clock::now()
}

fn today(text: Text) -> NaiveDate {
    text.day_of(now())
}

impl Waiting {
    fn day(&self, text: Text) -> Option<NaiveDate> {
        self.expires_at.map(|at| text.day_of(at))
    }

    /// Its flags, in a few words each.
    pub(super) fn flag_words(&self, text: Text) -> Vec<String> {
        let words = |flag: &Flag| match flag.flag.as_str() {
            "late_facts" => say!(text, "ui-approvals-flag-late", count = flag.count),
            "referral_burst" => say!(text, "ui-approvals-flag-burst", count = flag.count),
            "unmet_now" => text.say("ui-approvals-flag-unmet"),
            other => other.to_owned(),
        };
        self.flags.iter().map(words).collect()
    }

    /// `7` and `/ 7 days`: the first leaves that were met and have a number.
    fn numbers(&self, text: Text) -> Vec<(String, String)> {
        let counts = self.evidence.iter().filter(|leaf| leaf.met && matches!(leaf.need, Seen::Number(_)));
        let words = counts.take(NUMBERS).map(|leaf| {
            let need = seen(text, leaf.need);
            let unit = match leaf.leaf.as_str() {
                "streak" | "activeDays" => text.say("ui-approvals-unit-days"),
                "referrals" => text.say("ui-approvals-unit-referrals"),
                "total" => leaf.measure.as_ref().map_or(String::new(), |measure| measure.as_str().to_owned()),
                _ => leaf.kind.clone().unwrap_or_default(),
            };
            (seen(text, leaf.have), format!("/ {need} {unit}"))
        });
        words.collect()
    }

    pub(super) fn time_left(&self, text: Text) -> String {
        let Some(at) = self.expires_at else { return String::new() };
        let left = (at.utc() - now().utc()).max(TimeDelta::zero());
        let (hours, minutes) = (left.num_hours(), left.num_minutes() % 60);
        match (hours, minutes) {
            (0, minutes) => say!(text, "ui-approvals-left-minutes", minutes = minutes),
            (1..6, minutes) => say!(text, "ui-approvals-left-both", hours = hours, minutes = minutes),
            (hours, _) => say!(text, "ui-approvals-left-hours", hours = hours),
        }
    }

    /// `16:42`, with the day unless it is today or tomorrow.
    pub(super) fn expires(&self, text: Text) -> String {
        let Some(at) = self.expires_at else { return String::new() };
        let (day, today) = (text.day_of(at), today(text));
        if day <= today || today.succ_opt() == Some(day) {
            text.clock(at)
        } else {
            format!("{} {}", text.weekday(day), text.clock(at))
        }
    }
}

impl Row {
    fn of(visit: &Visit, filter: &Filter, claim: &Waiting, selected: &str) -> Self {
        let text = visit.text;
        let member = ShortId::of(&claim.user_id);
        let event = claim.event.name.clone().filter(|_| filter.event.is_none());
        let reward = claim.reward.name(text);
        Self {
            href: filter.link(visit, Some(&claim.id), &[]),
            open: visit.to(&format!("/ui/claims/{}", claim.id)),
            select: say!(text, "ui-approvals-select", member = member.plain()),
            member,
            numbers: claim.numbers(text),
            reward: event.map_or(reward.clone(), |event| format!("{reward}, {event}")),
            flags: claim.flag_words(text),
            left: claim.time_left(text),
            at: claim.expires(text),
            soon: claim.day(text) <= Some(today(text)),
            is_selected: claim.id == selected,
            id: claim.id.clone(),
        }
    }
}
