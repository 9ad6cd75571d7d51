//! The report of decisions made again: what is the same, what changed and why, and what it would have cost; as
//! a table for people, as one document, or as lines for a spreadsheet.

use std::io::{BufWriter, Write};

use projections::audit::{Cost, Totals};
use serde_json::Value;

use super::show::csv_line;

/// How it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Table,
    Json,
    Csv,
}

/// All but the changes.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) totals: Totals,
    pub(super) cost: Cost,
    pub(super) position: i64,
}

type Changes<'a> = &'a mut dyn Iterator<Item = anyhow::Result<(String, Value)>>;

impl Report {
    /// Writes it to standard output.
    pub(super) fn show(
        &self,
        format: Format,
        mut changes: impl Iterator<Item = anyhow::Result<(String, Value)>>,
    ) -> anyhow::Result<()> {
        let mut out = BufWriter::new(std::io::stdout().lock());
        match format {
            Format::Json => self.json(&mut out, &mut changes)?,
            Format::Csv => {
                csv(&mut out, &mut changes)?;
                self.sums(&mut std::io::stderr())?;
            }
            Format::Table => {
                table(&mut out, &mut changes)?;
                self.sums(&mut out)?;
            }
        }
        Ok(out.flush()?)
    }

    fn json(&self, out: &mut impl Write, changes: Changes<'_>) -> anyhow::Result<()> {
        let Totals { decisions, same } = self.totals;
        write!(out, "{{\n  \"decisions\": {decisions},\n  \"same\": {same},\n  \"changed\": [")?;
        for (index, change) in changes.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(out, "{comma}\n    {}", change?.0)?;
        }
        let cost = serde_json::to_string(&self.cost)?;
        writeln!(out, "\n  ],\n  \"cost\": {cost},\n  \"position\": {}\n}}", self.position)?;
        Ok(())
    }

    fn sums(&self, out: &mut impl Write) -> anyhow::Result<()> {
        let Totals { decisions, same } = self.totals;
        let changed = decisions - same;
        writeln!(out, "{decisions} decisions up to position {}: {same} the same, {changed} changed", self.position)?;
        let amount = |amount| serde_json::to_value(amount).map(|amount| text(&amount));
        writeln!(out, "{:+} grants, {} in all", self.cost.stock, amount(self.cost.amount)?)?;
        for reward in &self.cost.rewards {
            let kind = serde_json::to_value(reward.reward_type)?;
            let amount = amount(reward.amount)?;
            writeln!(out, "  reward {} {:+} grants, {amount} {}", reward.reward_id, reward.stock, text(&kind))?;
        }
        Ok(())
    }
}

fn csv(out: &mut impl Write, changes: Changes<'_>) -> anyhow::Result<()> {
    writeln!(out, "claimId,position,from,to,stock,amount,because,why")?;
    for change in changes {
        let (_, change) = change?;
        let mut fields: Vec<_> =
            ["claimId", "position", "from", "to", "stock", "amount"].map(|name| text(&change[name])).into();
        fields.extend([because(&change), change["why"].to_string()]);
        writeln!(out, "{}", csv_line(fields.iter().map(String::as_str)))?;
    }
    Ok(())
}

fn table(out: &mut impl Write, changes: Changes<'_>) -> anyhow::Result<()> {
    for (index, change) in changes.enumerate() {
        let (_, change) = change?;
        if index == 0 {
            writeln!(out, "{:>12}  {:36}  {:15} {:>5} {:>12}", "position", "claim", "verdict", "stock", "amount")?;
        }
        let of = |name: &str| text(&change[name]);
        let verdict = format!("{} -> {}", of("from"), of("to"));
        let (position, claim, stock, amount) = (of("position"), of("claimId"), of("stock"), of("amount"));
        writeln!(out, "{position:>12}  {claim:36}  {verdict:15} {stock:>5} {amount:>12}")?;
        for difference in change["why"].as_array().into_iter().flatten() {
            writeln!(out, "{:14}{}", "", leaf(difference))?;
        }
    }
    Ok(())
}

/// A leaf that differs, in one line: `all[0] streak login: 5 of 7 -> 7 of 7, because of 1859, 1860`.
pub(super) fn leaf(difference: &Value) -> String {
    let side = |side: &Value| {
        if side.is_null() {
            return "not there".to_owned();
        }
        format!("{} of {}", text(&side["have"]), text(&side["need"]))
    };
    let (decided, again) = (&difference["decided"], &difference["reEvaluated"]);
    let known = if decided.is_null() { again } else { decided };
    let names = [&difference["path"], &known["leaf"], &known["kind"], &known["measure"]];
    let names: Vec<_> = names.into_iter().filter_map(Value::as_str).filter(|name| !name.is_empty()).collect();
    let line = format!("{}: {} -> {}", names.join(" "), side(decided), side(again));
    let positions: Vec<_> = difference["because"].as_array().into_iter().flatten().map(text).collect();
    if positions.is_empty() { line } else { format!("{line}, because of {}", positions.join(", ")) }
}

/// The positions of all events behind a change, once each.
fn because(change: &Value) -> String {
    let leaves = change["why"].as_array().into_iter().flatten();
    let positions: std::collections::BTreeSet<i64> =
        leaves.flat_map(|leaf| leaf["because"].as_array().into_iter().flatten()).filter_map(Value::as_i64).collect();
    positions.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
