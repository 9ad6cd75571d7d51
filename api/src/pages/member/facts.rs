//! A member's facts, account and streak in words and numbers.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::condition::Seen;

use super::asked::{Account, Fact, Facts, Streak};
use crate::pages::evidence::seen;
use crate::pages::text::{Text, say};

/// The member's facts of one kind.
pub(super) struct Kind {
    pub(super) name: String,
    pub(super) days: String,
    pub(super) count: String,
    pub(super) sums: String,
    pub(super) last: String,
}

pub(super) fn lead(text: Text, facts: &Facts) -> String {
    let since = text.day_with_year(facts.joined_on);
    let profile = text.say(if facts.profile_complete { "ui-member-profile" } else { "ui-member-no-profile" });
    say!(
        text,
        "ui-member-lead",
        since = since,
        zone = facts.time_zone.clone(),
        profile = profile,
        count = facts.referrals
    )
}

pub(super) fn about(text: Text, account: &Account) -> Vec<(String, String)> {
    let mut about = vec![(text.say("ui-member-email"), account.email.clone().unwrap_or_default())];
    if account.role != "USER" {
        about.push((text.say("ui-member-role"), text.say_of("role", &account.role)));
    }
    if let Some(bio) = &account.bio {
        about.push((text.say("ui-member-bio"), bio.clone()));
    }
    about
}

/// The figures: name, number, and the note below.
pub(super) fn figures(text: Text, facts: &Facts, streak: Option<&Streak>) -> Vec<(String, String, String)> {
    let mut figures = vec![];
    if let Some(streak) = streak {
        let longest = say!(text, "ui-member-longest", count = streak.longest);
        let below = match streak.at_risk_until {
            Some(until) => format!("{longest}, {}", say!(text, "ui-member-at-risk", at = text.moment(until))),
            None => longest,
        };
        figures.push((text.say("ui-member-streak"), text.number(streak.current), below));
        let words = text.say("ui-member-login-days-so");
        figures.push((text.say("ui-member-login-days"), text.number(streak.active_days), words));
    }
    let days = days(&facts.facts);
    let total: i64 = facts.facts.iter().map(|fact| fact.count).sum();
    let below = say!(text, "ui-member-facts-so", count = total);
    figures.push((text.say("ui-member-days"), text.number(i64::try_from(days.len()).unwrap_or(i64::MAX)), below));
    figures.push((text.say("ui-member-referrals"), text.number(facts.referrals), text.say("ui-member-qualified")));
    figures
}

/// The number of facts by day.
pub(super) fn days(facts: &[Fact]) -> BTreeMap<NaiveDate, i64> {
    let mut days = BTreeMap::new();
    for fact in facts {
        *days.entry(fact.local_date).or_default() += fact.count;
    }
    days
}

pub(super) fn kinds(text: Text, facts: &[Fact]) -> Vec<Kind> {
    let mut kinds: BTreeMap<&str, Vec<&Fact>> = BTreeMap::new();
    for fact in facts {
        kinds.entry(&fact.kind).or_default().push(fact);
    }
    let kind = |(name, facts): (&&str, &Vec<&Fact>)| {
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for (measure, sum) in facts.iter().flat_map(|fact| &fact.sums) {
            if let Seen::Number(sum) = sum {
                let all = sums.entry(measure).or_default();
                *all = all.saturating_add(*sum);
            }
        }
        let sums: Vec<_> =
            sums.into_iter().map(|(name, sum)| format!("{} {name}", seen(text, Seen::Number(sum)))).collect();
        Kind {
            name: (*name).to_owned(),
            days: text.number(i64::try_from(facts.len()).unwrap_or(i64::MAX)),
            count: text.number(facts.iter().map(|fact| fact.count).sum::<i64>()),
            sums: sums.join(", "),
            last: facts.last().map_or(String::new(), |fact| text.day_with_year(fact.local_date)),
        }
    };
    kinds.iter().map(kind).collect()
}
