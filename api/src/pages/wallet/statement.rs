//! A statement in rows: what happened, by how much the balance changed, and what it was then.

use super::amounts::Amounts;
use super::asked::{Entry, Statement};
use crate::pages::visit::Visit;

/// A step in the life of a wallet.
pub(in crate::pages) struct Row {
    pub(in crate::pages) what: String,
    /// The claim or the reference that it is about.
    pub(in crate::pages) about: Option<(String, Option<String>)>,
    pub(in crate::pages) when: String,
    pub(in crate::pages) amount: String,
    /// `go` for more, `no` for less, nothing for what only moved.
    pub(in crate::pages) tone: &'static str,
    pub(in crate::pages) balance: String,
    pub(in crate::pages) position: i64,
}

/// The rows; `claim` makes the link to a claim.
pub(in crate::pages) fn rows(
    visit: &Visit,
    amounts: &Amounts,
    statement: &Statement,
    claim: impl Fn(&str) -> Option<String>,
) -> Vec<Row> {
    let text = visit.text;
    let row = |entry: &Entry| Row {
        what: text.say_of("wallet-kind", &entry.kind),
        about: match (&entry.about.claim_id, &entry.about.reference) {
            (Some(id), _) => Some((text.say("ui-wallet-claim"), claim(id))),
            (None, Some(reference)) => Some((reference.clone(), None)),
            (None, None) => None,
        },
        when: format!("{} {}", text.day_with_year(text.day_of(entry.at)), text.clock(entry.at)),
        amount: amounts.signed(entry.amount),
        tone: match entry.amount {
            1.. => "go",
            0 => "muted",
            ..0 => "no",
        },
        balance: amounts.bare(entry.balance_after),
        position: entry.position,
    };
    statement.entries.iter().map(row).collect()
}
