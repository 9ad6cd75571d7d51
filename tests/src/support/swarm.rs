//! Many callers at once, and what they were answered.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};

use super::programme::crowd;
use super::{Answer, Client, Service};

/// What one member was answered; none when the connection broke.
pub struct Outcome {
    /// Who asked.
    pub member: String,
    /// The answer.
    pub answer: Option<Answer>,
}

impl Outcome {
    /// The granted claim's id, if this is a grant.
    pub fn granted(&self) -> Option<String> {
        self.answer.as_ref().filter(|answer| answer.status == 201).map(|answer| answer.text("/claim/id"))
    }

    /// `201`, or the code of the problem, or `no answer`.
    pub fn name(&self) -> String {
        match &self.answer {
            None => "no answer".to_owned(),
            Some(answer) => answer.json["code"].as_str().map_or_else(|| answer.status.to_string(), str::to_owned),
        }
    }
}

/// Asks for a reward on behalf of each member, so many at a time.
pub async fn claim_for_all(reporter: &Client, reward: &str, members: &[String], width: usize) -> Vec<Outcome> {
    let asking = members.iter().cloned().map(|member| {
        let (reporter, reward) = (reporter.clone(), reward.to_owned());
        async move { Outcome { answer: reporter.try_claim_for(&reward, &member).await, member } }
    });
    stream::iter(asking).buffer_unordered(width).collect().await
}

/// Some of everything: an event, a reward for so many, members, facts, grants and denials.
pub async fn something_happens(service: &Service, members: usize, stock: i64) {
    let (operator, reporter) = (service.demo("operator").await, service.demo("service").await);
    let (members, facts) = crowd(members);
    service.import(&facts);
    let (_, prize) = operator.create_open_event(Some(stock)).await;
    claim_for_all(&reporter, &prize, &members, 8).await;
}

/// How often each answer was given.
pub fn tally<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for outcome in outcomes {
        *tally.entry(outcome.name()).or_default() += 1;
    }
    tally
}
